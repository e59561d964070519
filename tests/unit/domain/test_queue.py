"""How long the queue may take, told from what came and went."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tower_anime.domain.queue import eta_s

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def spans(*seconds: tuple[float, float]) -> list[tuple[datetime, datetime]]:
    return [(NOW + timedelta(seconds=a), NOW + timedelta(seconds=b)) for a, b in seconds]


ONE_AFTER_THE_OTHER = [(0.0, 10.0 * n) for n in range(1, 7)]


def test_the_pace_is_that_of_the_latest_ones() -> None:
    assert eta_s(spans(*ONE_AFTER_THE_OTHER), queued=3, working=0) == 30.0
    two_at_once = [(0.0, 10.0 * (n // 2 + 1)) for n in range(7)]
    assert eta_s(spans(*two_at_once), queued=4, working=0) == 20.0


def test_what_is_at_work_is_half_done() -> None:
    assert eta_s(spans(*ONE_AFTER_THE_OTHER), queued=3, working=2) == 40.0


def test_hours_without_work_say_nothing_about_the_pace() -> None:
    later = [(5000.0, 5000.0 + 10.0 * n) for n in range(1, 5)]
    assert eta_s(spans(*ONE_AFTER_THE_OTHER, *later), queued=1, working=0) == 10.0


def test_without_work_or_without_a_past_nothing_is_told() -> None:
    assert eta_s(spans(*ONE_AFTER_THE_OTHER), queued=0, working=0) is None
    assert eta_s(spans(*ONE_AFTER_THE_OTHER[:4]), queued=9, working=0) is None
