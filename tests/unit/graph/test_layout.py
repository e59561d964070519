"""Graphs laid out as ComfyUI's frontend opens them."""

from __future__ import annotations

import pytest

from tests import templates
from tests.flow.rig import catalog
from tower_anime.domain.graph import Graph
from tower_anime.graph import ready
from tower_anime.graph.convert import convert, to_api
from tower_anime.graph.layout import laid_out


@pytest.mark.parametrize("name", ready.READY)
def test_a_ready_workflow_opens_as_the_very_graph(name: str) -> None:
    graph = ready.template(name)
    made = laid_out(graph, catalog())
    assert made is not None
    back = to_api(made, catalog())
    for node, body in graph.items():
        assert back[node]["class_type"] == body["class_type"]
        assert back[node]["inputs"] == {**back[node]["inputs"], **body["inputs"]}


def test_what_is_opened_runs_again_with_the_same_seed_and_lies_apart() -> None:
    made = laid_out(ready.template("text_to_image"), catalog())
    assert made is not None
    sampler = next(node for node in made["nodes"] if node["type"] == "KSampler")
    assert sampler["widgets_values"][1] == "fixed"
    boxes = [(*node["pos"], *node["size"]) for node in made["nodes"]]
    for at, (x, y, width, height) in enumerate(boxes):
        for left, top, _, _ in boxes[:at]:
            assert not (x <= left < x + width and y <= top < y + height)
    origin = {node["id"]: node["pos"][0] for node in made["nodes"]}
    assert all(origin[source] < origin[target] for _, source, _, target, _, _ in made["links"])


def test_most_graphs_of_the_official_templates_are_laid_out() -> None:
    found: list[Graph] = []
    for name in templates.names()[::9]:
        converted = convert(templates.load(name), catalog())
        if converted.graph and not converted.missing:
            found.append(converted.graph)
    assert len(found) > 20
    assert sum(laid_out(graph, catalog()) is not None for graph in found) >= 0.95 * len(found)


def test_what_would_open_as_another_graph_is_not_laid_out() -> None:
    graph = convert(templates.load("image_ernie_image"), catalog()).graph
    assert laid_out(graph, catalog()) is None
    ring: Graph = {
        "1": {"class_type": "VAEDecode", "inputs": {"samples": ["x", 0], "vae": ["x", 1]}},
        "x": {"class_type": "VAEEncode", "inputs": {"pixels": ["1", 0], "vae": ["gone", 1]}},
    }
    made = laid_out(ring, catalog())
    assert made is not None
    assert [node["id"] for node in made["nodes"]] == [1, 2]
