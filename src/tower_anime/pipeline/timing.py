"""What a brief asks of a clip's length and rate: the bar that no correction lowers."""

from __future__ import annotations

from tower_anime.domain.brief import Brief
from tower_anime.domain.family import Family
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


def duration_s(brief: Brief, first: RenderRequest) -> float | None:
    """Return how long the clip was asked to be, by the brief or by its first request (seconds)."""
    if brief.duration_s is not None:
        return brief.duration_s
    return first.frames / first.frame_rate if first.frames and first.frame_rate else None
