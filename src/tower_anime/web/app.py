"""The HTTP application: routes over `compose.App`, and who may call them."""

from __future__ import annotations

import logging
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tower_anime import __version__
from tower_anime.compose import App
from tower_anime.errors import (
    BadInput,
    Conflict,
    NotFound,
    Refused,
    TowerError,
    Unavailable,
    Unreadable,
)
from tower_anime.operations import Operations
from tower_anime.web.api import (
    again,
    analytics,
    artifacts,
    assessments,
    events,
    generations,
    health,
    inputs,
    learning,
    many,
    metrics,
    operations,
    productions,
    queue,
    stories,
)
from tower_anime.web.broadcast import Broadcast
from tower_anime.web.deps import Readers
from tower_anime.web.guard import Door, Guard, Sessions, Tries, session_key
from tower_anime.web.kept import Kept
from tower_anime.web.legacy import jobs
from tower_anime.web.legacy import productions as earlier_productions
from tower_anime.web.limits import BodySize, CallRate
from tower_anime.web.meter import Counts, Meter
from tower_anime.web.pages import (
    alive,
    gallery,
    generation,
    login,
    new,
    now,
    projects,
    review,
    system,
    workflows,
)
from tower_anime.web.pages import analytics as analytics_page
from tower_anime.web.pages import learning as learning_page
from tower_anime.web.pages.learned import Learned
from tower_anime.web.pages.shown import problem_page, templates
from tower_anime.web.rendered import Rendered
from tower_anime.web.words import Problem, known_parameters

log = logging.getLogger(__name__)

MOST_PICTURE_BYTES = 24 * 2**20  # some thousand thumbnails
STATIC = Path(__file__).parent / "static"
_CSP = (
    "default-src 'none'; img-src 'self' blob:; media-src 'self' blob:; style-src 'self'; "
    "script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", _CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
)
_STATUS: tuple[tuple[type[TowerError], int], ...] = (
    (BadInput, 422),
    (NotFound, 404),
    (Conflict, 409),
    (Refused, 422),
    (Unavailable, 503),
    (TowerError, 500),
)
_UNREADABLE = {"too_large": 413, "not_an_image": 415}
_V1 = (
    generations.router,
    again.router,
    inputs.router,
    many.router,
    queue.router,
    productions.router,
    stories.router,
    artifacts.router,
    assessments.router,
    events.router,
    operations.router,
    analytics.router,
    learning.router,
    metrics.router,
)
_UPLOADS = ("/api/v1/assessments", "/api/v1/inputs", "/api/v1/workflows", "/api/v1/learning/import")
_PAGES = (
    now.router,
    new.router,
    projects.router,
    analytics_page.router,
    learning_page.router,
    workflows.router,
    system.router,
    gallery.router,
    review.router,
    generation.router,
    login.router,
    alive.router,
)
_DESCRIPTION = (
    "Quality control of anime production on ComfyUI. Lists are pages: pass `next_cursor` as "
    "`cursor`. Errors are `{detail}`. With a token set, send `Authorization: Bearer …`."
)


def create_app(app: App, *, host: str, operations: Operations | None = None) -> FastAPI:
    """Return the application; `host` is the address that it is served on.

    `operations` gives the newest sample of the machines, in `serve`.
    """
    api = FastAPI(
        title="Tower Anime",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        generate_unique_id_function=_operation_id,
        responses={
            401: {"model": Problem, "description": "the token is missing or wrong"},
            500: {"model": Problem, "description": "a mistake of ours; the log says more"},
        },
    )
    api.state.app = app
    api.state.rendered = Rendered(app)
    api.state.readers = Readers()
    api.state.pictures = Kept(MOST_PICTURE_BYTES)
    api.state.broadcast = Broadcast(app)
    api.state.operations = operations
    api.state.counts = Counts()
    api.state.learned = Learned(app)
    api.state.door = _door(app, host)
    api.include_router(health.router)
    api.include_router(metrics.metrics_router)
    for router in _V1:
        api.include_router(router, prefix="/api/v1", dependencies=[Depends(known_parameters)])
    api.include_router(health.router, prefix="/api/anime", include_in_schema=False)
    for earlier in (jobs.router, earlier_productions.router):
        for prefix in ("", "/api/anime"):
            api.include_router(earlier, prefix=prefix, include_in_schema=not prefix)
    api.include_router(jobs.anime_router)
    for pages in _PAGES:
        api.include_router(pages, prefix="/ui")
    api.mount("/static", _Files(directory=STATIC), name="static")
    api.add_api_route("/", _to_pages, include_in_schema=False)
    api.add_exception_handler(TowerError, _our_error)
    api.add_exception_handler(RequestValidationError, _wrong_request)
    api.add_exception_handler(HTTPException, _http_error)
    _add_middleware(api, app)
    return api


def _add_middleware(api: FastAPI, app: App) -> None:
    """Wrap the routes; what is added last is reached first."""
    http = app.settings.http
    api.add_middleware(
        BodySize,
        most_bytes=int(http.max_body_mb * 2**20),
        uploads={path: int(http.max_upload_mb * 2**20) for path in _UPLOADS},
    )
    api.add_middleware(Guard, door=api.state.door)
    api.add_middleware(CallRate, per_s=http.calls_per_s)
    api.add_middleware(_Heads)
    api.add_middleware(_Unforeseen)
    if http.cors_origins:
        api.add_middleware(
            CORSMiddleware,
            allow_origins=http.cors_origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID"],
            expose_headers=["ETag", "Retry-After"],
        )
    api.add_middleware(_SafeHeaders)
    api.add_middleware(Meter, counts=api.state.counts)


class _Unforeseen:
    """ASGI middleware: what no route foresaw is logged, and answered like other errors."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one call."""
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception:  # a bug in one answer must not cost the connection
            if scope["type"] != "http" or begun:
                raise
            reference = uuid.uuid4().hex[:8]
            log.exception("%s %r failed (%s)", scope["method"], scope["path"], reference)
            words = f"something went wrong that should not; the server's log has it as {reference}"
            await _problem(Request(scope), 500, words)(scope, receive, send)


class _Heads:
    """ASGI middleware: HEAD is answered as GET is, without the body; a stream has no end."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one call."""
        is_head = scope["type"] == "http" and scope["method"] == "HEAD"
        if not is_head or scope["path"].endswith("/events"):
            await self._app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET"}, receive, without_body)


class _SafeHeaders:
    """ASGI middleware: what every answer says to browsers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one call."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.setdefault("headers", [])
                present = {name.lower() for name, _ in headers}
                headers.extend(pair for pair in _HEADERS if pair[0] not in present)
            await send(message)

        await self._app(scope, receive, with_headers)


@asynccontextmanager
async def _lifespan(api: FastAPI) -> AsyncIterator[None]:
    _warm(api)
    yield
    api.state.broadcast.close()


def _warm(api: FastAPI) -> None:
    """Make now what else the first caller waits for: FastAPI builds routes when they are met."""
    nowhere = {"type": "http", "method": "GET", "path": "/-", "root_path": "", "headers": []}
    for route in api.routes:
        route.matches(nowhere)
    for name in templates.env.list_templates():
        templates.env.get_template(name)


def _door(app: App, host: str) -> Door:
    secret = app.settings.api_token
    token = secret.get_secret_value() if secret else None
    key = session_key(app.settings.data_dir, token) if token else b"no sessions"
    return Door(
        token=token,
        sessions=Sessions(key, last_s=app.settings.http.session_hours * 3600.0),
        tries=Tries(),
        host=host,
        origins=app.settings.http.cors_origins,
    )


def _operation_id(route: APIRoute) -> str:
    """Return a name that generated clients can use as that of a function."""
    tag = str(route.tags[0]) if route.tags else "service"
    return f"{tag}_{route.name}"


async def _to_pages() -> RedirectResponse:
    return RedirectResponse("/ui/")


async def _our_error(request: Request, error: Exception) -> Response:
    if isinstance(error, Unreadable) and error.kind in _UNREADABLE:
        return _problem(request, _UNREADABLE[error.kind], str(error))
    status = next(code for kind, code in _STATUS if isinstance(error, kind))
    return _problem(request, status, str(error))


async def _wrong_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    parts = [f"{_place(e)}: {e['msg']}" for e in error.errors()]
    text = "; ".join(parts).encode("utf-8", "replace").decode()
    return _problem(request, 422, text)


def _place(error: dict[str, Any]) -> str:
    return ".".join(str(part) for part in error["loc"][1:]) or "body"


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _problem(request, error.status_code, str(error.detail), error.headers)


def _problem(
    request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer a page with a page, and everything else, parts of pages too, with JSON."""
    is_page = request.url.path.startswith("/ui") and request.method in ("GET", "HEAD")
    if is_page and "hx-request" not in request.headers:
        return problem_page(request, status=status, detail=detail)
    return JSONResponse({"detail": detail}, status_code=status, headers=headers)


class _Files(StaticFiles):
    """Files that browsers keep, and ask for anew whether they changed."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """Return the file, or that it is as it was."""
        answer = super().file_response(*args, **kwargs)
        answer.headers["Cache-Control"] = "no-cache"
        return answer
