"""Pictures of larger pixels than their own: steps at every k-th line, and none between."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from tower_anime.assess.planes import Plane, every, share

_STEP_FLOOR = 0.02  # levels
_INK, _ALL_INK = 40, 0.9
_TOOTHED = 0.3  # clean pictures reach 0.4: nothing to look for below
_SLOW_PX = 65
_FFT = 2048
_PITCHES = np.arange(4, 41)
_SMALL_PITCHES = np.arange(2, 4)
_CODED_PX, _OF_CODEC = 8, 0.7  # blocks of a strong codec are toothed as well, up to this


def mosaic(profiles: Sequence[NDArray[np.float32]], luma: Plane) -> float:
    """Return how toothed the mean steps along both axes are, times how regular the teeth.

    An enlargement by repeated pixels has no steps within its pixels: the mean of the profile is
    far above that of its least neighbours. That the teeth are regular, in both axes alike, tells
    it from a drawing of few lines.
    """
    toothed = min(_toothed(profile) for profile in profiles)
    if toothed < _TOOTHED or min(profile.size for profile in profiles) < 2 * _PITCHES[-1]:
        return 0.0
    if _is_ink(luma):  # screen tone is as toothed, and as regular
        return 0.0
    by_pitch = np.maximum(toothed - _OF_CODEC * (_PITCHES % _CODED_PX == 0), 0)
    return max(
        float((by_pitch * _regular(profiles, _PITCHES, wide=3)).max()),
        toothed * float(_regular(profiles, _SMALL_PITCHES, wide=1).max()),
        0.0,
    )


def _is_ink(luma: Plane) -> bool:
    """Whether nearly all of it is black or white."""
    grey = cv2.inRange(every(luma, 4), float(_INK), float(255 - _INK))
    return 1 - share(grey) > _ALL_INK


def _toothed(profile: NDArray[np.float32]) -> float:
    least = cv2.erode(profile.reshape(1, -1), np.ones((1, 3), np.uint8))
    return float(np.log((profile.mean() + _STEP_FLOOR) / (np.mean(least) + _STEP_FLOOR)))


def _regular(
    profiles: Sequence[NDArray[np.float32]], pitch: NDArray[np.int64], *, wide: int
) -> NDArray[np.float64]:
    """Return for each pitch how far the autocorrelation there rises above that between."""
    alike = np.minimum(*(_autocorrelation(profile, wide) for profile in profiles))
    twice = np.max([alike[2 * pitch + shift] for shift in (-1, 0, 1)], axis=0)
    between = np.maximum(alike[pitch // 2], alike[pitch + pitch // 2])
    found = np.minimum(alike[pitch], twice) - between
    return np.asarray(found, np.float64)


def _autocorrelation(profile: NDArray[np.float32], wide: int) -> NDArray[np.float64]:
    row = profile.reshape(1, -1)
    teeth = cv2.blur(row - cv2.blur(row, (_SLOW_PX, 1)), (wide, 1)).ravel()
    power = np.abs(np.fft.rfft(teeth, _FFT)) ** 2
    found = np.fft.irfft(power, _FFT)
    return np.asarray(found / (found[0] + 1e-6), np.float64)
