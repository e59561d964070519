"""What analytics draw: each chart with the table behind it, made from reports alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tower_anime.domain.figures import Beginning, Sum
from tower_anime.domain.intervals import wilson

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

    `note` says in words what can be said; empty `rows` mean that there is nothing to draw yet.
    """

    key: str
    title: str
    note: str = ""
    spec: Mapping[str, Any] = field(default_factory=dict)
    rows: Sequence[Row] = ()
    wide: bool = False

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
            {"day": _day(r), "mean score": _rounded(r["score_mean"]), "results": r["scores"]}
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
                "share": _rounded(r["first_pass_share"]),
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
        spec=_intervals(
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
                "then passed": _rounded(r["passed_share"]),
                "gain": _rounded(r["gain_mean"]),
                "from": _rounded(r["gain_low"]),
                "to": _rounded(r["gain_high"]),
                "helps": {True: "yes", False: "not shown", None: "too few"}[r["helps"]],
            }
            for r in rows
        ],
    )


def uplift(views: Sequence[Row]) -> Chart:
    """Return how much oftener a change mends a defect than a plain new seed."""
    compared = [v for v in views if v["uplift"] is not None]
    found = [
        (f"{v['defect']}: {v['change']}".replace("_", " "), v["uplift"], v["low"], v["high"])
        for v in compared[:MOST_BARS]
    ]
    return Chart(
        key="uplift",
        title="Uplift over a plain new seed",
        note=(
            "Difference of the shares that were mended, drawn by lot, with its 95 % interval; a "
            "change whose interval lies below zero is given up."
            if found
            else "On real servers one correction in five gives way to a plain new seed, to compare."
        ),
        spec=_intervals(found) if found else {},
        rows=[
            {
                "defect": v["defect"].replace("_", " "),
                "change": v["change"],
                "family": v["family"],
                "tried": v["tries"],
                "mended": v["fixed"],
                "new seeds": v["compared"],
                "mended by them": v["compared_fixed"],
                "uplift": _rounded(v["uplift"]),
                "from": _rounded(v["low"]),
                "to": _rounded(v["high"]),
                "given up": "yes" if v["retired"] else "no",
            }
            for v in views
        ],
    )


def learned(beginnings: Sequence[Beginning]) -> Chart:
    """Return what the first requests took from earlier outcomes, and whether that helped."""
    changed: dict[str, int] = {}
    for one in beginnings:
        for name in one.learned:
            changed[name] = changed.get(name, 0) + 1
    judged = {True: [0, 0], False: [0, 0]}
    for one in beginnings:
        if one.passed is not None:
            judged[bool(one.learned)][0] += one.passed
            judged[bool(one.learned)][1] += 1
    rows: list[Row] = [
        {
            "first requests": name,
            "judged": number,
            "passed at once": passed,
            "share": _rounded(passed / number) if number else None,
            "from": _rounded(wilson(passed, number)[0]) if number else None,
            "to": _rounded(wilson(passed, number)[1]) if number else None,
        }
        for name, (passed, number) in (
            ("with learned values", judged[True]),
            ("as the rules have it", judged[False]),
        )
    ]
    parts = ", ".join(f"{name} in {n}" for name, n in sorted(changed.items(), key=lambda i: -i[1]))
    used = sum(bool(one.learned) for one in beginnings)
    told = f"Of the newest {len(beginnings)} generations learned values began {used}: {parts}."
    bars = [
        (str(r["first requests"]), r["share"], r["from"], r["to"])
        for r in rows
        if r["share"] is not None
    ]
    return Chart(
        key="learned",
        title="What was learned, and what it changed",
        note=told if changed else "Nothing learned was used yet: it takes some dozen outcomes.",
        spec=_intervals(bars, percent=True, zero=False) if beginnings else {},
        rows=rows if beginnings else (),
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
                "attempts per generation": _rounded(r["attempts_per_generation"]),
                "steps per attempt": _rounded(r["steps_per_attempt"]),
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
        spec=_intervals(
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
                "share": _rounded(a["share"]),
                "from": _rounded(a["low"]),
                "to": _rounded(a["high"]),
                "by chance": _rounded(a["chance"]),
                "votes": "yes" if a["votes"] else "no",
            }
            for a in agreed
        ],
    )
    return decided, agreement


def lessons(found: Sequence[Any]) -> Chart:
    """Return what is known of each checkpoint: a table without a picture."""
    rows = [
        {
            "checkpoint": one.checkpoint or "(the workflow’s)",
            "family": one.family,
            "attempts": one.attempts,
            "passed": one.passed,
            **{name: one.usual.get(name) for name in ("steps", "cfg", "sampler", "scheduler")},
        }
        for one in found
    ]
    return Chart(
        key="lessons",
        title="What passes, by checkpoint",
        note="The commonest parameters of what passed, over all that was made.",
        rows=rows,
        wide=True,
    )


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
                "values": [_rounded(row[name]) for row in rows],
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


def _intervals(
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


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def words(told: Sequence[Mapping[str, Any]], family: str | None) -> Chart:
    """Return which words in prompts raise the score, and which lower it."""
    found = [
        {**lift, "family": one["family"], "said": ", ".join(lift["words"])}
        for one in told
        if family in (None, one["family"])
        for lift in one["words"]
    ]
    sure = [one for one in found if one["sure"]]
    best = sorted(sure, key=lambda one: -abs(one["lift"]))[:MOST_BARS]
    return Chart(
        key="words",
        title="Words that change the score",
        note=(
            "Difference of scores with and without the word, with its interval; of what raises it, "
            "words that say how something is drawn are added to prompts."
            if best
            else "No word is sure to change the score yet."
        ),
        spec=_intervals([(one["said"], one["lift"], one["low"], one["high"]) for one in best])
        if best
        else {},
        rows=[
            {
                "word": one["said"],
                "family": one["family"],
                "with it": one["present"],
                "without": one["absent"],
                "lift": _rounded(one["lift"]),
                "from": _rounded(one["low"]),
                "to": _rounded(one["high"]),
                "sure": "yes" if one["sure"] else "no",
            }
            for one in found
        ],
    )


def people(told: Mapping[str, Mapping[str, Any]]) -> Chart:
    """Return how often people approve what has a score, and what the bar became of it."""
    rows = [
        {
            "profile": profile,
            "score from": _rounded(one["above"]),
            "to": _rounded(one["below"]),
            "decisions": one["decisions"],
            "approved": one["approved"],
            "share": _rounded(one["share"]),
            "low": _rounded(one["low"]),
            "high": _rounded(one["high"]),
            "expected": _rounded(one["expected"]),
        }
        for profile, known in told.items()
        for one in known["reliability"]
    ]
    says = [line for known in told.values() for line in known.get("says") or ()]
    bins = [
        (f"{r['profile']}: {r['score from']:.2f} to {r['to']:.2f}", r["share"], r["low"], r["high"])
        for r in rows
        if r["decisions"]
    ]
    return Chart(
        key="people",
        title="What people approve, by score",
        note=" ".join(says) or "Your decisions in the review desk teach where the bar should be.",
        spec=_intervals(bins, percent=True, zero=False) if bins else {},
        rows=rows,
    )


def styles(found: Sequence[Any]) -> Chart:
    """Return which projects have a style of their own: a table without a picture."""
    return Chart(
        key="styles",
        title="Styles of projects",
        note="What is approved defines a project’s style, and what is drawn otherwise is told. "
        "“Moved”: the share of the newest ten that is off the style of those before.",
        rows=[
            {
                "project": one.project,
                "checkpoint": one.checkpoint or "(the workflow’s)",
                "approved": one.pictures,
                "needed": one.needed,
                "moved": one.moved,
            }
            for one in found
        ],
    )


def drift(told: Mapping[str, Sequence[Mapping[str, Any]]]) -> Chart:
    """Return what changed so that older outcomes count less: a table without a picture."""
    return Chart(
        key="drift",
        title="What changed on the way",
        note="After a change of model, server or results older outcomes count less.",
        rows=[
            {
                "family": family,
                "what": one["kind"],
                "says": one["says"],
                "older count": one["weight"],
            }
            for family, found in told.items()
            for one in found
        ],
    )
