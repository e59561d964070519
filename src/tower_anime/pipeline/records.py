"""What happened to a generation, kept: each outcome and its event in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from tower_anime.domain.attempt import Attempt, AttemptState, Failure
from tower_anime.domain.generation import Event, History
from tower_anime.errors import TowerError
from tower_anime.ports import Store


class Point(StrEnum):
    """The moments between "done" and "recorded", where a test may kill the process."""

    DIRECTED = "directed"  # the first request is made, not recorded
    CHOSEN = "chosen"  # an attempt is chosen, not recorded
    SERVER_RECORDED = "server_recorded"  # nothing is posted there yet
    POSTED = "posted"  # the server has the job
    COLLECTED = "collected"  # the file is downloaded, not stored
    STORED = "stored"  # the file is stored, the attempt not recorded
    PRODUCED = "produced"  # the attempt is recorded
    LOST = "lost"  # the server forgot the job, not recorded
    ASSESSED = "assessed"  # measured and judged, not recorded
    REVIEWED = "reviewed"  # the director has spoken, not recorded
    CONCLUDING = "concluding"  # the status is decided, not recorded
    CONCLUDED = "concluded"  # the status is recorded, nothing published
    PUBLISHED = "published"  # the file is in the library, the publication not recorded
    PUBLICATION_RECORDED = "publication_recorded"


@dataclass(frozen=True)
class Records:
    """Writes outcomes to the store and returns the history with them.

    `crash_point` is told of each `Point`, for tests.
    """

    store: Store
    crash_point: Callable[[Point], None]

    def save(self, history: History, event: Event | None = None, **changes: Any) -> History:
        """Keep changes of the generation; when a person decided meanwhile, theirs stand."""
        generation = replace(history.generation, **changes)
        if not self.store.save_generation(generation, event=event):
            return self.store.history(generation.id)
        return replace(history, generation=generation)

    def keep(self, history: History, attempt: Attempt, event: Event | None = None) -> History:
        """Keep an attempt as it is now."""
        self.store.save_attempt(attempt, event=event)
        return with_attempt(history, attempt)

    def end(
        self, history: History, attempt: Attempt, state: AttemptState, **changes: Any
    ) -> History:
        """Keep an attempt that is over."""
        ended = replace(attempt, state=state, **changes)
        event = event_of(
            f"attempt_{state}",
            history,
            number=attempt.number,
            seconds=round(ended.seconds, 3),
            sampler_steps=ended.sampler_steps,
            failure=ended.failure.failure_class if ended.failure else None,
        )
        history = self.keep(history, ended, event)
        self.crash_point(Point.PRODUCED)
        return history


def with_attempt(history: History, attempt: Attempt) -> History:
    """Return the history with one attempt replaced or added."""
    before, after = history.attempts[: attempt.number - 1], history.attempts[attempt.number :]
    return replace(history, attempts=(*before, attempt, *after))


def event_of(kind: str, history: History, **data: object) -> Event:
    """Return an event of a generation."""
    return Event(kind=kind, generation_id=history.generation.id, data=data)


def failure_of(error: TowerError) -> Failure:
    """Return an error as an attempt or a generation keeps it."""
    return Failure(error.failure_class.value, str(error))
