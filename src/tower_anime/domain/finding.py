"""What a diagnosis says of one thing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that `doctor` looked at. `state`: ok, note (works, but…) or problem.

    `fix` says what to do about it.
    """

    name: str
    state: str
    text: str
    fix: str | None = None
