"""Draws the frames of a clip: what stands still once, what moves again for each drawing."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from tower_anime.domain.frame import Frame
from tower_anime.sandbox import backdrop
from tower_anime.sandbox.art import page, people, place
from tower_anime.sandbox.figure import Moment
from tower_anime.sandbox.layers import Picture, by_hand, glow, layer, opaque, over, raster
from tower_anime.sandbox.motion import WHOLE, Motion, View, closest, moments_at, view_at
from tower_anime.sandbox.style import finished
from tower_anime.sandbox.words import Scene

_SKY_FOLLOWS = 0.45
"""How much of the camera's way the sky shows: it is far away."""

_FALL = {
    "rain": (0.05, 2.3),
    "snow": (0.02, 0.16),
    "petals": (0.10, 0.22),
    "leaves": (0.08, 0.26),
    "fireflies": (0.03, -0.04),
    "bubbles": (0.02, -0.10),
    "wind": (1.3, 0.0),
}
"""How far what is in the air moves in a second, in heights of the picture: right, down."""
_Box: TypeAlias = tuple[int, int, int, int]
_WAVES = frozenset({"snow", "petals", "leaves", "fireflies", "bubbles"})
_DEEP = frozenset({"rain", "snow"})
"""What is also seen farther away: half the size at half the pace."""


@dataclass(frozen=True, kw_only=True)
class Film:
    """A clip to be drawn: `frames` of them, `rate` of the model's own in a second.

    `start` is the picture that image-to-video begins with; it then takes the place of the drawing.
    """

    scene: Scene
    motion: Motion
    width: int
    height: int
    frames: int
    rate: float
    start: Frame | None = None

    @property
    def seconds(self) -> float:
        """How long it lasts at the model's own rate."""
        return self.frames / self.rate

    @property
    def per_s(self) -> float:
        """How many drawings there really are in a second."""
        return self.rate / self.held

    @property
    def held(self) -> int:
        """How many frames one drawing is held: the cadence."""
        return max(1, int(self.rate / self.motion.drawings_per_s + 0.75))


def shown(film: Film, number: int) -> Frame:
    """Return one frame alone."""
    return Camera(film).frame(number)


def frames_of(film: Film) -> Iterator[Frame]:
    """Yield all frames in order. Equal neighbours of a drawing that is held are the same array."""
    camera = Camera(film)
    last: tuple[object, Frame] | None = None
    for number in range(film.frames):
        key = camera.key(number)
        if last is None or last[0] != key:
            last = key, camera.frame(number)
        yield last[1]


class Camera:
    """The layers of a clip and how they lie over each other at each frame."""

    def __init__(self, film: Film) -> None:
        self.film = film
        self.near = closest(film.motion, film.seconds)
        self.size = math.ceil(film.width * self.near), math.ceil(film.height * self.near)
        self.wide = 1000 * film.width / film.height
        scene = film.scene
        self.air = self.outside = _Air({}, film, self.wide)
        if film.motion.alive or film.start is None:
            near, far = backdrop.weather(scene, self.wide)
            self.air, self.outside = _Air(near, film, self.wide), _Air(far, film, self.wide)
        if film.start is not None:
            self.far = opaque(_fitted(film.start, *self.size))
            self.layers: list[Picture] = []
            self.lit: Picture | None = None
        else:
            heaven = self._layer(backdrop.heaven(scene, self.wide), glow)
            self.far = over(heaven, self._layer(backdrop.sky(scene, self.wide)))
            ground = self._layer(place(scene, self.wide))
            self.layers = [by_hand(ground, scene.rng("hand"), [])]
            self.lit = self._layer(backdrop.light_over(scene, self.wide), glow)
            if candle := backdrop.candle(scene, self.wide):
                self.lit = over(self.lit, self._layer(candle))
            if self.near == 1.0 and not self.outside.tiles:
                self.far, self.layers = over(self.far, self.layers[0]), []
        self.cast = lru_cache(maxsize=48)(self._people)
        self.stage: _Box | None = None

    def key(self, number: int) -> object:
        """Return what a frame depends on: equal keys are equal frames."""
        return self._drawing(number), self._view(number)

    def frame(self, number: int) -> Frame:
        """Draw a frame."""
        film, drawing, view = self.film, self._drawing(number), self._view(number)
        seconds = drawing / film.per_s
        picture = self._seen(self.far, _slowed(view, _SKY_FOLLOWS) if self.layers else view)
        picture = self.outside.over(picture, seconds)
        for near in self.layers:
            picture = over(picture, self._seen(near, view))
        if film.start is not None and film.motion.alive:
            picture = _stirred(picture, seconds)
        if film.scene.people and film.start is None:
            cast = self.cast(moments_at(film.scene, film.motion, drawing, per_s=film.per_s))
            picture = over(picture, self._seen(cast, view))
        picture = self.air.over(picture, seconds)
        if self.lit is not None:
            picture = over(picture, self._seen(self.lit, view))
        frame = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGBA2RGB), np.uint8)
        return finished(frame, film.scene) if film.start is None else frame

    def _drawing(self, number: int) -> int:
        """Return which drawing a frame shows."""
        return number // self.film.held if self.film.motion.alive else 0

    def _view(self, number: int) -> View:
        film = self.film
        scene = film.scene
        towards = (0.5, 0.36) if scene.people else (0.5, 0.5)
        jitter = float(scene.rng("shake").uniform(0, math.tau))
        return view_at(
            film.motion, number / film.rate, of=film.seconds, towards=towards, jitter=jitter
        )

    def _people(self, moments: tuple[Moment, ...]) -> Picture:
        """Draw everybody; only the part of the canvas where they are costs time."""
        scene, (width, height) = self.film.scene, self.size
        if self.stage is None:
            self.stage = self._around(people(scene, self.wide))
        x, y, w, h = self.stage
        unit = 1000 / height
        window = (x * unit, y * unit, w * unit, h * unit)
        drawn = page(people(scene, self.wide, moments), scene, self.wide, window=window)
        cast = np.zeros((height, width, 4), np.uint8)
        cast[y : y + h, x : x + w] = layer(drawn, width=w, height=h)
        return cast

    def _around(self, parts: str) -> _Box:
        """Return the part of the canvas that is painted, with room for what swings (pixels)."""
        width, height = self.size
        small = raster(
            page(parts, self.film.scene, self.wide), width=width // 4, height=height // 4
        )
        x, y, w, h = (4 * side for side in cv2.boundingRect(small[..., 3]))
        room = round(0.1 * height)
        left, top = max(0, x - room), max(0, y - room)
        return left, top, min(width, x + w + room) - left, min(height, y + h + room) - top

    def _layer(self, parts: str, how: Callable[..., Picture] = layer) -> Picture:
        width, height = self.size
        return how(page(parts, self.film.scene, self.wide), width=width, height=height)

    def _seen(self, sheet: Picture, view: View) -> Picture:
        """Return what the camera sees of a layer."""
        film = self.film
        if view == WHOLE and sheet.shape[:2] == (film.height, film.width):
            return sheet
        height, width = sheet.shape[:2]
        scale_x, scale_y = width / view.zoom / film.width, height / view.zoom / film.height
        left, top = (
            view.x * width - width / view.zoom / 2,
            view.y * height - height / view.zoom / 2,
        )
        way = np.array(
            [
                [scale_x, 0, left + (scale_x - 1) / 2],
                [0, scale_y, top + (scale_y - 1) / 2],
            ],
            np.float32,
        )
        return np.asarray(
            cv2.warpAffine(
                sheet,
                way,
                (film.width, film.height),
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REPLICATE,
            ),
            np.uint8,
        )


class _Air:
    """What falls and floats: tiles without seams that are moved over the picture."""

    def __init__(self, kinds: Mapping[str, str], film: Film, wide: float) -> None:
        self.height = film.height
        self.tiles: list[tuple[str, float, Picture]] = []
        for kind, drawn in kinds.items():
            seamless = "".join(
                f'<g transform="translate({x * wide:.1f} {y * 1000})">{drawn}</g>'
                for x in (-1, 0, 1)
                for y in (-1, 0, 1)
            )
            sheet = page(seamless, film.scene, wide)
            tile = layer(sheet, width=film.width, height=film.height)
            if kind in _DEEP:
                half = tile[: film.height // 2 * 2, : film.width // 2 * 2]
                small = cv2.resize(half, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
                many = np.tile(small, (3, 3, 1))[: film.height, : film.width] // 5 * 3
                self.tiles.append((kind, 0.5, np.ascontiguousarray(many)))
            self.tiles.append((kind, 1.0, tile))

    def over(self, picture: Picture, seconds: float) -> Picture:
        """Return the picture with everything in the air as it is at a time."""
        for kind, pace, tile in self.tiles:
            right, down = _FALL[kind]
            wave = 0.02 * math.sin(2.1 * seconds + 3 * pace) if kind in _WAVES else 0.0
            x = round((right * seconds + wave) * pace * self.height)
            y = round(down * seconds * pace * self.height)
            picture = over(picture, np.roll(tile, (y, x), axis=(0, 1)) if (x or y) else tile)
        return picture


def _slowed(view: View, share: float) -> View:
    """Return the view of a far layer, which shows less of the camera's way."""
    return View(0.5 + (view.x - 0.5) * share, 0.5 + (view.y - 0.5) * share, view.zoom)


def _fitted(picture: Frame, width: int, height: int) -> Frame:
    """Return the middle of a picture at a size."""
    old_height, old_width = picture.shape[:2]
    scale = max(width / old_width, height / old_height)
    cut_w, cut_h = min(old_width, round(width / scale)), min(old_height, round(height / scale))
    left, top = (old_width - cut_w) // 2, (old_height - cut_h) // 2
    cut = picture[top : top + cut_h, left : left + cut_w]
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(cut, (width, height), interpolation=way), np.uint8)


def _stirred(picture: Picture, seconds: float) -> Picture:
    """Return a picture as if air moved it a little: what a given first frame can show of life."""
    height, width = picture.shape[:2]
    rows, columns = _grid(height, width)
    reach = 0.006 * height
    phase = 2.6 * seconds
    way = reach * (1 - math.cos(phase)) / 2 * np.sin(rows * (5.0 / height) + 0.8)
    lift = 0.4 * reach * math.sin(phase) * np.sin(columns * (4.0 / width) + 1.0)
    moved = cv2.remap(
        picture,
        (columns + way).astype(np.float32),
        (rows + lift).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(moved, np.uint8)


@lru_cache(maxsize=2)
def _grid(height: int, width: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    return rows, columns
