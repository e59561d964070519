"""`tower-anime import-legacy`: what the earlier service knew, brought here, as often as wished."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tower_anime.adapters.legacy_db import CHUNK, LegacyDatabase, Table, open_legacy
from tower_anime.adapters.store import migrate
from tower_anime.adapters.store.legacy import Counts, LegacyWriter, Original
from tower_anime.adapters.store.legacy_rows import (
    MAPPERS,
    Context,
    Imported,
    fallback_project,
)
from tower_anime.adapters.store.tables import HEAD
from tower_anime.compose import open_blobs, open_store, upgrade_database
from tower_anime.domain.expectation import Expectation
from tower_anime.domain.legacy import plain, text_of
from tower_anime.errors import BadInput
from tower_anime.inspection import inspect_files, wanted
from tower_anime.settings import Settings

log = logging.getLogger(__name__)

MAX_EXAMPLES = 5  # of rows that were skipped, per table

_MEDIA_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
}


@dataclass
class TableReport:
    """What came from one table; `skipped` counts rows by the reason, `examples` name some."""

    counts: Counts = field(default_factory=Counts)
    skipped: dict[str, int] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)

    def skip(self, external_id: str, reason: str) -> None:
        """Note a row that can't come."""
        self.skipped[reason] = self.skipped.get(reason, 0) + 1
        if len(self.examples) < MAX_EXAMPLES:
            self.examples.append(f"{external_id}: {reason}")


@dataclass
class ImportReport:
    """What an import brought. `ignored` are tables that mean nothing here."""

    source: str
    dry: bool
    tables: dict[str, TableReport] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    files_found: int = 0
    files_missing: int = 0
    files_hashed: int = 0
    files_unreadable: int = 0
    files_kept: int = 0
    assessed: int = 0

    def unreadable(self, path: Path, error: OSError) -> None:
        """Note a file that is there and can't be read."""
        self.files_unreadable += 1
        if self.files_unreadable <= MAX_EXAMPLES:
            self.notes += (f"the file {path} can't be read: {error.strerror}",)


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """How to import. `folders` are where files are looked for that are not at their path."""

    url: str
    name: str | None = None
    dry: bool = False
    zone: str | None = None
    folders: tuple[Path, ...] = ()
    keep_files: bool = False
    assess: bool = False


def import_legacy(settings: Settings, wishes: Wishes) -> ImportReport:
    """Bring everything from the earlier service's database, or say what would come.

    The source is only read. Rows that came before and are the same are left alone.
    """
    now = datetime.now(UTC)
    with open_legacy(wishes.url, name=wishes.name) as legacy, _goal(settings, wishes, legacy) as to:
        context = Context(source=legacy.name, now=now, zone=_zone(wishes.zone))
        report = ImportReport(source=legacy.name, dry=wishes.dry)
        tables = legacy.tables()
        mapped = [name for name in MAPPERS if name in tables]
        if not mapped:
            raise BadInput(
                f"{legacy.name} has none of the earlier service's tables: {', '.join(MAPPERS)}"
            )
        context.project_tables = tuple(n for n in mapped if MAPPERS[n].__name__ == "project")
        if to is not None:
            context.names = to.names_of_others()
        for name in mapped:
            report.tables[name] = _bring(legacy, tables[name], name, context, to, wishes)
        report.ignored = tuple(name for name in tables if name not in MAPPERS)
        report.notes = tuple(context.notes)
        if to is not None:
            _look_for_files(settings, to, wishes, report)
        return report


@contextlib.contextmanager
def _goal(
    settings: Settings, wishes: Wishes, legacy: LegacyDatabase
) -> Iterator[LegacyWriter | None]:
    """Open our database; a dry run makes none and changes none."""
    if not wishes.dry:
        upgrade_database(settings)
    elif migrate.current(settings.store_url) != HEAD:
        yield None
        return
    with contextlib.closing(LegacyWriter(settings.store_url, legacy.name)) as writer:
        yield writer


def _bring(
    legacy: LegacyDatabase,
    table: Table,
    name: str,
    context: Context,
    to: LegacyWriter | None,
    wishes: Wishes,
) -> TableReport:
    report = TableReport()
    rows = legacy.rows(table)
    while chunk := list(islice(rows, CHUNK)):
        batch = []
        for row in chunk:
            external_id = _external_id(row, table)
            try:
                imported = MAPPERS[name](row, context, name, external_id)
            except BadInput as error:
                report.skip(external_id, str(error))
                continue
            batch.append(_original(imported, row))
        if to is None:
            report.counts.found += len(batch)
            report.counts.new += len(batch)
            continue
        if context.fallback is not None:
            to.write(
                [_original(fallback_project(context), {})], Counts(), at=context.now, dry=wishes.dry
            )
        to.write(batch, report.counts, at=context.now, dry=wishes.dry)
    return report


def _original(imported: Imported, row: Mapping[str, Any]) -> Original:
    kept = {name: plain(value) for name, value in row.items()}
    if imported.legacy:
        kept["legacy"] = plain(imported.legacy)
    return Original(imported=imported, row=kept)


def _external_id(row: Mapping[str, Any], table: Table) -> str:
    value = row.get(table.key.lower())
    if value is not None:
        return text_of(value)
    content = repr(sorted((name, str(part)) for name, part in row.items()))
    return hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()[:16]


def _zone(name: str | None) -> ZoneInfo | None:
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadInput(f"{name!r} is no time zone; one looks like Europe/Berlin") from error


# ---- Files ------------------------------------------------------------------------------------


def _look_for_files(
    settings: Settings, to: LegacyWriter, wishes: Wishes, report: ImportReport
) -> None:
    """Find and hash the files of imported jobs; keep and assess them if that is wished."""
    blobs = open_blobs(settings)
    for page in to.files():
        hashed: dict[str, Mapping[str, Any]] = {}
        for job in page:
            found = _find(job.path, wishes.folders)
            if found is None:
                report.files_missing += 1
                continue
            report.files_found += 1
            if wishes.dry:
                continue
            try:
                if (news := _hashed(found, job.found)) is not None:
                    hashed[job.generation_id] = news
                if job.kept_sha256 is None and (wishes.keep_files or wishes.assess):
                    kept = blobs.put(found.read_bytes(), media_type=_media_type(found))
                    to.keep_file(job.generation_id, kept, at=datetime.now(UTC))
                    report.files_kept += 1
            except OSError as error:
                report.unreadable(found, error)
                continue
            if wishes.assess:
                report.assessed += _assess_again(settings, job.generation_id, found)
        to.record_found(hashed)
        report.files_hashed += len(hashed)


def _hashed(path: Path, known: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return a file's hash and how it looked; None when it looks as it did when it was hashed."""
    with path.open("rb") as file:
        found = os.fstat(file.fileno())
        looks = {
            "path": str(path.absolute()),
            "size_bytes": found.st_size,
            "modified_ns": found.st_mtime_ns,
        }
        if known is not None and looks.items() <= known.items():
            return None
        return {**looks, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _media_type(path: Path) -> str:
    return _MEDIA_TYPES.get(path.suffix.lower(), "application/octet-stream")


def _assess_again(settings: Settings, generation_id: str, path: Path) -> int:
    """Measure a file whose score is the earlier service's; returns how many were measured."""
    with contextlib.closing(open_store(settings)) as store:
        history = store.history(generation_id)
        known = history.attempts[0].assessment
        if known is not None and not known.assessor.startswith("legacy: "):
            return 0
        brief = history.generation.brief
        (job,) = wanted(
            (path,), (), prompt=brief.prompt, profile=brief.profile, expect=Expectation()
        )
        ((_, assessment),) = inspect_files(settings, [job])
        store.save_assessment(generation_id, 1, assessment)
    return 1


def _find(path_text: str, folders: Sequence[Path]) -> Path | None:
    """Return a file by its path, or below one of the folders by its path or name there."""
    path = Path(path_text)
    candidates = [path] if path.is_absolute() else []
    for folder in folders:
        candidates += [folder / path.relative_to(path.anchor), folder / path.name]
    try:
        return next((one for one in candidates if one.is_file()), None)
    except (OSError, ValueError):
        return None


def report_view(report: ImportReport) -> dict[str, Any]:
    """Return a report as JSON."""
    return {
        "source": report.source,
        "dry_run": report.dry,
        "tables": {
            name: {
                "found": one.counts.found + sum(one.skipped.values()),
                "new": one.counts.new,
                "changed": one.counts.changed,
                "same": one.counts.same,
                "prefixed_ids": one.counts.prefixed,
                "skipped": dict(one.skipped),
                "examples": list(one.examples),
            }
            for name, one in report.tables.items()
        },
        "ignored_tables": list(report.ignored),
        "notes": list(report.notes),
        "files": {
            "found": report.files_found,
            "missing": report.files_missing,
            "hashed": report.files_hashed,
            "unreadable": report.files_unreadable,
            "kept": report.files_kept,
            "assessed": report.assessed,
        },
    }
