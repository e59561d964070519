"""JSON over HTTP with a deadline for the whole call, for servers that think for long."""

from __future__ import annotations

import json
import queue
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import httpx2

from tower_anime.errors import BadInput, ChatFailed

MAX_ANSWER_BYTES = 8 * 2**20  # a reply of 100,000 tokens has about half a megabyte
CONNECT_S = 3.0  # a server that is there accepts at once
# Reading the system's certificates takes 40–200 ms, for nothing where there is no TLS.
_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_T = TypeVar("_T")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class JsonServer:
    """Calls to one server. `token` is sent as a bearer token and appears in no message."""

    def __init__(self, url: str, *, token: str | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BadInput(f"a server's address looks like http://127.0.0.1:11434, not {url!r}")
        self._url = url.rstrip("/")
        self.shown_url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        # A proxy of the environment can't reach our own machine.
        self._direct = parts.hostname in _LOOPBACK
        self._secure = parts.scheme == "https"

    def get(self, path: str, *, deadline_s: float) -> Any:
        """Return the JSON at `path`; `ChatFailed` names what came instead."""
        return self._call("GET", path, None, deadline_s)

    def post(self, path: str, body: Mapping[str, Any], *, deadline_s: float) -> Any:
        """Post JSON and return the JSON answer; `ChatFailed` names what came instead."""
        return self._call("POST", path, body, deadline_s)

    def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None, deadline_s: float
    ) -> Any:
        ends_at = time.monotonic() + deadline_s
        client = self._open(deadline_s)

        def exchange() -> tuple[int, bytes | None]:
            with client.stream(method, self._url + path, json=body) as got:
                return got.status_code, _read(got, ends_at)

        try:
            status, data = _within(exchange, deadline_s)
        except httpx2.TimeoutException as error:
            if isinstance(error, httpx2.ConnectTimeout):
                raise ChatFailed(f"{self.shown_url} does not answer", kind="silent") from error
            raise _late(deadline_s) from error
        except (httpx2.HTTPError, OSError, ValueError, RuntimeError) as error:
            kind = "silent" if isinstance(error, httpx2.ConnectError) else "cut_off"
            reason = str(error) or type(error).__name__
            raise ChatFailed(f"{self.shown_url}: {reason}", kind=kind) from error
        finally:
            client.close()  # what still reads in there ends with its next byte
        if data is None:
            raise _late(deadline_s)
        return _answer(status, data)

    def _open(self, deadline_s: float) -> httpx2.Client:
        """Return a client for one call, so that closing it ends that call alone."""
        return httpx2.Client(
            headers=self._headers,
            timeout=httpx2.Timeout(max(deadline_s, 0.01), connect=min(CONNECT_S, deadline_s)),
            trust_env=not self._direct,
            verify=_certificates() if self._secure else _NO_CERTIFICATES,
        )


@cache
def _certificates() -> ssl.SSLContext:
    return ssl.create_default_context()


def _within(call: Callable[[], _T], deadline_s: float) -> _T:
    """Return what the call returns, or raise `ChatFailed` when it takes longer.

    In a thread, which is left behind: a server that drips the head of its answer byte by byte
    keeps every single read in time.
    """
    box: queue.SimpleQueue[tuple[_T | None, Exception | None]] = queue.SimpleQueue()

    def work() -> None:
        value: _T | None = None
        problem: Exception | None = RuntimeError("the call ended in an unexpected error")
        try:
            value, problem = call(), None
        except (httpx2.HTTPError, ChatFailed, OSError, ValueError, RuntimeError) as error:
            problem = error
        finally:
            box.put((value, problem))

    threading.Thread(target=work, name="chat-call", daemon=True).start()
    try:
        value, problem = box.get(timeout=max(deadline_s, 0.01))
    except queue.Empty:
        raise _late(deadline_s) from None
    if problem is not None:
        raise problem
    return cast("_T", value)


def _late(deadline_s: float) -> ChatFailed:
    return ChatFailed(f"no complete answer within {deadline_s:.3g} s", kind="deadline")


def _read(response: httpx2.Response, ends_at: float) -> bytes | None:
    """Return the body, None when the deadline passed: a server may drip for ever."""
    data = bytearray()
    for chunk in response.iter_bytes():
        data += chunk
        if time.monotonic() > ends_at:
            return None
        if len(data) > MAX_ANSWER_BYTES:
            raise ChatFailed("the answer has no end", kind="not_json")
    return bytes(data)


def _answer(status: int, data: bytes) -> Any:
    value = _last_json(data)
    said = _error_of(value)
    if status == httpx2.codes.NOT_FOUND and said:
        raise ChatFailed(said, kind="missing_model")
    if status != httpx2.codes.OK:
        raise ChatFailed(f"HTTP {status}{': ' + said if said else ''}", kind="http")
    if said:
        raise ChatFailed(f"an error as answer: {said}", kind="error_reply")
    if value is None:
        raise ChatFailed("the answer is no JSON", kind="not_json")
    return value


def _last_json(data: bytes) -> Any:
    """Return the body as JSON; of several lines (a stream) the last, with all of their words.

    A line with an error counts before all others.
    """
    text = data.decode("utf-8", "replace").strip()
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        pass
    lines = list[Any]()
    for line in filter(None, map(str.strip, text.splitlines())):
        try:
            lines.append(json.loads(line))
        except (json.JSONDecodeError, RecursionError):
            return None
        if _error_of(lines[-1]):
            return lines[-1]
    return _joined(lines)


def _joined(lines: list[Any]) -> Any:
    """Return the last line of a chat's stream with what all of them say; others' last line."""
    last = lines[-1] if lines else None
    words = [each["message"].get("content") for each in lines if _holds_message(each)]
    if not isinstance(last, dict) or not words:
        return last
    content = "".join(word for word in words if isinstance(word, str))
    return last | {"message": {"content": content}}


def _holds_message(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("message"), dict)


def _error_of(value: Any) -> str | None:
    """Return the error that an answer carries: a text, or an object with a message."""
    error = value.get("error") or value.get("detail") if isinstance(value, dict) else None
    if isinstance(error, dict):
        error = error.get("message") or error.get("type") or "unnamed"
    return str(error)[:300] if error else None
