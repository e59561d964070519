"""Projects: brief, story, how far each shot is; queueing what is missing."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from tower_anime import shots
from tower_anime.compose import App
from tower_anime.domain.brief import DirectorChoice
from tower_anime.domain.overview import ShotState
from tower_anime.domain.production import PartKind, Scene, Story
from tower_anime.domain.queue import budget_of
from tower_anime.web.deps import the_app
from tower_anime.web.pages.shown import templates

router = APIRouter(include_in_schema=False, prefix="/projects")
TheApp = Annotated[App, Depends(the_app)]


@router.get("", response_class=HTMLResponse)
def index(request: Request, app: TheApp) -> HTMLResponse:
    """List projects."""
    context = {"page": "projects", **_listed(app)}
    return templates.TemplateResponse(request, "projects.html", context)


@router.get("/list", response_class=HTMLResponse)
def listed(request: Request, app: TheApp) -> HTMLResponse:
    """Return the part of the list that renews itself."""
    return templates.TemplateResponse(request, "projects_list.html", _listed(app))


@router.get("/{project_id}", response_class=HTMLResponse)
def one(request: Request, app: TheApp, project_id: str) -> HTMLResponse:
    """Show a project."""
    row = app.store.part(PartKind.PROJECT, project_id)
    brief, guide = app.store.project_brief(row["name"])
    context = {
        "page": "projects",
        "project": row,
        "brief": brief,
        "guide": guide,
        "budget": budget_of(row["settings"]),
        "directors": [choice.value for choice in DirectorChoice],
        **_told(app, project_id),
    }
    return templates.TemplateResponse(request, "project.html", context)


@router.get("/{project_id}/story", response_class=HTMLResponse)
def story(request: Request, app: TheApp, project_id: str) -> HTMLResponse:
    """Return the part of a project that renews itself."""
    return templates.TemplateResponse(request, "project_story.html", _told(app, project_id))


def _listed(app: App) -> dict[str, Any]:
    found = app.store.summaries()
    ids = [one for summary in found for one in summary.latest]
    cards = {card.generation_id: card for card in app.store.cards_of(ids)}
    return {"summaries": found, "cards": cards}


def _told(app: App, project_id: str) -> dict[str, Any]:
    story, states = shots.story_of(app, project_id)
    ids = [state.generation_id for state in states.values()]
    cards = {card.generation_id: card for card in app.store.cards_of(ids)}
    parts = [
        {
            "episode": episode,
            "scenes": [
                _scene(one, story, states) for one in story.scenes if one.episode_id == episode_id
            ],
        }
        for episode, episode_id in (
            *((each, each.id) for each in story.episodes),
            (None, None),
        )
    ]
    counted = _counted(story, states)
    return {
        "project_id": project_id,
        "story": story,
        "parts": [part for part in parts if part["episode"] or part["scenes"]],
        "states": states,
        "cards": cards,
        "missing": len(shots.missing(story, states)),
        "counted": counted,
    }


def _scene(scene: Scene, story: Story, states: dict[str, ShotState] | Any) -> dict[str, Any]:
    mine = story.shots_of(scene)
    lacking = [s for s in mine if s.id not in states or states[s.id].is_missing]
    return {"scene": scene, "shots": mine, "missing": len(lacking)}


def _counted(story: Story, states: Any) -> dict[str, int]:
    """Return how many shots there are of each state."""
    counts = {"approved": 0, "under way": 0, "to review": 0, "to draw": 0}
    words = {
        "approved": "approved",
        "working": "under way",
        "queued": "under way",
        "needs_review": "to review",
    }
    for shot in story.shots:
        state = states.get(shot.id)
        counts[words.get(state.status.value, "to draw") if state else "to draw"] += 1
    return counts
