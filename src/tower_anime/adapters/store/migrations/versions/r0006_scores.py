"""An index by score, so that galleries sorted by it need not read everything."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the index."""
    op.create_index(
        "ix_quality_assessments_score_generation_id",
        "quality_assessments",
        ["score", "generation_id"],
    )
