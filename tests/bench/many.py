"""Many pictures in one run: does memory stay flat, and what does a picture cost against one alone?

python -m tests.bench.many [FILES] [JOBS]
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import psutil

from tests import drawn
from tower_anime.adapters.memory import few_arenas
from tower_anime.crew import look_at_all
from tower_anime.inspection import Showing, Wanted, look_at, profiles_of
from tower_anime.settings import Settings

DIFFERENT = 40
SIZES = (512, 768, 1024)
FORMATS = (".png", ".png", ".png", ".jpg", ".webp")


def make(folder: Path, count: int) -> list[Wanted]:
    """Return `count` files, links to some different ones of three sizes and formats."""
    sources = []
    for seed in range(DIFFERENT):
        picture = drawn.drawn(
            drawn.STYLES[seed % len(drawn.STYLES)], seed=seed, size=SIZES[seed % 3]
        )
        source = folder / f"source-{seed}{FORMATS[seed % len(FORMATS)]}"
        cv2.imwrite(str(source), picture[..., ::-1])
        sources.append(source)
    files = []
    for number in range(count):
        source = sources[number % DIFFERENT]
        path = folder / f"{number:06}{source.suffix}"
        path.hardlink_to(source)
        files.append(Wanted(path=path, prompt="1girl, night", profile=None))
    return files


def memory_mb() -> float:
    """Return what this process and its children hold."""
    here = psutil.Process()
    return sum(each.memory_info().rss for each in (here, *here.children(recursive=True))) / 2**20


def cpu_s() -> float:
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def alone_ms(files: Sequence[Wanted]) -> float:
    """Return the CPU time of one file of these, where nothing runs beside it."""
    profiles = profiles_of(Settings(), files)
    for file in files:
        look_at(file, profiles)
    began_s = time.process_time()
    for file in files:
        look_at(file, profiles)
    return 1000 * (time.process_time() - began_s) / len(files)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    jobs = int(sys.argv[2]) if len(sys.argv) > 2 else os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as folder:
        files = make(Path(folder), count)
        cv2.setNumThreads(1)
        few_arenas()
        one_ms = alone_ms(files[:DIFFERENT])
        profiles = profiles_of(Settings(), files)
        before_s, started_s = cpu_s(), time.perf_counter()
        memory = []
        for number, _ in enumerate(look_at_all(files, profiles, jobs=jobs, showing=Showing()), 1):
            if number % (count // 20) == 0:
                memory.append(memory_mb())
        wall_s = time.perf_counter() - started_s
        each_ms = 1000 * (cpu_s() - before_s) / count
    print("MB after each twentieth:", *(f"{mb:.0f}" for mb in memory))
    share = count / wall_s * one_ms / jobs / 1000
    flat, as_fast = memory[-1] < 1.1 * memory[len(memory) // 10], share > 0.9
    print(f"one file alone {one_ms:.1f} ms of CPU; in {jobs} processes {each_ms:.1f} ms each")
    print(f"{count / wall_s:.0f} files/s: {share:.0%} of what one file alone promises")
    print(f"memory {'is flat' if flat else 'GROWS'}; speed {'holds' if as_fast else 'FALLS'}")
    sys.exit(0 if flat and as_fast else 1)


if __name__ == "__main__":
    main()
