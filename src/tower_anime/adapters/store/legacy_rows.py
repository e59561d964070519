"""Rows of the earlier service as rows of ours. Columns vary: each is looked for by its names."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any

from tower_anime.domain.attempt import AttemptState
from tower_anime.domain.brief import Brief, DirectorChoice
from tower_anime.domain.generation import GenerationStatus, prompt_id_of
from tower_anime.domain.legacy import (
    BACKEND,
    PROJECT_STATUSES,
    UNFINISHED,
    Row,
    Score,
    first_of,
    moment_of,
    number_of,
    our_id,
    parsed,
    score_of,
    status_of,
    text_of,
    whole_of,
)
from tower_anime.domain.quality import Profile, Unmeasured
from tower_anime.domain.request import Kind, RenderRequest
from tower_anime.errors import BadInput, FailureClass

Values = dict[str, Any]
LEGACY = "legacy"  # profile and, with the source's name, assessor of what was imported
THRESHOLD = 0.7
_CLIP_WORDS = ("video", "clip", "anim", "movie", "episode")
_PROMPT_CHARS = 20_000


@dataclass(frozen=True, kw_only=True)
class Imported:
    """One row of the source: what stands for it here. `rows` are (table, values) in their order."""

    table: str
    external_id: str
    entity: str
    our_id: str
    rows: tuple[tuple[str, Values], ...]
    legacy: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Context:
    """What rows refer to. `zone` is the local time of the quality modules; None: this machine's.

    `jobs` leads from a server's prompt id or an output path to a job's id there.
    """

    source: str
    now: datetime
    zone: tzinfo | None = None
    project_tables: tuple[str, ...] = ()
    projects: dict[tuple[str, str], str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    episodes: dict[str, str] = field(default_factory=dict)
    places: set[tuple[str, int, int]] = field(default_factory=set)
    casts: set[tuple[str, str]] = field(default_factory=set)
    jobs: dict[str, str] = field(default_factory=dict)
    assessed: set[str] = field(default_factory=set)
    fallback: str | None = None
    notes: list[str] = field(default_factory=list)

    def id_of(self, table: str, external_id: str) -> str:
        """Return our id of a row of this source."""
        return our_id(self.source, table, external_id)

    def project_of(self, value: Any, refers_to: str | None = None) -> str:
        """Return our id of the project with this id there, or of the one for what has none."""
        key = text_of(value)
        for table in (refers_to, *self.project_tables):
            if table and (found := self.projects.get((table, key))):
                return found
        self.fallback = self.id_of("", "no project")
        return self.fallback

    def when(self, value: Any, *, local: bool = False) -> datetime:
        """Return a stored time: naive ones are UTC, or local where a quality module wrote them."""
        return moment_of(value, zone=self.zone if local else UTC) or self.now


Mapper = Callable[[Row, Context, str, str], Imported]
"""Maps (row, context, table, external id); `BadInput` says why a row can't come."""


def fallback_project(context: Context) -> Imported:
    """Return the project for work that belongs to none there."""
    name = f"Imported from {context.source}"
    values: Values = {
        "id": context.fallback,
        "name": name,
        "description": "Work of the earlier service that belonged to no project there.",
        "status": "archived",
        "settings": {},
        "created_at": context.now,
        "updated_at": context.now,
    }
    return Imported(
        table="",
        external_id=f"{context.source}:no project",
        entity="projects",
        our_id=str(context.fallback),
        rows=(("projects", values),),
    )


# ---- The production ---------------------------------------------------------------------------


def project(row: Row, context: Context, table: str, external_id: str) -> Imported:
    """Map `anime_projects` or `projects`."""
    identity = context.id_of(table, external_id)
    wanted = text_of(first_of(row, "name", "title")).strip() or f"Project {external_id}"
    name = _free(wanted, context.names)
    if name != wanted:
        context.notes.append(f"project {external_id} is called {name!r}: {wanted!r} is taken")
    status = text_of(row.get("status")).lower()
    created = context.when(row.get("created_at"))
    settings = parsed(first_of(row, "settings", "metadata", default={}))
    context.projects[(table, external_id)] = identity
    values = {
        "id": identity,
        "name": name,
        "description": text_of(row.get("description")),
        "status": status if status in PROJECT_STATUSES else "active",
        "settings": {LEGACY: settings} if settings else {},
        "created_at": created,
        "updated_at": moment_of(row.get("updated_at"), zone=UTC) or created,
    }
    return _one(table, external_id, "projects", values)


def episode(row: Row, context: Context, table: str, external_id: str) -> Imported:
    """Map `episodes`; a number that is taken in its season gives way to the next free one."""
    identity = context.id_of(table, external_id)
    about = parsed(first_of(row, "metadata", default={}))
    about = about if isinstance(about, dict) else {"metadata": about}
    owner = context.project_of(first_of(row, "project_id", default=about.get("project_id")))
    season = whole_of(first_of(row, "season", "season_number", default=about.get("season")), 1)
    wanted = whole_of(first_of(row, "episode_number", "number", default=external_id), 1)
    number = wanted
    while (owner, season, number) in context.places:
        number += 1
    context.places.add((owner, season, number))
    if number != wanted:
        context.notes.append(f"episode {external_id} is number {number}: {wanted} is taken")
    context.episodes[external_id] = identity
    details = {
        name: parsed(row[name])
        for name in ("duration", "scenes", "characters", "video_path")
        if row.get(name) is not None
    }
    score = score_of(row.get("quality_score"))
    values = {
        "id": identity,
        "project_id": owner,
        "season": season,
        "number": number,
        "title": text_of(row.get("title")) or f"Episode {number}",
        "synopsis": text_of(first_of(row, "synopsis", "description")),
        "status": text_of(row.get("status")) or "draft",
        "details": {**details, **({"metadata": about} if about else {}), LEGACY: _legacy(score)},
        "created_at": context.when(row.get("created_at")),
    }
    return _one(table, external_id, "episodes", values, legacy=_legacy(score))


def scene(row: Row, context: Context, table: str, external_id: str) -> Imported:
    """Map `scenes`."""
    episode_id = context.episodes.get(text_of(row.get("episode_id")))
    values = {
        "id": context.id_of(table, external_id),
        "project_id": context.project_of(row.get("project_id")),
        "episode_id": episode_id,
        "number": whole_of(
            first_of(row, "scene_number", "number", "scene_order", "order_index", "position"),
            whole_of(external_id),
        ),
        "title": text_of(first_of(row, "title", "name")),
        "description": text_of(first_of(row, "description", "prompt", "visual_description")),
        "details": {LEGACY: {name: parsed(value) for name, value in row.items()}},
        "created_at": context.when(row.get("created_at")),
    }
    return _one(table, external_id, "scenes", values)


def character(row: Row, context: Context, table: str, external_id: str) -> Imported:
    """Map `characters`."""
    owner = context.project_of(row.get("project_id"))
    wanted = text_of(first_of(row, "name", "character_name")).strip() or f"Character {external_id}"
    names = {name for project, name in context.casts if project == owner}
    name = _free(wanted, names)
    context.casts.add((owner, name))
    look = first_of(row, "look", "appearance", "visual_description", "description", "base_prompt")
    values = {
        "id": context.id_of(table, external_id),
        "project_id": owner,
        "name": name,
        "look": text_of(look),
        "details": {LEGACY: {name: parsed(value) for name, value in row.items()}},
        "created_at": context.when(row.get("created_at")),
    }
    return _one(table, external_id, "characters", values)


# ---- Jobs -------------------------------------------------------------------------------------


def job(row: Row, context: Context, table: str, external_id: str) -> Imported:
    """Map `production_jobs` (or `render_queue`): a generation with one attempt."""
    said = text_of(first_of(row, "status", default="")).strip().lower()
    status = status_of(said)
    if status is None:
        raise BadInput(f"its status {said!r} is not known")
    identity = context.id_of(table, external_id)
    for key in ("comfyui_job_id", "prompt_id", "output_path"):
        if row.get(key):
            context.jobs[text_of(row[key])] = identity
    given = parsed(first_of(row, "parameters", "workflow_params", "settings", default={}))
    given = given if isinstance(given, dict) else {"parameters": given}
    request = _request(row, given)
    created = context.when(first_of(row, "created_at", "queued_at", "submitted_at"))
    finished = moment_of(first_of(row, "completed_at", "finished_at", "updated_at"), zone=UTC)
    score = score_of(row.get("quality_score"))
    failure = _failure(row, said, status)
    unfinished = f"it was {said} in the earlier service when it was imported"
    brief = Brief(
        prompt=request.prompt,
        negative=request.negative,
        project="",
        kind=request.kind,
        profile=request.kind.value,
        director=DirectorChoice.OFF,
        max_attempts=1,
        publish=False,
    )
    generation = {
        "id": identity,
        "project_id": context.project_of(row.get("project_id")),
        "shot_id": None,
        "batch_id": None,
        "kind": request.kind.value,
        "status": status.value,
        "backend": BACKEND,
        "brief": brief,
        "profile": Profile(name=LEGACY, threshold=THRESHOLD, min_width=1, min_height=1),
        "first_request": None,
        "chosen_attempt": 1 if status in _WITH_RESULT else None,
        **failure,
        "reason": unfinished if said in UNFINISHED else "imported from the earlier service",
        "cancel_requested": status is GenerationStatus.CANCELLED,
        "created_at": created,
        "finished_at": finished or created,
    }
    attempt = {
        "generation_id": identity,
        "number": 1,
        "prompt_id": prompt_id_of(identity, 1),
        "kind": "generate",
        "repair_of": None,
        "state": _STATES[status].value,
        "server": None,
        "backend": BACKEND,
        "family": None,
        "checkpoint": request.checkpoint,
        "request": request,
        "stopped_early_at_step": None,
        "sampler_steps": 0,
        "seconds": _seconds(row, created, finished),
        "submissions": 0,
        "artifact_sha256": None,
        **failure,
        "created_at": created,
    }
    rows: list[tuple[str, Values]] = [("generations", generation), ("attempts", attempt)]
    if score.legacy is not None:
        rows.append(("quality_assessments", _assessed(context, identity, score, request, created)))
    legacy = {
        **_legacy(score),
        "status": said,
        "type": text_of(first_of(row, "job_type", "type")),
        "output_path": text_of(first_of(row, "output_path", "output_file", "video_path")) or None,
    }
    return Imported(
        table=table,
        external_id=external_id,
        entity="generations",
        our_id=identity,
        rows=tuple(rows),
        legacy=legacy,
    )


_WITH_RESULT = (GenerationStatus.APPROVED, GenerationStatus.REJECTED)
_STATES = {
    GenerationStatus.APPROVED: AttemptState.PRODUCED,
    GenerationStatus.REJECTED: AttemptState.PRODUCED,
    GenerationStatus.FAILED: AttemptState.FAILED,
    GenerationStatus.CANCELLED: AttemptState.CANCELLED,
}


def _request(row: Row, given: Mapping[str, Any]) -> RenderRequest:
    """Return what is known of a request; 0 and empty words stand for what was not written down."""
    kind_text = text_of(first_of(row, "job_type", "type", "generation_type")).lower()
    is_clip = any(word in kind_text for word in _CLIP_WORDS)
    prompt = text_of(first_of(row, "prompt", "description", default=given.get("prompt")))
    checkpoint = given.get("checkpoint") or given.get("model") or given.get("ckpt_name")
    frames, rate = number_of(given.get("frames")), number_of(given.get("fps"))
    return RenderRequest(
        kind=Kind.CLIP if is_clip else Kind.STILL,
        prompt=prompt.strip()[:_PROMPT_CHARS] or "(no prompt was stored)",
        negative=text_of(first_of(row, "negative_prompt", default=given.get("negative_prompt")))[
            :_PROMPT_CHARS
        ],
        width=whole_of(given.get("width")),
        height=whole_of(given.get("height")),
        steps=whole_of(given.get("steps")),
        cfg=number_of(first_of(given, "cfg", "cfg_scale")) or 0.0,
        sampler=text_of(first_of(given, "sampler", "sampler_name")),
        scheduler=text_of(given.get("scheduler")),
        seed=max(0, whole_of(given.get("seed"))),
        checkpoint=text_of(checkpoint) or None,
        frames=int(frames) if frames and 0 < frames < 10**6 else None,
        frame_rate=rate if rate and rate > 0 else None,
    )


def _failure(row: Row, said: str, status: GenerationStatus) -> Values:
    if status is not GenerationStatus.FAILED:
        return {"failure_class": None, "failure_message": None}
    kind = FailureClass.TIMEOUT if said == "timeout" else FailureClass.INTERNAL
    message = text_of(first_of(row, "error_message", "error")) or f"the earlier service says {said}"
    return {"failure_class": kind.value, "failure_message": message}


def _seconds(row: Row, created: datetime, finished: datetime | None) -> float:
    spent = number_of(first_of(row, "generation_time", "duration_seconds", "processing_time"))
    if spent is None and finished is not None and row.get("completed_at"):
        spent = (finished - created).total_seconds()
    return max(0.0, spent or 0.0)


# ---- Judgements -------------------------------------------------------------------------------


def assessment(row: Row, context: Context, table: str, external_id: str) -> Imported:
    """Map `quality_assessments`: of a job if one is known by prompt id or file, else of a file."""
    score = score_of(row.get("quality_score"))
    path = text_of(first_of(row, "file_path", "output_path"))
    owner = context.jobs.get(text_of(row.get("prompt_id"))) or context.jobs.get(path)
    if owner in context.assessed:
        owner = None  # an attempt has one assessment; the others stay with their file
    elif owner:
        context.assessed.add(owner)
    passed = row.get("passes_standards")
    verdict = "unmeasured"
    if score.measured is not None:
        kept = score.measured >= THRESHOLD if passed is None else _truth(passed)
        verdict = "pass" if kept else "reject"
    reasons = parsed(first_of(row, "rejection_reasons", default=[]))
    values = {
        **_judgement(context, score, context.when(row.get("created_at"), local=True)),
        "id": context.id_of(table, external_id),
        "generation_id": owner,
        "attempt": 1 if owner else None,
        "file_path": path or None,
        "verdict": verdict,
    }
    legacy = {
        **_legacy(score),
        "passes_standards": None if passed is None else _truth(passed),
        "rejection_reasons": reasons,
    }
    return _one(table, external_id, "quality_assessments", values, legacy=legacy)


def _assessed(
    context: Context, generation_id: str, score: Score, request: RenderRequest, at: datetime
) -> Values:
    verdict = "unmeasured"
    if score.measured is not None:
        verdict = "pass" if score.measured >= THRESHOLD else "reject"
    return {
        **_judgement(context, score, at),
        "id": context.id_of("job's score", generation_id),
        "generation_id": generation_id,
        "attempt": 1,
        "file_path": None,
        "kind": "video" if request.kind is Kind.CLIP else "image",
        "verdict": verdict,
    }


def _judgement(context: Context, score: Score, at: datetime) -> Values:
    measurements = {} if score.measured is not None else {"quality": Unmeasured(score.reason)}
    return {
        "artifact_sha256": None,
        "backend": BACKEND,
        "kind": "image",
        "width": 0,
        "height": 0,
        "score": score.measured,
        "threshold": THRESHOLD,
        "defects": [],
        "measurements": measurements,
        "profile": LEGACY,
        "assessor": f"{LEGACY}: {context.source}",
        "seconds": 0.0,
        "relaxed": {},
        "error": None,
        "created_at": at,
    }


def pattern(row: Row, context: Context, table: str, external_id: str) -> Imported:
    """Map what was learned or kept as a good or bad workflow; constants teach nothing."""
    failed = "failed" in table
    target = "learning_failed_patterns" if failed else "learning_successful_patterns"
    text = text_of(first_of(row, "prompt_text", "prompt"))
    values: Values = {
        "id": context.id_of(table, external_id),
        "generation_id": context.jobs.get(text_of(row.get("prompt_id"))),
        "attempt": None,
        "project_id": None,
        "backend": BACKEND,
        "family": None,
        "checkpoint": None,
        "prompt_hash": text_of(row.get("prompt_hash")) or hashlib.sha256(text.encode()).hexdigest(),
        "prompt_text": text,
        "workflow_params": parsed(first_of(row, "workflow_params", "parameters", default={})),
        "quality_score": score_of(first_of(row, "quality_score", "avg_quality")).measured,
        "created_at": context.when(first_of(row, "created_at", "last_used"), local=True),
    }
    if failed:
        values["rejection_reasons"] = parsed(first_of(row, "rejection_reasons", default=[]))
    return _one(table, external_id, target, values)


# ---- What happened ----------------------------------------------------------------------------


def alert(row: Row, context: Context, table: str, external_id: str) -> Imported:
    """Map `performance_alerts`: history, so all of them are over."""
    at = context.when(first_of(row, "created_at", "timestamp"), local=True)
    values = {
        "id": context.id_of(table, external_id),
        "alert_type": text_of(row.get("alert_type")) or "unknown",
        "subject": f"{LEGACY} {context.source}",
        "severity": text_of(row.get("severity")) or "warning",
        "message": text_of(row.get("message")),
        "system_state": parsed(first_of(row, "system_state", default={})),
        "raised_at": at,
        "acknowledged_at": at,
        "resolved_at": moment_of(row.get("resolved_at"), zone=context.zone) or at,
    }
    return _one(table, external_id, "performance_alerts", values)


def metric(row: Row, context: Context, table: str, external_id: str) -> Imported:
    """Map `generation_metrics` and `workflow_corrections`: events of a generation."""
    kind = text_of(first_of(row, "event_type", "metric_name", "metric_type")) or table
    data = parsed(first_of(row, "event_data", "metric_data", "data"))
    values = {
        "generation_id": context.jobs.get(text_of(first_of(row, "prompt_id", "job_id"))),
        "event_type": f"{LEGACY}_{kind}",
        "event_data": data if isinstance(data, dict) else {n: parsed(v) for n, v in row.items()},
        "at": context.when(first_of(row, "created_at", "timestamp", "recorded_at"), local=True),
    }
    identity = context.id_of(table, external_id)
    return Imported(
        table=table,
        external_id=external_id,
        entity="generation_metrics",
        our_id=identity,
        rows=(("generation_metrics", values),),
    )


def direction(row: Row, context: Context, table: str, external_id: str) -> Imported:
    """Map creative sessions and their events, and the branches and commits of a story."""
    session = first_of(row, "session_id", "branch_id", "branch_name", default=external_id)
    kind = text_of(first_of(row, "event_type")) or table
    data = parsed(row.get("event_data"))
    values = {
        "session_id": text_of(str(session)),
        "generation_id": None,
        "event_type": f"{LEGACY}_{kind}",
        "event_data": data if isinstance(data, dict) else {n: parsed(v) for n, v in row.items()},
        "created_at": context.when(first_of(row, "created_at", "timestamp", "started_at")),
    }
    return Imported(
        table=table,
        external_id=external_id,
        entity="creative_direction_events",
        our_id=context.id_of(table, external_id),
        rows=(("creative_direction_events", values),),
    )


MAPPERS: Mapping[str, Mapper] = {
    "anime_projects": project,
    "projects": project,
    "episodes": episode,
    "scenes": scene,
    "characters": character,
    "production_jobs": job,
    "render_queue": job,
    "quality_assessments": assessment,
    "learning_successful_patterns": pattern,
    "learning_failed_patterns": pattern,
    "successful_workflows": pattern,
    "failed_workflows": pattern,
    "performance_alerts": alert,
    "generation_metrics": metric,
    "workflow_corrections": metric,
    "creative_sessions": direction,
    "creative_direction_events": direction,
    "story_branches": direction,
    "story_commits": direction,
}
"""The tables that are brought, in the order in which they refer to each other."""


def _one(
    table: str,
    external_id: str,
    entity: str,
    values: Values,
    *,
    legacy: Mapping[str, Any] | None = None,
) -> Imported:
    return Imported(
        table=table,
        external_id=external_id,
        entity=entity,
        our_id=values["id"],
        rows=((entity, values),),
        legacy=legacy or {},
    )


def _legacy(score: Score) -> Values:
    return {"score": score.legacy, "measured": score.measured is not None}


def _free(name: str, taken: set[str]) -> str:
    """Return a name that is not taken yet, and take it."""
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name} ({number})"
    taken.add(free)
    return free


def _truth(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().lower() in ("t", "true", "1", "yes")
    return bool(value)
