"""Figures on art that no fit has seen: `python -m calibration.crossed TABLE …`.

Packages are dealt into folds; each fold is judged with numbers that were fitted to the others.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from unittest.mock import patch

from calibration.figures import Judged, figures, judged, report
from calibration.fit import RULES, complete, data_of, fit
from calibration.table import Row, read
from tower_anime.assess import checks

FOLDS = 5


def crossed(rows: Sequence[Row], folds: int = FOLDS) -> Iterator[Judged]:
    """Judge every row by numbers that were fitted without its package."""
    for left_out in _dealt(rows, folds):
        seen = [r for r in rows if _package(r) not in left_out and r.kind not in RULES]
        curves, gates, weights = complete(*fit(data_of(seen)))
        with patch.multiple(checks, CURVES=curves, GATES=gates, WEIGHTS=weights):
            yield from judged(row for row in rows if _package(row) in left_out)


def _package(row: Row) -> str:
    return row.picture.partition("/")[0]


def _dealt(rows: Sequence[Row], folds: int) -> list[set[str]]:
    """Deal packages into folds of about the same size, the largest first."""
    sizes: dict[str, int] = {}
    for row in rows:
        sizes[_package(row)] = sizes.get(_package(row), 0) + 1
    dealt: list[set[str]] = [set() for _ in range(min(folds, len(sizes)))]
    for package in sorted(sizes, key=lambda name: -sizes[name]):
        min(dealt, key=lambda fold: sum(sizes[name] for name in fold)).add(package)
    return dealt


def main(paths: Sequence[str]) -> None:
    """Print the figures of tables, judged across folds."""
    report(figures(list(crossed([row for path in paths for row in read(Path(path))]))))


if __name__ == "__main__":
    main(sys.argv[1:])
