"""An assessment's JSON object judged anew: what was measured stays, the judgement is another.

The object is that of `assess --json`, as it was printed or is kept; only plain values are touched,
so that a long history is judged in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tower_anime.assess import judge, ruled, style
from tower_anime.assess.clip_intent import expected
from tower_anime.assess.clip_judge import as_frames, judge_clip
from tower_anime.assess.metrics import METRICS
from tower_anime.domain.expectation import Expectation
from tower_anime.domain.quality import (
    Asked,
    Assessment,
    FrameRange,
    Measured,
    Profile,
    Region,
    Unmeasured,
)
from tower_anime.errors import BadInput

Object = Mapping[str, Any]

_OF_FRAMES = METRICS.keys() | ruled.OPTIONAL.keys()  # what is measured in one frame of a clip


def judge_again(told: Object, profile: Profile) -> Assessment | None:
    """Return the judgement of what an object says was measured; None if nothing was.

    Raises:
        BadInput: it is no assessment.
    """
    try:
        if told.get("error") is not None or told.get("score") is None:
            return None
        return _clip(told, profile) if told["kind"] == "video" else _still(told, profile)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(f"no assessment: {type(error).__name__} {error}") from error


def figures_of(told: Object) -> dict[str, float]:
    """Return the numbers among the measurements."""
    return {name: one["value"] for name, one in told["measurements"].items() if "value" in one}


def _still(told: Object, profile: Profile) -> Assessment:
    asked = _asked(told)
    found = judge.judge_figures(
        figures_of(told),
        kind="image",
        width=told["width"],
        height=told["height"],
        profile=profile,
        relaxed=_relaxed(told, asked),
        asked=asked,
        seconds=told.get("seconds", 0.0),
    )
    return _with_places(_with_style(found, told, profile), told)


def _clip(told: Object, profile: Profile) -> Assessment:
    asked = _asked(told)
    relaxed = _relaxed(told, asked)
    own = {
        name: Measured(one["value"], one.get("unit", "")) if "value" in one else Unmeasured("")
        for name, one in told["measurements"].items()
        if name not in _OF_FRAMES
    }
    figures = figures_of(told)
    of_frame = {name: value for name, value in figures.items() if name in _OF_FRAMES}
    still = judge.judge_figures(
        of_frame,
        kind="video",
        width=told["width"],
        height=told["height"],
        profile=profile,
        relaxed=as_frames(relaxed),
    )
    told_of_frame = asked or Asked()
    found = judge_clip(
        own,
        replace(still, measurements={name: Measured(v) for name, v in of_frame.items()}),
        profile=profile,
        width=told["width"],
        height=told["height"],
        expect=expected(told_of_frame.prompt, told_of_frame.expect, told_of_frame.negative),
        failed_delivery=_failed_delivery(told),
        relaxed=relaxed,
        asked=asked,
        seconds=told.get("seconds", 0.0),
    )
    return _with_places(found, told)


def _asked(told: Object) -> Asked | None:
    said = told.get("asked")
    if not said:
        return None
    expect = {name: value for name, value in said.get("expect", {}).items() if value is not None}
    return Asked(
        prompt=said.get("prompt", ""),
        negative=said.get("negative", ""),
        source=said.get("source", "given"),
        words={kind: tuple(words) for kind, words in said.get("words", {}).items()},
        shares=said.get("shares", {}),
        expect=Expectation(**expect),
    )


def _relaxed(told: Object, asked: Asked | None) -> Mapping[str, float]:
    """Return what the prompt forgave, without what the profile of that time did."""
    return asked.shares if asked is not None else told.get("relaxed", {})


def _failed_delivery(told: Object) -> tuple[str, ...]:
    """Return what the file failed then; the defect's message holds the points."""
    return tuple(
        point
        for defect in told["defects"]
        if defect["kind"] == "delivery"
        for point in defect["message"].partition(": ")[2].split("; ")
    )


def _with_style(found: Assessment, told: Object, profile: Profile) -> Assessment:
    """Return it with what the distance from the project's style means by this profile.

    What differs most is told as it was told then; where nothing was said, only how far it is.
    """
    distance = told["measurements"].get(style.DISTANCE, {}).get("value")
    if distance is None:
        return found
    then = next((defect for defect in told["defects"] if defect["kind"] == style.KIND), None)
    far = f"{distance:.1f} times as far from the project's approved pictures as they may lie"
    return style.held_against(
        found,
        distance,
        message=then["message"] if then else far,
        measurement=then["measurement"] if then else style.DISTANCE,
        profile=profile,
        counts=True,
        meant=told.get("relaxed", {}).get(style.KIND) == 1.0,
    )


def _with_places(found: Assessment, told: Object) -> Assessment:
    """Return the defects where they were found then: only the picture could tell anew."""
    places = {it["kind"]: it["where"] for it in told["defects"] if it.get("where")}
    if not places:
        return found
    defects = tuple(
        defect
        if defect.where or defect.kind not in places
        else replace(defect, where=_place(places[defect.kind]))
        for defect in found.defects
    )
    return replace(found, defects=defects)


def _place(where: Mapping[str, int]) -> Region | FrameRange:
    if "first" in where:
        return FrameRange(where["first"], where["last"])
    return Region(where["x"], where["y"], where["width"], where["height"])
