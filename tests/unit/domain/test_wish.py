"""Requests in the interface's words."""

from __future__ import annotations

import pytest

from tower_anime.domain.brief import DirectorChoice
from tower_anime.domain.request import MAX_PROMPT_CHARS
from tower_anime.domain.wish import briefs_of, expand
from tower_anime.errors import BadInput


def test_a_plain_wish() -> None:
    (brief,) = briefs_of({"prompt": " 1girl "})
    assert brief.prompt == "1girl"
    assert (brief.profile, brief.max_attempts, brief.publish) == ("still", 4, True)
    assert brief.director is DirectorChoice.AUTO


def test_sizes_parameters_and_locks() -> None:
    (brief,) = briefs_of(
        {
            "prompt": "1girl",
            "size": "832x1216",
            "set": {"steps": "30", "cfg": 5, "sampler": "euler"},
            "lock": ["size", "steps"],
            "seed": 7,
        }
    )
    assert brief.parameters == {
        "width": 832,
        "height": 1216,
        "steps": 30,
        "cfg": 5.0,
        "sampler": "euler",
        "seed": 7,
    }
    assert brief.locks == ("width", "height", "steps")


def test_alternatives_and_counts_multiply() -> None:
    briefs = briefs_of({"prompt": "{spring|autumn} {sea|hill}", "count": 2, "seed": 5})
    assert [brief.prompt for brief in briefs[::2]] == [
        "spring sea",
        "spring hill",
        "autumn sea",
        "autumn hill",
    ]
    assert [brief.parameters["seed"] for brief in briefs[:2]] == [5, 6]


def test_braces_without_alternatives_stay() -> None:
    assert expand("a {b} c") == ("a {b} c",)
    assert expand("{a|}x") == ("ax", "x")


REFUSED = [
    ({"prompt": ""}, "the prompt is empty"),
    ({"prompt": "   "}, "the prompt is empty"),
    ({}, "the prompt is empty"),
    ({"prompt": "x" * (MAX_PROMPT_CHARS + 1)}, "at most 20,000"),
    ({"prompt": "x", "negative": "y" * 100_000}, "at most 20,000"),
    ({"prompt": "x", "size": "0x512"}, "from 16 to 16384 px"),
    ({"prompt": "x", "size": "100000x100000"}, "from 16 to 16384 px"),
    ({"prompt": "x", "size": "big"}, "looks like 1024x1024"),
    ({"prompt": "x", "set": {"steps": -3}}, "from 1 to 1000"),
    ({"prompt": "x", "set": {"steps": "many"}}, "a whole number"),
    ({"prompt": "x", "set": {"steps": 2.5}}, "a whole number"),
    ({"prompt": "x", "set": {"cfg": "nan"}}, "a number from 0 to 100"),
    ({"prompt": "x", "set": {"step": 3}}, "allowed: steps, cfg"),
    ({"prompt": "x", "set": ["steps"]}, "must be an object"),
    ({"prompt": "x", "seed": -1}, "from 0 to"),
    ({"prompt": "x", "seed": 2**64}, "from 0 to"),
    ({"prompt": "x", "lock": ["colour"]}, "allowed: steps"),
    ({"prompt": "x", "lock": "steps"}, "must be a list"),
    ({"prompt": "x", "max_attempts": 0}, "1 to 20"),
    ({"prompt": "x", "max_attempts": True}, "a whole number"),
    ({"prompt": "x", "count": 0}, "1 to 1000"),
    ({"prompt": "x", "kind": "movie"}, "still, clip"),
    ({"prompt": "x", "director": "me"}, "auto, rules"),
    ({"prompt": "x", "publish": "yes"}, "true or false"),
    ({"prompt": "x", "colour": "red"}, "allowed: prompt"),
    ({"prompt": 3}, "must be text"),
    ({"prompt": "{1|2|3|4|5|6|7|8|9|0}" * 4}, "expands to"),
]


@pytest.mark.parametrize(("wish", "words"), REFUSED)
def test_what_is_refused_says_what_is_allowed(wish: dict[str, object], words: str) -> None:
    with pytest.raises(BadInput) as refusal:
        briefs_of(wish)
    assert words in str(refusal.value)


def test_a_clip_has_a_duration_and_a_rate() -> None:
    (brief,) = briefs_of({"prompt": "p", "kind": "clip", "duration": 5, "frame_rate": 24})
    assert brief.duration_s == 5.0
    assert brief.parameters == {"frame_rate": 24.0}
    assert brief.profile == "clip"


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"duration": 5}, "only a clip has a duration"),
        ({"frame_rate": 24}, "only a clip has a frame_rate"),
        ({"set": {"frames": 16}}, "only a clip has a frames"),
        ({"kind": "clip", "duration": 0}, "above 0"),
        ({"kind": "clip", "duration": -1}, "above 0"),
        ({"kind": "clip", "duration": float("nan")}, "above 0"),
        ({"kind": "clip", "duration": 1e9}, "at most 600 s"),
        ({"kind": "clip", "duration": "long"}, "number of seconds"),
        ({"kind": "clip", "duration": True}, "number of seconds"),
        ({"kind": "clip", "frame_rate": 0}, "frame_rate must be"),
    ],
)
def test_impossible_lengths_and_rates_are_refused(wish: dict[str, object], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        briefs_of({"prompt": "p", **wish})
