"""Motion so even that each frame's share of it is known: a pan, a zoom, rain, a drift.

What a repeat leaves standing, and what the next frame then catches up with, is told by how much
less or more changes than in the frames around it, whatever that is in levels.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tower_anime.assess.flow import is_film_rate, windows
from tower_anime.assess.track import Series, Track

Mask = NDArray[np.bool_]

_LEAST = 0.05  # levels of mean change: codecs swallow as much, or make it
_NEAR, _STEADY = 0.25, 0.75  # of the usual change; of the new frames around that lie within it
_FEWEST = 8  # of them
_BESIDE, _SELDOM = 8, 0.4  # frames to both sides of a dip, and how many of them may be dips
_REPEATED = 0.35  # of a largest change: repeats have no say in what is usual
_SIGMAS = 5.0  # robust ones that an uncommon change is away from the usual one
_TIMES = 3.0  # how far a fifth of the new frames strays: codecs change more now and then
_DIP, _RISE = 0.4, 0.4  # of the usual change: the least that counts
_MOVES = 0.87  # of the usual change, before a dip and behind: motion goes on
_EVERYWHERE = 0.08  # of the largest change: a camera moves, which no animator holds for so short
_HOLD_S, _STOP_S = 0.45, 1.0  # a dip that lasts longer is a hold, or a stop of the camera
_STALLED, _STALLED_S = 3, 0.12  # frames, s: from both on it is no hitch but a stall
_FILM = 15  # frames to both sides
_LEAST_RISE = 0.3  # levels: a key frame changes as much by itself
_HITCH, _CAUGHT_UP, _STALL = 0.35, 0.5, 1.0


def hitches(track: Track, told: Mask, rate: float) -> dict[int, tuple[int, float]]:
    """Return by first frame how many frames of even motion stand or jump, and how much that weighs.

    Args:
        track: of the clip.
        told: frames whose change is motion: no cut, no flash.
        rate: frames per second.
    """
    change = track["change_mean"]
    usual, least, most = _usual(change)
    is_camera = usual >= _EVERYWHERE * np.median(windows(track["change_max"]), axis=1)
    dips, rises = change <= least, (change >= most) & (change >= _LEAST_RISE)
    stands = change <= (1 - _DIP) * usual
    found: dict[int, tuple[int, float]] = {}
    for first, end in _spans(dips, rises):
        beside = usual[first - 1]
        goes_on = min(change[first - 1], change[max(end, first + 1)]) >= _MOVES * beside
        if not goes_on or not told[first - 2 : end + 2].all() or _is_usual(stands, first, end):
            continue
        if end - first == 1 and _is_film(stands, first, rate):
            continue
        lasts, jumps = end - first, bool(rises[end])
        if lasts <= rate * (_STOP_S if jumps or is_camera[first - 1] else _HOLD_S):
            is_stall = lasts >= max(_STALLED, _STALLED_S * rate)
            weight = _STALL if is_stall else _CAUGHT_UP if lasts and jumps else _HITCH
            found[first] = (max(1, lasts), weight)
    return found


def _spans(dips: Mask, rises: Mask) -> Iterator[tuple[int, int]]:
    """Yield the first frame of each dip and the one behind it, the same twice for a lone rise."""
    first, last = 2, len(dips) - 2
    while first < last:
        end = first
        while end < last and dips[end]:
            end += 1
        if end > first or (rises[first] and not rises[first - 1] and not rises[first + 1]):
            yield first, end
        first = end + 1


def _is_usual(stands: Mask, first: int, end: int) -> bool:
    """Whether frames around stand as well: drawings come on 2s and slower."""
    before, behind = stands[max(1, first - _BESIDE) : first], stands[end : end + _BESIDE]
    return bool(max(before.mean(), behind.mean()) > _SELDOM)


def _is_film(stands: Mask, first: int, rate: float) -> bool:
    """Whether frames repeat at just the beat that makes film of 24 or 25 a second fill the rate."""
    around = np.flatnonzero(stands[max(1, first - _FILM) : first + _FILM + 1])
    gaps = np.diff(around)
    if len(gaps) < 2 or np.ptp(gaps) > 1:
        return False
    return is_film_rate(rate * (1 - 1 / float(gaps.mean())))


def _usual(change: Series) -> tuple[Series, Series, Series]:
    """Return by frame the usual change around it, and what is too little and too much beside it.

    Frames that repeat have no say. Nothing is where motion is not steady.
    """
    around = windows(change)
    ranks = np.sort(around, axis=1)
    repeats = (ranks < _REPEATED * ranks[:, -4:-3]).sum(axis=1)
    new = ranks.shape[1] - repeats
    usual = np.maximum(_at(ranks, repeats + new // 2), 1e-3)
    apart = np.sort(np.abs(around / usual[:, None] - 1), axis=1)
    sigma = _SIGMAS * 1.48 * _at(apart, (0.5 * new).astype(np.int64))
    near = (apart <= _NEAR).sum(axis=1)
    steady = (near >= _STEADY * new) & (new >= _FEWEST) & (usual >= _LEAST)
    least = np.where(steady, usual * (1 - np.maximum(_DIP, sigma)), -1.0)
    astray = _TIMES * _at(apart, (0.8 * new).astype(np.int64))
    most = np.where(steady, usual * (1 + np.maximum(_RISE, np.maximum(sigma, astray))), np.inf)
    return usual, least, most


def _at(ranks: Series, place: NDArray[np.int64]) -> Series:
    return np.take_along_axis(ranks, place[:, None], axis=1)[:, 0]
