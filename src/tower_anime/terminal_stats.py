"""Figures in a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click
from pydantic_core import to_json
from rich.console import Console
from rich.table import Table

View = Mapping[str, Any]

_ARROWS = {"rising": "↗ rising", "falling": "↘ falling", "none": "→ no trend beyond noise"}


def show(found: View, *, as_json: bool) -> None:
    """Show the reports by their names."""
    if as_json:
        click.echo(to_json(found, inf_nan_mode="null").decode())
        return
    quality, performance = found["quality"]["totals"], found["performance"]["totals"]
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, value in (
        ("generations", _counts(quality)),
        ("score", _interval(quality["score"], "mean")),
        ("first attempt passes", _interval(quality["first_pass"], "share", percent=True)),
        ("attempts a generation", _interval(performance["attempts_per_generation"], "mean")),
        ("seconds an attempt", _interval(performance["seconds_per_attempt"], "mean")),
        ("seconds at the servers", _ledger(performance["ledger"])),
        ("what is wrong", _worst(quality["defects"])),
        ("score over time", _trend(found["quality"]["trends"]["score_mean"])),
        ("first pass over time", _trend(found["quality"]["trends"]["first_pass_share"])),
    ):
        table.add_row(name, value)
    Console(highlight=False).print(table)
    _corrections(found["corrections"]["rows"])


def _counts(totals: View) -> str:
    shown = ("approved", "needs_review", "rejected", "failed", "cancelled")
    parts = [f"{totals[name]} {name.replace('_', ' ')}" for name in shown if totals[name]]
    return f"{totals['generations']}" + (f": {', '.join(parts)}" if parts else "")


def _interval(value: View, name: str, *, percent: bool = False) -> str:
    if value[name] is None:
        return "–"
    digits = ".0%" if percent else ".2f"
    text = format(value[name], digits)
    if value["low"] is None:
        return f"{text} (of {value['n']})"
    return f"{text}  ({value['low']:{digits}} to {value['high']:{digits}}, of {value['n']})"


def _ledger(ledger: View) -> str:
    return (
        f"{ledger['seconds_spent']:.0f} spent, {ledger['seconds_useful']:.0f} useful, "
        f"{ledger['seconds_wasted']:.0f} wasted, {ledger['seconds_saved']:.0f} saved"
    )


def _worst(defects: View) -> str:
    most = sorted(defects.items(), key=lambda item: -item[1]["n"])[:5]
    return ", ".join(f"{name} {value['n']}" for name, value in most) or "–"


def _trend(trend: View) -> str:
    if trend["direction"] == "unknown":
        return f"– ({trend['reason']})"
    range_ = f"{trend['per_day']:+.4f} a day ({trend['low']:+.4f} to {trend['high']:+.4f})"
    return f"{_ARROWS[trend['direction']]}  {range_}"


def _corrections(rows: Any) -> None:
    if not rows:
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("correction", "tried", "gain", "then passes"):
        table.add_column(heading)
    for row in rows[:8]:
        gain = "–" if row["gain_mean"] is None else f"{row['gain_mean']:+.2f}"
        passed = "–" if row["passed_share"] is None else f"{row['passed_share']:.0%}"
        table.add_row(f"{row['defect']} → {row['parameter']}", str(row["tried"]), gain, passed)
    Console(highlight=False).print(table)
