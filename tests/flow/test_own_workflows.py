"""A user's own workflows on the command line: imported, checked, converted, set, drawn with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from tests import templates
from tests.unit.graph.graphs import CAPTURES, full_catalog
from tests.unit.graph.test_convert import text_to_image
from tower_anime.adapters.media import OpenCvMedia
from tower_anime.cli import main
from tower_anime.graph.convert import to_api
from tower_anime.sandbox.catalog import Catalog as SandboxCatalog

CATALOG = ("--catalog", str(CAPTURES / "object_info_full.json.gz"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    workflow = text_to_image()
    workflow["nodes"][0]["widgets_values"] = ["sandbox_anime_xl.safetensors"]
    (tmp_path / "mine.json").write_text(json.dumps(workflow, indent=2))
    (tmp_path / "qwen.json").write_text(json.dumps(templates.load("image_qwen_image")))
    (tmp_path / "api.json").write_text(json.dumps(to_api(workflow, full_catalog())))
    return tmp_path


def tower(home: Path, *arguments: str) -> Result:
    environment = {"TOWER_DATA_DIR": str(home / "data"), "HOME": str(home)}
    return CliRunner().invoke(main, arguments, env=environment, catch_exceptions=False)


def checked(home: Path, *arguments: str) -> dict[str, Any]:
    done = tower(home, "workflow", "check", *arguments, *CATALOG, "--json")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_check_tells_bindings_and_missing_models_of_a_subgraph(home: Path) -> None:
    found = checked(home, "qwen.json")
    assert found["format"] == "ui"
    assert found["bound"]["seed"][0]["node"] == "76:3"
    assert {p["type"] for p in found["problems"]} == {"value_not_in_list"}
    assert found["missing_nodes"] == []


def test_convert_writes_what_a_server_takes(home: Path) -> None:
    done = tower(home, "workflow", "convert", "mine.json", *CATALOG, "--out", "out.json")
    assert (done.exit_code, done.stdout) == (0, "")
    assert json.loads(Path("out.json").read_text()) == json.loads(Path("api.json").read_text())
    printed = tower(home, "workflow", "convert", "api.json", *CATALOG)
    assert json.loads(printed.stdout) == json.loads(Path("api.json").read_text())


def test_convert_names_missing_classes_and_refuses_what_is_no_workflow(home: Path) -> None:
    workflow = text_to_image()
    workflow["nodes"][4]["type"] = "NoSuchSampler"
    Path("odd.json").write_text(json.dumps(workflow))
    done = tower(home, "workflow", "convert", "odd.json", *CATALOG)
    assert done.exit_code == 1
    assert "NoSuchSampler (node 3)" in done.stderr
    assert json.loads(done.stdout)["3"]["class_type"] == "NoSuchSampler"
    Path("odd.json").write_text('{"nodes": [7]}')
    assert tower(home, "workflow", "convert", "odd.json", *CATALOG).exit_code == 2
    assert tower(home, "workflow", "check", "odd.json", *CATALOG).exit_code == 2


def test_set_keeps_the_format_and_changes_nothing_else(home: Path) -> None:
    before = checked(home, "qwen.json")
    pairs = ("steps=33", "seed=18446744073709551615", "prompt=a red fox")
    done = tower(home, "workflow", "set", "qwen.json", *pairs, "--out", "new.json", *CATALOG)
    assert done.exit_code == 1  # the catalog has none of its models
    after = checked(home, "new.json")
    for name, value in (("steps", 33), ("seed", 2**64 - 1), ("prompt", "a red fox")):
        assert after["bound"][name][0]["value"] == value
        before["bound"][name] = after["bound"][name]
    assert after == before | {"path": "new.json"}
    old, new = (json.loads(Path(file).read_text()) for file in ("qwen.json", "new.json"))
    assert (new["links"], new["groups"]) == (old["links"], old["groups"])


def test_imported_workflows_have_versions(home: Path) -> None:
    assert tower(home, "workflow", "import", "mine.json").stdout == "mine@1\n"
    assert tower(home, "workflow", "import", "mine.json").stdout == "mine@1\n"
    assert tower(home, "workflow", "import", "qwen.json", "--name", "mine").stdout == "mine@2\n"
    listed = [json.loads(x) for x in tower(home, "workflow", "list", "--json").stdout.splitlines()]
    assert {"name": "mine", "title": "imported, version 2", "versions": 2} in listed
    for name, nodes in (("mine", 19), ("mine@2", 19), ("mine@1", 7)):
        shown = tower(home, "workflow", "show", name, *CATALOG, "--json")
        assert json.loads(shown.stdout)["nodes"] == nodes
    for name in ("mine@3", "mine@0", "other"):
        done = tower(home, "workflow", "show", name, *CATALOG)
        assert (done.exit_code, "neither a file nor one of" in done.stderr) == (2, True)


@pytest.mark.parametrize("name", ["text_to_image", "../x", "a/b", "", ".", "-x\n"])
def test_names_that_are_taken_or_no_names(home: Path, name: str) -> None:
    done = tower(home, "workflow", "import", "mine.json", f"--name={name}")
    ok = name == ""  # then the file's name counts
    assert done.exit_code == (0 if ok else 2)


def test_a_picture_carries_the_users_workflow_with_what_was_changed(home: Path) -> None:
    tower(home, "workflow", "import", "mine.json")
    words = ("1girl, rain", "--workflow", "mine", "--set", "steps=26", "--seed", "77")
    done = tower(home, "generate", *words, "--set", "width=512", "--max-attempts", "1", "--json")
    (made,) = [json.loads(line) for line in done.stdout.splitlines()]
    attempt = made["attempts"][0]
    assert attempt["state"] == "produced", made
    texts = OpenCvMedia().decode_still(Path(attempt["artifact"]).read_bytes()).texts
    workflow, prompt = (json.loads(texts[name]) for name in ("workflow", "prompt"))
    assert to_api(workflow, SandboxCatalog().listing([])) == prompt
    assert prompt["3"]["inputs"]["seed"] == 77
    sampler = workflow["nodes"][4]
    assert sampler["widgets_values"][:3] == [77, "randomize", 26]
    original = json.loads(Path("mine.json").read_text())
    assert [n["type"] for n in workflow["nodes"]] == [n["type"] for n in original["nodes"]]
    assert workflow["groups"] == original["groups"]


def test_bindings_beside_the_file_decide_what_is_drawn(home: Path) -> None:
    graph = json.loads(Path("api.json").read_text())
    graph["style"] = {"class_type": "PrimitiveStringMultiline", "inputs": {"value": "watercolor, "}}
    graph["words"] = {"class_type": "PrimitiveStringMultiline", "inputs": {"value": "a cat"}}
    joined = {"string_a": ["style", 0], "string_b": ["words", 0], "delimiter": ""}
    graph["join"] = {"class_type": "StringConcatenate", "inputs": joined}
    graph["6"]["inputs"]["text"] = ["join", 0]
    Path("api.json").write_text(json.dumps(graph))
    assert checked(home, "api.json")["ambiguous"][0]["parameter"] == "prompt"
    Path("api.toml").write_text('[bind]\nprompt = "words.value"\n')
    found = checked(home, "api.json")
    assert found["bound"]["prompt"] == [{"node": "words", "input": "value", "value": "a cat"}]
    assert found["bound_by_user"] == ["prompt"]
    assert tower(home, "workflow", "import", "api.json", "--name", "own").stdout == "own@1\n"
    Path("api.toml").write_text('[bind]\nprompt = "words.value"\nnegative = []\n')
    assert tower(home, "workflow", "import", "api.json", "--name", "own").stdout == "own@2\n"
    shown = tower(home, "workflow", "show", "own", *CATALOG).stdout
    assert 'prompt = "a cat"  (words.value; bound by you)' in shown
    assert "string_b: PrimitiveStringMultiline #words  [prompt]" in shown
    Path("api.toml").write_text('[bind]\nprompt = "nowhere.value"\n')
    for done in (tower(home, "workflow", "check", "api.json", *CATALOG),):
        assert (done.exit_code, "no such node" in done.stderr) == (2, True)


def test_a_drawing_is_written(home: Path) -> None:
    done = tower(home, "workflow", "show", "qwen.json", *CATALOG, "--svg", "qwen.svg")
    assert (done.exit_code, "KSampler #76:3" in done.stdout) == (0, True)
    assert Path("qwen.svg").read_text().startswith("<svg ")


# ---- files that carry their workflow --------------------------------------------------------


def clip_with(texts: dict[str, str], file: Path) -> None:
    """Write a short clip as ComfyUI's SaveVideo does: texts in the container's metadata."""
    options = {"movflags": "use_metadata_tags"}
    with av.open(str(file), "w", options=options) as container:
        container.metadata.update(texts)
        stream = container.add_stream("mpeg4", rate=8)
        stream.width, stream.height = 64, 64
        for shade in range(0, 200, 50):
            pixels = np.full((64, 64, 3), shade, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_clip_gives_back_the_workflow_that_made_it(home: Path, suffix: str) -> None:
    graph, workflow = (Path(name).read_text() for name in ("api.json", "mine.json"))
    file = home / f"clip.{suffix}"
    clip_with({"prompt": graph, "workflow": workflow}, file)
    assert checked(home, file.name)["format"] == "ui"
    assert tower(home, "workflow", "import", file.name).stdout == "clip@1\n"
    done = tower(home, "workflow", "convert", file.name, *CATALOG)
    assert json.loads(done.stdout) == json.loads(graph)
    clip_with({"prompt": graph}, file)
    assert checked(home, file.name)["format"] == "api"
    clip_with({}, file)
    done = tower(home, "workflow", "check", file.name, *CATALOG)
    assert (done.exit_code, "carries no workflow" in done.stderr) == (2, True)
    file.write_bytes(file.read_bytes()[:60])
    assert tower(home, "workflow", "check", file.name, *CATALOG).exit_code == 2


def test_a_masked_picture_is_drawn_anew_only_where_the_mask_is_white(home: Path) -> None:
    picture = np.zeros((512, 512, 3), np.uint8)
    picture[:, :, 0] = np.linspace(0, 255, 512, dtype=np.uint8)
    mask = np.zeros((256, 256, 3), np.uint8)
    mask[64:192, 64:192] = 255
    cv2.imwrite("picture.png", picture)
    cv2.imwrite("mask.png", mask)
    words = ("1girl, red hair", "--image", "picture.png", "--mask", "mask.png", "--json")
    options = ("--set", "checkpoint=sandbox_anime_15.safetensors", "--size", "512x512")
    done = tower(home, "generate", *words, *options, "--max-attempts", "1")
    (made,) = [json.loads(line) for line in done.stdout.splitlines()]
    attempt = made["attempts"][0]
    assert attempt["state"] == "produced", made
    drawn = cv2.imread(attempt["artifact"])
    assert drawn is not None
    difference = np.abs(drawn.astype(int) - picture)
    assert difference[:120].max() == difference[392:].max() == 0
    assert difference[160:350, 160:350].mean() > 20


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--mask", "mask.png"), "a mask needs the picture"),
        (("--image", "api.json", "--mask", "api.json"), "can't be used"),
        (("--image", "p.png", "--mask", "no.png"), "can't be read"),
        (("--image", "p.png", "--mask", "p.png", "--workflow", "image_to_image"), "uses no mask"),
        (
            ("--image", "p.png", "--mask", "p.png", "--workflow", "api.json"),
            "no place for an input",
        ),
    ],
)
def test_masks_that_can_not_be_used(home: Path, arguments: tuple[str, ...], message: str) -> None:
    cv2.imwrite("p.png", np.zeros((64, 64, 3), np.uint8))
    done = tower(home, "generate", "1girl", *arguments)
    assert (done.exit_code, message in done.stderr) == (2, True), done.stderr
