"""Language models: Ollama's own protocol, and the one that most other servers speak."""

from __future__ import annotations

import re
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

from tower_anime.adapters.json_http import JsonServer
from tower_anime.domain.conversation import Message, Question, Reply
from tower_anime.errors import ChatFailed

ANSWER_TOKENS = 2048  # the longest answer asked for (the shots of a scene) needs about 1,500
IMAGE_TOKENS = 1500  # what current vision models make of 1024 px, rounded up
CHARS_PER_TOKEN = 3.0  # English has about 4, JSON and Japanese less
LISTING_S = 5.0
KNOWN_FOR_S = 60.0  # models come and go under a running server
_RELEASE_LOOK_S = 0.1
_ENDS = (None, "stop", "length")  # Ollama's reasons for the end of an answer; others are failures
_BAD_ENDS = ("error", "tool_calls", "function_call")  # of servers like OpenAI's


class OllamaChat:
    """`ports.Chat` on Ollama's native `/api/chat`, which takes a schema and a context size.

    `num_ctx` is set with every question: the server's default is small and truncates silently.
    """

    name = "ollama"

    def __init__(
        self, url: str, *, num_ctx: int, keep_alive: str | None = None, token: str | None = None
    ) -> None:
        self._server = JsonServer(url, token=token)
        self._num_ctx = num_ctx
        self._keep_alive = keep_alive
        self._known = _Known()

    def models(self, *, deadline_s: float) -> tuple[str, ...]:
        """Return the models that are installed."""

        def ask() -> Any:
            return self._server.get("/api/tags", deadline_s=min(LISTING_S, deadline_s))

        return _names(self._known.get("models", ask), "models", "name", "model")

    def sees(self, model: str, *, deadline_s: float) -> bool:
        """Whether `/api/show` counts vision among the model's capabilities.

        Servers before 0.6.4 don't list any; there the picture encoder is one of the families.
        """

        def ask() -> Any:
            within_s = min(LISTING_S, deadline_s)
            return self._server.post("/api/show", {"model": model}, deadline_s=within_s)

        shown = self._known.get(f"show {model}", ask)
        if not isinstance(shown, dict):
            return False
        if isinstance(stated := shown.get("capabilities"), list):
            return "vision" in stated
        details = shown.get("details")
        families = details.get("families") if isinstance(details, dict) else None
        return isinstance(families, list) and bool({"clip", "mllama"} & set(families))

    def ask(self, question: Question) -> Reply:
        """Ask once, without streaming and without thinking aloud."""
        _check_fit(question.messages, self._num_ctx)
        body = {
            "model": question.model,
            "messages": [_ollama_message(message) for message in question.messages],
            "format": question.schema,
            "options": {
                "temperature": 0,
                "seed": 0,
                "num_ctx": self._num_ctx,
                "num_predict": ANSWER_TOKENS,
            },
            "stream": False,
            "think": False,
            **({"keep_alive": self._keep_alive} if self._keep_alive else {}),
        }
        answer = _object(self._server.post("/api/chat", body, deadline_s=question.deadline_s))
        reason = answer.get("done_reason")
        if answer.get("done") is not True or reason not in _ENDS:
            raise ChatFailed(
                f"the answer breaks off without an end{_named(reason)}", kind="cut_off"
            )
        prompt, made = _count(answer.get("prompt_eval_count")), _count(answer.get("eval_count"))
        full = (prompt or 0) + (made or 0) >= self._num_ctx
        message = answer.get("message")
        if isinstance(message, dict) and message.get("refusal"):
            raise ChatFailed(f"the model refuses: {message['refusal']}"[:300], kind="refused")
        return Reply(
            text=_text(message.get("content") if isinstance(message, dict) else None),
            model=str(answer.get("model") or question.model),
            truncated=full or reason == "length",
            prompt_tokens=prompt,
            answer_tokens=made,
        )

    def release(self, *, deadline_s: float) -> bool:
        """Unload every model and look into `/api/ps` until none is left."""
        ends_at = time.monotonic() + deadline_s
        while loaded := self._loaded(ends_at):
            for model in loaded:
                body = {"model": model, "keep_alive": 0}
                self._server.post("/api/generate", body, deadline_s=_left_s(ends_at))
            if time.monotonic() + _RELEASE_LOOK_S >= ends_at:
                return not self._loaded(ends_at + LISTING_S)
            time.sleep(_RELEASE_LOOK_S)
        return True

    def _loaded(self, ends_at: float) -> tuple[str, ...]:
        listed = self._server.get("/api/ps", deadline_s=_left_s(ends_at))
        return _names(listed, "models", "name", "model")

    def close(self) -> None:
        """Nothing is held between calls."""


class OpenAiChat:
    """`ports.Chat` on any server with OpenAI's `/v1/chat/completions`.

    The address may end in `/v1` or not. `vision_models` are those that the user says can see.
    """

    name = "openai"

    def __init__(
        self, url: str, *, token: str | None = None, vision_models: tuple[str, ...] = ()
    ) -> None:
        base = url.rstrip("/")
        versioned = base if re.search(r"/v\d+$", base) else f"{base}/v1"
        self._server = JsonServer(versioned, token=token)
        self._vision_models = vision_models
        self._known = _Known()

    def models(self, *, deadline_s: float) -> tuple[str, ...]:
        """Return the models on offer."""
        return _names(self._listed(deadline_s), "data", "id")

    def sees(self, model: str, *, deadline_s: float) -> bool:
        """Whether the user, the server's list or the model's own name says so."""
        if model in self._vision_models or _SEEING_NAME.search(model):
            return True
        entries = _object(self._listed(deadline_s)).get("data")
        listed = [item for item in entries or () if isinstance(item, dict)]
        entry = next((item for item in listed if item.get("id") == model), {})
        return _says_vision(entry)

    def _listed(self, deadline_s: float) -> Any:
        def ask() -> Any:
            return self._server.get("/models", deadline_s=min(LISTING_S, deadline_s))

        return self._known.get("models", ask)

    def ask(self, question: Question) -> Reply:
        """Ask once for a completion that follows the schema."""
        form = {"name": "answer", "schema": question.schema, "strict": True}
        body = {
            "model": question.model,
            "messages": [_openai_message(message) for message in question.messages],
            "response_format": {"type": "json_schema", "json_schema": form},
            "temperature": 0,
            "max_tokens": ANSWER_TOKENS,
            "stream": False,
        }
        path = "/chat/completions"
        answer = _object(self._server.post(path, body, deadline_s=question.deadline_s))
        choices = answer.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        message = choice.get("message") if isinstance(choice, dict) else None
        if not isinstance(choice, dict) or not isinstance(message, dict):
            raise ChatFailed("the answer holds no message", kind="empty")
        reason = choice.get("finish_reason")
        if choice.get("error") or reason in _BAD_ENDS:
            said = f"the answer ends in an error{_named(choice.get('error') or reason)}"
            raise ChatFailed(said[:300], kind="error_reply")
        if message.get("refusal") or reason == "content_filter":
            raise ChatFailed(f"the model refuses: {message.get('refusal')}"[:300], kind="refused")
        usage = answer.get("usage")
        used = usage if isinstance(usage, dict) else {}
        return Reply(
            text=_text(message.get("content")),
            model=str(answer.get("model") or question.model),
            truncated=reason in ("length", "max_tokens"),
            prompt_tokens=_count(used.get("prompt_tokens")),
            answer_tokens=_count(used.get("completion_tokens")),
        )

    def release(self, *, deadline_s: float) -> bool:  # noqa: ARG002 - the protocol can't
        """Return False: the protocol has no way to unload a model."""
        return False

    def close(self) -> None:
        """Nothing is held between calls."""


class _Known:
    """What a server said of itself, for a while."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[float, Any]] = {}
        self._lock = threading.Lock()

    def get(self, key: str, ask: Callable[[], Any]) -> Any:
        with self._lock:
            said_at, value = self._found.get(key, (-KNOWN_FOR_S, None))
        if time.monotonic() - said_at < KNOWN_FOR_S and value is not None:
            return value
        value = ask()
        with self._lock:
            self._found[key] = (time.monotonic(), value)
        return value


# Families whose names tell that they see, for servers that don't list capabilities.
_SEEING_NAME = re.compile(
    r"(?<![a-z])(?:vision|vl|llava|bakllava|gpt-4o|gpt-4\.1|gpt-5|gemini|claude|pixtral|minicpm-v|"
    r"moondream|internvl|cogvlm|phi-[34][.\d]*-?(?:vision|multimodal)|gemma-?3|qwen[\d.]*-?vl)",
    re.IGNORECASE,
)


def _says_vision(entry: Mapping[str, Any]) -> bool:
    """Whether an entry of `/v1/models` counts pictures among its input."""
    architecture = entry.get("architecture")
    inputs = architecture.get("input_modalities") if isinstance(architecture, dict) else None
    stated = (entry.get("capabilities"), entry.get("modalities"), inputs)
    words = {str(word).lower() for found in stated if isinstance(found, list) for word in found}
    return bool(words & {"vision", "image", "multimodal"})


def _check_fit(messages: tuple[Message, ...], num_ctx: int) -> None:
    """Refuse a question that the context can't hold: the server would cut its beginning off."""
    chars = sum(len(message.text) for message in messages)
    images = sum(len(message.images) for message in messages)
    needed = int(chars / CHARS_PER_TOKEN) + images * IMAGE_TOKENS + ANSWER_TOKENS
    if needed > num_ctx:
        raise ChatFailed(
            f"the question needs about {needed:,} tokens, the context has {num_ctx:,}",
            kind="too_long",
        )


def _ollama_message(message: Message) -> dict[str, Any]:
    images = [b64encode(image).decode("ascii") for image in message.images]
    said = {"role": message.speaker, "content": message.text}
    return {**said, "images": images} if images else dict(said)


def _openai_message(message: Message) -> dict[str, Any]:
    if not message.images:
        return {"role": message.speaker, "content": message.text}
    urls = (
        f"data:image/jpeg;base64,{b64encode(image).decode('ascii')}" for image in message.images
    )
    parts = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return {"role": message.speaker, "content": [{"type": "text", "text": message.text}, *parts]}


def _object(answer: Any) -> dict[str, Any]:
    if not isinstance(answer, dict):
        raise ChatFailed("the answer is no JSON object", kind="not_json")
    return answer


def _named(reason: object) -> str:
    return f" ({reason})" if reason else ""


def _text(content: Any) -> str:
    """Return a message's words, which some servers give as a list of parts."""
    if isinstance(content, list) and all(_is_text_part(part) for part in content):
        content = "".join(part["text"] for part in content)
    if not isinstance(content, str) or not content.strip():
        raise ChatFailed("the model says nothing", kind="empty")
    return content


def _is_text_part(part: Any) -> bool:
    return (
        isinstance(part, dict)
        and part.get("type") in ("text", "output_text")
        and isinstance(part.get("text"), str)
    )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _names(listed: Any, field: str, *keys: str) -> tuple[str, ...]:
    """Return the names in a server's list, which is one of objects or of plain names."""
    items = listed.get(field) if isinstance(listed, dict) else None
    if not isinstance(items, list):
        raise ChatFailed("the list of models has another form than expected", kind="not_json")
    found = []
    for item in items:
        values = [item.get(key) for key in keys] if isinstance(item, dict) else [item]
        found += [value for value in values if isinstance(value, str) and value][:1]
    return tuple(found)


def _left_s(ends_at: float) -> float:
    return max(0.05, ends_at - time.monotonic())
