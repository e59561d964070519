"""What the earlier service's values mean here: statuses, scores, times, texts."""

from __future__ import annotations

import base64
import json
import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from typing import Any

from tower_anime.domain.generation import GenerationStatus

Row = Mapping[str, Any]

BACKEND = "imported"
"""What imported work carries where ours says which generator made it: analytics and learning keep
the two apart by that."""

CONSTANTS = (0.85, 0.5)
"""Scores that the earlier service wrote without measuring anything."""

STATUSES: Mapping[str, GenerationStatus] = {
    "completed": GenerationStatus.APPROVED,
    "complete": GenerationStatus.APPROVED,
    "success": GenerationStatus.APPROVED,
    "succeeded": GenerationStatus.APPROVED,
    "done": GenerationStatus.APPROVED,
    "quality_failed": GenerationStatus.REJECTED,
    "rejected": GenerationStatus.REJECTED,
    "failed": GenerationStatus.FAILED,
    "error": GenerationStatus.FAILED,
    "timeout": GenerationStatus.FAILED,
    "cancelled": GenerationStatus.CANCELLED,
    "canceled": GenerationStatus.CANCELLED,
    "pending": GenerationStatus.CANCELLED,
    "queued": GenerationStatus.CANCELLED,
    "processing": GenerationStatus.CANCELLED,
    "running": GenerationStatus.CANCELLED,
    "submitted": GenerationStatus.CANCELLED,
}
"""What was unfinished there is nothing that we work on; a later import brings its end."""

UNFINISHED = frozenset({"pending", "queued", "processing", "running", "submitted"})

PROJECT_STATUSES = ("draft", "generating", "active", "archived", "completed")

_NAMESPACE = uuid.UUID("3b0c2f5e-9a41-5d0b-8d55-6c1f0e7a9b20")


@dataclass(frozen=True)
class Score:
    """A score of the earlier service. `measured` is None where it is no measurement: `reason`."""

    legacy: float | None
    measured: float | None
    reason: str = ""


def score_of(value: Any) -> Score:
    """Return what a stored score is worth."""
    number = number_of(value)
    if number is None:
        return Score(None, None, "the earlier service stored no score")
    if any(math.isclose(number, constant, abs_tol=1e-9) for constant in CONSTANTS):
        return Score(number, None, "the earlier service wrote this number without measuring")
    if not 0.0 <= number <= 1.0:
        return Score(number, None, "the earlier service's score is not on a scale from 0 to 1")
    return Score(number, number)


def number_of(value: Any) -> float | None:
    """Return a finite number, also of a text; None if it is none."""
    if value is None or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def whole_of(value: Any, default: int = 0) -> int:
    """Return a whole number from a number or text."""
    number = number_of(value)
    return default if number is None or abs(number) >= 2**63 else int(number)


def status_of(value: Any) -> GenerationStatus | None:
    """Return our status for one of the earlier service; None for an unknown word."""
    return STATUSES.get(text_of(value).strip().lower())


def our_id(source: str, table: str, external_id: str) -> str:
    """Return our id of an imported row: the same for the same row, always."""
    return str(uuid.uuid5(_NAMESPACE, f"{source}/{table}/{external_id}"))


def text_of(value: Any) -> str:
    """Return a value as text that every database takes; None is empty."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else str(plain(value))
    if text.isascii() and "\0" not in text:
        return text  # nearly all: the rest costs ten times as much
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def plain(value: Any) -> Any:
    """Return a value of any database as JSON can hold it."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, str):
        return text_of(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return plain(float(value))
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(bytes(value)).decode()
    if isinstance(value, Mapping):
        return {text_of(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(part) for part in value]
    return text_of(str(value))


def parsed(value: Any) -> Any:
    """Return what a JSON column holds, whether the database parsed it or keeps it as text."""
    if isinstance(value, str | bytes | bytearray | memoryview):
        text = value if isinstance(value, str) else bytes(value).decode("utf-8", "replace")
        try:
            return plain(json.loads(text))
        except (json.JSONDecodeError, RecursionError):
            return text_of(text)
    return plain(value)


def moment_of(value: Any, *, zone: tzinfo | None) -> datetime | None:
    """Return a stored time in UTC; a naive one is in `zone`, None: this machine's local time.

    Numbers are Unix time in seconds (or milliseconds, if that large).
    """
    found = _moment(value)
    if found is None:
        return None
    try:
        if found.tzinfo is None and zone is not None:
            found = found.replace(tzinfo=zone)
        return found.astimezone(UTC)
    except (OverflowError, ValueError, OSError):
        return None


_MILLISECONDS = 1e11  # as seconds that would be the year 5138


def _moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - the caller knows the zone
    try:
        if isinstance(value, str) and value.strip():
            return datetime.fromisoformat(value.strip())
        number = number_of(value)
        if number is None:
            return None
        return datetime.fromtimestamp(number / 1000 if number > _MILLISECONDS else number, tz=UTC)
    except (ValueError, OverflowError, OSError):
        return None


def first_of(row: Row, *names: str, default: Any = None) -> Any:
    """Return the first column that the variant has and that is not NULL."""
    for name in names:
        value = row.get(name)
        if value is not None and value != "":
            return value
    return default
