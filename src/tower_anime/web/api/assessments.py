"""Assess a file that somebody sends."""

from __future__ import annotations

import json
import tempfile
import threading
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, File, Form, UploadFile

from tower_anime.domain.views import assessment_view
from tower_anime.errors import BadInput, Unreadable
from tower_anime.inspection import inspect_upload
from tower_anime.web import models
from tower_anime.web.words import ERRORS, Json, Problem, TheApp

router = APIRouter(tags=["assessments"])

_AT_ONCE = threading.BoundedSemaphore(2)
"""Decoded pictures take 300 MB and more; further uploads wait on the disk."""

_CHUNK_BYTES = 1 << 20


@router.post(
    "/assessments",
    responses={
        200: {"model": models.Assessment},
        413: {"model": Problem, "description": "too large"},
        415: {"model": Problem, "description": "no picture or clip that is known here"},
        422: ERRORS[422],
    },
)
def assess(
    app: TheApp,
    file: Annotated[UploadFile, File(description="a picture or clip")],
    prompt: Annotated[str | None, Form(max_length=20_000)] = None,
    profile: Annotated[str | None, Form(max_length=200)] = None,
    expect: Annotated[
        str | None,
        Form(max_length=2000, description='JSON, such as {"duration_s": 5, "frame_rate": 24}'),
    ] = None,
) -> Json:
    """Measure a picture or clip and judge it; an unreadable one is refused."""
    expected = _expected(expect)
    with tempfile.TemporaryDirectory(prefix="upload-") as folder:
        path = Path(folder) / "upload"  # never the name that was sent
        with path.open("wb") as target:
            while chunk := file.file.read(_CHUNK_BYTES):
                target.write(chunk)
        with _AT_ONCE:
            assessment = inspect_upload(
                app.settings, path, prompt=prompt, profile=profile, expect=expected
            )
    if assessment.error is not None:
        raise Unreadable(assessment.error.message, kind=assessment.error.type)
    return Json(assessment_view(assessment, path=None))


def _expected(text: str | None) -> dict[str, float]:
    if text is None or not text.strip():
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"expect is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise BadInput("expect is a JSON object")
    return value
