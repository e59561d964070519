"""What is remembered of attempts: patterns that worked or failed, and outcomes to learn from.

The patterns are a readable copy of what attempts, assessments and decisions say; they are written
in the transactions that write those, and can be made again from them.
"""

from __future__ import annotations

import hashlib
import uuid
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, delete, func, insert, or_, select

from tower_anime.adapters.store import rows
from tower_anime.adapters.store.forgotten import (
    forget,
    forgotten,
    not_forgotten,
    remember_again,
)
from tower_anime.adapters.store.tables import (
    attempts,
    corrections,
    decisions,
    generations,
    learning_failed_patterns,
    learning_successful_patterns,
    projects,
    quality_assessments,
)
from tower_anime.domain.attempt import AttemptKind
from tower_anime.domain.correction import Correction
from tower_anime.domain.knowledge import Outcome
from tower_anime.domain.lesson import Forgotten, Part, PastPrompt
from tower_anime.domain.quality import Verdict
from tower_anime.domain.request import RenderRequest

_PATTERNS = (learning_successful_patterns, learning_failed_patterns)
_NAMESPACE = uuid.UUID("6f2d5c8e-3b0a-5d1f-9d67-0c1b9a7e4f21")
_OUTCOME = "outcome"  # where a pattern keeps an outcome from elsewhere
MOST = 100_000


class SqlLearning(ABC):
    """`ports.Memory`: the part of the store that remembers outcomes."""

    @abstractmethod
    def _write(self) -> AbstractContextManager[Connection]: ...

    @abstractmethod
    def _read(self) -> AbstractContextManager[Connection]: ...

    def outcomes(
        self,
        *,
        sandbox: bool | None = None,
        family: str | None = None,
        part: Part = Part.PARAMETERS,
        limit: int = MOST,
    ) -> tuple[Outcome, ...]:
        """Return the newest assessed attempts, oldest first; `sandbox` None: of both kinds.

        Only what was measured, and what that part of learning has not forgotten.
        """
        measured = quality_assessments.c
        made = attempts.c
        query = (
            _of_measured(
                made.generation_id,
                made.number,
                made.backend,
                made.family,
                made.checkpoint,
                made.request,
                made.sampler_steps,
                made.added,
                made.drawn,
                made.server_version,
                made.created_at,
                measured.score,
                measured.verdict,
                measured.defects,
                measured.profile,
                projects.c.name.label("project"),
            )
            .where(made.family.is_not(None))
            .order_by(made.created_at.desc(), made.generation_id, made.number)
            .limit(limit)
        )
        if family is not None:
            query = query.where(made.family == family)
        if sandbox is not None:
            is_sandbox = made.backend == "sandbox"
            query = query.where(is_sandbox if sandbox else made.backend != "sandbox")
        with self._read() as connection:
            limits = not_forgotten(
                connection, part, at=made.created_at, family=made.family, of=projects.c.name
            )
            query = query.where(*limits)
            found = connection.execute(query).all()
            changes = _corrections(connection, query.with_only_columns(made.generation_id))
            said = _decided(connection)
            foreign = _foreign(connection, part, sandbox=sandbox, family=family)
        own = tuple(_outcome(row, changes, said) for row in reversed(found))
        return (*foreign, *own)[-limit:]

    def past_prompts(self, *, sandbox: bool) -> tuple[PastPrompt, ...]:
        """Return what was asked before, each prompt once, the newest first."""
        measured, made = quality_assessments.c, attempts.c
        is_sandbox = made.backend == "sandbox"
        query = (
            _of_measured(
                made.generation_id,
                made.request["prompt"].as_string().label("prompt"),
                measured.score,
                measured.verdict,
            )
            .where(made.number == 1, is_sandbox if sandbox else made.backend != "sandbox")
            .order_by(made.created_at.desc(), made.generation_id)
            .limit(MOST)
        )
        with self._read() as connection:
            limits = not_forgotten(
                connection, Part.WORDS, at=made.created_at, family=made.family, of=projects.c.name
            )
            rows_ = connection.execute(query.where(*limits)).all()
            said = _decided(connection)
            foreign = _foreign(connection, Part.WORDS, sandbox=sandbox, family=None)
        own = (
            (
                row.prompt,
                row.generation_id,
                row.score,
                said.get((row.generation_id, 1), row.verdict == Verdict.PASS),
            )
            for row in rows_
        )
        others = (
            (one.request.prompt, one.generation_id, one.score, one.passed)
            for one in reversed(foreign)
            if one.number == 1
        )
        return _each_once((*own, *others))

    def add_outcomes(self, outcomes: Sequence[Outcome]) -> int:
        """Add outcomes from elsewhere as patterns; returns how many were not there yet."""
        with self._write() as connection:
            counted = select(generations.c.id)
            whole = [one.at for one in forgotten(connection) if one == Forgotten(at=one.at)]
            if whole:
                counted = counted.where(generations.c.created_at > max(whole))
            here = set(connection.scalars(counted))
            there = {id_ for table in _PATTERNS for id_ in connection.scalars(select(table.c.id))}
            new = [o for o in outcomes if o.generation_id not in here and _id_of(o) not in there]
            for outcome in {_id_of(outcome): outcome for outcome in new}.values():
                connection.execute(insert(_PATTERNS[not outcome.passed]).values(_row_of(outcome)))
        return len({_id_of(outcome) for outcome in new})

    def forget(
        self,
        *,
        part: Part | None = None,
        family: str | None = None,
        project: str | None = None,
    ) -> None:
        """Learn from nothing that was made up to now, of all or of a part; what was made stays."""
        with self._write() as connection:
            forget(connection, part=part, family=family, project=project)
            if part is None:
                _drop_patterns(connection, family=family, project=project)

    def remember_again(self) -> int:
        """Take every `forget` back; what was added from elsewhere stays gone. Returns how many."""
        with self._write() as connection:
            return remember_again(connection)

    def forgotten(self) -> tuple[Forgotten, ...]:
        """Return what holds of every `forget`, the newest first."""
        with self._read() as connection:
            return forgotten(connection)

    def patterns(self) -> Mapping[str, int]:
        """Return how many patterns there are of each kind."""
        with self._read() as connection:
            return {
                table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in _PATTERNS
            }


def _each_once(told: Iterable[tuple[str, str, float, bool]]) -> tuple[PastPrompt, ...]:
    """Return each prompt once, from (prompt, generation, score, passed), newest first."""
    found: dict[str, list[tuple[str, float, bool]]] = {}
    for prompt, generation_id, score, passed in told:
        found.setdefault(prompt, []).append((generation_id, score, passed))
    return tuple(
        PastPrompt(
            prompt=prompt,
            generation_id=all_[0][0],
            times=len(all_),
            score=sum(score for _, score, _ in all_) / len(all_),
            passed=sum(passed for _, _, passed in all_) / len(all_),
        )
        for prompt, all_ in found.items()
    )


def _id_of(outcome: Outcome) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{outcome.generation_id}/{outcome.number}"))


def _of_measured(*columns: Any) -> Select[Any]:
    """Return a query of attempts that drew something and were measured, with their project."""
    made, measured = attempts.c, quality_assessments.c
    return (
        select(*columns)
        .select_from(attempts)
        .join(generations, generations.c.id == made.generation_id)
        .join(projects, projects.c.id == generations.c.project_id)
        .join(
            quality_assessments,
            and_(measured.generation_id == made.generation_id, measured.attempt == made.number),
        )
        .where(
            made.kind == AttemptKind.GENERATE,
            measured.score.is_not(None),
            measured.verdict != Verdict.UNMEASURED,
        )
    )


def _row_of(outcome: Outcome) -> dict[str, Any]:
    told = asdict(outcome)
    values = {
        "id": _id_of(outcome),
        "backend": outcome.backend,
        "family": outcome.family,
        "checkpoint": outcome.checkpoint,
        "prompt_hash": hashlib.sha256(outcome.request.prompt.encode()).hexdigest(),
        "prompt_text": outcome.request.prompt,
        "workflow_params": {**told["request"], _OUTCOME: told},
        "quality_score": outcome.score,
        "created_at": datetime.now(UTC),
    }
    return values if outcome.passed else {**values, "rejection_reasons": list(outcome.losses)}


def _foreign(
    connection: Connection, part: Part, *, sandbox: bool | None, family: str | None
) -> tuple[Outcome, ...]:
    """Return the outcomes that were added from elsewhere and that this part has not forgotten.

    In the order in which they were made, or else added: what passed and what did not lie apart.
    """
    found = list[tuple[str, datetime, Outcome]]()
    for table in _PATTERNS:
        project = table.c.workflow_params[_OUTCOME]["project"].as_string()
        limits = not_forgotten(
            connection, part, at=table.c.created_at, family=table.c.family, of=project
        )
        query = select(table.c.workflow_params, table.c.created_at).where(
            table.c.generation_id.is_(None), *limits
        )
        if family is not None:
            query = query.where(table.c.family == family)
        for params, added in connection.execute(query):
            told = params.get(_OUTCOME)
            if told and (sandbox is None or sandbox == (told["backend"] == "sandbox")):
                found.append((told.get("at") or added.isoformat(), added, _told(told)))
    return tuple(outcome for *_, outcome in sorted(found, key=lambda one: one[:2]))


def _told(data: Mapping[str, Any]) -> Outcome:
    corrections_ = tuple(
        Correction(
            defect=one["defect"],
            change={name: (pair[0], pair[1]) for name, pair in one["change"].items()},
            reason=one["reason"],
        )
        for one in data["corrections"]
    )
    request = RenderRequest(**data["request"])
    return Outcome(
        **{
            **data,
            "request": request,
            "corrections": corrections_,
            "added": tuple(data.get("added", ())),
        }
    )


def _drop_patterns(connection: Connection, *, family: str | None, project: str | None) -> None:
    for table in _PATTERNS:
        told = table.c.workflow_params[_OUTCOME].is_not(None)
        gone = delete(table).where(or_(table.c.generation_id.is_not(None), told))
        if family is not None:
            gone = gone.where(table.c.family == family)
        if project is not None:
            mine = select(projects.c.id).where(projects.c.name == project)
            gone = gone.where(table.c.project_id.in_(mine))
        connection.execute(gone)


def _corrections(
    connection: Connection, generation_ids: Select[Any]
) -> Mapping[tuple[str, int], tuple[Correction, ...]]:
    """Return the corrections of some generations' attempts."""
    found: dict[tuple[str, int], list[Correction]] = defaultdict(list)
    table = corrections.c
    ids = select(generation_ids.subquery().c.generation_id)
    query = select(corrections).where(table.generation_id.in_(ids)).order_by(table.position)
    for row in connection.execute(query):
        change = {name: (pair[0], pair[1]) for name, pair in row.change.items()}
        correction = Correction(defect=row.defect, change=change, reason=row.reason)
        found[row.generation_id, row.attempt].append(correction)
    return {key: tuple(items) for key, items in found.items()}


def _decided(connection: Connection) -> Mapping[tuple[str, int], bool]:
    """Return what people decided last on each attempt (True: approve)."""
    table = decisions.c
    query = (
        select(table.generation_id, table.attempt, table.decision)
        .where(table.by == rows.PERSON, table.undone_at.is_(None), table.attempt.is_not(None))
        .order_by(table.seq)
    )
    return {
        (row.generation_id, row.attempt): row.decision == "approve"
        for row in connection.execute(query)
    }


def _outcome(
    row: Row[Any],
    changes: Mapping[tuple[str, int], tuple[Correction, ...]],
    said: Mapping[tuple[str, int], bool],
) -> Outcome:
    key = (row.generation_id, row.number)
    request = RenderRequest(**row.request)
    person = said.get(key)
    return Outcome(
        generation_id=row.generation_id,
        number=row.number,
        backend=row.backend or "",
        family=row.family,
        checkpoint=row.checkpoint,
        request=request,
        score=row.score,
        passed=row.verdict == Verdict.PASS if person is None else person,
        losses={defect["kind"]: defect.get("loss", 0.0) for defect in row.defects},
        corrections=changes.get(key, ()),
        cost_px=float(row.sampler_steps or request.steps) * request.width * request.height,
        added=tuple(row.added or ()),
        drawn=row.drawn or {},
        person=person,
        project=row.project,
        profile=row.profile,
        version=row.server_version or "",
        at=row.created_at.isoformat(),
    )


# ---- patterns -----------------------------------------------------------------------------------


def remember(connection: Connection, generation_id: str, number: int | None) -> None:
    """Write the pattern of an attempt anew, as its assessment and people's decisions are now.

    An attempt without a measured score leaves none. Repeats change nothing.
    """
    if number is None:
        return
    id_ = str(uuid.uuid5(_NAMESPACE, f"{generation_id}/{number}"))
    for table in _PATTERNS:
        connection.execute(delete(table).where(table.c.id == id_))
    row = _measured(connection, generation_id, number)
    if row is None or row.score is None or row.verdict == Verdict.UNMEASURED:
        return
    decision = _person(connection, generation_id, number)
    passed = row.verdict == Verdict.PASS if decision is None else decision.decision == "approve"
    values = {
        "id": id_,
        "generation_id": generation_id,
        "attempt": number,
        "project_id": row.project_id,
        "backend": row.backend,
        "family": row.family,
        "checkpoint": row.checkpoint,
        "prompt_hash": hashlib.sha256(row.request["prompt"].encode()).hexdigest(),
        "prompt_text": row.request["prompt"],
        "workflow_params": {
            **row.request,
            "defects": {defect["kind"]: defect["severity"] for defect in row.defects},
            "profile": row.profile,
            "assessor": row.assessor,
            "server": row.server,
        },
        "quality_score": row.score,
        "created_at": datetime.now(UTC),
    }
    if passed:
        connection.execute(insert(learning_successful_patterns).values(values))
        return
    reasons = [defect["kind"] for defect in row.defects]
    if decision is not None:
        reasons = [f"a person: {decision.note or 'rejected'}", *reasons]
    failed = {**values, "rejection_reasons": reasons}
    connection.execute(insert(learning_failed_patterns).values(failed))


def _measured(connection: Connection, generation_id: str, number: int) -> Any:
    made, measured = attempts.c, quality_assessments.c
    query = (
        select(
            generations.c.project_id,
            made.backend,
            made.family,
            made.checkpoint,
            made.request,
            made.server,
            measured.score,
            measured.verdict,
            measured.defects,
            measured.profile,
            measured.assessor,
        )
        .join(attempts, made.generation_id == generations.c.id)
        .join(
            quality_assessments,
            and_(measured.generation_id == made.generation_id, measured.attempt == made.number),
        )
        .where(
            made.generation_id == generation_id,
            made.number == number,
            made.kind == AttemptKind.GENERATE,
        )
    )
    return connection.execute(query).one_or_none()


def _person(connection: Connection, generation_id: str, number: int) -> Any:
    table = decisions.c
    query = (
        select(table.decision, table.note)
        .where(
            table.generation_id == generation_id,
            table.attempt == number,
            table.by == rows.PERSON,
            table.undone_at.is_(None),
        )
        .order_by(table.seq.desc())
        .limit(1)
    )
    return connection.execute(query).one_or_none()
