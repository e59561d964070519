"""Analytics: charts over the rolled-up figures, each with its table and as CSV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from tower_anime.analytics import Subject, report, report_view
from tower_anime.compose import App
from tower_anime.domain.figures import Slice
from tower_anime.errors import BadInput, NotFound
from tower_anime.web.api.analytics import csv_text
from tower_anime.web.deps import the_app
from tower_anime.web.pages import charts
from tower_anime.web.pages.shown import templates

router = APIRouter(include_in_schema=False, prefix="/analytics")
TheApp = Annotated[App, Depends(the_app)]

PERIODS = {"7": "7 days", "30": "30 days", "90": "90 days", "365": "a year", "all": "all of it"}
BACKENDS = ("", "comfyui", "sandbox", "all")
_USUAL = "30"


class Asked:
    """What the page is asked about, from its address."""

    def __init__(
        self,
        app: TheApp,
        *,
        period: Annotated[str, Query()] = _USUAL,
        since: Annotated[str, Query()] = "",
        until: Annotated[str, Query()] = "",
        project: Annotated[str, Query()] = "",
        family: Annotated[str, Query()] = "",
        backend: Annotated[str, Query()] = "",
    ) -> None:
        if period not in PERIODS:
            raise BadInput(f"period is one of {', '.join(PERIODS)}, not {period!r}")
        if backend not in BACKENDS:
            raise BadInput(f"backend is one of {', '.join(BACKENDS[1:])}, not {backend!r}")
        self.period, self.family, self.project = period, family, project
        self.backend = backend or ("sandbox" if app.simulated else "comfyui")
        self.since, self.until = _day(since, "since"), _day(until, "until")
        first = self.since
        if first is None and self.until is None and period != "all":
            first = datetime.now(UTC).date() - timedelta(days=int(period) - 1)
        self.slice = Slice(
            since=first,
            until=self.until,
            project=project or None,
            family=family or None,
            backend=None if self.backend == "all" else self.backend,
        )

    @property
    def query(self) -> str:
        """The same question as an address's end."""
        said = {
            "period": self.period,
            "since": self.since or "",
            "until": self.until or "",
            "project": self.project,
            "family": self.family,
            "backend": self.backend,
        }
        return urlencode({name: str(value) for name, value in said.items() if value})


TheAsked = Annotated[Asked, Depends()]


@router.get("", response_class=HTMLResponse)
def page(request: Request, app: TheApp, asked: TheAsked) -> HTMLResponse:
    """Show all charts for a period, a project, a family."""
    as_of = app.figures.ensure(within_s=1.0)
    reports = _reports(app, asked.slice)
    context = {
        "page": "analytics",
        "tables": "/ui/analytics",
        "asked": asked,
        "periods": PERIODS,
        "names": app.store.names_in_use(),
        "as_of": as_of,
        "quality": reports[Subject.QUALITY]["totals"],
        "performance": reports[Subject.PERFORMANCE]["totals"],
        "days": len(reports[Subject.QUALITY]["rows"]),
        "charts": list(_counted(app, asked.slice, reports)),
    }
    return templates.TemplateResponse(request, "analytics.html", context)


@router.get("/{key}.csv")
def table(app: TheApp, asked: TheAsked, key: str) -> Response:
    """Return the table behind a chart."""
    app.figures.ensure(within_s=1.0)
    return csv_of(_counted(app, asked.slice, _reports(app, asked.slice)), key)


def csv_of(found: Iterable[charts.Chart], key: str) -> Response:
    """Return the table of one of some charts as a file."""
    chart = next((one for one in found if one.key == key), None)
    if chart is None:
        raise NotFound(f"there is no chart {key!r}")
    headers = {"Content-Disposition": f'attachment; filename="{key}.csv"'}
    text = csv_text(chart.rows)
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


def _reports(app: App, of: Slice) -> dict[Subject, dict[str, Any]]:
    return {
        subject: report_view(report(app.store, subject, of), subject, of, as_of=None)
        for subject in Subject
    }


def _counted(app: App, of: Slice, reports: dict[Subject, dict[str, Any]]) -> Iterator[charts.Chart]:
    yield charts.quality(reports[Subject.QUALITY])
    yield charts.first_pass(reports[Subject.QUALITY])
    yield charts.throughput(reports[Subject.QUALITY])
    yield charts.seconds(reports[Subject.PERFORMANCE])
    yield charts.corrections(reports[Subject.CORRECTIONS])
    yield charts.attempts(reports[Subject.LEARNING])
    yield from charts.director(reports[Subject.DIRECTOR])
    yield charts.defects(app.store.grouped(("attempts", "defect"), of, by="family"), by="family")
    found = app.store.grouped(("attempts", "defect"), of, by="checkpoint")
    yield charts.defects(found, by="checkpoint")


def _day(text: str, name: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise BadInput(f"{name} is a day like 2026-11-25, not {text!r}") from error
