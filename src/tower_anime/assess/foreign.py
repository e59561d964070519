"""Squares that don't belong to a picture: what lost packets leave in some frames, or in all."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

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
_PANS = 1.5  # times that: drawn edges are hard where a pan comes to whole pixels, soft between
_GRID_PX, _CHANCE = 30, 1.0  # at the borders of macroblocks by chance; times √ of all of them
_FEWEST = 3
_ALIEN_STEP = 12  # levels by which squares stand out from the frames before and after
_ALIEN_PX, _ALIEN_CHANCE = 30, 2.0  # of their sides at borders of macroblocks; times what chance is
_SLICES_PX = 120  # along borders of rows; of 130 correct clips of 640 px none has more than 24


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
    return Straight(*_by_line(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), _STEP))


_Lines: TypeAlias = NDArray[np.int64]


def _by_line(luma: cv2.typing.MatLike, least: int) -> tuple[_Lines, _Lines]:
    """Count pixels on straight edges below each row, and right of each column."""
    return _by_column(cv2.transpose(luma), least), _by_column(luma, least)


def _by_column(luma: cv2.typing.MatLike, least: int) -> _Lines:
    """Upright ones are found in a fifth of the time that it takes along the rows."""
    steps = cv2.absdiff(luma[:, 1:], luma[:, :-1])
    edges = cv2.threshold(steps, least, 1, cv2.THRESH_BINARY)[1]
    straight = cv2.erode(edges, np.ones((_SIDE_PX, 1), np.uint8))
    return np.asarray(cv2.reduce(straight, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S), np.int64).ravel()


def foreign(
    straight: Mapping[int, Straight],
    longer_side: int,
    odd: Collection[int],
) -> tuple[float, int] | None:
    """Return how much of a clip's frames is foreign squares, and the frame that shows it best.

    Up to 1 is nothing. Drawings have straight edges, too: what counts is an `odd` frame that has
    many more in both directions than the usual one, and frames of which many lie at the borders of
    macroblocks. None: with fewer than three frames there is no usual one.
    """
    if len(straight) < _FEWEST:
        return None
    scale = max(1.0, longer_side / _LEAST_SIDE)
    everything = {index: np.asarray(edges.all) for index, edges in straight.items()}
    calm = [edges for index, edges in everything.items() if index not in odd]
    if len(calm) < _FEWEST:
        calm = list(everything.values())
    usual = np.median(calm, axis=0)
    least = _LEAST_PX * scale + _OF_USUAL * float(usual.min()) + _OF_RANGE * np.ptp(calm, axis=0)
    single = [
        (float(np.min((everything[index] - usual) / least)) / _PANS, index)
        for index in odd
        if index in straight
    ]
    on_grid = sorted(zip(_on_grid(list(straight.values()), scale), straight, strict=True))
    by, frame = max([*single, on_grid[len(on_grid) // 2]])
    return max(0.0, by), frame


def squares_over(now: Plane, was: Plane, will: Plane) -> float:
    """Return how far luma shows squares that are neither before nor after; up to 1: nothing.

    What lies where macroblocks do counts: whatever else moves, shakes or flashes has its edges
    anywhere. Of slices that slipped or were smeared there are only the borders between rows.
    """
    apart = cv2.min(cv2.absdiff(now, was), cv2.absdiff(now, will))
    alien = cv2.subtract(apart, cv2.absdiff(was, will))
    if cv2.minMaxLoc(alien)[1] <= _ALIEN_STEP:
        return 0.0
    scale: float = max(1.0, max(now.shape) / _LEAST_SIDE)
    rows, columns = (_beyond_chance(lines) for lines in _by_line(alien, _ALIEN_STEP))
    return max(
        0.0,
        min(rows, columns) / _ALIEN_PX,
        rows / (_SLICES_PX * scale),
    )


def _beyond_chance(lines: NDArray[np.int64]) -> float:
    """Return how many pixels lie at the borders of macroblocks, beyond what chance brings there."""
    at_borders = int(lines[_BLOCK_PX - 1 :: _BLOCK_PX].sum())
    elsewhere = int(lines.sum()) - at_borders
    return at_borders - _ALIEN_CHANCE * elsewhere / (_BLOCK_PX - 1)


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
