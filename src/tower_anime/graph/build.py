"""A request and a workflow to the graph that draws it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields

from tower_anime.domain.graph import Graph
from tower_anime.domain.request import RenderRequest
from tower_anime.graph.bind import read, set_values
from tower_anime.graph.extend import (
    can_take_precision,
    can_take_second_pass,
    can_take_vae,
    with_precision,
    with_second_pass,
    with_vae,
)
from tower_anime.graph.own import Template
from tower_anime.graph.roles import PARAMETERS

_ADDED: Mapping[str, Callable[[Graph], bool]] = {
    "vae": can_take_vae,
    "precision": can_take_precision,
    "hires": can_take_second_pass,
}
"""What a workflow can be given without a place of its own, and whether this one can."""


def request_values(template: Template) -> dict[str, object]:
    """Return what a workflow holds, in a request's words: its `cfg` may be embedded guidance."""
    found = read(template.graph, template.roles)
    if is_embedded(template):
        found["cfg"] = found.pop("guidance")
    for name in ("checkpoint", "vae"):
        if found.get(name) == "":
            del found[name]  # none is named yet: preflight says what there is
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
    return tuple(
        name
        for name in values
        if name not in bound
        and not (embedded and name == "cfg")
        and not (name in _ADDED and _ADDED[name](template.graph))
    )


def closed(template: Template) -> tuple[str, ...]:
    """Return what this workflow neither has a place for nor can be given."""
    bound = template.roles.bound
    names = [name for name in ("lora_strength", "frame_rate") if name not in bound]
    graph = template.graph
    given = (n for n, able in _ADDED.items() if n not in bound and not able(graph))
    return (*names, *given)


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
    graph = set_values(template.graph, template.roles, placed)
    if request.vae is not None and "vae" not in bound:
        graph = with_vae(graph, request.vae)
    if request.precision is not None:
        graph = with_precision(graph, request.precision)
    if request.hires is not None and request.hires > 1:
        graph = with_second_pass(graph, request.hires)
    return graph


def _values_of(request: RenderRequest) -> dict[str, object]:
    """Return the request's values by parameter, without those it leaves to the workflow."""
    given = {field.name: getattr(request, field.name) for field in fields(request)}
    return {
        name: value
        for name, value in given.items()
        if (name in PARAMETERS or name in _ADDED) and value is not None
    }
