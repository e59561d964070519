"""What waits for its turn, in which order, and what a project may spend in a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tower_anime.domain.generation import GenerationStatus
from tower_anime.errors import BadInput

MAX_PRIORITY = 100
PAUSED = "queue_paused"
"""Name of the switch that says whether anything new is begun."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A generation that is queued or worked on. The higher `priority` goes first."""

    generation_id: str
    status: GenerationStatus
    project: str
    priority: int
    cancel_requested: bool
    created_at: datetime

    @property
    def has_begun(self) -> bool:
        """Whether its first request is made, so that it goes on while the queue is paused."""
        return self.status is not GenerationStatus.QUEUED


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A generation in a list; `version` differs whenever anything about it does."""

    generation_id: str
    status: GenerationStatus
    version: tuple[int, str]


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What a project may spend in a day (UTC); None: as much as it likes."""

    attempts: int | None = None
    sampler_steps: int | None = None
    seconds: float | None = None

    @property
    def is_limited(self) -> bool:
        """Whether there is any limit."""
        return (self.attempts, self.sampler_steps, self.seconds) != (None, None, None)


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What attempts have cost: how many, their sampler steps and seconds at the servers."""

    attempts: int = 0
    sampler_steps: int = 0
    seconds: float = 0.0


def reason_to_wait(budget: Budget, spent: Spent) -> str | None:
    """Return why a project may begin no further attempt today, None when it may."""
    for name, unit in (("attempts", "attempts"), ("sampler_steps", "steps"), ("seconds", "s")):
        limit, used = getattr(budget, name), getattr(spent, name)
        if limit is not None and used >= limit:
            return f"the project's budget for today is spent: {used:g} of {limit:g} {unit}"
    return None


def budget_of(settings: Mapping[str, Any]) -> Budget:
    """Return the budget in a project's settings."""
    kept = settings.get("budget")
    if not isinstance(kept, Mapping):
        return Budget()
    known = {key: kept[key] for key in Budget.__dataclass_fields__ if kept.get(key) is not None}
    return Budget(**known)


def check_priority(priority: int) -> int:
    """Return `priority`, or refuse what is out of range."""
    if not -MAX_PRIORITY <= priority <= MAX_PRIORITY:
        raise BadInput(
            f"a priority is a whole number from -{MAX_PRIORITY} to {MAX_PRIORITY}, not {priority}"
        )
    return priority


_LEAST_FOR_PACE = 5


def eta_s(spans: Sequence[tuple[datetime, datetime]], *, queued: int, working: int) -> float | None:
    """Return in how many seconds what is unfinished may be done, by the pace of the latest ones.

    `spans` say when each was asked for and was over: time in which nothing was there to be done
    does not count. What is at work is taken for half done. None without a pace: nothing is
    unfinished, or too few came and went.
    """
    if not (queued or working) or len(spans) < _LEAST_FOR_PACE:
        return None
    counts_from = min(end for _, end in spans)
    busy_s, until = 0.0, counts_from
    for begin, end in sorted(spans):
        if end > until:
            busy_s += (end - max(begin, until)).total_seconds()
            until = end
    return round(busy_s / (len(spans) - 1) * (queued + working / 2), 1)
