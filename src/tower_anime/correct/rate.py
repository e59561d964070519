"""What moves promise: the expected cost until one of their kind mends a defect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tower_anime.correct.rules import MOVES, Changes, Move, Offered, kind_of
from tower_anime.domain.correction import Correction
from tower_anime.domain.family import Family
from tower_anime.domain.knowledge import REROLL, Knowledge, move_of
from tower_anime.domain.request import RenderRequest

_FIRST_GUESS = (0.6, 0.3, 0.2, 0.15, 0.1)  # of the table's moves, in order; chosen by hand
_REROLL_GUESS = 0.1  # most defects come of the parameters and stay with them; chosen by hand
_GUESS_WEIGHT = 4.0  # cases that a first guess counts as
_EVIDENCE = 8  # tries of one defect's moves below which the table's order holds
_HOPELESS = 20, 0.05  # after so many tries of a move, a chance that is not worth a render


@dataclass(frozen=True)
class Rate:
    """Judges the moves for one request by what is known."""

    knowledge: Knowledge
    request: RenderRequest
    offered: Offered = field(default_factory=dict)

    def ranked(self, defect: str, family: Family) -> tuple[Move, ...]:
        """Return the moves for a defect: in the table's order, with evidence the cheapest first.

        Those that a plain new seed was shown to beat, and those without hope, are left out.
        """
        table, defect = MOVES.get(defect, ()), kind_of(defect)
        changes = {move: move.changes(self.request, family, self.offered) for move in table}
        words = {move: self._word(found) for move, found in changes.items()}
        kept = [move for move in table if not self._is_over(defect, words[move])]
        tries = sum(self.knowledge.effect(defect, word).tries for word in set(words.values()))
        if tries < _EVIDENCE:
            return tuple(kept)
        guesses = dict(zip(table, (*_FIRST_GUESS, *(_FIRST_GUESS[-1:] * len(table))), strict=False))
        costs = {m: self._cost_to_mend(defect, words[m], changes[m], guesses[m]) for m in kept}
        return tuple(sorted(kept, key=costs.__getitem__))

    def prefers_reroll(self, corrections: Sequence[Correction]) -> bool:
        """Whether new seeds, tried often enough here, are expected to mend it for less."""
        first = corrections[0]
        if self.knowledge.effect(first.defect, REROLL).tries < _EVIDENCE:
            return False
        changes = {name: new for name, (_, new) in first.change.items()}
        mends = self._cost_to_mend(first.defect, move_of(first.change), changes, _FIRST_GUESS[0])
        return self._cost_to_mend(first.defect, REROLL, {}, _REROLL_GUESS) < mends

    def reroll_is_hopeless(self, defect: str) -> bool:
        """Whether new seeds hardly ever mended the defect."""
        return self._is_over(defect, REROLL)

    def _is_over(self, defect: str, move: str) -> bool:
        effect = self.knowledge.effect(defect, move)
        tries, share = _HOPELESS
        return effect.retired or (effect.tries >= tries and effect.fixed < share * effect.tries)

    def _cost_to_mend(self, defect: str, move: str, changes: Changes, guess: float) -> float:
        """Return cost over chance: what is spent on average until the defect is gone."""
        effect = self.knowledge.effect(defect, move)
        chance = (guess * _GUESS_WEIGHT + effect.fixed) / (_GUESS_WEIGHT + effect.tries)
        return self._cost(changes) / chance

    def _cost(self, changes: Changes) -> float:
        """Return sampler steps times pixels of the changed request, as a multiple of now."""
        now = self.request
        then = {name: changes.get(name, getattr(now, name)) for name in _COSTLY}
        return _cost_px(then) / _cost_px({name: getattr(now, name) for name in _COSTLY})

    def _word(self, changes: Changes) -> str:
        return move_of({key: (getattr(self.request, key), new) for key, new in changes.items()})


_COSTLY = ("steps", "width", "height", "hires")
_SECOND_STEPS = 0.6 * 0.5  # of the first pass's: fewer, and half of the noise


def _cost_px(values: Mapping[str, Any]) -> float:
    """Return sampler steps times pixels, a second pass included."""
    once = float(values["steps"]) * float(values["width"]) * float(values["height"])
    scale = float(values["hires"] or 1.0)
    return once * (1.0 + (_SECOND_STEPS * scale**2 if scale > 1 else 0.0))
