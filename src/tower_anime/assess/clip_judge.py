"""A clip's numbers and its typical frame to defects, score and verdict.

Arithmetic on stored numbers, so that a new threshold judges old clips again without opening a
file. Amounts, severities and losses are those of `judge`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from tower_anime.assess import judge, ruled
from tower_anime.assess.clip_checks import (
    CHECKS,
    OF_FRAMES,
    Finding,
    delivery,
    glitch_findings,
    size_findings,
)
from tower_anime.domain.expectation import Expectation
from tower_anime.domain.quality import (
    Action,
    Asked,
    Assessment,
    Defect,
    Measured,
    Measurement,
    Measurements,
    Profile,
    Verdict,
)

DEFAULT_ACTIONS: Mapping[str, Action] = MappingProxyType(
    {
        "flash": Action.REJECT,
        "delivery": Action.WARN,
        "flash_sequence": Action.WARN,
        "audio_missing": Action.OFF,
        "loudness": Action.WARN,
        **ruled.DEFAULT_ACTIONS,
    }
)
"""What is done about a clip's defects where the profile does not say; the others count."""

NAMED_FROM = 0.2
"""Severity from which a defect over time is named; what a frame shows is named by `judge`."""

_TELLING = 0.5  # of what the frames lose: less over time is not what a clip is rejected for


def judge_clip(
    measurements: Measurements,
    still: Assessment | None,
    *,
    profile: Profile,
    width: int,
    height: int,
    expect: Expectation,
    failed_delivery: Sequence[str] = (),
    relaxed: Mapping[str, float] = MappingProxyType({}),
    asked: Asked | None = None,
    seconds: float = 0.0,
) -> Assessment:
    """Judge a clip by its own measurements and the assessment of its representative frame.

    Args:
        measurements: of `measure`.
        still: of the frame that stands for the clip; None: none could be looked at.
        profile: as for stills; where it says nothing, `DEFAULT_ACTIONS` holds.
        width: as shown, in pixels.
        height: as shown, in pixels.
        expect: what was asked for.
        failed_delivery: the points of the delivery profile that the file fails, in words.
        relaxed: defect kind → share (0–1) of its amount that intent forgives; the profile's own
            shares hold as well.
        asked: what the clip was meant to be; None: nobody told.
        seconds: what measuring took, passed on.
    """
    told = {**_of_frame(still, OF_FRAMES), **measurements}
    numbers = {name: m.value for name, m in told.items() if isinstance(m, Measured)}
    findings = [finding for check in CHECKS if (finding := check(numbers, expect)) is not None]
    findings += glitch_findings(numbers)
    findings += size_findings(width, height, expect)
    if failed_delivery:
        findings.append(delivery(failed_delivery))
    forgiven = judge.forgiven_by(profile, relaxed)
    own = [_weighed(finding, profile, forgiven) for finding in findings]
    seen = {defect.kind for defect in still.defects} if still else set()
    named = [
        (finding, loss)
        for finding, loss in own
        if _severity(finding.amount)
        >= min(NAMED_FROM, profile.severities.get(finding.kind, NAMED_FROM))
        and (finding.where or finding.kind not in seen)
    ]
    still_loss = -math.log(max(still.score, 1e-12)) if still and still.score is not None else 0.0
    loss = still_loss + sum(part for _, part in own)
    score = math.exp(-loss) if still is not None and still.score is not None else None
    if score is not None and score < profile.threshold and not any(part for _, part in named):
        named += _largest(own, beside=still, least=_TELLING * still_loss)
    defects = _defects(named, still, still_loss)
    everything = {**(still.measurements if still else {}), **measurements}
    return Assessment(
        kind="video",
        width=width,
        height=height,
        score=score,
        verdict=_verdict(score, defects, everything, profile),
        threshold=profile.threshold,
        defects=defects,
        measurements=everything,
        profile=profile.label,
        assessor=judge.ASSESSOR,
        seconds=seconds,
        relaxed=dict(forgiven),
        asked=asked,
    )


_OF_FRAMES: Mapping[str, float] = MappingProxyType(
    {
        "compression": 0.5,  # every video is compressed, and more so where it moves
        "blur": 0.5,  # so is motion blurred
        "upscaled": 0.5,  # codecs fill in between the pixels of what moves
        "underexposed": 0.75,  # no prompt tells of every moment of a shot
        "overexposed": 0.5,
        "low_contrast": 0.5,  # skies, mist, what dissolves into the next shot
        "tiling": 0.75,  # backgrounds of film have rows of trees, windows, lamps
        "motion_blur": 0.5,
        "color_cast": 0.5,
        "oversaturated": 0.25,
        "undersampled": 0.25,
    }
)
"""Share (0-1) of a still's defect that is forgiven to a frame; chosen by hand on drawn clips."""


def as_frames(relaxed: Mapping[str, float]) -> Mapping[str, float]:
    """Return what is forgiven to the frames of a clip of which `relaxed` is forgiven."""
    return {
        kind: max(relaxed.get(kind, 0.0), _OF_FRAMES.get(kind, 0.0))
        for kind in {*relaxed, *_OF_FRAMES}
    }


def action_of(kind: str, profile: Profile) -> Action | None:
    """Return what a profile does about a clip's defect; None: it counts."""
    return profile.actions.get(kind, DEFAULT_ACTIONS.get(kind))


def acts(defect: Defect, profile: Profile, action: Action) -> bool:
    """Whether the profile asks for this action on a clip's defect as severe as this one."""
    return action_of(defect.kind, profile) is action and defect.severity >= (
        profile.severities.get(defect.kind, NAMED_FROM)
    )


def _weighed(
    finding: Finding, profile: Profile, relaxed: Mapping[str, float]
) -> tuple[Finding, float]:
    """Return the finding after intent, and its loss; one that is off has amount 0."""
    action = action_of(finding.kind, profile)
    forgiven = 1.0 if action is Action.OFF else min(max(relaxed.get(finding.kind, 0.0), 0.0), 1.0)
    amount = finding.amount * (1 - forgiven)
    counts = action in (None, Action.REJECT)
    kept = replace(finding, amount=amount)
    return kept, finding.weight * amount if counts else 0.0


def _of_frame(still: Assessment | None, names: Sequence[str]) -> dict[str, Measurement]:
    """Return what was measured under these names of the frame that stands for the clip."""
    found = still.measurements if still else {}
    return {name: found[name] for name in names if name in found}


def _largest(
    own: Sequence[tuple[Finding, float]], *, beside: Assessment | None, least: float
) -> list[tuple[Finding, float]]:
    """Return the largest of many small losses, which together reject, if nothing else is named."""
    if beside is not None and beside.defects:
        return []
    counting = [(finding, loss) for finding, loss in own if loss > least]
    return sorted(counting, key=lambda found: -found[1])[:1]


def _severity(amount: float) -> float:
    return -math.expm1(-amount)


def _defects(
    named: Sequence[tuple[Finding, float]], still: Assessment | None, still_loss: float
) -> tuple[Defect, ...]:
    """Return one defect for each stretch, worst first; their shares of the loss sum to 1."""
    total = still_loss + sum(loss for _, loss in named)
    found = [
        Defect(
            kind=finding.kind,
            severity=_severity(finding.amount),
            message=finding.message,
            measurement=finding.measurement,
            where=where,
            loss=loss / total / max(1, len(finding.where)) if total else 0.0,
        )
        for finding, loss in named
        for where in finding.where or (None,)
    ]
    for defect in still.defects if still else ():
        share = defect.loss * still_loss / total if total else 0.0
        found.append(replace(defect, loss=share))
    scale = sum(defect.loss for defect in found)
    if scale:
        found = [replace(defect, loss=defect.loss / scale) for defect in found]
    return tuple(sorted(found, key=lambda defect: -defect.loss))


def _verdict(
    score: float | None, defects: Sequence[Defect], measurements: Measurements, profile: Profile
) -> Verdict:
    if any(acts(defect, profile, Action.REJECT) for defect in defects):
        return Verdict.REJECT
    if score is None:
        return Verdict.UNMEASURED
    if score < profile.threshold:
        return Verdict.REJECT
    measured = all(isinstance(measurements.get(name), Measured) for name in profile.required)
    return Verdict.PASS if measured else Verdict.UNMEASURED
