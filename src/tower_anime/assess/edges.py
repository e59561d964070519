"""How sharp the drawing is: edges, the direction of a smear, the lattice of an enlargement."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from tower_anime.assess.planes import (
    BAND_PX,
    CELL_PX,
    Plane,
    Planes,
    Values,
    quantile,
    tile_means,
)
from tower_anime.domain.quality import Unmeasured

_WINDOW_PX = 9  # covers its cell and one pixel of the neighbours'
_ACROSS = np.ones((1, _WINDOW_PX), np.uint8)

_MIN_EDGE_LEVELS = 12  # below, paper grain and the steps of soft shading count as outlines
_EDGE_OF_RANGE = 0.16  # a step of a sixth of the tonal range is an outline also in soft art
_EDGE_OVER_NOISE = 7  # the range of 81 samples of noise is 5 σ; 7 σ is no accident
_SHARPER = 0.1  # of the edges: a soft ground may be meant; fewer let single pixels decide
_MIN_EDGE_SHARE = 0.003  # fewer windows are an accident: at 1024×1024 a line of 400 px

_LAGS_PX = (1, 2, 4, 8, 16)
_DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1))  # rows down, columns right
_FAR_LAGS_PX = (32, 64)
_FAR_APART, _MANY_ROWS = 4, 640
_QUARTER = 4
_ROUNDING = 0.05  # levels², of 8-bit pixels
_MIN_SMEAR_PX = 40  # a shorter side gives lags of 16 px too few pairs

_LATTICE_BINS = 1024
_SLOWEST = 60  # bins; slower waves are drawn
_CHANCE = 5.0  # medians that the highest of some hundred waves reaches without a lattice
_BIN_SPREAD = 4  # bins to both sides that a wave fills
_MAX_BEND = 60  # levels; outlines would drown the lattice


@dataclass(frozen=True)
class Extremes:
    """Darkest, brightest and steepest pixel of the window around each cell, in levels."""

    low: Plane
    high: Plane
    slope: Plane

    @cached_property
    def span(self) -> Plane:
        """Range of luma in each window, in levels."""
        return self.high - self.low


def edges(planes: Planes, fine: Extremes, *, tonal_range: float, noise: float) -> Values:
    """Measure widths of edges, contrast around them, the smear and the lattice."""
    quarter = extremes(planes.luma_quarter)
    step = max(_MIN_EDGE_LEVELS, _EDGE_OF_RANGE * tonal_range, _EDGE_OVER_NOISE * noise)
    return {
        "edge_width": _edge_width_at(step, _scales(fine, quarter, planes.luma_quarter)),
        "edge_share": _edge_share(fine, step),
        "local_contrast": quantile(quarter.span, 0.95),
        "contrast_most": quantile(quarter.span, 0.995),
        **_smear(planes.luma, planes.luma_quarter),
        "lattice": _lattice(planes),
    }


# ---- edges ----------------------------------------------------------------------------------


def _edge_width_at(step: float, scales: Iterator[tuple[int, Extremes]]) -> float | Unmeasured:
    """Return the width of edges at the finest scale that has some."""
    for scale, found in scales:
        if _edge_share(found, step) >= _MIN_EDGE_SHARE:
            return _edge_width(found, step) * scale
    return Unmeasured("no edge in the picture to measure at")


def _scales(
    fine: Extremes, quarter: Extremes, luma_quarter: Plane
) -> Iterator[tuple[int, Extremes]]:
    yield 1, fine
    yield 4, quarter
    yield 16, extremes(tile_means(luma_quarter, 4))


def extremes(luma: Plane) -> Extremes:
    """Return the extremes of the 9×9 windows around every eighth pixel of every eighth row."""
    tops = range(0, max(luma.shape[0] - CELL_PX // 2, 1), BAND_PX)
    bands = [_extremes(luma[top : top + BAND_PX + 2]) for top in tops]  # 2: window and step below
    return Extremes(
        low=np.concatenate([band.low for band in bands]),
        high=np.concatenate([band.high for band in bands]),
        slope=np.concatenate([band.slope for band in bands]),
    )


def _extremes(luma: Plane) -> Extremes:
    slope = np.empty_like(luma)
    slope[:, -1] = 0
    cv2.absdiff(luma[:, 1:], luma[:, :-1], slope[:, :-1])
    cv2.max(slope[:-1], cv2.absdiff(luma[1:], luma[:-1]), slope[:-1])
    return Extremes(
        low=_windows(luma, cv2.min, cv2.erode),
        high=_windows(luma, cv2.max, cv2.dilate),
        slope=_windows(slope, cv2.max, cv2.dilate),
    )


def _windows(luma: Plane, of_two: Callable[..., Any], along: Callable[..., Any]) -> Plane:
    """Return an extreme of each window: down only where one is looked at, then across."""
    height = len(range(CELL_PX // 2, luma.shape[0], CELL_PX))
    found = luma[::CELL_PX][:height].copy()
    for below in range(1, _WINDOW_PX):
        lines = luma[below::CELL_PX][:height]
        if lines.size:  # as fast again as NumPy's, but not of nothing
            of_two(found[: len(lines)], lines, found[: len(lines)])
    wide = along(found, _ACROSS) if found.size else found
    return cast("Plane", wide)[:, CELL_PX // 2 :: CELL_PX]


def _edge_share(found: Extremes, step: float) -> float:
    return float((found.span >= step).mean()) if found.span.size else 0.0


def _edge_width(found: Extremes, step: float) -> float:
    strong = np.flatnonzero(found.span >= step)
    slopes = np.maximum(found.slope.ravel()[strong], 1)
    widths = np.divide(found.span.ravel()[strong], slopes, dtype=np.float32)
    return quantile(widths, _SHARPER)


# ---- smear ----------------------------------------------------------------------------------


def _smear(luma: Plane, quarter: Plane) -> Values:
    """Measure how far luma runs on in the four directions, by its structure function.

    D(lag) is the mean squared difference of pixels `lag` apart. Over an edge of width w it grows
    as lag²/w up to w and as lag beyond, so that D(lag) / lag D(1) is w at the longest lags that
    lie within shapes, and the fall of ln D(l) / D(4 l) tells sharp from soft at scale l. Outlines
    run in all directions, and all soften alike, unless the picture was smeared along one of them.
    """
    if min(luma.shape) < _MIN_SMEAR_PX:
        reason = Unmeasured(f"needs a shorter side of {_MIN_SMEAR_PX} px")
        return {"anisotropy": reason, "smear": reason, "roughness": reason}
    growth = np.array(
        [[_structure(luma, direction, lag) for lag in _LAGS_PX] for direction in _DIRECTIONS]
    )
    falls = np.log(growth[:, :-2] / growth[:, 2:])  # l to 4 l, for l = 1, 2, 4
    straight = falls[:2].mean(axis=0)
    falls[2:] -= _diagonal_excess(straight)
    width_px = _widths(growth[:, 0], {_LAGS_PX[-1]: growth[:, -1], **_far_growth(quarter)})
    return {
        "anisotropy": float(np.ptp(falls, axis=0).max()),
        "smear": float(width_px.max()),
        "roughness": math.sqrt(growth[:2, 0].mean()),
    }


def _far_growth(quarter: Plane) -> dict[int, NDArray[np.float64]]:
    """Return D at the far lags, where the picture is large enough; at quarter size, as cheap."""
    lags = [lag for lag in _FAR_LAGS_PX if lag <= min(quarter.shape)]  # at most a quarter of it
    return {
        lag: np.array([_structure(quarter, way, lag // _QUARTER, step=1) for way in _DIRECTIONS])
        for lag in lags
    }


def _widths(
    next_to: NDArray[np.float64], apart: dict[int, NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Return the width of edges in each direction, by the lag that shows it best."""
    found = np.max([growth / next_to / lag for lag, growth in apart.items()], axis=0)
    found[2:] *= math.sqrt(2)
    return np.asarray(found, np.float64)


def _structure(
    luma: Plane, direction: tuple[int, int], lag: int, *, step: int | None = None
) -> float:
    """Return D(lag), of every `step`-th row: far apart, luma differs alike in many rows."""
    height, width = luma.shape
    step = step or (4 if lag >= _FAR_APART and height >= _MANY_ROWS else 2)
    down, right = direction[0] * lag, direction[1] * lag
    here = luma[: height - down : step, max(0, -right) : width - max(0, right)]
    there = luma[down::step, max(0, right) : width - max(0, -right)]
    return cv2.norm(here, there[: here.shape[0]], cv2.NORM_L2SQR) / here.size + _ROUNDING


def _diagonal_excess(straight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by how much the fall over a diagonal's √2 longer lags differs in an even picture.

    Fitted on 25 drawn pictures and their Gaussian blurs (residue 0.09).
    """
    return -0.17 * straight**2 - 0.58 * straight - 0.285


# ---- lattice --------------------------------------------------------------------------------


def _lattice(planes: Planes) -> float | Unmeasured:
    """Return the strongest wave of the second difference along both axes, in medians above chance.

    Interpolation leaves pixels that lie on the old grid sharper than those between: the mean
    second difference per column then repeats with the factor (Gallagher 2005). The 8 px blocks
    of codecs make waves of 1/8 and 3/8 cycles/px as well: at 1/4 and 1/2 only what is beyond
    those counts.
    """
    waves = [_bend_spectrum(bend[:, 1:-1]) for bend in planes.bends]
    found = np.minimum(waves[0], waves[1])
    eighths = [_near(found, _LATTICE_BINS * eighth // 8) for eighth in (1, 2, 3, 4)]
    of_codecs = max(found[eighths[0]].max(), found[eighths[2]].max())
    for eighth in (eighths[1], eighths[3]):
        found[eighth] -= of_codecs
    for eighth in (eighths[0], eighths[2]):
        found[eighth] = 0
    return max(float(found[_SLOWEST:].max()) - _CHANCE, 0.0)


def _near(waves: NDArray[np.float64], bin_: int) -> slice:
    return slice(bin_ - _BIN_SPREAD, min(bin_ + _BIN_SPREAD + 1, waves.size))


def _bend_spectrum(bend: Plane) -> NDArray[np.float64]:
    capped = cv2.threshold(bend, _MAX_BEND, _MAX_BEND, cv2.THRESH_TRUNC)[1]
    sums = cv2.reduce(capped, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S)  # twice as fast as in floats
    profile = np.asarray(sums, np.float32) / np.float32(capped.shape[0])
    profile = (profile - cv2.blur(profile, (33, 1))).ravel()
    wave = np.abs(np.fft.rfft(profile * _bell(profile.size), _LATTICE_BINS))
    return np.asarray(wave / (quantile(wave[_LATTICE_BINS // 32 :], 0.5) + 1e-3), np.float64)


@lru_cache(maxsize=16)
def _bell(size: int) -> NDArray[np.float64]:
    found = np.hanning(size)
    found.flags.writeable = False
    return found
