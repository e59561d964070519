"""What every route shares: strict bodies and parameters, JSON answers, the page envelope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Generic, TypeAlias, TypeVar

from fastapi import Depends, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import to_json

from tower_anime.compose import App
from tower_anime.errors import BadInput
from tower_anime.web.deps import Readers, the_app, the_readers, the_rendered
from tower_anime.web.rendered import Rendered

T = TypeVar("T")

TheApp = Annotated[App, Depends(the_app)]
TheReaders = Annotated[Readers, Depends(the_readers)]
TheRendered = Annotated[Rendered, Depends(the_rendered)]
Limit = Annotated[int, Query(ge=1, le=500, description="items on one page")]
Cursor = Annotated[
    str | None, Query(max_length=500, description="`next_cursor` of the page before")
]


class Strict(BaseModel):
    """A body whose unknown fields are refused by name."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _known(cls, value: object) -> object:
        if isinstance(value, Mapping):
            allowed = [field.alias or name for name, field in cls.model_fields.items()]
            unknown = [key for key in value if key not in allowed]
            if unknown:
                raise ValueError(f"unknown field {unknown[0]!r}; allowed: {', '.join(allowed)}")
        return value


class Open(BaseModel):
    """An answer; later versions may say more."""

    model_config = ConfigDict(extra="allow")


class PageOf(BaseModel, Generic[T]):
    """One page of a list; `next_cursor` is null at the end."""

    items: list[T]
    next_cursor: str | None = Field(None, examples=["WyIyMDI2LTAxLTAyVDAzOjA0OjA1KzAwOjAwIl0="])


class Problem(BaseModel):
    """Every error."""

    detail: str


class Json(Response):
    """A JSON answer from plain values (dates and enumerations included)."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Return the bytes."""
        return to_json(content, inf_nan_mode="null")


class JsonText(Response):
    """A JSON answer that is written already."""

    media_type = "application/json"


def page(items: Sequence[Any], next_cursor: str | None) -> Json:
    """Return the envelope of a list."""
    return Json({"items": items, "next_cursor": next_cursor})


async def known_parameters(request: Request) -> None:
    """Refuse query parameters that the route does not have, naming those that it has."""
    route = request.scope.get("route")
    if not request.query_params or not isinstance(route, APIRoute):
        return
    allowed = [param.alias for param in route.dependant.query_params]
    unknown = [key for key in request.query_params if key not in allowed]
    if unknown:
        names = ", ".join(allowed) if allowed else "none"
        raise BadInput(f"unknown parameter {unknown[0]!r}; allowed: {names}")


Answers: TypeAlias = dict[int | str, dict[str, Any]]

BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
"""The schema of an answer that is a file."""

ERRORS: Answers = {
    404: {"model": Problem, "description": "no such thing"},
    409: {"model": Problem, "description": "does not fit the present state"},
    422: {"model": Problem, "description": "a wrong value; the message says what is allowed"},
}
