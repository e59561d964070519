"""Files to pixels, header first: a file is measured, checked and only then decoded.

The formats' readers (`still_headers`) prove that a file is whole before OpenCV sees it.
"""

from __future__ import annotations

import stat
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from tower_anime.adapters.still_headers import Header, format_of, pixels_of, truncated
from tower_anime.adapters.still_texts import with_texts
from tower_anime.domain.frame import Frame, check_frame
from tower_anime.errors import Unreadable
from tower_anime.ports import Picture

MAX_PIXELS = 40_000_000
"""A little more than 8K (33 million). A measurement takes some 20 bytes a pixel: this keeps it
below 1 GB."""

MAX_BYTES = 256 * 2**20

_BAND_PX = 256  # rows that are laid over white at a time: each takes four planes more
_OPAQUE = 255

PREVIEW_QUALITY = 92  # JPEG; below it line art shows ringing that a reviewer would blame

cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # what fails is raised

Pixels: TypeAlias = NDArray[Any]


class OpenCvMedia:
    """`ports.Media` by OpenCV: PNG, JPEG, WebP, AVIF, GIF, BMP and TIFF (the first frame)."""

    def decode_still(self, source: Path | bytes) -> Picture:
        """Decode a still to 8-bit RGB.

        More bits are rounded to 8, grey, palettes and CMYK become RGB, turns are carried out, and
        alpha is laid over white: so browsers and libraries show it, while transparent black
        would read as a failed decode. The format is told by the content, not by the name.

        Raises:
            Unreadable: of kind `missing`, `not_a_file`, `no_access`, `empty`, `too_large`,
                `not_an_image`, `unsupported`, `truncated` or `corrupt`.
        """
        data = source if isinstance(source, bytes) else _read(source)
        if not data:
            raise Unreadable("the file is empty", kind="empty")
        if len(data) > MAX_BYTES:
            raise _too_many_bytes(len(data))
        name, read_header = format_of(data)
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
        return jpeg_preview(self.decode_still(source).frame, longest_px=longest_px)

    def redrawn(self, source: Path, frame: Frame) -> bytes:
        """Return a PNG of `frame` with the texts of `source`, such as ComfyUI's workflow.

        Raises:
            Unreadable: as `decode_still`.
        """
        texts = self.decode_still(source).texts
        done, data = cv2.imencode(".png", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
        if not done:
            raise Unreadable("the picture can't be encoded as PNG", kind="corrupt")
        return with_texts(data.tobytes(), texts)


def pixels_in(path: Path) -> int:
    """Return how many pixels a still says it has; 0 for what can't be read or is no still."""
    try:
        return pixels_of(_read(path))
    except Unreadable:
        return 0


def jpeg_preview(frame: Frame, *, longest_px: int) -> bytes:
    """Return a JPEG of a picture, its longer side at most `longest_px`."""
    bgr = cv2.cvtColor(_within(frame, longest_px), cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".jpg", bgr, (cv2.IMWRITE_JPEG_QUALITY, PREVIEW_QUALITY))
    if not done:
        raise Unreadable("the picture can't be encoded as a preview", kind="corrupt")
    return data.tobytes()


def _within(frame: Pixels, longest_px: int) -> Pixels:
    """Shrink by whole factors as long as that is possible, then by interpolation.

    Interpolating reads every pixel down to half the size, and costs a fifth of averaging.
    """
    height, width = frame.shape[:2]
    scale = longest_px / max(height, width)
    if scale >= 1.0:
        return frame
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    whole = int(1 / scale)
    if whole > 1:
        between = (max(size[0], width // whole), max(size[1], height // whole))
        frame = cv2.resize(frame, between, interpolation=cv2.INTER_AREA)
    return cv2.resize(frame, size, interpolation=cv2.INTER_LINEAR)


def _read(path: Path) -> bytes:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):  # a pipe would be waited for
            raise Unreadable(f"{path} is no file but a folder or device", kind="not_a_file")
        if found.st_size > MAX_BYTES:
            raise _too_many_bytes(found.st_size)
        return path.read_bytes()
    except FileNotFoundError as error:
        raise Unreadable(f"there is no file {path}", kind="missing") from error
    except OSError as error:
        raise Unreadable(f"{path} can't be read: {error.strerror}", kind="no_access") from error


def _too_many_bytes(size: int) -> Unreadable:
    limit = MAX_BYTES // 2**20
    return Unreadable(f"the file has {size / 2**20:,.0f} MiB; {limit} are read", kind="too_large")


def _checked(name: str, read_header: Callable[[bytes], Header], data: bytes) -> Header:
    try:
        header = read_header(data)
    except (struct.error, IndexError) as error:
        raise truncated(name) from error
    if header.width <= 0 or header.height <= 0:
        raise Unreadable(f"the {name} says it has no pixels", kind="corrupt")
    if header.width * header.height > MAX_PIXELS:
        raise Unreadable(
            f"the picture has {header.width}×{header.height} px; "
            f"up to {MAX_PIXELS / 1e6:.0f} million are decoded",
            kind="too_large",
        )
    return header


# ---- pixels ---------------------------------------------------------------------------------


def _frame(data: bytes, header: Header, name: str) -> Frame:
    plain = header.bit_depth <= 8 and not header.has_alpha
    flags = cv2.IMREAD_COLOR_RGB if plain else cv2.IMREAD_UNCHANGED
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error as error:
        raise Unreadable(f"the {name} does not decode: {error.err}", kind="corrupt") from error
    if image is None or image.shape[:2] != (header.height, header.width):
        raise Unreadable(f"the {name} does not decode to what its header says", kind="corrupt")
    if not plain:
        image = _in_8_bits(image, header.levels, name)  # what it was may go
        image = _plain_rgb(image)
    return check_frame(_turned(image, header.orientation))


def _in_8_bits(image: Pixels, levels: int, name: str) -> Pixels:
    """Return samples of 8 bits; `levels` is the largest value of an integer sample."""
    if image.dtype == np.uint8:
        return image
    if image.dtype == np.uint16:
        return cv2.convertScaleAbs(image, alpha=255 / levels)
    if image.dtype in (np.float32, np.float64):
        bounded = np.clip(np.nan_to_num(image), 0, 1)
        return np.asarray((bounded * 255).round(), np.uint8)
    raise Unreadable(f"samples of {image.dtype} in a {name} are not read", kind="unsupported")


def _plain_rgb(image: Pixels) -> Pixels:
    """Return RGB from what OpenCV decodes unchanged: grey, grey with alpha, BGR or BGRA."""
    if image.ndim == 2:
        return cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)
    if image.shape[2] == 3:
        return cv2.cvtColor(image, cv2.COLOR_BGR2RGB, dst=image)
    return _over_white(image)


def _over_white(bgra: Pixels) -> Pixels:
    laid = np.empty((*bgra.shape[:2], 3), np.uint8)
    for top in range(0, bgra.shape[0], _BAND_PX):
        band = bgra[top : top + _BAND_PX]
        alpha = cv2.extractChannel(band, 3)
        rgb = cv2.cvtColor(band, cv2.COLOR_BGRA2RGB)
        if alpha.min() < _OPAQUE:  # what lacks to white fades; no product lies halfway of a level
            lacks = cv2.multiply(cv2.bitwise_not(rgb), cv2.merge([alpha] * 3), scale=1 / _OPAQUE)
            cv2.bitwise_not(lacks, rgb)
        laid[top : top + _BAND_PX] = rgb
    return laid


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
