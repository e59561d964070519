"""New and changed files of a folder, as soon as nobody writes them any more."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from tower_anime.domain.produced import Produced
from tower_anime.errors import BadInput, StorageFull

_Looks = tuple[int, int]  # time of the last change in ns, size


class FolderWatch:
    """Tells of files with certain endings in a folder and those below it; safe to call for ever.

    A file counts as written when it looked the same in two calls in a row. With `existing` those
    that are there already count as new.
    """

    def __init__(self, folder: Path, suffixes: Collection[str], *, existing: bool = False) -> None:
        if not folder.is_dir():
            raise BadInput(f"the folder {folder} is not there")
        self._folder = folder
        self._suffixes = frozenset(suffixes)
        self._seen = dict(self._walk(folder))
        self._told: dict[Path, _Looks] = {} if existing else self._seen

    def news(self) -> Iterator[Produced]:
        """Yield what was written since the last call, oldest first."""
        now = dict(self._walk(self._folder))
        settled = [
            path
            for path, looks in now.items()
            if self._told.get(path) != looks and self._seen.get(path) == looks and looks[1]
        ]
        self._seen = now
        self._told = {path: looks for path, looks in self._told.items() if path in now}
        for path in sorted(settled, key=lambda one: (now[one][0], str(one))):
            self._told[path] = now[path]
            yield Produced(name=str(path), path=path)

    def _walk(self, folder: Path) -> Iterator[tuple[Path, _Looks]]:
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        yield from self._walk(Path(entry.path))
                    elif os.path.splitext(entry.name)[1].lower() in self._suffixes:  # noqa: PTH122
                        found = entry.stat()
                        yield Path(entry.path), (found.st_mtime_ns, found.st_size)
        except FileNotFoundError as error:
            if folder == self._folder:
                raise StorageFull(f"the folder {folder} is gone") from error
        except OSError as error:
            raise StorageFull(f"the folder {folder} can't be read: {error.strerror}") from error
