"""What wrong settings do to a picture, in the pixels, the way diffusion models show it.

Where a setting begins to hurt is the checkpoint's `surface`; here is what it looks like. A size
far above the model's own doubles the subject and one far below it turns soft.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tower_anime.domain.frame import Frame
from tower_anime.sandbox.surface import Surface

DOUBLE_FROM = 1.5
"""Ratio of the size to the model's own (square root of the areas) that repeats the subject."""
SOFT_BELOW = 0.75

_GREY = (128, 124, 120)
"""What a latent of zeros decodes to: a warm grey."""


@dataclass(frozen=True)
class Damage:
    """How much of each consequence a picture shows, 0 none … 1 full.

    `flat` is light without direction, `cast` a tint (−1 cold … 1 warm), `scribbles` a signature
    that means nothing. `columns`, `rows`: how often the subject repeats.
    """

    residual: float = 0.0
    burn: float = 0.0
    wash: float = 0.0
    soft: float = 0.0
    grey: float = 0.0
    flat: float = 0.0
    cast: float = 0.0
    scribbles: bool = False
    columns: int = 1
    rows: int = 1


def residual_of(euler_steps: float, *, clean_steps: float) -> float:
    """Return the share of noise left after that many euler steps: of 24, 0.9 at 1, 0.04 at 20."""
    return float(np.clip((clean_steps - euler_steps) / clean_steps, 0, 1) ** 1.8)


def guidance_of(cfg: float, surface: Surface) -> tuple[float, float]:
    """Return (burn, wash) of a guidance scale."""
    span = surface.burn_full - surface.burn_from
    burn = float(np.clip((cfg - surface.burn_from) / span, 0, 1))
    return burn, float(np.clip((surface.wash_below - cfg) / (0.6 * surface.wash_below), 0, 1))


def size_of(width: int, height: int, *, native: int) -> tuple[int, int, float]:
    """Return (columns, rows, softness) of a size in pixels for a model trained at `native`²."""
    ratio = float(np.sqrt(width * height)) / native
    columns, rows = (max(1, int(side / native + 0.25)) for side in (width, height))
    if ratio >= DOUBLE_FROM and columns == rows == 1:
        columns, rows = (2, 1) if width >= height else (1, 2)
    return min(columns, 4), min(rows, 4), float(np.clip((SOFT_BELOW - ratio) / 0.5, 0, 1))


def render(
    draw: Callable[[int, int, int], Frame],
    *,
    width: int,
    height: int,
    damage: Damage,
    rng: Generator,
) -> Frame:
    """Return the picture with its damage. `draw(index, width, height)` gives a clean one."""
    picture = _panels(draw, width, height, damage)
    if damage.flat:
        picture = _flattened(picture, damage.flat)
    if damage.scribbles:
        picture = _scribbled(picture, rng)
    if damage.soft:
        picture = _soften(picture, damage.soft)
    if damage.wash:
        picture = _wash(picture, damage.wash)
    if damage.burn:
        picture = _burn(picture, damage.burn)
    if damage.cast:
        picture = tinted(picture, damage.cast)
    if damage.residual:
        picture = _unresolved(picture, damage.residual, rng)
    if damage.grey:
        picture = _greyed(picture, damage.grey, rng)
    return picture


def empty(width: int, height: int) -> Frame:
    """Return what a latent of zeros decodes to."""
    return np.full((height, width, 3), _GREY, np.uint8)


def black(width: int, height: int) -> Frame:
    """Return what a decoder whose numbers overflow makes of any latent."""
    return np.zeros((height, width, 3), np.uint8)


def noise(height: int, width: int, rng: Generator, *, grain_px: int) -> Frame:
    """Return coloured noise around 128 (deviation 74) whose blobs are about `grain_px` wide.

    Bytes and not floats: this is the costliest part of a spoiled picture.
    """
    rows, columns = -(-height // grain_px), -(-width // grain_px)
    grains = rng.integers(0, 256, (rows, columns, 3), dtype=np.uint8)
    if grain_px == 1:
        return grains
    return np.asarray(cv2.resize(grains, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def _sprinkle(picture: Frame, grains: Frame, deviation: float) -> Frame:
    """Add noise of a deviation in levels."""
    share = deviation / 74
    return np.asarray(cv2.addWeighted(picture, 1, grains, share, -127.5 * share), np.uint8)


def _panels(
    draw: Callable[[int, int, int], Frame], width: int, height: int, damage: Damage
) -> Frame:
    if damage.columns == damage.rows == 1:
        return draw(0, width, height)
    xs = np.linspace(0, width, damage.columns + 1).astype(int)
    ys = np.linspace(0, height, damage.rows + 1).astype(int)
    picture = np.empty((height, width, 3), np.uint8)
    for row in range(damage.rows):
        for column in range(damage.columns):
            x0, x1, y0, y1 = xs[column], xs[column + 1], ys[row], ys[row + 1]
            index = row * damage.columns + column
            picture[y0:y1, x0:x1] = draw(index, int(x1 - x0), int(y1 - y0))
    return picture


def _soften(picture: Frame, amount: float) -> Frame:
    """Detail the model can't form at this size: melt it, keep the colours."""
    sigma = 0.6 + amount * 0.006 * float(np.sqrt(picture.shape[0] * picture.shape[1]))
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)


def _wash(picture: Frame, amount: float) -> Frame:
    blurred = _soften(picture, 0.4 * amount).astype(np.float32)
    luma = blurred @ np.array([0.299, 0.587, 0.114], np.float32)
    faded = luma[..., None] + (blurred - luma[..., None]) * (1 - 0.6 * amount)
    return _to_pixels(150 + (faded - 150) * (1 - 0.6 * amount))


def _burn(picture: Frame, amount: float) -> Frame:
    """Too much guidance: saturation and contrast beyond the range, halos along edges."""
    base = picture.astype(np.float32)
    halo = base - cv2.GaussianBlur(base, (0, 0), 1.5 + 3 * amount)
    luma = (base @ np.array([0.299, 0.587, 0.114], np.float32))[..., None]
    vivid = luma + (base - luma) * (1 + 2.8 * amount**0.8) + halo * (1.6 * amount)
    return _to_pixels(118 + (vivid - 118) * (1 + 1.7 * amount**0.85))


def _unresolved(picture: Frame, amount: float, rng: Generator) -> Frame:
    """Too few steps: shapes are not settled (warp, blur), noise is left at two scales."""
    height, width = picture.shape[:2]
    scale = float(np.sqrt(height * width)) / 512
    if amount > 0.1:
        bend = noise(height, width, rng, grain_px=max(8, int(28 * scale))).astype(np.float32)
        bend = (bend - 127.5) * (0.12 * amount * scale)
        rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
        picture = np.asarray(
            cv2.remap(
                picture,
                columns + bend[..., 0],
                rows + bend[..., 1],
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REFLECT_101,
            ),
            np.uint8,
        )
        picture = _soften(picture, 0.9 * amount)
    coarse = noise(height, width, rng, grain_px=max(3, round(5 * scale)))
    fine = noise(height, width, rng, grain_px=1)
    return _sprinkle(_sprinkle(picture, coarse, 70 * amount), fine, 34 * amount)


def _greyed(picture: Frame, amount: float, rng: Generator) -> Frame:
    """A partial denoise of an empty latent: a ghost of the picture in grey noise."""
    height, width = picture.shape[:2]
    ghost = cv2.GaussianBlur(picture, (0, 0), 1 + 8 * amount)
    share = 0.25 + 0.75 * amount
    veiled = cv2.addWeighted(ghost, 1 - share, empty(width, height), share, 0)
    return _sprinkle(
        np.asarray(veiled, np.uint8), noise(height, width, rng, grain_px=4), 30 * share
    )


def _flattened(picture: Frame, amount: float) -> Frame:
    """Nobody asked for light: a little less contrast, everything a little towards the middle."""
    share = 1 - 0.07 * amount
    return np.asarray(cv2.convertScaleAbs(picture, alpha=share, beta=132 * (1 - share)), np.uint8)


def tinted(picture: Frame, warmth: float) -> Frame:
    """Return the picture under a warm (positive) or cold tint: gains of the channels."""
    gain = np.array([1 + 0.12 * warmth, 1 + 0.03 * warmth, 1 - 0.12 * warmth], np.float32)
    return _to_pixels(picture * gain)


def posterised(picture: Frame, *, levels: int = 14) -> Frame:
    """Return what a decoder with too few bits makes of ramps: steps of some levels."""
    soft = cv2.GaussianBlur(picture, (0, 0), 1.2)
    calm = cv2.absdiff(picture, np.asarray(soft, np.uint8)).max(axis=2, keepdims=True) < 3
    steps = (np.arange(256) // levels * levels + levels // 2).clip(0, 255).astype(np.uint8)
    return np.asarray(np.where(calm, cv2.LUT(np.asarray(soft, np.uint8), steps), picture), np.uint8)


def _scribbled(picture: Frame, rng: Generator) -> Frame:
    """A line of letters that are none, in a lower corner."""
    height, width = picture.shape[:2]
    unit = max(2.0, 0.011 * float(np.sqrt(height * width)))
    x = width - unit * 19 if rng.random() < 0.7 else unit * 2
    out, y = picture.copy(), height - unit * 3
    for _ in range(int(rng.integers(6, 10))):
        strokes = np.cumsum(rng.uniform(-1, 1, (5, 2)) * unit * (0.7, 1.1), axis=0)
        strokes += np.array([x, y])
        points = [strokes.astype(np.int32)]
        for paint, thick in (((30, 26, 40), unit * 0.55), ((240, 240, 244), unit * 0.28)):
            width_px = max(1, round(thick))
            cv2.polylines(
                out, points, isClosed=False, color=paint, thickness=width_px, lineType=cv2.LINE_AA
            )
        x += unit * 1.9
    return out


def _to_pixels(values: NDArray[np.floating]) -> Frame:
    pixels: Frame = np.clip(values + np.float32(0.5), 0, 255).astype(np.uint8)
    return pixels
