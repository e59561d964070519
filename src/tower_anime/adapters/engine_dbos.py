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
because no executor id is used twice. A run that DBOS recorded for this process but never began
(its thread could not start, the disk was full at that moment) is noticed by comparison and queued
again. On a PostgreSQL shared by several data folders each folder minds only its own.

**Poison is parked.** DBOS's count of attempts is reset by `resume_workflows`, and it would blame
every run that merely waited in a process that was killed. So deaths are counted here
(`workers/deaths`), only against runs whose first step since they were taken up was running at that
moment; such runs are noted in the lock file. A run that has completed a step since has made
progress: its count starts anew. From the second death in a row a run takes its first step alone,
which clears its neighbours; after `max_deaths` it is cancelled and `on_parked` is told.

**DBOS tries for ever** while its database is gone or locked. Calls from outside are therefore made
in threads of their own and given up after `ANSWER_LIMIT_S`; steps just wait.

**Ended runs are forgotten** after `KEEP_ENDED_S`, because our own tables hold their outcome: the
engine's tables grow with the work at hand, not with history.

DBOS is a process-wide singleton: one `DbosEngine` per process may be running. Importing `dbos`
takes about a second; import this module only when an engine is wanted.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import sqlalchemy
from dbos import DBOS, DBOSConfig, SetWorkflowID, WorkflowSerializationFormat, WorkflowStatus
from dbos import error as dbos_error
from sqlalchemy.exc import SQLAlchemyError

from tower_anime.adapters.engine_crew import RECORD_LIMIT_S, Crew, Run
from tower_anime.adapters.engine_workers import Survey, Workers
from tower_anime.errors import Conflict, StoreUnavailable, Unavailable
from tower_anime.ports import Advance

log = logging.getLogger(__name__)
_dbos_log = logging.getLogger("dbos")

APPLICATION_VERSION = "1"
"""Pinned for ever: DBOS runs only its own version's workflows, and ours are all the same loop."""

QUEUE_POLL_S = 0.25  # idle, 1.3 % of a core; 0.1 s would cost 4.5 %
LISTENER_POLL_S = 0.1  # DBOS's listener, which we don't use, ends only after this at a stop
SWEEP_EVERY_S = 2.0
COMPARE_EVERY = 3  # sweeps between comparisons of this process's rows with what it works on
PRUNE_EVERY = 150  # sweeps between removals of ended runs: five minutes
PRUNE_AT_ONCE = 1000  # rows, about 30 ms on SQLite
KEEP_ENDED_S = 3600.0  # somebody may still wait for its end; ours to choose
ANSWER_LIMIT_S = 35.0  # a little more than SQLite's own patience with a lock
SHUT_DOWN_LIMIT_S = 10.0  # for DBOS's own threads; normally a tenth of a second
WAIT_POLL_S = 0.2  # for work of other processes; what ends here is noticed at once
OWN_LOOK_EVERY = 10  # such polls, for what was begun here: it may end elsewhere after all
OPEN_PER_HAND = 8
"""Runs that may be open for each step that may run; the others pause or wait for their turn."""
RESUMED_PER_HAND = 2
"""Of those, runs from the queue: what the dead left must not keep out what is submitted here."""
ALONE_FROM_DEATHS = 2
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

_OPEN = [status for status, word in _WORDS.items() if word == "open"]
_ENDED = [status for status, word in _WORDS.items() if word != "open"]

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
        self._workers = Workers(self._folder)
        self._place = "local" if url.startswith("sqlite") else ""
        self._queue = ""
        self._crew: Crew | None = None
        self._life = contextlib.ExitStack()
        self._changing = threading.Lock()  # one start or stop at a time
        self._waiting: dict[str, list[threading.Event]] = {}
        self._waiting_lock = threading.Lock()
        self._begun_here: set[str] = set()
        self._seen_all = False
        self._executor_id = ""
        self._undispatched: frozenset[str] = frozenset()  # rows without a worker at the last look

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
            self._workers = Workers(self._folder)  # an overdue step of an earlier life has its own
            self._place = self._place or self._workers.place()
            self._queue = f"left.{self._place}"
            executor_id = self._workers.join(f"{self._place}-{self._role}")
            self._executor_id, self._undispatched = executor_id, frozenset()
            life.callback(self._leave)
            crew = self._crew = self._hire()
            life.callback(self._dismiss)
            self._launch(executor_id, crew, life)
            if self._listen:
                self._try_take_over()
                sweeper = threading.Thread(target=self._sweep, args=(crew,), daemon=True)
                sweeper.start()
                life.callback(sweeper.join, RECORD_LIMIT_S)  # it may wait for a lost database
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

    def _hire(self) -> Crew:
        return Crew(
            advance=self._advance,
            on_error=self._on_error,
            note=self._workers.note,
            hands=self._concurrency,
            carriers=self._concurrency * OPEN_PER_HAND,
            back_off_s=self._back_off_s,
        )

    def _dismiss(self) -> None:
        assert self._crew is not None
        self._crew.dismiss()

    def _end(self) -> None:
        self._crew = None
        self._begun_here.clear()
        _one_per_process.release()

    def _leave(self) -> None:
        overdue = self._crew.overdue if self._crew else ()
        if overdue:
            log.warning("stopped while steps still run: %s", ", ".join(overdue))
        else:
            self._workers.leave()

    def _launch(self, executor_id: str, crew: Crew, life: contextlib.ExitStack) -> None:
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

    def _register(self, crew: Crew) -> Callable[[str], None]:
        def generation(generation_id: str) -> None:
            run_id = DBOS.workflow_id
            assert run_id is not None
            alone = len(self._workers.deaths().get(run_id, ())) >= ALONE_FROM_DEATHS
            bug = crew.carry(Run(run_id, generation_id, alone=alone))
            self._tell_waiting(run_id)
            if bug:
                raise _BrokenError(f"{type(bug).__name__}: {bug}"[:500])

        decorate = DBOS.workflow(
            name="generation", serialization_type=WorkflowSerializationFormat.PORTABLE
        )
        return decorate(generation)

    def _shut_down(self, crew: Crew) -> None:
        try:
            _answer(lambda: DBOS.destroy(destroy_registry=True), limit_s=SHUT_DOWN_LIMIT_S)
        except StoreUnavailable as error:
            log.warning("the engine's last threads are left to end by themselves: %s", error)
        deadline = time.monotonic() + RECORD_LIMIT_S
        for thread in crew.carriers():
            thread.join(max(0.0, deadline - time.monotonic()))

    def _await_records(self, crew: Crew) -> None:
        """Wait until DBOS has written how the latest runs ended, or they would run again."""
        deadline = time.monotonic() + RECORD_LIMIT_S
        # Without its database they run again, which changes nothing.
        with contextlib.suppress(StoreUnavailable):
            while (ended := crew.latest_ends()) and (left_s := deadline - time.monotonic()) > 0:
                if not _rows(status=["PENDING"], workflow_ids=ended, limit_s=left_s):
                    return
                time.sleep(0.005)

    # ---- work -----------------------------------------------------------------------------

    def submit(self, generation_id: str, *, run: int = 0) -> None:
        """Start a generation's run; the same (id, run) twice, in any process, is as once.

        Durable on return. `Conflict` when the engine isn't running, `StoreUnavailable` when its
        database can't be written.
        """
        self._require_running()
        run_id = f"{generation_id}:{run}"

        def start() -> None:
            with (
                contextlib.suppress(dbos_error.DBOSWorkflowIDInUseError),
                SetWorkflowID(run_id, workflow_id_reuse_policy="reject"),
            ):
                DBOS.start_workflow(self._workflow, generation_id)
                return
            self._begun_here.discard(run_id)

        self._begun_here.add(run_id)
        try:
            _answer(start)
        except StoreUnavailable:
            self._begun_here.discard(run_id)
            raise

    def wait(self, generation_id: str, *, run: int = 0, timeout_s: float) -> bool:
        """Wait for the end of a run, also of another process; False on time-out or a stop."""
        run_id = f"{generation_id}:{run}"
        deadline = time.monotonic() + timeout_s
        ended = threading.Event()
        with self._waiting_lock:
            self._waiting.setdefault(run_id, []).append(ended)
        try:
            looks = 0
            while True:
                looks += 1
                begun_here = run_id in self._begun_here and looks % OWN_LOOK_EVERY
                if not begun_here and self._is_over(run_id):
                    return True
                left_s = deadline - time.monotonic()
                if left_s <= 0 or not self._is_running():
                    return False
                if ended.wait(min(left_s, WAIT_POLL_S)):
                    return True
        finally:
            with self._waiting_lock:
                self._waiting[run_id].remove(ended)
                if not self._waiting[run_id]:
                    del self._waiting[run_id]

    def known(self, generation_ids: Collection[str] | None = None) -> Mapping[str, str]:
        """Return the runs the engine knows, `generation:run` → open, done, failed or parked.

        Of these generations, or of all. Ended runs are forgotten after an hour.
        """
        self._require_running()
        if generation_ids is None:
            return {row.workflow_id: _WORDS[row.status] for row in _rows()}
        prefixes = [f"{generation_id}:" for generation_id in generation_ids]
        rows = _rows(prefixes=prefixes) if prefixes else []
        return {row.workflow_id: _WORDS[row.status] for row in rows}

    def open_runs(self) -> frozenset[str]:
        """Return the runs of all processes that are not over; costs as much as there are."""
        self._require_running()
        return frozenset(row.workflow_id for row in _rows(status=_OPEN))

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
        return any(_WORDS[row.status] != "open" for row in _rows(workflow_ids=[run_id]))

    def _tell_waiting(self, run_id: str) -> None:
        self._begun_here.discard(run_id)
        with self._waiting_lock:
            for event in self._waiting.get(run_id, ()):
                event.set()

    # ---- taking over ----------------------------------------------------------------------

    def _sweep(self, crew: Crew) -> None:
        for number in itertools.count(1):
            if crew.stopping.wait(SWEEP_EVERY_S):
                return
            self._try_take_over()
            if number % COMPARE_EVERY == 0:
                self._attempt(lambda: self._queue_undispatched(crew), "compare the engine's rows")
            if number % PRUNE_EVERY == 1:
                self._attempt(self._prune, "remove ended runs")

    def _attempt(self, upkeep: Callable[[], None], what: str) -> None:
        try:
            upkeep()
        except Unavailable as error:
            log.warning("can't %s yet: %s", what, error)

    def _queue_undispatched(self, crew: Crew) -> None:
        """Queue again what DBOS gave this process and nobody in it works on.

        Seen twice, and never while all carriers are taken: then a run may wait for one.
        """
        before, self._undispatched = self._undispatched, frozenset()
        if crew.is_full():
            return
        rows = _rows(status=["PENDING"], executor_id=[self._executor_id])
        idle = frozenset(row.workflow_id for row in rows) - set(crew.active())
        if lost := idle & before:
            log.warning("%d runs were never begun; they are queued again", len(lost))
            _answer(lambda: DBOS.resume_workflows(sorted(lost), queue_name=self._queue))
        self._undispatched = idle - lost

    def _prune(self) -> None:
        """Forget runs that ended long ago; a clock that jumps only forgets them sooner."""
        limit = datetime.now(UTC) - timedelta(seconds=KEEP_ENDED_S)
        while ended := _rows(status=_ENDED, completed_before=limit, limit=PRUNE_AT_ONCE):
            ids = [row.workflow_id for row in ended]
            _answer(lambda ids=ids: DBOS.delete_workflows(ids))  # type: ignore[misc]
            if len(ids) < PRUNE_AT_ONCE:
                return

    def _try_take_over(self) -> None:
        try:
            with self._workers.survey() as survey:
                if survey and (survey.dead or not self._seen_all):
                    self._take_over(survey)
        except Unavailable as error:
            log.warning("can't take over the work of dead processes yet: %s", error)

    def _take_over(self, survey: Survey) -> None:
        """Resume what the dead left. The first time also without their lock files.

        Repeatable at any point: lock files go last.
        """
        executor_ids = list(survey.dead) if self._seen_all else None
        with _translated():
            left = {
                row.workflow_id: row.executor_id
                for row in _rows(status=["PENDING"], executor_id=executor_ids)
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

    def _count_deaths(self, left: Mapping[str, str], survey: Survey) -> Mapping[str, list[str]]:
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


class _BrokenError(Exception):
    """Ends a workflow as failed; `on_error` was told why."""


def _already_reported(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], _BrokenError))


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
        connection.execute("PRAGMA cache_size = -512")  # KiB, in each of many
        connection.execute("PRAGMA foreign_keys = ON")

    return database


def _rows(
    *,
    status: list[str] | None = None,
    workflow_ids: list[str] | None = None,
    prefixes: list[str] | None = None,
    executor_id: list[str] | None = None,
    completed_before: datetime | None = None,
    limit: int | None = None,
    limit_s: float = ANSWER_LIMIT_S,
) -> list[WorkflowStatus]:
    return _answer(
        lambda: DBOS.list_workflows(
            status=status,
            workflow_ids=workflow_ids,
            workflow_id_prefix=prefixes,
            executor_id=executor_id,
            completed_before=completed_before.isoformat() if completed_before else None,
            limit=limit,
            load_input=False,
            load_output=False,
        ),
        limit_s=limit_s,
    )


T = TypeVar("T")


def _answer(call: Callable[[], T], *, limit_s: float = ANSWER_LIMIT_S) -> T:
    """Return what a call of DBOS gives; `StoreUnavailable` when it fails or takes too long.

    An overdue call goes on in its thread and may still have its effect.
    """
    answer: Future[T] = Future()

    def run() -> None:
        try:
            answer.set_result(call())
        except BaseException as error:  # noqa: BLE001  raised again where it was asked for
            answer.set_exception(error)

    threading.Thread(target=run, name="engine-call", daemon=True).start()
    with _translated():
        return answer.result(limit_s)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except FutureTimeout as error:
        raise StoreUnavailable("the engine's database does not answer") from error
    except (SQLAlchemyError, dbos_error.DBOSException) as error:
        raise StoreUnavailable(f"the engine's database can't be used: {error}") from error
