"""Motion that is shown at random times: its pictures come late, and each then jumps as far.

An animator who holds a drawing spaces the next one by design, and a mouth opens the same however
long it was closed. Where frames are merely shown late, a step is as long as the time before it.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from tower_anime.assess.track import Series

_FEWEST, _WINDOW = 8, 12  # drawings in a row
_UNLIKE, _FAR = 0.5, 0.25  # of neighbours whose times differ: at all, and by two frames and more
_UNEVEN = 1.3  # frames: how far a drawing is from any steady beat
_FOLLOWS = 0.7  # correlation of ln(step) with ln(time before it)
_FAINT = 0.1  # levels: flashes count as no step, and codecs swallow as much
_WILD, _MOST_ALIKE = 0.45, 0.42  # of neighbours that are two frames apart; of equal times
_SLOWER = 5  # frames: nobody draws so slowly between drawings on 1s
_LEAST_SHARE = 0.01  # of the picture, that a usual step changes


def judders(steps: Series, runs: NDArray[np.int64], shares: Series, longest: float) -> list[int]:
    """Return the drawings that stand at least two frames longer or shorter than the one before.

    Only where all around them is timed at random.

    Args:
        steps: N levels; what each drawing changes of the one before it.
        runs: N frames that each stands.
        shares: N; of the picture, that each changes.
        longest: frames; what stands longer is a hold.
    """
    pairs = len(runs) - 1  # a step, and the time of the drawing before it
    window = min(_WINDOW, pairs)
    if window < _FEWEST:
        return []
    times = sliding_window_view(runs[:-1].astype(np.float64), window)
    sizes = sliding_window_view(np.log(np.maximum(steps[1:], 0.5 * _FAINT)), window)
    apart = np.abs(np.diff(times, axis=1))
    random = (times.max(axis=1) <= longest) & ((apart >= 1).mean(axis=1) >= _UNLIKE)
    random &= (apart >= 2).mean(axis=1) >= _FAR
    random &= sizes.min(axis=1) > np.log(_FAINT)
    random &= np.median(sliding_window_view(shares[1:], window), axis=1) >= _LEAST_SHARE
    if not random.any():
        return []
    begins = np.cumsum(times, axis=1)
    beat = _centred(np.arange(window, dtype=np.float64)[None])
    strays = _centred(begins)
    strays -= (strays @ beat.T) / np.sum(beat**2) * beat
    random &= np.abs(strays).max(axis=1) >= _UNEVEN
    time, size = _centred(np.log(times)), _centred(sizes)
    norm = np.sqrt(np.sum(time**2, axis=1) * np.sum(size**2, axis=1))
    follows = np.sum(time * size, axis=1) >= _FOLLOWS * np.maximum(norm, 1e-9)
    random &= follows | _is_wild(times, apart)
    members = {int(at) + offset for at in np.flatnonzero(random) for offset in range(1, window)}
    return sorted(index for index in members if abs(int(runs[index] - runs[index - 1])) >= 2)


def _is_wild(times: NDArray[np.float64], apart: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return where times go from one frame to five and more, and none is usual."""
    counts = np.stack([(times == run).mean(axis=1) for run in range(1, 7)])
    wild = (counts.max(axis=0) <= _MOST_ALIKE) & ((apart >= 2).mean(axis=1) >= _WILD)
    return np.asarray(wild & (times.min(axis=1) <= 1) & (times.max(axis=1) >= _SLOWER), np.bool_)


def _centred(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(values - values.mean(axis=1, keepdims=True), np.float64)
