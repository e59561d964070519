"""ComfyUI as a `Renderer`: the WebSocket is a hint, HTTP is the truth.

A render goes submit → watch → reconcile → collect. What the socket says only decides how soon
HTTP is asked; whether a job waits, runs, ended or is gone is read from queue, history and jobs.
"""

from __future__ import annotations

import logging
import ssl
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from types import MappingProxyType, TracebackType
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import httpx2
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection, connect

from tower_anime.adapters.comfy_messages import (
    FEATURE_FLAGS,
    JOB_KEY,
    MEDIA_TYPES,
    Executed,
    Executing,
    ExecutionCached,
    ExecutionStart,
    ExecutionSuccess,
    HistoryEntry,
    Malformed,
    Message,
    NodeProgress,
    Other,
    OutputFile,
    Preview,
    ProgressState,
    client_id,
    damage,
    needed_errors,
    parse_entry,
    parse_facts,
    parse_history,
    parse_message,
    parse_node_errors,
    parse_queue,
    parse_rejection,
    samplers,
    submission,
    version_of,
)
from tower_anime.domain.graph import Catalog, input_spec, stated_choices
from tower_anime.domain.progress import Progress
from tower_anime.errors import (
    BadInput,
    Cancelled,
    CorruptOutput,
    InvalidGraph,
    MissingModel,
    MissingNode,
    RenderTimeout,
    ServerDown,
    ServerLost,
)
from tower_anime.ports import Rendered, RenderedFile, RenderJob, ServerFacts

_log = logging.getLogger(__name__)

TICK_S = 0.2  # how often `cancelled` is asked at the least
FIRST_LOOK_S, LAST_LOOK_S = 0.25, 2.0  # polling backs off from the one to the other
# History was seen 2–16 ms after `execution_success` on a 0.33 server: pauses between looks.
HISTORY_LAG_S = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032)
CONFIRM_S = 1.0  # a job that queue, history and jobs deny is looked for again after this
CONFIRM_SUCCESS_S = 5.0  # the same when the socket had reported success
RECONNECT_S = (0.1, 5.0)  # first and last pause before the socket is opened again
CATALOG_AGE_S = 300.0  # model lists change under a running server
# A graph that the server can't read gives a 500 every time; passing trouble does not.
GRAPH_500S = 4
STOP_WAIT_S = 30.0  # a sampler notices an interrupt between two steps
DOWNLOADS = 3  # tries per file
MAX_FRAME_BYTES = 64 * 2**20  # previews have about 60 kB; custom nodes send whole pictures
OWN_IDS_SINCE = (0, 25)  # before that the server ignores a client's prompt_id
OLD_HISTORY_ITEMS = 200  # how far back such a server's history is searched


@dataclass(frozen=True)
class _Place:
    """A job in the queue; `position` counts those before it."""

    server_id: str
    running: bool
    position: int


@dataclass
class _Run:
    """What is known of one job while it is watched.

    `server_id` differs from the job's own id on servers that give ids themselves. `steps` holds
    the highest step seen of each sampler node: what the socket missed is not counted.
    """

    job: RenderJob
    report: Callable[[Progress], None]
    cancelled: Callable[[], bool]
    server_id: str
    samplers: frozenset[str]
    running: bool = False
    position: int | None = None
    succeeded: bool = False
    steps: dict[str, int] = field(default_factory=dict)
    step: tuple[int, int] = (0, 0)
    node: str | None = None
    heard_at: float = field(default_factory=time.monotonic)
    asked_at: float = 0.0

    def must_stop(self) -> bool:
        """Ask the caller whether to go on, not more often than needed."""
        now = time.monotonic()
        if self.asked_at and now - self.asked_at < TICK_S / 2:
            return False
        self.asked_at = now
        return self.cancelled()

    def tell(self, phase: str | None = None, preview: bytes | None = None) -> None:
        """Report the present state."""
        self.report(
            Progress(
                phase=phase or ("running" if self.running else "queued"),
                step=self.step[0],
                steps=self.step[1],
                node=self.node,
                queue_position=None if self.running else self.position,
                preview=preview,
            )
        )

    def see(self, place: _Place) -> None:
        """Take what the queue says."""
        running = self.running or place.running
        if (running, place.position) == (self.running, self.position):
            return
        self.running, self.position = running, place.position
        self.heard_at = time.monotonic()
        self.tell()

    def hear(self, message: Message) -> bool:
        """Take what the socket says; whether HTTP should be asked at once."""
        if isinstance(message, Other):
            return message == _LOST
        if message.prompt_id not in (None, self.server_id):
            return False
        if message.prompt_id or isinstance(message, Preview):
            self.heard_at = time.monotonic()  # what is repeated after a reconnect has no id
        if isinstance(message, Preview):
            self.running = True
            self.tell(preview=message.image)
        elif isinstance(message, NodeProgress):
            self._count(message)
        elif isinstance(message, ProgressState):
            self._catch_up(message)
        elif isinstance(message, ExecutionSuccess):
            self.succeeded = True
        elif isinstance(message, Executing) and message.node:
            self._start(message.node)
        elif isinstance(message, ExecutionStart | ExecutionCached | Executed):
            self._start(self.node)
        else:
            return True
        return self.succeeded

    def _start(self, node: str | None) -> None:
        if not self.running or node != self.node:
            self.running, self.node = True, node
            self.tell()

    def _count(self, progress: NodeProgress) -> None:
        if progress.node in self.samplers:
            value = int(progress.value)
            self.steps[progress.node] = max(value, self.steps.get(progress.node, 0))
            self.running, self.node, self.step = True, progress.node, (value, int(progress.max))
            self.tell()

    def _catch_up(self, state: ProgressState) -> None:
        """Count what the socket missed; 1 of 1 is also what nodes without steps show there."""
        for progress in state.nodes:
            if progress.node in self.samplers and progress.max > 1:
                seen = self.steps.get(progress.node, 0)
                self.steps[progress.node] = max(int(progress.value), seen)


class ComfyRenderer:
    """A `Renderer` for a ComfyUI of version 0.3.64 or later; safe to share among threads.

    `silence_limit_s` is how long a running job may show no sign of life before `RenderTimeout`;
    waiting in the queue does not count. `down_after_s` is how long an unreachable server is
    tried within one call before `ServerDown`. `token` is sent as a bearer token and `headers`
    with every call, for servers behind a proxy; neither appears in messages.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
        silence_limit_s: float = 600.0,
        down_after_s: float = 5.0,
    ) -> None:
        sent = dict(headers) | ({"Authorization": f"Bearer {token}"} if token else {})
        self._http = _Http(url, sent, down_after_s)
        self._silence_limit_s = silence_limit_s
        self._facts: ServerFacts | None = None
        self._catalog: tuple[str, float, Catalog] | None = None
        self._catalog_lock = threading.Lock()

    @property
    def url(self) -> str:
        """The server's address, without a password it may contain."""
        return self._http.shown_url

    def close(self) -> None:
        """Give up connections."""
        self._http.close()

    def facts(self) -> ServerFacts:
        """Ask the server what it is; `ServerDown` when it does not answer."""
        stats = self._http.json("/system_stats")
        jobs = self._http.get("/api/jobs", limit="1")
        has_jobs_api = jobs.status_code == httpx2.codes.OK and '"jobs"' in jobs.text
        self._facts = parse_facts(stats, url=self.url, has_jobs_api=has_jobs_api)
        return self._facts

    def backend(self) -> str:
        """Return `sandbox` or `comfyui`; asked once, `ServerDown` when it does not answer."""
        return self._known_facts().backend

    def catalog(self) -> Catalog:
        """Return the node classes on offer, cached per version for a few minutes.

        A refusal for a missing node or model clears the cache.
        """
        with self._catalog_lock:
            version = self._known_facts().version
            now = time.monotonic()
            if self._catalog and self._catalog[0] == version:
                _, fetched_at, catalog = self._catalog
                if now - fetched_at < CATALOG_AGE_S:
                    return catalog
            catalog = self._http.json("/object_info")
            if not isinstance(catalog, dict):
                raise Malformed(f"{self.url} gives no object of node classes")
            self._catalog = version, now, catalog
            return catalog

    def queue_length(self) -> int:
        """Return how many jobs run or wait there."""
        queue = parse_queue(self._http.json("/queue"))
        return len(queue.running) + len(queue.pending)

    def cancel(self, prompt_id: str) -> bool:
        """Stop exactly this job; True when it no longer runs or waits.

        Waits for the server to let go of it, which a sampler does between two steps.
        """
        give_up_at = time.monotonic() + STOP_WAIT_S
        ask_at, pause_s = 0.0, 0.01
        while place := self._place(prompt_id):
            now = time.monotonic()
            if now > give_up_at:
                return False
            if now >= ask_at:
                self._ask_to_stop(place)
                ask_at = now + 1.0
            time.sleep(pause_s)
            pause_s = min(pause_s * 2, TICK_S)
        return True

    def render(
        self,
        job: RenderJob,
        *,
        on_submitted: Callable[[], None],
        on_progress: Callable[[Progress], None],
        cancelled: Callable[[], bool],
    ) -> Rendered:
        """Bring the job to its end and return its files; safe to call again with the same job.

        `sampler_steps` counts what the socket showed: a job collected after a crash has the
        steps seen since. Raises `Cancelled`, `Interrupted`, `OutOfMemory`, `ExecutionFailed`,
        `MissingModel`, `MissingNode`, `InvalidGraph`, `ServerLost`, `ServerDown`,
        `RenderTimeout` and `CorruptOutput`.
        """
        run = _Run(
            job=job,
            report=on_progress,
            cancelled=cancelled,
            server_id=job.prompt_id,
            samplers=samplers(job.graph),
        )
        try:
            with self._http.socket(client_id(job.prompt_id)) as socket:
                entry = self._find(run) or self._submit(run)
                on_submitted()
                run.tell()
                if not isinstance(entry, HistoryEntry):
                    entry = self._watch(run, socket)
                return self._collect(run, entry)
        except (ServerDown, ServerLost):
            self._facts = None  # the server may come back as another version
            raise
        except (MissingModel, MissingNode):
            self._catalog = None
            raise

    # ---- submit ----

    def _find(self, run: _Run) -> _Place | HistoryEntry | None:
        """Return where the server has the job already, None if it never heard of it."""
        facts = self._known_facts()
        prompt_id = run.job.prompt_id
        if facts.has_jobs_api and version_of(facts.version) >= OWN_IDS_SINCE:
            if not self._in_jobs(prompt_id):
                return None
            return self._look(prompt_id) or _Place(prompt_id, running=False, position=0)
        found = self._look(prompt_id)
        if isinstance(found, _Place):
            run.server_id = found.server_id
        if found or version_of(facts.version) >= OWN_IDS_SINCE:
            return found
        history = parse_history(self._http.json("/history", max_items=str(OLD_HISTORY_ITEMS)))
        ours = [entry for entry, extra in history.values() if extra.get(JOB_KEY) == prompt_id]
        return parse_entry(ours[-1]) if ours else None

    def _submit(self, run: _Run) -> _Place | HistoryEntry | None:
        """Post the job; when no good answer comes, look whether it arrived before trying again."""
        if run.cancelled():
            raise Cancelled("cancelled before it was submitted")
        for reasons in self._http.tries():
            try:
                response = self._http.client.post("/prompt", json=submission(run.job))
            except httpx2.TransportError as error:
                reasons.append(error)
            else:
                if response.status_code < httpx2.codes.INTERNAL_SERVER_ERROR:
                    self._accept(run, response)
                    return None
                reasons.append(f"status {response.status_code}")
            if found := self._find(run):
                return found
            if reasons.count("status 500") >= GRAPH_500S:
                raise InvalidGraph("the server can't read this graph: it answers with status 500")
        raise self._http.down(reasons)

    def _accept(self, run: _Run, response: httpx2.Response) -> None:
        if response.status_code != httpx2.codes.OK:
            self._http.check_access(response)
            is_json = "json" in response.headers.get("content-type", "")
            answer = _json(response) if is_json else response.text
            raise parse_rejection(answer, self._choices)
        answer = _json(response)
        if not isinstance(answer, dict) or not isinstance(answer.get("prompt_id"), str):
            raise Malformed(f"{self.url} accepted a job without a prompt_id")
        run.server_id = answer["prompt_id"]
        if needed := needed_errors(run.job.graph, answer.get("node_errors")):
            self.cancel(run.server_id)
            raise parse_node_errors(needed, self._choices)

    def _choices(self, class_type: str, name: str) -> tuple[str, ...] | None:
        return stated_choices(input_spec(self.catalog(), class_type, name))

    # ---- watch ----

    def _watch(self, run: _Run, socket: _Socket) -> HistoryEntry:
        """Wait for the job's end, whatever the socket does."""
        pause_s = FIRST_LOOK_S
        look_at = time.monotonic() + pause_s
        denied_at: float | None = None
        while True:
            if run.must_stop():
                raise self._stopped(run)
            message = socket.receive(min(TICK_S, max(0.0, look_at - time.monotonic())))
            over = message is not None and run.hear(message)
            if over and (entry := self._entry_soon(run.server_id)):
                return entry
            if not over and time.monotonic() < look_at:
                continue
            seen = self._look(run.server_id)
            if isinstance(seen, HistoryEntry):
                return seen
            denied_at = None if seen else denied_at or time.monotonic()
            if denied_at:
                self._check_lost(run, denied_at)
            if isinstance(seen, _Place):
                run.see(seen)
                self._check_silence(run, socket)
            pause_s = FIRST_LOOK_S if over or denied_at else min(pause_s * 2, LAST_LOOK_S)
            look_at = time.monotonic() + pause_s

    def _check_lost(self, run: _Run, denied_at: float) -> None:
        limit_s = CONFIRM_SUCCESS_S if run.succeeded else CONFIRM_S
        if time.monotonic() - denied_at >= limit_s:
            raise ServerLost(
                f"{self.url} accepted job {run.server_id} and now knows nothing of it: "
                "it was restarted, or somebody deleted the job"
            )

    def _check_silence(self, run: _Run, socket: _Socket) -> None:
        """Try a new socket at half the limit: some go deaf while their server works on."""
        silent_s = time.monotonic() - run.heard_at
        if not run.running or silent_s < self._silence_limit_s / 2:
            return
        if silent_s < self._silence_limit_s:
            socket.renew(older_than_s=silent_s)
            return
        self.cancel(run.server_id)
        raise RenderTimeout(
            f"{self.url} showed no progress for {silent_s:.0f} s"
            + (f" at node {run.node}" if run.node else "")
            + "; the job was stopped"
        )

    def _stopped(self, run: _Run) -> Cancelled:
        if self.cancel(run.server_id):
            return Cancelled("cancelled; the server let go of the job")
        return Cancelled(f"cancelled; the server still works on it after {STOP_WAIT_S:.0f} s")

    # ---- reconcile ----

    def _look(self, prompt_id: str) -> _Place | HistoryEntry | None:
        """Return what queue, history and jobs know of a job; None when all three deny it.

        A job goes from the queue into the history in one step, so asking in this order can't
        miss it.
        """
        if place := self._place(prompt_id):
            return place
        if entry := self._entry(prompt_id):
            return entry
        if self._known_facts().has_jobs_api and self._in_jobs(prompt_id):
            return _Place(prompt_id, running=False, position=0)
        return None

    def _place(self, prompt_id: str) -> _Place | None:
        queue = parse_queue(self._http.json("/queue"))
        for position, item in enumerate((*queue.running, *queue.pending)):
            if prompt_id in (item.prompt_id, item.extra.get(JOB_KEY)):
                return _Place(item.prompt_id, position < len(queue.running), position)
        return None

    def _entry(self, prompt_id: str) -> HistoryEntry | None:
        found = parse_history(self._http.json(f"/history/{prompt_id}")).get(prompt_id)
        return parse_entry(found[0]) if found else None

    def _entry_soon(self, prompt_id: str) -> HistoryEntry | None:
        """Return the entry of a job said to be over, which may lag behind that word."""
        for pause_s in HISTORY_LAG_S:
            if entry := self._entry(prompt_id):
                return entry
            time.sleep(pause_s)
        return None

    def _in_jobs(self, prompt_id: str) -> bool:
        return self._http.get(f"/api/jobs/{prompt_id}").status_code == httpx2.codes.OK

    def _ask_to_stop(self, place: _Place) -> None:
        if self._known_facts().has_jobs_api:
            answer = self._http.post(f"/api/jobs/{place.server_id}/cancel")
            if answer.status_code == httpx2.codes.OK:
                return
        # Servers before 0.26. An interrupt without an id would stop anybody's job.
        if place.running:
            self._http.post("/interrupt", {"prompt_id": place.server_id})
        else:
            self._http.post("/queue", {"delete": [place.server_id]})

    def _known_facts(self) -> ServerFacts:
        return self._facts or self.facts()

    # ---- collect ----

    def _collect(self, run: _Run, entry: HistoryEntry) -> Rendered:
        if entry.error:
            raise entry.error
        run.tell("collecting")
        results = [file for file in entry.files if file.type == "output"]
        chosen = results or [file for file in entry.files if file.type == "temp"]
        if not chosen:
            raise CorruptOutput(f"job {run.server_id} ended well, but without a file")
        return Rendered(
            files=tuple(self._download(file) for file in chosen),
            sampler_steps=sum(run.steps.values()),
            cached=entry.cached,
        )

    def _download(self, file: OutputFile) -> RenderedFile:
        """Fetch one file whole; what is missing or truncated is tried again, then refused."""
        problem = ""
        for _ in range(DOWNLOADS):
            response, problem = self._view(file)
            if response is None:
                continue
            suffix = PurePosixPath(file.filename).suffix.lower()
            stated = response.headers.get("content-type", "application/octet-stream")
            return RenderedFile(
                filename=file.filename,
                subfolder=file.subfolder,
                node=file.node,
                media_type=MEDIA_TYPES.get(suffix, stated),
                data=response.content,
            )
        raise CorruptOutput(f"{file.filename} of node {file.node}: {problem}")

    def _view(self, file: OutputFile) -> tuple[httpx2.Response | None, str]:
        place = {"filename": file.filename, "subfolder": file.subfolder, "type": file.type}
        try:
            response = self._http.download("/view", **place)
        except BROKEN as error:
            return None, f"the transfer broke off ({type(error).__name__})"
        if response.status_code != httpx2.codes.OK:
            return None, f"the server does not give it out (status {response.status_code})"
        stated = response.headers.get("content-length")
        if stated and int(stated) != len(response.content):
            return None, f"{len(response.content)} of {stated} bytes arrived"
        if problem := damage(response.content):
            return None, problem
        return response, ""


# ---- connections ----------------------------------------------------------------------------

_LOST = Other("connection lost")
# Reading the system's certificates takes 40–200 ms, for nothing where there is no TLS.
_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
BROKEN = (httpx2.RemoteProtocolError, httpx2.ReadError)  # the connection ended in mid-answer


class _Http:
    """Calls that are tried again for a while when the server does not answer."""

    def __init__(self, url: str, headers: Mapping[str, str], down_after_s: float) -> None:
        parts = urlsplit(url.rstrip("/"))
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BadInput("a ComfyUI address looks like http://127.0.0.1:8188")
        userinfo, _, host = parts.netloc.rpartition("@")
        parts = parts._replace(netloc=host)
        self.shown_url = urlunsplit(parts)
        self._ws_url = urlunsplit(parts._replace(scheme=parts.scheme.replace("http", "ws")))
        self._headers = _basic(userinfo) | dict(headers)
        self._down_after_s = down_after_s
        # A proxy of the environment can't reach our own machine.
        self._direct = parts.hostname in ("127.0.0.1", "localhost", "::1")
        self.client = httpx2.Client(
            base_url=self.shown_url,
            headers=self._headers | {"Accept-Encoding": "identity"},
            timeout=httpx2.Timeout(30.0, connect=5.0),
            trust_env=not self._direct,
            verify=not (self._direct and parts.scheme == "http") or _NO_CERTIFICATES,
        )

    def close(self) -> None:
        self.client.close()

    def socket(self, client_id: str) -> _Socket:
        return _Socket(lambda: self._connect(client_id))

    def _connect(self, client_id: str) -> AbstractContextManager[ClientConnection]:
        return connect(
            f"{self._ws_url}/ws?clientId={client_id}",
            additional_headers=self._headers,
            open_timeout=2.0,
            close_timeout=0.5,
            ping_timeout=60.0,  # a server that loads a model may be deaf for long
            max_size=MAX_FRAME_BYTES,
            compression=None,
            proxy=None if self._direct else True,
        )

    def tries(self) -> Iterator[list[Exception | str]]:
        """Yield for every try that still makes sense, pausing between; take reasons of failure."""
        give_up_at, pause_s = time.monotonic() + self._down_after_s, 0.05
        reasons: list[Exception | str] = []
        yield reasons
        while (left_s := give_up_at - time.monotonic()) > 0:
            time.sleep(min(pause_s, left_s))
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
        return _json(response)

    def get(self, path: str, **params: str) -> httpx2.Response:
        """GET; broken transfers are tried again."""
        return self._call(lambda: self.client.get(path, params=params))

    def download(self, path: str, **params: str) -> httpx2.Response:
        """GET; a broken transfer is raised at once, for the caller to judge."""
        return self._call(lambda: self.client.get(path, params=params), at_once=BROKEN)

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> httpx2.Response:
        """POST what may be repeated without harm."""
        return self._call(lambda: self.client.post(path, json=body or {}))

    def _call(
        self,
        send: Callable[[], httpx2.Response],
        at_once: tuple[type[httpx2.TransportError], ...] = (),
    ) -> httpx2.Response:
        for reasons in self.tries():
            try:
                response = send()
            except at_once:
                raise
            except httpx2.TransportError as error:
                reasons.append(error)
                continue
            if response.status_code < httpx2.codes.INTERNAL_SERVER_ERROR:
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


class _Socket:
    """The event stream of one client id; broken ones are opened again with growing pauses."""

    def __init__(self, dial: Callable[[], AbstractContextManager[ClientConnection]]) -> None:
        self._dial = dial
        self._stack = ExitStack()
        self._connection: ClientConnection | None = None
        self._pause_s = RECONNECT_S[0]
        self._retry_at = 0.0
        self._opened_at = 0.0

    def __enter__(self) -> _Socket:
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
            return parse_message(self._connection.recv(timeout=timeout_s))
        except TimeoutError:
            return None
        except Malformed as error:
            _log.warning("ignored: %s", error)
            return None
        except (ConnectionClosed, OSError) as error:
            _log.info("event stream lost: %s", error)
            self._drop()
            self._retry_at = time.monotonic() + self._pause_s
            return _LOST

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
        self._connection = None
        with suppress(OSError, WebSocketException):
            self._stack.close()


# ---- values ---------------------------------------------------------------------------------


def _basic(userinfo: str) -> dict[str, str]:
    """Return the header for a name and password that were part of the address."""
    if not userinfo:
        return {}
    return {"Authorization": f"Basic {b64encode(unquote(userinfo).encode()).decode()}"}


def _json(response: httpx2.Response) -> Any:
    try:
        return response.json()
    except (ValueError, RecursionError) as error:
        shown = response.text[:100]
        raise Malformed(f"{response.request.url.path} answers no JSON: {shown!r}") from error
