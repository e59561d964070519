"""Asking again for what a generation drew: exactly, or with other seeds."""

from __future__ import annotations

from dataclasses import replace

from tower_anime.domain.brief import Brief, DirectorChoice
from tower_anime.domain.request import LOCKABLE, PARAMETERS, RenderRequest


def reproduced(brief: Brief, request: RenderRequest) -> Brief:
    """Return the brief that draws this request once more, and nothing else.

    The prompts are those that were drawn, so that no director is asked; everything is locked.
    """
    return replace(
        _drawn_so(brief, request),
        parameters=_parameters(request),
        locks=tuple(name for name in LOCKABLE if name != "size"),  # width and height are there
        max_attempts=1,
    )


def varied(brief: Brief, request: RenderRequest) -> Brief:
    """Return the brief that draws the same with a seed of its own, corrected where need be."""
    parameters = {name: value for name, value in _parameters(request).items() if name != "seed"}
    locks = tuple(lock for lock in brief.locks if lock != "seed")
    return replace(_drawn_so(brief, request), parameters=parameters, locks=locks)


def _drawn_so(brief: Brief, request: RenderRequest) -> Brief:
    return replace(
        brief, prompt=request.prompt, negative=request.negative, director=DirectorChoice.OFF
    )


def _parameters(request: RenderRequest) -> dict[str, object]:
    values = {name: getattr(request, name) for name in PARAMETERS}
    return {name: value for name, value in values.items() if value is not None}
