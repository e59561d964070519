"""Every family has models in the sandbox, and its official workflow runs on them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import templates
from tests.contract.sandbox_client import client_of
from tower_anime.domain.families import FAMILIES
from tower_anime.domain.family import ANIMATEDIFF, UNKNOWN, Family, Guidance
from tower_anime.graph import guess
from tower_anime.graph.convert import to_api
from tower_anime.sandbox import spoil
from tower_anime.sandbox.catalog import Catalog
from tower_anime.sandbox.models import CHECKPOINTS, DIFFUSION_MODELS
from tower_anime.sandbox.server import SandboxConfig, running

MODELS = {**CHECKPOINTS, **DIFFUSION_MODELS}
WITH_MODELS = [family for family in FAMILIES.values() if family not in {UNKNOWN, ANIMATEDIFF}]


def of(family: Family) -> list[str]:
    """Return the sandbox's models of a family, by the product's own reading of their names."""
    return [name for name in MODELS if guess.family(name) == family]


@pytest.mark.parametrize("family", WITH_MODELS, ids=lambda family: family.name)
def test_every_family_has_models_with_sweet_spots_of_their_own(family: Family) -> None:
    surfaces = [MODELS[name] for name in of(family)]
    assert len({(s.clean_steps, s.burn_from, s.wash_below) for s in surfaces}) > 1
    assert all((surface.footage is None) == (family.frames is None) for surface in surfaces)


@pytest.mark.parametrize("family", WITH_MODELS, ids=lambda family: family.name)
def test_what_a_family_recommends_is_good_for_its_first_model(family: Family) -> None:
    surface = MODELS[_usual(family)]
    _, steps, _ = family.steps
    _, cfg, _ = family.cfg
    strength = 2 * cfg if family.guidance is Guidance.EMBEDDED else cfg
    assert spoil.guidance_of(strength, surface) == (0, 0)
    worth = surface.worth(steps, sampler=family.sampler, scheduler=family.scheduler, cfg=strength)
    assert worth >= surface.clean_steps
    width, height = family.buckets[0]
    assert spoil.size_of(width, height, native=surface.native_px) == (1, 1, 0)


def _usual(family: Family) -> str:
    """Return the model that takes the place of the family's own, not one with its own taste."""
    first = {"lumina2": "sandbox_netayume_lumina2", "ltx2": "sandbox_ltx2_19b"}.get(family.name)
    return f"{first}.safetensors" if first else of(family)[0]


OFFICIAL = {
    "image_flux2_text_to_image": "sandbox_flux2_dev",
    "image_flux2_klein_text_to_image": "sandbox_flux2_klein_base_4B",
    "image_netayume_lumina_t2i": "sandbox_netayume_lumina2",
    "image_newbieimage_exp0_1-t2i": "sandbox_newbie_image",
    "image_anima_base_v1": "sandbox_anima_base",
    "image_qwen_image": "sandbox_qwen_image",
    "image_z_image": "sandbox_z_image",
    "image_z_image_turbo": "sandbox_z_image_turbo",
    "hidream_i1_full": "sandbox_hidream_i1_full",
    "hidream_i1_dev": "sandbox_hidream_i1_dev",
    "image_chroma_text_to_image": "sandbox_chroma1_hd",
    "image_ernie_image": "sandbox_ernie_image",
    "image_ernie_image_turbo": "sandbox_ernie_image_turbo",
    "image_ovis_text_to_image": "sandbox_ovis_image",
    "image_kandinsky5_t2i": "sandbox_kandinsky5_t2i",
    "video_kandinsky5_t2v": "sandbox_kandinsky5_t2v",
    "hunyuan_video_text_to_video": "sandbox_hunyuan_video_t2v",
    "video_hunyuan_video_1.5_720p_t2v": "sandbox_hunyuan_video_1.5_t2v",
    "video_ltx2_t2v_distilled": "sandbox_ltx2_19b_distilled",
}
"""Official workflows and the sandbox's model that takes the place of theirs."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with running(SandboxConfig()) as url:
        yield url


@pytest.mark.slow
@pytest.mark.parametrize("name", OFFICIAL)
def test_an_official_workflow_runs_as_it_is_with_the_sandbox_models(server: str, name: str) -> None:
    catalog = Catalog().listing([])
    graph = to_api(templates.load(name), catalog)
    small(graph, f"{OFFICIAL[name]}.safetensors", catalog)
    with client_of(server) as client:
        entry = client.finish(graph)
    assert entry["status"]["status_str"] == "success", json.dumps(entry["status"])[:2000]
    assert entry["outputs"]


def small(graph: dict[str, Any], model: str, catalog: dict[str, Any]) -> None:
    """Put the sandbox's files into a graph, and sizes that are drawn in no time."""
    for node in graph.values():
        inputs = node["inputs"]
        specs = catalog[node["class_type"]]["input"]
        for name, (kind, *more) in {**specs["required"], **specs.get("optional", {})}.items():
            choices = more[0].get("options") if kind == "COMBO" else kind
            files = isinstance(choices, list) and str(inputs.get(name)).endswith(".safetensors")
            if files and choices and inputs[name] not in choices:
                inputs[name] = model if model in choices else choices[0]
            if name in {"width", "height"} and isinstance(inputs.get(name), int):
                inputs[name] = 256
            if name in {"length", "frames_number"} and isinstance(inputs.get(name), int):
                inputs[name] = 17


def test_the_documentation_and_the_loaders_list_every_model() -> None:
    catalog = Catalog()
    assert catalog.models("checkpoints") == list(CHECKPOINTS)
    assert catalog.models("diffusion_models") == list(DIFFUSION_MODELS)
    page = (Path(__file__).parents[2] / "docs/sandbox.md").read_text(encoding="utf-8")
    assert [name for name in MODELS if f"`{name.removesuffix('.safetensors')}`" not in page] == []
