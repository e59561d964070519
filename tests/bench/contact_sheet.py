"""Sheets of what the sandbox draws, to look at: `python -m tests.bench.contact_sheet --out DIR`."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from tower_anime.domain.frame import Frame
from tower_anime.sandbox.art import draw
from tower_anime.sandbox.words import scene_of

PROMPTS = (
    "1girl, silver hair, blue eyes, school uniform, classroom, smile",
    "1girl, long pink twintails, sailor, street, night, neon, rain, umbrella",
    "1girl, blonde braids, straw hat, white dress, sunflower field, summer",
    "1boy, messy black hair, hoodie, rooftop, sunset, serious",
    "2girls, ponytail, kimono, shrine, cherry blossoms, happy",
    "a knight girl in armour with a sword on a mountain, dramatic light",
    "portrait of a girl with red bob hair and glasses, cafe, blushing",
    "1girl, sitting, room, cat ears, black hair, sleepy, closed eyes",
    "1girl, running, beach, short teal hair, laughing, wide shot",
    "from behind, long black hair, girl watching the stars, night sky",
    "1girl, crying, rainy street, brown hair, scarf, winter coat",
    "1girl, angry, arms crossed, red hair, station platform, evening",
    "a lighthouse by the sea at sunset, no humans",
    "space station above a ringed planet",
    "autumn forest with a river, mist",
    "snowy village at night, lanterns",
    "3girls, idols, waving, stage light, full body",
    "chibi, 1girl, witch hat, pumpkin, halloween night",
    "monochrome, manga, 1girl, surprised, city",
    "pixel art, 1boy, sword, castle",
    "soft painted watercolor, 1girl, lavender hair, garden, flowers, morning",
    "low angle, 1boy, cloak, silver hair, golden eyes, storm",
    "an old man with white hair and glasses drinking tea in a library",
    "high angle, little girl with a bag and a ribbon, park in spring",
)


def sheet(
    prompts: Sequence[str], seeds: Sequence[int], *, cell_px: int, columns: int, aspect: float = 1.0
) -> Frame:
    """Return all prompts × seeds in a grid, each `cell_px` high."""
    wide = round(cell_px * aspect)
    cells = [
        cv2.copyMakeBorder(
            draw(scene_of(prompt, seed=seed), width=wide, height=cell_px),
            *(2, 2, 2, 2),
            cv2.BORDER_CONSTANT,
            value=(255, 255, 255),
        )
        for prompt in prompts
        for seed in seeds
    ]
    cells += [np.full_like(cells[0], 255)] * (-len(cells) % columns)
    rows = [np.hstack(cells[i : i + columns]) for i in range(0, len(cells), columns)]
    return np.ascontiguousarray(np.vstack(rows))


def main(arguments: Sequence[str] | None = None) -> None:
    """Write one PNG per six prompts, every prompt with some seeds in a row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--cell", type=int, default=320, help="height of a picture, pixels")
    parser.add_argument("--aspect", type=float, default=1.0)
    parser.add_argument("--prompt", action="append", help="instead of the built-in list")
    parser.add_argument("--rows", type=int, default=8, help="rows of a sheet")
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    prompts, seeds = given.prompt or PROMPTS, range(1, given.seeds + 1)
    columns = 6 if given.seeds == 3 else given.seeds
    size = max(1, given.rows * columns // given.seeds)
    started = time.perf_counter()
    for first in range(0, len(prompts), size):
        some = prompts[first : first + size]
        picture = sheet(some, seeds, cell_px=given.cell, columns=columns, aspect=given.aspect)
        path = given.out / f"sheet{first // size + 1}.png"
        path.write_bytes(cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1])
        print(path)
    each = (time.perf_counter() - started) / (len(prompts) * given.seeds)
    print(f"{1000 * each:.0f} ms a picture of {given.cell} pixels")


if __name__ == "__main__":
    main()
