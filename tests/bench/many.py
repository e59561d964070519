"""Many pictures in one run: does memory stay flat, and what does a picture cost against one alone?

python -m tests.bench.many [FILES] [JOBS]
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import cv2
import psutil

from tests import drawn
from tower_anime.crew import look_at_all
from tower_anime.inspection import Showing, Wanted, look_at, profiles_of
from tower_anime.settings import Settings

DIFFERENT = 40


def make(folder: Path, count: int) -> list[Wanted]:
    """Return `count` files, links to some different pictures of 768×768."""
    for seed in range(DIFFERENT):
        style = drawn.STYLES[seed % len(drawn.STYLES)]
        picture = drawn.drawn(style, seed=seed, size=768)
        cv2.imwrite(str(folder / f"source-{seed}.png"), picture[..., ::-1])
    files = []
    for number in range(count):
        path = folder / f"{number:06}.png"
        path.hardlink_to(folder / f"source-{number % DIFFERENT}.png")
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


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    jobs = int(sys.argv[2]) if len(sys.argv) > 2 else os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as folder:
        files = make(Path(folder), count)
        profiles = profiles_of(Settings(), files)
        cv2.setNumThreads(1)
        for file in files[:DIFFERENT]:
            look_at(file, profiles)
        began_s = time.process_time()
        for file in files[:DIFFERENT]:
            look_at(file, profiles)
        alone_ms = 1000 * (time.process_time() - began_s) / DIFFERENT
        before_s, started_s = cpu_s(), time.perf_counter()
        for number, _ in enumerate(look_at_all(files, profiles, jobs=jobs, showing=Showing()), 1):
            if number % (count // 10) == 0:
                print(f"{number}: {memory_mb():.0f} MB", flush=True)
        wall_s = time.perf_counter() - started_s
        each_ms = 1000 * (cpu_s() - before_s) / count
    print(f"one file alone {alone_ms:.1f} ms of CPU; in {jobs} processes {each_ms:.1f} ms each")
    print(f"{count / wall_s:.0f} files/s")


if __name__ == "__main__":
    main()
