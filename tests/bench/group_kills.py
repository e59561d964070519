"""`serve` with its own sandbox while its whole process group is killed again and again.

`python -m tests.bench.group_kills --generations 500 --kills 100` reports what is lost, doubled or
torn, and how long after the start of a process its first new event is recorded.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from tests.bench.soak import Feed
from tests.flow.command import Commands, kill_group
from tests.flow.process import Place, losses, until
from tower_anime.domain.attempt import AttemptState


def measure(*, generations: int, kills: int, seed: int, folder: Path) -> dict[str, object]:
    """Kill a group `kills` times, let the last one finish, and look at what there is."""
    chance = random.Random(seed)
    commands = Commands(folder)
    commands.data.mkdir()
    here = Place(
        folder=commands.data,
        store_url=f"sqlite:///{commands.data / 'tower.sqlite'}",
        engine_url=f"sqlite:///{commands.data / 'engine.sqlite'}",
        server="",
    )
    feed = Feed(here, generations)
    resumed: list[float] = []
    try:
        while len(resumed) < kills and feed.fill() < generations:
            before = feed.progress()
            started_s = time.monotonic()
            process = commands.start("serve", "--port", "0")
            until(lambda before=before: feed.progress() > before)  # type: ignore[misc]
            resumed.append(time.monotonic() - started_s)
            over = feed.fill()
            share = (generations - over) / max(1, kills - len(resumed))
            end_s = time.monotonic() + chance.uniform(0.0, 10.0)
            until(lambda: feed.fill() - over >= chance.uniform(0, 2 * share) or _is(end_s))  # noqa: B023
            kill_group(process)
            process.communicate()
        process = commands.start("serve", "--port", "0")
        until(lambda: feed.fill() == generations and not feed.unpublished(), 600.0)
        kill_group(process)
        process.communicate()
    finally:
        commands.close()
    found = losses(here, feed.ids)
    histories = here.histories()
    attempts = [attempt for history in histories for attempt in history.attempts]
    return {
        "generations": len(feed.ids),
        "kills": len(resumed),
        "losses": {name: list(items) for name, items in asdict(found).items()},
        "statuses": sorted({h.generation.status.value for h in histories}),
        "attempts": len(attempts),
        "attempts_lost": sum(attempt.state is AttemptState.LOST for attempt in attempts),
        "goes_on_after_s": {
            "median": round(statistics.median(resumed), 2),
            "most": round(max(resumed), 2),
        },
    }


def _is(moment_s: float) -> bool:
    return time.monotonic() >= moment_s


def main(arguments: list[str]) -> int:
    """Measure and print; 1 when something was lost, doubled, torn or untrue."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--generations", type=int, default=500)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    with tempfile.TemporaryDirectory(prefix="tower-kills-") as folder:
        report = measure(**vars(parser.parse_args(arguments)), folder=Path(folder))
    print(json.dumps(report, indent=1))
    found = report["losses"]
    assert isinstance(found, dict)
    return int(any(found.values()))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
