"""Good pictures against others of the same prompts: `python -m tests.bench.pairs GOOD OTHER…`.

Each argument is a folder: the same seeds with a usual number of steps and guidance scale in GOOD,
with too few steps or too much guidance in the others, say.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from calibration.damage import Pixels
from tower_anime.assess.judge import judge
from tower_anime.assess.profiles import STILL
from tower_anime.assess.stills import measure
from tower_anime.domain.frame import check_frame

Judged = Mapping[str, tuple[float, dict[str, float]]]
"""Name of a picture → its score and defects."""


def ours(picture: Pixels) -> tuple[float, dict[str, float]]:
    """Return the product's score (0 for what it can't measure) and defects, its size left out."""
    height, width = picture.shape[:2]
    found = judge(
        measure(check_frame(picture)),
        kind="image",
        width=width,
        height=height,
        profile=replace(STILL, min_width=width, min_height=height),
    )
    return found.score or 0.0, {defect.kind: defect.severity for defect in found.defects}


def judged(folder: Path) -> Judged:
    """Judge every picture of a folder."""
    found = {}
    for path in sorted(folder.glob("*")):
        pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if pixels is not None:
            found[path.name] = ours(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB))
    if not found:
        raise SystemExit(f"{folder} holds no picture")
    return found


def compared(good: Judged, other: Judged) -> str:
    """Return a row: median score, AUC, share that loses to its own good picture, defects."""
    scores = np.array([score for score, _ in other.values()])
    best = np.array([score for score, _ in good.values()])
    above = (best[:, None] > scores).mean() + (best[:, None] == scores).mean() / 2
    pairs = [good[name][0] > other[name][0] for name in other if name in good]
    lost = f"{np.mean(pairs):.2f}" if pairs else "–"
    named = Counter(kind for _, defects in other.values() for kind in defects)
    kinds = ", ".join(f"{kind} {count}" for kind, count in named.most_common(3))
    return f"{np.median(scores):.2f} | {above:.3f} | {lost} | {kinds}"


def main() -> None:
    """Print the table."""
    folders = [Path(argument) for argument in sys.argv[1:]]
    if len(folders) < 2:
        raise SystemExit(__doc__)
    good = judged(folders[0])
    print("| pictures | score | AUC good, these | lose to their good one | named |")
    print("|---|---|---|---|---|")
    for folder in folders:
        print(f"| {folder.name} | {compared(good, judged(folder))} |", flush=True)


if __name__ == "__main__":
    main()
