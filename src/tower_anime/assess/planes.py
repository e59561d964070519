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
Pixels = TypeVar("Pixels", bound=NDArray[np.uint8])

_BEND = np.array([[1, -2, 1]], np.float32)

BAND_PX = 1024
"""Rows worked on at a time where a picture's own size of memory would be needed else."""

CELL_PX = 8
"""Grids of cells have one entry for each 8×8 px of the picture."""


@dataclass(frozen=True)
class Planes:
    """Luma (BT.601) at full, quarter and eighth size; YCrCb at half and quarter.

    Each level averages 2×2 pixels of the one before, so that noise falls by half. `sample` has
    every fourth pixel of every fourth row as it is, `half_sample` every second of the half size.
    """

    sample: Frame
    luma: Plane
    luma_turned: Plane
    half_sample: Frame
    ycc_half: Frame
    ycc_quarter: Frame
    luma_quarter: Plane
    luma_eighth: Plane

    @cached_property
    def bends(self) -> tuple[Plane, Plane]:
        """|second difference| of luma along every fourth row and every fourth column."""
        return _bends(self.luma), _bends(self.luma_turned)


def planes_of(frame: Frame) -> Planes:
    """Build the pyramid of a picture of any size."""
    luma = cast("Plane", cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY))
    half = halved(frame)
    ycc_half = cast("Frame", cv2.cvtColor(half, cv2.COLOR_RGB2YCrCb))
    ycc_quarter = halved(ycc_half)
    luma_quarter = channel(ycc_quarter, 0)
    return Planes(
        sample=every(frame, 4),
        luma=luma,
        luma_turned=cast("Plane", cv2.transpose(luma)),
        half_sample=every(half, 2),
        ycc_half=ycc_half,
        ycc_quarter=ycc_quarter,
        luma_quarter=luma_quarter,
        luma_eighth=halved(luma_quarter),
    )


def _bends(luma: Plane) -> Plane:
    return cast("Plane", cv2.convertScaleAbs(cv2.filter2D(luma[::4], cv2.CV_16S, _BEND)))


def channel(image: Frame, index: int) -> Plane:
    """Return one channel as a plane of its own."""
    return cast("Plane", cv2.extractChannel(image, index))


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
