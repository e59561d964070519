"""`/api/v1/generations`: asking, looking, cancelling, deciding."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response

from tower_anime.compose import App
from tower_anime.domain.brief import Brief
from tower_anime.domain.generation import GenerationStatus, History, batch_ids
from tower_anime.domain.queue import check_priority
from tower_anime.domain.views import generation_view
from tower_anime.domain.wish import MAX_EXPANSION, briefs_of
from tower_anime.errors import BadInput, NotFound
from tower_anime.web import models
from tower_anime.web.words import (
    BINARY,
    ERRORS,
    Cursor,
    Json,
    JsonText,
    Limit,
    PageOf,
    TheApp,
    TheReaders,
    TheRendered,
)
from tower_anime.workflows import keep_named

router = APIRouter(tags=["generations"])

IdempotencyKey = Annotated[
    str | None,
    Header(max_length=200, description="the same key again gives the same generation"),
]
_ONE = {200: {"model": models.Generation}, **ERRORS}
MOST_IN_A_BATCH = 5000


@router.post(
    "/generations",
    status_code=202,
    responses={
        202: {"model": models.Generation | list[models.Generation]},
        409: ERRORS[409],
        422: ERRORS[422],
    },
)
def create(app: TheApp, wish: models.Wish, idempotency_key: IdempotencyKey = None) -> Json:
    """Queue a generation, or several when `count` or `{a|b}` ask for them."""
    briefs = briefs_of(wish.given())
    views = queued(app, briefs, key=idempotency_key)
    return Json(views[0] if len(views) == 1 else views, status_code=202)


@router.get("/generations", responses={200: {"model": PageOf[models.Generation]}, 422: ERRORS[422]})
async def index(
    app: TheApp,
    rendered: TheRendered,
    readers: TheReaders,
    limit: Limit = 50,
    cursor: Cursor = None,
    status: Annotated[list[GenerationStatus] | None, Query()] = None,
    project: str | None = None,
    batch: str | None = None,
) -> Response:
    """List generations, newest first."""

    def text() -> bytes:
        return rendered.page(
            *app.store.listed(
                limit=limit, cursor=cursor, statuses=status or (), project=project, batch=batch
            )
        )

    return JsonText(await readers(text))


@router.get("/generations/{generation_id}", responses=_ONE)
async def one(
    app: TheApp, rendered: TheRendered, readers: TheReaders, generation_id: str
) -> Response:
    """Return one generation with its attempts."""
    (text,) = await readers(lambda: rendered.texts([app.store.listed_one(generation_id)]))
    return JsonText(text)


@router.get(
    "/generations/{generation_id}/preview",
    response_class=Response,
    responses={
        200: {
            "content": {"image/png": BINARY, "image/jpeg": BINARY},
            "description": "the picture as it is so far",
        },
        204: {"description": "there is no picture of it at this moment"},
        404: ERRORS[404],
    },
)
def preview(
    app: TheApp,
    generation_id: str,
    step: Annotated[  # noqa: ARG001 - an address that changes makes browsers ask
        int | None, Query(description="of no effect: each step can have an address of its own")
    ] = None,
) -> Response:
    """Return the newest picture of what is being drawn, if this process draws it."""
    live = app.live.of(generation_id)
    headers = {"Cache-Control": "no-store"}
    picture = live.progress.preview if live else None
    if picture is None:
        app.store.cancel_requested(generation_id)  # 404 for an unknown one
        return Response(status_code=204, headers=headers)
    kind = "image/png" if picture.startswith(b"\x89PNG") else "image/jpeg"
    return Response(picture, media_type=kind, headers=headers)


@router.post(
    "/generations/{generation_id}/cancel",
    status_code=202,
    responses={202: {"model": models.Generation}, **ERRORS},
)
def cancel(app: TheApp, generation_id: str) -> Json:
    """Cancel; it ends `cancelled`. 409 when it is over."""
    app.cancel(generation_id)
    return Json(generation_view(app.store.history(generation_id)), status_code=202)


@router.post(
    "/generations/{generation_id}/retry",
    status_code=202,
    responses={202: {"model": models.Generation}, **ERRORS},
)
def retry(app: TheApp, generation_id: str) -> Json:
    """Ask for the same again, as a new generation. 409 while it is not over."""
    fresh = app.retry(generation_id)
    return Json(generation_view(History(generation=fresh)), status_code=202)


@router.post("/generations/{generation_id}/review", responses=_ONE)
def review(app: TheApp, generation_id: str, decision: models.Decision) -> Json:
    """Approve or reject as a person; no machine overrules it."""
    history = app.review(
        generation_id, decision.decision, reasons=decision.reasons, note=decision.note
    )
    return Json(generation_view(history))


@router.post("/generations/{generation_id}/review/undo", responses=_ONE)
def undo(app: TheApp, generation_id: str) -> Json:
    """Take the newest decision of a person back; the status before it holds again."""
    return Json(generation_view(app.undo_review(generation_id)))


# ---- batches ----------------------------------------------------------------------------------


@router.post(
    "/batches",
    status_code=202,
    responses={202: {"model": models.Batch}, 409: ERRORS[409], 422: ERRORS[422]},
)
def create_batch(
    app: TheApp, batch: models.NewBatch, idempotency_key: IdempotencyKey = None
) -> Json:
    """Queue a list of prompts that share everything else."""
    check_priority(batch.priority)
    common = batch.wish.given()
    if common.get("prompt"):
        raise BadInput("the prompts of a batch stand in `prompts`, not in `wish`")
    briefs: list[Brief] = []
    for prompt in batch.prompts:
        briefs += briefs_of({**common, "prompt": prompt})
        if len(briefs) > MOST_IN_A_BATCH:
            raise BadInput(f"a batch has at most {MOST_IN_A_BATCH} generations")
    batch_id = (
        str(uuid.uuid5(uuid.NAMESPACE_URL, f"batch:{idempotency_key}"))
        if idempotency_key
        else str(uuid.uuid4())
    )
    views = queued(app, briefs, key=idempotency_key, batch_id=batch_id)
    ids = [view["generation_id"] for view in views]
    if batch.priority:
        app.store.prioritise(ids, batch.priority)
    return Json(_batch_view(app, batch_id, ids), status_code=202)


@router.get("/batches/{batch_id}", responses={200: {"model": models.Batch}, **ERRORS})
def one_batch(app: TheApp, batch_id: str) -> Json:
    """Say how far a batch is; its generations are listed with `?batch=`."""
    return Json(_batch_view(app, batch_id, None))


def _batch_view(app: App, batch_id: str, ids: Sequence[str] | None) -> dict[str, Any]:
    counts = app.store.batch(batch_id)
    if not counts:
        raise NotFound(f"there is no batch {batch_id}")
    view: dict[str, Any] = {
        "batch_id": batch_id,
        "total": sum(counts.values()),
        "counts": {status.value: number for status, number in counts.items()},
    }
    return view if ids is None else {**view, "generation_ids": list(ids)}


def queued(
    app: App, briefs: Sequence[Brief], *, key: str | None, batch_id: str | None = None
) -> list[dict[str, Any]]:
    """Store and queue each brief; every one is checked before the first is stored."""
    if len(briefs) > max(MAX_EXPANSION, MOST_IN_A_BATCH):
        raise BadInput(f"at most {MOST_IN_A_BATCH} generations at once")
    kept = [keep_named(app.settings, brief) for brief in briefs]
    views, rivals = [], batch_ids(kept, key=key)
    for index, brief in enumerate(kept):
        batch = batch_id or rivals[index]
        made = app.create(brief, key=f"{key}/{index}" if key else None, batch_id=batch)
        views.append(generation_view(History(generation=made)))
    return views
