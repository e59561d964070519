"""Files that are there whole or not at all, also after a loss of power."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

TEMPORARY_PREFIX = ".incoming-"
"""Files of this name were never finished, unless their writer still holds their lock."""

_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
"""What file systems without locks say (some network shares)."""


@contextmanager
def temporary_beside(final: Path) -> Iterator[tuple[IO[bytes], Path]]:
    """Yield a new open file in the folder of `final`, and its path; it is gone afterwards."""
    with temporary_in(final.parent) as opened:
        yield opened


@contextmanager
def temporary_in(folder: Path) -> Iterator[tuple[IO[bytes], Path]]:
    """Yield a new open file in `folder`, and its path; it is gone afterwards.

    While it is open it is locked, so that `sweep` can tell it from what the dead left.
    """
    temporary = folder / f"{TEMPORARY_PREFIX}{uuid.uuid4().hex}"
    try:
        with temporary.open("xb") as file:
            _try_lock(file.fileno())
            yield file, temporary
    finally:
        temporary.unlink(missing_ok=True)


def close_durably(file: IO[bytes]) -> None:
    """Bring what was written to the disk, and close."""
    file.flush()
    os.fsync(file.fileno())
    file.close()


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, where the file system can do that."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network shares
            raise
    finally:
        os.close(descriptor)


def sweep(folder: Path, *, before: float) -> tuple[Path, ...]:
    """Remove unfinished files last written before `before` (Unix time, s) by processes now dead.

    What can't be proven to be an orphan stays. Returns what was removed; `OSError` when the
    folder can't be changed.
    """
    return tuple(
        path for path in folder.rglob(f"{TEMPORARY_PREFIX}*") if _remove_orphan(path, before)
    )


def _remove_orphan(path: Path, before: float) -> bool:
    with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
        if os.fstat(file.fileno()).st_mtime >= before or not _try_lock(file.fileno()):
            return False
        path.unlink()
        return True
    return False


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        return False
    return True
