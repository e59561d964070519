"""ComfyUI's HTTP routes, each also under `/api`."""

from __future__ import annotations

import asyncio
import json
import mimetypes
import os
import sys
import time
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cv2
import numpy as np
from starlette.applications import Starlette
from starlette.datastructures import Headers, UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from tower_anime.sandbox.catalog import Catalog
from tower_anime.sandbox.execute import Executor
from tower_anime.sandbox.faults import Faults
from tower_anime.sandbox.folders import Folders, Outside, load
from tower_anime.sandbox.jobs import STATUSES, Job, JobQueue
from tower_anime.sandbox.sockets import FEATURES, Sockets
from tower_anime.sandbox.validate import ServerTrouble, Validator

COMFYUI_VERSION = "0.33.0"
DEVICE = "sandbox (draws, no diffusion model)"
Handler = Callable[[Request], Awaitable[Response]]


class Reply(JSONResponse):
    """JSON with the content type that ComfyUI sends."""

    media_type = "application/json; charset=utf-8"


HANG_S = 15.0
"""How long a request that hangs goes without an answer (seconds)."""


class Routes:
    """The handlers over one server's parts."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        folders: Folders,
        queue: JobQueue,
        sockets: Sockets,
        executor: Executor,
    ) -> None:
        self.catalog = catalog
        self.folders = folders
        self.queue = queue
        self.sockets = sockets
        self.executor = executor
        self.validator = Validator(catalog, folders)
        self._number = 0

    def table(self) -> list[BaseRoute]:
        """Return all routes."""
        plain: list[tuple[str, str, Handler]] = [
            ("/prompt", "POST", self._post_prompt),
            ("/prompt", "GET", self._get_prompt),
            ("/queue", "GET", self._get_queue),
            ("/queue", "POST", self._post_queue),
            ("/history", "GET", self._get_history),
            ("/history", "POST", self._post_history),
            ("/history/{prompt_id}", "GET", self._get_history_entry),
            ("/interrupt", "POST", self._post_interrupt),
            ("/free", "POST", self._post_free),
            ("/object_info", "GET", self._get_object_info),
            ("/object_info/{class_type}", "GET", self._get_class_info),
            ("/view", "GET", self._get_view),
            ("/upload/image", "POST", self._post_upload),
            ("/system_stats", "GET", self._get_system_stats),
            ("/features", "GET", _always(FEATURES)),
            ("/models", "GET", self._get_model_folders),
            ("/models/{folder}", "GET", self._get_models),
            ("/embeddings", "GET", _always([])),
            ("/extensions", "GET", _always([])),
            ("/users", "GET", _always({"storage": "server", "migrated": False})),
            ("/settings", "GET", _always({})),
        ]
        routes: list[BaseRoute] = [
            Route(prefix + path, handler, methods=[method])
            for path, method, handler in plain
            for prefix in ("", "/api")
        ]
        routes += [
            Route("/api/jobs", self._get_jobs, methods=["GET"]),
            Route("/api/jobs/{prompt_id}", self._get_job, methods=["GET"]),
            Route("/api/jobs/{prompt_id}/cancel", self._post_cancel, methods=["POST"]),
        ]
        return routes + [WebSocketRoute(path, self._socket) for path in ("/ws", "/api/ws")]

    async def _socket(self, socket: WebSocket) -> None:
        await self.sockets.serve(socket, remaining=self.queue.remaining())

    async def _post_prompt(self, request: Request) -> Response:
        body = await _body(request)
        number = self._take_number(body)
        if "prompt" not in body:
            return _refusal("no_prompt", "No prompt provided", "No prompt provided")
        prompt_id = body.get("prompt_id") or str(uuid.uuid4())
        if not _is_canonical_uuid(prompt_id):
            return _refusal(
                "invalid_prompt_id",
                "prompt_id must be a valid UUID",
                "prompt_id must be a UUID string in canonical lowercase hyphenated form;"
                " omit it to let the server generate one",
            )
        checked = self.validator.check(body["prompt"], body.get("partial_execution_targets"))
        if checked.error is not None:
            answer = {"error": checked.error, "node_errors": checked.node_errors}
            return Reply(answer, status_code=400)
        extra = dict(body.get("extra_data") or {})
        if "client_id" in body:
            extra["client_id"] = body["client_id"]
        extra["create_time"] = int(time.time() * 1000)
        self.queue.put(Job(number, prompt_id, body["prompt"], extra, checked.outputs))
        return Reply({"prompt_id": prompt_id, "number": number, "node_errors": checked.node_errors})

    def _take_number(self, body: Any) -> float:
        if not isinstance(body, (dict, list, str)):
            raise ServerTrouble
        if isinstance(body, dict) and "number" in body:
            try:
                return float(body["number"])
            except (TypeError, ValueError) as wrong:
                raise ServerTrouble from wrong
        number = self._number
        self._number += 1
        return -number if isinstance(body, dict) and body.get("front") else number

    async def _get_prompt(self, _: Request) -> Response:
        return Reply({"exec_info": {"queue_remaining": self.queue.remaining()}})

    async def _get_queue(self, _: Request) -> Response:
        running, pending = self.queue.current()
        return Reply(
            {
                "queue_running": [job.row() for job in running],
                "queue_pending": [job.row() for job in pending],
            }
        )

    async def _post_queue(self, request: Request) -> Response:
        body = await _object(request)
        if body.get("clear"):
            self.queue.delete(None)
        if "delete" in body:
            self.queue.delete(body["delete"])
        return Response()

    async def _get_history(self, request: Request) -> Response:
        query = request.query_params
        try:
            max_items = int(query["max_items"]) if "max_items" in query else None
            offset = int(query.get("offset", -1))
        except ValueError as wrong:
            raise ServerTrouble from wrong
        return Reply(self.queue.history(max_items=max_items, offset=offset))

    async def _get_history_entry(self, request: Request) -> Response:
        prompt_id = request.path_params["prompt_id"]
        entry = self.queue.entry(prompt_id)
        return Reply({} if entry is None else {prompt_id: entry})

    async def _post_history(self, request: Request) -> Response:
        body = await _object(request)
        if body.get("clear"):
            self.queue.forget(None)
        if "delete" in body:
            self.queue.forget(body["delete"])
        return Response()

    async def _post_interrupt(self, request: Request) -> Response:
        try:
            body = await _object(request)
        except ServerTrouble:
            body = {}  # ComfyUI takes an empty or broken body as "whatever runs"
        self.queue.interrupt(body.get("prompt_id"))
        return Response()

    async def _post_free(self, request: Request) -> Response:
        if (await _object(request)).get("free_memory"):
            self.executor.forget.set()
        return Response()

    async def _get_jobs(self, request: Request) -> Response:
        query = request.query_params
        statuses = query["status"].split(",") if query.get("status") else list(STATUSES)
        wrong = [status for status in statuses if status not in STATUSES]
        if wrong:
            return Reply({"error": f"Invalid status value(s): {', '.join(wrong)}"}, 400)
        try:
            limit = int(query["limit"]) if "limit" in query else None
            offset = max(0, int(query.get("offset", 0)))
        except ValueError:
            return Reply({"error": "limit and offset must be integers"}, 400)
        jobs = self.queue.listing(statuses)
        newest_first = query.get("sort_order", "desc") != "asc"
        jobs.sort(key=lambda job: job["create_time"], reverse=newest_first)
        shown = jobs[offset:] if limit is None else jobs[offset : offset + limit]
        pagination = {
            "offset": offset,
            "limit": limit,
            "total": len(jobs),
            "has_more": offset + len(shown) < len(jobs),
        }
        return Reply({"jobs": shown, "pagination": pagination})

    async def _get_job(self, request: Request) -> Response:
        job = self.queue.job(request.path_params["prompt_id"])
        return Reply({"error": "Job not found"}, 404) if job is None else Reply(job)

    async def _post_cancel(self, request: Request) -> Response:
        prompt_id = request.path_params["prompt_id"]
        cancelled = self.queue.delete([prompt_id]) or self.queue.interrupt(prompt_id)
        return Reply({"cancelled": cancelled})

    async def _get_object_info(self, _: Request) -> Response:
        return Reply(self.catalog.listing(self.folders.images(), self.folders.sounds()))

    async def _get_class_info(self, request: Request) -> Response:
        class_type = request.path_params["class_type"]
        listing = self.catalog.listing(self.folders.images(), self.folders.sounds())
        return Reply({class_type: listing[class_type]} if class_type in listing else {})

    async def _get_model_folders(self, _: Request) -> Response:
        return Reply(self.catalog.model_folders())

    async def _get_models(self, request: Request) -> Response:
        models = self.catalog.models(request.path_params["folder"])
        return Response(status_code=404) if models is None else Reply(models)

    async def _get_system_stats(self, _: Request) -> Response:
        total, free = _memory_bytes()
        system = {
            "os": sys.platform,
            "ram_total": total,
            "ram_free": free,
            "comfyui_version": COMFYUI_VERSION,
            "tower_sandbox": True,
            "python_version": sys.version,
            "pytorch_version": "none (sandbox)",
            "embedded_python": False,
            "deploy_environment": "tower-anime-sandbox",
            "argv": ["tower-anime", "sandbox"],
        }
        device = {
            "name": DEVICE,
            "type": "cpu",
            "index": None,
            "vram_total": total,
            "vram_free": free,
            "torch_vram_total": total,
            "torch_vram_free": free,
        }
        return Reply({"system": system, "devices": [device]})

    async def _get_view(self, request: Request) -> Response:
        query = request.query_params
        filename = query.get("filename")
        if filename is None:
            return Response(status_code=404)
        kind = query.get("type", "output")
        if not filename or filename[0] == "/" or ".." in filename or not self.folders.of(kind):
            return Response(status_code=400)
        try:
            path = self.folders.inside(kind, query.get("subfolder", "")) / Path(filename).name
        except Outside:
            return Response(status_code=403)
        if not path.is_file():
            return Response(status_code=404)
        headers = {"Content-Disposition": f'filename="{path.name}"'}
        if "preview" in query or query.get("channel", "rgba") != "rgba":
            return _converted(path, query.get("preview"), query.get("channel", "rgba"), headers)
        return FileResponse(
            path,
            media_type=mimetypes.guess_type(path.name)[0] or "application/octet-stream",
            headers=headers | {"X-Content-Type-Options": "nosniff"},
        )

    async def _post_upload(self, request: Request) -> Response:
        async with request.form() as form:
            image = form.get("image")
            kind, subfolder = str(form.get("type") or "input"), str(form.get("subfolder") or "")
            overwrite = form.get("overwrite") in ("true", "1")
            if not isinstance(image, UploadFile) or not image.filename or not self.folders.of(kind):
                return Response(status_code=400)
            data, name = await image.read(), image.filename
        try:
            target = self.folders.inside(kind, subfolder) / name
            self.folders.inside(kind, str(Path(subfolder) / name))
        except Outside:
            return Response(status_code=400)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not overwrite:
            target = _free_name(target, data)
        target.write_bytes(data)
        return Reply({"name": target.name, "subfolder": subfolder, "type": kind})


class Guard:
    """Turns away foreign web pages and, by order, whole requests (fault `http_500`)."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self.app = app
        self.faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what a real server would answer."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
        elif _is_foreign(Headers(scope=scope)):
            await Response(status_code=403)(scope, receive, send)
        elif scope["type"] == "websocket":
            refused = self.faults.strikes("no_socket")
            await (Response(status_code=403) if refused else self.app)(scope, receive, send)
        elif self.faults.strikes("http_500"):
            await _trouble()(scope, receive, send)
        elif scope["path"].endswith("/prompt") and self.faults.strikes("lost_answer"):
            await self.app(scope, receive, _unheard)
            await Response("Bad Gateway", status_code=502)(scope, receive, send)
        else:
            if self.faults.strikes("hang"):
                await asyncio.sleep(HANG_S)
            await self.app(scope, receive, send)


async def _unheard(_: Message) -> None:
    """Send nothing: the answer is lost on the way."""


def application(routes: Routes, faults: Faults, *, lifespan: Any) -> ASGIApp:
    """Return the ASGI application."""

    async def stumbled(request: Request, wrong: Exception) -> Response:
        del request, wrong
        return _trouble()

    app = Starlette(
        routes=routes.table(), lifespan=lifespan, exception_handlers={ServerTrouble: stumbled}
    )
    return Guard(app, faults)


def _always(value: object) -> Handler:
    async def handler(request: Request) -> Response:
        del request
        return Reply(value)

    return handler


async def _body(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except ValueError as wrong:
        raise ServerTrouble from wrong


async def _object(request: Request) -> dict[str, Any]:
    body = await _body(request)
    if not isinstance(body, dict):
        raise ServerTrouble
    return body


def _trouble() -> Response:
    text = "500 Internal Server Error\n\nServer got itself in trouble"
    return Response(text, 500, media_type="text/plain")


def _refusal(kind: str, message: str, details: str) -> Response:
    error = {"type": kind, "message": message, "details": details, "extra_info": {}}
    return Reply({"error": error, "node_errors": {}}, 400)


def _is_canonical_uuid(text: object) -> bool:
    try:
        return isinstance(text, str) and str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _is_foreign(headers: Headers) -> bool:
    """Whether a page of another site asks (checked on loopback hosts, as ComfyUI does)."""
    if headers.get("sec-fetch-site") == "cross-site":
        return True
    origin, host = headers.get("origin"), headers.get("host")
    if not origin or not host:
        return False
    asked, page = urlsplit(f"//{host.lower()}"), urlsplit(origin.lower())
    loopback = asked.hostname in ("localhost", "::1") or str(asked.hostname).startswith("127.")
    same = (
        asked.netloc == page.netloc if asked.port and page.port else asked.hostname == page.hostname
    )
    return loopback and not same


def _converted(path: Path, preview: str | None, channel: str, headers: dict[str, str]) -> Response:
    """Return a re-encoded picture: `preview` is `webp;75` or `jpeg`, `channel` rgb or a."""
    picture = load(path)
    if picture is None:
        raise ServerTrouble
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    if preview is not None:
        form, _, quality = preview.partition(";")
        form = (
            form if form in ("webp", "jpeg") and "a" not in channel.replace("rgba", "") else "webp"
        )
        flag = cv2.IMWRITE_WEBP_QUALITY if form == "webp" else cv2.IMWRITE_JPEG_QUALITY
        number = int(quality) if quality.isdigit() else 90
        data, kind = cv2.imencode(f".{form}", bgr, [flag, number])[1], f"image/{form}"
    elif channel == "a":
        alpha = np.dstack([np.zeros_like(bgr), np.full(bgr.shape[:2], 255, np.uint8)])
        data, kind = cv2.imencode(".png", alpha)[1], "image/png"
    else:
        data, kind = cv2.imencode(".png", bgr)[1], "image/png"
    return Response(data.tobytes(), media_type=kind, headers=headers)


def _free_name(target: Path, data: bytes) -> Path:
    """Return `target`, or `name (1).png` and so on while other bytes lie under that name."""
    candidate, number = target, 1
    while candidate.exists() and candidate.read_bytes() != data:
        candidate = target.with_name(f"{target.stem} ({number}){target.suffix}")
        number += 1
    return candidate


def _memory_bytes() -> tuple[int, int]:
    page = os.sysconf("SC_PAGE_SIZE")
    return page * os.sysconf("SC_PHYS_PAGES"), page * os.sysconf("SC_AVPHYS_PAGES")
