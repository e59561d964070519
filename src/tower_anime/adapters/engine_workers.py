"""Which processes work on a data folder, told by locks that the kernel frees at their end."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tower_anime.errors import StorageFull

NOTE_BYTES = 4096  # one block, written when joining, so that a note later needs no new space


@dataclass(frozen=True)
class Survey:
    """Executor ids of a data folder: who lives, and the dead with the runs they died in."""

    living: frozenset[str]
    dead: Mapping[str, frozenset[str]]


class Workers:
    """The processes of one data folder: each holds the lock on a file of its own.

    A lock belongs to the open file, so it ends with the process, in whatever way that ends. The
    file says which runs were in their first step.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock: int | None = None

    def place(self) -> str:
        """Return a name for this data folder, made once, to tell it from others."""
        path = self._folder / "place"
        with self._usable():
            self._folder.mkdir(parents=True, exist_ok=True)
            fresh = self._folder / f".{secrets.token_hex(4)}"
            fresh.write_text(secrets.token_hex(4))
            with contextlib.suppress(FileExistsError):
                os.link(fresh, path)  # whole or not at all, and only once
            fresh.unlink()
            return path.read_text()

    def join(self, prefix: str) -> str:
        """Take a new executor id and hold its lock until `leave` or the end of the process."""
        executor_id = f"{prefix}-{os.getpid()}-{secrets.token_hex(3)}"
        joining = self._folder / f".{executor_id}"
        with self._usable(), contextlib.ExitStack() as undo:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(joining, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            undo.callback(os.close, self._lock)
            undo.callback(joining.unlink)
            self.note(())
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            joining.rename(self._folder / f"{executor_id}.lock")  # seen only when locked
            undo.pop_all()
        return executor_id

    def note(self, run_ids: Collection[str]) -> None:
        """Say which runs are in their first step. Kept by the kernel when the process dies."""
        assert self._lock is not None
        with self._usable():
            os.pwrite(self._lock, json.dumps(sorted(run_ids)).encode().ljust(NOTE_BYTES), 0)

    def leave(self) -> None:
        """Give up the lock; the file stays, for whoever resumes what this process left."""
        assert self._lock is not None
        os.close(self._lock)
        self._lock = None

    def deaths(self) -> Mapping[str, list[str]]:
        """Return in which processes each run died in its first step, the latest ones in a row."""
        try:
            return dict(json.loads((self._folder / "deaths").read_bytes()))
        except (FileNotFoundError, ValueError):  # torn by a loss of power: nobody is blamed
            return {}

    def keep_deaths(self, deaths: Mapping[str, list[str]]) -> None:
        """Replace `deaths`, under `survey`."""
        with self._usable():
            fresh = self._folder / ".deaths"
            fresh.write_text(json.dumps(deaths))
            fresh.replace(self._folder / "deaths")

    @contextlib.contextmanager
    def survey(self) -> Iterator[Survey | None]:
        """Tell who is dead, with the sole right to act on it; None while another has that right."""
        with self._usable():
            right = os.open(self._folder / "survey", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            yield self._look() if _is_free(right) else None
        finally:
            os.close(right)

    def living(self) -> frozenset[str]:
        """Return the executor ids of the processes that work on the data folder now."""
        return self._look().living

    def forget(self, executor_id: str) -> None:
        """Remove the file of a dead process, under `survey`."""
        with self._usable():
            (self._folder / f"{executor_id}.lock").unlink(missing_ok=True)

    def _look(self) -> Survey:
        living, dead = set(), {}
        with self._usable():
            for path in self._folder.glob("*.lock"):
                lock = os.open(path, os.O_RDONLY)
                try:
                    if _is_free(lock):
                        dead[path.stem] = _noted_runs(os.read(lock, NOTE_BYTES))
                    else:
                        living.add(path.stem)
                finally:
                    os.close(lock)
        return Survey(frozenset(living), dead)

    @contextlib.contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StorageFull(
                f"the folder {self._folder} can't be used: {error.strerror}"
            ) from error


def _is_free(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _noted_runs(note: bytes) -> frozenset[str]:
    try:
        return frozenset(json.loads(note))
    except ValueError:  # torn by a loss of power: nobody is blamed
        return frozenset()
