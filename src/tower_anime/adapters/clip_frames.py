"""One decoded video frame made small, and in full colour for those that are looked at closely."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import groupby
from typing import Any, TypeAlias, cast

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from tower_anime.domain.clip import Glimpse
from tower_anime.domain.frame import Frame, Grid, Plane, check_frame

LUMA_PX = 320
"""About how long the longer side of a glimpse is."""

CELL = 4  # luma pixels of a glimpse to a side of a colour block

_PLANAR = frozenset({f"yuv{j}{layout}p" for j in ("", "j") for layout in ("420", "422", "444")})
_HD_FROM_PX = 720  # rows from which players take an untagged stream for BT.709
_BT709, _BT601 = 1, (5, 6)  # as in AVColorSpace
_RED_BLUE = {True: (0.2126, 0.0722), False: (0.299, 0.114)}  # BT.709, BT.601: weights in luma

Pixels: TypeAlias = NDArray[Any]


@dataclass(frozen=True)
class ShownFrame:
    """A frame of a clip: its glimpse, and its pixels for whoever asks."""

    glimpse: Glimpse
    draw: Callable[[], Frame]
    plane: Callable[[], Plane] | None = None

    def picture(self) -> Frame:
        """Return the whole frame as 8-bit RGB, turned as it is shown."""
        return self.draw()

    def luma(self) -> Plane:
        """Return the whole frame's luma, 0–255, as it lies in the stream."""
        if self.plane is not None:
            return self.plane()
        return cast("Plane", cv2.cvtColor(self.draw(), cv2.COLOR_RGB2GRAY))


@dataclass(frozen=True)
class _Small:
    """What a glimpse shows, not turned yet; see there."""

    luma: Plane
    cells: Grid
    colour: Grid
    fine: Callable[[], Plane] | None = None  # luma itself

    def glimpse(self, *, time_s: float | None, is_key: bool, turns: int = 0) -> Glimpse:
        luma = _turned(self.luma, turns)
        return Glimpse(
            time_s=time_s,
            is_key=is_key,
            luma=luma,
            fine=lambda: luma if self.fine is None else _turned(self.fine(), turns),
            cells=_turned(self.cells, turns),
            colour=_turned(self.colour, turns),
        )


def shown(frames: Sequence[av.VideoFrame], painter: Painter) -> list[ShownFrame]:
    """Make decoded frames small, turned as they are shown: several at once in far less time."""
    return [
        small
        for alike, some in groupby(frames, _layout)
        for small in _shown(list(some), painter, planar=alike[0] in _PLANAR)
    ]


def _layout(frame: av.VideoFrame) -> tuple[Any, ...]:
    """Return what frames that are made small together must share."""
    plane = frame.planes[0]
    return (
        frame.format.name,
        frame.width,
        frame.height,
        plane.line_size,
        frame.color_range,
        frame.colorspace,
    )


def turns_of(frame: av.VideoFrame) -> int:
    """Return how often a frame is turned left by 90° before it is shown."""
    return round(frame.rotation / 90) % 4


def _shown(
    frames: Sequence[av.VideoFrame], painter: Painter, *, planar: bool
) -> Iterator[ShownFrame]:
    if not planar and _is_see_through(frames[0]):
        for frame in frames:
            pixels = over_white(frame.to_ndarray(format="rgba"))
            yield shown_pixels(pixels, time_s=frame.time, is_key=bool(frame.key_frame))
        return
    smalls = _from_planes(frames) if planar else map(_from_rgb, map(_small_rgb, frames))
    for frame, small in zip(frames, smalls, strict=True):
        turns = turns_of(frame)
        glimpse = small.glimpse(time_s=frame.time, is_key=bool(frame.key_frame), turns=turns)
        plane = partial(_luma, frame) if planar else None
        yield ShownFrame(glimpse, partial(painter.draw, frame, turns), plane)


def _is_see_through(frame: av.VideoFrame) -> bool:
    return frame.format.has_palette or any(part.is_alpha for part in frame.format.components)


def _luma(frame: av.VideoFrame) -> Plane:
    plane: Any = frame.planes[0]
    levels = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return _full_range(levels[: frame.height, : frame.width], full_range=_has_full_range(frame))


def shown_pixels(pixels: Frame, *, time_s: float | None, is_key: bool) -> ShownFrame:
    """Make a frame small that is there as RGB."""
    height, width = pixels.shape[:2]
    step = _step(width, height)
    size = (max(1, width // step), max(1, height // step))
    small = _from_rgb(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
    return ShownFrame(small.glimpse(time_s=time_s, is_key=is_key), lambda: pixels)


def over_white(rgba: Pixels) -> Frame:
    """Lay a picture with alpha over white, as browsers and libraries show it."""
    alpha = rgba[..., 3:]
    if (alpha == 255).all():
        return check_frame(np.ascontiguousarray(rgba[..., :3]))
    share = alpha.astype(np.float32) / 255
    return check_frame((rgba[..., :3] * share + 255 * (1 - share)).round().astype(np.uint8))


class Painter:
    """Draws whole frames of one clip: setting up a converter takes twice as long as drawing."""

    def __init__(self) -> None:
        self._converter = VideoReformatter()
        self._one_at_a_time = threading.Lock()  # a converter hangs otherwise

    def draw(self, frame: av.VideoFrame, turns: int) -> Frame:
        """Return a frame as 8-bit RGB, turned left by 90° so often."""
        space = 1 if _is_hd(frame) else 5
        with self._one_at_a_time:
            drawn = self._converter.reformat(frame, format="rgb24", src_colorspace=space)
            pixels = drawn.to_ndarray()
        return check_frame(_turned(pixels, turns))


def _turned(array: Pixels, turns: int) -> Any:
    return np.ascontiguousarray(np.rot90(array, turns)) if turns else array


def _step(width: int, height: int) -> int:
    return max(1, round(max(width, height) / LUMA_PX))


def _has_full_range(frame: av.VideoFrame) -> bool:
    return frame.format.name.startswith("yuvj") or frame.color_range == 2


def _is_hd(frame: av.VideoFrame) -> bool:
    if frame.colorspace == _BT709:
        return True
    return frame.colorspace not in _BT601 and min(frame.width, frame.height) >= _HD_FROM_PX


# ---- planes of YUV --------------------------------------------------------------------------


def _from_planes(frames: Sequence[av.VideoFrame]) -> list[_Small]:
    """Average the planes of frames of one layout where they lie; no full-size copy is made.

    By halves, which cost least, as far as they go: where a pixel of the glimpse has an odd side,
    luma is left at what halves of a block come to.
    """
    frame = frames[0]
    step = _step(frame.width, frame.height)
    full_range = _has_full_range(frame)
    size = (max(1, frame.width // step), max(1, frame.height // step))
    grid = _grid_size(size)
    odd = step // (step & -step)
    is_uneven = odd > 1 and min(size) >= _STRIPE
    planes = list(zip(*map(_pixels, frames), strict=True))
    reduced = partial(_reduced, frame, planes)
    if is_uneven:
        levels = reduced(0, (odd * grid[0], odd * grid[1]), step * CELL // odd)
        means = (_sums(_pile(levels), odd) / odd**2).astype(np.float32)
    else:
        levels = reduced(0, size, step)
        means = _averaged(levels, grid)
    chroma = (_pile(reduced(plane, grid, step * CELL)).astype(np.float32) for plane in (1, 2))
    to_rgb = _to_rgb(full_range=full_range, hd=_is_hd(frame))
    fine = partial(_striped, step=step, full_range=full_range)
    shape = (len(frames), grid[1], grid[0])
    cells = means if full_range else _bounded(cv2.transform(means, _TO_LUMA))
    colour = _bounded(cv2.transform(cv2.merge([means, *chroma]), to_rgb))
    luma = _full_range(_pile(levels), full_range=full_range).reshape(levels.shape)
    return [
        _Small(own_luma, own_cells, own_colour, partial(fine, frame) if is_uneven else None)
        for frame, own_luma, own_cells, own_colour in zip(
            frames, luma, cells.reshape(shape), colour.reshape(*shape, 3), strict=True
        )
    ]


def _pile(pictures: Pixels) -> Any:
    """Return pictures (n×h×w) as one (nh×w): what looks at no more than a block treats all."""
    return pictures.reshape(-1, pictures.shape[-1])


def _sums(pixels: Pixels, side: int) -> Any:
    """Add up the pixels of each block: in half the time that a blur of all pixels takes."""
    lines = pixels.reshape(-1, side, pixels.shape[1])
    down: Any = lines[:, 0].astype(np.uint16 if side < _WIDEST else np.uint32)
    for line in range(1, side):
        down += lines[:, line]
    across = down[:, ::side].copy()
    for column in range(1, side):
        across += down[:, column::side]
    return across


_WIDEST = 16  # pixels: the sum of such a block, 255 each, still has 16 bits


_STRIPE = 8  # pixels of a glimpse


def _striped(frame: av.VideoFrame, *, step: int, full_range: bool) -> Plane:
    """Average every other stripe of the luma, `_STRIPE` pixels of a glimpse high."""
    width, rows = frame.width // step, _STRIPE * step
    whole = _pixels(frame)[0]
    stripes = whole[: frame.height // rows * rows].reshape(-1, rows, whole.shape[1])
    part = np.ascontiguousarray(stripes[::2]).reshape(-1, whole.shape[1])
    size = (width, len(part) // step)
    return _full_range(_block_means([part], size, width * step)[0], full_range=full_range)


def _full_range(levels: NDArray[np.uint8], *, full_range: bool) -> Plane:
    if full_range:
        return levels
    stretched = cv2.addWeighted(levels, _STRETCH, levels, 0, -_FOOT * _STRETCH)
    return cast("Plane", stretched)


def _bounded(levels: Any) -> Grid:
    return cast("Grid", np.clip(levels, 0, 255, out=levels))


def _reduced(
    frame: av.VideoFrame,
    planes: Sequence[Sequence[NDArray[np.uint8]]],
    number: int,
    size: tuple[int, int],
    step: int,
) -> NDArray[np.uint8]:
    """Average a plane of each frame to `size`; a pixel stands for `step`×`step` of the picture's.

    `frame` is one of those whose `planes` are given. Returns n×h×w.
    """
    like: Any = frame.planes[number]
    across = max(1, size[0] * step * like.width // frame.width)  # a last part of a block is left
    down = max(1, size[1] * step * like.height // frame.height)
    pixels = [plane[: min(down, like.height)] for plane in planes[number]]
    return _block_means(pixels, size, min(across, like.width))


def _pixels(frame: av.VideoFrame) -> list[NDArray[np.uint8]]:
    """Return the planes where they lie, with what pads their rows."""
    return [
        np.frombuffer(cast("Any", plane), np.uint8).reshape(-1, plane.line_size)
        for plane in frame.planes
    ]


_LANE = 128  # pixels; rows of whole ones are halved in half the time


def _block_means(
    planes: Sequence[NDArray[np.uint8]], size: tuple[int, int], across: int
) -> NDArray[np.uint8]:
    """Average equal blocks of the first `across` columns of planes of one size: n×h×w.

    By halves, for which OpenCV has a far faster way, as far as they go. From the first on all lie
    below each other: nothing looks beyond its block.
    """
    width, height = size
    down = len(planes[0])
    lanes = -(-across // _LANE) * _LANE  # what lies behind the picture is averaged and left out
    lanes = lanes if lanes <= planes[0].shape[1] else across
    piles: list[Any] = [plane[:, :lanes] for plane in planes]
    while down % (2 * height) == 0 and across % (2 * width) == 0:
        piles = [_halves(piles)]
        down, across = down // 2, across // 2
    piles = [pile[:, :across] for pile in piles]
    side = across // width
    if side % 2 == 0 or (down, across) != (side * height, side * width):
        pictures = (picture for pile in piles for picture in pile.reshape(-1, down, across))
        piles = [cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in pictures]
    elif side > 1:
        rounded = (_sums(pile, side) + side**2 // 2 for pile in piles)
        piles = [(sums // side**2).astype(np.uint8) for sums in rounded]
    pile = piles[0] if len(piles) == 1 else np.concatenate(piles)
    means: NDArray[np.uint8] = np.ascontiguousarray(pile).reshape(-1, height, width)
    return means


def _halves(piles: Sequence[Pixels]) -> Pixels:
    """Average 2×2 pixels of pictures of one size, and lay them below each other."""
    down, across = (side // 2 for side in piles[0].shape)
    found = np.empty((len(piles), down, across), np.uint8)
    for pile, half in zip(piles, found, strict=True):
        cv2.resize(pile[:, : 2 * across], (across, down), half, interpolation=cv2.INTER_AREA)
    below: Pixels = _pile(found)
    return below


def _grid_size(size: tuple[int, int]) -> tuple[int, int]:
    return max(1, size[0] // CELL), max(1, size[1] // CELL)


def _averaged(pictures: Pixels, grid: tuple[int, int]) -> Any:
    """Average cells of 4×4 of pictures (n×h×w), and lay them below each other.

    Two halves take half the time of one step.
    """
    across, down = grid
    whole = pictures[:, : down * CELL, : across * CELL].astype(np.float32)
    if whole.shape[1:3] != (down * CELL, across * CELL):
        small = [cv2.resize(picture, grid, interpolation=cv2.INTER_AREA) for picture in whole]
        return np.concatenate(small)
    pile = whole.reshape(-1, *whole.shape[2:])
    for side in (2, 1):
        size = (side * across, side * down * len(pictures))
        pile = np.asarray(cv2.resize(pile, size, interpolation=cv2.INTER_AREA))
    return pile


_FOOT, _STRETCH = 16, 255 / 219  # of luma in limited range
_TO_LUMA = np.array([[_STRETCH, -_FOOT * _STRETCH]], np.float32)


@lru_cache(maxsize=4)
def _to_rgb(*, full_range: bool, hd: bool) -> NDArray[np.float32]:
    """Return the 3×4 matrix from Y, Cb, Cr in levels to R, G, B in levels (ITU-R BT.601, 709)."""
    red, blue = _RED_BLUE[hd]
    green = 1 - red - blue
    luma, chroma, foot = (1.0, 1.0, 0.0) if full_range else (_STRETCH, 255 / 224, _FOOT)
    from_cb = np.array([0, -2 * blue * (1 - blue) / green, 2 * (1 - blue)]) * chroma
    from_cr = np.array([2 * (1 - red), -2 * red * (1 - red) / green, 0]) * chroma
    offset = -foot * luma - 128 * (from_cb + from_cr)
    return np.stack([np.full(3, luma), from_cb, from_cr, offset], axis=1).astype(np.float32)


# ---- everything else ------------------------------------------------------------------------


def _small_rgb(frame: av.VideoFrame) -> Frame:
    step = _step(frame.width, frame.height)
    small = frame.reformat(
        width=max(1, frame.width // step),
        height=max(1, frame.height // step),
        format="rgb24",
        interpolation="AREA",
        src_colorspace=1 if _is_hd(frame) else 5,
    )
    return check_frame(small.to_ndarray())


def _from_rgb(small: Pixels) -> _Small:
    luma = cast("Plane", cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))
    grid = _grid_size((small.shape[1], small.shape[0]))
    return _Small(luma, _averaged(luma[np.newaxis], grid), _averaged(small[np.newaxis], grid))
