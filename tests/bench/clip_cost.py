"""What assessing a clip costs beside decoding it and reading its luma plane; and the memory.

Run: `python -m tests.bench.clip_cost [SECONDS [WIDTH HEIGHT]]`. CPU time, in one process each.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import av

from tests.moving import stage, view, write_clip


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
    from tower_anime.assess.profiles import CLIP
    from tower_anime.pipeline.clip import assess_clip

    assess_clip(AvClips(), Path(path), profile=CLIP, prompt=None)


def main() -> None:
    """Print the ratio; with `--run NAME PATH` be the process that is measured."""
    if sys.argv[1:2] == ["--run"]:
        work = {"decode": _decode, "assess": _assess}[sys.argv[2]]
        if sys.argv[2] == "assess":
            _assess(sys.argv[4])  # imports and caches
        before, wall = time.process_time(), time.perf_counter()
        work(sys.argv[3])
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(time.process_time() - before, time.perf_counter() - wall, peak)
        return
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    width, height = (int(v) for v in sys.argv[2:4]) if len(sys.argv) > 3 else (1920, 1080)
    look = stage(seed=4, width=width, height=height)
    with tempfile.TemporaryDirectory() as folder:
        frames = (
            view(look, shift=2.0 * (i % 200), width=width, height=height)
            for i in range(round(24 * seconds))
        )
        path = write_clip(Path(folder) / "a.mp4", frames, options={"preset": "ultrafast"})
        short = write_clip(Path(folder) / "b.mp4", [view(look)] * 2)
        found = {}
        for name in ("decode", "assess", "decode", "assess"):
            command = [sys.executable, "-m", "tests.bench.clip_cost", "--run", name, path, short]
            told = subprocess.check_output([str(part) for part in command], text=True)
            times = [float(value) for value in told.split()]
            found[name] = min(found.get(name, times), times)
        for name, (cpu, wall, peak) in found.items():
            print(f"{name:8}{cpu:7.2f} s CPU {wall:7.2f} s {peak:7.0f} MB")
        print(f"ratio {found['assess'][0] / found['decode'][0]:.2f} by CPU time")


if __name__ == "__main__":
    main()
