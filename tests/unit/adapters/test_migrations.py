"""The migrations make what `tables.py` says, keep what is there, and are quiet."""

from __future__ import annotations

import logging
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect

from tower_anime.adapters.store import migrate
from tower_anime.adapters.store.migrate import backup, current, upgrade
from tower_anime.adapters.store.store import SqlStore
from tower_anime.adapters.store.tables import HEAD, METADATA
from tower_anime.errors import BadInput, StorageFull, StoreUnavailable

REVISIONS = [f"{number:04d}" for number in range(1, int(HEAD) + 1)]


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("migrated") / "store.sqlite"
    assert upgrade(f"sqlite:///{file}", backup_dir=None) == REVISIONS
    return file


@pytest.fixture
def file(migrated: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(migrated, tmp_path / "store.sqlite"))


@contextmanager
def connected(file: Path) -> Iterator[sqlalchemy.Connection]:
    engine = create_engine(f"sqlite:///{file}")
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def execute(file: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as connection, connection:
        return connection.execute(sql).fetchall()


def structure(connection: sqlalchemy.Connection) -> dict[str, object]:
    found = inspect(connection)
    return {
        table: {
            "columns": [
                (one["name"], str(one["type"]), one["nullable"]) for one in found.get_columns(table)
            ],
            "primary key": found.get_pk_constraint(table),
            "foreign keys": sorted(found.get_foreign_keys(table), key=str),
            "indexes": sorted(found.get_indexes(table), key=str),
            "unique": sorted(found.get_unique_constraints(table), key=str),
        }
        for table in found.get_table_names()
        if table != "alembic_version"
    }


def test_the_migrations_make_the_tables_of_the_program(file: Path, tmp_path: Path) -> None:
    with connected(tmp_path / "created.sqlite") as connection:
        METADATA.create_all(connection)
        created = structure(connection)
    with connected(file) as connection:
        assert structure(connection) == created
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_the_head_is_the_newest_revision() -> None:
    config = Config()
    folder = Path(migrate.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_what_is_up_to_date_needs_neither_alembic_nor_much_time(file: Path) -> None:
    program = (
        "import sys\n"
        "from tower_anime.adapters.store.migrate import upgrade\n"
        "from tower_anime.adapters.store.store import SqlStore\n"
        "assert upgrade(sys.argv[1], backup_dir=None) == []\n"
        "SqlStore(sys.argv[1]).close()\n"
        "assert 'alembic' not in sys.modules and 'psycopg' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program, f"sqlite:///{file}"], check=True)
    fastest = min(seconds_to_open(file) for _ in range(5))
    assert fastest < 0.03


def seconds_to_open(file: Path) -> float:
    start = time.perf_counter()
    upgrade(f"sqlite:///{file}", backup_dir=None)
    store = SqlStore(f"sqlite:///{file}")
    spent = time.perf_counter() - start
    store.close()
    return spent


def test_a_new_database_and_its_folder_are_made_quietly(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path}/50% new/folder/my store.sqlite"
    caplog.set_level(logging.INFO)
    assert current(url) is None
    assert upgrade(url, backup_dir=tmp_path / "backups") == REVISIONS
    assert current(url) == HEAD
    assert upgrade(url, backup_dir=tmp_path / "backups") == []
    assert not (tmp_path / "backups").exists()  # there was nothing to keep
    assert [record for record in caplog.records if record.name.startswith("alembic")] == []
    assert capfd.readouterr() == ("", "")


def test_data_is_copied_before_it_is_migrated(file: Path, tmp_path: Path) -> None:
    # an older version of this database: its newest table does not exist yet
    execute(file, "UPDATE alembic_version SET version_num = 'older'")
    with pytest.raises(StoreUnavailable, match="another version of this program"):
        upgrade(f"sqlite:///{file}", backup_dir=tmp_path / "backups")
    (copy,) = (tmp_path / "backups").iterdir()
    assert copy.name.startswith("store-older-")
    assert execute(copy, "SELECT version_num FROM alembic_version") == [("older",)]
    assert current(f"sqlite:///{file}") == "older"


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "foreign.sqlite"
    execute(file, "CREATE TABLE generation_metrics (mine TEXT)")
    with pytest.raises(StoreUnavailable, match="already exists"):
        upgrade(f"sqlite:///{file}", backup_dir=None)
    tables = execute(file, "SELECT name FROM sqlite_master WHERE type = 'table'")
    assert tables == [("generation_metrics",)]


def test_several_processes_may_upgrade_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.sqlite"
    gate = threading.Barrier(2)
    program = "import sys\nfrom tower_anime.adapters.store.migrate import upgrade\n"
    program += "print(upgrade(sys.argv[1], backup_dir=None))"

    def run(_: int) -> str:
        gate.wait()
        done = subprocess.run(
            [sys.executable, "-c", program, url], check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    with ThreadPoolExecutor(2) as pool:
        assert set(pool.map(run, range(2))) <= {str(REVISIONS), "[]"}
    SqlStore(url).close()


def test_a_copy_is_whole_while_others_write(file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "backups" / "copy.sqlite"
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute(f"INSERT INTO projects VALUES {project('kept')}")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute(f"INSERT INTO projects VALUES {project('not yet')}")
        backup(f"sqlite:///{file}", copy)
        backup(f"sqlite:///{file}", copy)  # replaces
        writer.execute("COMMIT")
    assert execute(copy, "SELECT name FROM projects") == [("kept",)]
    assert [one.name for one in copy.parent.iterdir()] == ["copy.sqlite"]
    SqlStore(f"sqlite:///{copy}").close()


def project(name: str) -> str:
    return f"('{name}', '{name}', '', 'active', '{{}}', '2026-01-01', '2026-01-01')"


def test_what_can_not_be_copied_is_said(file: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="no database"):
        backup(f"sqlite:///{tmp_path}/none.sqlite", tmp_path / "copy")
    with pytest.raises(BadInput, match="pg_dump"):
        backup("postgresql://host/x", tmp_path / "copy")
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageFull, match="folder can't be written"):
        backup(f"sqlite:///{file}", tmp_path / "folder")
    with pytest.raises(StoreUnavailable, match="can't be made"):
        backup(f"sqlite:///{file}", file / "copy")
    broken = tmp_path / "broken.sqlite"
    broken.write_bytes(file.read_bytes()[:8192])
    with pytest.raises(StoreUnavailable, match="broken"):
        backup(f"sqlite:///{broken}", tmp_path / "copy")
    left = {one.name for one in tmp_path.iterdir()}
    assert {name for name in left if "partial" in name or name == "copy"} == set()


def test_a_migration_that_orphans_rows_is_refused(file: Path) -> None:
    execute(
        file,
        "INSERT INTO attempts SELECT 'nobody', 1, 'p', 'generate', NULL, 'queued',"
        " NULL, NULL, NULL, NULL, '{}', NULL, 0, 0, 0, NULL, NULL, NULL, '2026-01-01',"
        " NULL, NULL, NULL",
    )
    with connected(file) as connection, pytest.raises(StoreUnavailable, match="rows of attempts"):
        migrate._check_foreign_keys(connection)


def test_every_table_of_the_earlier_system_has_its_name_here() -> None:
    assert set(METADATA.tables) >= {
        "projects",
        "episodes",
        "scenes",
        "characters",
        "quality_assessments",
        "generation_metrics",
        "performance_alerts",
        "learning_successful_patterns",
        "learning_failed_patterns",
        "creative_direction_events",
    }


def test_an_address_that_can_not_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match="can't be made"):
        upgrade(f"sqlite:///{tmp_path}/file/store.sqlite", backup_dir=None)
