"""Rows that another process may have put there first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Table

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite


def add_once(
    connection: Connection, table: Table, values: Mapping[str, Any] | Sequence[Mapping[str, Any]]
) -> None:
    """Insert what is not there yet; what is there stays."""
    added = insert_into(table, connection.dialect.name)
    connection.execute(added.on_conflict_do_nothing(), values)


def insert_into(table: Table, dialect: str) -> sqlite.Insert | postgresql.Insert:
    """Return an insertion that can say what happens to rows that are there."""
    # each dialect costs as much time as all our own code: load the one that is used
    if dialect == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)
