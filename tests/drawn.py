"""Drawn pictures for tests: flat fills, outlines, gradients, texture; and graded damage to them."""

from __future__ import annotations

import cv2
import numpy as np

from tower_anime.domain.frame import Frame, check_frame

STYLES = ("cel", "painted", "bokeh", "page", "night")


def drawn(style: str = "cel", *, seed: int = 1, size: int = 1024) -> Frame:
    """Return a square picture, different for each seed, that a careful person would keep."""
    rng = np.random.default_rng(seed)
    if style == "page":
        canvas = np.full((size, size, 3), 255, np.uint8)
    else:
        canvas = _landscape(rng, size, night=style == "night")
    if style == "painted":
        canvas = _strokes(canvas, rng)
    if style == "bokeh":
        canvas = cv2.GaussianBlur(canvas, (0, 0), size / 90)
    _figure(canvas, rng, dark=style == "night")
    return check_frame(canvas)


def _colour(rng: np.random.Generator, low: int, high: int) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in rng.integers(low, high, 3))
    return red, green, blue


def _landscape(rng: np.random.Generator, size: int, *, night: bool) -> Frame:
    top, bottom = (15, 50) if night else (110, 235)
    high, low = (np.array(_colour(rng, top, bottom), np.float32) for _ in range(2))
    ramp = np.linspace(0, 1, size, dtype=np.float32)[:, None, None]
    canvas = np.ascontiguousarray(
        np.broadcast_to(high * (1 - ramp) + low * ramp, (size, size, 3)).round().astype(np.uint8)
    )
    glow = (230, 230, 200) if night else (255, 250, 220)
    centre = (int(rng.integers(size // 8, size)), size // 6)
    cv2.circle(canvas, centre, size // 14, glow, -1, cv2.LINE_AA)
    for level in (0.55, 0.68, 0.82):
        x = np.linspace(0, size, 24)
        y = size * (level + 0.06 * np.sin(x / size * rng.uniform(4, 12) + rng.uniform(0, 6)))
        outline = np.array([*zip(x, y, strict=True), (size, size), (0, size)]).astype(np.int32)
        cv2.fillPoly(canvas, [outline], _colour(rng, 10, 45) if night else _colour(rng, 50, 190))
        cv2.polylines(canvas, [outline[:-2]], False, (20, 18, 30), max(1, size // 340), cv2.LINE_AA)
    for _ in range(14):  # houses, with lit windows
        x, y = (int(value) for value in rng.integers(0, size, 2))
        y = size // 2 + y // 3
        wide, tall = size // 18, size // 12
        wall = _colour(rng, 20, 60) if night else _colour(rng, 80, 230)
        cv2.rectangle(canvas, (x, y), (x + wide, y + tall), wall, -1)
        cv2.rectangle(canvas, (x, y), (x + wide, y + tall), (25, 20, 30), 2, cv2.LINE_AA)
        lamp = (250, 225, 150) if night else (60, 70, 100)
        cv2.rectangle(canvas, (x + wide // 4, y + 8), (x + wide // 2, y + tall // 3), lamp, -1)
    return check_frame(canvas)


def _strokes(canvas: Frame, rng: np.random.Generator) -> Frame:
    size = canvas.shape[0]
    for _ in range(2500):
        x, y = (int(value) for value in rng.integers(0, size, 2))
        dx, dy = (int(value) for value in rng.integers(-size // 60, size // 60, 2))
        shade = np.clip(canvas[y, x].astype(int) + int(rng.integers(-40, 40)), 0, 255)
        paint = tuple(int(value) for value in shade)
        cv2.line(canvas, (x, y), (x + dx, y + dy), paint, int(rng.integers(1, 5)), cv2.LINE_AA)
    return canvas


def _figure(canvas: Frame, rng: np.random.Generator, *, dark: bool) -> None:
    size = canvas.shape[0]
    ink, line = (30, 20, 35), max(2, size // 260)
    shade = 0.45 if dark else 1.0

    def paint(low: int, high: int) -> tuple[float, ...]:
        return tuple(shade * value for value in _colour(rng, low, high))

    centre = np.array([size * rng.uniform(0.4, 0.6), size * 0.36])
    head = size // 8
    body = np.array([[-0.6, 1], [0.6, 1], [1.6, 4.6], [-1.6, 4.6]]) * head + centre
    hair = np.array([[np.cos(a), np.sin(a)] for a in np.linspace(2.6, 6.8, 14)]) * head * 1.35
    ends = np.array([[1.3, 2.4], [-1.3, 2.4]]) * head
    hair = np.vstack([hair, ends]) + centre
    for shape, fill in ((hair, paint(40, 200)), (body, paint(60, 220))):
        cv2.fillPoly(canvas, [shape.astype(np.int32)], fill, cv2.LINE_AA)
        cv2.polylines(canvas, [shape.astype(np.int32)], True, ink, line, cv2.LINE_AA)
    middle = (int(centre[0]), int(centre[1]))
    skin = tuple(shade * value for value in (245, 215, 195))
    cv2.ellipse(canvas, middle, (int(head * 0.85), head), 0, 0, 360, skin, -1, cv2.LINE_AA)
    cv2.ellipse(canvas, middle, (int(head * 0.85), head), 0, 0, 360, ink, line, cv2.LINE_AA)
    for side in (-1, 1):
        eye = (middle[0] + side * head * 2 // 5, middle[1] + head // 8)
        cv2.ellipse(canvas, eye, (head // 6, head // 4), 0, 0, 360, paint(20, 160), -1, cv2.LINE_AA)
        cv2.ellipse(canvas, eye, (head // 6, head // 4), 0, 0, 360, ink, line, cv2.LINE_AA)
        light = (eye[0] - head // 20, eye[1] - head // 10)
        cv2.circle(canvas, light, max(1, head // 16), (250, 250, 250), -1, cv2.LINE_AA)
    for strand in np.linspace(-0.8, 0.8, 9):
        fringe = np.array([[strand, -1.2], [strand * 1.2, -0.35 + 0.4 * abs(strand)]])
        start, end = (fringe * head + centre).astype(int)
        cv2.line(canvas, start, end, ink, line, cv2.LINE_AA)


# ---- damage ---------------------------------------------------------------------------------


def blurred(frame: Frame, sigma_px: float) -> Frame:
    return check_frame(cv2.GaussianBlur(frame, (0, 0), sigma_px))


def noisy(frame: Frame, sigma: float, *, seed: int = 5) -> Frame:
    grain = np.random.default_rng(seed).normal(0, sigma, (*frame.shape[:2], 1))
    return _pixels(frame + grain)


def speckled(frame: Frame, sigma: float, *, seed: int = 5) -> Frame:
    """Return colour noise at constant luma."""
    grain = np.random.default_rng(seed).normal(0, sigma, frame.shape).astype(np.float32)
    return _pixels(frame + grain - grain @ np.array([[0.299], [0.587], [0.114]], np.float32))


def blotched(frame: Frame, sigma: float, *, seed: int = 5) -> Frame:
    """Return the picture with noise of 8 px grain, as an unfinished latent leaves it."""
    height, width = frame.shape[:2]
    grain = np.random.default_rng(seed).normal(0, sigma, (height // 8, width // 8, 3))
    coarse = cv2.resize(grain.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    return _pixels(frame + coarse)


def flattened(frame: Frame, share: float) -> Frame:
    return _pixels(128 + (frame.astype(np.float32) - 128) * share)


def darkened(frame: Frame, share: float) -> Frame:
    return _pixels(frame.astype(np.float32) * share)


def brightened(frame: Frame, factor: float) -> Frame:
    return _pixels(frame.astype(np.float32) * factor + 20 * (factor - 1))


def burnt(frame: Frame, amount: float) -> Frame:
    hard = (frame.astype(np.float32) - 128) * (1 + 0.45 * amount) + 128
    grey = hard.mean(axis=2, keepdims=True)
    return _pixels(grey + (hard - grey) * (1 + 0.9 * amount))


def overguided(frame: Frame, amount: float) -> Frame:
    """Return the picture as with far too much guidance: hard, and specked in its calm areas."""
    chance = np.random.default_rng(7)
    specks = cv2.GaussianBlur(chance.normal(size=frame.shape).astype(np.float32), (0, 0), 1.3)
    specks /= specks.std()
    hard = (frame.astype(np.float32) - 128) * (1 + 0.3 * amount) + 128
    return _pixels(hard + amount * (2 * specks[..., :1] + specks))


def blacked(frame: Frame, share: float) -> Frame:
    """Return the picture with a black box over `share` of its area."""
    height, width = (int(side * share**0.5) for side in frame.shape[:2])
    damaged = frame.copy()
    damaged[40 : 40 + height, 60 : 60 + width] = 0
    return damaged


def tiled(frame: Frame, times: int) -> Frame:
    height, width = (side // times for side in frame.shape[:2])
    tile = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
    return check_frame(np.tile(tile, (times, times, 1)))


def smeared(frame: Frame, length_px: float, *, angle_deg: float = 20) -> Frame:
    side = int(length_px) | 1
    kernel = np.zeros((side, side), np.float32)
    middle = np.array([side // 2, side // 2])
    step = np.array([np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))]) * side / 2
    start, end = (tuple(int(v) for v in np.rint(middle + way * step)) for way in (-1, 1))
    cv2.line(kernel, start, end, 1.0)
    return check_frame(cv2.filter2D(frame, -1, kernel / kernel.sum()))


def jpeg(frame: Frame, quality: float) -> Frame:
    return _coded(frame, ".jpg", cv2.IMWRITE_JPEG_QUALITY, quality)


def webp(frame: Frame, quality: float) -> Frame:
    return _coded(frame, ".webp", cv2.IMWRITE_WEBP_QUALITY, quality)


def _coded(frame: Frame, suffix: str, option: int, quality: float) -> Frame:
    _, data = cv2.imencode(suffix, frame, [option, int(quality)])
    return check_frame(cv2.imdecode(data, cv2.IMREAD_COLOR))


def posterised(frame: Frame, levels: float) -> Frame:
    step = 256 / levels
    return _pixels(np.floor(frame / step) * step + step / 2)


def tinted(frame: Frame, amount: float) -> Frame:
    return _pixels(frame * np.array([1 + amount / 2, 1, 1 - amount]))


def torn_lines(frame: Frame, share: float, *, seed: int = 5) -> Frame:
    rng = np.random.default_rng(seed)
    damaged = frame.copy()
    for y in np.flatnonzero(rng.random(frame.shape[0]) < share):
        damaged[y] = np.roll(damaged[y], int(rng.integers(20, frame.shape[1] // 2)), 0)
    return damaged


def shifted_strips(frame: Frame, count: float, *, seed: int = 5) -> Frame:
    rng = np.random.default_rng(seed)
    damaged = frame.copy()
    height = frame.shape[0] // (2 * int(count) + 1)
    for strip in range(int(count)):
        rows = slice((2 * strip + 1) * height, (2 * strip + 2) * height)
        damaged[rows] = np.roll(damaged[rows], int(rng.integers(30, frame.shape[1] // 3)), 1)
    return damaged


def enlarged(frame: Frame, factor: float) -> Frame:
    size = frame.shape[1::-1]
    small = cv2.resize(frame, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
    return check_frame(cv2.resize(small, size, interpolation=cv2.INTER_LINEAR))


def static(*, seed: int, size: int = 512, binary: bool = False) -> Frame:
    """Return nothing but noise."""
    grain = np.random.default_rng(seed).integers(0, 256, (size, size, 1 if binary else 3))
    return check_frame(
        np.broadcast_to((grain > 127) * 255 if binary else grain, (size, size, 3)).astype(np.uint8)
    )


def _pixels(values: np.ndarray) -> Frame:  # type: ignore[type-arg]
    return check_frame(np.clip(values, 0, 255).round().astype(np.uint8))
