"""Graded damage to clean pictures, each kind in two or three ways that share no code path.

`first` is what the fit sees, `second` is held out: another kernel, another colour space, another
codec path. Severities run from 1 (a careful person notices) to 5 (nobody would keep it).
All randomness comes from the seed that is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[Any]
Way: TypeAlias = Callable[[Pixels, int, np.random.Generator], Pixels]

SEVERITIES = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Kind:
    """One kind of damage: the defects that may be named for it, and its two ways."""

    names: tuple[str, ...]
    first: Way
    second: Way
    third: Way | None = None


def _grade(severity: int, *values: float) -> float:
    return values[severity - 1]


def _clip(values: Pixels) -> Pixels:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _wave(frame: Pixels) -> Pixels:
    return frame.astype(np.float32)


# ---- softness -------------------------------------------------------------------------------


def _gaussian(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    return cv2.GaussianBlur(frame, (0, 0), _grade(s, 0.9, 1.5, 2.5, 4.2, 7))


def _boxes(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    side = int(_grade(s, 2, 3, 5, 8, 13))
    return cv2.blur(cv2.blur(frame, (side, side)), (side, side))


def _line_kernel(length: float, angle: float) -> Pixels:
    side = int(length) | 1
    kernel = np.zeros((side + 2, side + 2), np.float32)
    middle = (side + 2) / 2 - 0.5
    step = np.array([np.cos(angle), np.sin(angle)]) * (length - 1) / 2
    start, end = middle - step, middle + step
    scale = 16  # shift = 4
    cv2.line(
        kernel,
        tuple((start * scale).astype(int).tolist()),
        tuple((end * scale).astype(int).tolist()),
        1.0,
        1,
        cv2.LINE_AA,
        4,
    )
    return kernel / kernel.sum()


def _motion(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    kernel = _line_kernel(_grade(s, 5, 8, 13, 21, 35), rng.uniform(0, np.pi))
    return cv2.filter2D(frame, -1, kernel, borderType=cv2.BORDER_REFLECT)


def _shake(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    """A hand's path: along one axis with a little of the other, unevenly fast."""
    count, length = 24, _grade(s, 5, 8, 14, 22, 36)
    along = np.sort(rng.beta(0.8, 0.8, count)) * length
    across = np.cumsum(rng.normal(0, length * 0.012, count))
    horizontal = bool(rng.integers(2))
    total = np.zeros(frame.shape, np.float32)
    for a, b in zip(along - along.mean(), across - across.mean(), strict=True):
        x, y = (a, b) if horizontal else (b, a)
        shift = np.array([[1, 0, x], [0, 1, y]], np.float32)
        size = frame.shape[1::-1]
        total += cv2.warpAffine(frame, shift, size, borderMode=cv2.BORDER_REFLECT)
    return _clip(total / count)


def _disc(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    radius = _grade(s, 1.5, 2.4, 4, 6.5, 10)
    side = int(np.ceil(radius)) * 2 + 1
    y, x = np.mgrid[:side, :side] - side // 2
    kernel = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1).astype(np.float32)
    return cv2.filter2D(frame, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT)


def _hexagon(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    radius = _grade(s, 1.7, 2.6, 4.4, 7, 11)
    side = int(np.ceil(radius)) * 2 + 1
    y, x = np.mgrid[:side, :side] - side // 2
    turned = [np.abs(x * np.cos(a) + y * np.sin(a)) for a in np.pi * np.arange(3) / 3]
    kernel = np.clip(radius * 0.9 + 0.5 - np.max(turned, axis=0), 0, 1).astype(np.float32)
    linear = np.power(_wave(frame) / 255, 2.2)  # light adds up in linear light
    soft = cv2.filter2D(linear, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT)
    return _clip(255 * np.power(np.clip(soft, 0, 1), 1 / 2.2))


_UP = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)


def _rescaled(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    factor = _grade(s, 1.5, 2, 3, 4.5, 7)
    height, width = (max(8, round(side / factor)) for side in frame.shape[:2])
    small = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
    up = _UP[int(rng.integers(2))]
    return cv2.resize(small, frame.shape[1::-1], interpolation=up)


def _rescaled_again(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    factor = _grade(s, 1.6, 2.2, 3.2, 5, 8)
    height, width = (max(8, round(side / factor)) for side in frame.shape[:2])
    soft = cv2.GaussianBlur(frame, (0, 0), 0.4 * factor)
    small = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR)
    up = _UP[int(rng.integers(1, 3))]
    return cv2.resize(small, frame.shape[1::-1], interpolation=up)


# ---- noise ----------------------------------------------------------------------------------


def _white(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    return _clip(frame + rng.normal(0, _grade(s, 7, 13, 22, 36, 60), frame.shape))


def _grain(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    """Luma only, heavier tails, a little stronger in the shadows as sensors have it."""
    grain = rng.laplace(0, _grade(s, 5.5, 10, 17, 28, 46), frame.shape[:2])
    luma = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    return _clip(frame + (grain * (1.25 - 0.5 * luma / 255))[..., None])


def _chroma(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    ycc = _wave(cv2.cvtColor(frame, cv2.COLOR_RGB2YCrCb))
    ycc[..., 1:] += rng.normal(0, _grade(s, 9, 16, 27, 42, 65), (*frame.shape[:2], 2))
    return cv2.cvtColor(_clip(ycc), cv2.COLOR_YCrCb2RGB)


def _colour_grain(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    """Coarser grain of hue, as of raised shadows: made at half size in Lab."""
    lab = _wave(cv2.cvtColor(frame, cv2.COLOR_RGB2Lab))
    half = (frame.shape[0] // 2 + 1, frame.shape[1] // 2 + 1, 2)
    grain = rng.normal(0, _grade(s, 8, 14, 22, 34, 52), half).astype(np.float32)
    lab[..., 1:] += cv2.resize(grain, frame.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return cv2.cvtColor(_clip(lab), cv2.COLOR_Lab2RGB)


def _latent(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    """A latent of an eighth of the size that keeps noise, decoded with texture of its own."""
    strength = _grade(s, 0.10, 0.18, 0.3, 0.46, 0.7)
    height, width = frame.shape[:2]
    noise = rng.normal(0, 1, (height // 8 + 1, width // 8 + 1, 4)).astype(np.float32)
    mix = rng.normal(0, 1, (4, 3)).astype(np.float32)
    coarse = cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC) @ mix * 22
    gate = cv2.resize(np.abs(noise[..., 0]), (width, height), interpolation=cv2.INTER_LINEAR)
    fine = cv2.GaussianBlur(rng.normal(0, 1, frame.shape).astype(np.float32), (0, 0), 0.8)
    soft = cv2.GaussianBlur(frame, (0, 0), 0.6 + 2.2 * strength)
    texture = coarse + 26 * gate[..., None] * fine
    return _clip(soft * (1 - 0.35 * strength) + 45 * strength + strength * texture)


def _unresolved(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    """Detail that has not formed: shapes swim, and noise of 2 to 16 px stands for texture."""
    strength = _grade(s, 0.14, 0.24, 0.38, 0.58, 0.85)
    height, width = frame.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    swim = rng.normal(0, 1, (height // 12 + 1, width // 12 + 1, 2)).astype(np.float32)
    flow = cv2.resize(swim, (width, height), interpolation=cv2.INTER_CUBIC) * 7 * strength
    moved = cv2.remap(frame, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR)
    noise = np.zeros(frame.shape, np.float32)
    for scale in (2, 4, 8, 16):
        size = (height // scale + 1, width // scale + 1, 3)
        octave = rng.normal(0, 1, size).astype(np.float32)
        noise += cv2.resize(octave, (width, height), interpolation=cv2.INTER_LINEAR)
    return _clip(_wave(moved) + 13 * strength * noise)


def _in_patches(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    """Noise that some parts have got rid of and others not."""
    height, width = frame.shape[:2]
    map_ = cv2.resize(
        rng.random((6, 6)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
    )
    fine = cv2.GaussianBlur(rng.normal(0, 3, frame.shape).astype(np.float32), (0, 0), 1)
    noise = np.clip(2 * map_ - 0.7, 0, 1)[..., None] * fine
    return _clip(frame + _grade(s, 7, 12, 19, 28, 42) * noise)


# ---- tone and colour ------------------------------------------------------------------------


def _flat(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    mean = frame.mean()
    return _clip(mean + (_wave(frame) - mean) * _grade(s, 0.72, 0.55, 0.4, 0.27, 0.16))


def _veil(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    """Haze: a light grey laid over everything, blacks first."""
    share, grey = _grade(s, 0.3, 0.46, 0.62, 0.75, 0.86), rng.uniform(110, 190)
    return _clip(_wave(frame) * (1 - share) + grey * share)


def _dark(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    return _clip(_wave(frame) * _grade(s, 0.62, 0.45, 0.31, 0.2, 0.11))


def _gamma_dark(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    return _clip(255 * np.power(_wave(frame) / 255, _grade(s, 1.6, 2.2, 3, 4.2, 6)) * 0.9)


def _light(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    return _clip(_wave(frame) * _grade(s, 1.35, 1.7, 2.2, 3, 4.5))


def _linear_light(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    linear = np.power(_wave(frame) / 255, 2.2) * _grade(s, 1.9, 2.8, 4.4, 7, 13) + 0.01 * s
    return _clip(255 * np.power(np.clip(linear, 0, 1), 1 / 2.2))


def _lifted(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    """Light is added, blacks first."""
    return _clip(_wave(frame) + _grade(s, 32, 56, 88, 124, 172))


def _burnt(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    amount = _grade(s, 0.45, 0.8, 1.3, 2, 3.2)
    hard = (_wave(frame) - 128) * (1 + 0.3 * amount) + 128
    grey = hard.mean(axis=2, keepdims=True)
    return _clip(grey + (hard - grey) * (1 + amount))


def _cooked(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    """Guidance too strong: local contrast and saturation pushed against the gamut's walls."""
    amount = _grade(s, 0.5, 0.9, 1.5, 2.3, 3.5)
    lab = _wave(cv2.cvtColor(frame, cv2.COLOR_RGB2Lab))
    light = lab[..., 0]
    base = cv2.GaussianBlur(light, (0, 0), 12)
    lab[..., 0] = 128 + (base - 128) * (1 + 0.25 * amount) + (light - base) * (1 + 0.8 * amount)
    lab[..., 1:] = 128 + (lab[..., 1:] - 128) * (1 + 0.75 * amount)
    return cv2.cvtColor(_clip(lab), cv2.COLOR_Lab2RGB)


def _guided(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    """Everything pushed away from a dull mean, as guidance does: shapes far, their detail too."""
    amount = _grade(s, 0.5, 0.9, 1.4, 2.1, 3.2)
    light = _wave(frame)
    size = (max(1, frame.shape[1] // 8), max(1, frame.shape[0] // 8))
    small = cv2.resize(light, size, interpolation=cv2.INTER_AREA)
    shapes = cv2.resize(small, frame.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    mean = cv2.GaussianBlur(light, (0, 0), rng.choice((20, 60)))
    pushed = mean + (shapes - mean) * (1 + amount) + (light - shapes) * (1 + rng.random() * amount)
    grey = pushed.mean(axis=2, keepdims=True)
    return _clip(grey + (pushed - grey) * (1 + rng.random() * amount / 2))


def _tint(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    gain = np.ones(3, np.float32)
    channel, amount = int(rng.integers(3)), _grade(s, 0.1, 0.17, 0.27, 0.4, 0.55)
    gain[channel] += amount * 0.5
    gain[[c for c in range(3) if c != channel]] -= amount * 0.6
    return _clip(_wave(frame) * gain)


def _filter_glass(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    hue = rng.uniform(0, 2 * np.pi)
    lab = _wave(cv2.cvtColor(frame, cv2.COLOR_RGB2Lab))
    lab[..., 1:] += np.array([np.cos(hue), np.sin(hue)]) * _grade(s, 9, 15, 24, 36, 52)
    return cv2.cvtColor(_clip(lab), cv2.COLOR_Lab2RGB)


def _posterised(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    step = 256 / _grade(s, 28, 18, 11, 7, 4)
    return _clip(np.floor(_wave(frame) / step) * step + step / 2)


def _few_tones(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    """Few steps of luma (and half as many of colour), after the smoothing that shows them."""
    smooth = cv2.bilateralFilter(frame, 7, 14, 5)
    ycc = _wave(cv2.cvtColor(smooth, cv2.COLOR_RGB2YCrCb))
    levels = _grade(s, 24, 15, 10, 7, 5)
    steps = np.array([255 / (levels - 1), 255 / (levels * 2), 255 / (levels * 2)])
    return cv2.cvtColor(_clip(np.rint(ycc / steps) * steps), cv2.COLOR_YCrCb2RGB)


# ---- codecs ---------------------------------------------------------------------------------


def _coded(frame: Pixels, suffix: str, *options: int) -> Pixels:
    bgr = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(suffix, bgr, list(options))
    return cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def jpeg(frame: Pixels, quality: int) -> Pixels:
    """Return the picture as a JPEG of this quality leaves it."""
    return _coded(frame, ".jpg", cv2.IMWRITE_JPEG_QUALITY, quality)


def webp(frame: Pixels, quality: int) -> Pixels:
    """Return the picture as a WebP of this quality leaves it."""
    return _coded(frame, ".webp", cv2.IMWRITE_WEBP_QUALITY, quality)


def _jpeg(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    return jpeg(frame, int(_grade(s, 45, 27, 16, 9, 4)))


def _jpeg_twice(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    """Saved, moved by some pixels, saved again: two grids, whole colour."""
    quality = int(_grade(s, 48, 30, 18, 11, 6))
    whole = (cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)
    once = _coded(frame, ".jpg", cv2.IMWRITE_JPEG_QUALITY, quality + 6, *whole)
    moved = np.roll(once, (3, 5), (0, 1))
    return _coded(moved, ".jpg", cv2.IMWRITE_JPEG_QUALITY, quality, *whole)


def _webp(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    return webp(frame, int(_grade(s, 35, 18, 9, 4, 1)))


def _webp_twice(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    quality = int(_grade(s, 40, 22, 12, 6, 2))
    once = np.roll(_coded(frame, ".webp", cv2.IMWRITE_WEBP_QUALITY, quality), (2, 6), (0, 1))
    return _coded(once, ".webp", cv2.IMWRITE_WEBP_QUALITY, quality)


# ---- what is missing, doubled or torn -------------------------------------------------------


def _black_box(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    return _covered(frame, _grade(s, 0.06, 0.13, 0.25, 0.42, 0.65), rng, 0, 0)


def _constant_part(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    """The bottom or one side never arrived: black, grey or green."""
    share = _grade(s, 0.08, 0.16, 0.3, 0.48, 0.7)
    damaged = frame.copy()
    height, width = frame.shape[:2]
    colour = ((0, 0, 0), (128, 128, 128), (0, 135, 0))[int(rng.integers(3))]
    if rng.integers(2):
        damaged[round(height * (1 - share)) :] = colour
    else:
        damaged[:, round(width * (1 - share)) :] = colour
    return damaged


def _covered(frame: Pixels, share: float, rng: np.random.Generator, low: int, high: int) -> Pixels:
    height, width = frame.shape[:2]
    ratio = rng.uniform(0.7, 1.4)
    tall = min(height, round(height * np.sqrt(share * ratio)))
    wide = min(width, round(share * height * width / tall))
    y, x = rng.integers(0, height - tall + 1), rng.integers(0, width - wide + 1)
    damaged = frame.copy()
    damaged[y : y + tall, x : x + wide] = rng.integers(low, high + 1)
    return damaged


def _fading_to_black(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    return _clip(_wave(frame) * (1 - _grade(s, 0.8, 0.88, 0.94, 0.975, 0.992)))


def _fading_to_colour(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    share, colour = _grade(s, 0.82, 0.89, 0.945, 0.975, 0.99), rng.uniform(20, 235, 3)
    return _clip(_wave(frame) * (1 - share) + colour * share)


def _tiles(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    rows, columns = ((1, 2), (2, 2), (3, 2), (3, 3), (5, 5))[s - 1]
    height, width = frame.shape[:2]
    size = (-(-width // columns), -(-height // rows))
    tile = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(np.tile(tile, (rows, columns, 1))[:height, :width])


def _part_again(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    """Nothing but one part of the picture, side by side with itself."""
    height, width = frame.shape[:2]
    size = (height // (s + 1), width // (s + 1))
    y, x = ((whole - part) // 2 for whole, part in zip((height, width), size, strict=True))
    part = frame[y : y + size[0], x : x + size[1]]
    return np.ascontiguousarray(np.tile(part, (s + 2, s + 2, 1))[:height, :width])


def _clones(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    """One part of the picture stands in it again and again, with soft seams."""
    height, width = frame.shape[:2]
    side = round(min(height, width) * 0.36)
    detail = cv2.blur(
        cv2.Laplacian(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), cv2.CV_32F) ** 2, (side, side)
    )
    inner = detail[side // 2 : height - side // 2, side // 2 : width - side // 2]
    y, x = np.unravel_index(int(inner.argmax()), inner.shape)  # the subject is what is repeated
    patch = _wave(frame[y : y + side, x : x + side])
    ramp = np.clip(np.minimum(np.arange(side), np.arange(side)[::-1]) / (0.12 * side), 0, 1)
    mask = (ramp[:, None] * ramp)[..., None].astype(np.float32)
    damaged = _wave(frame)
    for _ in range(int(_grade(s, 1, 2, 4, 6, 9))):
        top, left = rng.integers(0, height - side + 1), rng.integers(0, width - side + 1)
        region = damaged[top : top + side, left : left + side]
        region += (patch - region) * mask
    return _clip(damaged)


def _torn(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    """Strips of the picture are shifted sideways."""
    height, width = frame.shape[:2]
    damaged = frame.copy()
    for _ in range(int(_grade(s, 2, 4, 8, 14, 24))):
        tall = int(rng.integers(height // 60 + 1, height // 14))
        y = int(rng.integers(0, height - tall))
        shift = int(rng.integers(width // 30, width // 6)) * int(rng.choice((-1, 1)))
        damaged[y : y + tall] = np.roll(damaged[y : y + tall], shift, 1)
    return damaged


def _jittered(frame: Pixels, s: int, rng: np.random.Generator) -> Pixels:
    """Single lines are shifted, or hold something else, as after a torn transfer."""
    height, width = frame.shape[:2]
    damaged = frame.copy()
    share = _grade(s, 0.02, 0.05, 0.1, 0.2, 0.4)
    for y in np.flatnonzero(rng.random(height) < share):
        if rng.random() < 0.7:
            shift = int(rng.integers(8, width // 8)) * int(rng.choice((-1, 1)))
            damaged[y] = np.roll(damaged[y], shift, 0)
        else:
            damaged[y] = damaged[int(rng.integers(height))]
    return damaged


KINDS: Mapping[str, Kind] = {
    "gaussian_blur": Kind(("blur", "upscaled"), _gaussian, _boxes),
    "motion_blur": Kind(("motion_blur", "blur"), _motion, _shake),
    "defocus": Kind(("blur", "upscaled"), _disc, _hexagon),
    "white_noise": Kind(("noise",), _white, _grain),
    "chroma_noise": Kind(("noise",), _chroma, _colour_grain),
    "undersampled": Kind(("undersampled", "noise"), _latent, _unresolved, _in_patches),
    "low_contrast": Kind(("low_contrast",), _flat, _veil),
    "underexposed": Kind(("underexposed",), _dark, _gamma_dark),
    "overexposed": Kind(("overexposed",), _light, _linear_light, _lifted),
    "oversaturated": Kind(("oversaturated",), _burnt, _cooked, _guided),
    "color_cast": Kind(("color_cast",), _tint, _filter_glass),
    "banding": Kind(("banding",), _posterised, _few_tones),
    "jpeg": Kind(("compression",), _jpeg, _jpeg_twice),
    "webp": Kind(("compression",), _webp, _webp_twice),
    "upscaled": Kind(("upscaled", "blur"), _rescaled, _rescaled_again),
    "black_region": Kind(("partial_blank",), _black_box, _constant_part),
    "blank": Kind(("blank",), _fading_to_black, _fading_to_colour),
    "tiling": Kind(("tiling",), _tiles, _clones, _part_again),
    "torn": Kind(("corrupt",), _torn, _jittered),
}
"""Kind of damage → what it is; `color_cast` is ours, the others are the usual eighteen."""
