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

    settings = read_settings()
    terminal_learning.lessons(lessons.lessons(settings), as_json=as_json)
    if not as_json:
        terminal_learning.forgotten(lessons.forgotten(settings))


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


_PARTS = ("parameters", "corrections", "words", "people", "style")


@learning.command()
@click.option("--part", type=click.Choice(_PARTS), help="Only this part.  [default: all]")
@click.option("--family", help="Only of this model family.")
@click.option("--project", help="Only of this project.")
@click.option("--undo", is_flag=True, help="Take every earlier reset back.")
@click.option("--yes", is_flag=True, help="Don't ask.")
def reset(part: str | None, family: str | None, project: str | None, undo: bool, yes: bool) -> None:
    """Forget what was learned; pictures and records stay."""
    from tower_anime import lessons
    from tower_anime.domain.lesson import Part
    from tower_anime.settings import read_settings

    if undo:
        click.echo(f"{lessons.undo_reset(read_settings())} resets taken back")
        return
    if not yes:
        click.confirm("Learn from nothing of it that was made up to now?", abort=True)
    chosen = Part(part) if part else None
    lessons.reset(read_settings(), part=chosen, family=family, project=project)


@learning.command()
@click.option("--like", metavar="PROMPT", help="Show past prompts that are like this one.")
@_json_option
def words(like: str | None, as_json: bool) -> None:
    """Show which words help or harm, with how sure that is."""
    from tower_anime import terminal_learning
    from tower_anime.settings import read_settings

    terminal_learning.words(read_settings(), like=like, as_json=as_json)


@learning.command()
@_json_option
def people(as_json: bool) -> None:
    """Show how the score relates to what people decided, and the bar that follows."""
    from tower_anime import terminal_learning
    from tower_anime.settings import read_settings

    terminal_learning.people(read_settings(), as_json=as_json)


@learning.command()
@_json_option
def style(as_json: bool) -> None:
    """Show the measured style of each project's approved pictures."""
    from tower_anime import terminal_learning
    from tower_anime.settings import read_settings

    terminal_learning.style(read_settings(), as_json=as_json)


@learning.command()
@_json_option
def drift(as_json: bool) -> None:
    """Show what changed, so that older evidence counts less."""
    from tower_anime import terminal_learning
    from tower_anime.settings import read_settings

    terminal_learning.drift(read_settings(), as_json=as_json)


@click.command()
@_json_option
def corrections(as_json: bool) -> None:
    """Show how far each correction helps, against a plain new seed where that was compared."""
    from tower_anime import lessons, terminal_learning
    from tower_anime.settings import read_settings

    terminal_learning.corrections(lessons.corrections(read_settings()), as_json=as_json)
