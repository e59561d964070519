"""What earlier attempts teach the next one: where to begin, which corrections help."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypedDict
from uuid import UUID

from tower_anime.domain.brief import Brief
from tower_anime.domain.direction import Enhancement
from tower_anime.domain.family import Family
from tower_anime.domain.generation import History
from tower_anime.domain.knowledge import NOTHING, Knowledge, Outcome, Suggestion
from tower_anime.domain.lesson import Part
from tower_anime.domain.request import RenderRequest
from tower_anime.learn import drift
from tower_anime.learn.effects import knowledge_of
from tower_anime.learn.suggest import LEARNABLE, NEWEST, suggest
from tower_anime.pipeline import wording
from tower_anime.ports import Memory

SANDBOX = "sandbox"
FIRST_COMPARED = 30  # real attempts of a family before corrections are compared with new seeds
COMPARED_SHARE = 0.2  # of the generations after that
COMPARED_ATTEMPT = 2
_LOOKED_AT = 2000  # outcomes; more change no decision


@dataclass(frozen=True)
class Teacher:
    """Asks the memory; without one it knows nothing, and all is as the rules have it."""

    memory: Memory | None = None

    def knowledge(self, family: Family, *, backend: str | None) -> Knowledge:
        """Return what is known of a family's corrections on this kind of server."""
        if self.memory is None:
            return NOTHING
        found = self._outcomes(family, backend, Part.CORRECTIONS, limit=_LOOKED_AT)
        return knowledge_of(found)

    def suggestion(
        self,
        generation_id: str,
        request: RenderRequest,
        family: Family,
        *,
        free: Collection[str],
        offered: Mapping[str, Collection[str]],
        backend: str,
    ) -> Suggestion:
        """Return what to begin with instead of the usual parameters."""
        if self.memory is None or not free:
            return Suggestion()
        found = self._outcomes(family, backend, Part.PARAMETERS, limit=NEWEST)
        return suggest(
            found,
            weights=drift.weights(found, drift.shifts(found)),
            base=request,
            family=family,
            free=free,
            offered=offered,
            lot=lot_of(generation_id, "explore"),
        )

    def worded(
        self,
        generation_id: str,
        brief: Brief,
        enhancement: Enhancement,
        family: Family,
        *,
        backend: str,
    ) -> Enhancement:
        """Return the prompts with the words that earlier attempts taught."""
        if self.memory is None:
            return enhancement
        found = self._outcomes(family, backend, Part.WORDS, limit=_LOOKED_AT)
        return wording.worded(
            enhancement,
            found,
            drift.weights(found, drift.shifts(found)),
            brief=brief,
            family=family,
            lot=partial(lot_of, generation_id),
        )

    def _outcomes(
        self, family: Family, backend: str | None, part: Part, *, limit: int
    ) -> tuple[Outcome, ...]:
        assert self.memory is not None
        return self.memory.outcomes(
            sandbox=backend == SANDBOX, family=family.name, part=part, limit=limit
        )


def free_parameters(brief: Brief, unplaced: Collection[str]) -> tuple[str, ...]:
    """Return what may be suggested: nothing that the user set or locked, or has no place."""
    taken = {*brief.parameters, *brief.locks, *unplaced}
    return tuple(name for name in LEARNABLE if name not in taken)


def origins(
    brief: Brief, workflow: Mapping[str, object], suggestion: Suggestion
) -> Mapping[str, str]:
    """Return where each parameter of a first request comes from."""
    names = ("width", "height", "steps", "cfg", "sampler", "scheduler", "seed", "checkpoint")
    found = dict.fromkeys(names, "family")
    found |= {"seed": "drawn", "checkpoint": "server"}
    found |= {name: "workflow" for name in names if name in workflow and name != "seed"}
    return found | dict(suggestion.origins) | dict.fromkeys(brief.parameters, "you")


class Words(TypedDict):
    """What an attempt keeps of the words that the system decided on."""

    added: tuple[str, ...]
    drawn: Mapping[str, bool]


def words_of(history: History, number: int) -> Words:
    """Return which words of an attempt the system added by rule, and which by lot."""
    enhancement = history.enhancement
    if enhancement is None or number != 1:
        return Words(added=(), drawn={})
    lots = enhancement.drawn
    added = tuple(
        item.words
        for item in enhancement.additions
        if (f"-{item.words}" if item.negative else item.words) not in lots
    )
    return Words(added=added, drawn=lots)


def drawn_by_lot(history: History, knowledge: Knowledge) -> bool:
    """Whether this generation's correction gives way to a plain new seed, to compare them.

    Only with real servers and enough attempts, never on the last attempt. The arm follows from
    the generation's id.
    """
    generation = history.generation
    return (
        generation.backend not in (None, SANDBOX)
        and knowledge.attempts >= FIRST_COMPARED
        and len(history.attempts) + 1 == COMPARED_ATTEMPT
        and generation.brief.max_attempts > COMPARED_ATTEMPT
        and lot_of(generation.id, "compare") < COMPARED_SHARE
    )


def lot_of(generation_id: str, purpose: str) -> float:
    """Return a number from 0 to 1 that follows from the id, another one for each purpose."""
    mixed = UUID(generation_id).int
    for letter in purpose.encode():
        mixed = (mixed * 6364136223846793005 + letter) % 2**128
    return mixed / 2**128
