"""What goes into a library: where, under which name, with which words beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Release:
    """One approved file as it shall stand in a library.

    `relative_path` is below the library folder, with forward slashes; `companions` maps a file
    name beside it to its text (metadata), written before the file itself.
    """

    generation_id: str
    artifact_sha256: str
    relative_path: str
    companions: Mapping[str, str]
