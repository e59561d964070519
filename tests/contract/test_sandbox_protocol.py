"""The sandbox against what a real ComfyUI 0.33 was recorded to answer."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator
from hashlib import sha256

import cv2
import numpy as np
import pytest

from tests.contract.sandbox_client import (
    Client,
    Json,
    capture,
    client_of,
    labels,
    sampler_graph,
    shape,
)
from tower_anime.sandbox.server import SandboxConfig, running

REJECTIONS = capture("http_prompt_rejections")


@contextlib.contextmanager
def sandbox(**config: Json) -> Iterator[Client]:
    with running(SandboxConfig(**config)) as url, client_of(url) as client:
        yield client


@pytest.fixture(scope="module")
def shared() -> Iterator[Client]:
    with sandbox() as client:
        yield client


@pytest.fixture
def client() -> Iterator[Client]:
    with sandbox() as client:
        yield client


@pytest.fixture
def slow() -> Iterator[Client]:
    with sandbox(seconds_per_step=0.02) as client:
        yield client


# ---- prompts and refusals -------------------------------------------------------------------


def without_traces(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: without_traces(part) for key, part in value.items() if key != "traceback"}
    return [without_traces(part) for part in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", REJECTIONS)
def test_a_prompt_is_answered_as_recorded(shared: Client, name: str) -> None:
    request, recorded = REJECTIONS[name]["request"], REJECTIONS[name]["response"]
    if "raw" in request:
        answer = shared.http.post("/prompt", content=request["raw"], headers=request["headers"])
    else:
        answer = shared.http.post("/api/prompt", json=request["json"])
    assert answer.status_code == recorded["status"]
    assert answer.headers["content-type"] == recorded["headers"]["Content-Type"]
    if "json" not in recorded:
        assert answer.text == recorded["text"]
        return
    ours, theirs = without_traces(answer.json()), without_traces(recorded["json"])
    assert shape(ours) == shape(theirs)
    for key in ("error", "node_errors"):
        assert ours.get(key) == theirs.get(key)


def test_the_traceback_of_a_refusal_is_a_list_of_text(shared: Client) -> None:
    prompt = REJECTIONS["missing_link_target"]["request"]["json"]["prompt"]
    errors = shared.http.post("/prompt", json={"prompt": prompt}).json()["node_errors"]
    trace = errors["3"]["errors"][0]["extra_info"]["traceback"]
    assert trace
    assert all(isinstance(line, str) for line in trace)


@pytest.mark.parametrize("raw", ["5", "null", '{"prompt": [1]}', '{"prompt": {"1": "x"}}'])
def test_what_is_no_graph_at_all_makes_the_server_stumble(shared: Client, raw: str) -> None:
    assert shared.http.post("/prompt", content=raw).status_code == 500


def test_the_id_of_the_client_is_kept_and_numbers_rise(shared: Client) -> None:
    prompt_id = str(uuid.uuid4())
    first = shared.post(sampler_graph(seed=100), prompt_id=prompt_id)
    second = shared.post(sampler_graph(seed=101))
    assert first["prompt_id"] == prompt_id
    assert second["number"] == first["number"] + 1


# ---- scenarios ------------------------------------------------------------------------------


def changed(prompt: Json, **inputs: Json) -> Json:
    """Return the prompt with every input of these names replaced."""
    return {
        node_id: node | {"inputs": {k: inputs.get(k, value) for k, value in node["inputs"].items()}}
        for node_id, node in prompt.items()
    }


def recorded_prompt(name: str) -> Json:
    return capture(f"scenario_{name}")["post_prompt"]["request"]["json"]["prompt"]


SCENARIOS: dict[str, Callable[[], list[Json]]] = {
    # scenario → what ran before it, so that the same nodes are cached
    "core_nodes_first_run": list,
    "core_nodes_repeat_all_cached": lambda: [recorded_prompt("core_nodes_first_run")],
    "core_nodes_partial_cache": lambda: [recorded_prompt("core_nodes_first_run")],
    "ksampler_preview_metadata": list,
    "ksampler_preview_legacy_no_feature_flags": lambda: [
        changed(recorded_prompt("ksampler_preview_metadata"), seed=5)
    ],
    "batch4_ksampler": list,
    "ksampler_advanced": lambda: [changed(recorded_prompt("ksampler_advanced"), noise_seed=5)],
    "sampler_custom_advanced": lambda: [recorded_prompt("batch4_ksampler")],
    "load_image_preview_temp": list,
    "partial_execution_targets": list,
    "execution_error_save_prefix_traversal": list,
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_job_runs_as_recorded(client: Client, name: str) -> None:
    recorded = capture(f"scenario_{name}")
    if name == "load_image_preview_temp":
        upload(client, picture(3), subfolder="qc/ref")
    for prompt in SCENARIOS[name]():
        client.finish(prompt)
    body = recorded["post_prompt"]["request"]["json"]
    with client.socket(body["client_id"], flags="legacy" not in name) as socket:
        prompt_id = client.http.post("/prompt", json=body).json()["prompt_id"]
        messages = socket.until_over()

    assert labels(messages) == labels(recorded["ws_messages"])
    for ours, theirs in zip(messages, recorded["ws_messages"], strict=True):
        if "binary" in theirs["message"]:
            assert shape(ours.get("metadata")) == shape(theirs["message"].get("metadata"))
            assert ours["image"].startswith(b"\xff\xd8")
        else:
            assert shape(ours) == shape(theirs["message"])

    (their_entry,) = recorded["history"]["response"]["json"].values()
    history = client.http.get(f"/history/{prompt_id}").json()
    assert shape(history[prompt_id]) == shape(their_entry)
    assert history[prompt_id]["prompt"][1:3] == [prompt_id, their_entry["prompt"][2]]
    statuses = [m[0] for m in history[prompt_id]["status"]["messages"]]
    assert statuses == [m[0] for m in their_entry["status"]["messages"]]
    job = client.http.get(f"/api/jobs/{prompt_id}").json()
    assert shape(job) == shape(recorded["api_job"]["response"]["json"])
    assert job["status"] == recorded["api_job"]["response"]["json"]["status"]


def test_no_previews_when_the_prompt_turns_them_off(client: Client) -> None:
    recorded = capture("scenario_preview_method_none")
    body = recorded["post_prompt"]["request"]["json"]
    client.finish(changed(body["prompt"], seed=5))
    with client.socket(body["client_id"]) as socket:
        client.http.post("/prompt", json=body)
        messages = socket.until_over()
    # the recorded server was late and left the second of four steps out
    assert set(labels(messages)) == set(labels(recorded["ws_messages"]))
    assert labels(messages).count("progress 3") == 4


def test_the_same_graph_again_returns_the_old_file_and_another_prefix_a_new_one(
    client: Client,
) -> None:
    first = client.finish(sampler_graph(prefix="a"))
    again = client.finish(sampler_graph(prefix="a"))
    other = client.finish(sampler_graph(prefix="b"))
    assert again["outputs"] == first["outputs"]
    assert other["outputs"]["9"]["images"][0]["filename"] == "b_00001_.png"


def test_the_cache_holds_the_last_prompt_only(client: Client) -> None:
    first = client.finish(sampler_graph(seed=1))
    client.finish({"1": NODE_EMPTY, "2": save("1")})
    again = client.finish(sampler_graph(seed=1))
    assert again["outputs"] != first["outputs"]


NODE_EMPTY = {
    "class_type": "EmptyImage",
    "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 255},
}


def save(source: str, prefix: str = "s") -> Json:
    return {
        "class_type": "SaveImage",
        "inputs": {"images": [source, 0], "filename_prefix": prefix},
    }


@pytest.mark.parametrize("way", ["global", "targeted", "cancel"])
def test_an_interrupt_ends_as_recorded(slow: Client, way: str) -> None:
    recorded = capture("scenario_interrupt_global")
    with slow.socket() as socket:
        prompt_id = slow.post(sampler_graph(steps=400), client_id="test")["prompt_id"]
        socket.until("progress")
        slow.http.post("/interrupt", json={"prompt_id": str(uuid.uuid4())})
        assert socket.until("progress"), "an interrupt of another job stops nothing"
        if way == "global":
            answer = slow.http.post("/interrupt")
        elif way == "targeted":
            answer = slow.http.post("/interrupt", json={"prompt_id": prompt_id})
        else:
            answer = slow.http.post(f"/api/jobs/{prompt_id}/cancel")
            assert answer.json() == {"cancelled": True}
        assert answer.status_code == 200
        end = [
            m for m in socket.until_over() if m.get("type") not in ("progress_state", "progress")
        ]
    their_end = [m["message"] for m in recorded["ws_messages_progress_thinned"][-3:]]
    ours = [message for message in end if "binary" not in message]
    assert labels(ours) == labels(their_end)
    assert [shape(m) for m in ours][1:] == [shape(m) for m in their_end][1:]
    assert ours[0]["data"].keys() == their_end[0]["data"].keys()
    entry = slow.http.get(f"/history/{prompt_id}").json()[prompt_id]
    (their_entry,) = recorded["history"]["response"]["json"].values()
    assert entry["status"]["messages"][-1][0] == "execution_interrupted"
    assert entry.keys() == their_entry.keys()
    assert entry["outputs"] == their_entry["outputs"] == {}
    job = slow.http.get(f"/api/jobs/{prompt_id}").json()
    assert job["status"] == "cancelled"
    assert job.keys() == recorded["api_job"]["response"]["json"].keys()


def test_cancelling_what_is_over_says_so(shared: Client) -> None:
    answer = shared.http.post(f"/api/jobs/{uuid.uuid4()}/cancel")
    assert answer.json() == {"cancelled": False}


def test_pending_jobs_can_be_deleted_cleared_and_put_in_front(slow: Client) -> None:
    recorded = capture("scenario_queue_delete_clear_front")
    posts = [slow.post(sampler_graph(seed=1, steps=2000))]
    wait_for(lambda: slow.http.get("/queue").json()["queue_running"])
    posts += [slow.post(sampler_graph(seed=seed)) for seed in (2, 3)]
    posts.append(slow.post(sampler_graph(seed=4), front=True))
    ids = [post["prompt_id"] for post in posts]

    queue = slow.http.get("/queue").json()
    assert shape(queue) == shape(recorded["queue_with_pending"]["response"]["json"])
    assert sorted(queue["queue_pending"])[0][:2] == [-3, ids[3]]
    jobs = slow.http.get("/api/jobs?status=pending,in_progress").json()
    assert shape(jobs) == shape(recorded["api_jobs_list"]["response"]["json"])
    assert jobs["jobs"][-1]["status"] == "in_progress"
    assert slow.http.get(f"/api/jobs/{ids[1]}").json()["status"] == "pending"

    for body in ({"delete": [ids[1]]}, {"delete": [str(uuid.uuid4())]}, {"delete": [ids[0]]}):
        assert slow.http.post("/queue", json=body).status_code == 200
    assert slow.http.get(f"/history/{ids[1]}").json() == {}
    assert slow.http.get(f"/api/jobs/{ids[1]}").status_code == 404
    assert slow.http.get("/queue").json()["queue_running"][0][1] == ids[0]
    assert slow.http.get("/prompt").json() == {"exec_info": {"queue_remaining": 3}}
    slow.http.post("/queue", json={"clear": True})
    assert slow.http.get("/queue").json()["queue_pending"] == []
    slow.http.post("/interrupt")


def wait_for(true: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_events_without_a_client_reach_a_bystander_as_recorded(client: Client) -> None:
    recorded = capture("scenario_submitted_without_client_id")
    body = recorded["post_prompt"]["request"]["json"]
    client.finish(changed(body["prompt"], seed=5))
    with client.socket() as socket:
        assert labels(socket.until("feature_flags"))[0] == "status 0"
        client.http.post("/prompt", json=body)
        messages = [socket.receive() for _ in recorded["ws_of_a_bystander"][2:]]
    assert labels(messages) == labels(recorded["ws_of_a_bystander"][2:])


def test_a_client_hears_nothing_of_another_ones_job(client: Client) -> None:
    with client.socket("bystander") as socket:
        client.finish(sampler_graph())
        heard = socket.until("status") + [socket.receive() for _ in range(4)]
    assert {message["type"] for message in heard} == {"status", "feature_flags"}


def test_a_reconnect_is_told_the_running_node_and_nothing_missed(slow: Client) -> None:
    recorded = capture("scenario_reconnect_same_client_id_mid_run")
    with slow.socket() as socket:
        slow.post(sampler_graph(steps=200), client_id="test")
        socket.until("progress")
    with slow.socket() as socket:
        greeting = socket.until("feature_flags")
        greeting = [
            m for m in greeting if m.get("type") in ("status", "executing", "feature_flags")
        ]
        their_greeting = recorded["second_connection_first_20"][:3]
        assert labels(greeting) == labels(their_greeting)
        assert [shape(m) for m in greeting] == [shape(m["message"]) for m in their_greeting]
        assert socket.until("progress")[-1]["data"]["value"] > 1
        slow.http.post("/interrupt")


def test_nothing_is_replayed_to_who_comes_late(client: Client) -> None:
    client.finish(sampler_graph())
    with client.socket() as socket:
        recorded = capture("scenario_disconnected_all_through")["ws_after"]
        assert labels([socket.receive() for _ in recorded]) == labels(recorded)


def test_history_comes_after_execution_success(client: Client) -> None:
    late = next(  # the lag hangs on the id: take one with nearly all of its 15 ms
        str(ident)
        for ident in (uuid.uuid5(uuid.NAMESPACE_URL, str(i)) for i in range(10_000))
        if sha256(str(ident).encode()).digest()[0] >= 254
    )
    with client.socket() as socket:
        client.post(sampler_graph(), client_id="test", prompt_id=late)
        socket.until("execution_success")
        assert client.http.get(f"/history/{late}").json() == {}
        socket.until_over()
        assert late in client.http.get(f"/history/{late}").json()


# ---- the other routes -----------------------------------------------------------------------

SAME = (
    "/features",
    "/prompt",
    "/queue",
    "/models",
    "/embeddings",
    "/users",
    "/settings",
    "/object_info/KSampler",
    "/object_info/NoSuchNode",
    "/models/nonexistent",
    "/models/checkpoints",
    "/history/00000000-0000-0000-0000-000000000000",
    "/api/jobs/00000000-0000-0000-0000-000000000000",
)


@pytest.mark.parametrize("path", SAME)
def test_a_route_answers_as_recorded(client: Client, path: str) -> None:
    recorded = capture("http_get_endpoints")[path]["response"]
    answer = client.http.get(path)
    assert answer.status_code == recorded["status"]
    if "json" in recorded:
        assert answer.json() == recorded["json"]


@pytest.mark.parametrize("path", ["/system_stats", "/api/system_stats"])
def test_system_stats_say_that_this_is_a_sandbox(client: Client, path: str) -> None:
    stats = client.http.get(path).json()
    (recorded,) = capture("http_get_endpoints")[path]["response"]["json"]["devices"]
    (device,) = stats["devices"]
    assert shape(device) == shape(recorded)
    assert stats["system"]["comfyui_version"] == "0.33.0"
    assert stats["system"]["tower_sandbox"] is True
    assert "no diffusion model" in device["name"]


def test_the_catalog_lists_only_what_runs_here(shared: Client) -> None:
    from tower_anime.sandbox.nodes import NODES

    catalog = shared.http.get("/object_info").json()
    assert catalog.keys() == NODES.keys()
    theirs = capture("object_info_selected")
    for name in catalog.keys() & theirs.keys():
        assert catalog[name].keys() == theirs[name].keys()
        assert catalog[name]["input_order"] == theirs[name]["input_order"]


def test_history_can_be_cut_deleted_and_cleared(client: Client) -> None:
    for seed in range(3):
        client.finish(sampler_graph(seed=seed))
    history = client.http.get("/history").json()
    oldest = next(iter(history))
    assert list(client.http.get("/history?max_items=2").json()) == list(history)[1:]
    assert client.http.post("/history", json={"delete": [oldest]}).status_code == 200
    assert client.http.get(f"/history/{oldest}").json() == {}
    assert client.http.get("/api/jobs?limit=1").json()["pagination"] == {
        "offset": 0,
        "limit": 1,
        "total": 2,
        "has_more": True,
    }
    assert client.http.get("/api/jobs?status=nonsense").status_code == 400
    client.http.post("/history", json={"clear": True})
    assert client.http.get("/history").json() == {}


def test_free_empties_the_cache(client: Client) -> None:
    first = client.finish(sampler_graph())
    client.http.post("/free", json={"unload_models": True, "free_memory": True})
    assert client.finish(sampler_graph())["outputs"] != first["outputs"]


@pytest.mark.parametrize("name", ["origin_mismatch", "sec_fetch_cross_site"])
def test_a_foreign_page_is_turned_away(shared: Client, name: str) -> None:
    request = capture("http_origin_checks")[name]["request"]
    answer = shared.http.post("/prompt", json=request["json"], headers=request["headers"])
    assert answer.status_code == 403
    own = shared.http.post("/prompt", json=request["json"], headers={"Origin": shared.url})
    assert own.status_code == 200


def picture(value: int) -> bytes:
    return cv2.imencode(".png", np.full((16, 24, 3), value, np.uint8))[1].tobytes()


def upload(client: Client, data: bytes, **fields: str) -> Json:
    answer = client.http.post("/upload/image", files={"image": ("proto_up.png", data)}, data=fields)
    return answer.json() if answer.status_code == 200 else answer.status_code


def test_uploads_are_named_as_recorded(client: Client) -> None:
    recorded = {
        name: case["response"].get("json", case["response"]["status"])
        for name, case in capture("http_upload_image").items()
    }
    assert upload(client, picture(1)) == recorded["first"]
    assert upload(client, picture(1)) == recorded["same_bytes_again"]
    assert upload(client, picture(2)) == recorded["other_bytes_same_name_no_overwrite"]
    assert upload(client, picture(2), overwrite="true") == recorded["overwrite_true"]
    assert upload(client, picture(2), subfolder="qc/ref") == recorded["subfolder"]
    assert upload(client, picture(2), subfolder="../..") == recorded["subfolder_traversal"]
    temp = upload(client, picture(2), type="temp")
    assert temp == recorded["type_temp"] | {"name": "proto_up.png"}
    empty = client.http.post("/upload/image", data={"type": "input"})
    assert empty.status_code == recorded["no_image_field"]
    info = client.http.get("/object_info/LoadImage").json()
    names = info["LoadImage"]["input"]["required"]["image"][0]
    assert names == ["proto_up (1).png", "proto_up.png"]


def test_a_name_in_an_upload_that_leads_out_is_refused(client: Client) -> None:
    answer = client.http.post("/upload/image", files={"image": ("../../x.png", picture(1))})
    assert answer.status_code == 400


@pytest.mark.parametrize("name", capture("http_view"))
def test_view_answers_as_recorded(shared: Client, name: str) -> None:
    image = shared.finish(sampler_graph(prefix="view"))["outputs"]["9"]["images"][0]
    case = capture("http_view")[name]
    path = case["request"]["path"].replace("tiny_00004_.png", image["filename"])
    headers = case["request"].get("headers", {})
    answer = shared.http.request(case["request"]["method"], path, headers=headers)
    recorded = case["response"]
    assert answer.status_code == recorded["status"]
    if answer.status_code >= 400:
        return
    theirs = recorded["headers"]
    assert answer.headers["content-type"] == theirs["Content-Type"]
    assert answer.headers["content-disposition"] == f'filename="{image["filename"]}"'
    for header in ("etag", "last-modified", "accept-ranges", "content-range"):
        assert (header in answer.headers) == (header.title() in theirs)
    if recorded["body_head_hex"]:
        assert answer.content[:4].hex() == recorded["body_head_hex"][:8]
    if name == "range":
        assert len(answer.content) == 100
