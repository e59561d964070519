"""What a still's stored measurements say of each defect, those that were not named included."""

from __future__ import annotations

from dataclasses import dataclass
from math import expm1

from tower_anime.assess.checks import amounts
from tower_anime.domain.quality import Assessment, Measured


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


def evidence(assessment: Assessment) -> tuple[Evidence, ...]:
    """Return what could be told of each kind of defect, the worst first; empty for a clip."""
    if assessment.kind != "image":
        return ()
    known = {n: m for n, m in assessment.measurements.items() if isinstance(m, Measured)}
    numbers = {name: measured.value for name, measured in known.items()}
    named = {defect.kind for defect in assessment.defects}
    sums: dict[str, float] = {}
    main: dict[str, tuple[float, str]] = {}
    for check, found in amounts(numbers):
        left = found * (1.0 - min(max(assessment.relaxed.get(check.kind, 0.0), 0.0), 1.0))
        sums[check.kind] = sums.get(check.kind, 0.0) + left
        main[check.kind] = max(main.get(check.kind, (-1.0, "")), (left, check.evidence))
    rows = [
        Evidence(
            kind=kind,
            severity=-expm1(-total),
            measurement=main[kind][1],
            value=known[main[kind][1]].value,
            unit=known[main[kind][1]].unit,
            is_named=kind in named,
            relaxed=assessment.relaxed.get(kind, 0.0),
        )
        for kind, total in sums.items()
    ]
    return tuple(sorted(rows, key=lambda row: (not row.is_named, -row.severity)))
