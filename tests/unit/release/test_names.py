"""Names that a media server's scanner reads back as they were meant (checked with guessit)."""

from __future__ import annotations

import random
import re

import guessit
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tower_anime.release.names import MAX_NAME_BYTES, one_of_several, title_name

WORDS = """
girl rain neon street umbrella night red the of a in to my last movie love kiss dark 1girl
2boys café über Ñandú L'amour don't Re:Zero "quoted" 'single' a/b c\\d <tag> & % # 🐱 ✨ 👩‍🚀
雨 の街 アニメ 日本語 第3話 第二話 Привет 아침 S01 S01E02 1080p 720p 2160p x264 h.265 HEVC 10bit TS
WEB-DL BluRay [HorribleSubs] (2019) 2049 1999 24 7 5.1 CD2 part season 3 vol.4 French Japanese
complete final special proper 3D AMZN
"""
PARTS = WORDS.split()


def random_titles(number: int, seed: int) -> list[str]:
    """Titles of the kinds that users and directors come up with, and worse."""
    rng = random.Random(seed)
    kinds = ("S01", "1080p", "🐱", "...", "", "雨の街で", "x" * 300, "word " * 60, "S01E02 1080p")
    titles = list(kinds)
    while len(titles) < number:
        words = [rng.choice(PARTS) for _ in range(rng.randint(1, 8))]
        titles.append(rng.choice((" ", " ", "-", ": ", "_", ".", "/", " - ")).join(words))
    return titles


@pytest.mark.parametrize("seed", range(4))
def test_a_scanner_reads_back_what_was_meant(seed: int) -> None:
    for title in random_titles(50, seed):
        name = title_name(title)
        film = guessit.guessit(f"Movies/{name} (2026)/{name} (2026).mp4")
        assert (film["type"], film.get("title"), film.get("year")) == ("movie", name, 2026), title
        path = f"Shows/{name} (2026)/Season 03/{name} S03E12.mp4"
        episode = guessit.guessit(path)
        found = {key: episode.get(key) for key in ("type", "title", "year", "season", "episode")}
        assert found == {
            "type": "episode",
            "title": name,
            "year": 2026,
            "season": 3,
            "episode": 12,
        }, title


@pytest.mark.parametrize("take", [1, 2, 9, 10, 23])
def test_the_next_of_one_name_is_another_title(take: int) -> None:
    for title in ("Rain", "雨", "Rain 雨", "Untitled Badofi"):
        name = one_of_several(title, take)
        film = guessit.guessit(f"Movies/{name} (2026)/{name} (2026).mp4")
        assert film["title"] == name
    assert len({one_of_several("Rain", number) for number in range(1, 30)}) == 29


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("1girl, rainy street", "1girl rainy street"),
        ("It's me – Mario", "It's me Mario"),
        ("雨の街", "雨の街"),
        ("雨の街 (Rain)", "Rain 雨の街"),
        ("Show S01E02 1080p x264", "Show"),
    ],
)
def test_examples(title: str, name: str) -> None:
    assert title_name(title) == name


def test_titles_of_which_nothing_is_left_stay_apart() -> None:
    names = [title_name(title) for title in ("S01", "1080p", "", "...", "🐱", "2049")]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"Untitled [A-Z][a-z]{5}", name) for name in names)
    assert title_name("S01") == names[0]


@given(st.text(max_size=400))
def test_every_title_gives_a_name_that_file_systems_take(title: str) -> None:
    name = title_name(title)
    assert 0 < len(name.encode()) <= MAX_NAME_BYTES
    assert name == name.strip()
    assert not set(name) & set('\\/:*?"<>|[](){}\n\r\0.,;!-_')
    assert title_name(name) in (name, title_name(name))
