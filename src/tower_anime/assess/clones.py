"""Cloned regions: parts of a picture that stand elsewhere in it again, to the pixel.

Landmarks are corners that stand out from their surroundings. Where a region was copied, the
copies of its landmarks all lie at the same shift. What is drawn alike a dozen times (windows,
leaves) has too many twins to be a copy, and where neighbours look alike (two rows of windows, rays,
dots), a likeness elsewhere is no copy either; that the whole picture repeats is told by its
autocorrelation (`structure`).
"""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from tower_anime.assess.planes import Plane

_Points: TypeAlias = NDArray[np.int64]
_Looks: TypeAlias = NDArray[np.float32]
_Numbers: TypeAlias = NDArray[np.int64]

_AROUND_PX, _ALONE_PX = 7, 9
_STANDS_OUT = 4  # levels
_CANDIDATES, _LANDMARKS = 800, 400
_SIDE = 6  # a landmark is looked at in 6×6 points, 3 px apart
_STEPS = np.arange(_SIDE) * 3 - 7
_EVENLY = np.full((_SIDE * _SIDE, 1), 1 / (_SIDE * _SIDE), np.float32)
_MARGIN_PX = 9
_CORNER = 0.12  # weaker to stronger gradient of a landmark; of a line it is 0
_FAINT = 3.0  # levels, σ of a landmark; fainter ones look alike by chance
_ALIKE = 0.93  # correlation of a landmark with its copy half a pixel off
_SAME_LEVELS, _SAME_SHARE = 2.0, 0.08  # a copy has its tones too
_NEAR = 12  # a copy is farther away than this part of the shorter side
_MOST_TWINS = 8
_LOOSE_PX = 3  # shifts are the same up to this
_FEWEST, _DENSE = 5, 0.4  # how many landmarks of a region must have moved together
_VARIED = 0.7  # kinds among them: copied drawings have 0.8 and more, windows and rays 0.2 to 0.6
_SHIFTS = 12
_ENOUGH = 200  # landmarks; some of fewer are no share
_AT_ONCE = 18  # × 36 × 400: from 2¹⁸ on, OpenBLAS wakes threads that spin for long on other cores


def cloned_share(luma: Plane) -> float:
    """Return the share of landmarks that lie in cloned regions of a plane of half size."""
    smooth = cv2.blur(luma, (3, 3))
    points = _standing_out(smooth)
    points, looks, tones = _corners(points, _looks(smooth, points))
    if len(points) < 2 * _FEWEST:
        return 0.0
    here, there = _twins(points, looks, tones, min(luma.shape) // _NEAR)
    if len(here) < _FEWEST:
        return 0.0
    cloned = np.zeros(len(points), np.bool_)
    for moved in _moved_together(points, here, there):
        ends = here[moved], there[moved]
        found = [np.unique(end) for end in ends]
        if all(_is_region(points, end) and _is_varied(looks[end]) for end in found):
            cloned[np.concatenate(ends)] = True
    return float(cloned.sum()) / max(len(points), _ENOUGH)


def _standing_out(smooth: cv2.typing.MatLike) -> _Points:
    """Return x, y of the pixels that differ most from their surroundings, far from each other."""
    contrast = np.asarray(cv2.absdiff(smooth, cv2.blur(smooth, (_AROUND_PX, _AROUND_PX))))
    top = cv2.dilate(contrast, np.ones((1, _ALONE_PX), np.uint8))
    top = cv2.dilate(top, np.ones((_ALONE_PX, 1), np.uint8))
    inner = slice(_MARGIN_PX, -_MARGIN_PX)
    peak = cv2.compare(contrast[inner, inner], top[inner, inner], cv2.CMP_EQ)
    clear = cv2.threshold(contrast[inner, inner], _STANDS_OUT - 1, 255, cv2.THRESH_BINARY)[1]
    peak = cv2.bitwise_and(peak, clear)
    place = np.flatnonzero(np.asarray(peak) != 0)
    points = np.stack(np.divmod(place, peak.shape[1])[::-1], axis=1) + _MARGIN_PX
    if len(points) > _CANDIDATES:
        heights = contrast[points[:, 1], points[:, 0]]
        points = points[np.argpartition(heights, -_CANDIDATES)[-_CANDIDATES:]]
    return points


def _looks(smooth: cv2.typing.MatLike, points: _Points) -> _Looks:
    place = points[:, 1] * smooth.shape[1] + points[:, 0]
    around = (_STEPS[:, None] * smooth.shape[1] + _STEPS).ravel()
    return np.asarray(np.asarray(smooth).ravel()[place[:, None] + around], np.float32)


def _corners(points: _Points, levels: _Looks) -> tuple[_Points, _Looks, _Looks]:
    """Return the best corners among the points, their looks of length 1, mean and deviation."""
    mean = levels @ _EVENLY  # four times as fast as `mean`
    looks = levels - mean
    length = np.sqrt(np.einsum("ij,ij->i", looks, looks))
    square = looks.reshape(-1, _SIDE, _SIDE)
    down = (square[:, 1:, 1:] - square[:, :-1, 1:]).reshape(-1, (_SIDE - 1) ** 2)
    right = (square[:, 1:, 1:] - square[:, 1:, :-1]).reshape(-1, (_SIDE - 1) ** 2)
    a, b, c = (
        np.einsum("ij,ij->i", *pair) for pair in ((down, down), (right, right), (down, right))
    )
    apart = np.sqrt((a - b) ** 2 + 4 * c * c)
    corner = (a + b - apart) / (a + b + apart + 1e-6)
    rank = np.where((corner > _CORNER) & (length > _FAINT * _SIDE), corner * length, 0)
    best = np.argsort(-rank, kind="stable")[: min(_LANDMARKS, np.count_nonzero(rank))]
    tones = np.stack([mean[best, 0], length[best] / _SIDE])
    return points[best], looks[best] / length[best, None], tones


def _twins(
    points: _Points, looks: _Looks, tones: _Looks, near_px: int
) -> tuple[_Numbers, _Numbers]:
    """Return the pairs of landmarks that look alike and are far apart, without the common ones."""
    across = np.ascontiguousarray(looks.T)
    alike = np.zeros((len(looks), len(looks)), np.bool_)
    for at in range(0, len(looks), _AT_ONCE):  # with those after: pairs count once
        rows = slice(at, at + _AT_ONCE)
        np.greater(looks[rows] @ across[:, at:], _ALIKE, out=alike[rows, at:])
    here, there = np.divmod(np.flatnonzero(alike), len(looks))
    x, y = points.T
    far = np.maximum(np.abs(x[there] - x[here]), np.abs(y[there] - y[here])) >= near_px
    far &= here < there
    here, there = here[far], there[far]
    apart = np.abs(tones[:, here] - tones[:, there])
    same = (apart <= _SAME_LEVELS + _SAME_SHARE * tones[1, here]).all(axis=0)
    here, there = here[same], there[same]
    count = np.bincount(here, minlength=len(points)) + np.bincount(there, minlength=len(points))
    few = np.maximum(count[here], count[there]) <= _MOST_TWINS
    return here[few], there[few]


def _moved_together(points: _Points, here: _Numbers, there: _Numbers) -> list[NDArray[np.bool_]]:
    """Return for the commonest shifts which pairs share it."""
    shift = np.rint((points[there] - points[here]) / _LOOSE_PX).astype(np.int64)
    key = shift[:, 1] * (1 << 20) + shift[:, 0]
    _, number, count = np.unique(key, return_inverse=True, return_counts=True)
    commonest = np.argsort(-count)[:_SHIFTS]
    return [number == shift for shift in commonest.tolist() if count[shift] >= _FEWEST]


def _is_region(points: _Points, found: _Numbers) -> bool:
    """Whether most landmarks around the found ones are found: a region, no scattered likeness."""
    if found.size < _FEWEST:
        return False
    order = np.sort(points[found], axis=0)
    low, high = order[found.size // 10], order[-1 - found.size // 10]
    inside = ((points >= low) & (points <= high)).all(axis=1)
    return bool(inside[found].sum() >= _DENSE * inside.sum())


def _is_varied(looks: _Looks) -> bool:
    """Whether landmarks differ among themselves: each counts by how many look like it."""
    alike = np.concatenate(
        [
            np.count_nonzero(looks[at : at + _AT_ONCE] @ looks.T > _ALIKE, axis=1)
            for at in range(0, len(looks), _AT_ONCE)
        ]
    )
    return bool((1 / np.maximum(alike, 1)).sum() >= _VARIED * len(looks))
