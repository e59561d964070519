"""What the earlier service's frontends send still works, plain and under /api/anime."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from tests.web.conftest import Server
from tower_anime.adapters.store.connect import open_engine
from tower_anime.adapters.store.tables import external_ids
from tower_anime.compose import App

PREFIXES = ("", "/api/anime")
STILL = {
    "prompt": "1girl, umbrella",
    "character": "Kai Nakamura",
    "scene_type": "battle",
    "duration": 3,
    "style": "anime",
    "type": "professional",
    "use_apple_music": True,
}


@pytest.fixture(params=PREFIXES, ids=["plain", "api/anime"])
def at(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def called(server: Server, method: str, path: str, status: int = 200, body: Any = None) -> Any:
    answer = server.http.request(method, path, json=body)
    assert answer.status_code == status, f"{path}: {answer.text}"
    return answer.json()


def imported(app: App, entity: str, our_id: str, external_id: str, **legacy: Any) -> None:
    """Note that a row came from an earlier service, as an import does."""
    row = {
        "source": "tower_consolidated",
        "source_table": entity,
        "external_id": external_id,
        "entity": entity,
        "our_id": our_id,
        "original": {"legacy": legacy} if legacy else {},
        "imported_at": datetime.now(UTC),
    }
    engine = open_engine(app.settings.store_url)
    with engine.begin() as connection:
        connection.execute(insert(external_ids).values(row))
    engine.dispose()


def test_a_still_is_waited_for_and_looked_up_everywhere(server: Server, at: str) -> None:
    made = called(server, "POST", f"{at}/generate/integrated", body=STILL)
    assert made["status"] == "completed"
    assert made["pipeline_used"] == "integrated"
    assert made["ignored"] == ["use_apple_music"]
    assert 0.7 <= made["quality_score"] <= 1.0
    job_id = made["job_id"]
    seen = server.finished(job_id)
    assert seen["prompt"] == "1girl, umbrella, Kai Nakamura"
    status = called(server, "GET", f"{at}/generation/{job_id}/status")
    assert (status["status"], status["progress"]) == ("completed", 1.0)
    job = called(server, "GET", f"{at}/jobs/{job_id}")
    assert set(job) >= {"id", "status", "type", "output_path", "quality_score", "created_at"}
    assert Path(job["output_path"]).is_file()
    judged = called(server, "GET", f"{at}/quality/assess/{job_id}")
    assert judged["passes_standards"] is True
    assert judged["quality_score"] == job["quality_score"]
    assert judged["detailed_metrics"]
    called(server, "POST", f"{at}/generation/{job_id}/cancel", status=409)
    listed = called(server, "GET", "/api/generations")
    assert {"id": job_id, "status": "completed", "progress": 100}.items() <= next(
        item for item in listed if item["id"] == job_id
    ).items()
    status = called(server, "GET", f"/api/anime/status/{job_id}")
    assert (status["status"], status["output_file"]) == ("completed", job["output_path"])


def test_a_file_that_is_gone_has_no_score(server: Server) -> None:
    made = called(server, "POST", "/generate/professional", body={"prompt": "1boy, gone"})
    seen = server.finished(made["job_id"])
    Path(seen["artifact"]).unlink()
    assert "no file" in called(server, "GET", f"/quality/assess/{made['job_id']}", 404)["detail"]


def test_a_project_with_its_clip_history_and_end(server: Server, at: str) -> None:
    body = {"name": f"Earlier{at}", "description": "1girl walks in the rain"}
    owner = called(server, "POST", f"{at}/projects", body=body)
    assert set(owner) == {"id", "name", "description", "status", "created_at", "settings"}
    path = f"{at}/projects/{owner['id']}"
    assert called(server, "PUT", path, body={"status": "completed"})["status"] == "completed"
    assert called(server, "PATCH", path, body={"settings": {"a": 1}})["settings"] == {"a": 1}
    assert owner["id"] in [one["id"] for one in called(server, "GET", f"{at}/projects")]
    wish = {"prompt": "", "frames": 9, "fps": 8, "personal": {"x": 1}, "biometric_data": None}
    for path_of_clip in (f"{path}/generate", f"{at}/generate/project/{owner['id']}"):
        made = called(server, "POST", path_of_clip, body=wish)
        assert set(made) >= {"request_id", "job_id", "status", "message"}
        assert made["ignored"] == ["personal", "biometric_data"]
        called(server, "POST", f"{at}/generation/{made['job_id']}/cancel")
        assert server.finished(made["job_id"])["status"] == "cancelled"
    history = called(server, "GET", f"{path}/history")["history"]
    assert {item["type"] for item in history} == {"clip"}
    assert history[0]["prompt"] == body["description"]
    stuck = called(server, "POST", f"{at}/projects/clear-stuck")
    assert set(stuck) == {"message", "stuck_projects", "stuck_jobs"}
    assert "archived" in called(server, "DELETE", path)["message"]


def test_episodes_and_their_scenes(server: Server, at: str) -> None:
    episode = called(
        server,
        "POST",
        f"{at}/episodes",
        body={
            "title": "One",
            "synopsis": "s",
            "duration": 1440,
            "characters": ["Aki"],
            "metadata": {"k": "v"},
        },
    )
    assert (episode["duration"], episode["characters"]) == (1440, ["Aki"])
    path = f"{at}/episodes/{episode['id']}"
    scene = called(server, "POST", f"{path}/scenes", body={"name": "Roof", "prompt": "1girl"})
    assert (scene["title"], scene["episode_id"]) == ("Roof", episode["id"])
    changed = called(
        server, "PUT", f"{at}/scenes", body={"id": scene["id"], "description": "windy"}
    )
    assert (changed["description"], changed["prompt"]) == ("windy", "1girl")
    assert [one["id"] for one in called(server, "GET", f"{path}/scenes")] == [scene["id"]]
    renamed = called(server, "PUT", path, body={"title": "Two", "video_path": "/v.mp4"})
    assert (renamed["title"], renamed["video_path"]) == ("Two", "/v.mp4")
    assert renamed["scenes"][0]["id"] == scene["id"]
    listed = called(server, "GET", f"{at}/scenes?project_id={scene['project_id']}")
    assert scene["id"] in [one["id"] for one in listed]
    assert called(server, "GET", f"{at}/episodes")


def test_the_oldest_routes_generate(server: Server) -> None:
    made = called(server, "POST", "/api/anime/generate", body={"prompt": "shrine, dusk"})
    status = called(server, "GET", f"/api/anime/status/{made['generation_id']}")
    assert status["status"] in ("generating", "completed")
    server.finished(made["generation_id"])
    assert called(server, "GET", f"/api/anime/status/{made['generation_id']}")["output_file"]


def test_a_prompt_is_added_to_and_its_words_stay(server: Server, at: str) -> None:
    found = called(server, "POST", f"{at}/echo/enhance-prompt", body={"prompt": "1girl, rain"})
    assert found["original_prompt"] == "1girl, rain"
    assert "1girl, rain" in found["enhanced_prompt"]
    assert found["enhancements"]


def test_health_is_the_same_under_both(server: Server, at: str) -> None:
    assert called(server, "GET", f"{at}/health")["status"] == "ok"


def test_words_that_mean_nothing_are_refused(server: Server, at: str) -> None:
    wrong = called(
        server, "POST", f"{at}/generate/professional", 422, {"prompt": "x", "gpu": "big"}
    )
    assert "allowed: prompt" in wrong["detail"]
    assert isinstance(wrong["detail"], str)
    called(server, "POST", f"{at}/generate/professional", 422, {"prompt": ""})
    called(server, "POST", f"{at}/projects", 422, {"title": "x"})
    called(server, "POST", f"{at}/projects", 422, {})
    for path in ("jobs/9", "projects/9", "generation/9/status", "quality/assess/9"):
        assert called(server, "GET", f"{at}/{path}", 404)["detail"]


def test_a_review_that_is_awaited_is_completed_with_a_word(server: Server, app: App) -> None:
    made = called(server, "POST", "/generate/professional", body={"prompt": "1girl, unsure"})
    server.finished(made["job_id"])
    url = f"/api/v1/generations/{made['job_id']}/review"
    called(server, "POST", url, body={"decision": "reject", "reasons": ["hands"]})
    assert called(server, "GET", f"/jobs/{made['job_id']}")["status"] == "quality_failed"
    assert called(server, "GET", f"/generation/{made['job_id']}/status")["status"] == "failed"


def test_imported_rows_keep_their_integers(server: Server, app: App, at: str) -> None:
    number = {"": 4711, "/api/anime": 4712}[at]
    owner = called(server, "POST", "/projects", body={"name": f"Imported {number}"})
    imported(app, "projects", owner["id"], str(number))
    body = {"prompt": "1girl, imported", "project_id": number}
    made = called(server, "POST", f"{at}/generate/professional", body=body)
    server.finished(made["job_id"])
    imported(app, "generations", made["job_id"], str(number), quality_score=0.85)
    job = called(server, "GET", f"{at}/jobs/{number}")
    assert job["id"] == number
    assert job["legacy"] == {"quality_score": 0.85}
    assert job["quality_score"] != 0.85
    assert called(server, "GET", f"{at}/projects/{number}")["id"] == number
    history = called(server, "GET", f"{at}/projects/{number}/history")["history"]
    assert [item["id"] for item in history] == [number]
    assert number in [one["id"] for one in called(server, "GET", f"{at}/projects")]
    assert called(server, "GET", f"{at}/generation/{number}/status")["status"] == "completed"
    assert json.dumps(number) in server.http.get("/api/generations").text
