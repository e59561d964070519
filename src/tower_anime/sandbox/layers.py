"""Layers of a drawing: rendered from SVG, laid over each other, drawn by a hand without a ruler."""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
import resvg_py
from numpy.random import Generator
from numpy.typing import NDArray

from tower_anime.domain.frame import Frame

Picture: TypeAlias = NDArray[np.uint8]
"""Height × width × 4: RGBA."""

_COARSE = 4
"""How much smaller light is rendered: it has no edges, and large gradients cost the most."""

_WAVER = 0.0055
"""How far a hand strays from the ruled line, in heights of the picture (by eye)."""
_WAVES = 10
"""How often it changes its mind along the height of the picture."""


def raster(drawing: str, *, width: int, height: int) -> Picture:
    """Return a page of SVG as `height`×`width`×4 RGBA, alpha not multiplied in."""
    sized = drawing.replace("<svg ", f'<svg width="{width}" height="{height}" ', 1)
    png = resvg_py.svg_to_bytes(svg_string=sized, skip_system_fonts=True)
    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    assert pixels.shape == (height, width, 4)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA), np.uint8)


def layer(drawing: str, *, width: int, height: int) -> Picture:
    """Return a page of SVG as a layer: its colours multiplied by its alpha."""
    straight = raster(drawing, width=width, height=height)
    alpha = cv2.extractChannel(straight, 3)
    full = np.full_like(alpha, 255)
    return np.asarray(
        cv2.multiply(straight, cv2.merge([alpha, alpha, alpha, full]), scale=1 / 255), np.uint8
    )


def glow(drawing: str, *, width: int, height: int) -> Picture:
    """Return a page of light alone as a layer: rendered small and enlarged."""
    small = layer(drawing, width=max(8, width // _COARSE), height=max(8, height // _COARSE))
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def over(below: Picture, above: Picture) -> Picture:
    """Return the picture with a layer over it."""
    clear = cv2.bitwise_not(cv2.extractChannel(above, 3))
    behind = cv2.multiply(below, cv2.merge([clear] * 4), scale=1 / 255)
    return np.asarray(cv2.add(behind, above), np.uint8)


def by_hand(picture: Picture, rng: Generator, calm: list[tuple[float, float, float]]) -> Picture:
    """Return the picture as a hand draws it: no line is quite straight, no two parts quite alike.

    `calm` names what is drawn with care: (left, right, top) in heights of the picture, from the
    top down to its lower edge.
    """
    height, width = picture.shape[:2]
    rows, columns = _WAVES, max(2, round(_WAVES * width / height))
    stray = rng.uniform(-1, 1, (rows, columns, 2)).astype(np.float32)
    for left, right, top in calm:
        across = slice(max(0, int(left * rows - 0.5)), max(0, int(np.ceil(right * rows + 0.5))))
        stray[max(0, int(top * rows - 0.5)) :, across] *= 0.12
    way = cv2.resize(stray * (_WAVER * height), (width, height), interpolation=cv2.INTER_LINEAR)
    down, along = np.mgrid[0:height, 0:width].astype(np.float32)
    return np.asarray(
        cv2.remap(
            picture,
            along + way[..., 0],
            down + way[..., 1],
            cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REFLECT_101,
        ),
        np.uint8,
    )


def opaque(picture: Frame) -> Picture:
    """Return a picture as the lowest layer."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA), np.uint8)
