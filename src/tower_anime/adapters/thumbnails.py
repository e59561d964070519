"""Small WebP pictures of our files, made once and kept in a folder that may be deleted."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import cv2
from av.error import FFmpegError
from numpy.typing import NDArray

from tower_anime.errors import StorageFull, Unreadable

CLIPS = frozenset({".mp4", ".webm", ".mkv", ".gif"})
QUALITY = 82  # WebP; at 256 px no difference to the eye, a third of the bytes of 95
PRINT_PX = 256  # a size that galleries show, so that it is there already
_LOCKS = 16


class Thumbnails:
    """Makes what is not there yet. Thread-safe; several processes may share the folder.

    `decode` gives the pixels of a still (RGB).
    """

    def __init__(self, folder: Path, decode: Callable[[Path], NDArray[Any]]) -> None:
        self._folder = folder
        self._decode = decode
        self._making = [threading.Lock() for _ in range(_LOCKS)]

    def of(self, sha256: str, size_px: int, find: Callable[[], Path]) -> Path:
        """Return the picture of a file, its longer side at most `size_px`.

        `find` gives the file itself, asked for only when the picture is to be made.

        Raises:
            Unreadable: the file is no picture or clip.
        """
        made = self._folder / sha256[:2] / f"{sha256}-{size_px}.webp"
        if made.exists():
            return made
        with self._making[int(sha256[:4], 16) % _LOCKS]:
            if not made.exists():
                self._write(made, _small(self._pixels(find()), size_px))
        return made

    def print_of(self, sha256: str, find: Callable[[], Path]) -> int:
        """Return the fingerprint of how a file looks: 128 bits, near for near looks.

        Bit by bit whether a cell is darker than its right, or its lower, neighbour (dHash, after
        Krawetz); taken from the small picture.
        """
        small = cv2.imread(str(self.of(sha256, PRINT_PX, find)), cv2.IMREAD_GRAYSCALE)
        if small is None:
            raise Unreadable("the small picture does not decode", kind="corrupt")
        return _fingerprint(small)

    def _pixels(self, source: Path) -> NDArray[Any]:
        return _first_frame(source) if source.suffix in CLIPS else self._decode(source)

    def _write(self, made: Path, data: bytes) -> None:
        partial = made.with_name(f".{made.name}.{os.getpid()}.{threading.get_ident()}")
        try:
            made.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(data)
            partial.replace(made)
        except OSError as error:
            raise StorageFull(f"{made.parent} can't be written: {error.strerror}") from error


def _fingerprint(grey: NDArray[Any]) -> int:
    cells = cv2.resize(grey, (9, 9), interpolation=cv2.INTER_AREA).astype(int)
    bits = [*(cells[:8, :8] < cells[:8, 1:]).flat, *(cells[:8, :8] < cells[1:, :8]).flat]
    return sum(1 << place for place, bit in enumerate(bits) if bit)


def _small(rgb: NDArray[Any], size_px: int) -> bytes:
    scale = size_px / max(rgb.shape[:2])
    if scale < 1.0:
        size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
        rgb = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".webp", bgr, (cv2.IMWRITE_WEBP_QUALITY, QUALITY))
    if not done:
        raise Unreadable("the picture can't be encoded as WebP", kind="corrupt")
    return data.tobytes()


def _first_frame(source: Path) -> NDArray[Any]:
    try:
        with av.open(str(source)) as opened:
            for frame in opened.decode(video=0):
                return frame.to_ndarray(format="rgb24")
    except (FFmpegError, IndexError) as error:
        raise Unreadable(f"{source.name} does not decode: {error}", kind="corrupt") from error
    raise Unreadable(f"{source.name} holds no frame", kind="corrupt")
