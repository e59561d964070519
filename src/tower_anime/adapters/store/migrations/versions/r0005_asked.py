"""What a file was meant to be is kept with its assessment."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add a column."""
    op.add_column("quality_assessments", sa.Column("asked", sa.JSON(), nullable=True))
