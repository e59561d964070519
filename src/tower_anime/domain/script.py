"""A story as JSON that people edit, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tower_anime.domain.production import Character, Episode, Scene, Shot, Story
from tower_anime.domain.request import parse_prompt
from tower_anime.errors import BadInput

View = dict[str, Any]


def story_view(story: Story) -> View:
    """Return a story as the JSON that `story_of` reads."""
    return {
        "project": story.project.name,
        "characters": [
            {"id": one.id, "name": one.name, "look": one.look} for one in story.characters
        ],
        "episodes": [
            {
                "id": episode.id,
                "season": episode.season,
                "number": episode.number,
                "title": episode.title,
                "synopsis": episode.synopsis,
                "scenes": [
                    _scene_view(scene, story)
                    for scene in story.scenes
                    if scene.episode_id == episode.id
                ],
            }
            for episode in story.episodes
        ],
        "scenes": [_scene_view(scene, story) for scene in story.scenes if not scene.episode_id],
    }


def _scene_view(scene: Scene, story: Story) -> View:
    return {
        "id": scene.id,
        "number": scene.number,
        "title": scene.title,
        "description": scene.description,
        "shots": [
            {
                "id": shot.id,
                "number": shot.number,
                "prompt": shot.prompt,
                "duration_s": shot.duration_s,
            }
            for shot in story.shots_of(scene)
        ],
    }


def project_named(value: object) -> str:
    """Return the name of the project that an export is about."""
    name = value.get("project") if isinstance(value, Mapping) else None
    if not isinstance(name, str) or not name.strip():
        raise BadInput('a story is a JSON object with a "project"')
    return name.strip()


def story_of(value: Any, old: Story, *, new_id: Callable[[], str]) -> Story:
    """Return the story that an edited export describes.

    What has an id of `old` keeps it; anything else gets a new one. A part without a number takes
    its place in the list (from 1). `BadInput` names the part that is wrong.
    """
    reader = _Reader(old, new_id)
    for index, item in enumerate(_list(value, "episodes"), 1):
        reader.episode(item, index)
    for index, item in enumerate(_list(value, "scenes"), 1):
        reader.scene(item, index, None, f"scene {index}")
    for index, item in enumerate(_list(value, "characters"), 1):
        reader.character(item, f"character {index}")
    return reader.story()


class _Reader:
    """Collects the parts; ids of the old story are the only ones it takes over."""

    def __init__(self, old: Story, new_id: Callable[[], str]) -> None:
        self._old = old
        self._new_id = new_id
        parts: Sequence[Sequence[Episode | Scene | Shot | Character]] = (
            old.episodes,
            old.scenes,
            old.shots,
            old.characters,
        )
        self._free = {(type(part), part.id) for several in parts for part in several}
        self._episodes: list[Episode] = []
        self._scenes: list[Scene] = []
        self._shots: list[Shot] = []
        self._characters: list[Character] = []

    def story(self) -> Story:
        """Return what was read."""
        places = [(one.season, one.number) for one in self._episodes]
        _check_once(places, "episode")
        _check_once([(shot.scene_id, shot.number) for shot in self._shots], "shot")
        _check_once([one.name for one in self._characters], "character")
        return replace(
            self._old,
            episodes=tuple(self._episodes),
            scenes=tuple(self._scenes),
            shots=tuple(self._shots),
            characters=tuple(self._characters),
        )

    def episode(self, item: Any, index: int) -> None:
        """Read an episode with its scenes."""
        at = f"episode {index}"
        episode = Episode(
            id=self._id(Episode, item, at),
            project_id=self._old.project.id,
            season=_whole(item, "season", 1, at),
            number=_whole(item, "number", index, at),
            title=_text(item, "title", at),
            synopsis=_text(item, "synopsis", at),
        )
        self._episodes.append(episode)
        for place, inner in enumerate(_list(item, "scenes"), 1):
            self.scene(inner, place, episode.id, f"{at}, scene {place}")

    def scene(self, item: Any, index: int, episode_id: str | None, at: str) -> None:
        """Read a scene with its shots."""
        scene = Scene(
            id=self._id(Scene, item, at),
            project_id=self._old.project.id,
            episode_id=episode_id,
            number=_whole(item, "number", index, at),
            title=_text(item, "title", at),
            description=_text(item, "description", at),
        )
        self._scenes.append(scene)
        for place, inner in enumerate(_list(item, "shots"), 1):
            here = f"{at}, shot {place}"
            self._shots.append(
                Shot(
                    id=self._id(Shot, inner, here),
                    scene_id=scene.id,
                    number=_whole(inner, "number", place, here),
                    prompt=parse_prompt(_text(inner, "prompt", here)),
                    duration_s=_seconds(inner, here),
                )
            )

    def character(self, item: Any, at: str) -> None:
        """Read a character."""
        name = _text(item, "name", at)
        if not name:
            raise BadInput(f"{at} has no name")
        self._characters.append(
            Character(
                id=self._id(Character, item, at),
                project_id=self._old.project.id,
                name=name,
                look=_text(item, "look", at),
            )
        )

    def _id(self, kind: type[Any], item: Any, at: str) -> str:
        if not isinstance(item, Mapping):
            raise BadInput(f"{at} must be a JSON object")
        key = (kind, str(item.get("id")))
        if key not in self._free:
            return self._new_id()
        self._free.remove(key)  # an entry copied with its id is a new one
        return key[1]


def _check_once(keys: Sequence[object], what: str) -> None:
    if len(set(keys)) != len(keys):
        raise BadInput(f"two {what}s have the same number or name")


def _list(item: Any, name: str) -> list[Any]:
    value = item.get(name, []) if isinstance(item, Mapping) else None
    if not isinstance(value, list):
        raise BadInput(f"{name} must be a list")
    return value


def _text(item: Mapping[str, Any], name: str, at: str) -> str:
    value = item.get(name, "")
    if not isinstance(value, str):
        raise BadInput(f"{at}: {name} must be text")
    return value.strip()


def _whole(item: Mapping[str, Any], name: str, default: int, at: str) -> int:
    value = item.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise BadInput(f"{at}: {name} must be a whole number from 0")
    return value


def _seconds(item: Mapping[str, Any], at: str) -> float | None:
    value = item.get("duration_s")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 3600:
        raise BadInput(f"{at}: duration_s must be above 0 and at most 3600 seconds, or null")
    return float(value)
