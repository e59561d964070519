"""A story as JSON that people edit, and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from tower_anime.domain.production import Character, Episode, Project, Scene, Shot, Story
from tower_anime.domain.script import project_named, story_of, story_view
from tower_anime.errors import BadInput

STORY = Story(
    project=Project(id="p", name="Rain"),
    episodes=(Episode(id="e1", project_id="p", season=1, number=1, title="One", synopsis="s"),),
    scenes=(
        Scene(id="s1", project_id="p", episode_id="e1", number=1, title="A", description="d"),
        Scene(id="s2", project_id="p", episode_id=None, number=1, title="Loose"),
    ),
    shots=(
        Shot(id="k1", scene_id="s1", number=1, prompt="1girl"),
        Shot(id="k2", scene_id="s1", number=2, prompt="rain", duration_s=2.5),
    ),
    characters=(Character(id="c1", project_id="p", name="Aki", look="silver hair"),),
)


def ids() -> Callable[[], str]:
    numbers = count()
    return lambda: f"new{next(numbers)}"


def edited(change: Callable[[dict[str, Any]], object]) -> Story:
    value = json.loads(json.dumps(story_view(STORY)))
    change(value)
    return story_of(value, STORY, new_id=ids())


def test_there_and_back() -> None:
    assert edited(lambda value: None) == STORY
    assert STORY.scene(1, 1, 1) == STORY.scenes[0]
    assert STORY.scene(1, 2, 1) is None


def test_new_parts_get_ids_and_their_place() -> None:
    def add(value: dict[str, Any]) -> None:
        value["episodes"][0]["scenes"][0]["shots"].append({"prompt": "sea"})

    shot = edited(add).shots[-1]
    assert (shot.id, shot.number, shot.prompt) == ("new0", 3, "sea")


def test_an_id_is_taken_once_and_never_a_strangers() -> None:
    def copy(value: dict[str, Any]) -> None:
        shots = value["episodes"][0]["scenes"][0]["shots"]
        shots.append({**shots[0], "number": 3})
        shots.append({"id": "another project's", "prompt": "x", "number": 4})

    assert [shot.id for shot in edited(copy).shots] == ["k1", "k2", "new0", "new1"]


def shot(value: dict[str, Any]) -> Any:
    return value["episodes"][0]["scenes"][0]["shots"][0]


WRONG: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda value: value.update(episodes={}), "episodes must be a list"),
    (lambda value: shot(value).update(prompt=" "), "prompt is empty"),
    (lambda value: shot(value).update(prompt=3), "prompt must be text"),
    (lambda value: shot(value).update(number=2), "two shots"),
    (lambda value: shot(value).update(number=-1), "whole number"),
    (lambda value: shot(value).update(duration_s=0), "duration_s"),
    (lambda value: value["episodes"].append(3), "episode 2 must be"),
    (lambda value: value["characters"][0].update(name=""), "no name"),
]


@pytest.mark.parametrize(("change", "words"), WRONG, ids=[words for _, words in WRONG])
def test_what_is_wrong_is_named(change: Callable[[dict[str, Any]], object], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        edited(change)


def test_an_export_names_its_project() -> None:
    assert project_named({"project": " Rain "}) == "Rain"
    for value in ({}, [], {"project": ""}, {"project": 3}):
        with pytest.raises(BadInput, match="project"):
            project_named(value)
