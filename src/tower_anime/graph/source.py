"""A workflow as its user has it: a graph, or a UI-format file that needs a server to become one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tower_anime.domain.graph import Catalog, Graph
from tower_anime.errors import BadInput
from tower_anime.graph import ui
from tower_anime.graph.convert import to_api, write_back
from tower_anime.graph.layout import laid_out
from tower_anime.graph.load import parse_workflow
from tower_anime.graph.own import Bindings, parse_bindings


@dataclass(frozen=True)
class Source:
    """Exactly one of a graph in API format and a file in UI format, and a user's bindings."""

    graph: Graph | None = None
    ui: Mapping[str, Any] | None = None
    bindings: Bindings = field(default_factory=dict)

    def on(self, catalog: Catalog) -> Graph:
        """Return the graph for a server; raises what `to_api` raises."""
        if self.ui is not None:
            return to_api(self.ui, catalog)
        assert self.graph is not None  # one of the two is given
        return self.graph

    def with_values(self, graph: Graph, catalog: Catalog) -> tuple[Graph, Mapping[str, Any]]:
        """Return the graph to run and the `extra_pnginfo` that opens in ComfyUI as just that.

        Of a UI-format file: the file with the graph's values, and what it converts to (inputs
        that share a value follow). `BadInput` if the file can't hold them. Of a graph: itself,
        laid out; without that, the graph alone is what opens.
        """
        if self.ui is None:
            made = laid_out(graph, catalog)
            return graph, {"workflow": made} if made else {}
        written = write_back(self.ui, graph, catalog)
        return to_api(written, catalog), {"workflow": written}


_BUNDLE = "tower_workflow"


def bundled(text: str, bindings: str | None) -> str:
    """Return a file's text and that of its bindings as one text, which `parse_source` reads."""
    return text if bindings is None else json.dumps({_BUNDLE: text, "bindings": bindings})


def parse_source(text: str, bindings: str | None = None) -> Source:
    """Return the workflow in a file's text, in either format; `BadInput` says what else it is.

    `bindings` is the text of the TOML beside it.
    """
    own = parse_bindings(bindings) if bindings else {}
    return replace(_parse(text), bindings=own) if own else _parse(text)


def _parse(text: str) -> Source:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return Source(graph=parse_workflow(text))  # it says what is wrong
    if isinstance(data, dict) and isinstance(data.get(_BUNDLE), str):
        return parse_source(data[_BUNDLE], str(data.get("bindings")))
    if not ui.is_ui(data):
        return Source(graph=parse_workflow(text))
    if not data["nodes"]:
        raise BadInput("not a graph: it has no nodes")
    ui.parse(data)
    return Source(ui=data)
