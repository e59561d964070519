"""Judging anew what was stored gives what judging the file gives."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests import drawn
from tests.moving import stage, waving, write_clip
from tower_anime.adapters.clips import AvClips
from tower_anime.assess import style
from tower_anime.assess.again import judge_again
from tower_anime.assess.profile_file import own_profile
from tower_anime.assess.profiles import PROFILES
from tower_anime.domain.expectation import Expectation
from tower_anime.domain.frame import Frame
from tower_anime.domain.quality import Assessment, Measured, Measurements, Profile
from tower_anime.domain.views import assessment_view
from tower_anime.errors import BadInput
from tower_anime.pipeline.clip import assess_clip
from tower_anime.pipeline.picture import assess_picture
from tower_anime.ports import Picture

STRICT = own_profile(
    {
        "name": "strict",
        "version": "2",
        "threshold": 0.95,
        "min_width": 2000,
        "actions": {"noise": "reject", "underexposed": "off"},
        "relax": {"blur": 0.5},
    },
    kind="still",
    where="strict.toml",
)


def picture(profile: Profile) -> Assessment:
    frame = drawn.noisy(drawn.drawn("night", size=512), sigma=12)
    decoded = Picture(frame=frame, format="png", bit_depth=8, has_alpha=False, texts={})
    return assess_picture(
        lambda: decoded,
        profile=profile,
        prompt="1girl, (night:1.2), film grain",
        negative="blurry",
        expect=Expectation(width=512, height=600),
    )


def alike(one: Assessment, other: Assessment | None) -> bool:
    assert other is not None
    views = [
        json.loads(json.dumps(assessment_view(each, path=None)))
        for each in (replace(one, seconds=0), replace(other, seconds=0, measurements={}))
    ]
    views[0]["measurements"] = {}
    for view in views:
        view.pop("timeline", None)
        view["score"] = round(view["score"], 3)
        for defect in view["defects"]:
            defect["severity"], defect["loss"] = round(defect["severity"], 2), 0
    return views[0] == views[1]


@pytest.mark.parametrize("profile", [STRICT, PROFILES["poster"], PROFILES["still"]])
def test_a_picture(profile: Profile) -> None:
    told = json.loads(json.dumps(assessment_view(picture(PROFILES["still"]), path="a.png")))
    assert alike(picture(profile), judge_again(told, profile))


def test_what_an_earlier_profile_forgave_is_not_carried_on() -> None:
    told = assessment_view(picture(STRICT), path="a.png")
    assert "blur" in told["relaxed"]
    found = judge_again(told, PROFILES["still"])
    assert found is not None
    assert "blur" not in found.relaxed
    assert found.relaxed["noise"] > 0


def test_a_clip(tmp_path: Path) -> None:
    frames = list(waving(stage(seed=4), frames=40, on=2))
    path = write_clip(tmp_path / "a.mp4", [*frames, *[frames[-1]] * 60])
    lenient = replace(PROFILES["clip"], name="mine", threshold=0.2)
    first, second = (
        assess_clip(AvClips(), path, profile=profile, prompt="a girl waves, looping")
        for profile in (PROFILES["clip"], lenient)
    )
    told = json.loads(json.dumps(assessment_view(first, path="a.mp4")))
    again = judge_again(told, lenient)
    assert again is not None
    assert again.verdict == second.verdict
    assert again.score == pytest.approx(second.score, rel=1e-3)
    assert [d.kind for d in again.defects] == [d.kind for d in second.defects]


def test_what_is_no_assessment_is_refused() -> None:
    told = assessment_view(picture(PROFILES["still"]), path="a.png")
    for broken in ({"score": 1.0}, {**told, "measurements": 3}, {**told, "width": "wide"}):
        with pytest.raises(BadInput):
            judge_again(broken, STRICT)
    assert judge_again({**told, "score": None}, STRICT) is None


def test_being_off_a_style_is_judged_again_too() -> None:
    far = style.Likeness(distance=1.4, hand=1.4, differs=(("saturation", 2.5),))

    def off(profile: Profile, *, meant: bool = False) -> Assessment:
        return style.judged(picture(profile), far, profile=profile, counts=True, meant=meant)

    def told(one: Assessment) -> dict[str, Any]:
        view: dict[str, Any] = json.loads(json.dumps(assessment_view(one, path="a.png")))
        return view

    profiles = [
        own_profile(table, kind="still", where="x.toml")
        for table in (
            {},
            {"actions": {"off_style": "off"}},
            {"actions": {"off_style": "warn"}},
            {"actions": {"off_style": "reject"}, "severities": {"off_style": 0.9}},
            {"actions": {"off_style": "reject"}, "severities": {"off_style": 0.1}},
            {"relax": {"off_style": 0.8}},
        )
    ]
    usual = told(off(PROFILES["still"]))
    seen = []
    for profile in profiles:
        assert alike(off(profile), judge_again(usual, profile))
        found = off(profile)
        assert found.score is not None
        seen.append(("off_style" in [one.kind for one in found.defects], round(found.score, 3)))
    assert [named for named, _ in seen] == [True, False, True, True, True, False]
    free = seen[1][1]
    assert [score < free for _, score in seen] == [True, False, False, True, True, False]
    unsaid = judge_again(told(off(profiles[1])), PROFILES["still"])
    assert unsaid is not None
    assert "1.4 times as far" in next(d.message for d in unsaid.defects if d.kind == "off_style")
    meant = judge_again(told(off(PROFILES["still"], meant=True)), PROFILES["still"])
    assert meant is not None
    assert "off_style" not in [one.kind for one in meant.defects]


class Reads:
    """A model that reads one text in whatever it is shown."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, ...]] = []

    def look(self, frame: Frame, *, kinds: Collection[str], hopeless: bool) -> Measurements:
        assert "text_artifact" in kinds
        assert not hopeless
        self.seen.append(frame.shape)
        return {"texts": Measured(1.0, "count"), "text_share": Measured(0.05, "share")}


def test_models_look_at_the_frame_that_stands_for_a_clip(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", list(waving(stage(seed=4), frames=24, on=2)))
    off = own_profile({"actions": {"text_artifact": "off"}}, kind="clip", where="x.toml")
    reads, usual = Reads(), PROFILES["clip"]
    plain = assess_clip(AvClips(), path, profile=usual, prompt="")
    found = assess_clip(AvClips(), path, profile=usual, prompt="", vision=reads)
    assert len(reads.seen) == 1
    assert "text_artifact" not in [one.kind for one in plain.defects]
    assert "text_artifact" in [one.kind for one in found.defects]
    assert plain.score is not None
    assert found.score is not None
    assert found.score < plain.score
    told = json.loads(json.dumps(assessment_view(found, path="a.mp4")))
    again = judge_again(told, off)
    assert again is not None
    assert again.score == pytest.approx(plain.score, rel=1e-3)
    same = judge_again(told, usual)
    assert same is not None
    assert same.score == pytest.approx(found.score, rel=1e-3)
