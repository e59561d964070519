"""A small server that speaks Ollama's, OpenAI's and Echo Brain's protocol and errs on request.

One script serves all three: `say` is played to the next chats in turn, in each one's own words;
when it is used up, `otherwise` answers. Questions are kept, protocol taken off.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

EYES = ("completion", "vision")
BLIND = ("completion", "tools")


@dataclass(frozen=True)
class Said:
    """A model's words. `cut`: the limit of tokens ended them."""

    text: str
    cut: bool = False
    prompt_tokens: int = 400


@dataclass(frozen=True)
class Fails:
    """An error status with a message."""

    status: int
    message: str


@dataclass(frozen=True)
class Disguised:
    """An error that comes as HTTP 200."""

    message: str = "the model runner stopped"


@dataclass(frozen=True)
class BreaksOff:
    """An answer that begins well and ends in an error, or in nothing."""

    text: str = '{"decision": "approve"'


@dataclass(frozen=True)
class Hangs:
    """No answer for ever; with `drip` a byte now and then, so that no read times out."""

    drip: bool = False


Act = Said | Fails | Disguised | BreaksOff | Hangs


@dataclass(frozen=True)
class Asked:
    """One question as the server saw it."""

    protocol: str
    model: str
    messages: list[dict[str, Any]]
    images: int
    schema: dict[str, Any] | None
    body: dict[str, Any]
    headers: dict[str, str]

    @property
    def text(self) -> str:
        return "\n".join(str(message["content"]) for message in self.messages)


@dataclass
class ScriptedLlm:
    """The script: attributes may be changed while the server runs."""

    otherwise: Callable[[Asked], Act] = lambda asked: Said("{}")
    url: str = ""
    say: deque[Act] = field(default_factory=deque)
    models: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {"llama3.1:8b": BLIND, "llava:13b": EYES}
    )
    asked: list[Asked] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    loaded: set[str] = field(default_factory=set)
    down: bool = False
    sticky: bool = False
    old_echo: bool = False
    tags: bool = True
    stop: threading.Event = field(default_factory=threading.Event)

    def reset(self) -> None:
        """Begin anew on the same address."""
        fresh = ScriptedLlm(url=self.url, stop=self.stop)
        for name, value in vars(fresh).items():
            setattr(self, name, value)

    def answer(self, asked: Asked) -> Act:
        self.asked.append(asked)
        self.loaded.add(asked.model)
        if asked.protocol == "ollama" and asked.model not in self.models:
            return Fails(404, f"model '{asked.model}' not found")
        return self.say.popleft() if self.say else self.otherwise(asked)

    # ---- Ollama ----

    async def ollama_chat(self, request: Request) -> Response:
        body = await request.json()
        messages = body["messages"]
        asked = Asked(
            "ollama",
            body["model"],
            messages,
            sum(len(m.get("images", ())) for m in messages),
            body.get("format"),
            body,
            dict(request.headers),
        )
        if asked.images and "vision" not in self.models.get(asked.model, ()):
            self.asked.append(asked)
            return JSONResponse({"error": "this model does not support images"}, 400)
        act = self.answer(asked)
        head = {"model": asked.model, "created_at": "2026-01-01T00:00:00Z"}
        match act:
            case Said(text, cut, prompt_tokens):
                end = {
                    "done": True,
                    "done_reason": "length" if cut else "stop",
                    "prompt_eval_count": prompt_tokens,
                    "eval_count": len(text) // 4,
                    "total_duration": 1,
                }
                said = {"message": {"role": "assistant", "content": text}}
                if body.get("stream", True):
                    lines = [{**head, **said, "done": False}, {**head, **end}]
                    return self.lines(lines)
                return JSONResponse({**head, **said, **end})
            case Fails(status, message):
                return JSONResponse({"error": message}, status)
            case Disguised(message):
                return JSONResponse({"error": message})
            case BreaksOff(text):
                began = {**head, "message": {"role": "assistant", "content": text}, "done": False}
                return self.lines([began, {"error": "unexpected EOF"}])
            case Hangs(drip):
                return self.hang(drip=drip)

    def lines(self, lines: list[dict[str, Any]]) -> Response:
        text = "".join(json.dumps(line) + "\n" for line in lines)
        return Response(text, media_type="application/x-ndjson")

    async def ollama_tags(self, _: Request) -> Response:
        if not self.tags:
            return JSONResponse({"error": "not here"}, 404)
        return JSONResponse({"models": [{"name": name, "model": name} for name in self.models]})

    async def ollama_show(self, request: Request) -> Response:
        name = (await request.json())["model"]
        if name not in self.models:
            return JSONResponse({"error": f"model '{name}' not found"}, 404)
        return JSONResponse({"capabilities": list(self.models[name]), "details": {}})

    async def ollama_ps(self, _: Request) -> Response:
        listed = [{"name": name, "model": name, "size_vram": 1} for name in sorted(self.loaded)]
        return JSONResponse({"models": listed})

    async def ollama_generate(self, request: Request) -> Response:
        body = await request.json()
        if body.get("keep_alive") == 0 and not self.sticky:
            self.loaded.discard(body["model"])
        return JSONResponse({"model": body["model"], "done": True, "done_reason": "unload"})

    # ---- OpenAI ----

    async def openai_chat(self, request: Request) -> Response:
        body = await request.json()
        images = 0
        for message in body["messages"]:
            if isinstance(message["content"], list):
                images += sum(part["type"] == "image_url" for part in message["content"])
        form = body.get("response_format", {}).get("json_schema", {})
        asked = Asked(
            "openai",
            body["model"],
            body["messages"],
            images,
            form.get("schema"),
            body,
            dict(request.headers),
        )
        act = self.answer(asked)
        match act:
            case Said(text, cut, prompt_tokens):
                choice = {
                    "index": 0,
                    "message": {"role": "assistant", "content": text},
                    "finish_reason": "length" if cut else "stop",
                }
                usage = {"prompt_tokens": prompt_tokens, "completion_tokens": len(text) // 4}
                answer = {"id": "x", "object": "chat.completion", "model": asked.model}
                return JSONResponse({**answer, "choices": [choice], "usage": usage})
            case Fails(status, message):
                return JSONResponse({"error": {"message": message, "type": "error"}}, status)
            case Disguised(message):
                return JSONResponse({"error": {"message": message}})
            case BreaksOff(text):
                return self.torn('{"choices": [{"message": {"content": ' + json.dumps(text))
            case Hangs(drip):
                return self.hang(drip=drip)

    async def openai_models(self, _: Request) -> Response:
        if not self.tags:
            return JSONResponse({"error": {"message": "not here"}}, 404)
        listed = [
            {"id": name, "object": "model", "capabilities": list(able)}
            for name, able in self.models.items()
        ]
        return JSONResponse({"object": "list", "data": listed})

    # ---- Echo Brain ----

    async def echo_query(self, request: Request) -> Response:
        body = await request.json()
        if not isinstance(body.get("context"), dict):
            return JSONResponse({"detail": [{"msg": "context must be an object"}]}, 422)
        messages = [{"role": "user", "content": body["query"]}]
        asked = Asked("echo", "", messages, 0, None, body, dict(request.headers))
        act = self.answer(asked)
        match act:
            case Said(text):
                return JSONResponse(self.echoed(text, "llama3.1:8b", 0.9))
            case Fails(status, message):
                return JSONResponse({"detail": message}, status)
            case Disguised(message):
                return JSONResponse(self.echoed(message, "error-fallback", 0.0))
            case BreaksOff(text):
                return self.torn('{"response": ' + json.dumps(text))
            case Hangs(drip):
                return self.hang(drip=drip)

    def echoed(self, text: str, model: str, confidence: float) -> dict[str, Any]:
        if self.old_echo:
            return {
                "response": text,
                "model_used": model,
                "intelligence_level": "auto",
                "processing_time": 0.1,
                "escalation_path": [],
                "requires_clarification": False,
                "clarifying_questions": [],
                "conversation_id": "c",
                "confidence": confidence,
            }
        said = {"answer": text, "response": text, "model": model, "session_id": "s"}
        return {**said, "confidence": confidence, "sources": [], "model_used": model}

    async def echo_health(self, _: Request) -> Response:
        return JSONResponse({"status": "healthy"})

    # ---- all ----

    def torn(self, text: str) -> Response:
        return Response(text, media_type="application/json")

    def hang(self, *, drip: bool) -> Response:
        async def nothing() -> AsyncIterator[bytes]:
            while not self.stop.is_set():
                await asyncio.sleep(0.01)
                if drip:
                    yield b" "
            yield b""

        return StreamingResponse(nothing(), media_type="application/json")

    def app(self) -> Starlette:
        paths = {
            "POST /api/chat": self.ollama_chat,
            "GET /api/tags": self.ollama_tags,
            "POST /api/show": self.ollama_show,
            "GET /api/ps": self.ollama_ps,
            "POST /api/generate": self.ollama_generate,
            "POST /v1/chat/completions": self.openai_chat,
            "GET /v1/models": self.openai_models,
            "POST /api/echo/query": self.echo_query,
            "GET /api/echo/health": self.echo_health,
        }
        return Starlette(routes=[self.route(name, handler) for name, handler in paths.items()])

    def route(self, name: str, handler: Any) -> Route:
        method, path = name.split()

        async def answer(request: Request) -> Response:
            self.calls.append(name)
            if self.down:
                return JSONResponse({"error": "server busy, please try again"}, 503)
            response: Response = await handler(request)
            return response

        return Route(path, answer, methods=[method])


def filled(schema: dict[str, Any], **chosen: Any) -> Any:
    """A value that keeps to a schema; `chosen` names fields of the outer object."""
    match schema["type"]:
        case "object":
            inner = schema["properties"].items()
            return {name: chosen.get(name, filled(part)) for name, part in inner}
        case "array":
            return []
        case "integer":
            return (schema.get("minimum", 0) + schema.get("maximum", 10)) // 2
        case "string":
            return schema["enum"][0] if "enum" in schema else "words"
    raise AssertionError(schema)


@contextmanager
def serving(script: ScriptedLlm) -> Iterator[ScriptedLlm]:
    """Run the script on a free loopback port."""
    config = uvicorn.Config(
        script.app(), port=0, log_level="critical", lifespan="off", timeout_graceful_shutdown=1
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
        script.stop.set()
        server.should_exit = True
        thread.join()
