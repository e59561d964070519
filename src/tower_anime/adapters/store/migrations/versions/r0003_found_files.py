"""Files of imported jobs that were found where they are, and a way to imported rows by their id."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add a column and an index."""
    op.add_column("external_ids", sa.Column("file", sa.JSON(), nullable=True))
    op.create_index("ix_external_ids_entity_external_id", "external_ids", ["entity", "external_id"])
