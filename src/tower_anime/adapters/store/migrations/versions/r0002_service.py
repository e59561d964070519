"""Queue order, switches, samples of the system, rolled-up figures, notices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add two columns and four tables."""
    for column in (
        sa.Column("priority", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("rank", sa.Double(), nullable=False, server_default="0"),
    ):
        op.add_column("generations", column)
    op.create_table(
        "switches",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_switches"),
    )
    op.create_table(
        "system_samples",
        sa.Column("resolution_s", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("resolution_s", "at", name="pk_system_samples"),
    )
    _figures()
    _notices()


def _figures() -> None:
    key = ("figure", "day", "project_id", "backend", "family", "checkpoint", "name")
    op.create_table(
        "figures",
        *(sa.Column(name, sa.String(), nullable=False) for name in key),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("total", sa.Double(), nullable=False),
        sa.Column("squares", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint(*key, name="pk_figures"),
    )
    op.create_index("ix_figures_day", "figures", ["day"])


def _notices() -> None:
    op.create_table(
        "notices",
        sa.Column("event_seq", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("event_seq", "target", name="pk_notices"),
    )
    op.create_index("ix_notices_state_due_at", "notices", ["state", "due_at"])
