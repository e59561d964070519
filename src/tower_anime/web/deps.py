"""What routes ask for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from anyio import CapacityLimiter, to_thread
from fastapi import Request

from tower_anime.compose import App
from tower_anime.operations import Operations
from tower_anime.web.kept import Kept
from tower_anime.web.rendered import Rendered

T = TypeVar("T")
READERS = 2


class Readers:
    """Threads for answers that take milliseconds: few at a time.

    Each row that SQLite gives, and each packed text, lets another thread run; dozens of them
    spend their time changing places, and serve half as many calls as two.
    """

    def __init__(self) -> None:
        self._places = CapacityLimiter(READERS)

    async def __call__(self, work: Callable[[], T]) -> T:
        """Return what `work` returns, run in a thread when its turn comes."""
        return await to_thread.run_sync(work, limiter=self._places)


def the_app(request: Request) -> App:
    """Return the running product."""
    return cast("App", request.app.state.app)


def the_rendered(request: Request) -> Rendered:
    """Return the generations that are kept as text."""
    return cast("Rendered", request.app.state.rendered)


def the_readers(request: Request) -> Readers:
    """Return the threads for quick answers."""
    return cast("Readers", request.app.state.readers)


def the_pictures(request: Request) -> Kept[tuple[str, str]]:
    """Return the thumbnails that are kept, by hash and size."""
    return cast("Kept[tuple[str, str]]", request.app.state.pictures)


def silent_servers(request: Request) -> frozenset[str]:
    """Return the addresses of the servers that did not answer when they were last looked at."""
    operations: Operations | None = request.app.state.operations
    sample = operations.latest if operations else None
    return (
        frozenset(one.url for one in sample.servers if not one.answers) if sample else frozenset()
    )
