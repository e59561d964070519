"""The order of what waits, switches, and what projects spent: what steers the work."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, case, delete, func, insert, not_, select, update

from tower_anime.adapters.store.tables import (
    attempts,
    generation_metrics,
    generations,
    projects,
    switches,
)
from tower_anime.domain.generation import GenerationStatus
from tower_anime.domain.queue import Budget, Spent, Waiting, budget_of

_UNFINISHED = tuple(status for status in GenerationStatus if not status.over)
_PACE_OF, _EVENTS_FOR_PACE = 50, 3000  # generations, events that an estimate looks back on
_AT_ONCE = 500  # ids in one statement: below SQLite's limit of bound values


class SqlQueue(ABC):
    """`ports.Queue`: the part of the store that says what is next."""

    @abstractmethod
    def _write(self) -> AbstractContextManager[Connection]: ...

    @abstractmethod
    def _read(self) -> AbstractContextManager[Connection]: ...

    def queue(
        self,
        *,
        limit: int | None = None,
        project: str | None = None,
        batch: str | None = None,
        without: Collection[str] = (),
    ) -> tuple[Waiting, ...]:
        """Return what is unfinished: what has begun first, then what is next, in order.

        What is queued of the projects named in `without` is left out, unless it is to be cancelled.
        """
        table = generations.c
        waits = table.status == GenerationStatus.QUEUED
        # no join: SQLite would begin with the projects and look through all their generations
        project_name = (
            select(projects.c.name).where(projects.c.id == table.project_id).scalar_subquery()
        )
        query = (
            select(
                table.id,
                table.status,
                project_name.label("name"),
                table.priority,
                table.cancel_requested,
                table.created_at,
            )
            .where(table.status.in_(_UNFINISHED))
            .order_by(
                case((and_(waits, table.cancel_requested.is_(False)), 1), else_=0),
                table.priority.desc(),
                table.rank,
                table.created_at,
                table.id,
            )
        )
        if project is not None:
            query = query.where(project_name == project)
        if batch is not None:
            query = query.where(table.batch_id == batch)
        if without:
            held = and_(waits, table.cancel_requested.is_(False), project_name.in_(without))
            query = query.where(not_(held))
        with self._read() as connection:
            found = connection.execute(query.limit(limit) if limit else query).all()
        return tuple(
            Waiting(
                generation_id=row.id,
                status=GenerationStatus(row.status),
                project=row.name,
                priority=row.priority,
                cancel_requested=row.cancel_requested,
                created_at=row.created_at,
            )
            for row in found
        )

    def prioritise(self, generation_ids: Sequence[str], priority: int) -> int:
        """Set the priority of what is unfinished; returns how many were changed."""
        return self._change(generation_ids, priority=priority)

    def put_first(self, generation_ids: Sequence[str]) -> int:
        """Let these come next, in this order; returns how many of them wait."""
        table = generations.c
        waiting = table.status == GenerationStatus.QUEUED
        query = select(func.max(table.priority), func.min(table.rank)).where(waiting)
        changed = 0
        with self._write() as connection:
            top, first = connection.execute(query).one()
            for place, generation_id in enumerate(generation_ids):
                moved = update(generations).where(table.id == generation_id, waiting)
                rank = (first or 0.0) - len(generation_ids) + place
                done = connection.execute(moved.values(priority=top or 0, rank=rank))
                changed += done.rowcount
        return changed

    def cancel_many(self, generation_ids: Sequence[str]) -> tuple[str, ...]:
        """Mark what is unfinished among these as to be cancelled; returns their ids."""
        marked: list[str] = []
        table = generations.c
        with self._write() as connection:
            for start in range(0, len(generation_ids), _AT_ONCE):
                some = list(generation_ids[start : start + _AT_ONCE])
                mine = (table.id.in_(some), table.status.in_(_UNFINISHED))
                marked += connection.scalars(select(table.id).where(*mine)).all()
                connection.execute(update(generations).where(*mine).values(cancel_requested=True))
        return tuple(marked)

    def unfinished_counts(self) -> tuple[int, int]:
        """Return how many are queued and how many are worked on."""
        table = generations.c
        query = (
            select(table.status, func.count().label("number"))
            .where(table.status.in_(_UNFINISHED))
            .group_by(table.status)
        )
        with self._read() as connection:
            counts = {row.status: row.number for row in connection.execute(query)}
        return counts.get(GenerationStatus.QUEUED, 0), counts.get(GenerationStatus.WORKING, 0)

    def batch(self, batch_id: str) -> dict[GenerationStatus, int]:
        """Return how many generations of a batch have each status."""
        table = generations.c
        query = select(table.status, func.count().label("number")).where(table.batch_id == batch_id)
        with self._read() as connection:
            found = connection.execute(query.group_by(table.status)).all()
        return {GenerationStatus(row.status): row.number for row in found}

    def _change(self, generation_ids: Sequence[str], **values: Any) -> int:
        table, changed = generations.c, 0
        with self._write() as connection:
            for start in range(0, len(generation_ids), _AT_ONCE):
                some = list(generation_ids[start : start + _AT_ONCE])
                change = update(generations).where(
                    table.id.in_(some), table.status.in_(_UNFINISHED)
                )
                changed += connection.execute(change.values(**values)).rowcount
        return changed

    # ---- Switches -----------------------------------------------------------------------------

    def switch(self, name: str) -> Any:
        """Return the value of a switch, None when it was never set."""
        query = select(switches.c.value).where(switches.c.name == name)
        with self._read() as connection:
            return connection.scalar(query)

    def set_switch(self, name: str, value: Any) -> None:
        """Set a switch to a JSON value, for every process."""
        fresh = {"name": name, "value": value, "changed_at": datetime.now(UTC)}
        with self._write() as connection:
            connection.execute(delete(switches).where(switches.c.name == name))
            connection.execute(insert(switches).values(fresh))

    def latest_spans(self) -> tuple[tuple[datetime, datetime], ...]:
        """Return when the latest generations of the last hour were asked for and were over."""
        since = datetime.now(UTC) - timedelta(hours=1)
        event = generation_metrics.c
        newest = select(func.max(event.seq)).scalar_subquery()
        query = (
            select(generations.c.created_at, event.at)
            .join(generations, generations.c.id == event.generation_id)
            .where(
                event.seq > newest - _EVENTS_FOR_PACE,
                event.event_type == "concluded",
                event.at >= since,
                generations.c.status != GenerationStatus.CANCELLED,
            )
            .order_by(event.seq.desc())
            .limit(_PACE_OF)
        )
        with self._read() as connection:
            return tuple((row.created_at, row.at) for row in connection.execute(query))

    # ---- Budgets ------------------------------------------------------------------------------

    def budgets(self) -> dict[str, Budget]:
        """Return the budget of each project that has one."""
        query = select(projects.c.name, projects.c.settings)
        with self._read() as connection:
            found = {row.name: budget_of(row.settings) for row in connection.execute(query)}
        return {name: budget for name, budget in found.items() if budget.is_limited}

    def spent(self, project: str, *, since: datetime) -> Spent:
        """Return what the attempts that a project began since then have cost."""
        table = attempts.c
        query = (
            select(
                func.count(),
                func.coalesce(func.sum(table.sampler_steps), 0),
                func.coalesce(func.sum(table.seconds), 0.0),
            )
            .select_from(attempts)
            .join(generations, generations.c.id == table.generation_id)
            .join(projects, projects.c.id == generations.c.project_id)
            .where(table.created_at >= since, projects.c.name == project)
        )
        with self._read() as connection:
            number, steps, seconds = connection.execute(query).one()
        return Spent(attempts=number, sampler_steps=steps, seconds=seconds)
