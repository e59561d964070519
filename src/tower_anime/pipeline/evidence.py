"""What is read from the memory once and used for a while: outcomes, what they count, words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from tower_anime.domain.knowledge import Knowledge, Outcome
from tower_anime.domain.lesson import WordLift
from tower_anime.learn import drift
from tower_anime.learn.effects import knowledge_of
from tower_anime.learn.words import lifts


@dataclass(frozen=True)
class Evidence:
    """Outcomes of one family on one kind of server, and what follows from them, each once."""

    outcomes: tuple[Outcome, ...]

    @cached_property
    def weights(self) -> tuple[float, ...]:
        """What each outcome still counts (0–1)."""
        return drift.weights(self.outcomes, drift.shifts(self.outcomes))

    @cached_property
    def knowledge(self) -> Knowledge:
        """How far corrections help."""
        return knowledge_of(self.outcomes)

    @cached_property
    def words(self) -> tuple[WordLift, ...]:
        """What words of the prompt do."""
        return lifts(self.outcomes, weights=self._of_words)

    @cached_property
    def avoided(self) -> tuple[WordLift, ...]:
        """What words of the negative prompt do."""
        return lifts(self.outcomes, negative=True, weights=self._of_words)

    @cached_property
    def _of_words(self) -> tuple[float, ...]:
        return drift.weights_of_words(self.outcomes, drift.shifts(self.outcomes))
