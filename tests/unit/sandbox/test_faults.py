from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import httpx2
import numpy as np
import pytest
from click.testing import CliRunner
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.contract.sandbox_client import Client, client_of, sampler_graph
from tower_anime.cli import main
from tower_anime.errors import BadInput
from tower_anime.sandbox.faults import FAULTS, Faults, parse_faults
from tower_anime.sandbox.server import SandboxConfig, running


@pytest.fixture
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    config = SandboxConfig(faults=parse_faults(request.param), fault_seed=1)
    with running(config) as url, client_of(url) as client:
        yield client


def faulty(spec: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("client", [spec], indirect=True)


def view(client: Client, entry: Any) -> bytes:
    return client.http.get("/view", params=entry["outputs"]["9"]["images"][0]).content


def test_a_spec_gives_names_with_probabilities() -> None:
    assert parse_faults("") == {}
    assert parse_faults("oom:0.1, lost ,black:1") == {"oom": 0.1, "lost": 1.0, "black": 1.0}


@pytest.mark.parametrize("spec", ["ooom", "oom:x", "oom:1.5", "oom:nan", "oom:-0.1"])
def test_a_wrong_spec_says_what_is_allowed(spec: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_faults(spec)
    allowed = ", ".join(FAULTS) if spec == "ooom" else "from 0 to 1"
    assert allowed in str(refused.value)


def test_faults_strike_as_often_as_ordered() -> None:
    faults = Faults({"oom": 0.25, "lost": 1.0}, seed=3)
    assert 200 < sum(faults.strikes("oom") for _ in range(1000)) < 300
    assert faults.strikes("lost")
    assert not faults.strikes("black")


@faulty("oom")
def test_out_of_memory_is_an_execution_error_of_that_type(client: Client) -> None:
    entry = client.finish(sampler_graph())
    kind, error = entry["status"]["messages"][-1]
    assert kind == "execution_error"
    assert error["exception_type"] == "torch.OutOfMemoryError"
    assert error["node_type"] == "KSampler"
    assert entry["outputs"] == {}


@faulty("black")
def test_a_black_picture_is_saved_like_a_good_one(client: Client) -> None:
    data = view(client, client.finish(sampler_graph()))
    assert not cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).any()


@faulty("truncate")
def test_a_truncated_file_ends_early(client: Client) -> None:
    data = view(client, client.finish(sampler_graph()))
    assert data.startswith(b"\x89PNG")
    assert b"IEND" not in data


@faulty("lost")
def test_a_lost_job_is_unknown_everywhere(client: Client) -> None:
    prompt_id = client.post(sampler_graph())["prompt_id"]
    end = time.monotonic() + 5
    while client.http.get(f"/api/jobs/{prompt_id}").status_code == 200:
        assert time.monotonic() < end
    assert client.http.get(f"/history/{prompt_id}").json() == {}
    assert client.http.get("/queue").json() == {"queue_running": [], "queue_pending": []}


@faulty("drop_socket")
def test_a_dropped_socket_closes_and_the_job_goes_on(client: Client) -> None:
    with client.socket() as socket:
        prompt_id = client.post(sampler_graph(), client_id="test")["prompt_id"]
        with pytest.raises(ConnectionClosed):
            socket.until_over()
    end = time.monotonic() + 5
    while not client.http.get(f"/history/{prompt_id}").json():
        assert time.monotonic() < end


@faulty("silent_socket")
def test_a_silent_socket_stays_open_and_says_nothing(client: Client) -> None:
    with client.socket() as socket:
        socket.until("feature_flags")
        prompt_id = client.post(sampler_graph(), client_id="test")["prompt_id"]
        end = time.monotonic() + 5
        while not client.http.get(f"/history/{prompt_id}").json():
            assert time.monotonic() < end
        # the job's `status` may have been on its way before the silence began
        for _ in range(2):
            with contextlib.suppress(TimeoutError):
                assert '"status"' in str(socket.connection.recv(timeout=0.1))
        with pytest.raises(TimeoutError):
            socket.connection.recv(timeout=0.1)
        socket.connection.ping().wait(2)


@faulty("slow_history")
def test_slow_history_comes_half_a_second_late(client: Client) -> None:
    with client.socket() as socket:
        client.post(sampler_graph(), client_id="test")
        socket.until("execution_success")
        start = time.monotonic()
        socket.until_over()
    assert time.monotonic() - start > 0.45


@faulty("http_500:0.5")
def test_some_requests_fail_with_500(client: Client) -> None:
    answers = {client.http.get("/queue").status_code for _ in range(30)}
    assert answers == {200, 500}


@faulty("restart")
def test_a_restart_forgets_all_jobs_and_closes_the_sockets(client: Client) -> None:
    with client.socket() as socket:
        socket.until("feature_flags")
        ids = [client.post(sampler_graph(), client_id="test")["prompt_id"] for _ in range(2)]
        with contextlib.suppress(ConnectionClosed):
            while socket.receive():
                pass
    assert client.http.get("/history").json() == {}
    assert {client.http.get(f"/api/jobs/{i}").status_code for i in ids} == {404}


@faulty("lost_answer")
def test_a_lost_answer_leaves_the_job_in_the_queue(client: Client) -> None:
    ident = "11111111-2222-4333-8444-555555555555"
    body = {"prompt": sampler_graph(), "prompt_id": ident}
    assert client.http.post("/prompt", json=body).status_code == 502
    deadline = time.monotonic() + 10
    while not (entry := client.http.get(f"/history/{ident}").json()):
        assert time.monotonic() < deadline
    assert entry[ident]["status"]["completed"]


@faulty("no_socket")
def test_a_refused_socket_leaves_http_to_ask(client: Client) -> None:
    with pytest.raises(InvalidStatus), client.socket():
        pass
    assert client.http.get("/queue").status_code == 200


@faulty("damage")
def test_a_damaged_file_has_its_length_but_not_its_pixels(client: Client) -> None:
    from tower_anime.adapters.media import OpenCvMedia
    from tower_anime.errors import Unreadable

    data = view(client, client.finish(sampler_graph()))
    assert data.startswith(b"\x89PNG")
    assert data.endswith(b"IEND\xaeB`\x82")
    with pytest.raises(Unreadable):
        OpenCvMedia().decode_still(data)


@faulty("no_file")
def test_a_file_that_is_named_may_not_be_there(client: Client) -> None:
    entry = client.finish(sampler_graph())
    assert entry["status"]["completed"]
    image = entry["outputs"]["9"]["images"][0]
    assert client.http.get("/view", params=image).status_code == 404


def test_a_request_may_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tower_anime.sandbox.routes.HANG_S", 1.0)
    with running(SandboxConfig(faults={"hang": 1.0})) as url, pytest.raises(httpx2.ReadTimeout):
        httpx2.get(f"{url}/queue", timeout=0.3)


def test_every_fault_is_documented() -> None:
    text = (Path(__file__).parents[3] / "docs" / "sandbox.md").read_text("utf-8")
    assert [name for name in FAULTS if f"| `{name}` |" not in text] == []


def test_help_and_documentation_name_every_fault() -> None:
    told = CliRunner().invoke(main, ["sandbox", "--help"]).output
    page = (Path(__file__).parents[3] / "docs/sandbox.md").read_text(encoding="utf-8")
    assert [name for name in FAULTS if name not in told or f"| `{name}` |" not in page] == []
