"""What a picture's file says of itself, and proof that it is whole, before a pixel is decoded.

OpenCV decodes a truncated PNG or JPEG without a word and leaves the rest grey or black, so each
format's reader follows the file to its end.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from tower_anime.adapters.still_avif import read_avif
from tower_anime.adapters.still_texts import exif_texts, orientation_of, png_texts
from tower_anime.adapters.still_tiff import read_tiff
from tower_anime.errors import Unreadable

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"

MAX_SCAN_PIXELS = 2_000_000_000
"""Of a progressive JPEG: its scans times its pixels. Each scan costs a pass over all of them;
encoders write about ten, and a thousand of a large picture would take minutes."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """What a whole file says of itself. `orientation` as in EXIF, 1–8.

    `bit_depth` of a sample; `levels` its largest value as OpenCV gives it.
    """

    width: int
    height: int
    bit_depth: int = 8
    levels: int = 255
    has_alpha: bool = False
    orientation: int = 1
    texts: Mapping[str, str] = field(default_factory=dict)


def format_of(data: bytes) -> tuple[str, Callable[[bytes], Header]]:
    """Return a picture's format by its content and what reads its header."""
    for name, offset, magic, read in _FORMATS:
        if data.startswith(magic, offset):
            return name, read
    known = ", ".join(sorted({row[0] for row in _FORMATS}))
    raise Unreadable(f"the file is no image of a known format ({known})", kind="not_an_image")


def pixels_of(data: bytes) -> int:
    """Return how many pixels a file says it has; 0 where it can't be read. Proves nothing."""
    try:
        if data.startswith(PNG_MAGIC):  # without its checksums
            width, height = struct.unpack_from(">II", data, len(PNG_MAGIC) + 8)
            return int(width * height)
        header = format_of(data)[1](data)
    except (Unreadable, struct.error, IndexError):
        return 0
    return header.width * header.height


def truncated(name: str) -> Unreadable:
    """Return what is raised for a file without its end."""
    return Unreadable(f"the {name} is cut short: its end is missing", kind="truncated")


def _png(data: bytes) -> Header:
    chunks = list(_png_chunks(data))
    kinds = [kind for kind, _ in chunks]
    if kinds[0] != b"IHDR" or b"IDAT" not in kinds:
        raise Unreadable("the png holds no picture", kind="corrupt")
    width, height, depth, colour = struct.unpack_from(">IIBB", chunks[0][1])
    exif = next((body for kind, body in chunks if kind == b"eXIf"), b"")
    return Header(
        width=width,
        height=height,
        bit_depth=depth,
        levels=65_535 if depth > 8 else 255,
        has_alpha=colour in (4, 6) or b"tRNS" in kinds,
        orientation=orientation_of(exif),
        texts=png_texts(chunks),
    )


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and body of each chunk up to IEND, with checksums verified.

    The pixels' own chunks come with an empty body: they are only checked.
    """
    view, position = memoryview(data), len(PNG_MAGIC)
    kind = b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 8 + length
        (checksum,) = struct.unpack_from(">I", data, end)
        if zlib.crc32(view[position + 4 : end]) != checksum:
            raise Unreadable("the png is damaged: a checksum is wrong", kind="corrupt")
        yield kind, b"" if kind in (b"IDAT", b"fdAT") else data[position + 8 : end]
        position = end + 4


_JPEG_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # SOF0–15 but DHT, JPG, DAC
_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
_START_OF_SCAN, _EXIF_SEGMENT = 0xDA, 0xE1


def _jpeg(data: bytes) -> Header:
    width = height = depth = frame = 0
    exif, position, marker = b"", 2, 0
    while marker != _START_OF_SCAN:
        lead, marker, length = struct.unpack_from(">BBH", data, position)
        if lead != 0xFF:
            raise Unreadable(
                "the jpeg is damaged: a segment is not where it should be", kind="corrupt"
            )
        if marker == 0xFF:  # a fill byte
            position += 1
            continue
        if marker in _JPEG_FRAMES:
            depth, height, width = struct.unpack_from(">BHH", data, position + 4)
            frame = marker
        elif marker == _EXIF_SEGMENT and data.startswith(b"Exif\0\0", position + 4):
            exif = data[position + 10 : position + 2 + length]
        position += 2 + length
    if data.rfind(b"\xff\xd9") < position:  # an end before the scan is that of a thumbnail
        raise truncated("jpeg")
    if frame in _PROGRESSIVE:
        _check_scans(data.count(b"\xff\xda", position) + 1, width * height)
    return Header(
        width=width,
        height=height,
        bit_depth=depth,
        orientation=orientation_of(exif),
        texts=exif_texts(exif),
    )


def _check_scans(scans: int, pixels: int) -> None:
    if scans * pixels > MAX_SCAN_PIXELS:
        raise Unreadable(
            f"the jpeg draws its {pixels / 1e6:.0f} million pixels {scans} times over",
            kind="too_large",
        )


def _webp(data: bytes) -> Header:
    (length,) = struct.unpack_from("<I", data, 4)
    if length + 8 > len(data):
        raise truncated("webp")
    kind = data[12:16]
    if kind == b"VP8 ":
        width, height = (size & 0x3FFF for size in struct.unpack_from("<HH", data, 26))
        return Header(width=width, height=height)
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return Header(
            width=(bits & 0x3FFF) + 1,
            height=(bits >> 14 & 0x3FFF) + 1,
            has_alpha=bool(bits >> 28 & 1),
        )
    flags, *sizes = struct.unpack_from("<I6B", data, 20)
    exif = _riff_chunk(data, b"EXIF").removeprefix(b"Exif\0\0")
    return Header(
        width=int.from_bytes(bytes(sizes[:3]), "little") + 1,
        height=int.from_bytes(bytes(sizes[3:]), "little") + 1,
        has_alpha=bool(flags & 16),
        orientation=orientation_of(exif),
        texts=exif_texts(exif),
    )


def _riff_chunk(data: bytes, wanted: bytes) -> bytes:
    """Return the body of the first chunk of a kind; empty when there is none."""
    position = 12
    while position + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, position)
        if kind == wanted:
            return data[position + 8 : position + 8 + length]
        position += 8 + length + length % 2
    return b""


_GIF_PICTURE, _GIF_EXTENSION, _GIF_CONTROL = 0x2C, 0x21, 0xF9


def _gif(data: bytes) -> Header:
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    if not data.rstrip(b"\0").endswith(b"\x3b"):
        raise truncated("gif")
    return Header(width=width, height=height, has_alpha=_gif_is_sheer(data, flags))


def _gif_is_sheer(data: bytes, flags: int) -> bool:
    """Whether a control block before the first picture names a transparent colour."""
    position = 13 + _gif_colours(flags)
    while data[position] == _GIF_EXTENSION:
        if data[position + 1] == _GIF_CONTROL and data[position + 3] & 1:
            return True
        position += 2
        while data[position]:
            position += data[position] + 1
        position += 1
    return False


def _gif_colours(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


_OS2_HEADER_BYTES = 12


def _bmp(data: bytes) -> Header:
    size, _, start, header_bytes = struct.unpack_from("<IIII", data, 2)
    if header_bytes == _OS2_HEADER_BYTES:
        width, height, _, depth = struct.unpack_from("<HHHH", data, 18)
        packing = 0
    else:
        width, height, _, depth, packing = struct.unpack_from("<iiHHI", data, 18)
    rows = abs(height) * ((width * depth + 31) // 32 * 4) if packing == 0 else 0
    if max(size, start + rows) > len(data):
        raise truncated("bmp")
    return Header(width=width, height=abs(height))


_LYING = 5  # EXIF's turns from here on swap width and height


def _tiff(data: bytes) -> Header:
    found = read_tiff(data)
    sides = (found.width, found.height)
    width, height = sides if found.orientation < _LYING else sides[::-1]
    return Header(  # OpenCV turns these by itself
        width=width,
        height=height,
        bit_depth=found.bit_depth,
        levels=65_535 if found.bit_depth > 8 else 255,
        has_alpha=found.has_alpha,
        texts=exif_texts(data),
    )


def _avif(data: bytes) -> Header:
    found = read_avif(data)
    return Header(
        width=found.width,
        height=found.height,
        bit_depth=found.bit_depth,
        levels=(1 << found.bit_depth) - 1,
        has_alpha=found.has_alpha,
        orientation=found.orientation,
    )


_FORMATS: tuple[tuple[str, int, bytes, Callable[[bytes], Header]], ...] = (
    ("png", 0, PNG_MAGIC, _png),
    ("jpeg", 0, b"\xff\xd8\xff", _jpeg),
    ("webp", 8, b"WEBP", _webp),
    ("gif", 0, b"GIF8", _gif),
    ("tiff", 0, b"II*\0", _tiff),
    ("tiff", 0, b"MM\0*", _tiff),
    ("avif", 4, b"ftypavif", _avif),
    ("avif", 4, b"ftypmif1", _avif),
    ("bmp", 0, b"BM", _bmp),
)
"""Name, offset and bytes of the signature, reader of the header."""
