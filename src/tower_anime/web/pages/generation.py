"""One generation: its attempts side by side, what changed and why, what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse

from tower_anime.compose import App
from tower_anime.domain.attempt import Attempt
from tower_anime.domain.generation import Event, History
from tower_anime.domain.quality import Assessment, Defect, FrameRange, Measured, Region
from tower_anime.domain.request import PARAMETERS, Kind
from tower_anime.domain.timeline import Timeline, timeline
from tower_anime.errors import NotFound
from tower_anime.evidence import Limit, evidence, limits
from tower_anime.heatmaps import MAPPED
from tower_anime.web.deps import the_app
from tower_anime.web.pages.shown import templates, words

router = APIRouter(prefix="/generations", include_in_schema=False)
EVENTS = 200

TheApp = Annotated[App, Depends(the_app)]


@router.get("/{generation_id}", response_class=HTMLResponse)
def page(
    request: Request,
    app: TheApp,
    generation_id: str,
    attempt: Annotated[int | None, Query(ge=1, le=1000)] = None,
) -> HTMLResponse:
    """Return the page, `attempt` (by default the one that was kept) shown large."""
    history = app.store.history(generation_id)
    shown = _shown(history, attempt)
    events = app.store.events_after(0, generation_id=generation_id, limit=EVENTS)
    context = {
        "page": "generation",
        "history": history,
        "generation": history.generation,
        "shown": shown,
        "before": _before(history, shown),
        "judged": _judged(history, shown, shown.assessment) if shown and shown.assessment else None,
        "parameters": _parameters(history, shown) if shown else [],
        "events": events,
        "learned": list(learned_in(history, events)),
        "mapped": MAPPED,
        "live": app.live.of(generation_id),
        "seconds": sum(one.seconds for one in history.attempts),
        "steps": sum(one.sampler_steps for one in history.attempts),
    }
    template = "generation_body.html" if "hx-request" in request.headers else "generation.html"
    answer = templates.TemplateResponse(request, template, context)
    answer.headers["Vary"] = "HX-Request"
    return answer


def _shown(history: History, number: int | None) -> Attempt | None:
    if number is not None and number > len(history.attempts):
        raise NotFound(f"there is no attempt {number}; it has {len(history.attempts)}")
    number = number or history.generation.chosen_attempt
    if number is None:
        drawn = [one.number for one in history.attempts if one.artifact]
        number = drawn[-1] if drawn else len(history.attempts)
    return history.attempt(number) if number else None


def _before(history: History, shown: Attempt | None) -> Attempt | None:
    """Return the attempt to compare with: the one before that gave a file, else the one after."""
    others = [one for one in history.attempts if one.artifact and one is not shown]
    if shown is None or shown.artifact is None or not others:
        return None
    earlier = [one for one in others if one.number < shown.number]
    return earlier[-1] if earlier else others[0]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """An assessment as the page shows it. `boxes` are defects that have a place."""

    assessment: Assessment
    boxes: tuple[Defect, ...]
    evidence: tuple[Any, ...]
    measured: tuple[tuple[str, Measured, tuple[Limit, ...]], ...]
    unmeasured: tuple[tuple[str, str], ...]
    course: Timeline | None
    seconds: float
    rate: float
    seekable: tuple[tuple[Defect, float], ...]


def _judged(history: History, shown: Attempt, assessment: Assessment) -> Judged:
    known = assessment.measurements.items()
    numbers = {name: one.value for name, one in known if isinstance(one, Measured)}
    limiting = limits(assessment, history.generation.profile.severities)
    rate = numbers.get("frame_rate") or shown.request.frame_rate or 1.0
    return Judged(
        assessment=assessment,
        boxes=tuple(one for one in assessment.defects if isinstance(one.where, Region)),
        evidence=evidence(assessment, limiting),
        measured=tuple(
            (name, one, tuple(limit for limit in limiting if limit.measurement == name))
            for name, one in known
            if isinstance(one, Measured)
        ),
        unmeasured=tuple(
            (name, one.reason) for name, one in known if not isinstance(one, Measured)
        ),
        course=timeline(assessment),
        seconds=numbers.get("frames", 0.0) / rate,
        rate=rate,
        seekable=tuple(
            (one, one.where.first / rate)
            for one in assessment.defects
            if isinstance(one.where, FrameRange)
        ),
    )


def learned_in(history: History, events: Sequence[Event]) -> Iterator[tuple[str, str]]:
    """Yield what earlier outcomes and people's decisions changed in this request, and why."""
    for event in events:
        origins = event.data.get("origins") if event.kind == "planned" else None
        for name, origin in origins.items() if isinstance(origins, dict) else ():
            if origin == "explored":
                yield f"{words(name)} {_first(history, name)}", "tried, to find out"
            elif str(origin).startswith("learned"):
                yield f"{words(name)} {_first(history, name)}", str(origin)
    for item in history.enhancement.additions if history.enhancement else ():
        if item.reason.startswith("learned: "):
            said = f"without {item.words}" if item.negative else item.words
            yield said, item.reason.removeprefix("learned: ")
    for word, is_there in history.enhancement.drawn.items() if history.enhancement else ():
        if not is_there:
            yield word.removeprefix("-"), "left out by lot, to compare"
    profile = history.generation.profile
    if profile.version.endswith("decisions"):
        decisions = profile.version.rpartition("+")[2]
        yield f"score {profile.threshold:.2f} needed", f"from {decisions} of people"


def _first(history: History, name: str) -> object:
    return getattr(history.attempts[0].request, name, "") if history.attempts else ""


def _parameters(history: History, shown: Attempt) -> list[dict[str, Any]]:
    """Return each parameter of the shown request, and what it was in the first one."""
    first = history.attempts[0].request
    locks = history.generation.brief.locks
    return [
        {
            "name": name,
            "value": getattr(shown.request, name),
            "first": getattr(first, name),
            "locked": name in locks,
        }
        for name in PARAMETERS
        if not (shown.request.kind is Kind.STILL and name in ("frames", "frame_rate"))
    ]
