"""Words, people, style and drift: what is recorded, what it changes, what people see and undo."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from tests import drawn, samples
from tests.flow.rig import Rig, encoded, open_rig, rendered
from tower_anime.adapters.still_texts import with_texts
from tower_anime.cli import main
from tower_anime.domain.attempt import AttemptKind
from tower_anime.domain.generation import GenerationStatus, History, PersonDecision, PersonReview
from tower_anime.domain.knowledge import Outcome
from tower_anime.domain.lesson import Part
from tower_anime.domain.quality import Profile
from tower_anime.pipeline.memory import Teacher
from tower_anime.pipeline.people import calibrated, calibration
from tower_anime.pipeline.styling import MeasuredStyles
from tower_anime.ports import Rendered, RenderJob


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    opened = open_rig(tmp_path)
    yield opened
    opened.store.close()


def run(home: Path, *arguments: str) -> Result:
    environment = {"TOWER_DATA_DIR": str(home), "HOME": str(home), "TOWER_COMFY_URLS": "http://x"}
    done = CliRunner().invoke(main, arguments, env=environment)
    assert "Traceback" not in done.output
    return done


# ---- words ------------------------------------------------------------------------------------


def praised(family: str, word: str, *, score: float = 0.75) -> list[Outcome]:
    """Forty first attempts, half of them with a word that gives them a tenth more."""
    return [
        Outcome(
            generation_id=f"{word}-{n}",
            number=1,
            backend="comfyui",
            family=family,
            checkpoint="anime_xl.safetensors",
            request=samples.request(prompt=f"1girl, scene {n}" + (f", {word}" if n % 2 else "")),
            score=score + 0.1 * (n % 2) + 0.01 * (n % 3),
            passed=True,
        )
        for n in range(40)
    ]


def taught(rig: Rig, outcomes: list[Outcome]) -> Rig:
    rig.store.add_outcomes(outcomes)
    return replace(rig, pipeline=replace(rig.pipeline, teacher=Teacher(rig.store)))


def test_words_that_help_join_new_prompts_and_their_lots_are_kept(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    # else its own results become evidence where the machine is slow
    monkeypatch.setattr("tower_anime.pipeline.memory.FRESH_S", 3600.0)
    first = rig.run(rig.add(samples.brief()))
    (told,) = rig.store.outcomes()
    assert told.person is None
    assert (told.project, told.profile, told.version) == ("Default", "still", "0.33.0")
    assert "masterpiece" in told.added
    assert told.drawn == {}
    rig = taught(rig, praised(str(first.attempts[0].family), "rim light"))
    made, lots = list[History](), dict[str, Mapping[str, bool]]()
    while {drawn_["rim light"] for drawn_ in lots.values()} != {True, False}:  # by random ids
        assert len(made) < 40
        made.append(rig.run(rig.add(samples.brief(max_attempts=1))))
        lots[made[-1].generation.id] = dict(made[-1].attempts[0].drawn)
        assert "rim light" in lots[made[-1].generation.id]
    for history in made:
        present = lots[history.generation.id]["rim light"]
        assert ("rim light" in history.attempts[0].request.prompt) is present
        assert "rim light" not in history.attempts[0].added
        assert history.attempts[0].request.prompt.startswith("1girl, umbrella")
    plain = rig.run(rig.add(samples.brief(locks=("prompt",), max_attempts=1)))
    assert "rim light" not in plain.attempts[0].request.prompt
    lit = samples.brief(max_attempts=1)
    lit = replace(lit, prompt="1girl, candle light")  # the user decided on the light
    assert "rim light" not in rig.run(rig.add(lit)).attempts[0].request.prompt


def test_a_word_for_a_style_stays_out_of_a_project_that_has_one(rig: Rig) -> None:
    family = str(rig.run(rig.add(samples.brief())).attempts[0].family)
    told = praised(family, "watercolor")
    rig = taught(rig, [replace(one, project="Neon") for one in told[:36]] + told[36:])
    there = {
        project: [
            "watercolor" in dict(rig.run(rig.add(wish)).attempts[0].drawn)
            for wish in [samples.brief(project=project, max_attempts=1)] * 3
        ]
        for project in ("Neon", "Rain")
    }
    assert there == {"Neon": [False] * 3, "Rain": [True] * 3}


def test_a_word_for_things_is_shown_but_never_added(rig: Rig, tmp_path: Path) -> None:
    family = str(rig.run(rig.add(samples.brief())).attempts[0].family)
    rig = taught(rig, praised(family, "castle"))
    made = [rig.run(rig.add(samples.brief(max_attempts=1))) for _ in range(3)]
    assert not any("castle" in history.attempts[0].request.prompt for history in made)
    (view,) = map(json.loads, run(tmp_path, "learning", "words", "--json").stdout.splitlines())
    shown = {tuple(word["words"]): word for word in view["words"]}["castle",]
    assert (shown["sure"], shown["may_be_added"]) == (True, False)
    assert "castle" in run(tmp_path, "learning", "words").stdout
    near = run(tmp_path, "learning", "words", "--like", "castle, scene 3", "--json").stdout
    assert "castle" in json.loads(near.splitlines()[0])["prompt"]
    assert "nothing changed" in run(tmp_path, "learning", "drift").stdout


# ---- people -----------------------------------------------------------------------------------


def decide(rig: Rig, score: float, *, approve: bool) -> str:
    """A generation of this score that a person decided on."""
    id_ = rig.add(samples.brief())
    rig.store.save_attempt(replace(samples.attempt(), generation_id=id_, prompt_id=id_))
    rig.store.save_assessment(id_, 1, samples.assessment(score=score))
    verdict = PersonDecision.APPROVE if approve else PersonDecision.REJECT
    status = GenerationStatus.APPROVED if approve else GenerationStatus.REJECTED
    rig.store.save_review(id_, PersonReview(decision=verdict, attempt=1), status=status)
    return id_


@pytest.fixture
def strict(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Rig:
    """A person who rejects everything below 0.85."""
    monkeypatch.setattr("tower_anime.assess.judge.ASSESSOR", "test")
    monkeypatch.setattr(
        "tests.samples.attempt", lambda base=samples.attempt: replace(base(), backend="comfyui")
    )
    for n in range(60):
        score = 0.4 + n / 100
        decide(rig, score, approve=score >= 0.85)
    return rig


def test_decisions_move_the_bar_and_taking_them_back_moves_it_again(
    strict: Rig, tmp_path: Path
) -> None:
    profile = Profile(name="still", version="1")
    found = calibration(strict.store, profile, sandbox=False)
    assert found.bar is not None
    assert abs(found.bar - 0.845) < 0.02
    moved = calibrated(strict.store, profile, sandbox=False)
    assert (moved.threshold, moved.version) == (found.applied, "1+60 decisions")
    assert calibrated(strict.store, profile, sandbox=True) == profile
    assert calibrated(strict.store, replace(profile, name="clip"), sandbox=False).threshold == 0.7
    shown = run(tmp_path, "learning", "people").stdout
    assert "of 45 you rejected, 45 scored below 0.8" in shown
    assert run(tmp_path, "learning", "reset", "--part", "people", "--yes").exit_code == 0
    assert calibrated(strict.store, profile, sandbox=False) == profile
    assert len(strict.store.outcomes()) == 60 or strict.store.outcomes() == ()
    assert "1 resets taken back" in run(tmp_path, "learning", "reset", "--undo").stdout
    assert calibrated(strict.store, profile, sandbox=False) == moved


def test_what_people_mostly_reject_awaits_them(rig: Rig) -> None:
    doubtful = Profile(name="still", review_below=0.999)
    history = rig.run(rig.add(samples.brief(), profile=doubtful))
    assert history.generation.status is GenerationStatus.NEEDS_REVIEW
    assert "people reject much" in str(history.generation.reason)


# ---- forgetting -------------------------------------------------------------------------------


def test_parts_families_and_projects_are_forgotten_each_alone(rig: Rig) -> None:
    family = str(rig.run(rig.add(samples.brief())).attempts[0].family)
    rig.run(rig.add(samples.brief(project="Neon Rain")))
    store = rig.store

    def known() -> tuple[int, int]:
        return len(store.outcomes(part=Part.WORDS)), len(store.outcomes(part=Part.PARAMETERS))

    assert known() == (2, 2)
    store.forget(part=Part.WORDS)
    assert known() == (0, 2)
    store.forget(project="Neon Rain")
    assert known() == (0, 1)
    store.forget(family="another")
    assert known() == (0, 1)
    assert store.remember_again() == 3
    assert known() == (2, 2)
    store.forget(family=family)
    assert known() == (0, 0)


# ---- style ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_picture_of_another_hand_is_off_its_projects_style(tmp_path: Path) -> None:
    def script(job: RenderJob, call: int) -> Rendered:
        frame = drawn.drawn("night" if call in (21, 22) else "cel", seed=call, size=1024)
        faded = np.clip(frame * [0.85, 0.8, 0.65] + [34, 28, 20], 0, 255).astype(np.uint8)
        texts = {"prompt": '{"1": {}}', "workflow": "見本"}
        return rendered(with_texts(encoded(faded if call == 23 else frame), texts))

    rig = open_rig(tmp_path, script)
    styles = MeasuredStyles(rig.store, rig.pipeline.blobs, rig.pipeline.media)
    rig = replace(rig, pipeline=replace(rig.pipeline, styles=styles))
    own: list[Any] = []
    for _ in range(20):
        id_ = rig.add(samples.brief(project="Neon", max_attempts=1, publish=False))
        own.append(rig.run(id_))
        if own[-1].generation.status is not GenerationStatus.APPROVED:
            review = PersonReview(decision=PersonDecision.APPROVE, attempt=1)
            rig.store.save_review(id_, review, status=GenerationStatus.APPROVED)
    wish = samples.brief(project="Neon", max_attempts=1, publish=False)
    (attempt,) = rig.run(rig.add(wish)).attempts
    assert attempt.assessment is not None
    kinds = {defect.kind: defect for defect in attempt.assessment.defects}
    assert "fewer edges" in kinds["off_style"].message
    meant = replace(wish, prompt="1girl, umbrella, flashback")
    (attempt,) = rig.run(rig.add(meant)).attempts
    assert attempt.assessment is not None
    assert "off_style" not in {defect.kind for defect in attempt.assessment.defects}
    assert attempt.assessment.relaxed["off_style"] == 1.0
    mended = rig.run(rig.add(wish))
    drawn_so, matched = mended.attempts
    assert (matched.kind, matched.repair_of) == (AttemptKind.REPAIR, 1)
    assert (mended.generation.status, mended.generation.chosen_attempt) == (
        GenerationStatus.APPROVED,
        2,
    )
    assert drawn_so.artifact is not None
    assert matched.artifact is not None
    assert Path(drawn_so.artifact.path).exists()
    assert rig.pipeline.media.decode_still(Path(matched.artifact.path)).texts == {
        "prompt": '{"1": {}}',
        "workflow": "見本",
    }
    (view,) = map(json.loads, run(tmp_path, "learning", "style", "--json").stdout.splitlines())
    # neither the flashback defines the style nor what was matched to it
    assert (view["project"], view["pictures"]) == ("Neon", 20)
    assert view["features"]["lightness"]["mean"] > 20
    assert "Neon" in run(tmp_path, "learning", "style").stdout
    rig.store.close()
