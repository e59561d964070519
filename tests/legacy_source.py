"""Databases of the earlier service for tests, in the variants that exist."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

PROJECTS = 16
STATUSES = ("completed", "completed", "completed", "quality_failed", "failed", "timeout", "pending")
SCORES = (0.85, 0.5, 0.91, 0.42, None, 0.85)

SCHEMA = """
CREATE TABLE anime_projects (
    id INTEGER PRIMARY KEY, name TEXT, description TEXT, status TEXT, settings TEXT,
    created_at TIMESTAMP, updated_at TIMESTAMP);
CREATE TABLE episodes (
    id INTEGER PRIMARY KEY, project_id INTEGER, episode_number INTEGER, title TEXT, synopsis TEXT,
    duration INTEGER, status TEXT, scenes TEXT, characters TEXT, metadata TEXT, video_path TEXT,
    quality_score REAL);
CREATE TABLE scenes (
    id INTEGER PRIMARY KEY, project_id INTEGER, episode_id INTEGER, scene_number INTEGER,
    title TEXT, description TEXT);
CREATE TABLE characters (
    id INTEGER PRIMARY KEY, project_id INTEGER, name TEXT, description TEXT);
CREATE TABLE production_jobs (
    id INTEGER PRIMARY KEY, project_id INTEGER REFERENCES anime_projects(id), job_type TEXT,
    prompt TEXT, parameters TEXT, status TEXT, output_path TEXT, quality_score REAL,
    created_at TIMESTAMP, comfyui_job_id TEXT, error_message TEXT, completed_at TIMESTAMP);
CREATE TABLE quality_assessments (
    prompt_id TEXT UNIQUE, file_path TEXT, quality_score REAL, passes_standards INTEGER,
    rejection_reasons TEXT, metrics TEXT, created_at TIMESTAMP);
CREATE TABLE learning_successful_patterns (
    id INTEGER PRIMARY KEY, prompt_hash TEXT, prompt_text TEXT, workflow_params TEXT,
    quality_score REAL);
CREATE TABLE learning_failed_patterns (
    id INTEGER PRIMARY KEY, prompt_hash TEXT, prompt_text TEXT, workflow_params TEXT,
    rejection_reasons TEXT);
CREATE TABLE performance_alerts (
    id INTEGER PRIMARY KEY, alert_type TEXT, message TEXT, system_state TEXT,
    created_at TIMESTAMP);
CREATE TABLE generation_metrics (
    id INTEGER PRIMARY KEY, prompt_id TEXT, event_type TEXT, event_data TEXT,
    created_at TIMESTAMP);
CREATE TABLE creative_direction_events (
    id INTEGER PRIMARY KEY, session_id TEXT, event_type TEXT, event_data TEXT,
    created_at TIMESTAMP);
CREATE TABLE apple_music_tracks (id INTEGER PRIMARY KEY, name TEXT);
"""


def write_sqlite(file: Path, *, jobs: int = 40, folder: Path | None = None) -> Path:
    """Write the fullest variant; output files are named below `folder`, and not made."""
    with sqlite3.connect(file) as connection:
        connection.executescript(SCHEMA)
        for table, rows in contents(jobs=jobs, folder=folder or Path("/srv/anime/output")).items():
            _insert(connection, table, rows)
    connection.close()
    return file


def contents(*, jobs: int, folder: Path) -> dict[str, Sequence[tuple[Any, ...]]]:
    """Return the rows of each table, in the order of the columns above."""
    return {
        "anime_projects": [
            (
                number,
                "Twice" if number in (3, 4) else f"Project {number} 雨 'quoted'",
                f"about {number}",
                ("active", "draft", "archived", "weird")[number % 4],
                json.dumps({"style": "cel", "number": number}),
                "2025-06-01 12:00:00",
                "2025-06-02 12:00:00",
            )
            for number in range(1, PROJECTS + 1)
        ],
        "episodes": [
            (
                n,
                1,
                max(1, n - 1),
                f"Episode {n}",
                "it rains",
                120,
                "draft",
                "[]",
                "[]",
                "{}",
                None,
                0.85,
            )
            for n in range(1, 5)
        ],
        "scenes": [(n, 1, 1, n, f"Scene {n}", "a street") for n in range(1, 4)],
        "characters": [(1, 1, "Aki", "silver hair"), (2, 1, "Aki", "again"), (3, 2, "Ren", "")],
        "production_jobs": [a_job(number, folder) for number in range(1, jobs + 1)],
        "quality_assessments": [
            (
                f"comfy-{number}",
                str(folder / f"{number}.png"),
                SCORES[number % len(SCORES)],
                number % 2,
                json.dumps(["blurry"]),
                json.dumps({"sharpness": 0.3}),
                "2025-07-01 12:00:00",
            )
            for number in range(1, jobs + 1, 4)
        ],
        "learning_successful_patterns": [
            (1, "h1", "1girl", '{"steps": 28}', 0.85),
            (2, "h2", "2girls", '{"steps": 30}', 0.93),
        ],
        "learning_failed_patterns": [(1, "h3", "1boy", "not json", '["dark"]')],
        "performance_alerts": [(1, "gpu_hot", "hot", '{"t": 91}', "2025-07-01 12:00:00")],
        "generation_metrics": [
            (n, f"comfy-{n}", "started", '{"step": 1}', "2025-07-01 12:00:00")
            for n in (1, 2, 99999)
        ],
        "creative_direction_events": [(1, "s-1", "said", '{"a": 1}', "2025-07-01 12:00:00")],
        "apple_music_tracks": [(1, "a song")],
    }


def a_job(number: int, folder: Path) -> tuple[Any, ...]:
    """Return one row of `production_jobs`; of 97 one has no project and a strange prompt."""
    odd = number % 97 == 0
    return (
        number,
        None if odd else number % PROJECTS + 1,
        "video" if number % 5 == 0 else "image",
        "half \ufffd \x00 prompt" if odd else f"1girl number {number}, umbrella",
        json.dumps({"steps": 20 + number % 10, "cfg": 7.5, "width": 512, "height": 768}),
        STATUSES[number % len(STATUSES)],
        str(folder / f"{number}.png") if number % 3 else None,
        SCORES[number % len(SCORES)],
        f"2025-07-{number % 28 + 1:02d} 10:00:00.123456",
        f"comfy-{number}",
        "out of memory" if number % 7 == 4 else None,
        f"2025-07-{number % 28 + 1:02d} 10:01:00",
    )


def _insert(connection: sqlite3.Connection, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    listed = list(rows)
    if listed:
        marks = ", ".join("?" * len(listed[0]))
        connection.executemany(f"INSERT INTO {table} VALUES ({marks})", listed)
