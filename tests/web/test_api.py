"""The HTTP interface, called over the network as programs call it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.web.conftest import Server, listening
from tower_anime.compose import App

WISH = {"prompt": "1girl, umbrella", "profile": "still", "set": {"steps": 4}, "seed": 5}


def test_a_generation_from_post_to_published_file(server: Server) -> None:
    answer = server.http.post("/api/v1/generations", json=WISH)
    assert answer.status_code == 202
    generation_id = answer.json()["generation_id"]
    seen = server.finished(generation_id)
    assert seen["status"] == "approved"
    assert seen["backend"] == "sandbox"
    assert [a["assessment"]["verdict"] for a in seen["attempts"]] == ["reject", "pass"]
    assert seen["publication"]["state"] == "verified"
    assert Path(seen["published"]).is_file()
    picture = server.http.get(f"/api/v1/artifacts/{seen['sha256']}")
    assert picture.status_code == 200
    assert picture.headers["content-type"] == "image/png"
    assert picture.content == Path(seen["published"]).read_bytes()
    listed = server.http.get("/api/v1/generations", params={"limit": 1, "status": "approved"})
    assert listed.json()["items"][0]["generation_id"] == generation_id


def test_a_repeat_with_the_same_key_is_the_same_generation(server: Server) -> None:
    first, second = (
        server.http.post("/api/v1/generations", json=WISH, headers={"Idempotency-Key": "k-1"})
        for _ in range(2)
    )
    assert first.json()["generation_id"] == second.json()["generation_id"]
    server.finished(first.json()["generation_id"])


def test_count_gives_a_list_and_cancel_ends_cancelled(server: Server) -> None:
    body = {**WISH, "count": 8, "publish": False}
    made = server.http.post("/api/v1/generations", json=body).json()
    assert len(made) == 8
    last = made[-1]["generation_id"]
    assert server.http.post(f"/api/v1/generations/{last}/cancel").status_code == 202
    assert server.finished(last)["status"] == "cancelled"
    assert server.http.post(f"/api/v1/generations/{last}/cancel").status_code == 409
    for generation in made[:-1]:
        server.finished(generation["generation_id"])


def test_a_person_rejects_what_was_approved_and_approves_it_again(server: Server) -> None:
    made = server.http.post("/api/v1/generations", json={**WISH, "set": {}}).json()
    url = f"/api/v1/generations/{made['generation_id']}/review"
    server.finished(made["generation_id"])
    rejected = server.http.post(url, json={"decision": "reject", "reasons": ["hands"]})
    assert rejected.json()["status"] == "rejected"
    approved = server.http.post(url, json={"decision": "approve"})
    assert approved.json()["status"] == "approved"
    assert server.http.post(url, json={"decision": "maybe"}).status_code == 422


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "the prompt is empty"),
        ({"prompt": "x", "colour": "red"}, "allowed: prompt"),
        ({"prompt": "x", "size": "0x0"}, "from 16 to 16384"),
        ({"prompt": "x", "profile": "nope"}, "there are: "),
        ({"prompt": "x", "kind": "film"}, "still, clip"),
        ({"prompt": "x", "duration": 5}, "only a clip has a duration"),
        ({"prompt": "x", "workflow": "mine"}, "there are: text_to_image"),
        ({"prompt": "x", "workflow": "/etc/passwd"}, "/api/v1/workflows first"),
        ({"prompt": "x", "image": "/etc/hostname"}, "/api/v1/inputs first"),
        ({"prompt": "x", "image": "../../etc/x"}, "there is no picture"),
        ([1, 2], "valid dictionary"),
    ],
)
def test_a_wrong_wish_names_what_is_allowed(server: Server, body: object, words: str) -> None:
    answer = server.http.post("/api/v1/generations", json=body)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]


def test_unknown_ids_are_not_found(server: Server) -> None:
    for path in ("generations/nope", "artifacts/" + "0" * 64, "artifacts/..%2f..%2fetc"):
        assert server.http.get(f"/api/v1/{path}").status_code == 404
    assert server.http.post("/api/v1/generations/nope/cancel").status_code == 404


def test_health_is_truthful(server: Server, app: App) -> None:
    answer = server.http.get("/health")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    with listening(replace(app, renderers=())) as serverless:
        answer = serverless.http.get("/health")
    assert answer.status_code == 503
    assert answer.json()["status"] == "down"


def test_the_page_shows_the_last_results(server: Server) -> None:
    made = server.http.post("/api/v1/generations", json={**WISH, "publish": False}).json()
    server.finished(made["generation_id"])
    assert server.http.get("/", follow_redirects=True).url.path == "/ui/"
    page = server.http.get("/ui/")
    assert page.status_code == 200
    assert "1girl, umbrella" in page.text
    assert "sandbox" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert server.http.get("/static/tower.css").status_code == 200


def test_a_prompt_is_text_on_the_page_and_nothing_else(server: Server) -> None:
    made = server.http.post(
        "/api/v1/generations", json={"prompt": "<script>alert(1)</script>", "publish": False}
    ).json()
    server.finished(made["generation_id"])
    assert "<script>alert" not in server.http.get("/ui/").text


def test_other_sites_cannot_drive_it(server: Server) -> None:
    foreign = server.http.post(
        "/api/v1/generations", json=WISH, headers={"Origin": "http://evil.example"}
    )
    assert foreign.status_code == 403
    rebound = server.http.get("/api/v1/generations", headers={"Host": "evil.example"})
    assert rebound.status_code == 403


def test_a_token_closes_everything_but_health(app: App) -> None:
    closed = replace(app, settings=app.settings.model_copy(update={"api_token": SecretStr("hush")}))
    with listening(closed) as server:
        assert server.http.get("/health").status_code == 200
        assert server.http.get("/api/v1/generations").status_code == 401
        wrong = {"Authorization": "Bearer wrong"}
        assert server.http.get("/api/v1/generations", headers=wrong).status_code == 401
        right = {"Authorization": "Bearer hush"}
        assert server.http.get("/api/v1/generations", headers=right).status_code == 200


def test_the_interface_describes_itself(server: Server) -> None:
    described = server.http.get("/openapi.json").json()
    assert "/api/v1/generations" in described["paths"]
    assert "/ui/" not in described["paths"]
