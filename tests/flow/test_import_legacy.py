"""Bringing the earlier service's data: everything, truthfully, and nothing twice."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine, text

from tests.flow.rig import png
from tests.legacy_source import PROJECTS, write_sqlite
from tests.postgres import own_database
from tower_anime.adapters.store.store import SqlStore
from tower_anime.domain.generation import (
    GenerationStatus,
    History,
    PersonDecision,
    PersonReview,
)
from tower_anime.domain.quality import Verdict
from tower_anime.errors import BadInput, StoreUnavailable
from tower_anime.importing import ImportReport, Wishes, import_legacy, report_view
from tower_anime.settings import Settings, read_settings

JOBS = 200


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings(data_dir=tmp_path / "data")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_sqlite(tmp_path / "anime.db", jobs=JOBS, folder=tmp_path / "output")


def brought(settings: Settings, file: Path, **wishes: Any) -> ImportReport:
    return import_legacy(settings, Wishes(url=f"sqlite:///{file}", **wishes))


def ours(settings: Settings, query: str, **values: Any) -> list[tuple[Any, ...]]:
    engine = create_engine(settings.store_url)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(query), values)]
    engine.dispose()
    return found


def job(settings: Settings, external_id: str | int) -> History:
    query = "SELECT our_id FROM external_ids WHERE entity = 'generations' AND external_id = :id"
    ((our_id,),) = ours(settings, query, id=str(external_id))
    with closing(SqlStore(settings.store_url)) as store:
        return store.history(our_id)


def tables(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """Return everything in our database."""
    names = [row[0] for row in ours(settings, "SELECT name FROM sqlite_master WHERE type='table'")]
    return {name: sorted(map(repr, ours(settings, f"SELECT * FROM {name}"))) for name in names}  # type: ignore[misc]


def change(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement)


def checksum(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


# ---- Everything comes -------------------------------------------------------------------------


def test_everything_comes_with_its_id(settings: Settings, source: Path) -> None:
    report = report_view(brought(settings, source))
    assert report["tables"]["anime_projects"]["new"] == PROJECTS
    assert report["tables"]["production_jobs"]["new"] == JOBS
    assert not any(one["skipped"] for one in report["tables"].values())
    assert report["ignored_tables"] == ["apple_music_tracks"]
    counted = dict(
        ours(settings, "SELECT entity, count(*) FROM external_ids GROUP BY entity")  # type: ignore[arg-type]
    )
    assert counted == {
        "projects": PROJECTS + 1,  # and one for work that had none
        "episodes": 4,
        "scenes": 3,
        "characters": 3,
        "generations": JOBS,
        "quality_assessments": JOBS // 4,
        "learning_successful_patterns": 2,
        "learning_failed_patterns": 1,
        "performance_alerts": 1,
        "generation_metrics": 3,
        "creative_direction_events": 1,
    }
    for table, number in counted.items():
        ((there,),) = ours(settings, f"SELECT count(*) FROM {table}")
        assert there >= number


def test_a_job_becomes_a_generation(settings: Settings, source: Path) -> None:
    brought(settings, source)
    history = job(settings, 1)
    generation, (attempt,) = history.generation, history.attempts
    assert generation.status is GenerationStatus.APPROVED
    assert generation.brief.prompt == "1girl number 1, umbrella"
    assert generation.brief.project == "Project 2 雨 'quoted'"
    assert (generation.backend, generation.brief.publish) == ("imported", False)
    assert generation.created_at == datetime(2025, 7, 2, 10, 0, 0, 123456, tzinfo=UTC)
    assert (attempt.request.steps, attempt.request.cfg) == (21, 7.5)
    assert (attempt.request.width, attempt.request.height) == (512, 768)
    assert attempt.seconds == pytest.approx(59.88, abs=0.01)


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (2, GenerationStatus.APPROVED),
        (3, GenerationStatus.REJECTED),
        (4, GenerationStatus.FAILED),
        (5, GenerationStatus.FAILED),
        (6, GenerationStatus.CANCELLED),
    ],
)
def test_statuses(settings: Settings, source: Path, number: int, status: GenerationStatus) -> None:
    brought(settings, source)
    generation = job(settings, number).generation
    assert generation.status is status
    if number == 5:
        assert generation.failure is not None
        assert generation.failure.failure_class == "timeout"


def test_nothing_is_left_to_do_for_what_was_imported(settings: Settings, source: Path) -> None:
    brought(settings, source)
    with closing(SqlStore(settings.store_url)) as store:
        assert store.unfinished() == ()
        assert store.unpublished() == ()
        assert store.open_alerts() == ()


# ---- Scores -----------------------------------------------------------------------------------


def test_constants_are_no_measurements(settings: Settings, source: Path) -> None:
    brought(settings, source)
    scores = ours(settings, "SELECT score FROM quality_assessments")
    assert not {0.85, 0.5} & {row[0] for row in scores}
    assert {0.91, 0.42} <= {row[0] for row in scores}
    constant = job(settings, 6).attempts[0].assessment  # 0.85 there
    assert constant is not None
    assert (constant.score, constant.verdict) == (None, Verdict.UNMEASURED)
    assert "without measuring" in str(constant.measurements["quality"])
    ((original,),) = ours(
        settings,
        "SELECT original FROM external_ids WHERE source_table='production_jobs' "
        "AND external_id='6'",
    )
    legacy = json.loads(original)["legacy"]
    assert (legacy["score"], legacy["measured"], legacy["status"]) == (0.85, False, "pending")
    taught = ours(settings, "SELECT quality_score FROM learning_successful_patterns")
    assert {row[0] for row in taught} == {None, 0.93}


def test_an_assessment_finds_its_job(settings: Settings, source: Path) -> None:
    brought(settings, source)
    assessed = job(settings, 9).attempts[0].assessment  # comfy-9: 0.42, passes_standards 1
    assert assessed is not None
    assert (assessed.score, assessed.verdict) == (0.42, Verdict.PASS)
    assert assessed.assessor == "legacy: anime"


def test_times_of_the_quality_modules_are_local(settings: Settings, source: Path) -> None:
    brought(settings, source, zone="Europe/Berlin")
    ((at,),) = ours(settings, "SELECT DISTINCT raised_at FROM performance_alerts")
    assert str(at).startswith("2025-07-01 10:00:00")
    ((at,),) = ours(settings, "SELECT DISTINCT created_at FROM creative_direction_events")
    assert str(at).startswith("2025-07-01 12:00:00")
    with pytest.raises(BadInput, match="no time zone"):
        brought(settings, source, zone="Mars/Olympus")


# ---- Again ------------------------------------------------------------------------------------


def test_twice_changes_nothing_and_the_source_is_never_touched(
    settings: Settings, source: Path
) -> None:
    before = checksum(source)
    brought(settings, source)
    once = tables(settings)
    report = report_view(brought(settings, source))
    assert tables(settings) == once
    assert all(one["new"] == one["changed"] == 0 for one in report["tables"].values())
    assert checksum(source) == before


def test_a_dry_run_says_what_would_come_and_makes_nothing(settings: Settings, source: Path) -> None:
    report = report_view(brought(settings, source, dry=True))
    assert report["tables"]["production_jobs"]["new"] == JOBS
    assert not (settings.data_dir / "tower.sqlite").exists()
    brought(settings, source)
    once = tables(settings)
    again = report_view(brought(settings, source, dry=True))
    assert again["tables"]["production_jobs"]["new"] == 0
    assert tables(settings) == once


def test_what_changed_there_since_comes_with_the_next_import(
    settings: Settings, source: Path
) -> None:
    brought(settings, source)
    assert job(settings, 6).generation.status is GenerationStatus.CANCELLED
    change(source, "UPDATE production_jobs SET status='completed', quality_score=0.9 WHERE id=6")
    change(source, "INSERT INTO anime_projects (id, name) VALUES (99, 'New')")
    report = report_view(brought(settings, source))
    assert report["tables"]["production_jobs"]["changed"] == 1
    assert report["tables"]["anime_projects"]["new"] == 1
    history = job(settings, 6)
    assert history.generation.status is GenerationStatus.APPROVED
    assert history.attempts[0].assessment is not None
    assert history.attempts[0].assessment.score == 0.9


def test_a_persons_decision_here_is_not_overruled_by_a_later_import(
    settings: Settings, source: Path
) -> None:
    brought(settings, source)
    with closing(SqlStore(settings.store_url)) as store:
        review = PersonReview(decision=PersonDecision.REJECT, attempt=1)
        store.save_review(job(settings, 1).generation.id, review, status=GenerationStatus.REJECTED)
    change(source, "UPDATE production_jobs SET error_message='late' WHERE id=1")
    brought(settings, source)
    assert job(settings, 1).generation.status is GenerationStatus.REJECTED


def test_a_second_source_with_the_same_ids_is_kept_apart(
    settings: Settings, source: Path, tmp_path: Path
) -> None:
    brought(settings, source)
    other = write_sqlite(tmp_path / "other.db", jobs=5)
    for _ in range(2):
        report = report_view(brought(settings, other))
    assert report["tables"]["production_jobs"]["same"] == 5
    assert job(settings, "other:1").generation.id != job(settings, 1).generation.id
    ((number,),) = ours(settings, "SELECT count(*) FROM projects")
    assert number == 2 * PROJECTS + 1
    names = [row[0] for row in ours(settings, "SELECT name FROM projects")]
    assert len(set(names)) == len(names)


# ---- Files ------------------------------------------------------------------------------------


def test_files_are_found_kept_and_measured_on_request(
    settings: Settings, source: Path, tmp_path: Path
) -> None:
    moved = tmp_path / "moved"
    moved.mkdir()
    (moved / "1.png").write_bytes(png(1, good=True))
    (moved / "2.png").write_bytes(b"no picture")
    found = brought(settings, source, folders=(moved,))
    assert (found.files_found, found.files_hashed, found.files_kept) == (2, 2, 0)
    assert job(settings, 1).attempts[0].artifact is None
    query = "SELECT file FROM external_ids WHERE entity = 'generations' AND external_id = '1'"
    (((text_found),),) = ours(settings, query)
    there = json.loads(text_found)
    assert (there["path"], there["sha256"]) == (
        str(moved / "1.png"),
        checksum(moved / "1.png"),
    )
    unchanged = brought(settings, source, folders=(moved,))
    assert (unchanged.files_found, unchanged.files_hashed) == (2, 0)
    kept = brought(settings, source, folders=(moved,), assess=True)
    assert (kept.files_kept, kept.assessed) == (2, 2)
    (attempt,) = job(settings, 1).attempts
    assert attempt.artifact is not None
    assert Path(attempt.artifact.path).read_bytes() == (moved / "1.png").read_bytes()
    assert attempt.assessment is not None
    assert attempt.assessment.score is not None
    assert not attempt.assessment.assessor.startswith("legacy")
    damaged = job(settings, 2).attempts[0].assessment
    assert damaged is not None
    assert (damaged.score, damaged.verdict) == (None, Verdict.UNMEASURED)
    again = brought(settings, source, folders=(moved,), assess=True)
    assert (again.files_kept, again.assessed) == (0, 0)
    assert job(settings, 1).attempts[0].assessment == attempt.assessment


# ---- Bad sources ------------------------------------------------------------------------------


def test_what_can_not_come_is_named_and_the_rest_comes(settings: Settings, source: Path) -> None:
    change(source, "UPDATE production_jobs SET status='dreaming' WHERE id IN (1, 2)")
    change(source, "UPDATE production_jobs SET created_at='yesterday' WHERE id=3")
    change(source, "UPDATE production_jobs SET quality_score=85 WHERE id=4")
    report = report_view(brought(settings, source))["tables"]["production_jobs"]
    assert report["skipped"] == {"its status 'dreaming' is not known": 2}
    assert report["examples"][0] == "1: its status 'dreaming' is not known"
    assert report["new"] == JOBS - 2
    assert report["found"] == JOBS
    assessed = job(settings, 4).attempts[0].assessment
    assert assessed is not None
    assert assessed.score is None


def test_a_source_of_another_shape(settings: Settings, tmp_path: Path) -> None:
    """The variant with text ids, `projects` and few columns."""
    file = tmp_path / "old.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executescript(
            "CREATE TABLE Projects (id INTEGER, name TEXT, metadata TEXT);"
            "INSERT INTO Projects VALUES (1, 'One', '{\"a\": 1}'), (2, NULL, 'not json');"
            "CREATE TABLE production_jobs (id VARCHAR, status TEXT, parameters TEXT);"
            "INSERT INTO production_jobs VALUES ('job-a', 'COMPLETED', NULL);"
            "CREATE TABLE story_commits (id INTEGER, branch_name TEXT, message TEXT);"
            "INSERT INTO story_commits VALUES (1, 'main', 'begin');"
        )
    report = report_view(brought(settings, file))
    assert report["tables"]["projects"]["new"] == 2
    assert job(settings, "job-a").generation.brief.project == "Imported from old"
    assert job(settings, "job-a").generation.brief.prompt == "(no prompt was stored)"
    assert ours(settings, "SELECT session_id FROM creative_direction_events") == [("main",)]


def test_sources_that_can_not_be_read(settings: Settings, tmp_path: Path) -> None:
    nothing = tmp_path / "empty.db"
    with closing(sqlite3.connect(nothing)) as connection:
        connection.execute("CREATE TABLE t (a)")
    text_file = tmp_path / "text.db"
    text_file.write_text("not a database at all, but long enough to be looked at " * 20)
    with pytest.raises(BadInput, match="none of the earlier service's tables"):
        brought(settings, nothing)
    with pytest.raises(BadInput, match="no SQLite database"):
        brought(settings, text_file)
    with pytest.raises(StoreUnavailable, match="is not there"):
        brought(settings, tmp_path / "gone.db")
    for url in ("mysql://a/b", "nonsense", "sqlite://"):
        with pytest.raises(BadInput, match="allowed"):
            import_legacy(settings, Wishes(url=url))


# ---- PostgreSQL -------------------------------------------------------------------------------


@pytest.fixture
def postgres_source() -> Iterator[str]:
    with own_database() as url:
        with psycopg.connect(url) as connection:
            connection.execute(
                """
                CREATE SCHEMA anime_api;
                CREATE TABLE public.anime_projects (id SERIAL PRIMARY KEY, name VARCHAR(255),
                    description TEXT, status VARCHAR(50), settings JSONB, created_at TIMESTAMP,
                    updated_at TIMESTAMP);
                CREATE TABLE anime_api.production_jobs (id VARCHAR PRIMARY KEY,
                    project_id INTEGER REFERENCES public.anime_projects(id), job_type VARCHAR,
                    prompt TEXT, parameters JSONB, status VARCHAR, output_path TEXT,
                    quality_score NUMERIC, progress INTEGER, created_at TIMESTAMP);
                CREATE TABLE public.creative_direction_events (id SERIAL, session_id UUID,
                    event_type TEXT, event_data JSONB, created_at TIMESTAMPTZ);
                INSERT INTO anime_projects (name, settings, created_at)
                    SELECT 'P' || n, '{"n": 1}', '2025-06-01 12:00' FROM generate_series(1, 16) n;
                INSERT INTO anime_api.production_jobs
                    SELECT 'j' || n, n % 16 + 1, 'video', 'rain', '{"fps": 24, "frames": 120}',
                        'completed', NULL, 0.85, 100, '2025-06-01 12:00'
                    FROM generate_series(1, 1200) n;
                INSERT INTO creative_direction_events (session_id, event_type, event_data)
                    VALUES (gen_random_uuid(), 'said', '{"a": [1, null]}');
                """
            )
        yield url


def test_postgresql_into_sqlite_and_into_postgresql(
    settings: Settings, postgres_source: str, tmp_path: Path
) -> None:
    with own_database() as goal:
        for to in (settings, replace_url(settings, goal)):
            first = report_view(import_legacy(to, Wishes(url=postgres_source, name="tower")))
            assert first["tables"]["anime_projects"]["new"] == 16
            assert first["tables"]["production_jobs"]["new"] == 1200
            again = report_view(import_legacy(to, Wishes(url=postgres_source, name="tower")))
            assert all(one["new"] == one["changed"] == 0 for one in again["tables"].values())
            history = job(to, "j7")
            assert history.generation.brief.kind == "clip"
            assert history.attempts[0].request.frame_rate == 24.0
            assert history.attempts[0].assessment is not None
            assert history.attempts[0].assessment.score is None


def replace_url(settings: Settings, url: str) -> Settings:
    plain = url.replace("postgresql://", "postgresql+psycopg://", 1)
    return settings.model_copy(update={"database_url": plain})


def test_the_source_refuses_to_be_written(postgres_source: str) -> None:
    from tower_anime.adapters.legacy_db import open_legacy

    with open_legacy(postgres_source) as legacy:
        table = legacy.tables()["production_jobs"]
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            legacy._connection.execute(f"DELETE FROM {table.schema}.{table.name}")
        legacy._connection.rollback()
