"""Which server gets the next job: the least busy one of those that are well."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from threading import Lock

from tower_anime.errors import ServerDown, ServerPaused
from tower_anime.monitor.black import Streak
from tower_anime.ports import Renderer


class Turn(StrEnum):
    """What a result changed about its server."""

    PAUSED = "paused"
    RECOVERED = "recovered"


class Health:
    """The series of blank results of each server, in memory. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._streaks: dict[str, Streak] = {}
        self._ill: set[str] = set()

    def note(self, url: str, *, is_blank: bool, now: datetime) -> Turn | None:
        """Take one result; says when it paused the server, or ended what had paused it."""
        with self._lock:
            before = self._streaks.get(url, Streak())
            self._streaks[url] = before.after(is_blank=is_blank, now=now)
            if not is_blank and url in self._ill:
                self._ill.discard(url)
                return Turn.RECOVERED
            if self._streaks[url].is_paused(now) and not before.is_paused(now):
                self._ill.add(url)
                return Turn.PAUSED
            return None

    def paused_until(self, url: str, now: datetime) -> datetime | None:
        """Return the end of a server's pause, None when it has none."""
        with self._lock:
            streak = self._streaks.get(url, Streak())
            return streak.paused_until if streak.is_paused(now) else None


def least_busy(renderers: Sequence[Renderer], health: Health, now: datetime) -> Renderer:
    """Return the server with the shortest queue among those that are not paused.

    `ServerDown` when none answers, `ServerPaused` when those that might are paused.
    """
    well = [r for r in renderers if health.paused_until(r.url, now) is None]
    if renderers and not well:
        ends = [end for r in renderers if (end := health.paused_until(r.url, now))]
        wait_s = (min(ends) - now).total_seconds()
        raise ServerPaused(
            f"{', '.join(r.url for r in renderers)} gave only blank pictures and is left alone "
            f"for another {wait_s:.0f} s"
        )
    if len(well) == 1:
        return well[0]
    lengths: list[tuple[int, int]] = []
    failure: ServerDown | None = None
    for index, renderer in enumerate(well):
        try:
            lengths.append((renderer.queue_length(), index))
        except ServerDown as error:
            failure = error
    if lengths:
        return well[min(lengths)[1]]
    raise failure or ServerDown("no ComfyUI server is configured")
