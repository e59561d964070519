"""A small server that replays captured ComfyUI runs and misbehaves on request.

It answers `/prompt` by playing a `Scenario` to the submitting client and then putting its entry
into the history, as the real one does; the attributes of `ScriptedComfy` bend that.
"""

from __future__ import annotations

import asyncio
import json
import struct
import threading
import time
import uuid
import zlib
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

CAPTURES = Path(__file__).parents[1] / "captures"
JPEG = b"\xff\xd8\xff\xe0 a preview \xff\xd9"


def load(name: str) -> Any:
    return json.loads((CAPTURES / f"{name}.json").read_text(encoding="utf-8"))


def png(side: int = 2) -> bytes:
    """A whole PNG of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x40\x80\xc0" * side) * side)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


@dataclass(frozen=True)
class Scenario:
    """What a job does: the frames its client sees and the history entry it leaves."""

    graph: dict[str, Any]
    messages: tuple[str | bytes, ...]
    entry: dict[str, Any]
    prompt_id: str
    answer: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def captured(cls, name: str) -> Scenario:
        data = load(f"scenario_{name}")
        post = data["post_prompt"]
        prompt_id = post["response"]["json"]["prompt_id"]
        frames = data.get("ws_messages") or data["ws_messages_progress_thinned"]
        return cls(
            graph=post["request"]["json"]["prompt"],
            messages=tuple(_frame(m["message"]) for m in frames),
            entry=data["history"]["response"]["json"][prompt_id],
            prompt_id=prompt_id,
            answer={"node_errors": post["response"]["json"]["node_errors"]},
        )

    def ending(self, kind: str, **data: Any) -> Scenario:
        """The same job, but the last event is another one (an error, an interrupt)."""
        kept = [m for m in self.messages if isinstance(m, bytes) or '"executed"' not in m]
        end = {"prompt_id": self.prompt_id, "node_id": "3", "node_type": "KSampler", **data}
        last = json.dumps({"type": kind, "data": end})
        messages = tuple(
            last if isinstance(m, str) and "execution_success" in m else m for m in kept
        )
        events = [*self.entry["status"]["messages"][:-1], [kind, end]]
        status = {"status_str": "error", "completed": False, "messages": events}
        return Scenario(
            self.graph, messages, self.entry | {"outputs": {}, "status": status}, self.prompt_id
        )

    def of(self, prompt_id: str) -> Scenario:
        """The same for another job id."""
        old, new = self.prompt_id, prompt_id
        messages = tuple(
            m.replace(old.encode(), new.encode()) if isinstance(m, bytes) else m.replace(old, new)
            for m in self.messages
        )
        entry = json.loads(json.dumps(self.entry).replace(old, new))
        return Scenario(self.graph, messages, entry, new, self.answer)


def _frame(message: dict[str, Any]) -> str | bytes:
    if not message.get("binary"):
        return json.dumps(message)
    if message["event_type"] == 1:
        return struct.pack(">II", 1, 1) + JPEG
    metadata = json.dumps(message["metadata"]).encode()
    return struct.pack(">II", 4, len(metadata)) + metadata + JPEG


@dataclass
class _Job:
    number: int
    prompt_id: str
    body: dict[str, Any]
    scenario: Scenario
    running: bool = False
    stopped: bool = False
    created_ms: int | None = None

    def item(self) -> list[Any]:
        extra = self.body.get("extra_data", {}) | {"client_id": self.body.get("client_id")}
        extra |= {} if self.created_ms is None else {"create_time": self.created_ms}
        return [self.number, self.prompt_id, self.body["prompt"], extra, []]


class ScriptedComfy:
    """The script: attributes may be changed while the server runs."""

    def __init__(self, scenario: Scenario) -> None:
        self.url = ""
        self._tasks: set[asyncio.Task[None]] = set()
        self.reset(scenario)

    def reset(self, scenario: Scenario) -> None:
        """Begin anew, as a good server that heard of nothing."""
        self.scenario = scenario
        # What it is.
        self.version = "0.33.0"
        self.jobs_api = True
        self.cancel_api = True
        self.own_ids = True
        # How it misbehaves.
        self.silent = False
        self.refuses_sockets = False
        self.mute = False  # sockets open, but nothing ever comes through
        self.slow_s: dict[str, float] = {}  # route → how long its answers take
        self.drop_after: int | None = None
        self.history_lag_s = 0.0
        self.queue_empty_while_lagging = False
        self.forgets = False
        self.accepts_then: int | None = None  # status of the answer to an accepted job
        self.hold: threading.Event | None = None
        self.hold_after = 0  # messages sent before the job is held
        self.others_ahead = 0
        self.file = png()
        self.answers: dict[str, list[Response]] = defaultdict(list)  # taken before its own
        # What happened.
        self.posts: list[dict[str, Any]] = []
        self.freed: list[Any] = []
        self.uploads: list[tuple[str, bytes]] = []
        self.calls: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.first_frames: list[str] = []
        self.sockets: dict[str, WebSocket] = {}
        self.queue: list[_Job] = []
        self.history: dict[str, Any] = {}

    def forget_everything(self) -> None:
        """A restart: queue and history are RAM only."""
        self.queue.clear()
        self.history.clear()

    def known(self, prompt_id: str) -> _Job | None:
        return next((job for job in self.queue if job.prompt_id == prompt_id), None)

    # ---- routes ----

    async def prompt(self, request: Request) -> Response:
        body = await request.json()
        self.posts.append(body)
        if self.answers["POST /prompt"]:
            return self.answers["POST /prompt"].pop(0)
        prompt_id = body["prompt_id"] if self.own_ids else str(uuid.uuid4())
        job = _Job(len(self.posts), prompt_id, body, self.scenario.of(prompt_id))
        job.created_ms = round(time.time() * 1000) if self.own_ids else None
        if not self.forgets:
            self.queue.append(job)
            task = asyncio.create_task(self._run(job))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if self.accepts_then:
            status, self.accepts_then = self.accepts_then, None
            return PlainTextResponse("the proxy lost patience", status)
        answer = {"prompt_id": prompt_id, "number": job.number, "node_errors": {}}
        return JSONResponse(answer | self.scenario.answer)

    async def _run(self, job: _Job) -> None:
        while self.others_ahead and not job.stopped:
            await asyncio.sleep(0.01)
        job.running = True
        for sent, message in enumerate(job.scenario.messages):
            while self.hold and not self.hold.is_set() and sent >= self.hold_after:
                if job.stopped or job not in self.queue:
                    return self._end(job, job.scenario.ending("execution_interrupted").entry)
                await asyncio.sleep(0.005)
            await self._send(job, message)
            if sent + 1 == self.drop_after and (socket := self._socket(job)):
                self.drop_after = None
                await socket.close(1011)
            is_end = isinstance(message, str) and any(
                f'"{end}"' in message
                for end in ("execution_success", "execution_error", "execution_interrupted")
            )
            if is_end:
                if self.queue_empty_while_lagging and job in self.queue:
                    self.queue.remove(job)
                await asyncio.sleep(self.history_lag_s)
                self._end(job, job.scenario.entry)
        return None

    def _end(self, job: _Job, entry: dict[str, Any]) -> None:
        if job in self.queue:
            self.queue.remove(job)
        elif not self.queue_empty_while_lagging:
            return
        entry = entry | {"prompt": job.item()}
        self.history[job.prompt_id] = entry

    def _socket(self, job: _Job) -> WebSocket | None:
        return self.sockets.get(str(job.body.get("client_id")))

    async def _send(self, job: _Job, message: str | bytes) -> None:
        socket = self._socket(job)
        if self.silent or socket is None:
            return
        with suppress(RuntimeError, WebSocketDisconnect):
            if isinstance(message, bytes):
                await socket.send_bytes(message)
            else:
                await socket.send_text(message)

    async def ws(self, socket: WebSocket) -> None:
        client_id = socket.query_params["clientId"]
        self.headers.append(dict(socket.headers))
        if self.refuses_sockets:
            return await socket.close()
        await socket.accept()
        try:
            if not self.mute:
                self.sockets[client_id] = socket
                status = {"status": {"exec_info": {"queue_remaining": len(self.queue)}}}
                await socket.send_json({"type": "status", "data": status})
            self.first_frames.append(await socket.receive_text())
            while True:
                await socket.receive_text()
        except (WebSocketDisconnect, RuntimeError):
            if self.sockets.get(client_id) is socket:
                del self.sockets[client_id]
        return None

    async def get_queue(self, _: Request) -> Response:
        others = [[-1 - n, str(uuid.uuid4()), {}, {}, []] for n in range(self.others_ahead)]
        running = [job.item() for job in self.queue if job.running]
        pending = [job.item() for job in self.queue if not job.running]
        if others:
            running, others = [others[0]], others[1:]
        return JSONResponse({"queue_running": running, "queue_pending": [*pending, *others]})

    async def post_queue(self, request: Request) -> Response:
        for prompt_id in (await request.json()).get("delete", []):
            job = self.known(prompt_id)
            if job and not job.running:
                job.stopped = True
                self.queue.remove(job)
        return Response()

    async def interrupt(self, request: Request) -> Response:
        job = self.known((await request.json())["prompt_id"])
        if job and job.running:
            job.stopped = True
        return Response()

    async def cancel(self, request: Request) -> Response:
        if not (self.jobs_api and self.cancel_api):
            return Response(status_code=404)
        job = self.known(request.path_params["id"])
        if job is None:
            return JSONResponse({"error": "Job not found"}, 404)
        job.stopped = True
        if not job.running:
            self.queue.remove(job)
        return JSONResponse({"cancelled": True})

    async def get_job(self, request: Request) -> Response:
        prompt_id = request.path_params["id"]
        if not self.jobs_api or not (self.known(prompt_id) or prompt_id in self.history):
            return JSONResponse({"error": "Job not found"}, 404)
        return JSONResponse({"id": prompt_id, "status": "in_progress"})

    async def get_jobs(self, _: Request) -> Response:
        if not self.jobs_api:
            return PlainTextResponse("404: Not Found", 404)
        return JSONResponse({"jobs": [], "pagination": {}})

    async def get_history(self, request: Request) -> Response:
        prompt_id = request.path_params.get("id")
        known = self.history
        return JSONResponse({k: v for k, v in known.items() if prompt_id in (None, k)})

    async def view(self, request: Request) -> Response:
        return Response(self.file, media_type="image/png")

    async def free(self, request: Request) -> Response:
        self.freed.append(await request.json())
        return Response()

    async def upload(self, request: Request) -> Response:
        async with request.form() as form:
            image = form["image"]
            assert isinstance(image, UploadFile)
            self.uploads.append((str(image.filename), await image.read()))
        return JSONResponse({"name": image.filename, "subfolder": "", "type": "input"})

    async def system_stats(self, _: Request) -> Response:
        stats = load("http_get_endpoints")["/system_stats"]["response"]["json"]
        stats["system"]["comfyui_version"] = self.version
        return JSONResponse(stats)

    async def object_info(self, _: Request) -> Response:
        return JSONResponse(load("object_info_selected"))

    def app(self) -> Starlette:
        paths = {
            "GET /queue": self.get_queue,
            "POST /queue": self.post_queue,
            "POST /prompt": self.prompt,
            "POST /interrupt": self.interrupt,
            "GET /history": self.get_history,
            "GET /history/{id}": self.get_history,
            "GET /api/jobs": self.get_jobs,
            "GET /api/jobs/{id}": self.get_job,
            "POST /api/jobs/{id}/cancel": self.cancel,
            "GET /view": self.view,
            "POST /free": self.free,
            "POST /upload/image": self.upload,
            "GET /system_stats": self.system_stats,
            "GET /object_info": self.object_info,
        }
        routes = [self._route(name, handler) for name, handler in paths.items()]
        return Starlette(routes=[*routes, WebSocketRoute("/ws", self.ws)])

    def _route(self, name: str, handler: Any) -> Route:
        method, path = name.split()

        async def answer(request: Request) -> Response:
            self.calls.append(f"{method} {request.url.path}")
            self.headers.append(dict(request.headers))
            if name in self.slow_s:
                await asyncio.sleep(self.slow_s[name])
                if name not in self.slow_s:  # whoever asked is gone, and so is what it was about
                    return Response(status_code=503)
            if name != "POST /prompt" and self.answers[name]:
                return self.answers[name].pop(0)
            return await handler(request)

        return Route(path, answer, methods=[method])


@contextmanager
def serving(script: ScriptedComfy, port: int = 0) -> Iterator[ScriptedComfy]:
    """Run the script on a free loopback port."""
    config = uvicorn.Config(
        script.app(),
        port=port,
        log_level="critical",
        ws="websockets-sansio",
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.002)
    script.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield script
    finally:
        server.should_exit = True
        thread.join()
