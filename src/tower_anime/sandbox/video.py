"""Encodes clips as ComfyUI's own nodes do: H.264 in MP4, VP9 or AV1 in WebM, WebP and PNG.

The prompt goes into each file where ComfyUI puts it, beside the word that a sandbox drew it.
"""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Mapping, Sequence
from fractions import Fraction

import av
import numpy as np
from av.container import OutputContainer

from tower_anime.domain.frame import Frame
from tower_anime.sandbox.sound import RATE, Sound

_MP4 = {"movflags": "use_metadata_tags"}
"""As ComfyUI writes it: any key of metadata, the index at the end."""

_CODECS: Mapping[str, tuple[str, str, Mapping[str, str]]] = {
    "mp4": ("libx264", "yuv420p", {"preset": "veryfast"}),
    "vp9": ("libvpx-vp9", "yuv420p", {"deadline": "realtime", "cpu-used": "7"}),
    "av1": ("libsvtav1", "yuv420p", {"preset": "10"}),
    "gif": ("gif", "rgb8", {}),
    "png": ("apng", "rgb24", {}),
    "webp": ("libwebp_anim", "yuv420p", {"compression_level": "2"}),
}
"""Encoder, pixel format and settings. Quicker presets than ComfyUI's: a demo should not wait."""


def encoded(
    frames: Sequence[Frame],
    *,
    rate: float,
    container: str,
    codec: str,
    texts: Mapping[str, str],
    settings: Mapping[str, str] | None = None,
    sound: Sound | None = None,
) -> bytes:
    """Return the frames as a video file; `rate` in frames per second.

    A sound is cut where the picture ends; a shorter one ends before it.
    """
    out = io.BytesIO()
    name, pixels, own = _CODECS[codec]
    height, width = frames[0].shape[:2]
    options = _MP4 if container in {"mp4", "mov"} else {}
    endless = {"loop": "0"} if container in {"webp", "gif"} else {}
    endless |= {"plays": "0"} if container == "apng" else {}
    with av.open(out, "w", format=container, options={**options, **endless}) as file:
        file.metadata.update(texts)
        stream = file.add_stream(name, rate=Fraction(round(rate * 1000), 1000))
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        stream.options = {**own, **(settings or {})}
        track = None if sound is None else _track(file, container)
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            file.mux(stream.encode(picture.reformat(format=pixels)))
        file.mux(stream.encode(None))
        if sound is not None and track is not None:
            _sing(file, track, sound, duration_s=len(frames) / rate)
    return out.getvalue()


def _track(file: OutputContainer, container: str) -> av.AudioStream:
    """Add the stream that ComfyUI adds: Opus in WebM, AAC elsewhere, two channels."""
    coder = "libopus" if container == "webm" else "aac"
    track = file.add_stream(coder, rate=RATE, layout="stereo")
    assert isinstance(track, av.AudioStream)
    return track


def _sing(file: OutputContainer, track: av.AudioStream, sound: Sound, *, duration_s: float) -> None:
    wave = sound.wave[:, : math.ceil(duration_s * sound.rate)]
    if not wave.shape[1]:
        return
    layout = "mono" if wave.shape[0] == 1 else "stereo"
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(wave), format="fltp", layout=layout)
    frame.sample_rate, frame.pts = sound.rate, 0
    resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)
    for part in [*resampler.resample(frame), *resampler.resample(None)]:
        file.mux(track.encode(part))
    file.mux(track.encode(None))


def webp_with_texts(data: bytes, texts: Mapping[str, str]) -> bytes:
    """Return an animated WebP with the texts as EXIF, where ComfyUI keeps them.

    The first goes into the tag of the camera's model (0x0110), the others into the tags below.
    """
    exif = _tiff([f"{key}:{value}" for key, value in texts.items()])
    chunk = b"EXIF" + struct.pack("<I", len(exif)) + exif + b"\0" * (len(exif) % 2)
    body = bytearray(data[12:] + chunk)
    if body[:4] == b"VP8X":
        body[8] |= 0x08  # "there is EXIF"
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + bytes(body)


def _tiff(texts: Sequence[str]) -> bytes:
    """Return a TIFF directory of ASCII tags, from 0x0110 down, lowest tag first."""
    count = len(texts)
    entries, values = b"", b""
    begin = 8 + 2 + 12 * count + 4
    for number, text in reversed(list(enumerate(texts))):
        value = text.encode("ascii", "backslashreplace") + b"\0"
        value += b"\0" * (max(0, 4 - len(value)) + len(value) % 2)
        entries += struct.pack("<HHII", 0x0110 - number, 2, len(value), begin + len(values))
        values += value
    return b"II*\0" + struct.pack("<IH", 8, count) + entries + b"\0" * 4 + values
