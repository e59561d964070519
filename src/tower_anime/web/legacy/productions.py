"""Projects, episodes and scenes in the earlier service's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from tower_anime.compose import App
from tower_anime.domain.brief import DEFAULT_PROJECT
from tower_anime.domain.production import PROJECT_STATUSES, PartKind
from tower_anime.errors import BadInput
from tower_anime.web.legacy.words import found_id, shown_id
from tower_anime.web.words import ERRORS, Answers, Json, Strict, TheApp

router = APIRouter(tags=["earlier"])

_ERRORS: Answers = {404: ERRORS[404], 409: ERRORS[409], 422: ERRORS[422]}
_MOST = 1000

Row = Mapping[str, Any]
Text = Annotated[str, Field(max_length=100_000)]


class EarlierProject(Strict):
    """A project, or what to change of it."""

    name: str | None = Field(None, min_length=1, max_length=300)
    description: Text | None = None
    status: str | None = None
    settings: dict[str, Any] | None = None


class EarlierEpisode(Strict):
    """An episode, or what to change of it."""

    project_id: int | str | None = None
    episode_number: int | None = Field(None, ge=0, le=1_000_000)
    season: int | None = Field(None, ge=0, le=1_000_000)
    title: Text | None = None
    synopsis: Text | None = None
    status: str | None = None
    duration: float | None = Field(None, ge=0, le=1_000_000, allow_inf_nan=False)
    scenes: list[Any] | None = None
    characters: list[Any] | None = None
    metadata: dict[str, Any] | None = None
    video_path: str | None = None
    quality_score: float | None = Field(None, allow_inf_nan=False)


class EarlierScene(Strict):
    """A scene, or what to change of it."""

    id: int | str | None = None
    project_id: int | str | None = None
    episode_id: int | str | None = None
    scene_number: int | None = Field(None, ge=0, le=1_000_000)
    number: int | None = Field(None, ge=0, le=1_000_000)
    title: Text | None = None
    name: Text | None = None
    description: Text | None = None
    prompt: Text | None = None
    status: str | None = None
    duration: float | None = Field(None, ge=0, le=1_000_000, allow_inf_nan=False)
    characters: list[Any] | None = None
    metadata: dict[str, Any] | None = None


_EPISODE_DETAILS = ("duration", "scenes", "characters", "metadata", "video_path", "quality_score")
_SCENE_DETAILS = ("prompt", "status", "duration", "characters", "metadata")


# ---- projects ---------------------------------------------------------------------------------


@router.get("/projects")
def projects(app: TheApp) -> Json:
    """List projects, as a plain list."""
    rows, _ = app.store.parts(PartKind.PROJECT, limit=_MOST)
    external = _external(app, "projects", rows)
    return Json([_project_view(row, external) for row in rows])


@router.post("/projects", responses=_ERRORS)
def create_project(app: TheApp, body: EarlierProject) -> Json:
    """Make a project."""
    if body.name is None:
        raise BadInput("name is missing")
    row = app.store.add_part(PartKind.PROJECT, _project_values(body))
    return Json(_project_view(row, {}))


@router.get("/projects/{project_id}", responses=_ERRORS)
def project(app: TheApp, project_id: str) -> Json:
    """Return a project."""
    row = app.store.part(PartKind.PROJECT, found_id(app, "projects", project_id))
    return Json(_project_view(row, _external(app, "projects", [row])))


@router.put("/projects/{project_id}", responses=_ERRORS)
@router.patch("/projects/{project_id}", name="patch_project", responses=_ERRORS)
def change_project(app: TheApp, project_id: str, body: EarlierProject) -> Json:
    """Change what is given."""
    our_id = found_id(app, "projects", project_id)
    before = app.store.part(PartKind.PROJECT, our_id)
    values = _project_values(body)
    if "settings" in values:
        values["settings"] = {**before["settings"], **values["settings"]}
    row = app.store.change_part(PartKind.PROJECT, our_id, values)
    return Json(_project_view(row, _external(app, "projects", [row])))


@router.delete("/projects/{project_id}", responses=_ERRORS)
def delete_project(app: TheApp, project_id: str) -> Json:
    """Delete a project; one that has generations is archived instead, so that none is lost."""
    our_id = found_id(app, "projects", project_id)
    app.store.part(PartKind.PROJECT, our_id)
    if app.store.generations_of_project(our_id):
        app.store.change_part(PartKind.PROJECT, our_id, {"status": "archived"})
        return Json({"message": "archived: it has generations", "id": project_id})
    app.store.remove_part(PartKind.PROJECT, our_id)
    return Json({"message": "deleted", "id": project_id})


def _project_values(body: EarlierProject) -> dict[str, Any]:
    values = {k: v for k, v in body.model_dump(exclude_unset=True).items() if v is not None}
    if "status" in values and values["status"] not in PROJECT_STATUSES:
        raise BadInput(f"status must be one of {', '.join(PROJECT_STATUSES)}")
    return values


def _project_view(row: Row, external: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": shown_id(external, row["id"]),
        "name": row["name"],
        "description": row["description"],
        "status": row["status"],
        "created_at": row["created_at"],
        "settings": row["settings"],
    }


# ---- episodes ---------------------------------------------------------------------------------


@router.get("/episodes", responses=_ERRORS)
def episodes(app: TheApp, project_id: Annotated[str | None, Query(max_length=200)] = None) -> Json:
    """List episodes, as a plain list."""
    owner = found_id(app, "projects", project_id) if project_id else None
    rows, _ = app.store.parts(PartKind.EPISODE, limit=_MOST, project_id=owner)
    external = _external(app, "episodes", rows)
    return Json([_episode_view(app, row, external) for row in rows])


@router.post("/episodes", responses=_ERRORS)
def create_episode(app: TheApp, body: EarlierEpisode) -> Json:
    """Make an episode; without a project it belongs to the default one."""
    values = _episode_values(body, {})
    values["project_id"] = _owner(app, body.project_id)
    row = app.store.add_part(PartKind.EPISODE, values)
    return Json(_episode_view(app, row, {}))


@router.put("/episodes/{episode_id}", responses=_ERRORS)
def change_episode(app: TheApp, episode_id: str, body: EarlierEpisode) -> Json:
    """Change what is given."""
    our_id = found_id(app, "episodes", episode_id)
    before = app.store.part(PartKind.EPISODE, our_id)
    row = app.store.change_part(PartKind.EPISODE, our_id, _episode_values(body, before["details"]))
    return Json(_episode_view(app, row, _external(app, "episodes", [row])))


def _episode_values(body: EarlierEpisode, details: Row) -> dict[str, Any]:
    given = {k: v for k, v in body.model_dump(exclude_unset=True).items() if v is not None}
    values: dict[str, Any] = {
        name: given[name] for name in ("title", "synopsis", "status", "season") if name in given
    }
    if "episode_number" in given:
        values["number"] = given["episode_number"]
    told = {name: given[name] for name in _EPISODE_DETAILS if name in given}
    return {**values, "details": {**details, **told}}


def _episode_view(app: App, row: Row, external: Mapping[str, str]) -> dict[str, Any]:
    details = row["details"]
    scenes, _ = app.store.parts(PartKind.SCENE, limit=_MOST, episode_id=row["id"])
    known = _external(app, "scenes", scenes)
    return {
        "id": shown_id(external, row["id"]),
        "episode_number": row["number"],
        "title": row["title"],
        "synopsis": row["synopsis"],
        "duration": details.get("duration"),
        "status": row["status"],
        "scenes": [_scene_view(scene, known, {}) for scene in scenes]
        or details.get("scenes")
        or [],
        "characters": details.get("characters") or [],
        "metadata": details.get("metadata") or {},
        "video_path": details.get("video_path"),
        "quality_score": details.get("quality_score"),
        **({"legacy": details["legacy"]} if details.get("legacy") else {}),
    }


# ---- scenes -----------------------------------------------------------------------------------


@router.get("/scenes", responses=_ERRORS)
def scenes(app: TheApp, project_id: Annotated[str | None, Query(max_length=200)] = None) -> Json:
    """List scenes, as a plain list."""
    owner = found_id(app, "projects", project_id) if project_id else None
    rows, _ = app.store.parts(PartKind.SCENE, limit=_MOST, project_id=owner)
    return _scenes(app, rows)


@router.post("/scenes", responses=_ERRORS)
def create_scene(app: TheApp, body: EarlierScene) -> Json:
    """Make a scene; without a project it belongs to its episode's, or to the default one."""
    return _new_scene(app, body, episode=body.episode_id)


@router.put("/scenes", responses=_ERRORS)
def change_named_scene(app: TheApp, body: EarlierScene) -> Json:
    """Change the scene that the body names."""
    if body.id is None:
        raise BadInput("id is missing: which scene?")
    return change_scene(app, str(body.id), body)


@router.put("/scenes/{scene_id}", responses=_ERRORS)
def change_scene(app: TheApp, scene_id: str, body: EarlierScene) -> Json:
    """Change what is given."""
    our_id = found_id(app, "scenes", scene_id)
    before = app.store.part(PartKind.SCENE, our_id)
    values = _scene_values(body, before["details"])
    if body.episode_id is not None:
        values["episode_id"] = found_id(app, "episodes", str(body.episode_id))
    app.store.change_part(PartKind.SCENE, our_id, values)
    return _one_scene(app, our_id)


@router.get("/episodes/{episode_id}/scenes", responses=_ERRORS)
def scenes_of_episode(app: TheApp, episode_id: str) -> Json:
    """List the scenes of an episode, as a plain list."""
    our_id = found_id(app, "episodes", episode_id)
    app.store.part(PartKind.EPISODE, our_id)
    rows, _ = app.store.parts(PartKind.SCENE, limit=_MOST, episode_id=our_id)
    return _scenes(app, rows)


@router.post("/episodes/{episode_id}/scenes", responses=_ERRORS)
def create_scene_in_episode(app: TheApp, episode_id: str, body: EarlierScene) -> Json:
    """Make a scene of an episode."""
    return _new_scene(app, body, episode=episode_id)


def _new_scene(app: App, body: EarlierScene, *, episode: int | str | None) -> Json:
    values = _scene_values(body, {})
    if episode is None:
        values["project_id"] = _owner(app, body.project_id)
    else:
        found = app.store.part(PartKind.EPISODE, found_id(app, "episodes", str(episode)))
        values |= {"episode_id": found["id"], "project_id": found["project_id"]}
    return _one_scene(app, app.store.add_part(PartKind.SCENE, values)["id"])


def _one_scene(app: App, our_id: str) -> Json:
    row = app.store.part(PartKind.SCENE, our_id)
    external, owners = _external(app, "scenes", [row]), _owners(app, [row])
    return Json(_scene_view(row, external, owners))


def _scenes(app: App, rows: Sequence[Row]) -> Json:
    external, owners = _external(app, "scenes", rows), _owners(app, rows)
    return Json([_scene_view(row, external, owners) for row in rows])


def _scene_values(body: EarlierScene, details: Row) -> dict[str, Any]:
    given = {k: v for k, v in body.model_dump(exclude_unset=True).items() if v is not None}
    values: dict[str, Any] = {}
    for ours, theirs in (("title", ("title", "name")), ("number", ("scene_number", "number"))):
        found = next((given[name] for name in theirs if name in given), None)
        if found is not None:
            values[ours] = found
    if "description" in given:
        values["description"] = given["description"]
    told = {name: given[name] for name in _SCENE_DETAILS if name in given}
    return {**values, "details": {**details, **told}}


def _scene_view(row: Row, external: Mapping[str, str], owners: Mapping[str, str]) -> dict[str, Any]:
    details = row["details"]
    return {
        "id": shown_id(external, row["id"]),
        "project_id": shown_id(owners, row["project_id"]),
        "episode_id": shown_id(owners, row["episode_id"]) if row["episode_id"] else None,
        "scene_number": row["number"],
        "title": row["title"],
        "description": row["description"],
        **{name: details.get(name) for name in _SCENE_DETAILS},
    }


# ---- ids --------------------------------------------------------------------------------------


def _external(app: App, entity: str, rows: Sequence[Row]) -> Mapping[str, str]:
    return app.store.external_ids(entity, [row["id"] for row in rows])


def _owners(app: App, rows: Sequence[Row]) -> dict[str, str]:
    """Return the earlier ids of the projects and episodes that own these scenes."""
    projects = app.store.external_ids("projects", [row["project_id"] for row in rows])
    ids = [row["episode_id"] for row in rows if row["episode_id"]]
    return {**projects, **app.store.external_ids("episodes", ids)}


def _owner(app: App, given: int | str | None) -> str:
    if given is None:
        return app.store.project(DEFAULT_PROJECT, create=True).id
    return str(app.store.part(PartKind.PROJECT, found_id(app, "projects", str(given)))["id"])
