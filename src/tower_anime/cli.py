"""The command line: thin commands over `compose`.

Imports are inside the commands: `--help` must answer at once, and most of them need little.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from tower_anime import __version__
from tower_anime.cli_assess import assess, profiles
from tower_anime.cli_deploy import import_legacy, service
from tower_anime.cli_director import director
from tower_anime.cli_learning import corrections, learning
from tower_anime.cli_review import review, stats
from tower_anime.cli_watch import watch
from tower_anime.cli_worker import worker
from tower_anime.errors import BadInput, Cancelled, TowerError

if TYPE_CHECKING:
    from tower_anime.domain.brief import Brief
    from tower_anime.settings import Settings

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


class Terminated(SystemExit):
    """Ends a command at SIGTERM through all its clean-up."""


def _terminate(number: int, _frame: object) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a second one ends at once
    raise Terminated(128 + number)


class Commands(click.Group):
    """A group that turns our errors into a message on stderr and an exit status."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run, and leave even if a thread hangs that waits for a database which is gone."""
        try:
            return super().main(*args, **kwargs)
        except SystemExit as end:
            compose = sys.modules.get("tower_anime.compose")  # else nothing was started
            if compose is not None and compose.engine_hangs():
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(end.code if isinstance(end.code, int) else EXIT_FAILED)
            raise

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; 2 for a wrong value, 1 for any other error of ours."""
        try:
            return super().invoke(ctx)
        except BadInput as error:
            _die(str(error), EXIT_USAGE)
        except Cancelled as error:
            _die(str(error), EXIT_INTERRUPTED)
        except TowerError as error:
            _die(str(error), EXIT_FAILED)
        except BrokenPipeError:
            sys.stderr.close()
            raise SystemExit(EXIT_FAILED) from None


def _die(message: str, status: int) -> NoReturn:
    click.echo(f"tower-anime: {message}", err=True)
    raise SystemExit(status)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="A first picture:  tower-anime generate '1girl, rainy neon street, umbrella'",
)
@click.version_option(__version__, prog_name="tower-anime")
@click.option("-v", "--verbose", is_flag=True, help="Say on stderr what happens.")
def main(verbose: bool) -> None:
    """Quality control of self-hosted anime production.

    Ask for a picture: it is generated on ComfyUI (or the built-in sandbox), measured, corrected
    and tried again within a budget, and published into your library once it is approved.
    """
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )


def _json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--json", "as_json", is_flag=True, help="One JSON object per line on stdout."
    )(command)


def _settings(**overrides: Any) -> Settings:
    from tower_anime.settings import read_settings

    return read_settings(**overrides)


# ---- generate -------------------------------------------------------------------------------


@main.command(no_args_is_help=True)
@click.argument("prompts", nargs=-1, metavar="PROMPT…")
@click.option(
    "--prompts",
    "file",
    type=click.File(encoding="utf-8"),
    help="Prompts from a file, one a line (text or a JSON object); - reads stdin.",
)
@click.option("--negative", default="", help="What the picture must not show.")
@click.option("--project", default=None, help="Project it belongs to.  [default: Default]")
@click.option("--profile", default=None, help="Rules it is judged by; see `profiles`.")
@click.option("--kind", default="still", help="still or clip.  [default: still]")
@click.option(
    "--workflow",
    metavar="NAME|FILE",
    help="One that comes along or was imported (see `workflow list`), or a file of ComfyUI's.",
)
@click.option("--image", metavar="FILE", help="The picture that an image-to-image starts from.")
@click.option("--mask", metavar="FILE", help="White where the picture is drawn anew (inpainting).")
@click.option("--size", metavar="WxH", help="Size in pixels, for example 832x1216.")
@click.option("--duration", type=float, metavar="S", help="Length of a clip, seconds.")
@click.option("--frame-rate", type=float, metavar="F", help="Frames a second of a clip.")
@click.option("--seed", type=int, help="Seed of the first attempt.")
@click.option(
    "--set",
    "settings_",
    multiple=True,
    metavar="KEY=VALUE",
    help="A parameter of the request: steps, cfg, sampler, scheduler, denoise, checkpoint, …",
)
@click.option("--lock", multiple=True, metavar="KEY", help="Never change this parameter.")
@click.option("--max-attempts", type=int, default=4, show_default=True, help="Budget of tries.")
@click.option("--count", type=int, default=1, show_default=True, help="Pictures per prompt.")
@click.option("--keep", default="all", show_default=True, help="all, or best: publish only that.")
@click.option("--max-steps", type=int, help="Budget in sampler steps, all tries together.")
@click.option("--max-seconds", type=float, metavar="S", help="Budget in seconds at the server.")
@click.option("--comfy", multiple=True, metavar="URL", help="A ComfyUI server; repeatable.")
@click.option(
    "--director",
    default="auto",
    show_default=True,
    help="auto, rules, ollama, openai, echo or off.",
)
@click.option("--publish/--no-publish", default=True, help="Write approved files to the library.")
@click.option("--detach", is_flag=True, help="Leave the work to a running `serve`.")
@_json_option
def generate(
    prompts: tuple[str, ...],
    file: Iterable[str] | None,
    comfy: tuple[str, ...],
    detach: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Generate, measure, correct and publish pictures.

    \b
    tower-anime generate '1girl, rainy neon street, umbrella'
    tower-anime generate '{spring|autumn} forest, shrine' --count 2 --size 832x1216
    tower-anime generate '1girl' --set steps=8 --lock steps     (correction leaves steps alone)
    tower-anime generate 'a girl walks in the rain' --kind clip --duration 5

    Exit status: 0 all approved (and published), 1 some not, 2 wrong usage.
    """  # noqa: D301 - click wants the character itself
    settings = _settings(comfy_urls=comfy or None)
    briefs = _briefs(list(_wishes(prompts, file, options)))
    if detach:
        _leave(settings, briefs, as_json=as_json)
        return
    signal.signal(signal.SIGTERM, _terminate)
    try:
        status = _generate(settings, briefs, as_json=as_json)
    except Terminated:
        click.echo(
            "tower-anime: stopped; what is unfinished goes on in a running `serve`, or at the "
            "next start of `serve` or `generate`",
            err=True,
        )
        raise
    raise SystemExit(status)


def _leave(settings: Settings, briefs: list[Brief], *, as_json: bool) -> None:
    from tower_anime import terminal
    from tower_anime.errands import leave_in_queue
    from tower_anime.workflows import keep_inputs

    kept = [keep_inputs(settings, brief) for brief in briefs]
    terminal.queued(leave_in_queue(settings, kept), as_json=as_json)


def _generate(settings: Settings, briefs: list[Brief], *, as_json: bool) -> int:
    from tower_anime.own_sandbox import own_sandbox

    with own_sandbox(settings) as sandbox:
        from tower_anime import terminal
        from tower_anime.compose import open_app
        from tower_anime.workflows import keep_inputs

        kept = [keep_inputs(settings, brief) for brief in briefs]
        with open_app(settings, role="generate", first_contact_s=0.0, sandbox=sandbox) as app:
            return terminal.generate(app, kept, as_json=as_json)


def _wishes(
    prompts: tuple[str, ...], file: Iterable[str] | None, options: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Yield a request for each prompt of the command line, then of the file."""
    if prompts and file is not None:
        raise BadInput("give prompts on the command line or with --prompts, not both")
    common = {key: value for key, value in options.items() if key != "settings_"}
    common["set"] = dict(_pair(text) for text in options["settings_"])
    common = {key: value for key, value in common.items() if value is not None}
    for prompt in prompts:
        yield {**common, "prompt": prompt}
    for number, line in enumerate(file or (), start=1):
        text = line.strip()
        if text:
            yield _merged(common, _file_wish(text, number))


def _file_wish(text: str, number: int) -> dict[str, Any]:
    if not text.startswith("{") or not text.endswith("}") or '"' not in text:
        return {"prompt": text}
    try:
        wish = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadInput(f"line {number} of the prompt file is no JSON object: {error}") from error
    return dict(wish)


def _merged(common: dict[str, Any], wish: dict[str, Any]) -> dict[str, Any]:
    return {**common, **wish, "set": {**common["set"], **wish.get("set", {})}}


def _pair(text: str) -> tuple[str, str]:
    key, sep, value = text.partition("=")
    if not sep or not key.strip():
        raise BadInput(f"a setting is written key=value, for example steps=28; not {text!r}")
    return key.strip(), value.strip()


def _briefs(wishes: list[dict[str, Any]]) -> list[Brief]:
    from tower_anime.domain.wish import briefs_of

    briefs = [brief for wish in wishes for brief in briefs_of(wish)]
    if not briefs:
        raise BadInput("no prompt is given; say what the picture should show")
    return briefs


@main.command()
@_json_option
def demo(as_json: bool) -> None:
    """Show the whole loop on the built-in sandbox, in a few seconds."""
    from tower_anime.own_sandbox import own_sandbox

    settings = _settings(comfy_urls=())
    with own_sandbox(settings) as sandbox:
        from tower_anime import terminal
        from tower_anime.compose import open_app

        with open_app(settings, role="demo", first_contact_s=30.0, sandbox=sandbox) as app:
            status = terminal.demo(app, as_json=as_json)
    raise SystemExit(status)


main.add_command(assess)
main.add_command(profiles)

# ---- workflows ------------------------------------------------------------------------------


@main.group()
def workflow() -> None:
    """Import, list, check, convert and change ComfyUI workflows."""


def _catalog_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--catalog",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="OBJECT_INFO.json",
        help="Node classes to check against.  [default: those of the configured server]",
    )(command)


@workflow.command(name="list")
@_json_option
def list_workflows(as_json: bool) -> None:
    """List the workflows that come along and those that were imported."""
    from tower_anime import terminal_workflows, workflows

    terminal_workflows.overview(workflows.listed(_settings()), as_json=as_json)


@workflow.command(name="show")
@click.argument("name", metavar="NAME|FILE")
@_catalog_option
@click.option(
    "--svg", type=click.Path(path_type=Path, dir_okay=False), help="Also draw it to this file."
)
@_json_option
def show_workflow(name: str, catalog: Path | None, svg: Path | None, as_json: bool) -> None:
    """Show what a workflow's parameters are bound to, and draw it."""
    from tower_anime import terminal_workflows, workflows

    settings = _settings()
    found = workflows.show(settings, name, workflows.catalog_of(settings, catalog))
    if svg is not None:
        workflows.write(svg, workflows.drawing(found))
    raise SystemExit(terminal_workflows.shown(found, as_json=as_json))


@workflow.command(name="check", no_args_is_help=True)
@click.argument("names", nargs=-1, required=True, metavar="NAME|FILE…")
@_catalog_option
@_json_option
def check_workflows(names: tuple[str, ...], catalog: Path | None, as_json: bool) -> None:
    """Check whether a server would take workflows.

    Exit status: 0 all fine, 1 problems or missing nodes, 2 something could not be read.
    """
    from tower_anime import terminal_workflows, workflows

    settings = _settings()
    found = workflows.check(settings, names, workflows.catalog_of(settings, catalog))
    raise SystemExit(terminal_workflows.checks(found, as_json=as_json))


@workflow.command(name="convert", no_args_is_help=True)
@click.argument("name", metavar="NAME|FILE")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="[default: stdout]")
@_catalog_option
def convert_workflow(name: str, out: Path | None, catalog: Path | None) -> None:
    """Write a workflow in API format, whatever format it is in.

    Exit status: 0 fine, 1 classes are missing on the server, 2 the file could not be read.
    """
    from tower_anime import terminal_workflows, workflows

    settings = _settings()
    known = workflows.catalog_of(settings, catalog)
    graph, told = workflows.to_api_format(settings, name, known)
    if out is not None:
        workflows.write(out, graph)
    raise SystemExit(terminal_workflows.converted(graph, told, out=out))


@workflow.command(name="import", no_args_is_help=True)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--name", help="What to call it.  [default: the file's name]")
def import_workflow(file: Path, name: str | None) -> None:
    """Keep a workflow by name; the same name again makes a new version."""
    from tower_anime import workflows

    click.echo(workflows.keep_by_name(_settings(), file, name=name))


@workflow.command(name="set", no_args_is_help=True)
@click.argument("name", metavar="NAME|FILE")
@click.argument("pairs", nargs=-1, required=True, metavar="KEY=VALUE…")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False))
@_catalog_option
def set_workflow(name: str, pairs: tuple[str, ...], out: Path, catalog: Path | None) -> None:
    """Write a workflow with parameters changed, and nothing else in it."""
    from tower_anime import terminal_workflows, workflows

    values = dict(_pair(text) for text in pairs)
    settings = _settings()
    known = workflows.catalog_of(settings, catalog)
    found = workflows.set_parameters(settings, name, values, known, out=out)
    raise SystemExit(terminal_workflows.changed(found))


# ---- look, decide ---------------------------------------------------------------------------


@main.command(name="list")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@click.option("--status", help="Only those with this status.")
@click.option("--project", help="Only those of this project.")
@_json_option
def list_(limit: int, status: str | None, project: str | None, as_json: bool) -> None:
    """List generations, newest first."""
    from tower_anime import terminal
    from tower_anime.errands import listed

    found = listed(_settings(), limit=limit, status=status, project=project)
    terminal.overview(found, as_json=as_json)


@main.command()
@click.argument("generation_id", metavar="ID")
@_json_option
def show(generation_id: str, as_json: bool) -> None:
    """Show one generation: its attempts, what was corrected, where the file is."""
    from tower_anime import terminal
    from tower_anime.errands import looked_up

    terminal.details(looked_up(_settings(), generation_id), as_json=as_json)


@main.command()
@click.argument("generation_id", metavar="ID")
def cancel(generation_id: str) -> None:
    """Cancel a generation that waits or runs."""
    from tower_anime.errands import request_cancel

    click.echo(request_cancel(_settings(), generation_id))


@main.command()
@click.argument("generation_id", metavar="ID")
def publish(generation_id: str) -> None:
    """Write an approved generation into the library and wait until that is confirmed.

    Where it is there already, it is only looked for. Exit status: 0 confirmed, 1 not.
    """
    from tower_anime.errands import publish_now

    publication = publish_now(_settings(), generation_id)
    click.echo(f"{publication.state}: {publication.location or publication.reason}")
    if publication.location and publication.reason:
        click.echo(publication.reason, err=True)
    raise SystemExit(0 if publication.state == "verified" else EXIT_FAILED)


@main.command()
@click.argument("generation_id", metavar="ID")
def withdraw(generation_id: str) -> None:
    """Take a published file out of the library; `publish` brings it back."""
    from tower_anime.errands import withdraw_now

    publication = withdraw_now(_settings(), generation_id)
    click.echo(f"{publication.state}: {publication.reason}")
    raise SystemExit(0 if publication.state == "withdrawn" else EXIT_FAILED)


# ---- servers, upkeep ------------------------------------------------------------------------


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=44451, show_default=True)
@click.option("--comfy", multiple=True, metavar="URL", help="A ComfyUI server; repeatable.")
def serve(host: str, port: int, comfy: tuple[str, ...]) -> None:
    """Run API, pages and workers in one process."""
    from tower_anime.own_sandbox import own_sandbox

    settings = _settings(comfy_urls=comfy or None)
    with own_sandbox(settings) as sandbox:
        from tower_anime.web.serve import run

        run(settings, host=host, port=port, sandbox=sandbox)


main.add_command(worker)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8199, show_default=True)
@click.option(
    "--seconds-per-step",
    type=click.FloatRange(0, 60),
    default=0.0,
    show_default=True,
    help="How long each step of a sampler takes.",
)
@click.option(
    "--faults",
    default="",
    metavar="NAME[:SHARE],…",
    help="Misbehave, always or in a share of the cases (oom:0.1,slow_history): oom, black, "
    "truncate, damage, no_file, restart, lost, drop_socket, silent_socket, no_socket, "
    "slow_history, http_500, hang, lost_answer.",
)
@click.option(
    "--world",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Other than 0: what settings each model is good at is drawn by lot, for benchmarks.",
)
def sandbox(host: str, port: int, seconds_per_step: float, faults: str, world: int) -> None:
    """Run the built-in generator alone: ComfyUI's protocol, drawn pictures, no GPU.

    It draws from the words of the prompt and spoils pictures and clips the way models do; it is no
    diffusion model. docs/sandbox.md lists its words, models and faults.
    """
    from tower_anime.errands import run_sandbox

    run_sandbox(host=host, port=port, seconds_per_step=seconds_per_step, faults=faults, world=world)


@main.command()
@_json_option
def doctor(as_json: bool) -> None:
    """Look at everything the product needs, and say how to mend what is wrong.

    Exit status: 0 it can work (there may be notes), 1 there is a problem.
    """
    from tower_anime import terminal
    from tower_anime.doctor import diagnose_here

    raise SystemExit(terminal.findings(diagnose_here(), as_json=as_json))


@main.group()
def db() -> None:
    """Look after the database."""


@db.command()
def upgrade() -> None:
    """Bring the database to this version's schema, after a backup."""
    from tower_anime.compose import upgrade_database

    applied = upgrade_database(_settings())
    click.echo(f"applied: {', '.join(applied)}" if applied else "the database is up to date")


@db.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(file: Path) -> None:
    """Copy the database into FILE while everything goes on (SQLite)."""
    from tower_anime.upkeep import backup_database

    backup_database(_settings(), file)
    click.echo(
        f"the database is copied into {file}; artifacts and library are files: copy them too"
    )


@db.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def restore(file: Path) -> None:
    """Put the copy FILE in the place of the database (SQLite); stop everything first."""
    from tower_anime.upkeep import restore_database

    kept = restore_database(_settings(), file)
    click.echo(f"restored from {file}")
    if kept:
        click.echo(f"what was there before is kept in {kept}")


main.add_command(director)
main.add_command(import_legacy)
main.add_command(service)
main.add_command(learning)
main.add_command(review)
stats.add_command(corrections)
main.add_command(stats)
main.add_command(watch)
