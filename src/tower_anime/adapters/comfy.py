"""ComfyUI as a `Renderer`: the WebSocket is a hint, HTTP is the truth.

A render goes submit → watch → reconcile → collect. What the socket says only decides how soon
HTTP is asked; whether a job waits, runs, ended or is gone is read from queue, history and jobs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import MappingProxyType

import httpx2

from tower_anime.adapters.comfy_http import TICK_S, Aside, Http, Socket, Stopped, json_of
from tower_anime.adapters.comfy_messages import (
    HistoryEntry,
    Malformed,
    client_id,
    needed_errors,
    parse_node_errors,
    parse_queue,
    parse_rejection,
    samplers,
    submission,
)
from tower_anime.adapters.comfy_run import Place, Run
from tower_anime.adapters.comfy_server import STOP_WAIT_S, Known, Server
from tower_anime.domain.graph import Catalog
from tower_anime.domain.progress import Progress
from tower_anime.errors import (
    Cancelled,
    CorruptOutput,
    Interrupted,
    InvalidGraph,
    MissingModel,
    MissingNode,
    RenderTimeout,
    ServerDown,
    ServerLost,
    TowerError,
)
from tower_anime.ports import Rendered, RenderJob, ServerFacts

FIRST_LOOK_S, LAST_LOOK_S = 0.25, 2.0  # polling backs off from the one to the other
LAST_WORD_S = 0.05  # the end of executing was seen 2–16 ms after success, error or interrupt
CONFIRM_S = 1.0  # a job that queue, history and jobs deny is looked for again after this
CONFIRM_SUCCESS_S = 5.0  # the same when the socket had reported success
# A graph that the server can't read gives a 500 every time; passing trouble does not.
GRAPH_500S = 4
DEAF_S = 1.0  # a server that answers nothing for so long is not waited for when cancelling
LATE_POST_S = 35.0  # how long a submission that was given up on may still arrive


class ComfyRenderer:
    """A `Renderer` for a ComfyUI of version 0.3.64 or later; safe to share among threads.

    `silence_limit_s` is how long a running job may show no sign of life before `RenderTimeout`;
    waiting in the queue does not count. Where no event stream gets through, the server's word
    that the job runs counts for up to `blind_limit_s`. `down_after_s` is how long an unreachable
    server is tried within one call before `ServerDown`, `read_timeout_s` how long it may take
    over one answer. `token` is sent as a bearer token and `headers` with every call, for servers
    behind a proxy; neither appears in messages.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
        silence_limit_s: float = 600.0,
        blind_limit_s: float = 14_400.0,
        down_after_s: float = 5.0,
        read_timeout_s: float = 30.0,
    ) -> None:
        sent = ({"Authorization": f"Bearer {token}"} if token else {}) | dict(headers)
        self._http = Http(url, sent, down_after_s=down_after_s, read_timeout_s=read_timeout_s)
        self._silence_limit_s = silence_limit_s
        self._blind_limit_s = max(blind_limit_s, silence_limit_s)
        self._known = Known()
        self._server = Server(self._http, self._known)

    @property
    def url(self) -> str:
        """The server's address, without a password it may contain."""
        return self._http.shown_url

    def close(self) -> None:
        """Give up connections."""
        self._http.close()

    def facts(self) -> ServerFacts:
        """Ask the server what it is; `ServerDown` when it does not answer."""
        return self._server.ask_facts()

    def version(self) -> str:
        """Return the server's version as it was last told; `ServerDown` when it never was."""
        return self._server.facts().version

    def backend(self) -> str:
        """Return `sandbox` or `comfyui`; asked once, `ServerDown` when it does not answer."""
        return self._server.facts().backend

    def catalog(self, *, fresh: bool = False) -> Catalog:
        """Return the node classes on offer, cached per version for a few minutes.

        `fresh` asks anew; so does a refusal for a missing node or model.
        """
        return self._server.catalog(fresh=fresh)

    def queue_length(self) -> int:
        """Return how many jobs run or wait there."""
        queue = self._http.parsed("/queue", parse_queue)
        return len(queue.running) + len(queue.pending)

    def free(self) -> None:
        """Let the server unload its models and give memory back after the running job."""
        self._server.free()

    def upload(self, data: bytes, name: str) -> str:
        """Put an input on the server; returns the name under which a graph reads it.

        The same bytes under the same name are there once, however often this is repeated.
        """
        return self._server.upload(data, name)

    def cancel(self, prompt_id: str) -> bool:
        """Stop exactly this job; True when it no longer runs or waits.

        Waits for the server to let go of it, which a sampler does between two steps.
        """
        return self._server.stop(prompt_id)

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
        steps seen since. `cancelled` is asked several times a second, also while the server
        leaves a question unanswered. Raises `Cancelled`, `Interrupted`, `OutOfMemory`,
        `ExecutionFailed`, `MissingModel`, `MissingNode`, `InvalidGraph`, `ServerLost`,
        `ServerDown`, `RenderTimeout` and `CorruptOutput`.
        """
        run = Run(
            job=job,
            report=on_progress,
            cancelled=cancelled,
            server_id=job.prompt_id,
            samplers=samplers(job.graph),
        )
        aside = Aside(cancelled)
        try:
            return self._bring_to_end(run, self._http.watched(aside), on_submitted)
        except Stopped:
            raise self._stopped(run) from None
        except (ServerDown, ServerLost):
            self._known.forget()
            raise
        except (MissingModel, MissingNode):
            self._known.forget_catalog()
            raise
        finally:
            aside.close()

    def _bring_to_end(self, run: Run, http: Http, on_submitted: Callable[[], None]) -> Rendered:
        server = Server(http, self._known)
        with http.socket(client_id(run.job.prompt_id)) as socket:
            entry = server.find(run) or self._submit(run, server)
            on_submitted()
            run.posted = True
            run.tell()
            if not isinstance(entry, HistoryEntry):
                entry = self._watch(run, server, socket)
            return _collect(run, server, entry)

    # ---- submit ----

    def _submit(self, run: Run, server: Server) -> Place | HistoryEntry | None:
        """Post the job; when no good answer comes, look whether it arrived before trying again."""
        if run.cancelled():
            raise Cancelled("cancelled before it was submitted")
        run.posted = True
        for reasons in server.http.tries():
            run.posting = True
            try:
                response = server.http.post_once("/prompt", submission(run.job))
            except httpx2.TransportError as error:
                reasons.append(error)
            else:
                run.posting = False
                if response.status_code < httpx2.codes.INTERNAL_SERVER_ERROR:
                    self._accept(run, server, response)
                    return None
                reasons.append(f"status {response.status_code}")
            if found := server.find(run):
                return found
            if reasons.count("status 500") >= GRAPH_500S:
                raise InvalidGraph("the server can't read this graph: it answers with status 500")
        raise server.http.down(reasons)

    def _accept(self, run: Run, server: Server, response: httpx2.Response) -> None:
        if response.status_code != httpx2.codes.OK:
            server.http.check_access(response)
            is_json = "json" in response.headers.get("content-type", "")
            answer = json_of(response) if is_json else response.text
            raise parse_rejection(answer, server.choices)
        answer = json_of(response)
        if not isinstance(answer, dict) or not isinstance(answer.get("prompt_id"), str):
            raise Malformed(f"{self.url} accepted a job without a prompt_id")
        run.server_id = answer["prompt_id"]
        if needed := needed_errors(run.job.graph, answer.get("node_errors")):
            server.stop(run.server_id)
            raise parse_node_errors(needed, server.choices)

    # ---- watch ----

    def _watch(self, run: Run, server: Server, socket: Socket) -> HistoryEntry:
        """Wait for the job's end, whatever the socket does."""
        pause_s = FIRST_LOOK_S
        look_at = time.monotonic() + pause_s
        denied_at: float | None = None
        while True:
            if run.must_stop():
                raise self._stopped(run)
            message = socket.receive(min(TICK_S, max(0.0, look_at - time.monotonic())))
            ended_before = run.ended
            over = message is not None and run.hear(message)
            if run.ended and not ended_before:
                look_at = min(look_at, time.monotonic() + LAST_WORD_S)
            if over and (entry := server.entry_soon(run.server_id)):
                return entry
            if not over and time.monotonic() < look_at:
                continue
            seen = server.look(run.server_id)
            if isinstance(seen, HistoryEntry):
                return seen
            denied_at = None if seen else denied_at or time.monotonic()
            if denied_at:
                self._check_lost(run, server, denied_at)
            if isinstance(seen, Place):
                run.see(seen)
                self._check_silence(run, socket)
            pause_s = (
                FIRST_LOOK_S if over or run.ended or denied_at else min(pause_s * 2, LAST_LOOK_S)
            )
            look_at = time.monotonic() + pause_s

    def _check_lost(self, run: Run, server: Server, denied_at: float) -> None:
        """Give up a job that is denied for long enough, and say who is to blame if it is known."""
        limit_s = CONFIRM_SUCCESS_S if run.succeeded else CONFIRM_S
        if time.monotonic() - denied_at < limit_s:
            return
        waited = run.created_ms is not None and not run.running
        if waited and server.remembers_before(run.created_ms or 0.0):
            raise Interrupted(
                f"somebody deleted job {run.server_id} from the queue of {self.url}, "
                "which still knows older ones"
            )
        raise ServerLost(
            f"{self.url} accepted job {run.server_id} and now knows nothing of it: "
            "it was restarted, or somebody deleted the job"
        )

    def _check_silence(self, run: Run, socket: Socket) -> None:
        """Stop a running job that shows no sign of life.

        Some sockets go deaf while their server works on: a new one is tried at half the limit.
        Where nothing at all comes through a socket, HTTP is the only witness, and it says that
        the job runs.
        """
        silent_s = time.monotonic() - run.heard_at
        if not run.running or silent_s < self._silence_limit_s / 2:
            return
        if silent_s < self._silence_limit_s:
            socket.renew(older_than_s=silent_s)
            return
        if not socket.speaks and silent_s < self._blind_limit_s:
            return
        told = self._let_go(run)
        raise RenderTimeout(
            f"{self.url} showed no progress for {silent_s:.0f} s"
            + (f" at node {run.node}" if run.node else "")
            + ("; the job was stopped" if told else "; it did not confirm that the job stopped")
        )

    # ---- stop ----

    def _stopped(self, run: Run) -> Cancelled:
        if not run.posted:
            return Cancelled("cancelled before it was submitted")
        if self._let_go(run):
            return Cancelled("cancelled; the server let go of the job")
        return Cancelled("cancelled; the server was told, but has not let go of the job yet")

    def _let_go(self, run: Run) -> bool:
        """Stop the job; False when the server does not confirm it.

        A server that leaves questions unanswered is not waited for: a thread goes on telling it,
        also about a submission of ours that may still arrive.
        """
        told = threading.Event()
        outcome: list[bool] = []
        begun = time.monotonic()

        def stop() -> None:
            with suppress(TowerError, RuntimeError):  # the server is down; the client was closed
                outcome.append(self._server.stop(run.server_id))
                told.set()
                while run.posting and time.monotonic() - begun < LATE_POST_S:
                    time.sleep(1.0)
                    self._server.stop(run.server_id)
            told.set()

        threading.Thread(target=stop, name="comfy-stop", daemon=True).start()
        while not told.wait(TICK_S / 4):
            now = time.monotonic()
            if now - begun > STOP_WAIT_S or now - max(begun, self._http.answered_at) > DEAF_S:
                break
        return bool(outcome and outcome[0]) and not run.posting


def _collect(run: Run, server: Server, entry: HistoryEntry) -> Rendered:
    if entry.error:
        raise entry.error
    run.tell("collecting")
    results = [file for file in entry.files if file.type == "output"]
    chosen = results or [file for file in entry.files if file.type == "temp"]
    if not chosen:
        raise CorruptOutput(f"job {run.server_id} ended well, but without a file")
    return Rendered(
        files=tuple(server.download(file) for file in chosen),
        sampler_steps=sum(run.steps.values()),
        cached=entry.cached,
    )
