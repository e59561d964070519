"""Servers that leave questions unanswered, sockets that let nothing through, jobs that vanish."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator

import pytest

from tests.contract.scripted_comfy import Scenario, ScriptedComfy, png, serving
from tower_anime.adapters.comfy import ComfyRenderer
from tower_anime.errors import Cancelled, Interrupted, RenderTimeout, ServerLost
from tower_anime.ports import Rendered, RenderJob

GOOD = Scenario.captured("ksampler_preview_metadata")
HANG_S = 8.0
PROMPTLY_S = 6.0  # the promise is one second; the rest is for a busy machine


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedComfy]:
    with serving(ScriptedComfy(GOOD)) as script:
        yield script


@pytest.fixture
def client(server: ScriptedComfy) -> Iterator[ComfyRenderer]:
    server.reset(GOOD)
    renderer = ComfyRenderer(server.url, down_after_s=0.8, silence_limit_s=0.6, blind_limit_s=2.0)
    yield renderer
    renderer.close()


def job() -> RenderJob:
    return RenderJob(prompt_id=str(uuid.uuid4()), graph=GOOD.graph, extra_pnginfo={})


def render(
    client: ComfyRenderer, work: RenderJob, cancelled: Callable[[], bool] = lambda: False
) -> Rendered:
    return client.render(
        work, on_submitted=lambda: None, on_progress=lambda _: None, cancelled=cancelled
    )


@pytest.mark.parametrize(
    "route", ["GET /queue", "GET /view", "POST /prompt", "GET /history/{id}", "GET /api/jobs/{id}"]
)
def test_a_cancelled_render_does_not_wait_for_an_answer_that_hangs(
    server: ScriptedComfy, client: ComfyRenderer, route: str
) -> None:
    client.backend()
    server.slow_s[route] = HANG_S
    server.silent = True
    asked_at: list[float] = []

    def cancelled() -> bool:
        if time.monotonic() - begun > 0.5:
            asked_at.append(time.monotonic())
        return bool(asked_at)

    begun = time.monotonic()
    with pytest.raises(Cancelled):
        render(client, job(), cancelled)
    assert time.monotonic() - asked_at[0] < PROMPTLY_S < HANG_S
    server.slow_s.clear()


def test_a_submission_that_arrives_after_all_is_taken_back(
    server: ScriptedComfy, client: ComfyRenderer
) -> None:
    client.backend()
    server.hold = threading.Event()
    server.slow_s["POST /prompt"] = 1.0
    with pytest.raises(Cancelled, match="has not let go"):
        render(client, job(), lambda: "POST /prompt" in server.calls)
    limit = time.monotonic() + 10
    while not any(call.endswith("/cancel") for call in server.calls):
        assert time.monotonic() < limit
        time.sleep(0.05)
    while server.queue:
        assert time.monotonic() < limit
        time.sleep(0.05)


@pytest.mark.parametrize("how", ["refuses_sockets", "mute"])
def test_a_long_job_behind_a_proxy_without_sockets_is_not_stopped(
    server: ScriptedComfy, client: ComfyRenderer, how: str
) -> None:
    setattr(server, how, True)
    server.hold = threading.Event()
    server.hold_after = 20
    threading.Timer(1.5, server.hold.set).start()  # 2.5 times the limit of silence
    assert len(render(client, job()).files) == 1


def test_but_not_for_ever(server: ScriptedComfy, client: ComfyRenderer) -> None:
    server.refuses_sockets = True
    server.hold = threading.Event()
    server.hold_after = 20
    with pytest.raises(RenderTimeout, match="the job was stopped"):
        render(client, job())
    assert server.queue == []


def test_a_waiting_job_that_vanishes_alone_was_deleted_by_somebody(
    server: ScriptedComfy, client: ComfyRenderer
) -> None:
    render(client, job())  # what the server still remembers afterwards
    time.sleep(0.01)  # its clock counts milliseconds
    server.others_ahead = 2
    threading.Timer(0.8, server.queue.clear).start()
    with pytest.raises(Interrupted, match="somebody deleted"):
        render(client, job())


def test_a_job_that_vanishes_with_everything_else_is_lost(
    server: ScriptedComfy, client: ComfyRenderer
) -> None:
    render(client, job())
    server.others_ahead = 2
    threading.Timer(0.8, server.forget_everything).start()
    with pytest.raises(ServerLost):
        render(client, job())


def test_damage_inside_a_file_is_fetched_again(
    server: ScriptedComfy, client: ComfyRenderer
) -> None:
    whole = png(8)
    server.file = whole[:45] + bytes([whole[45] ^ 1]) + whole[46:]
    calls = server.calls

    def mend() -> None:
        while calls.count("GET /view") < 1:
            time.sleep(0.001)
        server.file = whole

    mender = threading.Thread(target=mend)
    mender.start()
    (file,) = render(client, job()).files
    mender.join()
    assert file.data == whole
    assert calls.count("GET /view") >= 2
