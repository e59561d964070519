"""From a logline to episodes, scenes and shots: questions to a model, and its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tower_anime.direct.enhance import project_material
from tower_anime.direct.reply import (
    Parsed,
    data_message,
    prose,
    schema_message,
    several,
    thing,
    whole,
)
from tower_anime.domain.conversation import Message, Schema
from tower_anime.domain.production import ProjectBrief, StyleGuide
from tower_anime.domain.request import parse_prompt
from tower_anime.errors import BadInput

MOST_EPISODES, MOST_SCENES, MOST_SHOTS = 26, 12, 12
"""Two seasons; more of the others no model keeps in mind."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """An episode or a scene: a name and what happens."""

    title: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Take:
    """A shot: the prompt to draw, and its length in seconds (None: a still)."""

    prompt: str
    duration_s: float | None


def parts_schema(number: int) -> Schema:
    """Return the schema of `number` episodes or scenes."""
    return thing(parts=several(thing(title=prose(200), text=prose(2000)), most=number))


def takes_schema(number: int) -> Schema:
    """Return the schema of `number` shots."""
    return thing(shots=several(thing(prompt=prose(600), duration_s=whole(0, 60)), most=number))


_TASKS = {
    "episodes": "Divide the story into exactly {number} episodes: a title and a synopsis each.",
    "scenes": "Divide this episode into exactly {number} scenes: a title and what happens each.",
    "shots": "Divide this scene into exactly {number} shots. Each `prompt` describes one picture "
    "for an image generator in comma-separated English words: subject, action, setting, light, "
    "camera. Name characters by their names. `duration_s` is 0 for a still.",
}


def messages(
    level: str, number: int, *, told: Mapping[str, Any], project: ProjectBrief, guide: StyleGuide
) -> tuple[Message, ...]:
    """Return the question for one level (`episodes`, `scenes`, `shots`).

    `told` is what is fixed above it: the logline, the episode, the scene.
    """
    task = "You develop stories for an anime production. " + _TASKS[level].format(number=number)
    schema = takes_schema(number) if level == "shots" else parts_schema(number)
    return (
        schema_message(task, schema),
        data_message({**told, "project": project_material(project, guide)}),
    )


def parts_of(parsed: Parsed, *, number: int) -> tuple[Part, ...]:
    """Return the episodes or scenes of a reply; `BadInput` for a wrong number or empty ones."""
    found = tuple(
        Part(title=item["title"].strip(), text=item["text"].strip())
        for item in parsed.value["parts"]
    )
    if len(found) != number or not all(part.title and part.text for part in found):
        raise BadInput(f"{number} parts with a title and a text are wanted, not {len(found)}")
    return found


def takes_of(parsed: Parsed, *, number: int) -> tuple[Take, ...]:
    """Return the shots of a reply; `BadInput` when there are too few or a prompt is unusable."""
    found = tuple(
        Take(
            prompt=parse_prompt(" ".join(item["prompt"].split())),
            duration_s=float(item["duration_s"]) or None,
        )
        for item in parsed.value["shots"]
    )
    if len(found) != number:
        raise BadInput(f"{number} shots are wanted, not {len(found)}")
    if any("<" in take.prompt or "{" in take.prompt for take in found):
        raise BadInput("a prompt must be plain words")
    return found
