"""The command line as processes of their own, on one data folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2

from tests.flow.process import until
from tower_anime.compose import open_store
from tower_anime.domain.generation import History
from tower_anime.settings import Settings

CHECKPOINT = "checkpoint=sandbox_anime_15.safetensors"
DRAFT = ("--profile", "draft", "--size", "512x512", "--set", CHECKPOINT)


class Commands:
    """Starts `tower-anime` on one home folder; what still runs at the end is killed."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        self.data = home / "data"
        kept = {key: value for key, value in os.environ.items() if not key.startswith("TOWER_")}
        self._environment = kept | {
            "HOME": str(home),
            "TOWER_DATA_DIR": str(self.data),
            **environment,
        }
        self._started: list[subprocess.Popen[str]] = []

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command as the leader of a process group of its own."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tower_anime", *arguments],
            cwd=self.home,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._started.append(process)
        return process

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments)
        stdout, stderr = process.communicate(timeout=100)
        return subprocess.CompletedProcess(arguments, process.returncode, stdout, stderr)

    @contextmanager
    def serving(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Run `serve` until the end of the block, on a free port; yields when it listens."""
        port = free_port()
        process = self.start("serve", "--port", str(port), *arguments)

        def listens() -> bool:
            assert process.poll() is None, process.communicate()
            with suppress(httpx2.TransportError):
                return httpx2.get(f"http://127.0.0.1:{port}/health").status_code < 500
            return False

        until(listens)
        yield process
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=60)

    def histories(self) -> list[History]:
        store = open_store(Settings(data_dir=self.data, comfy_urls=()))
        try:
            return list(store.histories(limit=500).items)
        finally:
            store.close()

    def published(self) -> list[Path]:
        return sorted((self.data / "library").rglob("*.png"))

    def close(self) -> None:
        for process in self._started:
            kill_group(process)
            process.communicate()


def kill_group(process: subprocess.Popen[str]) -> None:
    """Kill a command and all its children of the same group with SIGKILL."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])
