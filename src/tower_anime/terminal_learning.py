"""What `learning` and `stats` show: tables for people, JSON Lines for scripts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

import click
from rich.console import Console
from rich.table import Table

from tower_anime.lessons import Lesson, Uplift


def lessons(found: Sequence[Lesson], *, as_json: bool) -> None:
    """Show what is known of each checkpoint."""
    if as_json:
        for lesson in found:
            click.echo(json.dumps(asdict(lesson), ensure_ascii=False))
        return
    if not found:
        click.echo("nothing is learned yet: no attempt was measured")
        return
    table = Table(
        "server", "family", "checkpoint", "tries", "good", "usual", box=None, pad_edge=False
    )
    for lesson in found:
        usual = ", ".join(f"{name} {value}" for name, value in lesson.usual.items())
        row = (lesson.backend, lesson.family, lesson.checkpoint)
        table.add_row(*row, str(lesson.attempts), str(lesson.passed), usual)
    Console().print(table)


def corrections(found: Sequence[Uplift], *, as_json: bool) -> None:
    """Show every change that was tried against a defect."""
    if as_json:
        for item in found:
            click.echo(json.dumps(item.view(), ensure_ascii=False))
        return
    if not found:
        click.echo("no correction was tried yet")
        return
    names = ("defect", "change", "family", "server", "tries", "mended", "against a new seed")
    table = Table(*names, box=None, pad_edge=False)
    for item in found:
        effect = item.effect
        row = (item.defect, item.change, item.family, item.backend)
        table.add_row(*row, str(effect.tries), str(effect.fixed), _compared(item))
    Console().print(table)


def _compared(item: Uplift) -> str:
    effect = item.effect
    if effect.uplift is None or effect.low is None or effect.high is None:
        return "not compared yet"
    words = f"{effect.uplift:+.2f} ({effect.low:+.2f} to {effect.high:+.2f})"
    return f"{words}, retired" if effect.retired else words
