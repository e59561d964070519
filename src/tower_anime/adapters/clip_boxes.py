"""The outer boxes of an MP4: in which order they come, and how long the file says it lasts.

FFmpeg corrects a stated duration by the table of frames, so that a lie does not get through to
those who ask it (ISO/IEC 14496-12, 4.2 and 8.2.2).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_MOST_BOXES = 64
_HEAD = struct.Struct(">I4s")


@dataclass(frozen=True)
class Boxes:
    """`moov_first` is None for what is no MP4; `duration_s` None where no header states one."""

    moov_first: bool | None
    duration_s: float | None


def read_boxes(source: Path) -> Boxes:
    """Walk the outer boxes; nothing but headers is read."""
    with source.open("rb") as file:
        names: list[bytes] = []
        duration_s = None
        for name, size in _boxes(file):
            if not names and name != b"ftyp":
                return Boxes(None, None)
            names.append(name)
            if name == b"moov":
                duration_s = _stated_s(file.read(min(size, 128)))
                file.seek(-min(size, 128), 1)
        if not names:
            return Boxes(None, None)
        order = [name for name in names if name in (b"moov", b"mdat")]
        return Boxes(bool(order and order[0] == b"moov"), duration_s)


def _boxes(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Yield name and payload size (bytes) of each outer box, the file at its payload."""
    end = file.seek(0, 2)
    position = 0
    for _ in range(_MOST_BOXES):
        file.seek(position)
        head = file.read(8)
        if len(head) < 8:
            return
        size, name = _HEAD.unpack(head)
        used = 8
        if size == 1:
            long_size = file.read(8)
            if len(long_size) < 8:
                return
            (size,), used = struct.unpack(">Q", long_size), 16
        elif size == 0:
            size = end - position
        if size < used:
            return
        yield name, min(size, end - position) - used
        position += size


def _stated_s(moov: bytes) -> float | None:
    """Return the duration of the movie header, which comes first in the index."""
    if len(moov) < 40 or moov[4:8] != b"mvhd":
        return None
    if moov[8] == 1:
        scale, duration = struct.unpack_from(">IQ", moov, 28)
    else:
        scale, duration = struct.unpack_from(">II", moov, 20)
    unknown = duration in (0, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)
    return None if unknown or not scale else float(duration / scale)
