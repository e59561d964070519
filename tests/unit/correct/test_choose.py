"""Corrections: what is changed, what never is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import samples
from tower_anime.correct.choose import Choice, Limits, best_attempt, choose
from tower_anime.correct.rules import MOVES
from tower_anime.domain.attempt import Attempt
from tower_anime.domain.families import FAMILIES, WAN
from tower_anime.domain.family import SDXL
from tower_anime.domain.quality import Defect, Verdict
from tower_anime.domain.request import PARAMETERS, Kind, RenderRequest
from tower_anime.errors import FailureClass

LIMITS = Limits(family=SDXL)


def rejected(number: int, request: RenderRequest, *defects: Defect, score: float = 0.3) -> Attempt:
    return samples.attempt(
        number,
        request=request,
        assessment=samples.assessment(Verdict.REJECT, score, defects),
    )


def chosen(*attempts: Attempt, limits: Limits = LIMITS) -> Choice:
    choice = choose(attempts, limits)
    assert choice is not None
    return choice


def test_too_few_steps_are_raised_to_what_the_family_needs() -> None:
    few = samples.request(steps=4)
    choice = chosen(rejected(1, few, samples.defect("noise")))
    assert choice.request == replace(few, steps=SDXL.steps[1])
    (correction,) = choice.corrections
    assert correction.defect == "noise"
    assert correction.change == {"steps": (4, 28)}


def test_burnt_colours_lower_the_guidance() -> None:
    choice = chosen(rejected(1, samples.request(cfg=18.0), samples.defect("oversaturated")))
    assert choice.request.cfg == SDXL.cfg[1]
    again = chosen(
        rejected(1, samples.request(cfg=6.0), samples.defect("oversaturated")),
    )
    assert again.request.cfg < 6.0


def test_washed_out_pictures_raise_it() -> None:
    choice = chosen(rejected(1, samples.request(cfg=2.0), samples.defect("low_contrast")))
    assert choice.request.cfg == SDXL.cfg[1]


def test_a_size_far_from_the_models_own_is_brought_back_with_its_aspect() -> None:
    wide = samples.request(width=2048, height=1152)
    choice = chosen(rejected(1, wide, samples.defect("tiling")))
    assert SDXL.size_is_native(choice.request.width, choice.request.height)
    assert choice.request.width / choice.request.height == pytest.approx(16 / 9, rel=0.02)
    assert choice.request.width % SDXL.size_multiple_px == 0


def test_a_small_picture_grows_to_the_models_own_size_then_by_a_second_pass() -> None:
    choice = chosen(
        rejected(1, samples.request(width=512, height=512), samples.defect("resolution"))
    )
    assert (choice.request.width, choice.request.height) == (1024, 1024)
    full = rejected(1, samples.request(), samples.defect("resolution"))
    assert set(chosen(full).corrections[0].change) == {"hires"}


CLIPS = Limits(family=WAN)


def clip(**changes: object) -> RenderRequest:
    settings = {"frames": 81, "frame_rate": 16.0, "steps": 20, "cfg": 4.0, "sampler": "uni_pc"}
    return samples.request(kind=Kind.CLIP, checkpoint=None, **{**settings, **changes})


def changed(request: RenderRequest, kind: str, limits: Limits = CLIPS) -> dict[str, object]:
    choice = chosen(rejected(1, request, samples.defect(kind)), limits=limits)
    return {key: new for one in choice.corrections for key, (_, new) in one.change.items()}


def test_flicker_is_answered_with_steps_then_guidance_and_words() -> None:
    assert changed(clip(steps=6), "flicker") == {"steps": WAN.steps[1]}
    assert changed(clip(cfg=9.0), "flicker") == {"cfg": WAN.cfg[1]}
    locked = replace(CLIPS, locks=("steps", "cfg"))
    assert "steady" in str(changed(clip(), "flicker", locked)["prompt"])


def test_a_dead_clip_gets_words_of_motion_first_and_livelier_ones_then() -> None:
    first = changed(clip(), "dead")
    assert "motion" in str(first["prompt"])
    assert "static" in str(first["negative"])
    one = rejected(1, clip(), samples.defect("dead"))
    two = rejected(
        2, clip(prompt=first["prompt"], negative=first["negative"]), samples.defect("dead")
    )
    assert "lively" in chosen(one, two, limits=CLIPS).request.prompt


def test_frames_in_between_become_a_length_that_the_family_makes() -> None:
    assert changed(clip(frames=80), "frame_count") == {"frames": 81}
    assert changed(clip(frames=80), "duration") == {"frames": 81}
    assert set(changed(clip(frames=81), "frame_count")) == {"seed"}


def test_a_drifting_clip_gets_no_longer_than_its_model_was_trained_on() -> None:
    assert changed(clip(frames=121), "drift") == {"frames": 81}
    fixed = replace(CLIPS, locks=("frames",))
    assert "frames" not in changed(clip(frames=121), "drift", fixed)


def test_light_words_go_into_the_right_texts() -> None:
    dark = samples.request(prompt="1girl", negative="lowres")
    choice = chosen(rejected(1, dark, samples.defect("underexposed")))
    assert choice.request.prompt == "1girl, bright lighting"
    assert choice.request.negative == "lowres, too dark, underexposed"
    assert "dark" not in choice.request.prompt


def test_agreeing_fixes_are_made_together() -> None:
    request = samples.request(steps=6, cfg=20.0)
    defects = samples.defect("noise", loss=0.6), samples.defect("oversaturated", loss=0.4)
    choice = chosen(rejected(1, request, *defects))
    assert (choice.request.steps, choice.request.cfg) == (28, 6.0)
    assert [item.defect for item in choice.corrections] == ["noise", "oversaturated"]


def test_one_change_that_mends_two_defects_is_made_alone() -> None:
    defects = samples.defect("noise", loss=0.6), samples.defect("undersampled", loss=0.4)
    choice = chosen(rejected(1, samples.request(steps=4), *defects))
    assert [dict(item.change) for item in choice.corrections] == [{"steps": (4, 28)}]


def test_fixes_that_fight_are_not_both_made() -> None:
    request = samples.request(cfg=5.0)
    defects = samples.defect("oversaturated", loss=0.6), samples.defect("low_contrast", loss=0.4)
    choice = chosen(rejected(1, request, *defects))
    assert choice.request.cfg < 5.0
    assert [item.defect for item in choice.corrections] == ["oversaturated"]


def test_a_locked_parameter_is_left_alone_and_the_next_move_is_taken() -> None:
    few = samples.request(steps=4)
    limits = Limits(family=SDXL, locks=("steps",))
    choice = chosen(rejected(1, few, samples.defect("noise")), limits=limits)
    assert choice.request.steps == 4
    assert choice.request.sampler != few.sampler


def test_only_samplers_on_offer_are_named() -> None:
    request = samples.request(sampler="euler_ancestral", steps=50)
    offered = {"sampler": ("euler_ancestral", "euler"), "scheduler": ("normal",)}
    limits = Limits(family=SDXL, offered=offered)
    choice = chosen(rejected(1, request, samples.defect("noise")), limits=limits)
    assert choice.request.sampler in offered["sampler"]
    assert choice.request.scheduler in offered["scheduler"]


def test_everything_locked_ends_it() -> None:
    limits = Limits(family=SDXL, locks=(*PARAMETERS, "prompt", "negative"))
    assert choose((rejected(1, samples.request(), samples.defect()),), limits) is None


def test_the_best_attempt_is_the_base_not_the_last() -> None:
    good = rejected(1, samples.request(steps=28), samples.defect("noise"), score=0.6)
    worse = rejected(2, samples.request(steps=50), samples.defect("noise"), score=0.2)
    assert best_attempt((good, worse)) is good
    assert chosen(good, worse).request.identity() != worse.request.identity()


def test_a_passing_attempt_is_better_than_a_higher_score_that_failed() -> None:
    passing = samples.attempt(1, assessment=samples.assessment(Verdict.PASS, 0.72))
    rejected_ = samples.attempt(2, assessment=samples.assessment(Verdict.REJECT, 0.95))
    assert best_attempt((passing, rejected_)) is passing


def test_out_of_memory_is_tried_once_more_then_smaller_then_given_up() -> None:
    first = samples.failed(1, FailureClass.OUT_OF_MEMORY)
    again = chosen(first)
    assert again.request == first.request
    second = replace(samples.failed(2, FailureClass.OUT_OF_MEMORY), request=again.request)
    smaller = chosen(first, second)
    assert smaller.request.width < first.request.width
    locked = Limits(family=SDXL, locks=("width", "height", "seed"))
    assert choose((first, second), locked) is None


def test_a_corrupt_file_is_asked_for_again_unchanged_once() -> None:
    first = samples.failed(1, FailureClass.CORRUPT_OUTPUT)
    again = chosen(first)
    assert again.request == first.request
    assert again.corrections == ()
    second = replace(samples.failed(2, FailureClass.CORRUPT_OUTPUT), request=again.request)
    assert chosen(first, second).request.seed != first.request.seed


requests = st.builds(
    samples.request,
    steps=st.integers(1, 120),
    cfg=st.floats(0, 40).map(lambda value: round(value, 1)),
    width=st.sampled_from((256, 512, 768, 1024, 2048)),
    height=st.sampled_from((256, 512, 832, 1216, 2048)),
    sampler=st.sampled_from(("euler", "euler_ancestral", "dpmpp_2m", "lcm")),
    seed=st.integers(0, 2**64 - 1),
)
faults = st.lists(
    st.builds(
        samples.defect,
        kind=st.sampled_from((*MOVES, "duplicate", "text_artifact")),
        severity=st.floats(0.05, 1.0),
        loss=st.floats(0.0, 1.0),
    ),
    max_size=4,
).map(tuple)
locks = st.sets(st.sampled_from((*PARAMETERS, "prompt", "negative"))).map(tuple)


@given(
    requests,
    st.lists(faults, min_size=1, max_size=6),
    locks,
    st.sampled_from(list(FAMILIES.values())),
)
def test_no_request_twice_no_lock_broken_denoise_untouched(
    start: RenderRequest, rounds: list[tuple[Defect, ...]], locked: tuple[str, ...], family: object
) -> None:
    limits = Limits(family=family, locks=locked)  # type: ignore[arg-type]
    attempts: list[Attempt] = []
    request = start
    for number, found in enumerate(rounds, start=1):
        attempts.append(rejected(number, request, *found, score=1.0 / (number + 1)))
        choice = choose(attempts, limits)
        if choice is None:
            break
        assert choice.request.identity() not in {a.request.identity() for a in attempts}
        assert choice.request.denoise == start.denoise
        for key in locked:
            assert getattr(choice.request, key) == getattr(start, key)
        assert choice.corrections
        request = choice.request


def test_every_defect_of_the_table_is_answered() -> None:
    for kind, moves in MOVES.items():
        assert moves, kind
