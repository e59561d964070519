"""Echo Brain, both generations: a query in words, an answer in words, no schema, no pictures."""

from __future__ import annotations

import json
from typing import Any

from tower_anime.adapters.json_http import JsonServer
from tower_anime.domain.conversation import Question, Reply
from tower_anime.errors import ChatFailed

_FALLBACK = "error-fallback"  # newer servers dress errors as answers of this model
HEALTH_S = 3.0


class EchoChat:
    """`ports.Chat` on `/api/echo/query`. The server picks the model by itself."""

    name = "echo"

    def __init__(self, url: str, *, token: str | None = None) -> None:
        self._server = JsonServer(url, token=token)

    def models(self, *, deadline_s: float) -> tuple[str, ...]:
        """Return nothing after asking for the server's health: the server chooses."""
        self._server.get("/api/echo/health", deadline_s=min(HEALTH_S, deadline_s))
        return ()

    def sees(self, model: str, *, deadline_s: float) -> bool:  # noqa: ARG002 - the port's signature
        """Return False: the protocol carries no pictures."""
        return False

    def ask(self, question: Question) -> Reply:
        """Ask once; the turns of the conversation become one text."""
        turns = [f"[{message.speaker}]\n{message.text}" for message in question.messages]
        body = {
            "query": "\n\n".join(turns),
            "context": {},
            "intelligence_level": "auto",
            "user_id": "tower-anime",
        }
        answer = self._server.post("/api/echo/query", body, deadline_s=question.deadline_s)
        if not isinstance(answer, dict):
            raise ChatFailed("the answer is no JSON object", kind="not_json")
        model = answer.get("model_used") or answer.get("model") or "unnamed"
        if model == _FALLBACK or answer.get("confidence") == 0:
            raise ChatFailed(f"an error as answer: {_said(answer)[:200]}", kind="error_reply")
        if answer.get("requires_clarification"):
            raise ChatFailed("the server asks back instead of answering", kind="refused")
        text = _said(answer)
        if not text.strip():
            raise ChatFailed("the model says nothing", kind="empty")
        return Reply(text=text, model=str(model))

    def release(self, *, deadline_s: float) -> bool:  # noqa: ARG002 - the protocol can't
        """Return False: the protocol has no way to unload a model."""
        return False

    def close(self) -> None:
        """Nothing is held between calls."""


def _said(answer: dict[str, Any]) -> str:
    """Return the text: `answer` on newer servers, `response` on both; an object is JSON already."""
    said = answer.get("answer") or answer.get("response") or ""
    return said if isinstance(said, str) else json.dumps(said)
