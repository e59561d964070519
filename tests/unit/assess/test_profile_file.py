"""A user's profile: what it may say, what is said about mistakes, and what it then does."""

from __future__ import annotations

import re
import tomllib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import drawn
from tower_anime.assess import clip_checks, judge
from tower_anime.assess.profile_file import CLIP_KINDS, KINDS, as_toml, own_profile
from tower_anime.assess.profiles import PROFILES
from tower_anime.assess.stills import measure
from tower_anime.domain.quality import Action, Assessment, Measured, Profile, ReviewBy
from tower_anime.errors import BadInput


def own(text: str, kind: str = "still") -> Profile:
    return own_profile(tomllib.loads(text), kind=kind, where="mine.toml")


def test_one_field_alone_leaves_the_rest_to_the_kind() -> None:
    for kind in ("still", "clip"):
        found = own('name = "mine"\nreview = "person"', kind)
        assert found.review is ReviewBy.PERSON
        assert found.name == found.label == "mine"
        assert (found.threshold, found.min_width, found.required) == (
            PROFILES[kind].threshold,
            PROFILES[kind].min_width,
            PROFILES[kind].required,
        )


def test_everything_is_read() -> None:
    found = own(
        'name = "mine"\nversion = 3\nbased_on = "poster"\nthreshold = 0.9\nmin_width = 640\n'
        'required = ["blur", "texts"]\n'
        '[actions]\nnoise = "review"\nblur = "reject"\n[severities]\nblur = 0.1\n'
        "[relax]\nunderexposed = 0.5\n"
    )
    assert found.label == "mine 3"
    assert (found.threshold, found.min_width, found.min_height) == (0.9, 640, 2048)
    assert found.required == ("edge_width", "texts")
    assert found.actions == {
        "resolution": Action.REJECT,  # the base's
        "noise": Action.REVIEW,
        "blur": Action.REJECT,
    }
    assert found.severities == {"blur": 0.1}
    assert found.relax == {"underexposed": 0.5}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tresh = 1", "threshold"),
        ("threshold = 2", "from 0 to 1"),
        ('threshold = "high"', "from 0 to 1"),
        ("min_width = 0.5", "whole number from 1"),
        ("threshold = true", "from 0 to 1"),
        ('review = "nobody"', "measured, director, person"),
        ('required = ["edgewidth"]', "edge_width"),
        ("required = 3", "list"),
        ('[actions]\nblur = "delete"', "off, warn, reject, review"),
        ('[actions]\nblurr = "off"', "nearest: blur"),
        ("actions = 3", "table of defects"),
        ("[severities]\nblur = 0.5", "actions.blur is not reject or review"),
        ('[actions]\nblur = "reject"\n[severities]\nblur = 7', "from 0 to 1"),
        ("[relax]\nunderexposed = -1", "from 0 to 1"),
        ('based_on = "poter"', "nearest: poster"),
        ('name = "a/b"', "slashes"),
    ],
)
def test_mistakes_are_named_with_what_is_allowed(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=re.escape(said)) as caught:
        own(text)
    assert "mine.toml" in str(caught.value)


@pytest.mark.parametrize("name", PROFILES)
def test_what_is_shown_can_be_read_again(name: str) -> None:
    shown = own(as_toml(PROFILES[name]))
    assert shown == PROFILES[name]


def test_every_defect_of_clips_can_be_named() -> None:
    source = Path(clip_checks.__file__).read_text()
    kinds = set(re.findall(r'kind="(\w+)"', source)) | {"duration", "frame_count"}
    assert kinds <= set(KINDS)
    assert set(CLIP_KINDS) <= kinds | {"frame_rate"}


@given(
    st.dictionaries(
        st.sampled_from(["name", "threshold", "required", "actions", "review", "x", "relax"]),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
            max_leaves=5,
        ),
    )
)
def test_any_table_is_a_profile_or_refused(table: dict[str, object]) -> None:
    with suppress(BadInput):
        assert isinstance(own_profile(table, kind="still", where="x"), Profile)


# ---- what actions do --------------------------------------------------------------------------


STILL = PROFILES["still"]
CLEAN = measure(drawn.drawn("cel", size=256))


def judged(profile: Profile, **numbers: float) -> Assessment:
    measurements = {**CLEAN, **{name: Measured(value) for name, value in numbers.items()}}
    return judge.judge(measurements, kind="image", width=1024, height=1024, profile=profile)


def test_a_severity_says_from_when_to_reject() -> None:
    soft = {"edge_width": 2.6}
    (blur,) = judged(STILL, **soft).defects
    assert blur.kind == "blur"
    for limit, verdict in ((blur.severity - 0.02, "reject"), (blur.severity + 0.02, "pass")):
        strict = own(f'threshold = 0.1\n[actions]\nblur = "reject"\n[severities]\nblur = {limit}')
        assert judged(strict, **soft).verdict == verdict


def test_a_profile_relaxes_and_the_assessment_says_so() -> None:
    dark = {"luma_mean": 18.0, "luma_high": 60.0, "luma_middle": 10.0}
    plain, lenient = judged(STILL, **dark), judged(own("[relax]\nunderexposed = 0.8"), **dark)
    assert plain.score is not None
    assert lenient.score is not None
    assert lenient.score > plain.score
    assert lenient.relaxed == {"underexposed": 0.8}
