"""Texts and turns that a picture's file carries: PNG text, and EXIF's first directory.

ComfyUI writes `prompt` and `workflow` as PNG text, and into WebP as EXIF strings that begin with
these words and a colon; other programs write `parameters`.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping

_MAX_TEXT_BYTES = 8 * 2**20  # the largest workflows that people share have about 1 MB
_MAX_TEXTS = 64


def png_texts(chunks: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
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


def with_texts(png: bytes, texts: Mapping[str, str]) -> bytes:
    """Return a PNG with text chunks after its header; UTF-8 where Latin-1 does not suffice."""
    head = 8 + 25  # signature and IHDR
    chunks = b"".join(_text_chunk(key, text) for key, text in texts.items())
    return png[:head] + chunks + png[head:]


def _text_chunk(key: str, text: str) -> bytes:
    word = key.encode("latin-1", "replace")[:79] + b"\0"
    if text.isascii():
        kind, body = b"tEXt", word + text.encode("ascii")
    else:
        kind, body = b"iTXt", word + b"\0\0\0\0" + text.encode("utf-8")
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


# ---- EXIF -----------------------------------------------------------------------------------

_ORIENTATION, _EXIF_DIRECTORY, _COMMENT = 0x0112, 0x8769, 0x9286
_STRINGS = (0x010E, 0x010F, 0x0110)  # description, make, model
_WORDS = ("prompt", "workflow", "parameters")
_CHARSETS = {b"UNICODE\0": "utf-16", b"ASCII\0\0\0": "utf-8", bytes(8): "utf-8"}


def orientation_of(exif: bytes) -> int:
    """Return tag 0x0112 of the first directory of a TIFF block; 1 when there is none."""
    for tag, _, value, _ in _entries(exif, 4):
        if tag == _ORIENTATION:
            return value & 0xFFFF if exif[:2] == b"II" else value >> 16
    return 1


def exif_texts(exif: bytes) -> dict[str, str]:
    """Return keyword → text of what generators write into EXIF; none if it is broken."""
    texts: dict[str, str] = {}
    for tag, kind, value, body in (*_entries(exif, 4), *_comments(exif)):
        if tag in _STRINGS and kind == 2:
            word, _, text = body.rstrip(b"\0").decode("utf-8", "replace").partition(":")
            if word.casefold() in _WORDS:
                texts[word.casefold()] = text
        elif tag == _COMMENT and value:
            text = _comment(body, exif[:2])
            if text:
                texts.setdefault("parameters", text)
    return texts


def _comments(exif: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    pointers = [value for tag, _, value, _ in _entries(exif, 4) if tag == _EXIF_DIRECTORY]
    for start in pointers[:1]:
        yield from _directory(exif, start)


def _comment(body: bytes, order: bytes) -> str:
    charset = _CHARSETS.get(body[:8])
    if charset == "utf-16":
        charset = "utf-16-le" if order == b"II" and body[8:9] != b"\0" else "utf-16-be"
    return body[8:].decode(charset or "utf-8", "replace").strip("\0 ")


def _entries(exif: bytes, pointer: int) -> Iterator[tuple[int, int, int, bytes]]:
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None or len(exif) < 8:
        return
    (start,) = struct.unpack_from(order + "I", exif, pointer)
    yield from _directory(exif, start)


def _directory(exif: bytes, start: int) -> Iterator[tuple[int, int, int, bytes]]:
    """Yield tag, type, value as a number and body of each entry, as far as they can be read."""
    order = "<" if exif[:2] == b"II" else ">"
    try:
        (count,) = struct.unpack_from(order + "H", exif, start)
        for entry in range(min(count, 256)):
            at = start + 2 + 12 * entry
            tag, kind, length, value = struct.unpack_from(order + "HHII", exif, at)
            place = at + 8 if length <= 4 else value
            body = exif[place : place + min(length, _MAX_TEXT_BYTES)]
            yield tag, kind, value, body if kind in (2, 7) else b""
    except struct.error:
        return  # broken metadata beside a sound picture
