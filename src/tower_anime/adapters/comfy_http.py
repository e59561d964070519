"""Calls to a ComfyUI server and its event stream: retried, given up, and never waited for blindly.

A call may hang for as long as its read time-out; `Http.watched` gives calls that are left to
themselves as soon as their caller is told to stop.
"""

from __future__ import annotations

import copy
import logging
import queue
import ssl
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, suppress
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit, urlunsplit

import httpx2
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection, connect

from tower_anime.adapters.comfy_messages import (
    CONNECTION_LOST,
    FEATURE_FLAGS,
    Malformed,
    Message,
    parse_message,
)
from tower_anime.errors import BadInput, Cancelled, ServerDown

_log = logging.getLogger(__name__)
_Answer = TypeVar("_Answer")

TICK_S = 0.2  # how often a caller is asked whether to go on, at the least
QUICK_S = 0.8  # what an answer may take before its caller must be able to leave
DIAL_S = 10.0  # what a handshake may take over a slow line
RECONNECT_S = (0.1, 5.0)  # first and last pause before the socket is opened again
MAX_FRAME_BYTES = 64 * 2**20  # previews have about 60 kB; custom nodes send whole pictures
# Reading the system's certificates takes 40–200 ms, for nothing where there is no TLS.
_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
BROKEN = (httpx2.RemoteProtocolError, httpx2.ReadError)  # the connection ended in mid-answer


class Stopped(Cancelled):
    """The caller was told to stop while a call was on its way; what it did is not known."""


class Aside:
    """Runs calls in a thread of its own, so that the caller can stop waiting for one.

    `must_stop` is asked while a call takes long. A call that is given up goes on alone and its
    thread ends with it.
    """

    def __init__(self, must_stop: Callable[[], bool]) -> None:
        self._must_stop = must_stop
        self._calls: queue.SimpleQueue[tuple[Callable[[], Any], queue.SimpleQueue[Any]] | None]
        self._calls = queue.SimpleQueue()
        self._started = False
        self.closed = False

    def run(self, call: Callable[[], _Answer]) -> _Answer:
        """Return what the call returns or raise what it raises; `Stopped` when told to stop."""
        self.check()
        if not self._started:
            threading.Thread(
                target=_serve, args=(self._calls,), name="comfy-call", daemon=True
            ).start()
            self._started = True
        box: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._calls.put((call, box))
        while True:
            try:
                answered, answer = box.get(timeout=TICK_S)
            except queue.Empty:
                if self._must_stop():
                    self.close()
                    raise Stopped("stopped while the server was slow to answer") from None
                continue
            if isinstance(answer, Exception):
                raise answer
            if not answered:
                raise RuntimeError("a call to the server ended in an unexpected error")
            result: _Answer = answer
            return result

    def check(self) -> None:
        """Raise `Stopped` when the caller is told to stop."""
        if self._must_stop():
            raise Stopped("stopped while the server did not answer")

    def close(self) -> None:
        """Let the thread end after the call it may be busy with."""
        self.closed = True
        self._calls.put(None)


def _serve(calls: queue.SimpleQueue[Any]) -> None:
    while (item := calls.get()) is not None:
        call, box = item
        answered, answer = False, None
        try:
            answered, answer = True, call()
        except (httpx2.HTTPError, OSError, WebSocketException, RuntimeError) as error:
            answer = error
        finally:
            box.put((answered, answer))


class Http:
    """Calls that are tried again for a while when the server does not answer.

    `answered_at` (monotonic) is when the server last answered anything at all.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        down_after_s: float,
        read_timeout_s: float,
    ) -> None:
        parts = urlsplit(url.rstrip("/"))
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BadInput("a ComfyUI address looks like http://127.0.0.1:8188")
        userinfo, _, host = parts.netloc.rpartition("@")
        parts = parts._replace(netloc=host)
        self.shown_url = urlunsplit(parts)
        self._ws_url = urlunsplit(parts._replace(scheme=parts.scheme.replace("http", "ws")))
        self._headers = _basic(userinfo) | dict(headers)
        self._down_after_s = down_after_s
        self._aside: Aside | None = None
        self._seen = [0.0]
        # A proxy of the environment can't reach our own machine.
        self._direct = parts.hostname in ("127.0.0.1", "localhost", "::1")
        self._client = httpx2.Client(
            base_url=self.shown_url,
            headers=self._headers | {"Accept-Encoding": "identity"},
            timeout=httpx2.Timeout(read_timeout_s, connect=5.0),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=32),
            trust_env=not self._direct,
            verify=not (self._direct and parts.scheme == "http") or _NO_CERTIFICATES,
        )

    def close(self) -> None:
        """Give up connections."""
        self._client.close()

    @property
    def answered_at(self) -> float:
        """When (monotonic, s) the server last answered; shared with watched twins."""
        return self._seen[0]

    def watched(self, aside: Aside) -> Http:
        """Return a twin on the same connections whose calls may be given up."""
        twin = copy.copy(self)
        twin._aside = aside
        return twin

    def socket(self, client_id: str) -> Socket:
        """Return the event stream of a client id, to be entered."""
        return Socket(lambda: self._dial(client_id))

    def _dial(self, client_id: str) -> AbstractContextManager[ClientConnection]:
        if self._aside is None:
            return self._connect(client_id, DIAL_S)
        try:
            return self._connect(client_id, QUICK_S)
        except TimeoutError:
            return self._aside.run(lambda: self._connect(client_id, DIAL_S))

    def _connect(
        self, client_id: str, open_timeout_s: float
    ) -> AbstractContextManager[ClientConnection]:
        connection = connect(
            f"{self._ws_url}/ws?clientId={client_id}",
            additional_headers=self._headers,
            open_timeout=open_timeout_s,
            close_timeout=0.5,
            ping_timeout=60.0,  # a server that loads a model may be deaf for long
            max_size=MAX_FRAME_BYTES,
            compression=None,
            proxy=None if self._direct else True,
        )
        if self._aside and self._aside.closed:
            connection.close()  # nobody waits for it any more
        return connection

    def _get(self, path: str, params: Mapping[str, str]) -> httpx2.Response:
        """GET once. Answers are quick as a rule; only a slow one costs a thread."""
        if self._aside is None:
            return self._client.get(path, params=params)
        try:
            return self._client.get(path, params=params, timeout=QUICK_S)
        except httpx2.TimeoutException:
            return self._aside.run(lambda: self._client.get(path, params=params))

    def _post(self, path: str, **content: Any) -> httpx2.Response:
        """POST once; never given up early to be sent again."""
        if self._aside is None:
            return self._client.post(path, **content)
        return self._aside.run(lambda: self._client.post(path, **content))

    def tries(self) -> Iterator[list[Exception | str]]:
        """Yield for every try that still makes sense, pausing between; take reasons of failure."""
        give_up_at, pause_s = time.monotonic() + self._down_after_s, 0.05
        reasons: list[Exception | str] = []
        yield reasons
        while (left_s := give_up_at - time.monotonic()) > 0:
            time.sleep(min(pause_s, left_s))
            if self._aside:
                self._aside.check()
            pause_s = min(pause_s * 2, 1.0)
            yield reasons

    def down(self, reasons: list[Exception | str]) -> ServerDown:
        """Return the error for a server that was tried long enough."""
        reason = str(reasons[-1]) or type(reasons[-1]).__name__
        error = ServerDown(f"{self.shown_url} does not answer: {reason}")
        if isinstance(reasons[-1], Exception):
            error.__cause__ = reasons[-1]
        return error

    def json(self, path: str, **params: str) -> Any:
        """Return a JSON answer; anything but 200 is none of ComfyUI's."""
        response = self.get(path, **params)
        if response.status_code != httpx2.codes.OK:
            raise Malformed(f"{self.shown_url} answers {path} with status {response.status_code}")
        return json_of(response)

    def get(self, path: str, **params: str) -> httpx2.Response:
        """GET; broken transfers are tried again."""
        return self._call(lambda: self._get(path, params))

    def download(self, path: str, **params: str) -> httpx2.Response:
        """GET; a broken transfer is raised at once, and a refusal is for the caller to judge.

        A 403 is ComfyUI's word for a path outside its folders.
        """
        return self._call(lambda: self._get(path, params), at_once=BROKEN, checked=False)

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> httpx2.Response:
        """POST what may be repeated without harm."""
        return self._call(lambda: self._post(path, json=body or {}))

    def post_once(self, path: str, body: Mapping[str, Any]) -> httpx2.Response:
        """POST what must not be repeated blindly; `httpx2.TransportError` when it breaks off."""
        response = self._post(path, json=body)
        self._seen[0] = time.monotonic()
        return response

    def send_file(self, path: str, data: bytes, *, name: str) -> httpx2.Response:
        """POST a file in the field `image`; ComfyUI keeps equal bytes of a name only once."""
        return self._call(
            lambda: self._post(path, files={"image": (name, data)}, data={"type": "input"})
        )

    def _call(
        self,
        send: Callable[[], httpx2.Response],
        *,
        at_once: tuple[type[httpx2.TransportError], ...] = (),
        checked: bool = True,
    ) -> httpx2.Response:
        for reasons in self.tries():
            try:
                response = send()
            except at_once:
                raise
            except httpx2.TransportError as error:
                reasons.append(error)
                continue
            self._seen[0] = time.monotonic()
            if response.status_code < httpx2.codes.INTERNAL_SERVER_ERROR:
                if checked:
                    self.check_access(response)
                return response
            reasons.append(f"status {response.status_code}")
        raise self.down(reasons)

    def check_access(self, response: httpx2.Response) -> None:
        """Refuse to go on where the server wants other credentials."""
        if response.status_code in (httpx2.codes.UNAUTHORIZED, httpx2.codes.FORBIDDEN):
            raise BadInput(
                f"{self.shown_url} refuses access (status {response.status_code}); "
                "check the token and header settings"
            )


class Socket:
    """The event stream of one client id; broken ones are opened again with growing pauses.

    `speaks`: something has come through the present connection. ComfyUI greets at once; a proxy
    that lets nothing through may open one all the same.
    """

    def __init__(self, dial: Callable[[], AbstractContextManager[ClientConnection]]) -> None:
        self._dial = dial
        self._stack = ExitStack()
        self._connection: ClientConnection | None = None
        self._pause_s = RECONNECT_S[0]
        self._retry_at = 0.0
        self._opened_at = 0.0
        self.speaks = False

    def __enter__(self) -> Socket:
        self._reconnect()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._drop()

    def receive(self, timeout_s: float) -> Message | None:
        """Return the next message, None after `timeout_s`; losing the connection is a message."""
        if self._connection is None and time.monotonic() >= self._retry_at:
            self._reconnect()
        if self._connection is None:
            time.sleep(min(timeout_s, max(0.0, self._retry_at - time.monotonic())))
            return None
        try:
            frame = self._connection.recv(timeout=timeout_s)
            self.speaks = True
            return parse_message(frame)
        except TimeoutError:
            return None
        except Malformed as error:
            _log.warning("ignored: %s", error)
            return None
        except (ConnectionClosed, OSError) as error:
            _log.info("event stream lost: %s", error)
            self._drop()
            self._retry_at = time.monotonic() + self._pause_s
            return CONNECTION_LOST

    def renew(self, *, older_than_s: float) -> None:
        """Open a connection anew that has been there for so long, and was deaf all the while."""
        if self._connection is not None and time.monotonic() - self._opened_at > older_than_s:
            self._drop()
            self._reconnect()

    def _reconnect(self) -> None:
        try:
            connection = self._stack.enter_context(self._dial())
            connection.send(FEATURE_FLAGS)
        except (OSError, WebSocketException) as error:
            _log.info("no event stream: %s", error)
            self._retry_at = time.monotonic() + self._pause_s
            self._pause_s = min(self._pause_s * 2, RECONNECT_S[1])
        else:
            self._connection, self._pause_s = connection, RECONNECT_S[0]
            self._opened_at = time.monotonic()

    def _drop(self) -> None:
        self._connection, self.speaks = None, False
        with suppress(OSError, WebSocketException):
            self._stack.close()


def _basic(userinfo: str) -> dict[str, str]:
    """Return the header for a name and password that were part of the address."""
    if not userinfo:
        return {}
    return {"Authorization": f"Basic {b64encode(unquote(userinfo).encode()).decode()}"}


def json_of(response: httpx2.Response) -> Any:
    """Return a response's JSON; `Malformed` shows what came instead."""
    try:
        return response.json()
    except (ValueError, RecursionError) as error:
        shown = response.text[:100]
        raise Malformed(f"{response.request.url.path} answers no JSON: {shown!r}") from error
