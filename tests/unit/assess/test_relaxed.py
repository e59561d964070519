from __future__ import annotations

import pytest

from tower_anime.assess.checks import CHECKS
from tower_anime.assess.intent import relaxed_by


@pytest.mark.parametrize(
    ("prompt", "kind"),
    [
        ("1girl, night, city lights", "underexposed"),
        ("a DARK forest", "underexposed"),
        ("monochrome portrait", "low_contrast"),
        ("rough sketch of a dragon", "low_contrast"),
        ("35mm, film_grain", "noise"),
        ("pixel art castle", "noise"),
        ("(depth_of_field:1.2), 1girl", "blur"),
        ("bokeh", "blur"),
        ("high key lighting", "overexposed"),
        ("glitch effect", "noise"),
    ],
)
def test_words_relax_their_defect(prompt: str, kind: str) -> None:
    assert 0 < relaxed_by(prompt)[kind] <= 1


@pytest.mark.parametrize(
    "prompt",
    ["", "a knight with a darkened-visor and a notebook", "1girl, sunny day, field", "granite"],
)
def test_other_words_relax_nothing(prompt: str) -> None:
    assert relaxed_by(prompt) == {}


def test_the_word_that_forgives_most_counts() -> None:
    assert relaxed_by("blurry, bokeh") == relaxed_by("blurry")


def test_only_defects_that_exist_are_relaxed_and_blank_never() -> None:
    every = relaxed_by(
        "night dark monochrome sketch grain glitch pixel art bokeh blurry white background "
        "pastel fog neon seamless painterly letterbox"
    )
    assert every.keys() <= {check.kind for check in CHECKS}
    assert not {"blank", "resolution"} & every.keys()
