"""Outcomes as JSON Lines: what was written is read back, what is none is refused in words."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.bench.teachings import told
from tower_anime.domain.correction import Correction
from tower_anime.errors import BadInput
from tower_anime.exports import exported, outcomes_of

MADE = replace(
    told(1, ["1girl", "näher"], 0.8),
    corrections=(Correction(defect="blur", reason="too few", change={"steps": (8, 28)}),),
    losses={"blur": 0.5},
    drawn={"sharp focus": True},
    added=("masterpiece",),
    person=True,
    at="2026-11-25T10:00:00+00:00",
)


def test_what_was_written_is_read_back() -> None:
    text = "\n".join(exported([MADE, MADE]))
    assert list(outcomes_of(text, "told")) == [MADE, MADE]
    early = json.loads(text.splitlines()[0])
    for later in ("drawn", "added", "person", "project", "profile", "version", "at"):
        del early[later]
    (read,) = outcomes_of(json.dumps(early), "told")
    assert (read.drawn, read.person, read.at) == ({}, None, "")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"luck": 1}, "an outcome has no luck here; a newer version may have exported it"),
        ({"request": {"prompt": "x"}}, "a request needs cfg, height, sampler"),
        ({"score": 1.2}, "score is a number from 0 to 1, not 1.2"),
        ({"score": float("nan")}, "score is a number, not 'nan'"),
        ({"passed": "yes"}, "passed is true or false, not 'yes'"),
        ({"number": 0}, "number is 1 or more"),
        ({"family": ""}, "family may not be empty"),
        ({"losses": [1]}, "losses is an object, not [1]"),
        ({"corrections": [{"defect": "a", "reason": "b", "change": {"steps": 3}}]}, "two values"),
        ({"corrections": 5}, "corrections is a list"),
    ],
)
def test_what_is_no_outcome_is_refused(changes: dict[str, Any], said: str) -> None:
    (good,) = exported([MADE])
    bad = json.dumps({**json.loads(good), **changes})
    with pytest.raises(BadInput, match="told, line 2: this is no outcome") as refused:
        list(outcomes_of(good + bad, "told"))
    assert said in str(refused.value)


@pytest.mark.parametrize("text", ["a,b\n1,2", "[" * 100_000, "[]", '{"score": 0.', "9" * 5000])
def test_another_file_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="line 1: this is no outcome"):
        list(outcomes_of(text, "told"))
