"""Fetch the art, damage it, measure it: `python -m calibration.measure FOLDER GROUP [WAY …]`.

Writes FOLDER/GROUP.jsonl, a row for each clean picture and each damage to it. The pictures
themselves stay in FOLDER.
"""

from __future__ import annotations

import itertools
import os
import sys
import zlib
from collections.abc import Iterator, Sequence
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from calibration import damage
from calibration.damage import KINDS, SEVERITIES, Pixels
from calibration.sources import OWN, clean_art, fetch
from calibration.table import Row, write
from tower_anime.assess.stills import measure
from tower_anime.domain.frame import check_frame
from tower_anime.domain.quality import Measured

WAYS = ("first", "second", "third")
ANY = "any"
_NO_CHANCE = np.random.default_rng(1)  # codecs leave nothing to it


def rows_of(name: str, picture: Pixels, ways: Sequence[str]) -> list[Row]:
    """Return the rows of one picture; the seed of a damage follows from its name.

    With the single way `any` each kind is done in one of its ways, by the picture's name.
    """
    cv2.setNumThreads(1)
    rows = [Row(name, "", "clean", 0, _values(picture))]
    for kind, made in KINDS.items():
        known = [way for way in WAYS if getattr(made, way)]
        drawn = known[zlib.crc32(f"{name}{kind}".encode()) % len(known)]
        for way in [drawn] if ANY in ways else [way for way in ways if way in known]:
            spoil = getattr(made, way)
            for severity in SEVERITIES:
                seed = zlib.crc32(f"{name} {kind} {way} {severity}".encode())
                damaged = spoil(picture, severity, np.random.default_rng(seed))
                rows.append(Row(name, way, kind, severity, _values(damaged)))
    shared = [(name + tag, coded) for tag, coded in _shared(picture)]
    if ANY in ways:
        return rows + [Row(tagged, "", "clean", 0, _values(coded)) for tagged, coded in shared]
    return rows + [row for tagged, coded in shared for row in _of_coded(tagged, coded)]


def _shared(picture: Pixels) -> list[tuple[str, Pixels]]:
    """Return the picture as it is passed on: coded once, with nothing to be seen of it."""
    return [("@j88", damage.jpeg(picture, 88)), ("@w85", damage.webp(picture, 85))]


def _of_coded(name: str, picture: Pixels) -> list[Row]:
    """Return the rows of a picture that came coded: clean, and coded again, too strongly."""
    again = [
        Row(
            name, "first", kind, severity, _values(KINDS[kind].first(picture, severity, _NO_CHANCE))
        )
        for kind in ("jpeg", "webp")
        for severity in SEVERITIES
    ]
    return [Row(name, "", "clean", 0, _values(picture)), *again]


def _values(picture: Pixels) -> dict[str, float]:
    height, width = picture.shape[:2]
    found = measure(check_frame(picture))
    return {
        "picture_width": width,
        "picture_height": height,
        **{name: value.value for name, value in found.items() if isinstance(value, Measured)},
    }


def _all_rows(
    folder: Path, group: str, ways: Sequence[str], every: int, start: int
) -> Iterator[Row]:
    art = itertools.islice(clean_art(folder, group), start, None, every)
    jobs = ((name, picture, ways) for name, picture in art)
    with get_context("spawn").Pool(2) as pool:  # fork and OpenCV's threads deadlock
        for rows in pool.imap(_job, jobs):
            yield from rows


def _job(job: tuple[str, Pixels, Sequence[str]]) -> list[Row]:
    return rows_of(*job)


def main(folder: Path, group: str, ways: Sequence[str], every: int = 1, start: int = 0) -> None:
    """Measure every so-many-th picture of a group from one on and write its table."""
    folder.mkdir(parents=True, exist_ok=True)
    if group != OWN:
        fetch(folder)
    write(folder / f"{group}.jsonl", _all_rows(folder, group, ways, every, start))


if __name__ == "__main__":
    main(
        Path(sys.argv[1]),
        sys.argv[2],
        sys.argv[3:] or WAYS,
        every=int(os.environ.get("EVERY", "1")),
        start=int(os.environ.get("START", "0")),
    )
