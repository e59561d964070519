"""A request and a workflow to the graph that draws it."""

from __future__ import annotations

from dataclasses import fields

from tower_anime.domain.graph import Graph
from tower_anime.domain.request import RenderRequest
from tower_anime.graph.bind import read, set_values
from tower_anime.graph.own import Template
from tower_anime.graph.roles import PARAMETERS


def request_values(template: Template) -> dict[str, object]:
    """Return what a workflow holds, in a request's words: its `cfg` may be embedded guidance."""
    found = read(template.graph, template.roles)
    if is_embedded(template):
        found["cfg"] = found.pop("guidance")
    if found.get("checkpoint") == "":
        del found["checkpoint"]  # none is named yet: preflight says what there is
    return found


def is_embedded(template: Template) -> bool:
    """Whether a workflow guides by a number that its model takes as an input.

    The samplers of such models have no cfg of their own, or one that stays at 1.
    """
    found = read(template.graph, template.roles)
    return "guidance" in found and found.get("cfg", 1.0) == 1.0


def unplaced(request: RenderRequest, template: Template) -> tuple[str, ...]:
    """Return the request's values that a workflow has no place for.

    An empty negative prompt asks for nothing and needs no place.
    """
    values, bound = _values_of(request), template.roles.bound
    if not request.negative:
        del values["negative"]
    embedded = is_embedded(template)
    return tuple(name for name in values if name not in bound and not (embedded and name == "cfg"))


def build(
    request: RenderRequest, *, template: Template, filename_prefix: str, image: str | None = None
) -> Graph:
    """Return a deep copy of `template`'s graph with the request in it.

    What the template has no place for is left out; `unplaced` names it beforehand. A
    `filename_prefix` of its own makes the server run the save node even when the rest is
    cached; `image` is the name of an uploaded input.
    """
    bound = template.roles.bound
    wanted = _values_of(request) | {"filename_prefix": filename_prefix}
    if is_embedded(template):
        wanted["guidance"] = wanted.pop("cfg")
    if image is not None:
        wanted["image"] = image
    placed = {name: value for name, value in wanted.items() if name in bound}
    return set_values(template.graph, template.roles, placed)


def _values_of(request: RenderRequest) -> dict[str, object]:
    """Return the request's values by parameter, without those it leaves to the workflow."""
    given = {field.name: getattr(request, field.name) for field in fields(request)}
    return {
        name: value for name, value in given.items() if name in PARAMETERS and value is not None
    }
