"""The same for many generations at once; what can't be done to one leaves the others alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastapi import APIRouter

from tower_anime.errors import Conflict, CorruptOutput, NotFound
from tower_anime.web import models
from tower_anime.web.words import ERRORS, Answers, Json, TheApp

router = APIRouter(tags=["generations"])

_DONE: Answers = {200: {"model": models.Done}, 422: ERRORS[422]}


@router.post("/reviews", responses=_DONE)
def review_many(app: TheApp, wanted: models.Decisions) -> Json:
    """Approve or reject many as a person."""

    def review(generation_id: str) -> None:
        app.review(generation_id, wanted.decision, reasons=wanted.reasons, note=wanted.note)

    return _each(wanted.generation_ids, review)


@router.post("/reviews/undo", responses=_DONE)
def undo_many(app: TheApp, wanted: models.Ids) -> Json:
    """Take the newest decision of a person on each of these back."""
    return _each(wanted.generation_ids, app.undo_review)


@router.post("/publications", responses=_DONE)
def publish_many(app: TheApp, wanted: models.Ids) -> Json:
    """Put approved ones into the library, also those that were withdrawn or not to be published."""

    def publish(generation_id: str) -> None:
        app.reconciler.work.complete_publication(generation_id)

    return _each(wanted.generation_ids, publish)


def _each(generation_ids: Sequence[str], act: Callable[[str], object]) -> Json:
    refused = []
    wanted = tuple(dict.fromkeys(generation_ids))
    for generation_id in wanted:
        try:
            act(generation_id)
        except (Conflict, NotFound, CorruptOutput) as error:
            refused.append({"generation_id": generation_id, "detail": str(error)})
    return Json({"changed": len(wanted) - len(refused), "refused": refused})
