"""Figures by family and checkpoint, and what first requests began with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, time, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, and_, func, select

from tower_anime.adapters.store.figures import within
from tower_anime.adapters.store.tables import (
    attempts,
    figures,
    generation_metrics,
    generations,
    projects,
    quality_assessments,
)
from tower_anime.domain.figures import Beginning, Slice, Sum

_NOBODY = ("", "*")


class SqlInsights(ABC):
    """The part of the store that analytics read beside the daily figures."""

    @abstractmethod
    def _read(self) -> AbstractContextManager[Connection]: ...

    def grouped(
        self, names: Sequence[str], of: Slice, *, by: Literal["family", "checkpoint"]
    ) -> tuple[tuple[str, Sum], ...]:
        """Return the sums of some figures for each family or checkpoint, all days together."""
        table = figures.c
        query = (
            select(
                table[by].label("group"),
                table.figure,
                table.name,
                func.sum(table.n).label("n"),
                func.sum(table.total).label("total"),
                func.sum(table.squares).label("squares"),
            )
            .where(table.figure.in_(names), table[by].not_in(_NOBODY), *within(of, apart=True))
            .group_by(table[by], table.figure, table.name)
        )
        with self._read() as connection:
            return tuple(
                (
                    row.group,
                    Sum(
                        figure=row.figure,
                        name=row.name,
                        n=row.n,
                        total=row.total,
                        squares=row.squares,
                    ),
                )
                for row in connection.execute(query)
            )

    def beginnings(self, of: Slice, *, limit: int = 1000) -> tuple[Beginning, ...]:
        """Return how the newest generations began: where each parameter came from, and its end."""
        event, first = generation_metrics.c, quality_assessments.c
        query = (
            select(event.event_data, first.verdict)
            .join(generations, event.generation_id == generations.c.id)
            .outerjoin(
                quality_assessments,
                and_(first.generation_id == generations.c.id, first.attempt == 1),
            )
            .where(event.event_type == "planned", *_of(of))
            .order_by(event.seq.desc())
            .limit(limit)
        )
        with self._read() as connection:
            return tuple(
                Beginning(
                    origins=row.event_data.get("origins") or {},
                    passed=None if row.verdict is None else row.verdict == "pass",
                )
                for row in connection.execute(query)
            )


def _of(of: Slice) -> Iterator[ColumnElement[bool]]:
    table = generations.c
    if of.since is not None:
        yield table.created_at >= datetime.combine(of.since, time(), UTC)
    if of.until is not None:
        yield table.created_at < datetime.combine(of.until + timedelta(days=1), time(), UTC)
    if of.project is not None:
        owner: Any = select(projects.c.id).where(projects.c.name == of.project).scalar_subquery()
        yield table.project_id == owner
    if of.backend is not None:
        yield table.backend == of.backend
    for name in ("family", "checkpoint"):
        if (value := getattr(of, name)) is not None:
            tried = attempts.c
            mine = select(tried.generation_id).where(tried.number == 1, tried[name] == value)
            yield table.id.in_(mine)
