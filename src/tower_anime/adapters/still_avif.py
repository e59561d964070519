"""The header of an AVIF: the boxes of its `meta`, and the size that the coded picture states.

A small `ispe` box may stand before a huge coded picture, so FFmpeg's parser is asked as well; it
reads the sequence header without decoding.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import av
import av.error

from tower_anime.errors import Unreadable

MAX_CODED_PIXELS = 64_000_000
"""Of the coded picture; grids of several are rare and smaller each."""

_CONTAINERS = {b"iprp": 0, b"ipco": 0, b"meta": 4}  # bytes before the first box inside
_ALPHA = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"
_MAX_DEPTH = 4

# Quarter turns to the left, then a mirror that swaps top and bottom (0) or left and right (1),
# as one turn of EXIF (ISO/IEC 23008-12, 6.5.10 and 6.5.12).
_TURNS: Mapping[tuple[int, int | None], int] = {
    (0, None): 1,
    (0, 1): 2,
    (2, None): 3,
    (0, 0): 4,
    (1, 0): 5,
    (3, None): 6,
    (3, 0): 7,
    (1, None): 8,
    (2, 0): 2,
    (2, 1): 4,
    (3, 1): 5,
    (1, 1): 7,
}


@dataclass(frozen=True, kw_only=True)
class AvifHeader:
    """Of the largest picture in the file, which is the one that is shown.

    Sizes as stored; `orientation` as in EXIF, 1–8, from the boxes for turn and mirror.
    """

    width: int
    height: int
    bit_depth: int
    has_alpha: bool
    orientation: int


def read_avif(data: bytes) -> AvifHeader:
    """Return the header once the file is whole.

    Raises:
        Unreadable: of kind `truncated`, `corrupt` or `too_large`; `struct.error` likewise.
    """
    boxes = list(_boxes(data, 0, len(data), 0))
    sizes = [struct.unpack_from(">II", data, at + 4) for name, at, _ in boxes if name == b"ispe"]
    depths = [_depth(data[at + 2]) for name, at, _ in boxes if name == b"av1C"]
    if not sizes or not depths:
        raise Unreadable("the avif holds no picture", kind="corrupt")
    _check_coded(data)
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    return AvifHeader(
        width=width,
        height=height,
        bit_depth=max(depths),
        has_alpha=any(data.startswith(_ALPHA, at + 4) for name, at, _ in boxes if name == b"auxC"),
        orientation=_TURNS[
            next((data[at] & 3 for name, at, _ in boxes if name == b"irot"), 0),
            next((data[at] & 1 for name, at, _ in boxes if name == b"imir"), None),
        ],
    )


def _boxes(data: bytes, at: int, end: int, depth: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, begin and end of each box's body, those of containers' contents as well."""
    while at + 8 <= end:
        length, name = struct.unpack_from(">I4s", data, at)
        begin = at + 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, begin)
            begin += 8
        stop = end if length == 0 else at + length
        if stop > end:
            raise Unreadable("the avif is cut short: its end is missing", kind="truncated")
        if stop < begin:
            raise Unreadable("the avif is damaged: a box has no room for itself", kind="corrupt")
        yield name, begin, stop
        if name in _CONTAINERS and depth < _MAX_DEPTH:
            yield from _boxes(data, begin + _CONTAINERS[name], stop, depth + 1)
        at = stop


def _depth(flags: int) -> int:
    """Return bits per sample from the third byte of an AV1 configuration record."""
    if not flags & 0x40:
        return 8
    return 12 if flags & 0x20 else 10


def _check_coded(data: bytes) -> None:
    try:
        with av.open(io.BytesIO(data), options={"max_pixels": str(MAX_CODED_PIXELS)}) as container:
            streams = container.streams.video
            sizes = [stream.width * stream.height for stream in streams]
    except (av.error.FFmpegError, ValueError) as error:
        raise Unreadable(f"the avif can't be opened: {error}", kind="corrupt") from error
    if not sizes or not all(0 < size <= MAX_CODED_PIXELS for size in sizes):
        raise Unreadable(
            "the avif's coded picture has no size, or more pixels than are decoded",
            kind="too_large",
        )
