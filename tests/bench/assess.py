"""What assessing costs on top of decoding: `python -m tests.bench.assess`."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import cv2

from tests import drawn
from tower_anime.adapters.media import OpenCvMedia
from tower_anime.assess.judge import judge
from tower_anime.assess.profiles import PROFILES
from tower_anime.assess.stills import measure as measure_frame

REPEATS = 9


def measure() -> dict[str, float]:
    """Return medians over mixed 1024×1024 PNGs on one thread.

    `decode_ms` and `assess_ms`, and `ratio`: decoding and assessing over decoding alone, per
    picture, where decoding is what `OpenCvMedia` does; `ratio_worst` the picture with most.
    """
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        rows = [_timed(png) for png in _pictures()]
    finally:
        cv2.setNumThreads(threads)
    ratios = [(decode + assess) / decode for decode, assess in rows]
    return {
        "decode_ms": 1000 * statistics.median(decode for decode, _ in rows),
        "assess_ms": 1000 * statistics.median(assess for _, assess in rows),
        "ratio": statistics.median(ratios),
        "ratio_worst": max(ratios),
    }


def _pictures() -> list[bytes]:
    """Draw flat, textured, soft and noisy pictures; in files their sizes differ by 50 times."""
    frames = [drawn.drawn(style, seed=seed) for style in drawn.STYLES for seed in (1, 2)]
    frames += [drawn.noisy(drawn.drawn("painted", seed=3), sigma) for sigma in (1, 3, 8)]
    frames += [drawn.blotched(drawn.drawn("cel", seed=4), 2), drawn.blurred(frames[2], 2)]
    coded = (cv2.imencode(".png", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)) for frame in frames)
    return [bytes(png) for _, png in coded]


def _timed(png: bytes) -> tuple[float, float]:
    """Return the seconds for decoding and for measuring and judging `png`."""
    media = OpenCvMedia()
    frame = media.decode_still(png).frame
    height, width = frame.shape[:2]

    def assess() -> None:
        judge(
            measure_frame(frame),
            kind="image",
            width=width,
            height=height,
            profile=PROFILES["still"],
        )

    return _median_s(lambda: media.decode_still(png)), _median_s(assess)


def _median_s(work: Callable[[], object]) -> float:
    work()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


if __name__ == "__main__":
    for name, figure in measure().items():
        print(f"{name:12s} {figure:8.2f}")
