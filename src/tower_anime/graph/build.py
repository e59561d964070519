"""A request and a workflow to the graph that draws it."""

from __future__ import annotations

from dataclasses import fields

from tower_anime.domain.graph import Graph
from tower_anime.domain.request import RenderRequest
from tower_anime.graph.bind import read, set_values
from tower_anime.graph.roles import PARAMETERS, Roles, find


def request_values(template: Graph) -> dict[str, object]:
    """Return what a workflow holds, in a request's words: its `cfg` may be embedded guidance."""
    roles = find(template)
    found = read(template, roles)
    if is_embedded(template, roles):
        found["cfg"] = found.pop("guidance")
    if found.get("checkpoint") == "":
        del found["checkpoint"]  # none is named yet: preflight says what there is
    return found


def is_embedded(template: Graph, roles: Roles) -> bool:
    """Whether a workflow guides by a number that its model takes as an input.

    The samplers of such models have no cfg of their own, or one that stays at 1.
    """
    found = read(template, roles)
    return "guidance" in found and found.get("cfg", 1.0) == 1.0


def unplaced(request: RenderRequest, template: Graph) -> tuple[str, ...]:
    """Return the request's values that a workflow has no place for.

    An empty negative prompt asks for nothing and needs no place.
    """
    roles = find(template)
    values = _values_of(request)
    if not request.negative:
        del values["negative"]
    embedded = is_embedded(template, roles)
    return tuple(
        name for name in values if name not in roles.bound and not (embedded and name == "cfg")
    )


def build(
    request: RenderRequest, *, template: Graph, filename_prefix: str, image: str | None = None
) -> Graph:
    """Return a deep copy of `template` with the request in it.

    What the template has no place for is left out; `unplaced` names it beforehand. A
    `filename_prefix` of its own makes the server run the save node even when the rest is
    cached; `image` is the name of an uploaded input. The graph is all the embedded metadata a
    picture needs: ComfyUI's frontend opens the `prompt` chunk that the server writes when there
    is no `workflow` chunk, so none is invented.
    """
    roles = find(template)
    wanted = _values_of(request) | {"filename_prefix": filename_prefix}
    if is_embedded(template, roles):
        wanted["guidance"] = wanted.pop("cfg")
    if image is not None:
        wanted["image"] = image
    return set_values(
        template, roles, {name: value for name, value in wanted.items() if name in roles.bound}
    )


def _values_of(request: RenderRequest) -> dict[str, object]:
    """Return the request's values by parameter, without those it leaves to the workflow."""
    given = {field.name: getattr(request, field.name) for field in fields(request)}
    return {
        name: value for name, value in given.items() if name in PARAMETERS and value is not None
    }
