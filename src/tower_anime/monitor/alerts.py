"""When something is wrong: thresholds with hysteresis and a minimum duration.

A value must stay beyond its limit for a while before an alert is raised, and behind a second,
milder limit for as long before it is resolved. So that each is raised once and resolved once,
whatever flutters in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tower_anime.domain.alert import Alert
from tower_anime.domain.sample import Sample
from tower_anime.monitor.trend import Trend


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Raise at `limit` after `for_s` seconds, resolve at `clear` after as long.

    `clear` below `limit`: large values are bad; above: small ones are. `text` takes {value}.
    """

    kind: str
    limit: float
    clear: float
    for_s: float
    text: str
    severity: str = "warning"

    def is_bad(self, value: float) -> bool:
        """Whether the value is at or beyond the limit."""
        return value >= self.limit if self.clear <= self.limit else value <= self.limit

    def is_good(self, value: float) -> bool:
        """Whether the value is well again."""
        return value <= self.clear if self.clear <= self.limit else value >= self.clear


RULES = {
    rule.kind: rule
    for rule in (
        Rule(
            kind="gpu_hot",
            limit=87.0,
            clear=80.0,
            for_s=60.0,
            text="{subject} is at {value:.0f} °C",
        ),
        Rule(
            kind="gpu_memory_full",
            limit=0.97,
            clear=0.92,
            for_s=120.0,
            text="the memory of {subject} is {value:.0%} full",
        ),
        Rule(
            kind="gpu_idle",
            limit=1.0,
            clear=0.0,
            for_s=120.0,
            text="{subject} is idle though generations wait",
        ),
        Rule(
            kind="memory_short",
            limit=0.95,
            clear=0.90,
            for_s=60.0,
            text="{value:.0%} of this machine's memory is used",
        ),
        Rule(
            kind="disk_short",
            limit=5.0,
            clear=8.0,
            for_s=20.0,
            text="only {value:.1f} GiB are free for {subject}",
            severity="critical",
        ),
        Rule(
            kind="server_gone",
            limit=1.0,
            clear=0.0,
            for_s=15.0,
            text="{subject} does not answer",
            severity="critical",
        ),
        Rule(
            kind="queue_age",
            limit=3600.0,
            clear=1800.0,
            for_s=60.0,
            text="something has waited for {value:.0f} s",
        ),
        Rule(
            kind="failure_series",
            limit=5.0,
            clear=0.0,
            for_s=0.0,
            text="the last {value:.0f} attempts failed",
            severity="critical",
        ),
        Rule(
            kind="quality_falling",
            limit=1.0,
            clear=0.0,
            for_s=0.0,
            text="scores fall beyond their noise",
        ),
        Rule(
            kind="style_moved",
            limit=0.5,
            clear=0.2,
            for_s=0.0,
            text="{value:.0%} of what was approved last in {subject} is not drawn like what was "
            "approved before",
        ),
        Rule(
            kind="worker_gone",
            limit=1.0,
            clear=0.0,
            for_s=0.0,
            text="{subject} ended without a word",
        ),
    )
}
"""Limits chosen by hand: cards slow down at 88–90 °C; 0.97 of the memory leaves no room for a
larger picture; 5 GiB are some 2000 pictures of 1024×1024."""

IDLE_LOAD01 = 0.05


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A value of one rule's about one subject."""

    kind: str
    subject: str
    value: float


@dataclass(frozen=True)
class Watch:
    """Where one rule stands with one subject; `since` is when the value crossed over."""

    is_raised: bool = False
    since: datetime | None = None

    def after(self, rule: Rule, value: float, now: datetime) -> Watch:
        """Return where it stands after a value."""
        crossed = rule.is_good(value) if self.is_raised else rule.is_bad(value)
        if not crossed:
            return replace(self, since=None)
        since = self.since or now
        if now - since < timedelta(seconds=rule.for_s):
            return replace(self, since=since)
        return Watch(is_raised=not self.is_raised)


Watches = Mapping[tuple[str, str], Watch]


def look(
    watches: Watches, readings: Iterable[Reading], now: datetime
) -> tuple[dict[tuple[str, str], Watch], list[Alert], list[tuple[str, str]]]:
    """Return the watches after some readings, the alerts to raise, and those that are over."""
    after, raised, over = dict(watches), [], []
    for reading in readings:
        rule, key = RULES[reading.kind], (reading.kind, reading.subject)
        before = watches.get(key, Watch())
        watch = after[key] = before.after(rule, reading.value, now)
        if watch.is_raised and not before.is_raised:
            raised.append(_alert(rule, reading))
        if before.is_raised and not watch.is_raised:
            over.append(key)
    return after, raised, over


def _alert(rule: Rule, reading: Reading) -> Alert:
    return Alert(
        kind=rule.kind,
        subject=reading.subject,
        message=rule.text.format(subject=reading.subject, value=reading.value),
        severity=rule.severity,
        state={"value": reading.value, "limit": rule.limit},
    )


def readings(
    sample: Sample, *, paused: bool, failures_in_a_row: int, score: Trend | None
) -> list[Reading]:
    """Return what the rules are about, from one sample."""
    host = sample.host
    found = [
        Reading(
            kind="memory_short",
            subject="memory",
            value=host.memory_used_bytes / max(1, host.memory_total_bytes),
        ),
        Reading(kind="disk_short", subject="the data folder", value=host.disk_free_bytes / 2**30),
        Reading(kind="queue_age", subject="queue", value=0.0 if paused else sample.oldest_wait_s),
        Reading(kind="failure_series", subject="attempts", value=float(failures_in_a_row)),
    ]
    if host.library_free_bytes is not None:
        free = host.library_free_bytes / 2**30
        found.append(Reading(kind="disk_short", subject="the library", value=free))
    for server in sample.servers:
        gone = 0.0 if server.answers else 1.0
        found.append(Reading(kind="server_gone", subject=server.url, value=gone))
    if score is not None:
        falls = 1.0 if score.direction == "falling" else 0.0
        found.append(Reading(kind="quality_falling", subject="score", value=falls))
    return [*found, *_gpu_readings(sample, waiting=sample.queued > 0 and not paused)]


def _gpu_readings(sample: Sample, *, waiting: bool) -> Iterable[Reading]:
    """Yield what is said about cards. A busy one is good news; an idle one with a queue is not."""
    for gpu in sample.gpus:
        if gpu.temperature_c is not None:
            yield Reading(kind="gpu_hot", subject=gpu.name, value=gpu.temperature_c)
        if gpu.memory01 is not None:
            yield Reading(kind="gpu_memory_full", subject=gpu.name, value=gpu.memory01)
        if gpu.load01 is not None:
            idle = 1.0 if waiting and gpu.load01 < IDLE_LOAD01 else 0.0
            yield Reading(kind="gpu_idle", subject=gpu.name, value=idle)


def failures_in_a_row(states: Sequence[str]) -> int:
    """Count the failures before the first success; `states` of attempts, the newest first."""
    number = 0
    for state in states:
        if state == "produced":
            break
        number += state in ("failed", "lost")
    return number
