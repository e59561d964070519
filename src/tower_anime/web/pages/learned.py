"""What outcomes and people taught, kept for a minute: counting it anew takes a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tower_anime import teachings
from tower_anime.compose import App
from tower_anime.domain.brief import DEFAULT_PROJECT
from tower_anime.lessons import Lesson, lessons_of, uplifts_of

KEPT_S = 60.0
NEWEST = 5000  # outcomes; more change no chart and take seconds to read


@dataclass(frozen=True, kw_only=True)
class Told:
    """What was learned on one kind of server, as values for charts. `outcomes` are the newest."""

    outcomes: int
    uplifts: Sequence[Mapping[str, Any]]
    lessons: Sequence[Lesson]
    words: Sequence[Mapping[str, Any]]
    people: Mapping[str, Mapping[str, Any]]
    drift: Mapping[str, Sequence[Mapping[str, Any]]]
    styles: Sequence[teachings.ProjectStyle]


class Learned:
    """Counts what was learned. Thread-safe; one at a time."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._kept: dict[bool, tuple[float, Told]] = {}

    def of(self, *, sandbox: bool) -> Told:
        """Return what was learned with the sandbox, or with real servers."""
        with self._lock:
            kept = self._kept.get(sandbox)
            if kept is None or time.monotonic() - kept[0] > KEPT_S:
                kept = self._kept[sandbox] = time.monotonic(), self._count(sandbox=sandbox)
            return kept[1]

    def renew(self) -> None:
        """Count anew the next time: something was forgotten, remembered or added."""
        with self._lock:
            self._kept.clear()

    def _count(self, *, sandbox: bool) -> Told:
        store, settings = self._app.store, self._app.settings
        outcomes = store.outcomes(sandbox=sandbox, limit=NEWEST)
        return Told(
            outcomes=len(outcomes),
            uplifts=[one.view() for one in uplifts_of(outcomes)],
            lessons=lessons_of(outcomes),
            words=[one.view() for one in teachings.vocabularies(store, sandbox=sandbox)],
            people={
                name: asdict(one)
                for name, one in teachings.calibrations(store, settings, sandbox=sandbox).items()
            },
            styles=[
                one
                for one in teachings.project_styles(store, settings, sandbox=sandbox)
                if one.project != DEFAULT_PROJECT
            ],
            drift={
                family: [asdict(shift) for shift in found]
                for family, found in teachings.changes(store, sandbox=sandbox).items()
            },
        )
