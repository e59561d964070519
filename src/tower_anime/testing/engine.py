"""The engine's twin for tests: threads, and no memory beyond the process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence

from tower_anime.errors import Conflict, Unavailable
from tower_anime.ports import Advance


class InProcessEngine:
    """`ports.Engine` in one process; what a stop left open, the next `start` resumes.

    A thread per open run; at most `concurrency` of them take steps at a time. The arguments mean
    what they mean for `DbosEngine`. No process dies here, so nothing is ever parked.
    """

    def __init__(
        self,
        *,
        advance: Callable[[str], Advance],
        on_error: Callable[[str, Exception], None],
        concurrency: int = 4,
        back_off_s: Sequence[float] = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0),
    ) -> None:
        self._advance = advance
        self._on_error = on_error
        self._back_off_s = back_off_s
        self._hands = threading.Semaphore(concurrency)
        self._state = threading.Condition()
        self._known: dict[str, str] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._stopping = threading.Event()
        self._stopping.set()

    def start(self) -> None:
        """Begin to work, first on what an earlier stop left open."""
        with self._state:
            if not self._stopping.is_set() or self._threads:
                raise Conflict("the engine is already running")
            self._stopping = threading.Event()
            for run_id, word in self._known.items():
                if word == "open":
                    self._begin(run_id)

    def submit(self, generation_id: str, *, run: int = 0) -> None:
        """Start a generation's run; the same (id, run) twice is as once."""
        run_id = f"{generation_id}:{run}"
        with self._state:
            if self._stopping.is_set():
                raise Conflict("the engine isn't running")
            if run_id not in self._known:
                self._known[run_id] = "open"
                self._begin(run_id)

    def wait(self, generation_id: str, *, run: int = 0, timeout_s: float) -> bool:
        """Wait for the end of a run; False on time-out or a stop."""
        run_id = f"{generation_id}:{run}"

        def is_over() -> bool:
            return self._known.get(run_id, "open") != "open"

        with self._state:
            self._state.wait_for(lambda: is_over() or self._stopping.is_set(), timeout_s)
            return is_over() and not self._stopping.is_set()

    def stop(self, *, drain_s: float) -> None:
        """Take no new work and let running steps end within `drain_s` seconds."""
        deadline = time.monotonic() + drain_s
        with self._state:
            self._stopping.set()
            self._state.notify_all()
            threads = list(self._threads.values())
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def known(self, generation_ids: Collection[str] | None = None) -> Mapping[str, str]:
        """Return the runs of these generations or all, `generation:run` → open, done, failed."""
        with self._state:
            return {
                run_id: word
                for run_id, word in self._known.items()
                if generation_ids is None or run_id.rpartition(":")[0] in generation_ids
            }

    def open_runs(self) -> frozenset[str]:
        """Return the runs that are not over."""
        with self._state:
            return frozenset(run_id for run_id, word in self._known.items() if word == "open")

    def active(self) -> tuple[str, ...]:
        """Return the runs that are taken up."""
        with self._state:
            return tuple(sorted(self._threads))

    def _begin(self, run_id: str) -> None:
        thread = threading.Thread(target=self._work, args=(run_id, self._stopping), daemon=True)
        self._threads[run_id] = thread
        thread.start()

    def _work(self, run_id: str, stopping: threading.Event) -> None:
        word = self._bring_to_end(run_id.rpartition(":")[0], stopping)
        with self._state:
            self._known[run_id] = word
            del self._threads[run_id]
            self._state.notify_all()

    def _bring_to_end(self, generation_id: str, stopping: threading.Event) -> str:
        refusals = 0
        pause_s = 0.0
        while not stopping.wait(pause_s):
            try:
                with self._hands:
                    step = Advance(done=False) if stopping.is_set() else self._step(generation_id)
            except Unavailable:
                pause_s = self._back_off_s[min(refusals, len(self._back_off_s) - 1)]
                refusals += 1
            except Exception:  # noqa: BLE001  told to on_error; the run ends, as in the real one
                return "failed"
            else:
                if step.done:
                    return "done"
                refusals, pause_s = 0, step.wait_s
        return "open"

    def _step(self, generation_id: str) -> Advance:
        try:
            return self._advance(generation_id)
        except Unavailable:
            raise
        except Exception as error:
            self._on_error(generation_id, error)
            raise
