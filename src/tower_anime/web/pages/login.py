"""Logging a browser in and out."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from tower_anime.web.guard import COOKIE, Door, address_of
from tower_anime.web.pages.shown import templates

router = APIRouter(include_in_schema=False)
_HOME = "/ui/"


@router.get("/login", response_class=HTMLResponse)
def page(request: Request, next: str = _HOME) -> Response:  # noqa: A002 - the parameter's name
    """Show the form; where no token is asked for there is nothing to log in to."""
    if request.app.state.door.token is None:
        return RedirectResponse(_HOME, status_code=303)
    return templates.TemplateResponse(request, "login.html", {"next": _local(next), "wrong": False})


@router.post("/login", response_class=HTMLResponse)
async def log_in(
    request: Request,
    token: Annotated[str, Form(max_length=1000)] = "",
    next: Annotated[str, Form(max_length=1000)] = _HOME,  # noqa: A002 - the field's name
) -> Response:
    """Open a session for the right token; a wrong one is answered late."""
    door: Door = request.app.state.door
    if door.token is None:
        return RedirectResponse(_HOME, status_code=303)
    address = address_of(request.scope)
    if not door.opens_with(token):
        waited = await door.tries.hold_back(address)
        context = {"next": _local(next), "wrong": True}
        status = 401 if waited else 429
        return templates.TemplateResponse(request, "login.html", context, status_code=status)
    door.tries.forgive(address)
    answer = RedirectResponse(_local(next), status_code=303)
    answer.set_cookie(
        COOKIE,
        door.sessions.open(),
        max_age=int(door.sessions.last_s),
        httponly=True,
        samesite="lax",
        secure=_is_https(request),
        path="/",
    )
    return answer


@router.post("/logout")
def log_out(request: Request, csrf: Annotated[str, Form(max_length=200)] = "") -> Response:
    """End the session."""
    door: Door = request.app.state.door
    cookie = door.session_of(request.headers)
    if cookie and hmac.compare_digest(csrf.encode(), door.sessions.csrf(cookie).encode()):
        door.sessions.end(cookie)
    answer = RedirectResponse("/ui/login", status_code=303)
    answer.delete_cookie(COOKIE, path="/")
    return answer


def _local(path: str) -> str:
    """Return `path` if it leads to a page of ours, else the first page."""
    return path if path.startswith("/ui/") and "\\" not in path else _HOME


def _is_https(request: Request) -> bool:
    forwarded = request.headers.get("x-forwarded-proto", "")
    return request.url.scheme == "https" or forwarded == "https"
