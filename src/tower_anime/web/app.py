"""The HTTP application: routes over `compose.App`, and who may call them."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles

from tower_anime import __version__
from tower_anime.compose import App
from tower_anime.errors import BadInput, Conflict, NotFound, TowerError, Unavailable
from tower_anime.web.api import generations, health
from tower_anime.web.pages import now

STATIC = Path(__file__).parent / "static"
OPEN_PATHS = ("/health",)
_CSP = "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'"
_STATUS: tuple[tuple[type[TowerError], int], ...] = (
    (BadInput, 422),
    (NotFound, 404),
    (Conflict, 409),
    (Unavailable, 503),
    (TowerError, 500),
)

_Next = Callable[[Request], Awaitable[Response]]


def create_app(app: App, *, host: str) -> FastAPI:
    """Return the application; `host` is the address that it is served on."""
    api = FastAPI(title="Tower Anime", version=__version__, docs_url=None, redoc_url=None)
    api.state.app = app
    api.include_router(health.router)
    api.include_router(generations.router, prefix="/api/v1")
    api.include_router(now.router, prefix="/ui")
    api.mount("/static", StaticFiles(directory=STATIC), name="static")
    api.add_api_route("/", _to_pages, include_in_schema=False)
    api.add_exception_handler(TowerError, _our_error)
    api.add_exception_handler(RequestValidationError, _wrong_request)
    token = app.settings.api_token

    @api.middleware("http")
    async def guard(request: Request, call_next: _Next) -> Response:
        if token is not None:
            refused = _without_token(request, token.get_secret_value())
        else:
            refused = _foreign(request, host)
        response = refused or await call_next(request)
        response.headers.setdefault("Content-Security-Policy", _CSP)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        return response

    return api


async def _to_pages() -> RedirectResponse:
    return RedirectResponse("/ui/")


def _without_token(request: Request, token: str) -> Response | None:
    if request.url.path in OPEN_PATHS:
        return None
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if hmac.compare_digest(given.encode(), token.encode()):
        return None
    return JSONResponse(
        {"detail": "send the token: Authorization: Bearer …"},
        status_code=401,
        headers={"WWW-Authenticate": "Bearer"},
    )


def _foreign(request: Request, host: str) -> Response | None:
    """Refuse calls that a web page of another site may have caused (no token is set)."""
    own = {"127.0.0.1", "localhost", "::1", host}
    asked = urlsplit(f"//{request.headers.get('host', '')}").hostname
    if asked not in own:
        return JSONResponse({"detail": f"this server is {host}, not {asked}"}, status_code=403)
    origin = request.headers.get("origin")
    if request.method not in ("GET", "HEAD") and origin and urlsplit(origin).hostname not in own:
        return JSONResponse({"detail": "calls from other sites are refused"}, status_code=403)
    return None


async def _our_error(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001 - the framework's signature
    status = next(code for kind, code in _STATUS if isinstance(error, kind))
    return JSONResponse({"detail": str(error)}, status_code=status)


async def _wrong_request(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001 - the framework's signature
    assert isinstance(error, RequestValidationError)
    parts = [
        f"{'.'.join(str(x) for x in e['loc'][1:]) or 'body'}: {e['msg']}" for e in error.errors()
    ]
    return JSONResponse({"detail": "; ".join(parts)}, status_code=422)
