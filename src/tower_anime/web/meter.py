"""Counting calls by route: the numbers of `/metrics`, with labels that can't grow without end."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tower_anime.web.exposition import Family, Point

BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
OTHER = "other"
_PREFIXES = ("/api/v1", "/api/anime", "/ui")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Counts:
    """Calls and their durations. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: dict[tuple[str, str, str], int] = defaultdict(int)
        self._buckets: dict[str, list[int]] = defaultdict(lambda: [0] * (len(BOUNDS_S) + 1))
        self._seconds: dict[str, float] = defaultdict(float)

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        """Take one call."""
        method = method if method in _METHODS else OTHER
        place = next((i for i, bound in enumerate(BOUNDS_S) if seconds <= bound), len(BOUNDS_S))
        with self._lock:
            self._calls[method, route, f"{status // 100}xx"] += 1
            self._buckets[route][place] += 1
            self._seconds[route] += seconds

    def families(self) -> Iterator[Family]:
        """Yield the metrics."""
        with self._lock:
            calls = dict(self._calls)
            buckets = {route: list(found) for route, found in self._buckets.items()}
            seconds = dict(self._seconds)
        yield Family(
            "tower_http_requests_total",
            "counter",
            "calls by method, route and class of status",
            [
                Point(number, {"method": method, "route": route, "status": status})
                for (method, route, status), number in sorted(calls.items())
            ],
        )
        yield Family(
            "tower_http_request_seconds",
            "histogram",
            "how long calls took",
            [
                point
                for route, found in sorted(buckets.items())
                for point in _histogram(route, found, seconds[route])
            ],
        )


def _histogram(route: str, found: list[int], seconds: float) -> Iterator[Point]:
    number = 0
    for bound, more in zip((*BOUNDS_S, float("inf")), found, strict=True):
        number += more
        label = "+Inf" if bound == float("inf") else f"{bound:g}"
        yield Point(number, {"route": route, "le": label}, "_bucket")
    yield Point(seconds, {"route": route}, "_sum")
    yield Point(number, {"route": route}, "_count")


def _template(scope: Scope) -> str:
    """Return the path with the names of its parameters; one word for all that is no route."""
    inner = getattr(scope.get("route"), "path", None)
    if inner is None:
        return OTHER
    prefix = next((one for one in _PREFIXES if scope["path"].startswith(f"{one}/")), "")
    return str(inner) if inner.startswith(prefix) else f"{prefix}{inner}"


class Meter:
    """ASGI middleware that counts; a stream counts until its first byte."""

    def __init__(self, app: ASGIApp, *, counts: Counts) -> None:
        self._app = app
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one call."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_s = time.perf_counter()

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = _template(scope)
                took_s = time.perf_counter() - began_s
                self._counts.note(scope["method"], route, message["status"], took_s)
            await send(message)

        await self._app(scope, receive, noting)
