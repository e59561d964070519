"""What is told to systemd over its notification socket (sd_notify(3)); nothing without one."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field

log = logging.getLogger(__name__)


@dataclass
class Supervisor:
    """The service manager that started us, if one did.

    `watchdog_s` is how long it waits for a sign of life before it restarts us; None: for ever.
    """

    address: str | None = None
    watchdog_s: float | None = None
    clock: Callable[[], float] = time.monotonic
    _alive_s: float = field(default=float("-inf"))

    @classmethod
    def of_environment(cls, environment: MutableMapping[str, str] | None = None) -> Supervisor:
        """Read who supervises this process; children shall not speak for us, so it is taken out."""
        variables = os.environ if environment is None else environment
        address = variables.pop("NOTIFY_SOCKET", None)
        interval = variables.pop("WATCHDOG_USEC", "")
        pid = variables.pop("WATCHDOG_PID", "")
        ours = not pid or pid == str(os.getpid())
        watchdog_s = int(interval) / 1e6 if interval.isdigit() and ours else None
        return cls(address=address or None, watchdog_s=watchdog_s or None)

    def ready(self, status: str) -> None:
        """Say that the service can be used."""
        self._send(f"READY=1\nSTATUS={_one_line(status)}")

    def stopping(self) -> None:
        """Say that the service ends in order."""
        self._send("STOPPING=1\nSTATUS=stopping")

    def alive(self) -> None:
        """Give a sign of life; may be called as often as one likes: half the time is sent."""
        if self.watchdog_s is None or self.clock() - self._alive_s < self.watchdog_s / 2:
            return
        self._alive_s = self.clock()
        self._send("WATCHDOG=1")

    def _send(self, text: str) -> None:
        if self.address is None:
            return
        # an address that begins with @ is no file: the kernel wants a NUL there
        address = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
                sock.settimeout(1.0)
                sock.sendto(text.encode(), address)
        except OSError as error:
            log.warning("systemd can't be told %s: %s", text.partition("\n")[0], error)


def _one_line(text: str) -> str:
    return " ".join(text.split())
