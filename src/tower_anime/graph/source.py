"""A workflow as its user has it: a graph, or a UI-format file that needs a server to become one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tower_anime.domain.graph import Catalog, Graph
from tower_anime.errors import BadInput
from tower_anime.graph import ui
from tower_anime.graph.convert import to_api, write_back
from tower_anime.graph.load import parse_workflow


@dataclass(frozen=True)
class Source:
    """Exactly one of a graph in API format and a file in UI format."""

    graph: Graph | None = None
    ui: Mapping[str, Any] | None = None

    def on(self, catalog: Catalog) -> Graph:
        """Return the graph for a server; raises what `to_api` raises."""
        if self.ui is not None:
            return to_api(self.ui, catalog)
        assert self.graph is not None  # one of the two is given
        return self.graph

    def with_values(self, graph: Graph, catalog: Catalog) -> tuple[Graph, Mapping[str, Any]]:
        """Return the graph to run and the `extra_pnginfo` that opens in ComfyUI as just that.

        Of a UI-format file: the file with the graph's values, and what it converts to (inputs
        that share a value follow). `BadInput` if the file can't hold them.
        """
        if self.ui is None:
            return graph, {}
        written = write_back(self.ui, graph, catalog)
        return to_api(written, catalog), {"workflow": written}


def parse_source(text: str) -> Source:
    """Return the workflow in a file's text, in either format; `BadInput` says what else it is."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return Source(graph=parse_workflow(text))  # it says what is wrong
    if not ui.is_ui(data):
        return Source(graph=parse_workflow(text))
    if not data["nodes"]:
        raise BadInput("not a graph: it has no nodes")
    ui.parse(data)
    return Source(ui=data)
