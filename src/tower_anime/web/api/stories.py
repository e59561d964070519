"""A project's brief and story, and drawing the shots that are missing."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field

from tower_anime import shots, studio
from tower_anime.compose import App
from tower_anime.domain.brief import DirectorChoice
from tower_anime.domain.production import CastMember, PartKind, ProjectBrief
from tower_anime.domain.script import story_view
from tower_anime.web.words import ERRORS, Json, Open, Strict, TheApp

router = APIRouter(prefix="/projects", tags=["productions"])

Words = Annotated[str, Field(max_length=20_000)]
Line = Annotated[str, Field(min_length=1, max_length=2000)]
Lines = Annotated[list[Line], Field(max_length=200)]


class Member(Strict):
    """A character with a fixed look."""

    name: Line
    look: Line


class Brief(Strict):
    """What a person says about a project; characters also as `Aki=silver hair, red scarf`."""

    logline: Words = ""
    style: Words = ""
    palette: Words = ""
    references: Lines = Field(default_factory=list)
    rating: Annotated[str, Field(max_length=100)] = ""
    do: Lines = Field(default_factory=list)
    dont: Lines = Field(default_factory=list)
    characters: list[Member | Line] = Field(default_factory=list, max_length=200)


class Develop(Strict):
    """How much of a story to make from a logline."""

    logline: Words | None = None
    episodes: int = Field(1, examples=[3])
    scenes: int = 3
    shots: int = 4
    director: DirectorChoice = DirectorChoice.AUTO
    replace: bool = False


class Missing(Strict):
    """Which of the missing shots to draw, and as what; clips at their lengths."""

    episode_id: str | None = None
    scene_id: str | None = None
    kind: Literal["still", "clip"] = "still"
    director: DirectorChoice = DirectorChoice.AUTO


class Queued(Open):
    """What was queued."""

    queued: int
    generation_ids: list[str]


_ONE = {200: {"model": Open}, **ERRORS}


@router.get("/{project_id}/brief", responses=_ONE)
def brief(app: TheApp, project_id: str) -> Json:
    """Return a project's brief, and the style guide that a director made of it."""
    return Json(_view(app, project_id))


@router.put("/{project_id}/brief", responses=_ONE)
def change_brief(app: TheApp, project_id: str, body: Brief) -> Json:
    """Keep a brief; its style, palette and words go into the project's prompts from now on."""
    name = _name(app, project_id)
    cast = [
        studio.cast_member(one) if isinstance(one, str) else CastMember(**one.model_dump())
        for one in body.characters
    ]
    values = {k: v for k, v in body.model_dump().items() if k != "characters"}
    lists = {key: tuple(value) for key, value in values.items() if isinstance(value, list)}
    _, guide = app.store.project_brief(name)
    made = ProjectBrief(**{**values, **lists}, characters=tuple(cast))
    app.store.save_project_brief(name, made, guide)
    return Json(_view(app, project_id))


@router.get("/{project_id}/story", responses=_ONE)
def story(app: TheApp, project_id: str) -> Json:
    """Return a project's episodes, scenes, shots and characters, as `director story` exports."""
    return Json(story_view(app.store.story(_name(app, project_id))))


@router.post("/{project_id}/story", status_code=201, responses={201: {"model": Open}, **ERRORS})
def develop(app: TheApp, project_id: str, body: Develop) -> Json:
    """Make episodes, scenes and shots from a logline; `replace` gives up those that are there."""
    made, failures = studio.develop_story(
        app.settings,
        _name(app, project_id),
        logline=body.logline,
        measure=studio.Measure(episodes=body.episodes, scenes=body.scenes, shots=body.shots),
        director=body.director.value,
        replace_old=body.replace,
    )
    return Json({**story_view(made), "failures": list(failures)}, status_code=201)


@router.post(
    "/{project_id}/generate", status_code=202, responses={202: {"model": Queued}, **ERRORS}
)
def generate(app: TheApp, project_id: str, body: Missing | None = None) -> Json:
    """Queue the shots that are neither there nor on their way."""
    asked = body or Missing()
    made = shots.queue_missing(
        app,
        project_id,
        kind=asked.kind,
        director=asked.director.value,
        episode_id=asked.episode_id,
        scene_id=asked.scene_id,
    )
    return Json({"queued": len(made), "generation_ids": [one.id for one in made]}, status_code=202)


def _name(app: App, project_id: str) -> str:
    return str(app.store.part(PartKind.PROJECT, project_id)["name"])


def _view(app: App, project_id: str) -> dict[str, Any]:
    brief, guide = app.store.project_brief(_name(app, project_id))
    return {"brief": brief, "guide": guide}
