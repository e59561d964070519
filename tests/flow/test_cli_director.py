"""The command line with a scripted server of models: a process of its own each time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.contract.scripted_llm import Act, Asked, Hangs, Said, ScriptedLlm, filled, serving
from tests.flow.test_cli import environment, objects, tower
from tower_anime.cli import main


@pytest.fixture
def llm() -> Iterator[ScriptedLlm]:
    with serving(ScriptedLlm()) as script:
        script.otherwise = helpful
        yield script


def helpful(asked: Asked) -> Act:
    """A model that does whatever is asked, in the form that is asked for."""
    schema: Any = asked.schema
    fields: dict[str, Any] = {}
    properties = schema["properties"]
    if "additions" in properties:
        words = {"section": "light", "words": "soft glow", "reason": "for the mood"}
        fields["additions"] = [words]
    elif "parts" in properties:
        number = properties["parts"]["maxItems"]
        fields["parts"] = [{"title": f"Part {n}", "text": f"{n} happens"} for n in range(number)]
    elif "shots" in properties:
        number = properties["shots"]["maxItems"]
        fields["shots"] = [{"prompt": f"Aki, step {n}", "duration_s": n} for n in range(number)]
    elif "vocabulary" in properties:
        fields["vocabulary"] = ["ink wash", "no colour"]
    return Said(json.dumps(filled(schema, **fields)))


def run(home: Path, *arguments: str, **extra: str) -> Result:
    """Run a command in this process: the director's need neither engine nor sandbox."""
    env = environment(home, **extra)
    done = CliRunner().invoke(main, ["director", *arguments], env=env)
    assert "Traceback" not in done.output
    return done


def test_a_model_decides_from_end_to_end(tmp_path: Path, llm: ScriptedLlm) -> None:
    done = tower(
        tmp_path,
        "generate",
        "1girl, umbrella",
        "--director",
        "ollama",
        "--json",
        TOWER_OLLAMA_URL=llm.url,
    )
    assert done.returncode == 0, done.stderr
    (seen,) = objects(done)
    assert seen["status"] == "approved"
    assert seen["director"]["source"] == "ollama:llava:13b"
    assert seen["director"]["decision"] == "approve"
    assert seen["enhancement"]["source"] == "ollama:llama3.1:8b"
    assert seen["effective_prompt"].startswith("1girl, umbrella, ")
    assert "soft glow" in seen["effective_prompt"]
    shown = tower(tmp_path, "show", seen["generation_id"])
    assert "+ soft glow  (light: for the mood)" in shown.stdout
    assert "ollama:llava:13b: approve" in shown.stdout
    events = run(tmp_path, "session", seen["generation_id"], "--json")
    kinds = [json.loads(line)["kind"] for line in events.stdout.splitlines()]
    assert kinds == ["exchange", "enhanced", "exchange", "opinion"]


@pytest.mark.slow
def test_a_hanging_model_is_named_and_the_measure_decides(tmp_path: Path, llm: ScriptedLlm) -> None:
    llm.otherwise = lambda asked: Hangs()
    done = tower(
        tmp_path,
        "generate",
        "1girl",
        "--director",
        "ollama",
        "--json",
        TOWER_OLLAMA_URL=llm.url,
        TOWER_DIRECTOR__DEADLINE_S="0.5",
    )
    (seen,) = objects(done)
    assert (seen["director"]["source"], seen["director"]["decision"]) == ("rules", "unreviewed")
    assert "ollama" in seen["director"]["notes"]
    assert "no complete answer within" in seen["director"]["notes"]


STORY = ("story", "Rain", "--episodes", "2", "--scenes", "2", "--shots", "3")


def test_a_story_by_a_model_edited_and_queued(tmp_path: Path, llm: ScriptedLlm) -> None:
    url = {"TOWER_OLLAMA_URL": llm.url}
    told = run(tmp_path, *STORY, "--logline", "A courier", "--json", **url)
    assert told.exit_code == 0, told.output
    story = json.loads(told.stdout)
    assert [len(e["scenes"]) for e in story["episodes"]] == [2, 2]
    assert story["episodes"][0]["scenes"][1]["shots"][2]["prompt"] == "Aki, step 2"
    again = run(tmp_path, *STORY, "--logline", "Another", **url)
    assert again.exit_code == 2
    assert "`replace`" in again.stderr
    file = tmp_path / "rain.json"
    assert run(tmp_path, "story", "Rain", "--export", str(file)).exit_code == 0
    edited = json.loads(file.read_text())
    edited["episodes"][0]["scenes"][0]["shots"][0]["prompt"] = "Aki, umbrella, rain"
    edited["episodes"].pop()
    file.write_text(json.dumps(edited))
    shown = run(tmp_path, "story", "Rain", "--import", str(file))
    assert shown.exit_code == 0, shown.output
    assert "Aki, umbrella, rain" in shown.stdout
    assert "Episode 2" not in shown.stdout
    queued = run(tmp_path, "story", "Rain", "--queue", "1.1", "--json")
    assert queued.exit_code == 0, queued.output
    made = [json.loads(line) for line in queued.stdout.splitlines()]
    assert [one["prompt"] for one in made] == ["Aki, umbrella, rain", "Aki, step 1", "Aki, step 2"]
    assert [one["shot_id"] for one in made] == [
        shot["id"] for shot in edited["episodes"][0]["scenes"][0]["shots"]
    ]


def test_a_story_by_rules(tmp_path: Path) -> None:
    told = run(tmp_path, *STORY, "--logline", "A courier finds a city", "--json")
    assert told.exit_code == 0, told.output
    story = json.loads(told.stdout)
    shots = [shot for e in story["episodes"] for s in e["scenes"] for shot in s["shots"]]
    assert len(shots) == 12
    assert all("city" in shot["prompt"] for shot in shots)
    assert sum("courier, finding a city" in shot["prompt"] for shot in shots) >= 3
    fresh = run(tmp_path, *STORY, "--logline", "A courier finds a city", "--json", "--replace")
    assert [e["title"] for e in json.loads(fresh.stdout)["episodes"]] == [
        e["title"] for e in story["episodes"]
    ]


def test_a_brief_becomes_a_style_guide_and_a_session_goes_on(
    tmp_path: Path, llm: ScriptedLlm
) -> None:
    url = {"TOWER_OLLAMA_URL": llm.url}
    made = run(
        tmp_path,
        "brief",
        "Rain",
        "--style",
        "ink",
        "--dont",
        "guns",
        "--character",
        "Aki=silver hair",
        "--json",
        **url,
    )
    assert made.exit_code == 0, made.output
    kept = json.loads(made.stdout)
    assert kept["guide"]["source"] == "ollama:llama3.1:8b"
    assert kept["guide"]["vocabulary"] == ["ink wash"]
    assert json.loads(run(tmp_path, "brief", "Rain", "--json").stdout) == kept
    first = json.loads(
        run(tmp_path, "session", "--say", "Colder?", "--project", "Rain", "--json", **url).stdout
    )
    run(tmp_path, "session", first["session_id"], "--say", "And darker?", **url)
    assert '"asked": "Colder?"' in llm.asked[-1].text
    shown = run(tmp_path, "session", first["session_id"])
    assert "> Colder?" in shown.stdout
    assert "> And darker?" in shown.stdout
    listed = run(tmp_path, "session")
    assert first["session_id"] in listed.stdout
    by_rules = run(tmp_path, "session", first["session_id"], "--say", "x", "--director", "rules")
    assert "No language model answered" in by_rules.stdout
    assert run(tmp_path, "agreement").stdout.startswith("no case yet")


WRONG = [
    (("story", "Rain"), 1, "no project 'Rain'"),
    (("story", "Rain", "--logline", "x", "--scenes", "99"), 2, "1 to 12"),
    (("story", "Rain", "--logline", "x", "--director", "me"), 2, "must be one of auto"),
    (("story", "Rain", "--import", "missing.json"), 2, "can't be read"),
    (("story", "Rain", "--queue", "1.1"), 1, "no project"),
    (("brief", "Rain", "--character", "Aki"), 2, "looks like"),
    (("brief", "Rain", "--file", "brief.json"), 2, "allowed: logline"),
    (("session", "nope"), 1, "no session nope"),
    (("session", "--say", " "), 2, "nothing to say"),
]


@pytest.mark.parametrize(
    ("arguments", "status", "words"), WRONG, ids=[" ".join(w[0]) for w in WRONG]
)
def test_wrong_use_says_what_is_allowed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    status: int,
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "brief.json").write_text('{"title": "x"}')
    done = run(tmp_path, *arguments)
    assert done.exit_code == status, done.output
    assert words in done.stderr
