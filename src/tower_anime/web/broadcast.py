"""One follower of the store's events for all who listen, however many they are."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Any

from starlette.concurrency import run_in_threadpool

from tower_anime.compose import App
from tower_anime.domain.generation import Event
from tower_anime.domain.progress import LiveAttempt
from tower_anime.errors import StoreUnavailable

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.2
KEEP_ALIVE_S = 15.0  # proxies close silent streams after 30 or 60
AT_ONCE = 500  # events read in one query
_MOST_UNREAD = 2000
"""Messages that a listener may be behind; one that is further behind is let go, and resumes."""


@dataclass(frozen=True)
class Message:
    """Something to tell. `seq` 0: progress, which is not kept and can't be asked for again."""

    data: dict[str, Any]
    seq: int = 0


@dataclass(eq=False)
class Listener:
    """Somebody who listens to all, or to one generation. `since` is the last number before it."""

    generation_id: str | None
    since: int
    inbox: asyncio.Queue[Message | None] = field(
        default_factory=lambda: asyncio.Queue(_MOST_UNREAD)
    )
    is_gone: bool = False

    def tell(self, message: Message) -> None:
        """Put a message into the inbox; a full one ends the listener."""
        if self.generation_id not in (None, message.data.get("generation_id")) or self.is_gone:
            return
        try:
            self.inbox.put_nowait(message)
        except asyncio.QueueFull:
            self.leave()

    def leave(self) -> None:
        """Let the stream end at its next message."""
        self.is_gone = True
        while not self.inbox.empty():
            self.inbox.get_nowait()
        self.inbox.put_nowait(None)

    async def next(self, *, limit_s: float) -> Message | None:
        """Return the next message; `TimeoutError` when none comes, None at the end."""
        async with asyncio.timeout(limit_s):
            return await self.inbox.get()


class Broadcast:
    """Follows events and progress while anybody listens. For one event loop."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._listeners: set[Listener] = set()
        self._task: asyncio.Task[None] | None = None
        self._seq = 0
        self._shown: dict[str, tuple[Any, ...]] = {}
        self._starting = asyncio.Lock()

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    async def join(self, generation_id: str | None) -> Listener:
        """Begin to listen; `leave` ends it."""
        async with self._starting:
            if self._task is None or self._task.done():
                self._seq = await run_in_threadpool(self._app.store.last_event)
                self._task = asyncio.create_task(self._follow())
        listener = Listener(generation_id, self._seq)
        self._listeners.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        """Stop listening."""
        self._listeners.discard(listener)

    def close(self) -> None:
        """End every stream."""
        for listener in tuple(self._listeners):
            listener.leave()

    async def _follow(self) -> None:
        while self._listeners:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self._look()
            except StoreUnavailable as error:
                log.warning("events can't be read at the moment: %s", error)

    async def _look(self) -> None:
        found = await run_in_threadpool(self._app.store.events_after, self._seq, limit=AT_ONCE)
        for event in found:
            self._seq = event.seq
            self._tell(Message(event_view(event), event.seq))
        self._tell_progress()

    def _tell_progress(self) -> None:
        running = {live.generation_id: live for live in self._app.live.running()}
        for generation_id, live in running.items():
            seen = _seen(live)
            if self._shown.get(generation_id) != seen:
                self._shown[generation_id] = seen
                self._tell(Message(progress_view(live)))
        for gone in self._shown.keys() - running.keys():
            del self._shown[gone]

    def _tell(self, message: Message) -> None:
        for listener in tuple(self._listeners):
            listener.tell(message)


def event_view(event: Event) -> dict[str, Any]:
    """Return an event as it is sent; its own data may not hide who it is about."""
    return {
        **event.data,
        "seq": event.seq,
        "kind": event.kind,
        "generation_id": event.generation_id,
        "at": event.at.isoformat() if event.at else None,
    }


def progress_view(live: LiveAttempt) -> dict[str, Any]:
    """Return how far a running attempt is."""
    progress = live.progress
    return {
        "kind": "progress",
        "generation_id": live.generation_id,
        "number": live.number,
        "phase": progress.phase,
        "step": progress.step,
        "steps": progress.steps,
        "queue_position": progress.queue_position,
    }


def _seen(live: LiveAttempt) -> tuple[Any, ...]:
    progress = live.progress
    return live.number, progress.phase, progress.step, progress.steps, progress.queue_position
