"""Of several pictures of one wish the best is published, the others are kept and say why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import drawn
from tests.flow.rig import Rig, encoded, open_rig, rendered
from tower_anime.domain.generation import (
    GenerationStatus,
    History,
    PersonDecision,
    PersonReview,
    PublicationState,
    batch_ids,
)
from tower_anime.domain.wish import briefs_of
from tower_anime.errors import BadInput, Conflict
from tower_anime.ports import Rendered, RenderJob

KEPT, VERIFIED = PublicationState.KEPT, PublicationState.VERIFIED


def script(job: RenderJob, call: int) -> Rendered:
    """Draw well, well with grain, the first one again, and badly."""
    first = drawn.drawn("cel", seed=1)
    frames = (
        first,
        drawn.noisy(drawn.drawn("cel", seed=2), sigma=3.0),
        first,
        drawn.noisy(first, sigma=60.0),
    )
    return rendered(encoded(frames[(call - 1) % 4]))


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    opened = open_rig(tmp_path, script)
    yield opened
    opened.store.close()


def asked(rig: Rig, **wish: object) -> list[str]:
    briefs = briefs_of({"prompt": "1girl", "count": 4, "keep": "best", "max_attempts": 1, **wish})
    (batch,) = set(batch_ids(briefs))
    return [rig.add(brief, batch_id=batch) for brief in briefs]


def states(rig: Rig, ids: list[str]) -> list[PublicationState | None]:
    histories = [rig.store.history(id_) for id_ in ids]
    return [one.publication.state if one.publication else None for one in histories]


def reason(history: History) -> str:
    assert history.publication is not None
    return str(history.publication.reason)


def test_the_best_is_published_twins_and_lesser_ones_are_kept(rig: Rig) -> None:
    ids = asked(rig)
    for id_ in ids[:3]:
        rig.run(id_)
    assert states(rig, ids) == [None] * 4
    assert rig.store.unpublished() == tuple(sorted(ids[:3], key=ids.index))
    with pytest.raises(Conflict, match="others are not over"):
        rig.pipeline.complete_publication(ids[0])
    assert rig.run(ids[3]).generation.status is GenerationStatus.REJECTED
    found = states(rig, ids)
    assert sorted(map(str, found[:3])) == ["kept", "kept", "verified"]
    assert found[3] is None
    assert rig.store.unpublished() == ()
    best = found.index(VERIFIED)
    reasons = [reason(rig.store.history(id_)) for at, id_ in enumerate(ids[:3]) if at != best]
    assert any("nearly the same picture" in one for one in reasons)
    assert any("place 2" in one for one in reasons)
    assert len(list((rig.folder / "library").rglob("*.png"))) == 1
    rig.run(ids[0])  # a repeated step changes nothing
    assert states(rig, ids) == found


def test_people_may_choose_another(rig: Rig) -> None:
    ids = asked(rig)
    for id_ in ids:
        rig.run(id_)
    best = states(rig, ids).index(VERIFIED)
    other = next(at for at, state in enumerate(states(rig, ids)) if state is KEPT)
    review = PersonReview(decision=PersonDecision.APPROVE, attempt=1)
    rig.store.save_review(ids[other], review, status=GenerationStatus.APPROVED)
    rig.run(ids[other])
    assert states(rig, ids)[other] is VERIFIED
    review = PersonReview(decision=PersonDecision.REJECT, attempt=1)
    rig.store.save_review(ids[best], review, status=GenerationStatus.REJECTED)
    rig.run(ids[best])
    assert states(rig, ids)[best] is PublicationState.WITHDRAWN


def test_when_the_best_is_rejected_the_next_one_follows(rig: Rig) -> None:
    ids = asked(rig)
    for id_ in ids:
        rig.run(id_)
    best = states(rig, ids).index(VERIFIED)
    review = PersonReview(decision=PersonDecision.REJECT, attempt=1)
    rig.store.save_review(ids[best], review, status=GenerationStatus.REJECTED)
    rig.run(ids[best])
    found = states(rig, ids)
    assert found[best] is PublicationState.WITHDRAWN
    assert found.count(VERIFIED) == 1


def test_batches_hold_what_competes() -> None:
    briefs = briefs_of({"prompt": "{a|b}", "count": 2, "keep": "best", "seed": 5})
    first, second, third, fourth = batch_ids(briefs, key="k")
    assert first == second != third == fourth
    assert batch_ids(briefs, key="k") == (first, second, third, fourth)
    assert batch_ids(briefs_of({"prompt": "a", "count": 2})) == (None, None)
    with pytest.raises(BadInput, match="best, all"):
        briefs_of({"prompt": "a", "keep": "some"})


def test_a_budget_of_steps_or_seconds_ends_the_tries(tmp_path: Path) -> None:
    def bad(job: RenderJob, call: int) -> Rendered:
        return rendered(encoded(drawn.noisy(drawn.drawn(seed=call), sigma=60.0)), steps=28)

    rig = open_rig(tmp_path, bad)
    for budget, attempts in ({"max_steps": 60}, 2), ({"max_steps": 10}, 1), ({}, 4):
        (brief,) = briefs_of({"prompt": "1girl", "set": {"steps": 28}, "lock": ["steps"], **budget})
        history = rig.run(rig.add(brief))
        assert (len(history.attempts), history.generation.reason) == (
            attempts,
            "the attempts are used up" if not budget else "the budget is used up",
        )
    with pytest.raises(BadInput, match="max_seconds"):
        briefs_of({"prompt": "a", "max_seconds": 0})
    rig.store.close()
