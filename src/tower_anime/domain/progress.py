"""How far a running attempt is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a running job is. `step` of `steps` of the sampler at `node`; 0 of 0 before it.

    `phase` is queued, running or collecting; `queue_position` counts jobs before this one;
    `preview` is an encoded picture (JPEG or PNG) when the server sends some.
    """

    phase: str
    step: int = 0
    steps: int = 0
    node: str | None = None
    queue_position: int | None = None
    preview: bytes | None = None


@dataclass(frozen=True)
class LiveAttempt:
    """The newest progress of an attempt that runs in this process."""

    generation_id: str
    number: int
    progress: Progress
