"""One decoded video frame made small, and in full colour for those that are looked at closely."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, TypeAlias, cast

import av
import cv2
import numpy as np
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

    def picture(self) -> Frame:
        """Return the whole frame as 8-bit RGB, turned as it is shown."""
        return self.draw()


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


def shown(frame: av.VideoFrame, *, turns: int, is_key: bool) -> ShownFrame:
    """Make a decoded frame small. `turns` is how often it is turned left by 90°."""
    if frame.format.name in _PLANAR:
        small = _from_planes(frame)
        draw = _painter(frame, turns)
    elif any(part.is_alpha for part in frame.format.components) or frame.format.has_palette:
        return shown_pixels(
            over_white(frame.to_ndarray(format="rgba")), time_s=frame.time, is_key=is_key
        )
    else:
        small = _from_rgb(_small_rgb(frame))
        draw = _painter(frame, turns)
    return ShownFrame(small.glimpse(time_s=frame.time, is_key=is_key, turns=turns), draw)


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


def _painter(frame: av.VideoFrame, turns: int) -> Callable[[], Frame]:
    one_at_a_time = threading.Lock()  # a frame has a single converter, which hangs otherwise

    def draw() -> Frame:
        with one_at_a_time:
            pixels = frame.to_ndarray(format="rgb24", src_colorspace=1 if _is_hd(frame) else 5)
        return check_frame(_turned(pixels, turns))

    return draw


def _turned(array: Pixels, turns: int) -> Any:
    return np.ascontiguousarray(np.rot90(array, turns)) if turns else array


def _step(width: int, height: int) -> int:
    return max(1, round(max(width, height) / LUMA_PX))


def _is_hd(frame: av.VideoFrame) -> bool:
    if frame.colorspace == _BT709:
        return True
    return frame.colorspace not in _BT601 and min(frame.width, frame.height) >= _HD_FROM_PX


# ---- planes of YUV --------------------------------------------------------------------------


def _from_planes(frame: av.VideoFrame) -> _Small:
    """Average the planes where they lie; no full-size copy is made.

    By halves, which cost least, as far as they go: where a pixel of the glimpse has an odd side,
    luma is left at what halves of a block come to.
    """
    step = _step(frame.width, frame.height)
    full_range = frame.format.name.startswith("yuvj") or frame.color_range == 2
    size = (max(1, frame.width // step), max(1, frame.height // step))
    grid = _grid_size(size)
    odd = step // (step & -step)
    fine = None
    if odd > 1 and min(size) >= _STRIPE:
        levels = _reduced(
            frame.planes[0], (odd * grid[0], odd * grid[1]), step * CELL // odd, frame
        )
        blurred = cv2.boxFilter(levels, cv2.CV_32F, (odd, odd))
        means = np.asarray(blurred[odd // 2 :: odd, odd // 2 :: odd], np.float32, order="C")
        fine = partial(_striped, frame, step, full_range=full_range)
    else:
        levels = _reduced(frame.planes[0], size, step, frame)
        means = _averaged(levels, grid)
    chroma = (
        _reduced(plane, grid, step * CELL, frame).astype(np.float32) for plane in frame.planes[1:]
    )
    to_rgb = _to_rgb(full_range=full_range, hd=_is_hd(frame))
    return _Small(
        luma=_full_range(levels, full_range=full_range),
        cells=means if full_range else _bounded(cv2.transform(means, _TO_LUMA)),
        colour=_bounded(cv2.transform(cv2.merge([means, *chroma]), to_rgb)),
        fine=fine,
    )


_STRIPE = 8  # pixels of a glimpse


def _striped(frame: av.VideoFrame, step: int, *, full_range: bool) -> Plane:
    """Average every other stripe of the luma, `_STRIPE` pixels of a glimpse high."""
    plane: Any = frame.planes[0]
    width, rows = frame.width // step, _STRIPE * step
    whole = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    stripes = whole[: frame.height // rows * rows].reshape(-1, rows, plane.line_size)
    part = np.ascontiguousarray(stripes[::2]).reshape(-1, plane.line_size)
    size = (width, len(part) // step)
    return _full_range(_block_means(part, size, width * step), full_range=full_range)


def _full_range(levels: NDArray[np.uint8], *, full_range: bool) -> Plane:
    if full_range:
        return levels
    stretched = cv2.addWeighted(levels, _STRETCH, levels, 0, -_FOOT * _STRETCH)
    return cast("Plane", stretched)


def _bounded(levels: Any) -> Grid:
    return cast("Grid", np.clip(levels, 0, 255, out=levels))


def _reduced(
    plane: Any, size: tuple[int, int], step: int, frame: av.VideoFrame
) -> NDArray[np.uint8]:
    """Average a plane to `size`, each pixel of which stands for `step`×`step` of the picture's."""
    pixels = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    across = max(1, size[0] * step * plane.width // frame.width)  # a last part of a block is left
    down = max(1, size[1] * step * plane.height // frame.height)
    return _block_means(pixels[: min(down, plane.height)], size, min(across, plane.width))


_LANE = 128  # pixels; rows of whole ones are halved in half the time


def _block_means(plane: NDArray[np.uint8], size: tuple[int, int], across: int) -> NDArray[np.uint8]:
    """Average equal blocks of the first `across` columns.

    By halves and by a blur, for which OpenCV has far faster ways.
    """
    width, height = size
    lanes = -(-across // _LANE) * _LANE  # what lies behind the picture is averaged and left out
    plane = plane[:, : lanes if lanes <= plane.shape[1] else across]
    while plane.shape[0] % (2 * height) == 0 and across % (2 * width) == 0:
        plane = plane[:, : plane.shape[1] // 2 * 2]
        half = (plane.shape[1] // 2, plane.shape[0] // 2)
        plane = np.asarray(cv2.resize(plane, half, interpolation=cv2.INTER_AREA))
        across //= 2
    plane = plane[:, :across]
    side = across // width
    if side % 2 and plane.shape == (side * height, side * width):
        if side == 1:
            return plane
        middle = slice(side // 2, None, side)
        return np.ascontiguousarray(np.asarray(cv2.blur(plane, (side, side)))[middle, middle])
    return cast("NDArray[np.uint8]", cv2.resize(plane, size, interpolation=cv2.INTER_AREA))


def _grid_size(size: tuple[int, int]) -> tuple[int, int]:
    return max(1, size[0] // CELL), max(1, size[1] // CELL)


def _averaged(pixels: Pixels, grid: tuple[int, int]) -> Any:
    """Average cells of 4×4: two halves take half the time of one step."""
    whole = pixels[: max(1, grid[1] * CELL), : max(1, grid[0] * CELL)].astype(np.float32)
    if whole.shape[:2] == (grid[1] * CELL, grid[0] * CELL):
        whole = np.asarray(
            cv2.resize(whole, (2 * grid[0], 2 * grid[1]), interpolation=cv2.INTER_AREA)
        )
    return cv2.resize(whole, grid, interpolation=cv2.INTER_AREA)


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
    return _Small(luma, _averaged(luma, grid), _averaged(small, grid))
