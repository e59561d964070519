"""Strips of what the sandbox animates, to look at: `python -m tests.bench.clip_sheet --out DIR`."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from tower_anime.domain.frame import Frame
from tower_anime.sandbox.clips import sample_any
from tower_anime.sandbox.models import surface_of
from tower_anime.sandbox.sampling import Sampling
from tower_anime.sandbox.shot import Shot
from tower_anime.sandbox.values import ClipLatent, Conditioning, Model

PROMPTS = (
    "a girl with long silver hair standing on a beach at sunset, wind",
    "1girl, upper body, rain, street, night, umbrella, talking",
    "a boy and a girl walking in a park, cherry blossoms",
    "a lighthouse by the sea, no humans, snow",
    "1girl, close-up, smile, classroom, talking, blinking",
    "a girl running through a field, summer, twintails",
    "mountain, no humans, pan left",
    "1girl, portrait, zoom in, autumn forest, falling leaves",
    "1boy, looks around, room, camera shake",
    "3girls, idols, waving, stage light, full body",
)
MODEL = "sandbox_wan2.1_t2v_1.3B.safetensors"


class _Alone:
    """A `Run` without a server."""

    world = 0

    def strikes(self, _fault: str) -> bool:
        return False

    def step(self, _number: int, _of: int, _target: Frame | None) -> None:
        pass


def shot_of(
    prompt: str,
    *,
    seed: int = 1,
    steps: int = 25,
    cfg: float = 5.0,
    frames: int = 81,
    model: str | Model = MODEL,
    size: tuple[int, int] = (832, 480),
) -> Shot:
    """Return the shot that settings make of a prompt."""
    sampling = Sampling(
        model=Model(surface_of(model)) if isinstance(model, str) else model,
        positive=Conditioning(prompt),
        seed=seed,
        steps=steps,
        cfg=cfg,
        sampler="uni_pc",
        scheduler="simple",
    )
    latent = ClipLatent(width=size[0], height=size[1], frames=frames)
    result = sample_any(_Alone(), sampling, latent)  # type: ignore[arg-type]
    assert isinstance(result, ClipLatent)
    assert result.shot is not None
    return result.shot


def strip(shot: Shot, *, pictures: int, cell_px: int, every: int | None) -> Frame:
    """Return frames side by side: every n-th, or as many spread over the clip."""
    frames = list(shot.frames())
    if every:
        chosen = frames[::every][:pictures]
    else:
        chosen = [frames[i] for i in np.linspace(0, len(frames) - 1, pictures).astype(int)]
    wide = round(cell_px * shot.film.width / shot.film.height)
    cells = [cv2.resize(frame, (wide, cell_px), interpolation=cv2.INTER_AREA) for frame in chosen]
    return np.ascontiguousarray(np.hstack(cells), dtype=np.uint8)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write one PNG, a strip for each prompt."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--prompt", action="append", help="instead of the built-in list")
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--cfg", type=float, default=5.0)
    parser.add_argument("--frames", type=int, default=81)
    parser.add_argument("--pictures", type=int, default=8)
    parser.add_argument("--every", type=int, help="show each n-th frame instead of the whole clip")
    parser.add_argument("--cell", type=int, default=150, help="height of a picture, pixels")
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    rows = []
    for prompt in given.prompt or PROMPTS:
        begun = time.perf_counter()
        shot = shot_of(
            prompt,
            seed=given.seed,
            steps=given.steps,
            cfg=given.cfg,
            frames=given.frames,
            model=given.model,
        )
        rows.append(strip(shot, pictures=given.pictures, cell_px=given.cell, every=given.every))
        print(f"{time.perf_counter() - begun:5.2f} s  {prompt}")
    path = given.out / "clips.png"
    bgr = cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR)
    path.write_bytes(cv2.imencode(".png", bgr)[1])
    print(path)


if __name__ == "__main__":
    main()
