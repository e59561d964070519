"""What the store says is to be done about publications."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests import samples
from tests.postgres import own_database
from tower_anime.adapters.store import migrate
from tower_anime.adapters.store.store import SqlStore
from tower_anime.domain.generation import (
    NO_LONGER_APPROVED,
    Generation,
    GenerationStatus,
    PersonDecision,
    PersonReview,
    Publication,
    PublicationState,
    new_generation_id,
    prompt_id_of,
)
from tower_anime.domain.quality import Profile


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'tower.sqlite'}"
        migrate.upgrade(url, backup_dir=None)
        with closing(SqlStore(url)) as opened:
            yield opened
        return
    with own_database() as url:
        migrate.upgrade(url, backup_dir=None)
        with closing(SqlStore(url)) as opened:
            yield opened


def approved(store: SqlStore, *, chosen: int = 1, publish: bool = True) -> str:
    """Add an approved generation with two attempts; returns its id."""
    generation = Generation(
        id=new_generation_id(), brief=samples.brief(publish=publish), profile=Profile(name="still")
    )
    store.add_generation(generation)
    for number in (1, 2):
        store.save_attempt(
            replace(
                samples.attempt(number),
                generation_id=generation.id,
                prompt_id=prompt_id_of(generation.id, number),
            )
        )
    over = replace(generation, status=GenerationStatus.APPROVED, chosen_attempt=chosen)
    store.save_generation(over)
    return generation.id


def published(number: int, state: PublicationState, **changes: object) -> Publication:
    publication = Publication(
        artifact_sha256=samples.artifact(number).sha256,
        target="folder",
        state=state,
        location=f"/library/{number}.png",
    )
    return replace(publication, **changes)  # type: ignore[arg-type]


def decide(store: SqlStore, generation_id: str, decision: PersonDecision, attempt: int) -> None:
    yes = decision is PersonDecision.APPROVE
    status = GenerationStatus.APPROVED if yes else GenerationStatus.REJECTED
    review = PersonReview(decision=decision, attempt=attempt)
    store.save_review(generation_id, review, status=status)


def test_what_lacks_its_file_is_to_be_published(store: SqlStore) -> None:
    approved(store, publish=False)
    never, pending, written, seen = (approved(store) for _ in range(4))
    store.save_publication(pending, published(1, PublicationState.PENDING, location=None))
    store.save_publication(written, published(1, PublicationState.UNVERIFIED))
    store.save_publication(seen, published(1, PublicationState.VERIFIED))
    assert set(store.unpublished()) == {never, pending}
    assert store.unverified() == (written,)
    assert store.withdrawable() == ()


def test_verified_in_one_library_is_verified(store: SqlStore) -> None:
    generation_id = approved(store)
    store.save_publication(generation_id, published(1, PublicationState.UNVERIFIED))
    store.save_publication(
        generation_id, published(1, PublicationState.VERIFIED, target="jellyfin")
    )
    assert store.unverified() == ()


def test_another_choice_is_published_and_the_first_withdrawn(store: SqlStore) -> None:
    generation_id = approved(store)
    first = published(1, PublicationState.VERIFIED)
    store.save_publication(generation_id, first)
    decide(store, generation_id, PersonDecision.APPROVE, 2)
    assert store.history(generation_id).publication is None
    assert store.unpublished() == (generation_id,)
    assert store.withdrawable() == ((generation_id, first),)
    second = published(2, PublicationState.VERIFIED)
    store.save_publication(generation_id, second)
    assert store.history(generation_id).publication == second
    store.save_publication(generation_id, replace(first, state=PublicationState.WITHDRAWN))
    assert store.withdrawable() == ()
    assert store.unpublished() == ()


def test_what_is_rejected_is_withdrawn_and_comes_back_when_approved_again(store: SqlStore) -> None:
    generation_id = approved(store)
    first = published(1, PublicationState.VERIFIED)
    store.save_publication(generation_id, first)
    decide(store, generation_id, PersonDecision.REJECT, 1)
    assert store.withdrawable() == ((generation_id, first),)
    gone = replace(first, state=PublicationState.WITHDRAWN, reason=NO_LONGER_APPROVED)
    store.save_publication(generation_id, gone)
    assert store.withdrawable() == ()
    assert store.unpublished() == ()
    decide(store, generation_id, PersonDecision.APPROVE, 1)
    assert store.unpublished() == (generation_id,)
    store.save_publication(generation_id, replace(gone, reason="withdrawn on request"))
    assert store.unpublished() == ()
