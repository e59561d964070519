"""What assessing a clip costs beside decoding it and reading its luma plane; and the memory.

Run: `python -m tests.bench.clip_cost [SECONDS]`. Pans on 2s with a little grain, encoded by x264 as
its defaults are; CPU time of all threads and wall time, in one process each, the best of two.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np

from tests.moving import stage, view, write_clip
from tower_anime.domain.frame import Frame

SIZES = ((640, 360), (832, 480), (1280, 720), (1920, 1080))
GRAIN = 1.5  # levels


def _decode(path: str) -> None:
    total = 0
    with av.open(path) as container:
        stream: Any = container.streams.video[0]
        stream.thread_type = "AUTO"
        for frame in container.decode(stream):
            plane: Any = frame.planes[0]
            total += len(bytes(plane))


def _assess(path: str) -> None:
    from tower_anime.adapters.clips import AvClips
    from tower_anime.adapters.memory import few_arenas
    from tower_anime.assess.profiles import CLIP
    from tower_anime.pipeline.clip import assess_clip

    few_arenas()  # as the product does at its start
    assess_clip(AvClips(), Path(path), profile=CLIP, prompt=None)


def _pan(seconds: float, width: int, height: int) -> Iterator[Frame]:
    look, chance = stage(seed=4, width=width, height=height), np.random.default_rng(1)
    for number in range(round(24 * seconds)):
        clean = view(look, shift=2.0 * (number // 2 % 200), width=width, height=height)
        grain = chance.normal(0, GRAIN, clean.shape).astype(np.float32)
        yield np.clip(clean + grain, 0, 255).astype(np.uint8)


def _peak_mb() -> float:
    """Return the peak of this program; getrusage would tell that of the one that started it."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else float("nan")


def _measured(name: str, path: Path, short: Path) -> tuple[float, float, float]:
    """Return seconds of CPU, of the clock, and MB, in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.clip_cost", "--run", name, str(path), str(short)]
    runs = []
    for _ in range(2):
        cpu, wall, peak = subprocess.check_output(command, text=True).split()
        runs.append((float(cpu), float(wall), float(peak)))
    return min(runs)


def main() -> None:
    """Print the ratios; with `--run NAME PATH SHORT` be the process that is measured."""
    if sys.argv[1:2] == ["--run"]:
        work = {"decode": _decode, "assess": _assess}[sys.argv[2]]
        work(sys.argv[4])  # imports and caches
        before, wall = time.process_time(), time.perf_counter()
        work(sys.argv[3])
        print(time.process_time() - before, time.perf_counter() - wall, _peak_mb())
        return
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    with tempfile.TemporaryDirectory() as folder:
        for width, height in SIZES:
            path = write_clip(Path(folder) / "a.mp4", _pan(seconds, width, height))
            short = write_clip(Path(folder) / "b.mp4", _pan(0.1, width, height))
            decode, assess = (_measured(name, path, short) for name in ("decode", "assess"))
            print(
                f"{width:4d}×{height:<4d} decode {decode[0]:5.2f} s CPU {decode[1]:5.2f} s"
                f"   assess {assess[0]:5.2f} s CPU {assess[1]:5.2f} s {assess[2]:4.0f} MB"
                f"   × {assess[0] / decode[0]:.2f} CPU, {assess[1] / decode[1]:.2f} wall"
            )


if __name__ == "__main__":
    main()
