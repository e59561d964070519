"""Projects, episodes, scenes, shots and characters one by one, as programs edit them."""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)

from tower_anime.adapters.store.keyset import Keyset
from tower_anime.adapters.store.tables import (
    characters,
    episodes,
    generations,
    projects,
    scenes,
    shots,
)
from tower_anime.domain.production import PartKind
from tower_anime.errors import BadInput, Conflict, NotFound

Values = dict[str, Any]


@dataclass(frozen=True)
class _Part:
    """One kind: its table, the order of its lists, what owns it, what a new one has."""

    table: Table
    order: tuple[str, ...]
    fresh: Mapping[str, Any]
    owners: tuple[str, ...] = ()
    numbered_within: tuple[str, ...] = ()

    @property
    def keyset(self) -> Keyset:
        return Keyset(self.table, (*self.order, "id"))


_PARTS: Mapping[PartKind, _Part] = {
    PartKind.PROJECT: _Part(
        projects, ("created_at",), {"description": "", "status": "active", "settings": {}}
    ),
    PartKind.EPISODE: _Part(
        episodes,
        ("season", "number"),
        {"season": 1, "title": "", "synopsis": "", "status": "draft", "details": {}},
        owners=("project_id",),
        numbered_within=("project_id", "season"),
    ),
    PartKind.SCENE: _Part(
        scenes,
        ("number",),
        {"episode_id": None, "title": "", "description": "", "details": {}},
        owners=("project_id", "episode_id"),
        numbered_within=("project_id", "episode_id"),
    ),
    PartKind.SHOT: _Part(
        shots,
        ("number",),
        {"duration_s": None, "details": {}},
        owners=("scene_id",),
        numbered_within=("scene_id",),
    ),
    PartKind.CHARACTER: _Part(
        characters, ("name",), {"look": "", "details": {}}, owners=("project_id",)
    ),
}
_OWNER_TABLES = {"project_id": projects, "episode_id": episodes, "scene_id": scenes}


class SqlParts(ABC):
    """The parts of productions, each a row as a mapping."""

    @abstractmethod
    def _write(self) -> AbstractContextManager[Connection]: ...

    @abstractmethod
    def _read(self) -> AbstractContextManager[Connection]: ...

    def parts(
        self, kind: PartKind, *, limit: int, cursor: str | None = None, **owners: str | None
    ) -> tuple[tuple[Values, ...], str | None]:
        """Return a page of parts in their order; `owners` (such as `project_id`) narrow it."""
        part = _PARTS[kind]
        query: Select[Any] = select(part.table)
        for name, value in owners.items():
            if value is not None:
                query = query.where(part.table.c[name] == value)
        with self._read() as connection:
            found = connection.execute(part.keyset.page(query, limit=limit, cursor=cursor)).all()
        shown, following = part.keyset.cut(found, limit=limit)
        return tuple(dict(row._mapping) for row in shown), following

    def part(self, kind: PartKind, part_id: str) -> Values:
        """Return one part; `NotFound` for an unknown id."""
        with self._read() as connection:
            return _found(connection, kind, part_id)

    def project_called(self, name: str) -> Values | None:
        """Return a project by its name, None for an unknown one."""
        with self._read() as connection:
            found = connection.execute(select(projects).where(projects.c.name == name)).first()
        return None if found is None else dict(found._mapping)

    def add_part(self, kind: PartKind, values: Mapping[str, Any]) -> Values:
        """Insert a part; without a number it comes last. `Conflict` when its place is taken."""
        part, now = _PARTS[kind], datetime.now(UTC)
        row: Values = {**part.fresh, **values, "id": str(uuid.uuid4()), "created_at": now}
        if kind is PartKind.PROJECT:
            row["updated_at"] = now
        with self._write() as connection:
            _check_owners(connection, part, row)
            if part.numbered_within and row.get("number") is None:
                row["number"] = _last_number(connection, part, row) + 1
            connection.execute(insert(part.table).values(row))
            return _found(connection, kind, row["id"])

    def change_part(self, kind: PartKind, part_id: str, values: Mapping[str, Any]) -> Values:
        """Update what is given."""
        part = _PARTS[kind]
        change = dict(values)
        if kind is PartKind.PROJECT:
            change["updated_at"] = datetime.now(UTC)
        with self._write() as connection:
            before = _found(connection, kind, part_id)
            _check_owners(connection, part, {**before, **change})
            if change:
                connection.execute(
                    update(part.table).where(part.table.c.id == part_id).values(change)
                )
            return _found(connection, kind, part_id)

    def remove_part(self, kind: PartKind, part_id: str) -> None:
        """Delete a part with what belongs to it; a project with generations is kept."""
        part = _PARTS[kind]
        with self._write() as connection:
            _found(connection, kind, part_id)
            if kind is PartKind.PROJECT:
                _check_unused(connection, part_id)
            connection.execute(delete(part.table).where(part.table.c.id == part_id))

    def generations_of_project(self, project_id: str) -> int:
        """Return how many generations belong to a project."""
        with self._read() as connection:
            return _generations_of(connection, project_id)


def _found(connection: Connection, kind: PartKind, part_id: str) -> Values:
    table = _PARTS[kind].table
    found: Row[Any] | None = connection.execute(
        select(table).where(table.c.id == part_id)
    ).one_or_none()
    if found is None:
        raise NotFound(f"there is no {kind} {part_id}")
    return dict(found._mapping)


def _check_owners(connection: Connection, part: _Part, row: Values) -> None:
    """Refuse owners that are not there, or an episode of another project."""
    for name in part.owners:
        table, owner_id = _OWNER_TABLES[name], row.get(name)
        if owner_id is None:
            continue
        owner = connection.execute(select(table).where(table.c.id == owner_id)).one_or_none()
        if owner is None:
            raise NotFound(f"there is no {name.removesuffix('_id')} {owner_id}")
        if name == "episode_id" and owner.project_id != row["project_id"]:
            raise BadInput("the episode belongs to another project")


def _last_number(connection: Connection, part: _Part, row: Values) -> int:
    table = part.table.c
    among: list[ColumnElement[bool]] = [table[name] == row[name] for name in part.numbered_within]
    found = connection.scalar(select(func.max(table.number)).where(*among))
    return int(found or 0)


def _check_unused(connection: Connection, project_id: str) -> None:
    number = _generations_of(connection, project_id)
    if number:
        raise Conflict(
            f"{number} generations belong to this project; set its status to archived instead"
        )


def _generations_of(connection: Connection, project_id: str) -> int:
    table = generations.c
    query = select(func.count()).select_from(generations).where(table.project_id == project_id)
    return int(connection.scalar(query) or 0)
