"""`worker`: more hands for the queue of a `serve`, on a database that both use."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.flow.command import DRAFT, Commands
from tests.flow.process import until
from tests.postgres import own_database
from tower_anime.compose import open_store
from tower_anime.domain.generation import GenerationStatus, History
from tower_anime.settings import Settings


class Shared(Commands):
    """Commands on one PostgreSQL database."""

    def __init__(self, home: Path, url: str, server: str) -> None:
        super().__init__(home, TOWER_DATABASE_URL=url, TOWER_COMFY_URLS=server)
        self._url = url

    def histories(self) -> list[History]:
        settings = Settings(data_dir=self.data, comfy_urls=(), database_url=self._url)
        with closing(open_store(settings)) as store:
            return list(store.histories(limit=500).items)

    def are_over(self, number: int) -> bool:
        found = self.histories()
        return len(found) == number and all(one.generation.status.over for one in found)


@pytest.fixture
def commands(tmp_path: Path, drawing: str) -> Iterator[Shared]:
    with own_database() as url:
        made = Shared(tmp_path, url, drawing)
        yield made
        made.close()


def test_on_sqlite_it_says_what_it_needs(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    done = commands.run("worker")
    assert done.returncode == 2
    assert "TOWER_DATABASE_URL" in done.stderr
    commands.close()


@pytest.mark.slow
def test_it_does_what_waits_and_ends_in_order(commands: Shared) -> None:
    detached = commands.run("generate", "1girl", "1boy", *DRAFT, "--detach", "--json")
    assert detached.returncode == 0, detached.stderr
    worker = commands.start("worker")
    until(lambda: commands.are_over(2))
    histories = commands.histories()
    assert [one.generation.status for one in histories] == [GenerationStatus.APPROVED] * 2
    until(lambda: all(one.publication for one in commands.histories()))
    worker.send_signal(signal.SIGTERM)
    _, stderr = worker.communicate(timeout=30)
    assert worker.returncode == 0, stderr
    assert "works on 4 generations at a time" in stderr


@pytest.mark.slow
def test_a_killed_workers_work_is_taken_over_by_the_server(commands: Shared) -> None:
    with commands.serving():
        worker = commands.start("worker")
        prompts = [f"{number} girls" for number in range(1, 9)]
        detached = commands.run("generate", *prompts, *DRAFT, "--detach", "--json")
        assert detached.returncode == 0, detached.stderr
        until(lambda: any(one.attempts for one in commands.histories()))
        worker.kill()
        until(lambda: commands.are_over(8))
    for history in commands.histories():
        numbers = [attempt.number for attempt in history.attempts]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len({attempt.prompt_id for attempt in history.attempts}) == len(numbers)
