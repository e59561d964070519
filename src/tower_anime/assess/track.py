"""Glimpses of every frame to one row of numbers a frame: what later arithmetic on time reads.

Memory is one row a frame and a handful of small pictures, whatever the clip's size and length.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from tower_anime.assess.camera import camera_moves, moved, overlap
from tower_anime.assess.flash import FlashMeter, FlashTrack
from tower_anime.domain.clip import Glimpse
from tower_anime.domain.frame import Grid

Series: TypeAlias = NDArray[np.float64]
_Cells: TypeAlias = Any  # NDArray[np.float32]; OpenCV's own types are wider

_MOVED_LEVELS = 2.0  # change of a cell that a person sees beside an unchanged one
HELD_LEVELS = 1.5  # largest change of a cell up to which two frames may be one drawing
_KEYS = 33  # pictures kept over the whole clip to see what slides slowly
BLACK_BRIGHT = 27.0  # levels of the brightest hundredth up to which a frame is black
_REFINED, _FADES = 0.3, 0.8  # of a cell's last motion; what is left of it a frame later
JUMP_SHARE, JUMP_LEVELS = 0.5, 6.0  # how much of the picture changes at a cut, and how far
CUT_OVER, CUT_AROUND = 1.5, 6  # a cut's change, in those of as many frames to both sides but one
_BACK = 0.5  # of the change at a jump: what is nearer to what was before is that again
_SHARED_VIEW, _LAID = 0.6, 0.4  # of the picture; of the change, left where a camera is the cause
_SAME_VIEW = 0.75  # correlation of edges; skips in pans 0.77 to 0.98, other places 0.73 at most
_FOLLOWED = 8  # frames after which a flash of light is over
REGIONS = (3, 4)  # rows and columns of parts whose light is followed by itself
_SHARED = 0.6  # of its size: how far the cells of a part may scatter around a common gain
_BLIP, _BLIP_LEVELS = 3, 4.0  # frames, and the least change of a cell in levels
_KEPT = _BLIP + 1  # frames whose cells are held for those that come after them
_LONG = 12  # frames that damage may stay, up to the next key frame
_LONG_LEVELS = 12  # the least change of a cell where it begins and ends
_SPIKE = 7  # frames: what changes more than the six before it
_BLOCK = 8  # glimpse pixels to a side of what grain is measured in
_CALMEST = 0.05  # of the blocks: where there is noise, it is there as well
_LIKE_IN_MOTION = 0.6  # correlation of neighbours where texture moves; 0.45 to 0.73 in pans, zooms
_SKIPPED = (float("nan"), float("nan"))
_GRAIN_EVERY, _SELDOM, _BEGUN = 4, 10, 28  # frames: more often among the first ones
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
    "camera",  # 1 where there is grain, and the camera moves; NaN: skipped
    "gain",  # median over the cells of ln(luma after / before)
    "tint_blue",  # median change of blue minus green, levels
    "tint_red",  # median change of red minus green, levels
)


@dataclass(frozen=True)
class Jump:
    """A frame that is all different from the one before: a cut, unless its picture comes back.

    `change` is the mean change of the cells (levels), `likeness` the correlation of the two
    pictures (−1 to 1), `same_edges` that of their steps from cell to cell, which no light moves,
    also where a camera moved them, `returns` the least mean difference (levels) of the following
    frames from the picture before.
    """

    frame: int
    change: float
    likeness: float
    same_edges: float
    returns: float


@dataclass(frozen=True)
class Blip:
    """How much a frame stood out from what was before and comes after, in levels.

    `short` is what changed to it, or to the one or two before it, and then went back; `lasting`
    what did so within the last `frames`, 4 to 12.
    """

    short: float
    lasting: float
    frames: int


@dataclass
class _Followed:
    """A jump whose picture before may come back; `apart` is how far the last frame is from it."""

    jump: Jump
    before: _Cells
    returns: float = float("inf")
    apart: float = float("inf")

    def seen(self) -> Jump:
        return replace(self.jump, returns=self.returns)


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
    """What is kept of frames, one behind the other: cells of luma, and what tints them."""

    cells: _Cells  # n×h×w
    blue: _Cells  # n×blocks, some of them
    red: _Cells

    def behind(self, before: _Seen) -> _Seen:
        return _Seen(
            cells=np.concatenate([before.cells, self.cells]),
            blue=np.concatenate([before.blue, self.blue]),
            red=np.concatenate([before.red, self.red]),
        )

    def end(self) -> _Seen:
        """Return what the next frames are compared with, as copies: nothing else lives on."""
        return _Seen(
            cells=self.cells[-_KEPT:].copy(), blue=self.blue[-1:].copy(), red=self.red[-1:].copy()
        )


@dataclass
class TrackMeter:
    """Takes the glimpses of a clip in order and holds what they amount to.

    Several at once take far less time than one by one, and amount to the same.
    """

    flash: FlashMeter = field(default_factory=FlashMeter)
    _rows: array[float] = field(default_factory=lambda: array("d"))
    _regions: array[float] = field(default_factory=lambda: array("d"))
    _count: int = 0
    _before: _Seen | None = None
    _coarse: _Cells | None = None
    _glimpse: Glimpse | None = None
    _spreads: deque[NDArray[np.float32]] = field(default_factory=lambda: deque(maxlen=3))
    _first: _Cells | None = None
    _anchor: _Cells | None = None
    _anchored: int = 0
    _moved: _Cells | None = None
    _anchor_moved: _Cells | None = None
    _keys: list[Key] = field(default_factory=list)
    _key_stride: int = 1
    _changes: deque[float] = field(default_factory=lambda: deque(maxlen=_SPIKE))
    _latest: deque[float] = field(default_factory=lambda: deque(maxlen=CUT_AROUND))
    _jumps: list[_Followed] = field(default_factory=list)
    _over: list[Jump] = field(default_factory=list)

    @property
    def frames(self) -> int:
        """How many were seen."""
        return self._count

    def see(self, glimpses: Sequence[Glimpse]) -> list[Blip]:
        """Take the next frames; return how much the frame *before* each stood out from both sides.

        All frames have one size; another is brought to that of the first.
        """
        if len({(glimpse.cells.shape, glimpse.colour.shape) for glimpse in glimpses}) > 1:
            return [stood_out for glimpse in glimpses for stood_out in self.see([glimpse])]
        seen = _seen(glimpses, like=self._before)
        if self._before is None:
            self._begin(seen)
        assert self._before is not None
        seen = seen.behind(self._before)
        self._before = seen.end()
        steps = np.abs(np.diff(seen.cells, axis=0))
        step = steps[_KEPT - 1 :]
        change, share = _by_frame(step).mean(axis=1), (_by_frame(step) > _MOVED_LEVELS).mean(axis=1)
        light = np.log(seen.cells[_KEPT - 1 :] + np.float32(_GAIN_FLOOR))
        ratio = np.diff(light, axis=0)
        luma, bright, spread = zip(*map(_light, glimpses), strict=True)
        change_max, anchor_max = self._motion(seen.cells[_KEPT:], step)
        grain, camera = zip(
            *(self._grain(i, g) for i, g in enumerate(glimpses, self._count)), strict=True
        )
        columns: Mapping[str, Sequence[float] | NDArray[Any]] = {
            "time_s": [np.nan if g.time_s is None else g.time_s for g in glimpses],
            "luma": luma,
            "bright": bright,
            "spread": spread,
            "change_max": change_max,
            "change_mean": change,
            "change_share": share,
            "anchor_max": anchor_max,
            "grain": grain,
            "camera": camera,
            "gain": _medians(ratio[:, ::3, ::3]),
            "tint_blue": _medians(np.diff(seen.blue, axis=0)),
            "tint_red": _medians(np.diff(seen.red, axis=0)),
        }
        rows = np.column_stack([np.asarray(columns[name], np.float64) for name in COLUMNS])
        self._rows.frombytes(rows.tobytes())
        self._regions.frombytes(_shared_gains(ratio).tobytes())
        self._note_jumps(seen.cells[_KEPT - 1 :], light, change, share)
        self.flash.see([glimpse.colour for glimpse in glimpses], [g.time_s for g in glimpses])
        self._keep_keys(seen.cells[_KEPT:], glimpses)
        stood_out = self._stood_out(seen.cells, steps, change)
        lasting = self._lasting(seen.cells[_KEPT:])
        self._count += len(glimpses)
        return [Blip(by, *long) for by, long in zip(stood_out, lasting, strict=True)]

    def _begin(self, seen: _Seen) -> None:
        first = seen.cells[:1]
        self._before = _Seen(
            cells=np.repeat(first, _KEPT, axis=0), blue=seen.blue[:1], red=seen.red[:1]
        )
        self._coarse = np.repeat(_coarse(first), _LONG + 1, axis=0)
        self._first = self._anchor = first[0].copy()
        self._moved = self._anchor_moved = np.zeros_like(first[0])

    def _motion(self, cells: _Cells, step: _Cells) -> tuple[_Cells, _Cells]:
        """Return the largest changes since the frame before and since the drawing began."""
        assert self._moved is not None
        assert self._anchor is not None
        moved = np.empty((len(step) + 1, *step.shape[1:]), np.float32)
        moved[0] = self._moved
        for index, stepped in enumerate(step):
            np.maximum(stepped, _FADES * moved[index], out=moved[index + 1])
        self._moved = moved[-1].copy()
        change = _beyond(step, moved[:-1])
        since = change.copy()
        for index, cell in enumerate(cells):
            if self._anchored < self._count + index - 1:  # else it is the frame before
                step_since = cv2.absdiff(cell, self._anchor)[np.newaxis]
                since[index] = _beyond(step_since, self._anchor_moved)[0]
            if max(change[index], since[index]) > HELD_LEVELS:
                self._anchor, self._anchor_moved = cell.copy(), moved[index + 1].copy()
                self._anchored = self._count + index
        return change, since

    def _grain(self, index: int, glimpse: Glimpse) -> tuple[float, float]:
        """Return σ (levels) of what changed in the calmest twentieth of blocks; 1: a camera moves.

        Measured now and then: noise is in all frames, and so is its absence. Of each block the
        calmest of the last three counts: rain and snow leave it alone now and then. What pixels
        side by side have in common is no noise but texture that moves.
        """
        before, self._glimpse = self._glimpse, glimpse
        if index % (_GRAIN_EVERY if index < _BEGUN else _SELDOM) or before is None:
            return _SKIPPED
        luma, earlier = glimpse.fine(), before.fine()
        if luma.shape != earlier.shape or glimpse.cells.shape != before.cells.shape:
            return _SKIPPED
        change = cv2.subtract(luma, earlier, dtype=cv2.CV_32F)
        spread = _spread_in_blocks(change)
        if self._spreads and self._spreads[0].shape != spread.shape:
            self._spreads.clear()
        self._spreads.append(spread)
        calmest = np.minimum.reduce(list(self._spreads))
        lone = 1 - _likeness_of_neighbours(change, spread) / _LIKE_IN_MOTION
        grain = float(np.sqrt(max(0.0, _ranked(calmest, _CALMEST) * lone)))
        return grain, float(grain > 0 and camera_moves(before.cells, glimpse.cells))

    def _note_jumps(self, cells: _Cells, light: _Cells, change: _Cells, share: _Cells) -> None:
        """Take the frames' cells and their ln, of one frame before them first."""
        far = (share >= JUMP_SHARE) & (change >= JUMP_LEVELS)
        alike = same_edges = np.zeros(len(far))
        if far.any():
            alike, same_edges = _likeness(_by_frame(cells)), _likeness(_edges(light))
        for index, is_far in enumerate(far.tolist()):
            frame = self._count + index
            nearest = self._follow_jumps(frame, cells[index + 1])
            usual = sorted(self._latest)[-2] if len(self._latest) > 2 else 0.0
            self._latest.append(float(change[index]))
            if is_far and nearest >= _BACK * change[index]:
                may_be_cut = change[index] >= CUT_OVER * usual  # else nobody reads what follows
                same_view = _same_view(light[index], light[index + 1]) if may_be_cut else 0.0
                jump = Jump(
                    frame=frame,
                    change=float(change[index]),
                    likeness=float(alike[index]),
                    same_edges=max(float(same_edges[index]), same_view),
                    returns=float("inf"),
                )
                self._jumps.append(_Followed(jump, cells[index].copy()))

    def _stood_out(self, cells: _Cells, steps: _Cells, change: _Cells) -> list[float]:
        """Return the most that 1 to 3 frames differ from what was before and comes after them.

        Each cell counts for itself, so that squares are seen in motion. Or, if more, by how much
        the step to the last frame exceeded those before it.
        """
        stood_out = np.array([self._spike(into) for into in change.tolist()])
        lively = np.flatnonzero(_by_frame(steps[_KEPT - 1 :]).max(axis=1) >= _BLIP_LEVELS)
        if not len(lively):
            return [float(by) for by in stood_out]
        out_of, after = steps[_KEPT - 1 :][lively], cells[_KEPT:][lively]
        for ago in range(1, _BLIP + 1):
            into, before = steps[_KEPT - 1 - ago :][lively], cells[_KEPT - 1 - ago :][lively]
            both = np.minimum(out_of, into)
            both -= np.abs(after - before)
            blips = _by_frame(np.maximum(both, 0, out=both)).mean(axis=1)
            stood_out[lively] = np.maximum(stood_out[lively], blips)
        return [float(by) for by in stood_out]

    def _lasting(self, cells: _Cells) -> list[tuple[float, int]]:
        """Return the most that 4 to 12 frames differ from what was before and comes after them.

        In levels, with how many they are. What stays as it is meanwhile, and is elsewhere as it
        was: of the cells every other one, each way, in whole levels. Of more than half of them it
        is light, or another picture.
        """
        assert self._coarse is not None
        coarse: _Cells = np.concatenate([self._coarse, _coarse(cells)])
        self._coarse = coarse[-_LONG - 1 :].copy()
        steps = cv2.absdiff(coarse[1:], coarse[:-1])
        out_of, after = steps[_LONG:], coarse[_LONG + 1 :]
        lasting = [(0.0, 0)] * len(cells)
        if cv2.minMaxLoc(out_of)[1] < _LONG_LEVELS:
            return lasting
        for ago in range(_BLIP + 1, _LONG + 1):
            begins = slice(_LONG - ago, _LONG - ago + len(cells))
            both = cv2.subtract(cv2.min(out_of, steps[begins]), cv2.absdiff(after, coarse[begins]))
            both = cv2.threshold(both, _LONG_LEVELS - 1, 0, cv2.THRESH_TOZERO)[1]
            blips = cv2.reduce(both, 1, cv2.REDUCE_AVG, dtype=cv2.CV_32F).ravel().tolist()
            for index, by in enumerate(blips):
                if by > lasting[index][0] and np.count_nonzero(both[index]) <= JUMP_SHARE * len(
                    both[index]
                ):
                    lasting[index] = (by, ago)
        return lasting

    def _spike(self, change: float) -> float:
        steps = list(self._changes)
        self._changes.append(change)
        return steps[-1] - max(steps[:-1]) if len(steps) == _SPIKE else 0.0

    def _follow_jumps(self, frame: int, cells: _Cells) -> float:
        """See whether what was before a jump comes back: a flash, not a cut.

        Returns the least mean difference (levels) from what was before one of late.
        """
        for followed in self._jumps:
            followed.apart = cv2.norm(cells, followed.before, cv2.NORM_L1) / cells.size
            followed.returns = min(followed.returns, followed.apart)
        late = [followed for followed in self._jumps if frame - followed.jump.frame < _FOLLOWED]
        self._over += [followed.seen() for followed in self._jumps[: len(self._jumps) - len(late)]]
        self._jumps = late
        return min((followed.apart for followed in late), default=float("inf"))

    def _keep_keys(self, cells: _Cells, glimpses: Sequence[Glimpse]) -> None:
        """Keep every n-th picture; when there are too many, every second of them goes."""
        for frame, (cell, glimpse) in enumerate(zip(cells, glimpses, strict=True), self._count):
            if frame % self._key_stride:
                continue
            colour = glimpse.colour
            if self._keys and colour.shape != self._keys[0].colour.shape:
                rows, columns = self._keys[0].colour.shape[:2]
                colour = np.asarray(cv2.resize(colour, (columns, rows)), np.float32)
            self._keys.append(Key(frame, cell.copy(), colour))
            if len(self._keys) > _KEYS:
                self._keys = self._keys[::2]
                self._key_stride *= 2

    def track(self) -> Track:
        """Return the whole clip; at least one frame must have been seen."""
        assert self._first is not None
        assert self._before is not None
        table = np.frombuffer(self._rows, np.float64).reshape(-1, len(COLUMNS))
        return Track(
            columns={name: table[:, index].copy() for index, name in enumerate(COLUMNS)},
            keys=tuple(self._keys),
            jumps=(*self._over, *(followed.seen() for followed in self._jumps)),
            regions=np.frombuffer(self._regions, np.float64).reshape(-1, REGIONS[0] * REGIONS[1]),
            first=self._first,
            last=self._before.cells[-1],
            flash=self.flash.track(),
        )


def _seen(glimpses: Sequence[Glimpse], *, like: _Seen | None) -> _Seen:
    """Put glimpses of one size together."""
    cells = np.stack([glimpse.cells for glimpse in glimpses])
    colour = np.stack([glimpse.colour[::4, ::4] for glimpse in glimpses])
    if like is not None:
        cells, colour = _sized(cells, like.cells), _sized(colour, like.blue)
    red, green, blue = np.moveaxis(colour, -1, 0)
    return _Seen(cells=cells, blue=blue - green, red=red - green)


def _sized(planes: _Cells, like: _Cells) -> _Cells:
    rows, columns = like.shape[1:3]
    if planes.shape[1:3] == (rows, columns):
        return planes
    return np.stack(
        [cv2.resize(plane, (columns, rows), interpolation=cv2.INTER_AREA) for plane in planes]
    )


def _coarse(cells: _Cells) -> _Cells:
    """Return a row of levels a frame."""
    return _by_frame(np.rint(cells[:, ::2, ::2]).astype(np.uint8))


def _by_frame(planes: _Cells) -> _Cells:
    return planes.reshape(len(planes), -1)


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


def _light(glimpse: Glimpse) -> tuple[float, float, float]:
    """Return mean of luma, the level that a hundredth of the pixels lies above, and σ."""
    mean, deviation = cv2.meanStdDev(glimpse.luma)
    return float(mean[0, 0]), _ranked(glimpse.luma[::4, ::2], 0.99), float(deviation[0, 0])


def _beyond(steps: _Cells, moved: _Cells) -> _Cells:
    """Return the largest changes that are no refinement: codecs touch up what has just moved."""
    beyond = np.multiply(moved, np.float32(-_REFINED))
    return np.maximum(_by_frame(np.add(steps, beyond)).max(axis=1), 0)


def _shared_gains(ratio: _Cells) -> NDArray[np.float64]:
    """Return by frame and part of the picture the gain that most of its cells share, else 0.

    What moves changes some cells up and others down; light changes all of them alike.
    """
    frames = len(ratio)
    down, across = (side // parts for side, parts in zip(ratio.shape[1:], REGIONS, strict=True))
    if down < 2 or across < 2:
        return np.zeros((frames, REGIONS[0] * REGIONS[1]))
    parts = (
        ratio[:, : down * REGIONS[0], : across * REGIONS[1]]
        .reshape(frames, REGIONS[0], down, REGIONS[1], across)[:, :, ::2, :, ::2]
        .swapaxes(2, 3)
        .reshape(frames, REGIONS[0] * REGIONS[1], -1)
    )
    ranks = np.sort(parts, axis=2)
    count = ranks.shape[2]
    middle = ranks[..., count // 2]
    scatter = 0.5 * (ranks[..., count * 3 // 4] - ranks[..., count // 4])
    return np.where(scatter <= _SHARED * np.abs(middle), middle, 0.0).astype(np.float64)


def _likeness(rows: _Cells) -> _Cells:
    """Return the correlation of each row with the next; 1 for a picture that only got brighter."""
    if rows.shape[1] < 2:
        return np.zeros(len(rows) - 1)
    rows = rows - rows.mean(axis=1, keepdims=True)
    shared = np.einsum("ij,ij->i", rows[:-1], rows[1:])
    power = np.einsum("ij,ij->i", rows, rows)
    size = np.sqrt(power[:-1] * power[1:])
    return np.divide(shared, size, out=np.zeros_like(shared), where=size > 0)


def _same_view(before: _Cells, after: _Cells) -> float:
    """Return how alike the steps from cell to cell (ln) are where a camera went; 0: it did not."""
    if min(before.shape) < _BLOCK:
        return 0.0
    pair = overlap(before, after, moved(before, after))
    if pair is None or pair[0].size < _SHARED_VIEW * before.size:
        return 0.0
    one, other = (np.exp(plane) for plane in pair)
    left = float(np.abs(other - one).mean())
    if left > _LAID * float(np.abs(np.exp(after) - np.exp(before)).mean()):
        return 0.0
    laid = float(_likeness(_edges(np.stack(pair)))[0])
    return laid if laid > _SAME_VIEW else 0.0


def _edges(light: _Cells) -> _Cells:
    """Return by frame the steps between neighbouring cells, along rows and columns: ratios (ln)."""
    return np.concatenate([_by_frame(np.diff(light, axis=axis)) for axis in (1, 2)], axis=1)


def _medians(values: _Cells) -> _Cells:
    """Return by frame the upper median, in a quarter of the time of `np.median`."""
    ranks = np.sort(_by_frame(values), axis=1)
    return ranks[:, ranks.shape[1] // 2]


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
