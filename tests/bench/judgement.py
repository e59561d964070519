"""Our score beside others: `python -m tests.bench.judgement FOLDER [--others PYTHON]`.

FOLDER is the one of `calibration.measure`; the art is its group `fresh`, which no fit has seen,
the damage `calibration.damage`. PYTHON is one of an environment with numpy 1.23, scipy < 1.12,
brisque, scikit-video and opencv-python-headless < 4.9: BRISQUE and NIQE want old versions.
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
from calibration.figures import USUAL, Judged, figures, report
from calibration.sources import clean_art
from calibration.table import Row
from tests.bench.pairs import ours

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


PRODUCT = "this product"
OLDER = {
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


def compare(folder: Path, *, group: str, every: int, python: str | None) -> dict[str, list[Judged]]:
    """Return for each judgement the judged versions of every so-many-th picture of a group."""
    found: dict[str, list[Judged]] = {}
    for name, clean in itertools.islice(clean_art(folder, group), 0, None, every):
        rows, pictures = zip(*versions(name, clean), strict=True)
        theirs = others(python, list(pictures)) if python else [{}] * len(rows)
        for row, picture, their in zip(rows, pictures, theirs, strict=True):
            found.setdefault(PRODUCT, []).append(Judged(row, *ours(picture)))
            older = {judgement: score(picture) for judgement, score in OLDER.items()}
            for judgement, value in {**older, **their}.items():
                found.setdefault(judgement, []).append(Judged(row, value, {}))
        print(f"{name} is judged", file=sys.stderr)
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--group", default="fresh")
    parser.add_argument("--every", type=int, default=1, help="judge every so-many-th picture")
    parser.add_argument("--others", help="python of the environment of BRISQUE and NIQE")
    wanted = parser.parse_args()
    found = compare(wanted.folder, group=wanted.group, every=wanted.every, python=wanted.others)
    print("| judgement | ρ with severity | AUC clean, severity ≥ 3 | beats its damaged copy |")
    print("|---|---|---|---|")
    for judgement, results in found.items():
        of = figures(results)
        print(
            f"| {judgement} | {of.mean('spearman'):.2f} | {of.mean('auc'):.2f} "
            f"| {of.mean('beaten'):.2f} |"
        )
    print()
    report(figures(found[PRODUCT]))
    for result in found[PRODUCT]:
        if result.row.kind == "clean" and result.named:
            print(f"{result.row.picture}: {result.score:.2f} {', '.join(result.named)}")


if __name__ == "__main__":
    main()
