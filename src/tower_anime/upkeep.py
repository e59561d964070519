"""What the product does for itself: copies of the database, orphan files, files against rows."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tower_anime.adapters import durable_files
from tower_anime.adapters.blobs import FileBlobs
from tower_anime.adapters.engine_workers import Workers
from tower_anime.adapters.store import migrate
from tower_anime.adapters.store.store import SqlStore
from tower_anime.errors import Conflict
from tower_anime.settings import Settings

log = logging.getLogger(__name__)

ORPHAN_AGE_S = 3600.0
"""No file takes an hour to write; its lock says the same, this guards where there are no locks."""

WORKFLOW_SUFFIX = ".json"  # of the graphs we keep for briefs; no row names them by their hash


def backup_database(settings: Settings, file: Path) -> None:
    """Copy the database into `file` while others go on writing.

    The engine's tables are not copied: the engine is rebuilt from ours.
    """
    migrate.backup(settings.store_url, file)


def restore_database(settings: Settings, file: Path) -> Path | None:
    """Put a copy in the place of the database; returns where the present one was kept.

    `Conflict` while a process works on the data folder.
    """
    living = Workers(settings.data_dir / "workers").living()
    if living:
        raise Conflict(
            f"{len(living)} process(es) work on {settings.data_dir}: {', '.join(sorted(living))}; "
            "stop them first"
        )
    kept = migrate.restore(settings.store_url, file, backup_dir=settings.data_dir / "backups")
    for name in ("engine.sqlite", "engine.sqlite-wal", "engine.sqlite-shm"):
        (settings.data_dir / name).unlink(missing_ok=True)  # rebuilt from what was restored
    migrate.upgrade(settings.store_url, backup_dir=None)
    return kept


def sweep_orphans(settings: Settings) -> tuple[Path, ...]:
    """Remove half-written files that dead processes left; returns them."""
    removed: list[Path] = []
    for folder in (settings.data_dir / "artifacts", settings.library_folder):
        try:
            removed.extend(durable_files.sweep(folder, before=time.time() - ORPHAN_AGE_S))
        except OSError as error:
            log.warning("%s can't be swept: %s", folder, error.strerror)
    if removed:
        log.info("removed %d half-written files of dead processes", len(removed))
    return tuple(removed)


def every(seconds: float) -> Callable[[], bool]:
    """Return what says, when asked, whether it is time again; the first time is now."""
    due_s = time.monotonic()

    def is_due() -> bool:
        nonlocal due_s
        if time.monotonic() < due_s:
            return False
        due_s = time.monotonic() + seconds
        return True

    return is_due


@dataclass(frozen=True)
class FileCheck:
    """Files against rows. `orphans` have no row; `missing` are hashes whose file is gone."""

    orphans: tuple[Path, ...]
    orphan_bytes: int
    missing: tuple[str, ...]


def compare_files(settings: Settings, *, inputs: Collection[str] = ()) -> FileCheck:
    """Compare the artifacts with the rows that name them; removes nothing, reads no content.

    `inputs` are the hashes of pictures to draw over that were sent and not used yet. A file
    younger than an hour may be about to get its row.
    """
    newest = datetime.now(UTC).timestamp() - ORPHAN_AGE_S
    # files first: what is added meanwhile has its row later
    stored = dict(FileBlobs(settings.data_dir / "artifacts").stored())
    with contextlib.closing(SqlStore(settings.store_url)) as store:
        named, begun = store.artifact_hashes(), store.input_hashes() | frozenset(inputs)
    sizes: dict[Path, int] = {}
    for sha256, path in stored.items():
        if sha256 in named or sha256 in begun or path.suffix == WORKFLOW_SUFFIX:
            continue
        with contextlib.suppress(FileNotFoundError):
            found = path.stat()
            if found.st_mtime < newest:
                sizes[path] = found.st_size
    missing = tuple(sorted(named - stored.keys()))
    return FileCheck(orphans=tuple(sizes), orphan_bytes=sum(sizes.values()), missing=missing)
