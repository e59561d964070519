"""The reference page says what the table says, and its examples show what they are said to."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import pytest

from tests.bench import metrics_page
from tower_anime.assess.intent import read_intent
from tower_anime.assess.profile_file import CLIP_KINDS, KINDS
from tower_anime.assess.style import is_meant_to_differ


def test_the_page_is_up_to_date() -> None:
    """`python -m tests.bench.metrics_page` writes it."""
    assert metrics_page.PAGE.read_text(encoding="utf-8") == metrics_page.page()


def test_every_defect_has_a_row_and_its_words_do_what_they_say() -> None:
    assert set(KINDS) - set(CLIP_KINDS) <= metrics_page._ABOUT.keys()
    for kind, words in metrics_page._WORDS.items():
        means = is_meant_to_differ if kind == "off_style" else _forgives(kind)
        missed = [word for word in words.split(", ") if not means(word)]
        assert not missed, kind


def _forgives(kind: str) -> Callable[[str], bool]:
    return lambda word: kind in read_intent(word).shares


@pytest.mark.parametrize("kind", metrics_page.EXAMPLES)
def test_an_example_shows_its_defect(kind: str) -> None:
    assert kind in {
        defect.kind for defect in metrics_page.judged(metrics_page.example(kind)).defects
    }
    picture = cv2.imread(str(metrics_page.PICTURES / f"{kind}.jpg"))
    assert picture is not None
    assert picture.shape[:2] == (metrics_page.SHOWN_PX,) * 2
