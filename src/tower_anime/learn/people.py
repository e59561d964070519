"""How the score relates to a person's decisions, and which bar follows from that.

A person approves what lies above a bar, more or less sharply, and now and then decides against
it: by a slip, or for what no score sees. Every such curve is weighed by how well it tells the
decisions (Bayes, over a grid); the bar is the middle of what is left. It counts only where the
decisions follow the score at all, and where it repeats them better than the present one does;
else nothing changes. Older decisions fade.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tower_anime.domain.intervals import wilson
from tower_anime.domain.lesson import Calibration, Decided, ReliabilityBin

ENOUGH = 20  # decisions; below that the interval is wider than any difference worth acting on
ENOUGH_OF_EACH = 2  # a person who always decides the same tells no bar
PRECISE = 0.9  # the lower bound of precision from which on a machine may reject more
NEWEST = 400  # decisions that count
HALF_LIFE = 200  # decisions after which one counts half; people change

_TELLING = math.log(100.0)  # log odds against decisions that have nothing to do with the score
_BINS = 10
_SAFELY = 0.025  # of what is believed lies below the interval, and as much above

_Figures = NDArray[np.float64]

# The grid of curves, all equally likely before any decision. The steepest is as sharp as scores
# are exact; a tenth of the scale is what a wavering person needs from "no" to "yes".
_BARS: _Figures = np.linspace(0.05, 0.98, 187)
_SLOPES = (8.0, 16.0, 32.0, 64.0, 128.0, 512.0)
_SLIPS: _Figures = np.array([0.0, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25])


@dataclass(frozen=True)
class _Curves:
    """What is believed of P(approve) = slip + (1 − 2 slip) / (1 + exp(−slope · (score − bar))).

    `bar` is the median, `low` to `high` the 95 % interval; `chances` what is expected of each
    decision told; `telling` whether the decisions follow the score at all.
    """

    bar: float
    low: float
    high: float
    chances: _Figures
    telling: bool


def calibrate(decided: Sequence[Decided], *, threshold: float) -> Calibration:
    """Return what a person's decisions (oldest first) say about the bar of a profile."""
    told = list(decided)[-NEWEST:]
    yes = sum(one.approved for one in told)
    plain = Calibration(decisions=len(told), approved=yes, threshold=threshold, applied=threshold)
    if not told:
        return replace(plain, says=("nobody has decided on anything yet",))
    curves = _weighed(told)
    before = _agreement(told, threshold)
    seen = replace(plain, agreement_before=round(before, 4), reliability=_reliability(told, curves))
    why_not = _objection(told, curves, threshold)
    if why_not:
        return replace(seen, says=(*_counts(told, threshold), f"the bar stays: {why_not}"))
    return _moved(seen, told, curves)


def _objection(told: Sequence[Decided], curves: _Curves, threshold: float) -> str | None:
    """Return why the decisions move no bar, None if they do."""
    yes = sum(one.approved for one in told)
    if len(told) < ENOUGH:
        return f"{ENOUGH} decisions are needed, {len(told)} are there"
    if min(yes, len(told) - yes) < ENOUGH_OF_EACH:
        return f"at least {ENOUGH_OF_EACH} approvals and as many rejections are needed"
    if not curves.telling:
        return "the decisions don't follow the score"
    if curves.low <= threshold <= curves.high:
        return f"it lies within what your decisions leave open ({curves.bar:.2f})"
    if _agreement(told, curves.bar) <= _agreement(told, threshold):
        return "another bar would not repeat the decisions better"
    return None


def _moved(seen: Calibration, told: Sequence[Decided], curves: _Curves) -> Calibration:
    """Return the calibration with its bar; a higher one rejects only as far as that is precise."""
    bar = round(curves.bar, 4)
    applied = _precise_up_to(told, seen.threshold, bar) if bar > seen.threshold else bar
    below = [one for one in told if one.score < bar]
    wrong = sum(one.approved for one in below)
    precision = (len(below) - wrong) / len(below) if below else None
    surely = wilson(len(below) - wrong, len(below))[0] if below else None
    made = replace(
        seen,
        bar=bar,
        low=round(curves.low, 4),
        high=round(curves.high, 4),
        applied=applied,
        review_below=bar if applied < bar else None,
        precision=None if precision is None else round(precision, 4),
        precision_low=None if surely is None else round(surely, 4),
        agreement_after=round(_agreement(told, bar), 4),
    )
    return replace(made, says=(*_counts(told, bar), *_words(made)))


def _precise_up_to(told: Sequence[Decided], threshold: float, bar: float) -> float:
    """Return the highest bar below which this person surely rejects; the old one if none is."""
    between = {round(one.score, 4) for one in told if threshold < one.score < bar}
    for candidate in (bar, *sorted(between, reverse=True)):
        below = [one.approved for one in told if one.score < candidate]
        if below and wilson(below.count(False), len(below))[0] >= PRECISE:
            return candidate
    return threshold


def _words(made: Calibration) -> tuple[str, ...]:
    assert made.bar is not None
    reach = f"{made.low:.2f} to {made.high:.2f}"
    before, after = f"{made.agreement_before:.0%}", f"{made.agreement_after:.0%}"
    found = [
        f"your bar is at {made.bar:.2f} ({reach}), the profile's at {made.threshold:.2f}",
        f"the profile's bar repeats {before} of your decisions, yours {after}",
    ]
    if made.review_below is not None:
        sure = f" (at least {made.precision_low:.0%} of them)" if made.precision_low else ""
        found.append(
            f"results from {made.applied:.2f} to {made.review_below:.2f} await your decision: "
            f"that you reject them is not sure enough{sure}"
        )
    elif made.applied > made.threshold:
        found.append(
            f"results below {made.applied:.2f} are rejected: of those you rejected at least "
            f"{made.precision_low:.0%}"
        )
    else:
        found.append(f"results from {made.applied:.2f} on pass")
    return tuple(found)


def _counts(told: Sequence[Decided], bar: float) -> tuple[str, ...]:
    rejected = [one for one in told if not one.approved]
    approved = [one for one in told if one.approved]
    found = []
    if rejected:
        low = sum(one.score < bar for one in rejected)
        found.append(f"of {len(rejected)} you rejected, {low} scored below {bar:.2f}")
    if approved:
        high = sum(one.score >= bar for one in approved)
        found.append(f"of {len(approved)} you approved, {high} scored {bar:.2f} or more")
    return tuple(found)


# ---- the curve ----------------------------------------------------------------------------------


def _weighed(told: Sequence[Decided]) -> _Curves:
    """Weigh every curve of the grid by the decisions, newer ones more."""
    scores = np.array([one.score for one in told])
    yes = np.array([one.approved for one in told])
    counts = 0.5 ** (np.arange(len(told) - 1, -1, -1) / HALF_LIFE)
    away = scores[:, None] - _BARS
    likely = np.empty((len(_SLOPES), len(_SLIPS), len(_BARS)))
    clear = [1 / (1 + np.exp(-np.clip(slope * away, -40, 40))) for slope in _SLOPES]
    for at, chance in enumerate(clear):
        right = np.where(yes[:, None], chance, 1 - chance)
        for also, slip in enumerate(_SLIPS):
            likely[at, also] = counts @ np.log(slip + (1 - 2 * slip) * right + 1e-12)
    best = float(likely.max())
    belief = np.exp(likely - best)
    evidence = best + math.log(float(belief.mean()))
    belief /= belief.sum()
    low, bar, high = _quantiles(belief.sum(axis=(0, 1)), (_SAFELY, 0.5, 1 - _SAFELY))
    telling = evidence - _by_chance(yes, counts) > _TELLING
    return _Curves(bar, low, high, _expected(clear, belief), telling)


def _quantiles(belief: _Figures, shares: Sequence[float]) -> list[float]:
    """Return quantiles of the bar, each candidate standing for the step around it."""
    step = float(_BARS[1] - _BARS[0])
    edges = np.append(_BARS - step / 2, _BARS[-1] + step / 2)
    return [float(at) for at in np.interp(shares, np.append(0.0, np.cumsum(belief)), edges)]


def _expected(clear: Sequence[_Figures], belief: _Figures) -> _Figures:
    """Return the chance of an approval of each decision told, over all curves."""
    slips = _SLIPS[:, None]
    found = np.zeros(len(clear[0]))
    for chance, weights in zip(clear, belief, strict=True):
        found += float((slips * weights).sum())
        found += chance @ ((1 - 2 * slips) * weights).sum(axis=0)
    return found


def _by_chance(yes: NDArray[np.bool_], counts: _Figures) -> float:
    """Return the log likelihood of decisions with one unknown share of approvals."""
    of, against = float(counts[yes].sum()), float(counts[~yes].sum())
    return math.lgamma(of + 1) + math.lgamma(against + 1) - math.lgamma(of + against + 2)


def _agreement(told: Sequence[Decided], bar: float) -> float:
    return sum((one.score >= bar) == one.approved for one in told) / len(told)


def _reliability(told: Sequence[Decided], curves: _Curves) -> tuple[ReliabilityBin, ...]:
    """Return the decisions by tenths of the score, without empty ones."""
    found = []
    for at in range(_BINS):
        above, below = at / _BINS, (at + 1) / _BINS
        last = at == _BINS - 1
        here = [n for n, o in enumerate(told) if above <= o.score and (o.score < below or last)]
        if not here:
            continue
        yes = sum(told[n].approved for n in here)
        low, high = wilson(yes, len(here))
        expected = float(curves.chances[here].mean())
        found.append(
            ReliabilityBin(
                above=above,
                below=below,
                decisions=len(here),
                approved=yes,
                share=round(yes / len(here), 4),
                low=round(low, 4),
                high=round(high, 4),
                expected=round(expected, 4),
            )
        )
    return tuple(found)
