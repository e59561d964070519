"""Drawings name every node once, show where parameters stand, and end on odd graphs."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tests import templates
from tests.unit.graph.graphs import full_catalog, hires
from tower_anime.domain.graph import Graph
from tower_anime.graph.convert import convert
from tower_anime.graph.draw import svg, tree
from tower_anime.graph.links import upstream
from tower_anime.graph.own import template_of
from tower_anime.graph.ready import template

ODD: dict[str, Graph] = {
    "none": {},
    "ring": {
        "1": {"class_type": "Save", "inputs": {"a": ["2", 0]}},
        "2": {"class_type": "A", "inputs": {"a": ["3", 0]}},
        "3": {"class_type": "B", "inputs": {"a": ["2", 0]}},
    },
    "marks": {"<1>": {"class_type": "Save<b>&", "inputs": {"text": '"]]><script>'}}},
}


def test_the_tree_of_the_usual_workflow() -> None:
    lines = tree(template_of(template()))
    assert lines[:3] == (
        "SaveImage #9  [filename_prefix]",
        "└─ images: VAEDecode #8",
        "   ├─ samples: KSampler #3  [steps, cfg, sampler, scheduler, denoise, seed]",
    )
    assert "   └─ vae: CheckpointLoaderSimple #4 (above)" in lines


@pytest.mark.parametrize("graph", [template(), hires(), *ODD.values()], ids=str)
def test_every_node_that_runs_is_drawn_once(graph: Graph) -> None:
    found = template_of(graph)
    nodes = upstream(graph, found.roles.outputs)
    drawn = [line for line in tree(found) if not line.endswith("(above)")]
    assert sorted(line.partition(" #")[2].partition("  [")[0] for line in drawn) == sorted(nodes)
    picture = ElementTree.fromstring(svg(found))
    assert len(picture.findall(".//{*}rect")) == len(nodes)


@pytest.mark.parametrize("name", templates.names()[5::80])
def test_boxes_of_a_template_do_not_cover_each_other_and_links_lead_right(name: str) -> None:
    graph = convert(templates.load(name), full_catalog()).graph
    picture = ElementTree.fromstring(svg(template_of(graph, full_catalog())))
    places = [(r.get("x"), r.get("y")) for r in picture.findall(".//{*}rect")]
    assert len(set(places)) == len(places)
    for path in picture.findall(".//{*}path"):
        numbers = path.get("d", "").replace("M", "").replace("C", " ").split()
        assert int(numbers[0]) < int(numbers[-2])
