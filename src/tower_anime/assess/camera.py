"""Whether a camera moved between two pictures, how far, and what both of them show."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

_Plane: TypeAlias = NDArray[np.float32]
Place: TypeAlias = tuple[float, float]
"""How far across and down."""

_MIN_OVERLAP = 0.3  # of the picture
_UNLIKELY = 4.0  # levels of change that a slow camera hardly makes
_EXPLAINED, _WAY = 0.1, 0.03  # share of the change; cells


def camera_moves(before: _Plane, after: _Plane) -> bool:
    """Whether pan, zoom or turn explain some of what changed: an affine motion by optical flow.

    Of 110 clips over painted backgrounds those with a camera that stands measure up to 0.08 of the
    change, or less than 0.03 cells, noise 0.03; pans, zooms and shakes from 0.12 and 0.03 on.
    """
    rows, columns = before.shape
    one, other = (cv2.blur(plane, (3, 3)) for plane in (before, after))  # hard edges fit badly
    change: Any = other - one
    change = change - np.median(change)
    both = one + other
    slopes = [cv2.Sobel(both, cv2.CV_32F, *axis, ksize=3) / 16 for axis in ((1, 0), (0, 1))]
    weight = 1 / (1 + np.abs(change) / _UNLIKELY)  # what moves by itself has less of a say
    ways = _affine(rows, columns)
    sloping = np.stack([(weight * slope).ravel() for slope in slopes])
    fit = (sloping[:, np.newaxis] * ways).reshape(6, -1)
    wanted = (weight * change).ravel()
    found, *_ = np.linalg.lstsq(fit @ fit.T, -(fit @ wanted), rcond=None)  # all cells wake threads
    left = wanted + found @ fit
    explained = 1 - float(left @ left) / max(float(wanted @ wanted), 1e-9)
    if explained < _EXPLAINED:
        return False
    return float(np.median(np.hypot(found[:3] @ ways, found[3:] @ ways))) >= _WAY


@lru_cache(maxsize=4)
def _affine(rows: int, columns: int) -> NDArray[np.float32]:
    """Return by cell what a motion is made of (3×cells): everywhere alike, growing across, down."""
    down, across = np.mgrid[-0.5 : 0.5 : rows * 1j, -0.5 : 0.5 : columns * 1j]
    ways = np.stack([np.ones_like(across), across, down]).astype(np.float32).reshape(3, -1)
    ways.flags.writeable = False
    return ways


def moved(before: _Plane, after: _Plane) -> Place:
    """Return by how many cells across and down a picture moved."""
    height, width = (_transformed(size) for size in before.shape)
    one, other = (plane[:height, :width].copy() for plane in (before, after))  # are written to
    window = cv2.createHanningWindow((width, height), cv2.CV_32F)
    (across, down), _ = cv2.phaseCorrelate(one, other, window)
    return across, down


def _transformed(size: int) -> int:
    """Return the largest even length up to `size` that is transformed as it is: padding shifts."""
    lengths = range(size - size % 2, 2, -2)
    return next((length for length in lengths if cv2.getOptimalDFTSize(length) == length), size)


def overlap(before: _Plane, after: _Plane, place: Place) -> tuple[Any, Any] | None:
    """Return what both pictures show, the first laid over the second; None: too little."""
    height, width = before.shape
    across, down = place
    left, right = max(0, math.ceil(across)), width + min(0, math.floor(across))
    top, bottom = max(0, math.ceil(down)), height + min(0, math.floor(down))
    if (right - left) * (bottom - top) < _MIN_OVERLAP * width * height or right <= left:
        return None
    move = np.array([[1, 0, across], [0, 1, down]], np.float32)
    moved = cv2.warpAffine(before, move, (width, height), borderMode=cv2.BORDER_REPLICATE)
    whole = np.s_[top:bottom, left:right]
    return moved[whole], after[whole]
