"""Rolled-up figures: how many, their sum and the sum of their squares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, kw_only=True)
class Sum:
    """`n` values of a figure that add up to `total`, their squares to `squares`.

    `name` tells kinds of one figure apart, such as a status or a defect; `day` (UTC) is when the
    generations were created, None for all days together.
    """

    figure: str
    name: str
    n: int
    total: float
    squares: float
    day: date | None = None

    @property
    def mean(self) -> float | None:
        """The mean; None of nothing."""
        return self.total / self.n if self.n else None


@dataclass(frozen=True, kw_only=True)
class Slice:
    """Which generations figures are asked for; days of their creation, both included."""

    since: date | None = None
    until: date | None = None
    project: str | None = None
    family: str | None = None
    checkpoint: str | None = None
    backend: str | None = None


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """How a generation began: where each parameter came from, and whether that passed at once.

    `passed` None: its first attempt was not judged.
    """

    origins: Mapping[str, str] = field(default_factory=dict)
    passed: bool | None = None

    @property
    def learned(self) -> tuple[str, ...]:
        """The parameters that came from earlier outcomes, tried to find something out included."""
        return tuple(
            name
            for name, origin in self.origins.items()
            if origin == "explored" or origin.startswith("learned")
        )
