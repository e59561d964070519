"""How much corrections help: tries, fixes and the uplift over a plain new seed, per move.

All of it is counted anew from the outcomes; nothing is kept beside them.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import attrgetter

from tower_anime.domain.intervals import wilson
from tower_anime.domain.knowledge import (
    COMPARED_WITH,
    REROLL,
    Effect,
    Knowledge,
    Outcome,
    combination_of,
    move_of,
)


def knowledge_of(outcomes: Sequence[Outcome]) -> Knowledge:
    """Return what the outcomes of one family and backend teach.

    A move counts as fixed when the attempt passed, or when the defect that it answers costs
    nothing any more and no other costs more than before.
    """
    tries: dict[tuple[str, str], list[tuple[bool, float]]] = defaultdict(list)
    compared: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for before, after in _pairs(outcomes):
        for correction in after.corrections:
            defect = correction.defect
            fixed = _fixed(defect, before, after)
            move = move_of(correction.change)
            tries[defect, move].append((fixed, after.cost_px))
            if move == REROLL and COMPARED_WITH in correction.reason:
                instead = correction.reason.partition(COMPARED_WITH)[2]
                compared[defect, instead].append(fixed)
    effects = {
        key: _effect(tries.get(key, ()), compared.get(key, ())) for key in {*tries, *compared}
    }
    return Knowledge(attempts=len(outcomes), effects=effects, failed=_failed(outcomes))


FAILED_WISHES = 4
"""Wishes for which a combination must have failed, and none passed, before it is avoided."""


def _failed(outcomes: Sequence[Outcome]) -> frozenset[tuple[object, ...]]:
    wishes: dict[tuple[object, ...], set[str]] = defaultdict(set)
    good = set[tuple[object, ...]]()
    for outcome in outcomes:
        combination = combination_of(outcome.request)
        wishes[combination].add(outcome.generation_id)
        if outcome.passed:
            good.add(combination)
    return frozenset(c for c, ids in wishes.items() if len(ids) >= FAILED_WISHES and c not in good)


def _pairs(outcomes: Sequence[Outcome]) -> Iterable[tuple[Outcome, Outcome]]:
    """Yield (the attempt that a correction started from, the corrected one).

    A correction starts from the best attempt so far: the first with the highest score.
    """
    ordered = sorted(outcomes, key=lambda outcome: (outcome.generation_id, outcome.number))
    for _, found in groupby(ordered, key=attrgetter("generation_id")):
        best: Outcome | None = None
        for outcome in found:
            if best is not None and outcome.corrections:
                yield best, outcome
            if best is None or (outcome.passed, outcome.score) > (best.passed, best.score):
                best = outcome


def _fixed(defect: str, before: Outcome, after: Outcome) -> bool:
    if after.passed:
        return True
    worse = any(loss > before.losses.get(kind, 0.0) for kind, loss in after.losses.items())
    return defect in before.losses and defect not in after.losses and not worse


def _effect(tried: Sequence[tuple[bool, float]], compared: Sequence[bool]) -> Effect:
    fixed = sum(done for done, _ in tried)
    cost_px = sum(cost for _, cost in tried) / len(tried) if tried else 0.0
    plain = Effect(tries=len(tried), fixed=fixed, cost_px=cost_px)
    if not tried or not compared:
        return plain
    uplift, low, high = difference(fixed, len(tried), sum(compared), len(compared))
    return Effect(
        tries=len(tried),
        fixed=fixed,
        cost_px=cost_px,
        compared=len(compared),
        compared_fixed=sum(compared),
        uplift=uplift,
        low=low,
        high=high,
    )


def difference(a: int, of_a: int, b: int, of_b: int) -> tuple[float, float, float]:
    """Return a/of_a - b/of_b with its 95 % interval (Newcombe 1998, method 10)."""
    share_a, share_b = a / of_a, b / of_b
    low_a, high_a = wilson(a, of_a)
    low_b, high_b = wilson(b, of_b)
    found = share_a - share_b
    down = math.hypot(share_a - low_a, high_b - share_b)
    up = math.hypot(high_a - share_a, share_b - low_b)
    return found, found - down, found + up


def retired(knowledge: Knowledge) -> Mapping[tuple[str, str], Effect]:
    """Return the moves that a plain new seed is shown to beat."""
    return {key: effect for key, effect in knowledge.effects.items() if effect.retired}
