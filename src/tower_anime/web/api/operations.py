"""Alerts, workers and publications: what an operator watches."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from tower_anime.domain.alert import AlertRecord
from tower_anime.domain.generation import PublicationState
from tower_anime.web import models
from tower_anime.web.words import ERRORS, Cursor, Json, Limit, PageOf, TheApp, page

router = APIRouter(tags=["operations"])


@router.get("/alerts", responses={200: {"model": PageOf[models.Alert]}, 422: ERRORS[422]})
def alerts(
    app: TheApp,
    *,
    limit: Limit = 50,
    cursor: Cursor = None,
    open_: Annotated[bool, Query(alias="open", description="only those that still hold")] = False,
) -> Json:
    """List what is and was wrong, newest first."""
    found, following = app.store.alerts(limit=limit, cursor=cursor, only_open=open_)
    return page([_alert_view(record) for record in found], following)


@router.post("/alerts/{alert_id}/acknowledge", responses={200: {"model": models.Alert}, **ERRORS})
def acknowledge(app: TheApp, alert_id: str) -> Json:
    """Note that a person knows of it."""
    return Json(_alert_view(app.store.acknowledge_alert(alert_id)))


@router.get("/workers", responses={200: {"model": PageOf[models.Worker]}})
def workers(app: TheApp) -> Json:
    """List the processes that work on this data folder now."""
    return page(app.workers(), None)


@router.get(
    "/publications", responses={200: {"model": PageOf[models.PublicationItem]}, 422: ERRORS[422]}
)
def publications(
    app: TheApp,
    limit: Limit = 50,
    cursor: Cursor = None,
    state: PublicationState | None = None,
) -> Json:
    """List publications, the newest change first."""
    return page(*app.store.publications(limit=limit, cursor=cursor, state=state))


def _alert_view(record: AlertRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "kind": record.alert.kind,
        "subject": record.alert.subject,
        "severity": record.alert.severity,
        "message": record.alert.message,
        "state": dict(record.alert.state),
        "raised_at": record.raised_at,
        "acknowledged_at": record.acknowledged_at,
        "resolved_at": record.resolved_at,
    }
