"""Now: what is drawn, what waits, what came of it, what is wrong."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from tower_anime.compose import App
from tower_anime.domain.card import Choice
from tower_anime.domain.generation import GenerationStatus, History
from tower_anime.domain.progress import LiveAttempt
from tower_anime.domain.queue import PAUSED, Waiting, eta_s
from tower_anime.operations import Operations
from tower_anime.web.deps import the_app
from tower_anime.web.pages.shown import templates

router = APIRouter(include_in_schema=False)
LATEST, NEXT, DRAWN = 18, 8, 12
OVER = tuple(status for status in GenerationStatus if status.over)

TheApp = Annotated[App, Depends(the_app)]


@router.get("/", response_class=HTMLResponse)
def page(request: Request, app: TheApp) -> HTMLResponse:
    """Return the whole page."""
    return templates.TemplateResponse(
        request, "now.html", {"page": "now", **_context(request, app)}
    )


@router.get("/now/live", response_class=HTMLResponse)
def live(request: Request, app: TheApp) -> HTMLResponse:
    """Return the part that renews itself."""
    return templates.TemplateResponse(request, "now_live.html", _context(request, app))


def _context(request: Request, app: App) -> dict[str, Any]:
    queue = app.store.queue(limit=DRAWN + NEXT)
    begun = [one for one in queue if one.has_begun][:DRAWN]
    queued, working = app.store.unfinished_counts()
    left_s = eta_s(app.store.latest_spans(), queued=queued, working=working)
    paused = bool(app.store.switch(PAUSED))
    alerts, _ = app.store.alerts(limit=20, only_open=True)
    return {
        "drawn": _drawn(app, begun),
        "waiting": _waiting(app, [one for one in queue if not one.has_begun][:NEXT]),
        "queued": queued,
        "working": working,
        "paused": paused,
        "eta_s": None if paused else left_s,
        "latest": app.store.cards(Choice(statuses=OVER), limit=LATEST)[0],
        "counts": {status.value: n for status, n in app.store.count_by_status().items() if n},
        "alerts": alerts,
        "servers": _servers(request.app.state.operations),
        "simulated": app.simulated,
    }


def _drawn(app: App, begun: list[Waiting]) -> list[dict[str, Any]]:
    """Return what is worked on: its history, and how far it is if this process draws it."""
    order = [one.generation_id for one in begun]
    found = {one.generation.id: one for one in app.store.histories_of(order)}
    return [_running(found[one], app.live.of(one)) for one in order if one in found]


def _running(history: History, live: LiveAttempt | None) -> dict[str, Any]:
    generation = history.generation
    newest = history.attempts[-1] if history.attempts else None
    judged = [one for one in history.attempts if one.artifact and one.assessment]
    return {
        "id": generation.id,
        "prompt": generation.brief.prompt,
        "project": generation.brief.project,
        "attempt": newest,
        "number": len(history.attempts),
        "budget": generation.brief.max_attempts,
        "progress": live.progress if live else None,
        "before": judged[-1] if judged else None,
        "drawn": newest.artifact if newest else None,
        "cancelling": generation.cancel_requested,
    }


def _waiting(app: App, waiting: list[Waiting]) -> list[dict[str, Any]]:
    cards = {
        card.generation_id: card for card in app.store.cards_of([w.generation_id for w in waiting])
    }
    held = {name: app.turns.why_wait(name) for name in {one.project for one in waiting}}
    return [
        {"card": cards[one.generation_id], "priority": one.priority, "why": held[one.project]}
        for one in waiting
        if one.generation_id in cards
    ]


def _servers(operations: Operations | None) -> tuple[Any, ...]:
    """Return the ComfyUI servers as they were sampled last; nothing before the first sample."""
    if operations is None or operations.latest is None:
        return ()
    return operations.latest.servers
