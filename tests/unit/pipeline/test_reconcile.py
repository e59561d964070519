"""Our rows against the engine's: what nobody works on is found, and only that."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests import samples
from tower_anime.adapters.store import migrate
from tower_anime.adapters.store.store import SqlStore
from tower_anime.domain.attempt import Attempt, AttemptState
from tower_anime.domain.generation import (
    Generation,
    GenerationStatus,
    Publication,
    PublicationState,
    new_generation_id,
    prompt_id_of,
)
from tower_anime.domain.quality import Profile
from tower_anime.errors import StoreUnavailable
from tower_anime.pipeline.reconcile import PUBLISH_EVERY_S, SURE_FOR_S, Reconciler
from tower_anime.pipeline.turns import Turns


@dataclass
class Runs:
    """An engine's memory, written by the test."""

    words: dict[str, str] = field(default_factory=dict)
    asked: int = 0

    def start(self) -> None: ...

    def stop(self, *, drain_s: float) -> None: ...

    def submit(self, generation_id: str, *, run: int = 0) -> None:
        self.words[f"{generation_id}:{run}"] = "open"

    def wait(self, generation_id: str, *, run: int = 0, timeout_s: float) -> bool:
        return False

    def known(self, generation_ids: Collection[str] | None = None) -> Mapping[str, str]:
        assert generation_ids is not None
        return {i: w for i, w in self.words.items() if i.rpartition(":")[0] in generation_ids}

    def open_runs(self) -> frozenset[str]:
        self.asked += 1
        return frozenset(i for i, word in self.words.items() if word == "open")

    def active(self) -> tuple[str, ...]:
        return ()


@dataclass
class Work:
    """What the pipeline would do; the library fails as often as told."""

    store: SqlStore
    failures: int = 0
    given_up: list[str] = field(default_factory=list)
    tries: int = 0

    def parked(self, generation_id: str, reason: str) -> None:
        self.given_up.append(generation_id)

    def complete_publication(self, generation_id: str) -> Publication:
        self.tries += 1
        state = PublicationState.VERIFIED
        if self.tries <= self.failures:
            state = PublicationState.PENDING
        publication = Publication(
            artifact_sha256=samples.artifact().sha256, target="folder", state=state, reason="full"
        )
        self.store.save_publication(generation_id, publication)
        return publication


@dataclass
class Scene:
    store: SqlStore
    runs: Runs
    work: Work
    reconciler: Reconciler
    now_s: list[float]

    def add(self, status: GenerationStatus = GenerationStatus.QUEUED, **brief: object) -> str:
        generation = Generation(
            id=new_generation_id(), brief=samples.brief(**brief), profile=Profile(name="still")
        )
        self.store.add_generation(generation)
        if status is not GenerationStatus.QUEUED:
            attempt: Attempt = replace(
                samples.attempt(1, AttemptState.PRODUCED),
                generation_id=generation.id,
                prompt_id=prompt_id_of(generation.id, 1),
                artifact=samples.artifact(),
            )
            self.store.save_attempt(attempt)
            self.store.save_generation(replace(generation, status=status, chosen_attempt=1))
        return generation.id

    def later(self, seconds: float) -> None:
        self.now_s[0] += seconds


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    url = f"sqlite:///{tmp_path / 'tower.sqlite'}"
    migrate.upgrade(url, backup_dir=None)
    with closing(SqlStore(url)) as store:
        runs, work, now_s = Runs(), Work(store), [50.0]
        reconciler = Reconciler(
            store=store, engine=runs, work=work, grace_s=1.0, clock=lambda: now_s[0]
        )
        yield Scene(store, runs, work, reconciler, now_s)


def test_a_creator_has_its_time_and_then_the_forgotten_is_submitted(scene: Scene) -> None:
    generation_id = scene.add()
    assert scene.reconciler.submit_forgotten() == ()
    scene.later(0.9)
    assert scene.reconciler.submit_forgotten() == ()
    scene.later(0.2)
    assert scene.reconciler.submit_forgotten() == (generation_id,)
    assert scene.runs.words == {f"{generation_id}:0": "open"}
    scene.later(5)
    assert scene.reconciler.submit_forgotten() == ()


def test_what_waited_before_the_start_begins_at_once_but_not_between_two_runs(
    scene: Scene,
) -> None:
    new, old, begun = scene.add(), scene.add(), scene.add(GenerationStatus.WORKING)
    turns = Turns(store=scene.store, limit=8, engine=scene.runs)
    started = replace(scene.reconciler, turns=turns)
    turns.now = lambda: datetime.now(UTC) - timedelta(minutes=1)  # a clock that was set back
    assert started.submit_forgotten() == ()
    turns.now = lambda: datetime.now(UTC) + timedelta(minutes=1)
    assert set(started.submit_forgotten()) == {new, old}
    scene.later(1.1)
    assert started.submit_forgotten() == (begun,)


def test_what_the_engine_works_on_is_seldom_asked_about(scene: Scene) -> None:
    scene.runs.submit(scene.add())
    for _ in range(10):
        assert scene.reconciler.submit_forgotten() == ()
        scene.later(SURE_FOR_S / 20)
    assert scene.runs.asked == 1
    scene.later(SURE_FOR_S)
    scene.reconciler.submit_forgotten()
    assert scene.runs.asked == 2


def test_nothing_unfinished_asks_the_engine_nothing(scene: Scene) -> None:
    scene.add(GenerationStatus.APPROVED, publish=False)
    scene.reconciler.submit_forgotten()
    assert scene.runs.asked == 0


def test_a_run_that_ended_before_our_row_did_gets_a_new_one(scene: Scene) -> None:
    """After a copy of our database was restored beside a newer engine."""
    generation_id = scene.add()
    scene.runs.words = {f"{generation_id}:0": "done", f"{generation_id}:7": "done"}
    scene.reconciler.submit_forgotten()
    scene.later(2)
    assert scene.reconciler.submit_forgotten() == (generation_id,)
    assert scene.runs.words[f"{generation_id}:8"] == "open"


@pytest.mark.parametrize("word", ["failed", "parked"])
def test_what_the_engine_gave_up_is_not_tried_for_ever(scene: Scene, word: str) -> None:
    generation_id = scene.add()
    scene.runs.words = {f"{generation_id}:0": word}
    scene.reconciler.submit_forgotten()
    scene.later(2)
    assert scene.reconciler.submit_forgotten() == ()
    assert scene.work.given_up == [generation_id]


def test_only_what_is_approved_and_lacks_its_file_is_published(scene: Scene) -> None:
    lacking = scene.add(GenerationStatus.APPROVED)
    scene.add(GenerationStatus.APPROVED, publish=False)
    scene.add(GenerationStatus.REJECTED)
    scene.add()
    assert scene.store.unpublished() == (lacking,)
    (publication,) = scene.reconciler.complete_publications()
    assert publication.state is PublicationState.VERIFIED
    assert scene.store.unpublished() == ()
    scene.later(PUBLISH_EVERY_S)
    assert scene.reconciler.complete_publications() == ()
    assert scene.work.tries == 1


def test_a_run_that_is_about_to_publish_is_left_alone(scene: Scene) -> None:
    scene.runs.submit(scene.add(GenerationStatus.APPROVED))
    assert scene.reconciler.complete_publications() == ()


def test_a_library_that_is_away_is_tried_with_growing_pauses(scene: Scene) -> None:
    scene.add(GenerationStatus.APPROVED)
    scene.work.failures = 1000
    for _ in range(3600):
        scene.reconciler.complete_publications()
        scene.later(1.0)
    assert 10 < scene.work.tries < 25
    scene.work.failures = 0
    scene.later(300)
    (publication,) = scene.reconciler.complete_publications()
    assert publication.state is PublicationState.VERIFIED


def test_a_database_that_is_away_is_looked_at_again(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    class Away(Runs):
        def open_runs(self) -> frozenset[str]:
            raise StoreUnavailable("the engine's database does not answer")

    scene.add()
    replace(scene.reconciler, engine=Away()).look(publish=True)
    assert "does not answer" in caplog.text
