"""Alerts: limits, hysteresis, minimum duration, once each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tower_anime.domain.sample import GpuSample, HostSample, Sample, ServerSample
from tower_anime.monitor import alerts
from tower_anime.monitor.alerts import RULES, Reading, failures_in_a_row, look, readings
from tower_anime.monitor.samples import coarse, flat
from tower_anime.monitor.trend import Trend

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOST = HostSample(
    cpu01=0.5,
    memory_used_bytes=4 * 2**30,
    memory_total_bytes=16 * 2**30,
    process_bytes=2**28,
    disk_free_bytes=100 * 2**30,
    disk_total_bytes=500 * 2**30,
    library_free_bytes=None,
)


def sample(**changes: object) -> Sample:
    return Sample(**{"at": NOW, "host": HOST, **changes})  # type: ignore[arg-type]


def told(values: list[float], *, kind: str = "gpu_hot", every_s: float = 5.0) -> list[str]:
    """Feed values and return what was said: raised and over, in order."""
    watches: dict[tuple[str, str], alerts.Watch] = {}
    said: list[str] = []
    for index, value in enumerate(values):
        now = NOW + timedelta(seconds=index * every_s)
        reading = Reading(kind=kind, subject="card", value=value)
        watches, raised, over = look(watches, [reading], now)
        said += ["raised"] * len(raised) + ["over"] * len(over)
    return said


def test_a_short_peak_is_nothing() -> None:
    assert told([95.0] * 10 + [70.0] * 10 + [95.0] * 10) == []


def test_an_alert_is_raised_once_and_resolved_once() -> None:
    assert told([95.0] * 40 + [70.0] * 40) == ["raised", "over"]


def test_flutter_around_the_limit_raises_once() -> None:
    assert told([95.0] * 20 + [85.0, 88.0] * 50) == ["raised"]  # 80 is where it is well again


def test_small_values_are_bad_where_the_rule_says_so() -> None:
    assert told([100.0, *[1.0] * 10, *[6.0] * 10], kind="disk_short") == ["raised"]
    assert told([1.0] * 10 + [9.0] * 10, kind="disk_short") == ["raised", "over"]


@pytest.mark.parametrize("kind", RULES)
def test_every_rule_can_be_raised_and_resolved(kind: str) -> None:
    rule = RULES[kind]
    again = int(rule.for_s / 5) + 2
    assert told([rule.limit] * again + [rule.clear] * again, kind=kind) == ["raised", "over"]


def test_a_busy_card_is_good_news_and_an_idle_one_with_a_queue_is_not() -> None:
    def idle(load01: float, queued: int, *, paused: bool = False) -> float:
        gpu = GpuSample(name="card", source="nvml", load01=load01)
        found = readings(
            sample(gpus=(gpu,), queued=queued), paused=paused, failures_in_a_row=0, score=None
        )
        return next(one.value for one in found if one.kind == "gpu_idle")

    assert idle(1.0, 5) == 0.0
    assert idle(0.0, 0) == 0.0
    assert idle(0.0, 5) == 1.0
    assert idle(0.0, 5, paused=True) == 0.0


def test_readings_say_what_the_sample_says() -> None:
    server = ServerSample(url="http://s", answers=False, reason="down")
    found = {
        (one.kind, one.subject): one.value
        for one in readings(
            sample(servers=(server,), oldest_wait_s=50.0),
            paused=False,
            failures_in_a_row=3,
            score=Trend(direction="falling"),
        )
    }
    assert found["server_gone", "http://s"] == 1.0
    assert found["queue_age", "queue"] == 50.0
    assert found["failure_series", "attempts"] == 3.0
    assert found["quality_falling", "score"] == 1.0
    assert found["memory_short", "memory"] == 0.25


def test_failures_are_counted_up_to_the_last_success() -> None:
    assert failures_in_a_row(["failed", "lost", "stopped", "produced", "failed"]) == 2
    assert failures_in_a_row([]) == 0


def test_windows_keep_mean_and_extremes_and_nothing_unknown() -> None:
    first = flat(sample(queued=2))
    assert "library_free_bytes" not in first
    second = flat(sample(queued=4, gpus=(GpuSample(name="g", source="n", load01=0.5),)))
    found = coarse([first, second])
    assert found["queued"] == {"mean": 3.0, "least": 2, "most": 4}
    assert found["gpu0_load01"] == {"mean": 0.5, "least": 0.5, "most": 0.5}
