"""Generations as small pictures: filtered, sorted, page by page, without their whole history."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    and_,
    func,
    or_,
    select,
)

from tower_anime.adapters.store.keyset import Keyset
from tower_anime.adapters.store.tables import (
    artifacts,
    attempts,
    figures,
    found_defects,
    generations,
    looks,
    projects,
    quality_assessments,
)
from tower_anime.domain.card import Alike, Card, Choice, Order
from tower_anime.domain.generation import GenerationStatus

_BY_TIME = ("created_at", "id")
_BY_SCORE = ("score", "generation_id")
_ORDERS = {
    Order.NEWEST: Keyset(generations, _BY_TIME, newest_first=True),
    Order.OLDEST: Keyset(generations, _BY_TIME),
    Order.BEST: Keyset(quality_assessments, _BY_SCORE, newest_first=True),
    Order.WORST: Keyset(quality_assessments, _BY_SCORE),
}
_OF_DEFECT = {
    Order.NEWEST: Keyset(found_defects, ("created_at", "generation_id"), newest_first=True),
    Order.OLDEST: Keyset(found_defects, ("created_at", "generation_id")),
    Order.BEST: Keyset(found_defects, _BY_SCORE, newest_first=True),
    Order.WORST: Keyset(found_defects, _BY_SCORE),
}


class SqlCards(ABC):
    """The part of the store that galleries read."""

    @abstractmethod
    def _read(self) -> AbstractContextManager[Connection]: ...

    def cards(
        self,
        choice: Choice,
        *,
        order: Order = Order.NEWEST,
        limit: int = 60,
        cursor: str | None = None,
    ) -> tuple[tuple[Card, ...], str | None]:
        """Return a page of cards in this order, and the cursor of the next page."""
        keyset = _keyset(choice, order)
        columns = [keyset.table.c[name] for name in keyset.columns]
        query = _chosen(select(generations.c.id.label("of"), *columns), choice, order)
        with self._read() as connection:
            found = connection.execute(keyset.page(query, limit=limit, cursor=cursor)).all()
            shown, following = keyset.cut(found, limit=limit)
            return _cards(connection, [row.of for row in shown]), following

    def cards_of(self, generation_ids: Sequence[str]) -> tuple[Card, ...]:
        """Return the cards of these, in the order given; unknown ids are left out."""
        with self._read() as connection:
            return _cards(connection, generation_ids)

    def count_cards(self, choice: Choice) -> int:
        """Return how many generations are asked for."""
        query = _chosen(select(func.count()), choice, Order.NEWEST)
        with self._read() as connection:
            return int(connection.scalar(query) or 0)

    def alike(
        self, choice: Choice, leaders: Collection[str], *, order: Order = Order.NEWEST, most: int
    ) -> Mapping[str, Alike]:
        """Return for each first look the chosen generations that look like it, in their order.

        At most so many ids of each; all are counted.
        """
        leader = looks.c.leader
        place = func.row_number().over(partition_by=leader, order_by=_keyset(choice, order).order())
        query: Select[Any] = select(
            leader,
            generations.c.id,
            place.label("place"),
            func.count().over(partition_by=leader).label("number"),
        )
        seen = looks.c.artifact_sha256 == attempts.c.artifact_sha256
        joined = _chosen(query, choice, order, drawn=True).join(looks, seen)
        each = joined.where(leader.in_(leaders)).subquery()
        first = select(each).where(each.c.place <= most).order_by(each.c.place)
        found: dict[str, Alike] = {}
        with self._read() as connection:
            for row in connection.execute(first):
                before = found.get(row.leader, Alike((), row.number)).generation_ids
                found[row.leader] = Alike((*before, row.id), row.number)
        return found

    def names_in_use(self) -> Mapping[str, tuple[str, ...]]:
        """Return the projects, and the families and defects that the rolled-up figures know."""
        table = figures.c
        queries = {
            "projects": select(projects.c.name),
            "families": select(table.family).where(table.figure == "attempts").distinct(),
            "defects": select(table.name).where(table.figure == "defect").distinct(),
        }
        with self._read() as connection:
            return {
                name: tuple(sorted(set(connection.scalars(query)) - {"", "*"}))
                for name, query in queries.items()
            }


def _keyset(choice: Choice, order: Order) -> Keyset:
    return (_ORDERS if choice.defect is None else _OF_DEFECT)[order]


def _chosen(
    query: Select[Any], choice: Choice, order: Order, *, drawn: bool = False
) -> Select[Any]:
    """Return the query of what is chosen; `drawn` has the attempt that was kept with it."""
    table = generations.c
    query = query.select_from(generations)
    if choice.asks_what_was_found or order.by_score:
        judged = _judged(choice)
        kept = and_(judged.c.generation_id == table.id, judged.c.attempt == table.chosen_attempt)
        query = query.join(judged, kept).where(*_judged_conditions(choice, order))
    if drawn or choice.family is not None or choice.like is not None:
        shown = and_(
            attempts.c.generation_id == table.id, attempts.c.number == table.chosen_attempt
        )
        query = query.join(attempts, shown).where(*_drawn_conditions(choice))
    return query.where(*_own_conditions(choice))


def _judged(choice: Choice) -> Table:
    """Return where scores and defects are looked for: the few rows of a defect, if it is one."""
    return quality_assessments if choice.defect is None else found_defects


def _judged_conditions(choice: Choice, order: Order) -> Iterator[ColumnElement[bool]]:
    score = _judged(choice).c.score
    if choice.defect is not None:
        yield found_defects.c.kind == choice.defect
    if order.by_score:
        yield score.is_not(None)
    if choice.score_from is not None:
        yield score >= choice.score_from
    if choice.score_to is not None:
        yield score <= choice.score_to


def _drawn_conditions(choice: Choice) -> Iterator[ColumnElement[bool]]:
    drawn = attempts.c
    if choice.family is not None:
        yield drawn.family == choice.family
    if choice.like is not None:
        first = select(looks.c.leader).where(looks.c.artifact_sha256 == choice.like)
        alike = select(looks.c.artifact_sha256).where(looks.c.leader == first.scalar_subquery())
        itself = drawn.artifact_sha256 == choice.like
        yield or_(drawn.artifact_sha256.in_(alike), itself)


def _own_conditions(choice: Choice) -> Iterator[ColumnElement[bool]]:
    table = generations.c
    if choice.statuses:
        yield table.status.in_(choice.statuses)
    if choice.project is not None:
        named = select(projects.c.id).where(projects.c.name == choice.project).scalar_subquery()
        yield table.project_id == named
    for column, wanted in (
        (table.batch_id, choice.batch),
        (table.shot_id, choice.shot),
        (table.kind, choice.kind),
    ):
        if wanted is not None:
            yield column == wanted
    if choice.since is not None:
        yield table.created_at >= datetime.combine(choice.since, time(), UTC)
    if choice.until is not None:
        yield table.created_at < datetime.combine(choice.until + timedelta(days=1), time(), UTC)
    if choice.text:
        yield table.brief["prompt"].as_string().icontains(choice.text, autoescape=True)


def _cards(connection: Connection, ids: Sequence[str]) -> tuple[Card, ...]:
    """Load what cards show, in the order of `ids`."""
    if not ids:
        return ()
    tried = _tried(ids)
    table, attempt, judged = generations.c, attempts.c, quality_assessments.c
    shown = func.coalesce(table.chosen_attempt, tried.c.latest)
    query: Select[Any] = (
        select(
            table.id,
            table.status,
            table.kind,
            table.backend,
            table.created_at,
            table.finished_at,
            table.failure_message,
            table.reason,
            table.brief["prompt"].as_string().label("prompt"),
            projects.c.name.label("project"),
            func.coalesce(tried.c.number, 0).label("attempts"),
            attempt.number.label("attempt"),
            attempt.artifact_sha256,
            attempt.family,
            artifacts.c.media_type,
            judged.score,
            judged.verdict,
            judged.width,
            judged.height,
            judged.defects,
        )
        .join(projects)
        .outerjoin(tried, tried.c.generation_id == table.id)
        .outerjoin(attempts, and_(attempt.generation_id == table.id, attempt.number == shown))
        .outerjoin(artifacts, artifacts.c.sha256 == attempt.artifact_sha256)
        .outerjoin(
            quality_assessments,
            and_(judged.generation_id == table.id, judged.attempt == attempt.number),
        )
        .where(table.id.in_(ids))
    )
    found = {row.id: _card(row) for row in connection.execute(query)}
    return tuple(found[one] for one in ids if one in found)


def _tried(ids: Sequence[str]) -> Any:
    """Return how many attempts each has, and which is the latest that gave a file."""
    attempt = attempts.c
    latest = func.max(attempt.number).filter(attempt.artifact_sha256.is_not(None))
    return (
        select(attempt.generation_id, func.count().label("number"), latest.label("latest"))
        .where(attempt.generation_id.in_(ids))
        .group_by(attempt.generation_id)
        .subquery()
    )


def _card(row: Row[Any]) -> Card:
    defects = sorted(row.defects or (), key=lambda one: -one.get("loss", 0.0))
    return Card(
        generation_id=row.id,
        status=GenerationStatus(row.status),
        project=row.project,
        prompt=row.prompt or "",
        kind=row.kind,
        created_at=row.created_at,
        finished_at=row.finished_at,
        backend=row.backend,
        attempts=row.attempts,
        attempt=row.attempt,
        sha256=row.artifact_sha256,
        media_type=row.media_type,
        width=row.width or 0,
        height=row.height or 0,
        score=row.score,
        verdict=row.verdict,
        defects=tuple(dict.fromkeys(one["kind"] for one in defects)),
        family=row.family,
        failure=row.failure_message,
        reason=row.reason,
    )
