"""Reading generations with all that belongs to them, one by one and in pages."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Executable,
    Row,
    Select,
    Subquery,
    Table,
    bindparam,
    func,
    select,
)

from tower_anime.adapters.store import rows
from tower_anime.adapters.store.keyset import Keyset
from tower_anime.adapters.store.productions import enhancements
from tower_anime.adapters.store.tables import (
    artifacts,
    attempts,
    corrections,
    decisions,
    generation_metrics,
    generations,
    projects,
    publications,
    quality_assessments,
)
from tower_anime.domain.generation import GenerationStatus, History, PublicationState
from tower_anime.domain.queue import Listed
from tower_anime.errors import NotFound
from tower_anime.ports import Page

_LAST_CHANGED_FIRST = Keyset(
    publications, ("updated_at", "generation_id", "artifact_sha256", "target"), newest_first=True
)
_NEWEST_FIRST = Keyset(generations, ("created_at", "id"), newest_first=True)


class SqlLists(ABC):
    """The reading part of `ports.Store`."""

    @abstractmethod
    def _read(self) -> AbstractContextManager[Connection]: ...

    def history(self, generation_id: str) -> History:
        """Return all that happened to one generation."""
        with self._read() as connection:
            return load_histories(connection, [generation_row(connection, generation_id)])[0]

    def histories(
        self,
        *,
        limit: int,
        cursor: str | None = None,
        statuses: Sequence[GenerationStatus] = (),
        project: str | None = None,
        batch: str | None = None,
    ) -> Page:
        """Return a page of generations, newest first; `limit` is 1 to `keyset.MAX_PAGE`."""
        query = _filtered(_described(), statuses, project, batch)
        with self._read() as connection:
            found = connection.execute(_NEWEST_FIRST.page(query, limit=limit, cursor=cursor)).all()
            shown, following = _NEWEST_FIRST.cut(found, limit=limit)
            items = load_histories(connection, shown)
        return Page(items=items, next_cursor=following)

    def listed(
        self,
        *,
        limit: int,
        cursor: str | None = None,
        statuses: Sequence[GenerationStatus] = (),
        project: str | None = None,
        batch: str | None = None,
    ) -> tuple[tuple[Listed, ...], str | None]:
        """Return what `histories` would show, as ids and versions alone, and the next cursor."""
        query = _filtered(_named(), statuses, project, batch)
        page = _NEWEST_FIRST.page(query, limit=limit, cursor=cursor).subquery()
        order = (page.c.created_at.desc(), page.c.id.desc())
        with self._read() as connection:
            found = connection.execute(_with_seq(page).order_by(*order)).all()
        shown, following = _NEWEST_FIRST.cut(found, limit=limit)
        return tuple(_listed(row) for row in shown), following

    def listed_one(self, generation_id: str) -> Listed:
        """Return the version of one generation."""
        query = _with_seq(_named().where(generations.c.id == generation_id).subquery())
        with self._read() as connection:
            found = connection.execute(query).one_or_none()
        if found is None:
            raise no_generation(generation_id)
        return _listed(found)

    def histories_of(self, generation_ids: Sequence[str]) -> tuple[History, ...]:
        """Return all that happened to each of these that there are, in any order."""
        query = _described().where(generations.c.id.in_(generation_ids))
        with self._read() as connection:
            return load_histories(connection, connection.execute(query).all())

    def publications(
        self, *, limit: int, cursor: str | None = None, state: PublicationState | None = None
    ) -> tuple[tuple[Mapping[str, Any], ...], str | None]:
        """Return a page of publications, the newest change first, and the cursor of the next."""
        query = select(publications)
        if state is not None:
            query = query.where(publications.c.state == state)
        with self._read() as connection:
            query = _LAST_CHANGED_FIRST.page(query, limit=limit, cursor=cursor)
            shown, following = _LAST_CHANGED_FIRST.cut(connection.execute(query).all(), limit=limit)
        return tuple(dict(row._mapping) for row in shown), following


def no_generation(generation_id: str) -> NotFound:
    """Return the error for an unknown id."""
    return NotFound(f"there is no generation {generation_id}")


def _described() -> Select[Any]:
    """Return the query for generations with their project's name, which may change."""
    return select(generations, projects.c.name.label("project_name")).join(projects)


def _filtered(
    query: Select[Any],
    statuses: Sequence[GenerationStatus],
    project: str | None,
    batch: str | None,
) -> Select[Any]:
    table = generations.c
    if statuses:
        query = query.where(table.status.in_(statuses))
    if project is not None:
        named = select(projects.c.id).where(projects.c.name == project).scalar_subquery()
        query = query.where(table.project_id == named)
    return query if batch is None else query.where(table.batch_id == batch)


def _named() -> Select[Any]:
    table = generations.c
    return select(table.id, table.created_at, table.status, projects.c.name).join(projects)


def _with_seq(found: Subquery) -> Select[Any]:
    """Return the query for these and the number of their newest event: every change is one.

    One query, since each row that is fetched costs a change of threads.
    """
    told = generation_metrics.c
    newest = select(func.max(told.seq)).where(told.generation_id == found.c.id).scalar_subquery()
    return select(found, newest.label("seq"))


def _listed(row: Row[Any]) -> Listed:
    return Listed(
        generation_id=row.id,
        status=GenerationStatus(row.status),
        version=(row.seq or 0, row.name),
    )


def generation_row(connection: Connection, generation_id: str) -> Row[Any]:
    """Return the row of a generation with its project's name; `NotFound` for an unknown id."""
    query = _described().where(generations.c.id == generation_id)
    found = connection.execute(query).one_or_none()
    if found is None:
        raise no_generation(generation_id)
    return found


def _belonging(table: Table, *order: ColumnElement[Any]) -> Select[Any]:
    """Return the query for the rows of the generations `ids`; built once, it costs half."""
    ids: BindParameter[Any] = bindparam("ids", expanding=True)
    return select(table).where(table.c.generation_id.in_(ids)).order_by(*order)


_attempts_of = (
    _belonging(attempts, attempts.c.number)
    .add_columns(artifacts.c.path, artifacts.c.media_type, artifacts.c.size_bytes)
    .outerjoin(artifacts)
)
_corrections_of = _belonging(corrections, corrections.c.position)
_assessments_of = _belonging(quality_assessments)
_decisions_of = _belonging(decisions, decisions.c.seq)
_publications_of = _belonging(publications, publications.c.created_at, publications.c.target)


def load_histories(connection: Connection, found: Sequence[Row[Any]]) -> tuple[History, ...]:
    """Load what belongs to the generations in one query per table."""
    ids = [row.id for row in found]
    if not ids:
        return ()

    def rows_of(query: Executable) -> Sequence[Row[Any]]:
        return connection.execute(query, {"ids": ids}).all()

    tried = rows_of(_attempts_of)
    parts = rows.Parts(
        attempts=tried,
        corrections=rows_of(_corrections_of) if tried else [],
        assessments=rows_of(_assessments_of) if tried else [],
        decisions=rows_of(_decisions_of),
        publications=rows_of(_publications_of),
        enhancements=enhancements(connection, ids),
    )
    return rows.histories_of(found, parts)
