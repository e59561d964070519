"""Runs prompts one after another: order, cache, progress, errors and interrupts of ComfyUI."""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cv2

from tower_anime.domain.frame import Frame
from tower_anime.sandbox.catalog import READS_FILES, Catalog
from tower_anime.sandbox.faults import Faults
from tower_anime.sandbox.folders import Folders, Outside
from tower_anime.sandbox.jobs import Job, JobQueue
from tower_anime.sandbox.nodes import NODES
from tower_anime.sandbox.sockets import Sockets
from tower_anime.sandbox.values import Interrupted, NodeFailure, Saved

Json = dict[str, Any]
PREVIEW_PX = 256
"""Longest side of a preview: real ones hold no more detail (latents are 1/8 of the size)."""
_HISTORY_LAG_S = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.002, 0.008, 0.008, 0.015)
"""How long history came after `execution_success` in twelve runs of a real server: in eight it
was there at the first look."""
_SLOW_HISTORY_S = (0.5, 1.5)


@dataclass(frozen=True)
class _Cached:
    values: tuple[Any, ...]
    ui: Json | None


class Executor:
    """The worker. `run` blocks until the queue is closed."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        folders: Folders,
        queue: JobQueue,
        sockets: Sockets,
        faults: Faults,
        seconds_per_step: float,
        world: int = 0,
    ) -> None:
        self.catalog = catalog
        self.folders = folders
        self.queue = queue
        self.sockets = sockets
        self.faults = faults
        self.seconds_per_step = seconds_per_step
        self.world = world
        self.forget = threading.Event()
        self.temp_prefix = f"ComfyUI_temp_{uuid.uuid4().hex[:5]}"
        self.cache: dict[str, _Cached] = {}

    def run(self) -> None:
        """Take jobs until the queue closes."""
        while (job := self.queue.take()) is not None:
            self._job(job)

    def _job(self, job: Job) -> None:
        if self.forget.is_set():
            self.forget.clear()
            self.cache.clear()
        if self.faults.strikes("lost"):
            self.queue.done(job, None)
            return
        if self.faults.strikes("restart"):
            self.queue.forget_everything()
            self.sockets.drop_all()
            return
        if job.client_id is not None and self.faults.strikes("silent_socket"):
            self.sockets.mute(job.client_id)
        self.sockets.running_client = job.client_id
        entry = _Execution(self, job).run()
        self.sockets.running_node = None
        self._lag(job.prompt_id)
        self.queue.done(job, entry)
        if job.client_id is not None:
            over = {"node": None, "prompt_id": job.prompt_id}
            self.sockets.send("executing", over, job.client_id)

    def _lag(self, prompt_id: str) -> None:
        """Wait as long as the real server's history does; the same job lags the same."""
        share = hashlib.sha256(prompt_id.encode()).digest()[0] / 256
        seconds = _HISTORY_LAG_S[int(share * len(_HISTORY_LAG_S))]
        if self.faults.strikes("slow_history"):
            low, high = _SLOW_HISTORY_S
            seconds = low + share * (high - low)
        self.queue.stop.wait(seconds)


@dataclass
class _Execution:
    """One prompt on its way. It is also the `Run` that its nodes see."""

    server: Executor
    job: Job
    node_id: str = ""
    messages: list[list[Any]] = field(default_factory=list)
    progress: dict[str, Json] = field(default_factory=dict)
    outputs: Json = field(default_factory=dict)
    executed: list[str] = field(default_factory=list)
    signatures: dict[str, str] = field(default_factory=dict)

    @property
    def folders(self) -> Folders:
        return self.server.folders

    @property
    def prompt(self) -> Mapping[str, Any]:
        return self.job.prompt

    @property
    def extra_pnginfo(self) -> Mapping[str, object] | None:
        return self.job.extra_data.get("extra_pnginfo")

    @property
    def temp_prefix(self) -> str:
        return self.server.temp_prefix

    @property
    def world(self) -> int:
        return self.server.world

    def strikes(self, fault: str) -> bool:
        return self.server.faults.strikes(fault)

    def run(self) -> Json:
        """Run to the end and return the history entry."""
        self._message("execution_start", {})
        for node_id in self.job.prompt:
            self._sign(node_id)
        cache = self.server.cache
        for old in cache.keys() - set(self.signatures.values()):
            del cache[old]
        cached = [node for node in self.job.prompt if self.signatures[node] in cache]
        self._message("execution_cached", {"nodes": cached})
        drops = self.strikes("drop_socket")
        succeeded = True
        for node_id in _Order(self.job, self.server.catalog, frozenset(cached)):
            self.node_id = node_id
            succeeded = self._from_cache() if node_id in cached else self._execute()
            if not succeeded:
                break
            if drops and self.job.client_id is not None:
                self.server.sockets.drop(self.job.client_id)
                drops = False
        if succeeded:
            self._message("execution_success", {})
        return self._entry(succeeded=succeeded)

    def step(self, number: int, of: int, target: Frame | None) -> None:
        """See `Run.step`: sleep, progress, preview, in the order the client's flags ask for."""
        if self.server.queue.stop.wait(self.server.seconds_per_step):
            raise Interrupted
        self._progress(self.node_id, "running", number, of)
        sockets, client = self.server.sockets, self.job.client_id
        told = {"value": number, "max": of, "prompt_id": self.job.prompt_id, "node": self.node_id}
        jpeg = self._preview(number / of, target)
        first = sockets.wants_metadata(client)
        about = {
            "node_id": self.node_id,
            "prompt_id": self.job.prompt_id,
            **_identity(self.node_id),
        }
        if jpeg and first:
            sockets.preview(jpeg, about, client)
        sockets.send("progress", told, client)
        if jpeg and not first:
            sockets.preview(jpeg, about, client)

    def _preview(self, share: float, target: Frame | None) -> bytes | None:
        """Return a JPEG that converges to `target`; None when nobody would see it."""
        off = self.job.extra_data.get("preview_method") == "none"
        if off or target is None or not self.server.sockets.listens(self.job.client_id):
            return None
        return preview(target, share)

    def _execute(self) -> bool:
        """Run the node; False when it failed or was stopped, which is then told."""
        node = self.job.prompt[self.node_id]
        class_type = node["class_type"]
        if self.server.queue.stop.is_set():
            return self._interrupted(class_type)
        self._progress(self.node_id, "running", 0.0, 1.0)
        self.server.sockets.running_node = self.node_id
        where = {"node": self.node_id, "display_node": self.node_id}
        self._tell("executing", where | {"prompt_id": self.job.prompt_id})
        inputs = self._inputs(node["inputs"], class_type)
        try:
            result = NODES[class_type](self, **inputs)
        except Interrupted:
            return self._interrupted(class_type)
        except NodeFailure as failure:
            return self._failed(class_type, inputs, failure.exception_type, str(failure))
        except Exception as failure:  # noqa: BLE001 - the server outlives every node, as ComfyUI does
            return self._failed(class_type, inputs, type(failure).__name__, f"{failure}\n")
        ui = result.ui if isinstance(result, Saved) else None
        values = result.values if isinstance(result, Saved) else result
        self.server.cache[self.signatures[self.node_id]] = _Cached(values, ui)
        if ui is not None:
            self._output(ui)
        done = self.progress[self.node_id]["max"]
        self._progress(self.node_id, "finished", done, done)
        self.executed.append(self.node_id)
        return True

    def _from_cache(self) -> bool:
        ui = self.server.cache[self.signatures[self.node_id]].ui
        if ui is not None:
            self._output(ui)
        self._progress(self.node_id, "finished", 1, 1)
        return True

    def _inputs(self, given: Mapping[str, Any], class_type: str) -> Json:
        """Return the inputs the class knows, links replaced by what they deliver."""
        inputs = {}
        for name, *_ in self.server.catalog.inputs(class_type):
            if name not in given:
                continue
            value = given[name]
            if isinstance(value, list):
                value = self.server.cache[self.signatures[value[0]]].values[value[1]]
            inputs[name] = value
        return inputs

    def _sign(self, node_id: str) -> str:
        """Return the cache key: class, values and everything upstream, not the node's id."""
        if node_id not in self.signatures:
            self.signatures[node_id] = "on a cycle"  # only nodes that no output needs can be
            class_type = self.job.prompt[node_id]["class_type"]
            inputs = self.job.prompt[node_id].get("inputs")
            digest = hashlib.sha256(class_type.encode())
            for name, value in sorted(inputs.items()) if isinstance(inputs, dict) else ():
                source = self._source(value)
                part = value if source is None else (self._sign(source), value[1:])
                digest.update(repr((name, part)).encode())
                if class_type in READS_FILES:
                    digest.update(self._content(value))
            self.signatures[node_id] = digest.hexdigest()
        return self.signatures[node_id]

    def _source(self, value: object) -> str | None:
        """Return the node a link comes from, None for a plain value."""
        if isinstance(value, list) and value and isinstance(value[0], str):
            return value[0] if value[0] in self.prompt else None
        return None

    def _content(self, name: object) -> bytes:
        """Return an input file's bytes: a changed file must not come from the cache."""
        with contextlib.suppress(OSError, Outside):
            return self.folders.annotated(str(name)).read_bytes()
        return b""

    def _output(self, ui: Json) -> None:
        self.outputs[self.node_id] = ui
        where = {"node": self.node_id, "display_node": self.node_id, "output": ui}
        self._tell("executed", where | {"prompt_id": self.job.prompt_id})

    def _interrupted(self, class_type: str) -> bool:
        about = {"node_id": self.node_id, "node_type": class_type, "executed": self.executed}
        self._message("execution_interrupted", about, broadcast=True)
        return False

    def _failed(self, class_type: str, inputs: Json, kind: str, message: str) -> bool:
        self._message(
            "execution_error",
            {
                "node_id": self.node_id,
                "node_type": class_type,
                "executed": self.executed,
                "exception_message": message,
                "exception_type": kind,
                "traceback": ["the sandbox keeps its traceback\n"],
                "current_inputs": self._shown_inputs(class_type, inputs),
                "current_outputs": list(self.job.prompt),
            },
        )
        return False

    def _shown_inputs(self, class_type: str, inputs: Json) -> Json:
        """Return all inputs as errors show them, those that the server adds included."""
        added = {"prompt": str(self.prompt), "extra_pnginfo": _shown(self.extra_pnginfo)}
        hidden = self.server.catalog.node(class_type)["input"].get("hidden", {})
        shown = {name: [_shown(value)] for name, value in inputs.items()}
        return shown | {name: [added[name]] for name in hidden}

    def _message(self, event: str, about: Json, *, broadcast: bool = False) -> None:
        """Record an event for the history and tell it to the client."""
        data = {"prompt_id": self.job.prompt_id, **about, "timestamp": int(time.time() * 1000)}
        self.messages.append([event, data])
        if self.job.client_id is not None or broadcast:
            self.server.sockets.send(event, data, self.job.client_id)

    def _tell(self, event: str, data: Json) -> None:
        if self.job.client_id is not None:
            self.server.sockets.send(event, data, self.job.client_id)

    def _progress(self, node_id: str, state: str, value: float, most: float) -> None:
        """Tell the state of all nodes; goes to everybody when the job has no client."""
        self.progress[node_id] = {
            "value": value,
            "max": most,
            "state": state,
            "node_id": node_id,
            "prompt_id": self.job.prompt_id,
            **_identity(node_id),
        }
        data = {"prompt_id": self.job.prompt_id, "nodes": self.progress}
        self.server.sockets.send("progress_state", data, self.job.client_id)

    def _entry(self, *, succeeded: bool) -> Json:
        status = {
            "status_str": "success" if succeeded else "error",
            "completed": succeeded,
            "messages": self.messages,
        }
        outputs = self.outputs if succeeded else {}
        meta = {
            node: {
                "node_id": node,
                "display_node": node,
                "parent_node": None,
                "real_node_id": node,
            }
            for node in outputs
        }
        return {"prompt": self.job.row(), "outputs": outputs, "status": status, "meta": meta}


class _Order:
    """Iterates the nodes to run in ComfyUI's order.

    Ready nodes wait in the order they were found from the outputs upwards; among them an output
    goes first, then what an output waits for, then what that waits for, then the oldest.
    """

    def __init__(self, job: Job, catalog: Catalog, cached: frozenset[str]) -> None:
        self._prompt = job.prompt
        self._catalog = catalog
        self._waits: dict[str, set[str]] = {}
        stack = list(reversed(job.outputs))
        while stack:
            node_id = stack.pop()
            if node_id in self._waits:
                continue
            links = [] if node_id in cached else self._links(node_id)
            needed = [source for source in links if source not in cached]
            self._waits[node_id] = set(needed)
            stack += needed

    def __iter__(self) -> _Order:
        return self

    def __next__(self) -> str:
        if not self._waits:
            raise StopIteration
        ready = [node for node, waits in self._waits.items() if not waits]
        chosen = min(ready, key=lambda node: (self._distance(node), ready.index(node)))
        del self._waits[chosen]
        for waits in self._waits.values():
            waits.discard(chosen)
        return chosen

    def _links(self, node_id: str) -> list[str]:
        values = self._prompt[node_id]["inputs"].values()
        return [v[0] for v in values if isinstance(v, list) and v and v[0] in self._prompt]

    def _distance(self, node_id: str) -> int:
        """Return 0 for an output, 1 or 2 for so many links before one, else 3."""
        level = {node_id}
        for distance in range(3):
            if any(self._catalog.is_output(self._prompt[n]["class_type"]) for n in level):
                return distance
            level = {after for after, waits in self._waits.items() if waits & level}
        return 3


def preview(target: Frame, share: float) -> bytes:
    """Return `target` as a small JPEG as far as it is after `share` (0–1) of the steps."""
    height, width = target.shape[:2]
    scale = min(1.0, PREVIEW_PX / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(target, size, interpolation=cv2.INTER_AREA)
    if share < 1:
        detail = 0.06 + 0.94 * share
        coarse = max(1, round(size[0] * detail)), max(1, round(size[1] * detail))
        small = cv2.resize(cv2.resize(small, coarse, interpolation=cv2.INTER_AREA), size)
    bgr = cv2.cvtColor(small, cv2.COLOR_RGB2BGR)
    ok, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 85])
    assert ok
    return data.tobytes()


def _identity(node_id: str) -> Json:
    return {"display_node_id": node_id, "parent_node_id": None, "real_node_id": node_id}


def _shown(value: object) -> object:
    """Return an input as errors show it: plain values as they are, others by their type."""
    plain = value is None or isinstance(value, (bool, int, float, str))
    return value if plain else f"<{type(value).__name__}>"
