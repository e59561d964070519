"""Where the whole picture moves on from each frame to the next: pans, zooms, slow drifting."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tower_anime.assess.track import Series, Track

AROUND = 12
"""Frames to both sides: in the most leisurely cadence six of them are new."""

_ALIKE, _STEADY = 0.3, 0.6  # of the usual change; of the frames around
_EVERYWHERE = 0.08  # of the largest change: where only a part moves it is far larger than the mean
_LEAST, _GOES_ON = 0.1, 0.4  # levels of mean change; of the usual one


def windows(values: Series) -> Series:
    """Return what is around each frame, a row for each."""
    padded = np.pad(values, AROUND, mode="reflect" if len(values) > AROUND else "edge")
    around: Series = np.lib.stride_tricks.sliding_window_view(padded, 2 * AROUND + 1)
    return around


def flow(track: Track) -> Series:
    """Return by frame the usual change (levels) of a flow that goes on there, else 0.

    A slow pan moves cells by less than a drawing does: what tells it is how alike its frames'
    changes are.
    """
    around = windows(track["change_mean"])
    usual = np.median(around, axis=1)
    alike = np.mean(np.abs(around - usual[:, None]) <= _ALIKE * usual[:, None], axis=1)
    everywhere = usual >= _EVERYWHERE * np.median(windows(track["change_max"]), axis=1)
    flows = (alike >= _STEADY) & everywhere & (usual >= _LEAST)
    return np.where(flows, usual, 0.0)


def goes_on(track: Track, flows: Series, starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first frame of each drawing; in a flow each frame that goes on with it is one."""
    is_start = np.zeros(track.frames, np.bool_)
    is_start[starts] = True
    moved = np.where(flows > 0, track["change_mean"] >= _GOES_ON * flows, is_start)
    moved[0] = True
    return np.flatnonzero(moved)


def is_film_rate(rate: float) -> bool:
    """Whether so many new frames a second are film's, which fills a higher rate by repeats."""
    return min(abs(rate / film - 1) for film in _FILM_RATES) <= _AS_FILM


_FILM_RATES, _AS_FILM = (24, 25, 48, 50), 0.03
