"""`tower-anime worker`: takes part in the work of a `serve`, without pages and interface."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tower_anime.adapters.systemd import Supervisor
from tower_anime.compose import open_app
from tower_anime.errors import BadInput
from tower_anime.operations import say_goodbye
from tower_anime.settings import Settings

log = logging.getLogger(__name__)

_SIGN_OF_LIFE_S = 1.0


def check_shared(settings: Settings) -> None:
    """Refuse a database that only the processes of one machine can write."""
    if settings.store_url.startswith("sqlite"):
        raise BadInput(
            "more workers need a PostgreSQL database that all of them use, and the same data "
            "folder; set TOWER_DATABASE_URL and TOWER_DATA_DIR. On SQLite `serve` works alone: "
            "TOWER_CONCURRENCY says how much at a time"
        )


def run(settings: Settings, *, sandbox: Callable[[], str] | None = None) -> None:
    """Work until a signal; running steps end first, others take up what is left."""
    check_shared(settings)
    supervisor = Supervisor.of_environment()
    with (
        _asked_to_stop() as asked,
        open_app(settings, role="worker", keeps_house=True, sandbox=sandbox) as app,
    ):
        servers = ", ".join(renderer.url for renderer in app.renderers)
        log.warning("works on %d generations at a time, drawn by %s", settings.concurrency, servers)
        supervisor.ready("works")
        while not asked.wait(_SIGN_OF_LIFE_S):
            limit_s = supervisor.watchdog_s
            if limit_s is not None and app.pulse.age_s < limit_s:
                supervisor.alive()
        log.warning("stopping; a second signal ends the process at once")
        supervisor.stopping()
        say_goodbye(app)


@contextmanager
def _asked_to_stop() -> Iterator[threading.Event]:
    """Let SIGTERM and SIGINT set the yielded event; a second one ends at once."""
    asked = threading.Event()

    def stop(_number: int, _frame: object) -> None:
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, signal.SIG_DFL)
        asked.set()

    before = {name: signal.signal(name, stop) for name in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield asked
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
