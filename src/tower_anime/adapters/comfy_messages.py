"""What a ComfyUI server says, parsed into frozen values or refused with the offending part.

Shapes read in ComfyUI's source and checked against captures of a 0.33 server; fields that older
servers leave out have defaults.
"""

from __future__ import annotations

import itertools
import json
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from tower_anime.domain.graph import Graph, describe_choices, stated_choices
from tower_anime.errors import (
    ExecutionFailed,
    Interrupted,
    InvalidGraph,
    MissingModel,
    MissingNode,
    OutOfMemory,
    Refused,
    ServerDown,
    TowerError,
)
from tower_anime.ports import RenderJob, ServerFacts


class Malformed(ServerDown):
    """Something answers, but not in ComfyUI's words; the message shows the offending part."""


# ---- WebSocket ------------------------------------------------------------------------------


@dataclass(frozen=True)
class ExecutionStart:
    """A job began to run."""

    prompt_id: str


@dataclass(frozen=True)
class ExecutionCached:
    """The nodes whose results are taken from the cache."""

    prompt_id: str
    nodes: tuple[str, ...]


@dataclass(frozen=True)
class Executing:
    """A node runs now; None says that the job is over, whether well or not.

    `prompt_id` is None in what a server repeats after a reconnect.
    """

    prompt_id: str | None
    node: str | None


@dataclass(frozen=True)
class NodeProgress:
    """Step `value` of `max` of one node."""

    prompt_id: str
    node: str
    value: float
    max: float


@dataclass(frozen=True)
class ProgressState:
    """The progress of every node of a job that has begun."""

    prompt_id: str
    nodes: tuple[NodeProgress, ...]


@dataclass(frozen=True)
class Executed:
    """An output node is done."""

    prompt_id: str
    node: str


@dataclass(frozen=True)
class ExecutionSuccess:
    """A job ended well; its history may appear some milliseconds later."""

    prompt_id: str


@dataclass(frozen=True)
class ExecutionError:
    """A node failed and with it the job."""

    prompt_id: str
    node: str
    class_type: str
    exception_type: str
    exception_message: str

    def as_error(self) -> TowerError:
        """Return the error of our tree: `OutOfMemory` or `ExecutionFailed`."""
        where = f"node {self.node} ({self.class_type})"
        text = self.exception_message.strip() or self.exception_type
        if "OutOfMemoryError" in self.exception_type:
            return OutOfMemory(f"out of memory at {where}: {text}")
        return ExecutionFailed(f"{where} failed with {self.exception_type}: {text}")


@dataclass(frozen=True)
class ExecutionInterrupted:
    """Somebody stopped the job. Sent to every client, whoever submitted."""

    prompt_id: str
    node: str | None


@dataclass(frozen=True)
class Preview:
    """A picture of the job's present state. Without metadata the node and job are None."""

    image: bytes
    media_type: str
    prompt_id: str | None = None
    node: str | None = None


@dataclass(frozen=True)
class Other:
    """A message that says nothing of a job: status, feature flags, those of custom nodes."""

    type: str


CONNECTION_LOST = Other("connection lost")
"""What a reader of the event stream makes of its end; no server says it."""

Message: TypeAlias = (
    ExecutionStart
    | ExecutionCached
    | Executing
    | NodeProgress
    | ProgressState
    | Executed
    | ExecutionSuccess
    | ExecutionError
    | ExecutionInterrupted
    | Preview
    | Other
)

FEATURE_FLAGS = json.dumps({"type": "feature_flags", "data": {"supports_preview_metadata": True}})
"""The first frame a client sends, so that previews say which job they belong to."""


def parse_message(raw: str | bytes) -> Message:
    """Parse one WebSocket frame; `Malformed` shows what is wrong with it."""
    if isinstance(raw, bytes):
        return _parse_binary(raw)
    try:
        message = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"a WebSocket message is not JSON: {_short(raw)}") from error
    name = _field(message, "type", str)
    parse = _PARSERS.get(name)
    return parse(_field(message, "data", dict)) if parse else Other(name)


def _parse_binary(raw: bytes) -> Preview | Other:
    if len(raw) < 8:
        raise Malformed(f"a binary message of {len(raw)} bytes has no header")
    kind, second = struct.unpack(">II", raw[:8])
    if kind == 1:
        media_types = {1: "image/jpeg", 2: "image/png"}
        if second not in media_types:
            raise Malformed(f"a preview has the unknown format {second}")
        return Preview(raw[8:], media_types[second])
    if kind != 4:
        return Other(f"binary {kind}")
    try:
        metadata = json.loads(raw[8 : 8 + second])
    except (ValueError, RecursionError) as error:
        raise Malformed(f"a preview's metadata is not JSON: {_short(raw[8:])}") from error
    return Preview(
        raw[8 + second :],
        _field(metadata, "image_type", str),
        _field(metadata, "prompt_id", str),
        _field(metadata, "node_id", str),
    )


def _node_progress(data: Mapping[str, Any]) -> NodeProgress:
    return NodeProgress(
        _field(data, "prompt_id", str),
        _field(data, "node" if "node" in data else "node_id", str),
        _field(data, "value", int | float),
        _field(data, "max", int | float),
    )


def _execution_error(data: Mapping[str, Any]) -> ExecutionError:
    return ExecutionError(
        str(data.get("prompt_id", "")),
        str(data.get("node_id")),
        str(data.get("node_type")),
        str(data.get("exception_type", "")),
        str(data.get("exception_message", "")),
    )


_PARSERS: dict[str, Callable[[Mapping[str, Any]], Message]] = {
    "execution_start": lambda data: ExecutionStart(_field(data, "prompt_id", str)),
    "execution_cached": lambda data: ExecutionCached(
        _field(data, "prompt_id", str), tuple(str(node) for node in _field(data, "nodes", list))
    ),
    "executing": lambda data: Executing(data.get("prompt_id"), data.get("node")),
    "progress": _node_progress,
    "progress_state": lambda data: ProgressState(
        _field(data, "prompt_id", str),
        tuple(_node_progress(node) for node in _field(data, "nodes", dict).values()),
    ),
    "executed": lambda data: Executed(_field(data, "prompt_id", str), _field(data, "node", str)),
    "execution_success": lambda data: ExecutionSuccess(_field(data, "prompt_id", str)),
    "execution_error": _execution_error,
    "execution_interrupted": lambda data: ExecutionInterrupted(
        _field(data, "prompt_id", str), data.get("node_id")
    ),
}


# ---- What is submitted ----------------------------------------------------------------------

JOB_KEY = "tower_prompt_id"
"""Our id among what is submitted along: servers before 0.25 give a job an id of their own."""


def submission(job: RenderJob) -> dict[str, Any]:
    """Return the body of `POST /prompt`; previews are asked for where a prompt may ask."""
    return {
        "prompt": job.graph,
        "prompt_id": job.prompt_id,
        "client_id": client_id(job.prompt_id),
        "extra_data": {
            "extra_pnginfo": dict(job.extra_pnginfo),
            "preview_method": "auto",
            JOB_KEY: job.prompt_id,
        },
    }


def client_id(prompt_id: str) -> str:
    """Return the same name for the same job, so that its events go on after a restart of ours."""
    return prompt_id.replace("-", "")


def samplers(graph: Graph) -> frozenset[str]:
    """Return the nodes whose progress counts as sampler steps: those told how many to run.

    Tiled decoders and upscalers report progress as well, but have no such input.
    """
    return frozenset(
        node
        for node, body in graph.items()
        if body["inputs"].keys() & {"steps", "sigmas"} or "Sampler" in body["class_type"]
    )


# ---- HTTP -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class OutputFile:
    """One file of a job's history, as `/view` takes it. `type` is output, temp or input."""

    node: str
    filename: str
    subfolder: str
    type: str


@dataclass(frozen=True)
class HistoryEntry:
    """The end of a job. `error` None after success; `cached` when no output node ran."""

    files: tuple[OutputFile, ...]
    cached: bool
    error: TowerError | None


@dataclass(frozen=True)
class QueueItem:
    """A job in the queue; `extra` is what was submitted along with it."""

    number: float
    prompt_id: str
    extra: Mapping[str, Any]

    @property
    def created_ms(self) -> float | None:
        """The server's own time (Unix, ms) of the submission; older servers state none."""
        return created_ms(self.extra)


@dataclass(frozen=True)
class Queue:
    """Who runs and who waits, in the order of their turns."""

    running: tuple[QueueItem, ...]
    pending: tuple[QueueItem, ...]


def parse_facts(stats: Any, *, url: str, has_jobs_api: bool = False) -> ServerFacts:
    """Parse `GET /system_stats`."""
    system = _field(stats, "system", dict)
    devices = [_dict(device) for device in _list(stats.get("devices"))]
    cards = [device for device in devices if device.get("type") != "cpu"]
    version = str(system.get("comfyui_version", "unknown"))
    return ServerFacts(
        url=url,
        version=version,
        backend="sandbox" if system.get("tower_sandbox") is True else "comfyui",
        has_jobs_api=has_jobs_api,
        previews=_previews([str(word) for word in _list(system.get("argv"))], version),
        devices=tuple(str(device.get("name")) for device in devices),
        vram_total_bytes=sum(_count(c, "vram_total") for c in cards) if cards else None,
        vram_free_bytes=sum(_count(c, "vram_free") for c in cards) if cards else None,
    )


def version_of(text: str) -> tuple[int, ...]:
    """Return the numbers of a version such as `0.3.64` for comparing; empty if it has none."""
    return tuple(int(part) for part in text.lstrip("v").split(".") if part.isdigit())


PROMPT_PREVIEWS_SINCE = (0, 33)  # first version seen to honour `extra_data.preview_method`


def _previews(argv: list[str], version: str) -> str:
    """Say which previews a server sends: its method, `per prompt` on request, or `none`."""
    method = dict(itertools.pairwise(argv)).get("--preview-method", "none")
    if method != "none":
        return method
    return "per prompt" if version_of(version) >= PROMPT_PREVIEWS_SINCE else "none"


def parse_queue(answer: Any) -> Queue:
    """Parse `GET /queue`; the pending ones come as a heap and are sorted by their number."""
    running = tuple(_queue_item(item) for item in _field(answer, "queue_running", list))
    pending = [_queue_item(item) for item in _field(answer, "queue_pending", list)]
    return Queue(running, tuple(sorted(pending, key=lambda item: item.number)))


def parse_history(answer: Any) -> dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Parse `GET /history`: job id → (the raw entry, what was submitted along)."""
    if not isinstance(answer, dict):
        raise Malformed(f"the history is no object: {_short(answer)}")
    return {
        prompt_id: (entry, _queue_item(_field(entry, "prompt", list)).extra)
        for prompt_id, entry in answer.items()
    }


def parse_entry(entry: Mapping[str, Any]) -> HistoryEntry:
    """Parse one job's history entry.

    Files are taken from every list an output states (`images`, `gifs`, `audio`, …), outputs
    before temporary ones.
    """
    outputs = _field(entry, "outputs", dict)
    status = _dict(entry.get("status")) or {"status_str": "success" if outputs else "error"}
    messages = [m for m in _list(status.get("messages")) if _is_event(m)]
    files = [
        OutputFile(
            node,
            item["filename"],
            str(item.get("subfolder", "")),
            str(item.get("type", "output")),
        )
        for node, output in outputs.items()
        for items in _dict(output).values()
        for item in _list(items)
        if isinstance(item, dict) and isinstance(item.get("filename"), str)
    ]
    cached = [n for m in messages if m[0] == "execution_cached" for n in _list(m[1].get("nodes"))]
    return HistoryEntry(
        files=tuple(sorted(files, key=lambda file: file.type != "output")),
        cached=bool(outputs) and all(node in cached for node in outputs),
        error=None if status.get("status_str") == "success" else _end(messages),
    )


def _is_event(message: Any) -> bool:
    return isinstance(message, list) and len(message) == 2 and isinstance(message[1], dict)


def _end(messages: list[Any]) -> TowerError:
    """Return what the last message of a failed job says; "error" alone may be an interrupt."""
    for name, data in reversed(messages):
        if name == "execution_error":
            return _execution_error(data).as_error()
        if name == "execution_interrupted":
            return Interrupted("somebody stopped the job on the server")
    return ExecutionFailed("the server says that the job failed, but not why")


Choices: TypeAlias = Callable[[str, str], tuple[str, ...] | None]
"""(class type, input) → what the server offers there, None if it is no choice."""


def parse_rejection(answer: Any, choices: Choices) -> Refused:
    """Return the error behind a 400 of `POST /prompt`, with what is allowed instead."""
    error = _dict(_dict(answer).get("error"))
    if not error:
        return InvalidGraph(f"the server refuses the graph: {_short(answer)}")
    if error.get("type") == "missing_node_type":
        return _missing_node(error)
    if node_errors := _dict(answer.get("node_errors")):
        return parse_node_errors(node_errors, choices)
    details = f": {error['details']}" if error.get("details") else ""
    return InvalidGraph(f"the server refuses the graph: {error.get('message')}{details}")


def _missing_node(error: Mapping[str, Any]) -> MissingNode:
    """Name the class: the server's own message has the node's title there."""
    info = _dict(error.get("extra_info"))
    if name := info.get("class_type"):
        return MissingNode(f"node {info.get('node_id')}: {name} is not installed on the server")
    return MissingNode(f"{error.get('message')} ({error.get('details')})")


def parse_node_errors(node_errors: Mapping[str, Any], choices: Choices) -> Refused:
    """Return one error for all invalid nodes: a missing model if there is any."""
    found = [
        _node_error(node, str(_dict(body).get("class_type")), _dict(error), choices)
        for node, body in node_errors.items()
        for error in _list(_dict(body).get("errors"))
    ]
    kind = MissingModel if any(missing for missing, _ in found) else InvalidGraph
    return kind("; ".join(text for _, text in sorted(found, key=lambda item: not item[0])))


def _node_error(
    node: str, class_type: str, error: Mapping[str, Any], choices: Choices
) -> tuple[bool, str]:
    """Return whether something is missing, and the text that says what is allowed."""
    info = _dict(error.get("extra_info"))
    name, config = info.get("input_name"), _list(info.get("input_config"))
    where = f"node {node} ({class_type})" + (f", input {name}" if name else "")
    if error.get("type") == "value_not_in_list":
        # The server leaves out lists of more than 20; the catalog has them.
        allowed = stated_choices(config) or choices(class_type, str(name)) or ()
        received = info.get("received_value")
        return True, f"{where}: {received!r} is not there; {describe_choices(received, allowed)}"
    limits = _dict(config[1]) if len(config) > 1 else {}
    ends = [f"{word} {limits[key]}" for key, word in _ENDS.items() if key in limits]
    allowed_text = f" (allowed: {' '.join(ends)})" if ends else ""
    return False, f"{where}: {error.get('message')}: {error.get('details')}{allowed_text}"


def needed_errors(graph: Graph, node_errors: Any) -> dict[str, Any]:
    """Return those of an accepted job's errors that cost more than a preview.

    The server runs the valid branches of a graph and answers 200 all the same.
    """
    classes = {node: str(_dict(body).get("class_type")) for node, body in graph.items()}

    def is_needed(node: str, error: Any) -> bool:
        outputs = _list(_dict(error).get("dependent_outputs")) or [node]
        return not all(classes.get(str(n), "").startswith("Preview") for n in outputs)

    return {n: error for n, error in _dict(node_errors).items() if is_needed(n, error)}


_ENDS = {"min": "from", "max": "to"}


def created_ms(extra: Mapping[str, Any]) -> float | None:
    """Return when a job was submitted by the server's own clock (Unix, ms), None if unsaid."""
    value = extra.get("create_time")
    return float(value) if isinstance(value, int | float) else None


def parse_upload(answer: Any) -> str:
    """Return the name by which a graph reads an uploaded input; it may differ from ours."""
    name = _field(answer, "name", str)
    subfolder = str(answer.get("subfolder") or "")
    return f"{subfolder}/{name}" if subfolder else str(name)


def _queue_item(item: Any) -> QueueItem:
    if not isinstance(item, list) or len(item) < 2 or not isinstance(item[1], str):
        raise Malformed(f"a queue item has no prompt_id: {_short(item)}")
    if not isinstance(item[0], int | float):
        raise Malformed(f"a queue item has no number: {_short(item)}")
    return QueueItem(item[0], item[1], _dict(item[3]) if len(item) > 3 else {})


# ---- Files ----------------------------------------------------------------------------------

MEDIA_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
}


def damage(data: bytes) -> str | None:
    """Say what is wrong with a file as a whole, None if nothing is.

    Every chunk of a PNG has a checksum; JPEG ends with an EOI marker (zero padding allowed), WebP
    has its length in the RIFF header, MP4 is a row of boxes with lengths. Other formats are not
    judged here, apart from being empty.
    """
    if not data:
        return "the file is empty"
    if data.startswith(_PNG):
        return _png_damage(data)
    if data.startswith(b"\xff\xd8"):
        return None if data.rstrip(b"\0").endswith(b"\xff\xd9") else "the JPEG has no end (EOI)"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        stated = struct.unpack("<I", data[4:8])[0] + 8
        return None if len(data) >= stated else f"the WebP has {len(data)} of {stated} bytes"
    return _mp4_damage(data) if data[4:8] == b"ftyp" else None


_PNG = b"\x89PNG\r\n\x1a\n"


def _png_damage(data: bytes) -> str | None:
    at = len(_PNG)
    while at + 12 <= len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        end = at + 8 + length
        if end + 4 > len(data):
            break
        if zlib.crc32(data[at + 4 : end]) != struct.unpack(">I", data[end : end + 4])[0]:
            return f"the PNG's chunk {kind!r} at byte {at} has a wrong checksum"
        if kind == b"IEND":
            return None
        at = end + 4
    return f"the PNG has no end (IEND); it breaks off after {len(data)} bytes"


def _mp4_damage(data: bytes) -> str | None:
    at, kinds = 0, set[bytes]()
    while at + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        if length == 1 and at + 16 <= len(data):
            (length,) = struct.unpack(">Q", data[at + 8 : at + 16])
        kinds.add(kind)
        at = len(data) if length == 0 else at + max(length, 8)
    if at > len(data):
        return f"the MP4 has {len(data)} of {at} bytes"
    return None if b"moov" in kinds else "the MP4 has no index (moov)"


def _field(data: Any, name: str, kind: Any) -> Any:
    if not isinstance(data, dict) or not isinstance(data.get(name), kind):
        raise Malformed(f"{name!r} is missing or of the wrong kind in {_short(data)}")
    return data[name]


def _dict(value: Any) -> dict[str, Any]:
    """Return an optional object; nothing else counts as one."""
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    """Return an optional list; nothing else counts as one."""
    return value if isinstance(value, list) else []


def _count(data: Mapping[str, Any], name: str) -> int:
    value = data.get(name)
    return value if isinstance(value, int) else 0


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 160 else text[:160] + "…"
