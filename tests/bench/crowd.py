"""A database as years of use leave it: made from a real run's rows, by bulk insert.

    python -m tests.bench.crowd FOLDER [--generations 100000]

The data folder can then be served: TOWER_DATA_DIR=FOLDER tower-anime serve
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tower_anime.compose import App, open_app
from tower_anime.domain.wish import briefs_of
from tower_anime.settings import Settings

PROJECTS, DAYS = 16, 120
CHECKPOINTS = ("anime_xl.safetensors", "illustrious_mix.safetensors", "old_sd15.safetensors")
FAMILIES = ("sdxl", "illustrious", "sd15")
DEFECTS = ("blur", "noise", "banding", "low_contrast", "undersampled", "oversaturated")
_STATUSES = ("approved",) * 14 + ("rejected",) * 3 + ("needs_review", "failed", "cancelled")

_DEFECTS = """INSERT OR IGNORE INTO found_defects (generation_id, attempt, kind, score, created_at)
  SELECT q.generation_id, q.attempt, d.value ->> '$.kind', q.score, g.created_at
  FROM quality_assessments q JOIN generations g ON g.id = q.generation_id, json_each(q.defects) d
  WHERE q.attempt IS NOT NULL"""

Row = dict[str, Any]


def sample(folder: Path) -> None:
    """Run a few generations for real, so that rows are what rows are."""
    settings = Settings(data_dir=folder, comfy_urls=(), library_dir=folder / "library")
    with open_app(settings, role="bench") as app:
        wishes = [
            {"prompt": "1girl, rainy neon street, umbrella", "set": {"steps": 4}, "seed": seed}
            for seed in range(4)
        ]
        _finish(app, wishes)


def _finish(app: App, wishes: list[dict[str, Any]]) -> None:
    ids = [app.create(brief).id for wish in wishes for brief in briefs_of(wish)]
    for generation_id in ids:
        app.engine.wait(generation_id, timeout_s=60)


def crowd(file: Path, generations: int, *, seed: int = 1) -> None:
    """Insert `generations` with three attempts each on average, spread over the last months."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.row_factory = sqlite3.Row
        maker = _Maker(connection, random.Random(seed), generations)
        connection.execute("PRAGMA synchronous=OFF")
        maker.projects()
        done = 0
        while done < generations:
            number = min(5000, generations - done)
            maker.insert(done, number)
            done += number
        connection.execute(_DEFECTS)
        connection.commit()
        connection.execute("ANALYZE")


class _Maker:
    def __init__(self, connection: sqlite3.Connection, lot: random.Random, total: int) -> None:
        self._connection = connection
        self._lot = lot
        self._total = total
        self._now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        rows = connection.execute
        self._generation = dict(rows("SELECT * FROM generations LIMIT 1").fetchone())
        self._attempts = [dict(row) for row in rows("SELECT * FROM attempts WHERE number = 1")]
        self._assessments = [dict(row) for row in rows("SELECT * FROM quality_assessments")]
        self._hashes = [row[0] for row in rows("SELECT sha256 FROM artifacts")]
        self._projects: list[str] = []

    def projects(self) -> None:
        for number in range(PROJECTS):
            project_id = str(uuid.UUID(int=self._lot.getrandbits(128)))
            self._projects.append(project_id)
            made = str(self._now)
            row = (project_id, f"Project {number}", "", "active", "{}", made, made)
            self._connection.execute("INSERT INTO projects VALUES (?,?,?,?,?,?,?)", row)

    def insert(self, first: int, number: int) -> None:
        tables: dict[str, list[Row]] = {
            name: []
            for name in (
                "generations",
                "attempts",
                "corrections",
                "quality_assessments",
                "decisions",
                "publications",
                "generation_metrics",
            )
        }
        for index in range(first, first + number):
            for table, row in self._one(index):
                tables[table].append(row)
        for table, rows in tables.items():
            names = list(rows[0])
            marks = ", ".join(f":{name}" for name in names)
            sql = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"
            self._connection.executemany(sql, rows)

    def _one(self, index: int) -> Iterator[tuple[str, Row]]:
        lot = self._lot
        made = self._now - timedelta(days=DAYS) * (1 - index / self._total)
        generation_id = str(uuid.UUID(int=lot.getrandbits(128), version=4))
        status, tries = lot.choice(_STATUSES), lot.choice((1, 2, 3, 3, 4, 5))
        place = lot.randrange(len(CHECKPOINTS))
        has_file = status not in ("failed", "cancelled")
        yield (
            "generations",
            {
                **self._generation,
                "id": generation_id,
                "project_id": lot.choice(self._projects),
                "status": status,
                "chosen_attempt": tries if has_file else None,
                "created_at": str(made),
                "finished_at": str(made + timedelta(seconds=20 * tries)),
                "failure_class": "out_of_memory" if status == "failed" else None,
                "failure_message": "the server ran out of memory" if status == "failed" else None,
            },
        )
        chosen = self._hashes[index % len(self._hashes)]  # what the publication is of
        for number in range(1, tries + 1):
            sha256 = chosen if number == tries else lot.choice(self._hashes)
            yield from self._attempt(generation_id, number, tries, made, place, status, sha256)
        if has_file:
            yield "decisions", _decision(generation_id, tries, made)
        if status == "approved":
            yield (
                "publications",
                {
                    "generation_id": generation_id,
                    "artifact_sha256": chosen,
                    "target": "folder",
                    "state": "verified",
                    "location": f"/library/{generation_id}.png",
                    "reason": None,
                    "created_at": str(made),
                    "updated_at": str(made),
                },
            )
        yield (
            "generation_metrics",
            {
                "generation_id": generation_id,
                "event_type": "concluded",
                "event_data": json.dumps({"status": status, "reason": ""}),
                "at": str(made),
            },
        )

    def _attempt(
        self,
        generation_id: str,
        number: int,
        tries: int,
        made: datetime,
        place: int,
        status: str,
        file: str,
    ) -> Iterator[tuple[str, Row]]:
        lot = self._lot
        failed = status == "failed"
        moment = str(made + timedelta(seconds=20 * number))
        sha256 = None if failed else file
        yield (
            "attempts",
            {
                **lot.choice(self._attempts),
                "generation_id": generation_id,
                "number": number,
                "prompt_id": str(uuid.UUID(int=lot.getrandbits(128), version=4)),
                "state": "failed" if failed else "produced",
                "family": FAMILIES[place],
                "checkpoint": CHECKPOINTS[place],
                "seconds": lot.uniform(5, 25),
                "sampler_steps": lot.randrange(8, 40),
                "artifact_sha256": sha256,
                "failure_class": "out_of_memory" if failed else None,
                "created_at": moment,
            },
        )
        if number > 1:
            yield "corrections", _correction(generation_id, number, lot.choice(DEFECTS))
        if failed:
            return
        passes = number == tries and status != "rejected"
        yield (
            "quality_assessments",
            {
                **lot.choice(self._assessments),
                "id": str(uuid.UUID(int=lot.getrandbits(128), version=4)),
                "generation_id": generation_id,
                "attempt": number,
                "artifact_sha256": sha256,
                "score": lot.uniform(0.7, 1.0) if passes else lot.uniform(0.1, 0.7),
                "verdict": "pass" if passes else "reject",
                "created_at": moment,
            },
        )


def _decision(generation_id: str, attempt: int, made: datetime) -> Row:
    return {
        "generation_id": generation_id,
        "by": "director",
        "source": "rules",
        "decision": "unreviewed",
        "attempt": attempt,
        "reasons": '{"issues": [], "scores": {}, "wishes": []}',
        "note": "",
        "status_before": "working",
        "decided_at": str(made),
        "undone_at": None,
    }


def _correction(generation_id: str, attempt: int, defect: str) -> Row:
    return {
        "generation_id": generation_id,
        "attempt": attempt,
        "position": 0,
        "defect": defect,
        "change": json.dumps({"steps": [4, 28]}),
        "reason": "more steps",
    }


def make(folder: Path, generations: int) -> None:
    """Make the data folder; prints how large it became."""
    folder.mkdir(parents=True, exist_ok=True)
    sample(folder)
    began_s = time.monotonic()
    crowd(folder / "tower.sqlite", generations)
    size = (folder / "tower.sqlite").stat().st_size / 2**20
    print(f"{generations:,} generations, {size:,.0f} MiB, {time.monotonic() - began_s:.0f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--generations", type=int, default=100_000)
    given = parser.parse_args()
    make(given.folder, given.generations)
