"""Light and colour: tones, clipped and cast colours, missing tones."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from tower_anime.assess.planes import Channels, Plane, Planes, Values, every, share
from tower_anime.domain.frame import Frame
from tower_anime.domain.quality import Unmeasured

_RIM = np.ones((3, 3), np.uint8)
_GRADIENT = 10.0  # levels within 8 px of a picture: more is a texture or a rim
_RARE = 2e-5  # share of pixels up to which a level counts as not used: stray pixels
_MIN_TONES = 3
_FINE = 16  # bins to a level
_LINES_APART_PX = 24
_SURE, _NEAR = 4, 8  # pixels to both sides of a gap that a missing tone isn't chance; levels
_LEVELS = np.arange(256, dtype=np.float32)
_GROUND, _GROUND_SHARE, _LEAST_DRAWN = 4, 0.25, 0.05  # levels to both sides; of the picture
_MIN_RUN_PX, _MAX_RUN_PX = 4, 160  # a band; shorter is texture, longer is no ramp
_MIN_STEP, _MAX_STEP = 2, 72  # levels; ramps of 8 bits step by 1, outlines by more


def tone(planes: Planes) -> dict[str, float]:
    """Measure how light is spread, on every fourth pixel of each side."""
    counts = cv2.calcHist([planes.luma_quarter], [0], None, [256], [0, 256]).ravel()
    below = np.cumsum(counts) / counts.sum()
    found = [cv2.meanStdDev(plane) for plane in planes.half]
    return {
        "spread": math.hypot(*(float(deviation[0, 0]) for _, deviation in found)),
        "luma_mean": float(found[0][0][0, 0]),
        "luma_low": float(np.searchsorted(below, 0.01)),
        "luma_middle": float(np.searchsorted(below, 0.5)),
        "luma_high": float(np.searchsorted(below, 0.99)),
    }


def colour(planes: Planes) -> Values:
    """Measure on every second pixel of the half size: shares need no more."""
    red, green, blue = cv2.split(planes.half_sample)
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
    at_wall = cv2.bitwise_or(
        cv2.bitwise_and(cv2.inRange(top, 254.0, 255.0), cv2.inRange(bottom, 0.0, 245.0)),
        cv2.bitwise_and(cv2.inRange(bottom, 0.0, 1.0), cv2.inRange(top, 12.0, 255.0)),
    )
    return {
        "crushed": share(cv2.inRange(top, 0.0, 14.0)),
        "blown": share(white),
        "blown_rim": _light_rim(white, top),
        "pale": share(pale),
        **_light(_few(top)),
        "light_top": _level(top, 0.999),
        "colour_span": max(_span(_few(plane)) for plane in (red, green, blue)),
        "chroma_mean": float(cv2.mean(chroma)[0]),
        "chroma_high": _level(_few(chroma), 0.95),
        "gamut_clipped": share(burnt),
        "gamut_touched": share(at_wall),
        "gamut_graded": share(_graded(burnt, under, planes.half_sample)),
        "cast": _cast(planes.quarter),
        **_tones_used(planes.sample),
        "contours": _contours(planes),
    }


def _light(top: cv2.typing.MatLike) -> dict[str, float]:
    """Measure the largest channel: of all, and of what stands before a ground of one tone."""
    counts = np.asarray(cv2.calcHist([top], [0], None, [256], [0, 256]), np.float32).ravel()
    drawn = _without_ground(counts)
    below = np.cumsum(drawn)
    return {
        "light_mean": float(drawn @ _LEVELS) / float(below[-1]),
        "light_middle": float(np.searchsorted(below, 0.5 * below[-1])),
        "light_high": float(np.searchsorted(np.cumsum(counts), 0.99 * counts.sum())),
    }


def _without_ground(counts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the histogram without the commonest tone, if that fills much, but not all."""
    commonest = int(counts.argmax())
    ground = slice(max(commonest - _GROUND, 0), commonest + _GROUND + 1)
    share = float(counts[ground].sum() / counts.sum())
    if not _GROUND_SHARE <= share <= 1 - _LEAST_DRAWN:
        return counts
    drawn = counts.copy()
    drawn[ground] = 0
    return drawn


def _graded(
    burnt: cv2.typing.MatLike, under: cv2.typing.MatLike, colours: Frame
) -> cv2.typing.MatLike:
    """Return where a colour is clipped at one end only and the channel between goes on smoothly.

    So a dusk is painted; what is burnt has colours at both limits, and rims.
    """
    red, green, blue = cv2.split(colours)
    between = cv2.max(cv2.min(red, green), cv2.min(cv2.max(red, green), blue))
    calm = cv2.inRange(cv2.morphologyEx(between, cv2.MORPH_GRADIENT, _RIM), 0.0, _GRADIENT)
    over = cv2.inRange(cv2.max(cv2.max(red, green), blue), 250.0, 255.0)
    one_sided = cv2.subtract(burnt, cv2.bitwise_and(over, under))
    return cv2.bitwise_and(cv2.erode(one_sided, _RIM), calm)


def _few(plane: cv2.typing.MatLike) -> cv2.typing.MatLike:
    """Return every second pixel of every second row: quantiles need no more."""
    return every(np.asarray(plane, np.uint8), 2)


def _levels(plane: cv2.typing.MatLike, *below: float) -> NDArray[np.int64]:
    """Return the levels with these shares of all pixels under them."""
    counts = np.cumsum(cv2.calcHist([plane], [0], None, [256], [0, 256]))
    return np.asarray(np.searchsorted(counts, np.multiply(below, counts[-1])), np.int64)


def _level(plane: cv2.typing.MatLike, below: float) -> float:
    return float(_levels(plane, below)[0])


def _span(plane: cv2.typing.MatLike) -> float:
    """Return the levels from the 1st to the 99th percentile."""
    return float(np.ptp(_levels(plane, 0.01, 0.99)))


def _light_rim(white: cv2.typing.MatLike, top: cv2.typing.MatLike) -> float:
    """Return how much of the rim of the white areas is nearly white itself."""
    if not cv2.countNonZero(white):
        return 0.0
    most = cv2.blur(white, (5, 5), borderType=cv2.BORDER_REPLICATE)
    areas = cv2.inRange(most, 128.0, 255.0)  # the speckles of a noisy page are no areas
    rim = cv2.subtract(cv2.dilate(areas, _RIM), areas)
    light = cv2.inRange(top, 225.0, 255.0)
    return cv2.countNonZero(cv2.bitwise_and(rim, light)) / max(1, cv2.countNonZero(rim))


def _cast(ycc: Channels) -> float:
    """Return the chroma that even the most neutral pixels have, where all share a hue."""
    red, blue = (every(plane, 2).astype(np.float32) - 128 for plane in ycc[1:])
    amount = cv2.magnitude(red, blue)
    coherence = math.hypot(cv2.mean(red)[0], cv2.mean(blue)[0]) / (cv2.mean(amount)[0] + 1)
    return _neutral(np.asarray(amount)) * coherence**2


def _neutral(amount: NDArray[np.float32]) -> float:
    """Return the amount that a twentieth of all is below: a histogram is ten times as fast."""
    fine = (amount * _FINE + 0.5).astype(np.uint16)
    counts = cv2.calcHist([fine], [0], None, [256 * _FINE], [0, 256 * _FINE]).ravel()
    return float(np.searchsorted(np.cumsum(counts), 0.05 * counts.sum())) / _FINE


# ---- missing tones --------------------------------------------------------------------------


def _tones_used(sample: Frame) -> Values:
    """Return the usual gap between tones that occur, in levels: 1 unless tones are missing."""
    planes = [sample, cv2.cvtColor(sample, cv2.COLOR_RGB2GRAY)]  # channels 0–2, and 3
    counts = [
        np.asarray(cv2.calcHist(planes, [channel], None, [256], [0, 256]), np.float32).ravel()
        for channel in range(4)
    ]
    missing = {"tones_missing": sum(_missing(of) for of in counts[:3]) / 3}
    gaps = [gap for of in counts if (gap := _gap(of)) is not None]
    if not gaps:
        return {"tone_gap": Unmeasured("too few tones to tell missing ones"), **missing}
    return {"tone_gap": float(np.mean(gaps)), **missing}


def _missing(counts: NDArray[np.float32]) -> float:
    """Return the share of levels that nothing has, between near ones that many pixels have.

    Light that was stretched leaves such a comb; a drawing of few tones has few pixels beside them.
    """
    below = np.cumsum(counts)
    low, high = np.searchsorted(below, (0.01 * below[-1], 0.99 * below[-1]))
    inside = counts[low : high + 1]
    if inside.size <= _NEAR:
        return 0.0
    place, used = np.arange(inside.size), inside > 0
    if used.all():
        return 0.0
    before = np.maximum.accumulate(np.where(used, place, 0))
    after = np.minimum.accumulate(np.where(used, place, place[-1])[::-1])[::-1]
    sure = np.minimum(inside[before], inside[after]) >= _SURE
    return float(np.mean(~used & sure & (after - before <= _NEAR)))


def _gap(counts: NDArray[np.float32]) -> float | None:
    used = np.flatnonzero(counts > _RARE * counts.sum())
    if used.size < _MIN_TONES:
        return None
    gaps = np.sort(np.diff(used))  # the median by hand: `np.median` takes longer than all else
    return float(gaps[gaps.size // 2] + gaps[(gaps.size - 1) // 2]) / 2


def _contours(planes: Planes) -> float:
    """Return the share of the lines that lie in bands: flat runs, one step after another."""
    covered = total = 0
    for luma in (planes.luma, planes.luma_turned):
        lines = luma[_LINES_APART_PX // 2 :: _LINES_APART_PX]
        covered += _banded_px(lines)
        total += lines.size
    return covered / max(total, 1)


def _banded_px(lines: Plane) -> int:
    """Return how many pixels lie between two lone steps of the same direction."""
    if lines.shape[0] == 0 or lines.shape[1] < _MIN_TONES:
        return 0
    size = np.asarray(cv2.absdiff(lines[:, 1:], lines[:, :-1]))
    place = np.flatnonzero(size != 0)  # of booleans: ten times as fast
    if place.size < _MIN_TONES:
        return 0
    run = np.diff(place)
    calm = run >= _MIN_RUN_PX
    lone = 1 + np.flatnonzero(calm[:-1] & calm[1:])  # few, where most steps are texture
    height = size.ravel()[place[lone]]
    lone = lone[(height >= _MIN_STEP) & (height <= _MAX_STEP)]
    line, column = np.divmod(place[[lone - 1, lone, lone + 1]], size.shape[1])
    same_line = line[0] == line[2]
    lone, line, column = lone[same_line], line[1][same_line], column[1][same_line]
    rises = lines[line, column + 1] > lines[line, column]
    onward = (rises[:-1] == rises[1:]) & (np.diff(lone) == 1)
    width_px = run[lone[:-1]][onward]
    return int(width_px[width_px <= _MAX_RUN_PX].sum())
