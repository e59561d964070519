from __future__ import annotations

import json

import pytest

from tests.unit.graph.graphs import captured, flux, full_catalog, hires, image_to_image, two_halves
from tower_anime.domain import families
from tower_anime.domain.family import (
    ANIMAGINE,
    ANIMATEDIFF,
    FLUX,
    FLUX_SCHNELL,
    ILLUSTRIOUS,
    LTX,
    NOOBAI,
    PONY,
    SD3,
    SD15,
    SDXL,
    UNKNOWN,
    WAN,
    WAN_5B,
    Family,
)
from tower_anime.domain.request import RenderRequest
from tower_anime.errors import BadInput
from tower_anime.graph.bind import read
from tower_anime.graph.build import build, request_values, unplaced
from tower_anime.graph.guess import family
from tower_anime.graph.load import parse_workflow
from tower_anime.graph.own import template_of
from tower_anime.graph.preflight import problems
from tower_anime.graph.ready import template
from tower_anime.graph.roles import find

REQUEST = RenderRequest(
    prompt="1girl, rain",
    negative="lowres",
    width=832,
    height=1216,
    steps=30,
    cfg=5.5,
    sampler="dpmpp_2m",
    scheduler="karras",
    seed=2**64 - 1,
    denoise=1.0,
    checkpoint="tiny_sd3_random.safetensors",
)


def test_the_request_is_in_the_graph_and_the_template_untouched() -> None:
    base = template()
    graph = build(REQUEST, template=template_of(base), filename_prefix="tower/x")
    assert base == template()
    assert read(graph, find(graph)) == {
        "prompt": "1girl, rain",
        "negative": "lowres",
        "steps": 30,
        "cfg": 5.5,
        "sampler": "dpmpp_2m",
        "scheduler": "karras",
        "denoise": 1.0,
        "seed": 2**64 - 1,
        "checkpoint": "tiny_sd3_random.safetensors",
        "width": 832,
        "height": 1216,
        "batch": 1,
        "filename_prefix": "tower/x",
    }
    assert problems(graph, full_catalog()) == ()


def test_what_a_template_has_no_place_for_is_named() -> None:
    assert unplaced(REQUEST, template_of(template())) == ()
    assert unplaced(REQUEST, template_of(flux())) == ("negative",)
    assert unplaced(REQUEST, template_of(image_to_image())) == ("width", "height")
    graph = build(REQUEST, template=template_of(flux()), filename_prefix="x")
    assert graph["words"]["inputs"]["value"] == "1girl, rain"
    assert graph["strength"]["inputs"]["guidance"] == REQUEST.cfg
    assert request_values(template_of(graph))["cfg"] == REQUEST.cfg


def test_the_cfg_of_a_guidance_distilled_model_stays_at_one() -> None:
    graph = template("text_to_image_flux")
    graph["14"] = template()["3"]
    graph["14"]["inputs"] |= {"cfg": 1.0, "positive": ["7", 0], "negative": ["6", 0]}
    graph["14"]["inputs"] |= {"model": ["1", 0], "latent_image": ["5", 0]}
    built = build(REQUEST, template=template_of(graph), filename_prefix="x")
    assert built["14"]["inputs"]["cfg"] == 1.0
    assert built["7"]["inputs"]["guidance"] == REQUEST.cfg
    graph["14"]["inputs"]["cfg"] = 3.0  # a de-distilled model
    built = build(REQUEST, template=template_of(graph), filename_prefix="x")
    assert (built["14"]["inputs"]["cfg"], built["7"]["inputs"]["guidance"]) == (5.5, 3.5)


def test_an_unknown_template_names_those_there_are() -> None:
    with pytest.raises(BadInput, match="text_to_image"):
        template("nope")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sandbox_anime_xl.safetensors", SDXL),
        ("sandbox_anime_15.safetensors", SD15),
        ("SDXL\\animagine-xl-4.0.safetensors", ANIMAGINE),
        ("sdxl/ponyDiffusionV6.safetensors", PONY),
        ("waiIllustrious_v15.safetensors", ILLUSTRIOUS),
        ("waiNSFWIllustrious_v140.safetensors", ILLUSTRIOUS),
        ("noobai_eps.safetensors", NOOBAI),
        ("NoobAI-XL-Vpred-v1.0.safetensors", NOOBAI),
        ("sd_xl_base_1.0.safetensors", SDXL),
        ("v1-5-pruned-emaonly.ckpt", SD15),
        ("sd15_shaped_random.safetensors", SD15),
        ("anime_sd1.5.safetensors", SD15),
        ("flux1-dev.safetensors", FLUX),
        ("flux1-schnell-fp8.safetensors", FLUX_SCHNELL),
        ("flux2-dev.safetensors", families.FLUX2),
        ("flux-2-klein-base-4b.safetensors", families.FLUX2_KLEIN_BASE),
        ("flux-2-klein-9b-fp8.safetensors", families.FLUX2_KLEIN),
        ("flux3-image-klein-int8.safetensors", UNKNOWN),
        ("NetaYumev35_pretrained_all_in_one.safetensors", families.LUMINA2),
        ("neta-lumina-v1.0.safetensors", families.LUMINA2),
        ("NewBie-Image-Exp0.1-bf16.safetensors", families.NEWBIE),
        ("anima-base-v1.0.safetensors", families.ANIMA),
        ("animaMixXL_v5.safetensors", SDXL),
        ("chromaticXL.safetensors", SDXL),
        ("Chroma1-HD-fp8mixed.safetensors", families.CHROMA),
        ("z_image_turbo_bf16.safetensors", families.Z_IMAGE_TURBO),
        ("z_image_bf16.safetensors", families.Z_IMAGE),
        ("hidream_i1_full_fp8.safetensors", families.HIDREAM),
        ("hidream_i1_fast_fp8.safetensors", families.HIDREAM_DEV),
        ("hidream_e1_1_bf16.safetensors", UNKNOWN),
        ("ernie-image-turbo.safetensors", families.ERNIE_IMAGE_TURBO),
        ("ovis_image_bf16.safetensors", families.OVIS_IMAGE),
        ("kandinsky5lite_t2v_sft_5s.safetensors", families.KANDINSKY5_VIDEO),
        ("kandinsky5lite_t2i.safetensors", families.KANDINSKY5_IMAGE),
        ("ace_step_1.5_turbo_aio.safetensors", UNKNOWN),
        ("acestep_v1.5_xl_base_bf16.safetensors", UNKNOWN),
        ("hunyuan3d-dit-v2_fp16.safetensors", UNKNOWN),
        ("sd3.5_large.safetensors", SD3),
        ("tiny_sd3_random.safetensors", SD3),
        ("wan2.2_t2v_14B.safetensors", WAN),
        ("wan2.1_t2v_1.3B_fp16.safetensors", WAN),
        ("Wan2_1-I2V-14B-480P_fp8.safetensors", WAN),
        ("tiny_wan_t2v_random.safetensors", WAN),
        ("wan2.2_ti2v_5B_fp16.safetensors", WAN_5B),
        ("ltx-video-2b-v0.9.5.safetensors", LTX),
        ("ltxv-13b-0.9.7-dev.safetensors", LTX),
        ("ltx-2.3-22b-dev-fp8.safetensors", families.LTX2),
        ("ltx-2-19b-distilled.safetensors", families.LTX2),
        ("ltxv-2b-0.9.8.safetensors", LTX),
        ("hunyuan_video_t2v_720p_bf16.safetensors", families.HUNYUAN_VIDEO),
        ("hunyuanvideo1.5_720p_t2v_fp16.safetensors", families.HUNYUAN_VIDEO_15),
        ("hunyuanimage2.1.safetensors", families.HUNYUAN_IMAGE),
        ("qwen_image_fp8.safetensors", families.QWEN_IMAGE),
        ("qwen_image_edit_2511_bf16.safetensors", families.QWEN_IMAGE),
        ("taiwan_style_v3.safetensors", UNKNOWN),
        ("mystery_v215.safetensors", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_family_by_name(name: str, expected: Family) -> None:
    assert family(name) is expected


def test_family_by_graph() -> None:
    assert family(hires()) is ANIMAGINE
    assert family(flux()) is FLUX
    assert family(two_halves()) is WAN
    assert family(flux(), override="sd3") is SD3
    graph = hires()
    graph["ckpt"]["inputs"]["ckpt_name"] = "my_own.safetensors"
    assert family(graph) is UNKNOWN
    graph["good"]["class_type"] = "CLIPTextEncodeSDXL"
    assert family(graph) is SDXL
    graph = flux()
    graph["unet"]["inputs"]["unet_name"] = "my_own.safetensors"
    assert family(graph) is FLUX
    graph = template()
    graph["motion"] = {"class_type": "ADE_AnimateDiffLoaderGen1", "inputs": {"model": ["4", 0]}}
    assert family(graph) is ANIMATEDIFF


def test_a_stated_family_that_does_not_exist_names_those_that_do() -> None:
    with pytest.raises(BadInput, match="sdxl, illustrious"):
        family("x.safetensors", override="sdx")


def test_a_graph_and_a_submission_body_are_read() -> None:
    graph = captured("ksampler_preview_metadata")
    assert parse_workflow(json.dumps(graph)) == graph
    assert parse_workflow(json.dumps({"prompt": graph, "client_id": "x"})) == graph


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not JSON"),
        ("{", "line 1"),
        ("[" * 100_000, "nested too deeply"),
        ("[]", "not a list"),
        ("3", "not a number"),
        ("null", "not null"),
        ("{}", "no nodes"),
        ('{"1": 5}', "node '1' is a number"),
        ('{"1": {"inputs": {}}}', "no class_type"),
        ('{"1": {"class_type": "KSampler"}}', r"KSampler\) has no inputs"),
        ('{"1": {"class_type": "A", "inputs": {"x": NaN}}}', "NaN"),
        ('{"last_node_id": 9, "nodes": [], "links": []}', "UI format"),
    ],
)
def test_what_is_no_graph_is_refused_with_its_reason(text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        parse_workflow(text)
