"""Queue, batches, productions, events and uploads, called as programs call them."""

from __future__ import annotations

import io
import json
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import av
import cv2
import httpx2
import pytest

from tests import drawn
from tests.web.conftest import Server, listening
from tower_anime.compose import App
from tower_anime.domain.alert import Alert
from tower_anime.domain.wish import WISH_KEYS
from tower_anime.pipeline.turns import KNOWN_FOR_S
from tower_anime.web import models
from tower_anime.web.words import PageOf

WISH = {"prompt": "1girl, umbrella", "set": {"steps": 4}, "seed": 5, "publish": False}


@contextmanager
def serving(app: App) -> Iterator[Server]:
    """The same product as `serve` runs it: with an order, pauses and budgets."""
    turns = replace(app.turns, limit=8)
    with listening(replace(app, turns=turns)) as server:
        yield server


def made(server: Server, **wish: Any) -> dict[str, Any]:
    answer = server.http.post("/api/v1/generations", json={**WISH, **wish})
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def project(server: Server, name: str, **more: Any) -> dict[str, Any]:
    answer = server.http.post("/api/v1/projects", json={"name": name, **more})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


# ---- the objects --------------------------------------------------------------------------------


def test_answers_are_what_the_description_says(server: Server) -> None:
    done = server.finished(made(server)["generation_id"])
    models.Generation.model_validate(done)
    listed = server.http.get("/api/v1/generations", params={"limit": 2}).json()
    PageOf[models.Generation].model_validate(listed)
    PageOf[models.Worker].model_validate(server.http.get("/api/v1/workers").json())
    PageOf[models.PublicationItem].model_validate(server.http.get("/api/v1/publications").json())
    models.QueueState.model_validate(server.http.get("/api/v1/queue").json())


def test_a_wish_may_say_what_the_command_line_may() -> None:
    assert list(models.Wish.model_fields) == list(WISH_KEYS)


def test_every_operation_has_a_name_of_its_own(server: Server) -> None:
    described = server.http.get("/openapi.json").json()
    names = [
        operation["operationId"]
        for path in described["paths"].values()
        for operation in path.values()
    ]
    assert len(names) == len(set(names)) > 40
    assert all(name.isidentifier() for name in names)
    titles = [shape.get("title") for shape in described["components"]["schemas"].values()]
    assert len(titles) == len(set(titles)), "generated clients make a class of each title"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("generations?statu=approved", "allowed: limit, cursor, status, project, batch"),
        ("generations?limit=0", "greater than or equal to 1"),
        ("generations?status=done", "'queued', 'working'"),
        ("generations?cursor=abc", "none of ours"),
        ("projects?cursor=W10=", "none of ours"),
        ("projects?cursor=WzEsMl0=", "none of ours"),
    ],
)
def test_wrong_parameters_name_what_is_allowed(server: Server, path: str, words: str) -> None:
    answer = server.http.get(f"/api/v1/{path}")
    assert answer.status_code == 422
    assert words in answer.json()["detail"]


def test_a_key_belongs_to_one_request(server: Server) -> None:
    headers = {"Idempotency-Key": "once"}
    first = server.http.post("/api/v1/generations", json=WISH, headers=headers)
    other = server.http.post(
        "/api/v1/generations", json={**WISH, "prompt": "2girls"}, headers=headers
    )
    assert (first.status_code, other.status_code) == (202, 409)
    server.finished(first.json()["generation_id"])


# ---- decisions ----------------------------------------------------------------------------------


def test_a_decision_is_taken_back(server: Server) -> None:
    generation_id = made(server, set={})["generation_id"]
    url = f"/api/v1/generations/{generation_id}/review"
    assert server.finished(generation_id)["status"] == "approved"
    assert server.http.post(f"{url}/undo").status_code == 409
    server.http.post(url, json={"decision": "reject"})
    server.http.post(url, json={"decision": "approve", "note": "after all"})
    assert server.http.post(f"{url}/undo").json()["status"] == "rejected"
    assert server.http.post(f"{url}/undo").json()["status"] == "approved"
    assert server.http.post(f"{url}/undo").status_code == 409
    assert server.http.post("/api/v1/generations/nope/review/undo").status_code == 404


def test_the_same_is_asked_for_again(server: Server) -> None:
    first = made(server)["generation_id"]
    server.finished(first)
    again = server.http.post(f"/api/v1/generations/{first}/retry")
    assert again.status_code == 202
    second = server.finished(again.json()["generation_id"])
    assert second["generation_id"] != first
    assert second["prompt"] == WISH["prompt"]


# ---- queue --------------------------------------------------------------------------------------


def test_a_paused_queue_begins_nothing_and_keeps_its_order(app: App) -> None:
    with serving(app) as server:
        assert server.http.post("/api/v1/queue/pause").json()["paused"] is True
        ids = [made(server)["generation_id"] for _ in range(4)]
        body = {"generation_ids": ids[2:3], "priority": 7}
        assert server.http.post("/api/v1/queue/priority", json=body).json() == {"changed": 1}
        state = server.http.get("/api/v1/queue").json()
        assert [item["generation_id"] for item in state["items"]] == [
            ids[2],
            ids[0],
            ids[1],
            ids[3],
        ]
        assert {item["waits_for"] for item in state["items"]} == {"the queue is paused"}
        server.http.post("/api/v1/queue/order", json={"generation_ids": [ids[3], ids[1]]})
        state = server.http.get("/api/v1/queue").json()
        assert [item["generation_id"] for item in state["items"]] == [
            ids[3],
            ids[1],
            ids[2],
            ids[0],
        ]
        wrong = {"generation_ids": ids, "priority": 1000}
        assert server.http.post("/api/v1/queue/priority", json=wrong).status_code == 422
        gone = server.http.post("/api/v1/queue/cancel", json={"status": "queued"})
        assert gone.json() == {"changed": 4}
        assert server.http.post("/api/v1/queue/cancel", json={}).status_code == 422
        assert server.http.post("/api/v1/queue/resume").json()["paused"] is False
        for generation_id in ids:
            server.app.engine.submit(generation_id)
            assert server.finished(generation_id)["status"] == "cancelled"


def test_a_batch_is_counted_and_repeated_harmlessly(server: Server) -> None:
    body = {
        "prompts": ["1girl, {spring|autumn} forest", "shrine"],
        "wish": {"publish": False, "project": "Batches"},
        "priority": 3,
    }
    key = {"Idempotency-Key": "a-batch"}
    first = server.http.post("/api/v1/batches", json=body, headers=key)
    again = server.http.post("/api/v1/batches", json=body, headers=key)
    assert first.status_code == again.status_code == 202
    assert first.json()["generation_ids"] == again.json()["generation_ids"]
    assert first.json()["total"] == 3
    batch_id = first.json()["batch_id"]
    for generation_id in first.json()["generation_ids"]:
        server.finished(generation_id)
    counts = server.http.get(f"/api/v1/batches/{batch_id}").json()["counts"]
    assert sum(counts.values()) == 3
    listed = server.http.get("/api/v1/generations", params={"batch": batch_id}).json()
    assert [item["prompt"] for item in listed["items"]] == [
        "shrine",
        "1girl, autumn forest",
        "1girl, spring forest",
    ]
    assert server.http.get("/api/v1/batches/nope").status_code == 404


def test_a_spent_budget_lets_a_project_wait(app: App) -> None:
    with serving(app) as server:
        project(server, "Thrifty", budget={"attempts": 1})
        time.sleep(KNOWN_FOR_S)
        first = made(server, project="Thrifty")["generation_id"]
        ended = server.finished(first)
        assert len(ended["attempts"]) == 1
        assert "budget for today is spent" in ended["reason"]
        second = made(server, project="Thrifty")["generation_id"]
        waiting = server.http.get("/api/v1/queue", params={"project": "Thrifty"}).json()["items"]
        assert [item["generation_id"] for item in waiting] == [second]
        assert "1 of 1 attempts" in waiting[0]["waits_for"]
        server.http.post(f"/api/v1/generations/{second}/cancel")
        server.app.engine.submit(second)
        assert server.finished(second)["status"] == "cancelled"
    with listening(app) as direct:  # where nothing waits for tomorrow it is refused
        body = {**WISH, "project": "Thrifty"}
        assert direct.http.post("/api/v1/generations", json=body).status_code == 409


# ---- productions --------------------------------------------------------------------------------


def test_a_production_from_project_to_shot(server: Server) -> None:
    owner = project(server, "Rain", description="wet")
    assert (
        server.http.post("/api/v1/projects", json={"name": "Rain"}).status_code == 409
    )  # names are taken once
    post = server.http.post
    episodes = [
        post("/api/v1/episodes", json={"project_id": owner["id"], "title": title}).json()
        for title in ("One", "Two")
    ]
    assert [episode["number"] for episode in episodes] == [1, 2]
    scene = {"project_id": owner["id"], "episode_id": episodes[0]["id"]}
    scene = post("/api/v1/scenes", json=scene).json()
    shot = post("/api/v1/shots", json={"scene_id": scene["id"], "prompt": "1girl, rain"}).json()
    assert (scene["number"], shot["number"]) == (1, 1)
    post("/api/v1/characters", json={"project_id": owner["id"], "name": "Aki"})
    drawn_shot = post(f"/api/v1/shots/{shot['id']}/generate", json={"publish": False})
    assert drawn_shot.status_code == 202, drawn_shot.text
    assert server.finished(drawn_shot.json()["generation_id"])["project"] == "Rain"
    renamed = server.http.patch(
        f"/api/v1/projects/{owner['id']}", json={"name": "Snow", "settings": {"style": "ink"}}
    )
    assert renamed.json()["settings"] == {"style": "ink"}
    listed = server.http.get("/api/v1/generations", params={"project": "Snow"}).json()
    assert [item["project"] for item in listed["items"]] == ["Snow"]
    assert server.http.delete(f"/api/v1/projects/{owner['id']}").status_code == 409
    assert server.http.delete(f"/api/v1/episodes/{episodes[0]['id']}").status_code == 204
    assert server.http.get(f"/api/v1/shots/{shot['id']}").status_code == 404


def test_lists_of_parts_are_pages(server: Server) -> None:
    owner = project(server, "Pages")
    for number in (3, 1, 2):
        body = {"project_id": owner["id"], "number": number}
        assert server.http.post("/api/v1/scenes", json=body).status_code == 201
    seen, cursor = [], None
    while True:
        asked: dict[str, Any] = {"project_id": owner["id"], "limit": 2}
        found = server.http.get(
            "/api/v1/scenes", params={**asked, "cursor": cursor} if cursor else asked
        )
        seen += [item["number"] for item in found.json()["items"]]
        cursor = found.json()["next_cursor"]
        if cursor is None:
            break
    assert seen == [1, 2, 3]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("projects", {"name": ""}, 422),
        ("projects", {"name": "x", "colour": 1}, 422),
        ("projects", {"name": "x", "status": "lost"}, 422),
        ("projects", {"name": "x", "budget": {"attempts": -1}}, 422),
        ("episodes", {"project_id": "nope"}, 404),
        ("shots", {"scene_id": "nope", "prompt": "x"}, 404),
    ],
)
def test_wrong_parts_are_refused(
    server: Server, path: str, body: dict[str, Any], status: int
) -> None:
    answer = server.http.post(f"/api/v1/{path}", json=body)
    assert answer.status_code == status
    assert answer.json()["detail"]


# ---- files --------------------------------------------------------------------------------------


def test_a_thumbnail_is_made_once_and_known_by_its_tag(server: Server, app: App) -> None:
    done = server.finished(made(server, set={})["generation_id"])
    url = f"/api/v1/artifacts/{done['sha256']}"
    small = server.http.get(f"{url}/thumbnail", params={"size": 128})
    assert small.headers["content-type"] == "image/webp"
    (file,) = (app.settings.data_dir / "thumbnails").rglob(f"{done['sha256']}-128.webp")
    assert max(cv2.imread(str(file)).shape[:2]) == 128
    file.unlink()
    again = server.http.get(f"{url}/thumbnail", params={"size": 128})
    assert again.content == small.content
    assert not file.exists()
    for one in (url, f"{url}/thumbnail?size=128"):
        tag = server.http.get(one).headers["etag"]
        head = server.http.head(one)
        assert (head.status_code, head.headers["etag"], head.content) == (200, tag, b"")
        again = server.http.get(one, headers={"If-None-Match": f'"x", W/{tag}'})
        assert (again.status_code, again.content) == (304, b"")
    assert server.http.get(f"{url}/thumbnail", params={"size": 99}).status_code == 422
    assert server.http.get(f"/api/v1/artifacts/{'0' * 64}/thumbnail").status_code == 404
    assert server.http.get("/api/v1/artifacts/..%2f..%2fx/thumbnail").status_code == 404


def png(
    frames: int = 1, held: int = 0, width: int = 64, height: int = 64, tail: bytes = b""
) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    data = b"\x89PNG\r\n\x1a\n"
    data += chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    if frames > 1:
        data += chunk(b"acTL", struct.pack(">II", frames, 0))
    data += chunk(b"fcTL", bytes(26)) * held
    data += chunk(b"IDAT", zlib.compress(b"\0" * 65 * 64)) + chunk(b"IEND", b"")
    return data + tail


def jpeg() -> bytes:
    done, data = cv2.imencode(".jpg", drawn.drawn(seed=1))
    assert done
    return data.tobytes()


def upload(server: Server, data: bytes, name: str = "a.png", **fields: str) -> httpx2.Response:
    return server.http.post("/api/v1/assessments", files={"file": (name, data)}, data=fields)


def test_an_upload_is_measured(server: Server) -> None:
    done, data = cv2.imencode(".png", drawn.drawn(seed=1)[..., ::-1])
    assert done
    answer = upload(server, data.tobytes(), name="../../etc/passwd", prompt="1girl")
    assert answer.status_code == 200
    models.Assessment.model_validate(answer.json())
    assert answer.json()["path"] is None
    assert upload(server, jpeg(), name="a.jpg").status_code == 200


@pytest.mark.parametrize("kind", ["gif", "apng"])
def test_what_moves_is_measured_as_a_clip(server: Server, kind: str) -> None:
    pixels = {"gif": "rgb8", "apng": "rgb24"}[kind]
    held = io.BytesIO()
    with av.open(held, "w", format=kind) as container:
        stream = container.add_stream(kind, rate=8)
        stream.width, stream.height, stream.pix_fmt = 64, 64, pixels
        for seed in range(3):
            frame = av.VideoFrame.from_ndarray(drawn.drawn(seed=seed)[300:364, 300:364].copy())
            container.mux(stream.encode(frame.reformat(format=pixels)))
        container.mux(stream.encode(None))
    answer = upload(server, held.getvalue())
    assert (answer.status_code, answer.json()["kind"]) == (200, "video"), answer.text


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (png(width=60_000, height=60_000), 413),
        (png(frames=5000), 422),
        (png(frames=5000, held=5000), 413),
        (b"GIF89a\1\0\1\0\0\0\0" + b",\0\0\0\0\1\0\1\0\0\2\0" * 5000 + b";", 413),
        (b"RIFF\x56\x9c\0\0WEBPVP8X\n\0\0\0" + bytes(10) + b"ANMF\0\0\0\0" * 5000, 413),
        (png()[:-20], 422),
        (png(tail=b"<script>alert(1)</script>"), 422),
        (jpeg() + b"PK\x03\x04", 422),
        (jpeg()[:-200], 422),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415),
        (b"GIF89a/*\x00\x00\x00\x00;", 422),
        (b"BM" + b"\0" * 60, 422),
        (b"RIFF\0\0\0\0WEBPVP8X", 422),
        (b"plain words", 415),
        (b"", 422),
    ],
    ids=lambda value: value if isinstance(value, int) else str(value[:12]),
)
def test_hostile_uploads_are_refused(server: Server, data: bytes, status: int) -> None:
    answer = upload(server, data)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    "fields",
    [{"profile": "nope"}, {"expect": "{"}, {"expect": "[1]"}, {"expect": '{"colour": 1}'}],
    ids=str,
)
def test_a_wrong_wish_for_an_upload_is_refused(server: Server, fields: dict[str, str]) -> None:
    assert upload(server, jpeg(), **fields).status_code == 422


def test_bodies_have_a_limit_declared_or_not(app: App) -> None:
    http = app.settings.http.model_copy(update={"max_body_mb": 0.01, "max_upload_mb": 0.02})
    small = replace(app, settings=app.settings.model_copy(update={"http": http}))
    with listening(small) as server:
        body = json.dumps({"prompt": "x" * 20_000}).encode()
        kind = {"Content-Type": "application/json"}
        declared = server.http.post("/api/v1/generations", content=body, headers=kind)
        streamed = server.http.post("/api/v1/generations", content=iter([body]), headers=kind)
        assert (declared.status_code, streamed.status_code) == (413, 413)
        assert upload(server, b"x" * 30_000).status_code == 413


# ---- events -------------------------------------------------------------------------------------


def read_events(
    response: httpx2.Response, *, until: int | None = None
) -> Iterator[tuple[str, dict[str, Any]]]:
    number = ""
    for line in response.iter_lines():
        if line.startswith("id: "):
            number = line.removeprefix("id: ")
        elif line.startswith("data: "):
            yield number, json.loads(line.removeprefix("data: "))
            number = ""


def test_the_stream_of_a_generation_ends_with_its_status(server: Server) -> None:
    generation_id = made(server)["generation_id"]
    url = f"/api/v1/generations/{generation_id}/events"
    with server.http.stream("GET", url) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        told = list(read_events(response))
    assert {data["generation_id"] for _, data in told} == {generation_id}
    assert told[-1][1]["kind"] == "final"
    assert told[-1][1]["status"] == server.finished(generation_id)["status"]
    numbers = [int(number) for number, _ in told[:-1] if number]
    assert numbers == sorted(set(numbers))
    with server.http.stream("GET", url, headers={"Last-Event-ID": str(numbers[1])}) as response:
        resumed = [int(number) for number, _ in list(read_events(response))[:-1]]
    assert resumed == numbers[2:]
    after_the_end = server.http.get(url, headers={"Last-Event-ID": told[-1][0]})
    assert after_the_end.status_code == 204
    assert server.http.get("/api/v1/generations/nope/events").status_code == 404
    assert server.http.get(url, headers={"Last-Event-ID": "x"}).status_code == 422


def test_everything_is_told_from_where_it_was_left(server: Server, app: App) -> None:
    before = app.store.last_event()
    told: list[tuple[str, dict[str, Any]]] = []
    ready = threading.Event()

    def listen() -> None:
        with server.http.stream(
            "GET", "/api/v1/events", headers={"Last-Event-ID": str(before)}
        ) as response:
            ready.set()
            for number, data in read_events(response):
                told.append((number, data))
                if data["kind"] == "alert_resolved":
                    return

    listener = threading.Thread(target=listen)
    listener.start()
    ready.wait(10)
    server.finished(made(server)["generation_id"])
    app.store.raise_alert(Alert(kind="test", subject="x", message="m"))
    app.store.resolve_alert("test", "x")
    listener.join(20)
    assert not listener.is_alive()
    numbers = [int(number) for number, _ in told if number]
    stored = [event.seq for event in app.store.events_after(before) if event.seq <= numbers[-1]]
    assert numbers == stored


def test_many_listen_at_once(server: Server) -> None:
    generation_id = made(server)["generation_id"]
    url = f"{server.url}/api/v1/generations/{generation_id}/events"
    ends: list[str] = []

    def listen() -> None:
        with httpx2.Client(timeout=30) as http, http.stream("GET", url) as response:
            ends.append(list(read_events(response))[-1][1]["status"])

    threads = [threading.Thread(target=listen) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(ends) == 30


# ---- alerts -------------------------------------------------------------------------------------


def test_an_alert_is_listed_acknowledged_and_resolved(server: Server, app: App) -> None:
    app.store.raise_alert(Alert(kind="disk_short", subject="/", message="2 GB left"))
    (alert,) = server.http.get("/api/v1/alerts", params={"open": True}).json()["items"]
    models.Alert.model_validate(alert)
    url = f"/api/v1/alerts/{alert['id']}/acknowledge"
    first, second = (server.http.post(url).json()["acknowledged_at"] for _ in range(2))
    assert first == second is not None
    app.store.resolve_alert("disk_short", "/")
    assert server.http.get("/api/v1/alerts", params={"open": True}).json()["items"] == []
    assert server.http.get("/api/v1/alerts").json()["items"][0]["resolved_at"]
    assert server.http.post("/api/v1/alerts/nope/acknowledge").status_code == 404
