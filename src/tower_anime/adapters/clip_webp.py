"""Animated WebP, frame by frame: FFmpeg's decoder of this version does not read it.

The container is a RIFF file whose ANMF chunks hold ordinary WebP pictures with a place on the
canvas (developers.google.com/speed/webp/docs/riff_container); OpenCV decodes each of them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tower_anime.errors import Unreadable

_CHUNK = struct.Struct("<4sI")
_HEAD_BYTES = 30  # up to the sides of the canvas
_DO_NOT_BLEND, _DISPOSE = 2, 1  # bits of a frame's last header byte


@dataclass(frozen=True)
class _Part:
    """One ANMF chunk: a rectangle in pixels, how long it stands, and its picture."""

    x: int
    y: int
    width: int
    height: int
    duration_s: float
    blends: bool
    is_disposed: bool
    picture: bytes


def is_animated(head: bytes) -> bool:
    """Whether a file that begins with `head` is an animated WebP."""
    return head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and len(head) > 20 and head[20] & 2 > 0


def is_webp(head: bytes) -> bool:
    """Whether a file that begins with `head` is a WebP, animated or not."""
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def canvas_size(head: bytes) -> tuple[int, int]:
    """Return width and height in pixels, from the first 30 bytes."""
    if len(head) < 30:
        raise Unreadable("the WebP ends in its header", kind="truncated")
    if head[12:16] == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if head[12:16] == b"VP8L":
        sides = int.from_bytes(head[21:25], "little")
        return 1 + (sides & 0x3FFF), 1 + (sides >> 14 & 0x3FFF)
    width, height = struct.unpack_from("<HH", head, 26)
    return width & 0x3FFF, height & 0x3FFF


def durations_s(data: bytes) -> tuple[float, ...]:
    """Return how long each frame stands, in seconds, up to the first that is damaged.

    Nothing for a still: encoders make one of a clip whose frames are all alike.
    """
    found: list[float] = []
    with suppress(Unreadable):
        found.extend(part.duration_s for part in _parts(data))
    return tuple(found)


def pictures(data: bytes) -> Iterator[tuple[float | None, float | None, NDArray[np.uint8]]]:
    """Yield when each frame begins and how long it stands (s), and its canvas (H×W×4, RGBA).

    A still has neither.

    Raises:
        Unreadable: of kind `truncated` or `corrupt`, after the frames that are whole.
    """
    width, height = canvas_size(data)
    if not is_animated(data[:_HEAD_BYTES]):
        yield None, None, _decoded(data, width, height)
        return
    canvas = np.zeros((height, width, 4), np.uint8)
    time_s = 0.0
    for part in _parts(data):
        place = canvas[part.y : part.y + part.height, part.x : part.x + part.width]
        picture = _decoded(part.picture, part.width, part.height)
        _lay(place, picture, blends=part.blends)
        yield time_s, part.duration_s, canvas.copy()
        time_s += part.duration_s
        if part.is_disposed:
            place[:] = 0


def exif_of(data: bytes) -> bytes:
    """Return the file's EXIF block, empty without one."""
    position, end = 12, 8 + int.from_bytes(data[4:8], "little")
    while position + 8 <= min(end, len(data)):
        name, size = _CHUNK.unpack_from(data, position)
        if name == b"EXIF":
            return data[position + 8 : position + 8 + size].removeprefix(b"Exif\0\0")
        position += 8 + size + size % 2
    return b""


def _parts(data: bytes) -> Iterator[_Part]:
    position, end = 12, 8 + int.from_bytes(data[4:8], "little")
    while position + 8 <= min(end, len(data)):
        name, size = _CHUNK.unpack_from(data, position)
        body = data[position + 8 : position + 8 + size]
        if len(body) < size:
            raise Unreadable("the WebP ends in the middle of a frame", kind="truncated")
        if name == b"ANMF":
            yield _part(body)
        position += 8 + size + size % 2
    if end > len(data):
        raise Unreadable("the WebP ends before its last frame", kind="truncated")


def _part(body: bytes) -> _Part:
    if len(body) < 24:
        raise Unreadable("a frame of the WebP has no picture", kind="corrupt")
    x, y, width, height, duration_ms = (
        int.from_bytes(body[at : at + 3], "little") for at in range(0, 15, 3)
    )
    return _Part(
        x=2 * x,
        y=2 * y,
        width=width + 1,
        height=height + 1,
        duration_s=duration_ms / 1000,
        blends=not body[15] & _DO_NOT_BLEND,
        is_disposed=bool(body[15] & _DISPOSE),
        picture=_alone(body[16:], width, height),
    )


def _alone(chunks: bytes, width: int, height: int) -> bytes:
    """Return a frame's chunks as a WebP file of its own."""
    alpha = 0x10 if chunks[:4] == b"ALPH" else 0
    sides = width.to_bytes(3, "little") + height.to_bytes(3, "little")
    extended = _CHUNK.pack(b"VP8X", 10) + bytes([alpha, 0, 0, 0]) + sides
    payload = b"WEBP" + (extended if alpha else b"") + chunks
    return _CHUNK.pack(b"RIFF", len(payload)) + payload


def _decoded(picture: bytes, width: int, height: int) -> NDArray[Any]:
    decoded = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None or decoded.shape[:2] != (height, width):
        raise Unreadable("a frame of the WebP does not decode", kind="corrupt")
    code = cv2.COLOR_BGRA2RGBA if decoded.shape[2] == 4 else cv2.COLOR_BGR2RGBA
    return cv2.cvtColor(decoded, code)


def _lay(place: NDArray[np.uint8], picture: NDArray[Any], *, blends: bool) -> None:
    if place.shape != picture.shape:
        raise Unreadable("a frame of the WebP lies outside its canvas", kind="corrupt")
    if not blends or (picture[..., 3] == 255).all():
        place[:] = picture
        return
    front = picture[..., 3:].astype(np.float32) / 255
    back = place[..., 3:].astype(np.float32) / 255 * (1 - front)
    alpha = front + back
    colour = picture[..., :3] * front + place[..., :3] * back
    place[..., :3] = (colour / np.maximum(alpha, 1e-6)).round().astype(np.uint8)
    place[..., 3:] = (alpha * 255).round().astype(np.uint8)
