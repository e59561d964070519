"""Server-Sent Events, resumed by `Last-Event-ID`."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic_core import to_json
from starlette.concurrency import run_in_threadpool

from tower_anime.compose import App
from tower_anime.domain.generation import GenerationStatus, History
from tower_anime.errors import BadInput
from tower_anime.web.broadcast import AT_ONCE, KEEP_ALIVE_S, Broadcast, Listener, event_view
from tower_anime.web.words import ERRORS, Answers, TheApp

router = APIRouter(tags=["events"])

LastEventId = Annotated[
    str | None,
    Header(max_length=40, description="number of the last event seen; what came after is sent"),
]
After = Annotated[
    int | None, Query(ge=0, le=2**62, description="the same, where headers can't be set")
]

_RETRY = b"retry: 2000\n\n"
_END = "-end"
_LOOK_AGAIN_S = 1.0
_PUBLICATION_PATIENCE_S = 5.0
"""How long a stream stays open for the publication of what was approved."""

_STREAM: Answers = {200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}}
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@router.get("/events", response_class=StreamingResponse, responses={**_STREAM, 422: ERRORS[422]})
async def events(
    request: Request, app: TheApp, last_event_id: LastEventId = None, after: After = None
) -> Response:
    """Follow everything: events with a number, and progress without."""
    since = _number(last_event_id) if last_event_id else after
    broadcast: Broadcast = request.app.state.broadcast
    listener = await broadcast.join(None)
    return _stream(_all(app, broadcast, listener, since))


@router.get(
    "/generations/{generation_id}/events",
    response_class=StreamingResponse,
    responses={**_STREAM, **ERRORS},
)
async def events_of_one(
    request: Request,
    app: TheApp,
    generation_id: str,
    last_event_id: LastEventId = None,
    after: After = None,
) -> Response:
    """Follow one generation from its beginning to its final status."""
    await run_in_threadpool(app.store.cancel_requested, generation_id)  # 404 for an unknown one
    if last_event_id and last_event_id.endswith(_END):
        return Response(status_code=204)  # tells a browser not to connect again
    since = _number(last_event_id) if last_event_id else after or 0
    broadcast: Broadcast = request.app.state.broadcast
    listener = await broadcast.join(generation_id)
    return _stream(_one(app, broadcast, listener, since, generation_id))


def _stream(parts: AsyncIterator[bytes]) -> StreamingResponse:
    return StreamingResponse(parts, media_type="text/event-stream", headers=_HEADERS)


def _number(text: str) -> int:
    number = text.removesuffix(_END)
    if not number.isdecimal() or not number.isascii() or len(number) > 18:
        raise BadInput(f"Last-Event-ID is the number of an event, not {text!r}")
    return int(number)


async def _all(
    app: App, broadcast: Broadcast, listener: Listener, since: int | None
) -> AsyncIterator[bytes]:
    try:
        yield _RETRY
        sent = listener.since if since is None else since
        if since is not None:
            async for seq, part in _missed(app, since, listener.since, None):
                sent = seq
                yield part
        while True:
            try:
                message = await listener.next(limit_s=KEEP_ALIVE_S)
            except TimeoutError:
                yield b": still here\n\n"
                continue
            if message is None:
                return
            if message.seq == 0 or message.seq > sent:
                yield _part(message.data, message.seq or None)
    finally:
        broadcast.leave(listener)


async def _one(
    app: App, broadcast: Broadcast, listener: Listener, since: int, generation_id: str
) -> AsyncIterator[bytes]:
    try:
        yield _RETRY
        sent = since
        async for seq, part in _missed(app, since, None, generation_id):
            sent = seq
            yield part
        ended_s: float | None = None
        spoke_s = time.monotonic()
        while True:
            history = await run_in_threadpool(app.store.history, generation_id)
            if history.generation.status.over:
                ended_s = ended_s or time.monotonic()
                if _is_settled(history) or time.monotonic() - ended_s > _PUBLICATION_PATIENCE_S:
                    async for seq, part in _missed(app, sent, None, generation_id):
                        sent = seq
                        yield part
                    yield _part(_final(history), f"{sent}{_END}")
                    return
            try:
                message = await listener.next(limit_s=_LOOK_AGAIN_S)
            except TimeoutError:
                if time.monotonic() - spoke_s > KEEP_ALIVE_S:
                    spoke_s = time.monotonic()
                    yield b": still here\n\n"
                continue
            if message is None:
                return
            if message.seq == 0 or message.seq > sent:
                sent = message.seq or sent
                spoke_s = time.monotonic()
                yield _part(message.data, message.seq or None)
    finally:
        broadcast.leave(listener)


async def _missed(
    app: App, since: int, until: int | None, generation_id: str | None
) -> AsyncIterator[tuple[int, bytes]]:
    """Yield what is stored after `since`; up to `until`, beyond which a listener is told."""
    while True:
        found = await run_in_threadpool(
            app.store.events_after, since, generation_id=generation_id, limit=AT_ONCE
        )
        for event in found:
            if until is not None and event.seq > until:
                return
            since = event.seq
            yield event.seq, _part(event_view(event), event.seq)
        if len(found) < AT_ONCE:
            return


def _is_settled(history: History) -> bool:
    generation = history.generation
    awaited = generation.status is GenerationStatus.APPROVED and generation.brief.publish
    return not awaited or history.publication is not None


def _final(history: History) -> dict[str, object]:
    generation = history.generation
    return {
        "kind": "final",
        "generation_id": generation.id,
        "status": generation.status.value,
        "reason": generation.reason,
        "publication": history.publication.state.value if history.publication else None,
    }


def _part(data: dict[str, object], number: int | str | None) -> bytes:
    name = b"" if number is None else f"id: {number}\n".encode()
    return name + b"data: " + to_json(data, inf_nan_mode="null") + b"\n\n"
