"""What `workflow` shows: tables for people, JSON Lines for scripts."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from tower_anime.workflows import Checked, View, tree

UNREADABLE, NOT_FINE = 2, 1


def overview(found: Sequence[View], *, as_json: bool) -> None:
    """List workflows."""
    if as_json:
        _json_lines(found)
        return
    table = Table("name", "makes", "family", "starts from", box=None, pad_edge=False)
    for view in found:
        start = "a picture (--image)" if view.get("needs_image") else "words"
        if "versions" in view:
            start = ""
        table.add_row(view["name"], view["title"], view.get("family", ""), start)
    Console().print(table)


def checks(found: Sequence[Checked], *, as_json: bool) -> int:
    """Show what was found; 0 all fine, 1 some not, 2 some unreadable."""
    if as_json:
        _json_lines([each.view for each in found])
    else:
        for each in found:
            _story(each)
    if any(each.is_unreadable for each in found):
        return UNREADABLE
    return 0 if all(each.is_fine for each in found) else NOT_FINE


def shown(found: Checked, *, as_json: bool) -> int:
    """Describe one workflow and draw it; what a server lacks is no failure here."""
    status = checks([found], as_json=as_json)
    if not as_json:
        click.echo()
        for line in tree(found):
            click.echo(f"  {line}")
    return UNREADABLE if status == UNREADABLE else 0


def changed(found: Checked) -> int:
    """Say where the changed file is, and on stderr what a server would not take."""
    click.echo(found.view["path"])
    for line in _trouble(found.view):
        click.echo(line, err=True)
    return 0 if found.is_fine else NOT_FINE


def converted(graph: str, told: Sequence[str], *, out: Path | None) -> int:
    """Print the graph, unless it went to a file, and on stderr what is to be told about it."""
    if out is None:
        sys.stdout.write(graph)
    for line in told:
        click.echo(line, err=True)
    return NOT_FINE if any(line.startswith("missing node") for line in told) else 0


def _story(found: Checked) -> None:
    view = found.view
    if found.is_unreadable:
        click.echo(f"{view['path']}: {view['error']['message']}", err=True)
        return
    word = "fine" if found.is_fine else "not fine"
    click.echo(f"{view['path']}: {word}, {view['nodes']} nodes, family {view['family']}")
    for name, slots in view["bound"].items():
        places = ", ".join(f"{slot['node']}.{slot['input']}" for slot in slots)
        value = json.dumps(slots[0]["value"], ensure_ascii=False)
        whose = "; bound by you" if name in view["bound_by_user"] else ""
        click.echo(f"  {name} = {value}  ({places}{whose})")
    for slot in view["moved_with_steps"]:
        click.echo(f"  moves with steps: {slot['node']}.{slot['input']} = {slot['value']}")
    for doubt in view["ambiguous"]:
        places = ", ".join(f"{slot['node']}.{slot['input']}" for slot in doubt["candidates"])
        click.echo(f"  {doubt['parameter']} is open: {doubt['reason']} ({places})")
    for line in _trouble(view):
        click.echo(f"  {line}")


def _trouble(view: View) -> list[str]:
    lines = list[str]()
    for name in view["missing_nodes"]:
        near = ", ".join(view["nearest"].get(name, ()))
        lines.append(f"missing node: {name}" + (f"; nearest: {near}" if near else ""))
    for problem in view["problems"]:
        where = f"node {problem['node']}: " if problem["node"] else ""
        lines.append(f"problem: {where}{problem['message']}")
    lines += [f"note: {note}" for note in view.get("notes", ())]
    return lines


def _json_lines(values: Sequence[View]) -> None:
    for value in values:
        sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
