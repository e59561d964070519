"""Names in the library."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import samples
from tower_anime.release.names import file_name
from tower_anime.release.stills import still_release


def test_a_real_still_goes_to_art_and_a_drawn_one_to_the_sandbox() -> None:
    attempt = samples.attempt(assessment=samples.assessment())
    real = still_release(samples.generation(), attempt)
    assert real.relative_path == "Art/Default/1girl, umbrella [11111111].png"
    drawn = still_release(samples.generation(), samples.attempt(backend="sandbox"))
    assert drawn.relative_path == f"Sandbox/{real.relative_path}"


def test_the_words_beside_it_say_how_it_was_made() -> None:
    attempt = samples.attempt(assessment=samples.assessment(), backend="comfyui")
    ((name, text),) = still_release(samples.generation(), attempt).companions.items()
    assert name == "1girl, umbrella [11111111].json"
    facts = json.loads(text)
    assert facts["score"] == 0.9
    assert facts["request"]["steps"] == 28
    assert facts["sha256"] == attempt.artifact.sha256  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a/b\\c:d", "a b c d"),
        ("..", "Untitled"),
        ("", "Untitled"),
        ("con", "Untitled con"),
        ("  dots... ", "dots"),
        ("a\nb\tc", "a b c"),
        ("雨の街", "雨の街"),
    ],
)
def test_file_names(text: str, name: str) -> None:
    assert file_name(text) == name


@given(st.text(max_size=400))
def test_every_text_gives_a_name_that_file_systems_take(text: str) -> None:
    name = file_name(text)
    assert 0 < len(name.encode()) <= 130
    assert not set(name) & set('\\/:*?"<>|\n\r\0')
    assert name not in (".", "..")
    assert name == name.strip()
