"""The doors to the outside: small protocols, each with a real adapter and a shipped fake."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from tower_anime.domain.alert import Alert
from tower_anime.domain.attempt import Artifact, Attempt
from tower_anime.domain.brief import Brief
from tower_anime.domain.clip import ClipFacts, Glimpse, SoundTrack, StreamFacts
from tower_anime.domain.conversation import DirectionEvent, Opinion, Question, Reply
from tower_anime.domain.direction import Enhancement
from tower_anime.domain.family import Family
from tower_anime.domain.frame import Frame, Plane
from tower_anime.domain.generation import (
    Direction,
    Event,
    Generation,
    GenerationStatus,
    History,
    PersonReview,
    Publication,
)
from tower_anime.domain.graph import Catalog as Catalog
from tower_anime.domain.graph import Graph as Graph
from tower_anime.domain.knowledge import Outcome
from tower_anime.domain.lesson import Forgotten, Part, PastPrompt, PersonsWord
from tower_anime.domain.production import Project, ProjectBrief, Story, StyleGuide
from tower_anime.domain.progress import Progress
from tower_anime.domain.quality import Assessment, Measurements
from tower_anime.domain.queue import Budget, Spent, Waiting
from tower_anime.domain.release import Release
from tower_anime.domain.sample import GpuSample, HostSample

# ---- Renderer -------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class RenderJob:
    """One submission. `prompt_id` is the idempotency key; the graph goes along into the file.

    `extra_pnginfo` is embedded into the outputs by the server (for example the workflow).
    """

    prompt_id: str
    graph: Graph
    extra_pnginfo: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class RenderedFile:
    """One output of this very job, complete and verified. `data` the bytes as served."""

    filename: str
    subfolder: str
    node: str
    media_type: str
    data: bytes


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A finished job. `sampler_steps` counts steps really run (0 when all was cached)."""

    files: tuple[RenderedFile, ...]
    sampler_steps: int
    cached: bool


@dataclass(frozen=True, kw_only=True)
class ServerFacts:
    """What a server says of itself. `vram_total_bytes` None without a GPU."""

    url: str
    version: str
    backend: str
    has_jobs_api: bool
    previews: str
    devices: tuple[str, ...]
    vram_total_bytes: int | None
    vram_free_bytes: int | None


class Renderer(Protocol):
    """A generator that speaks ComfyUI's protocol."""

    @property
    def url(self) -> str:
        """The server's address."""
        ...

    def facts(self) -> ServerFacts:
        """Ask the server what it is; `ServerDown` when it does not answer."""
        ...

    def version(self) -> str:
        """Return the server's version as it was last told; `ServerDown` when it never was."""
        ...

    def backend(self) -> str:
        """Return `sandbox` or `comfyui`; asked once, `ServerDown` when it does not answer."""
        ...

    def catalog(self, *, fresh: bool = False) -> Catalog:
        """Return the node classes on offer, cached per server version; `fresh` asks anew."""
        ...

    def queue_length(self) -> int:
        """Return how many jobs run or wait there."""
        ...

    def render(
        self,
        job: RenderJob,
        *,
        on_submitted: Callable[[], None],
        on_progress: Callable[[Progress], None],
        cancelled: Callable[[], bool],
    ) -> Rendered:
        """Bring the job to its end and return its files; safe to call again with the same job.

        Looks in queue, history and jobs before it posts, so a repeat never submits twice.
        Raises `Cancelled`, `Interrupted` and the classes of the error tree.
        """
        ...

    def cancel(self, prompt_id: str) -> bool:
        """Stop exactly this job; True when it no longer runs or waits."""
        ...

    def upload(self, data: bytes, name: str) -> str:
        """Put an input on the server; returns the name under which a graph reads it.

        May be repeated: the same bytes under the same name are there once.
        """
        ...

    def free(self) -> None:
        """Let the server unload its models and give memory back."""
        ...

    def close(self) -> None:
        """Give up connections."""
        ...


# ---- Media, blobs ---------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A decoded still. `texts` are the file's embedded texts (ComfyUI: prompt, workflow)."""

    frame: Frame
    format: str
    bit_depth: int
    has_alpha: bool
    texts: Mapping[str, str]


class Media(Protocol):
    """Files to pixels."""

    def decode_still(self, source: Path | bytes) -> Picture:
        """Decode within limits; `Unreadable` says why not."""
        ...

    def preview(self, source: Path, *, longest_px: int) -> bytes:
        """Return a JPEG without metadata, its longer side at most `longest_px`."""
        ...

    def redrawn(self, source: Path, frame: Frame) -> bytes:
        """Return a PNG of other pixels that carries what the file says of how it was made."""
        ...


class Vision(Protocol):
    """Optional models that look at a picture."""

    def look(self, frame: Frame, *, kinds: Collection[str], hopeless: bool) -> Measurements:
        """Return measurements for these defects; `Unmeasured` where a model is missing or fails.

        Of a picture that is `hopeless` already only what costs nothing is told.
        """
        ...


class ClipFrame(Protocol):
    """One frame of a clip, while its decoder's memory lives."""

    @property
    def glimpse(self) -> Glimpse:
        """The frame made small."""
        ...

    def picture(self) -> Frame:
        """Return the whole frame as it is shown; costs as much as decoding it."""
        ...

    def luma(self) -> Plane:
        """Return its luma alone, not turned; costs next to nothing."""
        ...


class OpenClip(Protocol):
    """A clip whose header was read and lies within the limits."""

    @property
    def facts(self) -> ClipFacts:
        """What the header says."""
        ...

    def frames(self) -> Iterator[ClipFrame]:
        """Yield every frame once, in the order of showing; damaged stretches are left out."""
        ...

    def stream(self) -> StreamFacts:
        """Return what the whole stream showed; only after `frames` has ended."""
        ...

    def listen(self) -> SoundTrack | None:
        """Decode and measure the sound; None without an audio stream."""
        ...


class Clips(Protocol):
    """Files of moving pictures."""

    def is_clip(self, source: Path) -> bool:
        """Whether content, or else the name, says that a file moves; False when it is not there."""
        ...

    def open(self, source: Path) -> AbstractContextManager[OpenClip]:
        """Read a file's header within limits; `Unreadable` says why not."""
        ...

    def make_deliverable(self, source: Path, target: Path, *, frames: int | None = None) -> None:
        """Write `source` to `target` as the delivery profile asks; `source` stays as it is.

        Streams that already fit are copied, the others encoded again; what is longer than
        `frames` is cut there. `Unreadable` when the
        source does not decode, `StorageFull` when the target can't be written.
        """
        ...


class Blobs(Protocol):
    """Files named by their SHA-256, written to a temporary name, synced, renamed."""

    def put(self, data: bytes, *, media_type: str) -> Artifact:
        """Store `data`; the same bytes give the same artifact. `StorageFull` on a full disk."""
        ...

    def path(self, artifact: Artifact) -> Path:
        """Return the file's path after checking that its bytes are still what they were."""
        ...

    def find(self, sha256: str) -> Path:
        """Return the path of the file with this hash, checked likewise; `NotFound` if none."""
        ...


# ---- Library --------------------------------------------------------------------------------


class Library(Protocol):
    """Where approved work is published."""

    @property
    def target(self) -> str:
        """A stable name of this library, part of the key of a publication."""
        ...

    def publish(self, release: Release, source: Path) -> Publication:
        """Write once per (artifact, target), atomically; `LibraryUnavailable` when it can't.

        `PlaceTaken` for a release that is not `numbered` and whose place is somebody else's.
        """
        ...

    def verify(self, publication: Publication, *, sha256: str) -> Publication:
        """Check that the published file is there with the right bytes, and seen by its server.

        The state is verified; unverified: written, and not seen yet; pending: not there.
        """
        ...

    def withdraw(self, publication: Publication) -> Publication:
        """Take the file and what was written for it out of the library; may be repeated.

        A file that is no longer the one that was published stays. The state is withdrawn.
        """
        ...


# ---- Store ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Page:
    """One page of a list, newest first; `next_cursor` None at the end."""

    items: tuple[History, ...]
    next_cursor: str | None


class Store(Protocol):
    """The truth about generations. Every call is one transaction, its `event` in the same.

    Raises `StoreUnavailable` when the database can't be used, `NotFound` for unknown ids.
    """

    def together(self) -> AbstractContextManager[None]:
        """Make one transaction of what this thread writes inside; what it reads is not in it."""
        ...

    def add_generation(self, generation: Generation, *, key: str | None = None) -> Generation:
        """Insert; the same id or the same idempotency `key` returns what is there already."""
        ...

    def history(self, generation_id: str) -> History:
        """Return all that happened to one generation."""
        ...

    def histories(
        self,
        *,
        limit: int,
        cursor: str | None = None,
        statuses: Sequence[GenerationStatus] = (),
        project: str | None = None,
        batch: str | None = None,
    ) -> Page:
        """Return a page of generations, newest first."""
        ...

    def batch(self, batch_id: str) -> Mapping[GenerationStatus, int]:
        """Return how many generations of a batch have each status."""
        ...

    def unfinished(self) -> tuple[str, ...]:
        """Return ids of generations that are queued or working, oldest first."""
        ...

    def unpublished(self) -> tuple[str, ...]:
        """Return ids of approved generations that are to be published and are not, oldest first.

        Those whose chosen file has a publication that is pending, and those without any.
        """
        ...

    def unverified(self) -> tuple[str, ...]:
        """Return ids of approved generations that are written and not verified, oldest first."""
        ...

    def withdrawable(self) -> tuple[tuple[str, Publication], ...]:
        """Return what is in a library and is no longer approved, or replaced, with its id."""
        ...

    def artifact_hashes(self) -> frozenset[str]:
        """Return the SHA-256 of every artifact that a row names."""
        ...

    def save_generation(self, generation: Generation, *, event: Event | None = None) -> bool:
        """Update what changes (status, first_request, chosen_attempt, backend, failure, …).

        Never touches `cancel_requested`, nor a generation that is over: then False, and only a
        person's decision changes it.
        """
        ...

    def request_cancel(self, generation_id: str) -> GenerationStatus:
        """Mark as to be cancelled and return the status; no change once it is over."""
        ...

    def cancel_requested(self, generation_id: str) -> bool:
        """Whether somebody asked to cancel."""
        ...

    def save_attempt(self, attempt: Attempt, *, event: Event | None = None) -> None:
        """Insert or update the attempt (generation_id, number) with its artifact, corrections.

        The assessment is written by `save_assessment`.
        """
        ...

    def save_assessment(
        self,
        generation_id: str,
        number: int,
        assessment: Assessment,
        *,
        event: Event | None = None,
    ) -> None:
        """Insert or replace the assessment of an attempt."""
        ...

    def save_enhancement(self, generation_id: str, enhancement: Enhancement) -> None:
        """Record what was added to a generation's prompts; the newest counts."""
        ...

    def save_direction(self, generation_id: str, direction: Direction) -> None:
        """Record a director's word; the newest one of a generation counts."""
        ...

    def save_review(
        self, generation_id: str, review: PersonReview, *, status: GenerationStatus
    ) -> None:
        """Record a person's decision and the status that follows, in one transaction."""
        ...

    def undo_review(self, generation_id: str) -> GenerationStatus:
        """Take a person's newest decision back; returns the status before it, which holds now."""
        ...

    def save_publication(
        self, generation_id: str, publication: Publication, *, event: Event | None = None
    ) -> None:
        """Insert or update the one row per (artifact, target)."""
        ...

    def add_event(self, event: Event) -> int:
        """Append to `generation_metrics`; returns the event's number."""
        ...

    def raise_alert(self, alert: Alert, *, event: Event | None = None) -> bool:
        """Open an alert or renew the open one of its kind and subject; True when it is new."""
        ...

    def resolve_alert(self, kind: str, subject: str) -> bool:
        """Close the open alert of a kind and subject; False when none is open."""
        ...

    def open_alerts(self) -> tuple[Alert, ...]:
        """Return what is wrong at present, oldest first."""
        ...

    def events_after(
        self, seq: int, *, generation_id: str | None = None, limit: int = 500
    ) -> tuple[Event, ...]:
        """Return events with a number above `seq`, oldest first."""
        ...

    def count_by_status(self) -> Mapping[GenerationStatus, int]:
        """Return how many generations have each status."""
        ...

    def close(self) -> None:
        """Give up connections."""
        ...


class Queue(Protocol):
    """What waits, in which order, and whether it may begin."""

    def queue(
        self,
        *,
        limit: int | None = None,
        project: str | None = None,
        batch: str | None = None,
        without: Collection[str] = (),
    ) -> tuple[Waiting, ...]:
        """Return what is unfinished: what has begun first, then what is next, in order."""
        ...

    def switch(self, name: str) -> Any:
        """Return the value of a switch, None when it was never set."""
        ...

    def budgets(self) -> Mapping[str, Budget]:
        """Return the budget of each project that has one."""
        ...

    def spent(self, project: str, *, since: datetime) -> Spent:
        """Return what the attempts that a project began since then have cost."""
        ...


# ---- Engine ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Advance:
    """What one step of a generation says to the engine.

    `done`: nothing more to do; else call again after `wait_s` seconds (0: at once).
    """

    done: bool
    wait_s: float = 0.0


class Engine(Protocol):
    """Runs each generation's steps in order, durably: after a crash it goes on.

    Constructed with `advance: Callable[[str], Advance]`, which it calls for a generation until
    that says done. Steps run at least once. At most one process works on a generation.
    """

    def start(self) -> None:
        """Begin to work; resumes what this data folder's dead processes left."""
        ...

    def submit(self, generation_id: str, *, run: int = 0) -> None:
        """Queue a generation; the same (id, run) twice is the same as once.

        A new `run` is for work after the first end, such as a person's decision.
        """
        ...

    def wait(self, generation_id: str, *, run: int = 0, timeout_s: float) -> bool:
        """Wait for the end of a submitted run; False on time-out."""
        ...

    def known(self, generation_ids: Collection[str] | None = None) -> Mapping[str, str]:
        """Return the runs the engine knows, `generation:run` → open, done, failed or parked.

        Of these generations, or of all. Runs that ended long ago may be forgotten.
        """
        ...

    def open_runs(self) -> frozenset[str]:
        """Return the runs of all processes that are not over."""
        ...

    def active(self) -> tuple[str, ...]:
        """Return the runs that this process works on."""
        ...

    def stop(self, *, drain_s: float) -> None:
        """Take no new work, let running steps end within `drain_s` seconds, then stop."""
        ...


# ---- Director -------------------------------------------------------------------------------


class Director(Protocol):
    """Artistic direction. Neither verb raises for a director's failure: the answer says so."""

    def prepare(self, brief: Brief, *, family: Family, generation_id: str) -> Enhancement:
        """Return the prompts as they are drawn; the user's own words stand in them unchanged."""
        ...

    def review(self, brief: Brief, attempt: Attempt, picture: Path, *, family: Family) -> Direction:
        """Say what to do with a result."""
        ...


class Chat(Protocol):
    """A server of language models. Every call ends within its deadline, or with `ChatFailed`."""

    @property
    def name(self) -> str:
        """Which kind of server it is: `ollama`, `openai` or `echo`."""
        ...

    def models(self, *, deadline_s: float) -> tuple[str, ...]:
        """Return the models on offer; empty when the server chooses by itself."""
        ...

    def sees(self, model: str, *, deadline_s: float) -> bool:
        """Whether the server says that the model can look at pictures."""
        ...

    def ask(self, question: Question) -> Reply:
        """Ask once; a reply is a model's text, whatever it says."""
        ...

    def release(self, *, deadline_s: float) -> bool:
        """Give up graphics memory; whether the server confirms that nothing is loaded."""
        ...

    def close(self) -> None:
        """Give up connections."""
        ...


# ---- Productions ----------------------------------------------------------------------------


class Memory(Protocol):
    """What attempts came to: all that is learned is counted from it."""

    def outcomes(
        self,
        *,
        sandbox: bool | None = None,
        family: str | None = None,
        part: Part = Part.PARAMETERS,
        limit: int = 100_000,
    ) -> tuple[Outcome, ...]:
        """Return the newest measured attempts, oldest first; `sandbox` None: of both kinds.

        What was forgotten for `part` is left out.
        """
        ...

    def past_prompts(self, *, sandbox: bool) -> tuple[PastPrompt, ...]:
        """Return what was asked before, each prompt once, the newest first.

        What was forgotten for words is left out.
        """
        ...

    def add_outcomes(self, outcomes: Sequence[Outcome]) -> int:
        """Add outcomes from elsewhere; returns how many were not there yet."""
        ...

    def forget(
        self,
        *,
        part: Part | None = None,
        family: str | None = None,
        project: str | None = None,
    ) -> None:
        """Learn from nothing that was made up to now, of all or of a part; what was made stays."""
        ...

    def remember_again(self) -> int:
        """Take every `forget` back, but for what was added from elsewhere; returns how many."""
        ...

    def forgotten(self) -> tuple[Forgotten, ...]:
        """Return what holds of every `forget`, the newest first."""
        ...

    def patterns(self) -> Mapping[str, int]:
        """Return how many patterns are remembered, by the table's name."""
        ...


class Judged(Protocol):
    """What people decided, and how approved files are drawn."""

    def persons_words(
        self, *, sandbox: bool, profile: str | None = None, limit: int = 1000
    ) -> tuple[PersonsWord, ...]:
        """Return people's newest decisions on measured results, oldest first."""
        ...

    def approved_files(
        self, project: str, *, checkpoint: str | None, sandbox: bool, limit: int = 200
    ) -> Mapping[str, str]:
        """Return a project's newest approved stills, oldest first: SHA-256 and what was asked."""
        ...

    def projects_with_style(self, *, sandbox: bool) -> tuple[tuple[str, str | None], ...]:
        """Return project and checkpoint of every approved still, each pair once."""
        ...

    def styles(
        self, artifacts: Collection[str], *, recipe: str
    ) -> Mapping[str, Mapping[str, float]]:
        """Return the kept measurements of style of these files, as far as there are any."""
        ...

    def save_styles(
        self, measured: Sequence[tuple[str, Mapping[str, float]]], *, recipe: str
    ) -> None:
        """Keep measurements of style; those that are there stay."""
        ...


class Productions(Protocol):
    """Projects, their stories and briefs, and the sessions with directors."""

    def project(self, name: str, *, create: bool = False) -> Project:
        """Return a project by name; `NotFound` unless it is to be created."""
        ...

    def project_brief(self, name: str) -> tuple[ProjectBrief, StyleGuide]:
        """Return a project's brief and what a director made of it; empty ones if there is none."""
        ...

    def save_project_brief(self, name: str, brief: ProjectBrief, guide: StyleGuide) -> None:
        """Keep both with the project, which is created if need be."""
        ...

    def story(self, name: str) -> Story:
        """Return a project with its parts; `NotFound` for an unknown name."""
        ...

    def save_story(self, story: Story) -> None:
        """Make the project's parts exactly these, in one transaction; ids stay."""
        ...

    def add_direction_event(self, event: DirectionEvent) -> int:
        """Append to `creative_direction_events`; returns the event's number."""
        ...

    def session(self, session_id: str) -> tuple[DirectionEvent, ...]:
        """Return the events of a session, oldest first; empty for an unknown one."""
        ...

    def sessions(self, *, limit: int = 50) -> tuple[DirectionEvent, ...]:
        """Return the first event of each session that a person opened, newest first."""
        ...

    def opinions(self, *, limit: int = 500) -> tuple[Opinion, ...]:
        """Return models' reviews of attempts on which a person decided later, newest first."""
        ...


# ---- Surroundings ---------------------------------------------------------------------------


class Probe(Protocol):
    """Looks at this machine."""

    def host(self) -> HostSample:
        """Return this machine's state; the load is that since the call before."""
        ...

    def gpus(self) -> tuple[GpuSample, ...]:
        """Return the cards of this machine."""
        ...

    def close(self) -> None:
        """Give up what is held."""
        ...


class Notifier(Protocol):
    """Tells somebody outside."""

    def tell(self, event: Event) -> None:
        """Deliver; `Unavailable` when it was not taken."""
        ...

    def close(self) -> None:
        """Give up connections."""
        ...
