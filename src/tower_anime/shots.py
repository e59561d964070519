"""How far a project's shots are, and queueing those that are missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tower_anime.compose import App
from tower_anime.domain.brief import Brief
from tower_anime.domain.generation import Generation
from tower_anime.domain.overview import ShotState, shot_states
from tower_anime.domain.production import PartKind, Shot, Story
from tower_anime.domain.wish import briefs_of
from tower_anime.errors import BadInput, NotFound


def story_of(app: App, project_id: str) -> tuple[Story, Mapping[str, ShotState]]:
    """Return a project with its parts, and the state of the shots that were tried."""
    name = app.store.part(PartKind.PROJECT, project_id)["name"]
    return app.store.story(name), shot_states(app.store.shot_tries(project_id))


def missing(
    story: Story,
    states: Mapping[str, ShotState],
    *,
    episode_id: str | None = None,
    scene_id: str | None = None,
) -> tuple[Shot, ...]:
    """Return the shots that are neither there nor on their way, of a part of the story or all."""
    scenes = {
        scene.id
        for scene in story.scenes
        if episode_id in (None, scene.episode_id) and scene_id in (None, scene.id)
    }
    if not scenes and (episode_id or scene_id):
        raise NotFound(f"{story.project.name} has no such part: {scene_id or episode_id}")
    return tuple(
        shot
        for shot in story.shots
        if shot.scene_id in scenes and (shot.id not in states or states[shot.id].is_missing)
    )


def queue_missing(
    app: App,
    project_id: str,
    *,
    kind: str = "still",
    director: str = "auto",
    episode_id: str | None = None,
    scene_id: str | None = None,
) -> tuple[Generation, ...]:
    """Queue each missing shot once; `kind` clip draws them at their lengths."""
    story, states = story_of(app, project_id)
    shots = missing(story, states, episode_id=episode_id, scene_id=scene_id)
    made = [(shot, brief_of(shot, story, kind=kind, director=director)) for shot in shots]
    return tuple(app.create(brief, shot_id=shot.id) for shot, brief in made)


def brief_of(shot: Shot, story: Story, *, kind: str, director: str) -> Brief:
    """Return the wish for a shot."""
    wish: dict[str, Any] = {
        "prompt": shot.prompt,
        "project": story.project.name,
        "kind": kind,
        "director": director,
    }
    if kind == "clip" and shot.duration_s:
        wish["duration"] = shot.duration_s
    briefs = briefs_of(wish)
    if len(briefs) != 1:
        raise BadInput(f"shot {shot.number} stands for {len(briefs)} prompts; name one")
    return briefs[0]
