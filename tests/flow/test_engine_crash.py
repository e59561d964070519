"""Processes on one data folder, killed with SIGKILL: nothing is lost, nothing done by two.

`Truth` plays our own tables: a file per recorded step, made once, and a log of what was begun.
The engine's processes are forked from a server that has imported dbos already.
"""

import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from tests.postgres import own_database
from tower_anime.adapters import engine_dbos
from tower_anime.adapters.engine_dbos import DbosEngine
from tower_anime.ports import Advance

LIMIT_S = 60.0  # what a lost run takes to be found again, on a disk that stands still
STEPS = 3

spawn = multiprocessing.get_context("forkserver")
spawn.set_forkserver_preload(["pytest", "tower_anime.adapters.engine_dbos", __name__])


@dataclass(frozen=True)
class Truth:
    """What steps were begun and recorded, by whom; and files that steer the processes."""

    folder: Path

    def begin(self, generation_id: str, number: int) -> None:
        log = os.open(self.folder / "begun", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(log, f"{generation_id} {number} {os.getpid()} {time.time()}\n".encode())
        os.close(log)

    def begun(self) -> list[tuple[str, int, int, float]]:
        with suppress(FileNotFoundError):
            lines = (self.folder / "begun").read_text().splitlines()
            fields = [line.split() for line in lines]
            return [(f[0], int(f[1]), int(f[2]), float(f[3])) for f in fields]
        return []

    def record(self, generation_id: str, number: int) -> None:
        """Record a step, which fails if it was recorded before."""
        (self.folder / f"{generation_id}.{number}").touch(exist_ok=False)

    def recorded(self, generation_id: str) -> int:
        return sum(1 for _ in self.folder.glob(f"{generation_id}.*"))

    def mark(self, name: str) -> None:
        (self.folder / f"+{name}").touch()

    def take(self, name: str) -> bool:
        """Remove a mark; True for the one who did."""
        with suppress(FileNotFoundError):
            (self.folder / f"+{name}").unlink()
            return True
        return False

    def marked(self, name: str) -> bool:
        return (self.folder / f"+{name}").exists()


@dataclass(frozen=True)
class Worker:
    """The body of a process: submits, waits for what it is told, stops cleanly."""

    folder: Path
    url: str
    submit: tuple[str, ...] = ()
    wait: tuple[str, ...] = ()
    listen: bool = True
    concurrency: int = 4
    sweep_s: float = 0.2
    step_s: float = 0.0
    max_deaths: int = 5

    @property
    def truth(self) -> Truth:
        return Truth(self.folder)

    def __call__(self) -> None:
        engine_dbos.SWEEP_EVERY_S = self.sweep_s
        engine = DbosEngine(
            advance=self.advance,
            url=self.url,
            data_dir=self.folder,
            concurrency=self.concurrency,
            listen=self.listen,
            max_deaths=self.max_deaths,
            on_error=lambda generation_id, error: self.truth.mark(f"bug {error!r}"),
            on_parked=self.on_parked,
        )
        engine.start()
        self.truth.mark(f"started {os.getpid()}")
        for generation_id in self.submit:
            engine.submit(generation_id)
            self.die_at("submitted")
        self.truth.mark("submitted")
        for generation_id in self.wait:
            assert engine.wait(generation_id, timeout_s=LIMIT_S)
            self.die_at("ended")
        if not self.wait:
            while not self.truth.marked("enough"):
                time.sleep(0.01)
        engine.stop(drain_s=LIMIT_S)

    def advance(self, generation_id: str) -> Advance:
        number = self.truth.recorded(generation_id)
        if number == STEPS:
            return Advance(done=True)
        self.truth.begin(generation_id, number)
        self.die_at("begun")
        if generation_id == "poison":
            while not self.truth.marked("submitted"):
                time.sleep(0.01)
            time.sleep(0.1)  # its neighbours are in their steps
            os.kill(os.getpid(), signal.SIGKILL)
        while generation_id.startswith("held") and not self.truth.marked("release"):
            time.sleep(0.01)
        time.sleep(self.step_s)
        self.truth.record(generation_id, number)
        self.die_at("recorded")
        return Advance(done=False, wait_s=60.0 if generation_id.startswith("pausing") else 0.0)

    def on_parked(self, generation_id: str, reason: str) -> None:
        self.die_at("parking")
        self.truth.mark(f"parked {generation_id} {reason}")

    def die_at(self, point: str) -> None:
        if self.truth.take(f"die at {point}"):
            os.kill(os.getpid(), signal.SIGKILL)


class Start:
    """Starts workers on one folder and kills what is left of them at the end."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self.truth = Truth(folder)
        self.processes: list[BaseProcess] = []

    def __call__(self, **options: object) -> BaseProcess:
        worker = Worker(self.folder, self.url, **options)  # type: ignore[arg-type]
        process = spawn.Process(target=worker)
        process.start()
        self.processes.append(process)
        return process

    def up(self, **options: object) -> BaseProcess:
        """Start a worker and wait until its engine runs."""
        process = self(**options)
        self.until(lambda: self.truth.marked(f"started {process.pid}"))
        return process

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + LIMIT_S
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.005)

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.join()
            process.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/engine.sqlite"
        return
    with own_database() as url:
        yield url


@pytest.fixture
def start(tmp_path: Path, url: str) -> Iterator[Start]:
    start = Start(tmp_path, url)
    yield start
    start.close()


def ended(process: BaseProcess, code: int = 0) -> bool:
    process.join(LIMIT_S)
    return process.exitcode == code


def killed(process: BaseProcess) -> bool:
    return ended(process, -signal.SIGKILL)


ALL = ("a", "b", "c", "d", "e", "f")


@pytest.mark.parametrize("point", ["submitted", "begun", "recorded", "ended"])
def test_a_restart_goes_on_at_once(start: Start, point: str) -> None:
    start.truth.mark(f"die at {point}")
    assert killed(start(submit=ALL, wait=ALL, concurrency=2))
    restarted = start.up(submit=ALL, wait=ALL)  # not all may have been submitted before
    restarted_at = time.time()
    assert ended(restarted)
    assert [start.truth.recorded(generation_id) for generation_id in ALL] == [STEPS] * len(ALL)
    times = Counter((generation_id, number) for generation_id, number, _, _ in start.truth.begun())
    assert len(times) == STEPS * len(ALL)
    assert sum(times.values()) <= STEPS * len(ALL) + 2  # again only what ran in two hands
    later = [at for _, _, pid, at in start.truth.begun() if pid == restarted.pid]
    assert not later or min(later) - restarted_at < 1.0


def test_the_living_keep_their_work_and_the_dead_are_relieved(start: Start) -> None:
    first = start.up(submit=("held1", "held2", "pausing"))
    start.until(lambda: len(start.truth.begun()) == 3)
    second = start.up(submit=("own",))
    start.until(lambda: start.truth.recorded("own") == STEPS)
    time.sleep(0.6)  # three sweeps, two polls
    owners = {generation_id: pid for generation_id, _, pid, _ in start.truth.begun()}
    assert owners == {
        "held1": first.pid, "held2": first.pid, "pausing": first.pid, "own": second.pid
    }  # fmt: skip

    first.kill()
    start.truth.mark("release")
    start.until(lambda: start.truth.recorded("held1") == start.truth.recorded("held2") == STEPS)
    start.until(lambda: start.truth.recorded("pausing") == 2)
    assert {pid for *_, pid, _ in start.truth.begun()} == {first.pid, second.pid}
    assert not list(start.folder.glob(f"workers/*-{first.pid}-*"))


def test_a_second_process_submitting_the_same_only_waits(start: Start) -> None:
    first = start.up(submit=("held",))
    start.until(lambda: bool(start.truth.begun()))
    second = start.up(submit=("held",), wait=("held",))
    time.sleep(0.4)
    start.truth.mark("release")
    assert ended(second)
    assert {pid for *_, pid, _ in start.truth.begun()} == {first.pid}


def test_who_does_not_listen_takes_nothing_over(start: Start) -> None:
    first = start.up(submit=("held",))
    start.until(lambda: bool(start.truth.begun()))
    first.kill()
    start.truth.mark("release")
    assert ended(start(submit=("own",), wait=("own",), listen=False))
    assert start.truth.recorded("held") == 0
    assert ended(start(wait=("held",)))
    assert start.truth.recorded("held") == STEPS


def test_what_a_clean_stop_left_is_taken_up_by_the_living(start: Start) -> None:
    start.up(submit=("other",))
    first = start(submit=("pausing", "own"), wait=("own",))
    assert ended(first)
    start.until(lambda: start.truth.recorded("pausing") >= 2)


def test_work_is_found_even_without_the_lock_files(start: Start) -> None:
    start.truth.mark("die at recorded")
    assert killed(start(submit=ALL, wait=ALL, concurrency=1))
    for path in start.folder.glob("workers/*.lock"):
        path.unlink()
    assert ended(start(submit=ALL, wait=ALL))


def test_poison_is_parked_and_who_waits_is_not_blamed(start: Start) -> None:
    names = ("poison", *ALL)
    assert killed(start(submit=names, concurrency=1))
    for _ in range(2):
        assert killed(start(concurrency=1))
    start.truth.mark("die at parking")
    assert killed(start(wait=names, max_deaths=3))
    assert ended(start(wait=names, max_deaths=3))
    parked = [path.name for path in start.folder.glob("+parked*")]
    assert parked == ["+parked poison the program died 3 times in the same step"]
    assert all(start.truth.recorded(generation_id) == STEPS for generation_id in ALL)


def test_poison_does_not_take_its_neighbours_along(start: Start) -> None:
    names = ("poison", "a", "b", "c")
    assert killed(start(submit=names, step_s=0.3))
    for _ in range(2):
        assert killed(start(step_s=0.3))
    assert ended(start(wait=names, max_deaths=3))
    assert [path.name[:14] for path in start.folder.glob("+parked*")] == ["+parked poison"]
    assert all(start.truth.recorded(generation_id) == STEPS for generation_id in names[1:])


def rounds(
    start: Start, *, generations: int, kills: int, most_s: float, step_s: float, seed: int
) -> None:
    """Kill one of two workers again and again; then let a last one finish."""
    chance = random.Random(seed)
    names = tuple(f"g{number}" for number in range(generations))
    start.up(submit=names, step_s=step_s)
    for _ in range(kills):
        start(step_s=step_s)
        time.sleep(chance.uniform(0, most_s))
        chance.choice([p for p in start.processes if p.is_alive()]).kill()
        time.sleep(chance.uniform(0, 0.1))
    start.truth.mark("enough")
    assert ended(start(submit=names, wait=names))
    assert all(start.truth.recorded(name) == STEPS for name in names)
    assert not list(start.folder.glob("+parked*"))
    assert not list(start.folder.glob("+bug*"))  # such as a step recorded twice


def test_random_kills(start: Start) -> None:
    rounds(start, generations=40, kills=5, most_s=0.3, step_s=0.02, seed=1)


@pytest.mark.slow
def test_many_random_kills(start: Start) -> None:
    rounds(start, generations=500, kills=100, most_s=0.8, step_s=0.2, seed=2)
