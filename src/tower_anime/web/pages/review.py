"""The review desk: one picture after the other, decided by a key or a thumb."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse

from tower_anime.compose import App
from tower_anime.domain.attempt import Attempt
from tower_anime.domain.card import Card, Choice, Order
from tower_anime.domain.generation import GenerationStatus, History
from tower_anime.domain.quality import Region
from tower_anime.heatmaps import MAPPED
from tower_anime.web.deps import the_app
from tower_anime.web.pages.shown import templates
from tower_anime.web.words import Json

router = APIRouter(prefix="/review", include_in_schema=False)
AT_ONCE = 40

REASONS = (
    "hands",
    "face",
    "anatomy",
    "composition",
    "lighting",
    "colour",
    "style",
    "background",
    "artifacts",
)
"""What the keys 1 to 9 say, in words that directors use as well (`direction.ISSUES`)."""

LANES: dict[str, tuple[GenerationStatus, Order, str]] = {
    "open": (GenerationStatus.NEEDS_REVIEW, Order.OLDEST, "To review"),
    "approved": (GenerationStatus.APPROVED, Order.NEWEST, "Approved"),
    "rejected": (GenerationStatus.REJECTED, Order.NEWEST, "Reject lane"),
}

TheApp = Annotated[App, Depends(the_app)]
Lane = Annotated[Literal["open", "approved", "rejected"], Query()]


@router.get("", response_class=HTMLResponse)
def page(
    request: Request, app: TheApp, lane: Lane = "open", project: str | None = None
) -> HTMLResponse:
    """Return the desk; its pictures are asked for by its script."""
    counts = app.store.count_by_status()
    lanes = [
        {"name": name, "title": title, "number": counts.get(status, 0)}
        for name, (status, _, title) in LANES.items()
    ]
    context = {
        "page": "review",
        "lane": lane,
        "lanes": lanes,
        "project": project or "",
        "projects": app.store.names_in_use()["projects"],
        "reasons": REASONS,
    }
    return templates.TemplateResponse(request, "review.html", context)


@router.get("/items")
def items(
    app: TheApp, lane: Lane = "open", project: str | None = None, cursor: str | None = None
) -> Json:
    """Return the next pictures of a lane with what the desk shows beside them."""
    status, order, _ = LANES[lane]
    choice = Choice(statuses=(status,), project=project or None)
    cards, following = app.store.cards(choice, order=order, limit=AT_ONCE, cursor=cursor)
    seen = [card for card in cards if card.sha256]
    histories = app.store.histories_of([card.generation_id for card in seen])
    found = {one.generation.id: one for one in histories}
    return Json(
        {
            "items": [_item(card, found[card.generation_id]) for card in seen],
            "next_cursor": following,
            "total": app.store.count_cards(choice),
        }
    )


def _item(card: Card, history: History) -> dict[str, Any]:
    shown = history.attempt(card.attempt) if card.attempt else None
    judged = shown.assessment if shown else None
    return {
        "id": card.generation_id,
        "sha256": card.sha256,
        "clip": card.kind == "clip",
        "status": card.status.value,
        "prompt": card.prompt,
        "project": card.project,
        "backend": card.backend,
        "attempt": card.attempt,
        "width": card.width,
        "height": card.height,
        "score": card.score,
        "verdict": card.verdict,
        "threshold": judged.threshold if judged else None,
        "why": history.direction.notes if history.direction else (card.reason or ""),
        "defects": [
            {
                "kind": one.kind,
                "message": one.message,
                "mapped": one.kind in MAPPED and card.kind != "clip",
                "where": [one.where.x, one.where.y, one.where.width, one.where.height]
                if isinstance(one.where, Region)
                else None,
            }
            for one in (judged.defects if judged else ())
        ],
        "others": [
            _other(one) for one in history.attempts if one.artifact and one.number != card.attempt
        ],
    }


def _other(attempt: Attempt) -> dict[str, Any]:
    assert attempt.artifact is not None
    return {
        "number": attempt.number,
        "sha256": attempt.artifact.sha256,
        "score": attempt.assessment.score if attempt.assessment else None,
    }
