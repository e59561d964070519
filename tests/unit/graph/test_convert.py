from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from tests.unit.graph.graphs import full_catalog
from tower_anime.domain.graph import Graph
from tower_anime.errors import BadInput, InvalidGraph, MissingNode
from tower_anime.graph.convert import convert, to_api, write_back
from tower_anime.graph.preflight import problems

SAMPLER = [7, "randomize", 20, 6.5, "euler", "normal", 1.0]


def node(
    node_id: int | str,
    class_type: str,
    values: Any = (),
    *,
    ins: tuple[tuple[Any, ...], ...] = (),
    outs: tuple[str, ...] = (),
    **more: Any,
) -> dict[str, Any]:
    """`ins` are (name, type, link) or (name, type, link, widget)."""
    slots = [
        {"name": name, "type": kind, "link": link} | ({"widget": {"name": w[0]}} if w else {})
        for name, kind, link, *w in ins
    ]
    outputs = [{"name": kind, "type": kind, "links": None} for kind in outs]
    values = list(values) if isinstance(values, tuple) else values
    basis = {"id": node_id, "type": class_type, "mode": 0, "inputs": slots, "outputs": outputs}
    return basis | {"widgets_values": values} | more


def ui(*nodes: dict[str, Any], links: tuple[tuple[Any, ...], ...] = (), **more: Any) -> Any:
    return {
        "last_node_id": 99,
        "nodes": list(nodes),
        "links": [list(link) for link in links],
        "groups": [{"title": "a group", "bounding": [0, 0, 1, 1]}],
        "version": 0.4,
    } | more


def subgraph(
    key: str,
    *nodes: dict[str, Any],
    links: tuple[tuple[Any, ...], ...],
    inputs: tuple[tuple[str, str, list[int]], ...] = (),
    outputs: tuple[tuple[str, str, list[int]], ...] = (),
) -> dict[str, Any]:
    names = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
    return {
        "id": key,
        "name": key,
        "inputNode": {"id": -10},
        "outputNode": {"id": -20},
        "nodes": list(nodes),
        "links": [dict(zip(names, link, strict=True)) for link in links],
        "inputs": [{"name": n, "type": t, "linkIds": i} for n, t, i in inputs],
        "outputs": [{"name": n, "type": t, "linkIds": i} for n, t, i in outputs],
    }


def with_subgraphs(workflow: Any, *definitions: dict[str, Any]) -> Any:
    return workflow | {"definitions": {"subgraphs": list(definitions)}}


def api(workflow: Any) -> Graph:
    before = copy.deepcopy(workflow)
    result = to_api(workflow, full_catalog())
    assert workflow == before
    return result


def inputs(workflow: Any, node_id: str) -> dict[str, Any]:
    found: dict[str, Any] = api(workflow)[node_id]["inputs"]
    return found


def text_to_image() -> Any:
    """The classic graph, with a note and a group."""
    return ui(
        node(4, "CheckpointLoaderSimple", ("xl.safetensors",), outs=("MODEL", "CLIP", "VAE")),
        node(5, "EmptyLatentImage", (832, 1216, 1), outs=("LATENT",)),
        node(6, "CLIPTextEncode", ("1girl",), ins=(("clip", "CLIP", 3),), outs=("CONDITIONING",)),
        node(7, "CLIPTextEncode", ("bad",), ins=(("clip", "CLIP", 4),), outs=("CONDITIONING",)),
        node(
            3,
            "KSampler",
            tuple(SAMPLER),
            ins=(
                ("model", "MODEL", 1),
                ("positive", "CONDITIONING", 5),
                ("negative", "CONDITIONING", 6),
                ("latent_image", "LATENT", 2),
            ),
            outs=("LATENT",),
        ),
        node(
            8,
            "VAEDecode",
            ins=(("samples", "LATENT", 7), ("vae", "VAE", 8)),
            outs=("IMAGE",),
        ),
        node(9, "SaveImage", ("out",), ins=(("images", "IMAGE", 9),), title="Keep"),
        node(10, "Note", ("remember",)),
        node(11, "MarkdownNote", ("# remember",)),
        links=(
            (1, 4, 0, 3, 0, "MODEL"),
            (2, 5, 0, 3, 3, "LATENT"),
            (3, 4, 1, 6, 0, "CLIP"),
            (4, 4, 1, 7, 0, "CLIP"),
            (5, 6, 0, 3, 1, "CONDITIONING"),
            (6, 7, 0, 3, 2, "CONDITIONING"),
            (7, 3, 0, 8, 0, "LATENT"),
            (8, 4, 2, 8, 1, "VAE"),
            (9, 8, 0, 9, 0, "IMAGE"),
        ),
    )


def test_a_plain_graph() -> None:
    graph = api(text_to_image())
    assert list(graph) == ["4", "5", "6", "7", "3", "8", "9"]
    assert graph["3"] == {
        "class_type": "KSampler",
        "inputs": {
            "model": ["4", 0],
            "seed": 7,
            "steps": 20,
            "cfg": 6.5,
            "sampler_name": "euler",
            "scheduler": "normal",
            "positive": ["6", 0],
            "negative": ["7", 0],
            "latent_image": ["5", 0],
            "denoise": 1.0,
        },
        "_meta": {"title": "KSampler"},
    }
    assert graph["9"]["_meta"] == {"title": "Keep"}
    assert {p.type for p in problems(graph, full_catalog())} == {"value_not_in_list"}


def test_links_of_format_1_are_objects() -> None:
    workflow = text_to_image()
    names = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
    workflow["links"] = [dict(zip(names, link, strict=True)) for link in workflow["links"]]
    assert api(workflow) == api(text_to_image())


# ---- widgets ----


def sampler_values(values: Any, **more: Any) -> dict[str, Any]:
    found = inputs(ui(node(3, "KSampler", values, **more)), "3")
    return {name: found[name] for name in ("seed", "steps", "cfg", "denoise")}


@pytest.mark.parametrize(
    "values",
    [
        SAMPLER,
        [7, True, 20, 6.5, "euler", "normal", 1.0],  # files of the first months
        [7, 20, 6.5, "euler", "normal", 1.0],  # made by a script
        {"seed": 7, "steps": 20, "cfg": 6.5},
        [7, "fixed", 20, 6.5, "euler", "normal"],
    ],
)
def test_values_by_position_and_by_name(values: Any) -> None:
    expected = {"seed": 7, "steps": 20, "cfg": 6.5, "denoise": 1.0}
    assert sampler_values(values) == expected


def test_defaults_stand_where_a_file_has_no_value() -> None:
    assert sampler_values(None) == {"seed": 0, "steps": 20, "cfg": 8.0, "denoise": 1.0}


def test_a_seed_beyond_the_reach_of_a_float_stays_exact() -> None:
    assert sampler_values([2**64 - 1, "fixed", 20])["seed"] == 2**64 - 1


def test_a_control_that_the_class_no_longer_has_is_passed_over() -> None:
    found = inputs(ui(node(5, "EmptyLatentImage", (64, "fixed", 32, 2))), "5")
    assert found == {"width": 64, "height": 32, "batch_size": 2}


def test_names_count_when_the_file_was_saved_with_other_widgets() -> None:
    named = {"width": 64, "unheard": 5, "height": 32, "batch_size": 2}
    found = ui(node(5, "EmptyLatentImage", (64, 5, 32, 2), widgets_values_named=named))
    assert inputs(found, "5") == {"width": 64, "height": 32, "batch_size": 2}


def test_positions_count_when_the_names_agree_about_the_places() -> None:
    named = {"width": 1, "height": 1, "batch_size": 1}  # left behind by a script
    found = ui(node(5, "EmptyLatentImage", (64, 32, 2), widgets_values_named=named))
    assert inputs(found, "5") == {"width": 64, "height": 32, "batch_size": 2}


def test_an_upload_button_is_no_input() -> None:
    assert inputs(ui(node(1, "LoadImage", ("a.png", "image"))), "1") == {"image": "a.png"}
    mask = inputs(ui(node(1, "LoadImageMask", ("a.png", "red", "image"))), "1")
    assert mask == {"image": "a.png", "channel": "red"}


def test_a_dynamic_combo_brings_the_inputs_of_its_option() -> None:
    values = ("scale dimensions", 640, 480, "center", "lanczos")
    assert inputs(ui(node(1, "ResizeImageMaskNode", values)), "1") == {
        "resize_type": "scale dimensions",
        "resize_type.width": 640,
        "resize_type.height": 480,
        "resize_type.crop": "center",
        "scale_method": "lanczos",
    }
    matched = node(
        1,
        "ResizeImageMaskNode",
        ("match size", "center", "area"),
        ins=(("resize_type.match", "IMAGE", 5),),
    )
    source = node(2, "LoadImage", ("a.png", "image"), outs=("IMAGE", "MASK"))
    found = inputs(ui(matched, source, links=((5, 2, 0, 1, 0, "IMAGE"),)), "1")
    assert found["resize_type.match"] == ["2", 0]
    assert found["scale_method"] == "area"


def test_dynamic_combos_in_dynamic_combos() -> None:
    found = inputs(ui(node(1, "SaveVideo", ("v", "mp4", "h264", "re-encode", 18.0, "sRGB"))), "1")
    assert found["format.codec.encoding.crf"] == 18.0
    assert found["format.codec"] == "h264"


def test_lists_are_wrapped_for_they_would_be_links() -> None:
    curve = {"points": [[0, 0], [1, 1]], "interpolation": "linear"}
    found = inputs(ui(node(1, "CurveEditor", (curve,))), "1")
    assert found["curve"] == {"__type__": "CURVE", "__value__": curve}
    compare = inputs(ui(node(1, "ImageCompare")), "1")
    assert compare == {"compare_view": {"__value__": ["", ""]}}


def test_choices_that_the_user_wrote_into_the_node() -> None:
    found = inputs(ui(node(1, "CustomCombo", ("b", 1, "a", "b", ""))), "1")
    assert found == {"choice": "b", "option1": "a", "option2": "b", "option3": "", "index": 1}


def test_a_converted_widget_keeps_its_place_and_takes_the_link() -> None:
    sampler = node(3, "KSampler", tuple(SAMPLER), ins=(("steps", "INT", 1, "steps"),))
    number = node(2, "PrimitiveInt", (33, "fixed"), outs=("INT",))
    found = inputs(ui(sampler, number, links=((1, 2, 0, 3, 0, "INT"),)), "3")
    assert (found["steps"], found["cfg"]) == (["2", 0], 6.5)


def test_a_value_of_another_version_of_the_node_is_left_out_and_named() -> None:
    result = convert(ui(node(1, "CreateVideo", (24, "auto", "sRGB"))), full_catalog())
    assert result.graph["1"]["inputs"] == {"fps": 24}
    assert len(result.notes) == 1
    assert "bit_depth 'auto'" in result.notes[0]


# ---- what only the frontend knows ----


def test_reroutes_are_seen_through() -> None:
    workflow = ui(
        node(1, "EmptyLatentImage", (64, 64, 1), outs=("LATENT",)),
        node(2, "Reroute", ins=(("", "*", 1),), outs=("LATENT",)),
        node(3, "Reroute", ins=(("", "*", 2),), outs=("LATENT",)),
        node(4, "VAEDecode", ins=(("samples", "LATENT", 3),)),
        links=((1, 1, 0, 2, 0, "*"), (2, 2, 0, 3, 0, "*"), (3, 3, 0, 4, 0, "LATENT")),
    )
    assert inputs(workflow, "4") == {"samples": ["1", 0]}


def test_reroutes_in_a_circle_are_refused_by_name() -> None:
    workflow = ui(
        node(2, "Reroute", ins=(("", "*", 2),), outs=("LATENT",)),
        node(3, "Reroute", ins=(("", "*", 1),), outs=("LATENT",)),
        node(4, "VAEDecode", ins=(("samples", "LATENT", 3),)),
        links=((1, 2, 0, 3, 0, "*"), (2, 3, 0, 2, 0, "*"), (3, 3, 0, 4, 0, "LATENT")),
    )
    with pytest.raises(InvalidGraph, match=r"node [234] .* circle"):
        api(workflow)


def test_a_primitive_sets_the_widgets_that_it_is_linked_to() -> None:
    workflow = ui(
        node(1, "PrimitiveNode", (99, "fixed"), outs=("INT",)),
        node(2, "Reroute", ins=(("", "*", 2),), outs=("INT",)),
        node(3, "KSampler", tuple(SAMPLER), ins=(("seed", "INT", 1, "seed"),)),
        node(4, "KSampler", tuple(SAMPLER), ins=(("seed", "INT", 3, "seed"),)),
        links=((1, 1, 0, 3, 0, "INT"), (2, 1, 0, 2, 0, "*"), (3, 2, 0, 4, 0, "INT")),
    )
    assert inputs(workflow, "3")["seed"] == inputs(workflow, "4")["seed"] == 99
    assert list(api(workflow)) == ["3", "4"]


def test_what_is_set_under_a_name_is_got_under_it() -> None:
    workflow = ui(
        node(1, "EmptyLatentImage", (64, 64, 1), outs=("LATENT",)),
        node(2, "SetNode", ("start",), ins=(("LATENT", "LATENT", 1),), outs=("*",)),
        node(3, "GetNode", ("start",), outs=("LATENT",)),
        node(4, "VAEDecode", ins=(("samples", "LATENT", 2),)),
        links=((1, 1, 0, 2, 0, "LATENT"), (2, 3, 0, 4, 0, "LATENT")),
    )
    assert inputs(workflow, "4") == {"samples": ["1", 0]}


def chain(mode: int) -> Any:
    """A checkpoint, a LoRA in some mode, a sampler and an encoder behind it."""
    return ui(
        node(1, "CheckpointLoaderSimple", ("x",), outs=("MODEL", "CLIP", "VAE")),
        node(
            2,
            "LoraLoader",
            ("l", 1, 1),
            ins=(("model", "MODEL", 1), ("clip", "CLIP", 2)),
            outs=("MODEL", "CLIP"),
            mode=mode,
        ),
        node(3, "KSampler", tuple(SAMPLER), ins=(("model", "MODEL", 3),)),
        node(4, "CLIPTextEncode", ("t",), ins=(("clip", "CLIP", 4),)),
        links=(
            (1, 1, 0, 2, 0, "MODEL"),
            (2, 1, 1, 2, 1, "CLIP"),
            (3, 2, 0, 3, 0, "MODEL"),
            (4, 2, 1, 4, 0, "CLIP"),
        ),
    )


def test_a_bypassed_node_hands_on_what_fits() -> None:
    graph = api(chain(mode=4))
    assert "2" not in graph
    assert graph["3"]["inputs"]["model"] == ["1", 0]
    assert graph["4"]["inputs"]["clip"] == ["1", 1]


def test_a_muted_node_is_gone_and_so_is_what_it_gave() -> None:
    graph = api(chain(mode=2))
    assert "2" not in graph
    assert "model" not in graph["3"]["inputs"]
    assert "clip" not in graph["4"]["inputs"]


def test_a_bypassed_node_without_a_fitting_input_gives_nothing() -> None:
    workflow = ui(
        node(1, "EmptyLatentImage", (64, 64, 1), outs=("LATENT",)),
        node(2, "VAEDecode", ins=(("samples", "LATENT", 1),), outs=("IMAGE",), mode=4),
        node(3, "SaveImage", ("x",), ins=(("images", "IMAGE", 2),)),
        links=((1, 1, 0, 2, 0, "LATENT"), (2, 2, 0, 3, 0, "IMAGE")),
    )
    assert inputs(workflow, "3") == {"filename_prefix": "x"}


# ---- subgraphs ----


def inner() -> dict[str, Any]:
    """A latent whose width is the subgraph's input, and a decoder for the outer VAE."""
    return subgraph(
        "inner",
        node(
            1,
            "EmptyLatentImage",
            (512, 256, 1),
            ins=(("width", "INT", 10, "width"),),
            outs=("LATENT",),
        ),
        node(
            2,
            "VAEDecode",
            ins=(("samples", "LATENT", 11), ("vae", "VAE", 12)),
            outs=("IMAGE",),
        ),
        links=(
            (10, -10, 1, 1, 0, "INT"),
            (11, 1, 0, 2, 0, "LATENT"),
            (12, -10, 0, 2, 1, "VAE"),
            (13, 2, 0, -20, 0, "IMAGE"),
        ),
        inputs=(("vae", "VAE", [12]), ("width", "INT", [10])),
        outputs=(("IMAGE", "IMAGE", [13]),),
    )


def host(node_id: int, vae_link: int | None, values: Any = (), **more: Any) -> dict[str, Any]:
    slots = (("vae", "VAE", vae_link), ("width", "INT", None, "width"))
    return node(node_id, "inner", values, ins=slots, outs=("IMAGE",), **more)


def outer(*hosts: dict[str, Any], extra: tuple[dict[str, Any], ...] = ()) -> Any:
    loader = node(1, "VAELoader", ("v",), outs=("VAE",))
    links = [(2, 1, 0, hosts[0]["id"], 0, "VAE")]
    saves = []
    for number, each in enumerate(hosts):
        link = 20 + number
        links.append((link, each["id"], 0, 50 + number, 0, "IMAGE"))
        saves.append(node(50 + number, "SaveImage", ("x",), ins=(("images", "IMAGE", link),)))
    return with_subgraphs(ui(loader, *hosts, *saves, *extra, links=tuple(links)), inner())


def test_a_subgraph_is_unfolded() -> None:
    graph = api(outer(host(9, 2)))
    assert graph["9:2"]["inputs"] == {"samples": ["9:1", 0], "vae": ["1", 0]}
    assert graph["50"]["inputs"]["images"] == ["9:2", 0]
    assert graph["9:1"]["inputs"]["width"] == 512


@pytest.mark.parametrize(
    ("values", "more"),
    [
        ((768,), {}),
        ((768,), {"widgets_values_named": {"width": 768}}),
        (None, {"widgets_values_named": {"width": 768}}),
        ((768,), {"properties": {"proxyWidgets": [["-1", "width"]]}}),
        ((1, 768), {"properties": {"proxyWidgets": [["2", "no"], ["1", "width"]]}}),
    ],
)
def test_the_hosts_value_counts_before_the_inner_one(values: Any, more: Any) -> None:
    assert inputs(outer(host(9, 2, values, **more)), "9:1")["width"] == 768


def test_a_link_to_the_host_counts_before_its_value() -> None:
    number = node(7, "PrimitiveInt", (640, "fixed"), outs=("INT",))
    workflow = outer(host(9, 2, (768,)), extra=(number,))
    workflow["nodes"][1]["inputs"][1]["link"] = 30
    workflow["links"].append([30, 7, 0, 9, 1, "INT"])
    assert inputs(workflow, "9:1")["width"] == ["7", 0]


def test_two_instances_have_values_of_their_own() -> None:
    graph = api(outer(host(9, 2, (768,)), host(12, None, (320,))))
    assert [graph[n]["inputs"]["width"] for n in ("9:1", "12:1")] == [768, 320]
    assert "vae" not in graph["12:2"]["inputs"]


def test_subgraphs_in_subgraphs() -> None:
    middle = subgraph(
        "middle",
        node(
            5,
            "inner",
            (),
            ins=(("vae", "VAE", 41), ("width", "INT", 42, "width")),
            outs=("IMAGE",),
        ),
        links=((41, -10, 0, 5, 0, "VAE"), (42, -10, 1, 5, 1, "INT"), (43, 5, 0, -20, 0, "IMAGE")),
        inputs=(("vae", "VAE", [41]), ("wide", "INT", [42])),
        outputs=(("IMAGE", "IMAGE", [43]),),
    )
    workflow = ui(
        node(1, "VAELoader", ("v",), outs=("VAE",)),
        node(9, "middle", (900,), ins=(("vae", "VAE", 2),), outs=("IMAGE",)),
        node(3, "SaveImage", ("x",), ins=(("images", "IMAGE", 4),)),
        links=((2, 1, 0, 9, 0, "VAE"), (4, 9, 0, 3, 0, "IMAGE")),
    )
    graph = api(with_subgraphs(workflow, inner(), middle))
    assert graph["9:5:1"]["inputs"]["width"] == 900
    assert graph["9:5:2"]["inputs"]["vae"] == ["1", 0]
    assert graph["3"]["inputs"]["images"] == ["9:5:2", 0]


def test_muted_and_bypassed_subgraphs() -> None:
    muted = api(outer(host(9, 2, mode=2)))
    assert list(muted) == ["1", "50"]
    assert "images" not in muted["50"]["inputs"]
    workflow = outer(host(9, 2, mode=4))
    workflow["nodes"][-1] = node(50, "VAEDecode", ins=(("vae", "VAE", 20),))
    workflow["nodes"][1]["outputs"][0]["type"] = "VAE"
    assert api(workflow)["50"]["inputs"] == {"vae": ["1", 0]}


def test_a_subgraph_that_contains_itself_is_refused_by_name() -> None:
    loop = subgraph("loop", node(1, "loop"), links=())
    with pytest.raises(InvalidGraph, match=r"node 4:1: .*contains itself"):
        api(with_subgraphs(ui(node(4, "loop")), loop))


# ---- what is wrong with files ----


def test_missing_classes_are_named_with_their_nodes() -> None:
    workflow = ui(
        node(1, "NoSuchLoader", {"a": 1}, outs=("IMAGE",)),
        node(2, "SaveImage", ("x",), ins=(("images", "IMAGE", 1),)),
        node(3, "Nor this", mode=2),
        node(4, "Nor that", mode=4),
        links=((1, 1, 0, 2, 0, "IMAGE"),),
    )
    with pytest.raises(MissingNode, match=r"NoSuchLoader \(node 1\)$"):
        api(workflow)
    result = convert(workflow, full_catalog())
    assert [(m.node, m.class_type) for m in result.missing] == [("1", "NoSuchLoader")]
    assert result.graph["1"]["inputs"] == {"a": 1}
    assert result.graph["2"]["inputs"]["images"] == ["1", 0]


def test_a_link_to_nothing_is_no_link() -> None:
    workflow = ui(
        node(1, "SaveImage", ("x",), ins=(("images", "IMAGE", 404),)),
        node(2, "SaveImage", ("x",), ins=(("images", "IMAGE", 1),)),
        links=((1, 77, 0, 2, 0, "IMAGE"),),
    )
    found = problems(api(workflow), full_catalog())
    assert {(p.node, p.type) for p in found} == {
        ("1", "required_input_missing"),
        ("2", "required_input_missing"),
    }


@pytest.mark.parametrize(
    ("workflow", "says"),
    [
        ({}, "no list of nodes"),
        ({"nodes": {}}, "no list of nodes"),
        ({"nodes": [5]}, "entry 0"),
        ({"nodes": [{"id": 1}]}, "entry 0"),
        ({"nodes": [{"id": 1, "type": "A", "inputs": 5}]}, r"node 1 \(A\): inputs is not a list"),
        ({"nodes": [{"id": 1, "type": "A", "inputs": [{}]}]}, "without a name"),
        ({"nodes": [], "links": [[1, 2]]}, r"link is malformed: \[1, 2\]"),
        ({"nodes": [], "definitions": {"subgraphs": [{}]}}, "subgraph has no id"),
    ],
)
def test_malformed_files_are_refused_with_the_part(workflow: Any, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        to_api(workflow, full_catalog())


# ---- writing values back ----


def changed(graph: Graph, **values: Any) -> Graph:
    """`n9__1_width=…` is input width of node 9:1."""
    result = copy.deepcopy(graph)
    for where, value in values.items():
        node_id, _, name = where[1:].rpartition("_")
        result[node_id.replace("__", ":")]["inputs"][name] = value
    return result


def rewritten(workflow: Any, **values: Any) -> tuple[Any, Graph]:
    graph = changed(api(workflow), **values)
    result = write_back(workflow, graph, full_catalog())
    json.dumps(result)
    return result, graph


def test_values_are_written_back_and_the_rest_stays() -> None:
    workflow = text_to_image()
    result, graph = rewritten(workflow, n3_seed=99, n3_steps=31, n6_text="2girls", n5_width=640)
    assert api(result) == graph
    assert result["nodes"][4]["widgets_values"] == [99, "randomize", 31, *SAMPLER[3:]]
    assert result["links"] == workflow["links"]
    assert write_back(workflow, api(workflow), full_catalog()) == workflow


def test_values_go_to_the_host_the_primitive_and_by_name() -> None:
    workflow = outer(host(9, 2, (768,)), host(12, None, (320,)))
    result, graph = rewritten(workflow, n9__1_width=800)
    assert api(result) == graph
    by_name = ui(node(5, "EmptyLatentImage", {"width": 1, "height": 2, "batch_size": 1}))
    result, graph = rewritten(by_name, n5_height=64)
    assert api(result) == graph
    primitive = ui(
        node(1, "PrimitiveNode", (99, "fixed"), outs=("INT",)),
        node(3, "KSampler", tuple(SAMPLER), ins=(("seed", "INT", 1, "seed"),)),
        links=((1, 1, 0, 3, 0, "INT"),),
    )
    result, graph = rewritten(primitive, n3_seed=5)
    assert api(result) == graph
    assert result["nodes"][0]["widgets_values"] == [5, "fixed"]


def test_a_default_that_the_file_left_out_is_written_out() -> None:
    short = ui(node(3, "KSampler", (7, "fixed", 20, 6.5)))
    result, graph = rewritten(short, n3_denoise=0.5)
    assert api(result) == graph


def test_inputs_that_share_a_value_follow_and_cannot_differ() -> None:
    workflow = outer(host(9, 2), host(12, None))
    result, _ = rewritten(workflow, n9__1_height=800)
    assert [api(result)[n]["inputs"]["height"] for n in ("9:1", "12:1")] == [800, 800]
    with pytest.raises(BadInput, match=r"one place for height of node 9:1"):
        rewritten(workflow, n9__1_height=800, n12__1_height=900)


def test_other_nodes_or_inputs_are_not_written_back() -> None:
    graph = api(text_to_image())
    fewer = {key: body for key, body in graph.items() if key != "9"}
    with pytest.raises(BadInput, match="other nodes"):
        write_back(text_to_image(), fewer, full_catalog())
    more = copy.deepcopy(graph)
    more["3"]["inputs"]["extra"] = 1
    with pytest.raises(BadInput, match="node 3 has other inputs"):
        write_back(text_to_image(), more, full_catalog())
    with pytest.raises(BadInput, match="no value for model of node 3"):
        write_back(text_to_image(), changed(graph, n3_model=["9", 0]), full_catalog())
