"""A library that is a folder: whole files under their final names, or nothing."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO

from tower_anime.adapters.durable_files import close_durably, sync_folder, temporary_in
from tower_anime.domain.generation import Publication, PublicationState
from tower_anime.domain.release import Release
from tower_anime.errors import BadInput, CorruptOutput, LibraryUnavailable, PlaceTaken

_CHUNK_BYTES = 1 << 20

_NO_HARD_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
"""What file systems without hard links say (FAT, some network shares)."""


STAGING = ".staging"
"""Where files are written before they get their name; media servers are told to ignore it."""

_IGNORE = ".ignore"

_OWN_ENDINGS = (".json", ".nfo", "-thumb.jpg")
"""What we write beside a file, named after it."""

_FILM_PICTURES = ("poster.jpg", "fanart.jpg")


@dataclass(frozen=True)
class _Place:
    """Where a release may stand: the media file and what is written beside it."""

    media: Path
    beside: Mapping[Path, bytes]


class FolderLibrary:
    """`ports.Library` in a folder; its target is `folder`.

    The folder's parent must be there: a missing one is a drive that is not mounted.
    """

    target = "folder"

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()

    def publish(self, release: Release, source: Path) -> Publication:
        """Write once, atomically; `LibraryUnavailable` when the folder can't be written.

        What stands beside it comes first, the media file last. A place is ours if its media file
        has our bytes (or those we replace) and no text there names another generation; somebody
        else's is never touched: the name gets ` (2)`, ` (3)` and so on, or `PlaceTaken`.
        `BadInput` for a path that leaves the folder, `CorruptOutput` for a source that is not
        what the release says.
        """
        relative = _checked_relative(release)
        with self._in_words():
            first = self._folder / relative
            self._make_folders(first.parent)
            staging = self._staging(first.parent)
            location = _Writer(release, source, staging).write(first, self._folder)
            sync_folder(first.parent)
        return Publication(
            artifact_sha256=release.artifact_sha256,
            target=self.target,
            state=PublicationState.UNVERIFIED,
            location=str(location),
        )

    def verify(self, publication: Publication, *, sha256: str) -> Publication:
        """Read the published file again: verified, or pending with the reason."""
        reason = _difference(publication.location, sha256)
        state = PublicationState.PENDING if reason else PublicationState.VERIFIED
        return replace(publication, state=state, reason=reason)

    def withdraw(self, publication: Publication) -> Publication:
        """Remove the file, if it is still ours, what is named after it, and folders left empty."""
        reason = None
        if publication.location is not None:
            media = Path(publication.location)
            with self._in_words():
                reason = self._remove(media, publication.artifact_sha256)
        return replace(publication, state=PublicationState.WITHDRAWN, reason=reason)

    def _remove(self, media: Path, sha256: str) -> str | None:
        """Remove a file and its companions; return why it stays if it does."""
        if not media.is_relative_to(self._folder):
            return f"{media} is not in this library any more"
        if _is_taken(media):
            if not media.is_file() or _sha256(media) != sha256:
                return f"{media} is no longer the published file and stays"
            media.unlink()
        for ending in _OWN_ENDINGS:
            media.with_name(media.stem + ending).unlink(missing_ok=True)
        if media.parent.name == media.stem:  # a film's own folder
            for name in _FILM_PICTURES:
                media.with_name(name).unlink(missing_ok=True)
        for folder in media.parents:
            if folder == self._folder or not _remove_if_empty(folder):
                break
        return None

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if not self._folder.parent.is_dir():
                reason = f"{self._folder.parent} is not there; is the drive mounted?"
            elif self._folder.exists() and not self._folder.is_dir():
                reason = "it is a file, not a folder"
            else:
                reason = error.strerror or str(error)
            raise LibraryUnavailable(
                f"the library {self._folder} can't be written: {reason}"
            ) from error

    def _staging(self, beside: Path) -> Path:
        """Return the folder to write in; `beside` itself where that is another file system."""
        staging = self._folder / STAGING
        staging.mkdir(exist_ok=True)
        (staging / _IGNORE).touch()
        return staging if staging.stat().st_dev == beside.stat().st_dev else beside

    def _make_folders(self, folder: Path) -> None:
        if not self._folder.is_dir():
            self._folder.mkdir(exist_ok=True)  # not its parents: see the class
            sync_folder(self._folder.parent)
        missing = list(
            itertools.takewhile(lambda level: not level.exists(), (folder, *folder.parents))
        )
        folder.mkdir(parents=True, exist_ok=True)
        for level in missing:
            sync_folder(level.parent)


def _checked_relative(release: Release) -> Path:
    parts = PurePosixPath(release.relative_path).parts
    if not parts or release.relative_path.startswith("/") or not all(map(_is_name, parts)):
        raise BadInput(f"{release.relative_path!r} is no path below the library folder")
    for name in release.companions:
        if not _is_name(name):
            raise BadInput(f"{name!r} is no name of a file beside the published one")
    for path in release.shared:
        if path.startswith("/") or not all(map(_is_name, PurePosixPath(path).parts)):
            raise BadInput(f"{path!r} is no path below the library folder")
    return Path(*parts)


def _is_name(part: str) -> bool:
    return part not in ("", ".", "..") and not set(part) & {"/", "\\", "\0"}


@dataclass(frozen=True)
class _Writer:
    """Writes one release; unfinished files are in `staging`, on the same file system."""

    release: Release
    source: Path
    staging: Path

    def write(self, first: Path, root: Path) -> Path:
        """Write into the first place that is free or ours; return the media file's path."""
        release = self.release
        for place in _places(first, release):
            while _is_free_or_ours(place, release):
                try:
                    self._write_shared(first, root)
                    return self._write_place(place)
                except FileExistsError:
                    continue  # somebody was faster: look again
            if not release.numbered:
                raise PlaceTaken(f"{place.media} is somebody else's")
        raise AssertionError("unreachable: the places have no end")

    def _write_shared(self, first: Path, root: Path) -> None:
        """Write what belongs to more than this release; what is there stays."""
        beside = {
            first.with_name(name): data
            for name, data in self.release.companions.items()
            if not _is_of(name, first, self.release)
        }
        shared = {root / path: data for path, data in self.release.shared.items()}
        for path, data in (shared | beside).items():
            if not _is_taken(path):
                with contextlib.suppress(FileExistsError):
                    self._write_beside(path, _bytes(data), finish=_name_new)

    def _write_place(self, place: _Place) -> Path:
        for path, data in place.beside.items():
            if not _is_taken(path):
                self._write_beside(path, data, finish=_name_new)
            elif not _is_ours(path, data, self.release):
                raise FileExistsError(errno.EEXIST, "taken meanwhile", str(path))
            elif path.read_bytes() != data:
                self._write_beside(path, data, finish=Path.replace)
        if not _is_taken(place.media):
            self._copy(place.media, finish=_name_new)
        elif _sha256(place.media) != self.release.artifact_sha256:
            self._copy(place.media, finish=Path.replace)
        return place.media

    def _write_beside(
        self, path: Path, data: bytes, *, finish: Callable[[Path, Path], object]
    ) -> None:
        with temporary_in(self.staging) as (file, temporary):
            file.write(data)
            close_durably(file)
            finish(temporary, path)

    def _copy(self, final: Path, *, finish: Callable[[Path, Path], object]) -> None:
        with (
            _open_source(self.source) as original,
            temporary_in(self.staging) as (file, temporary),
        ):
            digest = hashlib.sha256()
            while chunk := original.read(_CHUNK_BYTES):
                digest.update(chunk)
                file.write(chunk)
            if digest.hexdigest() != self.release.artifact_sha256:
                raise CorruptOutput(f"the file {self.source} is not what was approved")
            close_durably(file)
            finish(temporary, final)


def _places(first: Path, release: Release) -> Iterator[_Place]:
    """Yield the release's place, then the numbered ones; what is named after it follows."""
    named = {
        name: _bytes(data)
        for name, data in release.companions.items()
        if _is_of(name, first, release)
    }
    for number in itertools.count(1):
        stem = first.stem if number == 1 else f"{first.stem} ({number})"
        beside = {
            first.with_name(
                stem + name.removeprefix(first.stem) if name.startswith(first.stem) else name
            ): data
            for name, data in named.items()
        }
        yield _Place(first.with_name(stem + first.suffix), beside)


def _is_of(name: str, first: Path, release: Release) -> bool:
    """Whether a companion belongs to this release alone: by its name, or by the folder's."""
    by_name = name.startswith((f"{first.stem}.", f"{first.stem}-"))
    return by_name or (not release.numbered and first.parent.name == first.stem)


def _is_free_or_ours(place: _Place, release: Release) -> bool:
    media = place.media
    if _is_taken(media):
        ours = (release.artifact_sha256, *release.replaces)
        if not media.is_file() or _sha256(media) not in ours:
            return False
    return all(
        _is_ours(path, data, release) for path, data in place.beside.items() if _is_taken(path)
    )


def _is_ours(path: Path, data: bytes, release: Release) -> bool:
    """Whether what exists is what is to be written, or an earlier one of this generation.

    Pictures name nobody; the texts beside them do.
    """
    if not path.is_file():
        return False
    if _is_picture(data):
        return True
    there = path.read_bytes()
    return there == data or release.generation_id.encode() in there


def _is_picture(data: bytes) -> bool:
    return data.startswith(b"\xff\xd8\xff")


def _bytes(data: str | bytes) -> bytes:
    return data.encode() if isinstance(data, str) else data


def _open_source(source: Path) -> IO[bytes]:
    try:
        return source.open("rb")
    except OSError as error:
        raise CorruptOutput(f"the file {source} can't be read: {error.strerror}") from error


def _name_new(temporary: Path, final: Path) -> None:
    """Give a file its name, or raise `FileExistsError`: rename would overwrite."""
    try:
        final.hardlink_to(temporary)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        if _is_taken(final):
            raise FileExistsError(errno.EEXIST, "exists", str(final)) from error
        temporary.rename(final)


def _difference(location: str | None, sha256: str) -> str | None:
    if location is None:
        return "it is not written yet"
    try:
        found = _sha256(Path(location))
    except FileNotFoundError:
        return f"{location} is not there"
    except OSError as error:
        return f"{location} can't be read: {error.strerror}"
    return None if found == sha256 else f"{location} has other bytes than the approved file"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_taken(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _remove_if_empty(folder: Path) -> bool:
    """Remove a folder that holds nothing; whether it is gone."""
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            return False
        raise
    return True
