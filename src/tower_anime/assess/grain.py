"""What lies over the drawing: noise, unresolved diffusion residue, the grid of a codec."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from tower_anime.assess.mosaic import mosaic
from tower_anime.assess.planes import BAND_PX, Plane, Planes, Values, halved, quantile, tile_means
from tower_anime.domain.quality import Unmeasured

_GAIN = 8  # residuals are scaled up so that 8-bit means of tiles keep an eighth of a level
_MEDIAN_TO_SIGMA = 1.17  # see METRICS["noise_luma"]
_CALM = 0.05  # tiles between the lines: drawn pictures and their noisy copies agree
_SMOOTH, _NOISIER = 14, 0.75  # levels within 48 px; quantile of such tiles. Chosen on 70 pictures
_MIN_SMOOTH_SHARE = 0.03
_NEXT = np.ones((3, 3), np.uint8)
_HALF_TO_FULL = 1.95  # σ of white noise at full size over σ after 2×2 means, as measured here

_PERIOD_PX = 16  # blocks of 4, 8 and 16 px of JPEG, WebP, H.264 all repeat within it
_NULL_PERIODS = (13, 17)  # nothing is coded in these: what they show is chance
_AROUND = np.ones((1, 7), np.uint8)
_CALM_STEP = 12  # steeper steps are drawn; the grid is looked for between them
_STEP_FLOOR = 0.45  # levels; flatter than this no block is seen
_MIN_PHASE_PIXELS = 200
_NEAR_PX = 16  # to both sides
_CALM_BEND, _MAX_BEND = 2, 16  # levels
_FEW = 400  # places that say little
_LINE = 1.5  # times the usual bend: drawn
_ALL = 255  # a mask that is set
_MIDDLE, _BORDER = 8, 0  # columns of a macroblock
_THIRDS = [5, 11]
_TAKEN_OFF = 5.0
_BY_CHANCE, _BY_CODEC = 0.16, 0.45  # ln; of what is found: strong WebP has some, too
_UNSEEN = 1.0  # levels: nobody sees a border that is higher by a fraction of this
_BLOCK_PX, _OUTLINE = 8, 24  # an outline counts no more than this many levels


def grain(planes: Planes) -> Values:
    """Measure noise and residue at four scales, and the grid of a codec."""
    profiles, contrasts = [], []
    for plane in (planes.luma, planes.luma_turned):
        steps = _steps(plane)
        profiles.append(_profile(steps))
        contrasts.append(_phase_contrast(steps))
    return {
        **_noise(planes),
        "grid": _grid(contrasts),
        "blocks": _blocks(profiles),
        "macroblocks": _macroblocks(planes.bends),
        "mosaic": mosaic(profiles, planes.luma),
    }


# ---- noise ----------------------------------------------------------------------------------


def _noise(planes: Planes) -> Values:
    means = tile_means(planes.luma_quarter, 4)
    half = [_residual(plane, 16) for plane in planes.half]
    quarter = [_residual(plane, 8) for plane in planes.quarter]
    return {
        "noise_luma": _noise_luma(planes.luma, means, _HALF_TO_FULL * _calm(half[0])),
        "noise_chroma": max(_calm(half[1]), _calm(half[2])),
        "residual_luma": _calm(quarter[0]),
        "residual_chroma": max(_calm(quarter[1]), _calm(quarter[2])),
        "residual_coarse": _calm(_residual(planes.luma_eighth, 4)),
        "mottle": _mottle(np.maximum(half[1], half[2]), means),
    }


def _noise_luma(luma: Plane, means: Plane, at_half: float) -> float:
    """Return σ at full size, at most what the half size shows: mostly that is nothing."""
    if at_half == 0:
        return 0.0
    lit = means > 0  # black hides all noise
    fine = _residual(luma, 16)[: lit.shape[0], : lit.shape[1]]
    return min(_calm(fine[lit[: fine.shape[0], : fine.shape[1]]]), at_half)


def _residual(image: Plane, tile: int) -> NDArray[np.uint8]:
    """Return per tile what a 3×3 median takes away, times `_GAIN`."""
    tops = range(0, max(image.shape[0] - tile + 1, 1), BAND_PX)
    return np.concatenate([_residual_of_band(image, top, tile) for top in tops])


def _residual_of_band(image: Plane, top: int, tile: int) -> NDArray[np.uint8]:
    above, below = min(top, 1), 1  # what the median looks at beside the band
    around = image[top - above : top + BAND_PX + below]
    smooth = cv2.medianBlur(around, 3)[above : above + BAND_PX]
    rest = cv2.absdiff(around[above : above + BAND_PX], smooth)
    for _ in range(_GAIN.bit_length() - 1):  # saturating sums: twice as fast as scaling
        cv2.add(rest, rest, rest)
    scaled = cast("NDArray[np.uint8]", rest)
    return tile_means(halved(scaled), tile // 2)  # twice as fast as in one step


def _calm(tiles: NDArray[np.uint8]) -> float:
    """Return σ in levels of the calmest tiles; 0 when no tile is left."""
    if tiles.size == 0:
        return 0.0
    return quantile(tiles, _CALM) / _GAIN * _MEDIAN_TO_SIGMA


def _mottle(residue: NDArray[np.uint8], means: Plane) -> float | Unmeasured:
    """Return σ in levels of the noisier smooth tiles: what too few steps leave stands in patches.

    Smooth are tiles whose means differ little from their neighbours': noise can't hide them, and
    in clean art they have no texture of colour.
    """
    spans = cv2.subtract(cv2.dilate(means, _NEXT), cv2.erode(means, _NEXT))
    smooth = cv2.threshold(spans, _SMOOTH - 1, 1, cv2.THRESH_BINARY_INV)[1].astype(np.bool_)
    smooth &= means > 0
    smooth = smooth[::2, ::2][: residue.shape[0], : residue.shape[1]]
    found = residue[: smooth.shape[0], : smooth.shape[1]][smooth]
    if found.size < _MIN_SMOOTH_SHARE * smooth.size or not found.size:
        return Unmeasured("no smooth area to look for unresolved patches in")
    return quantile(found, _NOISIER) / _GAIN * _MEDIAN_TO_SIGMA


# ---- codec ----------------------------------------------------------------------------------


def _steps(luma: Plane) -> cv2.typing.MatLike:
    """Return the steps between neighbours along every second line."""
    lines = luma[::2]
    return cv2.absdiff(lines[:, 1:], lines[:, :-1])


def _grid(contrasts: Sequence[float | None]) -> float | Unmeasured:
    """Return how much steps depend on their place in a grid of 16 px, beyond chance.

    Coders work in blocks of 4, 8 or 16 px: at the borders their errors meet, within them detail
    is lost, so that the mean step between neighbours varies with its place modulo 16. What
    grids of 13 and 17 px show, which nothing uses, is subtracted.
    """
    known = [value for value in contrasts if value is not None]
    if not known:
        return Unmeasured("no calm area to look for the blocks of a codec in")
    return max(sum(known) / len(known), 0.0)


def _phase_contrast(steps: cv2.typing.MatLike) -> float | None:
    calm = cv2.threshold(cv2.dilate(steps, _AROUND), _CALM_STEP - 1, 255, cv2.THRESH_BINARY_INV)[1]
    total = _column_sums(cv2.bitwise_and(steps, calm))
    count = _column_sums(calm) / np.float32(_ALL)
    chance = [_spread_of_phases(total, count, period) for period in _NULL_PERIODS]
    spread = _spread_of_phases(total, count, _PERIOD_PX)
    known = [value for value in chance if value is not None]
    if spread is None or not known:
        return None
    return spread - sum(known) / len(known)


def _column_sums(image: cv2.typing.MatLike) -> NDArray[np.float32]:
    sums = cv2.reduce(image, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S)  # twice as fast as in floats
    return np.asarray(sums, np.float32).ravel()


def _spread_of_phases(
    total: NDArray[np.float32], count: NDArray[np.float32], period: int
) -> float | None:
    whole = total.size // period * period
    steps = total[:whole].reshape(-1, period).sum(axis=0)
    pixels = count[:whole].reshape(-1, period).sum(axis=0)
    if whole == 0 or pixels.min() < _MIN_PHASE_PIXELS:
        return None
    means = steps / pixels
    mean = means.sum() / np.float32(period)
    rest = means - mean
    return math.sqrt(float(rest @ rest) / period) / float(mean + _STEP_FLOOR)


def _profile(steps: cv2.typing.MatLike) -> NDArray[np.float32]:
    """Return the mean step at each place along the lines."""
    capped = cv2.threshold(steps, _OUTLINE, _OUTLINE, cv2.THRESH_TRUNC)[1]
    return _column_sums(capped) / np.float32(steps.shape[0])


def _blocks(profiles: Sequence[NDArray[np.float32]]) -> float:
    """Return by how much steps across the borders of 8×8 blocks exceed the others, in medians."""
    return max(sum(_border_excess(profile) for profile in profiles) / len(profiles), 0.0)


def _border_excess(profile: NDArray[np.float32]) -> float:
    whole = profile.size // _BLOCK_PX * _BLOCK_PX
    phases = profile[:whole].reshape(-1, _BLOCK_PX).mean(axis=0)
    others = float(np.sort(phases[:-1])[_BLOCK_PX // 2 - 1])  # `np.median` takes ten times as long
    return float(phases[-1] - others) / (others + _UNSEEN)


def _macroblocks(bends: Sequence[Plane]) -> float:
    """Return how much straighter luma runs across the middle of 16×16 blocks than across borders.

    The filter of WebP and of video hides the steps at the borders of blocks. What it can't hide:
    across the borders of macroblocks luma bends, within them it runs straight where detail was
    lost. The middle of a macroblock is a border of JPEG's 8×8 blocks, so that those don't count;
    those of a JPEG at two thirds of its size have borders also at the thirds, and are taken off.
    Of places near a bend: the rest is flat anyway.
    """
    straight, bent, count = np.sum([_by_phase(bend) for bend in bends], axis=0)
    rise = np.log(straight / (count + _FEW) + 0.02) - np.log((bent + 1) / (count + _FEW) + 0.05)
    found, resized = rise[_MIDDLE] - rise[_BORDER], rise[_MIDDLE] - rise[_THIRDS].max()
    chance = max(_BY_CHANCE, _BY_CODEC * found)
    return float(found - _TAKEN_OFF * max(resized - chance, 0))


def _highest_near(bend: Plane) -> Plane:
    """Return the maximum of `_NEAR_PX` to both sides, by doubling: faster than dilating."""
    found = cv2.copyMakeBorder(bend, 0, 0, _NEAR_PX, _NEAR_PX, cv2.BORDER_CONSTANT, value=0)
    for further in (1, 2, 4, 8, 16, 1):
        found = cv2.max(found[:, further:], found[:, :-further])
    return cast("Plane", found)


def _by_phase(bend: Plane) -> NDArray[np.float32]:
    """Return straight places, bends and all places near one, at both sides of borders modulo 16.

    A column that bends far more than most has a line drawn along it, and counts less.
    """
    near = cv2.threshold(_highest_near(bend), _CALM_BEND, _ALL, cv2.THRESH_BINARY)[1]
    straight = cv2.subtract(near, cv2.threshold(bend, 0, _ALL, cv2.THRESH_BINARY)[1])
    capped = cv2.threshold(bend, _MAX_BEND, _MAX_BEND, cv2.THRESH_TRUNC)[1]
    bent = cv2.bitwise_and(capped, near)
    sums = np.stack(
        [
            _column_sums(straight) / np.float32(_ALL),
            _column_sums(bent),
            _column_sums(near) / np.float32(_ALL),
        ]
    )
    whole = sums[:, _PERIOD_PX : bend.shape[1] // _PERIOD_PX * _PERIOD_PX - _PERIOD_PX]
    mean = whole[1] / np.maximum(whole[2], 1)
    usual = mean[whole[2] > _FEW / 100]
    if usual.size:
        whole = whole * np.minimum(_LINE * quantile(usual, 0.5) / np.maximum(mean, 1e-3), 1)
    phases = whole.reshape(3, -1, _PERIOD_PX).sum(axis=1)
    return np.asarray(phases + np.roll(phases, 1, axis=1), np.float32)
