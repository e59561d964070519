"""The command `watch`."""

from __future__ import annotations

import time
from pathlib import Path

import click

from tower_anime.errors import BadInput


@click.command(no_args_is_help=True)
@click.argument("folder", required=False, metavar="[DIR]", type=click.Path(path_type=Path))
@click.option("--comfy", metavar="URL", help="A ComfyUI server instead of a folder.")
@click.option("--existing", is_flag=True, help="Also what is there already.")
@click.option("--prompt", help="What the pictures should show.  [default: what the workflow says]")
@click.option("--profile", help="Rules; see `profiles`.  [default: still, for clips clip]")
@click.option(
    "--every",
    "pause_s",
    type=click.FloatRange(0.1, 3600),
    default=2.0,
    show_default=True,
    metavar="S",
    help="Look this often.",
)
@click.option(
    "--for",
    "for_s",
    type=click.FloatRange(0, 1e8),
    metavar="S",
    help="End after so many seconds.  [default: never]",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line on stdout.")
def watch(
    folder: Path | None,
    comfy: str | None,
    existing: bool,
    prompt: str | None,
    profile: str | None,
    pause_s: float,
    for_s: float | None,
    as_json: bool,
) -> None:
    """Assess whatever a folder or a ComfyUI server produces, whoever asked for it.

    \b
    tower-anime watch ~/ComfyUI/output
    tower-anime watch --comfy http://127.0.0.1:8188 --json

    Nothing there is changed. It goes on until it is interrupted, or for the time of --for.
    Exit status: that of `assess` over all that was seen.
    """  # noqa: D301 - click wants the character itself
    from tower_anime import terminal_watch
    from tower_anime.settings import read_settings
    from tower_anime.watching import Rules, folder_source, server_source
    from tower_anime.watching import watch as watched

    if (folder is None) == (comfy is None):
        raise BadInput("watch either a folder or, with --comfy URL, a server")
    settings = read_settings()
    end_s = None if for_s is None else time.monotonic() + for_s
    with (
        folder_source(folder, existing=existing)
        if folder is not None
        else server_source(settings, str(comfy), existing=existing)
    ) as source:
        found = watched(
            settings,
            source,
            Rules(prompt=prompt, profile=profile),
            pause_s=pause_s,
            go_on=lambda: end_s is None or time.monotonic() < end_s,
        )
        raise SystemExit(terminal_watch.watched(found, as_json=as_json))
