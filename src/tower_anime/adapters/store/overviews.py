"""Projects at a glance."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import Connection, func, select

from tower_anime.adapters.store.tables import episodes, generations, projects, scenes, shots
from tower_anime.domain.generation import GenerationStatus
from tower_anime.domain.overview import ProjectSummary
from tower_anime.domain.production import Project

LATEST = 6


class SqlOverviews(ABC):
    """The part of the store that looks at whole projects."""

    @abstractmethod
    def _read(self) -> AbstractContextManager[Connection]: ...

    def summaries(self) -> tuple[ProjectSummary, ...]:
        """Return every project, the one with the newest generation first."""
        with self._read() as connection:
            rows = connection.execute(select(projects)).all()
            counts = _counts(connection)
            parts = _parts(connection)
            found = [
                ProjectSummary(
                    project=Project(
                        id=row.id,
                        name=row.name,
                        description=row.description,
                        status=row.status,
                        created_at=row.created_at,
                    ),
                    logline=str((row.settings.get("brief") or {}).get("logline") or ""),
                    counts=counts.get(row.id, {}),
                    latest=_latest(connection, row.id) if counts.get(row.id) else (),
                    changed_at=row.updated_at,
                    **parts.get(row.id, {}),
                )
                for row in rows
            ]
        return tuple(sorted(found, key=lambda one: (-one.generations, one.project.name)))

    def input_hashes(self) -> frozenset[str]:
        """Return the SHA-256 of every picture that a generation begins with, masks included."""
        wish = generations.c.brief
        found: set[str] = set()
        with self._read() as connection:
            for name in ("image", "mask"):
                value = wish[name].as_string()
                for kept in connection.scalars(select(value).where(value.is_not(None)).distinct()):
                    found.add(kept.rpartition("@")[2])
        return frozenset(found)

    def shot_tries(self, project_id: str) -> tuple[tuple[str, str, GenerationStatus], ...]:
        """Return (shot, generation, status) of a project's shots, the newest first."""
        table = generations.c
        query = (
            select(table.shot_id, table.id, table.status)
            .where(table.project_id == project_id, table.shot_id.is_not(None))
            .order_by(table.created_at.desc(), table.id.desc())
        )
        with self._read() as connection:
            return tuple(
                (row.shot_id, row.id, GenerationStatus(row.status))
                for row in connection.execute(query)
            )


def _counts(connection: Connection) -> dict[str, dict[GenerationStatus, int]]:
    table = generations.c
    query = select(table.project_id, table.status, func.count().label("n"))
    found: dict[str, dict[GenerationStatus, int]] = {}
    for row in connection.execute(query.group_by(table.project_id, table.status)):
        found.setdefault(row.project_id, {})[GenerationStatus(row.status)] = row.n
    return found


def _parts(connection: Connection) -> dict[str, dict[str, int]]:
    """Return how many episodes, scenes, shots and drawn shots each project has."""
    drawn = generations.c
    queries: dict[str, Any] = {
        "episodes": select(episodes.c.project_id, func.count()).group_by(episodes.c.project_id),
        "scenes": select(scenes.c.project_id, func.count()).group_by(scenes.c.project_id),
        "shots": select(scenes.c.project_id, func.count())
        .select_from(shots.join(scenes))
        .group_by(scenes.c.project_id),
        # from the shots, which are few: among generations hardly any has one
        "shots_done": select(scenes.c.project_id, func.count(shots.c.id.distinct()))
        .select_from(shots.join(scenes).join(generations, drawn.shot_id == shots.c.id))
        .where(drawn.status == GenerationStatus.APPROVED)
        .group_by(scenes.c.project_id),
    }
    found: dict[str, dict[str, int]] = {}
    for name, query in queries.items():
        for project_id, number in connection.execute(query):
            found.setdefault(project_id, {})[name] = number
    return found


def _latest(connection: Connection, project_id: str) -> tuple[str, ...]:
    table = generations.c
    query = (
        select(table.id)
        .where(table.project_id == project_id, table.chosen_attempt.is_not(None))
        .order_by(table.created_at.desc())
        .limit(LATEST)
    )
    return tuple(connection.scalars(query))
