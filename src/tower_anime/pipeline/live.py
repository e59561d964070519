"""What runs in this process at this moment, for terminals and pages. Lost with the process."""

from __future__ import annotations

from dataclasses import replace
from threading import Lock

from tower_anime.domain.progress import LiveAttempt, Progress


class Live:
    """Thread-safe board of running attempts."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._running: dict[str, LiveAttempt] = {}

    def report(self, generation_id: str, number: int, progress: Progress) -> None:
        """Take the newest progress of an attempt; its last preview stays until there is another."""
        with self._lock:
            before = self._running.get(generation_id)
            if progress.preview is None and before is not None and before.number == number:
                progress = replace(progress, preview=before.progress.preview)
            self._running[generation_id] = LiveAttempt(generation_id, number, progress)

    def over(self, generation_id: str) -> None:
        """Forget a generation whose attempt has ended."""
        with self._lock:
            self._running.pop(generation_id, None)

    def of(self, generation_id: str) -> LiveAttempt | None:
        """Return the newest progress of one generation, None when none runs here."""
        with self._lock:
            return self._running.get(generation_id)

    def running(self) -> tuple[LiveAttempt, ...]:
        """Return all that runs in this process."""
        with self._lock:
            return tuple(self._running.values())
