"""`workflow list|show|check|set` as a person and a script meet them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tower_anime.cli import main
from tower_anime.graph.ready import READY, template

CAPTURES = Path(__file__).parents[1] / "captures"
CATALOG = str(CAPTURES / "object_info_full.json.gz")
KEYS = {
    "path",
    "format",
    "family",
    "nodes",
    "missing_nodes",
    "nearest",
    "bound",
    "bound_by_user",
    "moved_with_steps",
    "unbound",
    "ambiguous",
    "notes",
    "problems",
}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOWER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("TOWER_COMFY_URLS", raising=False)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["workflow", *arguments])


def objects(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def saved(name: str, graph: Any) -> str:
    Path(name).write_text(json.dumps(graph, indent=1))
    return name


def good() -> Any:
    graph = template()
    graph["4"]["inputs"]["ckpt_name"] = "tiny_sd3_random.safetensors"
    return graph


def test_the_list_names_what_comes_along() -> None:
    assert [view["name"] for view in objects(run("list", "--json"))] == list(READY)
    assert "image_to_video_wan" in run("list").stdout


def test_check_tells_each_file_by_file() -> None:
    bad = good()
    bad["3"]["inputs"]["steps"] = 0
    bad["4"]["inputs"]["ckpt_name"] = "nope.safetensors"
    bad["9"]["class_type"] = "SaveImagePlus"
    bad["10"] = {"class_type": "PreviewImage", "inputs": {"images": ["8", 0]}}
    files = saved("good.json", good()), saved("bad.json", bad)
    result = run("check", *files, "--catalog", CATALOG, "--json")
    assert result.exit_code == 1
    fine, wrong = objects(result)
    assert set(fine) == set(wrong) == KEYS
    assert (fine["path"], fine["format"], fine["nodes"]) == ("good.json", "api", 7)
    assert fine["bound"]["steps"] == [{"node": "3", "input": "steps", "value": 28}]
    assert fine["problems"] == fine["missing_nodes"] == fine["ambiguous"] == []
    assert "frames" in fine["unbound"]
    assert wrong["missing_nodes"] == ["SaveImagePlus"]
    assert "SaveImage" in wrong["nearest"]["SaveImagePlus"]
    types = {(p["node"], p["input"], p["type"]) for p in wrong["problems"]}
    assert types == {
        ("3", "steps", "value_smaller_than_min"),
        ("4", "ckpt_name", "value_not_in_list"),
    }
    assert run("check", files[0], "--catalog", CATALOG).exit_code == 0


def test_what_cannot_be_read_is_2_and_the_rest_goes_on() -> None:
    result = run("check", "absent.json", saved("good.json", good()), "--catalog", CATALOG, "--json")
    assert result.exit_code == 2
    absent, fine = objects(result)
    assert absent["error"]["type"] == "unreadable"
    assert fine["problems"] == []
    assert run("check", "good.json", "--catalog", "absent.json").exit_code == 2
    assert run("check", "good.json", "--catalog", saved("list.json", [1])).exit_code == 2


def test_ui_format_is_told_and_its_missing_classes_counted() -> None:
    sub = {"id": "abc", "nodes": [{"id": 1, "type": "NoSuchInside"}, {"id": 2, "type": "KSampler"}]}
    graph = {
        "nodes": [
            {"id": 1, "type": "KSampler"},
            {"id": 2, "type": "NoSuchNode"},
            {"id": 3, "type": "NoSuchMuted", "mode": 2},
            {"id": 4, "type": "Note"},
            {"id": 5, "type": "abc"},
        ],
        "links": [],
        "definitions": {"subgraphs": [sub]},
    }
    result = run("check", saved("ui.json", graph), "--catalog", CATALOG, "--json")
    assert result.exit_code == 1
    (view,) = objects(result)
    assert set(view) == KEYS
    assert view["format"] == "ui"
    assert view["missing_nodes"] == ["NoSuchInside", "NoSuchNode"]


def test_set_changes_the_values_and_no_other_byte() -> None:
    text = json.dumps(good(), indent=3).replace('"denoise": 1.0', '"denoise"  :  1.00') + "\n\n"
    Path("in.json").write_text(text)
    result = run(
        "set", "in.json", "steps=30", "prompt=a ☃", "--out", "o.json", "--catalog", CATALOG
    )
    assert result.exit_code == 0
    expected = text.replace('"steps": 28', '"steps": 30').replace('"text": ""', '"text": "a ☃"', 1)
    assert Path("o.json").read_text(encoding="utf-8") == expected
    again = run("set", "o.json", "steps=28", "prompt=", "--out", "b.json", "--catalog", CATALOG)
    assert again.exit_code == 0
    assert Path("b.json").read_text() == text


@pytest.mark.parametrize(
    ("pair", "says"),
    [
        ("steps=many", "whole number from 1 to 1000"),
        ("step=3", "allowed: prompt, negative, steps"),
        ("frames=16", "no place for frames"),
        ("batch=x", "batch must be a number"),
        ("steps", "key=value"),
    ],
)
def test_a_wrong_setting_says_what_is_allowed(pair: str, says: str) -> None:
    saved("good.json", good())
    result = run("set", "good.json", pair, "--out", "o.json", "--catalog", CATALOG)
    assert result.exit_code == 2
    assert says in result.stderr
    assert not Path("o.json").exists()


def test_a_value_the_server_lacks_is_written_and_told() -> None:
    saved("good.json", good())
    result = run(
        "set", "good.json", "sampler=eular", "batch=2", "--out", "o.json", "--catalog", CATALOG
    )
    assert result.exit_code == 1
    assert "nearest: euler" in result.stderr
    assert json.loads(Path("o.json").read_text())["5"]["inputs"]["batch_size"] == 2


def test_show_fits_a_ready_workflow_to_the_server_and_reads_files_too() -> None:
    (view,) = objects(run("show", "hires-fix", "--json"))
    assert view["graph"]["4"]["inputs"]["ckpt_name"] == "sandbox_anime_xl.safetensors"
    assert view["problems"] == []
    assert "steps = 28" in run("show", saved("good.json", good())).stdout
    nothing = run("show", "nope")
    assert nothing.exit_code == 2
    assert "hires_fix" in nothing.stderr


def test_what_comes_along_is_checked_changed_and_written_by_its_name() -> None:
    """One need not ask `show` for a file first."""
    checked = run("check", *READY)
    assert checked.exit_code == 0, checked.output
    done = run("set", "hires_fix", "steps=31", "prompt=rain", "--out", "mine.json")
    assert done.exit_code == 0, done.output
    (mine,) = objects(run("check", "mine.json", "--json"))
    assert [slot["value"] for slot in mine["bound"]["steps"]] == [31]
    assert json.loads(run("convert", "text_to_image").stdout)["3"]["class_type"] == "KSampler"
    assert "there is no workflow 'nope'" in run("set", "nope", "steps=3", "--out", "x").output


def test_a_plain_catalog_file_will_do() -> None:
    with gzip.open(CATALOG, "rb") as file:
        Path("info.json").write_bytes(file.read())
    assert run("check", saved("g.json", good()), "--catalog", "info.json").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--workflow", "nope"], "text_to_image, text_to_image_sd15"),
        (["--workflow", "text_to_video_wan"], "makes clips"),
        (["--workflow", "image_to_image"], "name one as `image`"),
        (["--image", "absent.png"], "can't be read"),
        (["--image", "good.json"], "can't be used"),
        (["--workflow", "hires_fix", "--image", "in.png"], "no place for an input picture"),
        (["--workflow", "absent.json"], "can't be read"),
    ],
)
def test_generate_refuses_wrong_workflows_and_pictures(arguments: list[str], says: str) -> None:
    saved("good.json", good())
    result = CliRunner().invoke(main, ["generate", "1girl", *arguments])
    assert result.exit_code == 2
    assert says in result.stderr
