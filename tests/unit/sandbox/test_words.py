"""Every word that the vocabulary knows is understood and seen."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import cv2
import numpy as np
import pytest

from tests.unit.sandbox.prompts import many_prompts
from tower_anime.domain.frame import Frame
from tower_anime.sandbox.art import draw, people
from tower_anime.sandbox.backdrop import weather
from tower_anime.sandbox.beyond import FAR
from tower_anime.sandbox.palette import NAMED, colour
from tower_anime.sandbox.vocabulary import PLACES, TABLES
from tower_anime.sandbox.words import BEHIND, Scene, clean, found, scene_of

SIZE_PX = 128
LEVELS = 0.05
"""Mean difference that counts as seen; the same drawing twice differs by exactly nothing."""

_STAGES = {
    "style": ("1girl, park, flowers",),
    "age": ("1girl, full body",),
    "worn": ("1girl, portrait, standing, sailor", "1girl, full body, standing, sailor"),
    "face": ("1girl, portrait, standing",),
    "cut": ("1girl, upper body, standing",),
    "bottom": ("1girl, full body, hoodie", "1girl, full body, sailor uniform"),
}


def picture(prompt: str, seed: int = 5) -> Frame:
    return draw(scene_of(prompt, seed=seed), width=SIZE_PX, height=SIZE_PX)


def differ(first: Frame, second: Frame) -> float:
    return float(np.abs(first.astype(int) - second).mean())


@pytest.mark.parametrize("table", TABLES)
def test_every_entry_of_the_vocabulary_changes_the_picture(table: str) -> None:
    stages = _STAGES.get(table, ("1girl, standing, sailor uniform",))
    plain = {stage: picture(stage) for stage in stages}
    unseen = []
    for phrases in TABLES[table].values():
        usual = all(same_scene(stage, f"{stage}, {phrases[0]}") for stage in stages)
        changes = (differ(plain[stage], picture(f"{stage}, {phrases[0]}")) for stage in stages)
        if not usual and all(change < LEVELS for change in changes):
            unseen.append(phrases[0])
    assert unseen == []


def same_scene(first: str, second: str) -> bool:
    """Whether both prompts name the same: what one asks for, the lot had drawn for the other."""
    one, other = (replace(scene_of(text, seed=5), lit=True) for text in (first, second))
    return one == other


@pytest.mark.parametrize("table", TABLES)
def test_every_phrase_means_its_entry(table: str) -> None:
    for name, phrases in TABLES[table].items():
        for phrase in phrases:
            assert found(table, clean(f"1girl, {phrase}, and more")), (name, phrase)
            assert found(table, clean(f"a girl with {phrase} today")), (name, phrase)


@pytest.mark.parametrize("name", NAMED)
def test_colours_of_hair_eyes_and_clothes_are_those_named(name: str) -> None:
    tags = scene_of(f"1girl, {name} hair, {name} eyes, {name} dress", seed=2).people[0]
    told = scene_of(f"A girl with long {name} hair and big {name} eyes in a {name} dress", seed=2)
    for look in (tags, told.people[0]):
        assert look.hair == look.eyes == look.cloth == colour(NAMED[name])


@pytest.mark.parametrize(
    ("prompt", "number", "males"),
    [
        ("2girls, park", 2, 0),
        ("1girl, 1boy, beach", 2, 1),
        ("three girls waving", 3, 0),
        ("a boy and a girl on a bench", 2, 1),
        ("a knight girl in armour", 1, 0),
        ("The princess stands in a castle. She smiles.", 1, 0),
        ("no humans, scenery, mountain", 0, 0),
        ("an empty classroom at sunset", 0, 0),
        ("5girls", 3, 0),
        ("an old man reading", 1, 1),
    ],
)
def test_people_are_counted(prompt: str, number: int, males: int) -> None:
    people = scene_of(prompt, seed=1).people
    assert (len(people), sum(look.male for look in people)) == (number, males)


def test_each_person_gets_the_words_beside_it() -> None:
    girl, boy = scene_of("1girl with red hair and 1boy with black hair and glasses", seed=1).people
    assert (girl.hair, boy.hair) == (colour(NAMED["red"]), colour(NAMED["black"]))
    assert "glasses" in boy.worn
    assert "glasses" not in girl.worn


@pytest.mark.parametrize(
    ("prompt", "place"),
    [
        ("1girl, school uniform, classroom", "classroom"),
        ("1girl, school uniform, night sky, beach", "sea"),
        ("space station above a planet", "space"),
        ("waiting at the station", "station"),
        ("a lighthouse by the sea", "sea"),
    ],
)
def test_clothes_and_hours_are_no_places(prompt: str, place: str) -> None:
    assert scene_of(prompt, seed=1).place == place


def test_what_is_negated_is_not_drawn() -> None:
    assert not scene_of("1girl, no hat, without glasses, umbrella", seed=1).people[
        0
    ].worn.keys() & {
        "hat",
        "glasses",
    }
    assert scene_of("1girl, without a hat, standing", seed=1).people[0].worn == {}


def test_one_more_word_leaves_the_rest_as_it_was() -> None:
    plain = scene_of("1girl, park", seed=3)
    more = scene_of("1girl, park, scarf", seed=3)
    assert without_worn(plain) == without_worn(more)


def without_worn(scene: Scene) -> list[object]:
    (look,) = scene.people
    return [scene.place, scene.time, look.hair, look.cut, look.eyes, look.outfit, look.face]


@pytest.mark.parametrize("prompt", ["1girl, park, smile", "no humans, classroom"])
def test_no_two_seeds_alike(prompt: str) -> None:
    seen = [fingerprint(picture(prompt, seed)) for seed in range(18)]
    assert min(differ(a, b) for a, b in combinations(seen, 2)) > 6


def test_the_same_seed_makes_other_people_elsewhere() -> None:
    looks = {scene_of(f"1girl, {place}", seed=3).people[0].outfit for place in PLACES}
    hairs = {scene_of(f"1girl, {place}", seed=3).people[0].hair for place in PLACES}
    assert len(looks) > 3
    assert len(hairs) > 3


@pytest.mark.parametrize(
    ("prompt", "bottom", "paint"),
    [
        ("1girl, shirt, jeans", "jeans", None),
        ("a boy in a hoodie and black shorts", "shorts", "black"),
        ("1girl, sweater, red pleated skirt", "skirt", "red"),
    ],
)
def test_what_is_worn_below_the_waist(prompt: str, bottom: str, paint: str | None) -> None:
    (look,) = scene_of(prompt, seed=1).people
    assert look.bottom == bottom
    assert look.bottom_paint == (None if paint is None else colour(NAMED[paint]))


@pytest.mark.parametrize("cut", ["pixie cut", "bob", "spiky hair", "double bun", "twin braids"])
def test_a_colour_before_a_cut_is_the_hairs(cut: str) -> None:
    assert scene_of(f"1girl, green {cut}, smile", seed=1).people[0].hair == colour(NAMED["green"])


@pytest.mark.parametrize("framing", ["close-up", "portrait", "upper body"])
@pytest.mark.parametrize("thing", ["umbrella", "balloon", "witch hat", "staff"])
def test_the_face_is_seen_whatever_is_held_above_it(framing: str, thing: str) -> None:
    scene = scene_of(f"1girl, {framing}, {thing}, park", seed=1)
    assert framed_face(scene) < 640


def framed_face(scene: Scene) -> float:
    """Return the middle of the face in thousandths of the height, from the drawing itself."""
    placed = people(scene, 1000.0)
    return float(placed.split("translate(", 1)[1].split(" ", 1)[1].split(")", 1)[0])


def test_a_tilted_camera_keeps_heads_in_the_picture() -> None:
    for words in ("portrait", "full body", "upper body"):
        upright, tilted = (
            scene_of(f"1girl, {words}, street{more}", seed=2) for more in ("", ", dutch angle")
        )
        assert framed_face(tilted) > framed_face(upright)


@pytest.mark.parametrize(
    ("prompt", "pose"),
    [
        ("1girl, sitting, from behind, sea", "sit behind"),
        ("1girl, from behind, walking, street", "behind"),
        ("1girl, walking, street", "walk"),
    ],
)
def test_a_view_from_behind_goes_before_what_is_done(prompt: str, pose: str) -> None:
    assert scene_of(prompt, seed=1).people[0].pose == pose


def test_everybody_seen_from_behind_has_both_arms_and_a_neck() -> None:
    plain = picture("1girl, from behind, bob cut, street")
    held = picture("1girl, from behind, bob cut, street, book")
    assert differ(plain, held) > LEVELS
    for scene in (scene_of(f"1girl, from behind, {w}, park", seed=2) for w in ("book", "sword")):
        drawn = people(scene, 1000.0)
        assert drawn.count("M-9,24 L-7,38") + drawn.count("M-4,36 L-4,54") == 2  # two hands


def test_words_that_nobody_knows_still_make_pictures_each_its_own() -> None:
    scenes = [scene_of(text, seed=4) for text in ("", "qwertz", "девушка на пляже", "🎀", "zzz")]
    assert any(scene.people for scene in scenes)
    assert len({(scene.place, scene.people[:1] and scene.people[0].hair) for scene in scenes}) > 3


def test_rain_stays_outside_the_window() -> None:
    near, far = weather(scene_of("1girl, classroom, rain", seed=1), 1000)
    assert "rain" in far
    assert "rain" not in near
    near, far = weather(scene_of("1girl, street, rain", seed=1), 1000)
    assert "rain" in near


def fingerprint(frame: Frame) -> Frame:
    small = cv2.resize(frame, (24, 24), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def test_many_prompts_can_be_drawn_at_any_aspect() -> None:
    sizes = ((96, 96), (64, 112), (112, 64), (40, 160))
    for number, prompt in enumerate(many_prompts(60)):
        width, height = sizes[number % len(sizes)]
        scene = scene_of(prompt, seed=number)
        frame = draw(scene, width=width, height=height)
        assert frame.shape == (height, width, 3)
        assert frame.std() > 12, prompt


@pytest.mark.parametrize(
    ("prompt", "here", "behind"),
    [
        ("a shrine in a forest", "shrine", "forest"),
        ("forest, shrine", "shrine", "forest"),
        ("beach near a city", "sea", "city"),
        ("a room with a view of the sea", "room", "sea"),
        ("library, street", "library", None),
        ("a girl in a park", "park", None),
    ],
)
def test_a_second_place_lies_behind_the_first(prompt: str, here: str, behind: str | None) -> None:
    scene = scene_of(prompt, seed=4)
    assert (scene.place, scene.beyond) == (here, behind)


def test_every_place_that_can_lie_behind_another_is_to_be_seen() -> None:
    assert set(FAR) == BEHIND
    alone = scene_of("no humans, park", seed=4)
    bare = draw(alone, width=96, height=96).astype(int)
    for place in FAR:
        seen = draw(replace(alone, beyond=place), width=96, height=96)
        assert np.abs(bare - seen).max(axis=2).mean() > 1, place
