"""The header of a TIFF: its first directory, and whether all that it points to is there."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from tower_anime.errors import Unreadable

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 16: 8}  # bytes of a field type; others are not needed
_NUMBERS = {1: "B", 3: "H", 4: "I", 16: "Q"}
_WIDTH, _HEIGHT, _DEPTH, _ORIENTATION, _SAMPLES, _EXTRA = 256, 257, 258, 274, 277, 338
_OFFSETS, _LENGTHS = (273, 324), (279, 325)  # of strips, of tiles
_TILE_SIDES = (322, 323)
_MAX_VALUES = 1_000_000  # strips of the largest pictures are some ten thousand
_MAX_TILE = 1 << 14


@dataclass(frozen=True, kw_only=True)
class TiffHeader:
    """Of the first page. `orientation` as in EXIF, 1–8."""

    width: int
    height: int
    bit_depth: int
    has_alpha: bool
    orientation: int


def read_tiff(data: bytes) -> TiffHeader:
    """Return the first page's header once all of its strips or tiles are in the file.

    Raises:
        Unreadable: of kind `truncated` or `corrupt`; `struct.error` at a header cut short.
    """
    tags = _first_directory(data)
    if not all(tags.get(tag) for tag in (_WIDTH, _HEIGHT)):
        raise Unreadable("the tiff says nothing of its size", kind="corrupt")
    if any(side > _MAX_TILE for tag in _TILE_SIDES for side in tags.get(tag, ())):
        raise Unreadable("the tiff's tiles are larger than any that are written", kind="corrupt")
    _check_whole(tags, len(data))
    return TiffHeader(
        width=tags[_WIDTH][0],
        height=tags[_HEIGHT][0],
        bit_depth=max(tags.get(_DEPTH) or (1,)),
        has_alpha=bool(tags.get(_EXTRA)) and (tags.get(_SAMPLES) or (1,))[0] in (2, 4),
        orientation=(tags.get(_ORIENTATION) or (1,))[0],
    )


def _first_directory(data: bytes) -> Mapping[int, tuple[int, ...]]:
    order = "<" if data[:2] == b"II" else ">"
    (start,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, start)
    tags: dict[int, tuple[int, ...]] = {}
    for entry in range(count):
        at = start + 2 + 12 * entry
        tag, kind, length = struct.unpack_from(order + "HHI", data, at)
        if kind not in _NUMBERS:
            continue
        if length > _MAX_VALUES:
            raise Unreadable(f"the tiff's field {tag} has {length} values", kind="corrupt")
        place = at + 8
        if length * _SIZES[kind] > 4:
            (place,) = struct.unpack_from(order + "I", data, at + 8)
        tags[tag] = struct.unpack_from(f"{order}{length}{_NUMBERS[kind]}", data, place)
    return tags


def _check_whole(tags: Mapping[int, tuple[int, ...]], size: int) -> None:
    for offsets, lengths in zip(_OFFSETS, _LENGTHS, strict=True):
        begins, long = tags.get(offsets), tags.get(lengths)
        if not begins or not long:
            continue
        if len(begins) != len(long):
            raise Unreadable("the tiff's parts don't add up", kind="corrupt")
        if any(begin + part > size for begin, part in zip(begins, long, strict=True)):
            raise Unreadable("the tiff is cut short: its end is missing", kind="truncated")
        return
    raise Unreadable("the tiff holds no picture", kind="corrupt")
