"""Servers and proxies that break HTTP: lived through when it passes, named when it stays."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator

import pytest

from tests.contract import front as fronts
from tests.contract.front import Front, Trouble, fronting, says
from tests.contract.scripted_comfy import Scenario, ScriptedComfy, serving
from tower_anime.adapters import comfy_http
from tower_anime.adapters.comfy import ComfyRenderer
from tower_anime.errors import BadInput, Cancelled, ServerDown
from tower_anime.ports import Rendered, RenderJob

GOOD = Scenario.captured("ksampler_preview_metadata")
ROUTES = (
    "GET /system_stats",
    "GET /api/jobs",
    "POST /prompt",
    "GET /queue",
    "GET /history",
    "GET /view",
)
HTML = b"<!DOCTYPE html><html><title>502 Bad Gateway</title></html>"

TROUBLES: dict[str, Trouble] = {
    "half closed": fronts.half_closed,
    "reset": fronts.reset,
    "babble": fronts.babble,
    "cut short": fronts.cut_short,
    "chunks that end": fronts.chunks_that_end,
    "chunks that stop": fronts.chunks_that_stop,
    "slow head": fronts.slow_head,
    "slow body": fronts.slow_body,
    "502": says("502 Bad Gateway", HTML, "Content-Type: text/html"),
}
"""What passes by itself."""

WRONG: dict[str, Trouble] = {
    "html": says("200 OK", HTML, "Content-Type: text/html"),
    "garbage": says("200 OK", b'{"a": [1, 2', "Content-Type: application/json"),
    "a list": says("200 OK", b"[1, 2, 3]", "Content-Type: application/json"),
    "null": says("200 OK", b"null", "Content-Type: application/json"),
    "nothing": says("200 OK", b"", "Content-Type: application/json"),
    "deep": says("200 OK", b"[" * 200_000, "Content-Type: application/json"),
    "404": says("404 Not Found", HTML, "Content-Type: text/html"),
}
"""What a server that is no ComfyUI says."""


@pytest.fixture(scope="module")
def script() -> Iterator[ScriptedComfy]:
    with serving(ScriptedComfy(GOOD)) as server:
        yield server


@pytest.fixture
def front(script: ScriptedComfy) -> Iterator[Front]:
    script.reset(GOOD)
    with fronting(script.url) as proxy:
        yield proxy


def opened(url: str) -> ComfyRenderer:
    return ComfyRenderer(url, down_after_s=3.0, read_timeout_s=1.2, silence_limit_s=5.0)


def render(client: ComfyRenderer, cancelled: threading.Event | None = None) -> Rendered:
    work = RenderJob(prompt_id=str(uuid.uuid4()), graph=GOOD.graph, extra_pnginfo={})
    stopped = cancelled or threading.Event()
    return client.render(
        work, on_submitted=lambda: None, on_progress=lambda _: None, cancelled=stopped.is_set
    )


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("trouble", TROUBLES)
def test_what_passes_is_lived_through(
    script: ScriptedComfy, front: Front, route: str, trouble: str
) -> None:
    front.rules[route] = TROUBLES[trouble], 1
    client = opened(front.url)
    try:
        rendered = render(client)
    finally:
        client.close()
    assert rendered.files[0].data == script.file
    assert len({body["prompt_id"] for body in script.posts}) == len(script.posts) == 1


@pytest.mark.parametrize("route", ["GET /system_stats", "GET /queue"])
@pytest.mark.parametrize("trouble", [*TROUBLES, *WRONG])
def test_what_stays_is_named_with_the_address_and_in_time(
    front: Front, route: str, trouble: str
) -> None:
    front.rules[route] = (TROUBLES | WRONG)[trouble], 1000
    client = ComfyRenderer(front.url, down_after_s=0.3, read_timeout_s=0.3, silence_limit_s=1.0)
    try:
        with pytest.raises(ServerDown, match=front.url):
            client.facts() if "stats" in route else client.queue_length()
    finally:
        client.close()


@pytest.mark.parametrize("trouble", ["slow head", "slow body", "chunks that stop"])
def test_a_cancelled_render_leaves_a_server_that_never_ends_its_answer(
    front: Front, trouble: str
) -> None:
    front.rules["GET /view"] = TROUBLES[trouble], 1000
    client = ComfyRenderer(front.url, down_after_s=30.0, read_timeout_s=30.0)
    stopped = threading.Event()
    timer = threading.Timer(1.5, stopped.set)
    timer.start()
    try:
        with pytest.raises(Cancelled):
            render(client, stopped)
    finally:
        client.close()
        timer.join()


def test_an_answer_without_end_is_given_up(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comfy_http, "ANSWER_BYTES", 100_000)
    front.rules["GET /queue"] = says("200 OK", b" " * 300_000), 1000
    client = ComfyRenderer(front.url, down_after_s=0.2)
    try:
        with pytest.raises(ServerDown, match="more than 100000 bytes"):
            client.queue_length()
    finally:
        client.close()


@pytest.mark.parametrize("status", ["301 Moved Permanently", "307 Temporary Redirect"])
@pytest.mark.parametrize("route", ["GET /system_stats", "POST /prompt"])
def test_a_redirect_names_where_to(front: Front, status: str, route: str) -> None:
    location = "Location: https://me:secret@comfy.example/login?token=secret"
    front.rules[route] = says(status, b"", location), 1000
    client = opened(front.url)
    try:
        with pytest.raises(BadInput, match=r"https://comfy\.example/login") as caught:
            render(client)
    finally:
        client.close()
    assert "secret" not in str(caught.value)


def test_a_large_history_and_a_version_that_must_search_it(
    script: ScriptedComfy, front: Front
) -> None:
    script.version, script.jobs_api, script.own_ids = "0.3.64", False, False
    padding = {"prompt": [0, "x", {"1": {"text": "y" * 200_000}}, {}, []], "outputs": {}}
    status = {"status": {"status_str": "success", "completed": True, "messages": []}}
    script.history = {str(uuid.uuid4()): padding | status for _ in range(100)}
    client = opened(front.url)
    try:
        assert render(client).files[0].data == script.file
    finally:
        client.close()


@pytest.mark.parametrize("ending", ["", "/", "//", "/?x=1", "/#/workflow"])
def test_an_address_may_end_as_a_browser_shows_it(script: ScriptedComfy, ending: str) -> None:
    script.reset(GOOD)
    client = opened(script.url + ending)
    try:
        assert client.url == script.url
        assert render(client).files[0].data == script.file
    finally:
        client.close()


def test_an_address_may_be_ipv6(script: ScriptedComfy) -> None:
    script.reset(GOOD)
    with fronting(script.url, host="::1") as proxy:
        client = opened(proxy.url)
        try:
            assert "[::1]" in client.url
            rendered = render(client)
        finally:
            client.close()
    assert rendered.files[0].data == script.file
    assert script.first_frames, "the event stream goes the same way"


def test_an_address_may_have_a_path_that_a_proxy_takes_away(script: ScriptedComfy) -> None:
    script.reset(GOOD)
    with fronting(script.url) as proxy:
        proxy.prefix = "/comfy/one"
        client = opened(f"{proxy.url}/comfy/one/")
        try:
            rendered = render(client)
        finally:
            client.close()
    assert rendered.files[0].data == script.file
    assert script.first_frames, "the event stream goes the same way"
