"""Assessments and profiles in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from tower_anime.domain.quality import Assessment, Profile, Verdict
from tower_anime.domain.timeline import timeline
from tower_anime.domain.views import assessment_view
from tower_anime.profiles import Listed
from tower_anime.terminal_marks import console, json_lines, score_text, styled

# ---- assess ---------------------------------------------------------------------------------


def assessments(found: Iterable[tuple[Path, Assessment]], *, as_json: bool) -> int:
    """Show assessments as they come and return the exit status."""
    verdicts = set()
    out = console()
    for path, assessment in found:
        verdicts.add(assessment.verdict)
        if as_json:
            json_lines([assessment_view(assessment, path=str(path))])
            continue
        for line in assessment_lines(str(path), assessment):
            out.print(line)
    if Verdict.UNMEASURED in verdicts:
        return 2
    return 1 if Verdict.REJECT in verdicts else 0


def assessment_lines(name: str, assessment: Assessment) -> list[Text]:
    """Return a file's verdict, and what was found below it."""
    line = Text.assemble(
        styled(assessment.verdict.value.ljust(10)), f" {score_text(assessment):>5}"
    )
    found = [Text(f"{'':19}{text}", style="dim") for text in _findings(assessment)]
    return [line.append(f"  {name}"), *found]


def _findings(assessment: Assessment) -> list[str]:
    if assessment.error:
        return [assessment.error.message]
    worst_first = sorted(assessment.defects, key=lambda defect: -defect.loss)
    lines = [f"{item.kind} {item.severity:.2f}: {item.message}" for item in worst_first]
    return list(dict.fromkeys(lines)) + _course(assessment)


_BARS = "▁▂▃▄▅▆▇█"
_SHOWN_S = 60


def _course(assessment: Assessment) -> list[str]:
    """Return a clip's score by second, and when which defect is seen."""
    course = timeline(assessment)
    if course is None:
        return []
    per_bar = -(-len(course.scores) // _SHOWN_S)
    worst = [min(course.scores[at : at + per_bar]) for at in range(0, len(course.scores), per_bar)]
    bars = "".join(_BARS[min(7, int(score * 8))] for score in worst)
    unit = "second" if per_bar == 1 else f"{per_bar} seconds"
    stretches = [
        f"  {stretch.begin_s:.2f}–{stretch.end_s:.2f} s  {stretch.kind} {stretch.severity:.2f}  "
        f"(frames {stretch.frames.first}–{stretch.frames.last})"
        for stretch in course.stretches
    ]
    return [f"score by {unit}  {bars}", *stretches]


def profiles(known: Sequence[Listed], *, as_json: bool) -> int:
    """Show the profiles; 1 if one of them can't be used."""
    if as_json:
        json_lines(_profile_view(item) for item in known)
    else:
        table = Table(box=None, pad_edge=False)
        for heading in ("profile", "passes at", "standard size", "approved by", "rules", "from"):
            table.add_column(heading, overflow="fold")
        for item in known:
            if item.profile is not None:
                source = str(item.source) if item.source else "built in"
                table.add_row(*_profile_row(item.profile), source)
        console().print(table)
        for item in known:
            if item.error:
                click.echo(f"tower-anime: {item.error}", err=True)
    return 1 if any(item.error for item in known) else 0


def _profile_row(profile: Profile) -> tuple[str, ...]:
    size = f"{profile.min_width}×{profile.min_height}"
    return (
        profile.label,
        f"{profile.threshold:.2f}",
        size,
        profile.review.value,
        _rules_of(profile),
    )


def _rules_of(profile: Profile) -> str:
    """Return in words what a profile says of defects."""
    acts = [
        f"{kind}: {action}"
        + (f" from {profile.severities[kind]:g}" if kind in profile.severities else "")
        for kind, action in profile.actions.items()
    ]
    relaxed = [f"{kind}: {share:.0%} forgiven" for kind, share in profile.relax.items()]
    return ", ".join((*acts, *relaxed)) or "–"


def _profile_view(item: Listed) -> dict[str, object]:
    source = str(item.source) if item.source else None
    profile = item.profile
    if profile is None:
        return {"name": item.name, "source": source, "error": item.error}
    return {
        "name": profile.name,
        "version": profile.version or "1",
        "threshold": profile.threshold,
        "min_width": profile.min_width,
        "min_height": profile.min_height,
        "review": profile.review.value,
        "required": list(profile.required),
        "actions": {kind: action.value for kind, action in profile.actions.items()},
        "severities": dict(profile.severities),
        "relax": dict(profile.relax),
        "source": source,
    }
