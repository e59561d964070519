"""From a brief to the first request."""

from __future__ import annotations

import pytest

from tests import samples
from tower_anime.direct.plan import first_request
from tower_anime.domain.brief import Brief, DirectorChoice
from tower_anime.domain.families import LTX, UNKNOWN, WAN
from tower_anime.domain.family import SDXL, Family
from tower_anime.domain.request import Kind, RenderRequest
from tower_anime.errors import BadInput, InvalidGraph


def planned(brief: Brief, **workflow: object) -> RenderRequest:
    return first_request(brief, family=SDXL, checkpoint="m.safetensors", workflow=workflow, seed=5)


def test_the_family_gives_what_nobody_named() -> None:
    request = planned(samples.brief())
    assert (request.steps, request.cfg) == (SDXL.steps[1], SDXL.cfg[1])
    assert (request.width, request.height, request.seed) == (1024, 1024, 5)
    assert request.checkpoint == "m.safetensors"
    assert request.denoise == 1.0


def test_the_users_own_words_and_figures_win() -> None:
    brief = samples.brief(parameters={"steps": 4, "seed": 9}, negative="hat")
    request = planned(brief, steps=12, cfg=3.0, seed=1)
    assert (request.steps, request.cfg, request.seed) == (4, 3.0, 9)
    assert request.prompt.startswith("1girl, umbrella")
    assert request.negative.startswith("hat, ")


def test_a_locked_prompt_and_no_director_leave_the_words_alone() -> None:
    assert planned(samples.brief(locks=("prompt",))).prompt == "1girl, umbrella"
    plain = planned(samples.brief(director=DirectorChoice.OFF))
    assert (plain.prompt, plain.negative) == ("1girl, umbrella", "")


def test_a_workflow_with_impossible_values_is_refused() -> None:
    with pytest.raises(BadInput, match="steps must be"):
        planned(samples.brief(), steps=0)


def clip(
    family: Family = WAN, workflow: dict[str, object] | None = None, **wishes: object
) -> tuple[int | None, float | None]:
    brief = samples.brief(kind=Kind.CLIP, **wishes)
    request = first_request(brief, family=family, checkpoint=None, workflow=workflow or {}, seed=5)
    return request.frames, request.frame_rate


def test_a_duration_becomes_frames_that_the_family_can_make() -> None:
    assert clip(duration_s=5.0) == (81, 16.0)
    assert clip(duration_s=2.0, parameters={"frame_rate": 24.0}) == (49, 24.0)
    assert clip(LTX, duration_s=4.0) == (105, 25.0)  # 97 are too few: cut to 100 later
    assert clip(LTX, duration_s=5.0) == (129, 25.0)
    assert clip(UNKNOWN, duration_s=5.0) == (120, 24.0)


def test_without_a_duration_the_workflow_or_the_family_decides() -> None:
    assert clip() == (81, 16.0)
    assert clip(workflow={"frames": 33, "frame_rate": 8.0}) == (33, 8.0)
    assert clip(LTX, workflow={"frames": 97}) == (97, 25.0)


def test_the_users_own_frames_stay_even_where_the_family_makes_others() -> None:
    assert clip(duration_s=5.0, parameters={"frames": 80}) == (80, 16.0)


def test_a_duration_beyond_the_family_is_refused_with_what_is_possible() -> None:
    with pytest.raises(
        InvalidGraph, match=r"160 frames; wan makes at most 121: ask for at most 7.56"
    ):
        clip(duration_s=10.0)
    assert clip(duration_s=7.6) == (121, 16.0)  # 122 were asked for: close enough
