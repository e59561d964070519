"""Reading and setting a graph's parameters through its roles; all else stays as it is."""

from __future__ import annotations

import copy
from collections.abc import Mapping

from tower_anime.domain.graph import Graph, is_link
from tower_anime.errors import BadInput
from tower_anime.graph.links import value_at
from tower_anime.graph.roles import Roles


def read(graph: Graph, roles: Roles) -> dict[str, object]:
    """Return the value of every bound parameter."""
    return {name: value_at(graph, slots[0]) for name, slots in roles.bound.items()}


def set_values(graph: Graph, roles: Roles, values: Mapping[str, object]) -> Graph:
    """Return a deep copy with `values` in the slots of their parameters, nothing else changed.

    `BadInput` names the parameters that this graph has no single place for, and those it has.
    """
    if missing := [name for name in values if name not in roles.bound]:
        raise BadInput(
            f"this workflow has no place for {', '.join(missing)}{_why(roles, missing)}; "
            f"it binds {', '.join(roles.bound) or 'nothing'}"
        )
    result = copy.deepcopy(graph)
    for name, value in values.items():
        if is_link(value):
            raise BadInput(f"{name} must be a value, not a link between nodes: {value!r}")
        for slot in roles.bound[name]:
            result[slot.node]["inputs"][slot.input] = value
    return result


def _why(roles: Roles, names: list[str]) -> str:
    reasons = [f"{d.parameter}: {d.reason}" for d in roles.ambiguous if d.parameter in names]
    return f" ({'; '.join(reasons)})" if reasons else ""
