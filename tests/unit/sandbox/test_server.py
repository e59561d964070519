from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx2
import pytest

from tests.contract.sandbox_client import client_of, sampler_graph
from tower_anime.errors import Unavailable
from tower_anime.sandbox.__main__ import main
from tower_anime.sandbox.server import SandboxConfig, running


def test_the_command_announces_itself_and_ends_cleanly_on_sigterm(tmp_path: Path) -> None:
    announced = tmp_path / "sandbox.json"
    command = [sys.executable, "-m", "tower_anime.sandbox", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--announce", str(announced), "--folder", str(tmp_path / "files")],
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        end = time.monotonic() + 20
        while not announced.exists():
            assert time.monotonic() < end
            time.sleep(0.01)
        facts = json.loads(announced.read_text())
        assert facts["pid"] == process.pid
        stats = httpx2.get(f"{facts['url']}/system_stats").json()
        assert stats["system"]["tower_sandbox"] is True
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=10)
    assert process.returncode == 0
    assert facts["url"] in said
    assert (tmp_path / "files" / "output").is_dir()


@pytest.mark.parametrize("arguments", [["--faults", "nope"], ["--host", "127.0.0.1"]])
def test_wrong_usage_is_exit_status_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main([*arguments, "--port", port]) == 2
    assert capsys.readouterr().err.strip()


def test_running_leaves_no_thread_and_no_file() -> None:
    before = set(threading.enumerate())
    with running(SandboxConfig(seconds_per_step=30)) as url, client_of(url) as client:
        client.post(sampler_graph())
        assert set(threading.enumerate()) != before
    assert set(threading.enumerate()) == before


def test_a_given_folder_keeps_the_files_and_numbers_go_on(tmp_path: Path) -> None:
    for number in (1, 2):
        with running(SandboxConfig(folder=tmp_path)) as url, client_of(url) as client:
            entry = client.finish(sampler_graph())
        assert entry["outputs"]["9"]["images"][0]["filename"] == f"t_0000{number}_.png"
    names = sorted(path.name for path in (tmp_path / "output").iterdir())
    assert names == ["t_00001_.png", "t_00002_.png"]


def test_a_taken_address_is_said() -> None:
    with running() as url:
        port = int(url.rsplit(":", 1)[1])
        with pytest.raises(Unavailable, match=str(port)), running(SandboxConfig(port=port)):
            pass
