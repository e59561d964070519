"""What samplers make of a latent: the picture of the words, spoilt as the settings spoil it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from tower_anime.domain.frame import Frame
from tower_anime.sandbox import spoil
from tower_anime.sandbox.art import draw
from tower_anime.sandbox.values import Conditioning, Latent, Model, NodeFailure, Run
from tower_anime.sandbox.words import Scene, scene_of, with_one_more

MAX_PIXELS = 24_000_000
"""Of one batch. More is refused as a graphics card would: out of memory."""

KEEPS_BELOW = 0.75
"""Denoise under which a second pass keeps the composition that it finds (by hand)."""


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """The settings of one sampler run. Steps `first` to `last` of `steps` are done."""

    model: Model
    positive: Conditioning
    seed: int
    steps: int
    cfg: float
    sampler: str
    scheduler: str
    denoise: float = 1.0
    first: int = 0
    last: int = 10_000
    adds_noise: bool = True
    leaves_noise: bool = False

    @property
    def done(self) -> int:
        """How many steps are done."""
        return max(0, min(self.last, self.steps) - self.first)

    @property
    def unfinished(self) -> float:
        """The share of the schedule that is left for another sampler."""
        return 1 - min(self.last, self.steps) / self.steps if self.leaves_noise else 0.0


def sample(run: Run, s: Sampling, latent: Latent) -> Latent:
    """Draw what the sampler would find, with the damage its settings do, step by step."""
    check_memory(latent.width * latent.height * latent.batch, MAX_PIXELS)
    result = _rendered(s, latent)
    work(run, s, result.pictures[0] if result.pictures else None)
    return result


def work(run: Run, s: Sampling, target: Frame | None) -> None:
    """Go through the steps, each of which shows a little more of `target`."""
    oom_at = (s.done + 1) // 2 if run.strikes("oom") else None
    for number in range(1, s.done + 1):
        if number == oom_at:
            raise out_of_memory()
        run.step(number, s.done, target)


_OOM = (
    "Allocation on device \nThis error means you ran out of memory on your GPU.\n\nTIPS: If the"
    " workflow worked before you might have accidentally set the batch_size to a large number."
)


def out_of_memory() -> NodeFailure:
    """Return the failure that a graphics card without room for more reports."""
    return NodeFailure("torch.OutOfMemoryError", _OOM)


def check_memory(pixels: int, most: int) -> None:
    """Refuse what no graphics card would have room for."""
    if pixels > most:
        raise out_of_memory()


def _rendered(s: Sampling, latent: Latent) -> Latent:
    if s.done == 0:
        return latent
    continues = latent.unfinished > 0 and not s.adds_noise
    keeps = continues or (latent.scenes is not None and s.denoise < KEEPS_BELOW)
    scenes = (
        latent.scenes
        if keeps and latent.scenes
        else tuple(imagined(s, index) for index in range(latent.batch))
    )
    euler_steps = worth_of(s) + (latent.euler_steps if continues else 0.0)
    damage = damage_of(s, width=latent.width, height=latent.height)
    damage = replace(
        damage,
        residual=_residual(s, euler_steps),
        grey=_grey(s) if latent.pictures is None else 0.0,
    )
    if keeps:
        damage = replace(damage, scribbles=False, columns=1, rows=1)
    blackout = s.model.surface.blackout
    pictures = tuple(
        spoil.black(latent.width, latent.height)
        if blackout and scene.rng("blackout").random() < blackout
        else spoil.render(
            _painter(scene, _base(latent, i, s.denoise, keeps=keeps), s.denoise),
            width=latent.width,
            height=latent.height,
            damage=damage if scene.lit else replace(damage, flat=1.0),
            rng=scene.rng("noise"),
        )
        for i, scene in enumerate(scenes)
    )
    return replace(
        latent, pictures=pictures, scenes=scenes, euler_steps=euler_steps, unfinished=s.unfinished
    )


def worth_of(s: Sampling) -> float:
    """Return how many euler steps of the model so many steps are worth."""
    work = s.model.surface.worth(s.done, sampler=s.sampler, scheduler=s.scheduler, cfg=_guidance(s))
    return work / max(s.denoise, 0.05)


def damage_of(s: Sampling, *, width: int, height: int) -> spoil.Damage:
    """Return what the settings do to a picture that is made from nothing at a size in pixels."""
    surface = s.model.surface
    burn, wash = spoil.guidance_of(_guidance(s), surface)
    columns, rows, soft = spoil.size_of(width, height, native=surface.native_px)
    return spoil.Damage(
        residual=_residual(s, worth_of(s)),
        burn=max(burn, _overdose(s.model)),
        wash=wash,
        soft=soft,
        grey=_grey(s),
        cast=surface.cast + s.model.warmth,
        scribbles=surface.scribbles,
        columns=columns,
        rows=rows,
    )


def _guidance(s: Sampling) -> float:
    return s.cfg if s.positive.guidance is None else 2 * s.positive.guidance


def _grey(s: Sampling) -> float:
    return 1 - s.denoise if s.adds_noise else 0.9


def _residual(s: Sampling, euler_steps: float) -> float:
    """Return the noise that is left; leftover noise is what the missing steps would remove."""
    clean_steps = s.model.surface.clean_steps
    settled = clean_steps * (1 - s.unfinished)
    return spoil.residual_of(min(euler_steps, settled), clean_steps=clean_steps)


def imagined(s: Sampling, index: int) -> Scene:
    """Return the scene that the words make, with one person too many now and then."""
    scene = scene_of(s.positive.text, seed=s.seed, index=index)
    if scene.people and scene.rng("count").random() < s.model.surface.miscount:
        return with_one_more(scene)
    return scene


def _overdose(model: Model) -> float:
    """Return how far (0–1) LoRA strengths lie beyond what the checkpoint bears."""
    return float(np.clip((abs(model.warmth) - model.surface.lora_best) / 1.2, 0, 1))


def _base(latent: Latent, index: int, denoise: float, *, keeps: bool) -> Frame | None:
    """Return the picture that image-to-image starts from and still shows, if any."""
    if keeps or latent.pictures is None or denoise >= KEEPS_BELOW:
        return None
    return latent.pictures[index % len(latent.pictures)]


def _painter(scene: Scene, base: Frame | None, denoise: float) -> Callable[[int, int, int], Frame]:
    """Return what draws panel `index` of the scene at a size."""

    def paint(index: int, width: int, height: int) -> Frame:
        panel = replace(scene, panel=index)
        if base is None:
            return draw(panel, width=width, height=height)
        share = float(np.clip((denoise - 0.3) / (KEEPS_BELOW - 0.3), 0, 1))
        original = resized(base, width, height, cv2.INTER_AREA)
        if share == 0:
            return original
        fresh = draw(panel, width=width, height=height)
        return _rebuilt(original, fresh, share, scene)

    return paint


def _rebuilt(original: Frame, fresh: Frame, share: float, scene: Scene) -> Frame:
    """Return the original on its way to the fresh picture, `share` 0–1.

    First it takes on the fresh picture's colours, then region after region is drawn anew.
    """
    height, width = original.shape[:2]
    sigma = 0.05 * float(np.sqrt(width * height))
    tint = cv2.GaussianBlur(fresh, (0, 0), sigma).astype(np.float32)
    tint -= cv2.GaussianBlur(original, (0, 0), sigma)
    recoloured = original + tint * min(0.75, 1.2 * share)
    if share <= _KEEPS_SHAPES:
        return _pixels(recoloured)
    late = (share - _KEEPS_SHAPES) / (1 - _KEEPS_SHAPES)
    regions = cv2.resize(
        scene.rng("regions").random((7, 7), np.float32),
        (width, height),
        interpolation=cv2.INTER_CUBIC,
    )
    mask = np.clip((late * 1.3 - 0.15 - regions) * 12, 0, 1).astype(np.float32)[..., None]
    anew = fresh - tint * (0.4 * (1 - late))
    return _pixels(recoloured + (anew - recoloured) * mask)


_KEEPS_SHAPES = 0.6
"""Share up to which image-to-image leaves shapes in place (by hand)."""


def _pixels(values: NDArray[np.floating]) -> Frame:
    pixels: Frame = np.clip(values + 0.5, 0, 255).astype(np.uint8)
    return pixels


def resized(picture: Frame, width: int, height: int, method: int) -> Frame:
    """Return the picture at a size, itself if it has it."""
    if picture.shape[:2] == (height, width):
        return picture
    return np.asarray(cv2.resize(picture, (width, height), interpolation=method), np.uint8)
