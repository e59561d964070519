"""Who may call: bearer tokens, browser sessions, and calls that another site may have caused."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import os
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, quote, urlsplit

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tower_anime.errors import StorageFull

log = logging.getLogger(__name__)

COOKIE = "tower_session"
CSRF_HEADER = "x-csrf-token"
OPEN_PATHS = ("/health", "/api/anime/health")
FORM_PATHS = ("/ui/login", "/ui/logout")
"""Plain forms: open to all, they check what they are sent themselves."""
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

FIRST_DELAY_S, LONGEST_DELAY_S = 0.25, 5.0
FORGIVEN_AFTER_S = 900.0
_REMEMBERED = 10_000  # addresses and ended sessions; about 2 MB
_WAITING_AT_MOST = 100  # answers held back at a time; a flood gets 429 instead of our memory


class Sessions:
    """Browser sessions without a table: a cookie that only this installation can have made.

    It holds neither the token nor anything derived from the token alone, so that a stolen cookie
    can't be used to guess the token. Changing the token ends every session.
    """

    def __init__(self, key: bytes, *, last_s: float, now: Callable[[], float] = time.time) -> None:
        self._key = key
        self._last_s = last_s
        self._now = now
        self._ended: OrderedDict[str, None] = OrderedDict()

    @property
    def last_s(self) -> float:
        """How long a session lasts, in seconds."""
        return self._last_s

    def open(self) -> str:
        """Return the cookie of a new session."""
        body = f"{int(self._now() + self._last_s)}.{secrets.token_hex(16)}"
        return f"{body}.{self._sign('session', body)}"

    def is_open(self, cookie: str) -> bool:
        """Whether the cookie is ours, not over and not ended."""
        body, _, signature = cookie.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._sign("session", body).encode()):
            return False
        return body not in self._ended and float(body.partition(".")[0]) > self._now()

    def csrf(self, cookie: str) -> str:
        """Return the word that a page of this session must send along when it changes something."""
        return self._sign("csrf", cookie)

    def end(self, cookie: str) -> None:
        """Let a session's cookie count no more, in this process."""
        self._ended[cookie.rpartition(".")[0]] = None
        while len(self._ended) > _REMEMBERED:
            self._ended.popitem(last=False)

    def _sign(self, what: str, text: str) -> str:
        return hmac.new(self._key, f"{what}:{text}".encode(), hashlib.sha256).hexdigest()


def session_key(data_dir: Path, token: str) -> bytes:
    """Return this installation's key for sessions; its secret half is made once."""
    file = data_dir / "session.key"
    try:
        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(handle, "wb") as opened:
                opened.write(secrets.token_bytes(32))
        return hmac.new(file.read_bytes(), token.encode(), hashlib.sha256).digest()
    except OSError as error:
        raise StorageFull(f"{file} can't be read or written: {error.strerror}") from error


@dataclass
class Tries:
    """Failed logins by address: each further one is answered later. For one event loop."""

    now: Callable[[], float] = time.monotonic
    _failed: OrderedDict[str, tuple[int, float]] = field(default_factory=OrderedDict)
    _waiting: int = 0

    def count(self, address: str) -> float:
        """Note a failed try; returns how long its answer is to be held back, in seconds."""
        number, last_s = self._failed.pop(address, (0, 0.0))
        number = 1 if self.now() - last_s > FORGIVEN_AFTER_S else number + 1
        self._failed[address] = (number, self.now())
        while len(self._failed) > _REMEMBERED:
            self._failed.popitem(last=False)
        log.warning("a wrong token from %s (try %d)", address, number)
        return float(min(FIRST_DELAY_S * 2.0 ** min(number - 1, 16), LONGEST_DELAY_S))

    def forgive(self, address: str) -> None:
        """Forget the failures of an address that gave the right token."""
        self._failed.pop(address, None)

    async def hold_back(self, address: str) -> bool:
        """Note a failed try and wait; False when too many wait already."""
        delay_s = self.count(address)
        if self._waiting >= _WAITING_AT_MOST:
            return False
        self._waiting += 1
        try:
            await asyncio.sleep(delay_s)
        finally:
            self._waiting -= 1
        return True


@dataclass(frozen=True, kw_only=True)
class Door:
    """What the guard and the login page share. `token` None: this machine only."""

    token: str | None
    sessions: Sessions
    tries: Tries
    host: str
    origins: tuple[str, ...] = ()

    def opens_with(self, token: str) -> bool:
        """Whether this is the token; takes the same time whatever is wrong with it."""
        return self.token is not None and hmac.compare_digest(token.encode(), self.token.encode())

    def session_of(self, headers: Headers) -> str | None:
        """Return the cookie of an open session, None without one."""
        cookie = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
        return cookie if cookie and self.sessions.is_open(cookie) else None


class Guard:
    """ASGI middleware: refuses before a route is reached."""

    def __init__(self, app: ASGIApp, *, door: Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one call."""
        if scope["type"] == "http":
            refused = await self._refused(scope)
            if refused is not None:
                await refused(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _refused(self, scope: Scope) -> Response | None:
        headers, changes = Headers(scope=scope), scope["method"] not in SAFE_METHODS
        if self._door.token is None:
            return self._without_token(headers, changes=changes)
        if scope["path"] in FORM_PATHS:
            return self._foreign(headers) if changes else None
        if scope["path"] in OPEN_PATHS or scope["path"].startswith("/static/"):
            return None
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return await self._with_bearer(given.strip(), scope)
        session = self._door.session_of(headers)
        if session is None:
            return self._nobody(scope)
        return self._with_session(session, headers) if changes else None

    async def _with_bearer(self, given: str, scope: Scope) -> Response | None:
        address = address_of(scope)
        if self._door.opens_with(given):
            self._door.tries.forgive(address)
            return None
        if not await self._door.tries.hold_back(address):
            return _refusal(429, "too many wrong tokens", **{"Retry-After": "5"})
        return _unauthorized("this is not the token")

    def _with_session(self, session: str, headers: Headers) -> Response | None:
        word = headers.get(CSRF_HEADER, "")
        if not hmac.compare_digest(word.encode(), self._door.sessions.csrf(session).encode()):
            return _refusal(403, f"a browser session sends {CSRF_HEADER} with what changes things")
        return self._foreign(headers)

    def _nobody(self, scope: Scope) -> Response:
        path = scope["path"]
        if scope["method"] in SAFE_METHODS and (path == "/" or path.startswith("/ui")):
            headers, query = Headers(scope=scope), scope["query_string"].decode("latin-1")
            if "hx-request" in headers:  # a part of a page: the whole page goes
                shown = _split(headers.get("hx-current-url", ""))
                login = _login(shown.path, shown.query) if shown and shown.path else "/ui/login"
                return Response(status_code=401, headers={"HX-Redirect": login})
            return RedirectResponse(_login(path, query), status_code=303)
        return _unauthorized("send the token: Authorization: Bearer …")

    def _without_token(self, headers: Headers, *, changes: bool) -> Response | None:
        """Refuse calls that a web page of another site may have caused."""
        asked = _hostname(headers.get("host", ""))
        if asked not in {"127.0.0.1", "localhost", "::1", self._door.host}:
            return _refusal(403, f"this server is {self._door.host}, not {asked}")
        return self._foreign(headers) if changes else None

    def _foreign(self, headers: Headers) -> Response | None:
        origin = headers.get("origin")
        if origin is None:
            if headers.get("sec-fetch-site") in ("cross-site", "same-site"):
                return _refusal(403, "calls from other sites are refused")
            return None
        sender = _split(origin)
        if origin in self._door.origins or (sender and sender.netloc == headers.get("host", "")):
            return None
        return _refusal(403, "calls from other sites are refused")


def _login(path: str, query: str) -> str:
    """Return the address of the login that leads back to a page as it was asked for."""
    return f"/ui/login?next={quote(f'{path}?{query}' if query else path, safe='/')}"


def address_of(scope: Scope) -> str:
    """Return the address that a call comes from."""
    client = scope.get("client")
    return str(client[0]) if client else "unknown"


def _hostname(host: str) -> str | None:
    parts = _split(f"//{host}")
    return parts.hostname if parts else None


def _split(address: str) -> SplitResult | None:
    try:
        return urlsplit(address)
    except ValueError:
        return None


def _unauthorized(detail: str) -> Response:
    return _refusal(401, detail, **{"WWW-Authenticate": "Bearer"})


def _refusal(status: int, detail: str, **headers: str) -> Response:
    return JSONResponse({"detail": detail}, status_code=status, headers=headers)
