"""One frame of a clip as a JPEG: what a library shows it by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from tower_anime.adapters.clip_open import picture_stream
from tower_anime.errors import Unreadable

QUALITY = 88  # of JPEG: a poster is looked at closely
MAX_PIXELS = 64_000_000  # an 8K frame; refused before it is decoded


def jpeg_frame(source: Path, at_share: float, longest_px: int) -> bytes:
    """Return the frame at a share (0–1) of the clip's length, its longer side at most `longest_px`.

    Where the length is not known, or seeking fails, the first frame has to do. `Unreadable` if
    there is none.
    """
    try:
        with av.open(str(source)) as container:
            stream = picture_stream(container)
            if stream is None:
                raise Unreadable(f"{source} has no picture stream", kind="no_video")
            if stream.width * stream.height > MAX_PIXELS:
                raise Unreadable(f"{source} is too large: {stream.width}×{stream.height}")
            if container.duration:
                container.seek(int(container.duration * at_share))
            frame: Any = next(container.decode(stream), None)
            if frame is None:
                container.seek(0)
                frame = next(container.decode(stream), None)
            if frame is None:
                raise Unreadable(f"{source} has no frame", kind="empty")
            return _jpeg(frame.to_ndarray(format="bgr24"), longest_px)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise Unreadable(f"{source} can't be decoded: {error}") from error


SHEET = (0.02, 0.2, 0.4, 0.6, 0.8, 0.97)
"""The moments of a clip (shares of its length) that a sheet shows, in rows of three."""


def jpeg_sheet(source: Path, longest_px: int) -> bytes:
    """Return moments of a clip in one JPEG, for somebody who can't watch it.

    `Unreadable` as `jpeg_frame`.
    """
    moments = []
    for share in SHEET:
        data = np.frombuffer(jpeg_frame(source, share, longest_px // 3), np.uint8)
        moments.append(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8))
    return _jpeg(np.vstack([np.hstack(moments[:3]), np.hstack(moments[3:])]), longest_px)


def _jpeg(bgr: np.ndarray[Any, np.dtype[np.uint8]], longest_px: int) -> bytes:
    scale = longest_px / max(bgr.shape[:2])
    if scale < 1.0:
        size = (max(1, round(bgr.shape[1] * scale)), max(1, round(bgr.shape[0] * scale)))
        bgr = cv2.resize(bgr, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    done, data = cv2.imencode(".jpg", bgr, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
    if not done:
        raise Unreadable("a frame can't be encoded as JPEG", kind="corrupt")
    return data.tobytes()
