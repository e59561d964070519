"""Nodes that take, make and use masks: 0–1 floats, 1 where something is drawn anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from tower_anime.domain.frame import Frame
from tower_anime.sandbox.values import Latent, Result, Run

Mask: TypeAlias = NDArray[np.float32]

_CHANNELS = {"red": 0, "green": 1, "blue": 2}


def mask_of(path: Path) -> Mask:
    """Return what is transparent in an image file; 64×64 zeros where nothing is, as the server."""
    pixels = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.ndim < 3 or pixels.shape[2] < 4:
        return np.zeros((64, 64), np.float32)
    opaque = 65535 if pixels.dtype == np.uint16 else 255
    return np.asarray(1 - pixels[..., 3].astype(np.float32) / opaque, np.float32)


def fitted(mask: Mask, width: int, height: int) -> Mask:
    """Return a mask at a size, as the server scales it."""
    if mask.shape == (height, width):
        return mask
    return np.asarray(cv2.resize(mask, (width, height)), np.float32)


def blended(below: Frame, above: Frame, mask: Mask) -> Frame:
    """Return `below` with `above` where the mask is 1."""
    height, width = below.shape[:2]
    share = fitted(mask, width, height)[..., None]
    mixed: Frame = (below + (above.astype(np.float32) - below) * share + 0.5).astype(np.uint8)
    return mixed


def _of_image(_: Run, *, image: tuple[Frame, ...], channel: str) -> Result:
    if channel not in _CHANNELS:  # pictures have no alpha once they are loaded
        return (np.zeros(image[0].shape[:2], np.float32),)
    return (image[0][..., _CHANNELS[channel]].astype(np.float32) / 255,)


def _as_image(_: Run, *, mask: Mask) -> Result:
    grey = (mask * 255 + 0.5).astype(np.uint8)
    return ((cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB),),)


def _on_latent(_: Run, *, samples: Latent, mask: Mask) -> Result:
    return (replace(samples, mask=mask, below=samples.pictures),)


def _composite(
    _: Run,
    *,
    destination: tuple[Frame, ...],
    source: tuple[Frame, ...],
    x: int,
    y: int,
    resize_source: bool,
    mask: Mask | None = None,
) -> Result:
    """Lay the source over the destination; what sticks out is cut off."""
    results = []
    for number, below in enumerate(destination):
        above, (height, width) = source[number % len(source)], below.shape[:2]
        if resize_source:
            above = np.asarray(cv2.resize(above, (width, height)), np.uint8)
        part = above[: max(0, height - y), : max(0, width - x)]
        share = np.ones(above.shape[:2], np.float32)
        if mask is not None:
            share = fitted(mask, above.shape[1], above.shape[0])
        result = below.copy()
        rows, columns = part.shape[:2]
        if rows and columns:
            window = result[y : y + rows, x : x + columns]
            window[:] = blended(window, part, share[:rows, :columns])
        results.append(result)
    return (tuple(results),)


def _size(_: Run, *, image: tuple[Frame, ...]) -> Result:
    height, width = image[0].shape[:2]
    return width, height, len(image)


MASK_NODES: dict[str, Callable[..., Result]] = {
    "ImageToMask": _of_image,
    "MaskToImage": _as_image,
    "SetLatentNoiseMask": _on_latent,
    "ImageCompositeMasked": _composite,
    "GetImageSize": _size,
}
"""The function of each class, called with the node's inputs by name."""
