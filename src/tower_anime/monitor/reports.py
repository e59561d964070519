"""What is made of rolled-up figures: totals, a row for each day or kind, trends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tower_anime.domain.conversation import Agreement
from tower_anime.domain.figures import Sum
from tower_anime.domain.intervals import mean_interval, wilson
from tower_anime.monitor.trend import Point, Trend, trend

Row = dict[str, Any]

STATUSES = ("approved", "needs_review", "rejected", "failed", "cancelled")


@dataclass(frozen=True)
class Report:
    """`rows` are what a table shows; `trends` are named by the column they are about."""

    totals: Row
    rows: Sequence[Row]
    trends: Mapping[str, Trend] = field(default_factory=dict)


class Figures:
    """Sums, looked up by figure, name and day."""

    def __init__(self, sums: Iterable[Sum]) -> None:
        self._daily: dict[tuple[str, str, date | None], Sum] = {}
        self._names: dict[str, set[str]] = defaultdict(set)
        self._days: set[date] = set()
        for one in sums:
            self._daily[one.figure, one.name, one.day] = one
            self._names[one.figure].add(one.name)
            if one.day is not None:
                self._days.add(one.day)

    @property
    def days(self) -> list[date]:
        """The days that there is something about."""
        return sorted(self._days)

    def names(self, figure: str) -> list[str]:
        """Return the names of a figure."""
        return sorted(self._names[figure])

    def of(self, figure: str, name: str = "", day: date | None = None) -> Sum:
        """Return the sum of a day, or of all days; an empty one where there is nothing."""
        if day is not None:
            found = self._daily.get((figure, name, day))
            return found or Sum(figure=figure, name=name, n=0, total=0.0, squares=0.0, day=day)
        parts = [one for (f, n, _), one in self._daily.items() if (f, n) == (figure, name)]
        return Sum(
            figure=figure,
            name=name,
            n=sum(one.n for one in parts),
            total=sum(one.total for one in parts),
            squares=sum(one.squares for one in parts),
        )


def quality(found: Figures) -> Report:
    """Report statuses, scores and first attempts that pass."""
    return Report(
        totals={
            **_statuses(found, None),
            "score": _mean(found.of("score")),
            "first_pass": _share(found.of("first_pass")),
            "defects": {
                name: {"n": found.of("defect", name).n, "severity": found.of("defect", name).mean}
                for name in found.names("defect")
            },
        },
        rows=[
            {
                "day": day,
                **_statuses(found, day),
                "score_mean": found.of("score", day=day).mean,
                "scores": found.of("score", day=day).n,
                "first_attempts": found.of("first_pass", day=day).n,
                "first_pass_share": found.of("first_pass", day=day).mean,
            }
            for day in found.days
        ],
        trends={
            "score_mean": _trend(found, "score"),
            "first_pass_share": _trend(found, "first_pass"),
        },
    )


def performance(found: Figures, *, recent_s: Sequence[float]) -> Report:
    """Report times and the ledger of the servers' seconds. `recent_s`: the latest attempts."""
    return Report(
        totals={
            "attempts": {name: found.of("attempts", name).n for name in found.names("attempts")},
            "ledger": _ledger(found, None),
            "seconds_per_attempt": _mean(found.of("attempts", "produced")),
            "seconds_per_generation": _mean(found.of("elapsed")),
            "attempts_per_generation": _mean(found.of("tries")),
            "sampler_steps": found.of("steps").total,
            "recent": _quantiles(recent_s),
            "failures": {name: found.of("failure", name).n for name in found.names("failure")},
        },
        rows=[
            {
                "day": day,
                "produced": found.of("attempts", "produced", day).n,
                "failed": found.of("attempts", "failed", day).n,
                "seconds_per_attempt": found.of("attempts", "produced", day).mean,
                "seconds_per_generation": found.of("elapsed", day=day).mean,
                "attempts_per_generation": found.of("tries", day=day).mean,
                **_ledger(found, day),
            }
            for day in found.days
        ],
        trends={
            "seconds_per_attempt": _trend(found, "attempts", "produced"),
            "attempts_per_generation": _trend(found, "tries"),
        },
    )


def corrections(found: Figures) -> Report:
    """Report for each defect and parameter what changing it brought."""
    rows: list[Row] = []
    for name in found.names("correction_pass"):
        gain, passed = found.of("correction", name), found.of("correction_pass", name)
        defect, _, parameter = name.partition(":")
        interval = mean_interval(gain.n, gain.total, gain.squares)
        rows.append(
            {
                "defect": defect,
                "parameter": parameter,
                "tried": passed.n,
                "measured": gain.n,
                "gain_mean": gain.mean,
                "gain_low": interval[0] if interval else None,
                "gain_high": interval[1] if interval else None,
                "helps": None if interval is None else interval[0] > 0,
                "passed_share": passed.mean,
            }
        )
    rows.sort(key=lambda row: -row["tried"])
    return Report(totals={"corrections": sum(row["tried"] for row in rows)}, rows=rows)


def learning(found: Figures, *, patterns: Mapping[str, int]) -> Report:
    """Report whether less is needed to get there: first passes, attempts, steps."""
    return Report(
        totals={
            "first_pass": _share(found.of("first_pass")),
            "attempts_per_generation": _mean(found.of("tries")),
            "patterns": dict(patterns),
        },
        rows=[
            {
                "day": day,
                "first_attempts": found.of("first_pass", day=day).n,
                "first_pass_share": found.of("first_pass", day=day).mean,
                "attempts_per_generation": found.of("tries", day=day).mean,
                "steps_per_attempt": found.of("steps", day=day).mean,
            }
            for day in found.days
        ],
        trends={
            "first_pass_share": _trend(found, "first_pass"),
            "attempts_per_generation": _trend(found, "tries"),
        },
    )


def director(found: Figures, *, agreements: Sequence[Agreement]) -> Report:
    """Report what directors and people decided, and how far they agree."""
    rows = []
    for by in ("director", "person"):
        for name in found.names(by):
            source, _, decision = name.partition(":")
            rows.append(
                {"by": by, "source": source, "decision": decision, "n": found.of(by, name).n}
            )
    agreed = [
        {
            "source": one.source,
            "role": one.role,
            "cases": one.cases,
            "agreed": one.agreed,
            "share": one.share,
            "low": one.low,
            "high": one.high,
            "chance": one.chance,
            "votes": one.votes,
        }
        for one in agreements
    ]
    return Report(
        totals={"decisions": sum(row["n"] for row in rows), "agreement": agreed}, rows=rows
    )


def _statuses(found: Figures, day: date | None) -> Row:
    counts: Row = {name: found.of("status", name, day).n for name in STATUSES}
    every = sum(found.of("status", name, day).n for name in found.names("status"))
    return {"generations": every, **counts}


def _ledger(found: Figures, day: date | None) -> Row:
    """Return seconds at the servers: spent, of these useful and wasted; and saved beside them."""
    spent = sum(found.of("attempts", name, day).total for name in found.names("attempts"))
    useful = found.of("useful", day=day).total
    return {
        "seconds_spent": round(spent, 3),
        "seconds_useful": round(useful, 3),
        "seconds_wasted": round(max(0.0, spent - useful), 3),
        "seconds_saved": round(found.of("saved", day=day).total, 3),
    }


def _mean(one: Sum) -> Row:
    interval = mean_interval(one.n, one.total, one.squares)
    low, high = interval or (None, None)
    return {"mean": one.mean, "low": low, "high": high, "n": one.n}


def _share(one: Sum) -> Row:
    low, high = wilson(one.total, one.n) if one.n else (None, None)
    return {"share": one.mean, "low": low, "high": high, "n": one.n}


def _quantiles(values: Sequence[float]) -> Row:
    ordered = sorted(values)
    if not ordered:
        return {"n": 0, "median_s": None, "p95_s": None}
    last = len(ordered) - 1
    median_s, p95_s = (ordered[min(last, int(share * len(ordered)))] for share in (0.5, 0.95))
    return {"n": len(ordered), "median_s": round(median_s, 3), "p95_s": round(p95_s, 3)}


def _trend(found: Figures, figure: str, name: str = "") -> Trend:
    daily = [found.of(figure, name, day) for day in found.days]
    return trend(
        [
            Point(day=one.day, mean=one.mean, n=one.n)
            for one in daily
            if one.day is not None and one.mean is not None
        ]
    )
