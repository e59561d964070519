"""Reports over rolled-up figures, and keeping the figures up to date."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from tower_anime.adapters.store.store import SqlStore
from tower_anime.domain.figures import Slice
from tower_anime.learn.agreement import agreements
from tower_anime.monitor import reports
from tower_anime.monitor.reports import Figures, Report

_SWITCH = "figures"
RECENT_ATTEMPTS = 1000


class Subject(StrEnum):
    """What there are reports about."""

    QUALITY = "quality"
    PERFORMANCE = "performance"
    CORRECTIONS = "corrections"
    LEARNING = "learning"
    DIRECTOR = "director"


_FIGURES = {
    Subject.QUALITY: ("status", "score", "first_pass", "defect"),
    Subject.PERFORMANCE: (
        "attempts",
        "useful",
        "saved",
        "elapsed",
        "tries",
        "steps",
        "failure",
    ),
    Subject.CORRECTIONS: ("correction", "correction_pass"),
    Subject.LEARNING: ("first_pass", "tries", "steps"),
    Subject.DIRECTOR: ("director", "person"),
}


class FigureKeeper:
    """Rolls up what changed. Thread-safe; several processes may do it, the last one is right."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self._rolling = threading.Lock()
        self._counted = False

    @property
    def as_of(self) -> datetime | None:
        """When the figures were brought up to date, None for never."""
        kept = self._store.switch(_SWITCH) or {"as_of": None}
        return datetime.fromisoformat(kept["as_of"]) if kept["as_of"] else None

    def refresh(self, *, pause: Callable[[float], bool] = lambda _took_s: False) -> int:
        """Make the figures of each day anew on which anything changed; returns how many days.

        The first time in a process also days whose number of generations changed without an
        event. `pause` is called after each day with how long it took; True: stop here, the next
        call goes on with the days that are left.
        """
        with self._rolling:
            return self._refresh(pause)

    def ensure(self, *, within_s: float) -> datetime | None:
        """Return when the figures were up to date; brings them there if they never were.

        None where that takes longer, or another thread is at it: what is there so far counts.
        """
        if self.as_of is None and self._rolling.acquire(blocking=False):
            until_s = time.monotonic() + within_s
            try:
                self._refresh(lambda _took_s: time.monotonic() > until_s)
            finally:
                self._rolling.release()
        return self.as_of

    def _refresh(self, pause: Callable[[float], bool]) -> int:
        kept = self._store.switch(_SWITCH) or {"seq": 0, "days": {}, "as_of": None}
        known: dict[str, int] = dict(kept["days"])
        changed, newest = self._store.days_changed(kept["seq"])
        now = self._store.days() if changed or not self._counted else known
        due = {day for day in now if day in changed or known.get(day) != now[day]}
        due |= known.keys() - now.keys()
        number = len(due)
        for day in sorted(due, reverse=True):
            began_s = time.monotonic()
            self._store.roll_up(day)
            due.remove(day)
            if pause(time.monotonic() - began_s) and due:
                done = {name: count for name, count in now.items() if name not in due}
                done |= {name: known[name] for name in due if name not in now}
                self._store.set_switch(_SWITCH, {**kept, "seq": newest, "days": done})
                self._counted = False
                return 0
        self._counted = True
        as_of = datetime.now(UTC).isoformat()
        self._store.set_switch(_SWITCH, {"seq": newest, "days": now, "as_of": as_of})
        return number


def report(store: SqlStore, subject: Subject, of: Slice) -> Report:
    """Return a report on what is rolled up."""
    by_day = subject not in (Subject.CORRECTIONS, Subject.DIRECTOR)
    found = Figures(store.figures(_FIGURES[subject], of, by_day=by_day))
    match subject:
        case Subject.QUALITY:
            return reports.quality(found)
        case Subject.PERFORMANCE:
            recent_s = store.recent_seconds(of, limit=RECENT_ATTEMPTS)
            return reports.performance(found, recent_s=recent_s)
        case Subject.CORRECTIONS:
            return reports.corrections(found)
        case Subject.LEARNING:
            return reports.learning(found, patterns=store.pattern_counts())
        case Subject.DIRECTOR:
            return reports.director(found, agreements=agreements(store.opinions()))


def report_view(
    made: Report, subject: Subject, of: Slice, *, as_of: datetime | None
) -> dict[str, Any]:
    """Return a report as JSON."""
    return {
        "subject": subject.value,
        "slice": asdict(of),
        "as_of": as_of,
        "totals": made.totals,
        "rows": list(made.rows),
        "trends": {name: asdict(one) for name, one in made.trends.items()},
    }
