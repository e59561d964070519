"""Formats beside the common ones, and what generators write into them."""

from __future__ import annotations

import base64
import struct
import zlib

import cv2
import numpy as np
import pytest

from tests.unit.adapters.test_media import FRAME, chunk, refusal
from tower_anime.adapters.media import OpenCvMedia
from tower_anime.adapters.still_texts import exif_texts, orientation_of

# 32×24 px, written by Pillow: red, green, blue and yellow quarters, reading order.
CMYK_JPEG = base64.b64decode(
    "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwADAgIDAgIDAwMDBAMDBAUIBQUEBAUKBwcGCAwKDAwLCgsLDQ4SEA0OEQ4LCx"
    "AWEBETFBUVFQwPFxgWFBgSFBUU/8AAFAgAGAAgBEMRAE0RAFkRAEsRAP/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgME"
    "BQYHCAkKC//EALUQAAIBAwMCBAMFBQQEAAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJCh"
    "YXGBkaJSYnKCkqNDU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqi"
    "o6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+v/aAA4EQwBNAFkASw"
    "AAPwD71r8+q/Pqv1Toooor8Ba/cWiiiiiivv3/AIesf9Uu/wDLg/8AuWvw6r79/wCHU/8A1VH/AMt//wC6qKP+HrH/"
    "AFS7/wAuD/7loo/4dT/9VR/8t/8A+6qKu/8ADpX/AKqr/wCW7/8AdVfvb/whP/T7/wCQv/sq+Kv+EJ/6ff8AyF/9lR"
    "R/w6V/6qr/AOW7/wDdVH/CE/8AT7/5C/8AsqP+EJ/6ff8AyF/9lRX561+CVfulRRRRRX9Ctf0K1+KtFFFFFf/Z"
)
TURNED_AVIF = base64.b64decode(  # to be shown with its left side up
    "AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUIAAAD1bWV0YQAAAAAAAAAhaGRscgAAAAAAAAAAcGljdAAAAA"
    "AAAAAAAAAAAAAAAAAOcGl0bQAAAAAAAQAAAB5pbG9jAAAAAEQAAAEAAQAAAAEAAAEdAAAAOwAAAChpaW5mAAAAAAAB"
    "AAAAGmluZmUCAAAAAAEAAGF2MDFDb2xvcgAAAAB0aXBycAAAAFRpcGNvAAAAFGlzcGUAAAAAAAAAIAAAABgAAAAQcG"
    "l4aQAAAAADCAgIAAAADGF2MUOBAAwAAAAAE2NvbHJuY2x4AAEADQAGgAAAAAlpcm90AwAAABhpcG1hAAAAAAAAAAEA"
    "AQUBAoMEhQAAAENtZGF0EgAKCRgRP3aICGg0IDIsRPHh4ZlAYYYfhAAAAs0N0ciEptbSLSa/FAApxtIrA9yUcW/dYM"
    "t1txO4W/A="
)
RED, GREEN, BLUE, YELLOW = (220, 30, 30), (30, 200, 30), (30, 30, 220), (230, 230, 60)


def corners(data: bytes) -> list[list[int]]:
    frame = OpenCvMedia().decode_still(data).frame
    return [frame[y, x].tolist() for y in (4, -5) for x in (4, -5)]


def near(found: list[list[int]], *wanted: tuple[int, int, int]) -> bool:
    return bool(np.abs(np.array(found) - np.array(wanted)).max() < 30)


def test_cmyk_becomes_rgb() -> None:
    assert near(corners(CMYK_JPEG), RED, GREEN, BLUE, YELLOW)


def test_a_turned_avif_is_turned() -> None:
    assert OpenCvMedia().decode_still(TURNED_AVIF).frame.shape == (32, 24, 3)
    assert near(corners(TURNED_AVIF), BLUE, RED, YELLOW, GREEN)


def test_avif_with_ten_bits_and_with_alpha() -> None:
    deep = ((FRAME[..., ::-1].astype(int) * 1023 + 127) // 255).astype(np.uint16)
    options = [cv2.IMWRITE_AVIF_DEPTH, 10, cv2.IMWRITE_AVIF_QUALITY, 95]
    picture = OpenCvMedia().decode_still(cv2.imencode(".avif", deep, options)[1].tobytes())
    assert (picture.format, picture.bit_depth) == ("avif", 10)
    assert np.abs(picture.frame.astype(int) - FRAME).mean() < 4
    sheer = np.dstack([FRAME[..., ::-1], np.zeros(FRAME.shape[:2], np.uint8)])
    picture = OpenCvMedia().decode_still(cv2.imencode(".avif", sheer)[1].tobytes())
    assert picture.has_alpha
    assert picture.frame.min() > 250  # nothing but the white behind it


@pytest.mark.parametrize("packing", [1, 5, 8])  # none, LZW, deflate
def test_tiff(packing: int) -> None:
    options = [cv2.IMWRITE_TIFF_COMPRESSION, packing]
    for scale, depth in ((1, np.uint8), (257, np.uint16)):
        data = cv2.imencode(".tiff", FRAME[..., ::-1].astype(depth) * scale, options)[1].tobytes()
        picture = OpenCvMedia().decode_still(data)
        assert (picture.format, picture.bit_depth) == ("tiff", 8 * np.dtype(depth).itemsize)
        assert (picture.frame == FRAME).all()
        assert refusal(data[: len(data) // 2]).kind == "truncated"


def test_tiff_in_floating_point() -> None:
    wide = FRAME[..., ::-1].astype(np.float32) / 255
    wide[0, 0], wide[0, 1] = 40.0, np.nan
    picture = OpenCvMedia().decode_still(cv2.imencode(".tiff", wide)[1].tobytes())
    assert (picture.frame[1:] == FRAME[1:]).all()
    assert picture.frame[0, 0].tolist() == [255, 255, 255]


def interlaced(pixels: np.ndarray) -> bytes:
    """Return a PNG in Adam7's seven passes."""
    passes = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2))
    rows = b"".join(
        b"\0" + row.tobytes()
        for top, left, down, right in (*passes, (1, 0, 2, 1))
        for row in pixels[top::down, left::right]
    )
    height, width = pixels.shape[:2]
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 1)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_an_interlaced_png() -> None:
    assert (OpenCvMedia().decode_still(interlaced(FRAME)).frame == FRAME).all()


def test_a_see_through_gif_lies_on_white() -> None:
    gif = b"GIF89a" + struct.pack("<HHBBB", 2, 1, 0x80, 0, 0) + bytes([0, 0, 0, 200, 30, 30])
    gif += b"\x21\xf9\x04\x01\0\0\0\0" + b"\x2c" + struct.pack("<HHHHB", 0, 0, 2, 1, 0)
    gif += b"\x02\x02\x44\x0a\0\x3b"  # the codes 4 0 1 5 in three bits each: colours 0 and 1
    picture = OpenCvMedia().decode_still(gif)
    assert picture.has_alpha
    assert picture.frame[0].tolist() == [[255, 255, 255], [200, 30, 30]]


def exif_block(order: str, *entries: tuple[int, bytes]) -> bytes:
    mark = b"II*\0" if order == "<" else b"MM\0*"
    head = mark + struct.pack(order + "IH", 8, len(entries))
    place = len(head) + 12 * len(entries) + 4
    table = body = b""
    for tag, text in entries:
        table += struct.pack(order + "HHII", tag, 2, len(text), place + len(body))
        body += text
    return head + table + bytes(4) + body


@pytest.mark.parametrize("order", ["<", ">"])
def test_what_comfyui_writes_into_exif(order: str) -> None:
    entries = ((0x010F, b'workflow:{"nodes": []}\0'), (0x0110, b'Prompt:{"3": {}}\0'))
    block = exif_block(order, *entries, (0x010E, b"a photo\0"))
    assert exif_texts(block) == {"workflow": '{"nodes": []}', "prompt": '{"3": {}}'}
    assert orientation_of(block) == 1
    for cut in range(len(block)):  # broken metadata beside a sound picture
        exif_texts(block[:cut])
