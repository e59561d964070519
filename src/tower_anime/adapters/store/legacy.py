"""Writes what comes from the earlier service: in small transactions, each row once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update

from tower_anime.adapters.store.connect import READ_ONLY, in_words, open_engine
from tower_anime.adapters.store.legacy_rows import LEGACY, Imported, Values
from tower_anime.adapters.store.rows import artifact_row
from tower_anime.adapters.store.tables import (
    METADATA,
    artifacts,
    attempts,
    decisions,
    external_ids,
    projects,
    quality_assessments,
)
from tower_anime.domain.attempt import Artifact

APPENDED = frozenset({"generation_metrics", "creative_direction_events"})
"""Tables of events: what was brought once is not brought again, whatever became of it there."""

_PAGE = 1000

_KEYS: Mapping[str, tuple[str, ...]] = {"attempts": ("generation_id", "number")}


@dataclass(frozen=True)
class Original:
    """A row with what it was: what is compared when it comes again."""

    imported: Imported
    row: Mapping[str, Any]


@dataclass(frozen=True)
class JobFile:
    """The file of an imported job: its path there, what is kept of it here, what was found."""

    generation_id: str
    path: str
    kept_sha256: str | None
    found: Mapping[str, Any] | None


@dataclass
class Counts:
    """What became of the rows of one table."""

    found: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    prefixed: int = 0


class LegacyWriter:
    """Our database as the goal of an import from one source. Close it after use."""

    def __init__(self, url: str, source: str) -> None:
        self._url = url
        self._source = source
        self._engine = open_engine(url, bulk=True)
        self._reader = self._engine.execution_options(**READ_ONLY)

    def close(self) -> None:
        """Give up connections."""
        self._engine.dispose()

    def names_of_others(self) -> set[str]:
        """Return the names of projects that this source did not bring."""
        mine = select(external_ids.c.our_id).where(
            external_ids.c.source == self._source, external_ids.c.entity == "projects"
        )
        query = select(projects.c.name).where(projects.c.id.not_in(mine))
        with self._reading() as connection:
            return set(connection.scalars(query))

    def write(
        self, batch: Sequence[Original], counts: Counts, *, at: datetime, dry: bool = False
    ) -> None:
        """Bring rows of one table in one transaction; with `dry` only count."""
        with self._reading() as connection:
            known = self._known(connection, batch)
            taken = self._taken(connection, batch, known)
        new, changed = [], []
        for one in batch:
            there = known.get(one.imported.our_id)
            if there is None:
                new.append(one)
            elif there[1] != one.row:
                changed.append(one)
        counts.found += len(batch)
        counts.new += len(new)
        counts.changed += len(changed)
        counts.same += len(batch) - len(new) - len(changed)
        counts.prefixed += sum(one.imported.external_id in taken for one in new)
        if dry or not (new or changed):
            return
        with self._writing() as connection:
            self._put(connection, new, changed)
            self._remember(connection, new, changed, taken, known, at)

    def _known(
        self, connection: Connection, batch: Sequence[Original]
    ) -> dict[str, tuple[str, Mapping[str, Any]]]:
        """Return external id and original of what came before, by our id."""
        table = external_ids.c
        query = select(table.our_id, table.external_id, table.original).where(
            table.source == self._source,
            table.our_id.in_([one.imported.our_id for one in batch]),
        )
        return {row.our_id: (row.external_id, row.original) for row in connection.execute(query)}

    def _taken(
        self, connection: Connection, batch: Sequence[Original], known: Mapping[str, object]
    ) -> dict[str, str]:
        """Return the external ids of new rows that are owned already, with their owner's source."""
        wanted = [one.imported for one in batch if one.imported.our_id not in known]
        if not wanted:
            return {}
        table = external_ids.c
        query = select(table.external_id, table.source).where(
            table.entity == wanted[0].entity,
            table.external_id.in_([one.external_id for one in wanted]),
        )
        return {row.external_id: row.source for row in connection.execute(query)}

    def _put(
        self, connection: Connection, new: Sequence[Original], changed: Sequence[Original]
    ) -> None:
        decided = self._decided(connection, changed)
        rows: defaultdict[str, list[Values]] = defaultdict(list)
        for one in new:
            for table, values in one.imported.rows:
                rows[table].append(values)
        for one in changed:
            if one.imported.our_id in decided:
                continue  # a person decided here: what the earlier service says later is too late
            for table, values in one.imported.rows:
                if table not in APPENDED:
                    rows[table].append(values)
        for name in METADATA.tables:  # in the order of their references
            if rows[name]:
                _put_rows(connection, METADATA.tables[name], rows[name])

    def _decided(self, connection: Connection, changed: Sequence[Original]) -> set[str]:
        ids = [one.imported.our_id for one in changed if one.imported.entity == "generations"]
        if not ids:
            return set()
        query = select(decisions.c.generation_id).where(decisions.c.generation_id.in_(ids))
        return set(connection.scalars(query))

    def _remember(
        self,
        connection: Connection,
        new: Iterable[Original],
        changed: Iterable[Original],
        taken: Mapping[str, str],
        known: Mapping[str, tuple[str, Mapping[str, Any]]],
        at: datetime,
    ) -> None:
        values = []
        for one in (*new, *changed):
            imported = one.imported
            external_id = imported.external_id
            if imported.our_id in known:
                external_id = known[imported.our_id][0]
            elif external_id in taken:
                external_id = self._prefixed(imported, taken[external_id])
            values.append(
                {
                    "source": self._source,
                    "source_table": imported.table,
                    "external_id": external_id,
                    "entity": imported.entity,
                    "our_id": imported.our_id,
                    "original": one.row,
                    "imported_at": at,
                }
            )
        _put_rows(connection, external_ids, values)

    def _prefixed(self, imported: Imported, owner: str) -> str:
        """Return an id that is taken with the source's name before it, or the table's as well."""
        place = self._source if owner != self._source else f"{self._source}.{imported.table}"
        return f"{place}:{imported.external_id}"

    # ---- Files --------------------------------------------------------------------------------

    def files(self) -> Iterator[list[JobFile]]:
        """Yield the files that jobs made, page by page: one may be recorded before the next."""
        table = external_ids.c
        path = table.original[("legacy", "output_path")].as_string()
        query = (
            select(table.our_id, path, attempts.c.artifact_sha256, table.file)
            .join(attempts, attempts.c.generation_id == table.our_id)
            .where(table.source == self._source, table.entity == "generations", path.is_not(None))
            .order_by(table.our_id)
            .limit(_PAGE)
        )
        last = ""
        while True:
            with self._reading() as connection:
                page = [
                    JobFile(*row) for row in connection.execute(query.where(table.our_id > last))
                ]
            if page:
                yield page
            if len(page) < _PAGE:
                return
            last = page[-1].generation_id

    def record_found(self, found: Mapping[str, Mapping[str, Any]]) -> None:
        """Record what was found of jobs' files, by generation id."""
        if not found:
            return
        table = external_ids.c
        change = (
            update(external_ids)
            .where(table.entity == "generations", table.our_id == bindparam("job"))
            .values(file=bindparam("found"))
        )
        with self._writing() as connection:
            connection.execute(
                change, [{"job": job, "found": dict(file)} for job, file in found.items()]
            )

    def keep_file(self, generation_id: str, artifact: Artifact, *, at: datetime) -> None:
        """Record that the file of an imported job is kept here."""
        mine = (attempts.c.generation_id == generation_id, attempts.c.number == 1)
        change = update(attempts).where(*mine).values(artifact_sha256=artifact.sha256)
        with self._writing() as connection:
            added = _insert(connection.dialect.name)(artifacts).on_conflict_do_nothing()
            connection.execute(added, {**artifact_row(artifact), "created_at": at})
            connection.execute(change)

    # ---- Inner parts --------------------------------------------------------------------------

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with in_words(self._url), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with in_words(self._url), self._engine.begin() as connection:
            yield connection


def _put_rows(connection: Connection, table: Table, values: Sequence[Values]) -> None:
    """Insert, or update what is there already."""
    if table.name in APPENDED:
        connection.execute(insert(table), values)
        return
    added: Any = _insert(connection.dialect.name)(table)
    if table is quality_assessments:
        _forget_earlier_scores(connection, values)
        connection.execute(added.on_conflict_do_nothing(), values)
        return
    key = _KEYS.get(table.name, tuple(column.name for column in table.primary_key))
    change = {
        name: added.excluded[name] for name in values[0] if name not in key and name != "created_at"
    }
    connection.execute(added.on_conflict_do_update(index_elements=key, set_=change), values)


def _forget_earlier_scores(connection: Connection, values: Sequence[Values]) -> None:
    """Make room for scores of the earlier service; what was measured here stays."""
    table = quality_assessments.c
    ours = table.assessor.startswith(f"{LEGACY}: ")
    by_file = [one for one in values if one["file_path"] is not None]
    owners = [one["generation_id"] for one in by_file if one["generation_id"]]
    connection.execute(delete(quality_assessments).where(table.generation_id.in_(owners), ours))
    identities = [one["id"] for one in values]
    connection.execute(delete(quality_assessments).where(table.id.in_(identities), ours))


def _insert(dialect: str) -> Any:
    if dialect == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert
    from sqlalchemy.dialects import postgresql

    return postgresql.insert
