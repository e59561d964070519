"""What is to be done about publications: the questions that the reconciler asks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager

from sqlalchemy import ColumnElement, Connection, Exists, and_, or_, select

from tower_anime.adapters.store import rows
from tower_anime.adapters.store.tables import attempts, generations, publications
from tower_anime.domain.generation import (
    NO_LONGER_APPROVED,
    GenerationStatus,
    Publication,
    PublicationState,
)


class SqlPublications(ABC):
    """The part of `ports.Store` that compares what is approved with what is published."""

    @abstractmethod
    def _read(self) -> AbstractContextManager[Connection]: ...

    def unpublished(self) -> tuple[str, ...]:
        """Return ids of approved generations that are to be published and are not, oldest first.

        What a person withdrew stays out; what was withdrawn for want of approval comes back.
        """
        state = publications.c.state
        done = or_(
            state.in_(
                (PublicationState.VERIFIED, PublicationState.UNVERIFIED, PublicationState.KEPT)
            ),
            and_(
                state == PublicationState.WITHDRAWN,
                publications.c.reason.is_distinct_from(NO_LONGER_APPROVED),
            ),
        )
        wanted = generations.c.brief["publish"].as_boolean()
        return self._approved(and_(~_of_chosen(done), wanted))

    def unverified(self) -> tuple[str, ...]:
        """Return ids of approved generations that are written and not verified, oldest first."""
        state = publications.c.state
        written = _of_chosen(state == PublicationState.UNVERIFIED)
        seen = _of_chosen(state == PublicationState.VERIFIED)
        return self._approved(and_(written, ~seen))

    def withdrawable(self) -> tuple[tuple[str, Publication], ...]:
        """Return what is in a library and is no longer approved, or replaced, with its id."""
        chosen = and_(
            attempts.c.generation_id == generations.c.id,
            attempts.c.number == generations.c.chosen_attempt,
        )
        query = (
            select(publications)
            .select_from(publications)
            .join(generations, generations.c.id == publications.c.generation_id)
            .outerjoin(attempts, chosen)
            .where(
                publications.c.location.is_not(None),
                publications.c.state != PublicationState.WITHDRAWN,
                generations.c.status.in_([one for one in GenerationStatus if one.over]),
                or_(
                    generations.c.status != GenerationStatus.APPROVED,
                    attempts.c.artifact_sha256 != publications.c.artifact_sha256,
                ),
            )
        )
        with self._read() as connection:
            found = connection.execute(query.order_by(publications.c.updated_at)).all()
        return tuple((row.generation_id, rows.publication_of(row)) for row in found)

    def _approved(self, condition: ColumnElement[bool]) -> tuple[str, ...]:
        table = generations.c
        query = select(table.id).where(table.status == GenerationStatus.APPROVED, condition)
        with self._read() as connection:
            return tuple(connection.scalars(query.order_by(table.created_at, table.id)))


def _of_chosen(condition: ColumnElement[bool]) -> Exists:
    """Whether the chosen attempt's file has such a publication."""
    chosen = (
        select(attempts.c.artifact_sha256)
        .where(
            attempts.c.generation_id == generations.c.id,
            attempts.c.number == generations.c.chosen_attempt,
        )
        .correlate(generations)
        .scalar_subquery()
    )
    found = select(publications.c.generation_id).where(
        publications.c.generation_id == generations.c.id,
        publications.c.artifact_sha256 == chosen,
        condition,
    )
    return found.correlate(generations).exists()
