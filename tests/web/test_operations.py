"""Sampling, alerts, reports, metrics and telling others, over a running server."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.web.conftest import Server, listening
from tower_anime.adapters.notify import Webhooks
from tower_anime.compose import App
from tower_anime.domain.alert import Alert
from tower_anime.domain.notice import PAUSES, signature
from tower_anime.domain.sample import GpuSample, HostSample
from tower_anime.operations import COARSE_S, FINE_S, Herald, Operations
from tower_anime.ports import Notifier

WISH = {"prompt": "1girl, umbrella", "seed": 5, "publish": False}
START = datetime.now(UTC) - timedelta(minutes=20)


@dataclass
class Machine:
    """A machine of our own making."""

    temperature_c: float = 50.0

    def host(self) -> HostSample:
        return HostSample(
            cpu01=0.1,
            memory_used_bytes=1,
            memory_total_bytes=10,
            process_bytes=1,
            disk_free_bytes=100 * 2**30,
            disk_total_bytes=200 * 2**30,
            library_free_bytes=None,
        )

    def gpus(self) -> tuple[GpuSample, ...]:
        return (GpuSample(name="card", source="nvml", temperature_c=self.temperature_c),)

    def close(self) -> None:
        pass


def kinds(app: App) -> list[str]:
    return [alert.kind for alert in app.store.open_alerts()]


def test_a_hot_card_is_told_once_and_its_end_once(app: App) -> None:
    machine = Machine()
    operations = Operations(app=app, probe=machine, servers=app.renderers)
    operations.begin()
    before = app.store.last_event()
    for step in range(140):
        machine.temperature_c = 95.0 if 20 <= step < 80 else 60.0
        operations.look(START + timedelta(seconds=FINE_S * step))
        assert ("gpu_hot" in kinds(app)) == (33 <= step < 92 + 1) or step in (32, 33, 92, 93)
    told = [e.kind for e in app.store.events_after(before) if e.data.get("alert") == "gpu_hot"]
    assert told == ["alert_raised", "alert_resolved"]
    fine = app.store.samples(FINE_S, since=START, limit=1000)
    assert len(fine) >= 135
    coarse = app.store.samples(COARSE_S, since=START, limit=1000)
    assert coarse[0][1]["gpu0_temperature_c"]["most"] == 95.0


def test_a_style_that_moved_is_told_until_it_is_one_again(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares = {"Neon": 0.7}
    monkeypatch.setattr("tower_anime.operations.moved_styles", lambda _store, **_: shares)
    monkeypatch.setattr("tower_anime.operations.TREND_EVERY_S", 0.0)
    operations = Operations(app=app, probe=Machine(), servers=())
    operations.look(START)
    (told,) = [alert for alert in app.store.open_alerts() if alert.kind == "style_moved"]
    assert told.message.startswith("70% of what was approved last in Neon")
    shares["Neon"] = 0.1
    operations.look(START + timedelta(seconds=FINE_S))
    assert "style_moved" not in kinds(app)


def test_an_open_alert_outlives_the_process_that_raised_it(app: App) -> None:
    machine = Machine(temperature_c=99.0)
    first = Operations(app=app, probe=machine, servers=())
    for step in range(20):
        first.look(START + timedelta(seconds=FINE_S * step))
    assert "gpu_hot" in kinds(app)
    machine.temperature_c = 50.0
    second = Operations(app=app, probe=machine, servers=())
    second.begin()
    for step in range(20, 40):
        second.look(START + timedelta(seconds=FINE_S * step))
    assert "gpu_hot" not in kinds(app)


def test_metrics_are_what_prometheus_reads(server: Server, app: App) -> None:
    operations = Operations(app=app, probe=Machine(), servers=app.renderers)
    operations.look(datetime.now(UTC))
    with listening(app) as plain:
        plain.http.get("/api/v1/generations/nope")
        plain.http.get("/wp-login.php")
        text = plain.http.get("/metrics")
    assert text.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = {family.name: family for family in text_string_to_metric_families(text.text)}
    assert {"tower_generations", "tower_http_requests", "tower_http_request_seconds"} <= set(found)
    routes = {sample.labels["route"] for sample in found["tower_http_requests"].samples}
    assert "/api/v1/generations/{generation_id}" in routes
    assert "other" in routes
    assert not any("nope" in route or "wp-login" in route for route in routes)


@pytest.mark.parametrize(
    "subject", ["quality", "performance", "corrections", "learning", "director"]
)
def test_reports_answer_in_json_and_csv(server: Server, app: App, subject: str) -> None:
    made = server.http.post("/api/v1/generations", json={**WISH, "set": {"steps": 4}}).json()
    server.finished(made["generation_id"])
    app.figures.refresh()
    url = f"/api/v1/analytics/{subject}"
    report = server.http.get(url).json()
    assert report["slice"]["backend"] == "sandbox"
    assert report["rows"]
    table = server.http.get(url, params={"format": "csv"})
    assert table.headers["content-type"].startswith("text/csv")
    assert len(table.text.splitlines()) == len(report["rows"]) + 1
    empty = server.http.get(url, params={"project": "nobody"}).json()
    assert empty["rows"] == []
    wrong = {"since": "2026-02-01", "until": "2026-01-01"}
    assert server.http.get(url, params=wrong).status_code == 422
    assert server.http.get("/api/v1/analytics/luck").status_code == 422


def test_the_machines_state_is_there_to_read(server: Server) -> None:
    assert server.http.get("/api/v1/system").status_code == 200
    history = server.http.get("/api/v1/system/history", params={"hours": 2000}).json()
    assert history["resolution_s"] == FINE_S
    assert server.http.get("/api/v1/system/history?hours=inf").status_code == 422


# ---- telling others -----------------------------------------------------------------------------


@dataclass
class Receiver:
    """Somebody who is told; refuses the first `refusals` times."""

    refusals: int = 0
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""


@contextmanager
def receiving(refusals: int = 0) -> Iterator[Receiver]:
    receiver = Receiver(refusals)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.got.append((dict(self.headers), body))
            self.send_response(500 if len(receiver.got) <= receiver.refusals else 204)
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        thread = threading.Thread(target=listener.serve_forever)
        thread.start()
        receiver.url = f"http://127.0.0.1:{listener.server_port}/hook"
        try:
            yield receiver
        finally:
            listener.shutdown()
            thread.join()


def herald(app: App, url: str) -> Iterator[Herald]:
    hook: Notifier = Webhooks(url, secret="s3cret", now=lambda: 1000.0)
    try:
        yield Herald(app=app, notifiers={"webhook:test": hook})
    finally:
        hook.close()


def test_an_alert_reaches_a_webhook_signed_and_once(app: App) -> None:
    with receiving() as receiver:
        for told in herald(app, receiver.url):
            told.round(datetime.now(UTC))
            app.store.raise_alert(Alert(kind="disk_short", subject="/", message="2 GiB"))
            for _ in range(3):
                told.round(datetime.now(UTC))
            app.store.resolve_alert("disk_short", "/")
            told.round(datetime.now(UTC))
    kinds_told = [json.loads(body)["kind"] for _, body in receiver.got]
    assert kinds_told == ["alert_raised", "alert_resolved"]
    headers, body = receiver.got[0]
    assert headers["X-Tower-Signature"] == signature("s3cret", 1000, body)
    assert headers["X-Tower-Event"] == str(json.loads(body)["seq"])


def test_a_refusal_is_tried_again_after_ever_longer_pauses(app: App) -> None:
    with receiving(refusals=2) as receiver:
        for told in herald(app, receiver.url):
            now = datetime.now(UTC)
            told.round(now)
            app.store.raise_alert(Alert(kind="test", subject="retry", message="m"))
            told.round(now - PAUSES[0] * 2)  # its next try is due at once
            told.round(now - PAUSES[1] * 2)
            assert len(receiver.got) == 2
            assert told.round(now) == 1
            told.round(now)
        assert len(receiver.got) == 3
        numbers = {headers["X-Tower-Event"] for headers, _ in receiver.got}
        assert len(numbers) == 1
    app.store.resolve_alert("test", "retry")


def test_approvals_are_told_and_progress_is_not(server: Server, app: App) -> None:
    with receiving() as receiver:
        for told in herald(app, receiver.url):
            told.round(datetime.now(UTC))
            made = server.http.post("/api/v1/generations", json=WISH).json()
            server.finished(made["generation_id"])
            told.round(datetime.now(UTC))
    bodies = [json.loads(body) for _, body in receiver.got]
    mine = [b for b in bodies if b["generation_id"] == made["generation_id"]]
    assert [(b["kind"], b["status"]) for b in mine] == [("concluded", "approved")]


def test_a_silent_target_keeps_nobody_waiting(app: App) -> None:
    for told in herald(app, "http://127.0.0.1:9/nobody"):
        told.round(datetime.now(UTC))
        app.store.raise_alert(Alert(kind="test", subject="silent", message="m"))
        assert told.round(datetime.now(UTC)) == 0
        gone = replace(told, notifiers={})
        gone.round(datetime.now(UTC) + timedelta(days=9))
    app.store.resolve_alert("test", "silent")
