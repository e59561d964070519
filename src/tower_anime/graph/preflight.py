"""What a server would refuse about a graph, found before its queue sees it.

Types of problems carry the server's own words where it has one: `missing_node_type`,
`required_input_missing`, `value_not_in_list`, `value_smaller_than_min`, `value_bigger_than_max`,
`invalid_input_type`, `return_type_mismatch`, `dependency_cycle`, `prompt_no_outputs`;
`broken_link` is ours (the server reports a bare KeyError there).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tower_anime.domain.graph import (
    Catalog,
    Graph,
    describe_choices,
    input_spec,
    is_link,
    stated_choices,
)
from tower_anime.graph.catalog import bounds, is_output
from tower_anime.graph.links import links, upstream

_FREE_CHOICES = frozenset({"CustomCombo"})  # its node brings the choices; the server takes any


@dataclass(frozen=True)
class Problem:
    """One thing the server would refuse. `node` and `input` are empty for the whole graph."""

    node: str
    input: str
    type: str
    message: str


def problems(graph: Graph, catalog: Catalog) -> tuple[Problem, ...]:
    """Return everything that is wrong with a graph for the server of this catalog.

    As on the server, classes are checked everywhere, inputs only where an output needs them.
    """
    missing = [_missing_class(node, graph, catalog) for node in graph]
    found = [problem for problem in missing if problem]
    outputs = tuple(node for node in graph if is_output(catalog, graph[node]["class_type"]))
    if not outputs:
        text = "nothing in this workflow saves or shows a result (no output node)"
        return (*found, Problem("", "", "prompt_no_outputs", text))
    for node in upstream(graph, outputs):
        if graph[node]["class_type"] in catalog:
            found += _input_problems(node, graph, catalog)
    return (*found, *_cycles(graph, outputs))


def _missing_class(node: str, graph: Graph, catalog: Catalog) -> Problem | None:
    class_type = graph[node]["class_type"]
    if class_type in catalog:
        return None
    text = f"{class_type} is not installed on the server"
    near = describe_choices(class_type, tuple(catalog)).partition("; allowed")[0]
    hint = f"; {near}" if near.startswith("nearest") else ""
    return Problem(node, "", "missing_node_type", text + hint)


def _input_problems(node: str, graph: Graph, catalog: Catalog) -> Iterator[Problem]:
    class_type, inputs = graph[node]["class_type"], graph[node]["inputs"]
    for name, spec in catalog[class_type].get("input", {}).get("required", {}).items():
        # Inputs that grow have names of their own (image0, image1, …).
        if name not in inputs and spec[0] != "COMFY_AUTOGROW_V3":
            text = f"{class_type} needs the input {name}"
            yield Problem(node, name, "required_input_missing", text)
    for name, value in inputs.items():
        spec = input_spec(catalog, class_type, name)
        problem = (
            _link_problem(name, value, spec, graph, catalog)
            if is_link(value)
            else _value_problem(name, value, spec, catalog, class_type)
        )
        if problem:
            yield Problem(node, name, *problem)


def _link_problem(
    name: str, value: list[Any], spec: Any, graph: Graph, catalog: Catalog
) -> tuple[str, str] | None:
    source, number = value
    if source not in graph:
        return "broken_link", f"{name} is linked to node {source}, which does not exist"
    class_type = graph[source]["class_type"]
    if class_type not in catalog:
        return None
    types = catalog[class_type].get("output", [])
    if not 0 <= number < len(types):
        text = f"{name} is linked to output {number} of {class_type}, which has {len(types)}"
        return "broken_link", text
    if spec and not _fits(types[number], spec[0]):
        return (
            "return_type_mismatch",
            f"{name} takes {spec[0]}, but {class_type} gives {types[number]}",
        )
    return None


def _fits(given: Any, wanted: Any) -> bool:
    """Whether a link's type may go into an input; choices and open types take anything."""
    if not isinstance(given, str) or not isinstance(wanted, str) or wanted == "COMBO":
        return True
    if given.startswith("COMFY_") or wanted.startswith("COMFY_"):
        return True
    ours, theirs = set(given.split(",")), set(wanted.split(","))
    return bool(ours & theirs) or "*" in ours | theirs


def _value_problem(
    name: str, value: Any, spec: Any, catalog: Catalog, class_type: str
) -> tuple[str, str] | None:
    allowed = stated_choices(spec)
    if allowed is not None:
        # A file that is uploaded later is in no list yet; the server checks the file itself.
        free = class_type in _FREE_CHOICES
        if free or _is_upload(spec) or str(value) in allowed:
            return None
        return "value_not_in_list", f"{name} {value!r}: {describe_choices(value, allowed)}"
    ends = bounds(catalog, class_type, name)
    if ends is None:
        return None
    number = _number(value)
    if number is None:
        return "invalid_input_type", f"{name} must be a number, not {value!r}"
    if ends.low is not None and number < ends.low:
        return "value_smaller_than_min", f"{name} {value} is below {ends.low}"
    if ends.high is not None and number > ends.high:
        return "value_bigger_than_max", f"{name} {value} is above {ends.high}"
    return None


def _is_upload(spec: Any) -> bool:
    return len(spec) > 1 and any(key.endswith("_upload") and spec[1][key] for key in spec[1])


def _number(value: Any) -> int | float | None:
    """Return what the server makes of a value: whole numbers stay exact (seeds exceed 2^53)."""
    if isinstance(value, int | float):
        return value
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _cycles(graph: Graph, outputs: tuple[str, ...]) -> Iterator[Problem]:
    """Yield one problem per node that depends on itself."""
    for node in upstream(graph, outputs):
        sources = tuple(source for _, source, _ in links(graph, node))
        if node in upstream(graph, sources):
            text = f"{graph[node]['class_type']} depends on its own result"
            yield Problem(node, "", "dependency_cycle", text)
