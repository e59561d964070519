"""`serve` as systemd sees it: ready when it listens, alive while it works, in order at its end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx2


def heard(sock: socket.socket, wanted: str) -> list[str]:
    """Return what is said up to the message that begins with `wanted`."""
    said: list[str] = []
    while not said or not said[-1].startswith(wanted):
        said.append(sock.recv(4096).decode())
    return said


def test_serve_reports_itself_and_ends_in_order(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(60)
        environment = {
            **os.environ,
            "NOTIFY_SOCKET": str(tmp_path / "notify"),
            "WATCHDOG_USEC": "1000000",
            "TOWER_DATA_DIR": str(tmp_path / "data"),
            "HOME": str(tmp_path),
        }
        command = [sys.executable, "-m", "tower_anime", "serve", "--port", str(port)]
        with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as process:
            try:
                ready = heard(sock, "READY=1")
                assert f":{port}/" in ready[-1]
                answer = httpx2.get(f"http://127.0.0.1:{port}/health", trust_env=False)
                assert answer.status_code in (200, 503)  # the sandbox may still be starting
                heard(sock, "WATCHDOG=1")
                heard(sock, "WATCHDOG=1")
                process.send_signal(signal.SIGTERM)
                heard(sock, "STOPPING=1")
                assert process.wait(60) == 0
            finally:
                process.kill()
                process.communicate()
