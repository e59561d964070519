"""What calibration, style and words read, on both databases: kept, forgotten, remembered."""

from __future__ import annotations

from dataclasses import replace

from tests import samples
from tests.bench.teachings import told
from tests.contract.test_store import sqlite_url, store, template, url  # noqa: F401 - fixtures
from tower_anime.adapters.store.store import SqlStore
from tower_anime.domain.brief import Keep, make_brief
from tower_anime.domain.generation import (
    Generation,
    GenerationStatus,
    PersonDecision,
    PersonReview,
    Publication,
    PublicationState,
    new_generation_id,
)
from tower_anime.domain.lesson import Part
from tower_anime.domain.quality import Profile
from tower_anime.learn.drift import shifts


def decided(store: SqlStore, *, project: str, score: float, approve: bool) -> str:  # noqa: F811
    """An attempt of a project that was measured and decided on."""
    brief = make_brief(prompt="1girl", project=project, keep=Keep.BEST, of=2)
    id_ = store.add_generation(
        Generation(id=new_generation_id(), brief=brief, profile=Profile(name="still"))
    ).id
    attempt = replace(
        samples.attempt(),
        generation_id=id_,
        prompt_id=id_,
        backend="comfyui",
        family="sdxl",
        server_version="0.33",
        added=("masterpiece",),
        drawn={"rim light": False},
        artifact=replace(samples.artifact(), sha256=id_.replace("-", "") * 2),
        created_at=None,
    )
    store.save_attempt(attempt)
    store.save_assessment(id_, 1, samples.assessment(score=score))
    verdict = PersonDecision.APPROVE if approve else PersonDecision.REJECT
    status = GenerationStatus.APPROVED if approve else GenerationStatus.REJECTED
    store.save_review(id_, PersonReview(decision=verdict, attempt=1), status=status)
    return id_


def test_words_decisions_and_styles_are_read_back_and_forgotten_apart(store: SqlStore) -> None:  # noqa: F811
    good = decided(store, project="Neon", score=0.9, approve=True)
    decided(store, project="Rain", score=0.4, approve=False)
    history = store.history(good)
    assert (history.attempts[0].added, history.attempts[0].drawn) == (
        ("masterpiece",),
        {"rim light": False},
    )
    told = {outcome.project: outcome for outcome in store.outcomes(sandbox=False)}
    assert told["Neon"].person is True
    assert (told["Rain"].person, told["Rain"].version) == (False, "0.33")
    assert told["Neon"].drawn == {"rim light": False}
    words = store.persons_words(sandbox=False, profile="still")
    assert [(one.project, one.approved) for one in words] == [("Neon", True), ("Rain", False)]
    assert words[0].assessment.measurements.keys() == {"noise"}
    assert store.persons_words(sandbox=True) == ()
    checkpoint = history.attempts[0].request.checkpoint
    (sha256,) = store.approved_files("Neon", checkpoint=checkpoint, sandbox=False)
    assert store.approved_files("Neon", checkpoint=None, sandbox=False) == {}
    assert store.projects_with_style(sandbox=False) == (("Neon", checkpoint),)
    store.save_styles([(sha256, {"grain": 1.5})], recipe="1")
    store.save_styles([(sha256, {"grain": 2.5})], recipe="1")
    assert store.styles([sha256, "other"], recipe="1") == {sha256: {"grain": 1.5}}
    assert store.styles([sha256], recipe="2") == {}

    store.forget(part=Part.PEOPLE, project="Neon")
    assert [one.project for one in store.persons_words(sandbox=False)] == ["Rain"]
    store.forget(part=Part.STYLE, family="sdxl")
    assert store.approved_files("Neon", checkpoint=checkpoint, sandbox=False) == {}
    assert len(store.outcomes(sandbox=False)) == 2
    store.forget(family="another")
    store.forget(project="Rain")
    assert [one.project for one in store.outcomes(sandbox=False)] == ["Neon"]
    assert store.remember_again() == 4
    assert len(store.persons_words(sandbox=False)) == 2
    store.undo_review(good)
    assert [one.project for one in store.persons_words(sandbox=False)] == ["Rain"]


def test_what_is_kept_waits_for_nobody_until_a_person_approves_it(store: SqlStore) -> None:  # noqa: F811
    id_ = decided(store, project="Neon", score=0.9, approve=True)
    assert store.unpublished() == (id_,)
    artifact = store.history(id_).attempts[0].artifact
    assert artifact is not None
    kept = Publication(
        artifact_sha256=artifact.sha256,
        target="folder",
        state=PublicationState.KEPT,
        reason="kept, not published: place 2",
    )
    store.save_publication(id_, kept)
    assert store.unpublished() == ()
    assert store.history(id_).publication == kept
    review = PersonReview(decision=PersonDecision.APPROVE, attempt=1, note="this one too")
    store.save_review(id_, review, status=GenerationStatus.APPROVED)
    assert store.history(id_).publication is None
    assert store.unpublished() == (id_,)


def test_past_prompts_are_told_once_each_with_what_came_of_them(store: SqlStore) -> None:  # noqa: F811
    decided(store, project="Neon", score=0.9, approve=True)
    newest = decided(store, project="Rain", score=0.4, approve=False)
    assert store.past_prompts(sandbox=True) == ()
    (one,) = store.past_prompts(sandbox=False)
    assert (one.prompt, one.times) == (samples.attempt().request.prompt, 2)
    assert (round(one.score, 3), one.passed) == (0.65, 0.5)
    assert one.generation_id == newest
    store.forget(part=Part.WORDS, project="Rain")
    assert [(one.times, one.passed) for one in store.past_prompts(sandbox=False)] == [(1, 1.0)]


def test_a_part_forgets_what_was_added_from_elsewhere_as_well(store: SqlStore) -> None:  # noqa: F811
    decided(store, project="Neon", score=0.9, approve=True)
    (own,) = store.outcomes(sandbox=False)
    other = replace(own, generation_id="elsewhere", project="Rain")
    assert store.add_outcomes([other]) == 1
    store.forget(part=Part.WORDS, family=own.family)
    assert store.outcomes(sandbox=False, part=Part.WORDS) == ()
    assert len(store.outcomes(sandbox=False, part=Part.PARAMETERS)) == 2
    store.remember_again()
    store.forget(part=Part.WORDS, project="Rain")
    assert store.outcomes(sandbox=False, part=Part.WORDS) == (own,)
    store.remember_again()
    assert len(store.outcomes(sandbox=False, part=Part.WORDS)) == 2


def test_outcomes_from_elsewhere_keep_their_order(store: SqlStore) -> None:  # noqa: F811
    """What passed and what did not lie apart: in that order results would seem to get worse."""
    cases = [told(n, ["1girl"], 0.9 if n % 3 else 0.5) for n in range(60)]
    store.add_outcomes(cases[:30])
    assert [one.generation_id for one in store.outcomes()] == [
        one.generation_id for one in cases[:30]
    ]
    dated = [replace(one, at=f"2020-01-01T00:00:{99 - n}") for n, one in enumerate(cases[30:])]
    store.add_outcomes(dated)
    found = store.outcomes()
    assert [one.score for one in found[:30]] == [one.score for one in reversed(dated)]
    assert not shifts(found)
