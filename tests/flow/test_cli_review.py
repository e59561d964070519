"""Deciding and figures from a terminal, without a server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.flow.rig import Rig, open_rig
from tower_anime.cli import main
from tower_anime.domain.attempt import Attempt, AttemptState
from tower_anime.domain.request import RenderRequest
from tower_anime.domain.wish import briefs_of


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return open_rig(tmp_path)


def run(home: Path, *arguments: str) -> Result:
    environment = {"TOWER_DATA_DIR": str(home), "HOME": str(home)}
    return CliRunner().invoke(main, arguments, env=environment)


def test_a_person_decides_and_takes_it_back(rig: Rig, tmp_path: Path) -> None:
    (brief,) = briefs_of({"prompt": "1girl", "publish": False})
    history = rig.run(rig.add(brief))
    identity = history.generation.id
    assert run(tmp_path, "review", "list").output == "Nothing awaits a decision.\n"
    rejected = run(tmp_path, "review", "reject", identity, "--reason", "hands", "--note", "six")
    assert rejected.output == f"rejected: {identity}\n"
    review = rig.store.history(identity).review
    assert review is not None
    assert (review.reasons, review.note) == (("hands",), "six")
    assert run(tmp_path, "review", "undo", identity).output == f"approved: {identity}\n"
    again = run(tmp_path, "review", "undo", identity)
    assert (again.exit_code, "no decision" in again.output) == (1, True)
    assert run(tmp_path, "review", "approve", "nope").exit_code == 1


def test_without_a_file_there_is_nothing_to_approve(rig: Rig, tmp_path: Path) -> None:
    (brief,) = briefs_of({"prompt": "1girl", "publish": False})
    identity = rig.add(brief)
    request = RenderRequest(
        prompt="1girl",
        width=64,
        height=64,
        steps=1,
        cfg=7.0,
        sampler="euler",
        scheduler="normal",
        seed=1,
    )
    running = Attempt(
        generation_id=identity,
        number=1,
        prompt_id="p",
        request=request,
        state=AttemptState.RUNNING,
    )
    rig.store.save_attempt(running)
    refused = run(tmp_path, "review", "approve", identity)
    assert (refused.exit_code, "has no file" in refused.output) == (1, True)
    assert run(tmp_path, "review", "reject", identity).output == f"rejected: {identity}\n"


def test_figures_are_brought_up_to_date_and_shown(rig: Rig, tmp_path: Path) -> None:
    (brief,) = briefs_of({"prompt": "1girl", "publish": False, "set": {"steps": 8}})
    rig.run(rig.add(brief))
    backend = ("--backend", "all")
    found = json.loads(run(tmp_path, "stats", *backend, "--json").output)
    assert found["quality"]["totals"]["generations"] == 1
    assert found["learning"]["totals"]["attempts_per_generation"]["mean"] == 2.0
    shown = run(tmp_path, "stats", *backend).output
    assert "1: 1 approved" in shown
    assert "useful" in shown
    other = json.loads(run(tmp_path, "stats", "--project", "Nobody", "--json").output)
    assert other["quality"]["totals"]["generations"] == 0
