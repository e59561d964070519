from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tower_anime.monitor.black import BLACK_LIMIT, PAUSE, Streak
from tower_anime.pipeline.servers import Health, Turn

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def after(results: list[bool], streak: Streak | None = None, now: datetime = NOW) -> Streak:
    streak = streak or Streak()
    for is_blank in results:
        streak = streak.after(is_blank=is_blank, now=now)
    return streak


@given(st.lists(st.booleans(), max_size=30))
def test_only_a_whole_series_pauses(results: list[bool]) -> None:
    longest = max(
        (len(run) for run in "".join("x" if r else " " for r in results).split()), default=0
    )
    was_paused = any(after(results[: n + 1]).is_paused(NOW) for n in range(len(results)))
    assert was_paused is (longest >= BLACK_LIMIT)


def test_a_pause_ends_and_one_more_blank_picture_begins_the_next() -> None:
    paused = after([True] * BLACK_LIMIT)
    assert paused.is_paused(NOW + PAUSE - timedelta(seconds=1))
    later = NOW + PAUSE
    assert not paused.is_paused(later)
    assert after([True], paused, later).is_paused(later)
    assert not after([False, True], paused, later).is_paused(later)


def test_each_server_has_its_own_series_and_is_told_of_once() -> None:
    health = Health()
    turns = [health.note("a", is_blank=True, now=NOW) for _ in range(BLACK_LIMIT + 2)]
    assert turns == [None] * (BLACK_LIMIT - 1) + [Turn.PAUSED, None, None]
    assert health.paused_until("a", NOW) == NOW + PAUSE
    assert health.paused_until("b", NOW) is None
    assert health.note("a", is_blank=False, now=NOW) is Turn.RECOVERED
    assert health.note("a", is_blank=False, now=NOW) is None
    assert health.paused_until("a", NOW) is None
