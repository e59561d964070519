"""Whether clean clips of the sandbox pass and spoiled ones fail for their own reason.

`python -m tests.bench.sandbox_clips` draws clips from prompts of the vocabulary, spoils each in
every way that the sandbox knows, encodes them as it does and asks the product's own assessor.
Nothing is fitted on the answers.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tests.bench.clip_sheet import PROMPTS, shot_of
from tests.unit.sandbox.prompts import many_prompts
from tower_anime.adapters.clips import AvClips
from tower_anime.assess.profiles import PROFILES
from tower_anime.domain.expectation import Expectation
from tower_anime.domain.frame import Frame
from tower_anime.pipeline.clip import assess_clip
from tower_anime.sandbox.shot import Shot
from tower_anime.sandbox.video import encoded

RATE = 16.0
FRAMES = 81

_UNRESOLVED = frozenset({"noise", "undersampled", "flicker", "blur"})
WAYS: dict[str, frozenset[str]] = {
    "steps 5": _UNRESOLVED,
    "steps 8": _UNRESOLVED,
    "cfg 12": frozenset({"oversaturated", "overexposed", "drift"}),
    "cfg 1.2": frozenset({"low_contrast", "blur", "upscaled"}),
    "twice as long": frozenset({"drift"}),
    "dead": frozenset({"dead", "frozen"}),
    "8 frames/s": frozenset({"duration", "frame_rate", "frame_count"}),
    "a fifth of it": frozenset({"duration", "frame_count"}),
    "black": frozenset({"blank", "black_frames", "dead"}),
}
"""A way to spoil, and the defects that would name it rightly."""


@dataclass(frozen=True)
class Take:
    """A clip as it is encoded, and the rate that it is saved at."""

    frames: Sequence[Frame]
    rate: float = RATE


def takes(prompt: str, seed: int) -> Iterator[tuple[str, Take]]:
    """Yield the clean clip and every spoiled one."""
    shot = shot_of(prompt, seed=seed, frames=FRAMES)
    alive = replace(shot, film=replace(shot.film, motion=replace(shot.film.motion, alive=True)))
    clean = list(alive.frames())
    yield "clean", Take(clean)
    for steps in (5, 8):
        yield f"steps {steps}", _as(alive, shot_of(prompt, seed=seed, frames=FRAMES, steps=steps))
    for cfg in (12.0, 1.2):
        yield f"cfg {cfg:g}", _as(alive, shot_of(prompt, seed=seed, frames=FRAMES, cfg=cfg))
    yield "twice as long", _as(alive, shot_of(prompt, seed=seed, frames=2 * FRAMES - 1))
    yield "dead", Take([clean[0]] * FRAMES)
    yield "8 frames/s", Take(clean, rate=8.0)
    yield "a fifth of it", Take(clean[:17])
    yield "black", Take([np.zeros_like(clean[0])] * FRAMES)


def _as(alive: Shot, spoiled: Shot) -> Take:
    """Return the spoiled shot, in motion whatever its own lot."""
    moving = replace(spoiled.film, motion=alive.film.motion)
    return Take(list(replace(spoiled, film=moving).frames()))


def verdict_of(take: Take, prompt: str, *, frames: int) -> tuple[str, list[str]]:
    """Return the verdict on a clip and the kinds of its defects, worst first."""
    data = encoded(take.frames, rate=take.rate, container="mp4", codec="mp4", texts={})
    asked = Expectation(duration_s=frames / RATE, frame_rate=RATE, frames=frames)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        path.write_bytes(data)
        found = assess_clip(AvClips(), path, profile=PROFILES["clip"], prompt=prompt, expect=asked)
    worst = sorted(found.defects, key=lambda defect: (-defect.loss, -defect.severity))
    return found.verdict.value, [defect.kind for defect in worst if defect.kind != "delivery"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=int, default=20)
    given = parser.parse_args(arguments)
    prompts = [*PROMPTS, *many_prompts(max(0, given.prompts - len(PROMPTS)))][: given.prompts]
    right: dict[str, list[bool]] = defaultdict(list)
    blamed: Counter[str] = Counter()
    for seed, prompt in enumerate(prompts, 1):
        for way, take in takes(prompt, seed):
            asked = 2 * FRAMES - 1 if way == "twice as long" else FRAMES
            verdict, kinds = verdict_of(take, prompt, frames=asked)
            if way == "clean":
                right[way].append(verdict == "pass")
                blamed.update(kinds if verdict != "pass" else ())
            else:
                right[way].append(verdict == "reject" and bool(WAYS[way] & set(kinds)))
            if not right[way][-1]:
                print(f"  {way} but {verdict}: {','.join(kinds)} | {seed} {prompt}")
    for way, rows in right.items():
        print(f"{way:14s} {100 * sum(rows) / len(rows):6.1f} %")
    if blamed:
        print("clean clips blamed for", dict(blamed))


if __name__ == "__main__":
    main()
