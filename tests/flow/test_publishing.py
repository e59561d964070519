"""From approval into the library and out of it, through the whole pipeline."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests import samples
from tests.flow.rig import Rig, open_rig
from tower_anime.domain.generation import (
    GenerationStatus,
    History,
    PersonDecision,
    PersonReview,
    PublicationState,
)
from tower_anime.domain.production import Episode, ProjectBrief, Scene, Shot, StyleGuide
from tower_anime.domain.request import Kind
from tower_anime.errors import Conflict, LibraryUnavailable
from tower_anime.testing.library import MemoryLibrary

JPEG = b"\xff\xd8\xff a frame"


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = open_rig(tmp_path)
    pipeline = replace(rig.pipeline, productions=rig.store, frame=lambda *_: JPEG)
    with closing(rig.store):
        yield replace(rig, pipeline=pipeline)


def decided(rig: Rig, generation_id: str, decision: PersonDecision, attempt: int = 1) -> History:
    yes = decision is PersonDecision.APPROVE
    status = GenerationStatus.APPROVED if yes else GenerationStatus.REJECTED
    review = PersonReview(decision=decision, attempt=attempt)
    rig.store.save_review(generation_id, review, status=status)
    return rig.run(generation_id)


def library(rig: Rig) -> set[str]:
    root = rig.folder / "library"
    files = (path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)) for path in files if path.name != ".ignore"}


def a_clip(rig: Rig, *, project: str = "Default", shot_id: str | None = None) -> str:
    """Add an approved clip that is not published yet; its bytes are no real film."""
    brief = replace(samples.brief(project=project), kind=Kind.CLIP)
    generation_id = rig.add(brief, shot_id=shot_id)
    data = f"film of {generation_id}".encode()
    artifact = rig.pipeline.blobs.put(data, media_type="video/mp4")
    attempt = replace(
        samples.attempt(1, artifact=artifact),
        generation_id=generation_id,
        prompt_id=generation_id,
        backend="comfyui",
    )
    rig.store.save_attempt(attempt)
    generation = rig.store.history(generation_id).generation
    rig.store.save_generation(
        replace(generation, status=GenerationStatus.APPROVED, chosen_attempt=1)
    )
    return generation_id


def a_series(rig: Rig, *, shots: int) -> list[str]:
    """Add a project with one episode of so many shots; returns their ids."""
    project = rig.store.project("Rain", create=True)
    episode = Episode(id="e", project_id=project.id, season=1, number=4, title="The umbrella")
    scene = Scene(id="s", project_id=project.id, episode_id="e", number=1)
    drawn = tuple(Shot(id=f"h{n}", scene_id="s", number=n, prompt="rain") for n in range(shots))
    story = replace(rig.store.story("Rain"), episodes=(episode,), scenes=(scene,), shots=drawn)
    rig.store.save_story(story)
    return [shot.id for shot in drawn]


def test_what_a_person_rejects_leaves_the_library_and_comes_back(rig: Rig) -> None:
    generation_id = rig.add(samples.brief())
    published = rig.run(generation_id).publication
    assert published is not None
    assert len(library(rig)) == 2
    gone = decided(rig, generation_id, PersonDecision.REJECT).publication
    assert gone is not None
    assert gone.state is PublicationState.WITHDRAWN
    assert library(rig) == set()
    again = decided(rig, generation_id, PersonDecision.APPROVE).publication
    assert again == published
    assert len(library(rig)) == 2
    assert rig.events(generation_id).count("withdrawn") == 1


def test_another_attempt_takes_the_place_of_the_first(rig: Rig) -> None:
    generation_id = rig.add(samples.brief(parameters={"steps": 4}))
    first = rig.run(generation_id)
    assert first.publication is not None
    assert first.generation.chosen_attempt == 2
    second = decided(rig, generation_id, PersonDecision.APPROVE, attempt=1).publication
    assert second is not None
    assert second.location == first.publication.location
    assert second.artifact_sha256 != first.publication.artifact_sha256
    assert second.state is PublicationState.VERIFIED
    assert len(library(rig)) == 2
    ((owner, replaced),) = rig.store.withdrawable()
    gone = rig.pipeline.withdraw(owner, replaced, reason="replaced")
    assert gone.state is PublicationState.WITHDRAWN
    assert rig.store.history(generation_id).publication == second
    assert len(library(rig)) == 2


def test_a_library_that_is_away_keeps_what_is_to_be_withdrawn(tmp_path: Path) -> None:
    class Stuck(MemoryLibrary):
        def withdraw(self, *_: object) -> object:  # type: ignore[override]
            raise LibraryUnavailable("read-only")

    rig = open_rig(tmp_path, library=Stuck())
    with closing(rig.store):
        generation_id = rig.add(samples.brief())
        rig.run(generation_id)
        left = decided(rig, generation_id, PersonDecision.REJECT).publication
        assert left is not None
        assert left.state is PublicationState.PENDING
        assert "read-only" in str(left.reason)
        assert rig.store.withdrawable() == ((generation_id, left),)


def test_a_clip_of_its_own_is_a_film_with_its_words_and_pictures(rig: Rig) -> None:
    done = rig.run(a_clip(rig)).publication
    assert done is not None
    assert done.state is PublicationState.VERIFIED
    folder = next(iter(library(rig))).rpartition("/")[0]
    assert folder.startswith("Movies/1girl umbrella (")
    name = folder.partition("/")[2]
    assert library(rig) == {
        f"{folder}/{one}"
        for one in (
            f"{name}.mp4",
            f"{name}.nfo",
            f"{name}-thumb.jpg",
            "poster.jpg",
            "fanart.jpg",
        )
    }


def test_two_clips_of_one_prompt_are_two_films_and_each_is_there_once(rig: Rig) -> None:
    ids = [a_clip(rig) for _ in range(3)]
    places = {str(rig.run(generation_id).publication.location) for generation_id in ids}  # type: ignore[union-attr]
    assert len(places) == 3
    for generation_id in ids:
        assert str(rig.pipeline.complete_publication(generation_id).location) in places
    films = [path for path in library(rig) if path.endswith(".mp4")]
    assert len(films) == 3


def test_clips_of_a_series_are_its_episodes(rig: Rig) -> None:
    (shot,) = a_series(rig, shots=1)
    ids = [a_clip(rig, project="Rain", shot_id=shot) for _ in range(2)]
    for generation_id in ids:
        rig.run(generation_id)
    films = sorted(path for path in library(rig) if path.endswith(".mp4"))
    assert [film.rpartition("/")[2] for film in films] == ["Rain S01E04.mp4", "Rain S01E05.mp4"]
    series = films[0].split("/")[1]
    assert f"Shows/{series}/tvshow.nfo" in library(rig)
    assert f"Shows/{series}/Season 01/season.nfo" in library(rig)
    said = ET.parse(rig.folder / "library" / films[0].replace(".mp4", ".nfo")).getroot()
    assert said.findtext("title") == "The umbrella"


def test_posters_are_approved_pictures_of_the_same_project(rig: Rig) -> None:
    shots = a_series(rig, shots=2)
    still = rig.run(rig.add(samples.brief(project="Rain")))
    assert still.publication is not None
    rig.store.save_attempt(replace(still.attempts[-1], backend="comfyui"))
    rig.run(a_clip(rig, project="Rain", shot_id=shots[0]))
    (poster,) = (path for path in library(rig) if path.endswith("poster.jpg"))
    data = (rig.folder / "library" / poster).read_bytes()
    assert data.startswith(b"\xff\xd8\xff")
    assert data != JPEG


def test_what_is_rated_too_high_or_not_at_all_stays_out_until_it_may_go_in(rig: Rig) -> None:
    gated = replace(rig, pipeline=replace(rig.pipeline, max_rating="PG-13"))
    generation_id = gated.add(samples.brief(project="Rain"))
    held = gated.run(generation_id).publication
    assert held is not None
    assert held.state is PublicationState.PENDING
    assert "no rating" in str(held.reason)
    assert library(rig) == set()
    rig.store.save_project_brief("Rain", ProjectBrief(rating="R"), StyleGuide())
    assert "rated R" in str(gated.pipeline.complete_publication(generation_id).reason)
    rig.store.save_project_brief("Rain", ProjectBrief(rating="PG"), StyleGuide())
    done = gated.pipeline.complete_publication(generation_id)
    assert done.state is PublicationState.VERIFIED


def test_only_what_is_approved_is_completed(rig: Rig) -> None:
    generation_id = rig.add(samples.brief())
    with pytest.raises(Conflict):
        rig.pipeline.complete_publication(generation_id)
