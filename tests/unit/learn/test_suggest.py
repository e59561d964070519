"""Suggestions: nothing without evidence, towards what passed, never what is not free."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests import samples
from tests.unit.learn.test_effects import outcome
from tower_anime.domain.families import FAMILIES
from tower_anime.domain.family import SDXL
from tower_anime.domain.knowledge import Outcome, Suggestion
from tower_anime.domain.request import Kind, RenderRequest
from tower_anime.learn.suggest import ENOUGH, LEARNABLE, suggest

BAD = samples.request(steps=8, cfg=14.0, sampler="euler", scheduler="normal")
OFFERED = {"sampler": ("euler", "euler_ancestral", "dpmpp_2m"), "scheduler": ("normal", "karras")}


def told(request: RenderRequest, passed: bool, times: int) -> list[Outcome]:
    score = 0.9 if passed else 0.1
    return [
        outcome(1, f"{request}{n}", request=request, passed=passed, score=score)
        for n in range(times)
    ]


def asked(outcomes: list[Outcome], base: RenderRequest = BAD, **changes: Any) -> Suggestion:
    given_: dict[str, Any] = {"family": SDXL, "free": LEARNABLE, "offered": OFFERED, "lot": 0.9}
    return suggest(outcomes, base=base, **(given_ | changes))


def test_no_history_and_little_history_say_nothing() -> None:
    assert asked([]) == Suggestion()
    assert asked(told(BAD, False, ENOUGH - 1)) == Suggestion()


def test_it_goes_where_pictures_passed() -> None:
    good = samples.request(steps=28, cfg=6.0, sampler="euler_ancestral")
    found = asked([*told(BAD, False, 10), *told(good, True, 10)])
    assert found.values["cfg"] <= 8  # type: ignore[operator]
    assert found.values["steps"] >= 18  # type: ignore[operator]
    assert set(found.origins) == set(found.values)
    assert found.chance is not None
    assert found.chance > 0.6


def test_what_passes_stays() -> None:
    found = asked(told(samples.request(), True, 30), base=samples.request())
    assert found.values == {}
    assert found.chance is not None
    assert found.chance > 0.8


def test_contradictions_and_all_failed_stay_in_the_safe_set() -> None:
    both = [*told(BAD, False, 20), *told(BAD, True, 20)]
    for outcomes in (both, told(BAD, False, 40)):
        for lot in (0.0, 0.9):
            found = asked(outcomes, lot=lot)
            assert SDXL.steps[0] <= found.values.get("steps", 28) <= SDXL.steps[2]  # type: ignore[operator]
            assert SDXL.cfg[0] <= found.values.get("cfg", 6) <= SDXL.cfg[2]  # type: ignore[operator]


def test_exploring_is_marked_with_its_probability() -> None:
    found = asked(told(BAD, False, 20), lot=0.0)
    assert found.explored
    assert 0 < found.probability < 0.5
    assert set(found.origins.values()) == {"explored"}


def test_only_free_parameters_and_offered_samplers() -> None:
    good = samples.request(steps=28, cfg=6.0, sampler="dpmpp_2m", scheduler="karras")
    outcomes = [*told(BAD, False, 10), *told(good, True, 20)]
    assert asked(outcomes, free=()) == Suggestion()
    assert set(asked(outcomes, free=("cfg",)).values) <= {"cfg"}
    assert (
        asked(outcomes, offered={"sampler": ("euler",)}).values.get("sampler", "euler") == "euler"
    )


def test_a_distilled_workflow_is_left_alone() -> None:
    fast = replace(BAD, steps=4, cfg=1.0)
    good = samples.request(steps=28, cfg=6.0)
    assert asked([*told(fast, False, 20), *told(good, True, 20)], base=fast) == Suggestion()


def test_another_models_outcomes_count_less() -> None:
    good = samples.request(steps=28, cfg=6.0)
    outcomes = [*told(BAD, False, 10), *told(good, True, 10)]
    elsewhere = [replace(o, checkpoint="other") for o in outcomes]
    near, far = asked(outcomes, base=replace(BAD, checkpoint="x")), asked(elsewhere)
    assert near.chance is not None
    assert far.chance is not None
    assert far.chance < near.chance
    clips = [replace(o, request=replace(o.request, kind=Kind.CLIP)) for o in outcomes]
    assert asked(clips) == Suggestion()


@given(data=st.data())
def test_every_suggestion_is_a_valid_request_of_the_family(data: st.DataObject) -> None:
    family = data.draw(st.sampled_from(list(FAMILIES.values())))
    requests = st.builds(
        samples.request,
        steps=st.integers(1, 100),
        cfg=st.floats(0, 30),
        sampler=st.sampled_from(["euler", "uni_pc", "odd"]),
    )
    outcomes = [
        outcome(1, str(n), request=data.draw(requests), passed=data.draw(st.booleans()))
        for n in range(12)
    ]
    base = data.draw(requests)
    found = asked(outcomes, base=base, family=family, offered={}, lot=data.draw(st.floats(0, 1)))
    request = base.changed(**found.values)
    if "steps" in found.values:
        assert family.steps[0] <= request.steps <= family.steps[2]
    if "cfg" in found.values:
        assert family.cfg[0] <= request.cfg <= family.cfg[2]
