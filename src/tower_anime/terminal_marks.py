"""Words in colour, scores and JSON Lines: what all that is printed has in common."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable

import click
from rich.console import Console
from rich.text import Text

from tower_anime.domain.quality import Assessment

STYLES = {
    "approved": "green",
    "pass": "green",
    "ok": "green",
    "verified": "green",
    "needs_review": "yellow",
    "unmeasured": "yellow",
    "note": "yellow",
    "pending": "yellow",
    "rejected": "red",
    "reject": "red",
    "failed": "red",
    "problem": "red",
    "cancelled": "dim",
}


def styled(word: str) -> Text:
    """Return a verdict, status or state in its colour."""
    return Text(word, style=STYLES.get(word, ""))


def console() -> Console:
    """Return what prints to stdout; lines stay whole where nobody looks."""
    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def json_lines(values: Iterable[object]) -> None:
    """Print JSON Lines."""
    for value in values:
        click.echo(json.dumps(value, ensure_ascii=False))


def score_text(assessment: Assessment | None) -> str:
    """Return a score with two digits, a dash where there is none."""
    if assessment is None or assessment.score is None:
        return "–"
    return f"{assessment.score:.2f}"
