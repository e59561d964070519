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
from math import inf
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
QUICK_S = 0.8  # what an answer takes as a rule; a stuck one is asked for again after this
CONNECT_S = 5.0
DIAL_S = 10.0  # what a handshake may take over a slow line
RECONNECT_S = (0.1, 5.0)  # first and last pause before the socket is opened again
SLOW_BYTES_S = 2048  # a line that carries less is not waited for
BEAT_BYTES = 65536  # what must arrive in the time of one answer
ANSWER_BYTES = 512 * 2**20  # histories of many large graphs were seen to have some tens of MB
FILE_BYTES = 8 * 2**30
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

    def __init__(self, must_stop: Callable[[], bool] = lambda: False) -> None:
        self._must_stop = must_stop
        self._calls: queue.SimpleQueue[tuple[Callable[[], Any], queue.SimpleQueue[Any]] | None]
        self._calls = queue.SimpleQueue()
        self._started = False
        self.closed = False

    def run(
        self, call: Callable[[], _Answer], *, pulse: Pulse | None = None, limit_s: float = inf
    ) -> _Answer:
        """Return what the call returns or raise what it raises; `Stopped` when told to stop.

        `ReadTimeout` after `limit_s` without a beat of `pulse`: a server that answers byte by
        byte never lets the library's own time-out pass.
        """
        if not self._started:
            threading.Thread(
                target=_serve, args=(self._calls,), name="comfy-call", daemon=True
            ).start()
            self._started = True
        pulse = pulse or Pulse()
        box: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._calls.put((call, box))
        while True:
            try:
                answered, answer = box.get(timeout=TICK_S)
            except queue.Empty:
                if self._must_stop():
                    self.close()
                    raise Stopped("stopped while the server was slow to answer") from None
                if time.monotonic() - pulse.at > limit_s:
                    self._leave()
                    raise httpx2.ReadTimeout("its answer does not come to an end") from None
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

    def _leave(self) -> None:
        """Leave the thread to the call it is busy with; the next call gets another one."""
        self._calls.put(None)
        self._calls, self._started = queue.SimpleQueue(), False


class Pulse:
    """When (monotonic, s) a transfer last got on."""

    def __init__(self) -> None:
        self.at = time.monotonic()

    def beat(self) -> None:
        """Say that it got on."""
        self.at = time.monotonic()


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
        parts = urlsplit(url)._replace(query="", fragment="")
        parts = parts._replace(path=parts.path.rstrip("/"))
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BadInput("a ComfyUI address looks like http://127.0.0.1:8188")
        userinfo, _, host = parts.netloc.rpartition("@")
        parts = parts._replace(netloc=host)
        self.shown_url = urlunsplit(parts)
        self._ws_url = urlunsplit(parts._replace(scheme=parts.scheme.replace("http", "ws")))
        self._headers = _basic(userinfo) | dict(headers)
        self._down_after_s = down_after_s
        self._read_timeout_s = read_timeout_s
        self._aside: Aside | None = None
        self._seen = [0.0]
        # A proxy of the environment can't reach our own machine.
        self._direct = parts.hostname in ("127.0.0.1", "localhost", "::1")
        self._client = httpx2.Client(
            base_url=self.shown_url,
            headers=self._headers | {"Accept-Encoding": "identity"},
            timeout=httpx2.Timeout(read_timeout_s, connect=CONNECT_S),
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

    def _get(self, path: str, params: Mapping[str, str], *, most_bytes: int) -> httpx2.Response:
        """GET; what is not quick is asked once more, with patience.

        What gets on may take its time, up to `most_bytes`.
        """
        try:
            return self._get_once(path, params, QUICK_S, most_bytes)
        except httpx2.TimeoutException:
            return self._get_once(path, params, self._read_timeout_s, most_bytes)

    def _get_once(
        self, path: str, params: Mapping[str, str], limit_s: float, most_bytes: int
    ) -> httpx2.Response:
        pulse = Pulse()

        def read() -> httpx2.Response:
            timeout = httpx2.Timeout(limit_s, connect=CONNECT_S)
            with self._client.stream("GET", path, params=params, timeout=timeout) as response:
                return _read(response, pulse, most_bytes)

        return self._run(read, pulse=pulse, limit_s=limit_s + TICK_S)

    def _post(self, path: str, *, send_s: float = 0.0, **content: Any) -> httpx2.Response:
        """POST once; never given up early to be sent again. Sending may take `send_s` longer."""
        limit_s = self._read_timeout_s + TICK_S + send_s
        return self._run(lambda: self._client.post(path, **content), limit_s=limit_s)

    def _run(
        self,
        call: Callable[[], httpx2.Response],
        *,
        limit_s: float,
        pulse: Pulse | None = None,
    ) -> httpx2.Response:
        if self._aside is not None:
            return self._aside.run(call, pulse=pulse, limit_s=limit_s)
        aside = Aside()
        try:
            return aside.run(call, pulse=pulse, limit_s=limit_s)
        finally:
            aside.close()

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

    def parsed(self, path: str, parse: Callable[[Any], _Answer], **params: str) -> _Answer:
        """Return what `parse` makes of a JSON answer; `Malformed` names the address."""
        try:
            return parse(self.json(path, **params))
        except Malformed as error:
            if self.shown_url in str(error):
                raise
            raise Malformed(
                f"{self.shown_url}{path} answers in no way of ComfyUI's: {error}"
            ) from error

    def get(self, path: str, **params: str) -> httpx2.Response:
        """GET; broken transfers are tried again."""
        return self._call(lambda: self._get(path, params, most_bytes=ANSWER_BYTES))

    def download(self, path: str, **params: str) -> httpx2.Response:
        """GET; a broken transfer is raised at once, and a refusal is for the caller to judge.

        A 403 is ComfyUI's word for a path outside its folders.
        """
        return self._call(
            lambda: self._get(path, params, most_bytes=FILE_BYTES), at_once=BROKEN, checked=False
        )

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
        form = {"files": {"image": (name, data)}, "data": {"type": "input"}}
        return self._call(lambda: self._post(path, send_s=len(data) / SLOW_BYTES_S, **form))

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
        """Refuse to go on where the server wants other credentials, or is somewhere else."""
        if response.has_redirect_location:
            there = urlsplit(response.headers["location"])
            place = urlunsplit(("", "", there.path, "", ""))
            if there.hostname:
                place = f"{there.scheme or 'http'}://{there.netloc.rpartition('@')[2]}{there.path}"
            raise BadInput(
                f"{self.shown_url} sends us on to {place} (status {response.status_code}); "
                "configure the address that ComfyUI itself answers at"
            )
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


def _read(response: httpx2.Response, pulse: Pulse, most_bytes: int) -> httpx2.Response:
    """Return a response with its content; `ReadError` when that has no end."""
    pieces: list[bytes] = []
    size, next_beat = 0, BEAT_BYTES
    for piece in response.iter_raw():
        pieces.append(piece)
        size += len(piece)
        if size > most_bytes:
            raise httpx2.ReadError(f"an answer of more than {most_bytes} bytes")
        if size >= next_beat:
            pulse.beat()
            next_beat = size + BEAT_BYTES
    return httpx2.Response(
        response.status_code,
        headers=response.headers,
        content=b"".join(pieces),
        request=response.request,
    )


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
