"""Conversations about a project: what its brief becomes, and what a person asks further."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tower_anime.direct.enhance import project_material
from tower_anime.direct.habits import habits_of
from tower_anime.direct.reply import Parsed, data_message, prose, schema_message, several, thing
from tower_anime.direct.words import objection
from tower_anime.domain.conversation import Message
from tower_anime.domain.production import ProjectBrief, StyleGuide

REMEMBERED = 8  # exchanges told again; more does not fit beside an answer in a small context

_WORDS = several(prose(200), most=12)
SCHEMA = thing(reply=prose(4000), guide=_WORDS, vocabulary=_WORDS, camera=_WORDS, light=_WORDS)

_TASK = (
    "You are the creative director of an anime production. Answer the person in `reply`. From the "
    "project's brief and what was said, keep up the style guide: `guide` are rules of style, "
    "`vocabulary` words for prompts, `camera` and `light` the habits of each. Respect what the "
    "brief excludes."
)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a director replied, and the style guide as it is now (source still empty)."""

    reply: str
    guide: StyleGuide


def messages(
    text: str,
    *,
    project: ProjectBrief,
    guide: StyleGuide,
    before: Sequence[tuple[str, str]] = (),
) -> tuple[Message, ...]:
    """Return the question. `before` are earlier (asked, replied) pairs, oldest first."""
    told = {
        "project": project_material(project, guide),
        "earlier": [{"asked": asked, "replied": said} for asked, said in before[-REMEMBERED:]],
        "asked": text,
    }
    return (schema_message(_TASK, SCHEMA), data_message(told))


def answer_of(parsed: Parsed, *, project: ProjectBrief) -> Answer:
    """Return the answer; words that can't go into prompts are left out of the vocabulary."""
    value = parsed.value

    def usable(words: Sequence[str]) -> tuple[str, ...]:
        plain = (word.strip() for word in words)
        return tuple(word for word in plain if not objection(word, excluded=project.dont))

    return Answer(
        reply=value["reply"].strip(),
        guide=StyleGuide(
            source="",
            guide=tuple(rule.strip() for rule in value["guide"] if rule.strip()),
            vocabulary=usable(value["vocabulary"]),
            camera=usable(value["camera"]),
            light=usable(value["light"]),
        ),
    )


def by_rules(project: ProjectBrief) -> Answer:
    """Return what the rules make of a brief: its own words, sorted, and habits of its kind."""
    guide = [f"Style: {project.style}"] if project.style else []
    guide += [f"Palette: {project.palette}"] if project.palette else []
    guide += [f"Never: {words}" for words in project.dont]
    guide += [f"{member.name} always: {member.look}" for member in project.characters]
    words = (project.style, project.palette, *project.do)
    vocabulary = tuple(part.strip() for text in words for part in text.split(",") if part.strip())
    camera, light = habits_of(project)
    reply = (
        "No language model answered. The built-in rules keep to the words of the brief: "
        + ("; ".join(guide) or "there are none yet")
        + "."
    )
    if camera or light:
        reply += f" Stories of this kind: camera {', '.join(camera)}; light {'; '.join(light)}."
    return Answer(
        reply=reply,
        guide=StyleGuide(
            source="rules",
            guide=tuple(guide),
            vocabulary=vocabulary,
            camera=camera,
            light=light,
        ),
    )
