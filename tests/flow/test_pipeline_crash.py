"""Kill -9 between "done" and "recorded", restart, and nothing is lost, twice or torn."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flow.process import (
    NONE,
    Place,
    Processes,
    Worker,
    losses,
    place,
    posts,
    rounds,
    sandbox_process,
)
from tower_anime.domain.generation import GenerationStatus
from tower_anime.pipeline.records import Point

TELLING = (Point.POSTED, Point.STORED, Point.CONCLUDED, Point.PUBLISHED)
"""The points where most can go wrong; the others are among the long tests."""

SYNCS = range(1, 13)  # of two stored pictures, the published one, its text and their folders


def die_and_restart(data: Place, processes: Processes, point: str, passing: int = 1) -> None:
    posted = posts(data.server)
    ids = data.add(2)
    killed = processes.start(Worker(data, ids, point=point, passing=passing))
    killed.join()
    assert killed.exitcode == -9
    restarted = processes.start(Worker(data, ids))
    restarted.join()
    assert restarted.exitcode == 0
    assert losses(data, ids, posted=posted) == NONE
    for history in data.histories():
        assert history.generation.status is GenerationStatus.APPROVED
        assert [attempt.submissions for attempt in history.attempts] == [1, 1]


@pytest.mark.parametrize("point", TELLING)
def test_a_restart_goes_on_where_it_was(
    sqlite_data: Place, processes: Processes, point: Point
) -> None:
    die_and_restart(sqlite_data, processes, point)


@pytest.mark.slow
@pytest.mark.parametrize("point", [p for p in Point if p not in (*TELLING, Point.LOST)])
def test_a_restart_goes_on_from_every_other_point(
    sqlite_data: Place, processes: Processes, point: Point
) -> None:
    die_and_restart(sqlite_data, processes, point)


@pytest.mark.slow
def test_a_restart_goes_on_where_the_server_had_forgotten_the_job(
    tmp_path: Path, processes: Processes
) -> None:
    """The server forgets half of all jobs: then a second submission is right."""
    with sandbox_process(tmp_path / "sandbox", "--faults", "lost:0.5") as server:
        here = place(tmp_path, server)
        ids = here.add(8)  # one of them at least is lost, but once in 256 runs
        killed = processes.start(Worker(here, ids, point=Point.LOST))
        killed.join()
        assert killed.exitcode == -9
        restarted = processes.start(Worker(here, ids))
        restarted.join()
        assert restarted.exitcode == 0
        assert losses(here, ids) == NONE


@pytest.mark.slow
@pytest.mark.parametrize("point", TELLING)
def test_the_same_on_postgresql(postgresql_data: Place, processes: Processes, point: Point) -> None:
    die_and_restart(postgresql_data, processes, point)


@pytest.mark.slow
@pytest.mark.parametrize("number", SYNCS)
def test_a_restart_goes_on_from_every_half_written_file(
    sqlite_data: Place, processes: Processes, number: int
) -> None:
    die_and_restart(sqlite_data, processes, "fsync", number)


@pytest.mark.parametrize("passing", [2, 3])
def test_dying_again_and_again_at_one_point(
    sqlite_data: Place, processes: Processes, passing: int
) -> None:
    """The second attempt's turn, and the death of the one that took over."""
    posted = posts(sqlite_data.server)
    ids = sqlite_data.add(1)
    for times in (passing, 1, 1):
        process = processes.start(
            Worker(sqlite_data, ids, point=Point.SERVER_RECORDED, passing=times)
        )
        process.join()
    last = processes.start(Worker(sqlite_data, ids))
    last.join()
    assert last.exitcode == 0
    assert losses(sqlite_data, ids, posted=posted) == NONE


def test_random_kills(sqlite_data: Place, processes: Processes) -> None:
    found = rounds(sqlite_data, processes, generations=8, kills=4, seed=1, most_s=0.8)
    assert found == NONE


@pytest.mark.slow
def test_many_random_kills(sqlite_data: Place, processes: Processes) -> None:
    found = rounds(sqlite_data, processes, generations=40, kills=15, seed=2, most_s=1.5)
    assert found == NONE


@pytest.mark.slow
def test_random_kills_on_postgresql(postgresql_data: Place, processes: Processes) -> None:
    found = rounds(postgresql_data, processes, generations=12, kills=6, seed=3, most_s=1.5)
    assert found == NONE
