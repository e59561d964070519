"""Files that we made or collected, by their SHA-256, and small pictures of them."""

from __future__ import annotations

from typing import Annotated, Literal

from anyio import to_thread
from fastapi import APIRouter, Depends, Header, Query, Response
from fastapi.responses import FileResponse

from tower_anime.heatmaps import heat_picture
from tower_anime.web.deps import the_pictures
from tower_anime.web.kept import Kept
from tower_anime.web.words import BINARY, ERRORS, Answers, TheApp

router = APIRouter(prefix="/artifacts", tags=["artifacts"])

_FOREVER = "private, max-age=31536000, immutable"
ThePictures = Annotated[Kept[tuple[str, str]], Depends(the_pictures)]
IfNoneMatch = Annotated[str | None, Header(max_length=1000)]
_KNOWN: Answers = {
    304: {"description": "it has not changed; it never does"},
    404: ERRORS[404],
}


def _file(kind: str, words: str) -> Answers:
    return {200: {"content": {kind: BINARY}, "description": words}}


@router.get(
    "/{sha256}",
    response_class=FileResponse,
    responses={**_file("application/octet-stream", "the file"), **_KNOWN},
)
def artifact(app: TheApp, sha256: str, if_none_match: IfNoneMatch = None) -> Response:
    """Return a file by its SHA-256."""
    path = app.artifact(sha256)
    headers = {"Cache-Control": _FOREVER, "ETag": f'"{sha256}"'}
    if _is_known(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return FileResponse(path, headers=headers)


@router.get(
    "/{sha256}/thumbnail",
    response_class=Response,
    responses={**_file("image/webp", "small"), **_KNOWN, 422: ERRORS[422]},
)
async def thumbnail(
    app: TheApp,
    pictures: ThePictures,
    sha256: str,
    size: Annotated[
        Literal["128", "256", "512", "1024"], Query(description="longer side, px")
    ] = "256",
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Return a small WebP picture of a file; made once."""
    headers = {"Cache-Control": _FOREVER, "ETag": f'"{sha256}-{size}"'}
    data = pictures.find((sha256, size), None)
    if data is None:
        data = await to_thread.run_sync(lambda: app.thumbnail(sha256, int(size)).read_bytes())
        pictures.keep((sha256, size), None, data)
    if _is_known(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(data, headers=headers, media_type="image/webp")


@router.get(
    "/{sha256}/heatmap",
    response_class=Response,
    responses={**_file("image/png", "a pixel for 8×8"), 404: ERRORS[404], 422: ERRORS[422]},
)
def heatmap(
    app: TheApp,
    sha256: str,
    kind: Annotated[str, Query(max_length=50, description="kind of defect, such as `blur`")],
) -> Response:
    """Show where a defect of a still is, to be laid over it; 404 when it has no place."""
    picture = heat_picture(app.artifact(sha256), kind)
    return Response(picture, media_type="image/png", headers={"Cache-Control": _FOREVER})


def _is_known(given: str | None, etag: str) -> bool:
    """Whether the caller has this version (RFC 9110, weak comparison)."""
    if given is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in given.split(",")]
    return "*" in tags or etag in tags
