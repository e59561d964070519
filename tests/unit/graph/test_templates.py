"""All workflows that ComfyUI comes with, against the catalog of a real server (0.33).

The normal run takes a sample; `make test-slow` takes all.
"""

from __future__ import annotations

from functools import cache

import pytest

from tests import templates
from tests.unit.graph.graphs import full_catalog
from tower_anime.domain.graph import Graph, is_link
from tower_anime.graph.bind import read, set_values
from tower_anime.graph.convert import Conversion, convert, to_api, write_back
from tower_anime.graph.links import upstream
from tower_anime.graph.preflight import Problem, problems
from tower_anime.graph.roles import find

# Its subgraph's output is linked to nothing: the frontend can't run it either.
BROKEN = {"video_ltx2_i2v_lora"}
EVERY = 16
"""The sample of the normal run: every 16th, chosen by its time."""


@cache
def converted(name: str) -> Conversion:
    return convert(templates.load(name), full_catalog())


def runnable(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return those that use only classes of the catalog, and a core sampler."""
    return tuple(
        name
        for name in names
        if not converted(name).missing
        and any(n["class_type"] in templates.SAMPLERS for n in converted(name).graph.values())
    )


def check_that_it_converts(name: str) -> None:
    result = converted(name)
    assert result.graph
    lacking = {(n, b["class_type"]) for n, b in result.graph.items()} - {
        (n, b["class_type"]) for n, b in result.graph.items() if b["class_type"] in full_catalog()
    }
    assert {(m.node, m.class_type) for m in result.missing} == lacking
    for node, body in result.graph.items():
        for input_name, value in body["inputs"].items():
            where = f"{name}: {node}.{input_name}"
            if is_link(value):
                assert value[0] in result.graph, where
            else:
                assert not isinstance(value, list), where


def is_about_a_file(problem: Problem, graph: Graph) -> bool:
    """Whether a server with the right model files would not have the problem."""
    loads = "Load" in graph[problem.node]["class_type"] if problem.node else False
    return problem.type == "value_not_in_list" and loads


def check_that_values_can_be_set(name: str) -> None:
    """Change each bound parameter, read it back, find nothing else changed, write it back."""
    ui, graph, catalog = templates.load(name), converted(name).graph, full_catalog()
    roles = find(graph, catalog)
    for parameter, value in read(graph, roles).items():
        new = another(value)
        changed = set_values(graph, roles, {parameter: new})
        assert read(changed, find(changed, catalog))[parameter] == new, (name, parameter)
        differing = {
            (node, key)
            for node, body in graph.items()
            for key, old in body["inputs"].items()
            if old != changed[node]["inputs"][key]
        }
        bound = {(s.node, s.input) for s in roles.bound[parameter]}
        moved = {(s.node, s.input) for s in roles.splits if parameter == "steps"}
        assert bound <= differing <= bound | moved, (name, parameter)
        again = to_api(write_back(ui, changed, catalog), catalog)
        assert read(again, find(again, catalog))[parameter] == new, (name, parameter)


def another(value: object) -> object:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    return f"{value} x"


def has(graph: Graph) -> dict[str, bool]:
    """Return which parameters stand as plain values on the core nodes that draw.

    Found by class names only, so that it does not repeat what `find` does.
    """
    outputs = tuple(n for n, b in graph.items() if full_catalog()[b["class_type"]]["output_node"])
    plain = {
        (graph[node]["class_type"], name)
        for node in upstream(graph, outputs)
        for name, value in graph[node]["inputs"].items()
        if not is_link(value)
    }
    seeded = ("KSampler", "KSamplerAdvanced", "SamplerCustom", "RandomNoise")
    stepped = ("KSampler", "KSamplerAdvanced", "BasicScheduler", "Flux2Scheduler", "LTXVScheduler")
    empty = {c for c, name in plain if c.startswith("Empty") and "Latent" in c and name == "width"}
    return {
        "seed": any((c, n) in plain for c in seeded for n in ("seed", "noise_seed")),
        "steps": any((c, "steps") in plain for c in stepped),
        "width": bool(empty),
        "height": bool(empty),
        "prompt": ("CLIPTextEncode", "text") in plain,
    }


SAMPLE = templates.names()[::EVERY]


def test_there_are_644() -> None:
    assert len(templates.names()) == 644


@pytest.mark.parametrize("name", SAMPLE)
def test_a_sample_converts(name: str) -> None:
    check_that_it_converts(name)


@pytest.mark.parametrize("name", runnable(templates.names()[::EVERY]))
def test_a_sample_passes_preflight_and_takes_values(name: str) -> None:
    graph = converted(name).graph
    assert [p for p in problems(graph, full_catalog()) if not is_about_a_file(p, graph)] == []
    check_that_values_can_be_set(name)


@pytest.mark.slow
def test_all_convert() -> None:
    for name in templates.names():
        check_that_it_converts(name)


@pytest.mark.slow
def test_98_percent_pass_preflight_apart_from_model_files() -> None:
    names = runnable(templates.names())
    assert len(names) == 206
    failing = {
        name: found
        for name in names
        if (
            found := [
                p
                for p in problems(converted(name).graph, full_catalog())
                if not is_about_a_file(p, converted(name).graph)
            ]
        )
    }
    assert len(failing) <= 0.02 * len(names), failing


@pytest.mark.slow
def test_98_percent_of_what_stands_in_a_template_is_bound_and_the_rest_explained() -> None:
    open_ones: dict[str, list[str]] = {}
    total = 0
    for name in runnable(templates.names()):
        graph = converted(name).graph
        roles = find(graph, full_catalog())
        explained = {doubt.parameter for doubt in roles.ambiguous}
        standing = [parameter for parameter, there in has(graph).items() if there]
        total += len(standing)
        unbound = [parameter for parameter in standing if parameter not in roles.bound]
        assert set(unbound) <= explained, name
        if unbound:
            open_ones[name] = unbound
    assert sum(map(len, open_ones.values())) <= 0.02 * total, open_ones


@pytest.mark.slow
def test_every_bound_parameter_can_be_set() -> None:
    for name in runnable(templates.names()):
        check_that_values_can_be_set(name)
