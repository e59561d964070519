"""What people decided, and how approved files are drawn: what calibration and style learn from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime

from sqlalchemy import Connection, and_, select

from tower_anime.adapters.store import rows
from tower_anime.adapters.store.forgotten import not_forgotten
from tower_anime.adapters.store.once import add_once
from tower_anime.adapters.store.tables import (
    attempts,
    decisions,
    generations,
    projects,
    quality_assessments,
    styles,
)
from tower_anime.domain.attempt import AttemptKind
from tower_anime.domain.generation import GenerationStatus
from tower_anime.domain.lesson import Part, PersonsWord
from tower_anime.domain.quality import Assessment

NEWEST_DECISIONS = 1000
NEWEST_APPROVED = 200


class SqlJudged(ABC):
    """`ports.Judged`: the part of the store that knows people's decisions and measured styles."""

    @abstractmethod
    def _write(self) -> AbstractContextManager[Connection]: ...

    @abstractmethod
    def _read(self) -> AbstractContextManager[Connection]: ...

    def persons_words(
        self, *, sandbox: bool, profile: str | None = None, limit: int = NEWEST_DECISIONS
    ) -> tuple[PersonsWord, ...]:
        """Return people's newest decisions on measured results, oldest first.

        Of several on one attempt the last counts; one that was taken back never does.
        """
        said, made, measured = decisions.c, attempts.c, quality_assessments.c
        query = (
            select(
                said.generation_id,
                said.attempt,
                said.decision,
                projects.c.name.label("project"),
                *quality_assessments.c[tuple(rows.ASSESSMENT)],
            )
            .join(
                attempts,
                and_(made.generation_id == said.generation_id, made.number == said.attempt),
            )
            .join(
                quality_assessments,
                and_(measured.generation_id == made.generation_id, measured.attempt == made.number),
            )
            .join(generations, generations.c.id == made.generation_id)
            .join(projects, projects.c.id == generations.c.project_id)
            .where(
                said.by == rows.PERSON,
                said.undone_at.is_(None),
                measured.score.is_not(None),
                made.backend == "sandbox" if sandbox else made.backend != "sandbox",
            )
            .order_by(said.seq.desc())
            .limit(limit)
        )
        if profile is not None:
            with_version = measured.profile.startswith(f"{profile} ", autoescape=True)
            query = query.where((measured.profile == profile) | with_version)
        newest: dict[tuple[str, int], PersonsWord] = {}
        with self._read() as connection:
            limits = not_forgotten(
                connection, Part.PEOPLE, at=said.decided_at, family=made.family, of=projects.c.name
            )
            for row in connection.execute(query.where(*limits)):
                word = PersonsWord(
                    project=row.project,
                    approved=row.decision == "approve",
                    assessment=rows.parsed(Assessment, row._mapping),
                )
                newest.setdefault((row.generation_id, row.attempt), word)
        return tuple(reversed(newest.values()))

    def approved_files(
        self, project: str, *, checkpoint: str | None, sandbox: bool, limit: int = NEWEST_APPROVED
    ) -> Mapping[str, str]:
        """Return a project's newest approved stills, oldest first: SHA-256 and what was asked."""
        made, one = attempts.c, generations.c
        query = (
            select(made.artifact_sha256, one.brief["prompt"].as_string())
            .join(
                generations,
                and_(one.id == made.generation_id, one.chosen_attempt == made.number),
            )
            .join(projects, projects.c.id == one.project_id)
            .where(
                projects.c.name == project,
                one.status == GenerationStatus.APPROVED,
                one.kind == "still",
                made.kind == AttemptKind.GENERATE,  # what was matched to a style can't define it
                made.artifact_sha256.is_not(None),
                made.checkpoint.is_(None) if checkpoint is None else made.checkpoint == checkpoint,
                made.backend == "sandbox" if sandbox else made.backend != "sandbox",
            )
            .order_by(one.created_at.desc(), one.id)
            .limit(limit)
        )
        with self._read() as connection:
            limits = not_forgotten(
                connection, Part.STYLE, at=one.created_at, family=made.family, of=projects.c.name
            )
            found = connection.execute(query.where(*limits)).all()
        newest: dict[str, str] = {}
        for sha256, prompt in found:
            newest.setdefault(sha256, prompt)
        return dict(reversed(newest.items()))

    def projects_with_style(self, *, sandbox: bool) -> tuple[tuple[str, str | None], ...]:
        """Return project and checkpoint of every approved still, each pair once."""
        made, one = attempts.c, generations.c
        query = (
            select(projects.c.name, made.checkpoint)
            .join(generations, one.project_id == projects.c.id)
            .join(
                attempts,
                and_(one.id == made.generation_id, one.chosen_attempt == made.number),
            )
            .where(
                one.status == GenerationStatus.APPROVED,
                one.kind == "still",
                made.artifact_sha256.is_not(None),
                made.backend == "sandbox" if sandbox else made.backend != "sandbox",
            )
            .distinct()
            .order_by(projects.c.name, made.checkpoint)
        )
        with self._read() as connection:
            return tuple((row[0], row[1]) for row in connection.execute(query))

    def styles(
        self, artifacts: Collection[str], *, recipe: str
    ) -> Mapping[str, Mapping[str, float]]:
        """Return the kept measurements of style of these files, as far as there are any."""
        table = styles.c
        query = select(table.artifact_sha256, table.measured).where(
            table.artifact_sha256.in_(artifacts), table.recipe == recipe
        )
        with self._read() as connection:
            return {row.artifact_sha256: row.measured for row in connection.execute(query)}

    def save_styles(
        self, measured: Sequence[tuple[str, Mapping[str, float]]], *, recipe: str
    ) -> None:
        """Keep measurements of style; those that are there stay."""
        now = datetime.now(UTC)
        new = [
            {"artifact_sha256": sha256, "recipe": recipe, "measured": dict(one), "created_at": now}
            for sha256, one in dict(measured).items()
        ]
        if new:
            with self._write() as connection:
                add_once(connection, styles, new)
