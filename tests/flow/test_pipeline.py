"""Generations from brief to library, with a scripted server."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests import samples
from tests.flow import rig as rigs
from tests.flow.rig import Rig, by_steps, open_rig, png, rendered
from tower_anime.adapters.media import OpenCvMedia
from tower_anime.domain.attempt import Attempt, AttemptState
from tower_anime.domain.brief import DirectorChoice
from tower_anime.domain.generation import (
    GenerationStatus,
    History,
    PersonDecision,
    PersonReview,
    PublicationState,
    prompt_id_of,
)
from tower_anime.domain.quality import Verdict
from tower_anime.errors import (
    CorruptOutput,
    ExecutionFailed,
    LibraryUnavailable,
    MissingModel,
    OutOfMemory,
    ServerDown,
    ServerLost,
    StoreUnavailable,
)
from tower_anime.pipeline.records import Point
from tower_anime.ports import Picture, Rendered, RenderJob, ServerFacts
from tower_anime.testing.engine import InProcessEngine
from tower_anime.testing.library import MemoryLibrary


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    opened = open_rig(tmp_path)
    yield opened
    opened.store.close()


def scripted(tmp_path: Path, *outcomes: Rendered | Exception) -> Rig:
    """A rig whose server answers one call after the other, and well when they are used up."""
    left = list(outcomes)

    def script(job: RenderJob, call: int) -> Rendered | Exception:
        return left.pop(0) if left else by_steps(job, call)

    return open_rig(tmp_path, script)


def done(rig: Rig, **changes: object) -> History:
    history = rig.run(rig.add(samples.brief(**changes)))
    rig.store.close()
    return history


def test_a_bad_start_is_corrected_approved_and_published_once(rig: Rig) -> None:
    generation_id = rig.add(samples.brief(parameters={"steps": 4}))
    history = rig.run(generation_id)
    assert history.generation.status is GenerationStatus.APPROVED
    first, second = history.attempts
    assert first.assessment is not None
    assert first.assessment.verdict is Verdict.REJECT
    assert second.corrections[0].change["steps"] == (4, 28)
    assert history.generation.chosen_attempt == 2
    assert rig.renderer.posts == [first.prompt_id, second.prompt_id]
    assert history.publication is not None
    assert history.publication.state is PublicationState.VERIFIED
    published = Path(str(history.publication.location))
    assert published.read_bytes() == Path(str(second.artifact.path)).read_bytes()  # type: ignore[union-attr]
    beside = json.loads(published.with_suffix(".json").read_text())
    assert beside["generation_id"] == generation_id
    assert rig.events(generation_id) == [
        "planned",
        "attempt_produced",
        "assessed",
        "attempt_produced",
        "assessed",
        "concluded",
        "published",
    ]


def test_advancing_what_is_over_changes_nothing(rig: Rig) -> None:
    generation_id = rig.add(samples.brief())
    before = rig.run(generation_id)
    assert rig.run(generation_id) == before
    assert len(list((rig.folder / "library").rglob("*.png"))) == 1


def test_a_locked_cause_ends_rejected_with_the_best_kept(rig: Rig) -> None:
    brief = samples.brief(parameters={"steps": 4}, locks=("steps",), max_attempts=3)
    history = rig.run(rig.add(brief))
    assert history.generation.status is GenerationStatus.REJECTED
    assert len(history.attempts) == 3
    assert {attempt.request.steps for attempt in history.attempts} == {4}
    scores = [a.assessment.score for a in history.attempts if a.assessment]
    chosen = history.generation.chosen_attempt
    assert chosen is not None
    assert scores[chosen - 1] == max(s for s in scores if s is not None)
    assert history.publication is None
    assert not (rig.folder / "library").exists()


def test_two_generations_of_one_picture_are_two_files(rig: Rig) -> None:
    brief = samples.brief(parameters={"seed": 3})
    places = {rig.run(rig.add(brief)).publication.location for _ in range(2)}  # type: ignore[union-attr]
    assert len(places) == 2


def test_what_the_server_does_not_offer_fails_at_once_and_names_what_it_does(rig: Rig) -> None:
    history = rig.run(rig.add(samples.brief(parameters={"checkpoint": "nope.safetensors"})))
    assert history.generation.status is GenerationStatus.FAILED
    assert history.generation.failure is not None
    assert history.generation.failure.failure_class == "missing_model"
    assert "anime_xl.safetensors" in history.generation.failure.message
    history = rig.run(rig.add(samples.brief(parameters={"sampler": "eulr"})))
    assert history.generation.failure is not None
    assert history.generation.failure.failure_class == "invalid_graph"
    assert "euler" in history.generation.failure.message
    assert rig.renderer.posts == []


def test_the_checkpoint_that_can_draw_the_standard_is_taken(rig: Rig) -> None:
    history = rig.run(rig.add(samples.brief()))
    assert history.attempts[0].request.checkpoint == "anime_xl.safetensors"
    assert (history.attempts[0].request.width, history.attempts[0].request.height) == (1024, 1024)


def test_a_refusal_at_the_server_is_final(tmp_path: Path) -> None:
    history = done(scripted(tmp_path, MissingModel("no such lora")))
    assert history.generation.status is GenerationStatus.FAILED
    assert len(history.attempts) == 1


def test_a_passing_failure_is_tried_again(tmp_path: Path) -> None:
    for number, error in enumerate(
        (CorruptOutput("cut"), ExecutionFailed("node 3"), OutOfMemory("gpu"))
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        history = done(scripted(folder, error))
        assert history.generation.status is GenerationStatus.APPROVED
        assert [attempt.state for attempt in history.attempts] == [
            AttemptState.FAILED,
            AttemptState.PRODUCED,
        ]


def test_memory_that_never_suffices_ends(tmp_path: Path) -> None:
    history = done(scripted(tmp_path, *[OutOfMemory("gpu")] * 10), max_attempts=8)
    assert history.generation.status is GenerationStatus.FAILED
    assert history.generation.failure is not None
    assert history.generation.failure.failure_class == "out_of_memory"
    sizes = [attempt.request.width for attempt in history.attempts]
    assert sizes == sorted(sizes, reverse=True)


def test_a_job_the_server_forgot_is_submitted_again_under_its_key(tmp_path: Path) -> None:
    rig = scripted(tmp_path, ServerLost("gone"), ServerLost("gone"))
    history = done(rig)
    (attempt,) = history.attempts
    assert history.generation.status is GenerationStatus.APPROVED
    assert rig.renderer.posts == [attempt.prompt_id] * 3
    assert attempt.submissions == 3


def test_a_server_that_forgets_everything_is_not_asked_for_ever(tmp_path: Path) -> None:
    rig = scripted(tmp_path, *[ServerLost("gone")] * 40)
    history = done(rig, max_attempts=2)
    assert history.generation.status is GenerationStatus.FAILED
    assert {attempt.state for attempt in history.attempts} == {AttemptState.LOST}
    assert history.generation.failure is not None
    assert history.generation.failure.failure_class == "server_lost"


def test_a_silent_server_is_waited_for_and_the_attempt_goes_on(tmp_path: Path) -> None:
    rig = scripted(tmp_path, ServerDown("no answer"))
    generation_id = rig.add(samples.brief())
    with pytest.raises(ServerDown):
        rig.run(generation_id)
    assert rig.store.history(generation_id).generation.status is GenerationStatus.WORKING
    history = rig.run(generation_id)
    rig.store.close()
    assert history.generation.status is GenerationStatus.APPROVED
    assert len(history.attempts) == 1


def test_a_server_never_reached_fails_when_patience_ends(tmp_path: Path) -> None:
    clock_s = [100.0]
    rig = open_rig(tmp_path, first_contact_s=60.0, monotonic=lambda: clock_s[0])
    silent = replace_catalog(rig)
    generation_id = silent.add(samples.brief())
    for _ in range(2):
        with pytest.raises(ServerDown):
            silent.run(generation_id)
        clock_s[0] += 59.0
    history = silent.run(generation_id)
    rig.store.close()
    assert history.generation.failure is not None
    assert history.generation.failure.failure_class == "server_down"


def test_a_clock_that_jumps_decides_nothing(tmp_path: Path) -> None:
    times = iter(range(1000))
    start = datetime(2026, 1, 1, tzinfo=UTC)

    def jumping() -> datetime:
        step = next(times)
        return start + timedelta(days=step if step % 2 else -step)

    rig = open_rig(tmp_path, first_contact_s=60.0, now=jumping)
    silent = replace_catalog(rig)
    generation_id = silent.add(samples.brief(parameters={"steps": 4}), created_at=start)
    with pytest.raises(ServerDown):
        silent.run(generation_id)
    history = rig.run(generation_id)
    rig.store.close()
    assert history.generation.status is GenerationStatus.APPROVED
    assert [attempt.number for attempt in history.attempts] == [1, 2]
    assert all(0 <= attempt.seconds < 60 for attempt in history.attempts)


def test_a_server_away_for_an_hour_costs_only_time(tmp_path: Path) -> None:
    """At pauses of 30 s an hour is some 120 refusals."""
    rig = scripted(tmp_path, *[ServerDown("no answer")] * 125)
    generation_id = rig.add(samples.brief())
    engine = InProcessEngine(
        advance=rig.pipeline.advance, on_error=rig.pipeline.broke, back_off_s=(0.0,)
    )
    engine.start()
    engine.submit(generation_id)
    assert engine.wait(generation_id, timeout_s=60.0)
    engine.stop(drain_s=10.0)
    history = rig.store.history(generation_id)
    rig.store.close()
    assert history.generation.status is GenerationStatus.APPROVED
    assert len(history.attempts) == 1


class Forgetful(OpenCvMedia):
    """Media on a machine whose memory does not suffice, for the first pictures or for ever."""

    def __init__(self, failures: int) -> None:
        super().__init__()
        self.left = failures

    def decode_still(self, source: Path | bytes) -> Picture:
        self.left -= 1
        if self.left >= 0:
            raise MemoryError
        return super().decode_still(source)


def test_memory_that_is_short_once_costs_an_attempt(tmp_path: Path) -> None:
    rig = open_rig(tmp_path)
    short = replace(rig, pipeline=replace(rig.pipeline, media=Forgetful(1)))
    history = done(short)
    first, second = history.attempts
    assert first.assessment is not None
    assert first.assessment.error is not None
    assert first.assessment.error.type == "out_of_memory"
    assert first.assessment.score is None
    assert history.generation.chosen_attempt == second.number


def test_memory_that_never_suffices_to_measure_is_a_named_failure(tmp_path: Path) -> None:
    rig = open_rig(tmp_path)
    short = replace(rig, pipeline=replace(rig.pipeline, media=Forgetful(99)))
    history = done(short, max_attempts=2)
    assert history.generation.status is GenerationStatus.FAILED
    assert history.generation.failure is not None
    assert history.generation.failure.failure_class == "out_of_memory"
    assert "this machine" in history.generation.failure.message


def damage(rig: Rig, generation_id: str) -> None:
    """Flip a bit in the newest file of a generation."""
    artifact = rig.store.history(generation_id).attempts[-1].artifact
    assert artifact is not None
    path = Path(artifact.path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("point", [Point.PRODUCED, Point.ASSESSED])
def test_a_file_damaged_before_the_decision_is_made_again(tmp_path: Path, point: Point) -> None:
    damaged: list[str] = []

    def spoil(passed: Point) -> None:
        if passed is point and not damaged:
            damaged.append(generation_id)
            damage(rig, generation_id)

    rig = open_rig(tmp_path, crash_point=spoil)
    generation_id = rig.add(samples.brief())
    history = rig.run(generation_id)
    rig.store.close()
    assert history.generation.status is GenerationStatus.APPROVED
    assert history.generation.chosen_attempt == 2
    assert history.attempts[0].assessment is not None
    assert history.attempts[0].assessment.error is not None
    assert "changed since it was stored" in history.attempts[0].assessment.error.message


def test_a_file_damaged_after_the_decision_is_reported_and_not_published(tmp_path: Path) -> None:
    def spoil(passed: Point) -> None:
        if passed is Point.CONCLUDED:
            damage(rig, generation_id)

    rig = open_rig(tmp_path, crash_point=spoil)
    generation_id = rig.add(samples.brief())
    history = rig.run(generation_id)
    rig.store.close()
    assert history.generation.status is GenerationStatus.APPROVED
    assert history.publication is not None
    assert history.publication.state is PublicationState.PENDING
    assert "changed since it was stored" in str(history.publication.reason)
    assert not list((tmp_path / "library").rglob("*.png"))


def test_a_locked_database_is_waited_for(tmp_path: Path) -> None:
    rig = open_rig(tmp_path, busy_timeout_s=0.05)
    generation_id = rig.add(samples.brief())
    with closing(sqlite3.connect(tmp_path / "tower.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked by another process"):
            rig.run(generation_id)
        other.execute("ROLLBACK")
    history = rig.run(generation_id)
    rig.store.close()
    assert history.generation.status is GenerationStatus.APPROVED
    assert len(history.attempts) == 1


def test_cancelling_does_not_wait_for_a_server_that_is_away(tmp_path: Path) -> None:
    rig = scripted(tmp_path, ServerDown("no answer"))
    generation_id = rig.add(samples.brief())
    with pytest.raises(ServerDown):
        rig.run(generation_id)
    rig.store.request_cancel(generation_id)
    away = replace(rig, pipeline=replace(rig.pipeline, renderers=(Silent(by_steps),)))
    history = away.run(generation_id)
    rig.store.close()
    assert history.generation.status is GenerationStatus.CANCELLED
    assert history.attempts[0].state is AttemptState.CANCELLED


def left_at(rig: Rig, server: str) -> str:
    """A generation whose attempt a dead process had posted to a server of its own."""
    generation_id = rig.add(samples.brief())
    request = samples.request(seed=1)
    rig.store.save_generation(
        replace(
            rig.store.history(generation_id).generation,
            status=GenerationStatus.WORKING,
            first_request=request,
        )
    )
    rig.store.save_attempt(
        Attempt(
            generation_id=generation_id,
            number=1,
            prompt_id=prompt_id_of(generation_id, 1),
            request=request,
            state=AttemptState.SUBMITTED,
            server=server,
        )
    )
    return generation_id


def test_a_living_server_of_a_dead_process_is_asked_for_its_job(tmp_path: Path) -> None:
    theirs = rigs.FakeRenderer(by_steps, url="http://theirs.invalid", catalog=rigs.catalog())
    rig = open_rig(tmp_path, connect=lambda _url: theirs)
    history = rig.run(left_at(rig, theirs.url))
    rig.store.close()
    assert history.generation.status is GenerationStatus.APPROVED
    assert theirs.posts == [history.attempts[0].prompt_id]
    assert rig.renderer.posts == []


def test_a_job_of_a_server_that_died_too_goes_to_another_under_its_key(tmp_path: Path) -> None:
    rig = open_rig(tmp_path, connect=lambda url: Gone(by_steps, url=url))
    history = rig.run(left_at(rig, "http://gone.invalid"))
    rig.store.close()
    assert history.generation.status is GenerationStatus.APPROVED
    assert rig.renderer.posts == [history.attempts[0].prompt_id]
    assert len(history.attempts) == 1


class Gone(rigs.FakeRenderer):
    """A server that ended with its process."""

    def facts(self) -> ServerFacts:
        raise ServerDown("connection refused")


class Silent(rigs.FakeRenderer):
    """A server that does not answer."""

    def catalog(self) -> rigs.Catalog:
        raise ServerDown("http://fake.invalid does not answer")

    def cancel(self, prompt_id: str) -> bool:
        raise ServerDown("http://fake.invalid does not answer")


def replace_catalog(rig: Rig) -> Rig:
    return replace(rig, pipeline=replace(rig.pipeline, renderers=(Silent(by_steps),)))


def test_an_unreadable_output_is_never_judged(tmp_path: Path) -> None:
    broken = rendered(png(1, good=True)[:5000])
    history = done(scripted(tmp_path, broken, broken), max_attempts=2)
    assert history.generation.status is GenerationStatus.FAILED
    for attempt in history.attempts:
        assert attempt.assessment is not None
        assert attempt.assessment.score is None
        assert attempt.assessment.verdict is Verdict.UNMEASURED


def test_no_output_at_all_is_a_corrupt_one(tmp_path: Path) -> None:
    empty = Rendered(files=(), sampler_steps=20, cached=False)
    history = done(scripted(tmp_path, empty), max_attempts=2)
    assert history.generation.status is GenerationStatus.APPROVED
    assert history.attempts[0].failure is not None
    assert history.attempts[0].failure.failure_class == "corrupt_output"


def test_a_library_that_cannot_be_written_does_not_undo_the_approval(tmp_path: Path) -> None:
    library = MemoryLibrary(failures=(LibraryUnavailable("read-only"),))
    rig = open_rig(tmp_path, library=library)
    generation_id = rig.add(samples.brief())
    history = rig.run(generation_id)
    assert history.generation.status is GenerationStatus.APPROVED
    assert history.publication is not None
    assert history.publication.state is PublicationState.PENDING
    assert history.publication.reason == "read-only"
    publication = rig.pipeline.complete_publication(generation_id)
    rig.store.close()
    assert publication.state is PublicationState.VERIFIED


def test_cancelling_before_and_between(rig: Rig) -> None:
    generation_id = rig.add(samples.brief())
    rig.store.request_cancel(generation_id)
    history = rig.run(generation_id)
    assert history.generation.status is GenerationStatus.CANCELLED
    assert history.attempts == ()
    assert rig.renderer.posts == []


def test_cancelling_what_an_earlier_process_left_at_the_server(rig: Rig) -> None:
    generation_id = rig.add(samples.brief())
    left = replace(
        samples.attempt(1, AttemptState.SUBMITTED),
        generation_id=generation_id,
        server=rig.renderer.url,
    )
    rig.store.save_attempt(left)
    rig.store.request_cancel(generation_id)
    history = rig.run(generation_id)
    assert rig.renderer.stopped == [left.prompt_id]
    assert history.attempts[0].state is AttemptState.CANCELLED


def test_a_person_decides_while_the_machine_works(tmp_path: Path) -> None:
    rig: Rig

    def script(job: RenderJob, call: int) -> Rendered:
        if call == 2:
            review = PersonReview(decision=PersonDecision.APPROVE, attempt=1)
            rig.store.save_review(generation_id, review, status=GenerationStatus.APPROVED)
        return by_steps(job, call)

    rig = open_rig(tmp_path, script)
    generation_id = rig.add(samples.brief(parameters={"steps": 4}))
    history = rig.run(generation_id)
    rig.store.close()
    assert history.generation.status is GenerationStatus.APPROVED
    assert history.generation.chosen_attempt == 1
    assert history.publication is not None
    assert history.publication.artifact_sha256 == history.attempts[0].artifact.sha256  # type: ignore[union-attr]


def test_a_bug_in_a_step_ends_as_a_visible_failure(rig: Rig) -> None:
    generation_id = rig.add(samples.brief())
    rig.pipeline.broke(generation_id, ZeroDivisionError("division by zero"))
    history = rig.store.history(generation_id)
    assert history.generation.status is GenerationStatus.FAILED
    assert history.generation.failure is not None
    assert history.generation.failure.failure_class == "internal"
    assert "ZeroDivisionError" in history.generation.failure.message


def test_a_director_who_is_not_there_is_named(rig: Rig) -> None:
    history = rig.run(rig.add(samples.brief(director=DirectorChoice.OLLAMA)))
    assert history.direction is not None
    assert history.direction.source == "rules"
    assert "ollama" in history.direction.notes
    history = rig.run(rig.add(samples.brief(director=DirectorChoice.OFF)))
    assert history.direction is not None
    assert history.direction.source == "none"
    assert history.attempts[0].request.prompt == "1girl, umbrella"


def test_a_file_that_changed_on_disk_is_not_published(tmp_path: Path) -> None:
    rig = open_rig(tmp_path)
    generation_id = rig.add(samples.brief(publish=False))
    history = rig.run(generation_id)
    artifact = history.attempts[0].artifact
    assert artifact is not None
    Path(artifact.path).write_bytes(b"something else")
    publication = rig.pipeline.complete_publication(generation_id)
    rig.store.close()
    assert publication.state is PublicationState.PENDING
    assert not (tmp_path / "library").exists()
