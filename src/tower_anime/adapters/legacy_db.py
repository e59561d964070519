"""The earlier service's database, read only, whatever its tables look like."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from tower_anime.errors import BadInput, StoreUnavailable

CHUNK = 1000  # rows in memory and in one transaction
_KEYS = ("id", "prompt_id", "session_id", "prompt_hash")
_ALLOWED = "allowed: sqlite:////absolute/path/file.db or postgresql://user@host/database"
_HIDDEN_SCHEMAS = ("information_schema", "pg_catalog", "pg_toast")


@dataclass(frozen=True)
class Table:
    """A table of the source with its columns and what its columns refer to (column → table)."""

    name: str
    schema: str | None
    columns: tuple[str, ...]
    refers: Mapping[str, str]

    @cached_property
    def key(self) -> str:
        """The column that tells its rows apart, and that they are read by."""
        by_name = {column.lower(): column for column in self.columns}
        return next((by_name[name] for name in _KEYS if name in by_name), self.columns[0])


class LegacyDatabase:
    """One source, in one transaction that can't write. Use `open_legacy`."""

    def __init__(self, connection: Any, name: str) -> None:
        self._connection = connection
        self.name = name

    def tables(self) -> Mapping[str, Table]:
        """Return the tables by lower-case name; of several schemas public comes first."""
        raise NotImplementedError

    def rows(self, table: Table) -> Iterator[dict[str, Any]]:
        """Yield the rows of a table as they are, in chunks, in the order of its key."""
        raise NotImplementedError


class _Sqlite(LegacyDatabase):
    def tables(self) -> Mapping[str, Table]:
        names = [
            row[0]
            for row in self._connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
            )
        ]
        return {name.lower(): self._table(name) for name in names if not name.startswith("sqlite_")}

    def _table(self, name: str) -> Table:
        columns = self._connection.execute(f"PRAGMA table_info({_quoted(name)})").fetchall()
        keys = self._connection.execute(f"PRAGMA foreign_key_list({_quoted(name)})").fetchall()
        return Table(
            name=name,
            schema=None,
            columns=tuple(row[1] for row in columns),
            refers={row[3].lower(): row[2].lower() for row in keys},
        )

    def rows(self, table: Table) -> Iterator[dict[str, Any]]:
        ordered = f"{_quoted(table.name)} ORDER BY {_quoted(table.key)}"
        cursor = self._connection.execute(f"SELECT * FROM {ordered}")  # noqa: S608 - quoted above
        names = [column.lower() for column in table.columns]
        while chunk := cursor.fetchmany(CHUNK):
            for row in chunk:
                yield dict(zip(names, row, strict=True))


class _Postgres(LegacyDatabase):
    def tables(self) -> Mapping[str, Table]:
        found: dict[str, Table] = {}
        refers = self._foreign_keys()
        query = (
            "SELECT table_schema AS schema, table_name AS name, "
            "array_agg(column_name::text ORDER BY ordinal_position) AS columns "
            "FROM information_schema.columns JOIN information_schema.tables "
            "USING (table_schema, table_name) "
            "WHERE table_type = 'BASE TABLE' AND table_schema <> ALL(%s) "
            "GROUP BY 1, 2 ORDER BY table_schema <> 'public', 1, 2"
        )
        for row in self._connection.execute(query, (list(_HIDDEN_SCHEMAS),)):
            key = (row["schema"], row["name"])
            found.setdefault(
                row["name"].lower(),
                Table(row["name"], row["schema"], tuple(row["columns"]), refers.get(key, {})),
            )
        return found

    def _foreign_keys(self) -> dict[tuple[str, str], dict[str, str]]:
        query = (
            "SELECT n.nspname AS schema, c.relname AS name, a.attname AS column, "
            "t.relname AS target "
            "FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid "
            "JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_class t ON t.oid = k.confrelid "
            "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[1] "
            "WHERE k.contype = 'f'"
        )
        found: dict[tuple[str, str], dict[str, str]] = {}
        for row in self._connection.execute(query):
            columns = found.setdefault((row["schema"], row["name"]), {})
            columns[row["column"].lower()] = row["target"].lower()
        return found

    def rows(self, table: Table) -> Iterator[dict[str, Any]]:
        assert table.schema is not None
        query = sql.SQL("SELECT * FROM {} ORDER BY {}").format(
            sql.Identifier(table.schema, table.name), sql.Identifier(table.key)
        )
        # a cursor of the server's: the rows stay there until they are asked for
        with self._connection.cursor(name=f"import_{table.name}"[:60]) as cursor:
            cursor.itersize = CHUNK
            cursor.execute(query)
            for row in cursor:
                yield {name.lower(): value for name, value in row.items()}


@contextmanager
def open_legacy(url: str, *, name: str | None = None) -> Iterator[LegacyDatabase]:
    """Open a source for reading. Its name is the database's or the file's, unless given.

    Raises:
        BadInput: for an address of another kind, or a file that is no database.
        StoreUnavailable: when it can't be reached or read.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        # without the text: it may hold a password
        raise BadInput(f"the source's address is not a URL; {_ALLOWED}") from None
    if parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:"):
        assert parsed.database is not None
        with _open_sqlite(Path(parsed.database).absolute(), name) as found:
            yield found
    elif parsed.get_backend_name() in ("postgresql", "postgres"):
        address = parsed.set(drivername="postgresql").render_as_string(hide_password=False)
        with _open_postgres(address, name or parsed.database or "postgresql") as found:
            yield found
    else:
        raise BadInput(f"a source of the kind {parsed.drivername!r} can't be read; {_ALLOWED}")


@contextmanager
def _open_sqlite(file: Path, name: str | None) -> Iterator[LegacyDatabase]:
    if not file.is_file():
        raise StoreUnavailable(f"the database {file} is not there")
    try:
        with _read_only(file) as connection:
            connection.text_factory = lambda data: data.decode("utf-8", "replace")
            connection.execute("BEGIN")
            yield _Sqlite(connection, name or file.stem)
    except sqlite3.OperationalError as error:
        raise StoreUnavailable(f"the database {file} can't be read: {error}") from error
    except sqlite3.DatabaseError as error:
        raise BadInput(f"{file} is no SQLite database, or a damaged one: {error}") from error


@contextmanager
def _read_only(file: Path) -> Iterator[sqlite3.Connection]:
    """Open for reading beside a service that may write.

    In a folder that can't be written SQLite can't share a WAL; nobody writes there then.
    """
    connection = sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.OperationalError:
        connection.close()
        connection = sqlite3.connect(f"file:{quote(str(file))}?mode=ro&immutable=1", uri=True)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def _open_postgres(address: str, name: str) -> Iterator[LegacyDatabase]:
    try:
        with psycopg.connect(
            address,
            connect_timeout=10,
            row_factory=dict_row,
            options="-c default_transaction_read_only=on",
        ) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            yield _Postgres(connection, name)
            connection.rollback()
    except psycopg.Error as error:
        first = str(error).strip().partition("\n")[0]
        raise StoreUnavailable(f"the database {name} can't be read: {first}") from error


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
