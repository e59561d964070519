"""The built-in director: always there, deterministic, and honest that it has no eyes."""

from __future__ import annotations

from pathlib import Path

from tower_anime.direct.enhance import by_rules
from tower_anime.domain.attempt import Attempt
from tower_anime.domain.brief import Brief, DirectorChoice
from tower_anime.domain.direction import Enhancement
from tower_anime.domain.family import Family
from tower_anime.domain.generation import Direction, DirectorDecision

_BLIND = "prompt prepared by built-in rules, which can't see pictures"


class RulesDirector:
    """Reviews nothing: whether a result is approved is left to the profile's `review`."""

    def prepare(self, brief: Brief, *, family: Family, generation_id: str) -> Enhancement:  # noqa: ARG002 - the port's signature
        """Return the prompts with what the rules add."""
        return by_rules(brief, family)

    def review(self, brief: Brief, attempt: Attempt, picture: Path, *, family: Family) -> Direction:  # noqa: ARG002 - the port's signature
        """Return `unreviewed`, naming the director that was wanted and is not there."""
        return unreviewed(brief, attempt)


def unreviewed(brief: Brief, attempt: Attempt, *, because: str = "") -> Direction:
    """Return the word of no director; `because` says what failed."""
    if brief.director is DirectorChoice.OFF:
        source, notes = "none", "no director was asked"
    else:
        wanted = brief.director not in (DirectorChoice.AUTO, DirectorChoice.RULES)
        missing = f"no {brief.director} director is available" if wanted else ""
        source, notes = "rules", "; ".join(filter(None, (because or missing, _BLIND)))
    return Direction(
        source=source,
        decision=DirectorDecision.UNREVIEWED,
        notes=notes,
        attempt=attempt.number,
    )
