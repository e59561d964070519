"""Projects and what they consist of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

PROJECT_STATUSES = ("draft", "generating", "active", "archived", "completed")


class PartKind(StrEnum):
    """What a production consists of."""

    PROJECT = "project"
    EPISODE = "episode"
    SCENE = "scene"
    SHOT = "shot"
    CHARACTER = "character"


@dataclass(frozen=True, kw_only=True)
class Project:
    """A body of work with one style."""

    id: str
    name: str
    description: str = ""
    status: str = "active"
    created_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Episode:
    """A part of a project, numbered within a season."""

    id: str
    project_id: str
    season: int
    number: int
    title: str
    synopsis: str = ""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A part of an episode (or of a project without episodes)."""

    id: str
    project_id: str
    episode_id: str | None
    number: int
    title: str = ""
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One picture or clip of a scene. `duration_s` in seconds, None for a still."""

    id: str
    scene_id: str
    number: int
    prompt: str
    duration_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Character:
    """Somebody with a fixed look, in words that prompts must keep."""

    id: str
    project_id: str
    name: str
    look: str = ""


@dataclass(frozen=True, kw_only=True)
class Story:
    """A project with all its parts, each in its order."""

    project: Project
    episodes: tuple[Episode, ...] = ()
    scenes: tuple[Scene, ...] = ()
    shots: tuple[Shot, ...] = ()
    characters: tuple[Character, ...] = ()

    def scene(self, season: int, episode: int, number: int) -> Scene | None:
        """Return a scene by its numbers; None if there is none."""
        owner = next(
            (one.id for one in self.episodes if (one.season, one.number) == (season, episode)), None
        )
        found = (one for one in self.scenes if owner and one.episode_id == owner)
        return next((one for one in found if one.number == number), None)

    def shots_of(self, scene: Scene) -> tuple[Shot, ...]:
        """Return the shots of a scene, in their order."""
        return tuple(shot for shot in self.shots if shot.scene_id == scene.id)


@dataclass(frozen=True, kw_only=True)
class CastMember:
    """A character of a brief. `look` is fixed: it goes into every prompt that names `name`."""

    name: str
    look: str


@dataclass(frozen=True, kw_only=True)
class ProjectBrief:
    """What a person says about a project, kept with it.

    `style` and `palette` are words for every prompt, `do` and `dont` words to use and to avoid,
    `references` what it should feel like (for directors, never for prompts).
    """

    logline: str = ""
    style: str = ""
    palette: str = ""
    references: tuple[str, ...] = ()
    rating: str = ""
    do: tuple[str, ...] = ()
    dont: tuple[str, ...] = ()
    characters: tuple[CastMember, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StyleGuide:
    """What a director made of a project's brief. `source` as in `Enhancement`."""

    source: str = "none"
    guide: tuple[str, ...] = ()
    vocabulary: tuple[str, ...] = ()
    camera: tuple[str, ...] = ()
    light: tuple[str, ...] = ()
