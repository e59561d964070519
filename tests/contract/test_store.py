"""What every store does, on SQLite and, where there is a server, on PostgreSQL."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import chain
from pathlib import Path
from types import MappingProxyType

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, make_url, text

from tests import samples
from tests.postgres import ADVICE, VARIABLE, missing
from tower_anime.adapters.store.connect import _translated
from tower_anime.adapters.store.migrate import upgrade
from tower_anime.adapters.store.store import SqlStore
from tower_anime.adapters.store.tables import HEAD, METADATA
from tower_anime.domain.alert import Alert
from tower_anime.domain.attempt import Artifact, Attempt, AttemptKind, AttemptState, Failure
from tower_anime.domain.brief import Brief, make_brief
from tower_anime.domain.correction import Correction
from tower_anime.domain.generation import (
    Direction,
    DirectorDecision,
    Event,
    Generation,
    GenerationStatus,
    PersonDecision,
    PersonReview,
    Publication,
    PublicationState,
    new_generation_id,
    prompt_id_of,
)
from tower_anime.domain.quality import (
    Action,
    Assessment,
    Defect,
    FileError,
    FrameRange,
    Measured,
    Profile,
    Region,
    Unmeasured,
    Verdict,
)
from tower_anime.domain.request import MAX_SEED, RenderRequest
from tower_anime.errors import BadInput, Conflict, NotFound, StoreUnavailable, TowerError
from tower_anime.ports import Store

SERVER = os.environ.get(VARIABLE)
NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
SHA = "ab" * 32


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "store.sqlite"
    upgrade(f"sqlite:///{file}", backup_dir=None)
    return file


@pytest.fixture
def sqlite_url(template: Path, tmp_path: Path) -> str:
    file = tmp_path / "store.sqlite"
    shutil.copy(template, file)
    return f"sqlite:///{file}"


@contextmanager
def postgresql_schema(server: str) -> Iterator[str]:
    """A schema of its own on the server, gone afterwards."""
    name = f"tower_{uuid.uuid4().hex}"
    address = make_url(server).set(drivername="postgresql+psycopg")
    engine = sqlalchemy.create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    try:
        own = make_url(server).update_query_dict({"options": f"-csearch_path={name}"})
        yield own.render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
        engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    if SERVER is None:
        missing(ADVICE)
    with postgresql_schema(SERVER or "") as schema_url:
        assert upgrade(schema_url, backup_dir=None)[-1] == HEAD
        assert upgrade(schema_url, backup_dir=None) == []
        yield schema_url


@pytest.fixture
def store(url: str) -> Iterator[SqlStore]:
    with closing(SqlStore(url)) as opened:
        yield opened


@pytest.fixture
def sqlite_store(sqlite_url: str) -> Iterator[SqlStore]:
    with closing(SqlStore(sqlite_url)) as opened:
        yield opened


def a_generation(**changes: object) -> Generation:
    generation = Generation(
        id=new_generation_id(),
        brief=make_brief(prompt="1girl, umbrella", parameters={"seed": MAX_SEED, "cfg": 7}),
        profile=Profile(name="still"),
    )
    return replace(generation, **changes)  # type: ignore[arg-type]


def in_project(name: str, **changes: object) -> Generation:
    return a_generation(brief=make_brief(prompt="a cat", project=name), **changes)


def a_request(**changes: object) -> RenderRequest:
    request = RenderRequest(
        prompt="1girl",
        width=512,
        height=768,
        steps=12,
        cfg=7.0,
        sampler="euler",
        scheduler="normal",
        seed=MAX_SEED,
    )
    return replace(request, **changes)  # type: ignore[arg-type]


def an_attempt(generation_id: str, number: int = 1, **changes: object) -> Attempt:
    attempt = Attempt(
        generation_id=generation_id,
        number=number,
        prompt_id=prompt_id_of(generation_id, number),
        request=a_request(checkpoint="anime.safetensors"),
    )
    return replace(attempt, **changes)  # type: ignore[arg-type]


def an_artifact(sha256: str = SHA) -> Artifact:
    return Artifact(sha256=sha256, path=f"/a/{sha256}.png", media_type="image/png", size_bytes=9)


def an_assessment(**changes: object) -> Assessment:
    assessment = Assessment(
        kind="image",
        width=512,
        height=768,
        score=0.75,
        verdict=Verdict.PASS,
        threshold=0.7,
        defects=(),
        measurements={"edge_width": Measured(1.8, "px"), "faces": Unmeasured("no model")},
        profile="still",
        assessor="test",
        seconds=0.04,
    )
    return replace(assessment, **changes)  # type: ignore[arg-type]


def saved(store: Store, **changes: object) -> Generation:
    return store.add_generation(a_generation(**changes))


def at_once(work: Callable[[int], object], *, times: int = 16) -> list[object]:
    """Call `work(0)`, `work(1)`, … in threads that all start together."""
    gate = threading.Barrier(times)

    def run(index: int) -> object:
        gate.wait()
        return work(index)

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


def test_the_tables_are_those_of_the_program(url: str) -> None:
    with raw(url) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


# ---- Generations ------------------------------------------------------------------------------


def test_a_generation_comes_back_as_it_was(store: SqlStore) -> None:
    added = store.add_generation(a_generation(batch_id="b", created_at=NOW))
    assert added.created_at == NOW
    history = store.history(added.id)
    assert history.generation == added
    assert history.attempts == ()
    assert (history.direction, history.review, history.publication) == (None, None, None)


def test_a_generation_without_a_time_gets_one(store: SqlStore) -> None:
    created_at = saved(store).created_at
    assert created_at is not None
    assert created_at.tzinfo is not None
    assert abs(created_at - datetime.now(UTC)) < timedelta(seconds=10)


def test_the_same_id_twice_is_once(store: SqlStore) -> None:
    first = saved(store)
    again = store.add_generation(replace(first, brief=make_brief(prompt="other")))
    assert again == first
    assert len(store.histories(limit=9).items) == 1


def test_the_same_key_twice_is_once(store: SqlStore) -> None:
    first = store.add_generation(a_generation(), key="k")
    assert store.add_generation(a_generation(), key="k") == first
    assert store.add_generation(a_generation(), key="other").id != first.id
    assert len(store.histories(limit=9).items) == 2


def test_many_threads_with_one_key_make_one_generation(store: SqlStore) -> None:
    added = at_once(lambda _: store.add_generation(a_generation(), key="k"))
    assert len(set(map(id_of, added))) == 1
    assert len(store.histories(limit=9).items) == 1


def id_of(generation: object) -> str:
    assert isinstance(generation, Generation)
    return generation.id


def test_many_threads_make_one_project(store: SqlStore, url: str) -> None:
    at_once(lambda _: store.add_generation(in_project("Tower")))
    with raw(url) as connection:
        names = connection.execute(text("SELECT name FROM projects")).scalars().all()
    assert names == ["Tower"]
    assert len(store.histories(limit=99, project="Tower").items) == 16


@contextmanager
def raw(url: str) -> Iterator[sqlalchemy.Connection]:
    """A connection past the store."""
    address = make_url(url)
    if address.drivername == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
    engine = sqlalchemy.create_engine(address)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def test_what_changes_is_saved(store: SqlStore) -> None:
    generation = saved(store)
    changed = replace(
        generation,
        status=GenerationStatus.FAILED,
        first_request=a_request(),
        chosen_attempt=2,
        backend="sandbox",
        failure=Failure("missing_model", "no such checkpoint"),
        reason="it failed",
        finished_at=NOW,
    )
    store.save_generation(changed)
    assert store.history(generation.id).generation == changed


def test_the_end_gets_a_time_and_is_changed_by_a_person_alone(store: SqlStore) -> None:
    generation = saved(store)
    assert store.save_generation(replace(generation, status=GenerationStatus.WORKING))
    assert store.history(generation.id).generation.finished_at is None
    assert store.save_generation(replace(generation, status=GenerationStatus.NEEDS_REVIEW))
    over = store.history(generation.id).generation
    assert over.finished_at is not None
    assert not store.save_generation(replace(generation, status=GenerationStatus.WORKING))
    assert store.history(generation.id).generation == over
    store.save_review(generation.id, a_review(attempt=2), status=GenerationStatus.APPROVED)
    decided = store.history(generation.id).generation
    assert (decided.status, decided.chosen_attempt) == (GenerationStatus.APPROVED, 2)
    assert decided.finished_at == over.finished_at


def test_an_event_is_recorded_with_what_it_tells_or_not_at_all(store: SqlStore) -> None:
    generation = saved(store)
    told = Event(kind="told", generation_id=generation.id, data={})
    store.save_attempt(an_attempt(generation.id, artifact=an_artifact()), event=told)
    store.save_assessment(generation.id, 1, an_assessment(), event=told)
    store.save_publication(generation.id, a_publication(), event=told)
    store.save_generation(replace(generation, status=GenerationStatus.APPROVED), event=told)
    assert len(store.events_after(0)) == 4
    assert not store.save_generation(generation, event=told)  # over: nothing happened
    impossible = replace(told, data={"a": object()})
    with pytest.raises(BadInput):
        store.save_attempt(an_attempt(generation.id, 2), event=impossible)
    assert len(store.events_after(0)) == 4
    assert len(store.history(generation.id).attempts) == 1


def test_saving_never_takes_a_cancellation_back(store: SqlStore) -> None:
    generation = saved(store)
    assert store.request_cancel(generation.id) is GenerationStatus.QUEUED
    store.save_generation(replace(generation, status=GenerationStatus.WORKING))
    assert store.cancel_requested(generation.id)
    assert store.history(generation.id).generation.cancel_requested


@pytest.mark.parametrize("status", [status for status in GenerationStatus if status.over])
def test_what_is_over_is_not_cancelled(store: SqlStore, status: GenerationStatus) -> None:
    generation = saved(store, status=status)
    assert store.request_cancel(generation.id) is status
    assert not store.cancel_requested(generation.id)


def test_a_cancellation_meets_the_end_either_way_and_never_both(store: SqlStore) -> None:
    for _ in range(5):
        generation = saved(store)
        over = replace(generation, status=GenerationStatus.APPROVED)
        answers = at_once(
            lambda i, g=generation, o=over: (
                store.request_cancel(g.id) if i else store.save_generation(o)
            ),
            times=2,
        )
        cancelled = store.cancel_requested(generation.id)
        assert cancelled == (answers[1] is GenerationStatus.QUEUED)


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.history("nobody"),
        lambda store: store.save_generation(a_generation(id="nobody")),
        lambda store: store.request_cancel("nobody"),
        lambda store: store.cancel_requested("nobody"),
        lambda store: store.save_attempt(an_attempt("nobody")),
        lambda store: store.save_assessment("nobody", 1, an_assessment()),
        lambda store: store.save_direction("nobody", a_direction()),
        lambda store: store.save_review("nobody", a_review(), status=GenerationStatus.APPROVED),
        lambda store: store.save_publication("nobody", a_publication()),
        lambda store: store.add_event(Event(kind="x", generation_id="nobody", data={})),
    ],
)
def test_nobody_is_not_found(store: SqlStore, call: Callable[[Store], object]) -> None:
    with pytest.raises(NotFound):
        call(store)


def test_unfinished_work_comes_oldest_first(store: SqlStore) -> None:
    for minutes, status in enumerate(GenerationStatus):
        saved(store, id=status.value, status=status, created_at=NOW - timedelta(minutes=minutes))
    assert store.unfinished() == ("working", "queued")


def test_every_status_is_counted(store: SqlStore) -> None:
    saved(store)
    saved(store)
    saved(store, status=GenerationStatus.REJECTED)
    counted = store.count_by_status()
    assert counted[GenerationStatus.QUEUED] == 2
    assert counted[GenerationStatus.REJECTED] == 1
    assert counted[GenerationStatus.APPROVED] == 0
    assert set(counted) == set(GenerationStatus)


# ---- Lists ------------------------------------------------------------------------------------


def pages(store: Store, *, limit: int, **filters: object) -> list[list[str]]:
    found, cursor = [], None
    while True:
        page = store.histories(limit=limit, cursor=cursor, **filters)  # type: ignore[arg-type]
        found.append([history.generation.id for history in page.items])
        cursor = page.next_cursor
        if cursor is None:
            return found


@pytest.mark.parametrize("limit", [1, 3, 10, 11])
def test_pages_hold_each_generation_once_newest_first(store: SqlStore, limit: int) -> None:
    # pairs of equal times: the id decides
    added = [saved(store, created_at=NOW + timedelta(microseconds=i // 2)) for i in range(10)]
    expected = sorted(added, key=lambda one: (one.created_at, one.id), reverse=True)
    found = pages(store, limit=limit)
    assert list(chain.from_iterable(found)) == [one.id for one in expected]
    assert all(len(page) <= limit for page in found)


def test_a_page_does_not_shift_when_something_is_added(store: SqlStore) -> None:
    old = [saved(store, created_at=NOW - timedelta(seconds=i)).id for i in range(4)]
    first = store.histories(limit=2)
    saved(store, created_at=NOW + timedelta(seconds=1))
    second = store.histories(limit=2, cursor=first.next_cursor)
    assert [history.generation.id for history in second.items] == old[2:]


def test_lists_are_filtered_by_status_and_project(store: SqlStore) -> None:
    def add(project: str, status: GenerationStatus) -> str:
        return store.add_generation(in_project(project, status=status)).id

    wanted = {
        add("A", GenerationStatus.APPROVED),
        add("A", GenerationStatus.REJECTED),
    }
    add("A", GenerationStatus.QUEUED)
    add("B", GenerationStatus.APPROVED)
    found = pages(
        store,
        limit=1,
        statuses=(GenerationStatus.APPROVED, GenerationStatus.REJECTED),
        project="A",
    )
    assert set(chain.from_iterable(found)) == wanted
    assert pages(store, limit=9, project="nowhere") == [[]]


@pytest.mark.parametrize("cursor", ["", "x", "é", "bm9uc2Vuc2U=", "fHw=", "MjAyNnw="])
def test_a_foreign_cursor_is_refused(store: SqlStore, cursor: str) -> None:
    if cursor == "MjAyNnw=":
        cursor += "=" * 5
    with pytest.raises(BadInput, match="cursor"):
        store.histories(limit=1, cursor=cursor)


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_page_has_bounds(store: SqlStore, limit: int) -> None:
    with pytest.raises(BadInput, match="1 to 1000"):
        store.histories(limit=limit)


def test_a_long_list_costs_as_many_queries_as_a_short_one(store: SqlStore) -> None:
    for number in range(30):
        fill(store, sha256=f"{number:064x}")
    assert count_queries(store, lambda: store.histories(limit=30)) == count_queries(
        store, lambda: store.histories(limit=1)
    )
    assert count_queries(store, lambda: store.histories(limit=30)) <= 7


def fill(store: Store, *, sha256: str) -> str:
    generation = saved(store)
    store.save_attempt(
        an_attempt(
            generation.id,
            artifact=an_artifact(sha256),
            corrections=(Correction(defect="blur", change={"steps": (12, 28)}, reason="soft"),),
        )
    )
    store.save_attempt(an_attempt(generation.id, 2))
    store.save_assessment(generation.id, 1, an_assessment())
    store.save_direction(generation.id, a_direction())
    store.save_publication(generation.id, a_publication(sha256))
    return generation.id


def count_queries(store: SqlStore, call: Callable[[], object]) -> int:
    statements: list[str] = []

    def note(*arguments: object) -> None:
        if not str(arguments[2]).startswith("BEGIN"):
            statements.append(str(arguments[2]))

    event.listen(store._engine, "before_cursor_execute", note)
    try:
        call()
    finally:
        event.remove(store._engine, "before_cursor_execute", note)
    return len(statements)


# ---- Attempts ---------------------------------------------------------------------------------


def test_an_attempt_is_updated_and_keeps_its_assessment_and_time(store: SqlStore) -> None:
    generation = saved(store)
    store.save_attempt(
        an_attempt(
            generation.id,
            created_at=NOW,
            corrections=(
                Correction(defect="blur", change={"steps": (4, 20)}, reason="soft"),
                Correction(defect="noise", change={"cfg": (7.0, None)}, reason="grain"),
            ),
        )
    )
    store.save_assessment(generation.id, 1, an_assessment())
    ended = an_attempt(
        generation.id,
        state=AttemptState.PRODUCED,
        server="http://127.0.0.1:8188",
        backend="comfyui",
        sampler_steps=12,
        seconds=1.25,
        submissions=1,
        artifact=an_artifact(),
        corrections=(Correction(defect="blur", change={"steps": (4, 28)}, reason="soft"),),
    )
    store.save_attempt(ended)
    (attempt,) = store.history(generation.id).attempts
    assert attempt == replace(ended, created_at=NOW, assessment=an_assessment())


def test_an_assessment_is_replaced(store: SqlStore) -> None:
    generation = saved(store)
    store.save_attempt(an_attempt(generation.id))
    store.save_assessment(generation.id, 1, an_assessment())
    second = an_assessment(score=None, verdict=Verdict.UNMEASURED, error=FileError("gone", "…"))
    store.save_assessment(generation.id, 1, second)
    assert store.history(generation.id).attempt(1).assessment == second


def test_an_assessment_needs_its_attempt(store: SqlStore) -> None:
    generation = saved(store)
    with pytest.raises(NotFound, match="no attempt 2"):
        store.save_assessment(generation.id, 2, an_assessment())


def test_attempts_come_in_their_order(store: SqlStore) -> None:
    generation = saved(store)
    for number in (3, 1, 2):
        store.save_attempt(an_attempt(generation.id, number))
    assert [one.number for one in store.history(generation.id).attempts] == [1, 2, 3]


def test_two_attempts_never_share_a_prompt_id(store: SqlStore) -> None:
    generation = saved(store)
    store.save_attempt(an_attempt(generation.id))
    with pytest.raises(Conflict):
        store.save_attempt(an_attempt(generation.id, 2, prompt_id=prompt_id_of(generation.id, 1)))


def test_two_attempts_may_share_an_artifact(store: SqlStore) -> None:
    generation = saved(store)
    for number in (1, 2):
        store.save_attempt(an_attempt(generation.id, number, artifact=an_artifact()))
    assert [one.artifact for one in store.history(generation.id).attempts] == [an_artifact()] * 2


# ---- Decisions --------------------------------------------------------------------------------


def a_direction(**changes: object) -> Direction:
    direction = Direction(source="rules", decision=DirectorDecision.UNREVIEWED, attempt=1)
    return replace(direction, **changes)  # type: ignore[arg-type]


def a_review(**changes: object) -> PersonReview:
    review = PersonReview(decision=PersonDecision.APPROVE, attempt=1, decided_at=NOW)
    return replace(review, **changes)  # type: ignore[arg-type]


def decisions_of(url: str) -> list[tuple[str, str, str]]:
    query = 'SELECT "by", decision, status_before FROM decisions ORDER BY seq'
    with raw(url) as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_the_newest_direction_counts_and_a_repeated_one_is_recorded_once(
    store: SqlStore, url: str
) -> None:
    generation = saved(store)
    newest = a_direction(source="ollama:llava", decision=DirectorDecision.APPROVE, notes="good")
    for direction in (a_direction(), a_direction(), newest, newest):
        store.save_direction(generation.id, direction)
    assert store.history(generation.id).direction == newest
    assert [decision for _, decision, _ in decisions_of(url)] == ["unreviewed", "approve"]


def test_a_review_and_its_status_are_recorded_together(store: SqlStore, url: str) -> None:
    generation = saved(store, status=GenerationStatus.NEEDS_REVIEW)
    review = a_review(reasons=("hands", "eyes"), note="six fingers", decision="reject")
    store.save_direction(generation.id, a_direction())
    store.save_review(generation.id, review, status=GenerationStatus.REJECTED)
    store.save_review(generation.id, review, status=GenerationStatus.REJECTED)
    history = store.history(generation.id)
    assert history.review == review
    assert history.generation.status is GenerationStatus.REJECTED
    assert history.direction == a_direction()
    assert decisions_of(url) == [
        ("director", "unreviewed", "needs_review"),
        ("person", "reject", "needs_review"),
    ]


def test_a_review_that_fails_leaves_nothing(store: SqlStore, url: str) -> None:
    generation = saved(store, status=GenerationStatus.NEEDS_REVIEW)
    with pytest.raises(BadInput):
        store.save_review(
            generation.id, a_review(reasons=("\ud800",)), status=GenerationStatus.APPROVED
        )
    history = store.history(generation.id)
    assert (history.review, history.generation.status) == (None, GenerationStatus.NEEDS_REVIEW)
    assert decisions_of(url) == []


def test_a_decision_taken_back_no_longer_counts(store: SqlStore, url: str) -> None:
    generation = saved(store)
    store.save_review(generation.id, a_review(), status=GenerationStatus.APPROVED)
    with raw(url) as connection:
        connection.execute(text("UPDATE decisions SET undone_at = '2026-01-01 00:00:00'"))
    assert store.history(generation.id).review is None


# ---- Publications -----------------------------------------------------------------------------


def a_publication(sha256: str = SHA, **changes: object) -> Publication:
    publication = Publication(
        artifact_sha256=sha256,
        target="folder",
        state=PublicationState.PENDING,
        reason="the disk is full",
    )
    return replace(publication, **changes)  # type: ignore[arg-type]


def test_one_artifact_is_published_once_per_generation_and_target(
    store: SqlStore, url: str
) -> None:
    ids = [saved(store).id for _ in range(2)]
    for generation_id in ids:
        store.save_attempt(an_attempt(generation_id, artifact=an_artifact()))
        store.save_publication(generation_id, a_publication())
    done = a_publication(state=PublicationState.VERIFIED, location="/library/a.png", reason=None)
    store.save_publication(ids[0], done)
    assert store.history(ids[0]).publication == done
    assert store.history(ids[1]).publication == a_publication()
    with raw(url) as connection:
        assert connection.execute(text("SELECT count(*) FROM publications")).scalar_one() == 2


def test_only_a_stored_artifact_is_published(store: SqlStore) -> None:
    with pytest.raises(NotFound):
        store.save_publication(saved(store).id, a_publication())


# ---- Events -----------------------------------------------------------------------------------


def test_events_are_numbered_and_read_from_a_number_on(store: SqlStore) -> None:
    generation = saved(store)
    data = MappingProxyType({"step": 3, "when": NOW, "path": Path("/a"), "score": 0.5})
    first = store.add_event(Event(kind="step", generation_id=generation.id, data=data, at=NOW))
    second = store.add_event(Event(kind="start", generation_id=None, data={}))
    assert second > first
    events = store.events_after(0)
    assert events[0] == Event(
        kind="step",
        generation_id=generation.id,
        data={"step": 3, "when": "2026-03-29T01:30:00Z", "path": "/a", "score": 0.5},
        seq=first,
        at=NOW,
    )
    assert events[1].at is not None
    assert [one.seq for one in store.events_after(first)] == [second]
    assert [one.seq for one in store.events_after(0, generation_id=generation.id)] == [first]
    assert [one.seq for one in store.events_after(0, limit=1)] == [first]


def test_a_reader_misses_no_event_of_many_writers(store: SqlStore) -> None:
    seen: list[int] = []
    done = threading.Event()

    def follow() -> None:
        while True:
            last_round = done.is_set()
            seen.extend(one.seq for one in store.events_after(seen[-1] if seen else 0))
            if last_round:
                return

    reader = threading.Thread(target=follow)
    reader.start()
    written = at_once(
        lambda _: [store.add_event(Event(kind="x", generation_id=None, data={})) for _ in range(10)]
    )
    done.set()
    reader.join()
    assert seen == sorted(chain.from_iterable(written))


# ---- Every value, exactly ---------------------------------------------------------------------

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
NAMES = st.text(max_size=8)
FLOATS = st.floats(allow_nan=False)
SHARES = st.floats(0, 1)
SIDES = st.integers(0, 20_000)
# fixed offsets: an hour that a zone repeats equals no other time in Python
TIMES = st.datetimes(
    datetime(1970, 1, 2),  # noqa: DTZ001
    timezones=st.integers(-840, 840).map(lambda m: timezone(timedelta(minutes=m))),
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
)
OPTIONAL_WORDS = st.none() | WORDS
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | NAMES
FINITE = st.none() | st.booleans() | st.integers() | SHARES | NAMES

measurements = st.dictionaries(
    NAMES, st.builds(Measured, FLOATS, NAMES) | st.builds(Unmeasured, NAMES), max_size=4
)
defects = st.builds(
    Defect,
    kind=NAMES,
    severity=SHARES,
    message=NAMES,
    measurement=NAMES,
    where=st.none()
    | st.builds(Region, SIDES, SIDES, SIDES, SIDES)
    | st.builds(FrameRange, SIDES, SIDES),
    loss=SHARES,
)
assessments = st.builds(
    Assessment,
    kind=st.sampled_from(["image", "video"]),
    width=SIDES,
    height=SIDES,
    score=st.none() | SHARES,
    verdict=st.sampled_from(Verdict),
    threshold=SHARES,
    defects=st.lists(defects, max_size=2).map(tuple),
    measurements=measurements | measurements.map(MappingProxyType),
    profile=WORDS,
    assessor=WORDS,
    seconds=SHARES,
    relaxed=st.dictionaries(NAMES, SHARES, max_size=2),
    error=st.none() | st.builds(FileError, NAMES, NAMES),
)
requests = st.builds(
    RenderRequest,
    prompt=NAMES,
    width=SIDES,
    height=SIDES,
    steps=SIDES,
    cfg=SHARES,
    sampler=NAMES,
    scheduler=NAMES,
    seed=st.integers(0, MAX_SEED),
    checkpoint=st.none() | WORDS,
    frames=st.none() | SIDES,
    frame_rate=st.none() | SHARES,
)
corrections = st.builds(
    Correction,
    defect=WORDS,
    change=st.dictionaries(NAMES, st.tuples(FINITE, FINITE), max_size=3),
    reason=WORDS,
)
failures = st.none() | st.builds(Failure, WORDS, WORDS)
profiles = st.builds(
    Profile,
    name=NAMES,
    threshold=SHARES,
    actions=st.dictionaries(NAMES, st.sampled_from(Action), max_size=2).map(MappingProxyType),
    required=st.lists(NAMES, max_size=2).map(tuple),
)
briefs = st.builds(
    Brief,
    prompt=NAMES,
    project=WORDS,
    workflow=OPTIONAL_WORDS,
    parameters=st.dictionaries(NAMES, FINITE, max_size=3),
    locks=st.lists(NAMES, max_size=2).map(tuple),
    publish=st.booleans(),
)


@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_value_comes_back_exactly(store: SqlStore, data: st.DataObject) -> None:
    generation = Generation(
        id=new_generation_id(),
        brief=data.draw(briefs),
        profile=data.draw(profiles),
        status=data.draw(st.sampled_from(GenerationStatus)),
        first_request=data.draw(st.none() | requests),
        chosen_attempt=data.draw(st.none() | SIDES),
        backend=data.draw(OPTIONAL_WORDS),
        batch_id=data.draw(OPTIONAL_WORDS),
        failure=data.draw(failures),
        reason=data.draw(OPTIONAL_WORDS),
        cancel_requested=data.draw(st.booleans()),
        created_at=data.draw(TIMES),
        finished_at=data.draw(TIMES),
    )
    attempt = Attempt(
        generation_id=generation.id,
        number=1,
        prompt_id=prompt_id_of(generation.id, 1),
        request=data.draw(requests),
        kind=data.draw(st.sampled_from(AttemptKind)),
        repair_of=data.draw(st.none() | SIDES),
        state=data.draw(st.sampled_from(AttemptState)),
        server=data.draw(OPTIONAL_WORDS),
        backend=data.draw(OPTIONAL_WORDS),
        corrections=tuple(data.draw(st.lists(corrections, max_size=3))),
        stopped_early_at_step=data.draw(st.none() | SIDES),
        sampler_steps=data.draw(SIDES),
        seconds=data.draw(SHARES),
        submissions=data.draw(SIDES),
        artifact=data.draw(st.none() | st.just(an_artifact())),
        assessment=data.draw(assessments),
        failure=data.draw(failures),
        created_at=data.draw(TIMES),
    )
    assert attempt.assessment is not None
    store.add_generation(generation)
    store.save_attempt(attempt)
    store.save_assessment(generation.id, 1, attempt.assessment)
    history = store.history(generation.id)
    assert history.generation == generation
    assert history.attempts == (attempt,)


@given(value=st.dictionaries(NAMES, SCALARS | st.lists(SCALARS, max_size=2), max_size=3))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_event_data_comes_back_with_infinity_as_a_word(
    store: SqlStore, value: dict[str, object]
) -> None:
    seq = store.add_event(Event(kind="x", generation_id=None, data=value))
    (found,) = store.events_after(seq - 1)
    assert found.data == {key: in_json(one) for key, one in value.items()}


def in_json(value: object) -> object:
    if isinstance(value, list):
        return [in_json(one) for one in value]
    words = {float("inf"): "Infinity", float("-inf"): "-Infinity"}
    return words.get(value, value) if isinstance(value, float) else value


def test_prose_that_no_database_takes_is_made_storable(store: SqlStore) -> None:
    generation = saved(store)
    failure = Failure("internal", "a\0b\ud800c")
    store.save_generation(
        replace(generation, status=GenerationStatus.FAILED, failure=failure, finished_at=NOW)
    )
    found = store.history(generation.id).generation.failure
    assert found == Failure("internal", "a\ufffdb?c")
    store.save_attempt(samples.attempt(generation_id=generation.id))
    odd = tuple(samples.defect(kind) for kind in ("a\0b", "a\ufffdb"))
    store.save_assessment(generation.id, 1, samples.assessment(Verdict.REJECT, 0.5, odd))


def test_a_wish_that_is_no_unicode_is_refused(store: SqlStore) -> None:
    with pytest.raises(BadInput, match="stored"):
        store.add_generation(a_generation(brief=make_brief(prompt="half a pair: \ud83d")))
    assert store.histories(limit=1).items == ()


def test_data_that_is_no_json_is_refused(store: SqlStore) -> None:
    with pytest.raises(BadInput, match="object can't be stored"):
        store.add_event(Event(kind="x", generation_id=None, data={"a": object()}))


def test_times_are_stored_as_utc(sqlite_store: SqlStore, sqlite_url: str) -> None:
    tokyo = timezone(timedelta(hours=9))
    saved(sqlite_store, created_at=datetime(2026, 1, 1, 9, 0, tzinfo=tokyo))
    with raw(sqlite_url) as connection:
        stored = connection.execute(text("SELECT created_at FROM generations")).scalar_one()
    assert stored == "2026-01-01 00:00:00.000000"


def test_a_time_without_a_zone_is_a_mistake(store: SqlStore) -> None:
    with pytest.raises(sqlalchemy.exc.StatementError, match="without a zone"):
        saved(store, created_at=datetime(2026, 1, 1))  # noqa: DTZ001


# ---- Surroundings -----------------------------------------------------------------------------


def test_sqlite_is_set_to_survive_power_loss(sqlite_store: SqlStore) -> None:
    with sqlite_store._engine.connect() as connection:

        def pragma(name: str) -> object:
            return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()

        assert pragma("journal_mode") == "wal"
        assert pragma("synchronous") == 2  # FULL
        assert pragma("foreign_keys") == 1
        assert pragma("busy_timeout") == 30_000


def test_a_read_only_database_is_read_and_says_what_is_wrong(sqlite_url: str) -> None:
    with closing(SqlStore(sqlite_url)) as store:
        generation = saved(store)
    with closing(SqlStore(f"{sqlite_url}?mode=ro")) as store:
        assert store.history(generation.id).generation == generation
        with pytest.raises(StoreUnavailable, match=r"store\.sqlite is read-only; give write"):
            store.request_cancel(generation.id)


def test_a_locked_database_is_waited_for_and_then_named(sqlite_url: str, tmp_path: Path) -> None:
    with (
        closing(SqlStore(sqlite_url, busy_timeout_s=0.05)) as store,
        closing(sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked by another process"):
            saved(store)
        assert store.histories(limit=1).items == ()  # reading goes on
        other.execute("ROLLBACK")
        saved(store)


def test_a_full_disk_is_named_and_nothing_is_half_written(sqlite_store: SqlStore) -> None:
    generation = saved(sqlite_store)
    with sqlite_store._engine.connect() as connection:
        pages_used = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages_used}")
    long = a_review(note="x" * 100_000)
    with pytest.raises(StoreUnavailable, match="disk is full"):
        sqlite_store.save_review(generation.id, long, status=GenerationStatus.APPROVED)
    history = sqlite_store.history(generation.id)
    assert (history.review, history.generation.status) == (None, GenerationStatus.QUEUED)


def test_a_database_that_vanishes_or_is_replaced_is_noticed(
    sqlite_store: SqlStore, template: Path, tmp_path: Path
) -> None:
    file = tmp_path / "store.sqlite"
    saved(sqlite_store)
    file.rename(tmp_path / "elsewhere")
    with pytest.raises(StoreUnavailable, match="not there"):
        saved(sqlite_store)
    shutil.copy(template, file)
    with pytest.raises(StoreUnavailable, match="replaced while it was open"):
        sqlite_store.unfinished()


def test_a_missing_database_is_not_made_by_opening_it(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="is not there"):
        SqlStore(f"sqlite:///{tmp_path}/none.sqlite")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "db upgrade"), (b"no database " * 100, "not a SQLite database")]
)
def test_a_file_that_is_no_database_of_ours_is_refused(
    tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / "x.sqlite").write_bytes(content)
    with pytest.raises(StoreUnavailable, match=words):
        SqlStore(f"sqlite:///{tmp_path}/x.sqlite")


def test_a_database_of_another_version_is_refused(sqlite_url: str) -> None:
    with raw(sqlite_url) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreUnavailable, match=r"at revision 9999, this program needs \d+"):
        SqlStore(sqlite_url)


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises(StoreUnavailable) as caught:
        SqlStore("postgresql://me:secret@127.0.0.1:1/tower")
    assert "127.0.0.1" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "wrong", ["", "nonsense", "mysql://host/x", "sqlite://", "sqlite:///:memory:", "://:secret@"]
)
def test_a_wrong_address_names_what_is_allowed(wrong: str) -> None:
    with pytest.raises(BadInput, match="allowed: sqlite:////") as caught:
        SqlStore(wrong)
    assert "secret" not in str(caught.value)


def test_every_error_of_a_database_becomes_ours_but_our_own_mistakes() -> None:
    def translated(kind: type[sqlalchemy.exc.DBAPIError]) -> type[TowerError] | None:
        ours = _translated(kind("SELECT", {}, Exception("why")), "sqlite:////a/b.sqlite")
        return type(ours) if ours else None

    kinds = sqlalchemy.exc.DBAPIError.__subclasses__()
    kinds += [kind for base in kinds for kind in base.__subclasses__()]
    ours = {kind.__name__: translated(kind) for kind in kinds}
    assert ours.pop("ProgrammingError") is None
    assert ours.pop("IntegrityError") is Conflict
    assert ours.pop("DataError") is BadInput
    assert set(ours) >= {"OperationalError", "InterfaceError", "InternalError", "DatabaseError"}
    assert set(ours.values()) == {StoreUnavailable}


def test_a_number_too_large_for_the_database_is_refused(store: SqlStore) -> None:
    with pytest.raises(BadInput):
        store.events_after(2**70)


def test_many_threads_write_and_read_at_once(store: SqlStore) -> None:
    def work(index: int) -> str:
        return fill(store, sha256=f"{index:064x}")

    ids = at_once(work)
    assert {history.generation.id for history in store.histories(limit=99).items} == set(ids)
    assert all(len(history.attempts) == 2 for history in store.histories(limit=99).items)


def test_two_processes_share_a_database(sqlite_url: str) -> None:
    with closing(SqlStore(sqlite_url)) as one, closing(SqlStore(sqlite_url)) as other:
        at_once(lambda i: saved((one, other)[i % 2]), times=8)
        assert len(one.histories(limit=99).items) == len(other.histories(limit=99).items) == 8


def test_one_alert_is_open_for_each_kind_and_subject(store: SqlStore) -> None:
    first = Alert(kind="blank_series", subject=f"http://{uuid.uuid4()}", message="one")
    event = Event(kind="server_paused", generation_id=None, data={"server": first.subject})
    assert store.raise_alert(first, event=event) is True
    assert store.raise_alert(replace(first, message="two", state={"blanks": 5})) is False
    mine = [alert for alert in store.open_alerts() if alert.subject == first.subject]
    assert [(alert.message, alert.state) for alert in mine] == [("two", {"blanks": 5})]
    assert store.resolve_alert(first.kind, first.subject) is True
    assert store.resolve_alert(first.kind, first.subject) is False
    assert all(alert.subject != first.subject for alert in store.open_alerts())
    assert store.raise_alert(first) is True


def test_the_pace_is_told_by_what_was_concluded_lately(store: SqlStore) -> None:
    for number, status in enumerate(("approved", "cancelled", "failed")):
        made = samples.generation(id=f"id-{number}", created_at=samples.NOW)
        store.add_generation(made)
        told = Event(kind="concluded", generation_id=made.id, data={})
        store.save_generation(replace(made, status=GenerationStatus(status)), event=told)
    found = store.latest_spans()
    assert [asked for asked, _ in found] == [samples.NOW, samples.NOW]
    assert all(abs(datetime.now(UTC) - end) < timedelta(minutes=5) for _, end in found)
