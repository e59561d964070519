"""Thousands of instant generations with faults and kills: what is lost, doubled, torn, leaked.

`python -m tests.bench.soak --generations 5000` runs two parts on one data folder:
first some hundred generations while the working process is killed with SIGKILL again and again,
then the rest in one process without kills, to see what grows.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy

from tests.flow.process import (
    Place,
    Processes,
    Worker,
    losses,
    place,
    sandbox_process,
    until,
)
from tests.postgres import own_database
from tower_anime.domain.views import generation_view

OPEN_AT_MOST = 40
"""Generations that wait or run at a time: a user's batch, not a year's work."""

STEADY_FAULTS = "oom:0.01,black:0.01,truncate:0.01,drop_socket:0.02,silent_socket:0.005,lost:0.005"
KILL_FAULTS = "black:0.02,truncate:0.01,drop_socket:0.02"
"""None that makes a second submission right: then each one is a fault of ours."""

PAGE_KIB = os.sysconf("SC_PAGE_SIZE") / 1024


@dataclass
class Sample:
    """What the process holds after `over` generations."""

    over: int
    memory_mib: float
    handles: int
    threads: int


@dataclass
class Report:
    """What a soak found; written as JSON."""

    database: str
    generations: int
    kills: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    losses: dict[str, list[str]] = field(default_factory=dict)
    goes_on_after_s: dict[str, float] = field(default_factory=dict)
    attempts_per_s: float = 0.0
    cpu_ms_per_attempt: float = 0.0
    latency_s: dict[str, float] = field(default_factory=dict)
    memory_growth_percent: float | None = None
    samples: list[Sample] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)


def soak(
    *, generations: int, kill_generations: int, kills: int, seed: int, folder: Path, data: str
) -> Report:
    """Run both parts in `folder`, on the database `data` (`sqlite` or a PostgreSQL URL)."""
    url = None if data == "sqlite" else data
    report = Report(data.partition(":")[0], generations, kills)
    processes = Processes()
    try:
        if kills:
            _with_kills(report, folder, url, kill_generations, kills=kills, seed=seed)
        if generations > kill_generations:
            _steadily(report, folder, url, generations - kill_generations)
    finally:
        processes.close()
    return report


def _with_kills(
    report: Report, folder: Path, url: str | None, generations: int, *, kills: int, seed: int
) -> None:
    chance = random.Random(seed)
    resumed: list[float] = []
    with _scene(folder, url, KILL_FAULTS) as (here, processes):
        feed = Feed(here, generations)
        processes.up(Worker(here)).kill()  # the first one pays for the imports of all
        for number in range(kills):
            if feed.fill() == generations:
                break
            started_s, before = time.monotonic(), feed.progress()
            process = processes.start(Worker(here, grace_s=0.2))
            until(lambda before=before: feed.progress() > before)  # type: ignore[misc]
            resumed.append(time.monotonic() - started_s)
            end_s = time.monotonic() + chance.uniform(0, 1.2 * feed.share_s(kills - number))
            while time.monotonic() < end_s and feed.fill() < generations:
                time.sleep(0.02)
            process.kill()
            process.join()
        report.kills = len(resumed)
        _finish(here, processes, feed)
        found = losses(here, feed.ids, posted=0)
        report.losses["with kills"] = _texts(asdict(found))
        report.goes_on_after_s = {
            "median": round(statistics.median(resumed), 2),
            "most": round(max(resumed), 2),
        }
        _count(report, here, feed)


def _steadily(report: Report, folder: Path, url: str | None, generations: int) -> None:
    with _scene(folder, url, STEADY_FAULTS) as (here, processes):
        feed = Feed(here, generations)
        process = processes.up(Worker(here, grace_s=0.2))
        pid = process.pid or 0
        started_s, cpu_s = time.monotonic(), _cpu_s(pid)
        step = max(1, generations // 20)
        while (over := feed.fill()) < generations:
            if over // step > len(report.samples) - 1:
                report.samples.append(_sample(pid, over))
            assert process.is_alive(), "the working process ended by itself"
            time.sleep(0.1)
        report.samples.append(_sample(pid, generations))
        seconds, used_s = time.monotonic() - started_s, _cpu_s(pid) - cpu_s
        until(lambda: not feed.unpublished())
        process.kill()
        found = losses(here, feed.ids)
        report.losses["steady"] = _texts(asdict(found))
        attempts = _count(report, here, feed)
        report.attempts_per_s = round(attempts / seconds, 2)
        report.cpu_ms_per_attempt = round(used_s / attempts * 1000, 1)
        warm = [sample for sample in report.samples if sample.over >= min(1000, generations / 3)]
        if len(warm) > 1:
            growth = warm[-1].memory_mib / warm[0].memory_mib - 1
            report.memory_growth_percent = round(100 * growth, 2)


class Feed:
    """Gives generations to a data folder, so many that none waits long."""

    def __init__(self, here: Place, generations: int) -> None:
        self._here = here
        self._left = generations
        self._store = here.store()
        self._since_s = time.monotonic()
        self.ids: list[str] = []

    def fill(self) -> int:
        """Add what there is room for; returns how many are over."""
        waiting = len(self._store.unfinished())
        room = min(OPEN_AT_MOST - waiting, self._left)
        if room >= OPEN_AT_MOST // 4 or 0 < room == self._left:
            few = {"set": {"steps": 28, "checkpoint": "sandbox_anime_15.safetensors"}}
            self.ids.extend(self._here.add(room, **few))
            self._left -= room
            waiting += room
        return len(self.ids) - waiting

    def progress(self) -> int:
        """Return the number of the latest event."""
        with sqlalchemy.create_engine(_driver(self._here.store_url)).connect() as connection:
            query = sqlalchemy.text("SELECT coalesce(max(seq), 0) FROM generation_metrics")
            return int(connection.execute(query).scalar_one())

    def share_s(self, parts: int) -> float:
        """Return how long one of the coming parts may take, by the speed so far."""
        over = self.fill()
        speed = max(over, 1) / (time.monotonic() - self._since_s)
        return (self._left + len(self.ids) - over) / speed / max(parts, 1)

    def unpublished(self) -> tuple[str, ...]:
        return self._store.unpublished()


def _finish(here: Place, processes: Processes, feed: Feed) -> None:
    """Let a last process do the rest."""
    process = processes.start(Worker(here, grace_s=0.2))
    while feed.fill() < len(feed.ids) or feed.unpublished():
        time.sleep(0.05)
    process.kill()
    process.join()


@contextmanager
def _scene(folder: Path, url: str | None, faults: str) -> Iterator[tuple[Place, Processes]]:
    """A data folder of its own, an instant server that lives on, and processes to kill."""
    home = Path(tempfile.mkdtemp(dir=folder))
    processes = Processes()
    module = ("-m", "tests.bench.instant")
    with sandbox_process(home / "sandbox", "--faults", faults, module=module) as server:
        try:
            yield place(home, server, postgresql=url), processes
        finally:
            processes.close()


def _count(report: Report, here: Place, feed: Feed) -> int:
    """Add statuses, latencies and rows to the report; returns the number of attempts."""
    store = here.store()
    histories = [store.history(generation_id) for generation_id in feed.ids]
    statuses = Counter(report.statuses)
    statuses.update(history.generation.status.value for history in histories)
    report.statuses = dict(statuses)
    times = sorted(
        (history.generation.finished_at - history.generation.created_at).total_seconds()
        for history in histories
        if history.generation.finished_at and history.generation.created_at
    )
    report.latency_s = {
        name: round(times[int(share * (len(times) - 1))], 2)
        for name, share in (("median", 0.5), ("p99", 0.99), ("most", 1.0))
    }
    assert all(generation_view(history)["status"] for history in histories)
    store.close()
    report.rows = _rows(here)
    return sum(len(history.attempts) for history in histories)


def _rows(here: Place) -> dict[str, int]:
    counted: dict[str, int] = {}
    for url in dict.fromkeys((here.store_url, here.engine_url)):
        engine = sqlalchemy.create_engine(_driver(url))
        inspector = sqlalchemy.inspect(engine)
        schema = "dbos" if "dbos" in inspector.get_schema_names() else None
        with engine.connect() as connection:
            for table, where in [(t, None) for t in inspector.get_table_names()] + [
                (t, schema) for t in (inspector.get_table_names(schema) if schema else [])
            ]:
                name = f"{where}.{table}" if where else table
                query = sqlalchemy.text(f"SELECT count(*) FROM {name}")
                if number := int(connection.execute(query).scalar_one()):
                    counted[name] = number
        engine.dispose()
    return counted


def _driver(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://")


def _texts(found: dict[str, Any]) -> dict[str, Any]:
    return {name: list(items) for name, items in found.items()}


def _sample(pid: int, over: int) -> Sample:
    process = Path("/proc") / str(pid)
    pages = int((process / "statm").read_text().split()[1])
    return Sample(
        over=over,
        memory_mib=round(pages * PAGE_KIB / 1024, 1),
        handles=len(list((process / "fd").iterdir())),
        threads=len(list((process / "task").iterdir())),
    )


def _cpu_s(pid: int) -> float:
    fields = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(arguments: list[str]) -> int:
    """Soak and print the report; 1 when something was lost, doubled, torn or untrue."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--generations", type=int, default=5000)
    parser.add_argument("--kill-generations", type=int, default=500)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--postgresql", action="store_true", help="on the tests' server")
    given = parser.parse_args(arguments)
    options = {key: value for key, value in vars(given).items() if key != "postgresql"}
    with tempfile.TemporaryDirectory(prefix="tower-soak-") as folder:
        if given.postgresql:
            with own_database() as url:
                report = soak(folder=Path(folder), data=url, **options)
        else:
            report = soak(folder=Path(folder), data="sqlite", **options)
    print(json.dumps(asdict(report), indent=1))
    return int(any(any(kinds.values()) for kinds in report.losses.values()))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
