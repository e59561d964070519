"""A user's own word on what a workflow's parameters are bound to: a small TOML beside the file.

    [bind]
    prompt = "269.value"                     # node.input
    seed = ["3.seed", "11.noise_seed"]       # set together, the first is read
    negative = []                            # none: nothing sets it

It overrules what `roles.find` finds, and decides what that leaves open.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from tower_anime.domain.graph import NAMED_AT_MOST, Catalog, Graph, is_link
from tower_anime.errors import BadInput
from tower_anime.graph.links import Slot, value_at
from tower_anime.graph.roles import PARAMETERS, Roles, find

Bindings = Mapping[str, tuple[str, ...]]
"""Parameter → places, each as `node.input`."""


@dataclass(frozen=True)
class Template:
    """A workflow's graph and what its parameters are bound to."""

    graph: Graph
    roles: Roles


def template_of(
    graph: Graph, catalog: Catalog | None = None, bindings: Bindings | None = None
) -> Template:
    """Return a graph with its roles: the user's bindings first, the others as found.

    `BadInput` names a binding that leads nowhere in this graph, and what there is.
    """
    return Template(graph, overruled(find(graph, catalog), graph, bindings or {}))


def parse_bindings(text: str) -> Bindings:
    """Return the bindings in a TOML text; `BadInput` says what is wrong with it."""
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadInput(f"not TOML: {error}") from error
    if unknown := [name for name in data if name != "bind"]:
        raise BadInput(f"unknown table {unknown[0]!r}; allowed: [bind]")
    bind = data.get("bind", {})
    if not isinstance(bind, dict):
        raise BadInput('[bind] must be a table such as prompt = "6.text"')
    return {name: _places(name, value) for name, value in bind.items()}


def overruled(roles: Roles, graph: Graph, bindings: Bindings) -> Roles:
    """Return the roles with a user's bindings in the place of those that were found."""
    if not bindings:
        return roles
    own = {name: _slots(name, places, graph) for name, places in bindings.items()}
    bound = {name: slots for name, slots in (dict(roles.bound) | own).items() if slots}
    doubts = tuple(doubt for doubt in roles.ambiguous if doubt.parameter not in own)
    open_ones = {doubt.parameter for doubt in doubts}
    return replace(
        roles,
        bound={name: bound[name] for name in PARAMETERS if name in bound},
        ambiguous=doubts,
        unbound=tuple(n for n in PARAMETERS if n not in bound and n not in open_ones),
        splits=roles.splits if own.get("steps") in (None, roles.bound.get("steps")) else (),
    )


def _places(name: str, value: object) -> tuple[str, ...]:
    if name not in PARAMETERS:
        raise BadInput(f"unknown parameter {name!r} in [bind]; allowed: {', '.join(PARAMETERS)}")
    places = [value] if isinstance(value, str) else value
    if not isinstance(places, list) or not all(isinstance(place, str) for place in places):
        raise BadInput(f'{name} in [bind] must be "node.input" or a list of such')
    return tuple(places)


def _slots(name: str, places: tuple[str, ...], graph: Graph) -> tuple[Slot, ...]:
    return tuple(dict.fromkeys(_slot(name, place, graph) for place in places))


def _slot(name: str, place: str, graph: Graph) -> Slot:
    """Return the slot that `node.input` names; inputs may have dots in their names."""
    node = max((n for n in graph if place.startswith(f"{n}.")), key=len, default=None)
    if node is None:
        some = ", ".join(list(graph)[:NAMED_AT_MOST])
        raise BadInput(f'{name} is bound to "{place}", but there is no such node; there are {some}')
    slot, inputs = Slot(node, place[len(node) + 1 :]), graph[node]["inputs"]
    plain = [key for key, value in inputs.items() if not is_link(value)]
    if slot.input not in inputs:
        raise BadInput(
            f'{name} is bound to "{place}", but node {node} ({graph[node]["class_type"]}) has no '
            f"such input; it has {', '.join(plain) or 'no values'}"
        )
    if slot.input not in plain:
        source = value_at(graph, slot)[0]
        raise BadInput(f'{name} is bound to "{place}", but node {source} computes that value')
    return slot
