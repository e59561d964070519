"""What callers send to work from: pictures to draw over, and workflows of their own."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, File, Form, UploadFile

from tower_anime import inputs, workflows
from tower_anime.web import models
from tower_anime.web.words import ERRORS, Answers, Json, PageOf, Problem, TheApp, page

router = APIRouter(tags=["inputs"])
_REFUSED: Answers = {
    413: {"model": Problem, "description": "too large"},
    415: {"model": Problem, "description": "nothing that is known here"},
    422: ERRORS[422],
}


@router.post("/inputs", status_code=201, responses={201: {"model": models.Input}, **_REFUSED})
def send_picture(
    app: TheApp,
    file: Annotated[UploadFile, File(description="a picture to draw over, or a mask")],
    name: Annotated[str | None, Form(max_length=200, description="else the file's")] = None,
) -> Json:
    """Keep a picture; its `name` or `sha256` goes into a wish's `image` or `mask`.

    The same picture under the same name is kept once; another one gets a number.
    """
    with tempfile.TemporaryDirectory(prefix="upload-") as folder:
        path = Path(folder) / "upload"  # never the name that was sent
        path.write_bytes(file.file.read())
        kept = inputs.keep_upload(app.settings, path, name=name or file.filename or "picture")
    return Json(asdict(kept), status_code=201)


@router.get("/inputs", responses={200: {"model": PageOf[models.Input]}})
def pictures(app: TheApp) -> Json:
    """List the pictures that were sent, newest first."""
    return page([asdict(each) for each in inputs.listed(app.settings)], None)


@router.post("/workflows", status_code=201, responses={201: {"model": models.Named}, **_REFUSED})
def send_workflow(
    app: TheApp,
    file: Annotated[
        UploadFile, File(description="a workflow in either format, or a picture or clip with one")
    ],
    name: Annotated[str | None, Form(max_length=200, description="else the file's")] = None,
    bindings: Annotated[
        str | None, Form(max_length=20_000, description="TOML: what its parameters are bound to")
    ] = None,
) -> Json:
    """Keep a workflow by its name, with a version; the name goes into a wish's `workflow`."""
    kept = workflows.keep_sent(
        app.settings,
        file.file.read(),
        sent_as=file.filename or "workflow",
        name=name,
        bindings=bindings,
    )
    return Json({"name": kept}, status_code=201)


@router.get("/workflows", responses={200: {"model": PageOf[models.Named]}})
def all_workflows(app: TheApp) -> Json:
    """List the workflows that come along, then those that were sent or imported."""
    return page(workflows.listed(app.settings), None)


@router.get("/workflows/{name}", responses={200: {"model": models.Workflow}, **ERRORS})
def one_workflow(app: TheApp, name: str) -> Json:
    """Describe a workflow on the server that draws: bindings, what is open, what is wrong."""
    return Json(workflows.named(app.settings, name, workflows.catalog_at(app.renderers)).view)
