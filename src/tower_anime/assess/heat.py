"""Where a defect shows: a heat map in cells of 8×8 px, and the box around its hottest part.

Maps are made on demand, for defects that were named: a good picture costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TypeAlias, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from tower_anime.assess.edges import extremes
from tower_anime.assess.planes import CELL_PX, Plane, Planes
from tower_anime.domain.frame import Frame
from tower_anime.domain.quality import Defect, Region

_Cells: TypeAlias = NDArray[np.float32]

_EDGE_LEVELS = 40  # an outline whose width can be told
_HOT = 0.5  # of the hottest: what the box holds
_MOST = 0.7  # a box over more of the picture says no more than none
_SMALLEST_PX = 64


def heat(frame: Frame, kind: str) -> Plane | None:
    """Return a map of H/8×W/8 cells, 0 none to 255 worst; None for what has no place.

    The whole picture is blank, small or tinted; a repetition is everywhere.
    """
    return _heat(Planes(frame), kind)


def located(frame: Frame, defects: tuple[Defect, ...]) -> tuple[Defect, ...]:
    """Return the defects with a box around where each shows most, if it has a place."""
    if all(defect.where or defect.kind not in _MAPS for defect in defects):
        return defects
    planes = Planes(frame)
    return tuple(
        defect if defect.where else replace(defect, where=_place(planes, defect.kind))
        for defect in defects
    )


def _place(planes: Planes, kind: str) -> Region | None:
    cells = _heat(planes, kind)
    return None if cells is None else box(cells)


def _heat(planes: Planes, kind: str) -> Plane | None:
    maker = _MAPS.get(kind)
    if maker is None or min(planes.frame.shape[:2]) < _SMALLEST_PX:
        return None
    cells = maker(planes)
    top = float(cells.max(initial=0.0))
    if top <= 0:
        return None
    return cast("Plane", np.clip(cells / top * 255, 0, 255).astype(np.uint8))


def box(cells: Plane) -> Region | None:
    """Return the box around the largest hot part in pixels; None when it is all over."""
    smooth = cv2.blur(cells, (5, 5))
    hot = (smooth >= max(_HOT * float(smooth.max()), 1)).astype(np.uint8)
    count, _, boxes, _ = cv2.connectedComponentsWithStats(hot, connectivity=8)
    if count < 2:
        return None
    x, y, width, height, _ = max(boxes[1:].tolist(), key=lambda found: found[4])
    if width * height > _MOST * hot.size:
        return None
    return Region(x * CELL_PX, y * CELL_PX, width * CELL_PX, height * CELL_PX)


# ---- maps -----------------------------------------------------------------------------------


def _means(image: cv2.typing.MatLike, side: int) -> _Cells:
    height, width = (max(1, size // side) for size in image.shape[:2])
    whole = image[: height * side, : width * side]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.float32)


def _softness(planes: Planes) -> _Cells:
    found = extremes(planes.luma)
    width_px = found.span / np.maximum(found.slope, 1)
    return np.where(found.span >= _EDGE_LEVELS, np.maximum(width_px - 1.3, 0), 0).astype(np.float32)


def _grain(planes: Planes) -> _Cells:
    return _everywhere(_means(cv2.absdiff(planes.luma, cv2.medianBlur(planes.luma, 3)), CELL_PX))


def _residue(planes: Planes) -> _Cells:
    quarter = planes.luma_quarter
    return _everywhere(_means(cv2.absdiff(quarter, cv2.medianBlur(quarter, 3)), CELL_PX // 4))


def _everywhere(cells: _Cells) -> _Cells:
    """Return the least of each cell's surroundings: grain is everywhere, lines are not."""
    return np.asarray(cv2.erode(cells, np.ones((3, 3), np.uint8)), np.float32)


def _darkness(planes: Planes) -> _Cells:
    return np.asarray(np.maximum(48 - _means(planes.luma, CELL_PX), 0), np.float32)


def _flatness(planes: Planes) -> _Cells:
    found = extremes(planes.luma)
    return np.asarray(np.maximum(40.0 - found.span, 0), np.float32)


def _lost_light(planes: Planes) -> _Cells:
    top = planes.half_sample.max(axis=2)
    return _means(np.where(top >= 253, 255, 0).astype(np.uint8), CELL_PX // 4)


def _burnt(planes: Planes) -> _Cells:
    top, bottom = planes.half_sample.max(axis=2), planes.half_sample.min(axis=2)
    lost = ((top >= 250) | (bottom <= 5)) & (top - bottom >= 100)
    return _means(np.where(lost, 255, 0).astype(np.uint8), CELL_PX // 4)


def _bands(planes: Planes) -> _Cells:
    steps = cv2.absdiff(planes.luma[:, 1:], planes.luma[:, :-1])
    calm = cv2.blur(cv2.inRange(steps, 0.0, 1.0), (7, 1)) >= 255 * 6 // 7
    contour = (steps >= 2) & (steps <= 72) & calm
    return _means(np.where(contour, 255, 0).astype(np.uint8), CELL_PX)


def _block_borders(planes: Planes) -> _Cells:
    steps = cv2.absdiff(planes.luma[:, 1:], planes.luma[:, :-1])
    border = steps[:, CELL_PX - 1 :: CELL_PX].astype(np.float32)
    inside = steps[:, CELL_PX // 2 - 1 :: CELL_PX][:, : border.shape[1]].astype(np.float32)
    rows = border.shape[0] // CELL_PX * CELL_PX
    excess = np.clip(border - inside[:, : border.shape[1]], 0, 24)[:rows]
    return np.asarray(excess.reshape(-1, CELL_PX, border.shape[1]).mean(axis=1), np.float32)


def _torn(planes: Planes) -> _Cells:
    luma = planes.luma.astype(np.int16)
    to_next = np.abs(np.diff(luma, axis=0)).mean(axis=1)
    padded = np.pad(to_next, 2, mode="edge")
    nearby = np.median([padded[shift : shift + to_next.size] for shift in range(5)], axis=0)
    rise = np.maximum(to_next - 2 * nearby - 1, 0)
    rows = rise.size // CELL_PX * CELL_PX
    worst = rise[:rows].reshape(-1, CELL_PX).max(axis=1)
    return np.repeat(worst[:, None], planes.luma.shape[1] // CELL_PX, axis=1).astype(np.float32)


_MAPS: Mapping[str, Callable[[Planes], _Cells]] = MappingProxyType(
    {
        "blur": _softness,
        "upscaled": _softness,
        "motion_blur": _softness,
        "noise": _grain,
        "undersampled": _residue,
        "underexposed": _darkness,
        "overexposed": _lost_light,
        "oversaturated": _burnt,
        "low_contrast": _flatness,
        "banding": _bands,
        "compression": _block_borders,
        "corrupt": _torn,
    }
)
"""Defect → map over cells, in a figure that rises with it."""

MAPPED = frozenset(_MAPS)
"""The defects that have a place in a still."""
