"""The text of a workflow in API format to a graph, or a refusal that says what is wrong with it."""

from __future__ import annotations

import json
from typing import Any, NoReturn, cast

from tower_anime.domain.graph import Graph
from tower_anime.errors import BadInput


def parse_workflow(text: str) -> Graph:
    """Return the API-format graph in `text`; `BadInput` says what the text is instead.

    A submission body `{"prompt": {…}}`, as scripts keep it, counts as its graph.
    """
    try:
        data = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise BadInput(
            f"not JSON: {error.msg} in line {error.lineno}, column {error.colno}"
        ) from error
    except RecursionError as error:
        raise BadInput("not a workflow: nested too deeply") from error
    if not isinstance(data, dict):
        raise BadInput(f"not a graph: a JSON object of nodes is needed, not {_name(data)}")
    if isinstance(data.get("nodes"), list):
        raise BadInput("a workflow in ComfyUI's UI format, not in its API format")
    if isinstance(data.get("prompt"), dict) and "class_type" not in data["prompt"]:
        data = data["prompt"]
    if not data:
        raise BadInput("not a graph: it has no nodes")
    for node_id, node in data.items():
        _check_node(node_id, node)
    return cast("Graph", data)


def _check_node(node_id: str, node: Any) -> None:
    if not isinstance(node, dict):
        raise BadInput(f"not a graph: node {node_id!r} is {_name(node)}, not an object")
    if not isinstance(node.get("class_type"), str):
        raise BadInput(f"not a graph: node {node_id!r} has no class_type")
    if not isinstance(node.get("inputs"), dict):
        raise BadInput(f"not a graph: node {node_id!r} ({node['class_type']}) has no inputs")


def _refuse_constant(word: str) -> NoReturn:
    raise BadInput(f"not a graph: {word} is no number that ComfyUI takes")


def _name(value: object) -> str:
    names = {list: "a list", str: "a text", bool: "a truth value", type(None): "null"}
    return names.get(type(value), "a number")
