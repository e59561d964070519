"""What every page has: templates with the session's word, and the page that is not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates

from tower_anime.web.guard import Door


def _session(request: Request) -> dict[str, Any]:
    """Return whether somebody is logged in, and the word that their pages send along."""
    door: Door = request.app.state.door
    cookie = door.session_of(request.headers) if door.token else None
    return {"csrf": door.sessions.csrf(cookie) if cookie else "", "logged_in": cookie is not None}


templates = Jinja2Templates(
    directory=Path(__file__).parents[1] / "templates", context_processors=[_session]
)


def not_found_page(request: Request) -> HTMLResponse:
    """Return the page for an address that does not exist, with the way back."""
    return templates.TemplateResponse(request, "not_found.html", status_code=404)
