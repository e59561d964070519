"""Assessments and profiles in a terminal."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from tower_anime.domain.quality import Assessment, FrameRange, Profile, Verdict
from tower_anime.domain.timeline import timeline
from tower_anime.domain.views import assessment_view
from tower_anime.inspection import Look
from tower_anime.profiles import Listed
from tower_anime.rejudging import Again
from tower_anime.terminal_marks import console, json_lines, score_text, styled
from tower_anime.terminal_pictures import Way, shown, way_of_terminal

__all__ = ["assessment_lines", "assessments", "profiles", "rejudged", "way_of_terminal"]

BAR_FROM = 4
"""So many files are worth a progress bar."""

# ---- assess ---------------------------------------------------------------------------------


def assessments(looks: Iterable[Look], *, count: int, as_json: bool, way: Way | None) -> int:
    """Show assessments as they come, then their sum; returns the exit status."""
    verdicts: Counter[Verdict] = Counter()
    defects: Counter[str] = Counter()
    began_s = time.monotonic()
    out = console()
    with _progress(count) as advance:
        for look in looks:
            assessment = look.assessment
            verdicts[assessment.verdict] += 1
            defects.update({defect.kind for defect in assessment.defects})
            advance()
            if as_json:
                json_lines([assessment_view(assessment, path=str(look.path))])
                continue
            if way is not None and look.preview is not None:
                click.echo(shown(look.preview, way), nl=False)
            for line in assessment_lines(str(look.path), assessment):
                out.print(line)
    if not as_json and count > 1:
        out.print(_sum(verdicts, defects, time.monotonic() - began_s))
    return _status(verdicts)


def _status(verdicts: Mapping[Verdict, int]) -> int:
    if verdicts.get(Verdict.UNMEASURED):
        return 2
    return 1 if verdicts.get(Verdict.REJECT) else 0


def _sum(verdicts: Mapping[Verdict, int], defects: Counter[str], seconds: float) -> Text:
    line = Text(f"\n{sum(verdicts.values())} files in {seconds:.1f} s")
    for verdict in Verdict:
        if verdicts.get(verdict):
            line.append(", ").append(f"{verdicts[verdict]} ").append_text(styled(verdict.value))
    if defects:
        worst = ", ".join(f"{kind} {number}" for kind, number in defects.most_common(6))
        line.append(f"\ndefects: {worst}", style="dim")
    return line


@contextmanager
def _progress(count: int) -> Iterator[Callable[[], None]]:
    """Yield what counts a file; a bar on stderr, if that is a terminal and there are many."""
    if count < BAR_FROM or not sys.stderr.isatty():
        yield lambda: None
        return
    columns = (TextColumn("assessing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("assessing", total=count)
        yield lambda: progress.advance(task)


def rejudged(found: Iterable[Again], *, as_json: bool) -> int:
    """Show what another profile makes of stored measurements: the verdicts that change, a sum."""
    verdicts: Counter[Verdict] = Counter()
    lost: Counter[str] = Counter()
    changed = 0
    out = console()
    raw = sys.stdout.buffer
    rest = iter(found)
    while items := list(islice(rest, _LINES_AT_ONCE)):
        verdicts.update(item.verdict for item in items)
        lost.update(item.lost for item in items if item.lost)
        others = [item for item in items if item.before != item.verdict.value]
        changed += len(others)
        if as_json:
            raw.write(b"".join(item.text + b"\n" for item in items))
        elif others:
            out.print(Text("\n").join(map(_change, others)))
    raw.flush()
    if not as_json:
        counted = ", ".join(f"{number} {verdict.value}" for verdict, number in verdicts.items())
        total = sum(verdicts.values())
        out.print(f"{total} judged again: {counted or 'nothing'}; {changed} changed")
    for name, number in lost.items():
        click.echo(
            f"tower-anime: there is no profile {name!r} any more; "
            f"{number} judged by the usual one of their kind",
            err=True,
        )
    return _status(verdicts)


_LINES_AT_ONCE = 100


def _change(item: Again) -> Text:
    scores = " → ".join(
        "–" if score is None else f"{score:.2f}" for score in (item.score_before, item.score)
    )
    return Text.assemble(
        styled(item.before), " → ", styled(item.verdict.value), f"  {scores}  {item.path}"
    )


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
    lowest = [min(course.scores[at : at + per_bar]) for at in range(0, len(course.scores), per_bar)]
    bars = "".join(_BARS[min(7, int(score * 8))] for score in lowest)
    unit = "second" if per_bar == 1 else f"{per_bar} seconds"
    stretches = [
        f"  {stretch.begin_s:.2f}–{stretch.end_s:.2f} s  {stretch.kind} {stretch.severity:.2f}  "
        f"({_named(stretch.frames)})"
        for stretch in course.stretches
    ]
    worst = ", ".join(map(str, course.worst_frames))
    closing = [f"worst frames {worst}"] if len(course.worst_frames) > 1 else []
    return [f"score by {unit}  {bars}", *stretches, *closing]


def _named(frames: FrameRange) -> str:
    if frames.first == frames.last:
        return f"frame {frames.first}"
    return f"frames {frames.first}–{frames.last}"


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
