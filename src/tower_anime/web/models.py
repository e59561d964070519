"""The JSON objects of the interface, for its description; a test holds answers against them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from tower_anime.domain.attempt import AttemptKind, AttemptState
from tower_anime.domain.generation import (
    DirectorDecision,
    GenerationStatus,
    PersonDecision,
    PublicationState,
)
from tower_anime.domain.quality import Verdict
from tower_anime.web.words import Open, Strict


class Failure(Open):
    """Why it failed; classes as in the command line."""

    class_: str = Field(alias="class", examples=["out_of_memory"])
    message: str


class FileError(Open):
    """Why a file could not be read."""

    type: str = Field(examples=["truncated"])
    message: str


class Defect(Open):
    """Something wrong, with its evidence."""

    kind: str = Field(examples=["blur"])
    severity: float
    message: str
    where: dict[str, float] | None = None


class Assessment(Open):
    """What was measured in a file, and the verdict."""

    path: str | None
    kind: str
    width: int
    height: int
    score: float | None = Field(examples=[0.83])
    verdict: Verdict
    threshold: float
    defects: list[Defect]
    measurements: dict[str, dict[str, Any]] = Field(
        examples=[{"edge_width": {"value": 1.8, "unit": "px"}, "faces": {"unmeasured": "no model"}}]
    )
    profile: str
    assessor: str
    seconds: float
    error: FileError | None = None


class Correction(Open):
    """A change between two attempts, and its reason."""

    defect: str
    change: dict[str, list[Any]] = Field(examples=[{"steps": [12, 28]}])
    reason: str


class Attempt(Open):
    """One try."""

    number: int
    prompt_id: str
    request: dict[str, Any]
    state: AttemptState
    kind: AttemptKind
    corrections: list[Correction]
    stopped_early_at_step: int | None
    sampler_steps: int
    seconds: float
    artifact: str | None
    sha256: str | None
    error: Failure | None
    assessment: Assessment | None


class Direction(Open):
    """A director's word."""

    source: str = Field(examples=["rules"])
    decision: DirectorDecision
    notes: str


class Publication(Open):
    """Where an approved file stands in the library."""

    target: str
    state: PublicationState
    reason: str | None


class Generation(Open):
    """One wish and what became of it."""

    generation_id: str = Field(examples=["5b0c2a4e-6f0e-4f7e-9d0b-0d4f8d1a3b11"])
    status: GenerationStatus
    project: str
    prompt: str
    effective_prompt: str | None
    profile: str
    attempts: list[Attempt]
    chosen_attempt: int | None
    artifact: str | None
    sha256: str | None
    published: str | None
    director: Direction
    backend: str | None
    publication: Publication | None
    sampler_steps_total: int
    seconds: float | None
    reason: str | None
    error: Failure | None
    created_at: datetime | None


class Wish(Strict):
    """What to generate, in the command line's words."""

    prompt: str = Field("", examples=["1girl, {rainy|snowy} neon street, umbrella"])
    negative: str | None = None
    project: str | None = Field(None, examples=["Neon Rain"])
    profile: str | None = Field(None, examples=["still"])
    kind: str | None = Field(None, examples=["still", "clip"])
    workflow: str | None = Field(
        None, examples=["image_to_image", "mine@2"], description="see `/workflows`"
    )
    image: str | None = Field(
        None, examples=["street.png"], description="name or SHA-256 of a picture sent to `/inputs`"
    )
    mask: str | None = Field(None, description="likewise; drawn anew where it is white")
    size: str | None = Field(None, examples=["832x1216"])
    duration: float | None = Field(None, examples=[5.0], description="of a clip, in seconds")
    frame_rate: float | None = Field(None, examples=[16.0], description="of a clip, frames/s")
    seed: int | None = None
    set: dict[str, Any] | None = Field(None, examples=[{"steps": 28}])
    lock: list[str] | None = Field(None, examples=[["steps"]])
    max_attempts: int | None = None
    max_steps: int | None = Field(None, description="sampler steps of all attempts together")
    max_seconds: float | None = Field(None, description="seconds of all attempts at the servers")
    count: int | None = Field(None, examples=[1])
    keep: str | None = Field(None, examples=["all", "best"])
    director: str | None = Field(None, examples=["auto"])
    publish: bool | None = None

    def given(self) -> dict[str, Any]:
        """Return what was said, without what was left out."""
        return {
            key: value
            for key, value in self.model_dump(exclude_unset=True).items()
            if value is not None
        }


class Input(Open):
    """A picture to draw over."""

    name: str = Field(examples=["street.png"])
    sha256: str
    media_type: str
    width: int
    height: int


class Named(Open):
    """A workflow, by the name that a wish may give."""

    name: str = Field(examples=["mine@2"])


class Workflow(Open):
    """A workflow on a server: what its parameters are bound to, and what would be refused."""

    path: str
    format: str | None = Field(None, examples=["ui", "api"])
    nodes: int | None = None
    missing_nodes: list[str] = Field(default_factory=list)
    nearest: dict[str, list[str]] = Field(default_factory=dict)
    bound: dict[str, list[dict[str, Any]]] = Field(default_factory=dict)
    unbound: list[str] = Field(default_factory=list)
    ambiguous: list[dict[str, Any]] = Field(default_factory=list)
    problems: list[dict[str, Any]] = Field(default_factory=list)


class Decision(Strict):
    """What a person decided."""

    decision: PersonDecision
    reasons: list[str] = Field(default_factory=list, max_length=20, examples=[["hands"]])
    note: str = Field("", max_length=10_000)


class Again(Strict):
    """Which attempt is to be drawn again; without a number the one that was kept."""

    attempt: int | None = Field(None, ge=1, examples=[2])


class Variation(Again):
    """How many, each with a seed of its own."""

    count: int = Field(4, ge=1, le=50)


class Decisions(Decision):
    """One decision on many generations."""

    generation_ids: list[str] = Field(min_length=1, max_length=500)


class Refusal(Open):
    """A generation that was left as it is, and why."""

    generation_id: str
    detail: str


class Done(Open):
    """How many were changed, and which were not."""

    changed: int
    refused: list[Refusal]


class NewBatch(Strict):
    """Many wishes at once: `wish` is what they share, `prompts` may hold `{a|b}`."""

    prompts: list[str] = Field(
        min_length=1, max_length=1000, examples=[["1girl, {spring|autumn} forest"]]
    )
    wish: Wish = Field(default_factory=Wish)
    priority: int = Field(0, examples=[5])


class Batch(Open):
    """A batch and how far it is."""

    batch_id: str
    total: int
    counts: dict[str, int] = Field(examples=[{"queued": 3, "approved": 5}])
    generation_ids: list[str] | None = None


class Ids(Strict):
    """Generations by their ids."""

    generation_ids: list[str] = Field(min_length=1, max_length=5000)


class Selection(Strict):
    """Which generations: by ids, of a batch, or of a project; all that waits with `queued`."""

    generation_ids: list[str] | None = Field(None, max_length=5000)
    batch_id: str | None = None
    project: str | None = None
    status: Literal["queued", "working"] | None = None


class Priority(Strict):
    """A new priority for some generations; the higher goes first."""

    generation_ids: list[str] = Field(min_length=1, max_length=5000)
    priority: int = Field(examples=[10])


class QueueItem(Open):
    """Something that waits or is worked on."""

    generation_id: str
    status: GenerationStatus
    project: str
    priority: int
    created_at: datetime
    waits_for: str | None = Field(None, examples=["the queue is paused"])
    progress: dict[str, Any] | None = None


class QueueState(Open):
    """The queue, in its order."""

    paused: bool
    queued: int
    working: int
    eta_s: float | None
    items: list[QueueItem]


class Changed(Open):
    """How many were changed."""

    changed: int


class Alert(Open):
    """Something wrong that a person should know of."""

    id: str
    kind: str = Field(examples=["server_gone"])
    subject: str
    severity: str
    message: str
    state: dict[str, Any]
    raised_at: datetime
    acknowledged_at: datetime | None
    resolved_at: datetime | None


class Worker(Open):
    """A process that works on this data folder."""

    name: str
    role: str
    pid: int | None
    running: list[str] | None = None


class PublicationItem(Open):
    """An artifact in a library."""

    generation_id: str
    target: str
    state: PublicationState
    location: str | None
    reason: str | None
    updated_at: datetime
