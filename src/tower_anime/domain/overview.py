"""A project at a glance, and how far its shots are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tower_anime.domain.generation import GenerationStatus
from tower_anime.domain.production import Project

_ORDER = (
    GenerationStatus.APPROVED,
    GenerationStatus.WORKING,
    GenerationStatus.QUEUED,
    GenerationStatus.NEEDS_REVIEW,
    GenerationStatus.REJECTED,
    GenerationStatus.FAILED,
    GenerationStatus.CANCELLED,
)
"""Of several tries of a shot the first of these stands for it."""

_THERE = frozenset(_ORDER[:4])  # what these have needs no other try yet


@dataclass(frozen=True, kw_only=True)
class ProjectSummary:
    """How much a project has. `counts` are its generations by status, `latest` their newest ids.

    `shots_done` are shots with something approved.
    """

    project: Project
    logline: str = ""
    episodes: int = 0
    scenes: int = 0
    shots: int = 0
    shots_done: int = 0
    counts: Mapping[GenerationStatus, int] = field(default_factory=dict)
    latest: tuple[str, ...] = ()
    changed_at: datetime | None = None

    @property
    def generations(self) -> int:
        """How many generations it has."""
        return sum(self.counts.values())


@dataclass(frozen=True, kw_only=True)
class ShotState:
    """What stands for a shot: a generation and its status, of so many tries."""

    status: GenerationStatus
    generation_id: str
    tries: int

    @property
    def is_missing(self) -> bool:
        """Whether the shot still needs to be drawn."""
        return self.status not in _THERE


def shot_states(
    tries: Iterable[tuple[str, str, GenerationStatus]],
) -> Mapping[str, ShotState]:
    """Return the state of each shot that was tried, from (shot, generation, status), newest first.

    An approved one stands for it, else one that is on its way, else the newest.
    """
    found: dict[str, ShotState] = {}
    for shot_id, generation_id, status in tries:
        known = found.get(shot_id)
        if known is None or _ORDER.index(status) < _ORDER.index(known.status):
            tried = known.tries + 1 if known else 1
            state = ShotState(status=status, generation_id=generation_id, tries=tried)
        else:
            state = ShotState(
                status=known.status, generation_id=known.generation_id, tries=known.tries + 1
            )
        found[shot_id] = state
    return found
