"""The gallery: everything that was made, filtered and sorted, page by page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from tower_anime.compose import App
from tower_anime.domain.card import Card, Choice, Order
from tower_anime.domain.generation import GenerationStatus
from tower_anime.domain.request import Kind
from tower_anime.errors import BadInput
from tower_anime.web.deps import the_app
from tower_anime.web.pages.shown import templates

router = APIRouter(prefix="/gallery", include_in_schema=False)
PAGE, ALIKE_PAGE = 60, 120
"""Cards at once; of groups fewer are left than were looked for."""

ALIKE_SHOWN = 24
"""Of a group, at its place; all of them have a page of their own."""

_PAGES_AT_ONCE = 10

_ORDERS = {
    Order.NEWEST: "Newest first",
    Order.OLDEST: "Oldest first",
    Order.BEST: "Best score first",
    Order.WORST: "Worst score first",
}
TheApp = Annotated[App, Depends(the_app)]


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What a person chose, as it stands in the address; empty is everything."""

    status: str = ""
    project: str = ""
    kind: str = ""
    family: str = ""
    defect: str = ""
    score_from: str = ""
    score_to: str = ""
    since: str = ""
    until: str = ""
    text: str = ""
    batch: str = ""
    order: str = ""
    alike: str = ""
    like: str = ""

    def choice(self) -> Choice:
        """Return what is asked of the store; `BadInput` names a wrong value."""
        return Choice(
            statuses=(_member(GenerationStatus, self.status, "status"),) if self.status else (),
            project=self.project or None,
            batch=self.batch or None,
            kind=_member(Kind, self.kind, "kind") if self.kind else None,
            family=self.family or None,
            defect=self.defect or None,
            score_from=_score(self.score_from),
            score_to=_score(self.score_to),
            since=_day(self.since),
            until=_day(self.until),
            text=self.text.strip() or None,
            like=_file(self.like),
        )

    def sorting(self) -> Order:
        """Return the order."""
        return _member(Order, self.order, "order") if self.order else Order.NEWEST

    def query(self, **more: str) -> str:
        """Return the address's part that says so, without what is empty."""
        given = {field.name: getattr(self, field.name) for field in fields(self)} | more
        return urlencode({name: value for name, value in given.items() if value})

    @property
    def further(self) -> int:
        """How many of the less used filters are set."""
        names = ("kind", "family", "defect", "score_from", "score_to", "since", "until")
        return sum(bool(getattr(self, name)) for name in names)


def _filters(request: Request) -> Filters:
    known = {field.name for field in fields(Filters)}
    given = {name: value[:500] for name, value in request.query_params.items() if name in known}
    return Filters(**given)


TheFilters = Annotated[Filters, Depends(_filters)]


@router.get("", response_class=HTMLResponse)
def page(request: Request, app: TheApp, filters: TheFilters) -> Response:
    """Return the page; for a changed filter only its results."""
    context = {"page": "gallery", "filters": filters, **_cards(app, filters, None)}
    if "hx-request" in request.headers:
        answer = templates.TemplateResponse(request, "gallery_results.html", context)
        query = filters.query()
        answer.headers["HX-Push-Url"] = f"/ui/gallery{'?' if query else ''}{query}"
    else:
        context |= _choices(app)
        answer = templates.TemplateResponse(request, "gallery.html", context)
    answer.headers["Vary"] = "HX-Request"
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.get("/more", response_class=HTMLResponse)
def more(
    request: Request, app: TheApp, filters: TheFilters, cursor: Annotated[str, Query()]
) -> HTMLResponse:
    """Return the cards after those that are shown."""
    context = {"filters": filters, **_cards(app, filters, cursor)}
    return templates.TemplateResponse(request, "gallery_cards.html", context)


@router.get("/count", response_class=HTMLResponse)
def count(app: TheApp, filters: TheFilters) -> HTMLResponse:
    """Return how many there are; asked for after the page is shown."""
    number = app.store.count_cards(filters.choice())
    noun = "generation" if number == 1 else "generations"
    return HTMLResponse(f"{number:,} {noun}".replace(",", " "))


@dataclass(frozen=True)
class Group:
    """Cards that look alike, the first in the order before; `number` counts all there are."""

    cards: Sequence[Card]
    number: int = 1


def _cards(app: App, filters: Filters, cursor: str | None) -> dict[str, Any]:
    if (picture := filters.choice().like) and not cursor:
        app.looks.look_at((picture,))
    if filters.alike:
        found, following = _grouped(app, filters, cursor)
    else:
        cards, following = _found(app, filters, cursor, limit=PAGE)
        found = [Group((card,)) for card in cards]
    return {"groups": found, "more": filters.query(cursor=following) if following else None}


def _found(
    app: App, filters: Filters, cursor: str | None, *, limit: int
) -> tuple[Sequence[Card], str | None]:
    return app.store.cards(filters.choice(), order=filters.sorting(), limit=limit, cursor=cursor)


def _grouped(app: App, filters: Filters, cursor: str | None) -> tuple[Sequence[Group], str | None]:
    """Return the next groups: each stands where the first of it stands, and only there."""
    shown: list[Group] = []
    for _ in range(_PAGES_AT_ONCE):
        found, cursor = _found(app, filters, cursor, limit=ALIKE_PAGE)
        shown += _groups(app, filters, found)
        if shown or cursor is None:
            break
    return shown, cursor


def _groups(app: App, filters: Filters, found: Sequence[Card]) -> Sequence[Group]:
    store, ids = app.store, [card.generation_id for card in found]
    app.looks.look_at(store.not_looked_at(ids))
    leaders = store.leaders_of(ids)
    alike = store.alike(
        filters.choice(), set(leaders.values()), order=filters.sorting(), most=ALIKE_SHOWN + 1
    )
    of_group = {one: alike[leader] for one, leader in leaders.items() if leader in alike}
    begins = [one for one in ids if one in of_group and of_group[one].generation_ids[0] == one]
    further = store.cards_of([name for one in begins for name in of_group[one].generation_ids[1:]])
    cards = {card.generation_id: card for card in (*further, *found)}
    shown = []
    for card in found:
        group = of_group.get(card.generation_id)
        if group is None:
            shown.append(Group((card,)))
        elif group.generation_ids[0] == card.generation_id:
            members = [cards[one] for one in group.generation_ids if one in cards]
            shown.append(Group(members, group.number))
    return shown


def _choices(app: App) -> Mapping[str, Any]:
    return {
        "statuses": list(GenerationStatus),
        "orders": {order.value: words for order, words in _ORDERS.items()},
        **app.store.names_in_use(),
    }


def _member(kind: Any, value: str, what: str) -> Any:
    if value not in list(kind):
        raise BadInput(f"unknown {what} {value!r}; there are: {', '.join(kind)}")
    return kind(value)


def _score(text: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text.replace(",", "."))
    except ValueError as error:
        raise BadInput(f"a score is a number from 0 to 1, not {text!r}") from error
    if not 0.0 <= value <= 1.0:
        raise BadInput(f"a score is a number from 0 to 1, not {text}")
    return value


def _file(text: str) -> str | None:
    if text and not re.fullmatch(r"[0-9a-f]{64}", text):
        raise BadInput(f"a file is named by its SHA-256, not {text!r}")
    return text or None


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"a day is written like 2026-01-31, not {text!r}") from error
