"""One still from file to assessment: the same way for the pipeline and for `assess`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import cv2

from tower_anime.assess import heat, intent, judge, ruled, stills
from tower_anime.assess.asked import NOTHING as NO_RELAXATION
from tower_anime.domain.expectation import Expectation
from tower_anime.domain.frame import Frame
from tower_anime.domain.quality import (
    Action,
    Assessment,
    Measured,
    Measurements,
    Profile,
    Unmeasured,
)
from tower_anime.errors import CorruptOutput, FailureClass, Unreadable
from tower_anime.pipeline import told
from tower_anime.ports import Picture, Vision

NOTHING = Expectation()
_HOPELESS = 0.4  # of the threshold: no model would save it, and they cost a second each


def _as_it_is(_frame: Frame, assessment: Assessment) -> Assessment:
    return assessment


def assess_picture(
    decode: Callable[[], Picture],
    *,
    profile: Profile,
    prompt: str | None,
    negative: str = "",
    expect: Expectation = NOTHING,
    beside: Callable[[Frame, Assessment], Assessment] = _as_it_is,
    vision: Vision | None = None,
) -> Assessment:
    """Decode, measure and judge one still; what can't be read gets an error and no score.

    So does a picture for which the memory of this machine does not suffice. Without a prompt
    (None) the one that the file carries counts. `beside` adds what only its caller knows of the
    picture; `vision` looks at what is not hopeless already.
    """
    started_s = time.perf_counter()
    try:
        picture = decode()
        measurements = stills.measure(picture.frame)
    except Unreadable as error:
        return _without_score(error.kind, str(error), profile)
    except CorruptOutput as error:
        return damaged(error, profile)
    except MemoryError:
        return _without_memory(profile)
    except cv2.error as error:
        if error.code != cv2.Error.StsNoMem:
            raise
        return _without_memory(profile)
    height, width = picture.frame.shape[:2]
    asked = told.without_larger_size(
        told.asked_of(picture.texts, prompt=prompt, negative=negative, expect=expect), width, height
    )
    relaxation = intent.read_intent(asked.prompt, asked.negative) if asked else NO_RELAXATION
    judged = partial(
        judge.judge,
        kind="image",
        width=width,
        height=height,
        profile=profile,
        relaxed=relaxation.shares,
        asked=told.with_words(asked, relaxation),
    )
    found = judged(measurements)
    if vision is not None:
        seen = looked_at(vision, picture.frame, found, profile)
        everything = {**measurements, **seen}
        anything = any(isinstance(one, Measured) for one in seen.values())
        found = judged(everything) if anything else replace(found, measurements=everything)
    found = beside(picture.frame, found)
    return replace(
        found,
        defects=heat.located(picture.frame, found.defects),
        seconds=time.perf_counter() - started_s,
    )


def looked_at(vision: Vision, frame: Frame, found: Assessment, profile: Profile) -> Measurements:
    """Return what models see in a picture, of the defects that the profile wants to know of."""
    kinds = {row.defect for row in ruled.OPTIONAL.values() if row.defect}
    actions = {**ruled.DEFAULT_ACTIONS, **profile.actions}
    wanted = {kind for kind in kinds if actions.get(kind) is not Action.OFF}
    hopeless = found.score is not None and found.score < _HOPELESS * profile.threshold
    seen = vision.look(frame, kinds=wanted, hopeless=hopeless)
    return {name: seen.get(name) or Unmeasured("off in the profile") for name in ruled.OPTIONAL}


def damaged(error: CorruptOutput, profile: Profile) -> Assessment:
    """Return the assessment of a file that is not what it was."""
    return _without_score("corrupt", str(error), profile)


def _without_memory(profile: Profile) -> Assessment:
    text = "the memory of this machine does not suffice to measure the picture"
    return _without_score(FailureClass.OUT_OF_MEMORY.value, text, profile)


def _without_score(kind: str, message: str, profile: Profile) -> Assessment:
    return judge.unreadable(kind_of_error=kind, message=message, kind="image", profile=profile)
