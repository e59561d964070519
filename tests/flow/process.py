"""A process of the whole product for tests that kill it, and what must hold afterwards.

Store, engine, files and library are the real ones; the server is a sandbox in a process of its
own that outlives the killed ones.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import httpx2

from tower_anime.adapters.blobs import FileBlobs
from tower_anime.adapters.comfy import ComfyRenderer
from tower_anime.adapters.durable_files import TEMPORARY_PREFIX
from tower_anime.adapters.engine_dbos import DbosEngine
from tower_anime.adapters.folder_library import FolderLibrary
from tower_anime.adapters.media import OpenCvMedia
from tower_anime.adapters.memory import few_arenas, give_back
from tower_anime.adapters.store import migrate
from tower_anime.adapters.store.store import SqlStore
from tower_anime.assess.profiles import DRAFT
from tower_anime.direct.rules import RulesDirector
from tower_anime.domain.brief import Brief
from tower_anime.domain.generation import (
    Generation,
    GenerationStatus,
    History,
    PublicationState,
    new_generation_id,
)
from tower_anime.domain.wish import briefs_of
from tower_anime.errors import StoreUnavailable
from tower_anime.graph.ready import template
from tower_anime.graph.source import Source
from tower_anime.pipeline.reconcile import Reconciler
from tower_anime.pipeline.steps import Pipeline

LIMIT_S = 60.0
TRIM_EVERY_S = 60.0
SMALL = {
    "profile": "draft",
    "size": "512x512",
    "set": {"steps": 2, "checkpoint": "sandbox_anime_15.safetensors"},
}
"""Too few steps: the first attempt is rejected, the second one is good."""

spawn = multiprocessing.get_context("forkserver")
spawn.set_forkserver_preload(["pytest", __name__])


def brief(seed: int, **changes: Any) -> Brief:
    (made,) = briefs_of({"prompt": "1girl, umbrella", **SMALL, "seed": seed, **changes})
    return made


@dataclass(frozen=True)
class Place:
    """A data folder with its databases, and the server that draws."""

    folder: Path
    store_url: str
    engine_url: str
    server: str

    def store(self) -> SqlStore:
        migrate.upgrade(self.store_url, backup_dir=None)
        return SqlStore(self.store_url)

    def add(self, count: int, **changes: Any) -> tuple[str, ...]:
        """Write generations that nobody is told of: the reconciler finds them."""
        store = self.store()
        try:
            return tuple(
                store.add_generation(
                    Generation(id=new_generation_id(), brief=brief(seed, **changes), profile=DRAFT)
                ).id
                for seed in range(count)
            )
        finally:
            store.close()

    def histories(self) -> tuple[History, ...]:
        store = self.store()
        try:
            page = store.histories(limit=1000)
            found = list(page.items)
            while page.next_cursor:
                page = store.histories(limit=1000, cursor=page.next_cursor)
                found.extend(page.items)
            return tuple(found)
        finally:
            store.close()


def place(folder: Path, server: str, *, postgresql: str | None = None) -> Place:
    return Place(
        folder=folder,
        store_url=postgresql or f"sqlite:///{folder / 'tower.sqlite'}",
        engine_url=postgresql or f"sqlite:///{folder / 'engine.sqlite'}",
        server=server,
    )


@dataclass(frozen=True)
class Worker:
    """The body of a process: works until `ids` are over, or until it is killed.

    It kills itself where it passes `point` for the `passing`-th time; `fsync` is such a point.
    """

    place: Place
    ids: tuple[str, ...] = ()
    point: str | None = None
    passing: int = 1
    changes: dict[str, Any] = field(default_factory=dict)
    grace_s: float = 0.0
    patient: bool = False  # with a database that is away

    def __call__(self) -> None:
        passed = 0

        def die_at(point: str) -> None:
            nonlocal passed
            passed += point == self.point
            if passed == self.passing:
                os.kill(os.getpid(), signal.SIGKILL)

        if self.point == "fsync":
            sync = os.fsync
            os.fsync = lambda number: (die_at("fsync"), sync(number))[1]  # type: ignore[assignment]
        self.work(die_at if self.point else lambda _point: None)

    def work(self, crash_point: Callable[[str], None]) -> None:
        few_arenas()  # as `compose` does
        store = self.place.store()
        renderer = ComfyRenderer(self.place.server, down_after_s=1.0)
        pipeline = replace(
            Pipeline(
                store=store,
                blobs=FileBlobs(self.place.folder / "artifacts"),
                media=OpenCvMedia(),
                library=FolderLibrary(self.place.folder / "library"),
                director=RulesDirector(),
                renderers=(renderer,),
                workflow=cache(lambda _key: Source(graph=template())),
                connect=lambda url: ComfyRenderer(url, down_after_s=0.1),
                crash_point=crash_point,
            ),
            **self.changes,
        )
        engine = DbosEngine(
            advance=pipeline.advance,
            url=self.place.engine_url,
            data_dir=self.place.folder,
            on_error=pipeline.broke,
            on_parked=pipeline.parked,
            max_deaths=50,
        )
        engine.start()
        (self.place.folder / f"up.{os.getpid()}").touch()
        reconciler = Reconciler(store=store, engine=engine, work=pipeline, grace_s=self.grace_s)
        trim_due_s = time.monotonic() + TRIM_EVERY_S
        while self._unfinished(store):
            reconciler.look(publish=True)
            if time.monotonic() >= trim_due_s:  # as `compose` does
                trim_due_s += TRIM_EVERY_S
                give_back()
            time.sleep(0.05)
        engine.stop(drain_s=LIMIT_S)
        store.close()
        renderer.close()

    def _unfinished(self, store: SqlStore) -> bool:
        """Whether this process still has something to wait for; with no ids, for ever."""
        if not self.ids:
            return True
        try:
            return bool(set(self.ids) & ({*store.unfinished()} | {*store.unpublished()}))
        except StoreUnavailable:
            if not self.patient:
                raise
            return True


class Processes:
    """Starts workers and kills what is left of them at the end."""

    def __init__(self) -> None:
        self._started: list[BaseProcess] = []

    def start(self, worker: Callable[[], None]) -> BaseProcess:
        process = spawn.Process(target=worker)
        process.start()
        self._started.append(process)
        return process

    def up(self, worker: Worker) -> BaseProcess:
        """Start a worker and wait until its engine runs."""
        process = self.start(worker)
        until((worker.place.folder / f"up.{process.pid}").exists)
        return process

    def close(self) -> None:
        for process in self._started:
            process.kill()
            process.join()
            process.close()


def until(condition: Callable[[], bool], limit_s: float = LIMIT_S) -> None:
    deadline_s = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline_s, "it did not happen in time"
        time.sleep(0.01)


@contextmanager
def sandbox_process(
    folder: Path, *options: str, module: Sequence[str] = ("-m", "tower_anime.sandbox")
) -> Iterator[str]:
    """Yield the address of a sandbox in a process of its own."""
    folder.mkdir(exist_ok=True)
    announce = folder / "sandbox.json"
    announce.unlink(missing_ok=True)
    command = [sys.executable, *module, "--port", "0", "--folder", str(folder)]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [*command, "--announce", str(announce), *options], stdout=log, stderr=log
        )
    try:
        until(announce.exists)
        yield str(json.loads(announce.read_text())["url"])
    finally:
        process.kill()
        process.wait()


def posts(server: str) -> int:
    """Return how many jobs were ever posted: the server numbers them from 0."""
    history = httpx2.get(f"{server}/history").json()
    numbers = [entry["prompt"][0] for entry in history.values()]
    return int(max(numbers, default=-1)) + 1


@dataclass(frozen=True)
class Losses:
    """What went wrong; all must be empty."""

    lost: tuple[str, ...]
    duplicated: tuple[str, ...]
    torn: tuple[str, ...]
    untrue: tuple[str, ...]


def losses(place: Place, ids: Sequence[str], *, posted: int | None = None) -> Losses:
    """Compare rows, files and the server after the work has ended.

    `posted` is how many jobs the server had before; None when it was not the same all the time.
    """
    found = {history.generation.id: history for history in place.histories()}
    histories = [found[generation_id] for generation_id in ids if generation_id in found]
    library = _hashes(place.folder / "library", ("*.png",))
    return Losses(
        lost=tuple(
            [i for i in ids if i not in found or not found[i].generation.status.over]
            + [h.generation.id for h in histories if _gaps(h)]
        ),
        duplicated=tuple(_duplicates(place, histories, library, posted)),
        torn=tuple(_torn(place.folder / "artifacts") + _unknown(histories, library)),
        untrue=tuple(h.generation.id for h in histories if not _true(h)),
    )


NONE = Losses((), (), (), ())


def _gaps(history: History) -> bool:
    numbers = [attempt.number for attempt in history.attempts]
    return numbers != list(range(1, len(numbers) + 1)) or not numbers


def _duplicates(
    place: Place, histories: Sequence[History], library: dict[Path, str], posted: int | None
) -> Iterator[str]:
    published = sum(h.generation.status is GenerationStatus.APPROVED for h in histories)
    if len(library) > published:
        yield f"{len(library)} files in the library for {published} publications"
    attempts = sum(len(history.attempts) for history in histories)
    if posted is not None and posts(place.server) - posted > attempts:
        yield f"{posts(place.server) - posted} jobs posted for {attempts} attempts"


def _torn(folder: Path) -> list[str]:
    return [str(path) for path, sha256 in _hashes(folder, ("*",)).items() if path.stem != sha256]


def _unknown(histories: Sequence[History], library: dict[Path, str]) -> list[str]:
    chosen = {h.publication.artifact_sha256 for h in histories if h.publication}
    return [str(path) for path, sha256 in library.items() if sha256 not in chosen]


def _true(history: History) -> bool:
    """Whether the status is what the attempts say, and an approved one is really published."""
    generation = history.generation
    if generation.status is GenerationStatus.FAILED:
        return generation.failure is not None
    if generation.status is not GenerationStatus.APPROVED:
        return generation.status is GenerationStatus.REJECTED
    publication = history.publication
    return (
        generation.chosen_attempt is not None
        and publication is not None
        and publication.state is PublicationState.VERIFIED
        and publication.location is not None
        and Path(publication.location).is_file()
        and all(attempt.state.over for attempt in history.attempts)
    )


def _hashes(folder: Path, patterns: Sequence[str]) -> dict[Path, str]:
    paths = (path for pattern in patterns for path in folder.rglob(pattern))
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
        if path.is_file() and not path.name.startswith(TEMPORARY_PREFIX)
    }


def rounds(
    place: Place, processes: Processes, *, generations: int, kills: int, seed: int, most_s: float
) -> Losses:
    """Kill a worker again and again, then let a last one finish."""
    chance = random.Random(seed)
    posted = posts(place.server)
    ids = place.add(generations)
    for _ in range(kills):
        process = processes.up(Worker(place, ids))
        process.join(chance.uniform(0.05, most_s))
        process.kill()
        process.join()
    last = processes.start(Worker(place, ids))
    last.join(LIMIT_S * 5)
    assert last.exitcode == 0
    return losses(place, ids, posted=posted)
