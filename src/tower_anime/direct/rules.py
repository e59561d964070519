"""The built-in director: always there, deterministic, and honest that it has no eyes."""

from __future__ import annotations

from pathlib import Path

from tower_anime.domain.attempt import Attempt
from tower_anime.domain.brief import Brief, DirectorChoice
from tower_anime.domain.generation import Direction, DirectorDecision

_BLIND = "prompt prepared by built-in rules, which can't see pictures"


class RulesDirector:
    """Reviews nothing: whether a result is approved is left to the profile's `review`."""

    def review(self, brief: Brief, attempt: Attempt, picture: Path) -> Direction:  # noqa: ARG002 - the port's signature
        """Return `unreviewed`, naming the director that was wanted and is not there."""
        if brief.director is DirectorChoice.OFF:
            return Direction(
                source="none",
                decision=DirectorDecision.UNREVIEWED,
                notes="no director was asked",
                attempt=attempt.number,
            )
        wanted = brief.director not in (DirectorChoice.AUTO, DirectorChoice.RULES)
        notes = f"no {brief.director} director is available; {_BLIND}" if wanted else _BLIND
        return Direction(
            source="rules",
            decision=DirectorDecision.UNREVIEWED,
            notes=notes,
            attempt=attempt.number,
        )
