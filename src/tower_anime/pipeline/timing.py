"""What a brief asks of a clip's length and rate: the bar that no correction lowers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tower_anime.domain.attempt import Attempt, AttemptKind
from tower_anime.domain.brief import Brief
from tower_anime.domain.expectation import Expectation
from tower_anime.domain.family import Family
from tower_anime.domain.generation import Generation
from tower_anime.domain.request import RenderRequest


def locks(brief: Brief, request: RenderRequest, family: Family) -> tuple[str, ...]:
    """Return what correction must leave alone, since the user asked for it.

    Frames that the family can't make may be moved to the nearest length that it can.
    """
    fixed = ["frame_rate"] if "frame_rate" in brief.parameters else []
    asked = brief.duration_s is not None or "frames" in brief.parameters
    rule, frames = family.frames, request.frames
    if asked and (rule is None or frames is None or rule.allows(frames)):
        fixed.append("frames")
    return tuple(fixed)


def wanted_frames(brief: Brief, request: RenderRequest) -> int | None:
    """Return how many frames the duration asks for that the user gave; None without one."""
    if brief.duration_s is None or not request.frame_rate or "frames" in brief.parameters:
        return None
    return max(1, round(brief.duration_s * request.frame_rate))


def surplus(brief: Brief, request: RenderRequest) -> int:
    """Return how many frames are made only to be cut off: no length in between is to be had."""
    wanted = wanted_frames(brief, request)
    return max(0, request.frames - wanted) if wanted and request.frames else 0


def expectation(
    generation: Generation, attempt: Attempt, *, unplaced: Sequence[str] = ()
) -> Expectation:
    """Return what an attempt's file is held to: the brief's wish, first of all.

    Corrections never lower it. Only what is still to be cut off may be there at first. What the
    workflow has no place for (`unplaced`) is expected where the brief asks for it.
    """
    brief, request = generation.brief, attempt.request
    first = generation.first_request or request
    if unplaced:
        request, first = _without(request, unplaced), _without(first, unplaced)
    uncut = attempt.kind is AttemptKind.GENERATE and surplus(brief, request)
    frames = request.frames if uncut else wanted_frames(brief, request)
    if frames is None:
        own = brief.parameters.get("frames", first.frames)
        frames = None if own is None else int(str(own))
    rate = request.frame_rate
    asked_s = frames / rate if uncut and frames and rate else brief.duration_s
    if asked_s is None and first.frames and first.frame_rate:
        asked_s = first.frames / first.frame_rate
    is_sized = not {"width", "height"} <= set(unplaced)
    return Expectation(
        duration_s=asked_s,
        frame_rate=rate,
        frames=frames,
        width=request.width if is_sized else None,
        height=request.height if is_sized else None,
    )


def _without(request: RenderRequest, unplaced: Sequence[str]) -> RenderRequest:
    """Return a request without a length and rate that only the family's habits put there."""
    return replace(
        request,
        frames=None if "frames" in unplaced else request.frames,
        frame_rate=None if "frame_rate" in unplaced else request.frame_rate,
    )
