"""Stories without a model: what the logline says comes into the right shots."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tower_anime.direct.logline import deeds, sentence
from tower_anime.direct.session import by_rules
from tower_anime.direct.staging import parts_by_rules, takes_by_rules
from tower_anime.direct.story import Part, Take
from tower_anime.direct.words import content
from tower_anime.domain.production import CastMember, ProjectBrief, StyleGuide
from tower_anime.domain.request import parse_prompt

LOST_SUN = (
    "A courier named Aki finds a city that forgot the sun and must carry a lantern through its "
    "flooded streets, but Ren burns the last bridge"
)
AKI = CastMember(name="Aki", look="silver hair, red scarf")
REN = CastMember(name="Ren", look="tall boy, black coat")
RAIN = ProjectBrief(logline=LOST_SUN, characters=(AKI, REN))
GUIDE = StyleGuide()


def scenes_of(brief: ProjectBrief, *, number: int = 3) -> tuple[Part, ...]:
    episode = parts_by_rules("episodes", 1, subject=brief.logline)[0]
    return parts_by_rules("scenes", number, subject=episode.text)


def shots_of(
    brief: ProjectBrief, scene: Part, *, number: int = 4, nth: int = 0
) -> tuple[Take, ...]:
    return takes_by_rules(number, scene=scene, project=brief, guide=GUIDE, nth=nth)


@pytest.mark.parametrize(
    ("told", "found"),
    [
        (
            "Two sisters open a bakery on the moon",
            [("Two sisters", "opening a bakery on the moon", "bakery on the moon", "")],
        ),
        (
            "Ren steals the emperor's sword, flees across the desert and is hunted by his brother",
            [
                ("Ren", "stealing the emperor's sword", "", "emperor's sword"),
                ("Ren", "fleeing across the desert", "desert", ""),
                ("Ren", "hunted by his brother", "", ""),
            ],
        ),
        (
            "In a flooded Tokyo, a boy repairs the radios until his mother answers",
            [
                ("boy", "repairing the radios", "flooded Tokyo", "radios"),
                ("mother", "answering", "", ""),
            ],
        ),
        (
            "The new teacher is human, and nobody may know",
            [("new teacher", "human", "", ""), ("nobody", "knowing", "", "")],
        ),
    ],
)
def test_a_logline_is_read_deed_by_deed(told: str, found: list[tuple[str, ...]]) -> None:
    read = deeds(told)
    assert [(one.subject, one.picture, one.place, one.thing) for one in read] == found
    assert content(told) - content("until and") <= content(sentence(read))


def test_every_word_of_the_logline_comes_into_a_shot_of_the_scene_that_tells_it() -> None:
    for number in (1, 3, 5):
        said = set[str]()
        for nth, scene in enumerate(scenes_of(RAIN, number=number)):
            shots = shots_of(RAIN, scene, nth=nth)
            shown = content(", ".join(take.prompt for take in shots))
            burns = "burns" in scene.text
            assert ("burning" in shown) is burns
            said |= shown
        wanted = content(LOST_SUN) - content("must but named its that finds carry burns")
        assert wanted <= said


def test_a_scene_keeps_its_people_its_light_and_its_place() -> None:
    first, _, last = scenes_of(RAIN)
    shots = [take.prompt for take in shots_of(RAIN, first)]
    assert all("city that forgot the sun" in prompt for prompt in shots)
    assert all("Aki, silver hair, red scarf" in prompt for prompt in shots[1:])
    assert all("soft diffuse light" in prompt for prompt in shots)  # the sun is the story's
    assert "Ren, tall boy, black coat" in shots_of(RAIN, last)[0].prompt
    assert "soft diffuse light" not in shots_of(RAIN, first, nth=1)[0].prompt


def test_the_views_differ_and_no_hint_of_the_shape_is_drawn() -> None:
    for nth, scene in enumerate(scenes_of(RAIN, number=6)):
        prompts = [take.prompt for take in shots_of(RAIN, scene, number=12, nth=nth)]
        assert len(set(prompts)) == len(prompts)
        assert not any("wishes" in p or "something" in p.lower() or ":" in p for p in prompts)
        assert shots_of(RAIN, scene, number=12, nth=nth) == shots_of(
            RAIN, scene, number=12, nth=nth
        )


def test_what_the_project_excludes_is_in_no_shot_and_its_light_is_kept() -> None:
    brief = ProjectBrief(logline="A boy finds a gun in a field", dont=("gun",))
    guide = StyleGuide(light=("candlelight",))
    for scene in scenes_of(brief):
        for take in takes_by_rules(6, scene=scene, project=brief, guide=guide):
            assert "gun" not in content(take.prompt)
            assert "candlelight" in take.prompt


def test_the_kind_of_a_story_gives_habits_of_camera_and_light() -> None:
    noir = by_rules(ProjectBrief(style="noir", logline="A detective waits")).guide
    assert noir.light[0] == "low-key light, hard shadows"
    assert "from below" in noir.camera
    bright = by_rules(ProjectBrief(style="noir", dont=("low-key",))).guide
    assert "low-key light, hard shadows" not in bright.light
    both = by_rules(ProjectBrief(style="watercolour", logline="A school on the moon")).guide
    assert len(both.light) == len(set(both.light)) == 3
    plain = by_rules(ProjectBrief(style="bold"))
    assert (plain.guide.camera, plain.guide.light) == ((), ())


def test_titles_of_a_long_season_differ() -> None:
    for level in ("episodes", "scenes"):
        parts = parts_by_rules(level, 12, subject=LOST_SUN)
        assert len({part.title for part in parts}) == len(parts)


def test_a_scene_that_a_model_wrote_is_shot_as_well() -> None:
    scene = Part(title="Rooftop", text="At dusk Ren waits on the rooftop: Aki brings the letter.")
    prompts = [take.prompt for take in shots_of(RAIN, scene)]
    assert any("Ren, tall boy, black coat" in p and "waiting on the rooftop" in p for p in prompts)
    assert any("Aki, silver hair" in p and "bringing the letter" in p for p in prompts)


@given(st.text(min_size=1, max_size=120).filter(str.strip), st.integers(1, 12))
def test_any_logline_gives_prompts(logline: str, number: int) -> None:
    brief = ProjectBrief(logline=logline.strip())
    for nth, scene in enumerate(scenes_of(brief, number=2)):
        takes = shots_of(brief, scene, number=number, nth=nth)
        assert len(takes) == number
        for take in takes:
            assert parse_prompt(take.prompt)
            assert not set("{}<>|") & set(take.prompt)
