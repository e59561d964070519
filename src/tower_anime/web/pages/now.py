"""The first page: the newest results, kept fresh."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from tower_anime.compose import App
from tower_anime.domain.views import generation_view
from tower_anime.web.deps import the_app
from tower_anime.web.pages.shown import templates

router = APIRouter(include_in_schema=False)
RESULTS = 24


@router.get("/", response_class=HTMLResponse)
def page(request: Request, app: Annotated[App, Depends(the_app)]) -> HTMLResponse:
    """Return the whole page."""
    return templates.TemplateResponse(request, "now.html", _context(app))


@router.get("/results", response_class=HTMLResponse)
def results(request: Request, app: Annotated[App, Depends(the_app)]) -> HTMLResponse:
    """Return the part that changes, for the page's script."""
    return templates.TemplateResponse(request, "results.html", _context(app))


def _context(app: App) -> dict[str, object]:
    found = app.store.histories(limit=RESULTS).items
    running = {live.generation_id: live.progress for live in app.live.running()}
    return {
        "generations": [generation_view(history) for history in found],
        "running": running,
        "counts": {status.value: n for status, n in app.store.count_by_status().items() if n},
        "simulated": app.simulated,
    }
