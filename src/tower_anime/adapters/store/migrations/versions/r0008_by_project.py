"""An index for reports: on all projects together, and on one."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add it."""
    op.create_index("ix_figures_project_id_figure", "figures", ["project_id", "figure"])
