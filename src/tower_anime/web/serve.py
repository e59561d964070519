"""`tower-anime serve`: API, pages and workers in one process."""

from __future__ import annotations

import ipaddress
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from tower_anime.compose import App, open_app
from tower_anime.errors import BadInput, TowerError
from tower_anime.settings import Settings
from tower_anime.web.app import create_app

log = logging.getLogger(__name__)

ADOPT_EVERY_S = 2.0


def run(settings: Settings, *, host: str, port: int) -> None:
    """Serve until a signal; running steps end first, the rest goes on at the next start."""
    _check_host(settings, host)
    with open_app(settings, role="serve") as app, _adopting(app):
        config = uvicorn.Config(
            create_app(app, host=host),
            host=host,
            port=port,
            log_level="warning",
            timeout_graceful_shutdown=5,
        )
        server = uvicorn.Server(config)
        log.warning("Tower Anime listens on http://%s:%d/ui/", host, port)
        server.run()
        if not server.started:
            raise TowerError(f"port {port} on {host} can't be used; choose another with --port")


def _check_host(settings: Settings, host: str) -> None:
    if settings.api_token is None and not is_loopback(host):
        raise BadInput(
            f"without a token the server listens on loopback only, not on {host}; "
            "set TOWER_API_TOKEN to open it to others"
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens on `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def _adopting(app: App) -> Iterator[None]:
    """Take up, every few seconds, what `generate --detach` left."""
    stopping = threading.Event()

    def adopt() -> None:
        while not stopping.wait(ADOPT_EVERY_S):
            try:
                app.adopt_detached()
            except TowerError as error:
                log.warning("the queue can't be read at the moment: %s", error)

    thread = threading.Thread(target=adopt, name="adopt-detached")
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()
