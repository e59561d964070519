"""`tower-anime learning` and `tower-anime stats`. Imports are inside the commands."""

from __future__ import annotations

from pathlib import Path

import click

_json_option = click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
_file = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.group()
def learning() -> None:
    """What earlier attempts teach: show, export, import or forget it."""


@learning.command()
@_json_option
def show(as_json: bool) -> None:
    """Show what is known of each checkpoint."""
    from tower_anime import lessons, terminal_learning
    from tower_anime.settings import read_settings

    terminal_learning.lessons(lessons.lessons(read_settings()), as_json=as_json)


@learning.command()
@_file
def export(file: Path) -> None:
    """Write every outcome to FILE as JSON Lines."""
    from tower_anime import lessons
    from tower_anime.settings import read_settings

    click.echo(f"{lessons.export(read_settings(), file)} outcomes")


@learning.command(name="import")
@_file
def import_(file: Path) -> None:
    """Add the outcomes that `export` wrote elsewhere."""
    from tower_anime import lessons
    from tower_anime.settings import read_settings

    click.echo(f"{lessons.import_(read_settings(), file)} new outcomes")


@learning.command()
@click.option("--yes", is_flag=True, help="Don't ask.")
def reset(yes: bool) -> None:
    """Forget what was learned; pictures and records stay."""
    from tower_anime import lessons
    from tower_anime.settings import read_settings

    if not yes:
        click.confirm("Learn from nothing that was made up to now?", abort=True)
    lessons.reset(read_settings())


@click.command()
@_json_option
def corrections(as_json: bool) -> None:
    """Show how far each correction helps, against a plain new seed where that was compared."""
    from tower_anime import lessons, terminal_learning
    from tower_anime.settings import read_settings

    terminal_learning.corrections(lessons.corrections(read_settings()), as_json=as_json)
