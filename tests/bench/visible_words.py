"""How much each word of the sandbox's vocabulary changes a picture, the least visible first.

`python -m tests.bench.visible_words` draws every phrase with and without it at the same seed.
`--out DIR` writes sheets of the words that change least, without and with them side by side.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from tests.bench.contact_sheet import sheet
from tower_anime.sandbox.art import draw
from tower_anime.sandbox.vocabulary import TABLES
from tower_anime.sandbox.words import scene_of

_SIZE_PX = 160
_LEVELS = 16
"""A pixel that differs by more in some channel counts as changed."""
LEAST = 0.0015
"""Share of changed pixels from which a word counts as visible: 38 pixels at this size."""

_PERSON = ("1girl, portrait, standing, sailor uniform, park", "1girl, full body, standing, park")
STAGES: dict[str, Sequence[str]] = {
    "worn": _PERSON,
    "cut": _PERSON,
    "face": _PERSON,
    "age": _PERSON,
    "outfit": _PERSON,
    "pose": _PERSON,
    "place": ("1girl, standing, sailor uniform", "no humans"),
    "bottom": ("1girl, full body, hoodie, park", "1girl, full body, sailor uniform, park"),
}
"""What the words of a table are added to; a word counts where it is seen best."""
_USUAL = ("1girl, standing, sailor uniform, park", "1girl, standing, sailor uniform, room")


@dataclass(frozen=True)
class Seen:
    """How much a phrase changed (share of pixels, 0–1) where it changed most."""

    share: float
    table: str
    phrase: str
    stage: str
    seed: int


def seen(*, seeds: Sequence[int], first_only: bool = False) -> Iterator[Seen]:
    """Measure all phrases (or the first of each entry) but those that the seed chose anyway."""
    for table, entries in TABLES.items():
        for phrases in entries.values():
            for phrase in phrases[: 1 if first_only else None]:
                for seed in seeds:
                    rows = [_seen(table, phrase, stage, seed) for stage in _stages(table)]
                    if all(row is not None for row in rows):
                        yield max((row for row in rows if row), key=lambda row: row.share)


def _stages(table: str) -> Sequence[str]:
    return STAGES.get(table, _USUAL)


def _seen(table: str, phrase: str, stage: str, seed: int) -> Seen | None:
    without, with_it = scene_of(stage, seed=seed), scene_of(f"{stage}, {phrase}", seed=seed)
    if replace(without, lit=True) == replace(with_it, lit=True):
        return None
    before, after = (
        draw(scene, width=_SIZE_PX, height=_SIZE_PX).astype(int) for scene in (without, with_it)
    )
    share = float((np.abs(before - after).max(axis=2) > _LEVELS).mean())
    return Seen(share, table, phrase, stage, seed)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the least visible words and draw them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--show", type=int, default=40)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args(arguments)
    rows = sorted(seen(seeds=range(1, given.seeds + 1)), key=lambda row: row.share)
    for row in rows[: given.show]:
        print(f"{100 * row.share:6.2f} %  {row.table}: {row.phrase} (seed {row.seed})")
    hidden = sum(row.share < LEAST for row in rows)
    print(f"{hidden} of {len(rows)} change less than {100 * LEAST:.2f} % of the pixels")
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
        pairs = [
            sheet([row.stage, f"{row.stage}, {row.phrase}"], [row.seed], cell_px=256, columns=2)
            for row in rows[: given.show]
        ]
        pairs += [np.full_like(pairs[0], 255)] * (-len(pairs) % 4)
        lines = [np.hstack(pairs[i : i + 4]) for i in range(0, len(pairs), 4)]
        picture = cv2.cvtColor(np.vstack(lines), cv2.COLOR_RGB2BGR)
        path = given.out / "least_visible.png"
        path.write_bytes(cv2.imencode(".png", picture)[1])
        print(path)


if __name__ == "__main__":
    main()
