"""Squares that don't belong to a picture: what lost packets leave in some frames, or in all."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from tower_anime.domain.frame import Frame, Plane

_STEP = 24  # levels across the side of a square
_SIDE_PX = 12  # that a side is straight for, along the rows or columns: macroblocks have 16
_BLOCK_PX = 16
_LEAST_PX, _LEAST_SIDE = 110, 640  # what motion adds to a frame of such a longer side, and less
_OF_USUAL = 0.1  # of the usual frame's: the more there is, the more of it comes and goes
_OF_RANGE = 0.5  # of what lies between the usual frames
_GRID_PX, _CHANCE = 30, 1.0  # at the borders of macroblocks by chance; times √ of all of them
_FEWEST = 3
_ADDED_PX, _OF_LOST = 50, 0.3  # straight edges that the next frame has not, beyond what moved


@dataclass(frozen=True)
class Straight:
    """How many pixels lie on hard straight edges, by line: below each row, right of each column."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]

    @property
    def all(self) -> tuple[int, int]:
        """Along all the rows, and along all the columns."""
        return int(self.rows.sum()), int(self.columns.sum())


def straight_edges(pixels: Frame) -> Straight:
    """Find the hard straight edges of a picture."""
    luma = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return Straight(_by_line(luma), _by_line(np.ascontiguousarray(luma.T)))


def _by_line(luma: Plane | cv2.typing.MatLike) -> NDArray[np.int64]:
    steps = cv2.absdiff(luma[1:], luma[:-1])
    edges = cv2.threshold(steps, _STEP, 1, cv2.THRESH_BINARY)[1]
    straight = cv2.erode(edges, np.ones((1, _SIDE_PX), np.uint8))
    return np.asarray(cv2.reduce(straight, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S), np.int64).ravel()


def foreign(
    straight: Mapping[int, Straight],
    longer_side: int,
    odd: Collection[int],
    beside: Mapping[int, Sequence[Straight]] = MappingProxyType({}),
) -> tuple[float, int] | None:
    """Return how much of a clip's frames is foreign squares, and the frame that shows it best.

    Up to 1 is nothing. Drawings have straight edges, too: what counts is an `odd` frame that has
    many more in both directions than the usual one, or than both `beside` it, and frames of which
    many lie at the borders of macroblocks. None: with fewer than three frames there is no
    usual one.
    """
    if len(straight) < _FEWEST:
        return None
    lone = [
        (min(added(straight[i], other) for other in beside[i]), i)
        for i in odd
        if i in straight and i in beside
    ]
    scale = max(1.0, longer_side / _LEAST_SIDE)
    everything = {index: np.asarray(edges.all) for index, edges in straight.items()}
    calm = [edges for index, edges in everything.items() if index not in odd]
    if len(calm) < _FEWEST:
        calm = list(everything.values())
    usual = np.median(calm, axis=0)
    least = _LEAST_PX * scale + _OF_USUAL * float(usual.min()) + _OF_RANGE * np.ptp(calm, axis=0)
    single = [
        (float(np.min((everything[index] - usual) / least)), index)
        for index in odd
        if index in straight
    ]
    on_grid = sorted(zip(_on_grid(list(straight.values()), scale), straight, strict=True))
    by, frame = max([*single, *lone, on_grid[len(on_grid) // 2]])
    return max(0.0, by), frame


def added(edges: Straight, other: Straight) -> float:
    """Return how far a frame has straight edges that another has not; up to 1: nothing.

    What moves takes edges from one line to another: as many are lost as are won.
    """
    return min(
        float(change.sum() / (_ADDED_PX - _OF_LOST * np.minimum(change, 0).sum()))
        for change in (edges.rows - other.rows, edges.columns - other.columns)
    )


def _on_grid(frames: Sequence[Straight], scale: float) -> list[float]:
    """Return by frame how far both directions favour the borders of macroblocks; up to 1: chance.

    What a line has in all of the frames is drawn there.
    """
    by_direction = (
        np.stack([edges.rows for edges in frames]),
        np.stack([edges.columns for edges in frames]),
    )
    favoured = []
    for lines in by_direction:
        own = lines - lines.min(axis=0)
        every = own.sum(axis=1)
        beyond = own[:, _BLOCK_PX - 1 :: _BLOCK_PX].sum(axis=1) - every / _BLOCK_PX
        favoured.append(beyond / (_GRID_PX * scale + _CHANCE * np.sqrt(every)))
    return [float(least) for least in np.minimum(*favoured)]
