"""What was asked of a clip stays asked."""

from __future__ import annotations

from tests import samples
from tower_anime.domain.family import WAN
from tower_anime.domain.request import Kind
from tower_anime.pipeline.timing import duration_s, locks

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


def test_the_duration_is_the_briefs_or_the_first_requests() -> None:
    assert duration_s(samples.brief(kind=Kind.CLIP, duration_s=4.0), REQUEST) == 4.0
    assert duration_s(samples.brief(kind=Kind.CLIP), REQUEST) == 81 / 16
    assert duration_s(samples.brief(), samples.request()) is None
