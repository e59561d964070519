"""Following a graph's links: what depends on what, and where a linked value really stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tower_anime.domain.graph import Catalog, Graph, input_spec, is_link
from tower_anime.graph.catalog import is_output

# Without a catalog these are taken for outputs; any node that nothing reads is one as well.
_OUTPUT_PREFIXES = ("Save", "Preview", "VHS_VideoCombine")
_SWITCH = "ComfySwitchNode"  # hands on its input on_true or on_false, as its input switch says
_COMPUTES = ("Load", "Get")  # without a catalog: their output is not what they are given
_NOT_VALUES = ("control_after_generate",)  # what the frontend does to a seed after a run


@dataclass(frozen=True, order=True)
class Slot:
    """One literal input of one node."""

    node: str
    input: str


def value_at(graph: Graph, slot: Slot) -> Any:
    """Return what a slot holds."""
    return graph[slot.node]["inputs"][slot.input]


def links(graph: Graph, node: str) -> Iterator[tuple[str, str, int]]:
    """Yield (input, source node, source's output number) of a node's links to nodes in it."""
    for name, value in graph[node]["inputs"].items():
        if is_link(value) and value[0] in graph:
            yield name, value[0], value[1]


def source_of(graph: Graph, node: str, name: str | None) -> str | None:
    """Return the node behind a link input (`name` None: the node itself)."""
    if name is None:
        return node
    value = graph[node]["inputs"].get(name)
    return value[0] if is_link(value) and value[0] in graph else None


def upstream(graph: Graph, starts: tuple[str, ...]) -> tuple[str, ...]:
    """Return every node that the starts depend on, themselves included, nearest first."""
    seen: dict[str, None] = dict.fromkeys(starts)
    queue = list(starts)
    for node in queue:
        for _, source, _ in links(graph, node):
            if source not in seen:
                seen[source] = None
                queue.append(source)
    return tuple(seen)


def output_nodes(graph: Graph, catalog: Catalog | None = None) -> tuple[str, ...]:
    """Return the nodes the server would run the graph for, saving ones before previews."""
    read = {source for node in graph for _, source, _ in links(graph, node)}
    found = [
        node
        for node, body in graph.items()
        if (catalog is not None and is_output(catalog, body["class_type"]))
        or (
            (catalog is None or body["class_type"] not in catalog)
            and (body["class_type"].startswith(_OUTPUT_PREFIXES) or node not in read)
        )
    ]
    return tuple(sorted(found, key=lambda n: graph[n]["class_type"].startswith("Preview")))


def as_it_runs(graph: Graph, catalog: Catalog | None = None) -> Graph:
    """Return the graph with links to a switch that is set led to what it lets through.

    As on the server, which does not run the other side. Slots found here are slots of `graph`.
    """
    sides = {node: side for node in graph if (side := _side(graph, node, catalog))}
    if not sides:
        return graph
    through = {node: graph[node]["inputs"].get(side) for node, side in sides.items()}
    return {
        node: {
            **body,
            "inputs": {name: _led(value, through) for name, value in body["inputs"].items()},
        }
        for node, body in graph.items()
    }


def _side(graph: Graph, node: str, catalog: Catalog | None) -> str | None:
    """Return the input that a switch hands on; None for other nodes and if it depends."""
    if graph[node]["class_type"] != _SWITCH:
        return None
    slot = literal(graph, node, "switch", catalog)
    if slot is None:
        return None
    return "on_true" if value_at(graph, slot) else "on_false"


def _led(value: Any, through: Mapping[str, Any]) -> Any:
    """Return the link behind all the switches that a link leads to; other values as they are."""
    for _ in range(len(through)):
        if not is_link(value) or not is_link(through.get(value[0])):
            break
        value = through[value[0]]
    return value


def input_type(graph: Graph, node: str, name: str, catalog: Catalog | None) -> str | None:
    """Return the type that the catalog states for an input, such as `LATENT`; None if unknown."""
    spec = input_spec(catalog or {}, graph[node]["class_type"], name)
    return spec[0] if isinstance(spec, list) and spec and isinstance(spec[0], str) else None


def linked_as(graph: Graph, node: str, kind: str, catalog: Catalog | None) -> tuple[str, ...]:
    """Return the link inputs of one kind: the one of that name, else those of that type."""
    inputs = graph[node]["inputs"]
    if is_link(inputs.get(kind)):
        return (kind,)
    return tuple(
        name
        for name, value in inputs.items()
        if is_link(value) and input_type(graph, node, name, catalog) == kind.upper()
    )


def literal(graph: Graph, node: str, name: str, catalog: Catalog | None = None) -> Slot | None:
    """Return the slot that holds an input's value: its own, or a primitive's behind a link.

    A primitive is a node whose only input is a literal, such as PrimitiveInt {"value": 20}, or
    one that hands out each of its literals under that literal's name (the catalog tells);
    nodes with one linked input, such as Reroute, are passed through. None when the input is
    missing or its value is computed.
    """
    for _ in range(len(graph)):
        inputs = graph[node]["inputs"]
        if name not in inputs:
            return None
        value = inputs[name]
        if not is_link(value):
            return Slot(node, name)
        node = value[0]
        inner = _handed_out(graph, node, value[1], catalog) if node in graph else None
        if inner is None:
            return None
        name = inner
    return None


def _is_passed_on(graph: Graph, node: str, name: str, number: int, catalog: Catalog | None) -> bool:
    """Whether a node's one input may be what it hands out, by the types the catalog states.

    A file's name is not the picture in it, and a picture not its width.
    """
    class_type = graph[node]["class_type"]
    given = (catalog or {}).get(class_type, {}).get("output") or []
    taken = input_type(graph, node, name, catalog)
    if number < len(given) and isinstance(given[number], str) and taken is not None:
        return taken == given[number] or "*" in (taken, given[number])
    return not class_type.startswith(_COMPUTES)


def _handed_out(graph: Graph, node: str, number: int, catalog: Catalog | None) -> str | None:
    """Return the input that an output hands out unchanged, None if it computes something."""
    if side := _side(graph, node, catalog):
        return side
    names = [str(name) for name in graph[node]["inputs"] if name not in _NOT_VALUES]
    if len(names) == 1:
        return names[0] if _is_passed_on(graph, node, names[0], number, catalog) else None
    given = (catalog or {}).get(graph[node]["class_type"], {}).get("output_name") or []
    folded = [str(word).casefold() for word in given]
    if not names or any(name.casefold() not in folded for name in names):
        return None
    at = {folded.index(name.casefold()): name for name in names}
    return at.get(number)
