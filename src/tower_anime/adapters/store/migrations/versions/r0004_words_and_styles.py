"""Which words were added to a prompt and why, the server's version, measured styles."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add three columns and a table."""
    for column in (
        sa.Column("server_version", sa.String(), nullable=True),
        sa.Column("added", sa.JSON(), nullable=True),
        sa.Column("drawn", sa.JSON(), nullable=True),
    ):
        op.add_column("attempts", column)
    op.create_table(
        "styles",
        sa.Column("artifact_sha256", sa.String(), nullable=False),
        sa.Column("recipe", sa.String(), nullable=False),
        sa.Column("measured", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("artifact_sha256", "recipe", name="pk_styles"),
    )
