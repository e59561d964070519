"""Files from strangers: what is refused before anything is decoded."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

from tower_anime.errors import Unreadable

MAX_PIXELS = 40_000_000
"""A little more than 8K (33 million): a measurement takes some 25 bytes a pixel."""

MAX_FRAMES = 3000
"""Of a GIF, PNG or WebP that moves: two minutes at 24 a second; what is longer is a video."""

_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_PADDING = 64  # bytes of zeros and line ends that some writers append
_PDF_WITHIN = 1024  # a PDF's header may begin so late
_ZIP_TAIL = 65_557  # the longest end record of a ZIP archive


def check_upload(path: Path) -> None:
    """Refuse a picture that is too large, lies about its frames, or is another file as well.

    Reads headers only; whether it decodes is for the decoder to say.

    Raises:
        Unreadable: of kind `empty`, `too_large`, `truncated`, `animated`, `polyglot` or `corrupt`.
    """
    data = path.read_bytes()
    if not data:
        raise Unreadable("the file is empty", kind="empty")
    for magic, offset, check in _CHECKS:
        if data.startswith(magic, offset):
            try:
                end = check(data)
            except (struct.error, IndexError) as error:
                raise Unreadable("the file is cut short", kind="truncated") from error
            _check_pure(data, end)
            return


def _check_pure(data: bytes, end: int) -> None:
    """Refuse data behind the picture, and a picture that is a PDF or an archive, too."""
    rest = data[end:]
    if len(rest) > _PADDING or rest.strip(b"\0\r\n"):
        raise Unreadable(
            f"{len(rest)} bytes follow the end of the picture; nothing may", kind="polyglot"
        )
    if b"%PDF-" in data[:_PDF_WITHIN]:
        raise Unreadable("the picture is a PDF as well", kind="polyglot")
    tail = data[-_ZIP_TAIL:]
    at = tail.rfind(b"PK\5\6")
    if at >= 0 and len(tail) - at >= 22:
        (comment,) = struct.unpack_from("<H", tail, at + 20)
        if at + 22 + comment == len(tail):
            raise Unreadable("the picture is a ZIP archive as well", kind="polyglot")


def _check_pixels(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise Unreadable(
            f"the picture says it has {width}×{height} px; "
            f"up to {MAX_PIXELS / 1e6:.0f} million are taken",
            kind="too_large",
        )


def _check_frames(number: int) -> None:
    if number > MAX_FRAMES:
        raise Unreadable(
            f"the picture moves for {number} frames; up to {MAX_FRAMES} are taken, "
            "send longer ones as a video",
            kind="too_large",
        )


def _png(data: bytes) -> int:
    position, kind, promised, held = len(_PNG_MAGIC), b"", 1, 0
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, position)
        if kind == b"IHDR":
            _check_pixels(*struct.unpack_from(">II", data, position + 8))
        if kind == b"acTL":
            (promised,) = struct.unpack_from(">I", data, position + 8)
        held += kind == b"fcTL"
        position += 12 + length
    if position > len(data):
        raise Unreadable("the png is cut short", kind="truncated")
    if promised > 1 and promised != held:
        raise Unreadable(f"the png says it has {promised} frames and holds {held}", kind="animated")
    _check_frames(held)
    return position


_STANDALONE = {0x01, *range(0xD0, 0xD8)}  # markers without a length: TEM, RST0–7
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


def _jpeg(data: bytes) -> int:
    position = 2
    while True:
        lead, marker = struct.unpack_from(">BB", data, position)
        if lead != 0xFF:
            raise Unreadable("the jpeg is damaged: a segment is not where it should be")
        position += 1
        if marker == 0xFF:
            continue
        position += 1
        if marker == 0xD9:
            return position
        if marker in _STANDALONE:
            continue
        (length,) = struct.unpack_from(">H", data, position)
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, position + 3)
            _check_pixels(width, height)
        position += length
        if marker == 0xDA:
            position = _after_scan(data, position)


def _after_scan(data: bytes, position: int) -> int:
    """Return where the next marker after entropy-coded data is."""
    while True:
        found = data.find(b"\xff", position)
        position = len(data) if found < 0 else found
        (following,) = struct.unpack_from(">B", data, position + 1)
        if following != 0 and following not in _STANDALONE:
            return position
        position += 2


def _webp(data: bytes) -> int:
    (length,) = struct.unpack_from("<I", data, 4)
    kind = data[12:16]
    if kind == b"VP8 ":
        width, height = (size & 0x3FFF for size in struct.unpack_from("<HH", data, 26))
        _check_pixels(width, height)
    elif kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        _check_pixels((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    else:
        sizes = struct.unpack_from("<6B", data, 24)
        width, height = (int.from_bytes(bytes(sizes[at : at + 3]), "little") + 1 for at in (0, 3))
        _check_pixels(width, height)
        _check_frames(_webp_frames(data))
    return int(8 + length + length % 2)


def _webp_frames(data: bytes) -> int:
    found, position = 0, 12
    while position + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, position)
        found += kind == b"ANMF"
        position += 8 + length + length % 2
    return found


def _bmp(data: bytes) -> int:
    size, _, _, _, width, height = struct.unpack_from("<IIIIii", data, 2)
    _check_pixels(abs(width), abs(height))
    return int(size)


def _gif(data: bytes) -> int:
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    _check_pixels(width, height)
    position = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    frames = 0
    while True:
        (block,) = struct.unpack_from("<B", data, position)
        if block == 0x3B:
            _check_frames(frames)
            return position + 1
        if block == 0x2C:
            frames += 1
            (flags,) = struct.unpack_from("<B", data, position + 9)
            position += 10 + (3 << (flags & 7) + 1 if flags & 0x80 else 0) + 1
        elif block == 0x21:
            position += 2
        else:
            raise Unreadable("the gif is damaged: a block is of no known kind", kind="corrupt")
        position = _after_blocks(data, position)


def _after_blocks(data: bytes, position: int) -> int:
    while length := data[position]:
        position += 1 + length
    return position + 1


_CHECKS: tuple[tuple[bytes, int, Callable[[bytes], int]], ...] = (
    (_PNG_MAGIC, 0, _png),
    (b"\xff\xd8\xff", 0, _jpeg),
    (b"WEBP", 8, _webp),
    (b"GIF8", 0, _gif),
    (b"BM", 0, _bmp),
)
"""Signature, its offset, and what checks the header and returns where the picture ends."""
