"""An index for counting a project's generations by status, and for finding those of one."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0009"
down_revision = "0008"

_COLUMNS = ["project_id", "status", "created_at", "id"]


def upgrade() -> None:
    """Add it; where SQLite has statistics, it takes an index without any for the best."""
    op.create_index("ix_generations_project_id_status_created_at_id", "generations", _COLUMNS)
    here = op.get_bind()
    has_any = text("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'")
    if here.dialect.name == "sqlite" and here.scalar(has_any):
        op.execute("ANALYZE generations")
