"""What `learning` and `stats` show: tables for people, JSON Lines for scripts."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import asdict

import click
from rich.console import Console
from rich.table import Table

from tower_anime import teachings
from tower_anime.compose import open_store
from tower_anime.domain.lesson import Forgotten, WordLift
from tower_anime.lessons import Lesson, Uplift
from tower_anime.settings import Settings


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


def forgotten(found: Sequence[Forgotten]) -> None:
    """Show what is learned from no more."""
    for one in found:
        click.echo(f"forgotten: {one.says}, up to {one.at:%Y-%m-%d %H:%M} UTC")


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


def words(settings: Settings, *, like: str | None, as_json: bool) -> None:
    """Show what is known of words, or the past prompts like one."""
    sandbox = not settings.comfy_urls
    with contextlib.closing(open_store(settings)) as store:
        if like is not None:
            _alike(teachings.alike(store, like, sandbox=sandbox), as_json=as_json)
            return
        found = teachings.vocabularies(store, sandbox=sandbox)
    if as_json:
        for vocabulary in found:
            click.echo(json.dumps(vocabulary.view(), ensure_ascii=False))
        return
    table = Table("word", "score", "sure?", "with", "without", "passes", box=None, pad_edge=False)
    for vocabulary in found:
        for lift in vocabulary.words[: teachings.MOST_WORDS]:
            table.add_row(*_word_row(lift))
    if not table.row_count:
        click.echo("no word was said often enough yet to be compared")
        return
    Console().print(table)


def _word_row(lift: WordLift) -> tuple[str, ...]:
    word = " + ".join(lift.words)
    return (
        f"not {word}" if lift.negative else word,
        f"{lift.lift:+.3f} ({lift.low:+.3f} to {lift.high:+.3f})",
        "helps" if lift.sure else "harms" if lift.high < 0 else "no",
        str(lift.present),
        str(lift.absent),
        f"{lift.passing:+.0%}",
    )


def _alike(found: Sequence[dict[str, object]], *, as_json: bool) -> None:
    if as_json:
        for one in found:
            click.echo(json.dumps(one, ensure_ascii=False))
        return
    if not found:
        click.echo("no past prompt has anything in common with this one")
        return
    table = Table("alike", "score", "passed", "times", "prompt", box=None, pad_edge=False)
    for one in found:
        table.add_row(
            f"{one['likeness']:.2f}",
            f"{one['score']:.2f}",
            f"{one['passing']:.0%}",
            str(one["times"]),
            str(one["prompt"]),
        )
    Console().print(table)


def people(settings: Settings, *, as_json: bool) -> None:
    """Show the calibration of each profile to people's decisions."""
    with contextlib.closing(open_store(settings)) as store:
        found = teachings.calibrations(store, settings, sandbox=not settings.comfy_urls)
    if as_json:
        for name, one in found.items():
            click.echo(json.dumps({"profile": name, **asdict(one)}, ensure_ascii=False))
        return
    if not found:
        click.echo("nobody has decided on anything yet")
        return
    for name, one in found.items():
        click.echo(f"{name}: {one.decisions} decisions, {one.approved} approved")
        for line in one.says:
            click.echo(f"  {line}")
        table = Table("  score", "decisions", "approved", "95 %", "expected", box=None)
        for row in one.reliability:
            reach = f"{row.low:.0%} to {row.high:.0%}"
            share = f"{row.share:.0%}"
            scores = f"  {row.above:.1f} to {row.below:.1f}"
            table.add_row(scores, str(row.decisions), share, reach, f"{row.expected:.0%}")
        Console().print(table)


def style(settings: Settings, *, as_json: bool) -> None:
    """Show each project's measured style."""
    with contextlib.closing(open_store(settings)) as store:
        found = teachings.project_styles(store, settings, sandbox=not settings.comfy_urls)
    if as_json:
        for one in found:
            click.echo(json.dumps(one.view(), ensure_ascii=False))
        return
    if not found:
        click.echo("no project has approved pictures yet")
        return
    for one in found:
        name = f"{one.project}, {one.checkpoint or 'its workflow'}: {one.pictures} pictures"
        if one.style is None:
            click.echo(f"{name}; {one.view()['needed']} are needed to tell a style")
            continue
        click.echo(name)
        if one.moved is not None and teachings.has_moved(one.moved):
            click.echo(f"  it moved: {one.moved:.0%} of the newest are not drawn like those before")
        table = Table("  feature", "mean", "spread", box=None)
        for feature, figures in one.view()["features"].items():
            table.add_row(f"  {feature}", f"{figures['mean']:.2f}", f"{figures['spread']:.2f}")
        Console().print(table)


def drift(settings: Settings, *, as_json: bool) -> None:
    """Show what changed."""
    with contextlib.closing(open_store(settings)) as store:
        found = teachings.changes(store, sandbox=not settings.comfy_urls)
        styles = teachings.moved_styles(store, sandbox=not settings.comfy_urls)
    told = [(family, shift) for family, shifts in found.items() for shift in shifts]
    for family, shift in told:
        one = {"family": family, **asdict(shift)}
        click.echo(json.dumps(one, ensure_ascii=False) if as_json else f"{family}: {shift.says}")
    gone = {project: share for project, share in styles.items() if teachings.has_moved(share)}
    for project, share in gone.items():
        says = f"{share:.0%} of the newest approved pictures are not drawn like those before"
        line = {"project": project, "kind": "style", "share": share, "says": says}
        click.echo(json.dumps(line, ensure_ascii=False) if as_json else f"{project}: {says}")
    if not told and not gone and not as_json:
        click.echo("nothing changed that would make older evidence count less")
