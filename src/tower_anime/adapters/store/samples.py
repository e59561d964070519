"""Samples in bounded storage, and the notices that are to be delivered."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from tower_anime.adapters.store.tables import (
    attempts,
    generation_metrics,
    generations,
    notices,
    switches,
    system_samples,
)
from tower_anime.domain.generation import Event, GenerationStatus
from tower_anime.domain.notice import DELIVERED, GIVEN_UP, PENDING, Notice

_TOLD_UNTIL = "notices_until"


class SqlSamples(ABC):
    """The watching part of the store."""

    @abstractmethod
    def _write(self) -> AbstractContextManager[Connection]: ...

    @abstractmethod
    def _read(self) -> AbstractContextManager[Connection]: ...

    def add_samples(
        self,
        resolution_s: int,
        samples: Sequence[tuple[datetime, Mapping[str, Any]]],
        *,
        keep: timedelta,
    ) -> None:
        """Append samples of one resolution and forget those that are older than `keep`."""
        table = system_samples.c
        oldest = datetime.now(UTC) - keep
        rows = [{"resolution_s": resolution_s, "at": at, "data": data} for at, data in samples]
        with self._write() as connection:
            moments = [at for at, _ in samples]
            old = (table.resolution_s == resolution_s) & (
                (table.at < oldest) | table.at.in_(moments)
            )
            connection.execute(delete(system_samples).where(old))
            if rows:
                connection.execute(insert(system_samples), rows)

    def samples(
        self, resolution_s: int, *, since: datetime, limit: int
    ) -> tuple[tuple[datetime, Mapping[str, Any]], ...]:
        """Return samples of one resolution, oldest first; the newest `limit` of them."""
        table = system_samples.c
        query = (
            select(table.at, table.data)
            .where(table.resolution_s == resolution_s, table.at >= since)
            .order_by(table.at.desc())
            .limit(limit)
        )
        with self._read() as connection:
            found = connection.execute(query).all()
        return tuple((row.at, row.data) for row in reversed(found))

    def oldest_waiting(self) -> datetime | None:
        """Return when what waits longest was created, None when nothing waits."""
        table = generations.c
        query = select(func.min(table.created_at)).where(table.status == GenerationStatus.QUEUED)
        with self._read() as connection:
            found: datetime | None = connection.scalar(query)
        return found

    def latest_states(self, *, limit: int = 20) -> tuple[str, ...]:
        """Return the states of the attempts that ended last, the newest first."""
        table = attempts.c
        query = (
            select(table.state)
            .where(table.state.in_(("produced", "failed", "lost", "stopped")))
            .order_by(table.created_at.desc())
            .limit(limit)
        )
        with self._read() as connection:
            return tuple(connection.scalars(query))

    # ---- Notices ------------------------------------------------------------------------------

    def told_until(self) -> int | None:
        """Return the event up to which it is decided who is told; None before the first time."""
        query = select(switches.c.value).where(switches.c.name == _TOLD_UNTIL)
        with self._read() as connection:
            return connection.scalar(query)

    def queue_notices(
        self, event_seqs: Sequence[int], targets: Sequence[str], *, until: int
    ) -> None:
        """Note who is to be told of which events, and up to which event that is decided."""
        now = datetime.now(UTC)
        rows = [
            {
                "event_seq": seq,
                "target": target,
                "state": PENDING,
                "tries": 0,
                "due_at": now,
                "created_at": now,
            }
            for seq in event_seqs
            for target in targets
        ]
        with self._write() as connection:
            connection.execute(delete(switches).where(switches.c.name == _TOLD_UNTIL))
            kept = {"name": _TOLD_UNTIL, "value": until, "changed_at": now}
            connection.execute(insert(switches).values(kept))
            if rows:
                connection.execute(delete(notices).where(notices.c.event_seq.in_(list(event_seqs))))
                connection.execute(insert(notices), rows)

    def due_notices(self, *, limit: int = 50) -> tuple[Notice, ...]:
        """Return what is to be told now, oldest first."""
        told, table = generation_metrics.c, notices.c
        query = (
            select(notices, generation_metrics)
            .join(generation_metrics, told.seq == table.event_seq)
            .where(table.state == PENDING, table.due_at <= datetime.now(UTC))
            .order_by(table.due_at, table.event_seq)
            .limit(limit)
        )
        with self._read() as connection:
            found = connection.execute(query).all()
        return tuple(
            Notice(
                event=Event(
                    kind=row.event_type,
                    generation_id=row.generation_id,
                    data=row.event_data,
                    seq=row.seq,
                    at=row.at,
                ),
                target=row.target,
                tries=row.tries,
            )
            for row in found
        )

    def note_delivery(self, notice: Notice, *, reason: str | None, due_at: datetime | None) -> None:
        """Record a try: delivered without a reason, given up without a next time."""
        state = DELIVERED if reason is None else PENDING if due_at else GIVEN_UP
        table = notices.c
        change = update(notices).where(
            table.event_seq == notice.event.seq, table.target == notice.target
        )
        values: dict[str, Any] = {"state": state, "tries": notice.tries + 1, "reason": reason}
        if due_at is not None:
            values["due_at"] = due_at
        with self._write() as connection:
            connection.execute(change.values(values))

    def forget_notices(self, *, before: datetime) -> None:
        """Delete what was settled long ago."""
        table = notices.c
        with self._write() as connection:
            connection.execute(
                delete(notices).where(table.state != PENDING, table.created_at < before)
            )
