"""The one array alias of pixels, checked once at the door."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tower_anime.errors import BadInput

Frame: TypeAlias = NDArray[np.uint8]
"""H×W×3, RGB, 0–255, C-contiguous."""

Plane: TypeAlias = NDArray[np.uint8]
"""H×W, 0–255."""

Grid: TypeAlias = NDArray[np.float32]
"""Means of blocks: h×w×3, RGB, 0–255, finer than whole levels."""


def check_frame(array: NDArray[np.generic]) -> Frame:
    """Return `array` as a `Frame`, or raise `BadInput` that says what is wrong with it."""
    if array.ndim != 3 or array.shape[2] != 3 or array.dtype != np.uint8:
        raise BadInput(f"a frame is H×W×3 uint8 RGB; got shape {array.shape} of {array.dtype}")
    if array.shape[0] == 0 or array.shape[1] == 0:
        raise BadInput(f"a frame needs at least one pixel; got {array.shape[1]}×{array.shape[0]}")
    return np.ascontiguousarray(array, dtype=np.uint8)
