"""What only the durable engine does beside its work: forget, notice, give up waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dbos import _dbos

from tests.contract.test_engine import DONE, LIMIT_S, Script, eventually
from tests.postgres import Cluster, private_cluster
from tower_anime.adapters import engine_dbos
from tower_anime.adapters.engine_dbos import DbosEngine
from tower_anime.errors import StoreUnavailable

Make = Callable[..., DbosEngine]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[DbosEngine] = []

    def make(script: Script, **options: Any) -> DbosEngine:
        options = {"url": f"sqlite:///{tmp_path}/engine.sqlite"} | options
        made.append(
            DbosEngine(
                advance=script.advance,
                on_error=script.on_error,
                on_parked=lambda _id, _reason: None,
                data_dir=tmp_path,
                **options,
            )
        )
        return made[-1]

    yield make
    for engine in made:
        engine.stop(drain_s=LIMIT_S)


def test_ended_runs_are_forgotten_and_open_ones_are_not(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_dbos, "SWEEP_EVERY_S", 0.05)
    monkeypatch.setattr(engine_dbos, "PRUNE_EVERY", 2)
    monkeypatch.setattr(engine_dbos, "KEEP_ENDED_S", -3600.0)
    monkeypatch.setattr(engine_dbos, "PRUNE_AT_ONCE", 2)
    script, release = Script(), threading.Event()
    script.steps["held"] = [lambda: (release.wait(LIMIT_S), DONE)[1]]
    engine = make(script)
    engine.start()
    engine.submit("held")
    for name in "abcde":
        engine.submit(name)
    assert eventually(lambda: set(engine.known()) == {"held:0"})
    engine.submit("a")  # again, as after a restored copy: harmless
    assert eventually(lambda: len(script.calls["a"]) == 2)
    release.set()


def test_a_run_that_dbos_took_and_never_began_is_begun(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_dbos, "SWEEP_EVERY_S", 0.1)
    monkeypatch.setattr(engine_dbos, "COMPARE_EVERY", 1)
    engine = make(script := Script())
    engine.start()
    lose_one(monkeypatch)
    engine.submit("lost")
    monkeypatch.undo()
    monkeypatch.setattr(engine_dbos, "SWEEP_EVERY_S", 0.1)
    assert dict(engine.known()) == {"lost:0": "open"}
    assert engine.active() == ()
    assert engine.wait("lost", timeout_s=LIMIT_S)
    assert len(script.calls["lost"]) == 1


def lose_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let DBOS record a run and fail to give it to a thread, as when none can be started."""
    instance = _dbos._dbos_global_instance
    assert instance is not None
    monkeypatch.setattr(instance._executor, "submit", lambda *_args, **_options: None)


def test_a_call_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    with pytest.raises(StoreUnavailable, match="does not answer"):
        engine_dbos._answer(lambda: release.wait(LIMIT_S), limit_s=0.05)
    release.set()


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with private_cluster() as running:
        yield running


@pytest.mark.slow
def test_a_server_that_is_gone_keeps_nobody_waiting(
    make: Make, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_dbos, "ANSWER_LIMIT_S", 2.0)
    engine = make(script := Script(), url=cluster.url)
    engine.start()
    engine.submit("before")
    assert engine.wait("before", timeout_s=LIMIT_S)
    cluster.stop()
    started_s = time.monotonic()
    with pytest.raises(StoreUnavailable):
        engine.submit("meanwhile")
    with pytest.raises(StoreUnavailable):
        engine.wait("meanwhile", timeout_s=LIMIT_S)
    engine.stop(drain_s=1.0)
    print(f"three calls took {time.monotonic() - started_s:.1f} s")
    cluster.start()
    again = make(script, url=cluster.url)
    again.start()
    again.submit("meanwhile")
    assert again.wait("meanwhile", timeout_s=LIMIT_S)
