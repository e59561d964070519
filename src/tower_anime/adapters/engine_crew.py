"""The threads of a process that work on generations: fair turns, pauses, an orderly end."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

from tower_anime.errors import Unavailable
from tower_anime.ports import Advance

log = logging.getLogger(__name__)

CARRIER = "engine-carrier"
"""Name of the threads that carry runs: DBOS's, which Python waits for at its exit."""

RECORD_LIMIT_S = 5.0  # for the last outcomes to be written at a stop; normally milliseconds


class Stopped(BaseException):
    """Ends a workflow's thread without an outcome, so that the next start resumes it.

    No `Exception`: DBOS records those as the workflow's end.
    """


@dataclass(eq=False)
class Run:
    """An open run. `alone`: its first step must have no neighbours.

    `pause_s` is due before its next turn; None at its end.
    """

    run_id: str
    generation_id: str
    alone: bool = False
    pause_s: float | None = 0.0
    refusals: int = 0
    survived: bool = False
    bug: Exception | None = None
    turned: threading.Event = field(default_factory=threading.Event)


class Crew:
    """The threads ("hands") that take steps, and the runs they work on.

    A run lives in a thread of DBOS (its carrier), which waits while a hand gives the run a turn:
    steps until it pauses or ends. A pausing run keeps no hand. Hands are daemons, because Python
    joins DBOS's threads at its exit, however long a step takes.
    """

    def __init__(
        self,
        *,
        advance: Callable[[str], Advance],
        on_error: Callable[[str, Exception], None],
        note: Callable[[Collection[str]], None],
        hands: int,
        carriers: int,
        back_off_s: Sequence[float],
    ) -> None:
        self._advance = advance
        self._on_error = on_error
        self._note = note
        self._carriers = carriers
        self._back_off_s = back_off_s
        self.stopping = threading.Event()
        self.overdue: tuple[str, ...] = ()
        self._abandoned = False
        self._state = threading.Condition()
        self._open: dict[str, Run] = {}
        self._busy: set[str] = set()
        self._alone: Run | None = None
        self._in_first_step: set[str] = set()
        self._latest_end: dict[threading.Thread, str | None] = {}
        self._turns: queue.SimpleQueue[Run | None] = queue.SimpleQueue()
        self._hands = [
            threading.Thread(target=self._work, name=f"engine-hand-{n}", daemon=True)
            for n in range(hands)
        ]
        for hand in self._hands:
            hand.start()

    def carry(self, run: Run) -> Exception | None:
        """Bring a run to its end, on DBOS's thread; returns the bug that ended it, if any."""
        carrier = threading.current_thread()
        carrier.name = CARRIER
        with self._state:
            if run.run_id in self._open:
                raise Stopped  # another thread of this process works on it
            self._open[run.run_id] = run
            self._latest_end.setdefault(carrier, None)
        try:
            while run.pause_s is not None:
                if self.stopping.wait(run.pause_s):
                    raise Stopped
                self._take_turn(run)
            with self._state:
                self._latest_end[carrier] = run.run_id
        finally:
            with self._state:
                del self._open[run.run_id]
                self._state.notify_all()
        return run.bug

    def active(self) -> tuple[str, ...]:
        """Return the ids of the open runs."""
        with self._state:
            return tuple(sorted(self._open))

    def is_full(self) -> bool:
        """Whether all carriers are taken, so that a further run waits for one."""
        with self._state:
            return len(self._open) >= self._carriers

    def carriers(self) -> tuple[threading.Thread, ...]:
        """Return the threads that have carried a run."""
        with self._state:
            return tuple(self._latest_end)

    def latest_ends(self) -> list[str]:
        """Return the run each carrier ended last: all others' outcomes are surely written."""
        with self._state:
            return [run_id for run_id in self._latest_end.values() if run_id]

    def drain(self, drain_s: float) -> None:
        """Let running steps end, abandon those that don't (`overdue`), free all carriers."""
        self.stopping.set()
        with self._state:
            self._state.wait_for(lambda: not self._busy, drain_s)
            self.overdue = tuple(sorted(self._busy))
            self._abandoned = True
            for run in self._open.values():
                run.turned.set()
            self._state.wait_for(lambda: not self._open, RECORD_LIMIT_S)

    def dismiss(self) -> None:
        """Send the hands home; those with an overdue step stay until it ends."""
        self.stopping.set()
        for _ in self._hands:
            self._turns.put(None)
        if not self.overdue:
            for hand in self._hands:
                hand.join()

    def _take_turn(self, run: Run) -> None:
        with self._state:
            if not self._abandoned:
                run.turned.clear()
                self._turns.put(run)
        run.turned.wait()
        if self._abandoned:
            raise Stopped

    def _work(self) -> None:
        while (run := self._turns.get()) is not None:
            with self._state:
                self._state.wait_for(lambda: self._alone is None)
                if run.alone and not run.survived:
                    self._alone = run
                    self._state.wait_for(lambda: not self._busy)
                self._busy.add(run.run_id)
            self._turn(run)
            with self._state:
                self._busy.remove(run.run_id)
                self._alone = None if self._alone is run else self._alone
                self._state.notify_all()
            run.turned.set()

    def _turn(self, run: Run) -> None:
        """Take steps until the run pauses, ends or has been alone, or the engine stops."""
        run.pause_s = 0.0
        while run.pause_s == 0.0 and not self.stopping.is_set():
            try:
                step = self._step(run)
            except Unavailable as error:
                run.pause_s = self._back_off(run, error)
            except Exception as error:  # noqa: BLE001  a bug in a step ends its run, not the hand
                run.bug, run.pause_s = error, None
            else:
                run.refusals = 0
                run.pause_s = None if step.done else step.wait_s
            if self._alone is run:
                return

    def _step(self, run: Run) -> Advance:
        with self._noted(run):
            try:
                return self._advance(run.generation_id)
            except Unavailable:
                raise
            except Exception as error:
                self._on_error(run.generation_id, error)
                raise

    @contextlib.contextmanager
    def _noted(self, run: Run) -> Iterator[None]:
        """Keep the run in the lock file during its first step, in case the process dies in it."""
        if run.survived:
            yield
            return
        with self._state:
            self._in_first_step.add(run.run_id)
            self._note(self._in_first_step)
        try:
            yield
        finally:
            run.survived = True
            with self._state:
                self._in_first_step.remove(run.run_id)
                self._note(self._in_first_step)

    def _back_off(self, run: Run, error: Unavailable) -> float:
        pause_s = self._back_off_s[min(run.refusals, len(self._back_off_s) - 1)]
        level = logging.DEBUG if run.refusals else logging.WARNING
        log.log(level, "%s waits %g s: %s", run.generation_id, pause_s, error)
        run.refusals += 1
        return pause_s
