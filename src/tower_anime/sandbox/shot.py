"""What a video model makes of a film: its frames with the damage that settings do to a clip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from tower_anime.domain.frame import Frame
from tower_anime.sandbox import spoil
from tower_anime.sandbox.film import Camera, Film
from tower_anime.sandbox.spoil import Damage

_PUMPING = 0.16
"""Change of brightness from latent to latent (share of it) at full flicker."""


@dataclass(frozen=True, kw_only=True)
class Shot:
    """A film as a model gives it.

    `damage` is each frame's own. `flicker` (0–1) pumps brightness from one latent to the next,
    `drift` (0–1) is how far palette and brightness have slid away at the end, and from
    `good_frames` on the motion turns back.
    """

    film: Film
    damage: Damage
    latent_frames: int
    good_frames: int
    flicker: float = 0.0
    drift: float = 0.0

    def frames(self) -> Iterator[Frame]:
        """Yield all frames in order; a drawing that is held is the same array."""
        cameras = self._cameras()
        last: tuple[object, Frame] | None = None
        for number in range(self.film.frames):
            key = self._key(cameras[0], number)
            if last is None or last[0] != key:
                last = key, self._frame(cameras, number)
            yield last[1]

    def frame(self, number: int) -> Frame:
        """Return one frame alone."""
        return self._frame(self._cameras(), number)

    def _cameras(self) -> list[Camera]:
        """Return a camera for each panel of a doubled subject; one as a rule."""
        film, damage = self.film, self.damage
        size = film.width // damage.columns, film.height // damage.rows
        return [
            Camera(replace(film, scene=replace(film.scene, panel=i), width=size[0], height=size[1]))
            for i in range(damage.columns * damage.rows)
        ]

    def _key(self, camera: Camera, number: int) -> object:
        latent = self._latent(number) if self.damage.residual or self.flicker else 0
        slid = number if self.drift else 0
        return camera.key(self._time(number)), latent, slid

    def _latent(self, number: int) -> int:
        return (number + self.latent_frames - 1) // self.latent_frames

    def _time(self, number: int) -> int:
        """Return the frame of the film that is shown: beyond the model's reach it turns back."""
        last = max(1, self.good_frames - 1)
        return last - abs(last - number % (2 * last))

    def _frame(self, cameras: list[Camera], number: int) -> Frame:
        film, latent = self.film, self._latent(number)
        time = self._time(number)

        def draw(panel: int, width: int, height: int) -> Frame:
            drawn = cameras[panel].frame(time)
            if drawn.shape[:2] == (height, width):
                return drawn
            return np.asarray(cv2.resize(drawn, (width, height)), np.uint8)

        picture = spoil.render(
            draw,
            width=film.width,
            height=film.height,
            damage=self.damage,
            rng=film.scene.rng(f"noise{latent}"),
        )
        if self.flicker:
            lot = float(film.scene.rng(f"flicker{latent}").uniform(-1, 1))
            picture = _brightened(picture, 1 + _PUMPING * self.flicker * lot)
        if self.drift:
            share = self.drift * number / max(1, film.frames - 1)
            picture = _brightened(spoil.tinted(picture, 1.6 * share), 1 - 0.22 * share)
        return picture


def _brightened(picture: Frame, gain: float) -> Frame:
    return np.asarray(cv2.convertScaleAbs(picture, alpha=gain), np.uint8)
