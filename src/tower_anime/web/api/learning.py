"""What was learned from words and from people, and forgetting it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Query, Request, Response, UploadFile
from fastapi.responses import PlainTextResponse

from tower_anime import lessons, teachings
from tower_anime.domain.lesson import Part
from tower_anime.errors import BadInput
from tower_anime.exports import exported
from tower_anime.web.words import ERRORS, Json, Open, Strict, TheApp

router = APIRouter(prefix="/learning", tags=["learning"])

Backend = Annotated[
    Literal["comfyui", "sandbox"] | None,
    Query(description="whose results; default: the sandbox's if no server is configured"),
]


class LearningView(Open):
    """`words` and `drift` by family, `people` by profile, `style` by project; resets that hold."""

    backend: str
    learning: bool
    words: list[dict[str, Any]]
    people: dict[str, dict[str, Any]]
    style: list[dict[str, Any]]
    drift: dict[str, list[dict[str, Any]]]
    forgotten: list[dict[str, Any]]


class AlikeView(Open):
    """Past prompts like one, the likest first."""

    items: list[dict[str, Any]]


class Forgetting(Strict):
    """What to forget: all of it where nothing is said."""

    part: Part | None = None
    family: str | None = None
    project: str | None = None


class Taught(Open):
    """How many outcomes are new."""

    outcomes: int


class Forgotten(Open):
    """How many resets hold or were taken back."""

    resets: int


@router.get("", responses={200: {"model": LearningView}, 422: ERRORS[422]})
def learning(app: TheApp, backend: Backend = None) -> Json:
    """Say what was learned from words and people, with intervals, and what changed since."""
    return Json(teachings.overview(app.store, app.settings, sandbox=_sandbox(app, backend)))


@router.get("/alike", responses={200: {"model": AlikeView}, 422: ERRORS[422]})
def alike(
    app: TheApp,
    prompt: Annotated[str, Query(min_length=1, max_length=20_000)],
    backend: Backend = None,
) -> Json:
    """Find past prompts like this one, with what came of them."""
    found = teachings.alike(app.store, prompt, sandbox=_sandbox(app, backend))
    return Json({"items": found})


@router.get("/export", response_class=PlainTextResponse)
def export(app: TheApp) -> Response:
    """Return every outcome as a line of JSON, as `learning export` writes it."""
    return Response(
        "".join(exported(app.store.outcomes())),
        media_type="application/x-ndjson",
        headers={"Content-Disposition": 'attachment; filename="outcomes.jsonl"'},
    )


@router.post("/import", responses={200: {"model": Taught}, 422: ERRORS[422]})
def import_(
    request: Request,
    app: TheApp,
    file: Annotated[UploadFile, File(description="what `export` gave elsewhere")],
) -> Json:
    """Add outcomes from another machine; those that are known already change nothing."""
    try:
        text = file.file.read().decode()
    except UnicodeDecodeError as error:
        raise BadInput(f"the file is no text: {error}") from error
    new = lessons.imported(app.store, text, name=file.filename or "the file")
    request.app.state.learned.renew()
    return Json({"outcomes": new})


@router.post("/reset", responses={200: {"model": Forgotten}, 422: ERRORS[422]})
def reset(request: Request, app: TheApp, what: Forgetting) -> Json:
    """Learn from nothing of this that was made up to now; pictures and records stay."""
    app.store.forget(part=what.part, family=what.family, project=what.project)
    request.app.state.learned.renew()
    return Json({"resets": 1})


@router.post("/reset/undo", responses={200: {"model": Forgotten}})
def undo(request: Request, app: TheApp) -> Json:
    """Take every reset back; outcomes from elsewhere that were forgotten stay gone."""
    request.app.state.learned.renew()
    return Json({"resets": app.store.remember_again()})


def _sandbox(app: TheApp, backend: str | None) -> bool:
    return app.simulated if backend is None else backend == "sandbox"
