"""The WebSocket side: who listens, and one ordered stream of messages to them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

FEATURES: dict[str, Any] = {
    "supports_preview_metadata": True,
    "supports_model_type_tags": True,
    "max_upload_size": 104857600,
    "extension": {"manager": {"supports_v4": True}},
    "node_replacements": True,
    "assets": False,
}
_PREVIEW, _PREVIEW_WITH_METADATA, _JPEG = 1, 4, 1
_GOING_AWAY = 1001


@dataclass(eq=False)
class Connection:
    """One open socket. `muted` says nothing more though it stays open."""

    socket: WebSocket
    with_metadata: bool = False
    muted: bool = False


@dataclass(frozen=True)
class _Outgoing:
    """A message to `client_id`, or to everybody; `closes` ends the client's socket."""

    client_id: str | None
    text: str | None = None
    data: bytes | None = None
    closes: bool = False


class Sockets:
    """All open sockets by client id. `send` and its like may be called from any thread."""

    def __init__(self) -> None:
        self._open: dict[str, Connection] = {}
        self._outbox: asyncio.Queue[_Outgoing] = asyncio.Queue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.running_client: str | None = None
        self.running_node: str | None = None

    def send(self, event: str, data: Mapping[str, Any], client_id: str | None) -> None:
        """Queue a message for one client, or for everybody when `client_id` is None."""
        text = json.dumps({"type": event, "data": data})
        self._queue(_Outgoing(client_id, text=text))

    def preview(self, jpeg: bytes, about: Mapping[str, Any], client_id: str | None) -> None:
        """Queue a preview in the form its receiver understands."""
        if self.wants_metadata(client_id):
            meta = json.dumps({**about, "image_type": "image/jpeg"}).encode()
            head = struct.pack(">II", _PREVIEW_WITH_METADATA, len(meta)) + meta
        else:
            head = struct.pack(">II", _PREVIEW, _JPEG)
        self._queue(_Outgoing(client_id, data=head + jpeg))

    def wants_metadata(self, client_id: str | None) -> bool:
        """Whether this client announced that it reads previews with metadata."""
        connection = self._open.get(client_id) if client_id is not None else None
        return connection is not None and connection.with_metadata

    def listens(self, client_id: str | None) -> bool:
        """Whether anybody would receive a message to `client_id`."""
        if client_id is None:
            return any(not connection.muted for connection in self._open.values())
        connection = self._open.get(client_id)
        return connection is not None and not connection.muted

    def drop(self, client_id: str) -> None:
        """Close a client's socket after what is queued for it."""
        self._queue(_Outgoing(client_id, closes=True))

    def drop_all(self) -> None:
        """Close every socket after what is queued for it."""
        for client_id in tuple(self._open):
            self.drop(client_id)

    def mute(self, client_id: str) -> None:
        """Let a client's socket stay open and silent."""
        connection = self._open.get(client_id)
        if connection is not None:
            connection.muted = True

    async def publish(self) -> None:
        """Deliver the queued messages in order, until cancelled."""
        self._loop = asyncio.get_running_loop()
        try:
            while True:
                message = await self._outbox.get()
                if message.client_id is None:
                    receivers = list(self._open.items())
                else:
                    found = self._open.get(message.client_id)
                    receivers = [(message.client_id, found)] if found else []
                for client_id, connection in receivers:
                    await self._deliver(client_id, connection, message)
        finally:
            self._loop = None

    async def serve(self, socket: WebSocket, *, remaining: int) -> None:
        """Keep one connection: greet, read feature flags, wait for the end."""
        await socket.accept()
        client_id = socket.query_params.get("clientId") or uuid.uuid4().hex
        connection = self._open[client_id] = Connection(socket)
        status = {"status": {"exec_info": {"queue_remaining": remaining}}, "sid": client_id}
        try:
            await _send_json(socket, "status", status)
            if self.running_client == client_id and self.running_node is not None:
                await _send_json(socket, "executing", {"node": self.running_node})
            await self._read(connection)
        except (WebSocketDisconnect, RuntimeError):
            pass  # the client is gone, or the fault closed its socket under us: both end it
        finally:
            if self._open.get(client_id) is connection:
                del self._open[client_id]

    async def _read(self, connection: Connection) -> None:
        first = True
        while True:
            text = await connection.socket.receive_text()
            with contextlib.suppress(json.JSONDecodeError):  # ComfyUI ignores it as well
                message = json.loads(text)
                if first and isinstance(message, dict) and message.get("type") == "feature_flags":
                    flags = message.get("data") or {}
                    connection.with_metadata = bool(flags.get("supports_preview_metadata"))
                    await _send_json(connection.socket, "feature_flags", FEATURES)
                first = False

    async def _deliver(self, client_id: str, connection: Connection, message: _Outgoing) -> None:
        if connection.muted:
            return
        try:
            if message.closes:
                self._open.pop(client_id, None)
                await connection.socket.close(_GOING_AWAY)
            elif message.text is not None:
                await connection.socket.send_text(message.text)
            elif message.data is not None:
                await connection.socket.send_bytes(message.data)
        except (WebSocketDisconnect, RuntimeError):
            if self._open.get(client_id) is connection:
                del self._open[client_id]

    def _queue(self, message: _Outgoing) -> None:
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop closed between the two lines
                loop.call_soon_threadsafe(self._outbox.put_nowait, message)


async def _send_json(socket: WebSocket, event: str, data: Mapping[str, Any]) -> None:
    await socket.send_text(json.dumps({"type": event, "data": data}))
