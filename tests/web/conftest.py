"""A whole server on a free port, with its own sandbox and data folder."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn

from tower_anime.compose import App, open_app
from tower_anime.operations import Operations
from tower_anime.settings import Settings
from tower_anime.web.app import create_app


@dataclass(frozen=True)
class Server:
    """A running server and a client for it."""

    app: App
    url: str
    http: httpx2.Client

    def finished(self, generation_id: str, *, limit_s: float = 60.0) -> dict[str, Any]:
        deadline_s = time.monotonic() + limit_s
        while time.monotonic() < deadline_s:
            seen: dict[str, Any] = self.http.get(f"/api/v1/generations/{generation_id}").json()
            if seen["status"] not in ("queued", "working"):
                self.app.engine.wait(generation_id, timeout_s=10)
                return dict(self.http.get(f"/api/v1/generations/{generation_id}").json())
            time.sleep(0.05)
        raise AssertionError("the generation did not end")


@contextlib.contextmanager
def listening(
    app: App, *, port: int = 0, operations: Operations | None = None, **client: Any
) -> Iterator[Server]:
    """Serve `app` on a loopback port, a free one unless it is named."""
    sock = socket.create_server(("127.0.0.1", port))
    api = create_app(app, host="127.0.0.1", operations=operations)
    config = uvicorn.Config(api, log_level="critical", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
    thread.start()
    while not server.started and thread.is_alive():  # two that start at once build the same routes
        time.sleep(0.005)
    url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    try:
        with httpx2.Client(base_url=url, timeout=30, **client) as http:
            yield Server(app, url, http)
    finally:
        server.should_exit = True
        thread.join()
        sock.close()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    folder: Path = tmp_path_factory.mktemp("data")
    settings = Settings(data_dir=folder, comfy_urls=(), library_dir=folder / "library")
    with open_app(settings, role="test") as opened:
        yield opened


@pytest.fixture(scope="module")
def server(app: App) -> Iterator[Server]:
    with listening(app) as running:
        yield running
