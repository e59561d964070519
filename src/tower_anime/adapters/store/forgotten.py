"""What is no longer learned from: what was made before some moment, of a part, family, project."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, not_, select
from sqlalchemy.sql.elements import KeyedColumnElement

from tower_anime.adapters.store.tables import switches
from tower_anime.domain.lesson import Forgotten, Part

_FORGOTTEN = "learning_since"  # of everything; others are `learning_since {…}`


def forget(
    connection: Connection, *, part: Part | None, family: str | None, project: str | None
) -> None:
    """Learn from nothing of this kind that was made up to now."""
    limits = {
        name: value
        for name, value in (("part", part), ("family", family), ("project", project))
        if value is not None
    }
    name = f"{_FORGOTTEN} {json.dumps(limits)}" if limits else _FORGOTTEN
    now = datetime.now(UTC)
    connection.execute(delete(switches).where(switches.c.name == name))
    value: object = {**limits, "at": now.isoformat()} if limits else now.isoformat()
    connection.execute(insert(switches).values(name=name, value=value, changed_at=now))


def remember_again(connection: Connection) -> int:
    """Take every `forget` back; returns how many there were."""
    return connection.execute(
        delete(switches).where(switches.c.name.startswith(_FORGOTTEN))
    ).rowcount


def forgotten(connection: Connection) -> tuple[Forgotten, ...]:
    """Return what is forgotten, the newest first."""
    query = select(switches.c.value).where(switches.c.name.startswith(_FORGOTTEN))
    found = []
    for value in connection.scalars(query):
        plain = {"at": value} if isinstance(value, str) else value
        found.append(
            Forgotten(
                at=datetime.fromisoformat(str(plain["at"])),
                part=Part(plain["part"]) if plain.get("part") else None,
                family=plain.get("family"),
                project=plain.get("project"),
            )
        )
    return tuple(sorted(found, key=lambda one: one.at, reverse=True))


def not_forgotten(
    connection: Connection,
    part: Part,
    *,
    at: KeyedColumnElement[datetime],
    family: KeyedColumnElement[Any],
    of: KeyedColumnElement[Any],
) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that leave out what is forgotten for a part of learning.

    `at` is when a row was made, `family` its model family, `of` its project.
    """
    found = []
    for one in forgotten(connection):
        if one.part not in (None, part):
            continue
        gone = at <= one.at
        if one.family is not None:
            gone = gone & family.is_not_distinct_from(one.family)
        if one.project is not None:
            gone = gone & (of == one.project)
        found.append(not_(gone))
    return tuple(found)
