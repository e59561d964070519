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

from tower_anime.adapters.durable_files import close_durably, sync_folder, temporary_beside
from tower_anime.domain.generation import Publication, PublicationState
from tower_anime.domain.release import Release
from tower_anime.errors import BadInput, CorruptOutput, LibraryUnavailable

_CHUNK_BYTES = 1 << 20

_NO_HARD_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
"""What file systems without hard links say (FAT, some network shares)."""


@dataclass(frozen=True)
class _Place:
    """Where a release may stand: the media file and the texts named after it."""

    media: Path
    texts: Mapping[Path, bytes]


class FolderLibrary:
    """`ports.Library` in a folder; its target is `folder`.

    The folder's parent must be there: a missing one is a drive that is not mounted.
    """

    target = "folder"

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()

    def publish(self, release: Release, source: Path) -> Publication:
        """Write once, atomically; `LibraryUnavailable` when the folder can't be written.

        Texts come first, the media file last. A place is ours if its media file has our bytes
        and no text there names another generation; somebody else's is never touched: the name
        gets ` (2)`, ` (3)` and so on. `BadInput` for a path that leaves the folder,
        `CorruptOutput` for a source that is not what the release says.
        """
        relative = _checked_relative(release)
        with self._in_words():
            first = self._folder / relative
            self._make_folders(first.parent)
            location = _write_release(first, release, source)
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
    return Path(*parts)


def _is_name(part: str) -> bool:
    return part not in ("", ".", "..") and not set(part) & {"/", "\\", "\0"}


def _write_release(first: Path, release: Release, source: Path) -> Path:
    """Write into the first place that is free or ours; return the media file's path."""
    for name, text in release.companions.items():
        path = first.with_name(name)
        if not _is_named_after(name, first.stem) and not _is_taken(path):
            # of the whole folder: the first one stays
            with contextlib.suppress(FileExistsError):
                _write_text(path, text.encode(), finish=_name_new)
    for place in _places(first, release):
        while _is_free_or_ours(place, release):
            try:
                return _write_place(place, release, source)
            except FileExistsError:
                continue  # somebody was faster: look again
    raise AssertionError("unreachable: the places have no end")


def _places(first: Path, release: Release) -> Iterator[_Place]:
    """Yield the release's place, then the numbered ones; the texts follow the number."""
    named = {
        name.removeprefix(first.stem): text.encode()
        for name, text in release.companions.items()
        if _is_named_after(name, first.stem)
    }
    for number in itertools.count(1):
        stem = first.stem if number == 1 else f"{first.stem} ({number})"
        texts = {first.with_name(stem + ending): text for ending, text in named.items()}
        yield _Place(first.with_name(stem + first.suffix), texts)


def _is_named_after(name: str, stem: str) -> bool:
    return name.startswith((f"{stem}.", f"{stem}-"))


def _is_free_or_ours(place: _Place, release: Release) -> bool:
    media = place.media
    if _is_taken(media) and not (media.is_file() and _sha256(media) == release.artifact_sha256):
        return False
    return all(
        _is_ours(path, text, release) for path, text in place.texts.items() if _is_taken(path)
    )


def _is_ours(path: Path, text: bytes, release: Release) -> bool:
    """Whether an existing text is the one to write, or an earlier one of this generation."""
    if not path.is_file():
        return False
    there = path.read_bytes()
    return there == text or release.generation_id.encode() in there


def _write_place(place: _Place, release: Release, source: Path) -> Path:
    for path, text in place.texts.items():
        if not _is_taken(path):
            _write_text(path, text, finish=_name_new)
        elif not _is_ours(path, text, release):
            raise FileExistsError(errno.EEXIST, "taken meanwhile", str(path))
        elif path.read_bytes() != text:
            _write_text(path, text, finish=Path.replace)
    if not _is_taken(place.media):
        _copy(source, place.media, sha256=release.artifact_sha256)
    return place.media


def _write_text(path: Path, text: bytes, *, finish: Callable[[Path, Path], object]) -> None:
    with temporary_beside(path) as (file, temporary):
        file.write(text)
        close_durably(file)
        finish(temporary, path)


def _copy(source: Path, final: Path, *, sha256: str) -> None:
    with _open_source(source) as original, temporary_beside(final) as (file, temporary):
        digest = hashlib.sha256()
        while chunk := original.read(_CHUNK_BYTES):
            digest.update(chunk)
            file.write(chunk)
        if digest.hexdigest() != sha256:
            raise CorruptOutput(f"the file {source} is not what was approved")
        close_durably(file)
        _name_new(temporary, final)


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
