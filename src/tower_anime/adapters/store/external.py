"""Ids of earlier services, for those who know things by them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import Connection, select

from tower_anime.adapters.store.tables import external_ids


class SqlExternalIds(ABC):
    """Looking up what was imported; `entity` is the name of one of our tables."""

    @abstractmethod
    def _read(self) -> AbstractContextManager[Connection]: ...

    def our_id(self, entity: str, external_id: str) -> str | None:
        """Return our id of an imported row, None for an unknown one."""
        table = external_ids.c
        query = select(table.our_id).where(table.external_id == external_id, table.entity == entity)
        with self._read() as connection:
            return connection.scalars(query.limit(1)).first()

    def external_ids(self, entity: str, our_ids: Sequence[str]) -> Mapping[str, str]:
        """Return the earlier ids of those rows that were imported."""
        table = external_ids.c
        query = select(table.our_id, table.external_id).where(
            table.entity == entity, table.our_id.in_(our_ids)
        )
        with self._read() as connection:
            return {row.our_id: row.external_id for row in connection.execute(query)}

    def original(self, entity: str, our_id: str) -> Mapping[str, Any] | None:
        """Return an imported row as it was, None for one of our own."""
        table = external_ids.c
        query = select(table.original).where(table.entity == entity, table.our_id == our_id)
        with self._read() as connection:
            return connection.scalars(query.limit(1)).first()

    def found_file(self, entity: str, our_id: str) -> Mapping[str, Any] | None:
        """Return what an import found of a row's file: `path`, `sha256`, `size_bytes`."""
        table = external_ids.c
        query = select(table.file).where(table.entity == entity, table.our_id == our_id)
        with self._read() as connection:
            return connection.scalars(query.limit(1)).first()
