from __future__ import annotations

import json
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tower_anime.adapters.comfy_messages import (
    Executing,
    Malformed,
    NodeProgress,
    Other,
    Preview,
    ProgressState,
    client_id,
    damage,
    parse_entry,
    parse_facts,
    parse_history,
    parse_message,
    parse_queue,
    parse_rejection,
    parse_upload,
    samplers,
    version_of,
)
from tower_anime.errors import ExecutionFailed, Interrupted, OutOfMemory, Refused

CAPTURES = Path(__file__).parents[2] / "captures"


def one_of(text: str) -> st.SearchStrategy[str]:
    return st.sampled_from(text.split())


WORDS = one_of(
    "type data nodes node prompt_id value max error node_errors errors extra_info input_config "
    "details outputs images filename status messages status_str system devices argv prompt "
    "queue_running queue_pending node_id exception_type options class_type input_name"
)
EVENTS = one_of(
    "progress executing executed execution_start execution_cached execution_success "
    "execution_error execution_interrupted progress_state"
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(WORDS | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


def test_every_captured_frame_is_understood() -> None:
    seen = set()
    for path in CAPTURES.glob("scenario_*.json"):
        frames = json.loads(path.read_text(encoding="utf-8")).get("ws_messages", [])
        for frame in frames:
            if not frame["message"].get("binary"):
                seen.add(type(parse_message(json.dumps(frame["message"]))).__name__)
    assert seen == {
        "Executed",
        "Executing",
        "ExecutionCached",
        "ExecutionError",
        "ExecutionStart",
        "ExecutionSuccess",
        "NodeProgress",
        "Other",
        "ProgressState",
    }


def test_values_are_read() -> None:
    assert parse_message(
        '{"type": "progress", "data": {"value": 3, "max": 8, "prompt_id": "p", "node": "3"}}'
    ) == NodeProgress("p", "3", 3, 8)
    assert parse_message('{"type": "executing", "data": {"node": "3"}}') == Executing(None, "3")
    assert parse_message('{"type": "crystools.monitor", "data": [1]}') == Other("crystools.monitor")
    state = {"3": {"value": 2, "max": 8, "state": "running", "node_id": "3", "prompt_id": "p"}}
    assert parse_message(
        json.dumps({"type": "progress_state", "data": {"prompt_id": "p", "nodes": state}})
    ) == ProgressState("p", (NodeProgress("p", "3", 2, 8),))


def test_previews_of_both_kinds() -> None:
    assert parse_message(struct.pack(">II", 1, 1) + b"jpeg") == Preview(b"jpeg", "image/jpeg")
    assert parse_message(struct.pack(">II", 1, 2) + b"png") == Preview(b"png", "image/png")
    data = json.dumps({"image_type": "image/webp", "prompt_id": "p", "node_id": "3"}).encode()
    assert parse_message(struct.pack(">II", 4, len(data)) + data + b"webp") == Preview(
        b"webp", "image/webp", "p", "3"
    )
    assert parse_message(struct.pack(">II", 3, 0) + b"text") == Other("binary 3")


@pytest.mark.parametrize(
    ("raw", "part"),
    [
        ("hello", "hello"),
        ("[1]", r"'type'.*\[1\]"),
        ('{"type": 3}', "'type'"),
        ('{"type": "progress"}', "'data'"),
        ('{"type": "progress", "data": {"prompt_id": "p", "node": "3", "max": 1}}', "'value'"),
        (b"abc", "3 bytes"),
        (struct.pack(">II", 1, 9) + b"x", "format 9"),
        (struct.pack(">II", 4, 99) + b"{}{", "metadata"),
        (struct.pack(">II", 4, 2) + b"{}", "image_type"),
    ],
)
def test_the_offending_part_is_shown(raw: str | bytes, part: str) -> None:
    with pytest.raises(Malformed, match=part):
        parse_message(raw)


@given(st.binary(max_size=40))
def test_any_bytes_are_parsed_or_refused(raw: bytes) -> None:
    with suppress(Malformed):
        parse_message(raw)


@given(kind=EVENTS, data=JSON)
def test_any_json_is_parsed_or_refused(kind: str, data: object) -> None:
    with suppress(Malformed):
        parse_message(json.dumps({"type": kind, "data": data}))


@given(JSON)
def test_any_answer_is_parsed_or_refused(answer: object) -> None:
    refusal = parse_rejection(answer, lambda _class_type, _name: None)
    assert isinstance(refusal, Refused)
    for parse in (
        parse_queue,
        parse_history,
        parse_entry,
        lambda stats: parse_facts(stats, url="http://x", has_jobs_api=True),
    ):
        with suppress(Malformed):
            parse(answer)


@given(node_errors=JSON, error=JSON)
def test_any_rejection_is_one(node_errors: object, error: object) -> None:
    for answer in (
        {"error": {"type": "missing_node_type", "extra_info": error}, "node_errors": {}},
        {"error": {"type": "x"}, "node_errors": node_errors},
        {"error": {"type": "x"}, "node_errors": {"3": {"errors": [error], "class_type": 3}}},
    ):
        assert isinstance(parse_rejection(answer, lambda *_: None), Refused)


@given(outputs=JSON, messages=JSON)
def test_any_history_is_parsed_or_refused(outputs: object, messages: object) -> None:
    for status in (
        {"status_str": "success", "messages": messages},
        {"status_str": "error", "messages": [["execution_error", messages]]},
        {"status_str": "success", "messages": [["execution_cached", {"nodes": messages}]]},
        messages,
    ):
        for found in (outputs, {"9": outputs}, {"9": {"images": [outputs]}}):
            with suppress(Malformed):
                parse_entry({"outputs": found, "status": status})


def entry(**changes: object) -> dict[str, object]:
    return {
        "outputs": {"9": {"images": [{"filename": "a.png", "subfolder": "", "type": "output"}]}},
        "status": {"status_str": "success", "completed": True, "messages": []},
    } | changes


def test_the_last_event_tells_an_error_from_an_interrupt() -> None:
    def ended(kind: str, **data: object) -> object:
        status = {"status_str": "error", "messages": [["execution_start", {}], [kind, data]]}
        return parse_entry(entry(status=status)).error

    assert isinstance(ended("execution_interrupted"), Interrupted)
    assert isinstance(ended("execution_error", exception_type="ValueError"), ExecutionFailed)
    for name in ("torch.OutOfMemoryError", "torch.cuda.OutOfMemoryError"):
        assert isinstance(ended("execution_error", exception_type=name), OutOfMemory)
    assert isinstance(ended("something_else"), ExecutionFailed)


def test_files_of_every_list_are_taken_outputs_first() -> None:
    outputs = {
        "1": {"images": [{"filename": "t.png", "subfolder": "", "type": "temp"}]},
        "2": {"gifs": [{"filename": "v.mp4", "subfolder": "s", "type": "output"}], "text": ["x"]},
        "3": {"images": [{"filename": "w.webp", "type": "output"}], "animated": [True]},
    }
    files = parse_entry(entry(outputs=outputs)).files
    assert [file.filename for file in files] == ["v.mp4", "w.webp", "t.png"]


def test_only_nodes_that_are_told_steps_count_as_samplers() -> None:
    graph = {
        "1": {"class_type": "KSampler", "inputs": {"steps": 3}},
        "2": {"class_type": "SamplerCustomAdvanced", "inputs": {"sigmas": ["4", 0]}},
        "3": {"class_type": "FaceDetailer", "inputs": {"steps": 20}},
        "5": {"class_type": "VAEDecodeTiled", "inputs": {"tile_size": 512}},
        "6": {"class_type": "ImageUpscaleWithModel", "inputs": {}},
    }
    assert samplers(graph) == {"1", "2", "3"}


def test_previews_and_cards() -> None:
    def facts(version: str, *argv: str, card: str = "cuda") -> tuple[str, int | None]:
        device = {"name": "it", "type": card, "vram_total": 8, "vram_free": 4}
        system = {"comfyui_version": version, "argv": ["main.py", *argv]}
        found = parse_facts(
            {"system": system, "devices": [device]}, url="http://x", has_jobs_api=False
        )
        return found.previews, found.vram_total_bytes

    assert facts("0.33.0", "--preview-method", "taesd") == ("taesd", 8)
    assert facts("0.33.0", "--preview-method", "none", card="cpu") == ("per prompt", None)
    assert facts("0.3.64") == ("none", 8)


def test_versions_and_client_ids() -> None:
    assert version_of("0.3.64") < version_of("0.25") < version_of("v0.33.0")
    assert version_of("unknown") == ()
    assert client_id("6b8f5de1-bea4-4ccb-93e8-09a54014286f") == "6b8f5de1bea44ccb93e809a54014286f"


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def box(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", 8 + len(data)) + kind + data


PNG = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IDAT", b"x" * 30) + png_chunk(b"IEND", b"")
MP4 = box(b"ftyp", b"isom") + box(b"mdat", b"x" * 40) + box(b"moov", b"y" * 20)
WEBP = b"RIFF" + struct.pack("<I", 20) + b"WEBPVP8L" + b"x" * 12


@pytest.mark.parametrize("data", [PNG, b"\xff\xd8 x \xff\xd9\0\0", WEBP, MP4])
def test_the_end_of_a_picture_is_looked_for(data: bytes) -> None:
    assert damage(data) is None
    assert damage(data[:-3].rstrip(b"\xff")) is not None
    assert damage(b"") == "the file is empty"
    assert damage(b"something else") is None


def test_damage_inside_a_png_and_a_clip_without_its_index_are_seen() -> None:
    assert "checksum" in (damage(PNG[:20] + b"?" + PNG[21:]) or "")
    assert "moov" in (damage(MP4[:-28]) or "")
    assert "44 bytes" not in (damage(MP4) or "")


def test_an_uploaded_input_has_the_name_the_server_gave_it() -> None:
    captured = json.loads((CAPTURES / "http_upload_image.json").read_text(encoding="utf-8"))
    names = {
        name: parse_upload(exchange["response"]["json"])
        for name, exchange in captured.items()
        if exchange["response"].get("json")
    }
    assert names["first"] == names["same_bytes_again"] == "proto_up.png"
    assert names["other_bytes_same_name_no_overwrite"] == "proto_up (1).png"
    assert names["subfolder"] == "qc/ref/proto_up.png"
    with pytest.raises(Malformed):
        parse_upload({"error": "no"})
