"""Squares that don't belong to a picture: what a lost packet leaves in single frames."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import cv2
import numpy as np

from tower_anime.domain.frame import Frame, Plane

_STEP = 24  # levels across the side of a square
_SIDE_PX = 12  # that a side is straight for, along the rows or columns: macroblocks have 16
_LEAST_PX, _LEAST_SIDE = 110, 640  # what motion adds to a frame of such a longer side, and less
_OF_USUAL = 0.1  # of the usual frame's: the more there is, the more of it comes and goes


def straight_px(pixels: Frame) -> tuple[int, int]:
    """Return how many pixels lie on hard straight edges along the rows, and along the columns."""
    luma = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return _along_rows(luma), _along_rows(np.ascontiguousarray(luma.T))


def _along_rows(luma: Plane | cv2.typing.MatLike) -> int:
    steps = cv2.absdiff(luma[1:], luma[:-1])
    edges = cv2.threshold(steps, _STEP, 1, cv2.THRESH_BINARY)[1]
    return cv2.countNonZero(cv2.erode(edges, np.ones((1, _SIDE_PX), np.uint8)))


def foreign(
    straight: Mapping[int, tuple[int, int]], longer_side: int, odd: Collection[int]
) -> tuple[float, int] | None:
    """Return by how much an odd frame has more straight edges than the usual one, and which.

    The excess is in units of what motion makes of it: up to 1 is nothing. Drawings have straight
    edges, too, but squares bring both directions, and only into some of the frames. None: with
    fewer than three frames there is no usual one.
    """
    if len(straight) < _FEWEST:
        return None
    usual = np.median(list(straight.values()), axis=0)
    least = _LEAST_PX * max(1.0, longer_side / _LEAST_SIDE) + _OF_USUAL * float(usual.min())
    found = [
        (float(np.min(straight[index] - usual)) / least, index)
        for index in odd
        if index in straight
    ]
    by, frame = max(found, default=(0.0, min(straight)))
    return max(0.0, by), frame


_FEWEST = 3
