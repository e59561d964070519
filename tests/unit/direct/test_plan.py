"""From a brief to the first request."""

from __future__ import annotations

import pytest

from tests import samples
from tower_anime.direct.plan import first_request
from tower_anime.domain.brief import Brief, DirectorChoice
from tower_anime.domain.family import SDXL
from tower_anime.domain.request import RenderRequest
from tower_anime.errors import BadInput


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
