"""What earlier attempts teach the next one: where to begin, which corrections help."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypedDict
from uuid import UUID

from tower_anime.domain.brief import Brief
from tower_anime.domain.direction import Enhancement
from tower_anime.domain.family import Family
from tower_anime.domain.generation import History
from tower_anime.domain.knowledge import NOTHING, Knowledge, Suggestion
from tower_anime.domain.lesson import Part
from tower_anime.domain.request import RenderRequest
from tower_anime.learn.suggest import LEARNABLE, NEWEST, suggest
from tower_anime.pipeline import wording
from tower_anime.pipeline.evidence import Evidence
from tower_anime.ports import Memory

SANDBOX = "sandbox"
FIRST_COMPARED = 30  # real attempts of a family before corrections are compared with new seeds
COMPARED_SHARE = 0.2  # of the generations after that
COMPARED_ATTEMPT = 2
_LOOKED_AT = 2000  # outcomes; more change no decision
FRESH_S = 10.0  # a few outcomes more or less change no decision either


@dataclass(frozen=True)
class Teacher:
    """Asks the memory; without one it knows nothing, and all is as the rules have it.

    What it read counts for `FRESH_S`: two thousand outcomes cost a tenth of a second.
    """

    memory: Memory | None = None
    clock: Callable[[], float] = time.monotonic
    _read: dict[tuple[str, bool, Part], tuple[float, Evidence]] = field(default_factory=dict)

    def knowledge(self, family: Family, *, backend: str | None) -> Knowledge:
        """Return what is known of a family's corrections on this kind of server."""
        if self.memory is None:
            return NOTHING
        return self._evidence(family, backend, Part.CORRECTIONS).knowledge

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
        found = self._evidence(family, backend, Part.PARAMETERS)
        return suggest(
            found.outcomes,
            weights=found.weights,
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
        return wording.worded(
            enhancement,
            self._evidence(family, backend, Part.WORDS),
            brief=brief,
            family=family,
            lot=partial(lot_of, generation_id),
        )

    def _evidence(self, family: Family, backend: str | None, part: Part) -> Evidence:
        """Return the newest outcomes; those that were read a moment ago are as good."""
        assert self.memory is not None
        sandbox = backend == SANDBOX
        key, now_s = (family.name, sandbox, part), self.clock()
        kept = self._read.get(key)
        if kept and now_s - kept[0] < FRESH_S:
            return kept[1]
        limit = NEWEST if part is Part.PARAMETERS else _LOOKED_AT
        told = self.memory.outcomes(sandbox=sandbox, family=family.name, part=part, limit=limit)
        self._read[key] = now_s, Evidence(told)
        return self._read[key][1]


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
