"""Glimpses of every frame to one row of numbers a frame: what later arithmetic on time reads.

Memory is one row a frame and a handful of small pictures, whatever the clip's size and length.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
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
_GAIN_FLOOR = 6.0  # levels that keep dark cells from having a say in the gain

COLUMNS = (
    "time_s",  # of the frame; NaN where the stream has no clock
    "is_key",  # 1 where the codec starts afresh
    "luma",  # mean of luma, levels
    "bright",  # 99th percentile of luma, levels
    "spread",  # σ of luma, levels
    "change_max",  # largest change of a cell since the frame before, levels
    "change_mean",  # mean change of the cells, levels
    "change_share",  # share of the cells that moved
    "anchor_max",  # largest change of a cell since the drawing began, levels
    "back_mean",  # mean change since the frame before last, levels
    "tone",  # distance (0–1) between the histograms of luma and of the frame before
    "gain",  # median over the cells of ln(luma after / before)
    "gain_spread",  # median deviation of the cells from that
    "tint_blue",  # median change of blue minus green, levels
    "tint_red",  # median change of red minus green, levels
)


@dataclass(frozen=True)
class Track:
    """A whole clip in numbers: `COLUMNS` by frame, key pictures, flashes.

    `keys` are cells of luma at `key_frames`; `first` and `last` the cells of the outer frames.
    """

    columns: Mapping[str, Series]
    key_frames: tuple[int, ...]
    keys: tuple[NDArray[np.float32], ...]
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
    _first: _Cells | None = None
    _tint: tuple[_Cells, _Cells] | None = None
    _histogram: NDArray[np.float32] | None = None
    _keys: list[tuple[int, _Cells]] = field(default_factory=list)
    _key_stride: int = 1
    _was_change: float = 0.0

    def see(self, glimpse: Glimpse) -> float:
        """Take the next frame; return how much the frame *before* stood out from both sides.

        That is in levels: what changed to it and back again. All frames have one size.
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
        change_max = float(step.max())
        anchor_max = float(np.abs(cells - anchor).max())
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
        if self._first is None or max(change_max, anchor_max) > HELD_LEVELS:
            self._anchor = cells
        if self._first is None:
            self._first = cells
        self.flash.see(glimpse.colour, glimpse.time_s)
        self._keep_key(cells)
        stood_out = max(0.0, min(change, self._was_change) - back)
        self._was_change = change
        self._before, self._cells, self._tint = self._cells, cells, (blue, red)
        self._histogram = histogram
        self._count += 1
        return stood_out

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


def _median(values: NDArray[np.float32]) -> float:
    """Return the upper median of every second row and column, which is as good and quicker."""
    some = values[::2, ::2]
    return float(np.partition(some, some.size // 2, axis=None)[some.size // 2])
