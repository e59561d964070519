"""The command `worker`."""

from __future__ import annotations

import click


@click.command()
@click.option("--comfy", multiple=True, metavar="URL", help="A ComfyUI server; repeatable.")
def worker(comfy: tuple[str, ...]) -> None:
    """Take part in the work of a `serve`, on this or another machine.

    \b
    TOWER_DATABASE_URL=postgresql://… TOWER_DATA_DIR=/srv/tower tower-anime worker

    It needs the PostgreSQL database and the data folder that `serve` uses, on other machines by a
    network drive. It works until it is interrupted; what it leaves the others take up.
    """  # noqa: D301 - click wants the character itself
    from tower_anime import working
    from tower_anime.own_sandbox import own_sandbox
    from tower_anime.settings import read_settings

    settings = read_settings(comfy_urls=comfy or None)
    working.check_shared(settings)
    with own_sandbox(settings) as sandbox:
        working.run(settings, sandbox=sandbox)
