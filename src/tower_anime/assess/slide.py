"""What slides away over a whole clip: light, tint and colourfulness of what is in the picture.

Pictures from all over the clip are compared cell by cell, so that what walks through has no say.
Where the camera moves, each is first laid over the one before it (phase correlation). As far as
that may have gone too short, a sky that went past looks like a slide: that much is left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from tower_anime.assess.camera import moved, overlap
from tower_anime.assess.track import Key, Track

_Plane: TypeAlias = NDArray[np.float32]

_PARTS = 6  # of the clip; their means are compared
_FADE_SHARE = 0.5  # of the slide: what does half of it within a fifth of the clip is a fade
_BACK_SHARE = 0.1  # of the slide: a part that goes back further is a wave, not a slide
_LIGHT_FLOOR, _CHROMA_FLOOR = 6.0, 4.0  # levels that keep dark and grey cells from having a say
_STILL_SCATTER = 0.02  # ln: cells of an unmoved picture agree as well as this
_LAID_SCATTER = (0.05, 2.5, 2.5, 0.1)  # ln, levels, ln: of pictures that lie well on each other
_MIN_CELLS = 8  # of a side: smaller pictures have nothing to lay on each other by
_APART = 12  # frames at which pans still overlap; nearer ones only cost time
_SLIGHT, _TINT_AS_FAR = 0.05, 64.0  # ln of light; levels of tint that are as much as 1 of it
_TOO_SHORT = 1.2  # times the way that was found: how far the camera may have gone
_TRAVELS = 0.4  # cells from part to part: a camera that moves
_AROUND = (7, 7)  # cells; larger than what is drawn before a sky, smaller than the sky
_IN_PLACE = 0.4  # correlation of what is drawn, from part to part; 0.0 to 0.2 where it moves
_MOST_UNKNOWN = 0.2  # of the pairs


@dataclass(frozen=True)
class Slide:
    """How far the picture slid from the first part of a clip to the last, 0 if not steadily.

    `light` and `colour` are ln of luma and of chroma, `tint` levels of blue or red against green,
    whichever slid further.
    """

    light: float
    tint: float
    colour: float


@dataclass(frozen=True)
class _Steps:
    """Of luma, blue, red and chroma: the steps from part to part, without what went past.

    `went_past` is by how much they would be more in sum if the camera had not been followed.
    """

    slid: list[list[float]]
    went_past: Sequence[float] = (0.0, 0.0, 0.0, 0.0)


def slide(track: Track) -> Slide | None:
    """Return what slid away; None where that can't be told: too short, too small, all moves."""
    if len(track.keys) < 2 * _PARTS or min(track.first.shape) < _MIN_CELLS:
        return None
    found = _slid(_of_the_unmoved(track.keys))
    if found is None:
        return _slid(_of_the_moved(track.keys))
    if max(abs(found.light), abs(found.tint) / _TINT_AS_FAR) < _SLIGHT or _stands(track.keys):
        return found
    return _slid(_of_the_moved(track.keys))


def _slid(steps: _Steps | None) -> Slide | None:
    if steps is None:
        return None
    light, blue, red, colour = (
        _beyond(_steady(along), past)
        for along, past in zip(np.transpose(steps.slid), steps.went_past, strict=True)
    )
    return Slide(light, max(blue, red, key=abs), colour)


def _beyond(slid: float, went_past: float) -> float:
    """Return what is left of a slide without what may be the camera's: it goes the same way."""
    explained = _TOO_SHORT * max(0.0, math.copysign(went_past, went_past * slid))
    return math.copysign(max(0.0, abs(slid) - explained), slid)


def _steady(steps: NDArray[np.float64]) -> float:
    """Return the sum of the steps, if all go one way and none makes up half of it."""
    total = float(steps.sum())
    along = steps * np.sign(total)
    is_steady = along.min() >= -_BACK_SHARE * abs(total) and along.max() <= _FADE_SHARE * abs(total)
    return total if is_steady else 0.0


# ---- what is compared -----------------------------------------------------------------------


def _planes(key: Key) -> tuple[_Plane, ...]:
    """Return what may slide in a picture: ln of luma, blue, red, ln of chroma."""
    red, green, blue = (key.colour[..., index] for index in range(3))
    blue, red = blue - green, red - green
    return (
        np.log(key.cells + np.float32(_LIGHT_FLOOR)),
        blue,
        red,
        np.log(np.hypot(blue, red) + np.float32(_CHROMA_FLOOR)),
    )


def _median(values: _Plane) -> float:
    """Return the median: NumPy's takes three times as long on some thousand floats."""
    ranks = np.sort(values, axis=None)
    return float((ranks[(ranks.size - 1) // 2] + ranks[ranks.size // 2]) / 2)


def _of_the_unmoved(keys: Sequence[Key]) -> _Steps | None:
    """Return the steps from part to part; None where too many cells change their pattern."""
    edges = np.linspace(0, len(keys), _PARTS + 1).astype(int)
    parts = [
        [np.mean(plane, axis=0) for plane in zip(*map(_planes, keys[a:b]), strict=True)]
        for a, b in pairwise(edges)
    ]
    changes = [
        [b - a for a, b in zip(before, after, strict=True)] for before, after in pairwise(parts)
    ]
    steps = [[_median(change) for change in of_part] for of_part in changes]
    scatter = max(
        _median(np.abs(of_part[0] - step[0])) for of_part, step in zip(changes, steps, strict=True)
    )
    total = sum(step[0] for step in steps)
    return _Steps(steps) if scatter <= 0.5 * abs(total) / len(steps) + _STILL_SCATTER else None


def _stands(keys: Sequence[Key]) -> bool:
    """Whether the camera stands: what is drawn stays where it is, in front of any sky.

    Over a sky, a camera that moves along makes every cell lighter or darker.
    """
    logs = [_planes(key)[0] for key in keys[:: max(1, len(keys) // _PARTS)]]
    places = [moved(before, after) for before, after in pairwise(logs)]
    across, down = np.median(places, axis=0)
    if np.hypot(across, down) >= _TRAVELS:
        return False
    drawn = [_drawn(plane) for plane in logs]
    return float(np.median([_likeness(*pair) for pair in pairwise(drawn)])) >= _IN_PLACE


def _drawn(plane: Any) -> Any:
    """Return what stands out from what is around it: light and skies do not."""
    return plane - cv2.blur(plane, _AROUND)


def _likeness(before: Any, after: Any) -> float:
    """Return the correlation of two planes whose means are 0."""
    size = float(np.sqrt(np.square(before).sum() * np.square(after).sum()))
    return float((before * after).sum()) / size if size > 0 else 0.0


# ---- where the camera moves -----------------------------------------------------------------


def _of_the_moved(keys: Sequence[Key]) -> _Steps | None:
    """Return the steps from part to part of pictures that are laid over each other in turn."""
    apart = keys[1].frame - keys[0].frame
    every = max(1, min(_APART // apart, len(keys) // (2 * _PARTS)))
    found = [_laid(before, after) for before, after in pairwise(keys[::every])]
    if sum(step is None for step in found) > _MOST_UNKNOWN * len(found):
        return None
    steps = np.array([step or _UNKNOWN for step in found])
    means = [part.mean(axis=0) for part in np.array_split(np.cumsum(steps[:, 0], axis=0), _PARTS)]
    return _Steps([list(b - a) for a, b in pairwise(means)], steps[:, 1].sum(axis=0).tolist())


_UNKNOWN = ([0.0] * 4, [0.0] * 4)


def _laid(before: Key, after: Key) -> tuple[list[float], list[float]] | None:
    """Return what changed where two pictures show the same, and what went past besides.

    That is how much more it seems to be where they lie as they are. None: they can't be laid so.
    """
    shown, now_shown = _planes(before), _planes(after)
    place = moved(shown[0], now_shown[0])
    steps: list[float] = []
    went_past: list[float] = []
    for one, other, scatter in zip(shown, now_shown, _LAID_SCATTER, strict=True):
        pair = overlap(one, other, place)
        if pair is None:
            return None
        if not steps and _likeness(*map(_drawn, pair)) < _IN_PLACE:
            return None
        step, spread = _middle(pair[1] - pair[0])
        if spread > scatter:
            return None
        steps.append(step)
        went_past.append(_middle(other - one)[0] - step)
    return steps, went_past


def _middle(changes: Any) -> tuple[float, float]:
    """Return the mean of the middle half of the changes, and half the width of that half."""
    ranks = np.sort(changes, axis=None)
    quarter = ranks.size // 4
    spread = 0.5 * float(ranks[-1 - quarter] - ranks[quarter])
    return float(ranks[quarter : ranks.size - quarter].mean()), spread
