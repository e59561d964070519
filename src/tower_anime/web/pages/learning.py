"""Learning: what earlier results and people's decisions taught, and undoing it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from tower_anime import teachings
from tower_anime.compose import App
from tower_anime.domain.figures import Slice
from tower_anime.domain.lesson import Part
from tower_anime.errors import BadInput
from tower_anime.web.deps import the_app
from tower_anime.web.pages import taught
from tower_anime.web.pages.analytics import csv_of
from tower_anime.web.pages.charts import Chart
from tower_anime.web.pages.learned import Learned, Told
from tower_anime.web.pages.shown import templates

router = APIRouter(include_in_schema=False, prefix="/learning")
TheApp = Annotated[App, Depends(the_app)]

BACKENDS = {"comfyui": "ComfyUI", "sandbox": "the sandbox"}


class Asked:
    """Whose results the page is about, from its address."""

    def __init__(self, app: TheApp, *, backend: Annotated[str, Query()] = "") -> None:
        if backend not in ("", *BACKENDS):
            raise BadInput(f"backend is one of {', '.join(BACKENDS)}, not {backend!r}")
        self.backend = backend or ("sandbox" if app.simulated else "comfyui")
        self.query = urlencode({"backend": self.backend})

    @property
    def sandbox(self) -> bool:
        """Whether it is about what the sandbox drew."""
        return self.backend == "sandbox"


TheAsked = Annotated[Asked, Depends()]


@router.get("", response_class=HTMLResponse)
def page(
    request: Request,
    app: TheApp,
    asked: TheAsked,
    *,
    like: Annotated[str, Query(max_length=20_000)] = "",
) -> HTMLResponse:
    """Show the page; what was learned follows, since counting it anew takes a second."""
    context = {
        "page": "learning",
        "asked": asked,
        "backends": BACKENDS,
        "names": app.store.names_in_use(),
        "parts": [part.value for part in Part],
        "like": like,
        "alike": teachings.alike(app.store, like, sandbox=asked.sandbox) if like.strip() else (),
    }
    return templates.TemplateResponse(request, "learning.html", context)


@router.get("/known", response_class=HTMLResponse)
def known(request: Request, app: TheApp, asked: TheAsked) -> HTMLResponse:
    """Return what was learned: in numbers, as charts, and what of it is forgotten."""
    told = _told(request, asked)
    context = {
        "asked": asked,
        "tables": "/ui/learning",
        "learning": app.settings.learning,
        "told": told,
        "sure": sum(word["sure"] for one in told.words for word in one["words"]),
        "decisions": sum(one["decisions"] for one in told.people.values()),
        "styles": [one for one in told.styles if one.style is not None],
        "changes": sum(len(found) for found in told.drift.values()),
        "charts": list(_charts(app, asked, told)),
        "forgotten": app.store.forgotten(),
    }
    return templates.TemplateResponse(request, "learning_known.html", context)


@router.get("/{key}.csv")
def table(request: Request, app: TheApp, asked: TheAsked, key: str) -> Response:
    """Return the table behind a chart."""
    return csv_of(_charts(app, asked, _told(request, asked)), key)


def _told(request: Request, asked: Asked) -> Told:
    known: Learned = request.app.state.learned
    return known.of(sandbox=asked.sandbox)


def _charts(app: App, asked: Asked, told: Told) -> Iterator[Chart]:
    yield taught.begun(app.store.beginnings(Slice(backend=asked.backend)))
    yield taught.uplift(told.uplifts)
    yield taught.words(told.words)
    yield from taught.people(told.people)
    yield taught.drift(told.drift)
    yield taught.styles(told.styles)
    yield taught.lessons(told.lessons)
