"""A workflow file in ComfyUI's UI format (0.4 and 1) as typed values.

Root links are lists `[id, from, slot, to, slot, type]`, links of subgraphs and of format 1 are
objects. Ids are kept as text: files hold them as numbers and as words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from tower_anime.errors import BadInput

ROOT = ""
"""The key of the outermost graph; that of a subgraph is its id."""


class Mode(IntEnum):
    """What LiteGraph does with a node; its numbers."""

    ALWAYS = 0
    MUTED = 2
    BYPASSED = 4


@dataclass(frozen=True)
class UiSlot:
    """An input of a node. `widget` is the name of the widget that it replaces when linked."""

    name: str
    type: str
    link: str | None = None
    widget: str | None = None


@dataclass(frozen=True)
class UiNode:
    """A node. `values` are its widgets' values by position, `named` by name, where a file has them.

    `index` is its place in the file's list of nodes.
    """

    id: str
    type: str
    mode: int
    title: str | None
    inputs: tuple[UiSlot, ...]
    output_types: tuple[str, ...]
    values: tuple[Any, ...]
    named: Mapping[str, Any] | None
    properties: Mapping[str, Any]
    index: int

    @property
    def active(self) -> bool:
        """Whether the node itself is part of what runs."""
        return self.mode not in (Mode.MUTED, Mode.BYPASSED)


@dataclass(frozen=True)
class UiLink:
    """A link: the node and the number of the output it comes from, the node it goes to."""

    origin: str
    origin_slot: int
    target: str
    target_slot: int


@dataclass(frozen=True)
class UiPort:
    """An input or output of a subgraph, with the links inside that it has, first made first."""

    name: str
    type: str
    links: tuple[str, ...]


@dataclass(frozen=True)
class UiGraph:
    """The root or one subgraph. `input_node` is the id that links from its inputs start at."""

    key: str
    nodes: Mapping[str, UiNode]
    links: Mapping[str, UiLink]
    inputs: tuple[UiPort, ...] = ()
    outputs: tuple[UiPort, ...] = ()
    input_node: str = "-10"


@dataclass(frozen=True)
class UiWorkflow:
    """A whole file: the root graph and the subgraphs by id."""

    root: UiGraph
    subgraphs: Mapping[str, UiGraph]


def is_ui(data: object) -> bool:
    """Whether parsed JSON looks like a workflow in UI format."""
    return isinstance(data, Mapping) and isinstance(data.get("nodes"), list)


def parse(ui: Mapping[str, Any]) -> UiWorkflow:
    """Return the workflow as typed values; `BadInput` names the part that is malformed."""
    if not is_ui(ui):
        raise BadInput("not a workflow in ComfyUI's UI format: it has no list of nodes")
    subgraphs = {raw["id"]: _graph(raw, raw["id"]) for raw in definitions(ui)}
    return UiWorkflow(_graph(ui, ROOT), subgraphs)


def definitions(ui: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the raw subgraph definitions of a file, nested ones too."""
    told = ui.get("definitions") or {}
    found = (told.get("subgraphs") or []) if isinstance(told, Mapping) else None
    if not isinstance(found, list):
        raise BadInput("not a workflow: its definitions are no list of subgraphs")
    for raw in found:
        if not isinstance(raw, dict) or not isinstance(raw.get("id"), str):
            raise BadInput("not a workflow: a subgraph has no id")
        yield raw
        yield from definitions(raw)


def _graph(raw: Mapping[str, Any], key: str) -> UiGraph:
    where = f"subgraph {raw.get('name') or key!r}: " if key else ""
    nodes = {}
    for index, node in enumerate(_list(raw.get("nodes"), where + "nodes")):
        parsed = _node(node, index, where)
        nodes[parsed.id] = parsed
    return UiGraph(
        key=key,
        nodes=nodes,
        links=dict(_link(link, where) for link in _list(raw.get("links"), where + "links") if link),
        inputs=_ports(raw.get("inputs"), where) if key else (),
        outputs=_ports(raw.get("outputs"), where) if key else (),
        input_node=str(_mapping(raw.get("inputNode")).get("id", -10)),
    )


def _node(raw: Any, index: int, where: str) -> UiNode:
    if not isinstance(raw, Mapping) or "id" not in raw or not isinstance(raw.get("type"), str):
        raise BadInput(f"not a workflow: {where}entry {index} of its nodes has no id or no type")
    label = f"{where}node {raw['id']} ({raw['type']})"
    values, named = raw.get("widgets_values"), raw.get("widgets_values_named")
    if isinstance(values, Mapping):
        values, named = (), values
    return UiNode(
        id=str(raw["id"]),
        type=raw["type"],
        mode=raw["mode"] if isinstance(raw.get("mode"), int) else Mode.ALWAYS,
        title=raw["title"] if isinstance(raw.get("title"), str) else None,
        inputs=tuple(_slot(slot, label) for slot in _list(raw.get("inputs"), f"{label}: inputs")),
        output_types=tuple(
            _type(slot.get("type") if isinstance(slot, Mapping) else None)
            for slot in _list(raw.get("outputs"), f"{label}: outputs")
        ),
        values=tuple(_list(values, f"{label}: widgets_values")),
        named=named if isinstance(named, Mapping) else None,
        properties=_mapping(raw.get("properties")),
        index=index,
    )


def _slot(raw: Any, label: str) -> UiSlot:
    if not isinstance(raw, Mapping) or not isinstance(raw.get("name"), str):
        raise BadInput(f"not a workflow: {label} has an input without a name")
    return UiSlot(
        name=raw["name"],
        type=_type(raw.get("type")),
        link=None if raw.get("link") is None else str(raw["link"]),
        widget=_mapping(raw.get("widget")).get("name"),
    )


def _link(raw: Any, where: str) -> tuple[str, UiLink]:
    try:
        if isinstance(raw, Mapping):
            names = ("id", "origin_id", "origin_slot", "target_id", "target_slot")
            number, origin, slot, target, into = (raw[name] for name in names)
        else:
            number, origin, slot, target, into = raw[:5]
        if int(slot) < 0 or int(into) < 0:
            raise ValueError("it leads to no slot")
        return str(number), UiLink(str(origin), int(slot), str(target), int(into))
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"not a workflow: {where}a link is malformed: {raw!r}") from error


def _ports(raw: Any, where: str) -> tuple[UiPort, ...]:
    return tuple(
        UiPort(
            name=str(port.get("name", "")),
            type=_type(port.get("type")),
            links=tuple(str(link) for link in _list(port.get("linkIds"), "linkIds")),
        )
        for port in _list(raw, where + "inputs or outputs")
        if isinstance(port, Mapping)
    )


def _type(raw: Any) -> str:
    """Return a slot's type; LiteGraph takes 0, nothing and an empty text for any."""
    return raw if isinstance(raw, str) and raw else "*"


def _mapping(raw: Any) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else {}


def _list(raw: Any, what: str) -> Sequence[Any]:
    if raw is None:
        return ()
    if not isinstance(raw, list | tuple):
        raise BadInput(f"not a workflow: {what} is not a list")
    return raw
