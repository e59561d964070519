"""What samplers make of a latent of clips: a shot of the words, spoilt as settings spoil it."""

from __future__ import annotations

from dataclasses import replace

from tower_anime.sandbox import spoil
from tower_anime.sandbox.film import Film
from tower_anime.sandbox.motion import asks_for_motion, motion_of
from tower_anime.sandbox.sampling import Sampling, check_memory, damage_of, imagined, sample, work
from tower_anime.sandbox.shot import Shot
from tower_anime.sandbox.sound import SoundLatent, score_of
from tower_anime.sandbox.surface import Footage, Surface
from tower_anime.sandbox.values import ClipLatent, Latent, NodeFailure, Run
from tower_anime.sandbox.words import Scene

MAX_CLIP_PIXELS = 140_000_000
"""Of all frames together. More is refused as a graphics card would: out of memory."""

_STILL_THOUGH_ASKED = 0.15
"""Share of a model's dead clips that remains when the prompt asks for motion (by hand)."""


def sample_any(run: Run, s: Sampling, latent: Latent | ClipLatent) -> Latent | ClipLatent:
    """Sample a latent of stills or of a clip; a motion module makes a clip of a batch."""
    if isinstance(latent, Latent):
        if s.model.motion is None:
            return sample(run, s, latent)
        start = latent.pictures[0] if latent.pictures else None
        latent = ClipLatent(
            width=latent.width, height=latent.height, frames=latent.batch, start=start
        )
    check_memory(latent.width * latent.height * latent.frames, MAX_CLIP_PIXELS)
    result = _shot(s, latent)
    work(run, s, result.shot.frame(latent.frames // 2) if result.shot else None)
    return result


def _shot(s: Sampling, latent: ClipLatent) -> ClipLatent:
    """Return the latent with its shot; `NodeFailure` for a model of stills."""
    surface = s.model.surface
    footage = s.model.motion or surface.footage
    if footage is None:
        raise NodeFailure(
            "RuntimeError",
            "Given groups=1, weight of size [320, 4, 3, 3], expected input[1, 16, "
            f"{latent.height // 8}, {latent.width // 8}] to have 4 channels: a model of stills",
        )
    if footage.most_frames is not None and latent.frames > footage.most_frames:
        raise NodeFailure(
            "ValueError",
            "Without a Context Options connected, AnimateDiff model sandbox_mm_sd15.safetensors has"
            f" upper limit of {footage.most_frames} frames, but received {latent.frames} latents.",
        )
    if s.done == 0:
        return latent
    first = latent.shot if s.denoise < 1.0 else None  # a second pass keeps what it finds
    scene = first.film.scene if first else imagined(s, 0)
    damage = damage_of(s, width=latent.width, height=latent.height)
    if first:
        damage = replace(damage, grey=0.0, columns=1, rows=1, soft=0.0)
    lit = scene.lit or latent.start is not None
    shot = Shot(
        film=_again(first.film, latent) if first else _film(s, latent, footage, scene),
        damage=damage if lit else replace(damage, flat=1.0),
        latent_frames=footage.latent_frames,
        good_frames=footage.good_frames,
        flicker=min(1.0, 2.2 * damage.residual),
        drift=_drift(latent.frames, footage, surface, s),
    )
    return replace(latent, shot=shot, sound=_sound(s, latent.sound, shot, footage))


def _sound(
    s: Sampling, latent: SoundLatent | None, shot: Shot, footage: Footage
) -> SoundLatent | None:
    """Return the sound that goes with the shot; a second pass keeps what it finds."""
    if latent is None or latent.score is not None or footage.loudness_lufs is None:
        return latent
    score = score_of(
        s.positive.text,
        shot.film.scene,
        loudness_lufs=footage.loudness_lufs,
        hiss=shot.damage.residual,
        burn=shot.damage.burn,
    )
    return replace(latent, score=score)


def _again(film: Film, latent: ClipLatent) -> Film:
    return replace(film, width=latent.width, height=latent.height, start=latent.start)


def _film(s: Sampling, latent: ClipLatent, footage: Footage, scene: Scene) -> Film:
    text = s.positive.text
    chance = footage.stillness * (_STILL_THOUGH_ASKED if asks_for_motion(text) else 1.0)
    alive = float(scene.rng("alive").random()) >= chance
    motion = motion_of(text, scene, alive=alive)
    if latent.start is not None and motion.camera == "fixed" and not scene.weather:
        motion = replace(motion, camera="zoom in")  # all that a given picture shows of itself
    return Film(
        scene=scene,
        motion=motion,
        width=latent.width,
        height=latent.height,
        frames=latent.frames,
        rate=s.positive.frame_rate or footage.rate,
        start=latent.start,
    )


def _drift(frames: int, footage: Footage, surface: Surface, s: Sampling) -> float:
    """Return how far a clip slides away: by its length, and by guidance that is near to burning."""
    too_long = (frames - footage.good_frames) / footage.good_frames
    burn, _ = spoil.guidance_of(s.cfg, surface)
    return max(0.0, min(1.0, max(1.5 * too_long, 2 * burn)))
