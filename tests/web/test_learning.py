"""What was learned, over HTTP."""

from __future__ import annotations

from tests.web.conftest import Server


def test_what_was_learned_is_shown_forgotten_and_remembered(server: Server) -> None:
    wish = {"prompt": "1girl, lighthouse, waves", "director": "off", "publish": False}
    made = server.http.post("/api/v1/generations", json=wish).json()
    server.finished(made["generation_id"])
    decision = {"decision": "reject", "note": "no"}
    server.http.post(f"/api/v1/generations/{made['generation_id']}/review", json=decision)
    found = server.http.get("/api/v1/learning").json()
    assert found["backend"] == "sandbox"
    assert [one["outcomes"] for one in found["words"]] == [1]
    assert "20 decisions are needed" in " ".join(found["people"]["still"]["says"])
    assert server.http.get("/api/v1/learning?backend=comfyui").json()["words"] == []
    near = server.http.get("/api/v1/learning/alike", params={"prompt": "a lighthouse"}).json()
    assert near["items"][0]["generation_id"] == made["generation_id"]
    reset = server.http.post("/api/v1/learning/reset", json={"part": "words"})
    assert reset.status_code == 200
    assert server.http.get("/api/v1/learning").json()["words"] == []
    assert server.http.get("/api/v1/learning").json()["people"]
    assert server.http.post("/api/v1/learning/reset/undo").json() == {"resets": 1}
    assert server.http.get("/api/v1/learning").json()["words"]
    told = server.http.get("/api/v1/learning/export").text
    assert len(told.splitlines()) == 1
    there = told.replace(made["generation_id"], "11111111-2222-3333-4444-555555555555")
    for new in (1, 0):
        sent = server.http.post("/api/v1/learning/import", files={"file": ("told.jsonl", there)})
        assert (sent.status_code, sent.json()) == (200, {"outcomes": new})
    broken = server.http.post("/api/v1/learning/import", files={"file": ("x.jsonl", b"{}\n")})
    assert (broken.status_code, "x.jsonl, line 1" in broken.text) == (422, True)
    assert 'href="/api/v1/learning/export"' in server.http.get("/ui/learning?like=boat").text
    server.http.post("/api/v1/learning/reset", json={"part": "style", "family": "sdxl"})
    (gone,) = server.http.get("/api/v1/learning").json()["forgotten"]
    assert (gone["part"], gone["says"]) == ("style", "style of sdxl")
    known = server.http.get("/ui/learning/known").text
    assert "Styles of projects" in known
    assert "style of sdxl, up to" in known
    table = server.http.get("/ui/learning/people-still.csv").text
    assert table.startswith("score from,to,decisions")
    wrong = server.http.post("/api/v1/learning/reset", json={"part": "luck"})
    assert (wrong.status_code, "words" in wrong.text) == (422, True)


def test_the_best_of_several_is_published_over_http(server: Server) -> None:
    wish = {"prompt": "1girl, harbour", "count": 3, "keep": "best", "director": "off"}
    made = server.http.post("/api/v1/generations", json=wish).json()
    done = [server.finished(one["generation_id"]) for one in made]
    done = [server.finished(one["generation_id"]) for one in made]
    states = sorted(one["publication"]["state"] for one in done if one["publication"])
    assert states.count("verified") == 1
    assert set(states) <= {"kept", "verified"}
    wrong = server.http.post("/api/v1/generations", json={**wish, "keep": "most"})
    assert wrong.status_code == 422
