"""The table of measurements that fit and report read: one row for each picture and damage."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """`way` and `kind` of damage (`""` and `clean` for none), severity 0–5, measured values."""

    picture: str
    way: str
    kind: str
    severity: int
    values: Mapping[str, float]


def write(path: Path, rows: Iterable[Row]) -> None:
    """Write rows as JSON Lines."""
    with path.open("w") as file:
        for row in rows:
            file.write(json.dumps(asdict(row)) + "\n")


def read(path: Path) -> Iterator[Row]:
    """Read rows as they were written."""
    with path.open() as file:
        for line in file:
            yield Row(**json.loads(line))
