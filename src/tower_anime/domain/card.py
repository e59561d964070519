"""A generation as a small picture in a list, and which of them are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from tower_anime.domain.generation import GenerationStatus


class Order(StrEnum):
    """In which order cards come."""

    NEWEST = "newest"
    OLDEST = "oldest"
    BEST = "best"
    WORST = "worst"

    @property
    def by_score(self) -> bool:
        """Whether the score decides, so that what has none is left out."""
        return self in (Order.BEST, Order.WORST)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which generations are asked for. Scores, defects and families are those of what was kept.

    `since` and `until` are days (UTC) of their creation, both included; `text` is looked for in
    the prompt, whatever its case; `like` is the SHA-256 of a file that others look like.
    """

    statuses: tuple[GenerationStatus, ...] = ()
    project: str | None = None
    batch: str | None = None
    shot: str | None = None
    kind: str | None = None
    family: str | None = None
    defect: str | None = None
    score_from: float | None = None
    score_to: float | None = None
    since: date | None = None
    until: date | None = None
    text: str | None = None
    like: str | None = None

    @property
    def asks_what_was_found(self) -> bool:
        """Whether it asks for something that only an assessment tells."""
        asked = (self.defect, self.score_from, self.score_to)
        return any(value is not None for value in asked)


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a small picture of a generation shows.

    `sha256`, `score`, `defects` and `family` are those of the attempt that was kept, or else of
    the latest that gave a file; `defects` come by what they cost.
    """

    generation_id: str
    status: GenerationStatus
    project: str
    prompt: str
    kind: str
    created_at: datetime
    finished_at: datetime | None = None
    backend: str | None = None
    attempts: int = 0
    attempt: int | None = None
    sha256: str | None = None
    media_type: str | None = None
    width: int = 0
    height: int = 0
    score: float | None = None
    verdict: str | None = None
    defects: tuple[str, ...] = ()
    family: str | None = None
    failure: str | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a file looks like: a fingerprint (hexadecimal) and the first file that looked so."""

    sha256: str
    bits: str
    leader: str


@dataclass(frozen=True)
class Alike:
    """Generations that look alike, the first ones in their order, and how many there are in all."""

    generation_ids: tuple[str, ...]
    number: int
