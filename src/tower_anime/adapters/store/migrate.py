"""Bringing a database to this program's tables, and copying it while it is used."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, text

from tower_anime.adapters.store.connect import (
    READ_ONLY,
    database_file,
    in_words,
    open_engine,
    parse_url,
)
from tower_anime.adapters.store.tables import HEAD, METADATA
from tower_anime.errors import BadInput, StorageFull, StoreUnavailable

_MIGRATION_LOCK = 0x746F776572  # "tower": any number that others on the server don't use
_VERSION_TABLE = "alembic_version"
_SCRIPTS = str(Path(__file__).parent / "migrations").replace("%", "%%")


def current(url: str) -> str | None:
    """Return the database's revision; None when it is empty or not there."""
    file = database_file(parse_url(url))
    if file is not None and not file.exists():
        return None
    with _engine(url) as engine, in_words(url):
        return revision(engine)


def revision(engine: Engine) -> str | None:
    """Return the revision of an open database, None before the first migration."""
    with engine.connect().execution_options(**READ_ONLY) as connection:
        if not engine.dialect.has_table(connection, _VERSION_TABLE):
            return None
        found = connection.execute(text(f"SELECT version_num FROM {_VERSION_TABLE}"))  # noqa: S608
        return found.scalar_one_or_none()


def upgrade(url: str, *, backup_dir: Path | None) -> list[str]:
    """Bring the database up to date and return the revisions that were applied.

    All or nothing, and safe when several processes do it at once. A SQLite file that holds
    data is copied into `backup_dir` first (None: no copy; PostgreSQL is never copied). The
    folder of a new SQLite file is made.
    """
    before = current(url)
    if before == HEAD:
        return []
    file = database_file(parse_url(url))
    if file is not None:
        _make_folder(file.parent)
    if file is not None and before is not None and backup_dir is not None:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        backup(url, backup_dir / f"{file.stem}-{before}-{stamp}.sqlite")
    with (
        # foreign keys are checked at the end: SQLite changes a table by rebuilding it
        _engine(url, create=True, foreign_keys=False) as engine,
        in_words(url),
        engine.begin() as connection,
    ):
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:k)"), {"k": _MIGRATION_LOCK})
        applied = _migrate(connection)
        if engine.dialect.name == "sqlite":
            _check_foreign_keys(connection)
    return applied


def backup(url: str, file: Path) -> None:
    """Copy a SQLite database into `file`, replacing it, while others go on writing.

    The copy is one moment's state, checked, and complete in one file. PostgreSQL has its own
    tools: `BadInput` says so.
    """
    source = database_file(parse_url(url))
    if source is None:
        raise BadInput("only SQLite is copied here; use pg_dump for a PostgreSQL database")
    if not source.is_file():
        raise StoreUnavailable(f"there is no database {source} to copy")
    _make_folder(file.parent)
    partial = file.with_name(f".{file.name}.{uuid.uuid4().hex}.partial")
    try:
        _copy(source, partial)
        _sync(partial)
        partial.replace(file)
        _sync(file.parent)
    except sqlite3.DatabaseError as error:
        raise StoreUnavailable(f"the database {source} can't be copied: {error}") from error
    except OSError as error:
        raise StorageFull(f"the copy {file} can't be written: {error.strerror}") from error
    finally:
        partial.unlink(missing_ok=True)


def restore(url: str, file: Path, *, backup_dir: Path) -> Path | None:
    """Put a copy that `backup` made in the place of a SQLite database that nobody uses.

    What is there goes into `backup_dir` first; its path is returned, None if there was nothing
    to keep. `BadInput` for a file that is no copy of ours, which changes nothing.
    """
    target = database_file(parse_url(url))
    if target is None:
        raise BadInput("only SQLite is restored here; use pg_restore for a PostgreSQL database")
    _check_copy(file)
    _make_folder(target.parent)
    partial = target.with_name(f".{target.name}.{uuid.uuid4().hex}.partial")
    try:
        _copy(file, partial)
        _sync(partial)
        kept = _set_aside(target, backup_dir) if target.is_file() else None
        for suffix in ("-wal", "-shm"):  # of the one that goes: they must never meet the new one
            target.with_name(target.name + suffix).unlink(missing_ok=True)
        partial.replace(target)
        _sync(target.parent)
    except (OSError, sqlite3.DatabaseError) as error:
        raise StorageFull(f"the database {target} can't be written: {error}") from error
    finally:
        partial.unlink(missing_ok=True)
    return kept


def _check_copy(file: Path) -> None:
    """Raise `BadInput` unless the file is a sound database of a version that we know."""
    if not file.is_file():
        raise BadInput(f"there is no file {file}")
    try:
        with contextlib.closing(
            sqlite3.connect(f"file:{quote(str(file.absolute()))}?mode=ro", uri=True)
        ) as copy:
            (verdict,) = copy.execute("PRAGMA quick_check").fetchone()
            found = copy.execute(f"SELECT version_num FROM {_VERSION_TABLE}").fetchone()  # noqa: S608
    except sqlite3.DatabaseError as error:
        raise BadInput(f"{file} is no copy of a Tower Anime database: {error}") from error
    if verdict != "ok":
        raise BadInput(f"{file} is damaged: {verdict}")
    if found is None or found[0] not in _revisions():
        raise BadInput(f"{file} was written by another version of this program")


def _revisions() -> frozenset[str]:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    return frozenset(
        script.revision for script in ScriptDirectory.from_config(config).walk_revisions()
    )


def _set_aside(database: Path, folder: Path) -> Path:
    """Keep the database as it is: a whole copy, or its very files when it is damaged."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
    kept = folder / f"{database.stem}-before-restore-{stamp}.sqlite"
    try:
        backup(f"sqlite:///{database}", kept)
    except StoreUnavailable:
        for suffix in ("", "-wal", "-shm"):
            part = database.with_name(database.name + suffix)
            if part.is_file():
                shutil.copy2(part, kept.with_name(kept.name + suffix))
    return kept


def _copy(source: Path, target: Path) -> None:
    with (
        contextlib.closing(sqlite3.connect(f"file:{quote(str(source))}?mode=rw", uri=True)) as old,
        contextlib.closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)
        new.execute("PRAGMA journal_mode=DELETE")  # one file, without -wal beside it
        (verdict,) = new.execute("PRAGMA quick_check").fetchone()
    if verdict != "ok":
        raise StoreUnavailable(f"the database {source} is damaged: {verdict}")


@contextlib.contextmanager
def _engine(url: str, **options: Any) -> Iterator[Engine]:
    engine = open_engine(url, **options)
    try:
        yield engine
    finally:
        engine.dispose()


def _migrate(connection: Connection) -> list[str]:
    # Alembic costs as much time as all of SQLAlchemy: only who migrates pays for it
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it reports its own import
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    applied: list[str] = []
    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    config.attributes.update(
        connection=connection,
        target_metadata=METADATA,
        on_version_apply=lambda *, step, **_: applied.append(step.up_revision_id),
    )
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StoreUnavailable(
            f"the database was written by another version of this program: {error}"
        ) from error
    return applied


def _check_foreign_keys(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise StoreUnavailable(
            f"the migration would leave rows of {broken[0]} without what they belong to; "
            "nothing was changed"
        )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable(f"the folder {folder} can't be made: {error.strerror}") from error


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
