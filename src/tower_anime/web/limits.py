"""How much a caller may send and how often it may call, before anything is parsed."""

from __future__ import annotations

import contextlib
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tower_anime.web.guard import address_of

_REMEMBERED = 10_000  # addresses
BURST_S = 2.0  # an idle caller may use the calls of so many seconds at once


class CallRate:
    """ASGI middleware: at most `per_s` calls a second from one address (0: no limit)."""

    def __init__(
        self, app: ASGIApp, *, per_s: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._per_s = per_s
        self._now = now
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one call."""
        if scope["type"] == "http" and self._per_s and not self._takes(address_of(scope)):
            words = {"detail": f"at most {self._per_s:g} calls a second; try again in a second"}
            answer = JSONResponse(words, status_code=429, headers={"Retry-After": "1"})
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _takes(self, address: str) -> bool:
        now_s, most = self._now(), self._per_s * BURST_S
        left, since_s = self._left.pop(address, (most, now_s))
        left = min(most, left + (now_s - since_s) * self._per_s)
        self._left[address] = (left - 1.0 if left >= 1.0 else left, now_s)
        while len(self._left) > _REMEMBERED:
            self._left.popitem(last=False)
        return left >= 1.0


class BodySize:
    """ASGI middleware: refuses bodies beyond the limit, declared or not, while they arrive."""

    def __init__(self, app: ASGIApp, *, most_bytes: int, uploads: dict[str, int]) -> None:
        self._app = app
        self._most_bytes = most_bytes
        self._uploads = uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one call."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._uploads.get(scope["path"], self._most_bytes)
        declared = Headers(scope=scope).get("content-length", "0")
        if not declared.isdigit() or int(declared) > most:
            await _too_large(most)(scope, receive, send)
            return
        await self._counted(scope, receive, send, most)

    async def _counted(self, scope: Scope, receive: Receive, send: Send, most: int) -> None:
        taken, over, begun = 0, False, False

        async def counting() -> Message:
            nonlocal taken, over
            message = await receive()
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                if taken > most:
                    over = True
                    raise _OverflowError
            return message

        async def replacing(message: Message) -> None:
            nonlocal begun
            if over and not begun:
                return  # the route's word on a body that it could not read
            begun = True
            await send(message)

        with contextlib.suppress(_OverflowError):
            await self._app(scope, counting, replacing)
        if over and not begun:
            await _too_large(most)(scope, receive, send)


class _OverflowError(Exception):
    """More arrived than is taken."""


def _too_large(most: int) -> JSONResponse:
    words = {"detail": f"the body is too large; at most {most / 2**20:g} MiB are taken"}
    return JSONResponse(words, status_code=413, headers={"Connection": "close"})
