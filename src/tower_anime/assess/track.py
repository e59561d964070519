"""Glimpses of every frame to one row of numbers a frame: what later arithmetic on time reads.

Memory is one row a frame and a handful of small pictures, whatever the clip's size and length.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from tower_anime.assess.flash import FlashMeter, FlashTrack
from tower_anime.domain.clip import Glimpse
from tower_anime.domain.frame import Plane

Series: TypeAlias = NDArray[np.float64]
_Cells: TypeAlias = NDArray[np.float32]

CELL = 4  # glimpse pixels to a side of a cell: averages out noise of pixels and of codecs
_MOVED_LEVELS = 2.0  # change of a cell that a person sees beside an unchanged one
HELD_LEVELS = 1.5  # largest change of a cell up to which two frames may be one drawing
_KEYS = 33  # pictures kept over the whole clip to see what slides slowly
BLACK_BRIGHT = 26.0  # levels of the brightest hundredth up to which a frame is black
_REFINED, _FADES = 0.3, 0.8  # of a cell's last motion; what is left of it a frame later
JUMP_SHARE, JUMP_LEVELS = 0.5, 6.0  # how much of the picture changes at a cut, and how far
_FOLLOWED = 8  # frames after which a flash of light is over
REGIONS = (3, 4)  # rows and columns of parts whose light is followed by itself
_SHARED = 0.6  # of its size: how far the cells of a part may scatter around a common gain
_BLIP, _BLIP_LEVELS = 3, 1.0  # frames, and the least mean change of the cells in levels
_GAIN_FLOOR = 6.0  # levels that keep dark cells from having a say in the gain

COLUMNS = (
    "time_s",  # of the frame; NaN where the stream has no clock
    "is_key",  # 1 where the codec starts afresh
    "luma",  # mean of luma, levels
    "bright",  # 99th percentile of luma, levels
    "spread",  # σ of luma, levels
    "change_max",  # largest change of a cell since the frame before, beyond refinement, levels
    "change_mean",  # mean change of the cells, levels
    "change_share",  # share of the cells that moved
    "anchor_max",  # the same since the drawing began, levels
    "back_mean",  # mean change since the frame before last, levels
    "tone",  # distance (0–1) between the histograms of luma and of the frame before
    "gain",  # median over the cells of ln(luma after / before)
    "gain_spread",  # median deviation of the cells from that
    "tint_blue",  # median change of blue minus green, levels
    "tint_red",  # median change of red minus green, levels
)


@dataclass(frozen=True)
class Jump:
    """A frame that is all different from the one before: a cut, unless its picture comes back.

    `change` is the mean change of the cells (levels), `likeness` the correlation of the two
    pictures (−1 to 1), `returns` the least mean difference (levels) of the following frames from
    the picture before.
    """

    frame: int
    change: float
    likeness: float
    returns: float


@dataclass(frozen=True)
class Track:
    """A whole clip in numbers: `COLUMNS` by frame, key pictures, flashes.

    `keys` are cells of luma at `key_frames`; `first` and `last` the cells of the outer frames.
    `regions` holds by frame and part of the picture the gain (ln) that all of the part shares.
    """

    columns: Mapping[str, Series]
    key_frames: tuple[int, ...]
    keys: tuple[NDArray[np.float32], ...]
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


@dataclass
class TrackMeter:
    """Takes the glimpses of a clip in order and holds what they amount to."""

    rows: array[float] = field(default_factory=lambda: array("d"))
    flash: FlashMeter = field(default_factory=FlashMeter)
    _count: int = 0
    _cells: _Cells | None = None
    _before: _Cells | None = None
    _anchor: _Cells | None = None
    _moved: _Cells | None = None
    _anchor_moved: _Cells | None = None
    _first: _Cells | None = None
    _tint: tuple[_Cells, _Cells] | None = None
    _histogram: NDArray[np.float32] | None = None
    _keys: list[tuple[int, _Cells]] = field(default_factory=list)
    _key_stride: int = 1
    _changes: deque[tuple[float, _Cells]] = field(default_factory=lambda: deque(maxlen=_BLIP))
    _jumps: list[tuple[Jump, _Cells]] = field(default_factory=list)
    _over: list[Jump] = field(default_factory=list)
    _regions: array[float] = field(default_factory=lambda: array("d"))

    def see(self, glimpse: Glimpse) -> float:
        """Take the next frame; return how much the frame *before* stood out from both sides.

        That is in levels: what changed to it, or to the one or two before it, and now went back.
        All frames have one size.
        """
        cells = _cells(glimpse.luma)
        if self._cells is not None and cells.shape != self._cells.shape:
            size = (self._cells.shape[1], self._cells.shape[0])
            cells = cast("_Cells", cv2.resize(cells, size, interpolation=cv2.INTER_AREA))
        green = glimpse.colour[..., 1]
        blue, red = glimpse.colour[..., 2] - green, glimpse.colour[..., 0] - green
        histogram = _histogram(glimpse.luma)
        before = cells if self._cells is None else self._cells
        earlier = before if self._before is None else self._before
        anchor = cells if self._anchor is None else self._anchor
        tints = (blue, red) if self._tint is None else self._tint
        last_tone = histogram if self._histogram is None else self._histogram
        step = np.abs(cells - before)
        change_max = _beyond(step, self._moved)
        anchor_max = _beyond(np.abs(cells - anchor), self._anchor_moved)
        self._moved = step if self._moved is None else np.maximum(step, _FADES * self._moved)
        gain, gain_spread = _gain(before, cells)
        back = float(cv2.mean(np.abs(cells - earlier))[0])
        change = float(cv2.mean(step)[0])
        mean, deviation = cv2.meanStdDev(glimpse.luma)
        self.rows.extend(
            (
                np.nan if glimpse.time_s is None else glimpse.time_s,
                float(glimpse.is_key),
                float(mean[0, 0]),
                float(np.searchsorted(np.cumsum(histogram), 0.99)) * 256 / len(histogram),
                float(deviation[0, 0]),
                change_max,
                change,
                float(np.count_nonzero(step > _MOVED_LEVELS)) / step.size,
                anchor_max,
                back,
                0.5 * float(np.abs(histogram - last_tone).sum()),
                gain,
                gain_spread,
                _median(blue - tints[0]) if blue.shape == tints[0].shape else 0.0,
                _median(red - tints[1]) if red.shape == tints[1].shape else 0.0,
            )
        )
        moved = self.rows[-len(COLUMNS) + COLUMNS.index("change_share")]
        self._follow_jumps(cells)
        if moved >= JUMP_SHARE and change >= JUMP_LEVELS:
            jump = Jump(self._count, change, _likeness(before, cells), float("inf"))
            self._jumps.append((jump, before))
        self._regions.extend(_shared_gains(before, cells))
        if self._first is None or max(change_max, anchor_max) > HELD_LEVELS:
            self._anchor, self._anchor_moved = cells, self._moved
        if self._first is None:
            self._first = cells
        self.flash.see(glimpse.colour, glimpse.time_s)
        self._keep_key(cells)
        stood_out = self._stood_out(change, cells)
        self._changes.append((change, before))
        self._before, self._cells, self._tint = self._cells, cells, (blue, red)
        self._histogram = histogram
        self._count += 1
        return stood_out

    def _stood_out(self, change: float, cells: _Cells) -> float:
        """Return the most that 1 to 3 frames differ from what was before and comes after them."""
        if change < _BLIP_LEVELS:
            return 0.0
        return max(
            (
                min(change, into) - float(cv2.mean(np.abs(cells - before))[0])
                for into, before in self._changes
                if into >= _BLIP_LEVELS
            ),
            default=0.0,
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

    def _keep_key(self, cells: _Cells) -> None:
        """Keep every n-th picture; when there are too many, every second of them goes."""
        if self._count % self._key_stride:
            return
        self._keys.append((self._count, cells))
        if len(self._keys) > _KEYS:
            self._keys = self._keys[::2]
            self._key_stride *= 2

    def track(self) -> Track:
        """Return the whole clip; at least one frame must have been seen."""
        assert self._first is not None
        assert self._cells is not None
        table = np.frombuffer(self.rows, np.float64).reshape(-1, len(COLUMNS))
        return Track(
            columns={name: table[:, index].copy() for index, name in enumerate(COLUMNS)},
            key_frames=tuple(index for index, _ in self._keys),
            keys=tuple(cells for _, cells in self._keys),
            jumps=(*self._over, *(jump for jump, _ in self._jumps)),
            regions=np.frombuffer(self._regions, np.float64).reshape(-1, REGIONS[0] * REGIONS[1]),
            first=self._first,
            last=self._cells,
            flash=self.flash.track(),
        )


def _cells(luma: Plane) -> _Cells:
    height, width = (max(1, side // CELL) for side in luma.shape)
    whole = luma[: max(1, height * CELL), : max(1, width * CELL)].astype(np.float32)
    return cast("_Cells", cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA))


def _histogram(luma: Plane) -> NDArray[np.float32]:
    counts = cv2.calcHist([luma], [0], None, [64], [0, 256]).ravel()
    return cast("NDArray[np.float32]", counts / luma.size)


def _gain(before: _Cells, after: _Cells) -> tuple[float, float]:
    """Return the median of ln(after / before) and the median deviation from it.

    What moves within less than half of the picture leaves the median alone.
    """
    ratio = np.log((after + _GAIN_FLOOR) / (before + _GAIN_FLOOR))
    middle = _median(ratio)
    return middle, _median(np.abs(ratio - middle))


def _beyond(step: _Cells, moved: _Cells | None) -> float:
    """Return the largest change that is no refinement: codecs touch up what has just moved."""
    if moved is None:
        return float(step.max())
    return max(0.0, float((step - _REFINED * moved).max()))


def _shared_gains(before: _Cells, after: _Cells) -> list[float]:
    """Return for each part of the picture the gain that most of its cells share, else 0.

    What moves changes some cells up and others down; light changes all of them alike.
    """
    down, across = (side // parts for side, parts in zip(before.shape, REGIONS, strict=True))
    if down < 2 or across < 2:
        return [0.0] * (REGIONS[0] * REGIONS[1])
    ratio = np.log((after + _GAIN_FLOOR) / (before + _GAIN_FLOOR))
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
    return [float(gain) for gain in shared]


def _likeness(before: _Cells, after: _Cells) -> float:
    """Return the correlation of two pictures; 1 for one that only got brighter."""
    a, b = before - before.mean(), after - after.mean()
    size = float(np.sqrt(np.square(a).sum() * np.square(b).sum()))
    return float((a * b).sum()) / size if size > 0 else 0.0


def _median(values: NDArray[np.float32]) -> float:
    """Return the upper median of every second row and column, which is as good and quicker."""
    some = values[::2, ::2]
    return float(np.partition(some, some.size // 2, axis=None)[some.size // 2])
