"""One wish on its way: its status, its attempts, who decided, where it was published."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from tower_anime.domain.attempt import Attempt, Failure
from tower_anime.domain.brief import Brief, Keep
from tower_anime.domain.direction import Enhancement, Wish
from tower_anime.domain.quality import Profile
from tower_anime.domain.request import RenderRequest


class GenerationStatus(StrEnum):
    """queued → working → one of the others; a person may change a final one."""

    QUEUED = "queued"
    WORKING = "working"
    APPROVED = "approved"
    NEEDS_REVIEW = "needs_review"
    REJECTED = "rejected"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def over(self) -> bool:
        """Whether the pipeline has nothing more to decide."""
        return self not in (GenerationStatus.QUEUED, GenerationStatus.WORKING)


class DirectorDecision(StrEnum):
    """What a director said of a result. Only APPROVE by one that saw it counts as approval."""

    APPROVE = "approve"
    REVISE = "revise"
    REJECT = "reject"
    ABSTAIN = "abstain"
    UNREVIEWED = "unreviewed"


@dataclass(frozen=True, kw_only=True)
class Direction:
    """A director's word on one attempt. `source` is `none`, `rules` or a model that decided.

    `issues` are of `direction.ISSUES`, `scores` (0 to 10) by `direction.SCORES`, `wishes` the
    changes that a `revise` asks for.
    """

    source: str
    decision: DirectorDecision
    notes: str = ""
    attempt: int | None = None
    issues: tuple[str, ...] = ()
    scores: Mapping[str, int] = field(default_factory=dict)
    wishes: tuple[Wish, ...] = ()


class PersonDecision(StrEnum):
    """What a person decided."""

    APPROVE = "approve"
    REJECT = "reject"


@dataclass(frozen=True, kw_only=True)
class PersonReview:
    """A person's decision on one attempt; no machine overrules it."""

    decision: PersonDecision
    attempt: int
    reasons: tuple[str, ...] = ()
    note: str = ""
    decided_at: datetime | None = None


class PublicationState(StrEnum):
    """pending: not written yet; verified: seen where it belongs; unverified: written only.

    withdrawn: taken out again, by a person's decision. kept: approved, but another result of the
    same wish is better and only the best is published.
    """

    PENDING = "pending"
    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    WITHDRAWN = "withdrawn"
    KEPT = "kept"


NO_LONGER_APPROVED = "a person no longer approves it"
"""Why work was withdrawn that is published again as soon as it is approved again."""


@dataclass(frozen=True, kw_only=True)
class Publication:
    """One artifact in one library. `location` is the path of the published file, if written."""

    artifact_sha256: str
    target: str
    state: PublicationState
    location: str | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Generation:
    """One wish and what became of it.

    `first_request` is what the director made of the brief (None until directed); `profile` the
    rules it is judged by, fixed at creation, as is `shot_id` of a story's shot; `backend`
    is `sandbox` or `comfyui` once known.
    """

    id: str
    brief: Brief
    profile: Profile
    status: GenerationStatus = GenerationStatus.QUEUED
    first_request: RenderRequest | None = None
    chosen_attempt: int | None = None
    backend: str | None = None
    batch_id: str | None = None
    shot_id: str | None = None
    failure: Failure | None = None
    reason: str | None = None
    cancel_requested: bool = False
    created_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class History:
    """All that happened to one generation: the argument of the flow."""

    generation: Generation
    attempts: tuple[Attempt, ...] = ()
    direction: Direction | None = None
    review: PersonReview | None = None
    publication: Publication | None = None
    enhancement: Enhancement | None = None

    def attempt(self, number: int) -> Attempt:
        """Return attempt `number` (counted from 1)."""
        return self.attempts[number - 1]


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened, for people who watch. `seq` orders all events of one store."""

    kind: str
    generation_id: str | None
    data: Mapping[str, object]
    seq: int = 0
    at: datetime | None = None


_PROMPT_NAMESPACE = uuid.UUID("6f1d7c3e-2f0a-5a44-9c55-0f4c5a7b1e21")


def new_generation_id() -> str:
    """Return a fresh id (UUID in canonical form)."""
    return str(uuid.uuid4())


def batch_ids(briefs: Sequence[Brief], *, key: str | None = None) -> tuple[str | None, ...]:
    """Return for each brief the batch of those that it competes with; None for one on its own.

    The same `key` gives the same batches.
    """
    found: list[str | None] = []
    for number, brief in enumerate(briefs):
        competes = brief.keep is Keep.BEST and brief.of > 1
        joins = competes and number and found[-1] and _competitors(briefs[number - 1], brief)
        fresh = uuid.uuid5(_PROMPT_NAMESPACE, f"{key}/{number}") if key else uuid.uuid4()
        found.append((found[-1] if joins else str(fresh)) if competes else None)
    return tuple(found)


def _competitors(one: Brief, other: Brief) -> bool:
    return one.without_seed() == other.without_seed()


def prompt_id_of(generation_id: str, number: int) -> str:
    """Return the key of an attempt at the server: the same for the same attempt, always.

    A canonical lower-case UUID, as ComfyUI demands of a client's own prompt_id.
    """
    return str(uuid.uuid5(_PROMPT_NAMESPACE, f"{generation_id}/{number}"))
