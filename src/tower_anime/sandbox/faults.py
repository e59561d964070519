"""Faults to order: what real servers do on bad days, with a probability each."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import numpy as np

from tower_anime.errors import BadInput

FAULTS: dict[str, str] = {
    "slow_history": "the history entry appears 0.5–1.5 s after the end",
    "drop_socket": "the client's WebSocket is closed in the middle of the job",
    "silent_socket": "the client's WebSocket stays open and says nothing more",
    "oom": "the sampler runs out of memory",
    "black": "the decoded picture is black (NaN)",
    "truncate": "the saved file ends early",
    "lost": "the job vanishes without a trace, as after a restart",
    "restart": "queue and history are forgotten and every socket closes, as when it restarts",
    "http_500": "a request is answered with 500",
    "hang": "a request is answered only after a quarter of a minute",
    "lost_answer": "a submission is accepted, but a proxy's 502 is all that comes back",
    "no_socket": "the WebSocket is refused, as by a proxy that knows none",
    "damage": "the saved file has its length, but its middle is damaged",
    "no_file": "the history names a file that is not there",
}
"""Every fault by name, and what it does."""


class Faults:
    """Which faults strike how often. Safe to ask from several threads."""

    def __init__(self, probabilities: Mapping[str, float], *, seed: int | None = None) -> None:
        self._probabilities = dict(probabilities)
        self._rng = np.random.default_rng(seed)
        self._lock = threading.Lock()

    def strikes(self, name: str) -> bool:
        """Draw a lot for one occasion."""
        probability = self._probabilities.get(name, 0.0)
        if probability <= 0:
            return False
        with self._lock:
            return bool(self._rng.random() < probability)


def parse_faults(spec: str) -> dict[str, float]:
    """Read `name[:probability],…` (no probability means always).

    Raises:
        BadInput: an unknown name (the message lists the known ones) or no number from 0 to 1.
    """
    found: dict[str, float] = {}
    for part in filter(None, (piece.strip() for piece in spec.split(","))):
        name, _, number = part.partition(":")
        if name not in FAULTS:
            raise BadInput(f"unknown fault {name!r}; allowed: {', '.join(FAULTS)}")
        try:
            probability = float(number or 1)
        except ValueError:
            probability = -1.0
        if not 0 <= probability <= 1:
            raise BadInput(f"the probability of {name} must be from 0 to 1, not {number!r}")
        found[name] = probability
    return found
