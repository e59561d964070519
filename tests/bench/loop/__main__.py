"""The loop against its rivals, on generators drawn by lot: `python -m tests.bench.loop [WORLDS]`.

`--first N`: worlds from that number on, which nothing was tuned on; `--words`: words alone.

Each world gets the same requests; a start is good, burnt or undersampled in turn. Costs are
sampler steps per truly good picture; shares have a 95 % interval over the worlds.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.loop import firsts
from tests.bench.loop.ways import (
    BUDGET,
    RIVALS,
    Memory,
    Next,
    is_good,
    knowing,
    passes,
    run,
    starts,
)
from tests.bench.loop.worlds import World, draw

REQUESTS = 60
LEARNED = 200
BLURS = (0.0, 0.1, 0.2)  # deviation of a judge's score from the truth


@dataclass
class Tally:
    """What one way of working came to in one world."""

    requests: int = 0
    good: int = 0
    steps: int = 0
    approved: int = 0
    approved_bad: int = 0
    good_starts: int = 0
    needless: int = 0


def tally(world: World, following: Next, *, blur: float) -> Tally:
    """Return what a way of working comes to over the requests of a world."""
    found, memory = Tally(), Memory()
    for number in range(REQUESTS):
        attempts = run(world, starts(world, number), following, memory, blur=blur)
        first_good, last_good = is_good(world, attempts[0]), is_good(world, attempts[-1])
        best = max(attempts, key=lambda attempt: (passes(attempt), _score(attempt)))
        found.requests += 1
        found.steps += sum(attempt.request.steps for attempt in attempts)
        found.good += is_good(world, best)
        found.approved += passes(attempts[-1])
        found.approved_bad += passes(attempts[-1]) and not last_good
        found.good_starts += first_good
        found.needless += first_good and len(attempts) > 1
    return found


def _score(attempt: object) -> float:
    return attempt.assessment.score or 0.0  # type: ignore[attr-defined]


def _interval(values: Sequence[float]) -> str:
    mean = statistics.mean(values)
    half = 1.96 * statistics.stdev(values) / len(values) ** 0.5
    return f"{mean:6.2f} ± {half:.2f}"


def rivals(worlds: Sequence[World], *, blur: float) -> None:
    """Print how each way of working does, and how far from the best possible."""
    print(f"\n{'way':15} {'good':>14} {'steps per good':>18} {'of the best':>14}", end="")
    print(f" {'approved, bad':>14} {'needless retry':>15}   judge ± {blur}")
    best = [tally(world, knowing(world), blur=blur) for world in worlds]
    ways = [
        (name, [tally(world, way, blur=blur) for world in worlds]) for name, way in RIVALS.items()
    ]
    for name, found in [*ways, ("best possible", best)]:
        good = _interval([each.good / each.requests for each in found])
        cost = _interval([each.steps / max(1, each.good) for each in found])
        over = [
            (each.steps / max(1, each.good)) / (top.steps / max(1, top.good))
            for each, top in zip(found, best, strict=True)
        ]
        bad = sum(each.approved_bad for each in found) / max(1, sum(e.approved for e in found))
        needless = sum(e.needless for e in found) / max(1, sum(e.good_starts for e in found))
        print(f"{name:15} {good:>14} {cost:>18} {_interval(over):>14} {bad:14.1%} {needless:15.1%}")


def equal_evidence(worlds: Sequence[World]) -> None:
    """Print first attempts after 50 outcomes, begun from the same evidence."""
    print("\nfirst attempts that are good after 50 outcomes, same evidence for all")
    for title, base in (("bad default", firsts.BAD), ("good default", firsts.GOOD)):
        rows = [firsts.at_equal_evidence(world, base, 50) for world in worlds]
        for name in rows[0]:
            print(f"  {title:13} {name:18} {_interval([row[name] for row in rows])}")
        gain = [row["product"] - row["untaught"] for row in rows]
        print(f"  {title:13} product − untaught {_interval(gain)}")
        if "TPE" in rows[0]:
            gain = [row["product"] - row["TPE"] for row in rows]
            print(f"  {title:13} product − TPE      {_interval(gain)}")
    if not firsts.has_optuna():
        print("  TPE is not installed: uv pip install --group bench")


def curves(worlds: Sequence[World]) -> None:
    """Print how first attempts become better over 200 requests."""
    print(f"\ngood first attempts over {LEARNED} requests, by 25")
    for title, base in (("bad default", firsts.BAD), ("good default", firsts.GOOD)):
        for name, begin in (("untaught", firsts.untaught), ("taught", firsts.by_parameters)):
            found = [firsts.curve(world, base, begin, LEARNED) for world in worlds]
            blocks = [
                statistics.mean(statistics.mean(one[at : at + 25]) for one in found)
                for at in range(0, LEARNED, 25)
            ]
            print(f"  {title:13} {name:9}", *(f"{share:5.2f}" for share in blocks))


def words(worlds: Sequence[World]) -> None:
    """Print what learned words add, in worlds where words matter and where they don't."""
    print("\ngood first attempts, requests 101 to 200: parameters alone, and words too")
    for title, make in (("words matter", True), ("words don't", False)):
        drawn = [draw(world.number, words=make) for world in worlds]
        alone, both = (
            [
                statistics.mean(firsts.curve(world, firsts.GOOD, begin, LEARNED, words=True)[100:])
                for world in drawn
            ]
            for begin in (firsts.by_parameters, firsts.by_words_too)
        )
        gain = _interval([b - a for a, b in zip(alone, both, strict=True)])
        ratio = statistics.mean(both) / max(1e-9, statistics.mean(alone))
        print(
            f"  {title:13} alone {_interval(alone)}   words {_interval(both)}"
            f"   difference {gain}   ratio {ratio:.2f}"
        )


def main() -> None:
    """Print the tables."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("worlds", type=int, nargs="?", default=20)
    asked.add_argument("--first", type=int, default=0)
    asked.add_argument("--words", action="store_true")
    said = asked.parse_args()
    drawn = [draw(number) for number in range(said.first, said.first + said.worlds)]
    print(f"{said.worlds} worlds, {REQUESTS} requests each, at most {BUDGET} attempts")
    if not said.words:
        for blur in BLURS:
            rivals(drawn, blur=blur)
        equal_evidence(drawn)
        curves(drawn)
    words(drawn)
    print(f"\n{time.process_time():.0f} s of CPU")


if __name__ == "__main__":
    main()
