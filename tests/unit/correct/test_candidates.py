"""Candidates beyond steps and guidance: VAE, precision, second pass, LoRA, rate, style."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests import samples
from tests.unit.learn.test_effects import outcome
from tower_anime.correct.choose import Choice, Limits, choose
from tower_anime.domain.attempt import Attempt
from tower_anime.domain.families import FAMILIES
from tower_anime.domain.family import SD15, SDXL
from tower_anime.domain.quality import Defect, Verdict
from tower_anime.domain.request import Kind
from tower_anime.learn.effects import FAILED_WISHES, knowledge_of

VAES = ("ae.safetensors", "sdxl_vae_fp16_fix.safetensors", "vae-ft-mse-840000.safetensors")


def failed(defect_kind: str, *, measurement: str = "noise", **request: Any) -> Attempt:
    defect = Defect(
        kind=defect_kind, severity=0.6, message=defect_kind, measurement=measurement, loss=1.0
    )
    assessment = samples.assessment(Verdict.REJECT, defects=(defect,))
    return samples.attempt(request=samples.request(**request), assessment=assessment)


def chosen(attempt: Attempt, **limits: Any) -> Choice:
    found = choose([attempt], Limits(**({"family": SDXL} | limits)))
    assert found is not None
    return found


def test_black_pictures_get_a_vae_of_the_family_that_the_server_has() -> None:
    offered = {"vae": VAES}
    assert chosen(failed("blank"), offered=offered).request.vae == VAES[1]
    assert chosen(failed("blank"), offered=offered, family=SD15).request.vae == VAES[2]
    flux = chosen(failed("blank", steps=12), offered=offered, family=FAMILIES["flux"])
    assert flux.request.vae is None
    assert chosen(failed("blank", steps=12), offered={}).request.vae is None
    assert chosen(failed("blank", steps=12), offered=offered, locks=("vae",)).request.vae is None


def test_without_a_vae_precision_is_the_next_answer() -> None:
    found = chosen(failed("blank"), offered={"precision": ("default", "fp8_e4m3fn")})
    assert found.request.precision == "default"


def test_more_pixels_than_the_model_draws_come_of_a_second_pass() -> None:
    small = failed("resolution", width=512, height=512)
    assert chosen(small, family=SD15).request.hires == 2.0
    assert chosen(small, family=SD15, locks=("hires",)).request.hires is None
    full = chosen(failed("resolution", width=768, height=768))  # first what it draws at once
    assert (full.request.width, full.request.hires) == (1024, None)
    again = chosen(failed("resolution", width=1024, height=1024))
    assert (again.request.width, again.request.hires) == (1024, 1.5)
    clip = failed("resolution", kind=Kind.CLIP, width=512, height=512)
    assert chosen(clip, family=FAMILIES["wan"]).request.hires is None


def test_a_burnt_picture_at_the_least_guidance_gets_less_of_its_lora() -> None:
    found = chosen(failed("oversaturated", cfg=3.0, lora_strength=1.0))
    assert found.request.lora_strength == 0.75
    assert chosen(failed("oversaturated", cfg=3.0)).request.lora_strength is None


def test_a_clip_of_another_rate_gets_the_familys_own() -> None:
    wan = FAMILIES["wan"]
    clip = failed("frame_rate", kind=Kind.CLIP, frames=81, frame_rate=30.0)
    assert chosen(clip, family=wan).request.frame_rate == wan.frame_rate
    locked = chosen(clip, family=wan, locks=("frame_rate",))
    assert locked.request.frame_rate == 30.0


@pytest.mark.parametrize(
    ("differs", "expected"),
    [
        ("style saturation+", lambda r: r.cfg < 7.0),
        ("style saturation-", lambda r: "vivid colors" in r.prompt),
        ("style line_weight+", lambda r: "thin lines" in r.prompt),
        ("style lightness-", lambda r: "bright lighting" in r.prompt),
        ("style gradients+", lambda r: "flat color" in r.prompt and "painterly" in r.negative),
        ("style levels-", lambda r: "soft shading" in r.prompt),
        ("style line_lightness+", lambda r: "bold lines" in r.prompt),
        ("style hue_3+", lambda r: r.lora_strength == 1.0),
    ],
)
def test_off_style_is_pulled_back_by_what_differs(differs: str, expected: Any) -> None:
    attempt = failed("off_style", measurement=differs, cfg=7.0, lora_strength=0.8)
    found = chosen(attempt)
    assert expected(found.request)
    assert found.corrections[0].defect == "off_style"


@pytest.mark.parametrize(("score", "mended"), [(0.003, {"blur"}), (0.6, {"blur", "off_style"})])
def test_what_makes_a_picture_leave_its_style_is_mended_first(
    score: float, mended: set[str]
) -> None:
    """A picture that its blur rejects is off the style of sharp ones; a slight blur is not why."""
    attempt = failed("off_style", measurement="style edges-", steps=10, lora_strength=0.8)
    assert attempt.assessment is not None
    (style,) = attempt.assessment.defects
    both = (replace(style, loss=0.7), replace(style, kind="blur", measurement="b", loss=0.3))
    worse = replace(attempt.assessment, score=score, defects=both)
    found = chosen(replace(attempt, assessment=worse))
    assert {one.defect for one in found.corrections} == mended


def test_combinations_that_failed_for_several_wishes_are_avoided() -> None:
    base = failed("noise", steps=10)
    usual = chosen(base)
    assert usual.request.steps == SDXL.steps[1]
    bad = [
        outcome(1, f"g{n}", request=replace(usual.request, seed=n), passed=False, score=0.2)
        for n in range(FAILED_WISHES)
    ]
    known = knowledge_of(bad)
    assert known.has_failed(usual.request)
    other = chosen(base, knowledge=known)
    assert other.request.steps != usual.request.steps or other.request.sampler != "euler_ancestral"
    assert not known.has_failed(other.request)
    once = [*bad, outcome(1, "good", request=usual.request, passed=True, score=0.9)]
    assert not knowledge_of(once).has_failed(usual.request)
    assert not knowledge_of(bad[:-1]).has_failed(usual.request)
