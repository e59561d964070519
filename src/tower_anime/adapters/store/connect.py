"""One engine per process on SQLite or PostgreSQL, and the databases' errors in words."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic_core import PydanticSerializationError, from_json, to_json
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    ProgrammingError,
    StatementError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from tower_anime.errors import BadInput, Conflict, NotFound, StoreUnavailable, TowerError

BUSY_TIMEOUT_S = 30.0
BULK_KIB = 48 * 1024  # ids are random, so every transaction touches pages all over the indexes
THREADS = 16  # connections kept open; twice as many for a moment

READ_ONLY = {"tower_read_only": True}
"""Execution option of a transaction that only reads: it takes no lock on SQLite."""

_ALLOWED = "allowed: sqlite:////absolute/path/file.sqlite or postgresql://user@host/database"

_SQLITE_WORDS = {
    "SQLITE_BUSY": "is locked by another process; try again when that is done",
    "SQLITE_LOCKED": "is locked by another process; try again when that is done",
    "SQLITE_READONLY": "is read-only; give write permission to the file and its folder",
    "SQLITE_FULL": "can't grow: the disk is full",
    "SQLITE_CANTOPEN": "can't be opened: the file or its folder is missing or not readable",
    "SQLITE_PERM": "can't be opened: permission denied",
    "SQLITE_AUTH": "can't be opened: permission denied",
    "SQLITE_IOERR": "can't be read or written: the disk reports an error",
    "SQLITE_CORRUPT": "is damaged; restore a backup",
    "SQLITE_NOTADB": "is not a SQLite database",
}
"""SQLite's extended error names, by their beginning."""

_POSTGRESQL_WORDS = {
    "08": "lost its connection",
    "25006": "is read-only",
    "28": "refuses the user or password",
    "3D": "does not exist on the server",
    "42P01": "lacks a table; run `tower-anime db upgrade`",
    "42501": "refuses this: the user lacks the permission",
    "53100": "can't grow: the server's disk is full",
    "53": "is short of memory or connections",
    "55P03": "is locked by another process; try again when that is done",
    "57P": "is being shut down or started",
}
"""PostgreSQL's error codes, by their beginning."""

_FOREIGN_KEY_CODES = ("SQLITE_CONSTRAINT_FOREIGNKEY", "23503")


def parse_url(url: str) -> URL:
    """Return the parsed address of a database; `BadInput` names what is allowed."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        # without the text: it may hold a password
        raise BadInput(f"the database's address is not a URL; {_ALLOWED}") from None
    if parsed.drivername in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
        raise BadInput(f"databases of the kind {parsed.drivername!r} are not known; {_ALLOWED}")
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise BadInput(f"a SQLite database needs a file; {_ALLOWED}")
    return parsed


def database_file(url: URL) -> Path | None:
    """Return the absolute path of a SQLite database, None for a server."""
    if url.get_backend_name() != "sqlite":
        return None
    assert url.database is not None
    return Path(url.database).absolute()


def open_engine(
    url: str,
    *,
    create: bool = False,
    foreign_keys: bool = True,
    bulk: bool = False,
    busy_timeout_s: float = BUSY_TIMEOUT_S,
) -> Engine:
    """Return an engine; nothing is opened yet. A missing SQLite file is made if `create`.

    `bulk` is for many rows over one connection: it keeps more of a SQLite file in memory and moves
    the log into it less often.

    Writes on SQLite begin with BEGIN IMMEDIATE, so that a transaction never fails half-way for
    want of the lock, and are on the disk when COMMIT returns.
    """
    parsed = parse_url(url)
    file = database_file(parsed)
    if file is None:
        return create_engine(
            parsed,
            pool_size=THREADS,
            max_overflow=THREADS,
            pool_pre_ping=True,  # the server may have been restarted
            connect_args={"connect_timeout": 10},
            json_serializer=_json_text,
            json_deserializer=from_json,
        )
    query = {"mode": "rwc" if create else "rw", **parsed.query, "uri": "true"}
    engine = create_engine(
        parsed.set(database=f"file:{quote(str(file))}", query=query),
        pool_size=THREADS,
        max_overflow=THREADS,
        connect_args={"timeout": busy_timeout_s},
        json_serializer=_json_text,
        json_deserializer=from_json,
    )
    event.listen(engine, "connect", _sqlite_setup(foreign_keys=foreign_keys, bulk=bulk))
    event.listen(engine, "begin", _begin)
    return engine


def _sqlite_setup(*, foreign_keys: bool, bulk: bool) -> Callable[[Any, object], None]:
    def setup(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # BEGIN is ours, see `_begin`
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA cache_size=-512")  # KiB in each of many; the system caches, too
        if bulk:
            connection.execute(f"PRAGMA cache_size=-{BULK_KIB}")
            connection.execute(f"PRAGMA wal_autocheckpoint={BULK_KIB // 4}")  # in pages of 4 KiB
        connection.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")

    return setup


def _begin(connection: Connection) -> None:
    reads = connection.get_execution_options().keys() & READ_ONLY.keys()
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _json_text(value: object) -> str:
    """JSON of anything our values hold. NaN and infinity become strings: JSON lacks them."""
    try:
        return to_json(value, inf_nan_mode="strings", fallback=_plain).decode()
    except PydanticSerializationError as error:
        raise BadInput(f"this can't be stored as JSON: {error}") from error


def _plain(value: object) -> object:
    if isinstance(value, Mapping):  # MappingProxyType is no dict
        return dict(value)
    raise BadInput(f"a {type(value).__name__} can't be stored as JSON")


class FileWatch:
    """Notices that a SQLite file was deleted or replaced while it is open.

    SQLite itself would go on writing into a file that no name leads to any more.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._identity = self._look()

    def check(self) -> None:
        """Raise `StoreUnavailable` if the name leads to another file than at first."""
        if self._look() != self._identity:
            raise StoreUnavailable(
                f"the database {self._file} was replaced while it was open; start again"
            )

    def _look(self) -> tuple[int, int]:
        try:
            found = os.stat(self._file)  # noqa: PTH116  (called for every transaction)
        except OSError as error:
            raise StoreUnavailable(
                f"the database {self._file} is not there: {error.strerror}"
            ) from error
        return found.st_dev, found.st_ino


@contextmanager
def in_words(url: str) -> Iterator[None]:
    """Translate the database's errors for `url`."""
    try:
        yield
    except (DBAPIError, StatementError, PoolTimeout, OverflowError, UnicodeEncodeError) as error:
        translated = _translated(error, url)
        if translated is None:
            raise
        raise translated from error


def _translated(error: Exception, url: str) -> TowerError | None:
    """Return our error, or None for a mistake in our own SQL."""
    if isinstance(error, PoolTimeout):
        return StoreUnavailable(f"{_named(url)} is busy: no connection became free in time")
    if isinstance(error, (DataError, OverflowError, UnicodeEncodeError)):
        return BadInput(f"{_named(url)} can't hold this value: {_first_line(error)}")
    original = getattr(error, "orig", None)
    if isinstance(original, TowerError):
        return original
    if not isinstance(error, DBAPIError):
        return None
    code = _code(original)
    if isinstance(error, IntegrityError):
        if code in _FOREIGN_KEY_CODES:
            return NotFound("what this belongs to (generation, attempt or artifact) is not there")
        return Conflict(f"this contradicts what is stored: {_first_line(error)}")
    words = _words(code)
    if words is None and isinstance(error, ProgrammingError):
        return None
    return StoreUnavailable(f"{_named(url)} {words or f'fails: {_first_line(error)}'}")


def _code(original: BaseException | None) -> str:
    return getattr(original, "sqlite_errorname", None) or getattr(original, "sqlstate", None) or ""


def _words(code: str) -> str | None:
    for table in (_SQLITE_WORDS, _POSTGRESQL_WORDS):
        for prefix, words in table.items():
            if code.startswith(prefix):
                return words
    return None


def _named(url: str) -> str:
    parsed = parse_url(url)
    file = database_file(parsed)
    server = parsed.set(drivername="postgresql", password=None, query={})
    return f"the database {file or server.render_as_string()}"


def _first_line(error: Exception) -> str:
    original = getattr(error, "orig", None) or error
    return str(original).strip().partition("\n")[0]
