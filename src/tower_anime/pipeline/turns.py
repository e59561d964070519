"""Whose turn it is: pauses, priorities and budgets, for the process that serves the queue."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType

from tower_anime.domain.queue import PAUSED, Budget, Waiting, reason_to_wait
from tower_anime.ports import Engine, Queue

LOOKED_AHEAD = 2000
"""What is considered in one round; far more than may begin before the next."""

KNOWN_FOR_S = 1.0
"""How long the pause and the budgets are remembered; what a project spent is asked each time."""

UNDERWAY_S = 1.0
"""A run that was submitted is taken up by a thread within milliseconds; until then it counts."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Turns:
    """Decides what may begin. Thread-safe.

    `limit` is how many runs this process has open at a time: few enough that a new priority
    soon counts, enough that no hand is idle. None: whatever is asked for.
    """

    store: Queue
    limit: int | None
    engine: Engine | None = None
    now: Callable[[], datetime] = _now
    clock: Callable[[], float] = time.monotonic
    backlog: bool = False
    _underway: dict[str, float] = field(default_factory=dict)
    _paused: tuple[float, bool] = (float("-inf"), False)
    _budgets: tuple[float, Mapping[str, Budget]] = (float("-inf"), MappingProxyType({}))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def is_paused(self) -> bool:
        """Whether nothing new is begun."""
        if self.limit is None:
            return False
        asked_s, paused = self._paused
        if self.clock() - asked_s >= KNOWN_FOR_S / 2:
            paused = bool(self.store.switch(PAUSED))
            self._paused = (self.clock(), paused)
        return paused

    def why_wait(self, project: str) -> str | None:
        """Return why a project may begin no further attempt today; None when it may."""
        budget = self._budgets_now().get(project)
        if budget is None:
            return None
        midnight = self.now().replace(hour=0, minute=0, second=0, microsecond=0)
        return reason_to_wait(budget, self.store.spent(project, since=midnight))

    def ask_anew(self) -> None:
        """Take what was just changed, a pause or a budget, into account at once."""
        self._paused = (float("-inf"), False)
        self._budgets = (float("-inf"), MappingProxyType({}))

    def _budgets_now(self) -> Mapping[str, Budget]:
        asked_s, budgets = self._budgets
        if self.clock() - asked_s >= KNOWN_FOR_S:
            budgets = self.store.budgets()
            self._budgets = (self.clock(), budgets)
        return budgets

    def allowed(self) -> tuple[Waiting, ...]:
        """Return what may be worked on, in its order; what is queued only if it may begin."""
        held = [name for name in self._budgets_now() if self.why_wait(name)]
        found = self.store.queue(limit=LOOKED_AHEAD, without=held)
        if self.is_paused():
            return tuple(one for one in found if one.has_begun or one.cancel_requested)
        return found

    def room(self) -> int:
        """Return how many runs may be opened here now."""
        if self.limit is None or self.engine is None:
            return LOOKED_AHEAD
        now_s = self.clock()
        active = {run_id.rpartition(":")[0] for run_id in self.engine.active()}
        with self._lock:
            self._underway = {
                one: since_s
                for one, since_s in self._underway.items()
                if one not in active and now_s - since_s < UNDERWAY_S
            }
            return self.limit - len(active) - len(self._underway)

    def note_submitted(self, generation_id: str) -> None:
        """Count a run that is on its way to its thread."""
        with self._lock:
            self._underway[generation_id] = self.clock()

    def may_go_now(self, project: str) -> bool:
        """Whether a generation that was just created is its project's and the queue's next."""
        if self.limit is None:
            return True
        ahead = self.backlog or self.is_paused() or self.room() <= 0
        return not ahead and self.why_wait(project) is None
