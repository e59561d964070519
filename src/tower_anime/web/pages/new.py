"""New generation: a form that shows what it comes to before anything is asked for."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import FormData

from tower_anime import inputs, planning, workflows
from tower_anime.compose import App
from tower_anime.domain.brief import Brief, DirectorChoice
from tower_anime.domain.wish import briefs_of
from tower_anime.errors import BadInput
from tower_anime.profiles import listed_profiles
from tower_anime.web.api.generations import queued
from tower_anime.web.deps import silent_servers, the_app
from tower_anime.web.pages.shown import templates

router = APIRouter(include_in_schema=False)
TheApp = Annotated[App, Depends(the_app)]
TheSilent = Annotated[frozenset[str], Depends(silent_servers)]

SIZES = ("1024x1024", "832x1216", "1216x832", "896x1152", "1152x896", "768x1344", "1344x768")
SHOWN = 100
"""Prompts of a list that are written out."""

_TEXTS = ("negative", "project", "profile", "kind", "workflow", "image", "mask", "size", "director")
_FIRST = ("width", "height", "steps", "cfg", "sampler", "scheduler", "seed", "checkpoint")
_ORIGINS = {
    "you": "you",
    "family": "model’s usual",
    "workflow": "workflow’s",
    "server": "server’s first",
    "picture": "picture’s shape",
    "drawn": "by lot",
    "explored": "to find out",
}


async def _form(request: Request) -> FormData:
    return await request.form()


TheForm = Annotated[FormData, Depends(_form)]


@router.get("/new", response_class=HTMLResponse)
def page(request: Request, app: TheApp, silent: TheSilent) -> HTMLResponse:
    """Show the form, filled with what the address says, or with an earlier wish (`from`)."""
    given = {key: value for key, value in request.query_params.items() if value}
    if earlier := given.pop("from", ""):
        given = {**_words_of(app.store.history(earlier).generation.brief), **given}
    context = {
        "page": "new",
        "given": {"kind": "still", **given},
        "key": str(uuid.uuid4()),
        "projects": app.store.names_in_use()["projects"],
        "profiles": [
            item.name for item in listed_profiles(app.settings) if item.profile is not None
        ],
        "workflows": workflows.listed(app.settings),
        "pictures": inputs.listed(app.settings)[:60],
        "offered": planning.offered(app, silent=silent),
        "sizes": SIZES,
        "directors": [choice.value for choice in DirectorChoice],
        **_planned(app, silent, FormData({"kind": "still", **given})),
    }
    return templates.TemplateResponse(request, "new.html", context)


@router.post("/new/plan", response_class=HTMLResponse)
def plan(request: Request, app: TheApp, silent: TheSilent, form: TheForm) -> HTMLResponse:
    """Return what the form comes to as it stands."""
    return templates.TemplateResponse(request, "new_plan.html", _planned(app, silent, form))


@router.post("/new")
def ask(request: Request, app: TheApp, form: TheForm) -> Response:
    """Queue what the form asks for; the same form sent twice asks once. Works without scripts."""
    wish, briefs = _wish(form), list[Brief]()
    for prompt in _prompts(form):
        briefs += briefs_of({**wish, "prompt": prompt})
        if len(briefs) > planning.MOST:
            raise BadInput(f"at most {planning.MOST} generations at once")
    if not briefs:
        raise BadInput("say what the picture should show")
    key = str(form.get("key") or "") or None
    many = len(briefs) > 1
    batch = str(uuid.uuid5(uuid.NAMESPACE_URL, f"form:{key}")) if many and key else None
    queued(app, briefs, key=key, batch_id=batch)
    if "hx-request" not in request.headers:
        return RedirectResponse("/ui/", status_code=303)
    return Response(status_code=204, headers={"HX-Redirect": "/ui/"})


def _planned(app: App, silent: frozenset[str], form: FormData) -> dict[str, Any]:
    try:
        made = planning.plan(app, _prompts(form), _wish(form), silent=silent)
    except BadInput as error:
        made = planning.Plan(why_not=str(error))
    values = _values(made.preview) if made.preview else []
    return {"plan": made, "values": values, "shown": SHOWN}


def _values(found: planning.Preview) -> list[dict[str, Any]]:
    """Return the first request's parameters, and in a word where each comes from."""
    given: dict[str, Any] = {name: getattr(found.request, name) for name in _FIRST}
    origins = dict(found.origins)
    if "width" not in found.unplaced:
        given = {"size": f"{given.pop('width')}x{given.pop('height')}", **given}
        origins["size"] = origins["width"]
    if origins.get("seed") == "drawn":
        given["seed"] = "a new one"
    return [
        {
            "name": name,
            "value": value,
            "origin": _ORIGINS.get(origins[name], origins[name]),
            "by": origins[name] if origins[name] in _ORIGINS else "learned",
        }
        for name, value in given.items()
        if name in origins and name not in found.unplaced and value is not None
    ]


def _prompts(form: FormData) -> list[str]:
    lines = str(form.get("prompt") or "").splitlines()
    return [line.strip() for line in lines if line.strip()]


def _wish(form: FormData) -> dict[str, Any]:
    """Return the form's words as a wish; what was left empty is not said."""
    wish: dict[str, Any] = {name: text for name in _TEXTS if (text := _text(form, name))}
    parameters = {
        name.removeprefix("set."): str(value).strip()
        for name, value in form.multi_items()
        if name.startswith("set.") and str(value).strip()
    }
    if parameters:
        wish["set"] = parameters
    if locks := [str(lock) for lock in form.getlist("lock")]:
        wish["lock"] = locks
    numbers: dict[str, type[int] | type[float]] = {"count": int, "max_attempts": int}
    if wish.get("kind") == "clip":
        numbers |= {"duration": float, "frame_rate": float}
    for name, kind in numbers.items():
        if text := _text(form, name):
            wish[name] = _number(text, name, kind)
    if form.get("unpublished"):
        wish["publish"] = False
    return wish


def _text(form: FormData, name: str) -> str:
    return str(form.get(name) or "").strip()


def _number(text: str, name: str, kind: type[int] | type[float]) -> int | float:
    try:
        return kind(text)
    except ValueError:
        what = "a whole number" if kind is int else "a number"
        raise BadInput(f"{name} must be {what}, not {text!r}") from None


def _words_of(brief: Brief) -> dict[str, str]:
    """Return an earlier wish in the form's words; the seed is left to the lot."""
    said: dict[str, object] = {
        "prompt": brief.prompt,
        "negative": brief.negative,
        "project": brief.project,
        "kind": brief.kind.value,
        "profile": brief.profile if brief.profile != brief.kind.value else "",
        "workflow": brief.workflow,
        "image": brief.image,
        "duration": brief.duration_s,
        "director": brief.director.value,
        "max_attempts": brief.max_attempts,
        **{f"set.{k}": v for k, v in brief.parameters.items() if k not in ("seed", "frame_rate")},
        "frame_rate": brief.parameters.get("frame_rate"),
    }
    if {"width", "height"} <= brief.parameters.keys():
        width, height = said.pop("set.width"), said.pop("set.height")
        said["size"] = f"{width}x{height}"
    return {name: str(value) for name, value in said.items() if value not in (None, "")}
