"""JSON over HTTP with a deadline for the whole call, for servers that think for long."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx2

from tower_anime.errors import BadInput, ChatFailed

MAX_ANSWER_BYTES = 8 * 2**20  # a reply of 100,000 tokens has about half a megabyte
CONNECT_S = 3.0  # a server that is there accepts at once
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
        self._client: httpx2.Client | None = None
        self._opening = threading.Lock()

    def close(self) -> None:
        """Give up connections."""
        if self._client:
            self._client.close()

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
        timeout = httpx2.Timeout(max(deadline_s, 0.01), connect=min(CONNECT_S, deadline_s))
        try:
            with self._open().stream(method, self._url + path, json=body, timeout=timeout) as got:
                data = _read(got, ends_at)
                status = got.status_code
        except httpx2.TimeoutException as error:
            if isinstance(error, httpx2.ConnectTimeout):
                raise ChatFailed(f"{self.shown_url} does not answer", kind="silent") from error
            raise _late(deadline_s) from error
        except httpx2.HTTPError as error:
            kind = "silent" if isinstance(error, httpx2.ConnectError) else "cut_off"
            reason = str(error) or type(error).__name__
            raise ChatFailed(f"{self.shown_url}: {reason}", kind=kind) from error
        if data is None:
            raise _late(deadline_s)
        return _answer(status, data)

    def _open(self) -> httpx2.Client:
        with self._opening:
            if self._client is None:
                self._client = httpx2.Client(headers=self._headers, trust_env=not self._direct)
            return self._client


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
    """Return the body as JSON; of several lines (a stream) the one with an error, or the last."""
    text = data.decode("utf-8", "replace").strip()
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        pass
    found = None
    for line in text.splitlines():
        try:
            found = json.loads(line)
        except (json.JSONDecodeError, RecursionError):
            return None
        if _error_of(found):
            break
    return found


def _error_of(value: Any) -> str | None:
    """Return the error that an answer carries: a text, or an object with a message."""
    error = value.get("error") or value.get("detail") if isinstance(value, dict) else None
    if isinstance(error, dict):
        error = error.get("message") or error.get("type") or "unnamed"
    return str(error)[:300] if error else None
