"""Run by Alembic. The connection, already in a transaction, comes from `migrate.py`."""

from __future__ import annotations

from alembic import context

context.configure(
    **context.config.attributes,
    transactional_ddl=True,  # SQLite can, if BEGIN is sent as `connect.py` does
    render_as_batch=True,  # SQLite changes columns by rebuilding the table
)
context.run_migrations()
