"""Commands about decisions and figures: `review`, `stats`."""

from __future__ import annotations

from typing import Any

import click


@click.group()
def review() -> None:
    """Decide on results as a person; no machine overrules it."""


@review.command(name="list")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@click.option("--project", help="Only those of this project.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line on stdout.")
def list_(limit: int, project: str | None, as_json: bool) -> None:
    """List what awaits a decision, newest first."""
    from tower_anime import terminal
    from tower_anime.errands import listed
    from tower_anime.settings import read_settings

    found = listed(read_settings(), limit=limit, status="needs_review", project=project)
    if not found and not as_json:
        click.echo("Nothing awaits a decision.")
        return
    terminal.overview(found, as_json=as_json)


def _decided(generation_id: str, decision: str, reasons: tuple[str, ...], note: str) -> None:
    from tower_anime.desk import decide
    from tower_anime.domain.generation import PersonDecision
    from tower_anime.settings import read_settings

    history = decide(
        read_settings(),
        generation_id,
        decision=PersonDecision(decision),
        reasons=reasons,
        note=note,
    )
    click.echo(f"{history.generation.status.value}: {generation_id}")


def _with_reasons(command: Any) -> Any:
    for option in (
        click.option("--note", default="", help="Anything to remember."),
        click.option(
            "--reason", "reasons", multiple=True, help="Why, in a word: hands, face, …; repeatable."
        ),
        click.argument("generation_id", metavar="ID"),
    ):
        command = option(command)
    return command


@review.command()
@_with_reasons
def approve(generation_id: str, reasons: tuple[str, ...], note: str) -> None:
    """Approve; a running `serve`, or `publish ID`, writes it into the library."""
    _decided(generation_id, "approve", reasons, note)


@review.command()
@_with_reasons
def reject(generation_id: str, reasons: tuple[str, ...], note: str) -> None:
    """Reject."""
    _decided(generation_id, "reject", reasons, note)


@review.command()
@click.argument("generation_id", metavar="ID")
def undo(generation_id: str) -> None:
    """Take the newest decision back; the status before it holds again."""
    from tower_anime.desk import take_back
    from tower_anime.settings import read_settings

    click.echo(f"{take_back(read_settings(), generation_id).value}: {generation_id}")


@click.group(invoke_without_command=True)
@click.pass_context
@click.option("--days", type=click.IntRange(1, 36_500), default=30, show_default=True)
@click.option("--project", help="Only this project.")
@click.option(
    "--backend",
    type=click.Choice(["comfyui", "sandbox", "all"]),
    help="Whose results.  [default: the sandbox's if no server is configured]",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def stats(
    ctx: click.Context, days: int, project: str | None, backend: str | None, as_json: bool
) -> None:
    """Show how much was made, how good it is, what it cost and which way it goes."""
    if ctx.invoked_subcommand is not None:
        return
    from tower_anime import terminal_stats
    from tower_anime.desk import statistics
    from tower_anime.settings import read_settings

    found = statistics(read_settings(), days=days, project=project, backend=backend)
    terminal_stats.show(found, as_json=as_json)
