"""What is remembered of generations, what it changes, and what people see of it."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from tests import samples
from tests.flow.rig import Rig, open_rig, rendered
from tower_anime.adapters.store.tables import (
    learning_failed_patterns,
    learning_successful_patterns,
)
from tower_anime.cli import main
from tower_anime.domain.generation import (
    Generation,
    GenerationStatus,
    PersonDecision,
    PersonReview,
)
from tower_anime.domain.knowledge import COMPARED_WITH, Outcome
from tower_anime.domain.quality import Profile
from tower_anime.pipeline.memory import COMPARED_SHARE, lot_of
from tower_anime.ports import Rendered, RenderJob

SUCCESSFUL, FAILED = learning_successful_patterns, learning_failed_patterns


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    opened = open_rig(tmp_path)
    yield opened
    opened.store.close()


def patterns(rig: Rig, table: Any) -> list[Any]:
    with rig.store._read() as connection:
        return list(connection.execute(select(table).order_by(table.c.attempt)))


def few_steps(**changes: Any) -> Any:
    return samples.brief(parameters={"steps": 8}, **changes)


def test_every_assessed_attempt_is_remembered_once(rig: Rig) -> None:
    history = rig.run(rig.add(few_steps()))
    (failed,), (successful,) = patterns(rig, FAILED), patterns(rig, SUCCESSFUL)
    first = history.attempts[0]
    assert first.assessment is not None
    assert failed.rejection_reasons == [defect.kind for defect in first.assessment.defects]
    assert (failed.quality_score, failed.family) == (first.assessment.score, first.family)
    assert failed.workflow_params["steps"] == 8
    assert failed.workflow_params["assessor"] == first.assessment.assessor
    assert successful.workflow_params["steps"] == history.attempts[1].request.steps
    assert successful.backend == "comfyui"
    rig.store.save_assessment(first.generation_id, 1, first.assessment)
    assert len(patterns(rig, FAILED)) == 1


def test_a_persons_word_counts_and_can_be_taken_back(rig: Rig) -> None:
    id_ = rig.run(rig.add(few_steps())).generation.id
    review = PersonReview(decision=PersonDecision.REJECT, attempt=2, note="six fingers")
    rig.store.save_review(id_, review, status=GenerationStatus.REJECTED)
    assert patterns(rig, SUCCESSFUL) == []
    assert patterns(rig, FAILED)[1].rejection_reasons[0] == "a person: six fingers"
    assert [outcome.passed for outcome in rig.store.outcomes()] == [False, False]
    rig.store.undo_review(id_)
    assert len(patterns(rig, SUCCESSFUL)) == 1
    assert [outcome.passed for outcome in rig.store.outcomes()] == [False, True]


def test_outcomes_tell_kinds_of_servers_and_families_apart(rig: Rig) -> None:
    rig.run(rig.add(few_steps()))
    first, second = rig.store.outcomes()
    assert (first.number, second.number) == (1, 2)
    assert second.corrections[0].change["steps"][0] == 8
    assert first.cost_px == 8 * first.request.width * first.request.height
    assert rig.store.outcomes(sandbox=True) == ()
    assert rig.store.outcomes(family="flux") == ()
    assert rig.store.outcomes(sandbox=False, family=first.family, limit=1) == (second,)


def test_unmeasured_results_are_not_remembered(tmp_path: Path) -> None:
    def broken(job: RenderJob, call: int) -> Rendered:
        return rendered(b"no picture", steps=1)

    rig = open_rig(tmp_path, broken)
    rig.run(rig.add(samples.brief(max_attempts=1)))
    assert patterns(rig, FAILED) == patterns(rig, SUCCESSFUL) == []
    assert rig.store.outcomes() == ()
    rig.store.close()


def test_forgotten_outcomes_stay_records_and_others_can_be_added(rig: Rig) -> None:
    rig.run(rig.add(few_steps()))
    before = rig.store.outcomes()
    assert rig.store.add_outcomes(before) == 0
    rig.store.forget()
    assert rig.store.outcomes() == ()
    assert sum(rig.store.patterns().values()) == 0
    assert rig.store.add_outcomes(before) == 2
    assert rig.store.add_outcomes(before) == 0
    assert sorted(rig.store.outcomes(), key=lambda o: o.number) == list(before)
    rig.store.forget()
    assert rig.store.outcomes() == ()


# ---- what it changes ------------------------------------------------------------------------


def taught(rig: Rig, outcomes: list[Outcome]) -> Rig:
    """Return a rig that learns, with outcomes of its family from elsewhere."""
    from tower_anime.pipeline.memory import Teacher

    rig.store.add_outcomes(outcomes)
    return replace(rig, pipeline=replace(rig.pipeline, teacher=Teacher(rig.store)))


def told(family: str, *, steps: int, passed: bool, times: int) -> list[Outcome]:
    lot = random.Random(f"{steps}{passed}")
    return [
        Outcome(
            generation_id=str(uuid.UUID(int=lot.getrandbits(128), version=4)),
            number=1,
            backend="comfyui",
            family=family,
            checkpoint="anime_xl.safetensors",
            request=samples.request(steps=steps),
            score=0.9 if passed else 0.2,
            passed=passed,
            losses={} if passed else {"noise": 0.5},
        )
        for _ in range(times)
    ]


def family_of(rig: Rig) -> str:
    return str(rig.run(rig.add(samples.brief())).attempts[0].family)


def test_first_requests_follow_what_passed_unless_the_user_says_otherwise(rig: Rig) -> None:
    family = family_of(rig)
    usual = rig.run(rig.add(samples.brief())).attempts[0].request
    wrong = told(family, steps=usual.steps, passed=False, times=60)
    rig = taught(rig, [*wrong, *told(family, steps=40, passed=True, times=60)])
    learned = rig.run(rig.add(samples.brief()))
    assert learned.attempts[0].request.steps > usual.steps
    events = rig.store.events_after(0, limit=1000)
    planned = [
        e.data for e in events if e.kind == "planned" and e.generation_id == learned.generation.id
    ]
    assert "outcomes" in planned[0]["origins"]["steps"] or planned[0]["explored"]
    own = rig.run(rig.add(few_steps(max_attempts=1)))
    assert own.attempts[0].request.steps == 8
    locked = rig.run(rig.add(samples.brief(locks=("steps",))))
    assert locked.attempts[0].request.steps == usual.steps


def test_a_share_of_corrections_is_compared_with_new_seeds(rig: Rig) -> None:
    rig = taught(rig, told(family_of(rig), steps=28, passed=True, times=40))
    ids = [str(uuid.UUID(int=random.Random(n).getrandbits(128), version=4)) for n in range(50)]
    for drawn in (True, False):
        id_ = next(i for i in ids if (lot_of(i, "compare") < COMPARED_SHARE) is drawn)
        generation = Generation(id=id_, brief=few_steps(), profile=Profile(name="still"))
        rig.store.add_generation(generation)
        history = rig.run(id_)
        second = history.attempts[1].corrections[0]
        assert (COMPARED_WITH in second.reason) is drawn
        assert (set(second.change) == {"seed"}) is drawn
        assert history.generation.status is GenerationStatus.APPROVED
    last = rig.run(rig.add(few_steps(max_attempts=2)))
    assert "seed" not in last.attempts[1].corrections[0].change


# ---- what people see --------------------------------------------------------------------------


def run(home: Path, *arguments: str) -> Result:
    environment = {"TOWER_DATA_DIR": str(home), "HOME": str(home)}
    done = CliRunner().invoke(main, arguments, env=environment)
    assert "Traceback" not in done.output
    return done


def test_the_commands_show_export_import_and_forget(rig: Rig, tmp_path: Path) -> None:
    rig.run(rig.add(few_steps()))
    (lesson,) = map(json.loads, run(tmp_path, "learning", "show", "--json").stdout.splitlines())
    assert (lesson["attempts"], lesson["passed"], lesson["backend"]) == (2, 1, "comfyui")
    lines = run(tmp_path, "stats", "corrections", "--json").stdout.splitlines()
    (uplift,) = [item for item in map(json.loads, lines) if item["change"] == "steps+"][:1]
    assert (uplift["tries"], uplift["fixed"], uplift["uplift"], uplift["retired"]) == (
        1,
        1,
        None,
        False,
    )
    assert "not compared yet" in run(tmp_path, "stats", "corrections").stdout
    file = tmp_path / "told.jsonl"
    assert run(tmp_path, "learning", "export", str(file)).stdout == "2 outcomes\n"
    other = tmp_path / "other"
    assert run(other, "learning", "import", str(file)).stdout == "2 new outcomes\n"
    assert json.loads(run(other, "learning", "show", "--json").stdout)["attempts"] == 2
    assert run(tmp_path, "learning", "reset", "--yes").exit_code == 0
    assert "nothing is learned yet" in run(tmp_path, "learning", "show").stdout


GOOD: dict[str, Any] = asdict(told("sdxl", steps=20, passed=True, times=1)[0])


@pytest.mark.parametrize(
    "line",
    [
        "no json",
        "[]",
        "{}",
        '{"generation_id": "a", "score": 2}',
        json.dumps({"generation_id": "a", "score": 0.5, "passed": True, "backend": "x"}),
        json.dumps({**GOOD, "request": {**GOOD["request"], "steps": "many"}}),
        json.dumps({**GOOD, "passed": "yes"}),
        json.dumps({**GOOD, "more": 1}),
    ],
)
def test_what_is_no_outcome_is_refused_whole(tmp_path: Path, line: str) -> None:
    file = tmp_path / "told.jsonl"
    file.write_text(f"{line}\n")
    done = run(tmp_path, "learning", "import", str(file))
    assert (done.exit_code, "line 1" in done.stderr) == (2, True)


def test_what_was_read_is_used_for_a_moment_only(rig: Rig) -> None:
    from tower_anime.domain.family import SDXL
    from tower_anime.pipeline.memory import FRESH_S, Teacher

    now = [0.0]
    teacher = Teacher(rig.store, clock=lambda: now[0])
    assert teacher.knowledge(SDXL, backend="comfyui").attempts == 0
    rig.store.add_outcomes(told("sdxl", steps=20, passed=True, times=3))
    assert teacher.knowledge(SDXL, backend="comfyui").attempts == 0
    now[0] = FRESH_S
    assert teacher.knowledge(SDXL, backend="comfyui").attempts == 3
    assert teacher.knowledge(SDXL, backend="sandbox").attempts == 0
