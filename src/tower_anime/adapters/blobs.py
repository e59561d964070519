"""Files named by their SHA-256, in one folder: `ab/abcdef….png`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from tower_anime.adapters.durable_files import (
    TEMPORARY_PREFIX,
    close_durably,
    sync_folder,
    temporary_beside,
)
from tower_anime.domain.attempt import Artifact
from tower_anime.errors import CorruptOutput, NotFound, StorageFull

_SUFFIXES = {
    "application/json": ".json",
    "audio/flac": ".flac",
    "audio/mp4": ".m4a",
    "image/avif": ".avif",
    "image/gif": ".gif",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "video/mp4": ".mp4",
    "video/webm": ".webm",
    "video/x-matroska": ".mkv",
}
_OTHER = ".bin"
_HASH = re.compile(r"[0-9a-f]{64}")
_REMEMBERED = 512  # about half a megabyte; beyond it, hashing again costs little


class FileBlobs:
    """`ports.Blobs` in a folder, which is made on the first `put`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        # what a file looked like when its hash was right: (mtime_ns, size) by path
        self._checked: dict[Path, tuple[int, int]] = {}
        self._named_durably: set[Path] = set()

    def put(self, data: bytes, *, media_type: str) -> Artifact:
        """Store `data`; the same bytes give the same artifact. `StorageFull` on a full disk.

        When it returns, the file is on the disk under its name, whatever happens next.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        final = self._named(sha256, _SUFFIXES.get(media_type, _OTHER))
        try:
            if not _intact(final, sha256):
                self._write(final, data)
            # also for a file that was there: its writer may have died before this
            sync_folder(final.parent)
            self._remember(final, _looks(final))
        except OSError as error:
            raise self._unusable(error) from error
        return Artifact(sha256=sha256, path=str(final), media_type=media_type, size_bytes=len(data))

    def path(self, artifact: Artifact) -> Path:
        """Return the file's path after checking that its bytes are still what they were.

        `CorruptOutput` when they are not, or when the file is gone.
        """
        suffix = _SUFFIXES.get(artifact.media_type, _OTHER)
        return self._checked_path(self._named(artifact.sha256, suffix), artifact.sha256)

    def find(self, sha256: str) -> Path:
        """Return the path of the file with this hash, checked like `path`; `NotFound` if none."""
        if _HASH.fullmatch(sha256):
            for suffix in (*_SUFFIXES.values(), _OTHER):
                path = self._named(sha256, suffix)
                if path.exists():
                    return self._checked_path(path, sha256)
        raise NotFound(f"there is no file with the SHA-256 {sha256}")

    def stored(self) -> Iterator[tuple[str, Path]]:
        """Yield the SHA-256 and path of each file that is there; nothing is read."""
        for path in self._folder.glob("??/*"):
            if not path.name.startswith(TEMPORARY_PREFIX):
                yield path.stem, path

    def _named(self, sha256: str, suffix: str) -> Path:
        return self._folder / sha256[:2] / f"{sha256}{suffix}"

    def _checked_path(self, path: Path, sha256: str) -> Path:
        try:
            looks = _looks(path)
            if looks is None:
                raise CorruptOutput(f"the file {path} is gone")
            if self._checked.get(path) != looks and not _intact(path, sha256):
                raise CorruptOutput(f"the file {path} changed since it was stored")
        except OSError as error:
            raise StorageFull(f"the file {path} can't be read: {error.strerror}") from error
        self._remember(path, looks)
        return path

    def _write(self, final: Path, data: bytes) -> None:
        final.parent.mkdir(parents=True, exist_ok=True)
        with temporary_beside(final) as (file, temporary):
            file.write(data)
            close_durably(file)
            temporary.replace(final)
        if final.parent not in self._named_durably:  # the name of the two-letter folder
            sync_folder(self._folder)
            self._named_durably.add(final.parent)

    def _remember(self, path: Path, looks: tuple[int, int] | None) -> None:
        if looks is None:
            return
        if len(self._checked) >= _REMEMBERED:
            self._checked.clear()
        self._checked[path] = looks

    def _unusable(self, error: OSError) -> StorageFull:
        return StorageFull(f"the folder {self._folder} can't be written: {error.strerror}")


def _intact(path: Path, sha256: str) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except FileNotFoundError:
        return False


def _looks(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size
