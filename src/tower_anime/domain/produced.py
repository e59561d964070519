"""A file that somebody's work produced, whoever asked for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Produced:
    """A file to look at. `name` is what to call it, `path` where it can be read until the next.

    `graph_text` is the workflow that made it as JSON in API format, `prompt_id` its job at
    `server`; each None where it is not known.
    """

    name: str
    path: Path
    graph_text: str | None = None
    prompt_id: str | None = None
    server: str | None = None
