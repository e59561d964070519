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


def test_split_steps_keep_their_share() -> None:
    roles = find(two_halves())
    (models,) = roles.ambiguous
    assert models.parameter == "checkpoint"
    assert "different model files" in models.reason
    assert roles.bound["steps"] == (Slot("a", "steps"), Slot("b", "steps"))
    assert roles.splits == (Slot("a", "end_at_step"), Slot("b", "start_at_step"))
    assert roles.bound["cfg"] == (Slot("a", "cfg"), Slot("b", "cfg"))
    assert roles.bound["frames"] == (Slot("empty", "length"),)
    assert roles.bound["frame_rate"] == (Slot("video", "fps"),)
    fewer = set_values(two_halves(), roles, {"steps": 8})
    parts = {
        n: (fewer[n]["inputs"]["start_at_step"], fewer[n]["inputs"]["end_at_step"]) for n in "ab"
    }
    assert parts == {"a": (0, 4), "b": (4, 10000)}
    assert set_values(two_halves(), roles, {"steps": 20}) == two_halves()


def test_parts_that_count_their_steps_differently_leave_them_open() -> None:
    graph = two_halves()
    graph["b"]["inputs"]["steps"] = 12
    roles = find(graph)
    assert "steps" not in roles.bound
    assert "count them differently" in roles.ambiguous[0].reason
    with pytest.raises(BadInput, match="count them differently"):
        set_values(graph, roles, {"steps": 8})


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
    touched |= set(roles.splits if "steps" in wanted else ())
    for node_id, body in before.items():
        for name, value in body["inputs"].items():
            if Slot(node_id, name) not in touched:
                assert changed[node_id]["inputs"][name] == value
    # Several outputs with prefixes of their own get one prefix: only the first is read back.
    restored = {k: v for k, v in read(before, roles).items() if k != "filename_prefix"}
    expected = set_values(before, roles, {k: v for k, v in wanted.items() if k not in restored})
    again = set_values(changed, roles, restored)
    for slot in roles.splits:  # whole steps: a share of few is a rough one
        again[slot.node]["inputs"][slot.input] = expected[slot.node]["inputs"][slot.input]
    assert again == expected


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


def switched(position: object) -> Graph:
    """Steps and the prompt behind a switch, one inside the other side of another."""
    graph: Graph = flux()
    graph["fast"] = node("PrimitiveInt", value=4)
    graph["on"] = node("PrimitiveBoolean", value=position)
    graph["pick_steps"] = node(
        "ComfySwitchNode", switch=["on", 0], on_false=["steps", 0], on_true=["fast", 0]
    )
    graph["plan"]["inputs"]["steps"] = ["pick_steps", 0]
    graph["pick_words"] = node(
        "ComfySwitchNode", switch=position, on_false="a literal", on_true=["again", 0]
    )
    graph["again"] = node(
        "ComfySwitchNode", switch=True, on_false=["draw", 0], on_true=["words", 0]
    )
    graph["text"]["inputs"]["text"] = ["pick_words", 0]
    return graph


@pytest.mark.parametrize(
    ("position", "steps", "prompt"),
    [
        (True, Slot("fast", "value"), Slot("words", "value")),
        (False, Slot("steps", "value"), Slot("pick_words", "on_false")),
    ],
)
def test_what_a_set_switch_lets_through_is_bound(position: bool, steps: Slot, prompt: Slot) -> None:
    bound = find(switched(position), full_catalog()).bound
    assert bound["steps"] == (steps,)
    assert bound["prompt"] == (prompt,)


def test_a_switch_that_depends_on_something_leaves_it_open() -> None:
    graph = switched(position=True)
    graph["on"] = node("ComfyOrNode", **{"values.value0": ["fast", 0], "values.value1": True})
    roles = find(graph, full_catalog())
    assert "steps" in {doubt.parameter for doubt in roles.ambiguous}


# ---- texts that are put together ------------------------------------------------------------


def with_text(*parts: tuple[str, str, dict[str, object]]) -> Graph:
    """The usual workflow whose prompt comes from further nodes, the last of them first read."""
    graph = template()
    for name, class_type, inputs in parts:
        graph[name] = node(class_type, **inputs)
    graph["6"]["inputs"]["text"] = [parts[-1][0], 0]
    return graph


WORDS = ("words", "PrimitiveStringMultiline", {"value": "a cat"})
RULES = ("rules", "PrimitiveStringMultiline", {"value": "rewrite: {x}"})


def test_words_that_a_model_may_rewrite_are_the_users() -> None:
    graph = with_text(
        WORDS,
        RULES,
        ("fill", "StringReplace", {"string": ["rules", 0], "find": "{x}", "replace": ["words", 0]}),
        ("llm", "TextGenerate", {"prompt": ["fill", 0], "max_length": 256}),
        ("on", "PrimitiveBoolean", {"value": True}),
        (
            "switch",
            "ComfySwitchNode",
            {"switch": ["on", 0], "on_false": ["words", 0], "on_true": ["llm", 0]},
        ),
    )
    assert find(graph).bound["prompt"] == (Slot("words", "value"),)
    graph["on"]["inputs"]["value"] = False
    assert find(graph).bound["prompt"] == (Slot("words", "value"),)


def test_what_fills_the_gap_of_a_template_is_the_prompt() -> None:
    fill = {"string": "a photo of {x}", "find": "{x}", "replace": ["words", 0]}
    graph = with_text(WORDS, ("fill", "StringReplace", fill))
    assert find(graph).bound["prompt"] == (Slot("words", "value"),)


def test_of_a_list_a_line_is_picked_and_the_words_are_the_prompt() -> None:
    menu = {"string": "be helpful\nbe quiet", "regex_pattern": "x", "mode": "First Group"}
    join = {"string_a": ["pick", 0], "string_b": ["words", 0], "delimiter": " "}
    graph = with_text(WORDS, ("pick", "RegexExtract", menu), ("join", "StringConcatenate", join))
    assert find(graph).bound["prompt"] == (Slot("words", "value"),)


def test_two_texts_that_are_joined_leave_the_prompt_open() -> None:
    join = {"string_a": "cat", "string_b": ["words", 0], "delimiter": ","}
    roles = find(with_text(WORDS, ("join", "StringConcatenate", join)))
    (doubt,) = roles.ambiguous
    assert doubt.candidates == (Slot("join", "string_a"), Slot("words", "value"))
    assert "of 2 texts" in doubt.reason
    spoken = {"wildcards": "a __colour__ cat"}  # says something, who knows what
    join = {"string_a": ["custom", 0], "string_b": ["words", 0], "delimiter": ","}
    graph = with_text(WORDS, ("custom", "Wildcards", spoken), ("join", "StringConcatenate", join))
    assert "prompt" not in find(graph).bound


def test_a_ring_of_texts_ends() -> None:
    join = {"string_a": ["join", 0], "string_b": ["words", 0], "delimiter": ","}
    assert find(with_text(WORDS, ("join", "StringConcatenate", join))).samplers == ("3",)


# ---- two conditions, several seeds, computed numbers ----------------------------------------


def test_dual_guidance_has_one_prompt_and_one_negative() -> None:
    graph = flux()
    graph |= {
        "no": node("CLIPTextEncode", text="blurry", clip=["clip", 0]),
        "pair": node(
            "InstructPixToPixConditioning",
            positive=["text", 0],
            negative=["no", 0],
            pixels=["x", 0],
        ),
        "guide": node(
            "DualCFGGuider",
            model=["lora", 0],
            cond1=["pair", 0],
            cond2=["pair", 1],
            negative=["text", 0],
        ),
    }
    roles = find(graph)
    assert roles.bound["prompt"] == (Slot("words", "value"),)
    assert roles.bound["negative"] == (Slot("no", "text"),)
    graph["guide"]["inputs"] |= {"cond1": ["text", 0], "cond2": ["no", 0], "negative": ["no", 0]}
    assert find(graph).bound["prompt"] == (Slot("words", "value"),)


def test_the_catalog_tells_which_output_is_which_side() -> None:
    graph, catalog = flux(), full_catalog()
    graph["talk"] = node(
        "WanInfiniteTalkToVideo",
        model=["lora", 0],
        positive=["text", 0],
        negative=["zero", 0],
        width=832,
        height=480,
        length=81,
    )
    graph["zero"] = node("ConditioningZeroOut", conditioning=["text", 0])
    graph["guide"] = node(
        "CFGGuider", cfg=1.0, model=["talk", 0], positive=["talk", 1], negative=["talk", 2]
    )
    graph["draw"]["inputs"]["latent_image"] = ["talk", 3]
    assert find(graph, catalog).bound["prompt"] == (Slot("words", "value"),)


@pytest.mark.parametrize("same_text", [True, False])
def test_one_seed_does_for_pictures_of_different_texts(same_text: bool) -> None:
    graph = template()
    graph["6b"] = node("CLIPTextEncode", text="" if same_text else "from behind", clip=["4", 1])
    graph["3b"] = copy.deepcopy(graph["3"])
    graph["3b"]["inputs"] |= {"seed": 5, "positive": ["6b", 0]}
    graph["8b"] = node("VAEDecode", samples=["3b", 0], vae=["4", 2])
    graph["9b"] = node("SaveImage", images=["8b", 0], filename_prefix="b")
    roles = find(graph)
    if same_text:
        assert "seed" not in roles.bound
    else:
        assert roles.bound["seed"] == (Slot("3", "seed"), Slot("3b", "seed"))


def test_the_name_of_a_file_is_not_its_size_or_rate() -> None:
    graph = template()
    graph["load"] = node("LoadImage", image="me.png")
    graph["size"] = node("GetImageSize", image=["load", 0])
    graph["5"]["inputs"] |= {"width": ["size", 0], "height": ["size", 1]}
    for catalog in (None, full_catalog()):
        roles = find(graph, catalog)
        assert "width" not in roles.bound
        assert {"width", "height"} <= {doubt.parameter for doubt in roles.ambiguous}
