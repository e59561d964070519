"""Converting the official workflow templates: time, and the shares that convert, pass and bind."""

from __future__ import annotations

import statistics
import time
from typing import Any

from tests import templates
from tests.unit.graph.graphs import full_catalog
from tests.unit.graph.test_templates import converted, has, is_about_a_file, runnable
from tower_anime.graph.convert import convert
from tower_anime.graph.preflight import problems
from tower_anime.graph.roles import find

RUNS = 3


def measure() -> dict[str, float]:
    """Return times (ms of one template's conversion) and shares (%) of the runnable ones."""
    times_ms = []
    for name in templates.names():
        data = templates.load(name)
        times_ms.append(min(_time_ms(data) for _ in range(RUNS)))
    names = runnable(templates.names())
    graphs = [converted(name).graph for name in names]
    good = sum(
        all(is_about_a_file(p, graph) for p in problems(graph, full_catalog())) for graph in graphs
    )
    standing, bound = 0, 0
    for graph in graphs:
        there = [parameter for parameter, stands in has(graph).items() if stands]
        standing += len(there)
        bound += sum(parameter in find(graph, full_catalog()).bound for parameter in there)
    return {
        "median_ms": statistics.median(times_ms),
        "slowest_ms": max(times_ms),
        "passing_percent": 100 * good / len(names),
        "bound_percent": 100 * bound / standing,
    }


def _time_ms(data: dict[str, Any]) -> float:
    started_s = time.perf_counter()
    convert(data, full_catalog())
    return (time.perf_counter() - started_s) * 1000
