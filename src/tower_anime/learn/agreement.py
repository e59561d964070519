"""How far a model's reviews agree with what people decided later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from tower_anime.domain.conversation import Agreement, Opinion
from tower_anime.domain.intervals import wilson

ENOUGH = 20  # below that the interval is wider than any difference worth acting on
ENOUGH_OF_EACH = 3  # a person who always decides the same tells nothing about a model


def agreements(opinions: Sequence[Opinion]) -> tuple[Agreement, ...]:
    """Return the agreement of each model and role, sorted by name."""
    grouped: dict[tuple[str, str], list[Opinion]] = defaultdict(list)
    for opinion in opinions:
        grouped[opinion.source, opinion.role].append(opinion)
    return tuple(_agreement(*key, cases) for key, cases in sorted(grouped.items()))


def _agreement(source: str, role: str, cases: Sequence[Opinion]) -> Agreement:
    number = len(cases)
    agreed = sum(case.approved == case.person_approved for case in cases)
    model_yes = sum(case.approved for case in cases) / number
    person_yes = sum(case.person_approved for case in cases) / number
    # Cohen's expected agreement: two judges with these habits who don't look.
    chance = model_yes * person_yes + (1 - model_yes) * (1 - person_yes)
    low, high = wilson(agreed, number)
    rarer = min(person_yes, 1 - person_yes) * number
    telling = number >= ENOUGH and rarer >= ENOUGH_OF_EACH
    return Agreement(
        source=source,
        role=role,
        cases=number,
        agreed=agreed,
        share=agreed / number,
        low=low,
        high=high,
        chance=chance,
        votes=not telling or low > chance,
    )
