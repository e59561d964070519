"""What every engine promises; the real one on SQLite and PostgreSQL, and its twin."""

import itertools
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.postgres import own_database
from tower_anime.adapters import engine_dbos
from tower_anime.adapters.engine_dbos import DbosEngine, open_sqlite
from tower_anime.errors import Conflict, ServerDown, StorageFull, StoreUnavailable
from tower_anime.ports import Advance
from tower_anime.testing.engine import InProcessEngine

AnyEngine = DbosEngine | InProcessEngine
DONE = Advance(done=True)
AGAIN = Advance(done=False)
LIMIT_S = 10.0


@dataclass
class Script:
    """Plays the pipeline: each generation's steps in turn, then done."""

    steps: dict[str, list[Advance | Exception | Callable[[], Advance]]] = field(
        default_factory=dict
    )
    calls: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: list[tuple[str, Exception]] = field(default_factory=list)
    busy: int = 0
    most_busy: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def advance(self, generation_id: str) -> Advance:
        with self.lock:
            self.busy += 1
            self.most_busy = max(self.busy, self.most_busy)
            number = len(self.calls[generation_id])
            self.calls[generation_id].append(time.monotonic())
        try:
            steps = self.steps.get(generation_id, [])
            step = steps[number] if number < len(steps) else DONE
            if isinstance(step, Exception):
                raise step
            return step() if callable(step) else step
        finally:
            with self.lock:
                self.busy -= 1

    def on_error(self, generation_id: str, error: Exception) -> None:
        self.errors.append((generation_id, error))


@pytest.fixture(autouse=True)
def others() -> set[threading.Thread]:
    """Return the threads that were there before the engine: other tests' servers."""
    return set(threading.enumerate())


@pytest.fixture(params=["in_process", "sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(kind: str, tmp_path: Path) -> Iterator[str]:
    if kind != "postgresql":
        yield f"sqlite:///{tmp_path}/engine.sqlite"
        return
    with own_database() as url:
        yield url


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def make(kind: str, url: str, tmp_path: Path, script: Script) -> Iterator[Callable[..., AnyEngine]]:
    made: list[AnyEngine] = []

    def make(**options: Any) -> AnyEngine:
        options = {"advance": script.advance, "on_error": script.on_error} | options
        engine: AnyEngine
        if kind == "in_process":
            engine = InProcessEngine(**options)
        else:
            options = {"on_parked": nobody_is_parked} | options
            engine = DbosEngine(url=url, data_dir=tmp_path, **options)
        made.append(engine)
        return engine

    yield make
    for engine in made:
        engine.stop(drain_s=LIMIT_S)


def nobody_is_parked(generation_id: str, reason: str) -> None:
    raise AssertionError(f"{generation_id} parked: {reason}")


@pytest.fixture
def engine(make: Callable[..., AnyEngine]) -> AnyEngine:
    engine = make()
    engine.start()
    return engine


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + LIMIT_S
    while not (held := condition()) and time.monotonic() < deadline:
        time.sleep(0.005)
    return held


def test_steps_are_taken_until_done(engine: AnyEngine, script: Script) -> None:
    script.steps["g"] = [AGAIN, AGAIN, DONE]
    engine.submit("g")
    assert engine.wait("g", timeout_s=LIMIT_S)
    assert len(script.calls["g"]) == 3
    assert eventually(lambda: dict(engine.known()) == {"g:0": "done"})
    assert engine.active() == ()


def test_a_run_submitted_twice_runs_once_and_a_new_run_again(
    engine: AnyEngine, script: Script
) -> None:
    for run in (0, 0, 1, 1):
        engine.submit("g", run=run)
        assert engine.wait("g", run=run, timeout_s=LIMIT_S)
    assert len(script.calls["g"]) == 2
    assert eventually(lambda: dict(engine.known()) == {"g:0": "done", "g:1": "done"})


def test_a_step_may_ask_for_a_pause(engine: AnyEngine, script: Script) -> None:
    script.steps["g"] = [Advance(done=False, wait_s=0.2), DONE]
    engine.submit("g")
    assert engine.wait("g", timeout_s=LIMIT_S)
    first, second = script.calls["g"]
    assert 0.19 < second - first < 1


def test_a_step_may_submit_another_generation(engine: AnyEngine, script: Script) -> None:
    def submit() -> Advance:
        engine.submit("child")
        return DONE

    script.steps["parent"] = [submit]
    engine.submit("parent")
    assert engine.wait("parent", timeout_s=LIMIT_S)
    assert engine.wait("child", timeout_s=LIMIT_S)


def test_unavailable_is_tried_again_ever_more_slowly(
    make: Callable[..., AnyEngine], script: Script
) -> None:
    gone = ServerDown("no answer")
    script.steps["g"] = [gone, gone, gone, AGAIN, gone, DONE]
    engine = make(back_off_s=(0.05, 0.15))
    engine.start()
    engine.submit("g")
    assert engine.wait("g", timeout_s=LIMIT_S)
    calls = script.calls["g"]
    pauses = [later - earlier for earlier, later in itertools.pairwise(calls)]
    expected = [0.05, 0.15, 0.15, 0.0, 0.05]  # begins anew after a success
    assert all(p + 0.002 >= e for p, e in zip(pauses, expected, strict=True)), pauses
    assert not script.errors


def test_a_bug_is_told_once_and_ends_its_run_alone(
    engine: AnyEngine, script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    bug = ZeroDivisionError("x" * 10_000)
    script.steps |= {"bad": [AGAIN, bug], "good": [AGAIN] * 5}
    for generation_id in ("bad", "good"):
        engine.submit(generation_id)
    assert engine.wait("bad", timeout_s=LIMIT_S)
    assert engine.wait("good", timeout_s=LIMIT_S)
    assert script.errors == [("bad", bug)]
    assert eventually(lambda: dict(engine.known()) == {"bad:0": "failed", "good:0": "done"})
    engine.submit("bad")
    time.sleep(0.05)
    assert len(script.calls["bad"]) == 2
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]  # on_error has its say


def test_a_bug_that_could_not_be_told_is_told_later(
    make: Callable[..., AnyEngine], script: Script
) -> None:
    bug = ZeroDivisionError()
    script.steps["g"] = [bug, bug]

    def on_error(generation_id: str, error: Exception) -> None:
        script.on_error(generation_id, error)
        if len(script.errors) == 1:
            raise StoreUnavailable("locked")

    engine = make(on_error=on_error, back_off_s=(0.01,))
    engine.start()
    engine.submit("g")
    assert engine.wait("g", timeout_s=LIMIT_S)
    assert script.errors == [("g", bug)] * 2
    assert eventually(lambda: engine.known()["g:0"] == "failed")


def test_a_bug_in_telling_ends_the_run_too(make: Callable[..., AnyEngine], script: Script) -> None:
    script.steps["g"] = [ZeroDivisionError()]

    def on_error(generation_id: str, error: Exception) -> None:
        raise KeyError(generation_id)

    engine = make(on_error=on_error, concurrency=1)
    engine.start()
    for generation_id in ("g", "next"):
        engine.submit(generation_id)
        assert engine.wait(generation_id, timeout_s=LIMIT_S)
    assert eventually(lambda: dict(engine.known()) == {"g:0": "failed", "next:0": "done"})


def test_no_more_steps_at_a_time_than_allowed(
    make: Callable[..., AnyEngine], script: Script
) -> None:
    def slow() -> Advance:
        time.sleep(0.03)
        return AGAIN

    names = [f"g{number}" for number in range(8)]
    script.steps |= {name: [slow] for name in names}
    engine = make(concurrency=2)
    engine.start()
    for name in names:
        engine.submit(name)
    assert all(engine.wait(name, timeout_s=LIMIT_S) for name in names)
    assert script.most_busy == 2


def test_a_pausing_run_lets_others_work(make: Callable[..., AnyEngine], script: Script) -> None:
    script.steps |= {f"pausing{n}": [Advance(done=False, wait_s=60)] for n in range(3)}
    engine = make(concurrency=1)
    engine.start()
    for name in [*script.steps, "quick"]:
        engine.submit(name)
    assert engine.wait("quick", timeout_s=LIMIT_S)
    assert engine.active() == ("pausing0:0", "pausing1:0", "pausing2:0")


def test_a_stop_lets_the_running_step_end_and_the_next_start_goes_on(
    engine: AnyEngine, script: Script
) -> None:
    begun = threading.Event()

    def slow() -> Advance:
        begun.set()
        time.sleep(0.2)
        return AGAIN

    script.steps |= {"slow": [slow], "pausing": [Advance(done=False, wait_s=60)]}
    engine.submit("slow")
    engine.submit("pausing")
    assert begun.wait(LIMIT_S)
    assert eventually(lambda: len(script.calls["pausing"]) == 1)
    stopped_at = time.monotonic()
    engine.stop(drain_s=LIMIT_S)
    assert time.monotonic() - stopped_at < LIMIT_S
    assert script.busy == 0
    assert len(script.calls["slow"]) == 1
    assert engine.active() == ()

    engine.start()
    assert engine.wait("slow", timeout_s=LIMIT_S)
    assert engine.wait("pausing", timeout_s=LIMIT_S)
    assert len(script.calls["slow"]) == len(script.calls["pausing"]) == 2


def test_a_stop_waits_no_longer_than_told(
    others: set[threading.Thread], engine: AnyEngine, script: Script
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def endless() -> Advance:
        begun.set()
        go_on.wait()
        return DONE

    script.steps["endless"] = [endless]
    engine.submit("endless")
    engine.submit("waiting")
    assert begun.wait(LIMIT_S)
    stopped_at = time.monotonic()
    engine.stop(drain_s=0.1)
    assert time.monotonic() - stopped_at < LIMIT_S
    go_on.set()
    assert eventually(lambda: set(threading.enumerate()) <= others)


def test_nothing_is_taken_before_the_start_or_after_the_stop(
    make: Callable[..., AnyEngine],
) -> None:
    engine = make()
    with pytest.raises(Conflict):
        engine.submit("g")
    engine.start()
    with pytest.raises(Conflict):
        engine.start()
    engine.stop(drain_s=LIMIT_S)
    engine.stop(drain_s=LIMIT_S)
    with pytest.raises(Conflict):
        engine.submit("g")
    assert not engine.wait("g", timeout_s=LIMIT_S)


def test_waiting_ends_at_the_time_out_and_at_a_stop(engine: AnyEngine, script: Script) -> None:
    script.steps["pausing"] = [Advance(done=False, wait_s=60)]
    engine.submit("pausing")
    assert not engine.wait("pausing", timeout_s=0.05)
    assert not engine.wait("unknown", timeout_s=0)
    stop = threading.Timer(0.05, engine.stop, kwargs={"drain_s": LIMIT_S})
    stop.start()
    began_at = time.monotonic()
    assert not engine.wait("pausing", timeout_s=LIMIT_S)
    assert time.monotonic() - began_at < LIMIT_S
    stop.join()


def test_a_stop_leaves_no_thread_behind(
    others: set[threading.Thread], engine: AnyEngine, script: Script
) -> None:
    script.steps["pausing"] = [Advance(done=False, wait_s=60)]
    for generation_id in ("a", "b", "pausing"):
        engine.submit(generation_id)
    engine.wait("a", timeout_s=LIMIT_S)
    engine.stop(drain_s=LIMIT_S)
    assert eventually(lambda: set(threading.enumerate()) <= others), threading.enumerate()


# ---- what only the real one has to withstand ---------------------------------------------------


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_a_folder_that_can_not_be_used_is_named(
    make: Callable[..., AnyEngine], tmp_path: Path
) -> None:
    (tmp_path / "workers").write_text("in the way")
    engine = make()
    with pytest.raises(StorageFull, match="workers"):
        engine.start()
    (tmp_path / "workers").unlink()
    engine.start()


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_a_database_that_can_not_be_used_leaves_nothing_running(
    others: set[threading.Thread],
    make: Callable[..., AnyEngine],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = tmp_path / "engine.sqlite"
    path.write_bytes(b"no database " * 1000)
    engine = make()
    with pytest.raises(StoreUnavailable, match="not a database"):
        engine.start()
    assert eventually(lambda: set(threading.enumerate()) <= others), threading.enumerate()
    assert not caplog.records
    path.unlink()
    engine.start()
    engine.submit("g")
    assert engine.wait("g", timeout_s=LIMIT_S)


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_a_run_that_can_not_be_told_parked_hinders_no_start(
    make: Callable[..., AnyEngine],
    script: Script,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(engine_dbos, "SWEEP_EVERY_S", 0.05)
    answers: list[Exception] = [StoreUnavailable("locked"), KeyError("no such generation")]

    def on_parked(generation_id: str, reason: str) -> None:
        assert generation_id == "g"
        raise answers.pop(0)

    script.steps["g"] = [Advance(done=False, wait_s=60)]
    engine = make(on_parked=on_parked, max_deaths=1)
    engine.start()
    engine.submit("g")
    assert eventually(lambda: len(script.calls["g"]) == 1)
    engine.stop(drain_s=LIMIT_S)
    (lock,) = (tmp_path / "workers").glob("*.lock")
    lock.write_text('["g:0"]')  # as if the process had died in the run's first step

    engine.start()
    engine.submit("other")
    assert engine.wait("other", timeout_s=LIMIT_S)
    assert eventually(lambda: engine.known()["g:0"] == "parked")
    assert engine.wait("g", timeout_s=LIMIT_S)
    assert [record.levelname for record in caplog.records] == ["WARNING", "ERROR"]


def test_sqlite_is_safe_against_a_loss_of_power(tmp_path: Path) -> None:
    database = open_sqlite(f"sqlite:///{tmp_path}/engine.sqlite")
    with database.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
    database.dispose()


def test_open_runs_are_told_apart_and_asked_for_by_generation(
    engine: AnyEngine, script: Script
) -> None:
    release = threading.Event()
    script.steps["held"] = [lambda: (release.wait(LIMIT_S), DONE)[1]]
    engine.submit("ended")
    engine.submit("held")
    engine.submit("held", run=5)
    assert engine.wait("ended", timeout_s=LIMIT_S)
    assert eventually(lambda: "ended:0" not in engine.open_runs())
    assert "held:0" in engine.open_runs()
    assert set(engine.known(["held"])) == {"held:0", "held:5"}
    assert dict(engine.known(["ended", "unknown"])) == {"ended:0": "done"}
    assert dict(engine.known([])) == {}
    release.set()
    assert eventually(lambda: not engine.open_runs())
