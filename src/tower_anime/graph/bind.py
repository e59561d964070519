"""Reading and setting a graph's parameters through its roles; all else stays as it is."""

from __future__ import annotations

import copy
from collections.abc import Mapping

from tower_anime.domain.graph import Graph, is_link
from tower_anime.errors import BadInput
from tower_anime.graph.links import Slot, value_at
from tower_anime.graph.roles import Roles


def read(graph: Graph, roles: Roles) -> dict[str, object]:
    """Return the value of every bound parameter."""
    return {name: value_at(graph, slots[0]) for name, slots in roles.bound.items()}


def changes(graph: Graph, roles: Roles, values: Mapping[str, object]) -> dict[Slot, object]:
    """Return what to write where so that the parameters have `values`.

    With the steps move the numbers at which one sampler hands over to the next. `BadInput` names
    the parameters that this graph has no single place for, and those it has.
    """
    if missing := [name for name in values if name not in roles.bound]:
        raise BadInput(
            f"this workflow has no place for {', '.join(missing)}{_why(roles, missing)}; "
            f"it binds {', '.join(roles.bound) or 'nothing'}"
        )
    for name, value in values.items():
        if is_link(value):
            raise BadInput(f"{name} must be a value, not a link between nodes: {value!r}")
    written = {slot: value for name, value in values.items() for slot in roles.bound[name]}
    return written | _moved_splits(graph, roles, values.get("steps"))


def set_values(graph: Graph, roles: Roles, values: Mapping[str, object]) -> Graph:
    """Return a deep copy with the `changes` that `values` need, nothing else changed."""
    result = copy.deepcopy(graph)
    for slot, value in changes(graph, roles, values).items():
        result[slot.node]["inputs"][slot.input] = value
    return result


def _moved_splits(graph: Graph, roles: Roles, steps: object) -> dict[Slot, object]:
    """Return the hand-over steps in the proportion that they had."""
    if not isinstance(steps, int) or not roles.splits:
        return {}
    before = int(value_at(graph, roles.bound["steps"][0]))
    share = {slot: value_at(graph, slot) / before for slot in roles.splits}
    return {slot: max(1, min(steps - 1, round(part * steps))) for slot, part in share.items()}


def _why(roles: Roles, names: list[str]) -> str:
    reasons = [f"{d.parameter}: {d.reason}" for d in roles.ambiguous if d.parameter in names]
    return f" ({'; '.join(reasons)})" if reasons else ""
