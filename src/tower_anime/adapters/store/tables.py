"""The tables. `migrations/` builds the same; a test compares the two.

Names that mean the same as in the earlier service are kept. An attempt is known by its
generation and number; whatever belongs to one carries both. Columns beside the JSON ones are
those that lists and analytics filter by.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

HEAD = "0009"
"""The newest revision in `migrations/versions`: an up-to-date database needs no Alembic."""

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcTime(TypeDecorator[datetime]):
    """A moment: aware in Python, UTC in the database (SQLite keeps no zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware time into UTC; a naive one is a mistake of the caller."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone can't be stored: {value.isoformat()}")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002
    ) -> datetime | None:
        """Return an aware time in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def storable(text: str) -> str:
    """Return a text with what no database takes replaced.

    PostgreSQL refuses NUL, both databases refuse halves of surrogate pairs.
    """
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


class Words(TypeDecorator[str]):
    """Prose of any origin (models, servers, people), made storable."""

    impl: type[String] = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Replace what no database takes."""
        return None if value is None else storable(value)


class Names(Words):
    """Short words, made storable like prose."""

    impl = String
    cache_ok = True


def _id() -> Column[str]:
    return Column("id", String, primary_key=True)


def _time(name: str, *, nullable: bool = False) -> Column[datetime]:
    return Column(name, UtcTime, nullable=nullable)


def _of(table: str, *, nullable: bool = False) -> Column[str]:
    """A reference that goes when its owner goes."""
    name = table.removesuffix("s") + "_id"
    return Column(name, ForeignKey(f"{table}.id", ondelete="CASCADE"), nullable=nullable)


def _of_attempt(column: str = "attempt") -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["generation_id", column],
        ["attempts.generation_id", "attempts.number"],
        ondelete="CASCADE",
    )


# ---- The production ---------------------------------------------------------------------------

projects = Table(
    "projects",
    METADATA,
    _id(),
    Column("name", Words, nullable=False),
    Column("description", Words, nullable=False),
    Column("status", String, nullable=False),
    Column("settings", JSON, nullable=False),
    _time("created_at"),
    _time("updated_at"),
    UniqueConstraint("name"),
)

episodes = Table(
    "episodes",
    METADATA,
    _id(),
    _of("projects"),
    Column("season", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("title", Words, nullable=False),
    Column("synopsis", Words, nullable=False),
    Column("status", String, nullable=False),
    Column("details", JSON, nullable=False),
    _time("created_at"),
    UniqueConstraint("project_id", "season", "number"),
)

scenes = Table(
    "scenes",
    METADATA,
    _id(),
    _of("projects"),
    _of("episodes", nullable=True),
    Column("number", Integer, nullable=False),
    Column("title", Words, nullable=False),
    Column("description", Words, nullable=False),
    Column("details", JSON, nullable=False),
    _time("created_at"),
    Index(None, "project_id", "number"),
    Index(None, "episode_id", "number"),
)

shots = Table(
    "shots",
    METADATA,
    _id(),
    _of("scenes"),
    Column("number", Integer, nullable=False),
    Column("prompt", Words, nullable=False),
    Column("duration_s", Double),
    Column("details", JSON, nullable=False),
    _time("created_at"),
    UniqueConstraint("scene_id", "number"),
)

characters = Table(
    "characters",
    METADATA,
    _id(),
    _of("projects"),
    Column("name", Words, nullable=False),
    Column("look", Words, nullable=False),
    Column("details", JSON, nullable=False),
    _time("created_at"),
    UniqueConstraint("project_id", "name"),
)

# ---- The work ---------------------------------------------------------------------------------

generations = Table(
    "generations",
    METADATA,
    _id(),
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("shot_id", ForeignKey("shots.id", ondelete="SET NULL")),
    Column("batch_id", String),
    Column("kind", String, nullable=False),
    Column("status", String, nullable=False),
    Column("backend", String),
    Column("brief", JSON, nullable=False),
    Column("profile", JSON, nullable=False),
    Column("first_request", JSON(none_as_null=True)),
    Column("chosen_attempt", Integer),
    Column("failure_class", String),
    Column("failure_message", Words),
    Column("reason", Words),
    Column("cancel_requested", Boolean, nullable=False),
    _time("created_at"),
    _time("finished_at", nullable=True),
    Column("priority", Integer, nullable=False, server_default="0"),
    Column("rank", Double, nullable=False, server_default="0"),
    Index(None, "created_at", "id"),
    Index(None, "status", "created_at", "id"),
    Index(None, "project_id", "created_at", "id"),
    Index(None, "project_id", "status", "created_at", "id"),
    Index(None, "batch_id"),
    Index(None, "shot_id"),
)

idempotency_keys = Table(
    "idempotency_keys",
    METADATA,
    Column("key", String, primary_key=True),
    # checked at COMMIT, so that the key is claimed before the generation is written
    Column(
        "generation_id",
        ForeignKey("generations.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED"),
        nullable=False,
    ),
    _time("created_at"),
    Index(None, "generation_id"),
)

artifacts = Table(
    "artifacts",
    METADATA,
    Column("sha256", String, primary_key=True),
    Column("path", String, nullable=False),
    Column("media_type", String, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    _time("created_at"),
)

attempts = Table(
    "attempts",
    METADATA,
    Column("generation_id", ForeignKey("generations.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("prompt_id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("repair_of", Integer),
    Column("state", String, nullable=False),
    Column("server", String),
    Column("backend", String),
    Column("family", String),
    Column("checkpoint", String),
    Column("request", JSON, nullable=False),
    Column("stopped_early_at_step", Integer),
    Column("sampler_steps", Integer, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("submissions", Integer, nullable=False),
    Column("artifact_sha256", ForeignKey("artifacts.sha256")),
    Column("failure_class", String),
    Column("failure_message", Words),
    _time("created_at"),
    Column("server_version", String),
    Column("added", JSON),
    Column("drawn", JSON),
    UniqueConstraint("prompt_id"),
    Index(None, "artifact_sha256"),
    Index(None, "created_at"),
)

corrections = Table(
    "corrections",
    METADATA,
    Column("generation_id", String, primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("defect", String, nullable=False),
    Column("change", JSON, nullable=False),
    Column("reason", Words, nullable=False),
    _of_attempt(),
)

# An assessment belongs to an attempt, or to a file that somebody else made.
quality_assessments = Table(
    "quality_assessments",
    METADATA,
    _id(),
    Column("generation_id", String),
    Column("attempt", Integer),
    Column("artifact_sha256", String),
    Column("file_path", String),
    Column("backend", String),
    Column("kind", String, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("score", Double),
    Column("verdict", String, nullable=False),
    Column("threshold", Double, nullable=False),
    Column("defects", JSON, nullable=False),
    Column("measurements", JSON, nullable=False),
    Column("profile", String, nullable=False),
    Column("assessor", String, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("relaxed", JSON, nullable=False),
    Column("error", JSON(none_as_null=True)),
    _time("created_at"),
    Column("asked", JSON(none_as_null=True)),
    _of_attempt(),
    UniqueConstraint("generation_id", "attempt"),
    Index(None, "created_at"),
    Index(None, "artifact_sha256"),
    Index(None, "score", "generation_id"),
)

# The kinds in `quality_assessments.defects`, with what galleries sort by: JSON can't be searched
# in order. `created_at` is the generation's.
found_defects = Table(
    "found_defects",
    METADATA,
    Column("generation_id", String, primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("kind", Names, primary_key=True),
    Column("score", Double),
    _time("created_at"),
    _of_attempt(),
    Index(None, "kind", "created_at", "generation_id", "attempt"),
    Index(None, "kind", "score", "generation_id", "attempt"),
    sqlite_with_rowid=False,
)

# `by` is `director` or `person`; `reasons` is a person's list, or a director's object of issues,
# scores and wishes. `status_before` is what taking a decision back restores.
decisions = Table(
    "decisions",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    _of("generations"),
    Column("by", String, nullable=False),
    Column("source", String, nullable=False),
    Column("decision", String, nullable=False),
    Column("attempt", Integer),
    Column("reasons", JSON, nullable=False),
    Column("note", Words, nullable=False),
    Column("status_before", String, nullable=False),
    _time("decided_at"),
    _time("undone_at", nullable=True),
    Index(None, "generation_id", "seq"),
    sqlite_autoincrement=True,
)

publications = Table(
    "publications",
    METADATA,
    Column("generation_id", ForeignKey("generations.id", ondelete="CASCADE"), primary_key=True),
    Column("artifact_sha256", ForeignKey("artifacts.sha256"), primary_key=True),
    Column("target", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("location", String),
    Column("reason", Words),
    _time("created_at"),
    _time("updated_at"),
    Index(None, "state", "updated_at"),
)

# ---- What happened, what was learnt -----------------------------------------------------------

generation_metrics = Table(
    "generation_metrics",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    _of("generations", nullable=True),
    Column("event_type", String, nullable=False),
    Column("event_data", JSON, nullable=False),
    _time("at"),
    Index(None, "generation_id", "seq"),
    sqlite_autoincrement=True,
)

# `subject` is what the alert is about (a server, a project): one open alert for each pair.
performance_alerts = Table(
    "performance_alerts",
    METADATA,
    _id(),
    Column("alert_type", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("severity", String, nullable=False),
    Column("message", Words, nullable=False),
    Column("system_state", JSON, nullable=False),
    _time("raised_at"),
    _time("acknowledged_at", nullable=True),
    _time("resolved_at", nullable=True),
    Index(None, "alert_type", "subject", "resolved_at"),
    Index(None, "raised_at"),
)


def _pattern_columns() -> tuple[Column[str] | Column[float] | Column[int] | Column[datetime], ...]:
    return (
        _id(),
        _of("generations", nullable=True),
        Column("attempt", Integer),
        Column("project_id", ForeignKey("projects.id", ondelete="SET NULL")),
        Column("backend", String),
        Column("family", String),
        Column("checkpoint", String),
        Column("prompt_hash", String, nullable=False),
        Column("prompt_text", Words, nullable=False),
        Column("workflow_params", JSON, nullable=False),
        Column("quality_score", Double),
        _time("created_at"),
    )


learning_successful_patterns = Table(
    "learning_successful_patterns",
    METADATA,
    *_pattern_columns(),
    Index(None, "backend", "family", "checkpoint"),
    Index(None, "prompt_hash"),
)

learning_failed_patterns = Table(
    "learning_failed_patterns",
    METADATA,
    *_pattern_columns(),
    Column("rejection_reasons", JSON, nullable=False),
    Index(None, "backend", "family", "checkpoint"),
    Index(None, "prompt_hash"),
)

creative_direction_events = Table(
    "creative_direction_events",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("session_id", String, nullable=False),
    _of("generations", nullable=True),
    Column("event_type", String, nullable=False),
    Column("event_data", JSON, nullable=False),
    _time("created_at"),
    Index(None, "session_id", "seq"),
    sqlite_autoincrement=True,
)

# Where imported rows came from: `entity` names our table, `original` keeps the row as it was.
external_ids = Table(
    "external_ids",
    METADATA,
    Column("source", String, primary_key=True),
    Column("source_table", String, primary_key=True),
    Column("external_id", String, primary_key=True),
    Column("entity", String, nullable=False),
    Column("our_id", String, nullable=False),
    Column("original", JSON, nullable=False),
    _time("imported_at"),
    Column("file", JSON(none_as_null=True)),  # what was found of a job's file: path, sha256, size
    Index(None, "entity", "our_id"),
    Index(None, "entity", "external_id"),
)

# What a file looks like (`looks.py`): a fingerprint in hexadecimal, and the file that was the first
# to look like that.
looks = Table(
    "looks",
    METADATA,
    Column("artifact_sha256", String, primary_key=True),
    Column("bits", String, nullable=False),
    Column("leader", String, nullable=False),
    Index(None, "leader"),
)

# How a file is drawn, in numbers (`assess.style`): made once, of `recipe`.
styles = Table(
    "styles",
    METADATA,
    Column("artifact_sha256", String, primary_key=True),
    Column("recipe", String, primary_key=True),
    Column("measured", JSON, nullable=False),
    _time("created_at"),
)

# ---- The service ------------------------------------------------------------------------------

# Small facts that outlive a process, such as whether the queue is paused.
switches = Table(
    "switches",
    METADATA,
    Column("name", String, primary_key=True),
    Column("value", JSON, nullable=False),
    _time("changed_at"),
)

# `resolution_s` is the time that a row stands for: fine rows are kept for a day, coarse for 90.
system_samples = Table(
    "system_samples",
    METADATA,
    Column("resolution_s", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcTime, primary_key=True),
    Column("data", JSON, nullable=False),
)

# Rolled-up figures of a day (UTC) on which generations were created; can be made again at any
# time. `n` values that add up to `total`, their squares to `squares`.
figures = Table(
    "figures",
    METADATA,
    Column("figure", String, primary_key=True),
    Column("day", String, primary_key=True),
    Column("project_id", String, primary_key=True),
    Column("backend", String, primary_key=True),
    Column("family", String, primary_key=True),
    Column("checkpoint", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("n", Integer, nullable=False),
    Column("total", Double, nullable=False),
    Column("squares", Double, nullable=False),
    Index(None, "day"),
    Index(None, "project_id", "figure"),
)

# What is to be told to whom: one row for each event and target, so that none is told twice.
notices = Table(
    "notices",
    METADATA,
    Column("event_seq", Integer, primary_key=True, autoincrement=False),
    Column("target", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("reason", Words),
    _time("due_at"),
    _time("created_at"),
    Index(None, "state", "due_at"),
)
