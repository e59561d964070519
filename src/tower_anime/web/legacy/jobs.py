"""Generating and looking, as the earlier service's frontends do."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import anyio
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool

from tower_anime.compose import App
from tower_anime.domain.generation import Generation, History
from tower_anime.domain.production import PartKind
from tower_anime.domain.quality import Verdict
from tower_anime.domain.views import assessment_view
from tower_anime.domain.wish import briefs_of
from tower_anime.inspection import inspect_files, wanted_file
from tower_anime.studio import enhanced
from tower_anime.web.legacy.words import (
    EarlierWish,
    file_of,
    final,
    found_id,
    history_of,
    job_status_of,
    legacy_of,
    message_of,
    output_of,
    progress01,
    score_of,
    shown_id,
    status_of,
)
from tower_anime.web.words import ERRORS, Answers, Json, Strict, TheApp

router = APIRouter(tags=["earlier"])
anime_router = APIRouter(tags=["earlier"])

WAITS_S = 30.0
_LOOK_EVERY_S = 0.2
_LISTED = 100
_ERRORS: Answers = {404: ERRORS[404], 409: ERRORS[409], 422: ERRORS[422]}


# ---- generating -------------------------------------------------------------------------------


@router.post("/generate/integrated", responses=_ERRORS)
async def integrated(app: TheApp, wish: EarlierWish) -> Json:
    """Generate a still; waits up to 30 s for its end."""
    generation = await run_in_threadpool(_begin, app, wish, project=None, clip=False)
    deadline_s = time.monotonic() + WAITS_S
    history = await run_in_threadpool(app.store.history, generation.id)
    while not history.generation.status.over and time.monotonic() < deadline_s:
        await anyio.sleep(_LOOK_EVERY_S)
        history = await run_in_threadpool(app.store.history, generation.id)
    over = history.generation.status.over
    assessed = any(attempt.assessment for attempt in history.attempts)
    return Json(
        {
            "job_id": generation.id,
            "status": status_of(history) if over else "processing",
            "message": message_of(history),
            "quality_score": score_of(history) if over else None,
            "pipeline_used": "integrated",
            "components_tested": [
                name
                for name, ran in (
                    ("generation", bool(history.attempts)),
                    ("quality", assessed),
                    ("director", history.direction is not None),
                )
                if ran
            ],
            "result": {"output_path": output_of(app, history), "attempts": len(history.attempts)},
            "ignored": wish.ignored,
        }
    )


@router.post("/generate/professional", responses=_ERRORS)
def professional(app: TheApp, wish: EarlierWish) -> Json:
    """Queue a still."""
    return _accepted(_begin(app, wish, project=None, clip=False), wish)


@router.post("/projects/{project_id}/generate", responses=_ERRORS)
@router.post("/generate/project/{project_id}", name="for_project_alias", responses=_ERRORS)
def for_project(app: TheApp, project_id: str, wish: EarlierWish) -> Json:
    """Queue a clip for a project, of its description if the prompt is empty."""
    return _accepted(_begin(app, wish, project=project_id, clip=True), wish)


@anime_router.post("/api/anime/generate", responses=_ERRORS)
def generate(app: TheApp, wish: EarlierWish) -> Json:
    """Queue a still, or a clip where its type or frames say so."""
    generation = _begin(app, wish, project=None, clip=wish.wants_clip)
    return Json({"generation_id": generation.id, "status": "queued", "ignored": wish.ignored})


def _begin(app: App, wish: EarlierWish, *, project: str | None, clip: bool) -> Generation:
    named = project if project is not None else wish.project_id
    name, description = "Default", ""
    if named is not None:
        row = _project(app, str(named))
        name, description = row["name"], row["description"]
    asked = wish.clip(name, instead=description) if clip else wish.still(name)
    (brief,) = briefs_of({**asked, "prompt": asked["prompt"].replace("|", ",")})
    return app.create(brief)


def _accepted(generation: Generation, wish: EarlierWish) -> Json:
    return Json(
        {
            "request_id": generation.id,
            "job_id": generation.id,
            "status": "queued",
            "message": "it is queued",
            "ignored": wish.ignored,
        }
    )


def _project(app: App, given: str) -> Mapping[str, Any]:
    return app.store.part(PartKind.PROJECT, found_id(app, "projects", given))


# ---- looking ----------------------------------------------------------------------------------


@router.get("/generation/{job_id}/status", responses=_ERRORS)
def status(app: TheApp, job_id: str) -> Json:
    """Say how far a generation is."""
    history = history_of(app, job_id)
    return Json(
        {
            "id": job_id,
            "status": status_of(history),
            "progress": progress01(app, history),
            "created_at": history.generation.created_at,
            "quality_score": score_of(history),
            "message": message_of(history),
        }
    )


@router.post("/generation/{job_id}/cancel", responses=_ERRORS)
def cancel(app: TheApp, job_id: str) -> Json:
    """Cancel a generation; 409 when it is over."""
    history = history_of(app, job_id)
    app.cancel(history.generation.id)
    return Json({"id": job_id, "status": "cancelled", "message": "it is being cancelled"})


@router.get("/jobs/{job_id}", responses=_ERRORS)
def job(app: TheApp, job_id: str) -> Json:
    """Return a job."""
    history = history_of(app, job_id)
    shown = _job_view(app, history, job_id)
    shown["id"] = int(job_id) if job_id.isdecimal() and job_id.isascii() else job_id
    return Json({**shown, **legacy_of(app, history.generation.id)})


@router.get("/projects/{project_id}/history", responses=_ERRORS)
def project_history(app: TheApp, project_id: str) -> Json:
    """List the newest jobs of a project."""
    found = app.store.histories(limit=_LISTED, project=_project(app, project_id)["name"]).items
    ids = [history.generation.id for history in found]
    external = app.store.external_ids("generations", ids)
    return Json(
        {
            "history": [
                _job_view(app, history, shown_id(external, history.generation.id))
                for history in found
            ]
        }
    )


@router.post("/projects/clear-stuck")
def clear_stuck(app: TheApp) -> Json:
    """Take up again what nobody works on; projects that only say so generate no longer."""
    jobs = app.reconciler.submit_forgotten()
    busy = {one.project for one in app.store.queue()}
    projects = 0
    rows, _ = app.store.parts(PartKind.PROJECT, limit=1000)
    for row in rows:
        if row["status"] == "generating" and row["name"] not in busy:
            app.store.change_part(PartKind.PROJECT, row["id"], {"status": "active"})
            projects += 1
    words = f"{len(jobs)} jobs were taken up again, {projects} projects set free"
    return Json({"message": words, "stuck_projects": projects, "stuck_jobs": len(jobs)})


def _job_view(app: App, history: History, shown: int | str) -> dict[str, Any]:
    generation = history.generation
    return {
        "id": shown,
        "status": job_status_of(history),
        "type": generation.brief.kind.value,
        "prompt": generation.brief.prompt,
        "output_path": output_of(app, history),
        "quality_score": score_of(history),
        "created_at": generation.created_at,
        "message": message_of(history),
    }


@router.get("/quality/assess/{job_id}", responses=_ERRORS)
def assess(app: TheApp, job_id: str) -> Json:
    """Return the judgement of a job's file; without the file there is none (404)."""
    history = history_of(app, job_id)
    path, attempt = file_of(app, history), final(history)
    assessment = attempt.assessment if attempt else None
    if assessment is None or assessment.score is None:
        file = wanted_file(path, prompt=history.generation.brief.prompt)
        ((_, assessment),) = inspect_files(app.settings, [file])
    reasons = [defect.message for defect in assessment.defects]
    if assessment.error is not None:
        reasons = [assessment.error.message]
    return Json(
        {
            "job_id": job_id,
            "quality_score": assessment.score,
            "passes_standards": assessment.verdict is Verdict.PASS,
            "rejection_reasons": [] if assessment.verdict is Verdict.PASS else reasons,
            "detailed_metrics": assessment_view(assessment, path=str(path))["measurements"],
        }
    )


# ---- the oldest routes ------------------------------------------------------------------------


@anime_router.get("/api/generations")
def generations(app: TheApp) -> Json:
    """List the newest generations, as a plain list."""
    found = app.store.histories(limit=_LISTED).items
    external = app.store.external_ids("generations", [h.generation.id for h in found])
    return Json(
        [
            {
                "id": shown_id(external, history.generation.id),
                "prompt": history.generation.brief.prompt,
                "character": None,
                "status": status_of(history),
                "progress": round(progress01(app, history) * 100),
            }
            for history in found
        ]
    )


@anime_router.get("/api/anime/status/{job_id}", responses=_ERRORS)
def anime_status(app: TheApp, job_id: str) -> Json:
    """Say whether a generation is generating, completed or failed."""
    history = history_of(app, job_id)
    word = status_of(history) if history.generation.status.over else "generating"
    return Json(
        {
            "status": word,
            "output_file": output_of(app, history) if word == "completed" else None,
            "message": message_of(history),
            "progress": round(progress01(app, history) * 100),
        }
    )


# ---- prompts ----------------------------------------------------------------------------------


class EarlierPrompt(Strict):
    """A prompt to add to."""

    prompt: str


@router.post("/echo/enhance-prompt", responses={422: ERRORS[422]})
def enhance(app: TheApp, body: EarlierPrompt) -> Json:
    """Add to a prompt what a director would."""
    (brief,) = briefs_of({"prompt": body.prompt.replace("|", ",")})
    found = enhanced(app.settings, brief)
    return Json(
        {
            "original_prompt": body.prompt,
            "enhanced_prompt": found.prompt,
            "enhancements": [item.words for item in found.additions if not item.negative],
            "source": found.source,
        }
    )
