"""The sandbox with pictures that were drawn before: its protocol and faults, next to no work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tower_anime.domain.frame import Frame
from tower_anime.sandbox import nodes, spoil
from tower_anime.sandbox.__main__ import main

_render = spoil.render
_drawn: dict[tuple[int, int, spoil.Damage], Frame] = {}


def render(
    paint: Callable[[int, int, int], Frame],
    *,
    width: int,
    height: int,
    damage: spoil.Damage,
    **rest: Any,
) -> Frame:
    """Draw once for each size and damage; the files still differ by the graph inside."""
    key = (width, height, damage)
    if key not in _drawn:
        _drawn[key] = _render(paint, width=width, height=height, damage=damage, **rest)
    return _drawn[key]


if __name__ == "__main__":
    nodes.spoil.render = render  # type: ignore[attr-defined]
    raise SystemExit(main())
