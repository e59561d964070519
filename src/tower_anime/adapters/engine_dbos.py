"""Durable work on DBOS 3.4: a generation once submitted is worked on until it is done.

**One workflow per (generation, run), without DBOS steps.** The workflow calls `advance` until that
says done. Our own tables hold the truth and `advance` finds out from them where a generation
stands, so DBOS need only run the workflow again after a crash: two small transactions per run
instead of one more per step (2–4 ms each). A pause needs no row either: after a crash `advance`
is asked again.

**Started directly, resumed by queue.** A DBOS queue is polled: a free slot is noticed late, and
each poll per second costs half a percent of a core. What this process is given to do therefore
starts at once, as PENDING under this process's executor id. The one queue of a data folder holds
what dead processes left; every living process that listens takes from it, and DBOS's claim makes
sure that only one gets each.

**Who is dead is told by locks.** Each process locks a file of its own in `workers/`; the kernel
frees the lock when the process dies. Whoever starts, and every listening process each
`SWEEP_EVERY_S`, resumes the PENDING workflows of free locks, and never those of a lock that is
held: at most one process works on a generation. DBOS's own recovery at launch finds nothing,
because no executor id is used twice. On a PostgreSQL shared by several data folders each folder
minds only its own.

**Poison is parked.** DBOS's count of attempts is reset by `resume_workflows`, and it would blame
every run that merely waited in a process that was killed. So deaths are counted here
(`workers/deaths`), only against runs whose first step since they were taken up was running at that
moment; such runs are noted in the lock file. A run that has completed a step since has made
progress: its count starts anew. From the second death in a row a run takes its first step alone,
which clears its neighbours; after `max_deaths` it is cancelled and `on_parked` is told.

DBOS is a process-wide singleton: one `DbosEngine` per process may be running. Importing `dbos`
takes about a second; import this module only when an engine is wanted.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import queue
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy
from dbos import DBOS, DBOSConfig, SetWorkflowID, WorkflowSerializationFormat, WorkflowStatus
from dbos import error as dbos_error
from sqlalchemy.exc import SQLAlchemyError

from tower_anime.errors import Conflict, StorageFull, StoreUnavailable, Unavailable
from tower_anime.ports import Advance

log = logging.getLogger(__name__)
_dbos_log = logging.getLogger("dbos")

APPLICATION_VERSION = "1"
"""Pinned for ever: DBOS runs only its own version's workflows, and ours are all the same loop."""

QUEUE_POLL_S = 0.25  # idle, 1.3 % of a core; 0.1 s would cost 4.5 %
LISTENER_POLL_S = 0.1  # DBOS's listener, which we don't use, ends only after this at a stop
SWEEP_EVERY_S = 2.0
WAIT_POLL_S = 0.2  # for work of other processes; what ends here is noticed at once
RECORD_LIMIT_S = 5.0  # for the last outcomes to be written at a stop; normally milliseconds
OPEN_PER_HAND = 8
"""Runs that may be open for each step that may run; the others pause or wait for their turn."""
RESUMED_PER_HAND = 2
"""Of those, runs from the queue: what the dead left must not keep out what is submitted here."""
ALONE_FROM_DEATHS = 2
NOTE_BYTES = 4096  # one block, written when joining, so that a note later needs no new space
BACK_OFF_S = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)

_WORDS = {
    "PENDING": "open",
    "ENQUEUED": "open",
    "DELAYED": "open",
    "SUCCESS": "done",
    "ERROR": "failed",
    "CANCELLED": "parked",
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": "parked",
}

_one_per_process = threading.Lock()  # DBOS's singleton, made visible


class DbosEngine:
    """`ports.Engine` on DBOS; the module's text tells the design.

    Args:
        advance: One step of a generation; idempotent, called again after a crash. `Unavailable`
            means: pause and call again. Any other exception is a bug and ends the run.
        url: `sqlite:////path/engine.sqlite`, or `postgresql://…` (tables in schema `dbos`).
        data_dir: The folder whose processes share the work; their locks are in its `workers/`.
        role: A word for this process in the name of its lock, such as `serve`.
        concurrency: How many steps may run at a time in this process.
        listen: Whether to take over what dead processes of this data folder left.
        on_error: Told of a bug before the run is ended as failed; told again if it raises
            `Unavailable` or the process dies meanwhile.
        on_parked: Told why a run is given up; told again in the same cases.
        max_deaths: How many processes may die in the same step before its run is given up.
        back_off_s: Pauses after `Unavailable`, in this order; the last one repeats.
    """

    def __init__(
        self,
        *,
        advance: Callable[[str], Advance],
        url: str,
        data_dir: Path,
        on_error: Callable[[str, Exception], None],
        on_parked: Callable[[str, str], None],
        role: str = "engine",
        concurrency: int = 4,
        listen: bool = True,
        max_deaths: int = 5,
        back_off_s: Sequence[float] = BACK_OFF_S,
    ) -> None:
        self._advance = advance
        self._url = url
        self._on_error = on_error
        self._on_parked = on_parked
        self._role = role
        self._concurrency = concurrency
        self._listen = listen
        self._max_deaths = max_deaths
        self._back_off_s = back_off_s
        self._folder = data_dir / "workers"
        self._workers = _Workers(self._folder)
        self._place = "local" if url.startswith("sqlite") else ""
        self._queue = ""
        self._crew: _Crew | None = None
        self._life = contextlib.ExitStack()
        self._changing = threading.Lock()  # one start or stop at a time
        self._waiting: dict[str, list[threading.Event]] = {}
        self._waiting_lock = threading.Lock()
        self._seen_all = False

    # ---- life -----------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to work; resumes what this data folder's dead processes left.

        Raises `StoreUnavailable` or `StorageFull` and leaves nothing behind; `Conflict` when an
        engine is already running in this process.
        """
        with self._changing, contextlib.ExitStack() as life:
            if not _one_per_process.acquire(blocking=False):
                raise Conflict("an engine is already running in this process")
            life.callback(self._end)
            self._workers = _Workers(self._folder)  # an overdue step of an earlier life has its own
            self._place = self._place or self._workers.place()
            self._queue = f"left.{self._place}"
            executor_id = self._workers.join(f"{self._place}-{self._role}")
            life.callback(self._leave)
            crew = self._crew = self._hire()
            life.callback(self._dismiss)
            self._launch(executor_id, crew, life)
            if self._listen:
                self._try_take_over()
                sweeper = threading.Thread(target=self._sweep, args=(crew,), daemon=True)
                sweeper.start()
                life.callback(sweeper.join)
            self._life = life.pop_all()

    def stop(self, *, drain_s: float) -> None:
        """Take no new work, let running steps end within `drain_s` seconds, then stop.

        Runs that pause or wait stay open for the next start. A step that takes longer is left in
        its daemon thread: that doesn't keep the process alive, and until the process has ended
        nobody else takes up its generation. Stopping twice is harmless.
        """
        with self._changing:
            if self._crew is None:
                return
            self._crew.drain(drain_s)
            self._await_records(self._crew)
            self._life.close()

    def _hire(self) -> _Crew:
        return _Crew(
            advance=self._advance,
            on_error=self._on_error,
            note=self._workers.note,
            hands=self._concurrency,
            back_off_s=self._back_off_s,
        )

    def _dismiss(self) -> None:
        assert self._crew is not None
        self._crew.dismiss()

    def _end(self) -> None:
        self._crew = None
        _one_per_process.release()

    def _leave(self) -> None:
        overdue = self._crew.overdue if self._crew else ()
        if overdue:
            log.warning("stopped while steps still run: %s", ", ".join(overdue))
        else:
            self._workers.leave()

    def _launch(self, executor_id: str, crew: _Crew, life: contextlib.ExitStack) -> None:
        if not _dbos_log.handlers:
            _dbos_log.addHandler(logging.NullHandler())  # else DBOS writes to the console
        _dbos_log.addFilter(_already_reported)
        life.callback(_dbos_log.removeFilter, _already_reported)
        config: DBOSConfig = {
            "name": "tower-anime",
            "system_database_url": self._url,
            "sys_db_pool_size": self._concurrency + 4,
            "executor_id": executor_id,
            "application_version": APPLICATION_VERSION,
            "max_executor_threads": self._concurrency * OPEN_PER_HAND,
            "notification_listener_polling_interval_sec": LISTENER_POLL_S,
            "use_listen_notify": False,
            "log_level": "CRITICAL",  # a failed launch is told by its exception
        }
        if self._url.startswith("sqlite"):
            database = open_sqlite(self._url)
            life.callback(database.dispose)
            config["system_database_engine"] = database
        with _translated():
            DBOS(config=config)
            life.callback(self._shut_down, crew)
            self._workflow = self._register(crew)
            DBOS.listen_queues([self._queue] if self._listen else [])
            DBOS.launch()
            if self._listen:
                DBOS.register_queue(
                    self._queue,
                    worker_concurrency=self._concurrency * RESUMED_PER_HAND,
                    polling_interval_sec=QUEUE_POLL_S,
                    on_conflict="always_update",
                )
        _dbos_log.setLevel(logging.WARNING)

    def _register(self, crew: _Crew) -> Callable[[str], None]:
        def generation(generation_id: str) -> None:
            run_id = DBOS.workflow_id
            assert run_id is not None
            alone = len(self._workers.deaths().get(run_id, ())) >= ALONE_FROM_DEATHS
            bug = crew.carry(_Run(run_id, generation_id, alone=alone))
            self._tell_waiting(run_id)
            if bug:
                raise _BrokenError(f"{type(bug).__name__}: {bug}"[:500])

        decorate = DBOS.workflow(
            name="generation", serialization_type=WorkflowSerializationFormat.PORTABLE
        )
        return decorate(generation)

    def _shut_down(self, crew: _Crew) -> None:
        DBOS.destroy(destroy_registry=True)
        deadline = time.monotonic() + RECORD_LIMIT_S
        for thread in crew.carriers():
            thread.join(max(0.0, deadline - time.monotonic()))

    def _await_records(self, crew: _Crew) -> None:
        """Wait until DBOS has written how the latest runs ended, or they would run again."""
        deadline = time.monotonic() + RECORD_LIMIT_S
        # Without its database they run again, which changes nothing.
        with contextlib.suppress(StoreUnavailable), _translated():
            while (ended := crew.latest_ends()) and time.monotonic() < deadline:
                if not _rows(status="PENDING", workflow_ids=ended):
                    return
                time.sleep(0.005)

    # ---- work -----------------------------------------------------------------------------

    def submit(self, generation_id: str, *, run: int = 0) -> None:
        """Start a generation's run; the same (id, run) twice, in any process, is as once.

        Durable on return. `Conflict` when the engine isn't running, `StoreUnavailable` when its
        database can't be written.
        """
        self._require_running()
        with (
            _translated(),
            contextlib.suppress(dbos_error.DBOSWorkflowIDInUseError),
            SetWorkflowID(f"{generation_id}:{run}", workflow_id_reuse_policy="reject"),
        ):
            DBOS.start_workflow(self._workflow, generation_id)

    def wait(self, generation_id: str, *, run: int = 0, timeout_s: float) -> bool:
        """Wait for the end of a run, also of another process; False on time-out or a stop."""
        run_id = f"{generation_id}:{run}"
        deadline = time.monotonic() + timeout_s
        ended = threading.Event()
        with self._waiting_lock:
            self._waiting.setdefault(run_id, []).append(ended)
        try:
            while not self._is_over(run_id):
                left_s = deadline - time.monotonic()
                if left_s <= 0 or not self._is_running():
                    return False
                if ended.wait(min(left_s, WAIT_POLL_S)):
                    return True
            return True
        finally:
            with self._waiting_lock:
                self._waiting[run_id].remove(ended)
                if not self._waiting[run_id]:
                    del self._waiting[run_id]

    def known(self) -> Mapping[str, str]:
        """Return every run the engine knows, `generation:run` → open, done, failed or parked."""
        self._require_running()
        with _translated():
            return {row.workflow_id: _WORDS[row.status] for row in _rows()}

    def active(self) -> tuple[str, ...]:
        """Return the runs this process has taken up, as in `known`; empty when not running."""
        return self._crew.active() if self._crew else ()

    def _is_running(self) -> bool:
        return self._crew is not None and not self._crew.stopping.is_set()

    def _require_running(self) -> None:
        if not self._is_running():
            raise Conflict("the engine isn't running")

    def _is_over(self, run_id: str) -> bool:
        if not self._is_running():
            return False
        with _translated():
            return any(_WORDS[row.status] != "open" for row in _rows(workflow_ids=[run_id]))

    def _tell_waiting(self, run_id: str) -> None:
        with self._waiting_lock:
            for event in self._waiting.get(run_id, ()):
                event.set()

    # ---- taking over ----------------------------------------------------------------------

    def _sweep(self, crew: _Crew) -> None:
        while not crew.stopping.wait(SWEEP_EVERY_S):
            self._try_take_over()

    def _try_take_over(self) -> None:
        try:
            with self._workers.survey() as survey:
                if survey and (survey.dead or not self._seen_all):
                    self._take_over(survey)
        except Unavailable as error:
            log.warning("can't take over the work of dead processes yet: %s", error)

    def _take_over(self, survey: _Survey) -> None:
        """Resume what the dead left. The first time also without their lock files.

        Repeatable at any point: lock files go last.
        """
        executor_ids = list(survey.dead) if self._seen_all else None
        with _translated():
            left = {
                row.workflow_id: row.executor_id
                for row in _rows(status="PENDING", executor_id=executor_ids)
                if row.executor_id not in survey.living
                and row.executor_id
                and row.executor_id.startswith(f"{self._place}-")
            }
            deaths = self._count_deaths(left, survey)
            for run_id, died_in in deaths.items():
                if len(died_in) >= self._max_deaths:
                    self._park(run_id, len(died_in))
                    del left[run_id]
            if left:
                DBOS.resume_workflows(list(left), queue_name=self._queue)
                log.info("took over %d runs of dead processes", len(left))
        for executor_id in survey.dead:
            self._workers.forget(executor_id)
        self._seen_all = True

    def _count_deaths(self, left: Mapping[str, str], survey: _Survey) -> Mapping[str, list[str]]:
        """Add these deaths to the runs that were in their first step; idempotent."""
        before = self._workers.deaths()
        deaths = {
            run_id: sorted({*before.get(run_id, ()), executor_id})
            for run_id, executor_id in left.items()
            if run_id in survey.dead.get(executor_id, ())
        }
        if deaths != before:
            self._workers.keep_deaths(deaths)
        return deaths

    def _park(self, run_id: str, deaths: int) -> None:
        reason = f"the program died {deaths} times in the same step"
        try:
            self._on_parked(run_id.rpartition(":")[0], reason)
        except Unavailable:
            raise
        except Exception:  # or no process could ever start again
            log.exception("%s is given up (%s), and that could not be told", run_id, reason)
        DBOS.cancel_workflow(run_id)


# ---- the loop of a run ------------------------------------------------------------------------


class _Stopped(BaseException):
    """Ends a workflow's thread without an outcome, so that the next start resumes it.

    No `Exception`: DBOS records those as the workflow's end.
    """


class _BrokenError(Exception):
    """Ends a workflow as failed; `on_error` was told why."""


def _already_reported(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], _BrokenError))


@dataclass(eq=False)
class _Run:
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


class _Crew:
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
        back_off_s: Sequence[float],
    ) -> None:
        self._advance = advance
        self._on_error = on_error
        self._note = note
        self._back_off_s = back_off_s
        self.stopping = threading.Event()
        self.overdue: tuple[str, ...] = ()
        self._abandoned = False
        self._state = threading.Condition()
        self._open: dict[str, _Run] = {}
        self._busy: set[str] = set()
        self._alone: _Run | None = None
        self._in_first_step: set[str] = set()
        self._latest_end: dict[threading.Thread, str | None] = {}
        self._turns: queue.SimpleQueue[_Run | None] = queue.SimpleQueue()
        self._hands = [
            threading.Thread(target=self._work, name=f"engine-hand-{n}", daemon=True)
            for n in range(hands)
        ]
        for hand in self._hands:
            hand.start()

    def carry(self, run: _Run) -> Exception | None:
        """Bring a run to its end, on DBOS's thread; returns the bug that ended it, if any."""
        with self._state:
            self._open[run.run_id] = run
            self._latest_end.setdefault(threading.current_thread(), None)
        try:
            while run.pause_s is not None:
                if self.stopping.wait(run.pause_s):
                    raise _Stopped
                self._take_turn(run)
            with self._state:
                self._latest_end[threading.current_thread()] = run.run_id
        finally:
            with self._state:
                del self._open[run.run_id]
                self._state.notify_all()
        return run.bug

    def active(self) -> tuple[str, ...]:
        with self._state:
            return tuple(sorted(self._open))

    def carriers(self) -> tuple[threading.Thread, ...]:
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

    def _take_turn(self, run: _Run) -> None:
        with self._state:
            if not self._abandoned:
                run.turned.clear()
                self._turns.put(run)
        run.turned.wait()
        if self._abandoned:
            raise _Stopped

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

    def _turn(self, run: _Run) -> None:
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

    def _step(self, run: _Run) -> Advance:
        with self._noted(run):
            try:
                return self._advance(run.generation_id)
            except Unavailable:
                raise
            except Exception as error:
                self._on_error(run.generation_id, error)
                raise

    @contextlib.contextmanager
    def _noted(self, run: _Run) -> Iterator[None]:
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

    def _back_off(self, run: _Run, error: Unavailable) -> float:
        pause_s = self._back_off_s[min(run.refusals, len(self._back_off_s) - 1)]
        level = logging.DEBUG if run.refusals else logging.WARNING
        log.log(level, "%s waits %g s: %s", run.generation_id, pause_s, error)
        run.refusals += 1
        return pause_s


# ---- processes --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Survey:
    """Executor ids of a data folder: who lives, and the dead with the runs they died in."""

    living: frozenset[str]
    dead: Mapping[str, frozenset[str]]


class _Workers:
    """The processes of one data folder: each holds the lock on a file of its own.

    A lock belongs to the open file, so it ends with the process, in whatever way that ends. The
    file says which runs were in their first step.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock: int | None = None

    def place(self) -> str:
        """Return a name for this data folder, made once, to tell it from others."""
        path = self._folder / "place"
        with self._usable():
            self._folder.mkdir(parents=True, exist_ok=True)
            fresh = self._folder / f".{secrets.token_hex(4)}"
            fresh.write_text(secrets.token_hex(4))
            with contextlib.suppress(FileExistsError):
                os.link(fresh, path)  # whole or not at all, and only once
            fresh.unlink()
            return path.read_text()

    def join(self, prefix: str) -> str:
        """Take a new executor id and hold its lock until `leave` or the end of the process."""
        executor_id = f"{prefix}-{os.getpid()}-{secrets.token_hex(3)}"
        joining = self._folder / f".{executor_id}"
        with self._usable(), contextlib.ExitStack() as undo:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(joining, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            undo.callback(os.close, self._lock)
            undo.callback(joining.unlink)
            self.note(())
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            joining.rename(self._folder / f"{executor_id}.lock")  # seen only when locked
            undo.pop_all()
        return executor_id

    def note(self, run_ids: Collection[str]) -> None:
        """Say which runs are in their first step. Kept by the kernel when the process dies."""
        assert self._lock is not None
        with self._usable():
            os.pwrite(self._lock, json.dumps(sorted(run_ids)).encode().ljust(NOTE_BYTES), 0)

    def leave(self) -> None:
        """Give up the lock; the file stays, for whoever resumes what this process left."""
        assert self._lock is not None
        os.close(self._lock)
        self._lock = None

    def deaths(self) -> Mapping[str, list[str]]:
        """Return in which processes each run died in its first step, the latest ones in a row."""
        try:
            return dict(json.loads((self._folder / "deaths").read_bytes()))
        except (FileNotFoundError, ValueError):  # torn by a loss of power: nobody is blamed
            return {}

    def keep_deaths(self, deaths: Mapping[str, list[str]]) -> None:
        """Replace `deaths`, under `survey`."""
        with self._usable():
            fresh = self._folder / ".deaths"
            fresh.write_text(json.dumps(deaths))
            fresh.replace(self._folder / "deaths")

    @contextlib.contextmanager
    def survey(self) -> Iterator[_Survey | None]:
        """Tell who is dead, with the sole right to act on it; None while another has that right."""
        with self._usable():
            right = os.open(self._folder / "survey", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            yield self._look() if _is_free(right) else None
        finally:
            os.close(right)

    def forget(self, executor_id: str) -> None:
        """Remove the file of a dead process, under `survey`."""
        with self._usable():
            (self._folder / f"{executor_id}.lock").unlink(missing_ok=True)

    def _look(self) -> _Survey:
        living, dead = set(), {}
        with self._usable():
            for path in self._folder.glob("*.lock"):
                lock = os.open(path, os.O_RDONLY)
                try:
                    if _is_free(lock):
                        dead[path.stem] = _noted_runs(os.read(lock, NOTE_BYTES))
                    else:
                        living.add(path.stem)
                finally:
                    os.close(lock)
        return _Survey(frozenset(living), dead)

    @contextlib.contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StorageFull(
                f"the folder {self._folder} can't be used: {error.strerror}"
            ) from error


def _is_free(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _noted_runs(note: bytes) -> frozenset[str]:
    try:
        return frozenset(json.loads(note))
    except ValueError:  # torn by a loss of power: nobody is blamed
        return frozenset()


# ---- database ---------------------------------------------------------------------------------


def open_sqlite(url: str) -> sqlalchemy.Engine:
    """Open as DBOS does (writers take their lock at once), but safe against a loss of power."""
    database = sqlalchemy.create_engine(url)

    @sqlalchemy.event.listens_for(database, "connect")
    def _(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        connection.execute("PRAGMA busy_timeout = 30000")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    return database


def _rows(
    *,
    status: str | None = None,
    workflow_ids: list[str] | None = None,
    executor_id: list[str] | None = None,
) -> list[WorkflowStatus]:
    return DBOS.list_workflows(
        status=status,
        workflow_ids=workflow_ids,
        executor_id=executor_id,
        load_input=False,
        load_output=False,
    )


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, dbos_error.DBOSException) as error:
        raise StoreUnavailable(f"the engine's database can't be used: {error}") from error
