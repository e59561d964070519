from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.unit.graph.graphs import CAPTURES, captured, full_catalog, node
from tower_anime.domain.graph import Graph
from tower_anime.graph.catalog import Bounds, bounds, choices
from tower_anime.graph.preflight import problems
from tower_anime.graph.ready import template


def good() -> Graph:
    graph = template()
    graph["4"]["inputs"]["ckpt_name"] = "tiny_sd3_random.safetensors"
    return graph


def rejections() -> Iterator[tuple[str, Graph, int, set[str]]]:
    data = json.loads((CAPTURES / "http_prompt_rejections.json").read_text(encoding="utf-8"))
    for name, exchange in data.items():
        body = exchange["request"].get("json")
        graph = body.get("prompt") if isinstance(body, dict) else None
        answer = exchange["response"].get("json")
        is_graph = isinstance(graph, dict) and all(
            isinstance(n, dict) and n.get("class_type") and "inputs" in n for n in graph.values()
        )
        if not is_graph or not isinstance(answer, dict) or name == "bad_prompt_id":
            continue
        types = {e["type"] for n in answer["node_errors"].values() for e in n["errors"]}
        if error := answer.get("error"):
            types.add(error["type"])
        yield name, graph, exchange["response"]["status"], types


# What the captured server says differently or finds only when it runs the validator of a node.
OURS = {
    "exception_during_inner_validation": "broken_link",
    "prompt_outputs_failed_validation": None,
    "custom_validation_failed": None,
}


@pytest.mark.parametrize(("name", "graph", "status", "types"), list(rejections()))
def test_preflight_says_what_the_captured_server_said(
    name: str, graph: Graph, status: int, types: set[str]
) -> None:
    expected = {ours for t in types if (ours := OURS.get(t, t))}
    assert {problem.type for problem in problems(graph, full_catalog())} == expected


def test_a_good_graph_has_no_problems() -> None:
    assert problems(good(), full_catalog()) == ()
    for scenario in (
        "ksampler_advanced",
        "sampler_custom_advanced",
        "video_wan",
        "batch4_ksampler",
    ):
        assert problems(captured(scenario), full_catalog()) == (), scenario


def test_a_missing_model_names_the_nearest() -> None:
    graph = good()
    graph["4"]["inputs"]["ckpt_name"] = "tiny_sd3_randem.safetensors"
    (problem,) = problems(graph, full_catalog())
    assert (problem.node, problem.input, problem.type) == ("4", "ckpt_name", "value_not_in_list")
    assert "nearest: tiny_sd3_random.safetensors" in problem.message


def test_a_long_list_is_cut_short() -> None:
    graph = good()
    graph["3"]["inputs"]["sampler_name"] = "eulr"
    (problem,) = problems(graph, full_catalog())
    assert "nearest: euler" in problem.message
    assert "and 32 more" in problem.message


def test_a_missing_class_names_the_nearest_and_hides_nothing_else() -> None:
    graph = good()
    graph["3"]["class_type"] = "KSamplr"
    graph["5"]["inputs"]["width"] = 0
    found = problems(graph, full_catalog())
    assert [p.type for p in found] == ["missing_node_type", "value_smaller_than_min"]
    assert "nearest: KSampler" in found[0].message


def test_an_unused_branch_is_not_checked_but_its_class_is() -> None:
    graph = good()
    graph["a"] = node("EmptyLatentImage", width=-5)
    graph["b"] = node("NoSuchNode")
    assert [p.type for p in problems(graph, full_catalog())] == ["missing_node_type"]


def test_a_file_uploaded_later_is_not_judged() -> None:
    graph = captured("load_image_preview_temp")
    graph["1"]["inputs"]["image"] = "uploaded a moment ago.png"
    assert problems(graph, full_catalog()) == ()


def test_choices_in_all_three_ways() -> None:
    catalog = full_catalog()
    assert choices(catalog, "CheckpointLoaderSimple", "ckpt_name") == (
        "sd15_shaped_random.safetensors",
        "tiny_sd3_random.safetensors",
    )
    assert "karras" in (choices(catalog, "BasicScheduler", "scheduler") or ())
    assert (choices(catalog, "SaveVideo", "format") or ())[:2] == ("auto", "mp4")
    assert choices(catalog, "KSampler", "steps") is None
    assert choices(catalog, "NoSuchNode", "x") is None
    assert choices({"A": {"input": {"required": {"x": ["COMBO", None]}}}}, "A", "x") is None


def test_bounds() -> None:
    assert bounds(full_catalog(), "KSampler", "steps") == Bounds(1, 10000)
    assert bounds(full_catalog(), "KSampler", "seed") == Bounds(0, 2**64 - 1)
    assert bounds(full_catalog(), "KSampler", "sampler_name") is None
