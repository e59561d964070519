"""What was asked of a clip stays asked."""

from __future__ import annotations

from tests import samples
from tower_anime.domain.attempt import AttemptKind
from tower_anime.domain.brief import Brief
from tower_anime.domain.expectation import Expectation
from tower_anime.domain.family import WAN
from tower_anime.domain.request import Kind
from tower_anime.pipeline.timing import expectation, locks, surplus, wanted_frames

REQUEST = samples.request(kind=Kind.CLIP, frames=81, frame_rate=16.0)


def test_what_the_user_set_is_left_alone() -> None:
    free = samples.brief(kind=Kind.CLIP)
    assert locks(free, REQUEST, WAN) == ()
    assert locks(samples.brief(kind=Kind.CLIP, duration_s=5.0), REQUEST, WAN) == ("frames",)
    both = samples.brief(kind=Kind.CLIP, parameters={"frames": 81, "frame_rate": 16.0})
    assert locks(both, REQUEST, WAN) == ("frame_rate", "frames")


def test_frames_that_no_model_makes_may_be_moved() -> None:
    odd = samples.brief(kind=Kind.CLIP, parameters={"frames": 80})
    assert locks(odd, samples.request(frames=80, frame_rate=16.0), WAN) == ()


def held_to(brief: Brief, frames: int, kind: AttemptKind = AttemptKind.GENERATE) -> Expectation:
    request = samples.request(kind=Kind.CLIP, frames=frames, frame_rate=25.0)
    generation = samples.generation(brief=brief, first_request=request)
    return expectation(generation, samples.attempt(1, request=request, kind=kind))


def test_a_clip_is_held_to_the_wish_and_may_only_be_longer_before_it_is_cut() -> None:
    brief = samples.brief(kind=Kind.CLIP, duration_s=5.0)
    drawn = held_to(brief, 129)
    assert (drawn.frames, drawn.duration_s) == (129, 129 / 25)
    mended = held_to(brief, 129, AttemptKind.REPAIR)
    assert (mended.frames, mended.duration_s) == (125, 5.0)
    short = held_to(brief, 97)
    assert (short.frames, short.duration_s) == (125, 5.0)


def test_without_a_duration_the_first_request_is_the_bar() -> None:
    brief = samples.brief(kind=Kind.CLIP)
    first = samples.request(kind=Kind.CLIP, frames=97, frame_rate=25.0)
    shorter = samples.attempt(2, request=samples.request(frames=49, frame_rate=25.0))
    found = expectation(samples.generation(brief=brief, first_request=first), shorter)
    assert (found.frames, found.duration_s) == (97, 97 / 25)


def test_the_users_own_frames_are_the_bar() -> None:
    brief = samples.brief(kind=Kind.CLIP, parameters={"frames": 120})
    assert held_to(brief, 120).frames == 120
    assert wanted_frames(brief, REQUEST) is None
    assert surplus(samples.brief(kind=Kind.CLIP, duration_s=5.0), REQUEST) == 1


def test_what_a_workflow_has_no_place_for_is_expected_where_the_brief_asks() -> None:
    request = samples.request(kind=Kind.CLIP, frames=97, frame_rate=25.0)
    attempt = samples.attempt(1, request=request)
    nowhere = ("width", "height", "frames", "frame_rate")

    def bar(**asked: float) -> Expectation:
        brief = samples.brief(kind=Kind.CLIP, **asked)
        generation = samples.generation(brief=brief, first_request=request)
        return expectation(generation, attempt, unplaced=nowhere)

    assert bar() == Expectation()
    assert bar(duration_s=4.0) == Expectation(duration_s=4.0)
