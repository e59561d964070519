"""Lines and strips of lines that don't belong where they are."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from tower_anime.assess.planes import CELL_PX, Plane, Values, quantile
from tower_anime.domain.quality import Unmeasured

_LINE_PX = 256  # lines are compared at this width
_CANDIDATES, _RISE = 48, 1.5  # levels that a border stands out from the lines nearby
_UNMOVED = np.r_[0:3, _LINE_PX - 2 : _LINE_PX]
_STILL = 6  # samples of a compared line: less is a slanted drawing, not a shift
_SHIFT_GAIN, _SHIFT_MATCH = 0.3, 0.7  # how much better, and how well, the shifted line fits
_LINE_NOISE = 60.0 * 16  # so that flat lines correlate with nothing
_LONE_LINE, _LONE_LEVELS = 2.0, 3.0  # how much a lone line stands out from both its neighbours
_STEEP, _CALM, _STEEP_LEVELS = 4.0, 0.2, 6.0  # a strip's border over what calm lines differ by
_TALLEST, _ENDS, _MOST_STRIPS = 17, 2, 128  # lines; ends that a top may have; strips looked at
_ACROSS, _FOREIGN_LEVELS = 0.6, 4.0  # share of a strip that differs from above and below
_OWN_DETAIL, _ALIKE, _FAINT = 36.0, 0.5, 16.0  # levels²; correlation with the lines beside


def torn(turned: Plane) -> Values:
    """Measure lines that don't belong, and strips that are shifted sideways.

    A lone line differs from both neighbours, which agree with each other; several in a row are a
    foreign strip. Below a shifted strip's border a line fits the one above well, but only after a
    shift.
    """
    if turned.shape[1] < 2 * CELL_PX:
        reason = Unmeasured("too few lines to tell torn ones")
        return {"torn_lines": reason, "shifted_strips": reason}
    lines = _narrowed(turned)
    to_next = _line_means(cv2.absdiff(lines[:, 1:], lines[:, :-1]))
    past_next = _line_means(cv2.absdiff(lines[:, 2:], lines[:, :-2]))
    lone = np.minimum(to_next[1:], to_next[:-1]) > _LONE_LINE * past_next + _LONE_LEVELS
    lone[_foreign(lines, to_next) - 1] = True
    padded = np.concatenate([to_next[[0] * 3], to_next, to_next[[-1] * 3]])  # `np.pad` takes longer
    nearby = np.max([padded[shift : shift + to_next.size] for shift in (1, 2, 4, 5)], axis=0)
    rise = to_next - nearby
    borders = np.argsort(-rise)[:_CANDIDATES]
    borders = borders[rise[borders] > _RISE]
    shifted = _fits_shifted(lines[:, borders], lines[:, borders + 1]).sum() if borders.size else 0
    return {"torn_lines": float(lone.mean()), "shifted_strips": float(shifted)}


def _foreign(lines: Plane, to_next: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the lines of strips across the picture that hold something else.

    Both borders of such a strip are steps that have no match around them; nearly all of it differs
    from above and below more than these from each other, by detail of its own.
    """
    none = np.zeros(0, np.int64)
    least = _STEEP * quantile(to_next, _CALM) + _STEEP_LEVELS
    inner, half = to_next[1:-1], 0.5 * to_next
    tops = np.flatnonzero((inner > least) & (half[1:-1] > to_next[:-2])) + 1
    ends = np.flatnonzero((inner > least) & (half[1:-1] > to_next[2:])) + 1
    following = np.searchsorted(ends, tops, side="right")[:, None] + np.arange(_ENDS)
    top, which = np.nonzero(following < ends.size)
    top, end = tops[top], ends[following[top, which]]
    near = end - top <= _TALLEST
    top, end = top[near][:_MOST_STRIPS], end[near][:_MOST_STRIPS]
    if not top.size:
        return none
    above, first, last, below = (
        np.ascontiguousarray(lines[:, at].T, np.float32) for at in (top, top + 1, end, end + 1)
    )
    differs = np.minimum(np.abs(first - above), np.abs(last - below))
    across = (differs > np.abs(below - above) + _FOREIGN_LEVELS).mean(axis=1) >= _ACROSS
    if not across.any():
        return none
    detail = [
        values - cv2.blur(values, (31, 1))
        for values in (above[across], first[across], last[across], below[across])
    ]
    power = [np.mean(values**2, axis=1) for values in detail]
    alike = [
        np.mean(detail[one] * detail[other], axis=1) / np.sqrt(power[one] * power[other] + _FAINT)
        for one, other in ((0, 1), (3, 2))
    ]
    own = (np.minimum(power[1], power[2]) > _OWN_DETAIL) & (np.maximum(*alike) < _ALIKE)
    spans = zip(top[across][own], end[across][own], strict=True)
    return np.concatenate([none, *(np.arange(a + 1, b + 1) for a, b in spans)])


def _narrowed(turned: Plane) -> Plane:
    """Return the picture's lines as columns of `_LINE_PX` means."""
    while turned.shape[0] >= 2 * _LINE_PX:  # four times as fast as resizing
        even = turned.shape[0] // 2 * 2
        turned = cast("Plane", cv2.addWeighted(turned[:even:2], 0.5, turned[1:even:2], 0.5, 0))
    size = (turned.shape[1], _LINE_PX)
    return cast("Plane", cv2.resize(turned, size, interpolation=cv2.INTER_AREA))


def _line_means(columns: cv2.typing.MatLike) -> NDArray[np.float32]:
    return np.asarray(cv2.reduce(columns, 0, cv2.REDUCE_AVG, dtype=cv2.CV_32F), np.float32).ravel()


def _fits_shifted(above: cv2.typing.MatLike, below: cv2.typing.MatLike) -> NDArray[np.bool_]:
    first, second = (_detail_of_lines(lines) for lines in (above, below))
    norm = np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1)) + _LINE_NOISE
    cross = np.fft.rfft(first, axis=1).conj() * np.fft.rfft(second, axis=1)
    fit = np.fft.irfft(cross, _LINE_PX, axis=1) / norm[:, None]
    here = fit[:, _UNMOVED].max(axis=1)
    elsewhere = fit[:, _STILL + 1 : _LINE_PX - _STILL].max(axis=1)
    return np.asarray((elsewhere > _SHIFT_MATCH) & (elsewhere - here > _SHIFT_GAIN), np.bool_)


def _detail_of_lines(lines: cv2.typing.MatLike) -> NDArray[np.float32]:
    values = np.ascontiguousarray(np.asarray(lines).T, np.float32)
    return np.asarray(values - cv2.blur(values, (31, 1)), np.float32)
