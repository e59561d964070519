"""Whether clean clips of the sandbox pass and spoiled ones fail for their own reason.

`python -m tests.bench.sandbox_clips` draws clips from prompts of the vocabulary, spoils each in
every way that the sandbox knows, encodes them as it does and asks the product's own assessor.
`--models` takes every video model in turn (or those whose names hold a word), at settings that
spoil it as much as the usual one's; `--container webp` saves animated WebP. Nothing is fitted on
the answers.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tests.bench.clip_sheet import MODEL, PROMPTS, shot_of
from tests.unit.sandbox.prompts import many_prompts
from tower_anime.adapters.clips import AvClips
from tower_anime.assess.profiles import PROFILES
from tower_anime.domain.expectation import Expectation
from tower_anime.domain.frame import Frame
from tower_anime.pipeline.clip import assess_clip
from tower_anime.sandbox.models import CHECKPOINTS, DIFFUSION_MODELS, MOTION_MODULE
from tower_anime.sandbox.shot import Shot
from tower_anime.sandbox.sound import Sound, SoundLatent, performed, score_of
from tower_anime.sandbox.surface import Footage, Surface
from tower_anime.sandbox.values import Model
from tower_anime.sandbox.video import encoded

SIZE = (832, 480)
_USUAL = DIFFUSION_MODELS[MODEL]

_UNRESOLVED = frozenset({"noise", "undersampled", "flicker", "blur"})
WAYS: dict[str, frozenset[str]] = {
    "steps 1/4": _UNRESOLVED,
    "steps 2/5": _UNRESOLVED,
    "high cfg": frozenset({"oversaturated", "overexposed", "drift"}),
    "low cfg": frozenset({"low_contrast", "blur", "upscaled"}),
    "twice as long": frozenset({"drift"}),
    "dead": frozenset({"dead", "frozen"}),
    "half the rate": frozenset({"duration", "frame_rate", "frame_count"}),
    "a fifth of it": frozenset({"duration", "frame_count"}),
    "black": frozenset({"blank", "black_frames", "dead"}),
    "quiet": frozenset({"loudness"}),
    "overdriven": frozenset({"loudness"}),
}
"""A way to spoil, and the defects that would name it rightly."""
_WARNED = frozenset({"quiet", "overdriven"})
"""Ways that are no reason to reject a clip: its file is mended."""


@dataclass(frozen=True)
class Take:
    """A clip as it is encoded, and the rate that it is saved at (frames per second)."""

    frames: Sequence[Frame]
    rate: float
    sound: Sound | None = None


@dataclass(frozen=True)
class Studio:
    """A model of clips that is asked for `frames` of them, as many as it is good for.

    All are asked for `SIZE` and some five seconds: what larger and longer ones would cost.
    """

    name: str
    surface: Surface
    footage: Footage

    @property
    def rate(self) -> float:
        """Frames per second."""
        return self.footage.rate

    @property
    def frames(self) -> int:
        """Frames of a clip."""
        if self.footage.most_frames is not None:
            return self.footage.most_frames
        return self.footage.latent_frames * round(5 * self.rate / self.footage.latent_frames) + 1

    def takes(self, prompt: str, seed: int) -> Iterator[tuple[str, Take]]:
        """Yield the clean clip and every spoiled one."""
        shot = self._shot(prompt, seed)
        alive = replace(shot, film=replace(shot.film, motion=replace(shot.film.motion, alive=True)))
        clean = list(alive.frames())
        sounds = dict(self._sounds(prompt, shot))
        yield "clean", Take(clean, self.rate, sounds.get("clean"))
        for way, share in (("steps 1/4", 0.25), ("steps 2/5", 0.4)):
            steps = round(share * self.surface.clean_steps)
            yield way, self._as(alive, self._shot(prompt, seed, steps=max(1, steps)))
        surface = self.surface
        high = surface.burn_from + 0.4 * (surface.burn_full - surface.burn_from)
        for way, cfg in (("high cfg", high), ("low cfg", 0.48 * surface.wash_below)):
            yield way, self._as(alive, self._shot(prompt, seed, cfg=cfg))
        yield (
            "twice as long",
            self._as(alive, self._shot(prompt, seed, frames=2 * self.frames - 1)),
        )
        yield "dead", Take([clean[0]] * self.frames, self.rate)
        yield "half the rate", Take(clean, self.rate / 2)
        yield "a fifth of it", Take(clean[: len(clean) // 5 + 1], self.rate)
        yield "black", Take([np.zeros_like(clean[0])] * self.frames, self.rate)
        for way in ("quiet", "overdriven") if sounds else ():
            yield way, Take(clean, self.rate, sounds[way])

    def _shot(
        self,
        prompt: str,
        seed: int,
        *,
        steps: int | None = None,
        cfg: float | None = None,
        frames: int | None = None,
    ) -> Shot:
        surface = self.surface
        longest = replace(self.footage, good_frames=self.frames, most_frames=None)
        return shot_of(
            prompt,
            seed=seed,
            steps=steps or round(surface.clean_steps * 1.2),
            cfg=(surface.wash_below + surface.burn_from) / 2 if cfg is None else cfg,
            frames=frames or self.frames,
            model=Model(
                replace(surface, native_px=round(np.sqrt(SIZE[0] * SIZE[1]))), motion=longest
            ),
            size=SIZE,
        )

    def _as(self, alive: Shot, spoiled: Shot) -> Take:
        """Return the spoiled shot, in motion whatever its own lot."""
        moving = replace(spoiled.film, motion=alive.film.motion)
        return Take(list(replace(spoiled, film=moving).frames()), self.rate)

    def _sounds(self, prompt: str, shot: Shot) -> Iterator[tuple[str, Sound]]:
        if self.footage.loudness_lufs is None:
            return
        for way, level, burn in (
            ("clean", -19.0, 0.0),
            ("quiet", -34.0, 0.0),
            ("overdriven", -16.0, 0.7),
        ):
            score = score_of("", shot.film.scene, loudness_lufs=(level, level), hiss=0, burn=burn)
            yield way, performed(SoundLatent(self.frames / self.rate, score))


def studios(word: str | None) -> list[Studio]:
    """Return the usual model, or all of clips whose names hold a word, AnimateDiff's at last."""
    if word is None:
        return [Studio(MODEL, _USUAL, _USUAL.footage)] if _USUAL.footage else []
    models = {**CHECKPOINTS, **DIFFUSION_MODELS}
    moving = [Studio(name, it, it.footage) for name, it in models.items() if it.footage]
    still = models["sandbox_anime_15.safetensors"]
    moving.append(Studio("sandbox_mm_sd15", still, MOTION_MODULE))
    return [studio for studio in moving if word in studio.name]


def verdict_of(
    take: Take, prompt: str, *, asked: Expectation, container: str
) -> tuple[str, list[str]]:
    """Return the verdict on a clip and the kinds of its defects, worst first."""
    settings = {"lossless": "0", "quality": "80"} if container == "webp" else None
    codec = {"webp": "webp", "webm": "vp9"}.get(container, "mp4")
    data = encoded(
        take.frames,
        rate=take.rate,
        container=container,
        codec=codec,
        texts={},
        settings=settings,
        sound=None if container == "webp" else take.sound,
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"clip.{container}"
        path.write_bytes(data)
        found = assess_clip(AvClips(), path, profile=PROFILES["clip"], prompt=prompt, expect=asked)
    worst = sorted(found.defects, key=lambda defect: (-defect.loss, -defect.severity))
    return found.verdict.value, [defect.kind for defect in worst if defect.kind != "delivery"]


def _rightly(way: str, verdict: str, kinds: Sequence[str]) -> bool:
    if way == "clean":
        return verdict == "pass" and "loudness" not in kinds
    return (verdict == "reject" or way in _WARNED) and bool(WAYS[way] & set(kinds))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="begin with this prompt")
    parser.add_argument("--models", nargs="?", const="", metavar="WORD", help="other models")
    parser.add_argument("--container", choices=("mp4", "webp", "webm"), default="mp4")
    given = parser.parse_args(arguments)
    last = given.first + given.prompts
    prompts = [*PROMPTS, *many_prompts(max(0, last - len(PROMPTS)))][:last]
    right: dict[str, list[bool]] = defaultdict(list)
    blamed: Counter[str] = Counter()
    for studio in studios(given.models):
        for seed, prompt in enumerate(prompts[given.first :], given.first + 1):
            for way, take in studio.takes(prompt, seed):
                if given.container == "webp" and way in _WARNED:
                    continue
                frames = 2 * studio.frames - 1 if way == "twice as long" else studio.frames
                asked = Expectation(
                    duration_s=frames / studio.rate, frame_rate=studio.rate, frames=frames
                )
                verdict, kinds = verdict_of(take, prompt, asked=asked, container=given.container)
                right[way].append(_rightly(way, verdict, kinds))
                if not right[way][-1]:
                    blamed.update(kinds if way == "clean" else ())
                    print(
                        f"  {studio.name} {way} but {verdict}: {','.join(kinds)} | {seed} {prompt}"
                    )
    for way, rows in right.items():
        print(f"{way:14s} {100 * sum(rows) / len(rows):6.1f} % of {len(rows)}")
    if blamed:
        print("clean clips blamed for", dict(blamed))


if __name__ == "__main__":
    main()
