"""A brief's prompts as they are drawn: the user's words first, unchanged, then additions.

The rules add what the family's model cards recommend, what the project's brief fixes and a few
words of light, camera and palette. A language model may propose additions; each is checked, and
what fails is left out and named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tower_anime.direct.reply import data_message, one_of, prose, schema_message, several, thing
from tower_anime.direct.vocabulary import PEOPLE, ROWS, SILENT_ON
from tower_anime.direct.words import content, objection, objection_to_avoiding, survives, tokens
from tower_anime.domain.brief import Brief, DirectorChoice
from tower_anime.domain.conversation import Message
from tower_anime.domain.direction import SECTIONS, Addition, Enhancement
from tower_anime.domain.family import Dialect, Family
from tower_anime.domain.production import ProjectBrief, StyleGuide
from tower_anime.errors import BadInput

QUALITY_SENTENCE = "A finished, carefully drawn anime illustration."

GUIDES = "the project's style guide"
MAX_ADDED_WORDS = 60  # a text encoder's chunk holds 77 tokens; the user's words come first
NO_PROJECT = ProjectBrief()
NO_GUIDE = StyleGuide()


# ---- by rules -----------------------------------------------------------------------------


def by_rules(
    brief: Brief,
    family: Family,
    project: ProjectBrief = NO_PROJECT,
    guide: StyleGuide = NO_GUIDE,
) -> Enhancement:
    """Return the prompts with what the rules add; `source` is `rules`, or `none` when off."""
    plain = Enhancement(source="none", prompt=brief.prompt, negative=brief.negative)
    if brief.director is DirectorChoice.OFF:
        return plain
    proposals = [
        *_cast(brief.prompt, project),
        *_vocabulary(brief.prompt, family, guide),
        *_project_style(brief.prompt, project),
        *_quality(brief.prompt, family),
    ]
    wanted = content(brief.prompt)
    for phrase in (*_excluded_by(project), *(family.avoid_words if _tagged(family) else ())):
        if not content(phrase) & wanted:
            recommended = phrase in family.avoid_words
            reason = "what model cards recommend" if recommended else "project's brief"
            proposals.append(Addition(section="style", words=phrase, reason=reason, negative=True))
    return composed(replace(plain, source="rules"), proposals, brief, family)


def _tagged(family: Family) -> bool:
    return family.dialect is Dialect.TAGS


def _quality(prompt: str, family: Family) -> Iterable[Addition]:
    for words in family.quality_words if _tagged(family) else (QUALITY_SENTENCE,):
        if words.lower() not in prompt.lower():
            yield Addition(section="style", words=words, reason="what model cards recommend")


def _vocabulary(prompt: str, family: Family, guide: StyleGuide) -> Iterable[Addition]:
    text = prompt.replace("_", " ")
    done: set[str] = set()
    if guide.light and not SILENT_ON["light"].search(text) and not objection(guide.light[0]):
        done.add("light")
        yield Addition(section="light", words=guide.light[0], reason=GUIDES)
    for row in ROWS:
        decided = SILENT_ON[row.section].search(text) or row.section in done
        if decided or (row.when and not row.when.search(text)):
            continue
        if row.section == "camera" and PEOPLE.search(text):
            continue
        done.add(row.section)
        words = row.tags if _tagged(family) else row.sentence
        yield Addition(section=row.section, words=words, reason=row.reason)


def _cast(prompt: str, project: ProjectBrief) -> Iterable[Addition]:
    said = tokens(prompt)
    for member in project.characters:
        name = tokens(member.name)
        named = any(said[at : at + len(name)] == name for at in range(len(said)))
        if name and named and not content(member.look) <= set(said):
            yield Addition(
                section="subject", words=member.look, reason=f"the fixed look of {member.name}"
            )


def _project_style(prompt: str, project: ProjectBrief) -> Iterable[Addition]:
    fixed = [("palette", project.palette), ("style", project.style)]
    fixed += [("style", words) for words in project.do]
    for section, words in fixed:
        if words and not content(words) <= content(prompt):
            yield Addition(section=section, words=words, reason="the project's brief")


def _excluded_by(project: ProjectBrief) -> tuple[str, ...]:
    return tuple(words for words in project.dont if words.strip())


# ---- by a model ---------------------------------------------------------------------------

SCHEMA = thing(
    additions=several(
        thing(section=one_of(SECTIONS), words=prose(300), reason=prose(300)), most=12
    ),
    avoid=several(thing(words=prose(300), reason=prose(300)), most=6),
)

_TASK = (
    "You are the creative director of an anime production and prepare prompts for an image "
    "generator. Propose words to ADD after the user's prompt, sorted by section. The user's own "
    "words stay as they are: do not repeat, change, negate or contradict them, add no further "
    "people, and leave a section out when the user has already decided on it. Under `avoid` name "
    "only faults a picture may have. At most {most} words in all. {dialect}"
)
_DIALECTS = {
    Dialect.TAGS: "Write short lower-case tags as on booru sites, separated by commas.",
    Dialect.SENTENCES: "Write short plain English sentences.",
}


def messages(
    brief: Brief, family: Family, project: ProjectBrief, guide: StyleGuide = NO_GUIDE
) -> tuple[Message, ...]:
    """Return the question to a model for additions to the brief's prompt."""
    task = _TASK.format(most=MAX_ADDED_WORDS, dialect=_DIALECTS[family.dialect])
    material = {
        "prompt": brief.prompt,
        "negative_prompt": brief.negative,
        "project": project_material(project, guide),
    }
    return (schema_message(task, SCHEMA), data_message(material))


def project_material(project: ProjectBrief, guide: StyleGuide = NO_GUIDE) -> Mapping[str, Any]:
    """Return what a model is told about a project."""
    return {
        "style_guide": list(guide.guide),
        "vocabulary": list(guide.vocabulary),
        "camera": list(guide.camera),
        "light": list(guide.light),
        "logline": project.logline,
        "style": project.style,
        "palette": project.palette,
        "references": list(project.references),
        "rating": project.rating,
        "do": list(project.do),
        "dont": list(project.dont),
        "characters": {member.name: member.look for member in project.characters},
    }


def by_model(
    answer: Mapping[str, Any],
    *,
    rules: Enhancement,
    brief: Brief,
    family: Family,
    project: ProjectBrief = NO_PROJECT,
) -> Enhancement:
    """Return the prompts with a model's additions, checked, beside what the rules must add.

    `rules` is `by_rules` of the same brief. `BadInput` when nothing usable was proposed.
    The source is the caller's to fill in.
    """
    excluded = (*_excluded_by(project), *brief.negative.split(","))
    taken, refused = list[Addition](), list[str]()
    for item in sorted(answer["additions"], key=lambda item: SECTIONS.index(item["section"])):
        words = item["words"].strip(" ,\n")
        problem = objection(words, excluded=excluded)
        if problem is None:
            taken.append(
                Addition(section=item["section"], words=words, reason=item["reason"].strip())
            )
        else:
            refused.append(f"{words[:60]!r}: {problem}")
    wanted = content(brief.prompt)
    for item in answer["avoid"]:
        words = item["words"].strip(" ,\n")
        problem = objection_to_avoiding(words, wanted=wanted)
        if problem is None:
            reason = item["reason"].strip()
            taken.append(Addition(section="style", words=words, reason=reason, negative=True))
        else:
            refused.append(f"{words[:60]!r}: {problem}")
    if not taken:
        raise BadInput("no proposal can be used: " + ("; ".join(refused) or "none was made"))
    fixed = [item for item in rules.additions if item.reason not in RULES_OWN]
    notes = f"left out {'; '.join(refused)}" if refused else ""
    plain = Enhancement(source="", prompt=brief.prompt, negative=brief.negative, notes=notes)
    return composed(plain, [*fixed, *taken], brief, family)


RULES_OWN = frozenset((GUIDES, *(row.reason for row in ROWS)))
"""What the rules add by taste: a model's taste replaces it."""


# ---- composing ----------------------------------------------------------------------------


def composed(
    plain: Enhancement, proposals: Sequence[Addition], brief: Brief, family: Family
) -> Enhancement:
    """Append the additions that are new, within the budget; the user's words stay in front."""
    result = plain
    for item in proposals:
        lock = "negative" if item.negative else "prompt"
        text = result.negative if item.negative else result.prompt
        spent = len(tokens(result.prompt)) - len(tokens(plain.prompt))
        over = not item.negative and spent + len(tokens(item.words)) > MAX_ADDED_WORDS
        if lock in brief.locks or _says(text, item.words) or over:
            continue
        joined = _joined(text, item.words, family)
        added = (*result.additions, item)
        if item.negative:
            result = replace(result, negative=joined, additions=added)
        else:
            result = replace(result, prompt=joined, additions=added)
    if not survives(brief.prompt, result.prompt):
        raise BadInput("the words of the prompt did not survive")
    return result


def _says(text: str, words: str) -> bool:
    """Whether the words stand in the text already, as a phrase."""
    said, wanted = tokens(text), tokens(words)
    return any(said[at : at + len(wanted)] == wanted for at in range(len(said)))


def _joined(text: str, words: str, family: Family) -> str:
    if not text.strip(" ,"):
        return words
    if _tagged(family):
        return f"{text.rstrip(' ,')}, {words}"
    ended = text.rstrip() if text.rstrip().endswith((".", "!", "?")) else f"{text.rstrip(' ,')}."
    return f"{ended} {words[:1].upper()}{words[1:].rstrip('.')}."
