"""Files by their hash: whole or not there, and noticed when they change."""

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

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tower_anime.adapters.blobs import FileBlobs
from tower_anime.adapters.durable_files import TEMPORARY_PREFIX
from tower_anime.domain.attempt import Artifact
from tower_anime.errors import CorruptOutput, NotFound, StorageFull

DATA = b"\x89PNG not really"
SHA = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "artifacts"


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_file_is_named_by_its_hash(folder: Path) -> None:
    blobs = FileBlobs(folder)
    artifact = blobs.put(DATA, media_type="image/png")
    expected = folder / SHA[:2] / f"{SHA}.png"
    assert artifact == Artifact(
        sha256=SHA, path=str(expected), media_type="image/png", size_bytes=len(DATA)
    )
    assert blobs.path(artifact) == expected
    assert blobs.find(SHA) == expected
    assert expected.read_bytes() == DATA


@given(data=st.binary(max_size=200), media_type=st.sampled_from(["image/webp", "x/y", ""]))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_bytes_come_back(folder: Path, data: bytes, media_type: str) -> None:
    artifact = FileBlobs(folder).put(data, media_type=media_type)
    assert FileBlobs(folder).path(artifact).read_bytes() == data


def test_the_same_bytes_are_written_once(folder: Path) -> None:
    first = FileBlobs(folder).put(DATA, media_type="image/png")
    before = Path(first.path).stat()
    second = FileBlobs(folder).put(DATA, media_type="image/png")
    after = Path(second.path).stat()
    assert second == first
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert files_below(folder) == [Path(first.path)]


def test_many_threads_may_put_the_same_bytes(folder: Path) -> None:
    blobs = FileBlobs(folder)
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: blobs.put(DATA, media_type="image/png"), range(16)))
    assert len(found) == 1
    assert len(files_below(folder)) == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(DATA[:-1]),
        lambda path: path.write_bytes(DATA[::-1]),
        lambda path: path.write_bytes(b""),
        lambda path: path.unlink(),
    ],
)
@pytest.mark.parametrize("same_process", [True, False])
def test_damage_is_noticed_and_mended_by_the_next_put(
    folder: Path, damage: Callable[[Path], object], *, same_process: bool
) -> None:
    blobs = FileBlobs(folder)
    artifact = blobs.put(DATA, media_type="image/png")
    path = blobs.path(artifact)
    damage(path)
    reader = blobs if same_process else FileBlobs(folder)
    with pytest.raises(CorruptOutput, match=str(path)):
        reader.path(artifact)
    with pytest.raises((CorruptOutput, NotFound), match=SHA):
        reader.find(SHA)
    assert blobs.put(DATA, media_type="image/png") == artifact
    assert reader.path(artifact).read_bytes() == DATA


def test_an_unchanged_file_is_hashed_once(folder: Path) -> None:
    blobs = FileBlobs(folder)
    artifact = blobs.put(DATA, media_type="image/png")
    path = blobs.path(artifact)
    looks = path.stat()
    path.write_bytes(DATA[::-1])
    os.utime(path, ns=(looks.st_atime_ns, looks.st_mtime_ns))
    assert blobs.path(artifact) == path  # same size, same time: not read again
    with pytest.raises(CorruptOutput):
        FileBlobs(folder).path(artifact)


def test_an_unknown_hash_is_not_found(folder: Path) -> None:
    for unknown in (SHA, "nope", "../../../etc/passwd"):
        with pytest.raises(NotFound, match="no file with the SHA-256"):
            FileBlobs(folder).find(unknown)
    artifact = FileBlobs(folder).put(DATA, media_type="image/png")
    elsewhere = replace(artifact, sha256="../../../etc/passwd")
    with pytest.raises(CorruptOutput):
        FileBlobs(folder).path(elsewhere)


def test_a_folder_that_moved_still_has_its_files(folder: Path, tmp_path: Path) -> None:
    artifact = FileBlobs(folder).put(DATA, media_type="image/png")
    moved = folder.rename(tmp_path / "moved")
    assert FileBlobs(moved).path(artifact).read_bytes() == DATA


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES])
@pytest.mark.parametrize("failing", ["write", "fsync"])
def test_a_disk_that_refuses_is_named_and_nothing_is_left(
    folder: Path, monkeypatch: pytest.MonkeyPatch, number: int, failing: str
) -> None:
    FileBlobs(folder).put(b"before", media_type="image/png")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        if failing == "fsync":
            patched.setattr(os, "fsync", refuse)
        else:
            patched.setattr(Path, "replace", refuse)
        with pytest.raises(StorageFull) as caught:
            FileBlobs(folder).put(DATA, media_type="image/png")
    assert str(folder) in str(caught.value)
    assert os.strerror(number) in str(caught.value)
    assert [path.read_bytes() for path in files_below(folder)] == [b"before"]


def test_a_really_full_disk_is_named(folder: Path) -> None:
    """A limit on the size of files is the full disk that needs no root."""
    program = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from tower_anime.adapters.blobs import FileBlobs\n"
        "from tower_anime.errors import StorageFull\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n"
        "    FileBlobs(Path(sys.argv[1])).put(bytes(5000), media_type='image/png')\n"
        "except StorageFull as error:\n"
        "    print(error)\n"
    )
    done = run(program, folder)
    assert "File too large" in done.stdout
    assert files_below(folder) == []


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "artifacts").write_text("")
    with pytest.raises(StorageFull, match="artifacts can't be written"):
        FileBlobs(tmp_path / "artifacts").put(DATA, media_type="image/png")


def test_a_process_killed_in_mid_write_leaves_only_what_can_be_recognised(folder: Path) -> None:
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from tower_anime.adapters.blobs import FileBlobs\n"
        "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"FileBlobs(Path(sys.argv[1])).put({DATA!r}, media_type='image/png')\n"
    )
    assert run(program, folder).returncode == -signal.SIGKILL
    (left,) = files_below(folder)
    assert left.name.startswith(TEMPORARY_PREFIX)
    artifact = FileBlobs(folder).put(DATA, media_type="image/png")
    assert FileBlobs(folder).path(artifact).read_bytes() == DATA


def run(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, str(folder)], capture_output=True, text=True, check=False
    )
