from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.responses import JSONResponse, PlainTextResponse, Response

from tests.contract.scripted_comfy import JPEG, Scenario, ScriptedComfy, load, png, serving
from tower_anime.adapters.comfy import ComfyRenderer
from tower_anime.domain.progress import Progress
from tower_anime.errors import (
    BadInput,
    Cancelled,
    CorruptOutput,
    ExecutionFailed,
    Interrupted,
    InvalidGraph,
    MissingModel,
    MissingNode,
    OutOfMemory,
    RenderTimeout,
    ServerDown,
    ServerLost,
    TowerError,
)
from tower_anime.ports import Rendered, RenderJob

GOOD = Scenario.captured("ksampler_preview_metadata")


@dataclass
class Desk:
    """A scripted server, a client of it, and what the client told."""

    server: ScriptedComfy
    client: ComfyRenderer
    submitted: list[str] = field(default_factory=list)
    progress: list[Progress] = field(default_factory=list)
    cancelled: Callable[[], bool] = lambda: False

    def job(self) -> RenderJob:
        return RenderJob(
            prompt_id=str(uuid.uuid4()), graph=self.server.scenario.graph, extra_pnginfo={}
        )

    def render(self, job: RenderJob | None = None) -> Rendered:
        job = job or self.job()
        return self.client.render(
            job,
            on_submitted=lambda: self.submitted.append(job.prompt_id),
            on_progress=self.progress.append,
            cancelled=self.cancelled,
        )


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedComfy]:
    with serving(ScriptedComfy(GOOD)) as script:
        yield script


@pytest.fixture
def desk(server: ScriptedComfy) -> Iterator[Desk]:
    server.reset(GOOD)
    client = ComfyRenderer(server.url, down_after_s=0.8, silence_limit_s=0.6)
    yield Desk(server, client)
    client.close()


def play(desk: Desk, name: str) -> Rendered:
    desk.server.scenario = Scenario.captured(name)
    return desk.render()


# ---- captured runs --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scenario", "steps", "files", "cached"),
    [
        ("core_nodes_first_run", 0, 1, False),
        ("core_nodes_partial_cache", 0, 1, False),
        ("core_nodes_repeat_all_cached", 0, 1, True),
        ("batch4_ksampler", None, 4, False),
        ("ksampler_preview_metadata", 8, 1, False),
        ("ksampler_preview_legacy_no_feature_flags", 4, 1, False),
        ("preview_method_none", None, 1, False),
        ("ksampler_advanced", None, 1, False),
        ("sampler_custom_advanced", 5, 1, False),
        ("determinism_same_seed_a", None, 1, False),
        ("video_wan", 3, 2, False),
        ("partial_execution_targets", 0, 1, False),
    ],
)
def test_captured_runs_end_well(
    desk: Desk, scenario: str, steps: int | None, files: int, cached: bool
) -> None:
    rendered = play(desk, scenario)
    assert len(rendered.files) == files
    assert rendered.cached is cached
    if steps is not None:
        assert rendered.sampler_steps == steps
    assert len(desk.server.posts) == len(desk.submitted) == 1


@pytest.mark.parametrize(
    ("scenario", "error", "says"),
    [
        ("execution_error_corrupt_checkpoint", ExecutionFailed, "node 4 .*header too large"),
        ("execution_error_shape_mismatch", ExecutionFailed, r"node 3 \(KSampler\).*tuple index"),
        ("execution_error_save_prefix_traversal", ExecutionFailed, "SaveImage"),
        ("interrupt_global", Interrupted, "somebody"),
        ("interrupt_targeted", Interrupted, "somebody"),
        ("interrupt_wrong_id_then_api_cancel", Interrupted, "somebody"),
    ],
)
def test_captured_failures_have_their_names(
    desk: Desk, scenario: str, error: type[TowerError], says: str
) -> None:
    with pytest.raises(error, match=says):
        play(desk, scenario)


def test_outputs_come_before_temporary_files(desk: Desk) -> None:
    (file,) = play(desk, "load_image_preview_temp").files
    assert (file.filename, file.subfolder, file.node) == ("inv_00001_.png", "sub/dir", "4")
    assert file.data == png()
    assert file.media_type == "image/png"


def test_progress_and_previews_are_told_in_order(desk: Desk) -> None:
    desk.render()
    assert [p.step for p in desk.progress if p.step and not p.preview][:8] == list(range(1, 9))
    assert {p.steps for p in desk.progress if p.step} == {8}
    assert [p.preview for p in desk.progress if p.preview] == [JPEG] * 8
    assert (desk.progress[0].phase, desk.progress[-1].phase) == ("queued", "collecting")


def test_the_submission_names_itself_and_the_socket_speaks_first(desk: Desk) -> None:
    job = desk.job()
    desk.render(job)
    (body,) = desk.server.posts
    assert body["prompt_id"] == job.prompt_id
    assert body["extra_data"]["preview_method"] == "auto"
    assert '"supports_preview_metadata": true' in desk.server.first_frames[0]


# ---- refusals -------------------------------------------------------------------------------


def refusal(desk: Desk, name: str) -> pytest.ExceptionInfo[TowerError]:
    response = load("http_prompt_rejections")[name]["response"]
    answer: Response
    for _ in range(4):
        if "json" in response:
            answer = JSONResponse(response["json"], response["status"])
        else:
            answer = PlainTextResponse(response["text"], response["status"])
        desk.server.answers["POST /prompt"].append(answer)
    with pytest.raises(TowerError) as caught:
        desk.render()
    assert desk.submitted == []
    return caught


@pytest.mark.parametrize(
    ("name", "error", "says"),
    [
        ("missing_checkpoint", MissingModel, "'not_here.safetensors' is not there.*tiny_sd3"),
        ("sampler_not_in_list", MissingModel, "allowed: euler, .* and 32 more"),
        ("unknown_class_type", MissingNode, "NoSuchNode"),
        ("no_class_type", MissingNode, "#3"),
        ("missing_required_input", InvalidGraph, "node 3.*input seed.*missing"),
        ("value_too_big", InvalidGraph, r"input steps.*bigger than max.*from 1 to 10000"),
        ("missing_link_target", InvalidGraph, "input samples"),
        ("cycle", InvalidGraph, "cycle"),
        ("no_output_node", InvalidGraph, "no outputs"),
        ("bad_prompt_id", InvalidGraph, "UUID"),
        ("missing_input_image", InvalidGraph, "no_such.png"),
        ("prompt_is_ui_graph_format", InvalidGraph, "status 500"),
    ],
)
def test_captured_refusals_say_what_is_allowed(
    desk: Desk, name: str, error: type[TowerError], says: str
) -> None:
    caught = refusal(desk, name)
    assert caught.type is error
    caught.match(says)


def test_a_job_that_runs_only_in_part_is_stopped_and_refused(desk: Desk) -> None:
    captured = load("http_prompt_rejections")["two_outputs_one_invalid_gives_200"]
    errors = captured["response"]["json"]["node_errors"]
    graph = captured["request"]["json"]["prompt"]
    desk.server.scenario = Scenario(
        graph, GOOD.messages, GOOD.entry, GOOD.prompt_id, {"node_errors": errors}
    )
    desk.server.hold = threading.Event()
    with pytest.raises(InvalidGraph, match=r"no_such\.png"):
        desk.render()
    assert desk.server.queue == []
    assert desk.submitted == []


def test_an_invalid_preview_branch_is_no_obstacle(desk: Desk) -> None:
    graph = GOOD.graph | {"21": {"class_type": "PreviewImage", "inputs": {}}}
    errors = {"20": {"errors": [], "dependent_outputs": ["21"], "class_type": "LoadImage"}}
    desk.server.scenario = Scenario(
        graph, GOOD.messages, GOOD.entry, GOOD.prompt_id, {"node_errors": errors}
    )
    assert len(desk.render().files) == 1


# ---- misbehaviour ---------------------------------------------------------------------------


def test_a_silent_socket_costs_only_time(desk: Desk) -> None:
    desk.server.silent = True
    rendered = desk.render()
    assert len(rendered.files) == 1
    assert rendered.sampler_steps == 0  # what nobody saw is not invented


def test_a_dropped_socket_is_opened_again(desk: Desk) -> None:
    desk.server.drop_after = 12
    desk.server.hold = threading.Event()
    desk.server.hold_after = 20

    def go_on() -> None:
        if len(desk.server.first_frames) < 2:
            threading.Timer(0.02, go_on).start()
        else:
            desk.server.hold.set()  # type: ignore[union-attr]

    threading.Timer(0.1, go_on).start()
    rendered = desk.render()
    assert len(desk.server.first_frames) == 2
    assert rendered.sampler_steps == 8


def test_a_server_without_sockets_is_polled(desk: Desk) -> None:
    desk.server.refuses_sockets = True
    assert len(desk.render().files) == 1
    assert desk.server.first_frames == []


@pytest.mark.parametrize("lag_s", [0.0, 0.016, 0.8])
@pytest.mark.parametrize("gap", [False, True])
def test_history_may_lag_behind_success(desk: Desk, lag_s: float, gap: bool) -> None:
    desk.server.history_lag_s = lag_s
    desk.server.queue_empty_while_lagging = gap
    assert len(desk.render().files) == 1
    assert len(desk.server.posts) == 1


def test_a_job_that_all_deny_is_lost_after_a_second_look(desk: Desk) -> None:
    desk.server.forgets = True
    with pytest.raises(ServerLost, match="knows nothing"):
        desk.render()
    assert desk.server.calls.count("GET /queue") >= 2


def test_a_restart_in_mid_run_loses_the_job_and_a_repeat_submits_again(desk: Desk) -> None:
    desk.server.hold = threading.Event()
    threading.Timer(0.2, desk.server.forget_everything).start()
    job = desk.job()
    with pytest.raises(ServerLost):
        desk.render(job)
    desk.server.hold = None
    assert len(desk.render(job).files) == 1
    assert [post["prompt_id"] for post in desk.server.posts] == [job.prompt_id] * 2


@pytest.mark.parametrize("version", ["0.33.0", "0.3.64"])
def test_a_repeat_after_a_crash_collects_and_does_not_post(desk: Desk, version: str) -> None:
    old = version == "0.3.64"
    desk.server.version, desk.server.jobs_api, desk.server.own_ids = version, not old, not old
    job = desk.job()
    first = desk.render(job)
    again = desk.render(job)
    assert len(desk.server.posts) == 1
    assert again.files == first.files
    assert desk.submitted == [job.prompt_id] * 2


@pytest.mark.parametrize("version", ["0.33.0", "0.3.64"])
def test_a_repeat_while_it_runs_joins_the_job(desk: Desk, version: str) -> None:
    old = version == "0.3.64"
    desk.server.version, desk.server.jobs_api, desk.server.own_ids = version, not old, not old
    desk.server.hold = threading.Event()
    desk.server.hold_after = 25
    job = desk.job()

    class Crash(Exception):
        pass

    def crash(progress: Progress) -> None:
        if progress.step == 1:
            raise Crash

    with pytest.raises(Crash):
        desk.client.render(
            job, on_submitted=lambda: None, on_progress=crash, cancelled=lambda: False
        )
    threading.Timer(0.3, desk.server.hold.set).start()
    rendered = desk.render(job)
    assert len(desk.server.posts) == 1
    assert rendered.sampler_steps == 8  # the server goes on telling the same client


def test_an_answer_lost_on_the_way_does_not_submit_twice(desk: Desk) -> None:
    desk.server.accepts_then = 502
    assert len(desk.render().files) == 1
    assert len(desk.server.posts) == 1


def test_passing_faults_of_the_server_are_lived_through(desk: Desk) -> None:
    for name in ("GET /queue", "GET /history/{id}", "GET /view", "POST /prompt"):
        desk.server.answers[name].append(PlainTextResponse("oops", 500))
    assert len(desk.render().files) == 1


def test_memory_that_ran_out_has_its_own_class(desk: Desk) -> None:
    desk.server.scenario = GOOD.ending(
        "execution_error",
        exception_type="torch.OutOfMemoryError",
        exception_message="Allocation on device",
    )
    with pytest.raises(OutOfMemory, match="Allocation on device"):
        desk.render()


def test_silence_while_running_ends_in_a_time_out_and_stops_the_job(desk: Desk) -> None:
    desk.server.hold = threading.Event()
    desk.server.hold_after = 16
    with pytest.raises(RenderTimeout, match="no progress"):
        desk.render()
    assert desk.server.queue == []


def test_a_deaf_socket_is_renewed_before_the_job_is_given_up(desk: Desk) -> None:
    desk.server.silent = True
    desk.server.hold = threading.Event()
    desk.server.hold_after = 20
    client = ComfyRenderer(desk.server.url, silence_limit_s=2.6)
    deaf = Desk(desk.server, client)

    def hear_again() -> None:
        desk.server.silent = len(desk.server.first_frames) < 2
        if desk.server.silent:
            threading.Timer(0.05, hear_again).start()
        else:
            desk.server.hold.set()  # type: ignore[union-attr]

    threading.Timer(0.1, hear_again).start()
    assert deaf.render().sampler_steps == 8
    client.close()


def test_waiting_for_a_turn_is_no_silence(desk: Desk) -> None:
    desk.server.others_ahead = 3
    begun = time.monotonic()
    threading.Timer(1.2, lambda: setattr(desk.server, "others_ahead", 0)).start()
    assert len(desk.render().files) == 1
    assert time.monotonic() - begun > 1.2  # twice the limit of silence
    assert ("queued", 3) in {(p.phase, p.queue_position) for p in desk.progress}


# ---- files ----------------------------------------------------------------------------------


def test_a_truncated_file_is_fetched_again(desk: Desk) -> None:
    desk.server.answers["GET /view"] += [
        Response(png()[:-20], media_type="image/png"),
        Response(png()[:30], headers={"Content-Length": str(len(png()))}),
    ]
    (file,) = desk.render().files
    assert file.data == png()
    assert desk.server.calls.count("GET /view") == 3


@pytest.mark.parametrize(
    ("data", "says"), [(png()[:-1], "no end"), (b"", "empty"), (JPEG[:-2], "EOI")]
)
def test_a_file_that_stays_damaged_is_refused(desk: Desk, data: bytes, says: str) -> None:
    desk.server.file = data
    with pytest.raises(CorruptOutput, match=says):
        desk.render()


def test_success_without_its_file_is_refused(desk: Desk) -> None:
    desk.server.answers["GET /view"] += [Response(status_code=404)] * 3
    with pytest.raises(CorruptOutput, match="status 404"):
        desk.render()
    entry = GOOD.entry | {"outputs": {}}
    desk.server.scenario = Scenario(GOOD.graph, GOOD.messages, entry, GOOD.prompt_id)
    with pytest.raises(CorruptOutput, match="without a file"):
        desk.render()


# ---- stopping -------------------------------------------------------------------------------


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("version", ["0.33.0", "0.20.0", "0.3.64"])
def test_cancel_stops_exactly_this_job(desk: Desk, version: str, waits: bool) -> None:
    old = version == "0.3.64"
    desk.server.version, desk.server.jobs_api, desk.server.own_ids = version, not old, not old
    desk.server.cancel_api = version == "0.33.0"
    desk.server.hold = threading.Event()
    desk.server.others_ahead = 2 if waits else 0
    heard: list[float] = []

    def cancelled() -> bool:
        if desk.submitted:
            heard.append(time.monotonic())
        return bool(heard) and heard[-1] - heard[0] > 0.2

    desk.cancelled = cancelled
    with pytest.raises(Cancelled, match="let go"):
        desk.render()
    assert desk.server.queue == []
    assert desk.server.others_ahead == (2 if waits else 0)
    asked = {
        call for call in desk.server.calls if call.startswith("POST") and "/prompt" not in call
    }
    if version == "0.33.0":
        assert all(call.endswith("/cancel") for call in asked)
    else:
        assert ("POST /queue" if waits else "POST /interrupt") in asked


def test_cancelled_beforehand_is_never_submitted(desk: Desk) -> None:
    desk.cancelled = lambda: True
    with pytest.raises(Cancelled, match="before"):
        desk.render()
    assert desk.server.posts == []


def test_cancelling_what_is_not_there_is_done_at_once(desk: Desk) -> None:
    assert desk.client.cancel(str(uuid.uuid4())) is True


# ---- the server -----------------------------------------------------------------------------


def test_no_server_is_down_and_names_its_address() -> None:
    client = ComfyRenderer("http://127.0.0.1:9", down_after_s=0.1)
    desk = Desk(ScriptedComfy(GOOD), client)
    with pytest.raises(ServerDown, match=r"http://127\.0\.0\.1:9 does not answer"):
        desk.render()
    with pytest.raises(ServerDown):
        client.facts()
    client.close()


def test_a_job_goes_on_while_the_server_is_out_of_reach(desk: Desk) -> None:
    desk.server.hold = threading.Event()
    for name in ("GET /queue", "GET /history/{id}"):
        desk.server.answers[name] += [PlainTextResponse("", 503)] * 100
    job = desk.job()
    with pytest.raises(ServerDown, match="503"):
        desk.render(job)
    desk.server.answers.clear()
    desk.server.hold.set()
    assert len(desk.render(job).files) == 1
    assert len(desk.server.posts) == 1


def test_facts_and_catalog(desk: Desk) -> None:
    facts = desk.client.facts()
    assert (facts.version, facts.backend, facts.has_jobs_api) == ("0.33.0", "comfyui", True)
    assert (facts.previews, facts.devices, facts.vram_total_bytes) == ("auto", ("cpu",), None)
    assert "KSampler" in desk.client.catalog()
    desk.client.catalog()
    assert desk.server.calls.count("GET /object_info") == 1
    assert desk.client.queue_length() == 0


def test_credentials_go_along_and_stay_out_of_messages(desk: Desk) -> None:
    address = desk.server.url.replace("http://", "http://user:hunter2@")
    client = ComfyRenderer(address, token="s3cret", headers={"X-Proxy": "pr0xy"}, down_after_s=0.1)
    secured = Desk(desk.server, client)
    secured.render()
    assert {h.get("x-proxy") for h in desk.server.headers} == {"pr0xy"}
    assert {h.get("authorization") for h in desk.server.headers} == {"Bearer s3cret"}
    desk.server.answers["GET /queue"] += [PlainTextResponse("who are you", 401)]
    with pytest.raises(BadInput, match="check the token") as caught:
        client.queue_length()
    desk.server.answers["GET /queue"] += [PlainTextResponse("", 500)] * 9
    with pytest.raises(ServerDown) as down:
        client.queue_length()
    for text in (str(caught.value), str(down.value), client.url):
        assert not any(secret in text for secret in ("s3cret", "pr0xy", "hunter2"))
    client.close()


@pytest.mark.parametrize("address", ["", "localhost:8188", "ftp://x", "http://"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(BadInput, match=r"http://127\.0\.0\.1:8188"):
        ComfyRenderer(address)


def test_something_else_on_the_port_is_named(desk: Desk) -> None:
    desk.server.answers["GET /system_stats"] += [PlainTextResponse("<html>hello</html>")]
    with pytest.raises(ServerDown, match="no JSON"):
        desk.client.facts()


def test_eight_renders_share_one_client(desk: Desk) -> None:
    results: list[Any] = []
    workers = [threading.Thread(target=lambda: results.append(desk.render())) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [r.sampler_steps for r in results] == [8] * 8
    assert len({post["client_id"] for post in desk.server.posts}) == 8
