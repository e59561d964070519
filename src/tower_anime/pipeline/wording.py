"""Words that earlier attempts taught join a new request's prompts."""

from __future__ import annotations

from collections.abc import Callable

from tower_anime.assess.style import ENOUGH as DEFINES_STYLE
from tower_anime.direct.learned import may_be_avoided, may_join, with_learned
from tower_anime.domain.brief import DEFAULT_PROJECT, Brief, DirectorChoice
from tower_anime.domain.direction import Enhancement
from tower_anime.domain.family import Dialect, Family, Guidance
from tower_anime.domain.lesson import WordChoice
from tower_anime.domain.manner import TRIED
from tower_anime.learn.words import ENOUGH, choose_avoided, choose_words
from tower_anime.pipeline.evidence import Evidence

_LATELY = 50  # first attempts whose share of passes tells whether anything is to be found out


def worded(
    enhancement: Enhancement,
    known: Evidence,
    *,
    brief: Brief,
    family: Family,
    lot: Callable[[str], float],
) -> Enhancement:
    """Return the prompts with learned words, as far as brief and family leave room for them.

    A user who wants no director wants the words as they are.
    """
    firsts = [outcome for outcome in known.outcomes if outcome.number == 1]
    if brief.director is DirectorChoice.OFF or len(firsts) < 2 * ENOUGH:
        return enhancement
    wanted, avoided = WordChoice(), WordChoice()
    if "prompt" not in brief.locks:
        lately = firsts[-_LATELY:]
        keeps_style = _has_style(brief.project, known)
        wanted = choose_words(
            known.words,
            prompt=enhancement.prompt,
            allowed=lambda word: may_join(
                word, brief=brief, enhancement=enhancement, keeps_style=keeps_style
            ),
            passing=sum(outcome.passed for outcome in lately) / len(lately),
            pool=TRIED if family.dialect is Dialect.TAGS else (),
            lot=lot,
        )
    if "negative" not in brief.locks and family.guidance is Guidance.CFG:
        avoided = choose_avoided(
            known.avoided,
            negative=enhancement.negative,
            allowed=lambda word: may_be_avoided(word, brief=brief),
            lot=lot,
        )
    return with_learned(enhancement, wanted, avoided, brief=brief, family=family)


def _has_style(project: str, known: Evidence) -> bool:
    """Whether what passed in a project is enough to define its style."""
    made = sum(outcome.passed and outcome.project == project for outcome in known.outcomes)
    return project != DEFAULT_PROJECT and made >= DEFINES_STYLE
