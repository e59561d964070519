"""Galleries read the same from SQLite and PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import delete, select

from tests import samples
from tests.contract.test_store import sqlite_url, store, template, url
from tower_anime.adapters.store.connect import open_engine
from tower_anime.adapters.store.migrations.versions import r0007_defects_and_looks
from tower_anime.adapters.store.store import SqlStore
from tower_anime.adapters.store.tables import found_defects
from tower_anime.domain.brief import make_brief
from tower_anime.domain.card import Card, Choice, Order
from tower_anime.domain.generation import GenerationStatus, prompt_id_of
from tower_anime.domain.quality import Verdict

__all__ = ["sqlite_url", "store", "template", "url"]

APPROVED, FAILED = GenerationStatus.APPROVED, GenerationStatus.FAILED


@pytest.fixture
def stocked(store: SqlStore) -> SqlStore:
    """Numbers 0 to 5: scores 0.0 to 0.5, even ones blurred; 6 failed; 7 has 50 % and a snowman."""
    for number in range(8):
        day = samples.NOW + timedelta(days=number)
        words = "50% ☃ Snow" if number == 7 else f"Picture {number}"
        made = samples.generation(
            id=f"id-{number}",
            brief=make_brief(prompt=words, project="Even" if number % 2 == 0 else "Odd"),
            created_at=day,
        )
        store.add_generation(made)
        status = FAILED if number == 6 else APPROVED
        if number < 6:
            for tried in (1, 2):
                _attempt(store, made.id, number, tried)
        store.save_generation(
            replace(made, status=status, chosen_attempt=2 if number < 6 else None)
        )
    return store


def _attempt(store: SqlStore, generation_id: str, number: int, tried: int) -> None:
    store.save_attempt(
        samples.attempt(
            tried,
            generation_id=generation_id,
            prompt_id=prompt_id_of(generation_id, tried),
            artifact=samples.artifact(10 * number + tried),
            family="sdxl" if number < 3 else "flux",
        )
    )
    defects = (samples.defect("blur"),) if number % 2 == 0 else ()
    score = number / 10 if tried == 2 else 0.95
    store.save_assessment(generation_id, tried, samples.assessment(Verdict.REJECT, score, defects))


def shown(store: SqlStore, order: Order = Order.NEWEST, **choice: object) -> list[str]:
    cards, following = store.cards(Choice(**choice), order=order, limit=50)  # type: ignore[arg-type]
    assert following is None
    assert store.count_cards(Choice(**choice)) >= len(cards)  # type: ignore[arg-type]
    return [card.generation_id.removeprefix("id-") for card in cards]


def test_filters_speak_of_what_was_kept(stocked: SqlStore) -> None:
    assert shown(stocked) == list("76543210")
    assert shown(stocked, statuses=(FAILED,)) == ["6"]
    assert shown(stocked, project="Even", order=Order.OLDEST) == list("0246")
    assert shown(stocked, project="None") == []
    assert shown(stocked, defect="blur") == list("420")
    assert shown(stocked, family="sdxl") == list("210")
    assert shown(stocked, family="flux", defect="blur") == ["4"]
    assert shown(stocked, score_from=0.2, score_to=0.4) == list("432")
    day = (samples.NOW + timedelta(days=2)).date()
    assert shown(stocked, since=day, until=day) == ["2"]
    assert stocked.count_cards(Choice(defect="blur")) == 3


def test_text_is_found_whatever_its_case_and_signs(stocked: SqlStore) -> None:
    assert shown(stocked, text="picture 3") == ["3"]
    assert shown(stocked, text="☃ SNOW") == ["7"]
    assert shown(stocked, text="50%") == ["7"]
    assert shown(stocked, text="5_%") == []


def test_scores_sort_and_pages_fit_together(stocked: SqlStore) -> None:
    assert shown(stocked, order=Order.BEST) == list("543210")
    for order, wanted in ((Order.WORST, "012345"), (Order.NEWEST, "76543210")):
        seen: list[Card] = []
        cursor = None
        while True:
            cards, cursor = stocked.cards(Choice(), order=order, limit=2, cursor=cursor)
            seen += cards
            if cursor is None:
                break
        assert [card.generation_id[-1] for card in seen] == list(wanted)


def test_a_card_shows_the_attempt_that_was_kept(stocked: SqlStore) -> None:
    card, failed, _ = stocked.cards_of(["id-4", "id-6", "id-7"])
    assert (card.attempt, card.attempts, card.score) == (2, 2, 0.4)
    assert card.sha256 == samples.artifact(42).sha256
    assert card.defects == ("blur",)
    assert (failed.sha256, failed.attempts, failed.score) == (None, 0, None)
    assert stocked.names_in_use()["projects"] == ("Even", "Odd")


def test_defects_of_earlier_versions_are_found_as_well(stocked: SqlStore, url: str) -> None:
    engine = open_engine(url)
    with engine.begin() as connection:
        before = set(connection.execute(select(found_defects)).all())
        connection.execute(delete(found_defects))
        with Operations.context(MigrationContext.configure(connection)):
            r0007_defects_and_looks.fill(connection.dialect.name)
        assert set(connection.execute(select(found_defects)).all()) == before
    engine.dispose()
    assert len(before) == 6
    stocked.save_assessment("id-0", 2, samples.assessment(Verdict.PASS, 0.9))
    assert shown(stocked, defect="blur") == list("42")
