"""Rows to values and back. A JSON column holds one frozen value, field by field."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import Row, RowMapping

from tower_anime.domain.attempt import Artifact, Attempt, AttemptKind, AttemptState, Failure
from tower_anime.domain.brief import Brief
from tower_anime.domain.correction import Correction
from tower_anime.domain.direction import Enhancement, Wish
from tower_anime.domain.generation import (
    Direction,
    DirectorDecision,
    Event,
    Generation,
    GenerationStatus,
    History,
    PersonDecision,
    PersonReview,
    Publication,
    PublicationState,
)
from tower_anime.domain.production import Project
from tower_anime.domain.quality import Assessment, Profile
from tower_anime.domain.request import RenderRequest

T = TypeVar("T")
Values = dict[str, Any]

DIRECTOR, PERSON = "director", "person"
ASSESSMENT = tuple(one.name for one in fields(Assessment))
"""The columns that hold an assessment."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The rows that belong to some generations, each in its order.

    `attempts` carry the columns of their artifact.
    """

    attempts: Sequence[Row[Any]]
    corrections: Sequence[Row[Any]]
    assessments: Sequence[Row[Any]]
    decisions: Sequence[Row[Any]]
    publications: Sequence[Row[Any]]
    enhancements: Mapping[str, Enhancement]


# ---- Values to rows ---------------------------------------------------------------------------


def project_row(name: str, *, now: datetime) -> Values:
    """Return a new project."""
    project = Project(id=str(uuid.uuid4()), name=name, created_at=now)
    return {**_fields(project), "settings": {}, "updated_at": now}


def fixed_row(generation: Generation) -> Values:
    """Return the columns of a generation that never change."""
    return {
        "id": generation.id,
        "kind": generation.brief.kind,
        "brief": generation.brief,
        "profile": generation.profile,
        "shot_id": generation.shot_id,
    }


def changing_row(generation: Generation) -> Values:
    """Return the columns that the pipeline changes."""
    return {
        "status": generation.status,
        "first_request": generation.first_request,
        "chosen_attempt": generation.chosen_attempt,
        "backend": generation.backend,
        "batch_id": generation.batch_id,
        "reason": generation.reason,
        **_failure_row(generation.failure),
    }


def attempt_row(attempt: Attempt) -> Values:
    """Return all columns but the time of creation."""
    apart = {"corrections", "artifact", "assessment", "failure", "created_at"}
    return {
        **{name: value for name, value in _fields(attempt).items() if name not in apart},
        "checkpoint": attempt.request.checkpoint,
        "artifact_sha256": attempt.artifact.sha256 if attempt.artifact else None,
        **_failure_row(attempt.failure),
    }


def artifact_row(artifact: Artifact) -> Values:
    """Return the artifact's columns."""
    return _fields(artifact)


def correction_rows(attempt: Attempt) -> list[Values]:
    """Return the attempt's corrections, in their order."""
    key = {"generation_id": attempt.generation_id, "attempt": attempt.number}
    return [
        {**key, "position": position, **_fields(correction)}
        for position, correction in enumerate(attempt.corrections)
    ]


def assessment_row(assessment: Assessment) -> Values:
    """Return the assessment's own columns."""
    return _fields(assessment)


def direction_row(direction: Direction) -> Values:
    """Return a director's decision."""
    return {
        "by": DIRECTOR,
        "source": direction.source,
        "decision": direction.decision,
        "attempt": direction.attempt,
        "reasons": {
            "issues": list(direction.issues),
            "scores": dict(direction.scores),
            "wishes": [_fields(wish) for wish in direction.wishes],
        },
        "note": direction.notes,
        "decided_at": None,
    }


def review_row(review: PersonReview) -> Values:
    """Return a person's decision."""
    return {
        "by": PERSON,
        "source": PERSON,
        "decision": review.decision,
        "attempt": review.attempt,
        "reasons": list(review.reasons),
        "note": review.note,
        "decided_at": review.decided_at,
    }


def publication_row(publication: Publication) -> Values:
    """Return the publication's columns."""
    return _fields(publication)


def _failure_row(failure: Failure | None) -> Values:
    return {
        "failure_class": failure.failure_class if failure else None,
        "failure_message": failure.message if failure else None,
    }


def _fields(value: Any) -> Values:
    return {field.name: getattr(value, field.name) for field in fields(value)}


# ---- Rows to values ---------------------------------------------------------------------------


def generation_of(row: Row[Any]) -> Generation:
    """Return the generation of a row."""
    return Generation(
        id=row.id,
        brief=replace(parsed(Brief, row.brief), project=row.project_name),
        profile=parsed(Profile, row.profile),
        status=GenerationStatus(row.status),
        first_request=parsed(RenderRequest, row.first_request) if row.first_request else None,
        chosen_attempt=row.chosen_attempt,
        backend=row.backend,
        batch_id=row.batch_id,
        shot_id=row.shot_id,
        failure=_failure_of(row),
        reason=row.reason,
        cancel_requested=row.cancel_requested,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )


def histories_of(found: Sequence[Row[Any]], parts: Parts) -> tuple[History, ...]:
    """Put the parts together, in the order of `found`."""
    attempts = _attempts_by_generation(parts)
    directions = _newest(parts.decisions, _direction_of, by=DIRECTOR)
    reviews = _newest(parts.decisions, _review_of, by=PERSON)
    published: defaultdict[str, list[Publication]] = defaultdict(list)
    for row in parts.publications:
        published[row.generation_id].append(publication_of(row))
    return tuple(
        History(
            generation=generation_of(row),
            attempts=tuple(attempts[row.id]),
            direction=directions.get(row.id),
            review=reviews.get(row.id),
            publication=_publication(row, attempts[row.id], published[row.id]),
            enhancement=parts.enhancements.get(row.id),
        )
        for row in found
    )


def _publication(
    row: Row[Any], tried: Sequence[Attempt], published: Sequence[Publication]
) -> Publication | None:
    """Return what counts of publications in their order: the chosen file's, if approved."""
    if row.status == GenerationStatus.APPROVED:
        chosen = (one.artifact for one in tried if one.number == row.chosen_attempt)
        hashes = {artifact.sha256 for artifact in chosen if artifact}
        published = [one for one in published if one.artifact_sha256 in hashes]
    return published[-1] if published else None


def event_of(row: Row[Any]) -> Event:
    """Return the event of a row."""
    return Event(
        kind=row.event_type,
        generation_id=row.generation_id,
        data=row.event_data,
        seq=row.seq,
        at=row.at,
    )


def _attempts_by_generation(parts: Parts) -> Mapping[str, list[Attempt]]:
    assessments = {_attempt_key(row): _assessment_of(row) for row in parts.assessments}
    corrections: dict[tuple[str, int], list[Correction]] = defaultdict(list)
    for row in parts.corrections:
        corrections[_attempt_key(row)].append(_correction_of(row))
    attempts: dict[str, list[Attempt]] = defaultdict(list)
    for row in parts.attempts:
        key = (row.generation_id, row.number)
        attempts[row.generation_id].append(
            Attempt(
                generation_id=row.generation_id,
                number=row.number,
                prompt_id=row.prompt_id,
                request=parsed(RenderRequest, row.request),
                kind=AttemptKind(row.kind),
                repair_of=row.repair_of,
                state=AttemptState(row.state),
                server=row.server,
                backend=row.backend,
                server_version=row.server_version,
                family=row.family,
                added=tuple(row.added or ()),
                drawn=row.drawn or {},
                corrections=tuple(corrections[key]),
                stopped_early_at_step=row.stopped_early_at_step,
                sampler_steps=row.sampler_steps,
                seconds=row.seconds,
                submissions=row.submissions,
                artifact=_artifact_of(row),
                assessment=assessments.get(key),
                failure=_failure_of(row),
                created_at=row.created_at,
            )
        )
    return attempts


def _attempt_key(row: Row[Any]) -> tuple[str, int]:
    return row.generation_id, row.attempt


def _newest(decisions: Iterable[Row[Any]], of: Callable[[Row[Any]], T], *, by: str) -> dict[str, T]:
    """Return the last decision of each generation that nobody took back."""
    return {
        row.generation_id: of(row) for row in decisions if row.by == by and row.undone_at is None
    }


def _artifact_of(row: Row[Any]) -> Artifact | None:
    if row.artifact_sha256 is None:
        return None
    return Artifact(
        sha256=row.artifact_sha256,
        path=row.path,
        media_type=row.media_type,
        size_bytes=row.size_bytes,
    )


def _assessment_of(row: Row[Any]) -> Assessment:
    return parsed(Assessment, row._mapping)


def _correction_of(row: Row[Any]) -> Correction:
    return parsed(Correction, row._mapping)


def _direction_of(row: Row[Any]) -> Direction:
    said = row.reasons or {"issues": [], "scores": {}, "wishes": []}
    return Direction(
        source=row.source,
        decision=DirectorDecision(row.decision),
        notes=row.note,
        attempt=row.attempt,
        issues=tuple(said["issues"]),
        scores=said["scores"],
        wishes=tuple(parsed(Wish, wish) for wish in said["wishes"]),
    )


def _review_of(row: Row[Any]) -> PersonReview:
    return PersonReview(
        decision=PersonDecision(row.decision),
        attempt=row.attempt,
        reasons=tuple(row.reasons),
        note=row.note,
        decided_at=row.decided_at,
    )


def publication_of(row: Row[Any]) -> Publication:
    """Return the publication of a row."""
    return Publication(
        artifact_sha256=row.artifact_sha256,
        target=row.target,
        state=PublicationState(row.state),
        location=row.location,
        reason=row.reason,
    )


def _failure_of(row: Row[Any]) -> Failure | None:
    if row.failure_class is None:
        return None
    return Failure(failure_class=row.failure_class, message=row.failure_message)


# built on first use: each costs about 10 ms, and most commands need few
_adapter = cache(TypeAdapter)


def parsed(kind: type[T], stored: Mapping[str, Any] | RowMapping) -> T:
    """Return the frozen value of a JSON object or a row; what it doesn't know is ignored."""
    adapter = _adapter(kind)  # type: ignore[arg-type]  # classes are hashable, whatever T is
    value: T = adapter.validate_python(dict(stored))
    return value
