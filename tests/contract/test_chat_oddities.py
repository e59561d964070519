"""Answers that no well-behaved server gives, byte by byte from a socket of our own."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.contract.test_chats import question
from tower_anime.adapters.llm import OllamaChat, OpenAiChat
from tower_anime.errors import ChatFailed

OPENS = {"ollama": lambda url: OllamaChat(url, num_ctx=8192), "openai": OpenAiChat}
WORDS = '{"said": "yes"}'


@contextmanager
def answering(send: Callable[[socket.socket], None]) -> Iterator[str]:
    """Serve one connection after the other with `send`, once the request is read."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    def talk(connection: socket.socket) -> None:
        with connection:
            try:
                connection.recv(1_000_000)
                send(connection)
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()


def body(protocol: str, content: Any, **more: Any) -> dict[str, Any]:
    """Return a good answer in a protocol's words; `more` goes where it speaks of the message."""
    message = {"role": "assistant", "content": content} | more.pop("message", {})
    if protocol == "ollama":
        return {"message": message, "done": True, "done_reason": "stop", **more}
    return {"choices": [{"index": 0, "message": message, "finish_reason": "stop", **more}]}


def http(answer: bytes, head: str = "") -> Callable[[socket.socket], None]:
    start = f"HTTP/1.1 200 OK\r\nConnection: close\r\n{head}Content-Length: {len(answer)}\r\n\r\n"
    return lambda connection: connection.sendall(start.encode() + answer)


def said(protocol: str, answer: Any) -> str:
    data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    with answering(http(data)) as url:
        return OPENS[protocol](url).ask(question()).text


def dripping(start: bytes) -> Callable[[socket.socket], None]:
    def send(connection: socket.socket) -> None:
        for byte in start + b"a" * 10_000:
            connection.sendall(bytes([byte]))
            time.sleep(0.05)

    return send


@pytest.mark.parametrize("protocol", OPENS)
@pytest.mark.parametrize(
    "start",
    [b"", b"HTTP/1.1 200 OK\r\nX-Long: ", b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n"],
    ids=["status", "head", "body"],
)
def test_a_byte_now_and_then_does_not_hold_a_question_up(protocol: str, start: bytes) -> None:
    with answering(dripping(start)) as url:
        before = threading.active_count()
        with pytest.raises(ChatFailed) as failed:
            OPENS[protocol](url).ask(question(deadline_s=0.4))
        assert failed.value.kind in ("deadline", "cut_off")
        for _ in range(100):  # the thread that still reads ends as well
            calls = [t for t in threading.enumerate() if t.name == "chat-call"]
            if not calls:
                break
            time.sleep(0.05)
        assert not calls, before


@pytest.mark.parametrize("protocol", OPENS)
@pytest.mark.parametrize(
    ("content", "more", "kind"),
    [
        (None, {}, "empty"),
        (7, {}, "empty"),
        ([], {}, "empty"),
        ([{"type": "image_url", "image_url": {}}, {"type": "text", "text": WORDS}], {}, "empty"),
        (None, {"message": {"tool_calls": [{"function": {"name": "approve"}}]}}, "empty"),
        (WORDS, {"message": {"refusal": "no"}}, "refused"),
    ],
)
def test_messages_without_words(
    protocol: str, content: Any, more: dict[str, Any], kind: str
) -> None:
    with pytest.raises(ChatFailed) as failed:
        said(protocol, body(protocol, content, **more))
    assert failed.value.kind == kind


@pytest.mark.parametrize("protocol", OPENS)
def test_words_in_parts_and_thoughts_beside_them(protocol: str) -> None:
    parts = [{"type": "text", "text": WORDS[:5]}, {"type": "text", "text": WORDS[5:]}]
    assert said(protocol, body(protocol, parts)) == WORDS
    aloud = {"thinking": "no!", "reasoning_content": "no!"}
    assert said(protocol, body(protocol, WORDS, message=aloud)) == WORDS


@pytest.mark.parametrize(
    ("protocol", "more"),
    [
        ("ollama", {"done_reason": "abort"}),
        ("ollama", {"done": False}),
        ("ollama", {"error": "the runner died"}),
        ("openai", {"finish_reason": "error"}),
        ("openai", {"finish_reason": "tool_calls"}),
        ("openai", {"finish_reason": "content_filter"}),
        ("openai", {"error": {"code": 502}}),
    ],
)
def test_ends_that_are_none(protocol: str, more: dict[str, Any]) -> None:
    with pytest.raises(ChatFailed):
        said(protocol, body(protocol, WORDS, **more))


def test_a_stream_that_nobody_asked_for_is_put_together() -> None:
    lines = [{"message": {"content": part}, "done": False} for part in (WORDS[:4], WORDS[4:])]
    stream = "\n".join(map(json.dumps, [*lines, body("ollama", "")]))
    assert said("ollama", stream.encode()) == WORDS
    denied = [{"message": {"content": "I refuse. "}, "done": False}, body("ollama", WORDS)]
    assert said("ollama", "\n".join(map(json.dumps, denied)).encode()) == f"I refuse. {WORDS}"


@pytest.mark.parametrize("protocol", OPENS)
@pytest.mark.parametrize(
    "send",
    [
        http(b"<html>log in</html>"),
        http(b"data: {}\n\ndata: [DONE]\n\n"),
        http(b""),
        lambda c: c.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n"),
        lambda c: c.sendall(b"\x00\xff\x00\r\n\r\n"),
        lambda c: None,
        http(b" " * (9 * 2**20)),
    ],
    ids=["page", "events", "nothing", "elsewhere", "noise", "hangs up", "endless"],
)
def test_what_is_no_answer(protocol: str, send: Callable[[socket.socket], None]) -> None:
    with answering(send) as url, pytest.raises(ChatFailed):
        OPENS[protocol](url).ask(question())
