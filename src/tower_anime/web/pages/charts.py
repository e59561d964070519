"""What analytics draw: each chart with the table behind it, made from reports alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tower_anime.domain.figures import Sum

Report = Mapping[str, Any]
Row = Mapping[str, Any]

STATUSES = ("approved", "needs_review", "rejected", "failed", "cancelled")
MOST_BARS = 20
_COLOURS = {
    "approved": "good",
    "needs_review": "doubt",
    "rejected": "bad",
    "failed": "edge",
    "cancelled": "line",
    "seconds_useful": "good",
    "seconds_wasted": "bad",
    "seconds_saved": "info",
}


@dataclass(frozen=True, kw_only=True)
class Chart:
    """One chart. `spec` is what the page's script draws, `rows` the same as a table.

    `note` and `lines` say in words what can be said; without `rows` there is nothing to draw yet.
    """

    key: str
    title: str
    note: str = ""
    spec: Mapping[str, Any] = field(default_factory=dict)
    rows: Sequence[Row] = ()
    wide: bool = False
    lines: Sequence[str] = ()

    @property
    def columns(self) -> list[str]:
        """The table's columns."""
        return list(self.rows[0]) if self.rows else []


def said(trend: Mapping[str, Any] | None) -> str:
    """Say how a figure develops, if that can be said."""
    if trend is None:
        return ""
    if trend["direction"] in ("rising", "falling"):
        change = abs(trend["per_day"]) * 7
        low, high = sorted((abs(trend["low"]) * 7, abs(trend["high"]) * 7))
        return f"{trend['direction']} by {change:.3f} a week ({low:.3f} to {high:.3f}, 99 %)"
    if trend["direction"] == "none":
        return "no trend beyond the noise"
    return f"no trend can be told yet: {trend['reason']}"


def quality(report: Report) -> Chart:
    """Return the mean score of each day."""
    rows = report["rows"]
    return Chart(
        key="quality",
        title="Quality: mean score of what was kept",
        note=said(report["trends"].get("score_mean")),
        spec=_lines(rows, {"score_mean": "accent"}, low=0.0, high=1.0),
        rows=[
            {"day": _day(r), "mean score": rounded(r["score_mean"]), "results": r["scores"]}
            for r in rows
        ],
    )


def first_pass(report: Report) -> Chart:
    """Return the share of first attempts that pass, by day."""
    rows = report["rows"]
    return Chart(
        key="first-pass",
        title="First attempts that pass",
        note=said(report["trends"].get("first_pass_share")),
        spec=_lines(rows, {"first_pass_share": "good"}, low=0.0, high=1.0, percent=True),
        rows=[
            {
                "day": _day(r),
                "share": rounded(r["first_pass_share"]),
                "first attempts": r["first_attempts"],
            }
            for r in rows
        ],
    )


def throughput(report: Report) -> Chart:
    """Return how many generations each day came to which end."""
    rows = report["rows"]
    return Chart(
        key="throughput",
        title="Throughput: generations a day",
        spec=_stacked(rows, STATUSES),
        rows=[
            {"day": _day(r), **{name.replace("_", " "): r[name] for name in STATUSES}} for r in rows
        ],
    )


def seconds(report: Report) -> Chart:
    """Return the servers' seconds of each day: useful, wasted, and saved beside them."""
    rows = report["rows"]
    names = ("seconds_useful", "seconds_wasted", "seconds_saved")
    return Chart(
        key="gpu-seconds",
        title="Seconds at the servers",
        note="Saved are those that runs which were broken off would still have taken.",
        spec=_stacked(rows, names, strip="seconds_"),
        rows=[
            {
                "day": _day(r),
                "spent": round(r["seconds_spent"]),
                **{name.removeprefix("seconds_"): round(r[name]) for name in names},
            }
            for r in rows
        ],
    )


def defects(grouped: Iterable[tuple[str, Sum]], *, by: str) -> Chart:
    """Return for each family or checkpoint the share of attempts that have a defect."""
    drawn: dict[str, int] = {}
    counts: dict[tuple[str, str], int] = {}
    for group, one in grouped:
        if one.figure == "attempts" and one.name == "produced":
            drawn[group] = one.n
        if one.figure == "defect":
            counts[group, one.name] = one.n
    groups = sorted(drawn, key=lambda group: -drawn[group])[:12]
    totals: dict[str, int] = {}
    for (_, kind), number in counts.items():
        totals[kind] = totals.get(kind, 0) + number
    kinds = sorted(totals, key=lambda kind: -totals[kind])
    rows = [
        {
            by: group,
            "defect": kind.replace("_", " "),
            "attempts": drawn[group],
            "with it": counts[group, kind],
            "share": round(counts[group, kind] / drawn[group], 4),
        }
        for group in groups
        for kind in kinds
        if (group, kind) in counts and drawn[group]
    ]
    shown = kinds[:MOST_BARS]
    cells = [
        [
            round(min(1.0, counts.get((group, kind), 0) / drawn[group]), 4) if drawn[group] else 0.0
            for kind in shown
        ]
        for group in groups
    ]
    most = max([0.05, *(value for line in cells for value in line)])
    spec = {
        "kind": "heat",
        "x": [kind.replace("_", " ") for kind in shown],
        "lines": [
            {"name": group, "cells": [(value, round(9 * value / most)) for value in line]}
            for group, line in zip(groups, cells, strict=True)
        ],
    }
    return Chart(
        key=f"defects-by-{by}",
        title=f"Defects by {by}",
        note="Share of the drawn attempts in which a defect was named.",
        spec=spec,
        rows=rows,
        wide=True,
    )


def corrections(report: Report) -> Chart:
    """Return what each correction brought to the score, with its interval."""
    rows = report["rows"]
    measured = [r for r in rows if r["gain_low"] is not None][:MOST_BARS]
    return Chart(
        key="corrections",
        title="What corrections bring",
        note="Change of the score over the best attempt before, with its 95 % interval.",
        spec=intervals(
            [
                (
                    f"{r['defect']}: {r['parameter']}".replace("_", " "),
                    r["gain_mean"],
                    r["gain_low"],
                    r["gain_high"],
                )
                for r in measured
            ]
        ),
        rows=[
            {
                "defect": r["defect"].replace("_", " "),
                "changed": r["parameter"],
                "tried": r["tried"],
                "then passed": rounded(r["passed_share"]),
                "gain": rounded(r["gain_mean"]),
                "from": rounded(r["gain_low"]),
                "to": rounded(r["gain_high"]),
                "helps": {True: "yes", False: "not shown", None: "too few"}[r["helps"]],
            }
            for r in rows
        ],
    )


def attempts(report: Report) -> Chart:
    """Return how many attempts generations take, by day."""
    days = report["rows"]
    return Chart(
        key="attempts",
        title="Attempts until it is over",
        note=said(report["trends"].get("attempts_per_generation")),
        spec=_lines(days, {"attempts_per_generation": "info"}, low=1.0),
        rows=[
            {
                "day": _day(r),
                "attempts per generation": rounded(r["attempts_per_generation"]),
                "steps per attempt": rounded(r["steps_per_attempt"]),
            }
            for r in days
        ],
    )


def director(report: Report) -> tuple[Chart, Chart]:
    """Return what directors and people decided, and how far models agree with people."""
    rows = report["rows"]
    names = [f"{r['by']}: {r['source']}" for r in rows]
    sources = list(dict.fromkeys(names))
    decisions = list(dict.fromkeys(r["decision"] for r in rows))
    table = {(f"{r['by']}: {r['source']}", r["decision"]): r["n"] for r in rows}
    colours = {"approve": "good", "reject": "bad", "revise": "doubt", "unreviewed": "line"}
    decided = Chart(
        key="decisions",
        title="Who decided what",
        spec={
            "kind": "bars",
            "y": sources,
            "series": [
                {
                    "name": decision,
                    "colour": colours.get(decision, "edge"),
                    "values": [table.get((source, decision), 0) for source in sources],
                }
                for decision in decisions
            ],
        },
        rows=[dict(r) for r in rows],
    )
    agreed = report["totals"]["agreement"]
    agreement = Chart(
        key="agreement",
        title="Agreement of models with people",
        note=(
            "Share of the cases that a person decided the same way, with its 95 % interval. "
            "A model that agrees no better than chance has no vote."
            if agreed
            else "No model’s review was followed by a decision of yours yet."
        ),
        spec=intervals(
            [
                (
                    f"{a['source']} ({str(a['role']).replace('_', ' ')})",
                    a["share"],
                    a["low"],
                    a["high"],
                )
                for a in agreed
            ],
            percent=True,
            zero=False,
        )
        if agreed
        else {},
        rows=[
            {
                "model": a["source"],
                "role": str(a["role"]).replace("_", " "),
                "cases": a["cases"],
                "agreed": a["agreed"],
                "share": rounded(a["share"]),
                "from": rounded(a["low"]),
                "to": rounded(a["high"]),
                "by chance": rounded(a["chance"]),
                "votes": "yes" if a["votes"] else "no",
            }
            for a in agreed
        ],
    )
    return decided, agreement


def _lines(
    rows: Sequence[Row],
    series: Mapping[str, str],
    *,
    low: float | None = None,
    high: float | None = None,
    percent: bool = False,
) -> dict[str, Any]:
    return {
        "kind": "lines",
        "x": [_day(row) for row in rows],
        "low": low,
        "high": high,
        "percent": percent,
        "series": [
            {
                "name": name.replace("_", " "),
                "colour": colour,
                "values": [rounded(row[name]) for row in rows],
            }
            for name, colour in series.items()
        ],
    }


def _stacked(rows: Sequence[Row], names: Sequence[str], *, strip: str = "") -> dict[str, Any]:
    return {
        "kind": "stacked",
        "x": [_day(row) for row in rows],
        "series": [
            {
                "name": name.removeprefix(strip).replace("_", " "),
                "colour": _COLOURS[name],
                "values": [round(row[name], 1) for row in rows],
            }
            for name in names
        ],
    }


def intervals(
    found: Sequence[tuple[str, Any, Any, Any]], *, percent: bool = False, zero: bool = True
) -> dict[str, Any]:
    """Return lines from `low` to `high` with a dot at `mid`, on a common scale from 0 to 100."""
    ends = [float(one) for _, *figures in found for one in figures]
    low = 0.0 if percent else min([0.0, *ends] if zero else ends, default=0.0)
    high = 1.0 if percent else max([0.0, *ends] if zero else ends, default=1.0)
    reach = (high - low) or 1.0

    def place(value: float) -> float:
        return round(2 + 96 * (value - low) / reach, 2)

    return {
        "kind": "intervals",
        "percent": percent,
        "zero": place(0.0) if zero else None,
        "lines": [
            {
                "name": name,
                "mid": mid,
                "low": from_,
                "high": to,
                "at": (place(mid), place(from_), place(to)),
                "sign": ("good" if from_ > 0 else "bad" if to < 0 else "soft") if zero else "",
            }
            for name, mid, from_, to in found
        ],
    }


def _day(row: Row) -> str:
    return str(row["day"])


def rounded(value: float | None) -> float | None:
    """Return a figure for a table; what was not measured stays so."""
    return None if value is None else round(value, 4)
