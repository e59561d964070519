"""Appending to `generation_metrics`, in the order in which readers see the numbers."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, insert, text

from tower_anime.adapters.store.tables import generation_metrics
from tower_anime.domain.generation import Event

_EVENT_LOCK = 0x6576656E74  # "event": any number that others on the server don't use


def add_event(connection: Connection, event: Event | None) -> int:
    """Append an event and return its number; 0 for none."""
    if event is None:
        return 0
    if connection.dialect.name == "postgresql":
        # sequences count outside transactions: without it 8 could appear before 7
        lock = text("SELECT pg_advisory_xact_lock(:number)")
        connection.execute(lock, {"number": _EVENT_LOCK})
    values = {
        "generation_id": event.generation_id,
        "event_type": event.kind,
        "event_data": event.data,
        "at": event.at or datetime.now(UTC),
    }
    added = insert(generation_metrics).values(values)
    seq: int = connection.execute(added.returning(generation_metrics.c.seq)).scalar_one()
    return seq
