"""A request and a template to the graph that draws it."""

from __future__ import annotations

import json
from dataclasses import fields
from importlib import resources
from typing import cast

from tower_anime.domain.graph import Graph
from tower_anime.domain.request import RenderRequest
from tower_anime.errors import BadInput
from tower_anime.graph.bind import set_values
from tower_anime.graph.roles import PARAMETERS, Roles, find

TEMPLATES = ("text_to_image",)
"""The built-in templates."""


def template(name: str = "text_to_image") -> Graph:
    """Return a fresh copy of a built-in template in API format."""
    if name not in TEMPLATES:
        raise BadInput(f"unknown template {name!r}; there are: {', '.join(TEMPLATES)}")
    file = resources.files("tower_anime.graph") / "templates" / f"{name}.json"
    return cast("Graph", json.loads(file.read_text(encoding="utf-8")))


def values_of(request: RenderRequest) -> dict[str, object]:
    """Return the request's values by parameter, without those it leaves to the workflow."""
    given = {field.name: getattr(request, field.name) for field in fields(request)}
    return {
        name: value for name, value in given.items() if name in PARAMETERS and value is not None
    }


def unplaced(request: RenderRequest, roles: Roles) -> tuple[str, ...]:
    """Return the request's values that a graph with these roles has no place for.

    An empty negative prompt asks for nothing and needs no place.
    """
    values = values_of(request)
    if not request.negative:
        del values["negative"]
    return tuple(name for name in values if name not in roles.bound)


def build(request: RenderRequest, *, template: Graph, filename_prefix: str) -> Graph:
    """Return a deep copy of `template` with the request in it.

    What the template has no place for is left out; `unplaced` names it beforehand. A
    `filename_prefix` of its own makes the server run the save node even when the rest is
    cached. The graph is all the embedded metadata a picture needs: ComfyUI's frontend opens the
    `prompt` chunk that the server writes when there is no `workflow` chunk, so none is invented.
    """
    roles = find(template)
    wanted = values_of(request) | {"filename_prefix": filename_prefix}
    return set_values(
        template, roles, {name: value for name, value in wanted.items() if name in roles.bound}
    )
