"""Which pictures look alike: a fingerprint of each, and the first that looked like that."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager

from sqlalchemy import Connection, and_, func, insert, select

from tower_anime.adapters.store.tables import attempts, generation_metrics, generations, looks
from tower_anime.domain.card import Look


class SqlLooks(ABC):
    """The part of the store that knows looks."""

    @abstractmethod
    def _write(self) -> AbstractContextManager[Connection]: ...

    @abstractmethod
    def _read(self) -> AbstractContextManager[Connection]: ...

    def add_looks(self, found: Sequence[Look]) -> None:
        """Keep them; those that are known stay as they are."""
        with self._write() as connection:
            names = [one.sha256 for one in found]
            known = set(
                connection.scalars(
                    select(looks.c.artifact_sha256).where(looks.c.artifact_sha256.in_(names))
                )
            )
            rows = [
                {"artifact_sha256": one.sha256, "bits": one.bits, "leader": one.leader}
                for one in found
                if one.sha256 not in known
            ]
            if rows:
                connection.execute(insert(looks), rows)

    def first_looks(self) -> tuple[Look, ...]:
        """Return those that were the first to look like that."""
        query = select(looks).where(looks.c.artifact_sha256 == looks.c.leader)
        with self._read() as connection:
            return tuple(
                Look(sha256=row.artifact_sha256, bits=row.bits, leader=row.leader)
                for row in connection.execute(query)
            )

    def number_of_first_looks(self) -> int:
        """Return how many they are."""
        query = select(func.count()).where(looks.c.artifact_sha256 == looks.c.leader)
        with self._read() as connection:
            return int(connection.scalar(query) or 0)

    def not_looked_at(self, generation_ids: Sequence[str]) -> tuple[str, ...]:
        """Return the files of what was kept of these that have no fingerprint yet."""
        with self._read() as connection:
            return _unknown(connection, generation_ids)

    def not_looked_at_after(self, seq: int, *, limit: int) -> tuple[tuple[str, ...], int]:
        """Return those of the generations with the next events, and the last event's number."""
        event = generation_metrics.c
        query = select(event.seq, event.generation_id).where(event.seq > seq)
        with self._read() as connection:
            found = connection.execute(query.order_by(event.seq).limit(limit)).all()
            owners = list({row.generation_id for row in found if row.generation_id})
            return _unknown(connection, owners), found[-1].seq if found else seq

    def leaders_of(self, generation_ids: Sequence[str]) -> Mapping[str, str]:
        """Return for what was kept of each which file was the first to look like that."""
        query = select(generations.c.id, looks.c.leader).join(attempts, _KEPT).join(looks, _SEEN)
        with self._read() as connection:
            found = connection.execute(query.where(generations.c.id.in_(generation_ids)))
            return {row.id: row.leader for row in found}


_KEPT = and_(
    attempts.c.generation_id == generations.c.id, attempts.c.number == generations.c.chosen_attempt
)
_SEEN = looks.c.artifact_sha256 == attempts.c.artifact_sha256


def _unknown(connection: Connection, generation_ids: Sequence[str]) -> tuple[str, ...]:
    file = attempts.c.artifact_sha256
    query = (
        select(file)
        .select_from(generations)
        .join(attempts, _KEPT)
        .outerjoin(looks, _SEEN)
        .where(generations.c.id.in_(generation_ids), file.is_not(None), looks.c.leader.is_(None))
        .distinct()
    )
    return tuple(connection.scalars(query))
