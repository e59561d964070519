"""A clip written the way every player takes it: copied where it fits, encoded again where not."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import cv2
import numpy as np

from tower_anime.adapters.clip_frames import ShownFrame
from tower_anime.adapters.clip_open import open_container, picture_stream
from tower_anime.domain.clip import ClipFacts, StreamFacts
from tower_anime.domain.delivery import (
    MAX_GOP_S,
    SAMPLE_RATE_HZ,
    is_steady,
    picture_points,
    sound_points,
)
from tower_anime.domain.frame import Frame

_CRF, _PRESET = "15", "medium"  # below what a person sees in drawn work, at 2–4 Mbit/s for 1080p
_MAX_MACROBLOCKS, _MAX_MACROBLOCKS_S = 8192, 245_760  # H.264 table A-1, level 4.1
_MAX_RATE = 60
_SOUND_BIT_RATE = 160_000
_STANDARD_RATES = tuple(
    Fraction(rate)
    for rate in (
        *("8", "10", "12", "25/2", "15", "16", "20", "24000/1001", "24", "25"),
        *("30000/1001", "30", "48", "50", "60000/1001", "60"),
    )
)
_RATE_TOLERANCE = 0.003  # GIF counts hundredths of a second
_TICK_TOLERANCE = 0.03  # Matroska counts thousandths
_IN_TIME_S = 0.03  # up to which sound and picture begin together


def write_deliverable(
    facts: ClipFacts,
    stream: StreamFacts,
    shown: Iterable[ShownFrame],
    source: Path,
    target: Path,
    *,
    frames: int | None = None,
    gain_db: float = 0.0,
) -> None:
    """Write `source` as the delivery profile asks, cut after `frames` if it has more.

    The sound is cut or filled with silence to the length of the picture, begins where it did
    beside it, and is made louder by `gain_db`; `shown` are only drawn when the picture must be
    encoded again. What the file says of itself goes along.
    """
    is_cut = frames is not None and frames < stream.frames
    length_s = stream.duration_s * (frames or 0) / stream.frames if is_cut else stream.duration_s
    with ExitStack() as stack:
        out = stack.enter_context(
            av.open(
                str(target), "w", format="mp4", options={"movflags": "+faststart+use_metadata_tags"}
            )
        )
        origin = stack.enter_context(av.open(str(source), metadata_errors="replace"))
        out.metadata.update(origin.metadata)
        order = None if is_cut or picture_points(facts, stream) else _order(source, stream)
        if order is None:
            packets = _EncodedPicture(out, facts, stream, length_s).packets(shown)
        else:
            packets = _copied_picture(out, origin, order, _steady_rate(stream))
        sound = _sound(out, facts, source, _Stretch(stream.start_s, length_s), gain_db, stack)
        for packet in _by_time(packets, sound):
            out.mux(packet)


@dataclass(frozen=True)
class _Stretch:
    """Where the picture lies on the clock of its file, in seconds."""

    begins_s: float
    length_s: float


def _by_time(*streams: Iterator[Any]) -> Iterator[Any]:
    """Merge streams of packets by their time, so that the file is interleaved as it plays."""
    heads = [(next(stream, None), stream) for stream in streams]
    while any(packet is not None for packet, _ in heads):
        index = min(
            (i for i, (packet, _) in enumerate(heads) if packet is not None),
            key=lambda i: _time(heads[i][0]),
        )
        packet, stream = heads[index]
        yield packet
        heads[index] = (next(stream, None), stream)


def _time(packet: Any) -> Fraction:
    return Fraction(packet.dts or 0) * Fraction(packet.time_base)


# ---- picture as it is -----------------------------------------------------------------------


def _order(source: Path, stream: StreamFacts) -> tuple[int, ...] | None:
    """Return by packet the place at which its frame is shown; None: they are not one another's.

    Packets in front of the first frame shown, without a time, or that do not begin with a key
    frame can't be copied.
    """
    with open_container(source) as container:
        picture = picture_stream(container)
        packets = [
            (packet.pts, bool(packet.is_keyframe))
            for packet in container.demux(picture)
            if packet.size
        ]
    times = sorted(pts for pts, _ in packets if pts is not None)
    if len(times) != stream.frames or len(packets) != len(times) or not packets[0][1]:
        return None
    places = {pts: place for place, pts in enumerate(times)}
    return tuple(places[pts] for pts, _ in packets) if len(places) == len(times) else None


def _copied_picture(out: Any, origin: Any, order: tuple[int, ...], rate: Fraction) -> Iterator[Any]:
    """Yield the packets at the ticks of their rate, the first one shown at 0.

    The clock of the file is left behind: Matroska has coarse times of showing and none of
    decoding, others begin anywhere.
    """
    stream = picture_stream(origin)
    copy = out.add_stream_from_template(stream)
    copy.time_base = 1 / rate
    ahead = max(place_sent - place for place_sent, place in enumerate(order))
    packets = (packet for packet in origin.demux(stream) if packet.size)
    for number, (packet, place) in enumerate(zip(packets, order, strict=True)):
        packet.time_base = 1 / rate
        packet.pts, packet.dts, packet.duration = place, number - ahead, 1
        packet.stream = copy
        yield packet


# ---- picture encoded again ------------------------------------------------------------------


class _EncodedPicture:
    def __init__(self, out: Any, facts: ClipFacts, stream: StreamFacts, length_s: float) -> None:
        self.rate = _steady_rate(stream)
        self.size = _fitting(facts, stream, self.rate)
        self.count = max(1, round(length_s * self.rate))
        self.start_s: float | None = None
        gop = max(1, int(MAX_GOP_S * self.rate))
        encoder = out.add_stream("libx264", rate=self.rate)
        encoder.width, encoder.height = self.size
        encoder.pix_fmt = "yuv420p"
        encoder.codec_context.gop_size = gop
        encoder.codec_context.time_base = 1 / self.rate
        for name in ("color_primaries", "color_trc", "colorspace"):
            setattr(encoder.codec_context, name, 1)
        encoder.codec_context.color_range = 1
        encoder.options = {
            "crf": _CRF,
            "preset": _PRESET,
            "profile": "high",
            "x264-params": f"keyint={gop}:open-gop=0:level=4.1:ref=4:vbv-maxrate=50000:"
            "vbv-bufsize=62500:colorprim=bt709:transfer=bt709:colormatrix=bt709:range=tv:sar=1",
            "tune": "animation",
        }
        self.encoder = encoder

    def packets(self, frames: Iterable[ShownFrame]) -> Iterator[Any]:
        for number, pixels in enumerate(self._steady(frames)):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709")
            frame.pts, frame.time_base = number, 1 / self.rate
            frame.color_primaries = frame.color_trc = frame.colorspace = frame.color_range = 1
            yield from self.encoder.encode(frame)
        yield from self.encoder.encode(None)

    def _steady(self, frames: Iterable[ShownFrame]) -> Iterator[Frame]:
        """Yield `count` pictures, at each tick the one that is shown then."""
        given = 0
        pixels: Frame | None = None
        for index, frame in enumerate(frames):
            begins = self._tick(frame.glimpse.time_s, index)
            while pixels is not None and given < min(begins, self.count):
                yield pixels
                given += 1
            pixels = self._sized(frame.picture())
        while pixels is not None and given < self.count:
            yield pixels
            given += 1

    def _tick(self, time_s: float | None, index: int) -> int:
        if time_s is None:
            return index
        if self.start_s is None:
            self.start_s = time_s
        return round((time_s - self.start_s) * self.rate)

    def _sized(self, pixels: Frame) -> Frame:
        width, height = self.size
        if (width, height) == (pixels.shape[1] // 2 * 2, pixels.shape[0] // 2 * 2):
            return np.ascontiguousarray(pixels[:height, :width])  # an odd last line is cut off
        return np.ascontiguousarray(
            cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8
        )


def _steady_rate(stream: StreamFacts) -> Fraction:
    """Return the standard rate that the measured one is within the tolerance, else that itself.

    Where frames stand for different times it is the standard rate nearest to that of the shortest,
    at which each of them is shown when it is due; where that is none, to the measured one.
    """
    measured = min(max(stream.frame_rate, 1.0), float(_MAX_RATE))
    nearest = _standard(measured)
    if abs(nearest - measured) <= _RATE_TOLERANCE * measured:
        return nearest
    if is_steady(stream):
        return Fraction(measured).limit_denominator(1001)
    fastest = 1 / max(stream.shortest_frame_s, 1e-6)
    of_fastest = _standard(fastest)
    return of_fastest if abs(of_fastest - fastest) <= _TICK_TOLERANCE * fastest else nearest


def _standard(rate: float) -> Fraction:
    return min(_STANDARD_RATES, key=lambda standard: abs(float(standard) - rate))


def _fitting(facts: ClipFacts, stream: StreamFacts, rate: Fraction) -> tuple[int, int]:
    """Return the even size with square pixels that level 4.1 has room for at this rate."""
    across, down = facts.sample_aspect if 0 not in facts.sample_aspect else (1, 1)
    width, height = float(facts.width) * across / down, float(facts.height)
    if stream.rotation_deg in (90, 270):
        width, height = height, width
    room = min(float(_MAX_MACROBLOCKS), _MAX_MACROBLOCKS_S / float(rate))
    while math.ceil(width / 16) * math.ceil(height / 16) > room:
        width, height = width * 0.98, height * 0.98
    return max(2, int(width) // 2 * 2), max(2, int(height) // 2 * 2)


# ---- sound ----------------------------------------------------------------------------------


def _sound(
    out: Any,
    facts: ClipFacts,
    source: Path,
    picture: _Stretch,
    gain_db: float,
    stack: ExitStack,
) -> Iterator[Any]:
    """Return AAC packets as long as the picture; the file's own where they fit already."""
    origin = stack.enter_context(av.open(str(source), metadata_errors="replace"))
    if facts.sound is not None and not sound_points(facts) and not gain_db:
        stream = origin.streams.audio[0]
        length_s = float((stream.duration or 0) * (stream.time_base or 0))
        late_s = _seconds(stream.start_time, stream) - picture.begins_s
        if abs(length_s - picture.length_s) <= 0.1 and abs(late_s) <= _IN_TIME_S:
            return _copied_sound(out, stream)
    encoder = out.add_stream("aac", rate=SAMPLE_RATE_HZ, layout="stereo")
    encoder.bit_rate = _SOUND_BIT_RATE
    gain = np.float32(10 ** (gain_db / 20))
    waves = iter(()) if facts.sound is None else _waves(origin, picture.begins_s)
    return _encoded_sound(
        encoder, (wave * gain for wave in waves), round(picture.length_s * SAMPLE_RATE_HZ)
    )


def _seconds(ticks: int | None, of: Any) -> float:
    return float((ticks or 0) * (of.time_base or 0))


def _copied_sound(out: Any, stream: Any) -> Iterator[Any]:
    """Yield the packets, the clock set to 0 where the file says that sound begins."""
    copy = out.add_stream_from_template(stream)
    begins = stream.start_time or 0
    for packet in stream.container.demux(stream):
        if packet.dts is not None:
            packet.pts, packet.dts = packet.pts - begins, packet.dts - begins
            packet.stream = copy
            yield packet


def _waves(origin: Any, picture_begins_s: float) -> Iterator[Any]:
    """Yield channels × samples in stereo at 48 kHz; a damaged packet is left out.

    From where the picture begins: what sounds before is left out, silence fills what is missing.
    """
    resampler = av.AudioResampler(format="fltp", layout="stereo", rate=SAMPLE_RATE_HZ)
    stream = origin.streams.audio[0]
    begun = False
    early = 0
    for packet in origin.demux(stream):
        try:
            frames = packet.decode()
        except (av.error.InvalidDataError, av.error.EOFError):
            continue
        for frame in frames:
            if not begun:
                late_s = (frame.time or 0.0) - picture_begins_s
                late = round(late_s * SAMPLE_RATE_HZ) if abs(late_s) > _IN_TIME_S else 0
                early, begun = max(0, -late), True
                yield np.zeros((2, max(0, late)), np.float32)
            frame.pts = None
            for part in resampler.resample(frame):
                wave = part.to_ndarray()
                yield wave[:, early:]
                early = max(0, early - wave.shape[1])
    yield from (part.to_ndarray() for part in resampler.resample(None))


def _encoded_sound(encoder: Any, waves: Iterator[Any], samples: int) -> Iterator[Any]:
    given = 0
    for wave in _blocks(waves, samples):
        frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, given
        frame.time_base = Fraction(1, SAMPLE_RATE_HZ)
        given += wave.shape[1]
        yield from encoder.encode(frame)
    yield from encoder.encode(None)


def _blocks(waves: Iterator[Any], samples: int, size: int = 1024) -> Iterator[Any]:
    """Yield the sound in blocks of `size`, silence behind its end, `samples` in all."""
    pending = np.zeros((2, 0), np.float32)
    given = 0
    while given < samples:
        wanted = min(size, samples - given)
        while pending.shape[1] < wanted:
            wave = next(waves, None)
            missing = np.zeros((2, wanted - pending.shape[1]), np.float32)
            pending = np.hstack([pending, missing if wave is None else wave])
        yield np.ascontiguousarray(pending[:, :wanted])
        pending = pending[:, wanted:]
        given += wanted
