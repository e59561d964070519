"""A graph in API format as a workflow that ComfyUI's frontend opens: laid out, values in place.

The frontend opens an API graph as well, but piles its nodes up and forgets what it can't place.
What is made here is proven: converted back it is the same graph, else there is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tower_anime.domain.graph import Catalog, Graph, input_spec, is_link
from tower_anime.errors import InvalidGraph
from tower_anime.graph.convert import convert
from tower_anime.graph.draw import columns
from tower_anime.graph.links import links
from tower_anime.graph.ui import Mode, UiNode
from tower_anime.graph.widgets import ABSENT, has_control, widgets_of

_WIDTH_PX, _GAP_PX, _TITLE_PX = 320, 60, 40
_ROW_PX, _TEXT_PX = 26, 120
_CONTROL = "fixed"  # what is opened and run again is the same picture


def laid_out(graph: Graph, catalog: Catalog) -> dict[str, Any] | None:
    """Return the workflow in UI format; None where converting it back gives another graph.

    Ids that are no numbers, as those from subgraphs, become numbers.
    """
    numbers = _numbers(graph)
    wires = {
        (node, name): (at + 1, source, number)
        for at, (node, name, source, number) in enumerate(_wires(graph))
    }
    places = dict(_places(graph, catalog))
    nodes = [
        {**_node(graph, node, catalog, numbers, wires), **place, "order": order}
        for order, (node, place) in enumerate(places.items())
    ]
    at = {raw["id"]: raw for raw in nodes}
    made = {
        "last_node_id": max(numbers.values(), default=0),
        "last_link_id": len(wires),
        "nodes": nodes,
        "links": [_link(wire, numbers, at, node, name) for (node, name), wire in wires.items()],
        "groups": [],
        "config": {},
        "extra": {},
        "version": 0.4,
    }
    return made if _is_same(made, graph, catalog, numbers) else None


def _numbers(graph: Graph) -> Mapping[str, int]:
    """Return a number for each node: its id, where that is one."""
    taken = {node: int(node) for node in graph if node.isdecimal() and node == str(int(node))}
    following = max(taken.values(), default=0) + 1
    others = (node for node in graph if node not in taken)
    return taken | {node: following + at for at, node in enumerate(others)}


def _wires(graph: Graph) -> Iterator[tuple[str, str, str, int]]:
    for node in graph:
        for name, source, number in links(graph, node):
            yield node, name, source, number


def _node(
    graph: Graph,
    node: str,
    catalog: Catalog,
    numbers: Mapping[str, int],
    wires: Mapping[tuple[str, str], tuple[int, str, int]],
) -> dict[str, Any]:
    body = graph[node]
    class_type, inputs = body["class_type"], body["inputs"]
    values: list[Any] = []
    shown: list[str] = []
    for widget in _widgets(class_type, inputs, catalog):
        if widget.key is None:
            continue
        shown.append(widget.name)
        values.append(None if widget.value is ABSENT else _unwrapped(widget.value))
        if has_control(widget.name, input_spec(catalog, class_type, widget.name)):
            values.append(_CONTROL)
    title = (body.get("_meta") or {}).get("title")
    return {
        "id": numbers[node],
        "type": class_type,
        "flags": {},
        "mode": int(Mode.ALWAYS),
        **({"title": title} if title and title != class_type else {}),
        "inputs": [
            {
                "name": name,
                "type": _type(catalog, class_type, name),
                **({"widget": {"name": name}} if name in shown else {}),
                "link": wires[node, name][0] if (node, name) in wires else None,
            }
            for name in _sockets(class_type, inputs, catalog, shown)
        ],
        "outputs": _outputs(class_type, node, catalog, wires),
        "properties": {"Node name for S&R": class_type},
        "widgets_values": values,
    }


def _widgets(class_type: str, inputs: Mapping[str, Any], catalog: Catalog) -> tuple[Any, ...]:
    """Return a class's widgets, in the frontend's order, with the values of these inputs."""
    named = {name: value for name, value in inputs.items() if not is_link(value)}
    bare = UiNode(
        id="0",
        type=class_type,
        mode=Mode.ALWAYS,
        title=None,
        inputs=(),
        output_types=(),
        values=(),
        named=named,
        properties={},
        index=0,
    )
    return widgets_of(bare, catalog)


def _sockets(
    class_type: str, inputs: Mapping[str, Any], catalog: Catalog, shown: list[str]
) -> Iterator[str]:
    """Yield the inputs that are drawn as sockets: those without a widget, and what is linked."""
    sections = catalog.get(class_type, {}).get("input", {})
    stated = [name for part in ("required", "optional") for name in sections.get(part) or {}]
    linked = [name for name, value in inputs.items() if is_link(value)]
    for name in dict.fromkeys((*stated, *linked)):
        if name in linked or name not in shown:
            yield name


def _outputs(
    class_type: str,
    node: str,
    catalog: Catalog,
    wires: Mapping[tuple[str, str], tuple[int, str, int]],
) -> list[dict[str, Any]]:
    definition = catalog.get(class_type, {})
    types = definition.get("output") or []
    names = definition.get("output_name") or types
    used = [(number, wire) for wire, source, number in wires.values() if source == node]
    many = max([len(types), *(number + 1 for number, _ in used)])
    return [
        {
            "name": str(names[slot]) if slot < len(names) else str(slot),
            "type": types[slot] if slot < len(types) and isinstance(types[slot], str) else "*",
            "slot_index": slot,
            "links": [wire for number, wire in used if number == slot],
        }
        for slot in range(many)
    ]


def _link(
    wire: tuple[int, str, int],
    numbers: Mapping[str, int],
    at: Mapping[int, dict[str, Any]],
    node: str,
    name: str,
) -> list[Any]:
    number, source, slot = wire
    into = [each["name"] for each in at[numbers[node]]["inputs"]].index(name)
    kind = at[numbers[source]]["outputs"][slot]["type"]
    return [number, numbers[source], slot, numbers[node], into, kind]


def _places(graph: Graph, catalog: Catalog) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each node with its place and size: what it reads to its left."""
    for column, nodes in enumerate(columns(graph, tuple(reversed(graph)))):
        top = 0
        for node in nodes:
            height = _height(graph[node], catalog)
            x = column * (_WIDTH_PX + _GAP_PX)
            yield node, {"pos": [x, top], "size": [_WIDTH_PX, height]}
            top += height + _TITLE_PX + _GAP_PX // 2


def _height(body: Mapping[str, Any], catalog: Catalog) -> int:
    class_type, inputs = body["class_type"], body["inputs"]
    definition = catalog.get(class_type, {})
    widgets = _widgets(class_type, inputs, catalog)
    texts = sum(_is_text(input_spec(catalog, class_type, each.name)) for each in widgets)
    sockets = sum(is_link(value) for value in inputs.values())
    rows = max(sockets, len(definition.get("output") or ())) + len(widgets) - texts + 1
    return rows * _ROW_PX + texts * _TEXT_PX


def _is_text(spec: Any) -> bool:
    options = spec[1] if isinstance(spec, list) and len(spec) > 1 else {}
    return isinstance(options, Mapping) and bool(options.get("multiline"))


def _type(catalog: Catalog, class_type: str, name: str) -> str:
    spec = input_spec(catalog, class_type, name)
    if not isinstance(spec, list) or not spec:
        return "*"
    return spec[0] if isinstance(spec[0], str) else "COMBO"


def _unwrapped(value: Any) -> Any:
    return value["__value__"] if isinstance(value, dict) and "__value__" in value else value


def _is_same(
    made: Mapping[str, Any], graph: Graph, catalog: Catalog, numbers: Mapping[str, int]
) -> bool:
    """Whether the workflow converts to the graph; defaults that it did not state may be added."""
    try:
        back = convert(made, catalog).graph
    except InvalidGraph:
        return False
    if back.keys() != {str(number) for number in numbers.values()}:
        return False
    return all(
        _value(value, numbers) == back[str(numbers[node])]["inputs"].get(name, ABSENT)
        for node, body in graph.items()
        for name, value in body["inputs"].items()
        if not is_link(value) or value[0] in graph
    )


def _value(value: Any, numbers: Mapping[str, int]) -> Any:
    return [str(numbers[value[0]]), value[1]] if is_link(value) else value
