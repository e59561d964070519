"""Pixels to measurements: what one still picture is, in numbers, and nothing about good or bad.

One pyramid (luma at full size, colour at a half and a quarter) feeds all measurements. Every
pass over pixels is an 8-bit OpenCV call; NumPy only sees grids of some thousand cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias, TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from tower_anime.assess.metrics import METRICS, MIN_STRUCTURE_PX
from tower_anime.domain.frame import Frame
from tower_anime.domain.quality import Measured, Measurements, Unmeasured

Plane: TypeAlias = NDArray[np.uint8]
Values: TypeAlias = dict[str, float | Unmeasured]
_Box: TypeAlias = tuple[int, int, int, int]
Pixels = TypeVar("Pixels", bound=NDArray[np.uint8])

_CELL_PX = 8
_WINDOW = np.ones((9, 9), np.uint8)  # covers its cell and one pixel of the neighbours'
_RIM = np.ones((3, 3), np.uint8)
_GAIN = 8  # residuals are scaled up so that 8-bit means of tiles keep an eighth of a level
_MEDIAN_TO_SIGMA = 1.17  # see METRICS["noise_luma"]
_CALM = 0.05  # tiles between the lines: 42 drawn pictures and their noisy copies agree
_HALF_TO_FULL = 1.95  # σ of white noise at full size over σ after 2×2 means, as measured here

_EDGE_SCALES = (1, 4, 16)
_MIN_EDGE_LEVELS = 12  # below, paper grain and the steps of soft shading count as outlines
_EDGE_OF_RANGE = 0.16  # a step of a sixth of the tonal range is an outline also in soft art
_EDGE_OVER_NOISE = 7  # the range of 81 samples of noise is 5 σ; 7 σ is no accident
_MIN_EDGE_SHARE = 0.003  # fewer windows are an accident: at 1024×1024 a line of 400 px

_CORRELATION_PX = 128
_LAGS_PX = np.minimum(np.arange(_CORRELATION_PX), _CORRELATION_PX - np.arange(_CORRELATION_PX))
_FAR = np.hypot(*np.meshgrid(_LAGS_PX, _LAGS_PX)) >= _CORRELATION_PX / 8  # outlines repeat nearer

_BLACK = 10  # luma up to which a region was never drawn; drawn black ink has a shape, not a box
_BLACK_FILL, _GREY_FILL = 0.9, 0.97  # how much of its box such a region fills


@dataclass(frozen=True)
class _Pyramid:
    """`half` is RGB; `ycc_half` and `ycc_quarter` hold Y, Cr, Cb; each H×W×3."""

    luma: Plane
    half: Frame
    ycc_half: Frame
    ycc_quarter: Frame


@dataclass(frozen=True)
class _Extremes:
    """Darkest, brightest and steepest pixel of the window around each cell, in levels."""

    low: Plane
    high: Plane
    slope: Plane

    @property
    def span(self) -> Plane:
        return self.high - self.low


def measure(frame: Frame) -> Measurements:
    """Measure a picture of any size; the answer has every name of the metric table.

    Some 6 ms at 1024×1024 on one core (`tests/bench/assess.py`); memory about twice the frame's.
    """
    height_px, width_px = frame.shape[:2]
    side_px = min(height_px, width_px)
    pyramid = _pyramid(frame)
    tone = _tone(pyramid)
    values: Values = {**tone, **_colour(pyramid)}
    if side_px >= MIN_STRUCTURE_PX:
        values |= _grain_and_structure(pyramid, tone, width_px=width_px, height_px=height_px)
    return {name: _measurement(values.get(name), name, side_px) for name in METRICS}


def _grain_and_structure(
    pyramid: _Pyramid, tone: dict[str, float], *, width_px: int, height_px: int
) -> Values:
    quarter = np.ascontiguousarray(pyramid.ycc_quarter[..., 0])
    sixteenth = _tile_means(quarter, 4)
    scales = tuple(_extremes(plane) for plane in (pyramid.luma, quarter, sixteenth))
    noise = _noise(pyramid, lit=sixteenth > 0)
    tonal_range = tone["luma_high"] - tone["luma_low"]
    return {
        **noise,
        **_edges(scales, tonal_range=tonal_range, noise=noise["noise_luma"]),
        **_structure(pyramid, tone["spread"]),
        **_undrawn_region(scales[0], pyramid, width_px=width_px, height_px=height_px),
    }


def _measurement(
    value: float | Unmeasured | None, name: str, side_px: int
) -> Measured | Unmeasured:
    metric = METRICS[name]
    if value is None:
        return Unmeasured(
            f"needs a shorter side of {metric.min_side_px} px; the picture has {side_px} px"
        )
    if isinstance(value, Unmeasured):
        return value
    bounded = min(max(float(value), metric.low), metric.high)
    return Measured(round(bounded, 5), metric.unit)


# ---- shared intermediates -------------------------------------------------------------------


def _pyramid(frame: Frame) -> _Pyramid:
    half = _halved(frame)
    ycc_half = cast("Frame", cv2.cvtColor(half, cv2.COLOR_RGB2YCrCb))
    return _Pyramid(
        luma=cast("Plane", cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)),
        half=half,
        ycc_half=ycc_half,
        ycc_quarter=_halved(ycc_half),
    )


def _halved(image: Pixels) -> Pixels:
    """Average 2×2 pixels; an odd last row or column is left out, a single one is kept."""
    height, width = (max(1, size // 2) for size in image.shape[:2])
    even = image[: max(1, height * 2), : max(1, width * 2)]
    return cast("Pixels", cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA))


def _tile_means(image: Pixels, side: int) -> Pixels:
    height, width = (size // side for size in image.shape[:2])
    whole = image[: height * side, : width * side]
    return cast("Pixels", cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA))


def _extremes(luma: Plane) -> _Extremes:
    slope = np.zeros_like(luma)
    cv2.absdiff(luma[:, 1:], luma[:, :-1], slope[:, :-1])
    slope[:-1] = cv2.max(slope[:-1], cv2.absdiff(luma[1:], luma[:-1]))
    cells = np.s_[_CELL_PX // 2 :: _CELL_PX, _CELL_PX // 2 :: _CELL_PX]
    return _Extremes(
        low=cast("Plane", cv2.erode(luma, _WINDOW))[cells],
        high=cast("Plane", cv2.dilate(luma, _WINDOW))[cells],
        slope=cast("Plane", cv2.dilate(slope, _WINDOW))[cells],
    )


# ---- tone and colour ------------------------------------------------------------------------


def _tone(pyramid: _Pyramid) -> dict[str, float]:
    counts = cv2.calcHist([pyramid.ycc_quarter], [0], None, [256], [0, 256]).ravel()
    below = np.cumsum(counts) / counts.sum()
    mean, deviation = cv2.meanStdDev(pyramid.ycc_half)
    return {
        "spread": float(np.sqrt(np.square(deviation).sum())),
        "luma_mean": float(mean[0, 0]),
        "luma_low": float(np.searchsorted(below, 0.01)),
        "luma_high": float(np.searchsorted(below, 0.99)),
    }


def _colour(pyramid: _Pyramid) -> dict[str, float]:
    """Measure on every second pixel of the half size: shares need no more."""
    red, green, blue = cv2.split(pyramid.half[::2, ::2])
    top = cv2.max(cv2.max(red, green), blue)
    bottom = cv2.min(cv2.min(red, green), blue)
    chroma = cv2.subtract(top, bottom)
    white = cv2.inRange(bottom, 250.0, 255.0)
    pale = cv2.bitwise_and(cv2.inRange(top, 253.0, 255.0), cv2.inRange(bottom, 80.0, 235.0))
    over, under = cv2.inRange(top, 250.0, 255.0), cv2.inRange(bottom, 0.0, 5.0)
    burnt = cv2.bitwise_or(
        cv2.bitwise_and(over, cv2.inRange(chroma, 120.0, 255.0)),
        cv2.bitwise_and(under, cv2.inRange(chroma, 180.0, 255.0)),
    )
    return {
        "crushed": _share(cv2.inRange(top, 0.0, 5.0)),
        "blown": _share(white),
        "blown_rim": _light_rim(white, top),
        "pale": _share(pale),
        "chroma_mean": float(cv2.mean(chroma)[0]),
        "gamut_clipped": _share(burnt),
    }


def _light_rim(white: cv2.typing.MatLike, top: cv2.typing.MatLike) -> float:
    """Return how much of the rim of the white areas is nearly white itself."""
    areas = cv2.medianBlur(white, 5)  # the speckles of a noisy page are no areas
    rim = cv2.subtract(cv2.dilate(areas, _RIM), areas)
    light = cv2.inRange(top, 225.0, 255.0)
    return cv2.countNonZero(cv2.bitwise_and(rim, light)) / max(1, cv2.countNonZero(rim))


def _share(mask: cv2.typing.MatLike) -> float:
    return cv2.countNonZero(mask) / mask.size


# ---- noise ----------------------------------------------------------------------------------


def _noise(pyramid: _Pyramid, *, lit: NDArray[np.bool_]) -> dict[str, float]:
    fine = _residual(pyramid.luma, 16)[: lit.shape[0], : lit.shape[1]]
    half, quarter = _residual(pyramid.ycc_half, 16), _residual(pyramid.ycc_quarter, 8)
    fine = fine[lit[: fine.shape[0], : fine.shape[1]]]  # black hides all noise
    return {
        "noise_luma": min(_calm(fine), _HALF_TO_FULL * _calm(half[..., 0])),
        "noise_chroma": max(_calm(half[..., 1]), _calm(half[..., 2])),
        "residual_luma": _calm(quarter[..., 0]),
        "residual_chroma": max(_calm(quarter[..., 1]), _calm(quarter[..., 2])),
    }


def _residual(image: Pixels, tile: int) -> NDArray[np.uint8]:
    """Return per tile what a 3×3 median takes away, times `_GAIN`."""
    rest = cv2.absdiff(image, cv2.medianBlur(image, 3))
    scaled = cast("NDArray[np.uint8]", cv2.convertScaleAbs(rest, alpha=_GAIN))
    return _tile_means(_halved(scaled), tile // 2)  # twice as fast as in one step


def _calm(tiles: NDArray[np.uint8]) -> float:
    """Return σ in levels of the calmest tiles; 0 when no tile is left."""
    if tiles.size == 0:
        return 0.0
    return _quantile(tiles, _CALM) / _GAIN * _MEDIAN_TO_SIGMA


def _quantile(values: NDArray[np.generic], share: float) -> float:
    """Return the value with `share` of all below it: `np.quantile` takes six times as long."""
    rank = round(share * (values.size - 1))
    return float(np.partition(values, rank, axis=None)[rank])


# ---- edges ----------------------------------------------------------------------------------


def _edges(scales: tuple[_Extremes, ...], *, tonal_range: float, noise: float) -> Values:
    step = max(_MIN_EDGE_LEVELS, _EDGE_OF_RANGE * tonal_range, _EDGE_OVER_NOISE * noise)
    widths = (
        _edge_width(extremes, step) * scale
        for scale, extremes in zip(_EDGE_SCALES, scales, strict=True)
        if _edge_share(extremes, step) >= _MIN_EDGE_SHARE
    )
    fine, coarse, _ = scales
    return {
        "edge_width": next(widths, Unmeasured("no edge in the picture to measure at")),
        "edge_share": _edge_share(fine, step),
        "local_contrast": _quantile(coarse.span, 0.95),
    }


def _edge_share(extremes: _Extremes, step: float) -> float:
    return float((extremes.span >= step).mean()) if extremes.span.size else 0.0


def _edge_width(extremes: _Extremes, step: float) -> float:
    strong = extremes.span >= step
    slopes = np.maximum(extremes.slope[strong], 1)
    return _quantile(extremes.span[strong] / slopes, 0.2)


# ---- structure ------------------------------------------------------------------------------


def _structure(pyramid: _Pyramid, spread: float) -> Values:
    if spread < 0.5:  # less than the rounding of pixels
        reason = Unmeasured("the picture is one flat colour")
        return {"structure": reason, "repetition": reason}
    coarse = _tile_means(pyramid.ycc_quarter, 8).reshape(-1, 3)
    return {
        "structure": float(np.sqrt(coarse.var(axis=0).sum())) / spread,
        "repetition": _repetition(np.ascontiguousarray(pyramid.ycc_quarter[..., 0])),
    }


def _repetition(luma: Plane) -> float:
    side = (_CORRELATION_PX, _CORRELATION_PX)
    small = cv2.resize(luma, side, interpolation=cv2.INTER_AREA).astype(np.float32)
    detail = small - cv2.blur(small, (9, 9))
    power = np.abs(cv2.blur(detail * detail, (17, 17)))  # running sums may end just below 0
    detail /= np.sqrt(power) + 3  # 3 levels: not paper
    detail -= detail.mean()
    correlation = np.fft.irfft2(np.square(np.abs(np.fft.rfft2(detail))))
    if correlation[0, 0] <= 0:
        return 0.0
    return float(correlation[_FAR].max() / correlation[0, 0])


# ---- regions --------------------------------------------------------------------------------


def _undrawn_region(
    cells: _Extremes, pyramid: _Pyramid, *, width_px: int, height_px: int
) -> Values:
    black = _largest_box(cells.high <= _BLACK, fill=_BLACK_FILL)
    grey = _largest_box(_mid_grey(cells, pyramid), fill=_GREY_FILL)
    x, y, width, height = max((black, grey), key=lambda box: box[2] * box[3])
    left, top = x * _CELL_PX, y * _CELL_PX
    right = min(left + width * _CELL_PX, width_px)
    bottom = min(top + height * _CELL_PX, height_px)
    return {
        "flat_share": (right - left) * (bottom - top) / (width_px * height_px),
        "flat_x": left,
        "flat_y": top,
        "flat_width": right - left,
        "flat_height": bottom - top,
    }


def _mid_grey(cells: _Extremes, pyramid: _Pyramid) -> NDArray[np.bool_]:
    """Return where the cells are the exact middle of all channels: a decoder's word for nothing."""
    grey = cv2.inRange(_halved(pyramid.ycc_quarter), (126, 126, 126), (129, 129, 129))
    rows, columns = cells.high.shape  # the last cells may be too narrow for the halved grid
    missing = (0, rows - grey.shape[0], 0, columns - grey.shape[1])
    middle = cv2.copyMakeBorder(grey, *missing, cv2.BORDER_CONSTANT, value=0)
    return (middle > 0) & (cells.span <= 1)


def _largest_box(mask: NDArray[np.bool_], *, fill: float) -> _Box:
    """Return x, y, width, height in cells of the largest component that fills its box."""
    _, _, boxes, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    best = (0, 0, 0, 0)
    for x, y, width, height, area in boxes[1:].tolist():
        if width * height > best[2] * best[3] and area >= fill * width * height:
            best = (x, y, width, height)
    return best
