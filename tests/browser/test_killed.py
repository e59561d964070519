"""A page in view while its server is killed, as an operator's machine may do at night."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Windows


@contextlib.contextmanager
def serving(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run the real command until it is killed."""
    command = [sys.executable, "-m", "tower_anime", "serve", "--port", str(port)]
    environment = {**os.environ, "TOWER_DATA_DIR": str(folder)}
    with (folder.parent / "log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, stderr=log)
    try:
        for _ in range(600):
            assert process.poll() is None, (folder.parent / "log").read_text()
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_a_killed_server_is_shown_and_the_page_goes_on_when_it_is_back(
    tmp_path: Path, opened: Windows
) -> None:
    opened.expects += ["net::ERR"]
    folder = tmp_path / "data"
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    dead = "The server does not answer"
    with serving(folder, port) as process:
        page = opened(f"http://127.0.0.1:{port}/ui/")
        expect(page.get_by_role("heading", name="Nothing was generated yet")).to_be_visible()
        process.kill()
        expect(page.get_by_text(dead)).to_be_visible()
        page.get_by_role("button", name="Colours").click()  # nothing is frozen
    with serving(folder, port):
        expect(page.get_by_text(dead)).to_be_hidden()
        wish = {"prompt": "a lighthouse", "set": {"steps": 40}, "size": "512x512"}
        page.request.post(f"http://127.0.0.1:{port}/api/v1/generations", data=wish)
        expect(page.locator("#cards, .running, .card").first).to_be_visible()
