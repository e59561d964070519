"""Changing values inside a workflow file's text: every other byte stays as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from tower_anime.domain.graph import Graph
from tower_anime.graph.links import Slot

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\n\r]*")


def replaced(text: str, graph: Graph, changes: Mapping[Slot, object]) -> str:
    """Return `text` (the file that `graph` was read from) with new values in some slots.

    A slot that holds the value already keeps its spelling (7.0 stays 7.0, not 7).
    """
    spans = _spans(text, graph)
    edits = [
        (*spans[slot], json.dumps(value, ensure_ascii=False))
        for slot, value in changes.items()
        if not _same(graph[slot.node]["inputs"][slot.input], value)
    ]
    for start, end, written in sorted(edits, reverse=True):
        text = text[:start] + written + text[end:]
    return text


def _same(old: object, new: object) -> bool:
    return old == new and isinstance(old, bool) == isinstance(new, bool)


def _spans(text: str, graph: Graph) -> dict[Slot, tuple[int, int]]:
    """Return where each input's value begins and ends; of a key given twice, the last counts."""
    top = dict(_members(text, _skip(text, 0)))
    if "prompt" in top and not ("prompt" in graph and len(graph) == len(top)):
        top = dict(_members(text, top["prompt"][0]))
    spans = {}
    for node, (start, _) in top.items():
        inputs = dict(_members(text, start)).get("inputs")
        if inputs is None:
            continue
        for name, span in _members(text, inputs[0]):
            spans[Slot(node, name)] = span
    return spans


def _members(text: str, at: int) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield (key, (start, end) of its value) of the object at a position; valid JSON is given."""
    at = _skip(text, at + 1)
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        start = _skip(text, _skip(text, at) + 1)
        _, end = _DECODER.raw_decode(text, start)
        yield key, (start, end)
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None  # the pattern matches the empty text
    return found.end()
