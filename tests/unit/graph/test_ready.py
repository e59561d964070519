"""The workflows that come along: they bind, they preflight, they take a server's editions."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.unit.graph.graphs import full_catalog
from tower_anime.domain.graph import Catalog
from tower_anime.domain.request import Kind
from tower_anime.errors import BadInput
from tower_anime.graph.bind import read
from tower_anime.graph.guess import family
from tower_anime.graph.preflight import problems
from tower_anime.graph.ready import READY, find, fit, suits, template
from tower_anime.graph.roles import find as find_roles

FILES = {
    "ckpt_name": [
        "wan_not_me.txt",
        "sd/anime_sd15.safetensors",
        "ltxv-13b-0.9.7.safetensors",
        "xl/noobai.safetensors",
    ],
    "unet_name": [
        "flux1-schnell.safetensors",
        "flux1-dev-fp8.safetensors",
        "Wan2.1-T2V-14B.safetensors",
        "wan2.1_i2v_720p_14B.safetensors",
    ],
    "clip_name": ["t5xxl_fp8.safetensors", "umt5_xxl.safetensors", "clip_vision_h.safetensors"],
    "clip_name1": ["t5xxl_fp8.safetensors", "clip_l.safetensors"],
    "clip_name2": ["t5xxl_fp8.safetensors", "clip_l.safetensors"],
    "vae_name": ["flux_ae.safetensors", "Wan2.1_VAE.safetensors"],
}


def stocked() -> Catalog:
    """The captured catalog of a server that has other editions of all the models."""
    catalog: dict[str, Any] = copy.deepcopy(dict(full_catalog()))
    for body in catalog.values():
        for name, spec in body["input"].get("required", {}).items():
            if name in FILES and isinstance(spec[0], list):
                spec[0] = FILES[name]
    return catalog


@pytest.mark.parametrize("name", READY)
def test_each_passes_the_preflight_of_a_server_with_editions_of_its_models(name: str) -> None:
    catalog = stocked()
    graph = fit(template(name), READY[name], catalog)
    assert problems(graph, catalog) == ()
    assert {p.type for p in problems(template(name), full_catalog())} <= {"value_not_in_list"}


@pytest.mark.parametrize("name", READY)
def test_each_uses_core_nodes_only_and_is_of_its_family(name: str) -> None:
    graph = template(name)
    modules = {full_catalog()[node["class_type"]]["python_module"] for node in graph.values()}
    assert all(module.startswith(("nodes", "comfy_extras.")) for module in modules)
    assert suits(next(iter(models(fit(graph, READY[name], stocked())))), READY[name])
    if READY[name].family.name not in ("sdxl", "sd15"):  # those name no file of their own
        assert family(graph) is READY[name].family


def models(graph: Any) -> list[str]:
    return [v for n in graph.values() for k, v in n["inputs"].items() if k in FILES and "name" in k]


@pytest.mark.parametrize("name", READY)
def test_each_binds_what_its_kind_has(name: str) -> None:
    ready, roles = READY[name], find_roles(template(name), full_catalog())
    wanted = {"prompt", "seed", "steps", "width", "height", "sampler", "checkpoint"}
    wanted |= {"frames", "frame_rate"} if ready.kind is Kind.CLIP else {"denoise", "scheduler"}
    wanted |= {"image"} if ready.needs_image else set()
    wanted |= {"guidance"} if "flux" in name else {"cfg", "negative"}
    assert wanted <= set(roles.bound)
    assert roles.ambiguous == ()
    assert find_roles(template(name)).bound == roles.bound
    values = read(template(name), roles)
    family = ready.family
    size = int(values["width"]), int(values["height"])  # type: ignore[call-overload]
    assert size in family.buckets
    if family.frames:
        assert family.frames.allows(values["frames"])  # type: ignore[arg-type]
        assert values["frame_rate"] == family.frame_rate
    low, _, high = family.steps
    assert low <= values["steps"] <= high  # type: ignore[operator]


def test_rates_of_all_nodes_are_set_together() -> None:
    bound = find_roles(template("text_to_video_ltx")).bound["frame_rate"]
    assert {(slot.node, slot.input) for slot in bound} == {("11", "fps"), ("12", "frame_rate")}


def test_names_may_have_hyphens_and_unknown_ones_list_those_there_are() -> None:
    assert find("hires-fix") is READY["hires_fix"]
    assert find("nope") is None
    with pytest.raises(BadInput, match="text_to_image, text_to_image_sd15"):
        template("nope")


def test_a_model_the_server_lacks_stays_named() -> None:
    graph = fit(template("text_to_image_flux"), READY["text_to_image_flux"], full_catalog())
    assert graph == template("text_to_image_flux")
    messages = [p.message for p in problems(graph, full_catalog())]
    assert any("flux1-dev.safetensors" in message for message in messages)
