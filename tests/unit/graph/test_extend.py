"""What a workflow is given: another VAE, precision, a second pass; its own nodes stay."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest

from tests import samples
from tests.flow.rig import catalog
from tower_anime.graph import build, preflight
from tower_anime.graph.extend import can_take_second_pass, with_second_pass
from tower_anime.graph.own import template_of
from tower_anime.graph.ready import template

PLAIN = template()


def built(**changes):  # type: ignore[no-untyped-def]
    graph = copy.deepcopy(PLAIN)
    graph["4"]["inputs"]["ckpt_name"] = "anime_xl.safetensors"
    made = template_of(graph)
    request = replace(samples.request(), **changes)
    return graph, build.build(request, template=made, filename_prefix="x")


def test_another_vae_takes_the_place_of_the_checkpoints() -> None:
    graph, found = built(vae="sdxl_fp16_fix.safetensors")
    (loader,) = [key for key in found if key not in graph]
    assert found[loader]["inputs"] == {"vae_name": "sdxl_fp16_fix.safetensors"}
    assert found["8"]["inputs"]["vae"] == [loader, 0]
    assert found.keys() - {loader} == graph.keys()


def test_a_second_pass_is_drawn_from_the_first_ones_latent_and_servers_take_it() -> None:
    graph, found = built(hires=2.0, steps=30)
    larger, again = [key for key in found if key not in graph]
    assert found[larger]["inputs"]["samples"] == ["3", 0]
    assert found[larger]["inputs"]["scale_by"] == 2.0
    second = found[again]["inputs"]
    assert (second["steps"], second["denoise"], second["latent_image"]) == (18, 0.5, [larger, 0])
    assert second["seed"] == found["3"]["inputs"]["seed"]
    assert found["8"]["inputs"]["samples"] == [again, 0]
    assert preflight.problems(found, catalog()) == ()


def test_one_pass_adds_nothing_and_two_are_enough() -> None:
    graph, found = built(hires=1.0)
    assert found.keys() == graph.keys()
    twice = with_second_pass(PLAIN, 1.5)
    assert not can_take_second_pass(twice)
    assert with_second_pass(twice, 1.5) == twice
    assert "hires" in build.closed(template_of(twice))
    assert "hires" not in build.closed(template_of(PLAIN))


def test_precision_is_set_where_a_loader_has_it() -> None:
    assert "precision" in build.closed(template_of(PLAIN))
    graph = copy.deepcopy(PLAIN)
    graph["4"] = {
        "class_type": "UNETLoader",
        "inputs": {"unet_name": "anime_xl.safetensors", "weight_dtype": "fp8_e4m3fn"},
    }
    made = template_of(graph)
    assert "precision" not in build.closed(made)
    request = samples.request(precision="default")
    found = build.build(request, template=made, filename_prefix="x")
    assert found["4"]["inputs"]["weight_dtype"] == "default"
    assert graph["4"]["inputs"]["weight_dtype"] == "fp8_e4m3fn"


@pytest.mark.parametrize("name", ["vae", "precision", "hires"])
def test_nothing_is_changed_unasked(name: str) -> None:
    graph, found = built(**{name: None})
    assert found.keys() == graph.keys()
