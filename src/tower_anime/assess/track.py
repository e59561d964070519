"""Glimpses of every frame to one row of numbers a frame: what later arithmetic on time reads.

Memory is one row a frame and a handful of small pictures, whatever the clip's size and length.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from tower_anime.assess.flash import FlashMeter, FlashTrack
from tower_anime.domain.clip import Glimpse
from tower_anime.domain.frame import Grid, Plane

Series: TypeAlias = NDArray[np.float64]
_Cells: TypeAlias = Any  # NDArray[np.float32]; OpenCV's own types are wider

_MOVED_LEVELS = 2.0  # change of a cell that a person sees beside an unchanged one
HELD_LEVELS = 1.5  # largest change of a cell up to which two frames may be one drawing
_KEYS = 33  # pictures kept over the whole clip to see what slides slowly
BLACK_BRIGHT = 27.0  # levels of the brightest hundredth up to which a frame is black
_REFINED, _FADES = 0.3, 0.8  # of a cell's last motion; what is left of it a frame later
JUMP_SHARE, JUMP_LEVELS = 0.5, 6.0  # how much of the picture changes at a cut, and how far
_FOLLOWED = 8  # frames after which a flash of light is over
REGIONS = (3, 4)  # rows and columns of parts whose light is followed by itself
_SHARED = 0.6  # of its size: how far the cells of a part may scatter around a common gain
_BLIP, _BLIP_LEVELS = 3, 4.0  # frames, and the least change of a cell in levels
_SPIKE = 7  # frames: what changes more than the six before it
_BLOCK = 8  # glimpse pixels to a side of what grain is measured in
_CALMEST = 0.05  # of the blocks: where there is noise, it is there as well
_LIKE_IN_MOTION = 0.6  # correlation of neighbours where texture moves; 0.45 to 0.73 in pans, zooms
_GRAIN_EVERY, _SELDOM, _BEGUN = 3, 7, 30  # frames: more often among the first ones
_GAIN_FLOOR = 6.0  # levels that keep dark cells from having a say in the gain

COLUMNS = (
    "time_s",  # of the frame; NaN where the stream has no clock
    "luma",  # mean of luma, levels
    "bright",  # 99th percentile of luma, levels
    "spread",  # σ of luma, levels
    "change_max",  # largest change of a cell since the frame before, beyond refinement, levels
    "change_mean",  # mean change of the cells, levels
    "change_share",  # share of the cells that moved
    "anchor_max",  # as change_max, since the drawing began
    "grain",  # σ of what changed in the calmest blocks since the frame before, levels; NaN: skipped
    "gain",  # median over the cells of ln(luma after / before)
    "tint_blue",  # median change of blue minus green, levels
    "tint_red",  # median change of red minus green, levels
)


@dataclass(frozen=True)
class Jump:
    """A frame that is all different from the one before: a cut, unless its picture comes back.

    `change` is the mean change of the cells (levels), `likeness` the correlation of the two
    pictures (−1 to 1), `same_edges` that of their steps from cell to cell, which no light moves,
    `returns` the least mean difference (levels) of the following frames from the picture before.
    """

    frame: int
    change: float
    likeness: float
    same_edges: float
    returns: float


@dataclass(frozen=True)
class Key:
    """A picture kept of a clip: cells of luma, and of colour (h×w×3, RGB), in levels."""

    frame: int
    cells: NDArray[np.float32]
    colour: Grid


@dataclass(frozen=True)
class Track:
    """A whole clip in numbers: `COLUMNS` by frame, pictures from all over it, flashes.

    `first` and `last` are the cells of the outer frames.
    `regions` holds by frame and part of the picture the gain (ln) that all of the part shares.
    """

    columns: Mapping[str, Series]
    keys: tuple[Key, ...]
    jumps: tuple[Jump, ...]
    regions: NDArray[np.float64]
    first: NDArray[np.float32]
    last: NDArray[np.float32]
    flash: FlashTrack

    @property
    def frames(self) -> int:
        """How many frames were seen."""
        return len(self.columns["luma"])

    def __getitem__(self, name: str) -> Series:
        return self.columns[name]


@dataclass(frozen=True)
class _Seen:
    """What is kept of a frame: cells of luma, their logarithms, and what tints them."""

    cells: _Cells
    logs: _Cells
    blue: _Cells
    red: _Cells


@dataclass
class TrackMeter:
    """Takes the glimpses of a clip in order and holds what they amount to."""

    flash: FlashMeter = field(default_factory=FlashMeter)
    _rows: array[float] = field(default_factory=lambda: array("d"))
    _regions: array[float] = field(default_factory=lambda: array("d"))
    _count: int = 0
    _last: _Seen | None = None
    _luma: Plane | None = None
    _spreads: deque[NDArray[np.float32]] = field(default_factory=lambda: deque(maxlen=3))
    _first: _Cells | None = None
    _anchor: _Cells | None = None
    _moved: _Cells | None = None
    _anchor_moved: _Cells | None = None
    _keys: list[Key] = field(default_factory=list)
    _key_stride: int = 1
    _changes: deque[tuple[float, _Cells, _Cells]] = field(
        default_factory=lambda: deque(maxlen=_SPIKE)
    )
    _jumps: list[tuple[Jump, _Cells]] = field(default_factory=list)
    _over: list[Jump] = field(default_factory=list)

    def see(self, glimpse: Glimpse) -> float:
        """Take the next frame; return how much the frame *before* stood out from both sides.

        That is in levels: what changed to it, or to the one or two before it, and now went back.
        All frames have one size; another is brought to that of the first.
        """
        seen = _seen(glimpse, like=self._last)
        last = self._last or seen
        step = cv2.absdiff(seen.cells, last.cells)
        change = float(cv2.mean(step)[0])
        share = cv2.countNonZero(cv2.threshold(step, _MOVED_LEVELS, 1, 0)[1]) / step.size
        change_max, anchor_max = self._motion(seen.cells, step)
        ratio = cv2.subtract(seen.logs, last.logs)
        mean, deviation = cv2.meanStdDev(glimpse.luma)
        self._rows.extend(
            (
                np.nan if glimpse.time_s is None else glimpse.time_s,
                float(mean[0, 0]),
                _bright(glimpse.luma),
                float(deviation[0, 0]),
                change_max,
                change,
                share,
                anchor_max,
                self._grain(glimpse.luma),
                _median(ratio[::3, ::3]),
                _median(cv2.subtract(seen.blue, last.blue)),
                _median(cv2.subtract(seen.red, last.red)),
            )
        )
        self._regions.extend(_shared_gains(ratio))
        self._note_jump(seen.cells, last.cells, change=change, share=share)
        self.flash.see(glimpse.colour, glimpse.time_s)
        self._keep_key(seen.cells, glimpse.colour)
        stood_out = self._stood_out(step, seen.cells)
        self._changes.append((change, step, last.cells))
        self._last = seen
        self._count += 1
        return stood_out

    def _motion(self, cells: _Cells, step: _Cells) -> tuple[float, float]:
        """Return the largest changes since the frame before and since the drawing began."""
        if self._first is None or self._anchor is None or self._moved is None:
            self._first = self._anchor = cells
            self._moved = self._anchor_moved = step
            return 0.0, 0.0
        change = _beyond(step, self._moved)
        since = _beyond(cv2.absdiff(cells, self._anchor), self._anchor_moved)
        self._moved = cv2.max(step, _FADES * self._moved)
        if max(change, since) > HELD_LEVELS:
            self._anchor, self._anchor_moved = cells, self._moved
        return change, since

    def _grain(self, luma: Plane) -> float:
        """Return σ (levels) of the change in the calmest twentieth of blocks.

        Measured now and then: noise is in all frames, and so is its absence. Of each block the
        calmest of the last three counts: rain and snow leave it alone now and then. What pixels
        side by side have in common is no noise but texture that moves.
        """
        before, self._luma = self._luma, luma
        every = _GRAIN_EVERY if self._count < _BEGUN else _SELDOM
        if self._count % every or before is None or before.shape != luma.shape:
            return float("nan")
        change = cv2.subtract(luma, before, dtype=cv2.CV_32F)
        spread = _spread_in_blocks(change)
        if self._spreads and self._spreads[0].shape != spread.shape:
            self._spreads.clear()
        self._spreads.append(spread)
        calmest = np.minimum.reduce(list(self._spreads))
        lone = 1 - _likeness_of_neighbours(change, spread) / _LIKE_IN_MOTION
        return float(np.sqrt(max(0.0, _ranked(calmest, _CALMEST) * lone)))

    def _note_jump(self, cells: _Cells, before: _Cells, *, change: float, share: float) -> None:
        self._follow_jumps(cells)
        if share >= JUMP_SHARE and change >= JUMP_LEVELS and not self._is_back(cells, change):
            jump = Jump(
                frame=self._count,
                change=change,
                likeness=_likeness(before, cells),
                same_edges=_likeness(_edges(before), _edges(cells)),
                returns=float("inf"),
            )
            self._jumps.append((jump, before))

    def _stood_out(self, step: _Cells, cells: _Cells) -> float:
        """Return the most that 1 to 3 frames differ from what was before and comes after them.

        Each cell counts for itself, so that squares are seen in motion. Or, if more, by how much
        the step to the last frame exceeded those before it.
        """
        steps = [into for into, _, _ in self._changes]
        spike = steps[-1] - max(steps[:-1]) if len(steps) == _SPIKE else 0.0
        if cv2.minMaxLoc(step)[1] < _BLIP_LEVELS:
            return spike
        both_sides = (
            np.maximum(cv2.min(step, into) - cv2.absdiff(cells, before), 0)
            for _, into, before in list(self._changes)[-_BLIP:]
        )
        return max([spike, *(float(cv2.mean(blip)[0]) for blip in both_sides)])

    def _is_back(self, cells: _Cells, change: float) -> bool:
        """Whether this is the picture again that an earlier jump led away from."""
        return any(
            cv2.mean(cv2.absdiff(cells, before))[0] < 0.5 * change for _, before in self._jumps
        )

    def _follow_jumps(self, cells: _Cells) -> None:
        """See whether what was before a jump comes back: a flash, not a cut."""
        followed = [
            (
                replace(jump, returns=min(jump.returns, float(np.abs(cells - before).mean()))),
                before,
            )
            for jump, before in self._jumps
        ]
        self._over += [j for j, _ in followed if self._count - j.frame >= _FOLLOWED]
        self._jumps = [(j, b) for j, b in followed if self._count - j.frame < _FOLLOWED]

    def _keep_key(self, cells: _Cells, colour: Grid) -> None:
        """Keep every n-th picture; when there are too many, every second of them goes."""
        if self._count % self._key_stride:
            return
        if self._keys and colour.shape != self._keys[0].colour.shape:
            rows, columns = self._keys[0].colour.shape[:2]
            colour = np.asarray(cv2.resize(colour, (columns, rows)), np.float32)
        self._keys.append(Key(self._count, cells, colour))
        if len(self._keys) > _KEYS:
            self._keys = self._keys[::2]
            self._key_stride *= 2

    def track(self) -> Track:
        """Return the whole clip; at least one frame must have been seen."""
        assert self._first is not None
        assert self._last is not None
        table = np.frombuffer(self._rows, np.float64).reshape(-1, len(COLUMNS))
        return Track(
            columns={name: table[:, index].copy() for index, name in enumerate(COLUMNS)},
            keys=tuple(self._keys),
            jumps=(*self._over, *(jump for jump, _ in self._jumps)),
            regions=np.frombuffer(self._regions, np.float64).reshape(-1, REGIONS[0] * REGIONS[1]),
            first=self._first,
            last=self._last.cells,
            flash=self.flash.track(),
        )


def _seen(glimpse: Glimpse, *, like: _Seen | None) -> _Seen:
    cells, colour = glimpse.cells, np.ascontiguousarray(glimpse.colour[::4, ::4])
    if like is not None and cells.shape != like.cells.shape:
        size = (like.cells.shape[1], like.cells.shape[0])
        cells = np.asarray(cv2.resize(cells, size, interpolation=cv2.INTER_AREA), np.float32)
    if like is not None and colour.shape[:2] != like.blue.shape:
        flat = (like.blue.shape[1], like.blue.shape[0])
        colour = np.asarray(cv2.resize(colour, flat, interpolation=cv2.INTER_AREA), np.float32)
    red, green, blue = cv2.split(colour)
    return _Seen(
        cells=cells,
        logs=cv2.log(cells + np.float32(_GAIN_FLOOR)),
        blue=cv2.subtract(blue, green),
        red=cv2.subtract(red, green),
    )


def _halved(plane: _Cells, size: tuple[int, int]) -> _Cells:
    """Average to `size`, by halves while they fit: OpenCV has a faster way for those."""
    width, height = size
    while plane.shape[0] % (2 * height) == 0 and plane.shape[1] % (2 * width) == 0:
        half = (plane.shape[1] // 2, plane.shape[0] // 2)
        plane = cv2.resize(plane, half, interpolation=cv2.INTER_AREA)
    if plane.shape[:2] == (height, width):
        return plane
    return cv2.resize(plane, size, interpolation=cv2.INTER_AREA)


def _spread_in_blocks(change: _Cells) -> NDArray[np.float32]:
    """Return the variance (levels²) of the change in blocks of 8×8.

    The block's mean is taken out, so that light and fades have no say; motion leaves some blocks
    alone, noise none.
    """
    size = (max(1, change.shape[1] // _BLOCK), max(1, change.shape[0] // _BLOCK))
    part = change[: size[1] * _BLOCK, : size[0] * _BLOCK]
    mean, power = _halved(part, size), _halved(cv2.multiply(part, part), size)
    return np.asarray(power - mean * mean, np.float32)


def _likeness_of_neighbours(change: _Cells, spread: NDArray[np.float32]) -> float:
    """Return the correlation of the change with the next pixel's, in the calmest of the blocks.

    That along the rows or that along the columns, whichever is more: 0 for noise.
    """
    down, across = spread.shape
    if change.shape[0] < _BLOCK or change.shape[1] < _BLOCK:
        return 0.0
    blocks = change[: down * _BLOCK, : across * _BLOCK].reshape(down, _BLOCK, across, _BLOCK)
    most = _ranked(spread, _CALMEST)
    if most <= 0:
        return 0.0
    calm = blocks.swapaxes(1, 2)[spread <= most]
    calm = calm - calm.mean(axis=(1, 2), keepdims=True)
    power = float(np.square(calm).mean())
    rows = float((calm[:, :, 1:] * calm[:, :, :-1]).mean())
    columns = float((calm[:, 1:] * calm[:, :-1]).mean())
    return max(0.0, rows, columns) / power


def _bright(luma: Plane) -> float:
    """Return the level that a hundredth of the pixels lies above."""
    return _ranked(luma[::4, ::2], 0.99)


def _beyond(step: _Cells, moved: _Cells) -> float:
    """Return the largest change that is no refinement: codecs touch up what has just moved."""
    return max(0.0, cv2.minMaxLoc(cv2.scaleAdd(moved, -_REFINED, step))[1])


def _shared_gains(ratio: _Cells) -> list[float]:
    """Return for each part of the picture the gain that most of its cells share, else 0.

    What moves changes some cells up and others down; light changes all of them alike.
    """
    down, across = (side // parts for side, parts in zip(ratio.shape, REGIONS, strict=True))
    if down < 2 or across < 2:
        return [0.0] * (REGIONS[0] * REGIONS[1])
    parts = (
        ratio[: down * REGIONS[0], : across * REGIONS[1]]
        .reshape(REGIONS[0], down, REGIONS[1], across)[:, ::2, :, ::2]
        .swapaxes(1, 2)
        .reshape(REGIONS[0] * REGIONS[1], -1)
    )
    ranks = np.sort(parts, axis=1)
    count = ranks.shape[1]
    middle = ranks[:, count // 2]
    scatter = 0.5 * (ranks[:, count * 3 // 4] - ranks[:, count // 4])
    shared = np.where(scatter <= _SHARED * np.abs(middle), middle, 0.0)
    gains: list[float] = shared.tolist()
    return gains


def _likeness(before: _Cells, after: _Cells) -> float:
    """Return the correlation of two arrays; 1 for a picture that only got brighter."""
    if before.size < 2:
        return 0.0
    a, b = before - before.mean(), after - after.mean()
    size = float(np.sqrt(np.square(a).sum() * np.square(b).sum()))
    return float((a * b).sum()) / size if size > 0 else 0.0


def _edges(cells: _Cells) -> _Cells:
    """Return the steps between neighbouring cells as ratios (ln), along rows and columns."""
    light = np.log(np.asarray(cells) + np.float32(_GAIN_FLOOR))
    return np.concatenate([np.diff(light, axis=axis).ravel() for axis in (0, 1)])


def _median(values: _Cells) -> float:
    """Return the upper median, in a quarter of the time of `np.median`."""
    return _ranked(values, 0.5)


def _ranked(values: _Cells, share: float) -> float:
    """Return the value that this share of all lies below.

    NumPy sorts floats faster than it parts them, with many equal ones above all; bytes it parts.
    """
    flat = values.flatten()
    rank = int(flat.size * share)
    if flat.dtype == np.uint8:
        flat.partition(rank)
    else:
        flat.sort()
    return float(flat[rank])
