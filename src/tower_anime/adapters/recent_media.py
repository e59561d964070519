"""Pictures that were just decoded, kept until they are shown: a reviewer sees what was measured."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path

from tower_anime.adapters.media import OpenCvMedia, jpeg_preview
from tower_anime.domain.frame import Frame
from tower_anime.ports import Picture

MOST_BYTES = 64 * 2**20
"""Twenty pictures of 1024²; half the time of a review goes into decoding one again."""


class RecentMedia:
    """`ports.Media` that decodes a file for its preview only if it was not decoded just before.

    Files are told apart by path, size and time of change. A picture is given away once.
    """

    def __init__(self, media: OpenCvMedia) -> None:
        self._media = media
        self._kept: OrderedDict[Path, tuple[tuple[int, int], Frame]] = OrderedDict()
        self._lock = threading.Lock()

    def decode_still(self, source: Path | bytes) -> Picture:
        """Decode, and keep the pixels of a file for its preview."""
        looks = _looks(source) if isinstance(source, Path) else None
        picture = self._media.decode_still(source)
        if isinstance(source, Path) and looks is not None:
            self._keep(source, looks, picture.frame)
        return picture

    def preview(self, source: Path, *, longest_px: int) -> bytes:
        """Return a JPEG of what was decoded last of this file, else of the file."""
        with self._lock:
            kept = self._kept.pop(source, None)
        if kept is None or kept[0] != _looks(source):
            return self._media.preview(source, longest_px=longest_px)
        return jpeg_preview(kept[1], longest_px=longest_px)

    def redrawn(self, source: Path, frame: Frame) -> bytes:
        """Return a PNG of other pixels with the texts of the file."""
        return self._media.redrawn(source, frame)

    def _keep(self, source: Path, looks: tuple[int, int], frame: Frame) -> None:
        with self._lock:
            self._kept[source] = (looks, frame)
            self._kept.move_to_end(source)
            while sum(one.nbytes for _, one in self._kept.values()) > MOST_BYTES:
                self._kept.popitem(last=False)


def _looks(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None  # whoever reads it says why
    return found.st_mtime_ns, found.st_size
