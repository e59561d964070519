"""A file of moving pictures, opened by FFmpeg within bounds, and what moves told by its bytes.

FFmpeg opens more than films: playlists that name other files and addresses, pattern names,
subtitles. Only containers of pictures are let in, only from this one file, and no decoder may
make frames larger than the limit, whatever a header in the middle of the stream says.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, BinaryIO

import av
import av.error
from av.stream import Disposition

from tower_anime.errors import Unreadable

MAX_PIXELS = 20_000_000
"""Of one frame: 5K. A decoder keeps a dozen of them."""

MAX_PICTURES_PX = 1_000_000_000
"""Pixels of all frames of a GIF, APNG or WebP together, unless its bytes account for them."""

MAX_PX_PER_BYTE = 5_000
"""What drawn frames never reach, not even where most of them hold still; a bomb does."""

_PNG, _GIF = b"\x89PNG\r\n\x1a\n", b"GIF8"
_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2",
    "matroska,webm",
    "avi",
    "gif",
    "apng",
    "mpegts",
    "mpeg",
    "mpegvideo",
    "asf",
    "flv",
    "ogg",
)
_OPTIONS = {
    "format_whitelist": ",".join(_FORMATS),
    "protocol_whitelist": "file",
    "max_pixels": str(MAX_PIXELS),
}


def open_container(source: Path, **keywords: Any) -> Any:
    """Open a file for reading; raises what `av.open` raises."""
    container = av.open(
        f"file:{source}", "r", options=_OPTIONS, metadata_errors="replace", **keywords
    )
    for stream in container.streams.video:
        if stream.codec_context is not None:
            stream.codec_context.options = {"max_pixels": _OPTIONS["max_pixels"]}
    return container


def picture_stream(container: Any) -> Any:
    """Return the stream that players show, not a cover beside it; None: there is none."""
    films = [
        stream
        for stream in container.streams.video
        if not stream.disposition & Disposition.attached_pic
    ]
    best = container.streams.best("video")
    return best if best in films else next(iter(films), None)


# ---- GIF and PNG, told by their bytes ---------------------------------------------------------


def frames_within(source: Path, *, most: int) -> int:
    """Return how many frames a GIF or PNG has, at most `most`; 0 for what is neither."""
    with source.open("rb") as file:
        magic = file.read(8)
        if magic == _PNG:
            return _png_frames(file, most)
        if magic.startswith(_GIF):
            file.seek(6)
            return _gif_frames(file, most)
    return 0


def stated_size(head: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels as a GIF's or PNG's first 24 bytes state them."""
    if head.startswith(_PNG) and len(head) >= 24:
        width, height = struct.unpack_from(">II", head, 16)
        return int(width), int(height)
    if head.startswith(_GIF) and len(head) >= 10:
        width, height = struct.unpack_from("<HH", head, 6)
        return int(width), int(height)
    return None


def check_bomb(source: Path, *, pixels: int) -> None:
    """Refuse a GIF or PNG whose frames are more than its bytes can account for.

    Raises:
        Unreadable: of kind `too_large`.
    """
    size = source.stat().st_size
    most = max(MAX_PICTURES_PX, size * MAX_PX_PER_BYTE) // max(pixels, 1) + 1
    if frames_within(source, most=most) >= most:
        raise Unreadable(
            f"{size} bytes say they are {most} frames of {pixels / 1e6:.1f} million px and more",
            kind="too_large",
        )


def _png_frames(file: BinaryIO, most: int) -> int:
    found, moves = 0, False
    while found < most:
        head = file.read(8)
        if len(head) < 8:
            break
        length, kind = struct.unpack(">I4s", head)
        moves |= kind == b"acTL"
        if kind == b"IDAT" and not moves:
            return 1  # what comes later would not count
        found += kind == b"fcTL"
        if kind == b"IEND":
            break
        file.seek(length + 4, 1)
    return max(1, found) if moves else 1


def _gif_frames(file: BinaryIO, most: int) -> int:
    found = 0
    file.seek(_gif_colours(file.read(7)[4:5]), 1)
    while found < most:
        block = file.read(1)
        if block == b"\x2c":
            found += 1
            file.seek(_gif_colours(file.read(9)[8:9]) + 1, 1)
        elif block == b"\x21":
            file.seek(1, 1)
        else:
            break
        while length := file.read(1):
            if length == b"\0":
                break
            file.seek(length[0], 1)
    return found


def _gif_colours(flags: bytes) -> int:
    return 3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0
