"""Logs: text for people, or JSON Lines for programs, with the generation they are about."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime

_generation: ContextVar[str | None] = ContextVar("generation", default=None)


@contextlib.contextmanager
def about(generation_id: str) -> Iterator[None]:
    """Let what is logged inside carry this generation's id."""
    token = _generation.set(generation_id)
    try:
        yield
    finally:
        _generation.reset(token)


class JsonLines(logging.Formatter):
    """One JSON object a record: at, level, logger, message, generation_id, error."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (generation_id := _generation.get()) is not None:
            line["generation_id"] = generation_id
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def as_json_lines() -> None:
    """Write JSON Lines on stderr from now on, whatever was set up before."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.getLogger().handlers[:] = [handler]
