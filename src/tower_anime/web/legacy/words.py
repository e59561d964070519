"""What the earlier service's frontends send, and its words for what we know."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from tower_anime.compose import App
from tower_anime.domain.attempt import Attempt
from tower_anime.domain.generation import GenerationStatus, History
from tower_anime.domain.legacy import BACKEND
from tower_anime.errors import BadInput, NotFound
from tower_anime.web.words import Strict

IGNORED = ("use_apple_music", "personal", "biometric_data")
"""Sent by those frontends, without a meaning here: named in the answer under `ignored`."""

_STATUSES = {
    GenerationStatus.QUEUED: "queued",
    GenerationStatus.WORKING: "processing",
    GenerationStatus.APPROVED: "completed",
    GenerationStatus.NEEDS_REVIEW: "completed",
    GenerationStatus.REJECTED: "failed",
    GenerationStatus.FAILED: "failed",
    GenerationStatus.CANCELLED: "failed",
}
AWAITING = "awaiting review"

Count = Annotated[int, Field(ge=1, le=10_000)]
Rate = Annotated[float, Field(ge=0.1, le=240.0, allow_inf_nan=False)]
Seconds = Annotated[float, Field(gt=0.0, le=3600.0, allow_inf_nan=False)]


class EarlierWish(Strict):
    """What to generate, in the earlier service's words."""

    prompt: str = Field("", max_length=20_000, examples=["1girl on a rainy street"])
    character: str = Field("original", max_length=300)
    scene_type: str = Field("dialogue", max_length=300)
    duration: Seconds = 3
    style: str = Field("anime", max_length=300)
    type: str = Field("professional", max_length=300)
    frames: Count | None = None
    fps: Rate | None = None
    frames_per_scene: Count | None = None
    project_id: int | str | None = None
    use_apple_music: Any = None
    personal: Any = None
    biometric_data: Any = None

    @property
    def ignored(self) -> list[str]:
        """The fields that were sent and mean nothing here."""
        return [name for name in IGNORED if name in self.model_fields_set]

    def words(self, *, instead: str = "") -> str:
        """Return the prompt with character and style; `instead` of an empty one."""
        parts = [self.prompt.strip() or instead.strip()]
        if self.character.strip().lower() not in ("", "original"):
            parts.append(self.character.strip())
        if self.style.strip().lower() not in ("", "anime"):
            parts.append(f"{self.style.strip()} style")
        if not parts[0]:
            raise BadInput("the prompt is empty; say what the picture should show")
        return ", ".join(parts)

    def still(self, project: str) -> dict[str, Any]:
        """Return the wish for a still, in the interface's words."""
        return {"prompt": self.words(), "project": project, "kind": "still"}

    def clip(self, project: str, *, instead: str = "") -> dict[str, Any]:
        """Return the wish for a clip: frames count before a duration."""
        frames = self.frames or self.frames_per_scene
        length: dict[str, Any] = (
            {"set": {"frames": frames}} if frames else {"duration": self.duration}
        )
        rate = {} if self.fps is None else {"frame_rate": self.fps}
        words = {"prompt": self.words(instead=instead), "project": project, "kind": "clip"}
        return {**words, **length, **rate}

    @property
    def wants_clip(self) -> bool:
        """Whether a route for both is asked for a clip."""
        named = self.type.strip().lower() in ("video", "clip", "animation")
        return named or bool(self.frames and self.frames > 1)


def shown_id(external: Mapping[str, str], our_id: str) -> int | str:
    """Return the id by which earlier frontends know a row: theirs, else ours."""
    known = external.get(our_id, our_id)
    return int(known) if known.isdecimal() and known.isascii() else known


def found_id(app: App, entity: str, given: str) -> str:
    """Return our id for what an earlier frontend names."""
    return app.store.our_id(entity, given) or given


def history_of(app: App, given: str) -> History:
    """Return a generation by either id; `NotFound` names the one that was given."""
    try:
        return app.store.history(found_id(app, "generations", given))
    except NotFound as error:
        raise NotFound(f"there is no job {given}") from error


def status_of(history: History) -> str:
    """Return the earlier word for a status."""
    return _STATUSES[history.generation.status]


def job_status_of(history: History) -> str:
    """Return the earlier word in `/jobs`, which tells bad results from errors."""
    rejected = history.generation.status is GenerationStatus.REJECTED
    return "quality_failed" if rejected else status_of(history)


def message_of(history: History) -> str:
    """Return what a person is told about the status."""
    generation = history.generation
    if generation.status is GenerationStatus.NEEDS_REVIEW:
        return AWAITING
    return generation.reason or generation.status.value


def final(history: History) -> Attempt | None:
    """Return the attempt that stands for a generation, None before the first."""
    chosen = history.generation.chosen_attempt
    if chosen:
        return history.attempt(chosen)
    return history.attempts[-1] if history.attempts else None


def score_of(history: History) -> float | None:
    """Return the measured score, None where there is none."""
    attempt = final(history)
    return attempt.assessment.score if attempt and attempt.assessment else None


def output_of(app: App, history: History) -> str | None:
    """Return the path of the file, of an imported job the one found there; None if none is."""
    attempt = final(history)
    if attempt and attempt.artifact:
        return attempt.artifact.path
    if history.generation.backend != BACKEND:
        return None
    found = app.store.found_file("generations", history.generation.id)
    return found["path"] if found else None


def file_of(app: App, history: History) -> Path:
    """Return the file; `NotFound` when there is none, or not any more."""
    path = output_of(app, history)
    if path is None or not Path(path).is_file():
        raise NotFound("there is no file of this job")
    return Path(path)


def progress01(app: App, history: History) -> float:
    """Return how far it is, from the steps that were done."""
    if history.generation.status.over:
        return 1.0
    live = app.live.of(history.generation.id)
    if live is None or not live.progress.steps:
        return 0.0
    return round(min(0.99, live.progress.step / live.progress.steps), 3)


def legacy_of(app: App, our_id: str) -> dict[str, Any]:
    """Return what an imported row says under `legacy`, nothing for rows of our own."""
    original = app.store.original("generations", our_id)
    legacy = (original or {}).get("legacy")
    if not legacy:
        return {}
    found = app.store.found_file("generations", our_id)
    return {"legacy": {**legacy, "file": found} if found else legacy}
