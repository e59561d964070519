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
from dataclasses import dataclass
from types import MappingProxyType

from tower_anime.assess.checks import CHECKS, Check, Numbers, amount, signals_of
from tower_anime.domain.quality import (
    Action,
    Assessment,
    Defect,
    FileError,
    Measured,
    Measurements,
    Profile,
    Region,
    Verdict,
)

ASSESSOR = "2026.11.2"
"""Version of thresholds and weights; measurements judged by another one can be judged again."""

NAMED_FROM = 0.2
"""Severity from which a defect is named; less is within what clean art shows."""

_SHORT_SIDE = 0.6  # SDXL's own buckets go down to 640 of 1024 px on the shorter side
_COUNTS = None  # what a profile says of a defect that simply counts: nothing


def judge(
    measurements: Measurements,
    *,
    kind: str,
    width: int,
    height: int,
    profile: Profile,
    relaxed: Mapping[str, float] = MappingProxyType({}),
    seconds: float = 0.0,
) -> Assessment:
    """Judge stored measurements; the same arguments give the same assessment, always.

    Args:
        measurements: of the metric table; names that are missing count as not measured.
        kind: `image` or `video`, passed on.
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        profile: its `off` drops a defect, `warn` and `review` name it at no loss of score,
            `reject` rejects as soon as it is named. Its `required` measurements must be there
            for a pass; a defect that rejects does so without them as well.
        relaxed: defect kind → share (0–1) of its amount that intent forgives.
        seconds: what measuring took, passed on.
    """
    figures = {name: m.value for name, m in measurements.items() if isinstance(m, Measured)}
    numbers = figures | _size(width, height, profile)
    findings = _findings(numbers, profile, relaxed)
    score = math.exp(-sum(finding.loss for finding in findings)) if figures else None
    defects = _defects(findings, numbers) if figures else ()
    return Assessment(
        kind=kind,
        width=width,
        height=height,
        score=score,
        verdict=_verdict(score, defects, measurements, profile),
        threshold=profile.threshold,
        defects=defects,
        measurements=measurements,
        profile=profile.name,
        assessor=ASSESSOR,
        seconds=seconds,
        relaxed=dict(relaxed),
    )


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
        profile=profile.name,
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


@dataclass(frozen=True, kw_only=True)
class _Finding:
    """A kind with its amount after intent, what it takes from ln(score), and its main check."""

    check: Check
    amount: float
    loss: float

    @property
    def severity(self) -> float:
        return -math.expm1(-self.amount)


def _findings(
    numbers: Numbers, profile: Profile, relaxed: Mapping[str, float]
) -> tuple[_Finding, ...]:
    signals = signals_of(numbers)
    parts: dict[str, list[_Finding]] = {}
    for check in CHECKS:
        action = profile.actions.get(check.kind, _COUNTS)
        found = amount(check, signals)
        if action is Action.OFF or found is None or not check.told <= numbers.keys():
            continue
        found *= 1 - min(max(relaxed.get(check.kind, 0.0), 0.0), 1.0)
        loss = check.weight * found if action in (_COUNTS, Action.REJECT) else 0.0
        parts.setdefault(check.kind, []).append(_Finding(check=check, amount=found, loss=loss))
    return tuple(_summed(findings) for findings in parts.values())


def _summed(findings: list[_Finding]) -> _Finding:
    return _Finding(
        check=max(findings, key=lambda finding: finding.amount).check,
        amount=sum(finding.amount for finding in findings),
        loss=sum(finding.loss for finding in findings),
    )


def _defects(findings: tuple[_Finding, ...], numbers: Numbers) -> tuple[Defect, ...]:
    """Return the named defects, worst first; their shares of the loss sum to 1 (or to 0).

    A blank picture is blank before all else: that it is dark as well follows from it.
    """
    named = [finding for finding in findings if finding.severity >= NAMED_FROM]
    total = sum(finding.loss for finding in named)
    return tuple(
        Defect(
            kind=finding.check.kind,
            severity=finding.severity,
            message=finding.check.message.format_map(numbers),
            measurement=finding.check.evidence,
            where=_where(finding.check.kind, numbers),
            loss=finding.loss / total if total else 0.0,
        )
        for finding in sorted(named, key=_gravity, reverse=True)
    )


def _gravity(finding: _Finding) -> tuple[bool, float]:
    return finding.check.kind == "blank", finding.loss


def _where(kind: str, numbers: Numbers) -> Region | None:
    if kind != "partial_blank":
        return None
    x, y, width, height = (int(numbers[f"flat_{part}"]) for part in ("x", "y", "width", "height"))
    return Region(x, y, width, height)


def _verdict(
    score: float | None, defects: tuple[Defect, ...], measurements: Measurements, profile: Profile
) -> Verdict:
    if score is None:
        return Verdict.UNMEASURED
    forbidden = any(profile.actions.get(defect.kind) is Action.REJECT for defect in defects)
    if forbidden or score < profile.threshold:
        return Verdict.REJECT
    measured = all(isinstance(measurements.get(name), Measured) for name in profile.required)
    return Verdict.PASS if measured else Verdict.UNMEASURED
