"""The loop against its rivals, on generators drawn by lot: `python -m tests.bench.loop [WORLDS]`.

Each world gets the same requests; a start is good, burnt or undersampled in turn. Costs are
sampler steps per truly good picture, shares have a 95 % interval over the worlds.
"""

from __future__ import annotations

import random
import statistics
import sys
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tests import samples
from tests.bench.loop.worlds import PAIRS, THRESHOLD, World, draw
from tower_anime.correct.choose import Limits, choose
from tower_anime.domain.attempt import Attempt
from tower_anime.domain.family import SDXL
from tower_anime.domain.knowledge import Outcome
from tower_anime.domain.request import RenderRequest
from tower_anime.learn.effects import knowledge_of
from tower_anime.learn.suggest import LEARNABLE, suggest
from tower_anime.pipeline.memory import lot_of

BUDGET = 4
REQUESTS = 60
OFFERED = {"sampler": {p[0] for p in PAIRS}, "scheduler": {p[1] for p in PAIRS}}
Next = Callable[[Sequence[Attempt], list[Outcome]], RenderRequest | None]


@dataclass
class Tally:
    """What one way of working came to in one world."""

    requests: int = 0
    good: int = 0
    steps: int = 0
    needless: int = 0
    good_starts: int = 0
    first_good: int = 0


def starts(world: World, number: int) -> RenderRequest:
    """Return a request whose start is good, burnt or undersampled in turn."""
    lot = random.Random(f"{world.number}:{number}")
    good = world.best(samples.request(prompt=f"1girl, {number}", seed=lot.getrandbits(40)))
    burnt = good.changed(cfg=round(min(20.0, good.cfg * lot.uniform(1.8, 2.8)), 1))
    short = good.changed(steps=max(2, round(good.steps * lot.uniform(0.25, 0.6))))
    return (good, burnt, short)[number % 3]


def run(world: World, start: RenderRequest, following: Next, told: list[Outcome]) -> list[Attempt]:
    """Try until a picture passes or the budget is spent."""
    attempts: list[Attempt] = []
    request: RenderRequest | None = start
    id_ = str(uuid.UUID(int=random.Random(start.prompt).getrandbits(128), version=4))
    while request is not None and len(attempts) < BUDGET:
        attempt = samples.attempt(
            len(attempts) + 1, request=request, assessment=world.assess(request)
        )
        attempts.append(replace(attempt, generation_id=id_))
        if _passes(attempts[-1]):
            break
        request = following(attempts, told)
    return attempts


def product(attempts: Sequence[Attempt], told: list[Outcome]) -> RenderRequest | None:
    limits = Limits(family=SDXL, offered=OFFERED, knowledge=knowledge_of(told))
    choice = choose(attempts, limits)
    if choice is None:
        return None
    _CORRECTIONS[choice.request] = choice.corrections
    return choice.request


_CORRECTIONS: dict[RenderRequest, tuple[object, ...]] = {}


def accept_first(_attempts: Sequence[Attempt], _told: list[Outcome]) -> RenderRequest | None:
    return None


def reroll(attempts: Sequence[Attempt], _told: list[Outcome]) -> RenderRequest | None:
    return attempts[-1].request.changed(seed=attempts[-1].request.seed + 1)


def earlier_rules(attempts: Sequence[Attempt], _told: list[Outcome]) -> RenderRequest | None:
    """Return what the earlier system did, whatever the trouble."""
    now = attempts[-1].request
    changes: dict[str, object] = {"seed": now.seed + 1}
    if now.steps < 30:
        changes["steps"] = now.steps + 10
    if now.cfg < 8:
        changes["cfg"] = now.cfg + 1.5
    if now.sampler == "euler":
        changes |= {"sampler": "dpmpp_2m", "scheduler": "karras"}
    return now.changed(**changes)


WAYS: dict[str, Next] = {
    "accept first": accept_first,
    "re-roll": reroll,
    "earlier rules": earlier_rules,
    "product": product,
}


def tally(world: World, following: Next) -> Tally:
    """Return what a way of working comes to over the requests of a world."""
    found, told = Tally(), list[Outcome]()
    for number in range(REQUESTS):
        start = starts(world, number)
        attempts = run(world, start, following, told)
        told += _outcomes(attempts)
        found.requests += 1
        found.steps += sum(attempt.request.steps for attempt in attempts)
        found.good += _passes(attempts[-1])
        found.first_good += _passes(attempts[0])
    return found


def best_possible(world: World) -> Tally:
    """Return what somebody reaches who knows the world: the right settings after a bad start."""

    def knowing(attempts: Sequence[Attempt], _told: list[Outcome]) -> RenderRequest:
        now = attempts[-1].request
        right = world.best(now)
        return right if right != now else now.changed(seed=now.seed + 1)

    return tally(world, knowing)


def first_attempts(world: World, base: RenderRequest, requests: int, *, taught: bool) -> list[bool]:
    """Return whether first attempts pass, one request after the other, learning as it goes."""
    told, found = list[Outcome](), list[bool]()
    for number in range(requests):
        lot = random.Random(f"first {world.number}:{number}")
        usual = base.changed(prompt=f"1girl, {number}", seed=lot.getrandbits(40))
        id_ = str(uuid.UUID(int=lot.getrandbits(128), version=4))
        start = usual
        if taught:
            suggestion = suggest(
                told,
                base=usual,
                family=SDXL,
                free=LEARNABLE,
                offered=OFFERED,
                lot=lot_of(id_, "explore"),
            )
            start = usual.changed(**suggestion.values)
        attempts = run(world, start, product, told)
        told += _outcomes(attempts)
        found.append(_passes(attempts[0]))
    return found


def _outcomes(attempts: Sequence[Attempt]) -> list[Outcome]:
    return [
        Outcome(
            generation_id=attempt.generation_id,
            number=attempt.number,
            backend="comfyui",
            family=SDXL.name,
            checkpoint=attempt.request.checkpoint,
            request=attempt.request,
            score=attempt.assessment.score or 0.0,
            passed=_passes(attempt),
            losses={defect.kind: defect.loss for defect in attempt.assessment.defects},
            corrections=_CORRECTIONS.get(attempt.request, ()),  # type: ignore[arg-type]
            cost_px=float(attempt.request.steps) * 1024 * 1024,
        )
        for attempt in attempts
        if attempt.assessment is not None
    ]


def _passes(attempt: Attempt) -> bool:
    return attempt.assessment is not None and (attempt.assessment.score or 0.0) >= THRESHOLD


def _interval(values: Sequence[float]) -> str:
    mean = statistics.mean(values)
    half = 1.96 * statistics.stdev(values) / len(values) ** 0.5
    return f"{mean:6.2f} ± {half:.2f}"


def main(worlds: int) -> None:
    """Print the tables."""
    drawn = [draw(number) for number in range(worlds)]
    print(f"{worlds} worlds, {REQUESTS} requests each, at most {BUDGET} attempts")
    print(f"{'way':15} {'good':>14} {'steps per good':>18} {'first good':>16}")
    for name, way in WAYS.items():
        _print(name, [tally(world, way) for world in drawn])
    _print("best possible", [best_possible(world) for world in drawn])
    print("\nshare of first attempts that pass, requests 51 to 100")
    bad = samples.request(steps=9, cfg=12.0, sampler="euler", scheduler="normal")
    good = samples.request()
    for name, base in (("badly chosen default", bad), ("well chosen default", good)):
        for taught in (False, True):
            shares = [
                statistics.mean(first_attempts(world, base, 100, taught=taught)[50:])
                for world in drawn
            ]
            print(f"{name:21} {'taught' if taught else 'untaught':9} {_interval(shares)}")


def _print(name: str, found: Sequence[Tally]) -> None:
    good = _interval([each.good / each.requests for each in found])
    cost = _interval([each.steps / max(1, each.good) for each in found])
    first = _interval([each.first_good / each.requests for each in found])
    print(f"{name:15} {good:>14} {cost:>18} {first:>16}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
