"""Clips in the library: places, words, pictures."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import samples
from tests.unit.release.test_names import random_titles
from tower_anime.domain.attempt import Artifact
from tower_anime.domain.production import Episode, Project, Scene, Shot, Story
from tower_anime.domain.release import Art, EpisodePlace, Release
from tower_anime.domain.request import Kind
from tower_anime.release.art import Approved, best_pictures
from tower_anime.release.clips import clip_release, earlier_files, episode_place

MP4 = Artifact(sha256="a" * 64, path="/a/1.mp4", media_type="video/mp4", size_bytes=10)
PLACE = EpisodePlace(
    series="Rain & <Shine>",
    year=2025,
    season=1,
    number=2,
    title="The umbrella",
    plot="It rains.",
    series_plot="A town where it rains.",
)
JPEG = b"\xff\xd8\xff jpeg"


def released(title: str = "1girl, umbrella", backend: str = "comfyui", **options: Any) -> Release:
    brief = replace(samples.brief(), prompt=title, kind=Kind.CLIP)
    request = samples.request(kind=Kind.CLIP, frames=240, frame_rate=24.0)
    attempt = samples.attempt(artifact=MP4, backend=backend, request=request)
    return clip_release(samples.generation(brief=brief), attempt, **options)


def words_of(text: str | bytes) -> dict[str, list[str]]:
    root = ET.fromstring(text.encode() if isinstance(text, str) else text)
    found: dict[str, list[str]] = {"root": [root.tag]}
    for element in root:
        found.setdefault(element.tag, []).append(element.text or "")
    return found


def test_a_clip_of_its_own_is_a_film() -> None:
    release = released(rating="PG-13", art=Art(thumb=JPEG, poster=JPEG, fanart=JPEG))
    name = "1girl umbrella (2026)"
    assert release.relative_path == f"Movies/{name}/{name}.mp4"
    assert set(release.companions) == {
        f"{name}.nfo",
        f"{name}-thumb.jpg",
        "poster.jpg",
        "fanart.jpg",
    }
    assert words_of(release.companions[f"{name}.nfo"]) == {
        "root": ["movie"],
        "title": ["1girl, umbrella"],
        "plot": ["1girl, umbrella"],
        "year": ["2026"],
        "premiered": ["2026-01-02"],
        "runtime": ["1"],
        "mpaa": ["PG-13"],
        "studio": ["Tower Anime"],
        "genre": ["Anime"],
        "uniqueid": [samples.GENERATION_ID],
    }


def test_a_clip_of_a_series_is_an_episode() -> None:
    release = released(place=PLACE, art=Art(thumb=JPEG), series_art=Art(poster=JPEG))
    series = "Shows/Rain Shine (2025)"
    assert release.relative_path == f"{series}/Season 01/Rain Shine S01E02.mp4"
    assert set(release.companions) == {"Rain Shine S01E02.nfo", "Rain Shine S01E02-thumb.jpg"}
    assert set(release.shared) == {
        f"{series}/tvshow.nfo",
        f"{series}/poster.jpg",
        f"{series}/Season 01/season.nfo",
    }
    said = words_of(release.companions["Rain Shine S01E02.nfo"])
    assert said["root"] == ["episodedetails"]
    assert (said["title"], said["showtitle"]) == (["The umbrella"], ["Rain & <Shine>"])
    assert (said["season"], said["episode"], said["plot"]) == (["1"], ["2"], ["It rains."])
    show = words_of(release.shared[f"{series}/tvshow.nfo"])
    assert (show["title"], show["plot"]) == (["Rain & <Shine>"], ["A town where it rains."])


def test_what_the_sandbox_drew_is_apart_and_tagged() -> None:
    for place in (None, PLACE):
        release = released(backend="sandbox", place=place)
        assert release.relative_path.startswith("Sandbox/")
        assert all(path.startswith("Sandbox/") for path in release.shared)
        (nfo,) = (text for name, text in release.companions.items() if name.endswith(".nfo"))
        assert words_of(nfo)["tag"] == ["sandbox"]


def test_another_take_is_another_place() -> None:
    assert released(take=2).relative_path.startswith("Movies/1girl umbrella Two (2026)/")
    release = released(take=3, place=PLACE)
    assert release.relative_path.endswith("Rain Shine S01E04.mp4")
    assert words_of(release.companions["Rain Shine S01E04.nfo"])["episode"] == ["4"]


def test_nothing_is_said_where_nothing_is_known() -> None:
    release = released(place=replace(PLACE, plot="", series_plot=" \n"))
    texts = [*release.companions.values(), *release.shared.values()]
    assert not any("<plot></plot>" in str(text) or "<plot/>" in str(text) for text in texts)
    assert "plot" not in words_of(release.shared["Shows/Rain Shine (2025)/tvshow.nfo"])


def test_random_titles_give_well_formed_words() -> None:
    for title in random_titles(200, 7):
        prompt = title.strip() or "untitled"
        for place in (None, replace(PLACE, series=prompt, title=prompt, plot=prompt)):
            release = released(prompt, place=place)
            for text in (*release.companions.values(), *release.shared.values()):
                said = words_of(text)
                assert said.get("plot", ["…"]) != [""]
                assert said["title"][0]


@given(st.text(min_size=1, max_size=200))
def test_any_text_can_stand_in_the_words(text: str) -> None:
    place = replace(PLACE, series=text, title=text, plot=text, series_plot=text)
    release = released(text, place=place)
    for written in (*release.companions.values(), *release.shared.values()):
        assert isinstance(written, str)
        ET.fromstring(written.encode())


@pytest.mark.parametrize("prompt", ["word " * 60, "x" * 300])
def test_a_long_prompt_gives_a_short_title(prompt: str) -> None:
    release = released(prompt.strip())
    (nfo,) = release.companions.values()
    assert len(words_of(nfo)["title"][0]) <= 81
    assert all(len(part.encode()) <= 140 for part in release.relative_path.split("/"))


# ---- Places in a series -----------------------------------------------------------------------


def a_story(shots: dict[tuple[int, int], int]) -> Story:
    """Return a story with so many shots in each (season, episode)."""
    project = Project(id="p", name="Rain", created_at=datetime(2024, 12, 31, 23, tzinfo=UTC))
    episodes, scenes, drawn = [], [], []
    for (season, number), count in shots.items():
        key = f"{season}x{number}"
        episodes.append(
            Episode(id=key, project_id="p", season=season, number=number, title=f"Part {key}")
        )
        scenes.append(Scene(id=f"s{key}", project_id="p", episode_id=key, number=1))
        drawn += [
            Shot(id=f"{key}/{index}", scene_id=f"s{key}", number=index, prompt="rain")
            for index in range(1, count + 1)
        ]
    return Story(
        project=project, episodes=tuple(episodes), scenes=tuple(scenes), shots=tuple(drawn)
    )


def numbers(story: Story) -> list[tuple[int, int]]:
    places = [episode_place(story, shot.id, last_year=2026) for shot in story.shots]
    return [(place.season, place.number) for place in places if place]


def test_one_shot_an_episode_keeps_the_episodes_number() -> None:
    story = a_story({(1, 1): 1, (1, 3): 1, (2, 5): 1, (1, 4): 0})
    assert numbers(story) == [(1, 1), (1, 3), (2, 5)]
    place = episode_place(story, "1x3/1", last_year=2026)
    assert place is not None
    assert (place.series, place.year, place.title) == ("Rain", 2024, "Part 1x3")


def test_several_shots_are_counted_through_the_season() -> None:
    story = a_story({(1, 1): 2, (1, 2): 1, (2, 1): 3})
    assert numbers(story) == [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3)]
    titles = [
        place.title
        for shot in story.shots[:3]
        if (place := episode_place(story, shot.id, last_year=2026))
    ]
    assert len(set(titles)) == 3


def test_a_shot_without_an_episode_is_no_part_of_a_series() -> None:
    story = a_story({(1, 1): 1})
    apart = replace(story, scenes=tuple(replace(s, episode_id=None) for s in story.scenes))
    assert episode_place(apart, "1x1/1", last_year=2026) is None
    assert episode_place(story, "unknown", last_year=2026) is None


# ---- Pictures ---------------------------------------------------------------------------------


def still(name: str, width: int, height: int, score: float = 0.8) -> Approved:
    file = Artifact(sha256=name, path=name, media_type="image/png", size_bytes=1)
    return Approved(artifact=file, width=width, height=height, score=score)


def test_posters_are_tall_and_fanart_is_wide() -> None:
    tall, wide, square = still("t", 832, 1216), still("w", 1344, 768), still("s", 1024, 1024)
    chosen = best_pictures([square, wide, tall])
    assert (chosen.poster, chosen.fanart) == (tall, wide)
    better = still("b", 832, 1216, score=0.95)
    assert best_pictures([tall, better, square]).poster == better
    assert best_pictures([]).poster is None


def test_earlier_attempts_files_are_replaced() -> None:
    history = samples.history(samples.attempt(1), samples.attempt(2))
    assert earlier_files(history, history.attempt(2)) == (samples.artifact(1).sha256,)
