"""Pictures as ComfyUI reads them, a mask in the alpha as its own mask editor saves it."""

from __future__ import annotations

import cv2
from cv2.typing import MatLike

from tower_anime.domain.frame import Frame
from tower_anime.errors import Unreadable


def masked_png(picture: Frame, mask: Frame) -> bytes:
    """Return a PNG of the picture that is transparent where the mask is white.

    ComfyUI's LoadImage hands out as mask what is transparent. A mask of another size is scaled.
    The colours below stay.
    """
    height, width = picture.shape[:2]
    grey = cv2.cvtColor(mask, cv2.COLOR_RGB2GRAY)
    if grey.shape != (height, width):
        grey = cv2.resize(grey, (width, height), interpolation=cv2.INTER_LINEAR)
    bgra = cv2.cvtColor(picture, cv2.COLOR_RGB2BGRA)
    bgra[..., 3] = 255 - grey
    return _encoded(bgra)


def plain_png(picture: Frame) -> bytes:
    """Return a PNG of the picture alone."""
    return _encoded(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))


def _encoded(pixels: MatLike) -> bytes:
    done, data = cv2.imencode(".png", pixels)
    if not done:
        raise Unreadable("the picture can't be encoded", kind="corrupt")
    return data.tobytes()
