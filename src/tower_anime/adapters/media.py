"""Files to pixels, header first: a file is measured, checked and only then decoded.

OpenCV decodes a truncated PNG or JPEG without a word and leaves the rest grey or black, so each
format's reader proves that the file is complete before OpenCV sees it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from tower_anime.domain.frame import Frame, check_frame
from tower_anime.errors import Unreadable
from tower_anime.ports import Picture

MAX_PIXELS = 100_000_000
"""More than any generator draws; 300 MB as a frame."""

MAX_BYTES = 256 * 2**20

PREVIEW_QUALITY = 92  # JPEG; below it line art shows ringing that a reviewer would blame

_MAX_TEXT_BYTES = 8 * 2**20  # the largest workflows that people share have about 1 MB
_MAX_TEXTS = 64
_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"

Pixels: TypeAlias = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class _Header:
    """What a complete file says of itself. `orientation` as in EXIF, 1–8."""

    width: int
    height: int
    bit_depth: int = 8
    has_alpha: bool = False
    orientation: int = 1
    texts: Mapping[str, str] = field(default_factory=dict)


class OpenCvMedia:
    """`ports.Media` by OpenCV, for PNG, JPEG, WebP, GIF and BMP (the first frame)."""

    def decode_still(self, source: Path | bytes) -> Picture:
        """Decode a still to 8-bit RGB.

        16 bits are rounded to 8, grey and palettes become RGB, EXIF turns are carried out, and
        alpha is laid over white: so browsers and libraries show it, while transparent black
        would read as a failed decode. The format is told by the content, not by the name.

        Raises:
            Unreadable: of kind `missing`, `not_a_file`, `no_access`, `empty`, `too_large`,
                `not_an_image`, `truncated` or `corrupt`.
        """
        data = source if isinstance(source, bytes) else _read(source)
        if not data:
            raise Unreadable("the file is empty", kind="empty")
        if len(data) > MAX_BYTES:
            raise _too_many_bytes(len(data))
        name, read_header = _format_of(data)
        header = _checked(name, read_header, data)
        return Picture(
            frame=_frame(data, header, name),
            format=name,
            bit_depth=header.bit_depth,
            has_alpha=header.has_alpha,
            texts=header.texts,
        )

    def preview(self, source: Path, *, longest_px: int) -> bytes:
        """Return a JPEG without metadata, its longer side at most `longest_px`.

        Raises:
            Unreadable: as `decode_still`.
        """
        frame: Pixels = self.decode_still(source).frame
        scale = longest_px / max(frame.shape[:2])
        if scale < 1.0:
            size = (max(1, round(frame.shape[1] * scale)), max(1, round(frame.shape[0] * scale)))
            frame = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
        bgr = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
        done, data = cv2.imencode(".jpg", bgr, (cv2.IMWRITE_JPEG_QUALITY, PREVIEW_QUALITY))
        if not done:
            raise Unreadable(f"{source} can't be encoded as a preview", kind="corrupt")
        return data.tobytes()


def _read(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise _too_many_bytes(size)
        return path.read_bytes()
    except FileNotFoundError as error:
        raise Unreadable(f"there is no file {path}", kind="missing") from error
    except IsADirectoryError as error:
        raise Unreadable(f"{path} is a folder", kind="not_a_file") from error
    except OSError as error:
        raise Unreadable(f"{path} can't be read: {error.strerror}", kind="no_access") from error


def _too_many_bytes(size: int) -> Unreadable:
    limit = MAX_BYTES // 2**20
    return Unreadable(f"the file has {size / 2**20:,.0f} MiB; {limit} are read", kind="too_large")


def _format_of(data: bytes) -> tuple[str, Callable[[bytes], _Header]]:
    for name, offset, magic, read_header in _FORMATS:
        if data.startswith(magic, offset):
            return name, read_header
    known = ", ".join(sorted({row[0] for row in _FORMATS}))
    raise Unreadable(f"the file is no image of a known format ({known})", kind="not_an_image")


def _checked(name: str, read_header: Callable[[bytes], _Header], data: bytes) -> _Header:
    try:
        header = read_header(data)
    except (struct.error, IndexError) as error:
        raise _truncated(name) from error
    if header.width <= 0 or header.height <= 0:
        raise Unreadable(f"the {name} says it has no pixels", kind="corrupt")
    if header.width * header.height > MAX_PIXELS:
        raise Unreadable(
            f"the picture has {header.width}×{header.height} px; "
            f"up to {MAX_PIXELS / 1e6:.0f} million are decoded",
            kind="too_large",
        )
    return header


def _truncated(name: str) -> Unreadable:
    return Unreadable(f"the {name} is cut short: its end is missing", kind="truncated")


# ---- pixels ---------------------------------------------------------------------------------


def _frame(data: bytes, header: _Header, name: str) -> Frame:
    plain = header.bit_depth <= 8 and not header.has_alpha
    flags = cv2.IMREAD_COLOR_RGB if plain else cv2.IMREAD_UNCHANGED
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error as error:
        raise Unreadable(f"the {name} does not decode: {error.err}", kind="corrupt") from error
    if image is None or image.shape[:2] != (header.height, header.width):
        raise Unreadable(f"the {name} does not decode to what its header says", kind="corrupt")
    rgb = image if plain else _plain_rgb(image)
    return check_frame(_turned(rgb, header.orientation))


def _plain_rgb(image: Pixels) -> Pixels:
    """Return 8-bit RGB from what OpenCV decodes unchanged: grey, BGR or BGRA of 8 or 16 bits."""
    if image.dtype == np.uint16:
        image = cv2.convertScaleAbs(image, alpha=1 / 257)
    if image.ndim == 2:
        return cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)
    if image.shape[2] == 3:
        return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    return _over_white(cv2.cvtColor(image, cv2.COLOR_BGRA2RGBA))


def _over_white(rgba: Pixels) -> Pixels:
    rgb, alpha = rgba[..., :3].astype(np.uint16), rgba[..., 3:].astype(np.uint16)
    return ((rgb * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


_TURNS: Mapping[int, Callable[[Any], Any]] = {
    2: lambda image: cv2.flip(image, 1),
    3: lambda image: cv2.rotate(image, cv2.ROTATE_180),
    4: lambda image: cv2.flip(image, 0),
    5: cv2.transpose,
    6: lambda image: cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE),
    7: lambda image: cv2.flip(cv2.transpose(image), -1),
    8: lambda image: cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE),
}
"""EXIF orientation → what brings the picture upright (EXIF 2.3, tag 0x0112)."""


def _turned(image: Pixels, orientation: int) -> Pixels:
    turn = _TURNS.get(orientation)
    return image if turn is None else turn(image)


# ---- headers, each with proof that the file is complete -------------------------------------


def _png(data: bytes) -> _Header:
    chunks = list(_png_chunks(data))
    kinds = [kind for kind, _ in chunks]
    if kinds[0] != b"IHDR" or b"IDAT" not in kinds:
        raise Unreadable("the png holds no picture", kind="corrupt")
    width, height, depth, colour = struct.unpack_from(">IIBB", chunks[0][1])
    exif = next((body for kind, body in chunks if kind == b"eXIf"), b"")
    return _Header(
        width=width,
        height=height,
        bit_depth=depth,
        has_alpha=colour in (4, 6) or b"tRNS" in kinds,
        orientation=_orientation(exif),
        texts=_png_texts(chunks),
    )


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and body of each chunk up to IEND, with checksums verified.

    The pixels' own chunks come with an empty body: they are only checked.
    """
    view, position = memoryview(data), len(_PNG_MAGIC)
    kind = b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 8 + length
        (checksum,) = struct.unpack_from(">I", data, end)
        if zlib.crc32(view[position + 4 : end]) != checksum:
            raise Unreadable("the png is damaged: a checksum is wrong", kind="corrupt")
        yield kind, b"" if kind == b"IDAT" else data[position + 8 : end]
        position = end + 4


def _png_texts(chunks: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return keyword → text; what is over the caps or breaks the format is left out."""
    texts: dict[str, str] = {}
    for kind, body in chunks:
        read = _TEXT_CHUNKS.get(kind)
        keyword, found, rest = body.partition(b"\0")
        if read is None or not found or len(texts) >= _MAX_TEXTS:
            continue
        text = read(rest)
        if text is not None:
            texts[keyword.decode("latin-1")] = text
    return texts


def _latin_text(rest: bytes) -> str | None:
    """Read tEXt. ComfyUI writes JSON in ASCII; other tools write UTF-8 against the standard."""
    if len(rest) > _MAX_TEXT_BYTES:
        return None
    try:
        return rest.decode("utf-8")
    except UnicodeDecodeError:
        return rest.decode("latin-1")


def _packed_text(rest: bytes) -> str | None:
    plain = _inflated(rest[1:])
    return None if plain is None else _latin_text(plain)


def _international_text(rest: bytes) -> str | None:
    packed = rest[:1] == b"\1"
    _, _, rest = rest[2:].partition(b"\0")
    _, _, rest = rest.partition(b"\0")
    plain = _inflated(rest) if packed else rest
    return None if plain is None else _latin_text(plain)


def _inflated(packed: bytes) -> bytes | None:
    unpacker = zlib.decompressobj()
    try:
        plain = unpacker.decompress(packed, _MAX_TEXT_BYTES + 1)
    except zlib.error:
        return None
    return plain if unpacker.eof else None


_TEXT_CHUNKS: Mapping[bytes, Callable[[bytes], str | None]] = {
    b"tEXt": _latin_text,
    b"zTXt": _packed_text,
    b"iTXt": _international_text,
}

_JPEG_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # SOF0–15 but DHT, JPG, DAC
_START_OF_SCAN, _EXIF_SEGMENT = 0xDA, 0xE1


def _jpeg(data: bytes) -> _Header:
    width = height = depth = 0
    orientation, position, marker = 1, 2, 0
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
        elif marker == _EXIF_SEGMENT and data.startswith(b"Exif\0\0", position + 4):
            orientation = _orientation(data[position + 10 : position + 2 + length])
        position += 2 + length
    if data.rfind(b"\xff\xd9") < position:  # an end before the scan is that of a thumbnail
        raise _truncated("jpeg")
    return _Header(width=width, height=height, bit_depth=depth, orientation=orientation)


def _orientation(exif: bytes) -> int:
    """Return tag 0x0112 of the first directory of a TIFF block; 1 when there is none."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(order + "I", exif, 4)
        (count,) = struct.unpack_from(order + "H", exif, start)
        for entry in range(count):
            tag, _, _, value = struct.unpack_from(order + "HHIH", exif, start + 2 + 12 * entry)
            if tag == 0x0112:
                return int(value)
    except struct.error:
        return 1  # broken metadata beside a sound picture
    return 1


def _webp(data: bytes) -> _Header:
    (length,) = struct.unpack_from("<I", data, 4)
    if length + 8 > len(data):
        raise _truncated("webp")
    kind = data[12:16]
    if kind == b"VP8 ":
        width, height = (size & 0x3FFF for size in struct.unpack_from("<HH", data, 26))
        return _Header(width=width, height=height)
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return _Header(
            width=(bits & 0x3FFF) + 1,
            height=(bits >> 14 & 0x3FFF) + 1,
            has_alpha=bool(bits >> 28 & 1),
        )
    flags, *sizes = struct.unpack_from("<I6B", data, 20)
    return _Header(
        width=int.from_bytes(bytes(sizes[:3]), "little") + 1,
        height=int.from_bytes(bytes(sizes[3:]), "little") + 1,
        has_alpha=bool(flags & 16),
        orientation=_orientation(_riff_chunk(data, b"EXIF").removeprefix(b"Exif\0\0")),
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


def _gif(data: bytes) -> _Header:
    width, height = struct.unpack_from("<HH", data, 6)
    if not data.rstrip(b"\0").endswith(b"\x3b"):
        raise _truncated("gif")
    return _Header(width=width, height=height)


def _bmp(data: bytes) -> _Header:
    size, _, start, _, width, height, _, depth, packing = struct.unpack_from("<IIIIiiHHI", data, 2)
    rows = abs(height) * ((width * depth + 31) // 32 * 4) if packing == 0 else 0
    if max(size, start + rows) > len(data):
        raise _truncated("bmp")
    return _Header(width=width, height=abs(height))


_FORMATS: tuple[tuple[str, int, bytes, Callable[[bytes], _Header]], ...] = (
    ("png", 0, _PNG_MAGIC, _png),
    ("jpeg", 0, b"\xff\xd8\xff", _jpeg),
    ("webp", 8, b"WEBP", _webp),
    ("gif", 0, b"GIF8", _gif),
    ("bmp", 0, b"BM", _bmp),
)
"""Name, offset and bytes of the signature, reader of the header."""
