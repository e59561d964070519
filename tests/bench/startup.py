"""What starting costs: `--help`, and the memory of a whole `generate`."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

RUNS = 5


def measure() -> dict[str, float]:
    """Return the median time of `--help` (ms) and the peak memory of `generate` (MB)."""
    return {
        "help_ms": statistics.median(_help_ms() for _ in range(RUNS)),
        "memory_mb": _memory_mb(),
    }


def _help_ms() -> float:
    started_s = time.perf_counter()
    subprocess.run([sys.executable, "-m", "tower_anime", "--help"], stdout=-3, check=True)
    return (time.perf_counter() - started_s) * 1000


# A process of its own: the peak of a child starts at its parent's, and ours is large by now.
_WATCH = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=-3, stderr=-3, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def _memory_mb() -> float:
    """Return the peak of the largest process of `generate`: itself or its sandbox."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tower_anime", "generate", "1girl", "--set", "steps=4"]
        environment = {**os.environ, "TOWER_DATA_DIR": folder}
        watched = [sys.executable, "-c", _WATCH, *command]
        done = subprocess.run(watched, env=environment, capture_output=True, check=True)
    return int(done.stdout) / 1024
