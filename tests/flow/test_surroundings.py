"""Disks that fill up, folders that can't be written, a database server that restarts."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.flow.command import DRAFT, Commands, objects
from tests.flow.process import NONE, Processes, Worker, losses, place, posts, until
from tests.postgres import private_cluster
from tower_anime.adapters.folder_library import FolderLibrary


@contextlib.contextmanager
def small_disk(folder: Path, mib: float) -> Iterator[Path]:
    """Mount a file system of its own on `folder`; only root may."""
    folder.mkdir()
    options = f"size={int(mib * 1024)}k"
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if done.returncode:
        pytest.skip(f"no file system can be mounted here; run as root: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", 32) as folder:
        yield folder


def fill(disk: Path, *, leave_kib: int) -> Path:
    """Write a file that leaves so much room; removing it makes room again."""
    ballast = disk / "ballast"
    free = shutil.disk_usage(disk).free - leave_kib * 1024
    ballast.write_bytes(b"x" * max(free, 0))
    return ballast


def test_a_disk_that_fills_up_is_waited_for(disk: Path, drawing: str, processes: Processes) -> None:
    here = place(disk, drawing)
    posted = posts(drawing)
    ids = here.add(4)
    ballast = fill(disk, leave_kib=1000)
    worker = processes.up(Worker(here, ids))
    until(lambda: shutil.disk_usage(disk).free < 400 * 1024)
    time.sleep(2.0)  # it tries and waits
    assert worker.is_alive()
    ballast.unlink()
    worker.join()
    assert worker.exitcode == 0
    assert losses(here, ids, posted=posted) == NONE


def test_a_disk_that_is_full_before_is_named(disk: Path, tmp_path: Path) -> None:
    commands = Commands(tmp_path, TOWER_DATA_DIR=str(disk / "data"))
    fill(disk, leave_kib=0)
    done = commands.run("generate", "1girl")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "full" in done.stderr or "No space left" in done.stderr


def test_a_read_only_folder_is_named(disk: Path, tmp_path: Path) -> None:
    commands = Commands(tmp_path, TOWER_DATA_DIR=str(disk / "data"))
    assert commands.run("db", "upgrade").returncode == 0
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    for arguments in (("generate", "1girl"), ("serve", "--port", "0"), ("db", "upgrade")):
        done = commands.run(*arguments)
        assert done.returncode == 1, arguments
        assert "Traceback" not in done.stderr
        assert "Read-only" in done.stderr or "read-only" in done.stderr


@pytest.mark.slow
def test_a_full_library_leaves_the_approval_and_no_half_file(tmp_path: Path, disk: Path) -> None:
    fill(disk, leave_kib=40)
    commands = Commands(tmp_path, TOWER_LIBRARY_DIR=str(disk / "library"))
    done = commands.run("generate", "1girl", *DRAFT, "--json")
    assert done.returncode == 1, done.stderr
    (seen,) = objects(done.stdout)
    assert seen["status"] == "approved"
    assert seen["publication"]["state"] == "pending"
    assert "No space left" in seen["publication"]["reason"]
    assert not list((disk / "library").rglob("*.png"))
    (disk / "ballast").unlink()
    assert commands.run("publish", seen["generation_id"]).returncode == 0
    assert len(list((disk / "library").rglob("*.png"))) == 1


class Sleeping(FolderLibrary):
    """A library that takes its time, so that much is in flight."""

    def publish(self, *arguments: object, **options: object) -> object:  # type: ignore[override]
        time.sleep(0.2)
        return super().publish(*arguments, **options)  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_database_server_that_restarts_costs_only_time(
    tmp_path: Path, drawing: str, processes: Processes
) -> None:
    with private_cluster() as cluster:
        here = place(tmp_path, drawing, postgresql=cluster.url)
        posted = posts(drawing)
        ids = here.add(12)
        worker = Worker(here, ids, changes={"library": Sleeping(tmp_path / "library")})
        process = processes.up(replace(worker, patient=True))
        for _ in range(2):
            time.sleep(1.5)
            cluster.stop()
            time.sleep(1.0)
            cluster.start()
        process.join(180)
        assert process.exitcode == 0
        assert losses(here, ids, posted=posted) == NONE
