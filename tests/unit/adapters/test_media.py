from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import drawn
from tower_anime.adapters import media, still_texts
from tower_anime.adapters.media import OpenCvMedia
from tower_anime.domain.frame import Frame
from tower_anime.errors import Unreadable

FRAME = drawn.drawn("cel", size=96)[:64]


def coded(frame: Frame, extension: str, *options: int) -> bytes:
    return bytes(cv2.imencode(extension, frame[..., ::-1], options)[1])


PNG = coded(FRAME, ".png")
JPEG = coded(FRAME, ".jpg", cv2.IMWRITE_JPEG_QUALITY, 95)
FILES = {
    "png": PNG,
    "jpeg": JPEG,
    "webp": coded(FRAME, ".webp", cv2.IMWRITE_WEBP_QUALITY, 95),
    "gif": coded(FRAME, ".gif"),
    "bmp": coded(FRAME, ".bmp"),
}


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_chunks(png: bytes, *chunks: bytes) -> bytes:
    """Return the PNG with chunks between its header and its pixels."""
    head = 8 + 25
    return png[:head] + b"".join(chunks) + png[head:]


def refusal(source: Path | bytes) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        OpenCvMedia().decode_still(source)
    return caught.value


# ---- what is read ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_formats_decode_to_rgb(name: str, tmp_path: Path) -> None:
    path = tmp_path / "file.dat"  # the content tells the format, not the name
    path.write_bytes(FILES[name])
    for source in (path, FILES[name]):
        picture = OpenCvMedia().decode_still(source)
        assert (picture.format, picture.bit_depth, picture.has_alpha) == (name, 8, False)
        assert picture.frame.shape == FRAME.shape
        error = np.abs(picture.frame.astype(int) - FRAME).mean()
        assert error < {"gif": 40, "png": 0.01, "bmp": 0.01}.get(name, 8)


def test_lossless_webp_with_and_without_alpha() -> None:
    plain = cv2.imencode(".webp", FRAME[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, 101])[1]
    assert (OpenCvMedia().decode_still(bytes(plain)).frame == FRAME).all()
    rgba = np.dstack([FRAME[..., ::-1], np.full(FRAME.shape[:2], 51, np.uint8)])
    sheer = cv2.imencode(".webp", rgba, [cv2.IMWRITE_WEBP_QUALITY, 101])[1]
    picture = OpenCvMedia().decode_still(bytes(sheer))
    assert picture.has_alpha
    assert np.abs(picture.frame - (FRAME * 0.2 + 204)).max() <= 1


def test_sixteen_bits_become_eight() -> None:
    png = cv2.imencode(".png", FRAME[..., ::-1].astype(np.uint16) * 257)[1]
    picture = OpenCvMedia().decode_still(bytes(png))
    assert picture.bit_depth == 16
    assert (picture.frame == FRAME).all()


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_grey_becomes_rgb(depth: type) -> None:
    grey = FRAME[..., 0].astype(depth) * (257 if depth is np.uint16 else 1)
    picture = OpenCvMedia().decode_still(bytes(cv2.imencode(".png", grey)[1]))
    assert (picture.frame == FRAME[..., :1]).all()


@pytest.mark.parametrize("scale", [1, 257])
def test_alpha_is_laid_over_white(scale: int) -> None:
    alpha = np.zeros(FRAME.shape[:2], np.uint8)
    alpha[:32] = 255
    rgba = np.dstack([FRAME[..., ::-1], alpha]).astype(np.uint16 if scale > 1 else np.uint8) * scale
    picture = OpenCvMedia().decode_still(bytes(cv2.imencode(".png", rgba)[1]))
    assert picture.has_alpha
    assert (picture.frame[:32] == FRAME[:32]).all()
    assert (picture.frame[32:] == 255).all()


def test_every_alpha_of_every_level_is_rounded_to_the_nearest() -> None:
    level, alpha = np.meshgrid(np.arange(256), np.arange(256))
    rgba = np.dstack([level, level, level, alpha]).astype(np.uint8)
    picture = OpenCvMedia().decode_still(bytes(cv2.imencode(".png", rgba)[1]))
    expected = (level * alpha + 255 * (255 - alpha) + 127) // 255
    assert (picture.frame == expected[..., None]).all()


def test_a_palette_with_a_transparent_colour() -> None:
    rows = b"".join(b"\0" + bytes([0, 1, 2]) for _ in range(3))
    png = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 3, 3, 8, 3, 0, 0, 0))
        + chunk(b"PLTE", bytes([255, 0, 0, 0, 255, 0, 0, 0, 255]))
        + chunk(b"tRNS", bytes([255, 255, 0]))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
    picture = OpenCvMedia().decode_still(png)
    assert picture.has_alpha
    assert picture.frame[1].tolist() == [[255, 0, 0], [0, 255, 0], [255, 255, 255]]


def exif(orientation: int, order: str) -> bytes:
    mark = b"II*\0" if order == "<" else b"MM\0*"
    entry = struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
    return mark + struct.pack(order + "IH", 8, 1) + entry + struct.pack(order + "I", 0)


TURNS: dict[int, Callable[[Frame], Frame]] = {
    1: lambda f: f,
    2: lambda f: f[:, ::-1],
    3: lambda f: f[::-1, ::-1],
    4: lambda f: f[::-1],
    5: lambda f: f.transpose(1, 0, 2),
    6: lambda f: np.rot90(f, -1),
    7: lambda f: f.transpose(1, 0, 2)[::-1, ::-1],
    8: np.rot90,
    99: lambda f: f,
}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", TURNS)
def test_exif_turns_are_carried_out(orientation: int, order: str) -> None:
    upright = TURNS[orientation](FRAME)
    block = exif(orientation, order)
    png = with_chunks(PNG, chunk(b"eXIf", block))
    assert (OpenCvMedia().decode_still(png).frame == upright).all()
    segment = b"Exif\0\0" + block
    app1 = b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment
    jpeg = OpenCvMedia().decode_still(JPEG[:2] + app1 + JPEG[2:])
    assert jpeg.frame.shape == upright.shape
    assert np.abs(jpeg.frame.astype(int) - upright).mean() < 8


@pytest.mark.parametrize("block", [b"", b"II", b"MM\0*\0\0\xff\xff", b"II*\0\x08\0\0\0\xff\xff"])
def test_broken_exif_does_not_spoil_a_sound_picture(block: bytes) -> None:
    picture = OpenCvMedia().decode_still(with_chunks(PNG, chunk(b"eXIf", block)))
    assert (picture.frame == FRAME).all()


def test_embedded_texts_are_read() -> None:
    prompt, workflow = '{"3": {"class_type": "KSampler"}}', '{"nodes": ["少女"]}'
    png = with_chunks(
        PNG,
        chunk(b"tEXt", b"prompt\0" + prompt.encode()),
        chunk(b"iTXt", b"workflow\0\0\0\0\0" + workflow.encode()),
        chunk(b"iTXt", b"packed\0\1\0en\0k\0" + zlib.compress(workflow.encode())),
        chunk(b"zTXt", b"parameters\0\0" + zlib.compress(b"Steps: 20")),
        chunk(b"tEXt", b"Author\0Andr\xe9"),
        chunk(b"tEXt", b"no separator"),
        chunk(b"zTXt", b"broken\0\0not zlib"),
    )
    assert OpenCvMedia().decode_still(png).texts == {
        "prompt": prompt,
        "workflow": workflow,
        "packed": workflow,
        "parameters": "Steps: 20",
        "Author": "André",
    }


def test_texts_over_the_cap_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(still_texts, "_MAX_TEXT_BYTES", 1000)
    bomb = zlib.compress(bytes(100_000))
    png = with_chunks(
        PNG,
        chunk(b"tEXt", b"long\0" + b"x" * 1001),
        chunk(b"zTXt", b"bomb\0\0" + bomb),
        chunk(b"iTXt", b"too\0\1\0\0\0" + bomb),
        chunk(b"tEXt", b"prompt\0{}"),
    )
    assert OpenCvMedia().decode_still(png).texts == {"prompt": "{}"}


# ---- what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("left", [0.05, 0.5, 0.9, 0.999])
def test_a_file_cut_short_is_truncated(name: str, left: float) -> None:
    data = FILES[name]
    assert refusal(data[: max(12, int(len(data) * left))]).kind == "truncated"


def test_the_end_of_a_thumbnail_does_not_end_the_jpeg() -> None:
    segment = b"Exif\0\0" + exif(1, "<") + JPEG
    app1 = b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment
    whole = JPEG[:2] + app1 + JPEG[2:]
    assert OpenCvMedia().decode_still(whole).frame.shape == FRAME.shape
    assert refusal(whole[:-40]).kind == "truncated"


def test_a_damaged_chunk_is_corrupt() -> None:
    middle = len(PNG) // 2
    damaged = PNG[:middle] + bytes([PNG[middle] ^ 0xFF]) + PNG[middle + 1 :]
    assert refusal(damaged).kind == "corrupt"


def test_files_that_are_no_image(tmp_path: Path) -> None:
    text = tmp_path / "note.png"
    text.write_text("this is not a picture\n" * 20)
    assert refusal(text).kind == "not_an_image"
    empty = tmp_path / "empty.png"
    empty.touch()
    assert refusal(empty).kind == "empty"
    assert refusal(b"").kind == "empty"
    assert refusal(tmp_path / "gone.png").kind == "missing"
    assert refusal(tmp_path).kind == "not_a_file"
    assert refusal(text / "below.png").kind == "no_access"


def test_a_huge_picture_is_refused_before_it_is_decoded() -> None:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0))
    bomb = PNG[:8] + header + PNG[8 + 25 :]
    error = refusal(bomb)
    assert error.kind == "too_large"
    assert "100000×100000" in str(error)


def test_a_huge_file_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media, "MAX_BYTES", 1000)
    path = tmp_path / "large.png"
    path.write_bytes(PNG)
    assert refusal(path).kind == "too_large"
    assert refusal(PNG).kind == "too_large"


def test_a_header_that_lies_is_corrupt() -> None:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 0, 64, 8, 2, 0, 0, 0))
    assert refusal(PNG[:8] + header + PNG[8 + 25 :]).kind == "corrupt"
    assert refusal(PNG[:8] + PNG[8 + 25 :]).kind == "corrupt"


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(sorted(FILES)),
    edits=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=6),
    kept=st.floats(0.1, 1.0),
)
def test_any_mutation_decodes_or_is_refused(
    name: str, edits: list[tuple[float, int]], kept: float
) -> None:
    data = bytearray(FILES[name])
    for place, value in edits:
        data[int(place * len(data))] = value
    with suppress(Unreadable):
        picture = OpenCvMedia().decode_still(bytes(data[: int(len(data) * kept)]))
        assert picture.frame.dtype == np.uint8
        assert picture.frame.ndim == 3
