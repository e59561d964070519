"""Half-written files: only what dead processes left is removed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tower_anime.adapters.durable_files import (
    TEMPORARY_PREFIX,
    close_durably,
    sweep,
    temporary_beside,
)

WRITER = """
import os, signal, sys
from pathlib import Path
from tower_anime.adapters.durable_files import temporary_beside
with temporary_beside(Path(sys.argv[1]) / "a.png") as (file, temporary):
    file.write(b"half")
    file.flush()
    print(temporary, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def writer(tmp_path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def age(path: Path, seconds: float) -> None:
    moment = time.time() - seconds
    os.utime(path, (moment, moment))


def test_a_living_writers_file_stays_and_a_dead_ones_goes(
    tmp_path: Path, writer: subprocess.Popen[str]
) -> None:
    with writer:
        assert writer.stdout is not None
        temporary = Path(writer.stdout.readline().strip())
        age(temporary, 7200)
        assert sweep(tmp_path, before=time.time() - 3600) == ()
        writer.kill()
    assert temporary.exists()
    assert sweep(tmp_path, before=time.time() - 3600) == (temporary,)
    assert not temporary.exists()


def test_what_is_young_or_finished_stays(tmp_path: Path) -> None:
    young = tmp_path / f"{TEMPORARY_PREFIX}young"
    young.write_bytes(b"x")
    folder = tmp_path / "ab"
    folder.mkdir()
    final = folder / "a.png"
    with temporary_beside(final) as (file, temporary):
        file.write(b"whole")
        close_durably(file)
        temporary.rename(final)
    age(final, 7200)
    assert sweep(tmp_path, before=time.time() - 3600) == ()
    assert final.read_bytes() == b"whole"
    assert young.exists()


def test_a_folder_that_is_not_there_has_no_orphans(tmp_path: Path) -> None:
    assert sweep(tmp_path / "none", before=time.time()) == ()
