"""Rolling figures up by day, and reading them.

A day's rows are made from all generations that were created on it, so that rolling up again
changes nothing but what changed. 100 000 generations with 300 000 attempts take some seconds;
asking the rolled-up rows takes milliseconds.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    String,
    and_,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    literal_column,
    select,
    true,
)

from tower_anime.adapters.store.tables import (
    attempts,
    corrections,
    decisions,
    figures,
    generation_metrics,
    generations,
    learning_failed_patterns,
    learning_successful_patterns,
    projects,
    quality_assessments,
)
from tower_anime.domain.figures import Slice, Sum

_KEYS = ("project_id", "backend", "family", "checkpoint")
_ALL = "*"  # no id of a project
_ONE: ColumnElement[Any] = literal_column("1.0")


class SqlFigures(ABC):
    """The figures' part of the store."""

    @abstractmethod
    def _write(self) -> AbstractContextManager[Connection]: ...

    @abstractmethod
    def _read(self) -> AbstractContextManager[Connection]: ...

    def days(self) -> dict[str, int]:
        """Return how many generations were created on each day (UTC)."""
        with self._read() as connection:
            day = _day_of(connection, generations.c.created_at)
            query = select(day.label("day"), func.count().label("number")).group_by(day)
            return {row.day: row.number for row in connection.execute(query)}

    def days_changed(self, since_event: int) -> tuple[frozenset[str], int]:
        """Return the days of generations with an event after this one, and the newest event."""
        told = generation_metrics.c
        with self._read() as connection:
            newest = int(connection.scalar(select(func.max(told.seq))) or 0)
            day = _day_of(connection, generations.c.created_at)
            changed = select(told.generation_id).where(told.seq > since_event, told.seq <= newest)
            query = select(day).where(generations.c.id.in_(changed)).distinct()
            return frozenset(connection.scalars(query)), newest

    def roll_up(self, day: str) -> int:
        """Make a day's figures anew; returns how many rows they are."""
        with self._read() as connection:
            found = [
                {**row._mapping, "day": day, "figure": figure}
                for figure, query in _queries(connection, date.fromisoformat(day))
                for row in connection.execute(query)
            ]
        found += _all_together(found)
        with self._write() as connection:
            connection.execute(delete(figures).where(figures.c.day == day))
            if found:
                connection.execute(insert(figures), found)
        return len(found)

    def figures(self, names: Sequence[str], of: Slice, *, by_day: bool = True) -> tuple[Sum, ...]:
        """Return the sums of some figures, for each day or all days together."""
        table = figures.c
        keys = [table.figure, table.name, *([table.day] if by_day else [])]
        query = select(
            *keys,
            func.sum(table.n).label("n"),
            func.sum(table.total).label("total"),
            func.sum(table.squares).label("squares"),
        ).where(table.figure.in_(names), *within(of))
        with self._read() as connection:
            found = connection.execute(query.group_by(*keys)).all()
        return tuple(
            Sum(
                figure=row.figure,
                name=row.name,
                n=row.n,
                total=row.total,
                squares=row.squares,
                day=date.fromisoformat(row.day) if by_day else None,
            )
            for row in found
        )

    def recent_seconds(self, of: Slice, *, limit: int = 1000) -> tuple[float, ...]:
        """Return the seconds of the latest attempts that gave a file, the newest first."""
        table = attempts.c
        query = select(table.seconds).where(table.state == "produced")
        if of.checkpoint is not None:
            query = query.where(table.checkpoint == of.checkpoint)
        if of.family is not None:
            query = query.where(table.family == of.family)
        if of.backend is not None:
            query = query.where(table.backend == of.backend)
        if of.project is not None:
            owner = select(projects.c.id).where(projects.c.name == of.project).scalar_subquery()
            query = query.join(generations).where(generations.c.project_id == owner)
        newest = datetime.now(UTC) - timedelta(days=7)
        query = query.where(table.created_at >= newest).order_by(table.created_at.desc())
        with self._read() as connection:
            return tuple(connection.scalars(query.limit(limit)))

    def pattern_counts(self) -> Mapping[str, int]:
        """Return how many patterns were learnt from successes and failures."""
        tables = {"successful": learning_successful_patterns, "failed": learning_failed_patterns}
        with self._read() as connection:
            return {
                name: int(connection.scalar(select(func.count()).select_from(table)) or 0)
                for name, table in tables.items()
            }


def within(of: Slice, *, apart: bool = False) -> Iterable[ColumnElement[bool]]:
    """Yield the conditions of a slice; `apart` never takes the sums over all of them."""
    table = figures.c
    whole = not apart and of.project is None and of.family is None and of.checkpoint is None
    yield table.project_id == _ALL if whole else table.project_id != _ALL
    if of.since is not None:
        yield table.day >= of.since.isoformat()
    if of.until is not None:
        yield table.day <= of.until.isoformat()
    if of.project is not None:
        owner = select(projects.c.id).where(projects.c.name == of.project).scalar_subquery()
        yield table.project_id == owner
    for name in ("family", "checkpoint", "backend"):
        if (value := getattr(of, name)) is not None:
            yield table[name] == value


def _day_of(connection: Connection, column: ColumnElement[Any]) -> ColumnElement[str]:
    if connection.dialect.name == "sqlite":
        return func.substr(column, 1, 10, type_=String)
    return func.to_char(func.timezone("UTC", column), "YYYY-MM-DD", type_=String)


def _all_together(found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the sums over projects, families and checkpoints: most questions name none."""
    sums: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in found:
        key = (row["figure"], row["backend"], row["name"])
        kept = sums.get(key)
        if kept is None:
            sums[key] = {**row, "project_id": _ALL, "family": _ALL, "checkpoint": _ALL}
            continue
        for column in ("n", "total", "squares"):
            kept[column] += row[column]
    return list(sums.values())


# ---- one day's figures ------------------------------------------------------------------------


def _queries(connection: Connection, day: date) -> Iterable[tuple[str, Select[Any]]]:
    """Yield each figure and the query for its rows: the keys, a name, n, total, squares."""
    own = _own(day)
    tried = attempts.join(own, attempts.c.generation_id == own.c.id)
    judged = quality_assessments.join(own, quality_assessments.c.generation_id == own.c.id)
    attempt, assessed = attempts.c, quality_assessments.c
    score, seconds = assessed.score, attempt.seconds
    chosen = assessed.attempt == own.c.chosen_attempt
    yield "status", _sums(own, own, name=own.c.status)
    yield "score", _sums(own, judged, score, where=(chosen, score.is_not(None)))
    passed = case((assessed.verdict == "pass", 1.0), else_=0.0)
    yield "first_pass", _sums(own, judged, passed, where=(assessed.attempt == 1,))
    yield "attempts", _sums(own, tried, seconds, name=attempt.state)
    yield "steps", _sums(own, tried, attempt.sampler_steps)
    kept = and_(own.c.status == "approved", attempt.number == own.c.chosen_attempt)
    yield "useful", _sums(own, tried, seconds, where=(kept,))
    yield "saved", _saved(own, tried)
    failure = attempt.failure_class
    yield "failure", _sums(own, tried, seconds, name=failure, where=(failure.is_not(None),))
    yield "elapsed", _elapsed(connection, own)
    yield "tries", _tries(own)
    yield "defect", _defects(connection, own, judged)
    yield from _corrections(connection, own)
    decided = decisions.join(own, decisions.c.generation_id == own.c.id)
    for by in ("director", "person"):
        words = decisions.c.source + ":" + decisions.c.decision
        where = (decisions.c.by == by, decisions.c.undone_at.is_(None))
        yield by, _sums(own, decided, name=words, where=where)


def _own(day: date) -> FromClause:
    """The day's generations with the keys of their figures, those of the first attempt."""
    begin = datetime.combine(day, time(), UTC)
    first = attempts.alias("first")
    table = generations.c
    return (
        select(
            table.id,
            table.project_id,
            func.coalesce(table.backend, "").label("backend"),
            func.coalesce(first.c.family, "").label("family"),
            func.coalesce(first.c.checkpoint, "").label("checkpoint"),
            table.status,
            table.chosen_attempt,
            table.created_at,
            table.finished_at,
        )
        .select_from(
            generations.outerjoin(
                first, and_(first.c.generation_id == table.id, first.c.number == 1)
            )
        )
        .where(table.created_at >= begin, table.created_at < begin + timedelta(days=1))
        .cte("own")
    )


def _sums(
    own: FromClause,
    source: FromClause,
    value: ColumnElement[Any] = _ONE,
    *,
    name: ColumnElement[Any] | None = None,
    where: Sequence[ColumnElement[bool]] = (),
) -> Select[Any]:
    keys = [own.c[key] for key in _KEYS]
    called: ColumnElement[Any] = literal("", String) if name is None else name
    grouped = keys if name is None else [*keys, name]
    return (
        select(
            *keys,
            called.label("name"),
            func.count(value).label("n"),
            func.coalesce(func.sum(value), 0.0).label("total"),
            func.coalesce(func.sum(value * value * 1.0), 0.0).label("squares"),
        )
        .select_from(source)
        .where(*where)
        .group_by(*grouped)
    )


def _saved(own: FromClause, tried: FromClause) -> Select[Any]:
    """Seconds that runs which were broken off would have taken to their end, by their own pace."""
    table = attempts.c
    step = table.stopped_early_at_step
    left = table.request["steps"].as_float() - step
    value = table.seconds * left / step
    return _sums(own, tried, value, where=(step > 0, left > 0))


def _elapsed(connection: Connection, own: FromClause) -> Select[Any]:
    began, ended = own.c.created_at, own.c.finished_at
    if connection.dialect.name == "sqlite":
        lasted = (func.julianday(ended) - func.julianday(began)) * 86_400.0
    else:
        lasted = func.extract("epoch", ended - began)
    return _sums(own, own, lasted, where=(ended.is_not(None),))


def _tries(own: FromClause) -> Select[Any]:
    number = (
        select(func.count())
        .where(attempts.c.generation_id == own.c.id)
        .correlate(own)
        .scalar_subquery()
    )
    over = own.c.status.not_in(("queued", "working", "cancelled"))
    keys = [own.c[key] for key in _KEYS]
    each = select(*keys, own.c.id, (number * 1.0).label("number")).where(over).subquery("each")
    return _sums(each, each, each.c.number)


def _defects(connection: Connection, own: FromClause, judged: FromClause) -> Select[Any]:
    column = quality_assessments.c.defects
    if connection.dialect.name == "sqlite":
        each = func.json_each(column).table_valued("value", name="each", joins_implicitly=True)
        kind: ColumnElement[Any] = func.json_extract(each.c.value, "$.kind", type_=String)
        severity: ColumnElement[Any] = func.json_extract(each.c.value, "$.severity") * 1.0
    else:
        each = (
            func.json_array_elements(column)
            .table_valued("value", name="each", joins_implicitly=True)
            .render_derived()
        )
        kind = each.c.value.op("->>")("kind")
        severity = cast(each.c.value.op("->>")("severity"), attempts.c.seconds.type)
    return _sums(own, judged.join(each, true()), severity, name=kind)


def _corrections(connection: Connection, own: FromClause) -> Iterable[tuple[str, Select[Any]]]:
    """What a change brought over the best score before it, by defect and parameter."""
    table = quality_assessments.c
    best_before = func.max(table.score).over(
        partition_by=table.generation_id, order_by=table.attempt, rows=(None, -1)
    )
    judged = (
        select(
            table.generation_id,
            table.attempt,
            (table.score - best_before).label("gain"),
            case((table.verdict == "pass", 1.0), else_=0.0).label("passed"),
        )
        .where(table.generation_id.in_(select(own.c.id)))
        .cte("judged")
    )
    changed = corrections.c
    if connection.dialect.name == "sqlite":
        each = func.json_each(changed.change).table_valued(
            "key", name="each", joins_implicitly=True
        )
    else:
        each = (
            func.json_object_keys(changed.change)
            .table_valued("key", name="each", joins_implicitly=True)
            .render_derived()
        )
    name = changed.defect + ":" + each.c.key
    source = (
        corrections.join(own, changed.generation_id == own.c.id)
        .join(
            judged,
            and_(
                judged.c.generation_id == changed.generation_id,
                judged.c.attempt == changed.attempt,
            ),
        )
        .join(each, true())
    )
    gain = judged.c.gain
    yield "correction", _sums(own, source, gain, name=name, where=(gain.is_not(None),))
    yield "correction_pass", _sums(own, source, judged.c.passed, name=name)
