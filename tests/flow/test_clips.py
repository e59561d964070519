"""Clips through the whole loop on the sandbox: drawn, judged, corrected, mended, published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from tower_anime.cli import main
from tower_anime.graph.convert import to_api
from tower_anime.sandbox.catalog import Catalog as SandboxCatalog
from tower_anime.sandbox.server import SandboxConfig, running

SMALL = ("--size", "640x368", "--max-attempts", "3")


def generated(home: Path, *arguments: str) -> dict[str, Any]:
    environment = {"TOWER_DATA_DIR": str(home / "data"), "HOME": str(home)}
    done = CliRunner().invoke(
        main, ["generate", *arguments, "--kind", "clip", "--json"], env=environment
    )
    assert done.stdout, done.output
    view: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return view


def published(home: Path) -> Path:
    (file,) = (home / "data" / "library" / "Sandbox" / "Movies").rglob("*.mp4")
    return file


def test_a_clip_is_drawn_mended_and_published_with_its_workflow(tmp_path: Path) -> None:
    view = generated(
        tmp_path, "a girl talking in a park", "--duration", "1.5", "--seed", "3", *SMALL
    )
    assert view["status"] == "approved", view
    drawn, mended = view["attempts"]
    assert (drawn["kind"], mended["kind"], mended["of"]) == ("generate", "repair", 1)
    assert (drawn["request"]["frames"], drawn["request"]["frame_rate"]) == (25, 16.0)
    assert "delivery" in kinds(drawn)
    assert "delivery" not in kinds(mended)
    assert Path(drawn["artifact"]).read_bytes() != Path(mended["artifact"]).read_bytes()
    environment = {"TOWER_DATA_DIR": str(tmp_path / "data"), "HOME": str(tmp_path)}
    shown = CliRunner().invoke(main, ["show", view["generation_id"]], env=environment).output
    assert "25 frames at 16/s" in shown
    assert "the file of attempt 1" in shown
    file = published(tmp_path)
    assert file.read_bytes() == Path(mended["artifact"]).read_bytes()
    with av.open(str(file)) as clip:
        prompt, workflow = (json.loads(clip.metadata[name]) for name in ("prompt", "workflow"))
        opened = to_api(workflow, SandboxCatalog().listing([]))
        assert {n: body["class_type"] for n, body in opened.items()} == {
            n: body["class_type"] for n, body in prompt.items()
        }
        assert all(
            opened[n]["inputs"][name] == value
            for n, body in prompt.items()
            for name, value in body["inputs"].items()
        )
        assert len(list(clip.decode(video=0))) == 24  # 1.5 s: what was too long is cut off


def kinds(attempt: dict[str, Any]) -> set[str]:
    return {defect["kind"] for defect in attempt["assessment"]["defects"]}


def test_too_few_steps_are_named_and_more_mend_it(tmp_path: Path) -> None:
    arguments = ("--duration", "1.5", "--set", "steps=6", "--seed", "2", "--no-publish", *SMALL)
    view = generated(tmp_path, "1girl, smile, park", *arguments)
    first, second, mended = view["attempts"]
    assert first["assessment"]["verdict"] == "reject"
    assert kinds(first) & {"undersampled", "noise"}
    assert second["request"]["steps"] > 6
    assert mended["of"] == 2
    assert view["status"] == "approved"


def test_a_clip_begins_with_the_picture_that_it_is_given(tmp_path: Path) -> None:
    picture = np.full((384, 640, 3), (40, 90, 200), np.uint8)
    cv2.circle(picture, (320, 190), 120, (250, 250, 250), -1)
    cv2.imwrite(str(tmp_path / "start.png"), picture)
    view = generated(
        tmp_path,
        "zoom in, rain",
        "--image",
        str(tmp_path / "start.png"),
        "--duration",
        "1",
        "--no-publish",
    )
    with av.open(view["attempts"][0]["artifact"]) as clip:
        first = next(clip.decode(video=0)).to_ndarray(format="rgb24")
    assert first.shape[:2] == (480, 832)
    left = np.median(first[200:280, 30:90], axis=(0, 1))  # a drop of rain may cross a pixel
    assert np.abs(left - (200, 90, 40)).max() < 25
    assert view["attempts"][0]["request"]["frames"] == 17


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--duration", "60"), "at most 121"),
        (("--duration", "1", "--workflow", "text_to_image"), "makes stills"),
        (("--duration", "0"), "above 0"),
        (
            (
                "--set",
                "frame_rate=0",
            ),
            "frame_rate must be",
        ),
    ],
)
def test_what_no_clip_can_be_is_refused_in_words(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    environment = {"TOWER_DATA_DIR": str(tmp_path / "data"), "HOME": str(tmp_path)}
    done = CliRunner().invoke(
        main, ["generate", "1girl", "--kind", "clip", *arguments], env=environment
    )
    assert done.exit_code != 0
    assert words in done.output + str(done.exception)


def test_a_file_that_ends_early_is_an_error_and_not_mended(tmp_path: Path) -> None:
    with running(SandboxConfig(faults={"truncate": 1.0})) as url:
        view = generated(
            tmp_path,
            "1girl",
            "--duration",
            "0.5",
            "--comfy",
            url,
            "--size",
            "640x368",
            "--max-attempts",
            "2",
        )
    assert view["status"] == "failed"
    assert view["error"]["class"] == "corrupt_output"
    assert [attempt["kind"] for attempt in view["attempts"]] == ["generate"] * 2
