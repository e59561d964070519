from __future__ import annotations

import copy
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.graph.graphs import (
    captured,
    flux,
    full_catalog,
    hires,
    image_to_image,
    node,
    two_halves,
)
from tower_anime.domain.graph import Catalog, Graph
from tower_anime.errors import BadInput
from tower_anime.graph.bind import read, set_values
from tower_anime.graph.links import Slot
from tower_anime.graph.ready import template
from tower_anime.graph.roles import PARAMETERS, find

SHAPES = {
    "text_to_image": template,
    "flux": flux,
    "hires": hires,
    "two_halves": two_halves,
    "image_to_image": image_to_image,
    **{
        name: partial(captured, name)
        for name in (
            "ksampler_preview_metadata",
            "ksampler_advanced",
            "sampler_custom_advanced",
            "video_wan",
            "core_nodes_first_run",
        )
    },
}


def test_the_template_binds_all_that_a_still_has() -> None:
    roles = find(template())
    assert roles.unbound == (
        "guidance",
        "vae",
        "lora",
        "lora_strength",
        "frames",
        "frame_rate",
        "image",
    )
    assert set(PARAMETERS) == {*roles.bound, *roles.unbound}
    assert roles.bound["prompt"] == (Slot("6", "text"),)
    assert roles.bound["negative"] == (Slot("7", "text"),)


def test_ids_titles_and_order_of_nodes_mean_nothing() -> None:
    graph = template()
    names = dict(zip(graph, ["z", "7", "6", "5", "4", "9", "3"], strict=True))
    renamed = {
        names[node_id]: {
            "class_type": body["class_type"],
            "inputs": {
                key: [names[value[0]], value[1]] if isinstance(value, list) else value
                for key, value in body["inputs"].items()
            },
        }
        for node_id, body in reversed(graph.items())
    }
    expected = {
        parameter: tuple(Slot(names[slot.node], slot.input) for slot in slots)
        for parameter, slots in find(graph).bound.items()
    }
    assert find(renamed).bound == expected


def test_custom_sampler_is_read_behind_its_links() -> None:
    graph = captured("sampler_custom_advanced")
    assert read(graph, find(graph)) == {
        "prompt": "1girl, silver hair, blue eyes, anime",
        "negative": "bad hands, lowres",
        "steps": 5,
        "cfg": 3.0,
        "sampler": "euler",
        "scheduler": "simple",
        "denoise": 1.0,
        "seed": 42,
        "checkpoint": "tiny_sd3_random.safetensors",
        "width": 256,
        "height": 256,
        "batch": 1,
        "filename_prefix": "tiny",
    }


def test_flux_has_no_negative_and_no_cfg_but_its_primitives_are_bound() -> None:
    roles = find(flux())
    assert roles.bound["steps"] == (Slot("steps", "value"),)
    assert roles.bound["prompt"] == (Slot("words", "value"),)
    assert roles.bound["checkpoint"] == (Slot("unet", "unet_name"),)
    assert {"negative", "cfg"} <= set(roles.unbound)


def test_a_second_pass_keeps_its_own_values() -> None:
    graph = hires()
    roles = find(graph)
    assert roles.samplers == ("first", "second")
    assert roles.bound["steps"] == (Slot("first", "steps"),)
    assert roles.bound["denoise"] == (Slot("first", "denoise"),)
    assert roles.bound["seed"] == (Slot("first", "seed"), Slot("second", "seed"))
    assert roles.bound["width"] == (Slot("empty", "width"),)
    assert roles.outputs == ("save", "look")


def test_sides_are_kept_apart_through_a_control_net() -> None:
    values = read(hires(), find(hires()))
    assert (values["prompt"], values["negative"]) == ("1girl", "lowres")


def test_split_steps_are_ambiguous_and_say_why() -> None:
    roles = find(two_halves())
    doubt, models = roles.ambiguous
    assert (doubt.parameter, models.parameter) == ("steps", "checkpoint")
    assert "different model files" in models.reason
    assert doubt.candidates == (Slot("a", "steps"), Slot("b", "steps"))
    assert "steps" not in roles.bound
    assert "steps" not in roles.unbound
    assert roles.bound["cfg"] == (Slot("a", "cfg"), Slot("b", "cfg"))
    assert roles.bound["frames"] == (Slot("empty", "length"),)
    assert roles.bound["frame_rate"] == (Slot("video", "fps"),)
    with pytest.raises(BadInput, match="start_at_step"):
        set_values(two_halves(), roles, {"steps": 8})


def test_a_latent_made_of_a_picture_has_no_size() -> None:
    assert {"width", "height"} <= set(find(image_to_image()).unbound)


def test_a_zeroed_negative_is_no_negative_prompt() -> None:
    graph = template()
    graph["zero"] = node("ConditioningZeroOut", conditioning=["6", 0])
    graph["3"]["inputs"]["negative"] = ["zero", 0]
    assert "negative" in find(graph).unbound


def test_one_text_for_both_sides_is_the_prompt() -> None:
    graph = template()
    graph["3"]["inputs"]["negative"] = ["6", 0]
    roles = find(graph)
    assert roles.bound["prompt"] == (Slot("6", "text"),)
    assert "negative" in roles.unbound


def test_independent_samplers_that_differ_leave_a_parameter_open() -> None:
    graph = template()
    for body in template().values():
        if body["class_type"] in ("KSampler", "VAEDecode", "SaveImage"):
            twin = copy.deepcopy(body)
            graph[f"twin {body['class_type']}"] = twin
    graph["twin VAEDecode"]["inputs"]["samples"] = ["twin KSampler", 0]
    graph["twin SaveImage"]["inputs"]["images"] = ["twin VAEDecode", 0]
    graph["twin KSampler"]["inputs"]["steps"] = 8
    roles = find(graph)
    assert [doubt.parameter for doubt in roles.ambiguous] == ["steps"]
    assert len(roles.bound["seed"]) == 2


def test_a_catalog_tells_outputs_and_a_ring_of_links_ends() -> None:
    graph = template()
    graph["lonely"] = node("VAEDecode", samples=["3", 0], vae=["4", 2])
    assert find(graph).outputs == ("lonely", "9") or find(graph).outputs == ("9", "lonely")
    assert find(graph, full_catalog()).outputs == ("9",)
    graph["3"]["inputs"]["latent_image"] = ["3", 0]
    assert "width" in find(graph).unbound


VALUES = {
    "steps": st.integers(1, 1000),
    "cfg": st.floats(0, 100),
    "seed": st.integers(0, 2**64 - 1),
    "denoise": st.floats(0, 1),
    "width": st.integers(16, 16384),
    "height": st.integers(16, 16384),
    "frames": st.integers(1, 10000),
    "frame_rate": st.floats(0.1, 240),
}


@pytest.mark.parametrize("shape", SHAPES)
@given(data=st.data())
def test_setting_and_reading_back_is_an_identity(shape: str, data: st.DataObject) -> None:
    graph: Graph = SHAPES[shape]()
    before = copy.deepcopy(graph)
    roles = find(graph)
    strategies = {name: VALUES.get(name, st.text()) for name in roles.bound}
    wanted = data.draw(st.fixed_dictionaries({}, optional=strategies))
    changed = set_values(graph, roles, wanted)
    assert graph == before
    assert read(changed, roles) == read(before, roles) | wanted
    touched = {slot for name in wanted for slot in roles.bound[name]}
    for node_id, body in before.items():
        for name, value in body["inputs"].items():
            if Slot(node_id, name) not in touched:
                assert changed[node_id]["inputs"][name] == value
    # Several outputs with prefixes of their own get one prefix: only the first is read back.
    restored = {k: v for k, v in read(before, roles).items() if k != "filename_prefix"}
    expected = set_values(before, roles, {k: v for k, v in wanted.items() if k not in restored})
    assert set_values(changed, roles, restored) == expected


def test_an_unplaced_parameter_and_a_link_are_refused() -> None:
    graph = template()
    with pytest.raises(BadInput, match=r"no place for frames.*binds prompt"):
        set_values(graph, find(graph), {"frames": 8})
    with pytest.raises(BadInput, match="not a link"):
        set_values(graph, find(graph), {"prompt": ["1", 0]})


# ---- what else users have -------------------------------------------------------------------


def custom(**types: object) -> dict[str, object]:
    return {"input": {"required": types}, "output": ["LATENT"], "output_node": False}


CUSTOM: Catalog = {
    "BigSampler": custom(
        the_model=["MODEL", {}],
        embeds_of_text=["EMBEDS", {}],
        num_steps=["INT", {}],
        noise_seed=["INT", {}],
        cfg_scale=["FLOAT", {}],
    ),
    "BigText": custom(
        positive_prompt=["STRING", {"multiline": True}],
        negative_prompt=["STRING", {"multiline": True}],
    ),
    "BigLoader": custom(file=["COMBO", {"options": ["a.safetensors"]}]),
    "SaveImage": {"input": {"required": {}}, "output": [], "output_node": True},
    "Settings": {
        "input": {"required": {"steps": ["INT", {}], "seed": ["INT", {}]}},
        "output": ["INT", "INT"],
        "output_name": ["STEPS", "SEED"],
        "output_node": False,
    },
}


def test_custom_nodes_are_read_by_names_and_types_of_the_catalog() -> None:
    graph: Graph = {
        "l": node("BigLoader", file="a.safetensors"),
        "t": node("BigText", positive_prompt="1girl", negative_prompt="bad"),
        "c": node("Settings", steps=12, seed=5),
        "s": node(
            "BigSampler",
            the_model=["l", 0],
            embeds_of_text=["t", 0],
            num_steps=["c", 0],
            noise_seed=["c", 1],
            cfg_scale=4.5,
        ),
        "o": node("SaveImage", images=["s", 0], filename_prefix="x"),
    }
    assert read(graph, find(graph, CUSTOM)) == {
        "prompt": "1girl",
        "negative": "bad",
        "steps": 12,
        "cfg": 4.5,
        "seed": 5,
        "checkpoint": "a.safetensors",
        "filename_prefix": "x",
    }


def test_a_computed_value_is_open_and_names_what_computes_it() -> None:
    graph = template()
    graph["sum"] = node("AddInts", a=10, b=5)
    graph["3"]["inputs"]["steps"] = ["sum", 0]
    roles = find(graph, full_catalog())
    (doubt,) = roles.ambiguous
    assert (doubt.parameter, doubt.candidates) == ("steps", (Slot("3", "steps"),))
    assert "computed by node sum (AddInts)" in doubt.reason


def test_a_text_that_is_put_together_and_a_condition_of_two_texts_are_open() -> None:
    graph = template()
    graph["join"] = node("StringConcatenate", string_a="a", string_b="b", delimiter="")
    graph["6"]["inputs"]["text"] = ["join", 0]
    assert "put together by node join" in find(graph).ambiguous[0].reason
    graph = template()
    graph["other"] = node("CLIPTextEncode", text="and this", clip=["4", 1])
    graph["both"] = node(
        "ConditioningCombine", conditioning_1=["6", 0], conditioning_2=["other", 0]
    )
    graph["3"]["inputs"]["positive"] = ["both", 0]
    (doubt,) = find(graph).ambiguous
    assert doubt.parameter == "prompt"
    assert set(doubt.candidates) == {Slot("6", "text"), Slot("other", "text")}


def test_a_refiner_with_a_prompt_of_its_own_keeps_it_and_shares_the_same_one() -> None:
    graph = hires()
    graph["second"]["inputs"] |= {"positive": ["p2", 0], "negative": ["n2", 0]}
    graph["p2"] = node("CLIPTextEncode", text="1girl", clip=["ckpt", 1])
    graph["n2"] = node("CLIPTextEncode", text="other", clip=["ckpt", 1])
    bound = find(graph).bound
    assert bound["prompt"] == (Slot("good", "text"), Slot("p2", "text"))
    assert bound["negative"] == (Slot("bad", "text"),)


def test_loras_one_is_bound_several_are_open() -> None:
    graph = flux()
    assert read(graph, find(graph))["lora"] == "x"
    assert read(graph, find(graph))["lora_strength"] == 1.0
    graph["lora2"] = node("LoraLoaderModelOnly", model=["lora", 0], lora_name="y", strength_model=1)
    graph["guide"]["inputs"]["model"] = ["lora2", 0]
    assert {doubt.parameter for doubt in find(graph).ambiguous} == {"lora", "lora_strength"}


def test_the_size_of_a_scaled_picture_and_of_what_is_told_it_twice() -> None:
    bound = find(template("image_to_image")).bound
    assert bound["width"] == (Slot("11", "width"),)
    assert bound["image"] == (Slot("10", "image"),)
    graph = flux()
    graph["shift"] = node("ModelSamplingFlux", model=["lora", 0], width=1024, height=768)
    graph["guide"]["inputs"]["model"] = ["shift", 0]
    bound = find(graph).bound
    assert bound["width"] == (Slot("latent", "width"), Slot("shift", "width"))


def test_animatediff_makes_frames_of_the_batch() -> None:
    graph = template()
    graph["motion"] = node("ADE_AnimateDiffLoaderGen1", model=["4", 0], model_name="mm.ckpt")
    graph["3"]["inputs"]["model"] = ["motion", 0]
    graph["5"]["inputs"]["batch_size"] = 16
    roles = find(graph)
    assert roles.bound["frames"] == (Slot("5", "batch_size"),)
    assert "batch" in roles.unbound


def test_several_input_pictures_are_open() -> None:
    graph = template("image_to_image")
    graph["x"] = node("LoadImage", image="b.png")
    graph["y"] = node("ImageBatch", image1=["10", 0], image2=["x", 0])
    graph["11"]["inputs"]["image"] = ["y", 0]
    graph["10"]["inputs"]["image"] = "a.png"
    assert [doubt.parameter for doubt in find(graph).ambiguous] == ["image"]
