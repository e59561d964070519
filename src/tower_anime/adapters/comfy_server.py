"""What a ComfyUI server knows and does, in single questions: HTTP only, no memory of jobs."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath
from typing import Any

import httpx2

from tower_anime.adapters.comfy_http import BROKEN, TICK_S, Http, json_of
from tower_anime.adapters.comfy_messages import (
    JOB_KEY,
    MEDIA_TYPES,
    HistoryEntry,
    Malformed,
    OutputFile,
    created_ms,
    damage,
    parse_entry,
    parse_facts,
    parse_history,
    parse_queue,
    parse_upload,
    version_of,
)
from tower_anime.adapters.comfy_run import Place, Run
from tower_anime.domain.graph import Catalog, input_spec, stated_choices
from tower_anime.errors import BadInput, CorruptOutput
from tower_anime.ports import RenderedFile, ServerFacts

# History was seen 2–16 ms after `execution_success` on a 0.33 server: pauses between looks.
HISTORY_LAG_S = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032)
CATALOG_AGE_S = 300.0  # model lists change under a running server
STOP_WAIT_S = 30.0  # a sampler notices an interrupt between two steps
DOWNLOADS = 3  # tries per file
OWN_IDS_SINCE = (0, 25)  # before that the server ignores a client's prompt_id
OLD_HISTORY_ITEMS = 200  # how far back such a server's history is searched
WITNESSES = 20  # how far back a sign of life before a job is looked for


class Known:
    """What was learned of a server and holds for a while; shared among threads."""

    def __init__(self) -> None:
        self.facts: ServerFacts | None = None
        self.catalog: tuple[str, float, Catalog] | None = None
        self.lock = threading.Lock()

    def forget_catalog(self) -> None:
        """Ask for the node classes anew: something was refused that they should have."""
        self.catalog = None

    def forget(self) -> None:
        """Ask for everything anew: the server may come back as another version."""
        self.facts = self.catalog = None


class Server:
    """One server as one caller sees it. `http` may be watched; `known` is shared."""

    def __init__(self, http: Http, known: Known) -> None:
        self.http = http
        self._known = known

    # ---- what it is ----

    def ask_facts(self) -> ServerFacts:
        """Ask the server what it is; `ServerDown` when it does not answer."""
        parse = partial(parse_facts, url=self.http.shown_url)
        facts = self.http.parsed("/system_stats", parse)
        jobs = self.http.get("/api/jobs", limit="1")
        has_jobs_api = jobs.status_code == httpx2.codes.OK and '"jobs"' in jobs.text
        facts = replace(facts, has_jobs_api=has_jobs_api)
        self._known.facts = facts
        return facts

    def facts(self) -> ServerFacts:
        """Return what was learned, asking the first time."""
        return self._known.facts or self.ask_facts()

    def catalog(self, *, fresh: bool) -> Catalog:
        """Return the node classes on offer, cached per version for `CATALOG_AGE_S`."""
        with self._known.lock:
            if not fresh and self._known.catalog:
                version, fetched_at, catalog = self._known.catalog
                young = time.monotonic() - fetched_at < CATALOG_AGE_S
                if young and version == self.facts().version:
                    return catalog
            version = self.ask_facts().version
            catalog = self.http.json("/object_info")
            if not isinstance(catalog, dict):
                raise Malformed(f"{self.http.shown_url} gives no object of node classes")
            self._known.catalog = version, time.monotonic(), catalog
            return catalog

    def choices(self, class_type: str, name: str) -> tuple[str, ...] | None:
        """Return what an input may be chosen from, None if it is no choice."""
        return stated_choices(input_spec(self.catalog(fresh=False), class_type, name))

    def has_own_ids(self) -> bool:
        """Whether the server takes the id that a client gives a job."""
        return version_of(self.facts().version) >= OWN_IDS_SINCE

    # ---- where a job is ----

    def find(self, run: Run) -> Place | HistoryEntry | None:
        """Return where the server has the job already, None if it never heard of it."""
        prompt_id = run.job.prompt_id
        if self.facts().has_jobs_api and self.has_own_ids():
            if not self.in_jobs(prompt_id):
                return None
            return self.look(prompt_id) or Place(prompt_id, running=False, position=0)
        found = self.look(prompt_id)
        if isinstance(found, Place):
            run.server_id = found.server_id
        if found or self.has_own_ids():
            return found
        history = self._history(OLD_HISTORY_ITEMS)
        ours = [entry for entry, extra in history.values() if extra.get(JOB_KEY) == prompt_id]
        return parse_entry(ours[-1]) if ours else None

    def look(self, prompt_id: str) -> Place | HistoryEntry | None:
        """Return what queue, history and jobs know of a job; None when all three deny it.

        A job goes from the queue into the history in one step, so asking in this order can't
        miss it.
        """
        if place := self.place(prompt_id):
            return place
        if entry := self.entry(prompt_id):
            return entry
        if self.facts().has_jobs_api and self.in_jobs(prompt_id):
            return Place(prompt_id, running=False, position=0)
        return None

    def place(self, prompt_id: str) -> Place | None:
        """Return where a job runs or waits."""
        queue = self.http.parsed("/queue", parse_queue)
        for position, item in enumerate((*queue.running, *queue.pending)):
            if prompt_id in (item.prompt_id, item.extra.get(JOB_KEY)):
                running = position < len(queue.running)
                return Place(item.prompt_id, running, position, item.created_ms)
        return None

    def entry(self, prompt_id: str) -> HistoryEntry | None:
        """Return the end of a job that is over."""
        found = self.http.parsed(f"/history/{prompt_id}", parse_history).get(prompt_id)
        return parse_entry(found[0]) if found else None

    def entry_soon(self, prompt_id: str) -> HistoryEntry | None:
        """Return the entry of a job said to be over, which may lag behind that word."""
        for pause_s in HISTORY_LAG_S:
            if entry := self.entry(prompt_id):
                return entry
            time.sleep(pause_s)
        return None

    def in_jobs(self, prompt_id: str) -> bool:
        """Whether the jobs interface knows a job."""
        return self.http.get(f"/api/jobs/{prompt_id}").status_code == httpx2.codes.OK

    def remembers_before(self, moment_ms: float) -> bool:
        """Whether the server knows jobs older than that (its own clock, ms): no restart since."""
        queue = self.http.parsed("/queue", parse_queue)
        times = [item.created_ms for item in (*queue.running, *queue.pending)]
        times += [created_ms(extra) for _, extra in self._history(WITNESSES).values()]
        return any(time_ms is not None and time_ms < moment_ms for time_ms in times)

    def _history(self, items: int) -> Any:
        return self.http.parsed("/history", parse_history, max_items=str(items))

    # ---- stop, free, upload ----

    def stop(self, prompt_id: str) -> bool:
        """Stop exactly this job; True when it no longer runs or waits.

        Waits for the server to let go of it, which a sampler does between two steps.
        """
        give_up_at = time.monotonic() + STOP_WAIT_S
        ask_at, pause_s = 0.0, 0.01
        while place := self.place(prompt_id):
            now = time.monotonic()
            if now > give_up_at:
                return False
            if now >= ask_at:
                self._ask_to_stop(place)
                ask_at = now + 1.0
            time.sleep(pause_s)
            pause_s = min(pause_s * 2, TICK_S)
        return True

    def _ask_to_stop(self, place: Place) -> None:
        if self.facts().has_jobs_api:
            answer = self.http.post(f"/api/jobs/{place.server_id}/cancel")
            if answer.status_code == httpx2.codes.OK:
                return
        # Servers before 0.26. An interrupt without an id would stop anybody's job.
        if place.running:
            self.http.post("/interrupt", {"prompt_id": place.server_id})
        else:
            self.http.post("/queue", {"delete": [place.server_id]})

    def free(self) -> None:
        """Let the server unload its models and give memory back after the running job."""
        self.http.post("/free", {"unload_models": True, "free_memory": True})

    def upload(self, data: bytes, name: str) -> str:
        """Put an input on the server; returns the name under which a graph reads it."""
        answer = self.http.send_file("/upload/image", data, name=name)
        if answer.status_code != httpx2.codes.OK:
            raise BadInput(
                f"{self.http.shown_url} does not take the input {name!r} "
                f"(status {answer.status_code})"
            )
        return parse_upload(json_of(answer))

    # ---- files ----

    def download(self, file: OutputFile) -> RenderedFile:
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
            response = self.http.download("/view", **place)
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
