"""Rolled-up figures say the same as the histories they are made of, on both databases."""

from __future__ import annotations

import random
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests import samples
from tests.postgres import own_database
from tower_anime.adapters.store import migrate
from tower_anime.adapters.store.store import SqlStore
from tower_anime.analytics import FigureKeeper, Subject, report
from tower_anime.domain.attempt import Attempt, AttemptState, Failure
from tower_anime.domain.correction import Correction
from tower_anime.domain.figures import Slice
from tower_anime.domain.generation import (
    Direction,
    DirectorDecision,
    Event,
    Generation,
    GenerationStatus,
    History,
    prompt_id_of,
)
from tower_anime.domain.quality import Verdict

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/store.sqlite"
        migrate.upgrade(url, backup_dir=None)
        opened = SqlStore(url)
        yield opened
        opened.close()
        return
    with own_database() as url:
        migrate.upgrade(url, backup_dir=None)
        opened = SqlStore(url)
        yield opened
        opened.close()


def fill(store: SqlStore, number: int = 40, *, seed: int = 1) -> list[History]:
    lot = random.Random(seed)
    return [_one(store, lot, index) for index in range(number)]


def _one(store: SqlStore, lot: random.Random, index: int) -> History:
    status = lot.choice(["approved", "rejected", "failed"])
    created = NOW + timedelta(days=index % 5)
    generation = Generation(
        id=str(uuid.UUID(int=lot.getrandbits(128), version=4)),
        brief=samples.brief(project=f"P{index % 2}"),
        profile=samples.generation().profile,
        status=GenerationStatus(status),
        backend="sandbox" if index % 4 == 0 else "comfyui",
        chosen_attempt=None if status == "failed" else 2,
        created_at=created,
        finished_at=created + timedelta(seconds=30),
    )
    store.add_generation(generation)
    for n in (1, 2):
        _attempt(store, lot, generation, n)
    store.save_direction(
        generation.id,
        Direction(source="rules", decision=DirectorDecision.UNREVIEWED, attempt=2),
    )
    store.add_event(Event(kind="concluded", generation_id=generation.id, data={"status": status}))
    return store.history(generation.id)


def _attempt(store: SqlStore, lot: random.Random, generation: Generation, number: int) -> None:
    failed = generation.status is GenerationStatus.FAILED
    made = Attempt(
        generation_id=generation.id,
        number=number,
        prompt_id=prompt_id_of(generation.id, number),
        request=samples.request(checkpoint=f"c{lot.randrange(2)}"),
        state=AttemptState.FAILED if failed else AttemptState.PRODUCED,
        seconds=lot.uniform(1, 9),
        sampler_steps=lot.randrange(1, 30),
        artifact=None if failed else samples.artifact(lot.randrange(1, 9)),
        failure=Failure("out_of_memory", "m") if failed else None,
        stopped_early_at_step=7 if number == 1 and not failed else None,
        corrections=(
            (Correction(defect="noise", change={"steps": (12, 28)}, reason="r"),)
            if number == 2
            else ()
        ),
    )
    store.save_attempt(made)
    if not failed:
        verdict = Verdict.PASS if number == 2 else Verdict.REJECT
        found = replace(
            samples.assessment(verdict, defects=(samples.defect("noise"),)), score=lot.random()
        )
        store.save_assessment(generation.id, number, found)


def test_reports_agree_with_the_histories(store: SqlStore) -> None:
    histories = [h for h in fill(store) if h.generation.backend == "comfyui"]
    FigureKeeper(store).refresh()
    of = Slice(backend="comfyui")
    quality = report(store, Subject.QUALITY, of)
    by_status = Counter(h.generation.status.value for h in histories)
    assert quality.totals["generations"] == len(histories)
    assert {name: quality.totals[name] for name in by_status} == by_status
    final = [
        h.attempt(h.generation.chosen_attempt).assessment.score  # type: ignore[union-attr]
        for h in histories
        if h.generation.chosen_attempt
    ]
    assert quality.totals["score"]["n"] == len(final)
    assert quality.totals["score"]["mean"] == pytest.approx(sum(final) / len(final))  # type: ignore[arg-type]
    assert quality.totals["defects"]["noise"]["n"] == 2 * len(final)
    assert len(quality.rows) == 5
    performance = report(store, Subject.PERFORMANCE, of).totals
    spent = sum(a.seconds for h in histories for a in h.attempts)
    useful = sum(
        h.attempts[1].seconds for h in histories if h.generation.status.value == "approved"
    )
    saved = sum(
        a.seconds * (a.request.steps - 7) / 7
        for h in histories
        for a in h.attempts
        if a.stopped_early_at_step
    )
    assert performance["ledger"]["seconds_spent"] == pytest.approx(spent, abs=0.01)
    assert performance["ledger"]["seconds_useful"] == pytest.approx(useful, abs=0.01)
    assert performance["ledger"]["seconds_saved"] == pytest.approx(saved, abs=0.01)
    assert performance["seconds_per_generation"]["mean"] == pytest.approx(30.0, abs=0.001)
    (row,) = report(store, Subject.CORRECTIONS, of).rows
    gains = [
        h.attempts[1].assessment.score - h.attempts[0].assessment.score  # type: ignore[union-attr,operator]
        for h in histories
        if h.generation.chosen_attempt
    ]
    assert (row["defect"], row["parameter"], row["measured"]) == ("noise", "steps", len(gains))
    assert row["gain_mean"] == pytest.approx(sum(gains) / len(gains))
    assert row["passed_share"] == 1.0
    learning = report(store, Subject.LEARNING, of).totals
    assert learning["first_pass"]["share"] == 0.0
    assert learning["attempts_per_generation"]["mean"] == 2.0
    (decided,) = report(store, Subject.DIRECTOR, of).rows
    assert decided["n"] == len(histories)


def test_a_slice_of_all_slices_is_the_whole(store: SqlStore) -> None:
    fill(store)
    FigureKeeper(store).refresh()
    whole = report(store, Subject.QUALITY, Slice()).totals["generations"]
    parts = [report(store, Subject.QUALITY, Slice(project=p)).totals for p in ("P0", "P1")]
    assert sum(part["generations"] for part in parts) == whole == 40
    parts = [report(store, Subject.QUALITY, Slice(checkpoint=c)).totals for c in ("c0", "c1")]
    assert sum(part["generations"] for part in parts) == whole
    days = [NOW.date() + timedelta(days=n) for n in range(5)]
    parts = [report(store, Subject.QUALITY, Slice(since=d, until=d)).totals for d in days]
    assert sum(part["generations"] for part in parts) == whole


def test_only_days_on_which_something_changed_are_rolled_up_again(store: SqlStore) -> None:
    histories = fill(store, 10)
    keeper = FigureKeeper(store)
    assert keeper.refresh() == 5
    assert keeper.refresh() == 0
    before = report(store, Subject.QUALITY, Slice()).totals
    store.add_event(Event(kind="x", generation_id=histories[0].generation.id, data={}))
    assert keeper.refresh() == 1
    assert report(store, Subject.QUALITY, Slice()).totals == before
    fill(store, 5, seed=2)
    assert keeper.refresh() == 5
    assert report(store, Subject.QUALITY, Slice()).totals["generations"] == 15
    assert FigureKeeper(store).refresh() == 0


def test_who_asks_first_waits_for_a_while_and_the_next_goes_on(store: SqlStore) -> None:
    fill(store, 10)
    keeper = FigureKeeper(store)
    assert keeper.ensure(within_s=0.0) is None
    first = report(store, Subject.QUALITY, Slice()).totals["generations"]
    assert 0 < first < 10
    assert keeper.refresh() == 4
    assert keeper.ensure(within_s=0.0) == keeper.as_of
    assert report(store, Subject.QUALITY, Slice()).totals["generations"] == 10
