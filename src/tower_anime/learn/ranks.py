"""Ranks of figures, those of equal ones shared: in order of place they would seem to rise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_DIGITS = 9  # what differs by rounding is equal


def ranks(figures: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rank of each figure from 0 to 1, equal ones at their middle; 0.5 on average."""
    _, place, counts = np.unique(
        np.round(figures, _DIGITS), return_inverse=True, return_counts=True
    )
    middles = np.cumsum(counts) - counts / 2
    found: NDArray[np.float64] = middles[place] / len(figures)
    return found
