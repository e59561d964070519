"""Measurements, profile and intent to defects, score and verdict: arithmetic on stored numbers.

Each check turns its measurements into an amount (`checks`): 0 for none of it, without an upper
end. From the amounts follow

    severity = 1 − exp(−amount)        score = exp(−Σ weight · amount)

so every worsening lowers the score, down to the very bottom, and the losses of defects add up.
With weight 1 and the usual threshold of 0.7, one defect of severity 0.3 costs the pass.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from tower_anime.assess.checks import Check, amounts
from tower_anime.assess.ruled import DEFAULT_ACTIONS, Fact, facts
from tower_anime.assess.signals import Numbers
from tower_anime.domain.quality import (
    Action,
    Asked,
    Assessment,
    Defect,
    FileError,
    Measured,
    Measurements,
    Profile,
    Region,
    Verdict,
)

ASSESSOR = "2026.11.10"
"""Version of thresholds and weights; measurements judged by another one can be judged again."""

NAMED_FROM = 0.42
"""Severity from which a defect is named: clean art reaches less, as a rule."""

_SHORT_SIDE = 0.6  # SDXL's own buckets go down to 640 of 1024 px on the shorter side
_COUNTS = None  # what a profile says of a defect that simply counts: nothing
_NOTHING = Asked()


def judge(
    measurements: Measurements,
    *,
    kind: str,
    width: int,
    height: int,
    profile: Profile,
    relaxed: Mapping[str, float] = MappingProxyType({}),
    asked: Asked | None = None,
    seconds: float = 0.0,
) -> Assessment:
    """Judge stored measurements; the same arguments give the same assessment, always.

    Args:
        measurements: of the metric table; names that are missing count as not measured.
        kind: `image` or `video`, passed on.
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        profile: its `off` drops a defect, `warn` and `review` name it at no loss of score,
            `reject` rejects as soon as it is as severe as the profile says. Its `required`
            measurements must be there for a pass; a defect that rejects does so without them.
        relaxed: defect kind → share (0–1) of its amount that intent forgives; the profile's own
            shares hold as well.
        asked: what the picture was meant to be; None: nobody told.
        seconds: what measuring took, passed on.
    """
    figures = {name: m.value for name, m in measurements.items() if isinstance(m, Measured)}
    found = judge_figures(
        figures,
        kind=kind,
        width=width,
        height=height,
        profile=profile,
        relaxed=relaxed,
        asked=asked,
        seconds=seconds,
    )
    return replace(found, measurements=measurements)


def judge_figures(
    figures: Numbers,
    *,
    kind: str,
    width: int,
    height: int,
    profile: Profile,
    relaxed: Mapping[str, float] = MappingProxyType({}),
    asked: Asked | None = None,
    seconds: float = 0.0,
) -> Assessment:
    """Judge as `judge` does by the numbers alone; the assessment holds no measurements."""
    numbers = {**figures, **_size(width, height, profile), "moves": float(kind == "video")}
    forgiven = forgiven_by(profile, relaxed)
    findings = _findings(numbers, profile, forgiven, asked or _NOTHING)
    score = math.exp(-sum(finding.loss for finding in findings)) if figures else None
    rejected = score is not None and score < profile.threshold
    defects = _defects(findings, numbers, profile, rejected=rejected) if figures else ()
    return Assessment(
        kind=kind,
        width=width,
        height=height,
        score=score,
        verdict=_verdict(score, defects, figures, profile),
        threshold=profile.threshold,
        defects=defects,
        measurements={},
        profile=profile.label,
        assessor=ASSESSOR,
        seconds=seconds,
        relaxed=dict(forgiven),
        asked=asked,
    )


def forgiven_by(profile: Profile, relaxed: Mapping[str, float]) -> Mapping[str, float]:
    """Return defect kind → share (0–1) that prompt or profile forgives, whichever is more."""
    if not profile.relax:
        return relaxed
    kinds = {*profile.relax, *relaxed}
    return {kind: max(profile.relax.get(kind, 0.0), relaxed.get(kind, 0.0)) for kind in kinds}


def acts(defect: Defect, profile: Profile, action: Action) -> bool:
    """Whether the profile asks for this action on a still's defect as severe as this one."""
    return profile.actions.get(
        defect.kind, DEFAULT_ACTIONS.get(defect.kind)
    ) is action and defect.severity >= profile.severities.get(defect.kind, NAMED_FROM)


def unreadable(*, kind_of_error: str, message: str, kind: str, profile: Profile) -> Assessment:
    """Return the assessment of a file that can't be decoded: no score, nothing measured."""
    return Assessment(
        kind=kind,
        width=0,
        height=0,
        score=None,
        verdict=Verdict.UNMEASURED,
        threshold=profile.threshold,
        defects=(),
        measurements={},
        profile=profile.label,
        assessor=ASSESSOR,
        seconds=0.0,
        error=FileError(kind_of_error, message),
    )


def _size(width: int, height: int, profile: Profile) -> dict[str, float]:
    """Return the size in numbers; `shortfall` is −ln of its side over the demanded one.

    Sides are compared by the root of the areas, so that any aspect of the demanded area fits;
    a shorter side under `_SHORT_SIDE` of the demanded shorter side counts as well.
    """
    size = {
        "width": float(width),
        "height": float(height),
        "min_width": float(profile.min_width),
        "min_height": float(profile.min_height),
    }
    if min(width, height, profile.min_width, profile.min_height) <= 0:
        return size
    by_area = math.sqrt(width * height / (profile.min_width * profile.min_height))
    by_side = min(width, height) / (_SHORT_SIDE * min(profile.min_width, profile.min_height))
    return size | {"shortfall": -math.log(min(by_area, by_side))}


# ---- defects and verdict --------------------------------------------------------------------


@dataclass(slots=True)
class _Finding:
    """A kind with its amount after intent, what it takes from ln(score), and its main evidence."""

    kind: str
    evidence: Check | Fact
    largest: float
    amount: float
    loss: float

    @property
    def severity(self) -> float:
        return -math.expm1(-self.amount)

    def add(self, evidence: Check | Fact, amount: float, loss: float) -> None:
        """Add another part of the same kind; the largest part is the evidence."""
        self.amount += amount
        self.loss += loss
        if amount > self.largest:
            self.evidence, self.largest = evidence, amount

    def told(self, numbers: Numbers) -> tuple[str, str]:
        """Return the message and the measurement behind it."""
        if isinstance(self.evidence, Fact):
            return self.evidence.message, self.evidence.measurement
        return self.evidence.message.format_map(numbers), self.evidence.evidence


def _findings(
    numbers: Numbers, profile: Profile, forgiven: Mapping[str, float], asked: Asked
) -> tuple[_Finding, ...]:
    found: dict[str, _Finding] = {}
    size = int(numbers["width"]), int(numbers["height"])
    ruled = facts(numbers, *size, expect=asked.expect, prompt=asked.prompt)
    parts: list[tuple[Check | Fact, float, float]]
    parts = [(check, amount, check.weight) for check, amount in amounts(numbers)]
    parts += [(fact, fact.amount, 1.0) for fact in ruled]
    actions = {**DEFAULT_ACTIONS, **profile.actions}
    for evidence, amount, weight in parts:
        kind = evidence.kind
        action = actions.get(kind, _COUNTS)
        if action is Action.OFF:
            continue
        left = amount * (1 - min(max(forgiven[kind], 0.0), 1.0)) if kind in forgiven else amount
        loss = weight * left if action is _COUNTS or action is Action.REJECT else 0.0
        sofar = found.get(kind)
        if sofar is None:
            found[kind] = _Finding(kind, evidence, left, left, loss)
        else:
            sofar.add(evidence, left, loss)
    for cause, (least, kinds) in _FOLLOW.items():
        if cause in found and found[cause].severity >= least:
            for kind in kinds & found.keys():
                follows = found.pop(kind)
                found[cause].amount += follows.amount
                found[cause].loss += follows.loss
    return tuple(found.values())


_FOLLOW: Mapping[str, tuple[float, frozenset[str]]] = MappingProxyType(
    {
        "blank": (
            NAMED_FROM,
            frozenset({"low_contrast", "underexposed", "overexposed", "color_cast"}),
        ),
        "undersampled": (0.15, frozenset({"blur"})),
    }
)
"""What is no finding of its own beside its cause, and how severe that has to be: where there is
nothing, it is dark or dull as well; what has no residue of unfinished steps is merely soft."""


def _defects(
    findings: tuple[_Finding, ...], numbers: Numbers, profile: Profile, *, rejected: bool
) -> tuple[Defect, ...]:
    """Return the named defects, worst first; their shares of the loss sum to 1 (or to 0).

    A profile that acts on less than what is usually named has that named as well; a score that
    rejects by many small losses has the largest of them named.
    """
    named = [
        finding
        for finding in findings
        if finding.severity >= min(NAMED_FROM, profile.severities.get(finding.kind, NAMED_FROM))
    ]
    if rejected and not named:
        named = [max(findings, key=lambda finding: finding.loss)]
    total = sum(finding.loss for finding in named)
    return tuple(
        Defect(
            kind=finding.kind,
            severity=finding.severity,
            message=message,
            measurement=measurement,
            where=_where(finding.kind, numbers),
            loss=finding.loss / total if total else 0.0,
        )
        for finding in sorted(named, key=lambda finding: finding.loss, reverse=True)
        for message, measurement in (finding.told(numbers),)
    )


def _where(kind: str, numbers: Numbers) -> Region | None:
    if kind != "partial_blank":
        return None
    x, y, width, height = (int(numbers[f"flat_{part}"]) for part in ("x", "y", "width", "height"))
    return Region(x, y, width, height)


def _verdict(
    score: float | None, defects: tuple[Defect, ...], figures: Numbers, profile: Profile
) -> Verdict:
    if score is None:
        return Verdict.UNMEASURED
    forbidden = any(acts(defect, profile, Action.REJECT) for defect in defects)
    if forbidden or score < profile.threshold:
        return Verdict.REJECT
    measured = all(name in figures for name in profile.required)
    return Verdict.PASS if measured else Verdict.UNMEASURED
