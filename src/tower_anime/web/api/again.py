"""Drawing again what was drawn: exactly, or with other seeds."""

from __future__ import annotations

import uuid

from fastapi import APIRouter

from tower_anime.compose import App
from tower_anime.domain.again import reproduced, varied
from tower_anime.domain.generation import History
from tower_anime.domain.request import RenderRequest
from tower_anime.domain.views import generation_view
from tower_anime.errors import Conflict, NotFound
from tower_anime.web import models
from tower_anime.web.words import ERRORS, Json, TheApp

router = APIRouter(prefix="/generations", tags=["generations"])


@router.post(
    "/{generation_id}/reproduce",
    status_code=202,
    responses={202: {"model": models.Generation}, **ERRORS},
)
def reproduce(app: TheApp, generation_id: str, wanted: models.Again) -> Json:
    """Draw an attempt's request once more, everything locked and nobody asked."""
    history, request = _drawn(app, generation_id, wanted.attempt)
    old = history.generation
    made = app.create(reproduced(old.brief, request), shot_id=old.shot_id)
    return Json(generation_view(History(generation=made)), status_code=202)


@router.post(
    "/{generation_id}/vary",
    status_code=202,
    responses={202: {"model": models.Batch}, **ERRORS},
)
def vary(app: TheApp, generation_id: str, wanted: models.Variation) -> Json:
    """Draw the same with other seeds, as a batch."""
    history, request = _drawn(app, generation_id, wanted.attempt)
    old, batch_id = history.generation, str(uuid.uuid4())
    brief = varied(old.brief, request)
    made = [app.create(brief, batch_id=batch_id, shot_id=old.shot_id) for _ in range(wanted.count)]
    view = {
        "batch_id": batch_id,
        "total": len(made),
        "counts": {"queued": len(made)},
        "generation_ids": [one.id for one in made],
    }
    return Json(view, status_code=202)


def _drawn(app: App, generation_id: str, number: int | None) -> tuple[History, RenderRequest]:
    """Return the history and the request of an attempt, by default of the one that was kept."""
    history = app.store.history(generation_id)
    if not history.attempts:
        raise Conflict("nothing was drawn yet: there is no attempt")
    number = number or history.generation.chosen_attempt or len(history.attempts)
    if number > len(history.attempts):
        raise NotFound(f"there is no attempt {number}; it has {len(history.attempts)}")
    return history, history.attempt(number).request
