"""A sandbox in a process of its own, and data folders on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flow.process import Place, Processes, place, sandbox_process
from tests.postgres import own_database


@pytest.fixture(scope="session")
def drawing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with sandbox_process(tmp_path_factory.mktemp("sandbox")) as url:
        yield url


@pytest.fixture
def postgresql_data(tmp_path: Path, drawing: str) -> Iterator[Place]:
    with own_database() as url:
        yield place(tmp_path, drawing, postgresql=url)


@pytest.fixture
def sqlite_data(tmp_path: Path, drawing: str) -> Place:
    return place(tmp_path, drawing)


@pytest.fixture
def processes() -> Iterator[Processes]:
    started = Processes()
    yield started
    started.close()
