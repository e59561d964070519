"""What is wrong and what was: one open alert for each kind and subject."""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, insert, select, update

from tower_anime.adapters.store.events import add_event
from tower_anime.adapters.store.keyset import Keyset
from tower_anime.adapters.store.tables import performance_alerts
from tower_anime.domain.alert import RAISED, RESOLVED, Alert, AlertRecord
from tower_anime.domain.generation import Event
from tower_anime.errors import NotFound

_NEWEST_FIRST = Keyset(performance_alerts, ("raised_at", "id"), newest_first=True)


class SqlAlerts(ABC):
    """The alerts' part of `ports.Store`."""

    @abstractmethod
    def _write(self) -> AbstractContextManager[Connection]: ...

    @abstractmethod
    def _read(self) -> AbstractContextManager[Connection]: ...

    def raise_alert(self, alert: Alert, *, event: Event | None = None) -> bool:
        """Open an alert or renew the open one of its kind and subject; True when it is new.

        A new one is told as an event of its own, besides `event`.
        """
        values = {"severity": alert.severity, "message": alert.message}
        values["system_state"] = dict(alert.state)  # type: ignore[assignment]
        with self._write() as connection:
            mine = _open_alert(alert.kind, alert.subject)
            renewed = connection.execute(
                update(performance_alerts).where(mine).values(values)
            ).rowcount
            if not renewed:
                fresh = {"id": str(uuid.uuid4()), "raised_at": datetime.now(UTC)}
                named = {"alert_type": alert.kind, "subject": alert.subject}
                connection.execute(insert(performance_alerts).values({**values, **named, **fresh}))
                add_event(connection, _told(RAISED, alert, alert_id=fresh["id"]))
            add_event(connection, event)
        return not renewed

    def resolve_alert(self, kind: str, subject: str) -> bool:
        """Close the open alert of a kind and subject; False when none is open."""
        with self._write() as connection:
            query = select(performance_alerts).where(_open_alert(kind, subject))
            found = connection.execute(query).first()
            if found is None:
                return False
            closed = update(performance_alerts).where(performance_alerts.c.id == found.id)
            connection.execute(closed.values(resolved_at=datetime.now(UTC)))
            add_event(connection, _told(RESOLVED, _record(found).alert, alert_id=found.id))
        return True

    def open_alerts(self) -> tuple[Alert, ...]:
        """Return what is wrong at present, oldest first."""
        table = performance_alerts.c
        query = select(performance_alerts).where(table.resolved_at.is_(None))
        with self._read() as connection:
            found = connection.execute(query.order_by(table.raised_at)).all()
        return tuple(_record(row).alert for row in found)

    def alerts(
        self, *, limit: int, cursor: str | None = None, only_open: bool = False
    ) -> tuple[tuple[AlertRecord, ...], str | None]:
        """Return a page of alerts, newest first, and the cursor of the next."""
        query = select(performance_alerts)
        if only_open:
            query = query.where(performance_alerts.c.resolved_at.is_(None))
        with self._read() as connection:
            found = connection.execute(_NEWEST_FIRST.page(query, limit=limit, cursor=cursor)).all()
        shown, following = _NEWEST_FIRST.cut(found, limit=limit)
        return tuple(_record(row) for row in shown), following

    def acknowledge_alert(self, alert_id: str) -> AlertRecord:
        """Note that a person knows of an alert; the first time counts."""
        table = performance_alerts.c
        with self._write() as connection:
            found = connection.execute(
                select(performance_alerts).where(table.id == alert_id)
            ).one_or_none()
            if found is None:
                raise NotFound(f"there is no alert {alert_id}")
            record = _record(found)
            if record.acknowledged_at is not None:
                return record
            now = datetime.now(UTC)
            mark = update(performance_alerts).where(table.id == alert_id)
            connection.execute(mark.values(acknowledged_at=now))
        return replace(record, acknowledged_at=now)


def _open_alert(kind: str, subject: str) -> ColumnElement[bool]:
    table = performance_alerts.c
    return and_(table.alert_type == kind, table.subject == subject, table.resolved_at.is_(None))


def _told(kind: str, alert: Alert, *, alert_id: object) -> Event:
    data = {
        "alert_id": alert_id,
        "alert": alert.kind,
        "subject": alert.subject,
        "severity": alert.severity,
        "message": alert.message,
    }
    return Event(kind=kind, generation_id=None, data=data)


def _record(row: Row[Any]) -> AlertRecord:
    return AlertRecord(
        id=row.id,
        alert=Alert(
            kind=row.alert_type,
            subject=row.subject,
            message=row.message,
            severity=row.severity,
            state=row.system_state,
        ),
        raised_at=row.raised_at,
        acknowledged_at=row.acknowledged_at,
        resolved_at=row.resolved_at,
    )
