"""What is where: nothing but noise, repeated or torn parts, regions that were never drawn."""

from __future__ import annotations

import math
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from tower_anime.assess.clones import cloned_share
from tower_anime.assess.edges import Extremes
from tower_anime.assess.planes import CELL_PX, Plane, Planes, Values, halved, tile_means
from tower_anime.assess.torn import torn
from tower_anime.domain.quality import Unmeasured

_Box: TypeAlias = tuple[int, int, int, int]

_CORRELATION_PX = 128
_LAGS_PX = np.minimum(np.arange(_CORRELATION_PX), _CORRELATION_PX - np.arange(_CORRELATION_PX))
# outlines repeat nearer
_FAR = np.hypot(*np.meshgrid(_LAGS_PX, _LAGS_PX)) >= _CORRELATION_PX / 10
_BESIDE_PX = 3
_BESIDE = ((0, 3), (3, 0), (3, 3), (3, -3), (1, 3), (3, 1), (-1, 3), (3, -1))
_WIDE_PX = _CORRELATION_PX + 2 * _BESIDE_PX
_TO_BESIDE = np.array([[down * _WIDE_PX + right] for down, right in _BESIDE])

_NO_COPY = 0.04  # peaks that drawn pictures without copies have

_BLACK = 10  # luma up to which a region was never drawn; drawn black ink has a shape, not a box
_MATTE = 0.25
_BLACK_FILL, _FLAT_FILL = 0.9, 0.97  # how much of its box such a region fills


def structure(planes: Planes, spread: float) -> Values:
    """Measure order at large scale, repetition and torn lines."""
    if spread < 0.5:  # less than the rounding of pixels
        reason = Unmeasured("the picture is one flat colour")
        return dict.fromkeys(
            ("structure", "repetition", "copies", "cloned", "torn_lines", "shifted_strips"), reason
        )
    coarse = [cv2.meanStdDev(tile_means(plane, 8))[1] for plane in planes.quarter]
    return {
        "structure": math.hypot(*(float(deviation[0, 0]) for deviation in coarse)) / spread,
        **_repetition(planes.luma_quarter),
        "cloned": cloned_share(planes.half[0]),
        **torn(planes.luma_turned),
    }


def _repetition(luma: Plane) -> Values:
    """Measure the far peaks of the autocorrelation of whitened detail: the highest, how many.

    The square root of the power spectrum weighs all scales alike, so that only what stands there
    twice to the pixel makes a sharp peak; alike drawings make a broad one, and long lines and
    rays a ridge: what is as high on two opposite sides is taken off. The more copies, the more
    peaks.
    """
    side = (_CORRELATION_PX, _CORRELATION_PX)
    small = cv2.resize(luma, side, interpolation=cv2.INTER_AREA).astype(np.float32)
    detail = small - cv2.blur(small, (5, 5))
    power = cv2.blur(detail * detail, (17, 17))
    detail /= np.sqrt(np.abs(power)) + 3  # 3 levels: not paper
    detail -= detail.mean()
    correlation = _even_correlation(detail)
    if correlation[0, 0] <= 0:
        return {"repetition": 0.0, "copies": 0.0}
    heights = _lone_heights(correlation / correlation[0, 0])
    highest = float(heights.max(initial=0.0))
    return {
        "repetition": highest,
        "copies": float(np.count_nonzero(heights > max(highest / 2, _NO_COPY))),
    }


def _lone_heights(correlation: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return by how much far peaks stand above all opposite pairs of places 3 px from them."""
    beside = _BESIDE_PX
    wide = cv2.copyMakeBorder(correlation, beside, beside, beside, beside, cv2.BORDER_WRAP)
    inner = slice(beside, -beside)
    top = cv2.dilate(wide, np.ones((5, 5), np.uint8))[inner, inner]
    y, x = np.divmod(np.flatnonzero((correlation >= top) & _FAR), _CORRELATION_PX)
    place = (y + beside) * _WIDE_PX + x + beside
    height = np.asarray(wide, np.float32).ravel()
    pairs = (height[place + _TO_BESIDE] + height[place - _TO_BESIDE]) / 2
    return np.asarray(height[place] - pairs.max(axis=0, initial=0), np.float32)


def _even_correlation(detail: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the inverse transform of the magnitude of the spectrum of a square of even side.

    OpenCV packs a real spectrum: the real and imaginary parts of a frequency are neighbours in a
    row, but in the outer columns, which hold frequency 0 and the highest, they are so downwards.
    """
    spectrum = np.asarray(cv2.dft(detail), np.float32)
    parts = (
        spectrum[:, 1:-1],
        spectrum[:, 0].reshape(1, -1)[:, 1:-1],
        spectrum[:, -1].reshape(1, -1)[:, 1:-1],
    )
    for part in parts:
        part[:, ::2] = np.hypot(part[:, ::2], part[:, 1::2])
        part[:, 1::2] = 0
    for row in (0, -1):
        spectrum[row, [0, -1]] = np.abs(spectrum[row, [0, -1]])
    return np.asarray(
        cv2.dft(spectrum, flags=cv2.DFT_INVERSE | cv2.DFT_SCALE | cv2.DFT_REAL_OUTPUT)
    )


# ---- regions --------------------------------------------------------------------------------


def undrawn_region(cells: Extremes, planes: Planes) -> Values:
    """Find the largest box that is black, exact mid-grey or the green of an empty YUV frame."""
    height_px, width_px = planes.luma.shape
    black = (cells.high <= 1) & (cells.span == 0)
    boxes = (
        _largest_box(_unmatted(cells.high <= _BLACK), fill=_BLACK_FILL),
        _largest_box(_unmatted(black), fill=_BLACK_FILL),
        _largest_box(_empty(cells, planes), fill=_FLAT_FILL),
    )
    x, y, width, height = max(boxes, key=lambda box: box[2] * box[3])
    left, top = x * CELL_PX, y * CELL_PX
    right = min(left + width * CELL_PX, width_px)
    bottom = min(top + height * CELL_PX, height_px)
    return {
        "flat_share": (right - left) * (bottom - top) / (width_px * height_px),
        "flat_x": left,
        "flat_y": top,
        "flat_width": right - left,
        "flat_height": bottom - top,
    }


def _empty(cells: Extremes, planes: Planes) -> NDArray[np.bool_]:
    """Return where cells hold a decoder's word for nothing: mid-grey, or YUV 0 (green)."""
    calm = cells.span <= 1
    if not calm.any():
        return calm
    eighth = cv2.merge([halved(plane) for plane in planes.quarter])
    grey = cv2.inRange(eighth, (126, 126, 126), (129, 129, 129))
    green = cv2.inRange(eighth, (72, 20, 50), (92, 76, 86))  # RGB 0, 135, 0 and its neighbours
    rows, columns = cells.high.shape  # the last cells may be too narrow for the halved grid
    missing = (0, rows - grey.shape[0], 0, columns - grey.shape[1])
    empty = cv2.copyMakeBorder(cv2.bitwise_or(grey, green), *missing, cv2.BORDER_CONSTANT, value=0)
    return np.asarray((np.asarray(empty) > 0) & calm, np.bool_)


def _unmatted(black: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return black cells without the two equal bars of a picture that is set in black on purpose.

    Bars of more than `_MATTE` of the picture each leave too little of it to be meant.
    """
    seen = black.copy()
    for axis, lines in ((1, seen), (0, seen.T)):
        drawn = np.logical_not(np.all(black, axis=axis))
        if drawn.all() or not drawn.any():
            continue
        before, after = int(drawn.argmax()), int(drawn[::-1].argmax())
        if min(before, after) > 0 and abs(before - after) <= 1 and before <= _MATTE * drawn.size:
            lines[:before] = lines[drawn.size - after :] = False
    return seen


def _largest_box(mask: NDArray[np.bool_], *, fill: float) -> _Box:
    """Return x, y, width, height in cells of the largest component that fills its box."""
    if not mask.any():
        return (0, 0, 0, 0)
    _, _, boxes, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    best = (0, 0, 0, 0)
    for x, y, width, height, area in boxes[1:].tolist():
        if width * height > best[2] * best[3] and area >= fill * width * height:
            best = (x, y, width, height)
    return best
