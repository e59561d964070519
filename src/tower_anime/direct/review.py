"""The review of a finished picture by a model with eyes: question, schema, answer.

An approval counts only if the reply is exactly what was asked for and does not deny itself. All
other words are taken as they are: a rejection never makes anything worse than asking a person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tower_anime.direct.enhance import project_material
from tower_anime.direct.reply import (
    Parsed,
    data_message,
    one_of,
    prose,
    schema_message,
    several,
    thing,
    whole,
)
from tower_anime.direct.words import content, objection, objection_to_avoiding
from tower_anime.domain.attempt import Attempt
from tower_anime.domain.brief import Brief
from tower_anime.domain.conversation import Message
from tower_anime.domain.direction import (
    ADD_TO_NEGATIVE,
    ADD_TO_PROMPT,
    ISSUES,
    SCORES,
    WISHABLE,
    Wish,
)
from tower_anime.domain.family import Family
from tower_anime.domain.generation import DirectorDecision
from tower_anime.domain.production import ProjectBrief, StyleGuide
from tower_anime.domain.request import Kind, parse_parameter
from tower_anime.errors import BadInput

LONGEST_PX = 1024  # more costs a vision model tokens and shows it nothing new

_DECISIONS = ("approve", "revise", "reject", "abstain")

SCHEMA = thing(
    seen=prose(1000),
    scores=thing(**{name: whole(0, 10) for name in SCORES}),
    issues=several(one_of(ISSUES), most=len(ISSUES)),
    changes=several(thing(parameter=one_of(WISHABLE), value=prose(300), reason=prose(500)), most=6),
    decision=one_of(_DECISIONS),
    comment=prose(2000),
)

_TASK = (
    "You are the creative director of an anime production and review one finished picture. Look "
    "at the picture and say in `seen` what it really shows; score it from 0 (useless) to 10 "
    "(nothing to wish for); name the issues. Then decide: `approve` if it may be published as it "
    "is and shows what the prompt asks for; `revise` if a change of the listed parameters can "
    "mend it; `reject` if it can't be used; `abstain` if you can't judge it. Suggest `changes` "
    "only with `revise`. Technical defects have been measured; judge what numbers can't."
)


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """What a model said of a picture. `dropped` names the suggestions that can't be used."""

    decision: DirectorDecision
    comment: str
    issues: tuple[str, ...]
    scores: Mapping[str, int]
    wishes: tuple[Wish, ...]
    dropped: tuple[str, ...]


def messages(
    brief: Brief, attempt: Attempt, picture: bytes, project: ProjectBrief, guide: StyleGuide
) -> tuple[Message, ...]:
    """Return the question about an attempt. `picture` is a JPEG of at most `LONGEST_PX`.

    Neither file names nor the file's own metadata are told: they could carry instructions.
    """
    request, assessment = attempt.request, attempt.assessment
    material = {
        "the_picture_shows": _SHOWN[brief.kind],
        "asked_for": brief.prompt,
        "not_wanted": brief.negative,
        "prompt_sent": request.prompt,
        "project": project_material(project, guide),
        "request": {
            "steps": request.steps,
            "cfg": request.cfg,
            "sampler": request.sampler,
            "scheduler": request.scheduler,
            "width": request.width,
            "height": request.height,
        },
        "measured": {
            "score": assessment.score if assessment else None,
            "threshold": assessment.threshold if assessment else None,
            "defects": [
                {"kind": defect.kind, "severity": round(defect.severity, 2)}
                for defect in (assessment.defects if assessment else ())
            ],
        },
    }
    return (schema_message(_TASK, SCHEMA), data_message(material, images=(picture,)))


_SHOWN = {
    Kind.STILL: "the result",
    Kind.CLIP: "six moments of a clip, in rows from its beginning to its end",
}

_DENIAL = re.compile(
    r"(?:\b(?:not|never|cannot|refuse to|unable to|without|no)|n['’]t)\s+(?:\w+\s+){0,4}?"
    r"(?:approv|publish|accept|recommend)"
    r"|\b(?:disapprov|unacceptable|unpublishable|reject(?:ed)?\b|refus(?:e|ed|al)\b)"
    r"|approval\s+(?:is\s+|was\s+)?(?:denied|withheld|impossible)",
    re.IGNORECASE,
)
_LEAST_MEAN_SCORE = 3  # of 10; who scores lower and approves did not mean one of them


def opinion_of(parsed: Parsed, *, brief: Brief, attempt: Attempt, family: Family) -> Opinion:
    """Return the opinion that a reply holds; `BadInput` for an approval that can't be taken."""
    answer = parsed.value
    decision = DirectorDecision(answer["decision"])
    if decision is DirectorDecision.APPROVE:
        if parsed.fenced:
            raise BadInput("an approval must keep to the form exactly; this one is in a code fence")
        if more := [name for name in answer if name not in SCHEMA["properties"]]:
            raise BadInput(f"an approval must keep to the form exactly; {more[0]!r} is not in it")
        if any(_DENIAL.search(answer[name]) for name in ("comment", "seen")):
            raise BadInput("`decision` says approve, `comment` or `seen` says the opposite")
        if sum(answer["scores"].values()) < _LEAST_MEAN_SCORE * len(answer["scores"]):
            raise BadInput("`decision` says approve, the scores say the opposite")
    wishes, dropped = list[Wish](), list[str]()
    for change in answer["changes"] if decision is DirectorDecision.REVISE else ():
        try:
            wishes.append(_wish(change, brief, attempt, family))
        except BadInput as error:
            dropped.append(f"{change['parameter']}: {error}")
    return Opinion(
        decision=decision,
        comment=" ".join(answer["comment"].split()),
        issues=tuple(dict.fromkeys(answer["issues"])),
        scores=dict(answer["scores"]),
        wishes=tuple({wish.parameter: wish for wish in wishes}.values()),
        dropped=tuple(dropped),
    )


def _wish(change: Mapping[str, Any], brief: Brief, attempt: Attempt, family: Family) -> Wish:
    name, text = change["parameter"], change["value"].strip()
    locked = {ADD_TO_PROMPT: "prompt", ADD_TO_NEGATIVE: "negative"}.get(name, name)
    if locked in brief.locks:
        raise BadInput("it is locked")
    value: str | int | float
    if name == ADD_TO_PROMPT:
        problem = objection(text, excluded=brief.negative.split(","))
        value = text.strip(" ,")
    elif name == ADD_TO_NEGATIVE:
        problem = objection_to_avoiding(text, wanted=content(brief.prompt))
        value = text.strip(" ,")
    else:
        value = parse_parameter(name, text)
        problem = _out_of_range(name, value, family)
        if problem is None and value == getattr(attempt.request, name):
            problem = "it has that value already"
    if problem:
        raise BadInput(problem)
    return Wish(parameter=name, value=value, reason=" ".join(change["reason"].split()))


def _out_of_range(name: str, value: str | int | float, family: Family) -> str | None:
    ranges: Mapping[str, tuple[float, float, float]] = {"steps": family.steps, "cfg": family.cfg}
    if name not in ranges or isinstance(value, str):
        return None
    low, _, high = ranges[name]
    if low <= value <= high:
        return None
    return f"{value:g} is outside {low:g} to {high:g}, the range of the model family"
