"""What the director's commands show."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from tower_anime.domain.conversation import Agreement, DirectionEvent
from tower_anime.domain.generation import Generation
from tower_anime.domain.production import ProjectBrief, Story, StyleGuide
from tower_anime.domain.script import story_view
from tower_anime.studio import Spoken


def as_text(value: object) -> str:
    """Return a value as readable JSON."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def story(found: Story, failures: Sequence[str], *, as_json: bool) -> None:
    """Show a story as an outline."""
    warn(failures)
    if as_json:
        click.echo(json.dumps(story_view(found), ensure_ascii=False))
        return
    click.echo(click.style(found.project.name, bold=True))
    for episode in found.episodes:
        click.echo(f"\nEpisode {episode.number}  {episode.title}\n  {episode.synopsis}")
        for scene in found.scenes:
            if scene.episode_id != episode.id:
                continue
            click.echo(f"  {episode.number}.{scene.number}  {scene.title}: {scene.description}")
            for shot in found.shots_of(scene):
                length = f" ({shot.duration_s:g} s)" if shot.duration_s else ""
                click.echo(f"       {shot.number}  {shot.prompt}{length}")


def brief(found: ProjectBrief, guide: StyleGuide, *, as_json: bool) -> None:
    """Show a project's brief and what a director made of it."""
    value = {"brief": asdict(found), "guide": asdict(guide)}
    click.echo(json.dumps(value, ensure_ascii=False) if as_json else as_text(value))


def spoken(answer: Spoken, *, as_json: bool) -> None:
    """Show an answer, and how to go on."""
    warn(answer.failures)
    if as_json:
        click.echo(json.dumps(asdict(answer), ensure_ascii=False))
        return
    click.echo(f"{answer.source}: {answer.reply}")
    click.echo(f"\ngo on with: tower-anime director session {answer.session_id} --say '…'")


def sessions(found: Sequence[DirectionEvent], *, as_json: bool) -> None:
    """List sessions."""
    if as_json:
        for event in found:
            click.echo(json.dumps(_event_view(event), ensure_ascii=False))
        return
    for event in found:
        about = f"{event.data['project']} ({event.data['about']})"
        click.echo(f"{event.session_id}  {event.at:%Y-%m-%d %H:%M}  {about}")
    if not found:
        click.echo("no session yet; open one with: tower-anime director session --say '…'")


def session(events: Sequence[DirectionEvent], *, as_json: bool) -> None:
    """Show what was said in a session; as JSON every event."""
    if as_json:
        for event in events:
            click.echo(json.dumps(_event_view(event), ensure_ascii=False))
        return
    for event in events:
        click.echo(_event_line(event))


def agreement(found: Sequence[Agreement], *, as_json: bool) -> None:
    """Show how far each model agrees with people."""
    for item in found:
        vote = "" if item.votes else "; it has lost its vote"
        line = f"{item.source} as {item.role}: {item.in_words()}{vote}"
        click.echo(json.dumps(asdict(item)) if as_json else line)
    if not found and not as_json:
        click.echo("no case yet: people have decided on nothing that a model had reviewed")


def queued(generations: Sequence[Generation], *, as_json: bool) -> None:
    """Name what was left for a running `serve`."""
    for one in generations:
        value = {"generation_id": one.id, "shot_id": one.shot_id, "prompt": one.brief.prompt}
        click.echo(
            json.dumps(value, ensure_ascii=False) if as_json else f"{one.id}  {value['prompt']}"
        )


def _event_view(event: DirectionEvent) -> dict[str, Any]:
    view = asdict(event)
    return {**view, "at": event.at.isoformat() if event.at else None}


def _event_line(event: DirectionEvent) -> str:
    data = event.data
    match event.kind:
        case "said":
            return f"> {data['asked']}\n{data['source']}: {data['replied']}"
        case "exchange":
            outcome = data.get("failure") or "answered"
            return f"  [{data['provider']}:{data['model']} {data['seconds']} s: {outcome}]"
        case "opinion":
            return f"  {data['source']} on attempt {data['attempt']}: {data['decision']}"
        case "enhanced":
            return f"  prompts by {data['source']}: {data['prompt']}"
    return f"{event.at:%Y-%m-%d %H:%M}  {data.get('project', '')} {data.get('about', '')}"


def warn(failures: Sequence[str]) -> None:
    """Name on stderr what did not work."""
    for failure in failures:
        click.echo(f"tower-anime: {failure}", err=True)
