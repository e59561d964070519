"""`tower-anime director`: stories, briefs, sessions. Imports are inside the commands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

_director_option = click.option(
    "--director", default="auto", show_default=True, help="auto, rules, ollama, openai or echo."
)
_json_option = click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")


@click.group()
def director() -> None:
    """Work with the creative director: stories, briefs, sessions."""


@director.command()
@click.argument("project")
@click.option("--logline", help="What it is about, in a sentence; makes a new story.")
@click.option("--episodes", type=int, default=1, show_default=True)
@click.option("--scenes", type=int, default=3, show_default=True, help="Per episode.")
@click.option("--shots", type=int, default=4, show_default=True, help="Per scene.")
@click.option("--replace", "replace_old", is_flag=True, help="Give up the story there is.")
@click.option("--export", type=click.Path(path_type=Path), help="Write it as JSON, to be edited.")
@click.option("--import", "edited", type=click.Path(path_type=Path), help="Read edited JSON.")
@click.option("--queue", metavar="E.S", help="Queue the shots of a scene, for example 1.2.")
@_director_option
@_json_option
def story(
    project: str,
    logline: str | None,
    edited: Path | None,
    export: Path | None,
    queue: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Develop a story, show it, edit it as JSON, queue its shots.

    \b
    tower-anime director story Rain --logline 'A courier finds a city that forgot the sun'
    tower-anime director story Rain --export rain.json      (edit it, then --import rain.json)
    tower-anime director story Rain --queue 1.2             (worked on by `serve`)
    """  # noqa: D301 - click wants the character itself
    from tower_anime import studio, terminal_director
    from tower_anime.settings import read_settings

    settings = read_settings()
    failures: tuple[str, ...] = ()
    if queue:
        made = studio.queue_scene(settings, project, queue, director=options["director"])
        terminal_director.queued(made, as_json=as_json)
        return
    if edited:
        found = studio.import_story(settings, edited)
    elif logline or options["replace_old"]:
        measure = studio.Measure(**{key: options[key] for key in ("episodes", "scenes", "shots")})
        found, failures = studio.develop_story(
            settings,
            project,
            logline=logline,
            measure=measure,
            director=options["director"],
            replace_old=options["replace_old"],
        )
    else:
        found = studio.show_story(settings, project)
    if export:
        studio.export_story(found, export)
    terminal_director.story(found, failures, as_json=as_json)


@director.command()
@click.argument("project")
@click.option("--file", type=click.Path(path_type=Path), help="Fields of the brief as JSON.")
@click.option("--logline", help="What it is about, in a sentence.")
@click.option("--style", help="Words of style for every prompt.")
@click.option("--palette", help="Words of colour for every prompt.")
@click.option("--rating", help="For whom it is, for example PG.")
@click.option("--reference", "references", multiple=True, help="What it should feel like.")
@click.option("--do", multiple=True, help="Words to use.")
@click.option("--dont", multiple=True, help="Words to avoid.")
@click.option("--character", "cast", multiple=True, metavar="NAME=LOOK", help="A fixed look.")
@_director_option
@_json_option
def brief(
    project: str,
    file: Path | None,
    cast: tuple[str, ...],
    director: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Show or change a project's brief; a change makes its style guide anew."""
    from tower_anime import studio, terminal_director
    from tower_anime.settings import read_settings

    settings = read_settings()
    changes = dict(studio.read_brief(file)) if file else {}
    changes |= {key: value for key, value in options.items() if value}
    if cast:
        changes["characters"] = tuple(studio.cast_member(text) for text in cast)
    if not changes:
        terminal_director.brief(*studio.show_brief(settings, project), as_json=as_json)
        return
    made, guide, spoken = studio.change_brief(settings, project, changes, director=director)
    terminal_director.warn(spoken.failures)
    terminal_director.brief(made, guide, as_json=as_json)


@director.command()
@click.argument("session_id", required=False, metavar="[ID]")
@click.option("--say", help="Say something; without an ID it opens a session.")
@click.option("--project", help="The project a new session is about.  [default: Default]")
@_director_option
@_json_option
def session(
    session_id: str | None, say: str | None, project: str | None, director: str, as_json: bool
) -> None:
    """List sessions, show or export one (--json), or go on with it.

    The id of a generation shows what was asked of models for it.
    """
    from tower_anime import studio, terminal_director
    from tower_anime.settings import read_settings

    settings = read_settings()
    if say is not None:
        answer = studio.say(
            settings, say, session_id=session_id, project=project, director=director
        )
        terminal_director.spoken(answer, as_json=as_json)
    elif session_id:
        terminal_director.session(studio.one_session(settings, session_id), as_json=as_json)
    else:
        terminal_director.sessions(studio.all_sessions(settings), as_json=as_json)


@director.command()
@_json_option
def agreement(as_json: bool) -> None:
    """Show how far each model's reviews agree with what people decided later."""
    from tower_anime import studio, terminal_director
    from tower_anime.settings import read_settings

    found = studio.agreement_with_people(read_settings())
    terminal_director.agreement(found, as_json=as_json)
