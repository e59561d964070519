"""Our score beside others: `python -m tests.bench.judgement FOLDER [--others PYTHON]`.

FOLDER is the one of `calibration.measure`; the art is its group `vault`, the damage
`calibration.damage`. PYTHON is one of an environment with numpy 1.23, scipy < 1.12, brisque,
scikit-video and opencv-python-headless < 4.9: BRISQUE and NIQE want old versions.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import cv2
import numpy as np

from calibration.damage import KINDS, SEVERITIES, Pixels
from calibration.figures import USUAL, Judged, figures
from calibration.sources import clean_art
from calibration.table import Row
from tower_anime.assess.judge import judge
from tower_anime.assess.profiles import STILL
from tower_anime.assess.stills import measure
from tower_anime.domain.frame import check_frame

OTHERS = Path(__file__).with_name("judgement_others.py")
Scores = Mapping[str, float]
"""Name of a judgement → its score, higher is better."""


def earlier_formula(picture: Pixels) -> float:
    """Return the score that the service before this one promised."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    mean, deviation = (float(figure[0, 0]) for figure in cv2.meanStdDev(grey))
    return (
        0.3 * min(sharpness(picture) / 1000, 1)
        + 0.3 * deviation / 255
        + 0.2 * (1 - 2 * abs(mean / 255 - 0.5))
        + 0.2 * cv2.countNonZero(cv2.Canny(grey, 50, 150)) / grey.size
    )


def sharpness(picture: Pixels) -> float:
    """Return the variance of the Laplacian."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_64F).var())


def ours(picture: Pixels) -> float:
    """Return the product's score; 0 for what it can't measure."""
    height, width = picture.shape[:2]
    found = judge(
        measure(check_frame(picture)), kind="image", width=width, height=height, profile=STILL
    )
    return found.score or 0.0


OURS = {
    "this product": ours,
    "earlier formula": earlier_formula,
    "variance of the Laplacian": sharpness,
}


def versions(name: str, clean: Pixels) -> Iterator[tuple[Row, Pixels]]:
    """Yield the picture and its damaged copies."""
    yield Row(name, "", "clean", 0, {}), clean
    for kind in sorted(USUAL):
        for severity in SEVERITIES:
            chance = np.random.default_rng(zlib.crc32(f"{name} {kind} {severity}".encode()))
            yield (
                Row(name, "first", kind, severity, {}),
                KINDS[kind].first(clean, severity, chance),
            )


def others(python: str, pictures: list[Pixels]) -> list[Scores]:
    """Let another environment judge pictures."""
    with tempfile.TemporaryDirectory() as folder:
        for number, picture in enumerate(pictures):
            path = Path(folder) / f"{number}.png"
            cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        command = [python, str(OTHERS), folder, str(len(pictures))]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def compare(folder: Path, *, count: int, python: str | None) -> dict[str, list[Judged]]:
    """Return for each judgement the judged versions of `count` pictures."""
    found: dict[str, list[Judged]] = {}
    art = itertools.islice(clean_art(folder, "vault"), 1, 1 + 2 * count, 2)
    for name, clean in art:
        rows, pictures = zip(*versions(name, clean), strict=True)
        scores: list[Scores] = [
            {judgement: score(picture) for judgement, score in OURS.items()} for picture in pictures
        ]
        theirs = others(python, list(pictures)) if python else [{}] * len(rows)
        for row, mine, their in zip(rows, scores, theirs, strict=True):
            for judgement, value in {**mine, **their}.items():
                found.setdefault(judgement, []).append(Judged(row, value, {}))
        print(f"{name} is judged", file=sys.stderr)
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=int, default=12)
    parser.add_argument("--others", help="python of the environment of BRISQUE and NIQE")
    wanted = parser.parse_args()
    found = compare(wanted.folder, count=wanted.pictures, python=wanted.others)
    print("| judgement | ρ with severity | AUC clean, severity ≥ 3 | beats its damaged copy |")
    print("|---|---|---|---|")
    for judgement, results in found.items():
        of = figures(results)
        print(
            f"| {judgement} | {of.mean('spearman'):.2f} | {of.mean('auc'):.2f} "
            f"| {of.mean('beaten'):.2f} |"
        )


if __name__ == "__main__":
    main()
