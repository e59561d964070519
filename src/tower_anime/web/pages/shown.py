"""What every page has: templates with navigation, words and the session; and the error page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates

from tower_anime import __version__
from tower_anime.web.guard import Door

VENDOR = Path(__file__).parents[1] / "static" / "vendor"


@dataclass(frozen=True)
class Entry:
    """A page in the navigation; `name` is what its template calls `page`, and its icon."""

    name: str
    path: str
    title: str


NAVIGATION = (
    Entry("now", "/ui/", "Now"),
    Entry("gallery", "/ui/gallery", "Gallery"),
    Entry("review", "/ui/review", "Review"),
    Entry("projects", "/ui/projects", "Projects"),
    Entry("analytics", "/ui/analytics", "Analytics"),
    Entry("learning", "/ui/learning", "Learning"),
    Entry("system", "/ui/system", "System"),
    Entry("new", "/ui/new", "New"),
)

_TITLES = {
    404: "There is no such page",
    409: "It stands otherwise by now",
    422: "That can’t be asked for",
    500: "Something went wrong here",
    503: "Not at the moment",
}
_ADVICE = {
    404: "It may have been renamed, or the address has a slip.",
    409: "Somebody or something was faster. Go back and look at how it stands now.",
    422: "The address asks for something that does not exist; the reason stands above.",
    500: "It is not your doing. Try once more; what is being drawn goes on meanwhile.",
    503: "The database does not answer at the moment. The page works again as soon as it does.",
}


def _surroundings(request: Request) -> dict[str, Any]:
    """Return what every template may ask for."""
    door: Door = request.app.state.door
    cookie = door.session_of(request.headers) if door.token else None
    return {
        "csrf": door.sessions.csrf(cookie) if cookie else "",
        "logged_in": cookie is not None,
        "navigation": NAVIGATION,
        "has_libraries": (VENDOR / "htmx.min.js").exists(),
        "version": __version__,
    }


templates = Jinja2Templates(
    directory=Path(__file__).parents[1] / "templates", context_processors=[_surroundings]
)


def problem_page(request: Request, *, status: int, detail: str) -> HTMLResponse:
    """Return the page that says what went wrong, and what to do about it."""
    context = {
        "status": status,
        "title": _TITLES.get(status, HTTPStatus(status).phrase),
        "detail": detail,
        "advice": _ADVICE.get(status, "The server's log says more."),
    }
    return templates.TemplateResponse(request, "problem.html", context, status_code=status)


# ---- Words and figures in templates -----------------------------------------------------------


def words(name: str | None) -> str:
    """Return a name of a program's as words: `needs_review` → `needs review`."""
    return (name or "").replace("_", " ")


def seconds(value: float | None) -> str:
    """Return a duration as people say it."""
    if value is None:
        return "–"
    if value < 10:
        return f"{value:.1f} s"
    if value < 60:
        return f"{value:.0f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest and minutes < 10 else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def score(value: float | None) -> str:
    """Return a score with two digits; what was not measured is a dash."""
    return "–" if value is None else f"{value:.2f}"


def share(value01: float | None) -> str:
    """Return a share as a percentage."""
    return "–" if value01 is None else f"{value01 * 100:.0f} %"


def size(value_bytes: float | None) -> str:
    """Return an amount of memory or disk."""
    if value_bytes is None:
        return "–"
    for unit in ("B", "kB", "MB", "GB"):
        if value_bytes < 1000:
            return (
                f"{value_bytes:.0f} {unit}" if unit in ("B", "kB") else f"{value_bytes:.1f} {unit}"
            )
        value_bytes /= 1000
    return f"{value_bytes:.1f} TB"


def moment(value: datetime | str | None) -> datetime | None:
    """Return a stored or sent moment as a time in UTC."""
    if value is None:
        return None
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def pairs(names: Iterable[str]) -> list[tuple[str, str]]:
    """Return names with their words, for a list to choose from."""
    return [(name, words(name)) for name in names]


for _filter in (words, seconds, score, share, size, moment, pairs):
    templates.env.filters[_filter.__name__] = _filter
templates.env.globals["ui"] = templates.env.get_template("macros.html").module
