"""How the score relates to a person's decisions, and which bar follows from that.

A logistic curve through the decisions says from which score on the person rather approves. It
counts only where the decisions follow the score at all, and where its bar repeats them better
than the present one does; else nothing changes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tower_anime.domain.intervals import Z95, wilson
from tower_anime.domain.lesson import Calibration, Decided, ReliabilityBin

ENOUGH = 20  # decisions; below that the interval is wider than any difference worth acting on
ENOUGH_OF_EACH = 4  # a person who always decides the same tells no bar
PRECISE = 0.9  # the lower bound of precision from which on a machine may reject more
NEWEST = 400  # decisions that count; people change

_TELLING = 10.83  # 2 ln of the likelihood ratio: chance below 0.001 (χ², one degree of freedom)
_STEEPEST = 60.0  # prior deviation of the slope (1/score): a bar as sharp as scores are exact
_BINS = 10
_LEAST, _MOST = 0.05, 0.98  # bars beyond would reject or accept everything

_Figures = NDArray[np.float64]


@dataclass(frozen=True)
class _Curve:
    """P(approve) = 1 / (1 + exp(−slope · (score − bar))); `spread` is the deviation of `bar`."""

    bar: float
    slope: float
    spread: float
    telling: bool

    def chance(self, score: float) -> float:
        return 1 / (1 + math.exp(-max(-500.0, min(500.0, self.slope * (score - self.bar)))))


def calibrate(decided: Sequence[Decided], *, threshold: float) -> Calibration:
    """Return what a person's decisions (oldest first) say about the bar of a profile."""
    told = list(decided)[-NEWEST:]
    yes = sum(one.approved for one in told)
    plain = Calibration(decisions=len(told), approved=yes, threshold=threshold, applied=threshold)
    if not told:
        return replace(plain, says=("nobody has decided on anything yet",))
    curve = _fit(told) if min(yes, len(told) - yes) >= 1 else None
    before = _agreement(told, threshold)
    seen = replace(plain, agreement_before=round(before, 4), reliability=_reliability(told, curve))
    why_not = _objection(told, curve, threshold)
    if curve is None or why_not:
        return replace(seen, says=(*_counts(told, threshold), f"the bar stays: {why_not}"))
    return _moved(seen, told, curve)


def _objection(told: Sequence[Decided], curve: _Curve | None, threshold: float) -> str | None:
    """Return why the decisions move no bar, None if they do."""
    yes = sum(one.approved for one in told)
    if len(told) < ENOUGH:
        return f"{ENOUGH} decisions are needed, {len(told)} are there"
    if min(yes, len(told) - yes) < ENOUGH_OF_EACH:
        return f"at least {ENOUGH_OF_EACH} approvals and as many rejections are needed"
    if curve is None or not curve.telling:
        return "the decisions don't follow the score"
    if not _LEAST <= curve.bar <= _MOST:
        return "the decisions lie on one side of every bar"
    if abs(curve.bar - threshold) <= Z95 * curve.spread:
        return f"it lies within what your decisions leave open ({curve.bar:.2f})"
    if _agreement(told, curve.bar) <= _agreement(told, threshold):
        return "another bar would not repeat the decisions better"
    return None


def _moved(seen: Calibration, told: Sequence[Decided], curve: _Curve) -> Calibration:
    """Return the calibration with its bar; a higher one rejects only as far as that is precise."""
    below = [one for one in told if one.score < curve.bar]
    wrong = sum(one.approved for one in below)
    precision = (len(below) - wrong) / len(below) if below else None
    surely = wilson(len(below) - wrong, len(below))[0] if below else None
    tightens = curve.bar > seen.threshold
    precise = surely is not None and surely >= PRECISE
    applied = curve.bar if not tightens or precise else seen.threshold
    agreement = _agreement(told, curve.bar)
    made = replace(
        seen,
        bar=round(curve.bar, 4),
        low=round(max(0.0, curve.bar - Z95 * curve.spread), 4),
        high=round(min(1.0, curve.bar + Z95 * curve.spread), 4),
        applied=round(applied, 4),
        review_below=round(curve.bar, 4) if tightens and not precise else None,
        precision=None if precision is None else round(precision, 4),
        precision_low=None if surely is None else round(surely, 4),
        agreement_after=round(agreement, 4),
    )
    return replace(made, says=(*_counts(told, curve.bar), *_words(made)))


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


def _fit(told: Sequence[Decided]) -> _Curve | None:
    """Fit the curve by Newton's method, its slope held by a wide prior; None if it falls."""
    scores = np.array([one.score for one in told])
    yes = np.array([float(one.approved) for one in told])
    middle = float(scores.mean())
    design = np.stack([np.ones_like(scores), scores - middle], axis=1)
    prior = np.diag([1e-4, 1 / _STEEPEST**2])
    at: _Figures = np.zeros(2)
    for _ in range(60):
        chance = 1 / (1 + np.exp(-np.clip(design @ at, -30, 30)))
        slope = design.T @ (yes - chance) - prior @ at
        bend = (design * (chance * (1 - chance))[:, None]).T @ design + prior
        step = np.linalg.solve(bend, slope)
        reach = float(np.abs(step).max())
        at = at + step * min(1.0, 10.0 / max(reach, 1e-9))
        if reach < 1e-8:
            break
    if at[1] <= 1e-6:
        return None
    spread = np.linalg.inv(bend)
    ratio = -at[0] / at[1]
    toward = np.array([-1 / at[1], at[0] / at[1] ** 2])
    share = float(yes.mean())
    flat = len(told) * (share * math.log(share) + (1 - share) * math.log(1 - share))
    fitted = float(np.sum(np.log(np.where(yes > 0.5, chance, 1 - chance) + 1e-12)))
    return _Curve(
        bar=middle + float(ratio),
        slope=float(at[1]),
        spread=math.sqrt(max(0.0, float(toward @ spread @ toward))),
        telling=2 * (fitted - flat) > _TELLING,
    )


def _agreement(told: Sequence[Decided], bar: float) -> float:
    return sum((one.score >= bar) == one.approved for one in told) / len(told)


def _reliability(told: Sequence[Decided], curve: _Curve | None) -> tuple[ReliabilityBin, ...]:
    """Return the decisions by tenths of the score, without empty ones."""
    found = []
    for at in range(_BINS):
        above, below = at / _BINS, (at + 1) / _BINS
        last = at == _BINS - 1
        here = [o for o in told if above <= o.score and (o.score < below or last)]
        if not here:
            continue
        yes = sum(one.approved for one in here)
        low, high = wilson(yes, len(here))
        chances = [curve.chance(one.score) for one in here] if curve else []
        expected = (
            sum(chances) / len(here) if chances else sum(o.approved for o in told) / len(told)
        )
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
