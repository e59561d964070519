"""The planes that all measurements of a still share: one pyramid, 8 bits deep."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias, TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from tower_anime.domain.frame import Frame
from tower_anime.domain.quality import Unmeasured

Plane: TypeAlias = NDArray[np.uint8]
"""H×W, 0–255, C-contiguous."""

Values: TypeAlias = dict[str, float | Unmeasured]
Channels: TypeAlias = tuple[Plane, Plane, Plane]
"""Luma, red and blue (YCrCb)."""

Pixels = TypeVar("Pixels", bound=NDArray[np.uint8])

BAND_PX = 1024
"""Rows worked on at a time where a picture's own size of memory would be needed else."""

CELL_PX = 8
"""Grids of cells have one entry for each 8×8 px of the picture."""


@dataclass(frozen=True)
class Planes:
    """Luma (BT.601) and chroma of a picture of any size, each made when it is first asked for.

    Each level averages 2×2 pixels of the one before, so that noise falls by half.
    """

    frame: Frame

    @cached_property
    def sample(self) -> Frame:
        """Every fourth pixel of every fourth row, as it is."""
        return every(self.frame, 4)

    @cached_property
    def luma(self) -> Plane:
        """Luma at full size."""
        return cast("Plane", cv2.cvtColor(self.frame, cv2.COLOR_RGB2GRAY))

    @cached_property
    def luma_turned(self) -> Plane:
        """Luma with columns as rows."""
        return cast("Plane", cv2.transpose(self.luma))

    @cached_property
    def _at_half(self) -> tuple[Frame, Channels]:
        half = halved(self.frame)  # not kept: it would be the largest of all
        luma, red, blue = cv2.split(cv2.cvtColor(half, cv2.COLOR_RGB2YCrCb))
        return every(half, 2), cast("Channels", (luma, red, blue))

    @property
    def half_sample(self) -> Frame:
        """Every second pixel of every second row of the half size."""
        return self._at_half[0]

    @property
    def half(self) -> Channels:
        """Luma, red and blue (YCrCb) at half size; as planes they cost half as much to work on."""
        return self._at_half[1]

    @cached_property
    def quarter(self) -> Channels:
        """The same at quarter size."""
        luma, red, blue = self.half
        return halved(luma), halved(red), halved(blue)

    @property
    def luma_quarter(self) -> Plane:
        """Luma at quarter size."""
        return self.quarter[0]

    @cached_property
    def luma_eighth(self) -> Plane:
        """Luma at eighth size."""
        return halved(self.luma_quarter)

    @cached_property
    def bends(self) -> tuple[Plane, Plane]:
        """|second difference| of luma along every fourth row and every fourth column.

        There is none at both ends of a line.
        """
        return _bends(self.luma), _bends(self.luma_turned)


def _bends(luma: Plane) -> Plane:
    """Return |the rise to the right minus the rise from the left|, without leaving 8 bits."""
    lines = luma[::4]
    up = cv2.subtract(lines[:, 1:], lines[:, :-1])
    down = cv2.subtract(lines[:, :-1], lines[:, 1:])
    bends = np.zeros_like(lines)
    there, back = cv2.add(up[:, 1:], down[:, :-1]), cv2.add(down[:, 1:], up[:, :-1])
    cv2.absdiff(there, back, bends[:, 1:-1])
    return bends


def halved(image: Pixels) -> Pixels:
    """Average 2×2 pixels; an odd last row or column is left out, a single one is kept."""
    height, width = (max(1, size // 2) for size in image.shape[:2])
    even = image[: max(1, height * 2), : max(1, width * 2)]
    return cast("Pixels", cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA))


def every(image: Pixels, step: int) -> Pixels:
    """Return every `step`-th pixel of every `step`-th row."""
    height, width = image.shape[:2]
    if height % step or width % step:
        return cast("Pixels", np.ascontiguousarray(image[::step, ::step]))
    size = (width // step, height // step)  # the same pixels, five times as fast
    return cast("Pixels", cv2.resize(image, size, interpolation=cv2.INTER_NEAREST))


def tile_means(image: Pixels, side: int) -> Pixels:
    """Average whole tiles of `side`×`side` pixels; what does not fill a tile is left out."""
    height, width = (size // side for size in image.shape[:2])
    whole = image[: height * side, : width * side]
    return cast("Pixels", cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA))


def quantile(values: NDArray[np.generic], share: float) -> float:
    """Return the value with `share` of all below it: `np.quantile` takes six times as long."""
    rank = round(share * (values.size - 1))
    return float(np.partition(values, rank, axis=None)[rank])


def share(mask: cv2.typing.MatLike) -> float:
    """Return how much of a mask is set, 0–1."""
    return cv2.countNonZero(mask) / mask.size
