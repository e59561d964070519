"""Kinds of defects where galleries find them, and which pictures look alike."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_EACH = {
    "sqlite": "json_each(q.defects) AS d",
    "postgresql": "json_array_elements(q.defects) AS d(value)",
}
_KIND = {"sqlite": "d.value ->> '$.kind'", "postgresql": "d.value ->> 'kind'"}


def upgrade() -> None:
    """Add two tables and fill the first."""
    op.create_table(
        "found_defects",
        sa.Column("generation_id", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("generation_id", "attempt", "kind", name="pk_found_defects"),
        sa.ForeignKeyConstraint(
            ["generation_id", "attempt"],
            ["attempts.generation_id", "attempts.number"],
            name="fk_found_defects_generation_id_attempt",
            ondelete="CASCADE",
        ),
        sqlite_with_rowid=False,
    )
    fill(op.get_bind().dialect.name)
    for column in ("created_at", "score"):
        op.create_index(
            f"ix_found_defects_kind_{column}_generation_id_attempt",
            "found_defects",
            ["kind", column, "generation_id", "attempt"],
        )
    op.create_table(
        "looks",
        sa.Column("artifact_sha256", sa.String(), nullable=False),
        sa.Column("bits", sa.String(), nullable=False),
        sa.Column("leader", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("artifact_sha256", name="pk_looks"),
    )
    op.create_index("ix_looks_leader", "looks", ["leader"])


def fill(dialect: str) -> None:
    """Read the kinds of defects out of what was assessed before."""
    kind = _KIND[dialect]
    op.execute(
        "INSERT INTO found_defects (generation_id, attempt, kind, score, created_at) "  # noqa: S608
        f"SELECT DISTINCT q.generation_id, q.attempt, {kind}, q.score, g.created_at "
        "FROM quality_assessments q JOIN generations g ON g.id = q.generation_id, "
        f"{_EACH[dialect]} WHERE q.attempt IS NOT NULL AND {kind} IS NOT NULL"
    )
