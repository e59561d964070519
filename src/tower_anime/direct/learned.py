"""Learned words join a prompt like everybody else's: checked, after the user's own, named."""

from __future__ import annotations

from collections.abc import Iterable

from tower_anime.direct.enhance import RULES_OWN, composed
from tower_anime.direct.vocabulary import SILENT_ON
from tower_anime.direct.words import content, objection, objection_to_avoiding
from tower_anime.domain.brief import Brief
from tower_anime.domain.direction import Addition, Enhancement
from tower_anime.domain.family import Family
from tower_anime.domain.lesson import WordChoice
from tower_anime.domain.manner import PALETTE, QUALITY, SECTIONS, STYLE, manner_of


def may_join(
    word: str, *, brief: Brief, enhancement: Enhancement, keeps_style: bool = False
) -> bool:
    """Whether a learned word may join this request.

    Only words that say how a picture is drawn may, where the user, the project and a model left
    that open (what the rules add by taste binds nobody); nothing that is to be avoided.
    `keeps_style`: the project has a style of its own, which no word for style or colours may move.
    """
    section = SECTIONS.get(word)
    if section is None or objection(word, excluded=enhancement.negative.split(",")):
        return False
    if section == QUALITY:
        return True
    if keeps_style and section in (STYLE, PALETTE):
        return False
    decided = [item.words for item in enhancement.additions if item.reason not in RULES_OWN]
    request = ", ".join([brief.prompt, *decided]).replace("_", " ")
    if section == STYLE:
        return not any(SECTIONS[said] == STYLE for said in _said(request))
    return not SILENT_ON[section].search(request)


def may_be_avoided(word: str, *, brief: Brief) -> bool:
    """Whether a learned word may join the negative prompt: it excludes nothing that is wanted."""
    return objection_to_avoiding(word, wanted=content(brief.prompt)) is None


def with_learned(
    enhancement: Enhancement,
    wanted: WordChoice,
    avoided: WordChoice,
    *,
    brief: Brief,
    family: Family,
) -> Enhancement:
    """Return the prompts with the words that the lot put in; those it left out are noted too."""
    proposals = [
        *_additions(wanted, negative=False),
        *_additions(avoided, negative=True),
    ]
    made = composed(enhancement, proposals, brief, family)
    there = {(item.words, item.negative) for item in made.additions}
    drawn = {
        f"{'-' if negative else ''}{word}": present
        for choice, negative in ((wanted, False), (avoided, True))
        for word, present in choice.drawn.items()
        if not present or (word, negative) in there
    }
    return Enhancement(
        source=made.source,
        prompt=made.prompt,
        negative=made.negative,
        additions=made.additions,
        notes=made.notes,
        drawn=drawn,
    )


def _additions(choice: WordChoice, *, negative: bool) -> Iterable[Addition]:
    for word in choice.added:
        section = "style" if negative else _section(word)
        reason = f"learned: {choice.reasons[word]}"
        yield Addition(section=section, words=word, reason=reason, negative=negative)


def _section(word: str) -> str:
    found = SECTIONS.get(word, STYLE)
    return STYLE if found == QUALITY else found


def _said(prompt: str) -> frozenset[str]:
    return manner_of([part.strip().lower() for part in prompt.split(",")])
