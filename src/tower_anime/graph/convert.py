"""A workflow in ComfyUI's UI format to the API format that its server takes, and back.

It follows what ComfyUI's frontend (1.58) does when it queues: subgraphs are unfolded (their nodes
are called `host:inner`), frontend-only nodes are seen through, muted nodes are left out, bypassed
ones hand on an input of the right type, widgets become inputs. Unlike the frontend it needs no
browser: the catalog says which widgets a class has.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tower_anime.domain.graph import Catalog, Graph
from tower_anime.errors import BadInput, InvalidGraph, MissingNode
from tower_anime.graph.ui import (
    ROOT,
    Mode,
    UiGraph,
    UiNode,
    UiSlot,
    UiWorkflow,
    definitions,
    parse,
)
from tower_anime.graph.widgets import ABSENT, CUSTOM_COMBO, Widget, index_of_choice, widgets_of

_NOTES = frozenset({"Note", "MarkdownNote"})
_REROUTES = frozenset({"Reroute", "Reroute (rgthree)"})
_SETTERS = frozenset({"SetNode", "easy setNode"})
_GETTERS = frozenset({"GetNode", "easy getNode"})
_PRIMITIVE = "PrimitiveNode"
# Nodes of rgthree-comfy that only exist in the browser.
_PANELS = frozenset(
    {
        "Label (rgthree)",
        "Bookmark (rgthree)",
        "Fast Muter (rgthree)",
        "Fast Bypasser (rgthree)",
        "Fast Groups Muter (rgthree)",
        "Fast Groups Bypasser (rgthree)",
        "Fast Actions Button (rgthree)",
        "Mute / Bypass Relay (rgthree)",
        "Mute / Bypass Repeater (rgthree)",
    }
)
_Item = TypeVar("_Item")

_VIRTUAL = _NOTES | _REROUTES | _SETTERS | _GETTERS | _PANELS | {_PRIMITIVE}
"""Classes that only the frontend knows; the server never sees them."""


@dataclass(frozen=True)
class Place:
    """Where a file holds the value of an input: graph (subgraph id), node, position or name."""

    graph: str
    node: str
    key: int | str


@dataclass(frozen=True)
class Missing:
    """An active node whose class the catalog lacks."""

    node: str
    class_type: str


@dataclass(frozen=True)
class Conversion:
    """A converted workflow.

    `places` maps (node, input) of every value to where the file holds it; `missing` are the
    active nodes without a class. They are in the graph with their links, and with those of their
    values that the file names. `notes` say which values were left out because the file is of
    another version of their node.
    """

    graph: Graph
    places: Mapping[tuple[str, str], Place]
    missing: tuple[Missing, ...]
    notes: tuple[str, ...] = ()


def to_api(ui: Mapping[str, Any], catalog: Catalog) -> Graph:
    """Return the graph in API format.

    `BadInput` names the malformed part of the file, `InvalidGraph` the node whose links run in a
    circle, `MissingNode` every active node whose class the catalog lacks.
    """
    result = convert(ui, catalog)
    if result.missing:
        named = ", ".join(f"{m.class_type} (node {m.node})" for m in result.missing)
        raise MissingNode(f"not installed on the server: {named}")
    return result.graph


def convert(ui: Mapping[str, Any], catalog: Catalog) -> Conversion:
    """Return the graph with what it takes to write values back; missing classes raise nothing."""
    return _Converter(parse(ui), catalog).convert()


def missing_in(graph: Graph, catalog: Catalog) -> tuple[Missing, ...]:
    """Return the nodes of a graph in API format whose class the catalog lacks."""
    return tuple(
        Missing(node, body["class_type"])
        for node, body in graph.items()
        if body["class_type"] not in catalog
    )


def write_back(ui: Mapping[str, Any], graph: Graph, catalog: Catalog) -> dict[str, Any]:
    """Return a copy of the workflow file in which `graph`'s values stand, layout untouched.

    `graph` is what `to_api` gave, with other values. Inputs that share one value in the file (a
    subgraph's, a primitive's) follow when one of them changed, so convert the result again to
    run what it shows. `BadInput` if the graph differs in more than values, if the file has no
    place for one, or one place for two.
    """
    before = convert(ui, catalog)
    changes = list(_changed(before.graph, graph))
    result = copy.deepcopy(dict(ui))
    for node, name in changes:
        place = before.places.get((node, name))
        if place is None:
            raise BadInput(f"the workflow file holds no value for {name} of node {node}")
        _put(result, place, _plain(graph[node]["inputs"][name]), _held(before, place))
    after = convert(result, catalog).graph
    for node, name in changes:
        if not _same(after.get(node, {}).get("inputs", {}).get(name), graph[node]["inputs"][name]):
            raise BadInput(f"the workflow file has one place for {name} of node {node} and another")
    return result


def _changed(before: Graph, after: Graph) -> Iterator[tuple[str, str]]:
    """Yield the inputs whose values differ; `BadInput` if nodes differ."""
    if before.keys() != after.keys():
        raise BadInput("the graph has other nodes than the workflow file")
    for node, body in after.items():
        ours = before[node]["inputs"]
        if ours.keys() != body["inputs"].keys():
            raise BadInput(f"node {node} has other inputs than in the workflow file")
        for name, value in body["inputs"].items():
            if not _same(ours[name], value):
                yield node, name


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same, true and 1 told apart."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _held(conversion: Conversion, place: Place) -> dict[int, Any]:
    """Return the values by position of the node that a place is in."""
    return {
        other.key: _plain(conversion.graph[node]["inputs"][name])
        for (node, name), other in conversion.places.items()
        if (other.graph, other.node) == (place.graph, place.node) and isinstance(other.key, int)
    }


def _put(ui: dict[str, Any], place: Place, value: Any, held: Mapping[int, Any]) -> None:
    """Set one value of a node in a raw file, by position, by name, or both.

    A file may end its list early, where defaults follow; then these are written out.
    """
    graphs = {ROOT: ui} | {raw["id"]: raw for raw in definitions(ui)}
    node = next(raw for raw in graphs[place.graph]["nodes"] if str(raw["id"]) == place.node)
    values, named = node.get("widgets_values"), node.get("widgets_values_named")
    if isinstance(place.key, str):
        for store in (values, named):
            if isinstance(store, dict):
                store[place.key] = value
        return
    values = list(values or ())
    values += [held.get(i) for i in range(len(values), place.key + 1)]
    old, values[place.key] = values[place.key], value
    node["widgets_values"] = values
    names = [name for name in named or {} if _same((named or {})[name], old)]
    if named and len(names) == 1:
        named[names[0]] = value


@dataclass(frozen=True)
class _Link:
    """An input that comes from a node's output."""

    node: str
    slot: int


@dataclass(frozen=True)
class _Value:
    """An input that comes from a widget elsewhere: a primitive's, or one of a subgraph's host."""

    value: Any
    kind: str
    place: Place | None


_Source = _Link | _Value | None


@dataclass(frozen=True)
class _Scope:
    """One instance of a graph: the root, or a subgraph under its host node in the outer scope."""

    graph: UiGraph
    prefix: str = ""
    host: UiNode | None = None
    outer: _Scope | None = None

    def name(self, node: UiNode) -> str:
        """Return what a node of this instance is called in API format."""
        return self.prefix + node.id


_Shown = tuple[str, Widget, Place | None]
"""A widget that one sees on a node: the input's name, the widget, where its value stands."""


@dataclass
class _Converter:
    """One conversion of one file."""

    workflow: UiWorkflow
    catalog: Catalog
    graph: Graph = field(default_factory=dict)
    places: dict[tuple[str, str], Place] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    tables: dict[tuple[str, str], tuple[Widget, ...]] = field(default_factory=dict)
    hosts: dict[tuple[str, str], tuple[_Shown, ...]] = field(default_factory=dict)
    scopes: dict[str, _Scope] = field(default_factory=dict)
    on_the_way: set[tuple[str, str, str]] = field(default_factory=set)

    def convert(self) -> Conversion:
        for scope, node in self._active(_Scope(self.workflow.root)):
            self._emit(scope, node)
        missing = missing_in(self.graph, self.catalog)
        return Conversion(self.graph, self.places, missing, tuple(self.notes))

    def _active(self, scope: _Scope) -> Iterator[tuple[_Scope, UiNode]]:
        """Yield every node that the server gets, subgraphs unfolded."""
        for node in scope.graph.nodes.values():
            if not node.active or node.type in _VIRTUAL:
                continue
            if node.type in self.workflow.subgraphs:
                yield from self._active(self._inner(scope, node))
            else:
                yield scope, node

    def _inner(self, scope: _Scope, host: UiNode) -> _Scope:
        """Return the scope of a subgraph's instance; `InvalidGraph` if it contains itself."""
        prefix = f"{scope.name(host)}:"
        if prefix in self.scopes:
            return self.scopes[prefix]
        graph = self.workflow.subgraphs[host.type]
        around: _Scope | None = scope
        while around is not None:
            if around.graph.key == graph.key:
                raise InvalidGraph(f"node {scope.name(host)}: its subgraph contains itself")
            around = around.outer
        self.scopes[prefix] = _Scope(graph, prefix, host, scope)
        return self.scopes[prefix]

    def _emit(self, scope: _Scope, node: UiNode) -> None:
        name = scope.name(node)
        inputs = self._values(scope, node)
        for slot in node.inputs:
            source = self._behind(scope, node, slot, slot.type)
            if source is None or not self._takes(node, slot):
                continue
            if isinstance(source, _Link):
                inputs[slot.name] = [source.node, source.slot]
                self.places.pop((name, slot.name), None)
            else:
                inputs[slot.name] = _wrapped(source.value, source.kind)
                self._remember(name, slot.name, source.place)
        if node.type == CUSTOM_COMBO:
            inputs["index"] = index_of_choice(inputs)
        shown = self.catalog.get(node.type, {}).get("display_name") or node.type
        self.graph[name] = {
            "class_type": node.type,
            "inputs": inputs,
            "_meta": {"title": node.title or shown},
        }

    def _values(self, scope: _Scope, node: UiNode) -> dict[str, Any]:
        """Return the values of a node's own widgets."""
        name = scope.name(node)
        inputs: dict[str, Any] = {}
        for widget in self._widgets(scope.graph, node):
            if widget.foreign:
                self._note(name, node, widget)
            elif widget.value is not ABSENT:
                inputs[widget.name] = _wrapped(widget.value, widget.kind)
                self._remember(name, widget.name, _place(scope.graph, node, widget))
        return inputs

    def _remember(self, node: str, name: str, place: Place | None) -> None:
        if place is None:
            self.places.pop((node, name), None)
        else:
            self.places[node, name] = place

    def _takes(self, node: UiNode, slot: UiSlot) -> bool:
        """Whether the server's version of a class has an input; parts of one are `name.part`.

        Pure links always count: some classes take inputs that no catalog lists.
        """
        if node.type not in self.catalog or (slot.widget is None and slot.link is not None):
            return True
        inputs = self.catalog[node.type].get("input", {})
        top = slot.name.partition(".")[0]
        return any(top in (inputs.get(section) or {}) for section in ("required", "optional"))

    def _note(self, name: str, node: UiNode, widget: Widget) -> None:
        self.notes.append(
            f"node {name} ({node.type}): {widget.name} {widget.value!r} is left out, since the "
            "server's version of the node takes a number there"
        )

    def _widgets(self, graph: UiGraph, node: UiNode) -> tuple[Widget, ...]:
        key = (graph.key, node.id)
        if key not in self.tables:
            self.tables[key] = widgets_of(node, self.catalog)
        return self.tables[key]

    # ---- following links ----

    def _behind(self, scope: _Scope, node: UiNode, slot: UiSlot, wanted: str) -> _Source:
        """Return where an input comes from; None if nothing (that runs) is behind it."""
        link = scope.graph.links.get(slot.link) if slot.link is not None else None
        if link is None:
            return None
        step = (scope.prefix, node.id, slot.name)
        if step in self.on_the_way:
            raise InvalidGraph(
                f"node {scope.name(node)} ({node.type}): the links behind {slot.name} "
                "run in a circle"
            )
        self.on_the_way.add(step)
        try:
            return self._origin(scope, link.origin, link.origin_slot, wanted)
        finally:
            self.on_the_way.discard(step)

    def _origin(self, scope: _Scope, origin: str, number: int, wanted: str) -> _Source:
        if scope.host is not None and origin == scope.graph.input_node:
            return self._outside(scope, number)
        source = scope.graph.nodes.get(origin)
        return None if source is None else self._output(scope, source, number, wanted)

    def _output(self, scope: _Scope, node: UiNode, number: int, wanted: str) -> _Source:
        """Return what an output of a node stands for."""
        if node.mode == Mode.MUTED:
            return None
        if node.mode == Mode.BYPASSED:
            slot = self._passed_on(node, number, wanted)
            return self._behind(scope, node, slot, slot.type) if slot else None
        if node.type in self.workflow.subgraphs:
            inner = self._inner(scope, node)
            port = _at(inner.graph.outputs, number)
            link = inner.graph.links.get(port.links[0]) if port and port.links else None
            return self._origin(inner, link.origin, link.origin_slot, wanted) if link else None
        if node.type == _PRIMITIVE:
            return self._primitive(scope, node)
        if node.type in _GETTERS:
            return self._got(scope, node, wanted)
        if node.type in _VIRTUAL:
            slot = _at(node.inputs, number)
            return self._behind(scope, node, slot, wanted) if slot else None
        return _Link(scope.name(node), number)

    def _outside(self, scope: _Scope, number: int) -> _Source:
        """Return what feeds an input of a subgraph: a link to its host, or the host's widget."""
        port, host, outer = _at(scope.graph.inputs, number), scope.host, scope.outer
        if port is None or host is None or outer is None:
            return None
        slot = next((slot for slot in host.inputs if slot.name == port.name), None)
        if slot is not None and slot.link in outer.graph.links:
            return self._behind(outer, host, slot, slot.type)
        return next(
            (
                _Value(widget.value, widget.kind, place)
                for name, widget, place in self._promoted(outer.graph, host)
                if name == port.name and widget.value is not ABSENT
            ),
            None,
        )

    def _passed_on(self, node: UiNode, number: int, wanted: str) -> UiSlot | None:
        """Return the input that a bypassed node hands on to one of its outputs.

        The one of the same number if its type fits, else the first of exactly the wanted type,
        else the first that fits.
        """
        slots = self._slots(node)
        if wanted == "*":
            return slots[number if number < len(slots) else 0] if slots else None
        given = node.output_types[number] if number < len(node.output_types) else wanted
        fitting = [slot for slot in slots if _fits(slot.type, given) and _fits(slot.type, wanted)]
        if number < len(slots) and slots[number] in fitting:
            return slots[number]
        exact = (slot for slot in slots if slot.type == wanted)
        return next(exact, None) or next(iter(fitting), None)

    def _slots(self, node: UiNode) -> tuple[UiSlot, ...]:
        """Return a node's inputs; a subgraph's host may list fewer than its definition."""
        definition = self.workflow.subgraphs.get(node.type)
        if definition is None:
            return node.inputs
        listed = {slot.name: slot for slot in node.inputs}
        return tuple(listed.get(p.name) or UiSlot(p.name, p.type) for p in definition.inputs)

    def _primitive(self, scope: _Scope, node: UiNode) -> _Source:
        place = Place(scope.graph.key, node.id, 0)
        if node.values:
            return _Value(node.values[0], "", place)
        if node.named and "value" in node.named:
            return _Value(node.named["value"], "", Place(scope.graph.key, node.id, "value"))
        return None

    def _got(self, scope: _Scope, getter: UiNode, wanted: str) -> _Source:
        """Return what was set under a Get node's name, in its graph or one around it."""
        wanted_name = _first_value(getter)
        at: _Scope | None = scope
        while at is not None:
            for node in at.graph.nodes.values():
                if node.type in _SETTERS and _first_value(node) == wanted_name and node.inputs:
                    return self._behind(at, node, node.inputs[0], wanted)
            at = at.outer
        return None

    # ---- the widgets of a subgraph's host ----

    def _promoted(self, graph: UiGraph, host: UiNode) -> tuple[_Shown, ...]:
        """Return the inner widgets that a host shows, under the names of its inputs.

        The host's own value counts, where its file has one; else that of the first inner widget
        behind the input.
        """
        key = (graph.key, host.id)
        if key not in self.hosts:
            self.hosts[key] = tuple(self._find_promoted(graph, host))
        return self.hosts[key]

    def _find_promoted(self, graph: UiGraph, host: UiNode) -> Iterator[_Shown]:
        definition = self.workflow.subgraphs[host.type]
        shown = {
            port.name: found
            for number, port in enumerate(definition.inputs)
            if (found := self._inner_widget(definition, number))
        }
        own = self._own_values(host, definition, tuple(shown))
        for name, (widget, place) in shown.items():
            if name in own:
                key = own[name]
                value = host.values[key] if isinstance(key, int) else (host.named or {})[key]
                yield name, Widget(name, widget.kind, value, key), Place(graph.key, host.id, key)
            else:
                yield name, widget, place

    def _inner_widget(self, graph: UiGraph, number: int) -> tuple[Widget, Place | None] | None:
        """Return the first widget inside a subgraph that one of its inputs sets."""
        for link_id in graph.inputs[number].links:
            link = graph.links.get(link_id)
            node = graph.nodes.get(link.target) if link else None
            slot = next((s for s in node.inputs if s.link == link_id), None) if node else None
            if node is not None and slot is not None:
                name = slot.widget or slot.name
                for widget_name, widget, place in self._shown(graph, node):
                    if widget_name == name:
                        return widget, place
                if slot.widget:  # one that the file's version of the node has, not the server's
                    return Widget(name, "", ABSENT, None), None
        return None

    def _shown(self, graph: UiGraph, node: UiNode) -> Iterator[_Shown]:
        """Yield the widgets that one sees on a node, be it a subgraph's host or not."""
        if node.type in self.workflow.subgraphs:
            yield from self._promoted(graph, node)
            return
        for widget in self._widgets(graph, node):
            yield widget.name, widget, _place(graph, node, widget)

    def _own_values(
        self, host: UiNode, definition: UiGraph, shown: tuple[str, ...]
    ) -> dict[str, int | str]:
        """Return where a host holds values of its own, by the input that they are for.

        Files of 2025 list the shown widgets under `proxyWidgets`, as (inner node, widget) or
        ("-1", input), and the values in that order; later ones in the order of the inputs, at
        last with their names beside them.
        """
        proxies, named = host.properties.get("proxyWidgets"), host.named
        if not host.values:
            return {name: name for name in shown if named and name in named}
        if isinstance(proxies, list) and proxies:
            places = (
                (name, next((i for i, p in enumerate(proxies) if _shows(definition, p, name)), -1))
                for name in shown
            )
        elif named is not None and len(named) == len(host.values):
            places = ((name, i) for i, name in enumerate(named))
        else:
            places = ((name, i) for i, name in enumerate(shown))
        return {
            name: i
            for name, i in places
            if 0 <= i < len(host.values) and host.values[i] is not None
        }


def _place(graph: UiGraph, node: UiNode, widget: Widget) -> Place | None:
    return None if widget.key is None else Place(graph.key, node.id, widget.key)


def _shows(definition: UiGraph, proxy: Any, name: str) -> bool:
    """Whether an entry of `proxyWidgets` means a subgraph's input of this name."""
    if not isinstance(proxy, list) or len(proxy) < 2:
        return False
    node_id, widget = str(proxy[0]), proxy[1]
    if node_id == "-1":
        return bool(widget == name)
    node = definition.nodes.get(node_id)
    links = next((port.links for port in definition.inputs if port.name == name), ())
    return node is not None and any(
        slot.link in links and (slot.widget or slot.name) == widget for slot in node.inputs
    )


def _first_value(node: UiNode) -> Any:
    if node.values:
        return node.values[0]
    return next(iter(node.named.values()), None) if node.named else None


def _at(items: tuple[_Item, ...], number: int) -> _Item | None:
    return items[number] if 0 <= number < len(items) else None


def _fits(one: str, other: str) -> bool:
    """Whether LiteGraph would link two types: any, equal, or one in common; case ignored."""
    ours, theirs = set(one.casefold().split(",")), set(other.casefold().split(","))
    return bool(ours & theirs) or "*" in ours | theirs


def _wrapped(value: Any, kind: str) -> Any:
    """Return a value as the server wants it: a bare list would be a link."""
    if kind == "CURVE" and value is not None:
        return {"__type__": "CURVE", "__value__": value}
    return {"__value__": value} if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    return value["__value__"] if isinstance(value, dict) and "__value__" in value else value
