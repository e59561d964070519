"""Measurements, profile and intent to defects, score and verdict: arithmetic on stored numbers.

Each check turns its measurements into an amount: 0 for none of it, without an upper end. From
the amounts follow

    severity = 1 − exp(−amount)        score = exp(−Σ weight · amount)

so every worsening lowers the score, down to the very bottom, and the losses of defects add up.
With weight 1 and the usual threshold of 0.7, one defect of severity 0.3 costs the pass.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

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

ASSESSOR = "2026.11"
"""Version of thresholds and weights; measurements judged by another one can be judged again."""

NAMED_FROM = 0.1
"""Severity from which a defect is named; less is within what clean art shows."""

_COUNTS = None  # what a profile says of a defect that simply counts: nothing


@dataclass(frozen=True)
class Onset:
    """Where a figure begins to hurt, and by how much more of it the amount grows by 1.

    Around the onset the amount blends in over ± 3 knees: graded, and next to 0 for clean art.
    """

    begins: float
    scale: float
    knee: float = 0.06


# Chosen by hand on 42 drawn pictures (visual-novel scenes, sprites on white, soft-background
# composites, wallpapers, game art, a night scene, three photographs) and five grades each of
# twelve kinds of damage to them: at `begins` the clean pictures end, at `begins + scale` a
# damage is plain to see. ln: what the eye sees in ratios; −: what is better when higher.
ONSETS: Mapping[str, Onset] = MappingProxyType(
    {
        "spread": Onset(-math.log(13), 1.0),  # −ln levels
        "structure": Onset(-0.22, 0.05),  # −ratio
        "nothing_but_noise": Onset(5.0, 4.0),  # levels
        "flat_share": Onset(0.02, 0.15),  # share
        "edge_width": Onset(math.log(1.8), 0.6),  # ln px
        "noise_luma": Onset(math.log(3.6), 1.0),  # ln levels
        "noise_chroma": Onset(math.log(2.4), 1.05),  # ln levels
        "residual_luma": Onset(math.log(2.2), 0.8),  # ln levels above what white noise leaves there
        "residual_chroma": Onset(math.log(0.9), 0.9),  # ln levels above what white noise leaves
        "tonal_range": Onset(-math.log(0.42), 1.0),  # −ln of (high − low) / (high + low + veil)
        "local_contrast": Onset(-math.log(0.46), 1.0),  # −ln of range / (high + veil)
        "exposure": Onset(-math.log(68), 0.9),  # −ln levels
        "lost": Onset(0.28, 0.25),  # share
        "gamut_clipped": Onset(0.09, 0.22),  # share
        "repetition": Onset(0.68, 0.2),  # ratio
        "resolution": Onset(-math.log(0.95), 1.0, knee=0.01),  # −ln of side over demanded side
    }
)

_LUMA_LEAK, _CHROMA_LEAK = 0.27, 0.5  # σ of white noise that is left at quarter size, as measured
_VEIL = 30.0  # levels of haze that do not make a dark picture flat
_INK = 65.0  # luma up to which the darkest hundredth of a page is ink; at twice it none is
_SHORT_SIDE = 0.6  # SDXL's own buckets go down to 640 of 1024 px on the shorter side

Numbers: TypeAlias = Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Check:
    """One way to a defect.

    `reads` are the measurements it can't do without, the first of them its evidence; `amount`
    maps them to 0 and up; `message` is a format string over them.
    """

    kind: str
    reads: tuple[str, ...]
    weight: float
    amount: Callable[[Numbers], float]
    message: str


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


# ---- amounts --------------------------------------------------------------------------------


def _over(name: str, value: float) -> float:
    """Return how far `value` is beyond its onset, in scales, with a soft start (softplus)."""
    onset = ONSETS[name]
    x = (value - onset.begins) / onset.scale / onset.knee
    return onset.knee * (x + math.log1p(math.exp(-x)) if x > 0 else math.log1p(math.exp(x)))


def _log(value: float) -> float:
    """Return ln, cut off far below every onset."""
    return math.log(max(value, 0.1))


def _near_constant(n: Numbers) -> float:
    return _over("spread", -math.log(n["spread"] + 0.3))  # 0.3: the rounding of 8-bit pixels


def _nothing_but_noise(n: Numbers) -> float:
    grain = max(n["noise_luma"], n["noise_chroma"], 2 * n["residual_luma"])
    return math.sqrt(_over("structure", -n["structure"]) * _over("nothing_but_noise", grain))


def _partial_blank(n: Numbers) -> float:
    """Return the amount by area; it fades where the whole picture is blank."""
    return _over("flat_share", n["flat_share"]) * math.exp(-2 * _near_constant(n))


def _blur(n: Numbers) -> float:
    return _over("edge_width", _log(n["edge_width"]))


def _undersampled(n: Numbers) -> float:
    luma = n["residual_luma"] - _LUMA_LEAK * n["noise_luma"]
    chroma = n["residual_chroma"] - _CHROMA_LEAK * n["noise_chroma"]
    return max(_over("residual_luma", _log(luma)), _over("residual_chroma", _log(chroma)))


def _low_contrast(n: Numbers) -> float:
    """Return the mean of global and local: a soft sky is flat locally, a night scene globally."""
    high, low = n["luma_high"] + _VEIL, n["luma_low"]
    tonal = (max(n["luma_high"] - low, 0) + 0.5) / (high + low)
    local = (n["local_contrast"] + 0.5) / high
    return math.sqrt(
        _over("tonal_range", -math.log(tonal)) * _over("local_contrast", -math.log(local))
    )


def _underexposed(n: Numbers) -> float:
    """Return the amount of darkness by mean and highlights: a lamp does not light a night."""
    return _over("exposure", -math.log((n["luma_mean"] + 0.5) * (n["luma_high"] + 0.5)) / 2)


def _overexposed(n: Numbers) -> float:
    """Return the amount of lost highlights.

    White counts as lost where its rim is light or where no ink is dark: a page has neither.
    Burnt colours clip a channel as well, and are named by themselves.
    """
    pale = max(n["pale"] - n["gamut_clipped"] / 2, 0.0)
    pale_ink = min(max(n["luma_low"] / _INK - 1, 0.0), 1.0)
    return _over("lost", pale + n["blown"] * max(n["blown_rim"], pale_ink))


CHECKS: tuple[Check, ...] = (
    Check(
        kind="blank",
        reads=("spread",),
        weight=1.5,
        amount=_near_constant,
        message="nearly one colour: its pixels spread by {spread:.1f} of 255 levels",
    ),
    Check(
        kind="blank",
        reads=("structure", "noise_luma", "noise_chroma", "residual_luma"),
        weight=1.5,
        amount=_nothing_but_noise,
        message="nothing but noise: only {structure:.0%} of its variation is larger than 32 px",
    ),
    Check(
        kind="partial_blank",
        reads=("flat_share", "flat_x", "flat_y", "flat_width", "flat_height", "spread"),
        weight=1.2,
        amount=_partial_blank,
        message="an undrawn box of {flat_width:.0f}×{flat_height:.0f} px "
        "covers {flat_share:.0%} of the picture",
    ),
    Check(
        kind="blur",
        reads=("edge_width",),
        weight=1.0,
        amount=_blur,
        message="soft: even its sharper edges are {edge_width:.1f} px wide",
    ),
    Check(
        kind="noise",
        reads=("noise_luma",),
        weight=1.0,
        amount=lambda n: _over("noise_luma", _log(n["noise_luma"])),
        message="grainy: noise of {noise_luma:.1f} levels in its calmest areas",
    ),
    Check(
        kind="noise",
        reads=("noise_chroma",),
        weight=1.0,
        amount=lambda n: _over("noise_chroma", _log(n["noise_chroma"])),
        message="colour noise of {noise_chroma:.1f} levels in its calmest areas",
    ),
    Check(
        kind="undersampled",
        reads=("residual_chroma", "residual_luma", "noise_luma", "noise_chroma"),
        weight=1.0,
        amount=_undersampled,
        message="unresolved: blotches of {residual_luma:.1f} levels (colour "
        "{residual_chroma:.1f}) where it should be calm, as from too few steps",
    ),
    Check(
        kind="low_contrast",
        reads=("local_contrast", "luma_low", "luma_high"),
        weight=0.8,
        amount=_low_contrast,
        message="flat: tones from {luma_low:.0f} to {luma_high:.0f} of 255, "
        "local contrast {local_contrast:.0f}",
    ),
    Check(
        kind="underexposed",
        reads=("luma_mean", "luma_high"),
        weight=0.8,
        amount=_underexposed,
        message="too dark: mean {luma_mean:.0f} of 255, highlights at {luma_high:.0f}",
    ),
    Check(
        kind="overexposed",
        reads=("pale", "blown", "blown_rim", "luma_low", "gamut_clipped"),
        weight=1.0,
        amount=_overexposed,
        message="washed out: {blown:.0%} of it is pure white, {pale:.0%} has lost a channel, "
        "shadows begin at {luma_low:.0f} of 255",
    ),
    Check(
        kind="oversaturated",
        reads=("gamut_clipped", "chroma_mean"),
        weight=1.0,
        amount=lambda n: _over("gamut_clipped", n["gamut_clipped"]),
        message="burnt: {gamut_clipped:.0%} of it has lost its shades to a clipped colour "
        "(mean chroma {chroma_mean:.0f} of 255), as from a CFG too high",
    ),
    Check(
        kind="tiling",
        reads=("repetition",),
        weight=1.0,
        amount=lambda n: _over("repetition", n["repetition"]),
        message="repeats itself: a shifted copy agrees with the picture by {repetition:.0%}",
    ),
    Check(
        kind="resolution",
        reads=("width", "height", "shortfall"),
        weight=0.75,
        amount=lambda n: _over("resolution", n["shortfall"]),
        message="{width:.0f}×{height:.0f} px is small: "
        "the profile asks for the area of {min_width:.0f}×{min_height:.0f} px",
    ),
)
"""All checks of a still, in the order of reports. A kind's amounts and losses add up."""


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
    parts: dict[str, list[_Finding]] = {}
    for check in CHECKS:
        action = profile.actions.get(check.kind, _COUNTS)
        if action is Action.OFF or not all(name in numbers for name in check.reads):
            continue
        forgiven = min(max(relaxed.get(check.kind, 0.0), 0.0), 1.0)
        amount = check.amount(numbers) * (1 - forgiven)
        loss = check.weight * amount if action in (_COUNTS, Action.REJECT) else 0.0
        parts.setdefault(check.kind, []).append(_Finding(check=check, amount=amount, loss=loss))
    return tuple(_summed(findings) for findings in parts.values())


def _summed(findings: list[_Finding]) -> _Finding:
    return _Finding(
        check=max(findings, key=lambda finding: finding.amount).check,
        amount=sum(finding.amount for finding in findings),
        loss=sum(finding.loss for finding in findings),
    )


def _defects(findings: tuple[_Finding, ...], numbers: Numbers) -> tuple[Defect, ...]:
    """Return the named defects, worst first; their shares of the loss sum to 1 (or to 0)."""
    named = [finding for finding in findings if finding.severity >= NAMED_FROM]
    total = sum(finding.loss for finding in named)
    return tuple(
        Defect(
            kind=finding.check.kind,
            severity=finding.severity,
            message=finding.check.message.format_map(numbers),
            measurement=finding.check.reads[0],
            where=_where(finding.check.kind, numbers),
            loss=finding.loss / total if total else 0.0,
        )
        for finding in sorted(named, key=lambda finding: finding.loss, reverse=True)
    )


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
