"""Projects, episodes, scenes, shots and characters."""

# The routes of a kind are made by a function, and its annotations must be values, not words.

import math
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Response
from pydantic import Field

from tower_anime.compose import App
from tower_anime.domain.generation import History
from tower_anime.domain.production import PROJECT_STATUSES, PartKind
from tower_anime.domain.queue import Budget, budget_of
from tower_anime.domain.views import generation_view
from tower_anime.domain.wish import briefs_of
from tower_anime.errors import BadInput
from tower_anime.web import models
from tower_anime.web.words import ERRORS, Cursor, Json, Limit, Open, PageOf, Strict, TheApp, page

router = APIRouter(tags=["productions"])

Name = Annotated[str, Field(min_length=1, max_length=300)]
Words = Annotated[str, Field(max_length=100_000)]
Number = Annotated[int, Field(ge=0, le=1_000_000)]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Status = Literal["draft", "generating", "active", "archived", "completed"]
Details = dict[str, Any]
assert Status.__args__ == PROJECT_STATUSES  # type: ignore[attr-defined]


class BudgetBody(Strict):
    """What a project may spend in a day (UTC); null: as much as it likes."""

    attempts: int | None = Field(None, ge=0, le=10**9, examples=[500])
    sampler_steps: int | None = Field(None, ge=0, le=10**9)
    seconds: float | None = Field(None, ge=0, le=10**9, allow_inf_nan=False, examples=[7200])


class NewProject(Strict):
    """A project to make."""

    name: Name = Field(examples=["Neon Rain"])
    description: Words = ""
    status: Status = "active"
    settings: Details = Field(default_factory=dict)
    budget: BudgetBody | None = None


class ChangedProject(Strict):
    """What to change; `settings` are merged key by key, null removes one."""

    name: Name | None = None
    description: Words | None = None
    status: Status | None = None
    settings: Details | None = None
    budget: BudgetBody | None = None


class Project(Open):
    """A body of work with one style."""

    id: str
    name: str
    description: str
    status: str
    settings: Details
    budget: dict[str, float | None]
    created_at: str
    updated_at: str


class NewEpisode(Strict):
    """An episode to make; without a number it comes last in its season."""

    project_id: str
    season: Number = 1
    number: Number | None = None
    title: Words = ""
    synopsis: Words = ""
    status: Status = "draft"
    details: Details = Field(default_factory=dict)


class ChangedEpisode(Strict):
    """What to change."""

    season: Number | None = None
    number: Number | None = None
    title: Words | None = None
    synopsis: Words | None = None
    status: Status | None = None
    details: Details | None = None


class Episode(Open):
    """A part of a project, numbered within a season."""

    id: str
    project_id: str
    season: int
    number: int
    title: str
    synopsis: str
    status: str
    details: Details


class NewScene(Strict):
    """A scene to make; without a number it comes last."""

    project_id: str
    episode_id: str | None = None
    number: Number | None = None
    title: Words = ""
    description: Words = ""
    details: Details = Field(default_factory=dict)


class ChangedScene(Strict):
    """What to change."""

    episode_id: str | None = None
    number: Number | None = None
    title: Words | None = None
    description: Words | None = None
    details: Details | None = None


class Scene(Open):
    """A part of an episode, or of a project without episodes."""

    id: str
    project_id: str
    episode_id: str | None
    number: int
    title: str
    description: str
    details: Details


class NewShot(Strict):
    """A shot to make; without a number it comes last. Without a duration it is a still."""

    scene_id: str
    number: Number | None = None
    prompt: Name
    duration_s: Seconds | None = None
    details: Details = Field(default_factory=dict)


class ChangedShot(Strict):
    """What to change."""

    number: Number | None = None
    prompt: Name | None = None
    duration_s: Seconds | None = None
    details: Details | None = None


class Shot(Open):
    """One picture or clip of a scene."""

    id: str
    scene_id: str
    number: int
    prompt: str
    duration_s: float | None
    details: Details


class NewCharacter(Strict):
    """A character to make."""

    project_id: str
    name: Name
    look: Words = ""
    details: Details = Field(default_factory=dict)


class ChangedCharacter(Strict):
    """What to change."""

    name: Name | None = None
    look: Words | None = None
    details: Details | None = None


class Character(Open):
    """Somebody with a fixed look."""

    id: str
    project_id: str
    name: str
    look: str
    details: Details


def _plain_view(row: dict[str, Any]) -> dict[str, Any]:
    return row


def project_view(row: dict[str, Any]) -> dict[str, Any]:
    """Return a project with its budget apart from its settings."""
    settings = {key: value for key, value in row["settings"].items() if key != "budget"}
    budget = budget_of(row["settings"])
    limits = {name: getattr(budget, name) for name in Budget.__dataclass_fields__}
    return {**row, "settings": settings, "budget": limits}


def _given(body: Strict) -> dict[str, Any]:
    """Return what was said; a null where none is allowed is refused by the database's rules."""
    values = {name: getattr(body, name) for name in body.model_fields_set}
    nullable = {"duration_s", "episode_id", "number", "budget"}
    empty = [name for name, value in values.items() if value is None and name not in nullable]
    if empty:
        raise BadInput(f"{empty[0]} can't be null")
    _check_finite(values.get("details"))
    _check_finite(values.get("settings"))
    return values


def _check_finite(value: object) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise BadInput("numbers must be finite")
    if isinstance(value, dict):
        for inner in value.values():
            _check_finite(inner)
    if isinstance(value, list):
        for inner in value:
            _check_finite(inner)


def _new_project(app: App, body: Strict) -> dict[str, Any]:  # noqa: ARG001 - one signature for both
    assert isinstance(body, NewProject)
    settings = dict(body.settings)
    if body.budget is not None:
        settings["budget"] = body.budget.model_dump()
    values = {"name": body.name.strip(), "description": body.description, "status": body.status}
    _check_finite(settings)
    return {**values, "settings": settings}


def _changed_project(app: App, part_id: str, body: Strict) -> dict[str, Any]:
    values = _given(body)
    before = app.store.part(PartKind.PROJECT, part_id)["settings"]
    merged = {**before, **(values.pop("settings", None) or {})}
    if "budget" in values:
        budget = values.pop("budget")
        merged["budget"] = budget.model_dump() if budget else None
    kept = {key: value for key, value in merged.items() if value is not None}
    return {**values, "settings": kept}


def _routes(
    kind: PartKind,
    *,
    new: type[Strict],
    changed: type[Strict],
    shown: type[Open],
    view: Callable[[dict[str, Any]], dict[str, Any]] = _plain_view,
    read_new: Callable[[App, Any], dict[str, Any]] | None = None,
    read_change: Callable[[App, str, Any], dict[str, Any]] | None = None,
) -> None:
    """Add create, read, change and delete of one kind."""
    path = f"/{kind}s"

    def create(app: TheApp, body: new) -> Json:  # type: ignore[valid-type]
        values = read_new(app, body) if read_new else _given(body)
        made = app.store.add_part(kind, values)
        app.turns.ask_anew()
        return Json(view(made), status_code=201)

    def one(app: TheApp, part_id: str) -> Json:
        return Json(view(app.store.part(kind, part_id)))

    def change(app: TheApp, part_id: str, body: changed) -> Json:  # type: ignore[valid-type]
        values = read_change(app, part_id, body) if read_change else _given(body)
        kept = app.store.change_part(kind, part_id, values)
        app.turns.ask_anew()
        return Json(view(kept))

    def remove(app: TheApp, part_id: str) -> Response:
        app.store.remove_part(kind, part_id)
        return Response(status_code=204)

    single = {200: {"model": shown}, **ERRORS}
    add = router.add_api_route
    made = {201: {"model": shown}, **ERRORS}
    add(path, create, methods=["POST"], status_code=201, responses=made, name=f"create_{kind}")
    one_path = f"{path}/{{part_id}}"
    add(one_path, one, methods=["GET"], responses=single, name=f"get_{kind}")
    add(one_path, change, methods=["PATCH"], responses=single, name=f"change_{kind}")
    gone = {204: {"description": "gone"}, **ERRORS}
    add(
        one_path,
        remove,
        methods=["DELETE"],
        status_code=204,
        responses=gone,
        name=f"delete_{kind}",
        response_class=Response,
    )


_routes(
    PartKind.PROJECT,
    new=NewProject,
    changed=ChangedProject,
    shown=Project,
    view=project_view,
    read_new=_new_project,
    read_change=_changed_project,
)
_routes(
    PartKind.EPISODE,
    new=NewEpisode,
    changed=ChangedEpisode,
    shown=Episode,
)
_routes(
    PartKind.SCENE,
    new=NewScene,
    changed=ChangedScene,
    shown=Scene,
)
_routes(PartKind.SHOT, new=NewShot, changed=ChangedShot, shown=Shot)
_routes(
    PartKind.CHARACTER,
    new=NewCharacter,
    changed=ChangedCharacter,
    shown=Character,
)


def _listed(shown: type[Open]) -> dict[int | str, dict[str, Any]]:
    return {200: {"model": PageOf[shown]}, 422: ERRORS[422]}  # type: ignore[valid-type]


@router.get("/projects", responses=_listed(Project))
def list_projects(app: TheApp, limit: Limit = 50, cursor: Cursor = None) -> Json:
    """List projects, oldest first."""
    rows, following = app.store.parts(PartKind.PROJECT, limit=limit, cursor=cursor)
    return page([project_view(row) for row in rows], following)


@router.get("/episodes", responses=_listed(Episode))
def list_episodes(
    app: TheApp, limit: Limit = 50, cursor: Cursor = None, project_id: str | None = None
) -> Json:
    """List episodes by season and number."""
    return page(
        *app.store.parts(PartKind.EPISODE, limit=limit, cursor=cursor, project_id=project_id)
    )


@router.get("/scenes", responses=_listed(Scene))
def list_scenes(
    app: TheApp,
    limit: Limit = 50,
    cursor: Cursor = None,
    project_id: str | None = None,
    episode_id: str | None = None,
) -> Json:
    """List scenes by number."""
    owners = {"project_id": project_id, "episode_id": episode_id}
    return page(*app.store.parts(PartKind.SCENE, limit=limit, cursor=cursor, **owners))


@router.get("/shots", responses=_listed(Shot))
def list_shots(
    app: TheApp, limit: Limit = 50, cursor: Cursor = None, scene_id: str | None = None
) -> Json:
    """List shots by number."""
    return page(*app.store.parts(PartKind.SHOT, limit=limit, cursor=cursor, scene_id=scene_id))


@router.get("/characters", responses=_listed(Character))
def list_characters(
    app: TheApp, limit: Limit = 50, cursor: Cursor = None, project_id: str | None = None
) -> Json:
    """List characters by name."""
    return page(
        *app.store.parts(PartKind.CHARACTER, limit=limit, cursor=cursor, project_id=project_id)
    )


@router.post(
    "/shots/{part_id}/generate",
    status_code=202,
    responses={202: {"model": models.Generation | list[models.Generation]}, **ERRORS},
)
def generate_shot(app: TheApp, part_id: str, wish: models.Wish | None = None) -> Json:
    """Queue what a shot shows; the body says what differs from it."""
    shot = app.store.part(PartKind.SHOT, part_id)
    scene = app.store.part(PartKind.SCENE, shot["scene_id"])
    project = app.store.part(PartKind.PROJECT, scene["project_id"])
    said = wish.given() if wish else {}
    briefs = briefs_of({"prompt": shot["prompt"], "project": project["name"], **said})
    made = [app.create(brief, shot_id=part_id) for brief in briefs]
    views = [generation_view(History(generation=item)) for item in made]
    return Json(views[0] if len(views) == 1 else views, status_code=202)
