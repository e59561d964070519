"""`/api/v1/generations` and the artifacts they made."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header, Query
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

from tower_anime.compose import App
from tower_anime.domain.generation import GenerationStatus, History, PersonDecision
from tower_anime.domain.views import generation_view
from tower_anime.domain.wish import briefs_of
from tower_anime.web.deps import the_app
from tower_anime.workflows import keep_named

router = APIRouter(tags=["generations"])
TheApp = Annotated[App, Depends(the_app)]


class Page(BaseModel):
    """One page of generations, newest first."""

    items: list[dict[str, Any]]
    next_cursor: str | None


class Decision(BaseModel):
    """What a person decided."""

    model_config = ConfigDict(extra="forbid")

    decision: PersonDecision
    reasons: list[str] = Field(default_factory=list, max_length=20)
    note: str = Field("", max_length=10_000)


_EXAMPLE = {
    "prompt": "1girl, rainy neon street, umbrella",
    "size": "832x1216",
    "set": {"steps": 28},
}


@router.post("/generations", status_code=202)
def create(
    app: TheApp,
    wish: Annotated[dict[str, Any], Body(examples=[_EXAMPLE])],
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> dict[str, Any] | list[dict[str, Any]]:
    """Queue a generation, or several when `count` or `{a|b}` ask for them."""
    briefs = [keep_named(app.settings, brief) for brief in briefs_of(wish)]
    views = []
    for index, brief in enumerate(briefs):
        key = f"{idempotency_key}/{index}" if idempotency_key else None
        generation = app.create(brief, key=key)
        views.append(generation_view(History(generation=generation)))
    return views[0] if len(views) == 1 else views


@router.get("/generations")
def index(
    app: TheApp,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: str | None = None,
    status: Annotated[list[GenerationStatus] | None, Query()] = None,
    project: str | None = None,
) -> Page:
    """List generations, newest first."""
    page = app.store.histories(limit=limit, cursor=cursor, statuses=status or (), project=project)
    return Page(
        items=[generation_view(history) for history in page.items], next_cursor=page.next_cursor
    )


@router.get("/generations/{generation_id}")
def one(app: TheApp, generation_id: str) -> dict[str, Any]:
    """Return one generation with its attempts."""
    return generation_view(app.store.history(generation_id))


@router.post("/generations/{generation_id}/cancel", status_code=202)
def cancel(app: TheApp, generation_id: str) -> dict[str, Any]:
    """Cancel; it ends `cancelled`. 409 when it is over."""
    app.cancel(generation_id)
    return generation_view(app.store.history(generation_id))


@router.post("/generations/{generation_id}/review")
def review(app: TheApp, generation_id: str, decision: Decision) -> dict[str, Any]:
    """Approve or reject as a person; no machine overrules it."""
    history = app.review(
        generation_id, decision.decision, reasons=decision.reasons, note=decision.note
    )
    return generation_view(history)


@router.get("/artifacts/{sha256}", response_class=FileResponse)
def artifact(app: TheApp, sha256: str) -> FileResponse:
    """Return a file that we made or collected, by its SHA-256."""
    path = app.artifact(sha256)
    headers = {"Cache-Control": "private, max-age=31536000, immutable"}
    return FileResponse(path, headers=headers)
