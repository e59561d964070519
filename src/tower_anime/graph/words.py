"""Where the words of a text stand that a graph puts together before it is encoded."""

from __future__ import annotations

from tower_anime.domain.graph import Catalog, Graph, is_link
from tower_anime.graph.links import Slot, links, literal, source_of, upstream, value_at

_PICKS = ("RegexExtract",)  # takes a part of a fixed text, such as the n-th line of a list


def text_at(graph: Graph, node: str, name: str, catalog: Catalog | None) -> Slot | None:
    """Return the slot of an input that holds a text, itself or behind a primitive."""
    slot = literal(graph, node, name, catalog)
    return slot if slot and isinstance(value_at(graph, slot), str) else None


def words(graph: Graph, node: str, name: str, catalog: Catalog | None) -> tuple[Slot, ...]:
    """Return the texts that an input's text is made of: one is the user's, of several any may be.

    A text that a language model writes anew is made of its prompt; where a switch lets a user
    choose between words and what a model makes of them, of those words. Of a template with one
    gap, what fills the gap. A part that is computed without words of its own does not count.
    """
    return tuple(dict.fromkeys(_words(graph, node, name, catalog, frozenset())))


def _words(
    graph: Graph, node: str, name: str, catalog: Catalog | None, seen: frozenset[str]
) -> tuple[Slot, ...]:
    if slot := text_at(graph, node, name, catalog):
        return (slot,)
    at = source_of(graph, node, name)
    if at is None or at in seen:
        return ()
    seen |= {at}
    if slot := _before_rewriting(graph, at, catalog):
        return (slot,)
    inputs = graph[at]["inputs"]
    match graph[at]["class_type"]:
        case "StringConcatenate":
            return tuple(
                slot
                for part in ("string_a", "string_b")
                for slot in _part(graph, at, part, catalog, seen)
            )
        case "StringReplace":
            filling = _part(graph, at, "replace", catalog, seen)
            template = _words(graph, at, "string", catalog, seen)
            is_plain = text_at(graph, at, "string", catalog) is not None
            return filling if filling and is_plain else (*template, *filling)
    onward = "prompt" if "prompt" in inputs else next(iter(inputs)) if len(inputs) == 1 else None
    return _words(graph, at, onward, catalog, seen) if onward else ()


def _part(
    graph: Graph, node: str, name: str, catalog: Catalog | None, seen: frozenset[str]
) -> tuple[Slot, ...]:
    """Return the words of a part; of one that says something unknown, the part itself."""
    found = _words(graph, node, name, catalog, seen)
    if found:
        return tuple(slot for slot in found if str(value_at(graph, slot)).strip())
    source = source_of(graph, node, name)
    return (Slot(node, name),) if source and _says_something(graph, source) else ()


def _says_something(graph: Graph, node: str) -> bool:
    """Whether words stand behind a computed text, beside what is picked from a list."""
    queue, seen = [node], {node}
    for each in queue:
        body = graph[each]
        if body["class_type"] in _PICKS:
            continue
        if any(isinstance(v, str) and " " in v.strip() for v in body["inputs"].values()):
            return True
        fresh = {source for _, source, _ in links(graph, each)} - seen
        seen |= fresh
        queue += fresh
    return False


def _before_rewriting(graph: Graph, node: str, catalog: Catalog | None) -> Slot | None:
    """Return the words that a switch offers instead of what `node` makes of them."""
    behind = upstream(graph, (node,))
    for each, body in graph.items():
        sides = [name for name, value in body["inputs"].items() if is_link(value)]
        if "Switch" not in body["class_type"] or not any(
            source_of(graph, each, side) == node for side in sides
        ):
            continue
        for side in sides:
            slot = text_at(graph, each, side, catalog)
            if slot and slot.node != each and slot.node in behind:
                return slot
    return None
