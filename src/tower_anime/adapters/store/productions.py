"""Projects, their stories, briefs and sessions: the part of the store that people write in."""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, insert, select, update

from tower_anime.adapters.store.rows import parsed
from tower_anime.adapters.store.tables import (
    characters,
    creative_direction_events,
    decisions,
    episodes,
    projects,
    scenes,
    shots,
)
from tower_anime.domain.conversation import (
    ENHANCED,
    OPENED,
    OPINION,
    DirectionEvent,
    Opinion,
)
from tower_anime.domain.direction import Enhancement
from tower_anime.domain.production import (
    Character,
    Episode,
    Project,
    ProjectBrief,
    Scene,
    Shot,
    Story,
    StyleGuide,
)
from tower_anime.errors import NotFound

Values = dict[str, Any]


class SqlProductions(ABC):
    """`ports.Productions`, and what a generation's own session holds."""

    @abstractmethod
    def _write(self) -> AbstractContextManager[Connection]: ...

    @abstractmethod
    def _read(self) -> AbstractContextManager[Connection]: ...

    # ---- Projects -----------------------------------------------------------------------------

    def project(self, name: str, *, create: bool = False) -> Project:
        """Return a project by name; `NotFound` unless it is to be created."""
        with self._write() if create else self._read() as connection:
            found = _project_row(connection, name)
            if found is None and create:
                connection.execute(insert(projects).values(_new_project(name)))
                found = _project_row(connection, name)
        if found is None:
            raise NotFound(f"there is no project {name!r}")
        return _project(found)

    def project_brief(self, name: str) -> tuple[ProjectBrief, StyleGuide]:
        """Return a project's brief and what a director made of it; empty ones if there is none."""
        with self._read() as connection:
            found = _project_row(connection, name)
        kept = found.settings if found else {}
        brief = parsed(ProjectBrief, kept.get("brief", {}))
        return brief, parsed(StyleGuide, kept.get("guide", {}))

    def save_project_brief(self, name: str, brief: ProjectBrief, guide: StyleGuide) -> None:
        """Keep both with the project, which is created if need be; its cast become characters."""
        project = self.project(name, create=True)
        with self._write() as connection:
            row = _project_row(connection, name)
            kept = {
                **(row.settings if row else {}),
                "brief": asdict(brief),
                "guide": asdict(guide),
            }
            change = update(projects).where(projects.c.id == project.id)
            connection.execute(change.values(settings=kept, updated_at=datetime.now(UTC)))
            known = {row.name: row.id for row in _rows(connection, characters, project.id)}
            for member in brief.characters:
                _put_one(
                    connection,
                    characters,
                    {
                        "id": known.get(member.name, str(uuid.uuid4())),
                        "project_id": project.id,
                        "name": member.name,
                        "look": member.look,
                    },
                    known=member.name in known,
                )

    # ---- Stories ------------------------------------------------------------------------------

    def story(self, name: str) -> Story:
        """Return a project with its parts; `NotFound` for an unknown name."""
        with self._read() as connection:
            found = _project_row(connection, name)
            if found is None:
                raise NotFound(f"there is no project {name!r}")
            told = _rows(connection, episodes, found.id)
            played = _rows(connection, scenes, found.id)
            query = select(shots).join(scenes).where(scenes.c.project_id == found.id)
            drawn = connection.execute(query).all()
            cast = _rows(connection, characters, found.id)
        order = {row.id: (row.season, row.number) for row in told}
        place = {row.id: (order.get(row.episode_id, (0, 0)), row.number) for row in played}
        return Story(
            project=_project(found),
            episodes=tuple(
                _value(Episode, row) for row in sorted(told, key=lambda row: order[row.id])
            ),
            scenes=tuple(
                _value(Scene, row) for row in sorted(played, key=lambda row: place[row.id])
            ),
            shots=tuple(
                _value(Shot, row)
                for row in sorted(drawn, key=lambda row: (place[row.scene_id], row.number))
            ),
            characters=tuple(
                _value(Character, row) for row in sorted(cast, key=lambda row: str(row.name))
            ),
        )

    def save_story(self, story: Story) -> None:
        """Make the project's parts exactly these, in one transaction; ids stay.

        Numbers may change places: those that stay give theirs up first.
        """
        parts: Sequence[tuple[Table, Sequence[Any]]] = (
            (episodes, story.episodes),
            (scenes, story.scenes),
            (shots, story.shots),
            (characters, story.characters),
        )
        with self._write() as connection:
            _drop_others(connection, story)
            for table, values in parts:
                for value in values:
                    known = connection.scalar(select(table.c.id).where(table.c.id == value.id))
                    _put_one(connection, table, asdict(value), known=known is not None)

    # ---- Sessions -----------------------------------------------------------------------------

    def save_enhancement(self, generation_id: str, enhancement: Enhancement) -> None:
        """Record what was added to a generation's prompts; the newest counts."""
        self.add_direction_event(
            DirectionEvent(
                session_id=generation_id,
                generation_id=generation_id,
                kind=ENHANCED,
                data=asdict(enhancement),
            )
        )

    def add_direction_event(self, event: DirectionEvent) -> int:
        """Append to `creative_direction_events`; returns the event's number."""
        added = insert(creative_direction_events).values(
            session_id=event.session_id,
            generation_id=event.generation_id,
            event_type=event.kind,
            event_data=dict(event.data),
            created_at=event.at or datetime.now(UTC),
        )
        with self._write() as connection:
            seq: int = connection.execute(
                added.returning(creative_direction_events.c.seq)
            ).scalar_one()
        return seq

    def session(self, session_id: str) -> tuple[DirectionEvent, ...]:
        """Return the events of a session, oldest first; empty for an unknown one."""
        table = creative_direction_events.c
        query = select(creative_direction_events).where(table.session_id == session_id)
        with self._read() as connection:
            found = connection.execute(query.order_by(table.seq)).all()
        return tuple(_direction_event(row) for row in found)

    def sessions(self, *, limit: int = 50) -> tuple[DirectionEvent, ...]:
        """Return the first event of each session that a person opened, newest first."""
        table = creative_direction_events.c
        query = select(creative_direction_events).where(table.event_type == OPENED)
        with self._read() as connection:
            found = connection.execute(query.order_by(table.seq.desc()).limit(limit)).all()
        return tuple(_direction_event(row) for row in found)

    def opinions(self, *, limit: int = 500) -> tuple[Opinion, ...]:
        """Return models' reviews of attempts on which a person decided later, newest first."""
        table, decided = creative_direction_events.c, decisions.c
        query = (
            select(table.event_data, table.generation_id, decided.attempt, decided.decision)
            .join(decisions, decided.generation_id == table.generation_id)
            .where(table.event_type == OPINION, decided.by == "person", decided.undone_at.is_(None))
            .order_by(table.seq.desc(), decided.seq.desc())
            .limit(limit)
        )
        with self._read() as connection:
            found = connection.execute(query).all()
        # Of several decisions on one attempt the first met is the newest.
        newest: dict[tuple[str, int, str], Opinion] = {}
        for row in found:
            said = row.event_data
            if said["attempt"] != row.attempt:
                continue
            key = (row.generation_id, row.attempt, said["source"])
            newest.setdefault(
                key,
                Opinion(
                    source=said["source"],
                    role=said["role"],
                    approved=said["decision"] == "approve",
                    person_approved=row.decision == "approve",
                ),
            )
        return tuple(newest.values())


def enhancements(connection: Connection, generation_ids: Sequence[str]) -> dict[str, Enhancement]:
    """Return the newest enhancement of each generation that has one."""
    table = creative_direction_events.c
    query = select(table.session_id, table.event_data).where(
        table.session_id.in_(generation_ids), table.event_type == ENHANCED
    )
    return {
        row.session_id: parsed(Enhancement, row.event_data)
        for row in connection.execute(query.order_by(table.seq))
    }


def _project_row(connection: Connection, name: str) -> Row[Any] | None:
    return connection.execute(select(projects).where(projects.c.name == name)).one_or_none()


def _new_project(name: str) -> Values:
    now = datetime.now(UTC)
    project = Project(id=str(uuid.uuid4()), name=name, created_at=now)
    return {**asdict(project), "settings": {}, "updated_at": now}


def _project(row: Row[Any]) -> Project:
    project: Project = _value(Project, row)
    return project


def _rows(connection: Connection, table: Table, project_id: str) -> Sequence[Row[Any]]:
    return connection.execute(select(table).where(table.c.project_id == project_id)).all()


def _value(kind: type[Any], row: Row[Any]) -> Any:
    return parsed(kind, row._mapping)


def _put_one(connection: Connection, table: Table, values: Values, *, known: bool) -> None:
    """Insert with what a value does not say, or update what it says."""
    if known:
        connection.execute(update(table).where(table.c.id == values["id"]).values(values))
        return
    rest: Values = {"details": {}, "created_at": datetime.now(UTC)}
    if table is episodes:
        rest["status"] = "draft"
    connection.execute(insert(table).values({**rest, **values}))


def _drop_others(connection: Connection, story: Story) -> None:
    """Delete the parts that are no more, and free the numbers of those that stay."""
    mine = story.project.id
    in_story = select(scenes.c.id).where(scenes.c.project_id == mine)
    parts: Sequence[Sequence[Shot | Scene | Episode | Character]] = (
        story.shots,
        story.scenes,
        story.episodes,
        story.characters,
    )
    kept = {part.id for several in parts for part in several}
    for table, owner in (
        (shots, shots.c.scene_id.in_(in_story)),
        (scenes, scenes.c.project_id == mine),
        (episodes, episodes.c.project_id == mine),
        (characters, characters.c.project_id == mine),
    ):
        there = connection.scalars(select(table.c.id).where(owner)).all()
        gone = [part_id for part_id in there if part_id not in kept]
        connection.execute(delete(table).where(table.c.id.in_(gone)))
    for table in (shots, episodes):
        staying = connection.scalars(select(table.c.id).where(table.c.id.in_(kept))).all()
        for position, part_id in enumerate(staying):
            free = update(table).where(table.c.id == part_id)
            connection.execute(free.values(number=-1 - position))


def _direction_event(row: Row[Any]) -> DirectionEvent:
    return DirectionEvent(
        session_id=row.session_id,
        kind=row.event_type,
        data=row.event_data,
        generation_id=row.generation_id,
        seq=row.seq,
        at=row.created_at,
    )
