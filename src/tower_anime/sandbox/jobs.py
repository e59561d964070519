"""The queue, the history and what `/api/jobs` makes of them. Safe across threads."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

PENDING, RUNNING = "pending", "in_progress"
STATUSES = (PENDING, RUNNING, "completed", "failed", "cancelled")


@dataclass(frozen=True, order=True)
class Job:
    """One accepted prompt. Lower numbers run first; `front` ones are negative."""

    number: float
    prompt_id: str
    prompt: Json = field(compare=False)
    extra_data: Json = field(compare=False)
    outputs: list[str] = field(compare=False)

    def row(self) -> list[Any]:
        """Return it as `/queue` and `/history` show it."""
        return [self.number, self.prompt_id, self.prompt, self.extra_data, self.outputs]

    @property
    def client_id(self) -> str | None:
        """Who gets the events."""
        ident = self.extra_data.get("client_id")
        return ident if isinstance(ident, str) else None


class JobQueue:
    """Pending and running jobs and the history of finished ones.

    `changed(remaining)` is called after every change of the queue. `stop` is set while the
    running job shall end.
    """

    def __init__(self, changed: Callable[[int], None]) -> None:
        self.stop = threading.Event()
        self._changed = changed
        self._wake = threading.Condition(threading.RLock())
        self._pending: list[Job] = []
        self._running: dict[str, Job] = {}
        self._history: dict[str, Json] = {}
        self._closed = False

    def put(self, job: Job) -> None:
        """Add a job."""
        with self._wake:
            heapq.heappush(self._pending, job)
            self._tell()
            self._wake.notify()

    def take(self) -> Job | None:
        """Wait for the next job and mark it running; None once the queue is closed."""
        with self._wake:
            self._wake.wait_for(lambda: self._pending or self._closed)
            if self._closed:
                return None
            job = heapq.heappop(self._pending)
            self.stop.clear()
            self._running[job.prompt_id] = job
            self._tell()
            return job

    def done(self, job: Job, entry: Json | None) -> None:
        """End a running job; `entry` is its history, None leaves no trace of it."""
        with self._wake:
            self._running.pop(job.prompt_id, None)
            if entry is not None:
                self._history[job.prompt_id] = entry
            self._tell()

    def forget_everything(self) -> None:
        """Drop all jobs and all history, as a restart does: both are in memory only."""
        with self._wake:
            self._pending.clear()
            self._running.clear()
            self._history.clear()
            self._tell()

    def close(self) -> None:
        """Stop the running job and let `take` return None from now on."""
        with self._wake:
            self._closed = True
            self.stop.set()
            self._wake.notify_all()

    def interrupt(self, prompt_id: str | None) -> bool:
        """Stop the running job if it is `prompt_id` (None: whichever); True if there is one."""
        with self._wake:
            found = prompt_id in self._running if prompt_id else bool(self._running)
            if found:
                self.stop.set()
            return found

    def remaining(self) -> int:
        """Count running and pending jobs."""
        with self._wake:
            return len(self._pending) + len(self._running)

    def current(self) -> tuple[list[Job], list[Job]]:
        """Return (running, pending); pending in heap order, as ComfyUI shows it."""
        with self._wake:
            return list(self._running.values()), list(self._pending)

    def delete(self, ids: Collection[str] | None) -> bool:
        """Take pending jobs away (None: all of them); True if there were any."""
        with self._wake:
            kept = [] if ids is None else [j for j in self._pending if j.prompt_id not in ids]
            found = len(kept) < len(self._pending)
            self._pending = kept
            heapq.heapify(self._pending)
            if found or ids is None:
                self._tell()
            return found

    def history(self, *, max_items: int | None = None, offset: int = -1) -> Json:
        """Return entries oldest first; a negative `offset` counts the newest `max_items`."""
        with self._wake:
            ids = list(self._history)
            if offset < 0 and max_items is not None:
                offset = max(0, len(ids) - max_items)
            start = max(0, offset)
            chosen = ids[start:] if max_items is None else ids[start : start + max_items]
            return {prompt_id: self._history[prompt_id] for prompt_id in chosen}

    def entry(self, prompt_id: str) -> Json | None:
        """Return one history entry."""
        with self._wake:
            return self._history.get(prompt_id)

    def forget(self, ids: Collection[str] | None) -> None:
        """Remove history entries (None: all)."""
        with self._wake:
            for prompt_id in list(self._history) if ids is None else ids:
                self._history.pop(prompt_id, None)

    def job(self, prompt_id: str) -> Json | None:
        """Return one job with all it holds, as `/api/jobs/{id}` shows it; None if unknown."""
        with self._wake:
            if prompt_id in self._history:
                return _finished(prompt_id, self._history[prompt_id], full=True)
            return next((row for row in self._waiting() if row["id"] == prompt_id), None)

    def listing(self, statuses: Collection[str]) -> list[Json]:
        """Return all jobs with one of `statuses`, in no order."""
        with self._wake:
            rows = self._waiting()
            rows += [_finished(i, entry, full=False) for i, entry in self._history.items()]
        return [row for row in rows if row["status"] in statuses]

    def _waiting(self) -> list[Json]:
        rows = [(RUNNING, job) for job in self._running.values()]
        rows += [(PENDING, job) for job in self._pending]
        return [
            _head(job.prompt_id, status, job.row())
            | {"outputs_count": 0, "previewable_outputs_count": 0}
            for status, job in rows
        ]

    def _tell(self) -> None:
        self._changed(self.remaining())


def _head(prompt_id: str, status: str, row: list[Any]) -> Json:
    head = {
        "id": prompt_id,
        "status": status,
        "priority": row[0],
        "create_time": row[3].get("create_time"),
    }
    found: Any = row[3]
    for key in ("extra_pnginfo", "workflow", "id"):
        found = found.get(key) if isinstance(found, dict) else None
    return head | ({"workflow_id": found} if isinstance(found, str) else {})


def _finished(prompt_id: str, entry: Json, *, full: bool) -> Json:
    messages = entry["status"]["messages"]
    last, what = messages[-1]
    status = {"execution_success": "completed", "execution_interrupted": "cancelled"}.get(
        last, "failed"
    )
    job = _head(prompt_id, status, entry["prompt"]) | {
        "execution_start_time": messages[0][1]["timestamp"],
        "execution_end_time": what["timestamp"],
    }
    if status == "failed":
        job["execution_error"] = what
    files = [
        item | {"nodeId": node, "mediaType": media}
        for node, output in entry["outputs"].items()
        for media, items in output.items()
        if media != "animated"
        for item in items
    ]
    job |= {"outputs_count": len(files), "previewable_outputs_count": len(files)}
    if files:
        job["preview_output"] = next((f for f in files if f["type"] == "output"), files[0])
    if full:
        job |= {
            "outputs": entry["outputs"],
            "execution_status": entry["status"],
            "workflow": {"prompt": entry["prompt"][2], "extra_data": entry["prompt"][3]},
        }
    return job
