"""The systemd unit, and what is told to systemd."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.postgres import missing
from tower_anime.adapters.systemd import Supervisor
from tower_anime.errors import BadInput, StorageFull
from tower_anime.service import (
    UNIT,
    UnitWishes,
    check_wishes,
    install,
    uninstall,
    unit_text,
    unit_wishes,
)
from tower_anime.settings import read_settings

PLAIN = UnitWishes(executable=Path("/opt/tower-anime/bin/tower-anime"))
VARIANTS: dict[str, UnitWishes] = {
    "plain": PLAIN,
    "gpu": replace(PLAIN, gpu=True),
    "static user": replace(PLAIN, user="media", library_dir=Path("/srv/media/anime")),
    "static user with gpu": replace(
        PLAIN,
        user="media",
        group="video",
        gpu=True,
        library_dir=Path("/srv/media/anime"),
        data_dir=Path("/srv/tower"),
        credentials=(("TOWER_API_TOKEN", Path("/etc/tower-anime/token")),),
    ),
    "from a home": replace(PLAIN, executable=Path("/home/aki/tower/.venv/bin/tower-anime")),
}


@pytest.fixture(params=VARIANTS)
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    file = tmp_path / UNIT
    file.write_text(unit_text(check_wishes(VARIANTS[request.param])))
    return file


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    if program is None:
        missing("no systemd-analyze: on Debian `apt install systemd`")
    return subprocess.run(
        [str(program), *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def test_the_unit_is_exposed_to_little(unit: Path) -> None:
    done = analyze("security", "--offline=true", "--threshold=15", "--no-pager", str(unit))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


def test_systemd_understands_every_line(unit: Path) -> None:
    done = analyze("security", "--offline=true", "--no-pager", str(unit))
    assert "Unknown" not in done.stderr
    assert "ignoring" not in done.stderr.lower()


def test_what_the_unit_says() -> None:
    text = unit_text(VARIANTS["static user with gpu"])
    lines = text.splitlines()
    for line in (
        "Type=notify",
        "NotifyAccess=main",
        'ExecStart="/opt/tower-anime/bin/tower-anime" serve --host 127.0.0.1 --port 44451',
        "User=media",
        "Group=video",
        "WatchdogSec=60",
        "LoadCredential=TOWER_API_TOKEN:/etc/tower-anime/token",
        "ReadWritePaths=-/srv/media/anime",
        "DeviceAllow=char-nvidia rw",
        "ProtectProc=invisible",
    ):
        assert line in lines
    assert "ProcSubset=pid" not in text
    assert "MemoryDenyWriteExecute=yes" not in text
    plain = unit_text(PLAIN).splitlines()
    assert {"DynamicUser=yes", "PrivateDevices=yes", "MemoryDenyWriteExecute=yes"} <= set(plain)
    assert "StateDirectory=tower-anime" in plain
    home = unit_text(VARIANTS["from a home"]).splitlines()
    assert "BindReadOnlyPaths=/home/aki/tower/.venv" in home


@pytest.mark.parametrize(
    "wrong",
    [
        {"user": "me; rm -rf /"},
        {"credentials": (("PATH", Path("/etc/x")),)},
        {"credentials": (("TOWER_API_TOKEN", Path("relative")),)},
        {"library_dir": Path("/a\nExecStart=/bin/sh")},
        {"data_dir": Path("/srv/x")},
    ],
)
def test_what_can_not_stand_in_a_unit_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        check_wishes(replace(PLAIN, **wrong))
    with pytest.raises(BadInput, match="looks like"):
        unit_wishes(read_settings(), credentials=("TOWER_API_TOKEN",))


def test_install_and_uninstall(tmp_path: Path) -> None:
    text = unit_text(PLAIN)
    done = install(text, folder=tmp_path)
    assert done[0] == f"wrote {tmp_path / UNIT}"
    assert "left to do: systemctl daemon-reload" in done
    assert (tmp_path / UNIT).read_text() == text
    assert "is as it was" in install(text, folder=tmp_path)[0]
    assert any("data and library were left" in line for line in uninstall(folder=tmp_path))
    assert not (tmp_path / UNIT).exists()
    assert "is not there" in uninstall(folder=tmp_path)[0]
    with pytest.raises(StorageFull, match="--print"):
        install(text, folder=tmp_path / "gone")


# ---- What systemd is told ---------------------------------------------------------------------


@pytest.fixture(params=["path", "abstract"])
def listener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    name = str(tmp_path / "notify") if request.param == "path" else f"@tower-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind("\0" + name[1:] if name.startswith("@") else name)
        sock.settimeout(5)
        yield name, sock


def test_systemd_hears_of_begin_life_and_end(listener: tuple[str, socket.socket]) -> None:
    address, sock = listener
    environment = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "60000000"}
    now_s = [0.0]
    supervisor = Supervisor.of_environment(environment)
    supervisor.clock = lambda: now_s[0]
    assert environment == {}  # children shall not speak for us
    supervisor.ready("listens\non port 1")
    assert sock.recv(1000) == b"READY=1\nSTATUS=listens on port 1"
    for _ in range(10):
        supervisor.alive()
    now_s[0] = 30.0
    supervisor.alive()
    supervisor.stopping()
    heard = [sock.recv(1000) for _ in range(3)]
    assert heard == [b"WATCHDOG=1", b"WATCHDOG=1", b"STOPPING=1\nSTATUS=stopping"]


def test_nobody_listens() -> None:
    Supervisor.of_environment({}).ready("x")
    Supervisor(address="/nowhere/at/all").ready("x")
    other = {"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}
    assert Supervisor.of_environment(other).watchdog_s is None
    assert Supervisor.of_environment({"WATCHDOG_USEC": "nonsense"}).watchdog_s is None


def test_credentials_are_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "TOWER_API_TOKEN").write_text("from a file\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    token = read_settings().api_token
    assert token is not None
    assert token.get_secret_value() == "from a file"
    monkeypatch.setenv("TOWER_API_TOKEN", "from the environment")
    token = read_settings().api_token
    assert token is not None
    assert token.get_secret_value() == "from the environment"
