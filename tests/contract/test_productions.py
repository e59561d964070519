"""Projects, stories and sessions in the database."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests import samples
from tower_anime.adapters.store import migrate
from tower_anime.adapters.store.store import SqlStore
from tower_anime.domain.conversation import OPENED, OPINION, DirectionEvent
from tower_anime.domain.direction import Addition, Enhancement, Wish
from tower_anime.domain.generation import (
    Direction,
    DirectorDecision,
    GenerationStatus,
    PersonDecision,
    PersonReview,
)
from tower_anime.domain.production import (
    CastMember,
    Episode,
    ProjectBrief,
    Scene,
    Shot,
    Story,
    StyleGuide,
)
from tower_anime.errors import NotFound


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("migrated") / "store.sqlite"
    migrate.upgrade(f"sqlite:///{file}", backup_dir=None)
    return file


@pytest.fixture
def store(migrated: Path, tmp_path: Path) -> Iterator[SqlStore]:
    file = shutil.copy(migrated, tmp_path / "store.sqlite")
    opened = SqlStore(f"sqlite:///{file}")
    yield opened
    opened.close()


def told(store: SqlStore) -> Story:
    project = store.project("Rain", create=True)
    episodes = tuple(
        Episode(id=f"e{n}", project_id=project.id, season=1, number=n, title=f"E{n}")
        for n in (1, 2)
    )
    scenes = tuple(
        Scene(id=f"s{e.id}", project_id=project.id, episode_id=e.id, number=1) for e in episodes
    )
    shots = tuple(
        Shot(id=f"{scene.id}k{n}", scene_id=scene.id, number=n, prompt=f"shot {n}")
        for scene in scenes
        for n in (1, 2)
    )
    story = Story(project=project, episodes=episodes, scenes=scenes, shots=shots)
    store.save_story(story)
    return story


def test_a_project_is_made_once(store: SqlStore) -> None:
    with pytest.raises(NotFound, match="no project 'Rain'"):
        store.project("Rain")
    assert store.project("Rain", create=True) == store.project("Rain", create=True)
    assert store.project_brief("nowhere") == (ProjectBrief(), StyleGuide())


def test_a_story_comes_back_in_its_order(store: SqlStore) -> None:
    story = told(store)
    assert store.story("Rain") == story


def test_parts_change_places_and_go(store: SqlStore) -> None:
    story = told(store)
    first, second = story.episodes
    swapped = replace(
        story,
        episodes=(replace(second, number=1), replace(first, number=2)),
        scenes=(story.scenes[1],),
        shots=(replace(story.shots[3], number=1), replace(story.shots[2], number=2)),
    )
    store.save_story(swapped)
    assert store.story("Rain") == swapped


def test_a_brief_is_kept_and_its_cast_become_characters(store: SqlStore) -> None:
    brief = ProjectBrief(
        logline="l", dont=("guns",), characters=(CastMember(name="Aki", look="silver hair"),)
    )
    guide = StyleGuide(source="rules", guide=("g",))
    for _ in range(2):
        store.save_project_brief("Rain", brief, guide)
    assert store.project_brief("Rain") == (brief, guide)
    (character,) = store.story("Rain").characters
    assert (character.name, character.look) == ("Aki", "silver hair")


def test_sessions_keep_their_order(store: SqlStore) -> None:
    for session_id in ("a", "b"):
        for kind in (OPENED, "said", "said"):
            data = {"text": "雨"}
            store.add_direction_event(DirectionEvent(session_id=session_id, kind=kind, data=data))
    assert [event.kind for event in store.session("a")] == [OPENED, "said", "said"]
    assert store.session("a")[0].data == {"text": "雨"}
    assert [event.session_id for event in store.sessions()] == ["b", "a"]
    assert store.session("c") == ()


def test_what_a_director_said_comes_back_whole(store: SqlStore) -> None:
    generation = store.add_generation(samples.generation())
    store.save_attempt(samples.attempt())
    made = Enhancement(
        source="rules",
        prompt="p",
        negative="n",
        additions=(Addition(section="light", words="w", reason="r", negative=True),),
    )
    direction = Direction(
        source="ollama:x",
        decision=DirectorDecision.REVISE,
        notes="n",
        attempt=1,
        issues=("hands",),
        scores={"light": 3},
        wishes=(
            Wish(parameter="cfg", value=5.5, reason="r"),
            Wish(parameter="steps", value=30, reason="r"),
            Wish(parameter="add_to_prompt", value="rim light", reason="r"),
        ),
    )
    for enhancement in (replace(made, prompt="old"), made):
        store.save_enhancement(generation.id, enhancement)
    store.save_direction(generation.id, direction)
    history = store.history(generation.id)
    assert history.enhancement == made
    assert history.direction == direction
    assert history.direction is not None
    assert [type(wish.value) for wish in history.direction.wishes] == [float, int, str]


def test_opinions_meet_the_newest_decision_on_the_same_attempt(store: SqlStore) -> None:
    generation = store.add_generation(samples.generation())
    store.save_attempt(samples.attempt())
    for attempt in (1, 2):
        data = {"source": "m", "role": "r", "attempt": attempt, "decision": "approve"}
        store.add_direction_event(
            DirectionEvent(
                session_id=generation.id, generation_id=generation.id, kind=OPINION, data=data
            )
        )
    assert store.opinions() == ()
    for decision in (PersonDecision.APPROVE, PersonDecision.REJECT):
        review = PersonReview(decision=decision, attempt=1)
        store.save_review(generation.id, review, status=GenerationStatus.REJECTED)
    (opinion,) = store.opinions()
    assert (opinion.source, opinion.approved, opinion.person_approved) == ("m", True, False)
