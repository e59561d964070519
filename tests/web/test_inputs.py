"""Pictures and workflows that callers send, and what is made from them."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import cv2
import httpx2
import numpy as np
import pytest

from tests import drawn
from tests.web.conftest import Server
from tower_anime import shots
from tower_anime.adapters.media import OpenCvMedia
from tower_anime.compose import App
from tower_anime.domain.wish import briefs_of
from tower_anime.errors import Conflict
from tower_anime.graph import ready
from tower_anime.inputs import hashes
from tower_anime.planning import plan
from tower_anime.upkeep import compare_files
from tower_anime.web import models

SMALL: dict[str, Any] = {
    "prompt": "1girl, red hair",
    "size": "512x512",
    "set": {"checkpoint": "sandbox_anime_15.safetensors", "steps": 12},
    "max_attempts": 1,
    "publish": False,
    "director": "off",
}


def encoded(pixels: np.ndarray[Any, Any], suffix: str = ".png") -> bytes:
    done, data = cv2.imencode(suffix, pixels)
    assert done
    return data.tobytes()


PICTURE = drawn.drawn(seed=3)[:512, :512].copy()
MASK = np.zeros((256, 256), np.uint8)
MASK[64:192, 64:192] = 255


def send(
    server: Server, data: bytes, sent_as: str, path: str = "inputs", **fields: str
) -> httpx2.Response:
    return server.http.post(f"/api/v1/{path}", files={"file": (sent_as, data)}, data=fields)


def result(server: Server, **wish: Any) -> dict[str, Any]:
    answer = server.http.post("/api/v1/generations", json={**SMALL, **wish})
    assert answer.status_code == 202, answer.text
    made = server.finished(answer.json()["generation_id"])
    assert made["attempts"][0]["state"] == "produced", made["error"]
    return made


def test_a_picture_that_was_sent_is_drawn_over(server: Server, app: App) -> None:
    sent = send(server, encoded(PICTURE), "C:\\folder\\street.png")
    assert sent.status_code == 201
    kept = sent.json()
    models.Input.model_validate(kept)
    assert (kept["name"], kept["width"], kept["height"]) == ("street.png", 512, 512)
    assert send(server, encoded(PICTURE), "street.png").json() == kept
    mask = send(server, encoded(MASK, ".bmp"), "street.bmp").json()
    assert mask["name"] == "street (2).png"
    assert send(server, encoded(MASK), "雨" * 120 + ".png").json()["name"] == "雨" * 60 + ".png"
    listed = server.http.get("/api/v1/inputs").json()["items"]
    assert {each["name"] for each in listed} >= {"street.png", "street (2).png"}
    for image in (kept["name"], kept["sha256"]):
        made = result(server, image=image, mask=mask["name"])
        pixels = cv2.imread(made["attempts"][0]["artifact"])
        assert pixels is not None
        difference = np.abs(pixels.astype(int) - PICTURE)
        assert difference[:100].max() == 0 < difference[160:350, 160:350].mean()
    file = app.blobs.find(mask["sha256"])
    os.utime(file, (0, 0))
    assert file not in compare_files(app.settings).orphans  # a generation began with it
    unused = app.blobs.find(send(server, encoded(PICTURE[:64]), "unused.png").json()["sha256"])
    os.utime(unused, (0, 0))
    assert unused in compare_files(app.settings).orphans
    assert unused not in compare_files(app.settings, inputs=hashes(app.settings)).orphans
    again = result(server, image=made["attempts"][0]["sha256"], mask=None)
    texts = OpenCvMedia().decode_still(Path(again["attempts"][0]["artifact"])).texts
    assert "LoadImage" in texts["prompt"]


@pytest.mark.parametrize(
    ("data", "name", "status"),
    [
        (b"plain words", "a.png", 415),
        (b"", "a.png", 422),
        (encoded(PICTURE)[:-300], "a.png", 422),
        (encoded(PICTURE) + b"PK\x03\x04 and more", "a.png", 422),
    ],
    ids=["words", "empty", "short", "polyglot"],
)
def test_what_is_no_picture_is_no_input(
    server: Server, data: bytes, name: str, status: int
) -> None:
    assert send(server, data, name).status_code == status


def test_a_workflow_that_was_sent_is_used(server: Server) -> None:
    graph = ready.template("text_to_image_sd15")
    sent = send(server, json.dumps(graph).encode(), "my flow.json", "workflows")
    assert (sent.status_code, sent.json()) == (201, {"name": "my flow@1"})
    toml = "[bind]\nnegative = []\n"
    sent = send(
        server, json.dumps(graph).encode(), "x.json", "workflows", name="my flow", bindings=toml
    )
    assert sent.json() == {"name": "my flow@2"}
    names = [each["name"] for each in server.http.get("/api/v1/workflows").json()["items"]]
    assert names[0] == "text_to_image"
    assert "my flow" in names
    shown = server.http.get("/api/v1/workflows/my flow@1").json()
    models.Workflow.model_validate(shown)
    assert shown["bound"]["steps"][0]["input"] == "steps"
    made = result(server, workflow="my flow@1")
    assert made["attempts"][0]["request"]["steps"] == 12
    for name, words in (("../x", "can't be called"), ("text_to_image", "are taken")):
        refused = send(server, json.dumps(graph).encode(), "x.json", "workflows", name=name)
        assert (refused.status_code, words in refused.json()["detail"]) == (422, True)
    broken = send(server, b"{", "x.json", "workflows")
    assert (broken.status_code, "/tmp" in broken.text) == (422, False)
    assert server.http.get("/api/v1/workflows/none").status_code == 404


def test_what_is_shown_before_is_what_is_drawn_first(server: Server, app: App) -> None:
    for wish in (
        {"prompt": "1girl", "seed": 5},
        {"prompt": "1girl", "workflow": "text_to_image_sd15", "set": {"cfg": 6.5}},
    ):
        shown = plan(app, ["1girl"], {k: v for k, v in wish.items() if k != "prompt"}).preview
        assert shown is not None
        (brief,) = briefs_of({**wish, "publish": False, "max_attempts": 1})
        history = app.store.history(server.finished(app.create(brief).id)["generation_id"])
        first = history.attempts[0].request
        assert shown.request.changed(seed=first.seed) == first
        events = app.store.events_after(0, generation_id=history.generation.id)
        (planned,) = [event for event in events if event.kind == "planned"]
        assert planned.data["origins"] == dict(shown.origins)


def test_the_shots_that_are_missing_are_queued_once(server: Server, app: App) -> None:
    project = server.http.post("/api/v1/projects", json={"name": "Told"}).json()["id"]
    url = f"/api/v1/projects/{project}"
    brief = {"style": "ink wash", "dont": ["guns"], "characters": ["Aki=silver hair"]}
    kept = server.http.put(f"{url}/brief", json=brief).json()["brief"]
    assert (kept["style"], kept["characters"][0]["look"]) == ("ink wash", "silver hair")
    assert server.http.put(f"{url}/brief", json={"characters": ["Aki"]}).status_code == 422
    assert server.http.post(f"{url}/story", json={}).status_code == 422  # no logline
    told = {"logline": "A courier finds a city", "scenes": 2, "shots": 1}
    story = server.http.post(f"{url}/story", json=told).json()
    scenes = [scene["id"] for scene in story["episodes"][0]["scenes"]]
    assert server.http.post(f"{url}/story", json=told).status_code == 422  # there is one already
    first = server.http.post(f"{url}/generate", json={"scene_id": scenes[0]}).json()
    rest = server.http.post(f"{url}/generate").json()
    again = server.http.post(f"{url}/generate", json={"kind": "clip"}).json()
    assert (first["queued"], rest["queued"], again["queued"]) == (1, 1, 0)
    for generation_id in (*first["generation_ids"], *rest["generation_ids"]):
        with contextlib.suppress(Conflict):  # it may be quicker
            app.cancel(generation_id)
    told_story, _ = shots.story_of(app, project)
    clip = shots.brief_of(told_story.shots[0], told_story, kind="clip", director="off")
    assert (clip.kind.value, clip.duration_s) == ("clip", told_story.shots[0].duration_s)
    assert server.http.post(f"{url}/generate", json={"scene_id": "x"}).status_code == 404
    assert server.http.get("/api/v1/projects/none/brief").status_code == 404


def test_the_form_works_without_scripts_and_asks_once(server: Server, app: App) -> None:
    form = {"prompt": "1girl, {red|blue}", "kind": "still", "project": "Plain", "key": "k1"}
    limits = {"set.steps": "1", "size": "64x64", "max_attempts": "1", "unpublished": "1"}
    for _ in range(2):
        answer = server.http.post("/ui/new", data={**form, **limits})
        assert (answer.status_code, answer.headers["location"]) == (303, "/ui/")
    found = app.store.histories(limit=9, project="Plain").items
    assert sorted(one.generation.brief.prompt for one in found) == ["1girl, blue", "1girl, red"]
    assert len({one.generation.batch_id for one in found}) == 1
    assert not any(one.generation.brief.publish for one in found)
    assert server.http.post("/ui/new", data={**form, "prompt": " "}).status_code == 422
