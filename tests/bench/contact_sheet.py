"""Sheets of what the sandbox draws, to look at: `python -m tests.bench.contact_sheet --out DIR`."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from tests.unit.sandbox.prompts import many_prompts
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


ASPECTS = (1.0, 832 / 1216, 1216 / 832, 1344 / 768, 768 / 1344)
"""Of `--many`: each prompt has the next one, all in cells of one shape."""


def sheet(
    prompts: Sequence[str], seeds: Sequence[int], *, cell_px: int, columns: int, aspect: float = 1.0
) -> Frame:
    """Return all prompts × seeds in a grid, each `cell_px` high."""
    wide = round(cell_px * aspect)
    return _grid(
        [
            _framed(draw(scene_of(prompt, seed=seed), width=wide, height=cell_px))
            for prompt in prompts
            for seed in seeds
        ],
        columns,
    )


def many(prompts: Sequence[str], first_seed: int, *, cell_px: int, columns: int) -> Frame:
    """Return each prompt once, of the next seed and in the next shape, its words below it."""
    cells = []
    for number, prompt in enumerate(prompts):
        aspect = ASPECTS[(first_seed + number) % len(ASPECTS)]
        width, height = round(cell_px * min(1.0, aspect)), round(cell_px / max(1.0, aspect))
        picture = draw(scene_of(prompt, seed=first_seed + number), width=width, height=height)
        cell = np.full((cell_px + 30, cell_px, 3), 255, np.uint8)
        top, left = (cell_px - height) // 2, (cell_px - width) // 2
        cell[top : top + height, left : left + width] = picture
        for line in range(2):
            words = prompt[52 * line : 52 * (line + 1)]
            place = (3, cell_px + 12 + 14 * line)
            cv2.putText(
                cell, words, place, cv2.FONT_HERSHEY_SIMPLEX, 0.36, (0, 0, 0), 1, cv2.LINE_AA
            )
        cells.append(_framed(cell))
    return _grid(cells, columns)


def _framed(picture: Frame) -> Frame:
    edge = cv2.copyMakeBorder(picture, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    return np.asarray(edge, np.uint8)


def _grid(cells: list[Frame], columns: int) -> Frame:
    cells = cells + [np.full_like(cells[0], 255)] * (-len(cells) % columns)
    rows = [np.hstack(cells[i : i + columns]) for i in range(0, len(cells), columns)]
    return np.ascontiguousarray(np.vstack(rows))


def main(arguments: Sequence[str] | None = None) -> None:
    """Write PNGs of 24 prompts with some seeds each, or of many prompts once each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--many", type=int, help="as many prompts once each, in several shapes")
    parser.add_argument("--first", type=int, default=0, help="with --many: begin with this one")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--cell", type=int, default=320, help="height of a picture, pixels")
    parser.add_argument("--aspect", type=float, default=1.0)
    parser.add_argument("--prompt", action="append", help="instead of the built-in list")
    parser.add_argument("--rows", type=int, default=8, help="rows of a sheet")
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    seeds = range(1, given.seeds + 1)
    if given.many:
        prompts, columns, each = many_prompts(given.first + given.many)[given.first :], 6, 24
    else:
        prompts, columns = given.prompt or list(PROMPTS), 6 if given.seeds == 3 else given.seeds
        each = max(1, given.rows * columns // given.seeds)
    started = time.perf_counter()
    for first in range(0, len(prompts), each):
        some = prompts[first : first + each]
        if given.many:
            seed = given.first + first + 1
            picture = many(some, seed, cell_px=given.cell, columns=columns)
        else:
            picture = sheet(some, seeds, cell_px=given.cell, columns=columns, aspect=given.aspect)
        path = given.out / f"sheet{(given.first + first) // each + 1}.png"
        path.write_bytes(cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1])
        print(path)
    drawn = len(prompts) * (1 if given.many else given.seeds)
    took = 1000 * (time.perf_counter() - started) / drawn
    print(f"{took:.0f} ms a picture of {given.cell} pixels")


if __name__ == "__main__":
    main()
