"""Which parameters to begin with: what passed nearby, weighed against what is usual.

A local model in the spirit of kernel regression: outcomes near a candidate (in steps, guidance,
sampler, size, checkpoint) count for it by their nearness, on top of a first guess that favours
what would be drawn anyway. Few outcomes move little; a candidate is preferred for what is sure
about it. Nothing is stored: the outcomes are all there is.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tower_anime.domain.family import Family, Guidance
from tower_anime.domain.knowledge import Outcome, Suggestion
from tower_anime.domain.manner import manner_of
from tower_anime.domain.request import RenderRequest
from tower_anime.learn.prompts import tokens

LEARNABLE = ("steps", "cfg", "sampler", "scheduler")
"""The parameters that are suggested; prompt, size and model are the user's."""

ENOUGH = 8  # outcomes before anything is suggested
NEWEST = 400  # outcomes that count; older ones are of older models and settings

_STEP_SHARES = (0.5, 0.65, 0.8, 1.0, 1.25, 1.5, 2.0)
_CFG_SHARES = (0.0, 0.15, 0.3, 0.45, 0.6, 0.8, 1.0)
# Chosen by hand: how far outcomes reach, and what they are worth elsewhere.
_REACH_STEPS = 0.35  # of the logarithm of the steps
_REACH_CFG = 0.22  # of the family's range
_OTHER_SAMPLER, _OTHER_MODEL, _OTHER_SIZE, _OTHER_MANNER = 0.35, 0.35, 0.5, 0.5
_GUESS, _GUESS_WEIGHT = 0.5, 1.5
_CAUTION, _CURIOSITY = 0.5, 1.0
_WORTH_CHANGING = 0.08  # in expected share; less is noise
_EXPLORE = 0.15
_GOOD_ENOUGH = 0.85  # above that there is nothing to find out

_Figures: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class _Place:
    """Candidates or outcomes as columns of figures."""

    steps: _Figures
    cfg: _Figures
    sampler: NDArray[np.int64]


def suggest(
    outcomes: Sequence[Outcome],
    *,
    base: RenderRequest,
    family: Family,
    free: Collection[str],
    offered: Mapping[str, Collection[str]],
    lot: float,
    weights: Sequence[float] | None = None,
) -> Suggestion:
    """Return what to begin with in the place of `base`, the request as it would be drawn anyway.

    `outcomes` are the family's, oldest first; only parameters in `free` are changed; `offered`
    are the server's samplers and schedulers; `lot` (0 to 1) decides whether this one explores;
    `weights` (0 to 1 each) let old outcomes decay.
    A workflow without guidance (cfg 1) runs a distilled model or LoRA: its steps and cfg belong
    together, and the family's figures do not hold.
    """
    given = weights if weights is not None else [1.0] * len(outcomes)
    counted = [
        (outcome, weight)
        for outcome, weight in zip(outcomes, given, strict=True)
        if outcome.request.kind == base.kind
    ][-NEWEST:]
    told = [outcome for outcome, _ in counted]
    changeable = [name for name in LEARNABLE if name in free]
    is_distilled = family.guidance is Guidance.CFG and base.cfg <= 1.0
    if len(told) < ENOUGH or not changeable or is_distilled:
        return Suggestion()
    candidates = _candidates(base, family, changeable, offered)
    mean, spread = _expected(
        candidates, told, base, family, np.array([weight for _, weight in counted])
    )
    best = int(np.argmax(mean - _CAUTION * spread))
    explores = lot < _EXPLORE and float(mean[best]) < _GOOD_ENOUGH
    if explores:
        best = int(np.argmax(mean + _CURIOSITY * spread))
    elif _sure(mean, spread, best) - _sure(mean, spread, 0) < _WORTH_CHANGING:
        best = 0
    values = {name: candidates[best][name] for name in changeable}
    changed = {name: value for name, value in values.items() if value != getattr(base, name)}
    why = "explored" if explores else f"learned from {len(told)} outcomes"
    return Suggestion(
        values=changed,
        origins=dict.fromkeys(changed, why),
        chance=round(float(mean[best]), 3),
        explored=explores,
        probability=_EXPLORE if explores else 1 - _EXPLORE,
    )


def _sure(mean: _Figures, spread: _Figures, index: int) -> float:
    return float(mean[index] - _CAUTION * spread[index])


def _candidates(
    base: RenderRequest,
    family: Family,
    changeable: Collection[str],
    offered: Mapping[str, Collection[str]],
) -> list[dict[str, object]]:
    """Return the safe set, `base` first: within the family's range and the server's offer."""
    low, good, high = family.steps
    steps = {max(low, min(high, round(good * share))) for share in _STEP_SHARES}
    cfg_low, _, cfg_high = family.cfg
    cfgs = {round(cfg_low + (cfg_high - cfg_low) * share, 1) for share in _CFG_SHARES}
    if family.guidance is Guidance.NONE:
        cfgs = {base.cfg}
    pairs = ((family.sampler, family.scheduler), *family.other_samplers)
    known = [p for p in pairs if _on_offer(p, offered)] or [(base.sampler, base.scheduler)]
    both = {"sampler", "scheduler"} <= set(changeable)
    grid = itertools.product(
        sorted(steps) if "steps" in changeable else [base.steps],
        sorted(cfgs) if "cfg" in changeable else [base.cfg],
        known if both else [(base.sampler, base.scheduler)],
    )
    names = ("steps", "cfg", "sampler", "scheduler")
    first: dict[str, object] = {name: getattr(base, name) for name in names}
    return [
        first,
        *(dict(zip(names, (steps, cfg, *pair), strict=True)) for steps, cfg, pair in grid),
    ]


def _on_offer(pair: tuple[str, str], offered: Mapping[str, Collection[str]]) -> bool:
    return all(
        name not in offered or value in offered[name]
        for name, value in zip(("sampler", "scheduler"), pair, strict=True)
    )


def _expected(
    candidates: Sequence[Mapping[str, object]],
    told: Sequence[Outcome],
    base: RenderRequest,
    family: Family,
    weights: _Figures,
) -> tuple[_Figures, _Figures]:
    """Return the expected share that passes of each candidate, and how unsure it is (0–0.5)."""
    numbers: dict[object, int] = {}
    here = _place([tuple(c[name] for name in LEARNABLE) for c in candidates], numbers)
    requests = (outcome.request for outcome in told)
    there = _place([(r.steps, r.cfg, r.sampler, r.scheduler) for r in requests], numbers)
    near = _nearness(here, there, family)
    manner = manner_of(tokens(base.prompt))
    weight = near * weights * [_relevance(outcome, base, manner) for outcome in told]
    worth = np.array([1.0 if outcome.passed else 0.4 * outcome.score for outcome in told])
    usual = _nearness(here, _first(here), family)[:, 0]
    hits = _GUESS_WEIGHT * _GUESS * (0.6 + 0.4 * usual) + weight @ worth
    cases = _GUESS_WEIGHT + weight.sum(axis=1)
    mean = hits / cases
    return mean, np.sqrt(mean * (1 - mean) / (cases + 1))


def _place(rows: Sequence[tuple[Any, ...]], numbers: dict[object, int]) -> _Place:
    """Return rows of steps, cfg, sampler, scheduler; `numbers` numbers the latter pairs."""
    steps, cfgs, samplers, schedulers = zip(*rows, strict=True)
    both = list(zip(samplers, schedulers, strict=True))
    return _Place(
        steps=np.log(np.array(steps, float)),
        cfg=np.array(cfgs, float),
        sampler=np.array([numbers.setdefault(pair, len(numbers)) for pair in both]),
    )


def _first(place: _Place) -> _Place:
    return _Place(place.steps[:1], place.cfg[:1], place.sampler[:1])


def _nearness(here: _Place, there: _Place, family: Family) -> _Figures:
    """Return how much each of `there` says of each of `here` (0–1)."""
    span = max(family.cfg[2] - family.cfg[0], 0.5)
    steps = (here.steps[:, None] - there.steps[None, :]) / _REACH_STEPS
    cfg = (here.cfg[:, None] - there.cfg[None, :]) / (_REACH_CFG * span)
    same = np.where(here.sampler[:, None] == there.sampler[None, :], 1.0, _OTHER_SAMPLER)
    nearness: _Figures = np.exp(-0.5 * (steps**2 + cfg**2)) * same
    return nearness


def _relevance(outcome: Outcome, base: RenderRequest, manner: frozenset[str]) -> float:
    """Return what an outcome of another model file, size or manner of drawing is worth here."""
    model = 1.0 if outcome.checkpoint == base.checkpoint else _OTHER_MODEL
    area = outcome.request.width * outcome.request.height / (base.width * base.height)
    size = 1.0 if 0.7 <= area <= 1.4 else _OTHER_SIZE
    there = manner_of(tokens(outcome.request.prompt))
    alike = len(manner & there) / len(manner | there) if manner or there else 1.0
    return model * size * (_OTHER_MANNER + (1 - _OTHER_MANNER) * alike)
