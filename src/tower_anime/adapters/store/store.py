"""The truth about generations, in SQLite or PostgreSQL."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    Connection,
    Executable,
    Table,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)

from tower_anime.adapters.store import rows
from tower_anime.adapters.store.alerts import SqlAlerts
from tower_anime.adapters.store.cards import SqlCards
from tower_anime.adapters.store.connect import (
    BUSY_TIMEOUT_S,
    READ_ONLY,
    FileWatch,
    database_file,
    in_words,
    open_engine,
    parse_url,
)
from tower_anime.adapters.store.events import add_event
from tower_anime.adapters.store.external import SqlExternalIds
from tower_anime.adapters.store.figures import SqlFigures
from tower_anime.adapters.store.insights import SqlInsights
from tower_anime.adapters.store.judged import SqlJudged
from tower_anime.adapters.store.kept import SqlKept
from tower_anime.adapters.store.learning import SqlLearning, remember
from tower_anime.adapters.store.likenesses import SqlLooks
from tower_anime.adapters.store.lists import SqlLists, generation_row, no_generation
from tower_anime.adapters.store.migrate import revision
from tower_anime.adapters.store.once import add_once, insert_into
from tower_anime.adapters.store.overviews import SqlOverviews
from tower_anime.adapters.store.parts import SqlParts
from tower_anime.adapters.store.productions import SqlProductions
from tower_anime.adapters.store.publishing import SqlPublications
from tower_anime.adapters.store.queue import SqlQueue
from tower_anime.adapters.store.samples import SqlSamples
from tower_anime.adapters.store.tables import (
    HEAD,
    UtcTime,
    artifacts,
    attempts,
    corrections,
    decisions,
    found_defects,
    generation_metrics,
    generations,
    idempotency_keys,
    projects,
    publications,
    quality_assessments,
    storable,
)
from tower_anime.domain.attempt import Attempt
from tower_anime.domain.generation import (
    Direction,
    Event,
    Generation,
    GenerationStatus,
    PersonDecision,
    PersonReview,
    Publication,
    PublicationState,
)
from tower_anime.domain.quality import Assessment
from tower_anime.errors import Conflict, NotFound, StoreUnavailable

_UNFINISHED = tuple(status for status in GenerationStatus if not status.over)


class SqlStore(
    SqlAlerts,
    SqlCards,
    SqlExternalIds,
    SqlFigures,
    SqlInsights,
    SqlKept,
    SqlJudged,
    SqlLearning,
    SqlLists,
    SqlLooks,
    SqlOverviews,
    SqlParts,
    SqlProductions,
    SqlPublications,
    SqlQueue,
    SqlSamples,
):
    """`ports.Store`, `Productions` and `Queue` on an up-to-date database (`migrate.upgrade`).

    Safe for many threads; one instance per process. `busy_timeout_s` is how long a write waits
    for another process's (SQLite).
    """

    def __init__(self, url: str, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self._url = url
        self._engine = open_engine(url, busy_timeout_s=busy_timeout_s)
        options: dict[str, Any] = dict(READ_ONLY)
        if self._engine.dialect.name == "postgresql":
            options["isolation_level"] = "REPEATABLE READ"  # several queries, one moment
        self._reader = self._engine.execution_options(**options)
        # SQLite writes one after the other; waiting here is fair and wakes at once, waiting
        # in SQLite is polling
        self._writing = threading.Lock()
        self._open = threading.local()  # the connection of `together`
        file = database_file(parse_url(url))
        self._file = FileWatch(file) if file else None
        try:
            self._check_revision()
        except BaseException:
            self.close()
            raise

    # ---- Generations --------------------------------------------------------------------------

    def add_generation(self, generation: Generation, *, key: str | None = None) -> Generation:
        """Insert; the same id or the same idempotency `key` returns what is there already."""
        now = datetime.now(UTC)
        with self._write() as connection:
            owner = _claim_key(connection, key, generation.id, now)
            if owner == generation.id:
                values = {
                    **rows.fixed_row(generation),
                    **rows.changing_row(generation),
                    "project_id": _project_id(connection, generation.brief.project, now),
                    "cancel_requested": generation.cancel_requested,
                    "created_at": generation.created_at or now,
                    "finished_at": generation.finished_at,
                }
                add_once(connection, generations, values)
            return rows.generation_of(generation_row(connection, owner))

    def unfinished(self) -> tuple[str, ...]:
        """Return ids of generations that are queued or working, oldest first."""
        table = generations.c
        query = select(table.id).where(table.status.in_(_UNFINISHED))
        with self._read() as connection:
            return tuple(connection.scalars(query.order_by(table.created_at, table.id)))

    def artifact_hashes(self) -> frozenset[str]:
        """Return the SHA-256 of every artifact that a row names."""
        with self._read() as connection:
            return frozenset(connection.scalars(select(artifacts.c.sha256)))

    def save_generation(self, generation: Generation, *, event: Event | None = None) -> bool:
        """Update what changes; never touches `cancel_requested`. False: it was over already.

        A generation that is over stays as it is: only a person's decision changes it.
        `finished_at` is filled in when the generation is over.
        """
        table = generations.c
        finished = generation.finished_at or func.coalesce(
            table.finished_at, literal(datetime.now(UTC), UtcTime)
        )
        change = update(generations).where(table.id == generation.id, table.status.in_(_UNFINISHED))
        values = {
            **rows.changing_row(generation),
            "finished_at": finished if generation.status.over else None,
        }
        with self._write() as connection:
            if not connection.execute(change.values(values)).rowcount:
                _status(connection, generation.id)
                return False
            add_event(connection, event)
            return True

    def request_cancel(self, generation_id: str) -> GenerationStatus:
        """Mark as to be cancelled and return the status; no change once it is over."""
        mark = (
            update(generations)
            .where(generations.c.id == generation_id, generations.c.status.in_(_UNFINISHED))
            .values(cancel_requested=True)
        )
        with self._write() as connection:
            connection.execute(mark)
            return _status(connection, generation_id)

    def cancel_requested(self, generation_id: str) -> bool:
        """Whether somebody asked to cancel."""
        query = select(generations.c.cancel_requested).where(generations.c.id == generation_id)
        with self._read() as connection:
            found = connection.scalar(query)
        if found is None:
            raise no_generation(generation_id)
        return bool(found)

    def count_by_status(self) -> Mapping[GenerationStatus, int]:
        """Return how many generations have each status."""
        status = generations.c.status
        query = select(status, func.count().label("number")).group_by(status)
        with self._read() as connection:
            counted = {row.status: row.number for row in connection.execute(query)}
        return {status: counted.get(status, 0) for status in GenerationStatus}

    # ---- Attempts -----------------------------------------------------------------------------

    def save_attempt(self, attempt: Attempt, *, event: Event | None = None) -> None:
        """Insert or update the attempt (generation_id, number) with its artifact, corrections.

        The first time of creation stays. The assessment is written by `save_assessment`.
        """
        now = datetime.now(UTC)
        values = {**rows.attempt_row(attempt), "created_at": attempt.created_at or now}
        mine = (
            corrections.c.generation_id == attempt.generation_id,
            corrections.c.attempt == attempt.number,
        )
        with self._write() as connection:
            if attempt.artifact is not None:
                artifact = {**rows.artifact_row(attempt.artifact), "created_at": now}
                _put(connection, artifacts, artifact, key=("sha256",))
            _put(connection, attempts, values, key=("generation_id", "number"))
            connection.execute(delete(corrections).where(*mine))
            if attempt.corrections:
                connection.execute(insert(corrections), rows.correction_rows(attempt))
            add_event(connection, event)

    def save_assessment(
        self,
        generation_id: str,
        number: int,
        assessment: Assessment,
        *,
        event: Event | None = None,
    ) -> None:
        """Insert or replace the assessment of an attempt."""
        attempt = attempts.c
        known = select(attempt.artifact_sha256, attempt.backend).where(
            attempt.generation_id == generation_id, attempt.number == number
        )
        with self._write() as connection:
            found = connection.execute(known).one_or_none()
            if found is None:
                raise NotFound(f"generation {generation_id} has no attempt {number}")
            values = {
                **rows.assessment_row(assessment),
                "id": str(uuid.uuid4()),
                "generation_id": generation_id,
                "attempt": number,
                "artifact_sha256": found.artifact_sha256,
                "backend": found.backend,
                "created_at": datetime.now(UTC),
            }
            key = ("generation_id", "attempt")
            _put(connection, quality_assessments, values, key=key)
            _put_defects(connection, generation_id, number, assessment)
            remember(connection, generation_id, number)
            add_event(connection, event)

    # ---- Decisions and publications -----------------------------------------------------------

    def save_direction(self, generation_id: str, direction: Direction) -> None:
        """Record a director's word; the newest one of a generation counts."""
        with self._write() as connection:
            _decide(connection, generation_id, rows.direction_row(direction))

    def save_review(
        self, generation_id: str, review: PersonReview, *, status: GenerationStatus
    ) -> None:
        """Record a person's decision and the status that follows, in one transaction."""
        change = update(generations).where(generations.c.id == generation_id)
        told = Event(
            kind="reviewed",
            generation_id=generation_id,
            data={"decision": review.decision, "status": status},
        )
        with self._write() as connection:
            is_new = _decide(connection, generation_id, rows.review_row(review))
            connection.execute(
                change.values(
                    status=status,
                    chosen_attempt=review.attempt,
                    reason=f"a person decided: {review.decision}",
                    finished_at=func.coalesce(
                        generations.c.finished_at, literal(datetime.now(UTC), UtcTime)
                    ),
                )
            )
            if review.decision is PersonDecision.APPROVE:  # whatever others of its wish are like
                connection.execute(
                    delete(publications).where(
                        publications.c.generation_id == generation_id,
                        publications.c.state == PublicationState.KEPT,
                    )
                )
            remember(connection, generation_id, review.attempt)
            add_event(connection, told if is_new else None)

    def undo_review(self, generation_id: str) -> GenerationStatus:
        """Take the newest decision of a person back; returns the status before it, which holds now.

        `Conflict` when there is none.
        """
        table = decisions.c
        newest = (
            select(table.seq, table.status_before, table.attempt)
            .where(
                table.generation_id == generation_id,
                table.by == rows.PERSON,
                table.undone_at.is_(None),
            )
            .order_by(table.seq.desc())
            .limit(1)
        )
        now = datetime.now(UTC)
        with self._write() as connection:
            _status(connection, generation_id)
            found = connection.execute(newest).one_or_none()
            if found is None:
                raise Conflict("there is no decision of a person to take back")
            before = GenerationStatus(found.status_before)
            undone = update(decisions).where(table.seq == found.seq)
            connection.execute(undone.values(undone_at=now))
            remember(connection, generation_id, found.attempt)
            change = update(generations).where(generations.c.id == generation_id)
            reason = "a person took the decision back"
            ended = {} if before.over else {"finished_at": None}
            connection.execute(change.values(status=before, reason=reason, **ended))
            data = {"status": before.value}
            event = Event(kind="review_undone", generation_id=generation_id, data=data)
            add_event(connection, event)
        return before

    def save_publication(
        self, generation_id: str, publication: Publication, *, event: Event | None = None
    ) -> None:
        """Insert or update the one row per (generation, artifact, target)."""
        now = datetime.now(UTC)
        values = {
            **rows.publication_row(publication),
            "generation_id": generation_id,
            "created_at": now,
            "updated_at": now,
        }
        with self._write() as connection:
            key = ("generation_id", "artifact_sha256", "target")
            _put(connection, publications, values, key=key)
            add_event(connection, event)

    # ---- Events -------------------------------------------------------------------------------

    def add_event(self, event: Event) -> int:
        """Append to `generation_metrics`; returns the event's number.

        Numbers become visible in their order, so a reader of `events_after` misses none.
        """
        with self._write() as connection:
            return add_event(connection, event)

    def events_after(
        self, seq: int, *, generation_id: str | None = None, limit: int = 500
    ) -> tuple[Event, ...]:
        """Return events with a number above `seq`, oldest first."""
        table = generation_metrics.c
        query = select(generation_metrics).where(table.seq > seq).order_by(table.seq)
        if generation_id is not None:
            query = query.where(table.generation_id == generation_id)
        with self._read() as connection:
            return tuple(rows.event_of(row) for row in connection.execute(query.limit(limit)))

    def last_event(self) -> int:
        """Return the number of the newest event, 0 before the first."""
        with self._read() as connection:
            return int(connection.scalar(select(func.max(generation_metrics.c.seq))) or 0)

    def close(self) -> None:
        """Give up connections."""
        self._engine.dispose()

    # ---- Inner parts --------------------------------------------------------------------------

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make one transaction of what this thread writes inside; what it reads is not in it."""
        with self._write() as connection:
            self._open.connection = connection
            try:
                yield
            finally:
                del self._open.connection

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        if shared := getattr(self._open, "connection", None):
            with in_words(self._url):
                yield shared
            return
        if self._file is None:
            with in_words(self._url), self._engine.begin() as connection:
                yield connection
            return
        with in_words(self._url), self._writing:
            self._file.check()
            with self._engine.begin() as connection:
                yield connection

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        if self._file is not None:
            self._file.check()
        with in_words(self._url), self._reader.connect() as connection:
            yield connection

    def _check_revision(self) -> None:
        with in_words(self._url):
            found = revision(self._engine)
        if found != HEAD:
            raise StoreUnavailable(
                f"the database is at revision {found or 'none'}, this program needs {HEAD}; "
                "run `tower-anime db upgrade`"
            )


def _claim_key(connection: Connection, key: str | None, generation_id: str, now: datetime) -> str:
    """Return the id of the generation that owns `key`: ours if it was free."""
    if key is None:
        return generation_id
    claim = {"key": key, "generation_id": generation_id, "created_at": now}
    add_once(connection, idempotency_keys, claim)
    table = idempotency_keys.c
    query = select(table.generation_id).where(table.key == key)
    owner: str = connection.scalars(query).one()
    return owner


def _project_id(connection: Connection, name: str, now: datetime) -> str:
    query = select(projects.c.id).where(projects.c.name == name)
    found: str | None = connection.scalar(query)
    if found is None:
        add_once(connection, projects, rows.project_row(name, now=now))
        found = connection.scalars(query).one()  # ours, or another process's
    return found


def _put(
    connection: Connection, table: Table, values: Mapping[str, Any], *, key: tuple[str, ...]
) -> None:
    """Insert, or update all but the key, the id and the time of creation."""
    changing = tuple(name for name in values if name not in {*key, "id", "created_at"})
    statement = _upsert(table, connection.dialect.name, key=key, changing=changing)
    connection.execute(statement, values)


@cache  # building it takes longer than running it
def _upsert(
    table: Table, dialect: str, *, key: tuple[str, ...], changing: tuple[str, ...]
) -> Executable:
    added = insert_into(table, dialect)
    change = {name: added.excluded[name] for name in changing}
    return added.on_conflict_do_update(index_elements=key, set_=change)


def _status(connection: Connection, generation_id: str) -> GenerationStatus:
    query = select(generations.c.status).where(generations.c.id == generation_id)
    found = connection.scalar(query)
    if found is None:
        raise no_generation(generation_id)
    return GenerationStatus(found)


def _put_defects(
    connection: Connection, generation_id: str, number: int, assessment: Assessment
) -> None:
    """Keep the kinds of defects of an attempt where galleries look for them."""
    mine = (found_defects.c.generation_id == generation_id, found_defects.c.attempt == number)
    connection.execute(delete(found_defects).where(*mine))
    if not assessment.defects:
        return
    made = select(generations.c.created_at).where(generations.c.id == generation_id)
    own = {
        "generation_id": generation_id,
        "attempt": number,
        "score": assessment.score,
        "created_at": connection.scalar(made),
    }
    kinds = sorted({storable(defect.kind) for defect in assessment.defects})
    connection.execute(insert(found_defects), [{**own, "kind": kind} for kind in kinds])


def _decide(connection: Connection, generation_id: str, decision: Mapping[str, Any]) -> bool:
    """Append a decision, unless a repeated step says the newest one again: then False."""
    before = _status(connection, generation_id)
    table = decisions.c
    newest = connection.execute(
        select(decisions)
        .where(
            table.generation_id == generation_id,
            table.by == decision["by"],
            table.undone_at.is_(None),
        )
        .order_by(table.seq.desc())
        .limit(1)
    ).one_or_none()
    said = {name: value for name, value in decision.items() if name != "decided_at"}
    if newest is not None and said == {name: newest._mapping[name] for name in said}:
        return False
    values = {
        **decision,
        "generation_id": generation_id,
        "status_before": before,
        "decided_at": decision["decided_at"] or datetime.now(UTC),
    }
    connection.execute(insert(decisions).values(values))
    return True
