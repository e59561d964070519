"""Drawn clips for tests and benches: cel animation as it is timed in studios, and files of it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from tests.drawn import drawn
from tower_anime.domain.frame import Frame

WIDTH, HEIGHT = 640, 360


@dataclass(frozen=True)
class Stage:
    """A painted background larger than the picture, and a character's colours."""

    background: Frame
    skin: tuple[int, int, int]
    hair: tuple[int, int, int]
    dress: tuple[int, int, int]


def stage(*, seed: int, style: str = "cel", width: int = WIDTH, height: int = HEIGHT) -> Stage:
    rng = np.random.default_rng(seed)
    big = drawn(style, seed=seed, size=max(width, height) * 2)
    part = np.ascontiguousarray(big[height // 2 : height // 2 + height + 40, : 2 * width])
    hair, dress = (tuple(int(v) for v in rng.integers(40, 220, 3)) for _ in range(2))
    return Stage(part, (245, 215, 195), hair, dress)  # type: ignore[arg-type]


def character(
    canvas: Frame,
    look: Stage,
    *,
    x: float,
    y: float,
    size: float,
    swing: float = 0.0,
    mouth: float = 0.2,
    eyes: float = 1.0,
) -> None:
    """Draw a bust: `swing` −1…1 moves arm and hair, `mouth` and `eyes` 0–1 open them."""
    ink, line = (30, 22, 34), max(1, round(size / 60))

    def at(dx: float, dy: float) -> tuple[int, int]:
        return round((x + dx * size) * 16), round((y + dy * size) * 16)

    def blob(dx: float, dy: float, rx: float, ry: float, fill: tuple[int, int, int]) -> None:
        axes = (max(1, round(rx * size * 16)), max(1, round(ry * size * 16)))
        cv2.ellipse(canvas, at(dx, dy), axes, 0, 0, 360, fill, -1, cv2.LINE_AA, 4)
        cv2.ellipse(canvas, at(dx, dy), axes, 0, 0, 360, ink, line, cv2.LINE_AA, 4)

    blob(0.05 * swing, 0.1, 0.42, 0.55, look.hair)
    blob(0, 0.95, 0.5, 0.5, look.dress)
    arm = np.array([at(0.3, 0.75), at(0.75, 0.7 - 0.5 * swing), at(0.85, 0.55 - 0.6 * swing)])
    cv2.polylines(canvas, [arm], False, look.skin, max(2, round(size * 0.1)), cv2.LINE_AA, 4)
    cv2.polylines(canvas, [arm], False, ink, line, cv2.LINE_AA, 4)
    blob(0, 0, 0.32, 0.38, look.skin)
    blob(0.02 * swing, -0.22, 0.34, 0.2, look.hair)
    for side in (-1, 1):
        blob(0.13 * side, 0.02, 0.055, max(0.008, 0.08 * eyes), (70, 60, 130))
    blob(0, 0.22, 0.05, max(0.006, 0.05 * mouth), (170, 60, 70))


def view(look: Stage, *, shift: float = 0.0, width: int = WIDTH, height: int = HEIGHT) -> Frame:
    """Return the background from `shift` px on, sub-pixels included."""
    move = np.array([[1, 0, -shift], [0, 1, -10]], np.float32)
    size = (width, height)
    return cv2.warpAffine(look.background, move, size, borderMode=cv2.BORDER_REFLECT)  # type: ignore[return-value]


def waving(
    look: Stage, *, frames: int, on: int, size: float = 110, speed: float = 0.35
) -> Iterator[Frame]:
    """A character waves, drawn on `on`s over a background that stands."""
    for index in range(frames):
        drawing = index // on
        canvas = view(look)
        character(
            canvas, look, x=WIDTH / 2, y=HEIGHT * 0.4, size=size, swing=np.sin(drawing * speed)
        )
        yield canvas


# ---- files ----------------------------------------------------------------------------------


def write_clip(
    path: Path,
    frames: Iterable[Frame],
    *,
    rate: Fraction | float = 24,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    pixel_format: str = "yuv420p",
    sound: Any = None,
) -> Path:
    """Encode frames; the container is the path's suffix. `sound` is 2×n float samples, 48 kHz."""
    rate = Fraction(rate).limit_denominator(1001)
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream(codec, rate=rate, options=options or {})
        track: Any = None if sound is None else out.add_stream("aac", rate=48000, layout="stereo")
        stream.pix_fmt = pixel_format
        for number, pixels in enumerate(frames):
            if number == 0:
                stream.height, stream.width = pixels.shape[:2]
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format=pixel_format)
            frame.pts, frame.time_base = number, 1 / rate
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if sound is not None:
            wave = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(sound, np.float32), format="fltp", layout="stereo"
            )
            wave.sample_rate = 48000
            fifo = av.AudioFifo()
            fifo.write(wave)
            while (part := fifo.read(1024, partial=True)) is not None:
                out.mux(track.encode(part))
            out.mux(track.encode(None))
    return path


def probe(path: Path, *what: str) -> list[str]:
    """Return ffprobe's words on a file."""
    command = ["ffprobe", "-v", "error", "-of", "default=nk=1:nw=1", *what, str(path)]
    return subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ}
    ).stdout.split()


def repeated(frames: Sequence[Frame], index: int, times: int) -> list[Frame]:
    """Return the frames with one of them standing `times` longer, the rest moved back."""
    return [*frames[:index], *[frames[index]] * times, *frames[index:]]
