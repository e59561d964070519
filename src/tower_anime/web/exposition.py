"""Prometheus' text format (version 0.0.4)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Point:
    """One value; `suffix` is for the parts of a histogram, such as `_bucket`."""

    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    suffix: str = ""


@dataclass(frozen=True)
class Family:
    """A metric: its name, `counter`, `gauge` or `histogram`, what it is, its values."""

    name: str
    kind: str
    text: str
    points: Iterable[Point]


def exposition(families: Iterable[Family]) -> str:
    """Return the text that Prometheus reads."""
    lines: list[str] = []
    for family in families:
        lines.append(f"# HELP {family.name} {_escaped(family.text)}")
        lines.append(f"# TYPE {family.name} {family.kind}")
        lines.extend(_line(family.name, point) for point in family.points)
    return "\n".join(lines) + "\n"


def _line(name: str, point: Point) -> str:
    labels = ",".join(f'{key}="{_escaped(value)}"' for key, value in point.labels.items())
    return f"{name}{point.suffix}{'{' + labels + '}' if labels else ''} {_number(point.value)}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return f"{value:.10g}" if abs(value) < 1e15 else repr(float(value))
