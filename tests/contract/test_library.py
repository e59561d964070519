"""What every library does, the folder and the fake alike; then what only a folder can do."""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest

from tower_anime.adapters.durable_files import TEMPORARY_PREFIX
from tower_anime.adapters.folder_library import STAGING, FolderLibrary
from tower_anime.domain.generation import Publication, PublicationState
from tower_anime.domain.release import Release
from tower_anime.errors import BadInput, CorruptOutput, LibraryUnavailable, PlaceTaken
from tower_anime.ports import Library
from tower_anime.testing.library import MemoryLibrary

DATA = b"an approved picture"
SHA = hashlib.sha256(DATA).hexdigest()


class Shelf(Protocol):
    """A library under test, and a way to look into it."""

    library: Library

    def read(self, location: str) -> bytes: ...

    def put(self, relative_path: str, data: bytes) -> None: ...

    def names(self) -> set[str]: ...


class FolderShelf:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.library = FolderLibrary(folder)

    def read(self, location: str) -> bytes:
        return Path(location).read_bytes()

    def put(self, relative_path: str, data: bytes) -> None:
        path = self.folder / relative_path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def names(self) -> set[str]:
        art = (path for path in self.folder.rglob("*") if path.is_file())
        return {path.name for path in art if path.parent.name != STAGING}


class MemoryShelf:
    def __init__(self) -> None:
        self.library = MemoryLibrary()

    def read(self, location: str) -> bytes:
        return self.library.files[location]

    def put(self, relative_path: str, data: bytes) -> None:
        self.library.files[f"/memory/{relative_path}"] = data

    def names(self) -> set[str]:
        return {Path(location).name for location in self.library.files}


@pytest.fixture(params=["folder", "memory"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    return FolderShelf(tmp_path / "library") if request.param == "folder" else MemoryShelf()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.png"
    path.write_bytes(DATA)
    return path


def a_release(generation_id: str = "g1", *, note: str = "", **changes: object) -> Release:
    release = Release(
        generation_id=generation_id,
        artifact_sha256=SHA,
        relative_path="Art/Tower/A girl.png",
        companions={"A girl.json": f'{{"generation_id": "{generation_id}", "note": "{note}"}}'},
    )
    return replace(release, **changes)  # type: ignore[arg-type]


def published(shelf: Shelf, release: Release, source: Path) -> str:
    publication = shelf.library.publish(release, source)
    assert publication.location is not None
    return publication.location


def test_a_release_is_written_with_its_texts_and_verified(shelf: Shelf, source: Path) -> None:
    release = a_release()
    publication = shelf.library.publish(release, source)
    assert publication.artifact_sha256 == SHA
    assert publication.target == shelf.library.target
    assert publication.state is PublicationState.UNVERIFIED
    assert publication.location is not None
    assert publication.location.startswith("/")
    assert publication.location.endswith("/Art/Tower/A girl.png")
    assert shelf.read(publication.location) == DATA
    text = publication.location.replace(".png", ".json")
    assert shelf.read(text).decode() == release.companions["A girl.json"]
    verified = shelf.library.verify(publication, sha256=SHA)
    assert verified == replace(publication, state=PublicationState.VERIFIED)


def test_publishing_again_is_the_same_as_once(shelf: Shelf, source: Path) -> None:
    first = shelf.library.publish(a_release(), source)
    assert shelf.library.publish(a_release(), source) == first
    assert shelf.names() == {"A girl.png", "A girl.json"}


def test_a_text_that_changed_is_renewed(shelf: Shelf, source: Path) -> None:
    published(shelf, a_release(note="old"), source)
    location = published(shelf, a_release(note="new"), source)
    assert b"new" in shelf.read(location.replace(".png", ".json"))
    assert shelf.names() == {"A girl.png", "A girl.json"}


def test_the_same_bytes_of_two_generations_are_two_files(shelf: Shelf, source: Path) -> None:
    first = published(shelf, a_release("g1"), source)
    second = published(shelf, a_release("g2"), source)
    assert first != second
    assert shelf.names() == {"A girl.png", "A girl.json", "A girl (2).png", "A girl (2).json"}
    assert b"g1" in shelf.read(first.replace(".png", ".json"))
    assert b"g2" in shelf.read(second.replace(".png", ".json"))
    assert published(shelf, a_release("g2"), source) == second


def test_somebody_elses_file_is_never_touched(shelf: Shelf, source: Path) -> None:
    shelf.put("Art/Tower/A girl.png", b"mine")
    shelf.put("Art/Tower/A girl (2).png", b"mine too")
    location = published(shelf, a_release(), source)
    assert location.endswith("/A girl (3).png")
    assert shelf.read(location.replace(" (3)", "")) == b"mine"
    assert shelf.read(location.replace(" (3)", " (2)")) == b"mine too"
    assert shelf.names() >= {"A girl (3).png", "A girl (3).json"}
    assert "A girl.json" not in shelf.names()


def test_a_published_file_that_changed_is_pending_with_the_reason(
    shelf: Shelf, source: Path
) -> None:
    publication = shelf.library.publish(a_release(), source)
    shelf.put("Art/Tower/A girl.png", b"torn")
    found = shelf.library.verify(publication, sha256=SHA)
    assert found.state is PublicationState.PENDING
    assert "other bytes" in str(found.reason)


def test_what_is_not_there_is_pending_with_the_reason(shelf: Shelf) -> None:
    nowhere = Publication(
        artifact_sha256=SHA,
        target=shelf.library.target,
        state=PublicationState.UNVERIFIED,
        location="/nowhere/at all.png",
    )
    found = shelf.library.verify(nowhere, sha256=SHA)
    assert (found.state, found.reason) == (
        PublicationState.PENDING,
        "/nowhere/at all.png is not there",
    )
    unwritten = shelf.library.verify(replace(nowhere, location=None), sha256=SHA)
    assert (unwritten.state, unwritten.reason) == (
        PublicationState.PENDING,
        "it is not written yet",
    )


@pytest.mark.parametrize(
    "relative_path", ["../out.png", "/etc/out.png", "a/../../out.png", "", ".", "a/.."]
)
def test_a_path_out_of_the_library_is_refused(
    shelf: Shelf, source: Path, relative_path: str
) -> None:
    with pytest.raises(BadInput, match="below the library"):
        shelf.library.publish(a_release(relative_path=relative_path), source)
    assert shelf.names() == set()


@pytest.mark.parametrize("name", ["../A girl.json", "/A girl.json", "sub/A girl.json", ""])
def test_a_text_out_of_the_folder_is_refused(shelf: Shelf, source: Path, name: str) -> None:
    with pytest.raises(BadInput, match="no name of a file beside"):
        shelf.library.publish(a_release(companions={name: "x"}), source)
    assert shelf.names() == set()


def test_a_source_that_is_not_what_was_approved_is_refused(shelf: Shelf, source: Path) -> None:
    source.write_bytes(b"changed")
    with pytest.raises(CorruptOutput, match="not what was approved"):
        shelf.library.publish(a_release(), source)
    assert not any(name.endswith(".png") for name in shelf.names())


def test_a_missing_source_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(CorruptOutput):
        shelf.library.publish(a_release(), tmp_path / "gone.png")


def a_film(generation_id: str = "g1", **changes: object) -> Release:
    """A release whose name means something: it takes its place or none."""
    return a_release(
        generation_id,
        relative_path="Movies/Rain (2026)/Rain (2026).mp4",
        companions={"Rain (2026).nfo": f"<movie>{generation_id}</movie>", "poster.jpg": JPEG},
        numbered=False,
        **changes,
    )


JPEG = b"\xff\xd8\xff a picture"


def test_a_name_that_means_something_is_not_numbered(shelf: Shelf, source: Path) -> None:
    published(shelf, a_film("g1"), source)
    with pytest.raises(PlaceTaken):
        shelf.library.publish(a_film("g2"), source)
    assert shelf.names() == {"Rain (2026).mp4", "Rain (2026).nfo", "poster.jpg"}
    assert published(shelf, a_film("g1"), source).endswith("/Rain (2026).mp4")


def test_what_a_generation_made_later_takes_the_place_of_what_it_made_first(
    shelf: Shelf, source: Path, tmp_path: Path
) -> None:
    first = published(shelf, a_film(), source)
    better = tmp_path / "better.mp4"
    better.write_bytes(b"better")
    sha256 = hashlib.sha256(b"better").hexdigest()
    later = a_film(artifact_sha256=sha256)
    with pytest.raises(PlaceTaken):  # nobody said that it replaces anything
        shelf.library.publish(later, better)
    location = published(shelf, replace(later, replaces=(SHA,)), better)
    assert location == first
    assert shelf.read(location) == b"better"


def test_what_belongs_to_a_whole_series_is_written_once(shelf: Shelf, source: Path) -> None:
    shared = {"Movies/tvshow.nfo": "first", "Movies/fanart.jpg": JPEG}
    location = published(shelf, a_film(shared=shared), source)
    published(shelf, a_film(shared={"Movies/tvshow.nfo": "second"}), source)
    root = location.removesuffix("Movies/Rain (2026)/Rain (2026).mp4")
    assert shelf.read(f"{root}Movies/tvshow.nfo") == b"first"
    assert shelf.read(f"{root}Movies/fanart.jpg") == JPEG


def test_what_is_withdrawn_is_gone_with_its_words(shelf: Shelf, source: Path) -> None:
    kept = shelf.library.publish(a_release("g2"), source)
    publication = shelf.library.publish(a_film(), source)
    for _ in range(2):
        gone = shelf.library.withdraw(publication)
        assert (gone.state, gone.reason) == (PublicationState.WITHDRAWN, None)
    assert "Rain (2026).mp4" not in shelf.names()
    assert "Rain (2026).nfo" not in shelf.names()
    assert shelf.library.verify(kept, sha256=SHA).state is PublicationState.VERIFIED


def test_a_file_that_is_no_longer_ours_is_not_withdrawn(shelf: Shelf, source: Path) -> None:
    publication = shelf.library.publish(a_release(), source)
    shelf.put("Art/Tower/A girl.png", b"edited by a person")
    gone = shelf.library.withdraw(publication)
    assert gone.state is PublicationState.WITHDRAWN
    assert "stays" in str(gone.reason)
    assert shelf.read(str(publication.location)) == b"edited by a person"


# ---- The fake's script ------------------------------------------------------------------------


def test_the_fake_fails_when_told_and_then_works(source: Path) -> None:
    library = MemoryLibrary(
        failures=[LibraryUnavailable("full"), None], unseen=["not scanned yet", None]
    )
    with pytest.raises(LibraryUnavailable, match="full"):
        library.publish(a_release(), source)
    publication = library.publish(a_release(), source)
    assert library.verify(publication, sha256=SHA).reason == "not scanned yet"
    assert library.verify(publication, sha256=SHA).state is PublicationState.VERIFIED
    assert library.releases == [a_release()]


# ---- Only a folder ----------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "library"


def test_texts_of_the_whole_folder_are_written_once(folder: Path, source: Path) -> None:
    release = a_release(companions={"season.nfo": "first", "A girl-thumb.txt": "g1"})
    FolderLibrary(folder).publish(release, source)
    other = a_release("g2", companions={"season.nfo": "second", "A girl-thumb.txt": "g2"})
    FolderLibrary(folder).publish(other, source)
    assert (folder / "Art/Tower/season.nfo").read_text() == "first"
    assert (folder / "Art/Tower/A girl (2)-thumb.txt").read_text() == "g2"


@pytest.mark.parametrize("name", ["A girl.png", "A girl.json"])
@pytest.mark.parametrize("kind", ["folder", "dangling link"])
def test_what_is_no_file_is_somebody_elses(
    folder: Path, source: Path, name: str, kind: str
) -> None:
    taken = folder / "Art/Tower" / name
    taken.parent.mkdir(parents=True)
    if kind == "folder":
        taken.mkdir()
    else:
        taken.symlink_to("/nowhere")
    location = FolderLibrary(folder).publish(a_release(), source).location
    assert location == str(folder / "Art/Tower/A girl (2).png")


def test_a_withdrawn_film_leaves_no_folder_but_what_others_put_there(
    folder: Path, source: Path
) -> None:
    library = FolderLibrary(folder)
    publication = library.publish(a_film(), source)
    place = folder / "Movies/Rain (2026)"
    assert (place / "poster.jpg").read_bytes() == JPEG
    subtitles = place / "Rain (2026).en.srt"
    subtitles.write_text("1")
    library.withdraw(publication)
    assert list(place.iterdir()) == [subtitles]
    subtitles.unlink()
    library.withdraw(library.publish(a_film(), source))
    assert not (folder / "Movies").exists()
    assert folder.is_dir()


def test_a_film_never_mixes_with_somebody_elses_words(folder: Path, source: Path) -> None:
    place = folder / "Movies/Rain (2026)"
    place.mkdir(parents=True)
    (place / "Rain (2026).nfo").write_text("<movie>mine</movie>")
    with pytest.raises(PlaceTaken):
        FolderLibrary(folder).publish(a_film(), source)
    assert {path.name for path in place.iterdir()} == {"Rain (2026).nfo"}


def test_unfinished_files_are_where_media_servers_do_not_look(folder: Path, source: Path) -> None:
    FolderLibrary(folder).publish(a_film(), source)
    staging = folder / STAGING
    assert {path.name for path in staging.iterdir()} == {".ignore"}


def test_two_generations_at_once_never_take_each_others_place(folder: Path, source: Path) -> None:
    library = FolderLibrary(folder)

    def publish(number: int) -> str | None:
        return library.publish(a_release(f"g{number % 8}."), source).location

    with ThreadPoolExecutor(16) as pool:
        locations = list(pool.map(publish, range(16)))
    assert len(set(locations)) == 8
    for number, location in enumerate(locations):
        assert location is not None
        assert Path(location).read_bytes() == DATA
        assert f"g{number % 8}." in Path(location).with_suffix(".json").read_text()
    assert len(list((folder / "Art").rglob("*.*"))) == 16


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP])
def test_a_file_system_without_hard_links_will_do(
    folder: Path, source: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(Path, "hardlink_to", failing_with(number))
    first, second = (FolderLibrary(folder).publish(a_release(g), source) for g in ("g1", "g2"))
    assert first.location != second.location
    assert {path.name for path in (folder / "Art").rglob("*.*")} == {
        "A girl.png",
        "A girl.json",
        "A girl (2).png",
        "A girl (2).json",
    }


def failing_with(number: int) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO])
def test_a_library_that_refuses_is_named_and_nothing_is_half_written(
    folder: Path, source: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", failing_with(number))
        with pytest.raises(LibraryUnavailable) as caught:
            FolderLibrary(folder).publish(a_release(), source)
    assert f"the library {folder} can't be written: {os.strerror(number)}" == str(caught.value)
    assert not any(path.is_file() for path in (folder / "Art").rglob("*"))
    library = FolderLibrary(folder)
    assert library.verify(library.publish(a_release(), source), sha256=SHA).reason is None


def test_a_library_that_is_a_file_is_named(folder: Path, source: Path) -> None:
    folder.write_text("")
    with pytest.raises(LibraryUnavailable, match="it is a file, not a folder"):
        FolderLibrary(folder).publish(a_release(), source)


def test_a_missing_parent_is_not_made(tmp_path: Path, source: Path) -> None:
    library = FolderLibrary(tmp_path / "mount" / "library")
    with pytest.raises(LibraryUnavailable, match="mount is not there; is the drive mounted"):
        library.publish(a_release(), source)
    assert not (tmp_path / "mount").exists()


def test_what_can_not_be_read_is_pending(folder: Path, source: Path) -> None:
    library = FolderLibrary(folder)
    publication = library.publish(a_release(), source)
    found = library.verify(replace(publication, location=str(folder)), sha256=SHA)
    assert found.state is PublicationState.PENDING
    assert "can't be read: Is a directory" in str(found.reason)


KILLED = """
import os, signal, sys
from pathlib import Path
from tower_anime.adapters.folder_library import FolderLibrary
from tower_anime.domain.release import Release

calls = 0
fsync = os.fsync

def die(descriptor):
    global calls
    calls += 1
    if calls == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
    fsync(descriptor)

os.fsync = die
release = Release(
    generation_id="g1", artifact_sha256=sys.argv[4], relative_path="Art/Tower/A girl.png",
    companions={"A girl.json": '{"generation_id": "g1", "note": ""}'},
)
FolderLibrary(Path(sys.argv[1])).publish(release, Path(sys.argv[2]))
"""


@pytest.mark.parametrize("crash_at", range(1, 7))
def test_a_process_killed_at_any_write_leaves_no_half_file(
    folder: Path, source: Path, crash_at: int
) -> None:
    arguments = [str(folder), str(source), str(crash_at), SHA]
    done = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False)
    assert done.returncode == -signal.SIGKILL
    media = folder / "Art/Tower/A girl.png"
    assert not media.exists() or media.read_bytes() == DATA
    library = FolderLibrary(folder)
    publication = library.publish(a_release(), source)
    assert publication.location == str(media)
    assert library.verify(publication, sha256=SHA).state is PublicationState.VERIFIED
    visible = {path.name for path in media.parent.iterdir()}
    assert {name for name in visible if not name.startswith(TEMPORARY_PREFIX)} == {
        "A girl.png",
        "A girl.json",
    }
