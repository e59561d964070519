"""Commands that judge files: `assess`, `profiles`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click


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
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line on stdout.")
def assess(
    paths: tuple[Path, ...],
    manifest: Iterable[str] | None,
    prompt: str | None,
    negative: str,
    profile: str | None,
    expect_duration: float | None,
    expect_frame_rate: float | None,
    as_json: bool,
) -> None:
    """Measure pictures and clips and judge them. A folder is walked.

    Exit status: 0 all pass, 1 some rejected, 2 some could not be measured, or wrong usage.
    """
    from tower_anime import terminal_assess
    from tower_anime.domain.expectation import Expectation
    from tower_anime.inspection import inspect_files, wanted
    from tower_anime.settings import read_settings

    settings = read_settings()
    expect = Expectation(duration_s=expect_duration, frame_rate=expect_frame_rate)
    jobs = wanted(
        paths,
        manifest or (),
        prompt=prompt,
        negative=negative,
        profile=profile,
        expect=expect,
    )
    raise SystemExit(terminal_assess.assessments(inspect_files(settings, jobs), as_json=as_json))


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
