"""`/health`: whether work can be done at this moment."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from tower_anime import __version__
from tower_anime.compose import App
from tower_anime.errors import ServerDown, StoreUnavailable
from tower_anime.web.deps import the_app

router = APIRouter()


class Health(BaseModel):
    """`status`: ok, degraded (some server is silent) or down (nothing can be generated)."""

    status: str
    service: str = "tower-anime"
    version: str = __version__
    database: str
    servers: dict[str, str]


@router.get("/health", responses={503: {"model": Health}})
def health(app: Annotated[App, Depends(the_app)], response: Response) -> Health:
    """Say what works, truthfully; 503 when nothing can be generated."""
    database = _database(app)
    servers = _servers(app)
    answering = [url for url, state in servers.items() if state == "ok"]
    if not answering or database != "ok":
        response.status_code = 503
        return Health(status="down", database=database, servers=servers)
    status = "ok" if len(answering) == len(servers) else "degraded"
    return Health(status=status, database=database, servers=servers)


def _database(app: App) -> str:
    try:
        app.store.unfinished_counts()
    except StoreUnavailable as error:
        return str(error)
    return "ok"


def _servers(app: App) -> dict[str, str]:
    states = {}
    for renderer in app.renderers:
        try:
            renderer.queue_length()
        except ServerDown as error:
            states[renderer.url] = str(error)
        else:
            states[renderer.url] = "ok"
    return states
