"""What a real server said, replayed through the client."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from tests.contract.scripted_comfy import Scenario, ScriptedComfy, _frame, load, png, serving
from tower_anime.adapters.comfy import ComfyRenderer
from tower_anime.adapters.comfy_messages import OutputFile
from tower_anime.errors import BadInput, CorruptOutput
from tower_anime.graph.ready import READY, template
from tower_anime.ports import Rendered, RenderJob

GOOD = Scenario.captured("ksampler_preview_metadata")


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedComfy]:
    with serving(ScriptedComfy(GOOD)) as script:
        yield script


@pytest.fixture
def client(server: ScriptedComfy) -> Iterator[ComfyRenderer]:
    server.reset(GOOD)
    renderer = ComfyRenderer(server.url, down_after_s=0.5, silence_limit_s=5.0)
    yield renderer
    renderer.close()


def render(client: ComfyRenderer, graph: Any) -> Rendered:
    job = RenderJob(prompt_id=str(uuid.uuid4()), graph=graph, extra_pnginfo={})
    return client.render(
        job, on_submitted=lambda: None, on_progress=lambda _: None, cancelled=lambda: False
    )


def said(exchange: dict[str, Any]) -> Response:
    """The captured answer, to be given again."""
    response = exchange["response"]
    if "json" in response and response["json"] is not None:
        return JSONResponse(response["json"], response["status"])
    return Response(response.get("text", ""), response["status"])


@pytest.mark.parametrize("name", READY)
def test_every_workflow_that_comes_along_goes_through(
    server: ScriptedComfy, client: ComfyRenderer, name: str
) -> None:
    clip = "video" in name
    server.scenario = Scenario.captured("video_wan") if clip else GOOD
    rendered = render(client, template(name))
    assert rendered.files
    assert server.posts[0]["prompt"] == template(name)
    assert any(file.media_type == "video/mp4" for file in rendered.files) is clip


def test_a_reconnect_in_mid_run_goes_on_where_the_captured_one_did(
    server: ScriptedComfy, client: ComfyRenderer
) -> None:
    data = load("scenario_reconnect_same_client_id_mid_run")
    first, second = data["first_connection"], data["second_connection_first_20"]
    frames = [*first, *second, *data["second_connection_last_6"]]
    prompt_id = frames[-1]["message"]["data"]["prompt_id"]
    server.scenario = Scenario(
        graph=GOOD.graph,
        messages=tuple(_frame(m["message"]) for m in frames),
        entry=json.loads(json.dumps(GOOD.entry).replace(GOOD.prompt_id, prompt_id)),
        prompt_id=prompt_id,
    )
    server.drop_after = len(first)
    server.hold, server.hold_after = threading.Event(), len(first) + 1
    threading.Timer(0.6, server.hold.set).start()
    rendered = render(client, GOOD.graph)
    assert len(rendered.files) == len(server.posts) == 1
    assert len(server.first_frames) == 2
    assert rendered.sampler_steps > 0


@pytest.mark.parametrize("scenario", ["submitted_without_client_id", "preview_method_none"])
def test_without_any_event_the_end_is_found_by_asking(
    server: ScriptedComfy, client: ComfyRenderer, scenario: str
) -> None:
    # `disconnected_all_through` was the same: nothing is replayed to a socket that comes late.
    assert load("scenario_disconnected_all_through")["note"].endswith("nothing is replayed")
    server.silent = True
    graph = load(f"scenario_{scenario}")["post_prompt"]["request"]["json"]["prompt"]
    assert len(render(client, graph).files) == 1


def test_a_captured_queue_is_counted_and_a_waiting_job_taken_out_of_it(
    server: ScriptedComfy, client: ComfyRenderer
) -> None:
    data = load("scenario_queue_delete_clear_front")
    server.answers["GET /queue"] += [said(data["queue_with_pending"])]
    listed = data["queue_with_pending"]["response"]["json"]
    assert client.queue_length() == len(listed["queue_running"] + listed["queue_pending"]) > 3
    deleted = data["delete_pending"]["request"]["json"]["delete"][0]
    server.answers["GET /queue"] += [
        said(data["queue_with_pending"]),
        said(data["queue_before_clear"]),
    ]
    assert client.cancel(deleted) is True
    assert server.calls.count(f"POST /api/jobs/{deleted}/cancel") == 1
    server.answers["GET /queue"] += [said(data["queue_after_clear"])]
    assert client.queue_length() == 1  # clearing spares what runs
    # What was deleted leaves nothing behind: only the jobs interface says so by its status.
    assert data["history_of_deleted"]["response"]["json"] == {}
    assert data["api_job_of_deleted"]["response"]["status"] == 404


def test_the_captured_endpoints_say_what_the_server_is(
    server: ScriptedComfy, client: ComfyRenderer
) -> None:
    data = load("http_get_endpoints")
    server.answers["GET /system_stats"] += [said(data["/system_stats"])]
    server.answers["GET /api/jobs"] += [said(data["/api/jobs"])]
    facts = client.facts()
    assert (facts.version, facts.has_jobs_api, facts.previews) == ("0.33.0", True, "auto")
    server.answers["GET /queue"] += [said(data["/queue"])]
    assert client.queue_length() == 0


def test_memory_is_freed_as_the_captured_call_did(
    server: ScriptedComfy, client: ComfyRenderer
) -> None:
    client.free()
    assert server.freed == [load("http_history_free")["free"]["request"]["json"]]


@pytest.mark.parametrize("name", ["origin_mismatch", "sec_fetch_cross_site"])
def test_a_foreign_origin_is_refused_by_name(
    server: ScriptedComfy, client: ComfyRenderer, name: str
) -> None:
    captured = load("http_origin_checks")[name]
    server.answers["POST /prompt"] += [said(captured)]
    with pytest.raises(BadInput, match="status 403"):
        render(client, GOOD.graph)


@pytest.mark.parametrize("name", sorted(set(load("http_view")) - {"head", "range"}))
def test_captured_files_arrive_whole_or_are_refused(
    server: ScriptedComfy, client: ComfyRenderer, name: str
) -> None:
    status = load("http_view")[name]["response"]["status"]
    answers = [Response(png(), status, media_type="image/png") for _ in range(3)]
    server.answers["GET /view"] += answers
    file = OutputFile("9", "tiny_00004_.png", "", "output")
    if status == 200:
        assert client._server.download(file).data == png()
        return
    with pytest.raises(CorruptOutput, match=f"status {status}"):
        client._server.download(file)


@pytest.mark.parametrize("name", sorted(load("http_upload_image")))
def test_captured_uploads_give_the_name_to_use(
    server: ScriptedComfy, client: ComfyRenderer, name: str
) -> None:
    captured = load("http_upload_image")[name]
    server.answers["POST /upload/image"] += [said(captured)]
    if captured["response"]["status"] != 200:
        with pytest.raises(BadInput, match="does not take the input"):
            client.upload(b"data", "a.png")
        return
    answer = captured["response"]["json"]
    assert client.upload(b"data", "a.png").endswith(answer["name"])


def test_an_input_is_uploaded_under_its_name(server: ScriptedComfy, client: ComfyRenderer) -> None:
    assert client.upload(png(), "in.png") == "in.png"
    assert server.uploads == [("in.png", png())]
