"""What outcomes and people taught, kept for a minute: counting it anew takes a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tower_anime import teachings
from tower_anime.compose import App
from tower_anime.lessons import Lesson, lessons_of, uplifts_of

KEPT_S = 60.0
NEWEST = 5000  # outcomes; more change no chart and take seconds to read


@dataclass(frozen=True, kw_only=True)
class Told:
    """What was learned on one kind of server, or both, as plain values for charts."""

    uplifts: Sequence[Mapping[str, Any]]
    lessons: Sequence[Lesson]
    words: Sequence[Mapping[str, Any]]
    people: Mapping[str, Mapping[str, Any]]
    drift: Mapping[str, Sequence[Mapping[str, Any]]]
    styles: Sequence[teachings.StyleState]


class Learned:
    """Counts what was learned. Thread-safe; one at a time."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._kept: dict[str | None, tuple[float, Told]] = {}

    def of(self, backend: str | None) -> Told:
        """Return what was learned with `sandbox` or `comfyui`; None: with both."""
        with self._lock:
            kept = self._kept.get(backend)
            if kept is None or time.monotonic() - kept[0] > KEPT_S:
                kept = self._kept[backend] = time.monotonic(), self._count(backend)
            return kept[1]

    def renew(self) -> None:
        """Count anew the next time: something was forgotten, remembered or added."""
        with self._lock:
            self._kept.clear()

    def _count(self, backend: str | None) -> Told:
        store, settings = self._app.store, self._app.settings
        only = None if backend is None else backend == "sandbox"
        outcomes = store.outcomes(sandbox=only, limit=NEWEST)
        sandbox = backend == "sandbox"
        return Told(
            uplifts=[one.view() for one in uplifts_of(outcomes)],
            lessons=lessons_of(outcomes),
            words=[one.view() for one in teachings.vocabularies(store, sandbox=sandbox)],
            people={
                name: asdict(one)
                for name, one in teachings.calibrations(store, settings, sandbox=sandbox).items()
            },
            styles=teachings.style_states(store, sandbox=sandbox),
            drift={
                family: [asdict(shift) for shift in found]
                for family, found in teachings.changes(store, sandbox=sandbox).items()
            },
        )
