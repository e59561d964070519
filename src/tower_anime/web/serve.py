"""`tower-anime serve`: API, pages and workers in one process."""

from __future__ import annotations

import ipaddress
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from tower_anime import logs
from tower_anime.compose import Pulse, open_app
from tower_anime.errors import BadInput, TowerError
from tower_anime.operations import operating
from tower_anime.service import Supervisor
from tower_anime.settings import Settings
from tower_anime.web.broadcast import Broadcast

log = logging.getLogger(__name__)

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def run(
    settings: Settings, *, host: str, port: int, sandbox: Callable[[], str] | None = None
) -> None:
    """Serve until a signal; running steps end first, the rest goes on at the next start.

    `sandbox` is a wait for the address of a built-in generator that was begun already.
    """
    _check_host(settings, host)
    if settings.log_format == "json":
        logs.as_json_lines()
    supervisor = Supervisor.of_environment()
    with (
        _asked_to_stop() as asked,
        open_app(settings, role="serve", keeps_house=True, sandbox=sandbox) as app,
        operating(app) as operations,
    ):
        from tower_anime.web.app import create_app  # takes half a second; the work goes on before

        api = create_app(app, host=host, operations=operations)
        config = uvicorn.Config(
            api,
            host=host,
            port=port,
            log_level="warning",
            log_config=None,
            timeout_graceful_shutdown=5,
        )
        server = _Server(config, api.state.broadcast, supervisor=supervisor, pulse=app.pulse)
        asked.append(server)
        log.warning("Tower Anime listens on http://%s:%d/ui/", host, port)
        server.run()
        if not server.started:
            raise TowerError(f"port {port} on {host} can't be used; choose another with --port")


class _Server(uvicorn.Server):
    """uvicorn that leaves signals to us: it would end the process before the drain."""

    def __init__(
        self, config: uvicorn.Config, broadcast: Broadcast, *, supervisor: Supervisor, pulse: Pulse
    ) -> None:
        super().__init__(config)
        self._broadcast = broadcast
        self._supervisor = supervisor
        self._pulse = pulse

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so: the database is open already."""
        await super().startup(sockets)
        if self.started:
            where = f"http://{self.config.host}:{self.config.port}/ui/"
            self._supervisor.ready(f"listens on {where}")

    async def on_tick(self, counter: int) -> bool:
        """Give a sign of life ten times a second, as long as the working loop does its rounds."""
        limit_s = self._supervisor.watchdog_s
        if limit_s is not None and self._pulse.age_s < limit_s:
            self._supervisor.alive()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams first: they would keep their connections open for ever."""
        self._supervisor.stopping()
        self._broadcast.close()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@contextmanager
def _asked_to_stop() -> Iterator[list[_Server]]:
    """Let SIGTERM and SIGINT stop the servers in the yielded list; a second one ends at once."""
    servers: list[_Server] = []

    def stop(number: int, _frame: object) -> None:
        for name in STOP_SIGNALS:
            signal.signal(name, signal.SIG_DFL)
        if not servers:
            raise SystemExit(128 + number)  # still starting
        log.warning("stopping; a second signal ends the process at once")
        for server in servers:
            server.should_exit = True

    before = {name: signal.signal(name, stop) for name in STOP_SIGNALS}
    try:
        yield servers
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


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
