"""What a clip sounds like: length, EBU R128 loudness and true peak, silence, clipping."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np

from tower_anime.adapters.clip_open import open_container
from tower_anime.domain.clip import SoundTrack

_SILENT_DBFS = -60.0  # an idle microphone lies above, dither and codec noise below
_WINDOW_S = 0.1
_FULL = 0.9999  # of full scale
_CLIPPED_RUN = 3  # samples in a row; one sample alone may be a peak


def listen(source: Path) -> SoundTrack | None:
    """Decode the first audio stream and measure it; None when nothing of it decodes."""
    try:
        with open_container(source) as container:
            return _measured(container)
    except (av.error.FFmpegError, ValueError):
        return None


def _measured(container: Any) -> SoundTrack | None:
    stream = container.streams.audio[0]
    graph = av.filter.Graph()
    entry = graph.add_abuffer(template=stream)
    meter = graph.add("ebur128", "peak=true:metadata=1:framelog=quiet")
    end = graph.add("abuffersink")
    entry.link_to(meter)
    meter.link_to(end)
    graph.configure()
    told: dict[str, str] = {}
    samples = silent = clipped = 0
    for frame in _frames(container, stream):
        graph.push(frame)
        for passed in _pulled(graph):
            told |= passed.metadata
        wave = np.abs(_as_floats(frame))
        samples += wave.shape[1]
        silent += _silent_samples(wave, frame.sample_rate)
        clipped += _clipped_samples(wave)
    graph.push(None)
    for passed in _pulled(graph):
        told |= passed.metadata
    rate = stream.codec_context.sample_rate
    if not samples or not rate:
        return None
    return SoundTrack(
        duration_s=samples / rate,
        loudness_lufs=_level(told.get("lavfi.r128.I")),
        true_peak_dbtp=_peak_dbtp(told),
        silent_s=silent / rate,
        clipped_share=clipped / samples,
    )


def _frames(container: Any, stream: Any) -> Iterator[Any]:
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except (av.error.InvalidDataError, av.error.EOFError):
            continue  # a damaged packet is a gap, which the length shows


def _pulled(graph: Any) -> Iterator[Any]:
    while True:
        try:
            yield graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return


def _as_floats(frame: Any) -> Any:
    """Return channels × samples, full scale at ±1."""
    wave = frame.to_ndarray()
    if frame.format.is_packed:
        wave = wave.reshape(-1, frame.layout.nb_channels).T
    if np.issubdtype(wave.dtype, np.floating):
        return wave
    middle = 128 if wave.dtype == np.uint8 else 0
    return (wave.astype(np.float64) - middle) / (2.0 ** (8 * wave.dtype.itemsize - 1) - 1)


def _silent_samples(wave: Any, rate: int) -> int:
    window: int = max(1, min(wave.shape[1], round(rate * _WINDOW_S)))
    whole = wave.shape[1] // window * window
    power = np.square(wave[:, :whole]).reshape(wave.shape[0], -1, window).mean(axis=2).max(axis=0)
    quiet = np.count_nonzero(power < 10 ** (_SILENT_DBFS / 10))
    return int(quiet) * window


def _clipped_samples(wave: Any) -> int:
    """Count the samples in runs at full scale, in the worst channel."""
    full = (wave >= _FULL).astype(np.int8)
    run = full[:, :-2] & full[:, 1:-1] & full[:, 2:]
    return max((int(np.count_nonzero(channel)) for channel in run), default=0)


def _level(text: str | None) -> float | None:
    """Return a level; None at the meter's floor of −70, where nothing was heard."""
    value = float(text) if text is not None else float("-inf")
    return value if np.isfinite(value) and value > -69.9 else None


def _peak_dbtp(told: dict[str, str]) -> float | None:
    peaks = [
        float(text) for name, text in told.items() if name.startswith("lavfi.r128.true_peaks_ch")
    ]
    linear = max(peaks, default=0.0)
    return float(20 * np.log10(linear)) if linear > 0 else None
