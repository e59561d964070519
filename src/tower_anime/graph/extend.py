"""What a workflow has no place for, but can be given: another VAE, precision, a second pass.

Nodes are added beside the user's own; what is there keeps its id.
"""

from __future__ import annotations

import copy

from tower_anime.domain.graph import Graph, is_link
from tower_anime.graph.links import output_nodes, upstream

SECOND_PASS_DENOISE = 0.5  # ComfyUI's own example of a hires fix
SECOND_PASS_STEPS = 0.6  # of the first pass's
_DECODERS = ("VAEDecode", "VAEDecodeTiled")
_WEIGHTS = "weight_dtype"


def can_take_vae(graph: Graph) -> bool:
    """Whether a graph decodes with a VAE that another one can take the place of."""
    return any(_vae_inputs(graph))


def can_take_precision(graph: Graph) -> bool:
    """Whether a loader of the graph says how precise its weights are."""
    return any(_WEIGHTS in node["inputs"] for node in graph.values())


def can_take_second_pass(graph: Graph) -> bool:
    """Whether one plain sampler draws a still that is decoded at once."""
    return _single_pass(graph) is not None


def with_vae(graph: Graph, name: str) -> Graph:
    """Return the graph with every VAE that it uses replaced by this file."""
    result = copy.deepcopy(graph)
    loader = _free_id(result)
    result[loader] = {
        "class_type": "VAELoader",
        "inputs": {"vae_name": name},
        "_meta": {"title": "VAE"},
    }
    for node in _vae_inputs(graph):
        result[node]["inputs"]["vae"] = [loader, 0]
    return result


def with_precision(graph: Graph, precision: str) -> Graph:
    """Return the graph with this precision of weights in all loaders that take one."""
    result = copy.deepcopy(graph)
    for node in result.values():
        if _WEIGHTS in node["inputs"]:
            node["inputs"][_WEIGHTS] = precision
    return result


def with_second_pass(graph: Graph, scale: float) -> Graph:
    """Return the graph with its picture enlarged in the latent and drawn once more."""
    found = _single_pass(graph)
    if found is None:
        return graph
    sampler, decoder = found
    result = copy.deepcopy(graph)
    larger = _free_id(result)
    result[larger] = {
        "class_type": "LatentUpscaleBy",
        "inputs": {"upscale_method": "bislerp", "scale_by": scale, "samples": [sampler, 0]},
        "_meta": {"title": "Upscale Latent By"},
    }
    again = _free_id(result)
    first = graph[sampler]["inputs"]
    result[again] = {
        "class_type": "KSampler",
        "inputs": {
            **first,
            "steps": max(1, round(first["steps"] * SECOND_PASS_STEPS)),
            "denoise": SECOND_PASS_DENOISE,
            "latent_image": [larger, 0],
        },
        "_meta": {"title": "Second pass"},
    }
    result[decoder]["inputs"]["samples"] = [again, 0]
    return result


def _single_pass(graph: Graph) -> tuple[str, str] | None:
    """Return the one sampler and the one decoder that follows it, None for any other graph."""
    reached = upstream(graph, output_nodes(graph))
    samplers = [node for node in reached if "sampler" in graph[node]["class_type"].lower()]
    plain = [node for node in samplers if graph[node]["class_type"] == "KSampler"]
    decoders = [node for node in reached if graph[node]["class_type"] in _DECODERS]
    if len(samplers) != 1 or len(plain) != 1 or len(decoders) != 1:
        return None
    inputs = graph[plain[0]]["inputs"]
    source = graph[decoders[0]]["inputs"].get("samples")
    direct = is_link(source) and source[0] == plain[0]
    return (plain[0], decoders[0]) if direct and not is_link(inputs.get("steps")) else None


def _vae_inputs(graph: Graph) -> list[str]:
    """Return the nodes that are given a VAE."""
    return [node for node, found in graph.items() if is_link(found["inputs"].get("vae"))]


def _free_id(graph: Graph) -> str:
    numbers = [int(node) for node in graph if node.isdecimal()]
    return str(max(numbers, default=0) + 1)
