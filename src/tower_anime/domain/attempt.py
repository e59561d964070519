"""One try of a generation: what was asked, what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from tower_anime.domain.correction import Correction
from tower_anime.domain.quality import Assessment
from tower_anime.domain.request import RenderRequest


class AttemptState(StrEnum):
    """queued → submitted → running → one of the final states."""

    QUEUED = "queued"
    SUBMITTED = "submitted"
    RUNNING = "running"
    PRODUCED = "produced"
    STOPPED = "stopped"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"

    @property
    def over(self) -> bool:
        """Whether nothing more happens to the attempt."""
        return self not in (AttemptState.QUEUED, AttemptState.SUBMITTED, AttemptState.RUNNING)


class AttemptKind(StrEnum):
    """Made by the generator, or a file mended without it."""

    GENERATE = "generate"
    REPAIR = "repair"


@dataclass(frozen=True)
class Failure:
    """Why an attempt or a generation failed; `failure_class` is a `FailureClass` value."""

    failure_class: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A file we own, named by its content. `path` is absolute; `size_bytes` its length."""

    sha256: str
    path: str
    media_type: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One try. `number` counts from 1 without gaps; `prompt_id` is the key at the server.

    `seconds` is the time from submission to the collected file; `sampler_steps` the steps the
    server really ran; `family` the model family that drew, `server_version` of what. `added` are
    phrases that the system put into the prompts by rule, `drawn` says of others whether a lot put
    them in (those of the negative prompt begin with `-`). `stopped_early_at_step` is set when the
    watcher broke the run off.
    """

    generation_id: str
    number: int
    prompt_id: str
    request: RenderRequest
    kind: AttemptKind = AttemptKind.GENERATE
    repair_of: int | None = None
    state: AttemptState = AttemptState.QUEUED
    server: str | None = None
    backend: str | None = None
    server_version: str | None = None
    family: str | None = None
    added: tuple[str, ...] = ()
    drawn: Mapping[str, bool] = field(default_factory=dict)
    corrections: tuple[Correction, ...] = ()
    stopped_early_at_step: int | None = None
    sampler_steps: int = 0
    seconds: float = 0.0
    submissions: int = 0
    artifact: Artifact | None = None
    assessment: Assessment | None = None
    failure: Failure | None = None
    created_at: datetime | None = None
