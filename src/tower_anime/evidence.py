"""What stored measurements say of each defect, those that were not named included.

Beside each stands from which value on it would be named, everything else being as it is: the
curves are those of the judgement itself, followed until they cross its limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from math import expm1, log1p
from types import MappingProxyType

from tower_anime.assess import clip_checks, clip_judge, judge
from tower_anime.assess.checks import CHECKS, amounts
from tower_anime.assess.flash import MAX_TRANSITIONS
from tower_anime.assess.signals import SIGNALS
from tower_anime.domain.expectation import Expectation
from tower_anime.domain.quality import Assessment, Measured

_DOUBLINGS, _HALVINGS = 24, 40
_SMALLEST = 1e-4
_TIMED = ("frame_rate", "breaks", "flicker", "part_flicker", "tint_flicker", "grain", "drift")
_TIMED_TOO = ("seam", "flash_sequence", "loudness", "true_peak")
_COUNTED = {
    "scene_jump_count": ("scene_jump", 1.0),
    "black_frames_count": ("black_frames", 1.0),
    "flash_transitions": ("flash", MAX_TRANSITIONS + 1.0),
}
"""What is named by its very number, and from which on."""


@dataclass(frozen=True)
class Limit:
    """From which value of a measurement a defect is named: at least it, or at most (`falls`)."""

    kind: str
    measurement: str
    value: float
    falls: bool


@dataclass(frozen=True)
class Evidence:
    """How bad a defect is: `severity` 0–1 after intent, from `value` of its main measurement."""

    kind: str
    severity: float
    measurement: str
    value: float
    unit: str
    is_named: bool
    relaxed: float = 0.0
    limit: Limit | None = None


def evidence(assessment: Assessment, found: tuple[Limit, ...] = ()) -> tuple[Evidence, ...]:
    """Return what could be told of each kind of defect in a still, or a clip's typical frame.

    The worst come first; `found` are the limits to show beside them.
    """
    known = {n: m for n, m in assessment.measurements.items() if isinstance(m, Measured)}
    numbers = {name: measured.value for name, measured in known.items()}
    named = {defect.kind for defect in assessment.defects}
    beside = {(limit.kind, limit.measurement): limit for limit in found}
    rows = []
    for kind, parts in _amounts(numbers, assessment.relaxed).items():
        measurement = max(parts, key=lambda name: parts[name])
        row = Evidence(
            kind=kind,
            severity=-expm1(-sum(parts.values())),
            measurement=measurement,
            value=known[measurement].value,
            unit=known[measurement].unit,
            is_named=kind in named,
            relaxed=assessment.relaxed.get(kind, 0.0),
            limit=beside.get((kind, measurement)),
        )
        rows.append(row)
    return tuple(sorted(rows, key=lambda row: (not row.is_named, -row.severity)))


def limits(
    assessment: Assessment, severities: Mapping[str, float] = MappingProxyType({})
) -> tuple[Limit, ...]:
    """Return from where on measurements would name a defect, where they alone decide that.

    `severities` are a profile's own, from which its defects are acted on.
    """
    known = assessment.measurements.items()
    numbers = {name: one.value for name, one in known if isinstance(one, Measured)}
    found = [*_still_limits(numbers, assessment.relaxed, severities)]
    if assessment.kind == "video":
        expect = assessment.asked.expect if assessment.asked else Expectation()
        found += _clip_limits(numbers, expect, assessment.relaxed, severities)
    return tuple(found)


def _amounts(
    numbers: Mapping[str, float], relaxed: Mapping[str, float]
) -> dict[str, dict[str, float]]:
    """Return for each kind of defect what each measurement behind it adds, after intent."""
    found: dict[str, dict[str, float]] = {}
    for check, part in amounts(numbers):
        if check.evidence in numbers:
            parts = found.setdefault(check.kind, {})
            left = part * _left(relaxed, check.kind)
            parts[check.evidence] = parts.get(check.evidence, 0.0) + left
    return found


def _left(relaxed: Mapping[str, float], kind: str) -> float:
    return 1.0 - min(max(relaxed.get(kind, 0.0), 0.0), 1.0)


def _target(usual: float, severities: Mapping[str, float], kind: str) -> float:
    """Return the amount whose severity is the first that is named."""
    return -log1p(-min(usual, severities.get(kind, usual), 0.999))


def _still_limits(
    numbers: Mapping[str, float], relaxed: Mapping[str, float], severities: Mapping[str, float]
) -> Iterator[Limit]:
    for kind, parts in _amounts(numbers, relaxed).items():
        target = _target(judge.NAMED_FROM, severities, kind) / max(_left(relaxed, kind), 1e-9)
        for name in parts:
            yield from _limit(kind, name, numbers[name], _total(kind, name, numbers), target)


def _total(kind: str, name: str, numbers: Mapping[str, float]) -> Callable[[float], float]:
    """Return how much of a defect there is by the value of one measurement."""
    own = {read: numbers[read] for read in _read_for(kind) if read in numbers}

    def total(value: float) -> float:
        return sum(part for check, part in amounts({**own, name: value}) if check.kind == kind)

    return total


@cache
def _read_for(kind: str) -> frozenset[str]:
    """Return the measurements that the checks for a kind of defect look at, or tell."""
    checks = [check for check in CHECKS if check.kind == kind]
    signals = {name for check in checks for name in (check.signal, *check.when, *check.unless)}
    told = {name for check in checks for name in check.told}
    return frozenset(told | {read for name in signals for read in SIGNALS[name].reads})


def _clip_limits(
    numbers: Mapping[str, float],
    expect: Expectation,
    relaxed: Mapping[str, float],
    severities: Mapping[str, float],
) -> Iterator[Limit]:
    for name, (kind, value) in _COUNTED.items():
        if name in numbers:
            yield Limit(kind, name, value, falls=False)
    found = [check(numbers, expect) for check in clip_checks.CHECKS]
    for check, finding in zip(clip_checks.CHECKS, found, strict=True):
        if finding is None or finding.measurement not in (*_TIMED, *_TIMED_TOO):
            continue
        kind, name = finding.kind, finding.measurement

        def total(value: float, check: clip_checks.Check = check, name: str = name) -> float:
            moved = check({**numbers, name: value}, expect)
            return moved.amount if moved else 0.0

        target = _target(clip_judge.NAMED_FROM, severities, kind) / max(_left(relaxed, kind), 1e-9)
        yield from _limit(kind, name, numbers[name], total, target)


def _limit(
    kind: str, name: str, value: float, total: Callable[[float], float], target: float
) -> Iterator[Limit]:
    """Yield where `total` crosses its target, going up and down from `value`; the nearer one."""
    is_beyond = total(value) >= target
    crossings = []
    for way in (1.0, -1.0):
        far = _first_other_side(value, way, total, target)
        if far is not None:
            crossing = _between(value, far, total, target)
            crossings.append((abs(crossing - value), crossing, (way < 0) is not is_beyond))
    if crossings:
        _, crossing, falls = min(crossings)
        yield Limit(kind, name, crossing, falls)


def _first_other_side(
    value: float, way: float, total: Callable[[float], float], target: float
) -> float | None:
    step, is_beyond = max(abs(value) / 64, _SMALLEST), total(value) >= target
    for _ in range(_DOUBLINGS):
        probed = value + way * step
        if value >= 0.0:
            probed = max(probed, 0.0)  # what is never negative stays so
        if (total(probed) >= target) is not is_beyond:
            return probed
        if probed == 0.0:
            return None
        step *= 2
    return None


def _between(near: float, far: float, total: Callable[[float], float], target: float) -> float:
    is_beyond = total(near) >= target
    for _ in range(_HALVINGS):
        middle = (near + far) / 2
        if (total(middle) >= target) is is_beyond:
            near = middle
        else:
            far = middle
    return far
