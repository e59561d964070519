"""Reports on quality, performance, corrections, learning and directors; JSON or CSV."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from tower_anime.analytics import Subject, report, report_view
from tower_anime.domain.figures import Slice
from tower_anime.errors import BadInput
from tower_anime.web.words import ERRORS, Json, Open, TheApp

router = APIRouter(prefix="/analytics", tags=["analytics"])


class Trend(Open):
    """Change per day with its interval; a direction is named only beyond the noise."""

    direction: Literal["rising", "falling", "none", "unknown"]
    per_day: float | None
    low: float | None
    high: float | None
    reason: str


class ReportView(Open):
    """`rows` are also what the CSV holds."""

    subject: Subject
    slice: dict[str, Any]
    as_of: datetime | None
    totals: dict[str, Any]
    rows: list[dict[str, Any]]
    trends: dict[str, Trend]


_ANSWERS: Any = {200: {"model": ReportView, "content": {"text/csv": {}}}, 422: ERRORS[422]}


@router.get("/{subject}", responses=_ANSWERS)
def analytics(
    app: TheApp,
    subject: Subject,
    since: Annotated[date | None, Query(description="first day of creation, UTC")] = None,
    until: Annotated[date | None, Query(description="last day")] = None,
    project: str | None = None,
    family: str | None = None,
    checkpoint: str | None = None,
    backend: Annotated[
        Literal["comfyui", "sandbox", "all"] | None,
        Query(description="whose results; default: the sandbox's if no server is configured"),
    ] = None,
    format: Annotated[Literal["json", "csv"], Query()] = "json",  # noqa: A002 - the parameter's name
) -> Response:
    """Report on what was created in a period; the sandbox's results are kept apart."""
    if since and until and since > until:
        raise BadInput(f"since ({since}) is after until ({until})")
    chosen = backend or ("sandbox" if app.simulated else "comfyui")
    of = Slice(
        since=since,
        until=until,
        project=project,
        family=family,
        checkpoint=checkpoint,
        backend=None if chosen == "all" else chosen,
    )
    as_of = app.figures.ensure(within_s=1.0)
    made = report(app.store, subject, of)
    if format == "csv":
        headers = {"Content-Disposition": f'attachment; filename="{subject.value}.csv"'}
        return Response(csv_text(made.rows), media_type="text/csv; charset=utf-8", headers=headers)
    return Json(report_view(made, subject, of, as_of=as_of))


def csv_text(rows: Any) -> str:
    """Return rows as CSV; words that a spreadsheet would take for a formula are quoted by an '."""
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
    return text.getvalue()


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" else value
