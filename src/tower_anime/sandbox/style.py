"""What styles and moods do to a drawing: its ink before it is rendered, its pixels after."""

from __future__ import annotations

import re
from collections.abc import Callable

import cv2
import numpy as np

from tower_anime.domain.frame import Frame
from tower_anime.sandbox.palette import INK
from tower_anime.sandbox.words import Scene

_PIXELS = 160
"""Blocks of pixel art along the longer side."""

_INKS = {
    "soft": ("#7d5a6e", 0.62),
    "cel": (INK, 1.9),
    "retro": ("#3a2420", 1.15),
    "sketch": ("#2b2b33", 0.9),
}
_WIDTH = re.compile(rf'stroke="{INK}" stroke-width="([\d.]+)"')


def inked(svg: str, scene: Scene) -> str:
    """Return the drawing with the style's line: colour and weight."""
    if scene.style not in _INKS:
        return svg
    paint, weight = _INKS[scene.style]
    heavier = _WIDTH.sub(lambda m: f'stroke="{INK}" stroke-width="{float(m[1]) * weight:.2f}"', svg)
    return heavier.replace(INK, paint)


def finished(picture: Frame, scene: Scene) -> Frame:
    """Return the rendered picture with mood and style applied."""
    if scene.mood in _MOODS:
        picture = _MOODS[scene.mood](picture)
    if scene.style in _STYLES:
        picture = _STYLES[scene.style](picture, scene)
    return picture


def _graded(
    saturation: float,
    *,
    gain: tuple[float, float, float] = (1, 1, 1),
    lift: float = 0.0,
    contrast: float = 1.0,
) -> Callable[[Frame], Frame]:
    """Return a colour grade as one matrix: saturation, channel gains, contrast around grey."""
    luma = np.array([0.299, 0.587, 0.114], np.float32)
    matrix = np.eye(3, dtype=np.float32) * saturation + (1 - saturation) * luma[None, :]
    matrix = matrix * np.array(gain, np.float32)[:, None] * contrast
    offset = np.full((3, 1), 128 * (1 - contrast) + lift, np.float32)
    full = np.hstack([matrix, offset])

    def grade(picture: Frame) -> Frame:
        return np.asarray(cv2.transform(picture, full), np.uint8)

    return grade


_MOODS: dict[str, Callable[[Frame], Frame]] = {
    "pastel": _graded(0.68, lift=20, contrast=1.04),
    "vivid": _graded(1.3, contrast=1.05),
    "muted": _graded(0.5, contrast=0.94, gain=(0.98, 0.98, 1.02)),
    "warm": _graded(1.0, gain=(1.06, 1.0, 0.88)),
    "cool": _graded(0.9, gain=(0.88, 0.98, 1.08)),
    "spooky": _graded(0.75, gain=(0.86, 0.95, 0.92)),
}


def _pixel_art(picture: Frame, _: Scene) -> Frame:
    """Blocks in a palette of 6 levels a channel."""
    height, width = picture.shape[:2]
    share = _PIXELS / max(height, width)
    small = cv2.resize(
        picture,
        (max(8, round(width * share)), max(8, round(height * share))),
        interpolation=cv2.INTER_AREA,
    )
    levels = np.asarray((np.arange(256) + 21) // 43 * 43, np.float32).clip(0, 255).astype(np.uint8)
    return np.asarray(
        cv2.resize(cv2.LUT(small, levels), (width, height), interpolation=cv2.INTER_NEAREST),
        np.uint8,
    )


def _grey(picture: Frame, scene: Scene) -> Frame:
    """Black and white, with more of the range between than the colours leave."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    middle = {"night": 78.0, "sunset": 108.0}.get(scene.time, 136.0)
    toned = cv2.LUT(
        grey, np.clip((np.arange(256) - middle) * 1.3 + middle + 8, 6, 248).astype(np.uint8)
    )
    return np.asarray(cv2.merge([toned, toned, toned]), np.uint8)


def _lines(picture: Frame, _: Scene) -> Frame:
    """Ink on paper: a line where something is darker than its surroundings, the paint a hint."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    side = max(3, round(max(grey.shape) / 40)) | 1
    around = cv2.blur(grey, (side, side))
    ink = np.clip((around - grey - 6) * 3.2, 0, 215)
    paper = np.clip(196 + 0.22 * grey - ink, 18, 250).astype(np.uint8)
    tones = (paper, (paper * 0.995).astype(np.uint8), (paper * 0.97).astype(np.uint8))
    return np.asarray(cv2.merge(tones), np.uint8)


def _painted(picture: Frame, scene: Scene) -> Frame:
    """Watercolour: paint that pools along edges, and washes that vary slowly over the paper."""
    height, width = picture.shape[:2]
    near = 0.012 * max(height, width)
    pooled = cv2.addWeighted(picture, 1.35, cv2.GaussianBlur(picture, (0, 0), near), -0.35, 0)
    wash = scene.rng("wash").random((7, 7)).astype(np.float32) * 0.12 + 0.95
    slow = cv2.resize(wash, (width, height), interpolation=cv2.INTER_CUBIC)
    toned: Frame = np.clip(pooled * slow[..., None] * 0.88 + 30, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(toned)


_FADED = _graded(0.72, gain=(1.04, 0.98, 0.86), lift=10, contrast=0.92)

_STYLES: dict[str, Callable[[Frame, Scene], Frame]] = {
    "pixel": _pixel_art,
    "mono": _grey,
    "sketch": _lines,
    "soft": _painted,
    "retro": lambda picture, _: _FADED(picture),
}
