"""Commands that judge files: `assess`, `profiles`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tower_anime.errors import BadInput

if TYPE_CHECKING:
    from tower_anime.settings import Settings


def _above_0() -> click.FloatRange:
    return click.FloatRange(min=0, min_open=True, max=1e6)


@click.command(no_args_is_help=True)
@click.argument("paths", nargs=-1, metavar="PATH…", type=click.Path(path_type=Path))
@click.option("--manifest", type=click.File(encoding="utf-8"), help="JSON Lines; - reads stdin.")
@click.option(
    "--prompt",
    help="What they should show: relaxes what it asks for.  [default: what the file says itself]",
)
@click.option("--negative", default="", help="What they should not show: relaxes nothing.")
@click.option(
    "--profile",
    metavar="NAME|FILE.toml",
    help="Rules; see `profiles`.  [default: still, for clips clip]",
)
@click.option(
    "--expect-duration", type=_above_0(), metavar="S", help="Seconds that a clip should last."
)
@click.option(
    "--expect-frame-rate", type=_above_0(), metavar="F", help="Frames a second it should have."
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    metavar="N",
    help="Processes.  [default: one for few files, every core for many]",
)
@click.option(
    "--heatmaps",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write pictures of where each defect shows.",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.html",
    help="Write one page that shows them all.",
)
@click.option(
    "--thumbnails/--no-thumbnails",
    default=None,
    help="Pictures in the terminal.  [default: if it can show them]",
)
@click.option(
    "--rejudge",
    is_flag=True,
    help="Judge what was measured before: PATHs are outputs of --json (- reads stdin), none: the "
    "database. No picture is opened.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line on stdout.")
def assess(
    paths: tuple[Path, ...],
    manifest: Iterable[str] | None,
    prompt: str | None,
    negative: str,
    profile: str | None,
    expect_duration: float | None,
    expect_frame_rate: float | None,
    jobs: int | None,
    heatmaps: Path | None,
    report: Path | None,
    thumbnails: bool | None,
    rejudge: bool,
    as_json: bool,
) -> None:
    """Measure pictures and clips and judge them. A folder is walked.

    \b
    tower-anime assess ~/ComfyUI/output --report report.html
    tower-anime assess a.png --prompt '1girl, night, (film grain:1.2)' --heatmaps maps
    tower-anime assess ~/art --json > judged.jsonl
    tower-anime assess --rejudge judged.jsonl --profile mine.toml

    Exit status: 0 all pass, 1 some rejected, 2 some could not be measured, or wrong usage.
    """  # noqa: D301 - click wants the character itself
    from tower_anime import terminal_assess
    from tower_anime.domain.expectation import Expectation
    from tower_anime.settings import read_settings

    settings = read_settings()
    if rejudge:
        if manifest or prompt or heatmaps or report:
            raise BadInput("--rejudge takes --profile, --jobs and --json; it opens no picture")
        raise SystemExit(_rejudged(settings, paths, profile, jobs=jobs, as_json=as_json))
    from tower_anime.crew import jobs_for, look_at_all
    from tower_anime.inspection import Showing, profiles_of, wanted
    from tower_anime.reporting import write_report

    expect = Expectation(duration_s=expect_duration, frame_rate=expect_frame_rate)
    files = wanted(
        paths,
        manifest or (),
        prompt=prompt,
        negative=negative,
        profile=profile,
        expect=expect,
    )
    way = None if as_json or thumbnails is False else terminal_assess.way_of_terminal()
    showing = Showing(
        previews=report is not None or way is not None,
        heat_maps=report is not None,
        folder=heatmaps,
    )
    looks = look_at_all(
        files, profiles_of(settings, files), jobs=jobs_for(jobs, len(files)), showing=showing
    )
    if report is not None:
        looks = write_report(report, looks)
    status = terminal_assess.assessments(looks, count=len(files), as_json=as_json, way=way)
    if report is not None and not as_json:
        click.echo(f"report: {report}", err=True)
    raise SystemExit(status)


def _rejudged(
    settings: Settings,
    paths: tuple[Path, ...],
    profile: str | None,
    *,
    jobs: int | None,
    as_json: bool,
) -> int:
    from tower_anime import terminal_assess
    from tower_anime.rejudging import rejudged, stored

    lines = _lines(paths) if paths else stored(settings)
    found = rejudged(settings, lines, profile=profile, jobs=jobs, texts=as_json)
    return terminal_assess.rejudged(found, as_json=as_json)


def _lines(paths: tuple[Path, ...]) -> Iterator[bytes]:
    for path in paths:
        try:
            with click.open_file(str(path), "rb") as source:
                yield from source
        except OSError as error:
            raise BadInput(f"{path} can't be read: {error.strerror}") from error


@click.command()
@click.argument("name", required=False, metavar="[NAME]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line on stdout.")
def profiles(name: str | None, as_json: bool) -> None:
    """List the profiles that pictures are judged by, or show one as the TOML of a file.

    A file sets what it names and leaves the rest as it is:  review = "person"
    """
    from tower_anime import terminal_assess
    from tower_anime.profiles import listed_profiles, profile_text
    from tower_anime.settings import read_settings

    settings = read_settings()
    if name is not None and not as_json:
        click.echo(profile_text(settings, name), nl=False)
        return
    found = [item for item in listed_profiles(settings) if name in (None, item.name)]
    raise SystemExit(terminal_assess.profiles(found, as_json=as_json))
