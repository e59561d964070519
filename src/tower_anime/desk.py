"""What people do from a terminal without a server: deciding, and looking at figures."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tower_anime.analytics import FigureKeeper, Subject, report, report_view
from tower_anime.compose import open_store, review_of
from tower_anime.domain.figures import Slice
from tower_anime.domain.generation import GenerationStatus, History, PersonDecision
from tower_anime.settings import Settings


def decide(
    settings: Settings,
    generation_id: str,
    *,
    decision: PersonDecision,
    reasons: Sequence[str],
    note: str,
) -> History:
    """Record a person's decision; a running `serve` publishes what was approved."""
    with contextlib.closing(open_store(settings)) as store:
        history = store.history(generation_id)
        review, status = review_of(history, decision, reasons=reasons, note=note)
        store.save_review(generation_id, review, status=status)
        return store.history(generation_id)


def take_back(settings: Settings, generation_id: str) -> GenerationStatus:
    """Take a person's newest decision back; returns the status that holds again."""
    with contextlib.closing(open_store(settings)) as store:
        return store.undo_review(generation_id)


def statistics(
    settings: Settings, *, days: int, project: str | None, backend: str | None
) -> dict[str, Any]:
    """Return the reports on the last `days`, by subject, brought up to date first."""
    usual = "comfyui" if settings.comfy_urls else "sandbox"
    chosen = backend or usual
    of = Slice(
        since=datetime.now(UTC).date() - timedelta(days=days - 1),
        project=project,
        backend=None if chosen == "all" else chosen,
    )
    with contextlib.closing(open_store(settings)) as store:
        keeper = FigureKeeper(store)
        keeper.refresh()
        return {
            subject.value: report_view(report(store, subject, of), subject, of, as_of=keeper.as_of)
            for subject in Subject
        }
