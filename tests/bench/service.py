"""What the HTTP interface takes over a database as `tests.bench.crowd` makes it.

    python -m tests.bench.crowd FOLDER
    python -m tests.bench.service FOLDER [--rate 200] [--seconds 60]

Prints for each call the median and the 95th percentile one at a time, then of mixed reads at a
steady rate (60 % lists of 50, 20 % one generation, 20 % thumbnails), with errors and memory.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

ANALYTICS = ("quality", "performance", "corrections", "learning", "director")
ONE_BY_ONE = 60
CLIENTS = 48


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[tuple[str, int]]:
    """Serve a data folder in a process of its own; yields its address and process id."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tower_anime", "serve", "--port", str(port)]
    environment = {**os.environ, "TOWER_DATA_DIR": str(folder), "TOWER_HTTP__CALLS_PER_S": "0"}
    with subprocess.Popen(command, env=environment) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            _await(url, process)
            yield url, process.pid
        finally:
            process.terminate()


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert process.poll() is None, "the server did not start"
        with contextlib.suppress(httpx2.HTTPError):
            httpx2.get(f"{url}/health")
            return
        time.sleep(0.1)


def memory_mb(pid: int) -> float:
    """Return the resident memory of a process, MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return float("nan")


@dataclass(frozen=True)
class Stock:
    """Ids, hashes and cursors to ask for."""

    ids: list[str]
    hashes: list[str]
    cursors: list[str]

    def path(self, lot: random.Random) -> str:
        """Return a call of the mix."""
        kind = lot.random()
        if kind < 0.6:
            return f"/api/v1/generations?limit=50&cursor={lot.choice(self.cursors)}"
        if kind < 0.8:
            return f"/api/v1/generations/{lot.choice(self.ids)}"
        return f"/api/v1/artifacts/{lot.choice(self.hashes)}/thumbnail?size=256"


def stock(url: str, *, pages: int = 60) -> Stock:
    """Walk through the list, with leaps by project so that the whole database is met."""
    ids: list[str] = []
    cursors: list[str] = []
    hashes: set[str] = set()
    with httpx2.Client(base_url=url, timeout=60) as http:
        cursor = None
        for _ in range(pages):
            asked: dict[str, Any] = {"limit": 500, **({"cursor": cursor} if cursor else {})}
            found = http.get("/api/v1/generations", params=asked).json()
            cursor = found["next_cursor"]
            for item in found["items"]:
                ids.append(item["generation_id"])
                hashes.update(a["sha256"] for a in item["attempts"] if a["sha256"])
            if cursor is None:
                break
            cursors.append(cursor)
    return Stock(ids, sorted(hashes), cursors)


def one_by_one(url: str, paths: Callable[[random.Random], str]) -> tuple[float, float]:
    """Return median and 95th percentile in ms of calls one at a time, on different pages."""
    lot, times = random.Random(3), []
    with httpx2.Client(base_url=url, timeout=60) as http:
        for _ in range(ONE_BY_ONE):
            began_s = time.perf_counter()
            http.get(paths(lot)).raise_for_status()
            times.append((time.perf_counter() - began_s) * 1000)
    return statistics.median(times), statistics.quantiles(times, n=20)[-1]


async def mixed(url: str, of: Stock, *, rate: float, seconds: float) -> dict[str, float]:
    """Call at a steady rate, however late the answers come."""
    lot, times, errors = random.Random(5), [], 0
    limits = httpx2.Limits(max_connections=CLIENTS, max_keepalive_connections=CLIENTS)
    async with httpx2.AsyncClient(base_url=url, timeout=60, limits=limits) as http:

        async def call(path: str) -> None:
            nonlocal errors
            began_s = time.perf_counter()
            try:
                answer = await http.get(path)
                errors += answer.status_code != 200
            except httpx2.HTTPError:
                errors += 1
            times.append((time.perf_counter() - began_s) * 1000)

        began_s = time.perf_counter()
        tasks = []
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, began_s + number / rate - time.perf_counter()))
            tasks.append(asyncio.create_task(call(of.path(lot))))
        await asyncio.gather(*tasks)
        lasted_s = time.perf_counter() - began_s
    return {
        "calls": len(times),
        "errors": errors,
        "per_s": len(times) / lasted_s,
        "median_ms": statistics.median(times),
        "p95_ms": statistics.quantiles(times, n=20)[-1],
        "p99_ms": statistics.quantiles(times, n=100)[-1],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rate", type=float, default=200.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--pages", type=int, default=60)
    given = parser.parse_args()
    with serving(given.folder) as (url, pid):
        of = stock(url, pages=given.pages)
        calls: dict[str, Callable[[random.Random], str]] = {
            "list of 50": lambda lot: (
                f"/api/v1/generations?limit=50&cursor={lot.choice(of.cursors)}"
            ),
            "list by project": lambda lot: (
                f"/api/v1/generations?limit=50&project=Project%20{lot.randrange(16)}"
            ),
            "list by status": lambda lot: "/api/v1/generations?limit=50&status=needs_review",
            "one generation": lambda lot: f"/api/v1/generations/{lot.choice(of.ids)}",
            "thumbnail": lambda lot: f"/api/v1/artifacts/{lot.choice(of.hashes)}/thumbnail",
            "queue": lambda lot: "/api/v1/queue",
            **{name: lambda lot, name=name: f"/api/v1/analytics/{name}" for name in ANALYTICS},  # type: ignore[misc]
            "metrics": lambda lot: "/metrics",
        }
        for name, paths in calls.items():
            try:
                median, p95 = one_by_one(url, paths)
            except httpx2.HTTPStatusError as error:
                print(f"{name:20} {error.response.status_code}")
                continue
            print(f"{name:20} median {median:7.1f} ms   p95 {p95:7.1f} ms")
        before = memory_mb(pid)
        found = asyncio.run(mixed(url, of, rate=given.rate, seconds=given.seconds))
        print({key: round(value, 1) for key, value in found.items()})
        print(f"memory {before:.0f} MiB before, {memory_mb(pid):.0f} MiB after")


if __name__ == "__main__":
    main()
