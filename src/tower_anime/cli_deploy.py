"""Commands for bringing the product onto a server: the earlier service's data, the unit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click


@click.command(name="import-legacy", no_args_is_help=True)
@click.argument("url", metavar="URL")
@click.option("--dry-run", is_flag=True, help="Only say what would come.")
@click.option("--name", help="What to call the source.  [default: the database's or file's name]")
@click.option(
    "--timezone",
    metavar="ZONE",
    help="Local time of the old machine, for times of its quality modules.  [default: this one's]",
)
@click.option(
    "--files",
    "folders",
    multiple=True,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Look here for files that are not at their path; repeatable.",
)
@click.option("--keep-files", is_flag=True, help="Copy the files that are found.")
@click.option("--assess", is_flag=True, help="Copy and measure the files that are found.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def import_legacy(url: str, as_json: bool, **wishes: Any) -> None:
    """Bring projects, jobs and everything else from the earlier service's database.

    \b
    tower-anime import-legacy postgresql://user@host/tower_consolidated --dry-run
    tower-anime import-legacy sqlite:////srv/anime/anime.db --files /srv/anime/output --assess

    The source is only read. Importing again brings what changed since, and nothing twice.
    """  # noqa: D301 - click wants the character itself
    from tower_anime.importing import Wishes, import_legacy, report_view
    from tower_anime.settings import read_settings

    report = import_legacy(
        read_settings(),
        Wishes(
            url=url,
            name=wishes["name"],
            dry=wishes["dry_run"],
            zone=wishes["timezone"],
            folders=wishes["folders"],
            keep_files=wishes["keep_files"],
            assess=wishes["assess"],
        ),
    )
    view = report_view(report)
    if as_json:
        click.echo(json.dumps(view, ensure_ascii=False))
    else:
        _show(view)


def _show(view: Mapping[str, Any]) -> None:
    verb = "would bring" if view["dry_run"] else "brought"
    click.echo(f"{view['source']}: {verb}")
    width = max(len(name) for name in view["tables"])
    for name, one in view["tables"].items():
        rest = [f"{one[word]} {word}" for word in ("changed", "same") if one[word]]
        rest += [f"{number} skipped: {why}" for why, number in one["skipped"].items()]
        rest += [f"{one['prefixed_ids']} ids prefixed"] if one["prefixed_ids"] else []
        more = f"  ({', '.join(rest)})" if rest else ""
        click.echo(f"  {name:<{width}}  {one['new']:>7} of {one['found']}{more}")
    for note in view["notes"]:
        click.echo(f"  note: {note}")
    files = view["files"]
    click.echo(
        f"  files: {files['found']} found, {files['missing']} missing, "
        f"{files['hashed']} hashed now, {files['kept']} kept, {files['assessed']} measured"
    )
    if view["ignored_tables"]:
        click.echo(f"  not brought (they mean nothing here): {', '.join(view['ignored_tables'])}")


@click.group()
def service() -> None:
    """Install or remove the systemd unit `tower-anime-pipeline`."""


@service.command(name="install")
@click.option("--user", metavar="NAME", help="Run as this user.  [default: one made for the run]")
@click.option("--group", metavar="NAME", help="And as this group.  [default: the user's name]")
@click.option("--gpu", is_flag=True, help="This machine's graphics cards may be looked at.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=44451, show_default=True)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Where data is kept (with --user).  [default: /var/lib/tower-anime]",
)
@click.option(
    "--environment-file",
    type=click.Path(path_type=Path),
    default=Path("/etc/tower-anime/environment"),
    show_default=True,
    help="Settings, one TOWER_…=… a line; read if it is there.",
)
@click.option(
    "--credential",
    "credentials",
    multiple=True,
    metavar="VARIABLE=FILE",
    help="A secret that only systemd reads, such as TOWER_API_TOKEN=/etc/tower-anime/token.",
)
@click.option(
    "--unit-dir",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Only write the unit, there.",
)
@click.option("--print", "only_print", is_flag=True, help="Only print the unit.")
def install_service(unit_dir: Path | None, only_print: bool, **options: Any) -> None:
    """Write the unit, enable and start it. Again with other options changes it.

    \b
    tower-anime service install --print
    sudo tower-anime service install --user media
    sudo tower-anime service install --credential TOWER_API_TOKEN=/etc/tower-anime/token

    The library folder is the one of your settings (TOWER_LIBRARY_DIR).
    """  # noqa: D301 - click wants the character itself
    from tower_anime.service import UNIT_DIR, install, unit_text, unit_wishes
    from tower_anime.settings import read_settings

    text = unit_text(unit_wishes(read_settings(), **options))
    if only_print:
        click.echo(text, nl=False)
        return
    for line in install(text, folder=unit_dir or UNIT_DIR):
        click.echo(line)


@service.command(name="uninstall")
@click.option("--unit-dir", type=click.Path(path_type=Path, file_okay=False, exists=True))
def uninstall_service(unit_dir: Path | None) -> None:
    """Stop the service and remove its unit; data and library stay."""
    from tower_anime.service import UNIT_DIR, uninstall

    for line in uninstall(folder=unit_dir or UNIT_DIR):
        click.echo(line)
