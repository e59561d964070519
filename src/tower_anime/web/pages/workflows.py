"""Workflows: those that come along and those that were sent, drawn, with what is bound to what."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from tower_anime import workflows
from tower_anime.compose import App
from tower_anime.errors import NotFound, TowerError
from tower_anime.web.deps import silent_servers, the_app
from tower_anime.web.pages.shown import templates

router = APIRouter(include_in_schema=False, prefix="/workflows")
TheApp = Annotated[App, Depends(the_app)]


@router.get("", response_class=HTMLResponse)
def index(request: Request, app: TheApp) -> HTMLResponse:
    """List them, and take new ones."""
    listed = workflows.listed(app.settings)
    context = {
        "page": "new",
        "along": [one for one in listed if "versions" not in one],
        "sent": [one for one in listed if "versions" in one],
    }
    return templates.TemplateResponse(request, "workflows.html", context)


@router.get("/{name}", response_class=HTMLResponse)
def one(request: Request, app: TheApp, name: str) -> HTMLResponse:
    """Show one: its drawing, its bindings, what is open and what the server would refuse."""
    silent = silent_servers(request)
    asked = [renderer for renderer in app.renderers if renderer.url not in silent]
    try:
        found = workflows.named(app.settings, name, workflows.catalog_at(asked))
    except NotFound:
        raise
    except TowerError as error:
        context: dict[str, Any] = {"page": "new", "name": name, "why_not": str(error)}
        return templates.TemplateResponse(request, "workflow.html", context)
    base = name.partition("@")[0]
    listed = (one for one in workflows.listed(app.settings) if one["name"] == base)
    about: dict[str, Any] = next(listed, {})
    context = {
        "page": "new",
        "name": name,
        "base": base,
        "about": about,
        "view": found.view,
        # made by ourselves, every text in it escaped
        "drawing": Markup(workflows.drawing(found)) if found.template else None,  # noqa: S704
        "versions": [f"{base}@{n}" for n in range(about.get("versions", 0), 0, -1)],
        "used": f"/ui/new?workflow={quote(name)}&kind={found.view.get('kind', 'still')}",
    }
    return templates.TemplateResponse(request, "workflow.html", context)
