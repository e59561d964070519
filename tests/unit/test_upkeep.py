"""Copies of the database, and files against rows."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests import samples
from tower_anime.adapters.blobs import FileBlobs
from tower_anime.adapters.store.store import SqlStore
from tower_anime.compose import open_store
from tower_anime.domain.attempt import Artifact
from tower_anime.domain.generation import new_generation_id
from tower_anime.errors import BadInput, Conflict, TowerError
from tower_anime.settings import Settings
from tower_anime.upkeep import backup_database, compare_files, restore_database


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", comfy_urls=())


def add(store: SqlStore) -> str:
    return store.add_generation(replace(samples.generation(), id=new_generation_id())).id


def ids(settings: Settings) -> set[str]:
    with closing(open_store(settings)) as store:
        return {history.generation.id for history in store.histories(limit=100).items}


def test_a_destroyed_database_is_restored_while_the_engine_starts_anew(
    settings: Settings, tmp_path: Path
) -> None:
    with closing(open_store(settings)) as store:
        kept = add(store)
        backup_database(settings, tmp_path / "copy.sqlite")  # while it is open
        later = add(store)
    engine = settings.data_dir / "engine.sqlite"
    engine.write_bytes(b"progress of later work")
    (settings.data_dir / "tower.sqlite").write_bytes(b"destroyed" * 1000)

    before = restore_database(settings, tmp_path / "copy.sqlite")
    assert ids(settings) == {kept}
    assert not engine.exists()
    assert before is not None
    assert before.read_bytes().startswith(b"destroyed")
    assert later not in ids(settings)


def test_what_is_replaced_is_kept_whole_with_its_last_writes(
    settings: Settings, tmp_path: Path
) -> None:
    with closing(open_store(settings)) as store:
        add(store)
        backup_database(settings, tmp_path / "copy.sqlite")
        later = add(store)
    kept = restore_database(settings, tmp_path / "copy.sqlite")
    assert kept is not None
    with closing(sqlite3.connect(kept)) as connection:
        found = {row[0] for row in connection.execute("SELECT id FROM generations")}
    assert later in found
    restore_database(settings, kept)
    assert later in ids(settings)


def test_nothing_there_is_restored_too(settings: Settings, tmp_path: Path) -> None:
    other = Settings(data_dir=tmp_path / "other", comfy_urls=())
    with closing(open_store(other)) as store:
        generation_id = add(store)
    backup_database(other, tmp_path / "copy.sqlite")
    assert restore_database(settings, tmp_path / "copy.sqlite") is None
    assert ids(settings) == {generation_id}


@pytest.mark.parametrize("content", [b"", b"no database" * 100, b"SQLite format 3\0" + b"x" * 4096])
def test_what_is_no_copy_changes_nothing(
    settings: Settings, tmp_path: Path, content: bytes
) -> None:
    with closing(open_store(settings)) as store:
        generation_id = add(store)
    (tmp_path / "copy").write_bytes(content)
    with pytest.raises(BadInput):
        restore_database(settings, tmp_path / "copy")
    with pytest.raises(BadInput, match="there is no file"):
        restore_database(settings, tmp_path / "none")
    assert ids(settings) == {generation_id}


def test_a_copy_of_an_unknown_version_is_refused(settings: Settings, tmp_path: Path) -> None:
    with closing(open_store(settings)):
        backup_database(settings, tmp_path / "copy")
    with closing(sqlite3.connect(tmp_path / "copy")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'r9999'")
        connection.commit()
    with pytest.raises(BadInput, match="another version"):
        restore_database(settings, tmp_path / "copy")


def test_a_database_in_use_is_not_replaced(settings: Settings, tmp_path: Path) -> None:
    with closing(open_store(settings)):
        backup_database(settings, tmp_path / "copy")
    workers = settings.data_dir / "workers"
    workers.mkdir()
    lock = os.open(workers / "local-serve-1-abc.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    with pytest.raises(Conflict, match="local-serve-1-abc"):
        restore_database(settings, tmp_path / "copy")
    os.close(lock)
    restore_database(settings, tmp_path / "copy")


def test_postgresql_has_its_own_tools(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url="postgresql://nobody@127.0.0.1:9/none")
    with pytest.raises(BadInput, match="pg_dump"):
        backup_database(settings, tmp_path / "copy")
    with pytest.raises(BadInput, match="pg_restore"):
        restore_database(settings, tmp_path / "copy")


def test_a_copy_that_cannot_be_written_says_so(settings: Settings) -> None:
    with closing(open_store(settings)), pytest.raises(TowerError, match="can't be made"):
        backup_database(settings, Path("/proc/none/copy"))


def test_files_without_rows_and_rows_without_files_are_told(settings: Settings) -> None:
    blobs = FileBlobs(settings.data_dir / "artifacts")
    with closing(open_store(settings)) as store:
        generation_id = add(store)
        there = blobs.put(b"there", media_type="image/png")
        gone = blobs.put(b"gone", media_type="image/png")
        for number, artifact in enumerate((there, gone), start=1):
            keep(store, generation_id, number, artifact)
    orphan = Path(blobs.put(b"orphan", media_type="image/png").path)
    fresh = Path(blobs.put(b"about to be recorded", media_type="image/png").path)
    workflow = Path(blobs.put(b"{}", media_type="application/json").path)
    for path in (orphan, workflow):
        os.utime(path, (time.time() - 7200,) * 2)
    Path(gone.path).unlink()
    found = compare_files(settings)
    assert found.orphans == (orphan,)
    assert found.orphan_bytes == len(b"orphan")
    assert found.missing == (gone.sha256,)
    assert fresh.exists()


def keep(store: SqlStore, generation_id: str, number: int, artifact: Artifact) -> None:
    attempt = samples.attempt(number, generation_id=generation_id, artifact=artifact)
    store.save_attempt(attempt)
