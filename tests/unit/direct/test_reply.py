"""A model's text to a checked value."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import samples
from tower_anime.direct.reply import (
    Parsed,
    one_of,
    parse_reply,
    prose,
    several,
    thing,
    whole,
)
from tower_anime.direct.review import opinion_of
from tower_anime.direct.roles import cast, cast_with_eyes
from tower_anime.domain.conversation import Role
from tower_anime.domain.family import SDXL
from tower_anime.errors import BadInput

SCHEMA = thing(word=one_of(("yes", "no")), number=whole(0, 10), list=several(prose(5), most=2))
GOOD: dict[str, Any] = {"word": "yes", "number": 3, "list": ["a"]}


@pytest.mark.parametrize(
    ("text", "fenced"),
    [
        (json.dumps(GOOD), False),
        (f"\n {json.dumps(GOOD)}\n", False),
        (f"```json\n{json.dumps(GOOD)}\n```", True),
        (f"```\n{json.dumps(GOOD, indent=1)}\n```", True),
        (f"<think>shall I say no?</think>{json.dumps(GOOD)}", False),
        (json.dumps({**GOOD, "more": 1}), False),
    ],
)
def test_what_is_understood(text: str, fenced: bool) -> None:
    parsed = parse_reply(text, SCHEMA)
    assert parsed.fenced is fenced
    assert parsed.value["word"] == "yes"


BROKEN = [
    ("", "empty"),
    ("yes", "no JSON object"),
    (f"Sure: {json.dumps(GOOD)}", "no JSON object"),
    (json.dumps(GOOD)[:-4], "no JSON object"),
    (f"{json.dumps(GOOD)} {json.dumps(GOOD)}", "no JSON object"),
    ("[]", "type object"),
    ("null", "type object"),
    ('{"word": "yes", "word": "no", "number": 1, "list": []}', "twice"),
    ('{"word": "yes", "number": NaN, "list": []}', "no number"),
    (json.dumps({**GOOD, "word": "YES"}), "one of yes, no"),
    (json.dumps({**GOOD, "word": None}), "type string"),
    (json.dumps({**GOOD, "number": 11}), "0 to 10"),
    (json.dumps({**GOOD, "number": True}), "type integer"),
    (json.dumps({**GOOD, "number": 3.5}), "type integer"),
    (json.dumps({**GOOD, "list": ["a", "b", "c"]}), "at most 2"),
    (json.dumps({**GOOD, "list": ["abcdef"]}), "at most 5 characters"),
    (json.dumps({"word": "yes"}), "number is missing"),
    ("[" * 50_000, "no JSON object"),
    (json.dumps(GOOD) + " " * 60_000 + "not at all", "characters"),
]


@pytest.mark.parametrize(("text", "words"), BROKEN, ids=[text[:30] for text, _ in BROKEN])
def test_what_is_refused(text: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        parse_reply(text, SCHEMA)


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    with pytest.raises(BadInput):
        parse_reply(text, SCHEMA)


def opinion(
    comment: str, decision: str = "approve", *, fenced: bool = False, **more: object
) -> object:
    answer = {
        "seen": "a girl",
        "scores": {},
        "issues": [],
        "changes": [],
        "decision": decision,
        "comment": comment,
        **more,
    }
    parsed = Parsed(answer, fenced=fenced)
    attempt = samples.attempt(assessment=samples.assessment())
    return opinion_of(parsed, brief=samples.brief(), attempt=attempt, family=SDXL)


@pytest.mark.parametrize(
    "comment",
    [
        "I do not approve",
        "I don't really approve this",
        "This can't be approved.",
        "I would never approve such hands",
        "cannot in good conscience approve",
        "This should not be published",
        "Rejected.",
        "Approval denied",
        "I refuse",
        "unacceptable hands",
        "Nobody could recommend... I would not recommend it",
    ],
)
def test_an_approval_that_denies_itself_is_none(comment: str) -> None:
    with pytest.raises(BadInput, match="opposite"):
        opinion(comment)


@pytest.mark.parametrize("seen", ["a girl; this must not be published", "I reject this"])
def test_a_denial_in_what_was_seen_counts_as_well(seen: str) -> None:
    with pytest.raises(BadInput, match="opposite"):
        opinion("fine", seen=seen)


def test_scores_and_further_fields_can_deny_an_approval() -> None:
    with pytest.raises(BadInput, match="scores"):
        opinion("fine", scores={"light": 0, "likeness": 3})
    with pytest.raises(BadInput, match="'verdict' is not in it"):
        opinion("fine", verdict="reject")
    assert opinion("bad", "reject", verdict="approve")
    assert opinion("fine", scores={"light": 4, "likeness": 3})


def test_plain_approvals_and_fenced_rejections_count() -> None:
    assert opinion("Approved, lovely light")
    assert opinion("bad", "reject", fenced=True)
    with pytest.raises(BadInput, match="code fence"):
        opinion("Approved", fenced=True)


# ---- roles ------------------------------------------------------------------------------

WANTED = {
    Role.PROMPT_ENHANCEMENT: "small:8b",
    Role.STORY_DEVELOPMENT: "teller",
    Role.VISION_REVIEW: "",
}


def test_each_role_has_its_model_and_a_missing_one_is_replaced() -> None:
    enhancement = Role.PROMPT_ENHANCEMENT
    assert cast(enhancement, WANTED, ("teller:latest", "small:8b")).model == "small:8b"  # type: ignore[union-attr]
    other = cast(enhancement, WANTED, ("teller:latest",))
    assert other is not None
    assert other.model == "teller:latest"
    assert "of story_development" in other.note
    any_ = cast(enhancement, WANTED, ("nomic-embed-text", "qwen"))
    assert any_ is not None
    assert any_.model == "qwen"
    assert cast(enhancement, WANTED, ("nomic-embed-text",)) is None
    assert cast(enhancement, WANTED, ()).model == "small:8b"  # type: ignore[union-attr]


def test_eyes_are_found_among_the_named_first() -> None:
    offered = ("a", "llava", "teller:latest")
    seeing = {"llava", "teller:latest"}
    found = cast_with_eyes(WANTED, offered, lambda name: name in seeing)
    assert found is not None
    assert found.model == "teller:latest"
    named = cast_with_eyes({**WANTED, Role.VISION_REVIEW: "llava"}, offered, lambda n: n in seeing)
    assert (named.model, named.note) == ("llava", "")  # type: ignore[union-attr]
    blind = cast_with_eyes({**WANTED, Role.VISION_REVIEW: "a"}, offered, lambda n: n in seeing)
    assert "a is not there or can't see" in blind.note  # type: ignore[union-attr]
    assert cast_with_eyes(WANTED, offered, lambda _: False) is None


def test_of_hundreds_of_models_the_likely_ones_are_asked_and_not_all() -> None:
    asked = list[str]()

    def sees(name: str) -> bool:
        asked.append(name)
        return name == "qwen2.5-vl:7b"

    offered = (*(f"model{number}" for number in range(500)), "qwen2.5-vl:7b")
    assert cast_with_eyes(WANTED, offered, sees).model == "qwen2.5-vl:7b"  # type: ignore[union-attr]
    assert asked == ["qwen2.5-vl:7b"]
    assert cast_with_eyes(WANTED, offered[:-1], sees) is None
    assert len(asked) < 50
