"""What waits, in its order: pause, resume, priority, order, cancel many."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from tower_anime.compose import App
from tower_anime.domain.queue import PAUSED, Waiting, check_priority, eta_s
from tower_anime.errors import BadInput
from tower_anime.web import models
from tower_anime.web.broadcast import progress_view
from tower_anime.web.words import ERRORS, Answers, Json, Limit, TheApp

router = APIRouter(prefix="/queue", tags=["queue"])

_STATE: Answers = {200: {"model": models.QueueState}, 422: ERRORS[422]}
_CHANGED: Answers = {200: {"model": models.Changed}, 422: ERRORS[422]}


@router.get("", responses=_STATE)
def state(app: TheApp, limit: Limit = 100, project: str | None = None) -> Json:
    """Show what is worked on and what comes next."""
    return Json(_state_view(app, limit=limit, project=project))


@router.post("/pause", responses=_STATE)
def pause(app: TheApp) -> Json:
    """Begin nothing new; attempts that run go on to their end."""
    app.store.set_switch(PAUSED, value=True)
    app.turns.ask_anew()
    return Json(_state_view(app))


@router.post("/resume", responses=_STATE)
def resume(app: TheApp) -> Json:
    """Begin again."""
    app.store.set_switch(PAUSED, value=False)
    app.turns.ask_anew()
    return Json(_state_view(app))


@router.post("/priority", responses=_CHANGED)
def priority(app: TheApp, wanted: models.Priority) -> Json:
    """Give unfinished generations a priority, -100 to 100; the higher goes first."""
    check_priority(wanted.priority)
    return Json({"changed": app.store.prioritise(wanted.generation_ids, wanted.priority)})


@router.post("/order", responses=_CHANGED)
def order(app: TheApp, wanted: models.Ids) -> Json:
    """Let these come next, in this order, before everything else that waits."""
    return Json({"changed": app.store.put_first(wanted.generation_ids)})


@router.post("/cancel", responses=_CHANGED)
def cancel(app: TheApp, wanted: models.Selection) -> Json:
    """Cancel many: by ids, of a batch, of a project, or all with a status."""
    return Json({"changed": len(app.store.cancel_many(_selected(app, wanted)))})


def _selected(app: App, wanted: models.Selection) -> list[str]:
    if not wanted.model_fields_set:
        raise BadInput("say which: generation_ids, batch_id, project or status")
    if wanted.generation_ids is not None:
        return wanted.generation_ids
    found = app.store.queue(project=wanted.project, batch=wanted.batch_id)
    return [
        one.generation_id for one in found if wanted.status is None or one.status == wanted.status
    ]


def _state_view(app: App, *, limit: int = 100, project: str | None = None) -> dict[str, Any]:
    paused = bool(app.store.switch(PAUSED))
    found = app.store.queue(limit=limit, project=project)
    held = {name: app.turns.why_wait(name) for name in {one.project for one in found}}
    queued, working = app.store.unfinished_counts()
    left_s = eta_s(app.store.latest_spans(), queued=queued, working=working)
    return {
        "paused": paused,
        "queued": queued,
        "working": working,
        "eta_s": None if paused else left_s,
        "items": [_item_view(app, one, paused=paused, held=held[one.project]) for one in found],
    }


def _item_view(app: App, one: Waiting, *, paused: bool, held: str | None) -> dict[str, Any]:
    live = app.live.of(one.generation_id)
    why = None
    if not one.has_begun:
        why = "the queue is paused" if paused else held
    return {
        "generation_id": one.generation_id,
        "status": one.status.value,
        "project": one.project,
        "priority": one.priority,
        "created_at": one.created_at,
        "cancel_requested": one.cancel_requested,
        "waits_for": why,
        "progress": progress_view(live) if live else None,
    }
