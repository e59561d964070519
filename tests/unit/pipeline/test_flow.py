"""The flow, walked through every state it can meet."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from tests import samples
from tower_anime.correct.choose import Choice
from tower_anime.domain.attempt import Attempt, AttemptKind, AttemptState
from tower_anime.domain.generation import (
    Direction,
    DirectorDecision,
    GenerationStatus,
    History,
    PersonDecision,
    PersonReview,
    Publication,
    PublicationState,
)
from tower_anime.domain.quality import Action, FileError, Measured, Profile, ReviewBy, Verdict
from tower_anime.errors import FailureClass
from tower_anime.pipeline.flow import (
    HOPELESS,
    Assess,
    Conclude,
    Direct,
    Finished,
    Open,
    Publish,
    Render,
    Review,
    Step,
    next_step,
)

APPROVED, NEEDS_REVIEW = GenerationStatus.APPROVED, GenerationStatus.NEEDS_REVIEW
REJECTED, FAILED = GenerationStatus.REJECTED, GenerationStatus.FAILED

ANOTHER = Choice(samples.request(seed=99), ())


def another() -> Choice:
    return ANOTHER


def nothing() -> None:
    return None


def never() -> None:
    raise AssertionError("no proposal is needed here")


def judged(number: int, verdict: Verdict, score: float | None = None) -> Attempt:
    return samples.attempt(number, assessment=samples.assessment(verdict, score))


def word(decision: DirectorDecision, attempt: int = 1) -> Direction:
    return Direction(source="ollama:x", decision=decision, attempt=attempt)


def test_the_way_of_a_good_first_picture() -> None:
    history = samples.history(first_request=None)
    assert next_step(history, never) == Direct()
    history = samples.history()
    assert next_step(history, never) == Open(1, samples.request(), ())
    queued = samples.attempt(1, AttemptState.QUEUED)
    for state in (AttemptState.QUEUED, AttemptState.SUBMITTED, AttemptState.RUNNING):
        assert next_step(samples.history(replace(queued, state=state)), never) == Render(1)
    assert next_step(samples.history(samples.attempt()), never) == Assess(1)
    passed = judged(1, Verdict.PASS)
    assert next_step(samples.history(passed), never) == Review(1)
    step = next_step(samples.history(passed, direction=word(DirectorDecision.UNREVIEWED)), never)
    assert step == Conclude(APPROVED, 1, "passed every check")
    over = samples.history(passed, status=APPROVED, chosen_attempt=1)
    assert next_step(over, never) == Publish(1)
    done = Publication(
        artifact_sha256="0", target="folder", state=PublicationState.VERIFIED, location="/x"
    )
    assert next_step(replace(over, publication=done), never) == Finished()


WHO_DECIDES = {
    # (director's word, profile's review) -> status, for a measured pass with the budget spent
    (DirectorDecision.UNREVIEWED, ReviewBy.MEASURED): APPROVED,
    (DirectorDecision.UNREVIEWED, ReviewBy.DIRECTOR): NEEDS_REVIEW,
    (DirectorDecision.UNREVIEWED, ReviewBy.PERSON): NEEDS_REVIEW,
    (DirectorDecision.ABSTAIN, ReviewBy.MEASURED): APPROVED,
    (DirectorDecision.ABSTAIN, ReviewBy.DIRECTOR): NEEDS_REVIEW,
    (DirectorDecision.ABSTAIN, ReviewBy.PERSON): NEEDS_REVIEW,
    (DirectorDecision.APPROVE, ReviewBy.MEASURED): APPROVED,
    (DirectorDecision.APPROVE, ReviewBy.DIRECTOR): APPROVED,
    (DirectorDecision.APPROVE, ReviewBy.PERSON): NEEDS_REVIEW,
    (DirectorDecision.REVISE, ReviewBy.MEASURED): NEEDS_REVIEW,
    (DirectorDecision.REVISE, ReviewBy.DIRECTOR): NEEDS_REVIEW,
    (DirectorDecision.REVISE, ReviewBy.PERSON): NEEDS_REVIEW,
    (DirectorDecision.REJECT, ReviewBy.MEASURED): NEEDS_REVIEW,
    (DirectorDecision.REJECT, ReviewBy.DIRECTOR): NEEDS_REVIEW,
    (DirectorDecision.REJECT, ReviewBy.PERSON): NEEDS_REVIEW,
}


def test_the_table_is_complete() -> None:
    assert set(WHO_DECIDES) == set(itertools.product(DirectorDecision, ReviewBy))


@pytest.mark.parametrize(("decision", "review"), WHO_DECIDES)
def test_who_decides_on_a_pass(decision: DirectorDecision, review: ReviewBy) -> None:
    history = samples.history(
        judged(1, Verdict.PASS),
        direction=word(decision),
        profile=Profile(name="still", review=review),
        brief=samples.brief(max_attempts=1),
    )
    step = next_step(history, never)
    assert isinstance(step, Conclude)
    assert step.status is WHO_DECIDES[decision, review]
    assert step.chosen == 1


def test_a_director_who_wants_changes_gets_them_within_the_budget() -> None:
    history = samples.history(judged(1, Verdict.PASS), direction=word(DirectorDecision.REVISE))
    assert next_step(history, another) == Open(2, ANOTHER.request, ())


def test_the_word_on_an_earlier_attempt_does_not_count_for_a_later_one() -> None:
    history = samples.history(
        judged(1, Verdict.PASS),
        judged(2, Verdict.PASS),
        direction=word(DirectorDecision.APPROVE, attempt=1),
    )
    assert next_step(history, never) == Review(2)


def test_a_passing_picture_that_the_director_wanted_changed_is_never_rejected_by_exhaustion() -> (
    None
):
    history = samples.history(
        judged(1, Verdict.PASS),
        judged(2, Verdict.REJECT),
        direction=word(DirectorDecision.REVISE),
        brief=samples.brief(max_attempts=2),
    )
    step = next_step(history, never)
    assert isinstance(step, Conclude)
    assert (step.status, step.chosen) == (NEEDS_REVIEW, 1)


def test_rejected_tries_again_then_keeps_the_best() -> None:
    first, second = judged(1, Verdict.REJECT, 0.5), judged(2, Verdict.REJECT, 0.3)
    assert next_step(samples.history(first), another) == Open(2, ANOTHER.request, ())
    spent = samples.history(first, second, brief=samples.brief(max_attempts=2))
    assert next_step(spent, never) == Conclude(REJECTED, 1, "the attempts are used up")
    assert next_step(samples.history(first, second), nothing) == Conclude(
        REJECTED, 1, "no change is left to try"
    )


def test_an_unreadable_file_is_tried_again_and_never_judged() -> None:
    broken = samples.assessment(Verdict.UNMEASURED, error=FileError("truncated", "cut off"))
    history = samples.history(samples.attempt(1, assessment=broken))
    assert isinstance(next_step(history, another), Open)
    step = next_step(history, nothing)
    assert isinstance(step, Conclude)
    assert step.status is FAILED
    assert step.failure is not None
    assert step.failure.failure_class == FailureClass.CORRUPT_OUTPUT


def test_a_missing_check_asks_a_person() -> None:
    history = samples.history(judged(1, Verdict.UNMEASURED))
    step = next_step(history, never)
    assert isinstance(step, Conclude)
    assert (step.status, step.chosen) == (NEEDS_REVIEW, 1)


@pytest.mark.parametrize("failure", FailureClass)
def test_failures(failure: FailureClass) -> None:
    history = samples.history(samples.failed(1, failure))
    if failure in HOPELESS:
        step = next_step(history, never)
        assert isinstance(step, Conclude)
        assert step.status is FAILED
        return
    assert isinstance(next_step(history, another), Open)
    step = next_step(history, nothing)
    assert isinstance(step, Conclude)
    assert step.status is FAILED
    assert step.failure is not None
    assert step.failure.failure_class == failure


@pytest.mark.parametrize("decision", PersonDecision)
def test_a_person_overrules_every_state_that_is_not_over(decision: PersonDecision) -> None:
    review = PersonReview(decision=decision, attempt=1)
    for verdict in Verdict:
        step = next_step(samples.history(judged(1, verdict), review=review), never)
        assert isinstance(step, Conclude)
        expected = APPROVED if decision is PersonDecision.APPROVE else REJECTED
        assert step.status is expected


def test_cancellation_wins_in_every_open_state() -> None:
    for attempts in ((), (samples.attempt(1, AttemptState.SUBMITTED),), (judged(1, Verdict.PASS),)):
        step = next_step(samples.history(*attempts, cancel_requested=True), never)
        assert isinstance(step, Conclude)
        assert step.status is GenerationStatus.CANCELLED


def test_nothing_is_published_that_is_not_approved_or_not_wanted() -> None:
    for status in GenerationStatus:
        if not status.over:
            continue
        history = samples.history(judged(1, Verdict.PASS), status=status, chosen_attempt=1)
        step = next_step(history, never)
        assert step == (Publish(1) if status is APPROVED else Finished())
        unwanted = samples.history(
            judged(1, Verdict.PASS),
            status=status,
            chosen_attempt=1,
            brief=samples.brief(publish=False),
        )
        assert next_step(unwanted, never) == Finished()


def clip_of(number: int, verdict: Verdict, *kinds: str, score: float = 0.9) -> Attempt:
    defects = tuple(samples.defect(kind, loss=0.0) for kind in kinds)
    return samples.attempt(number, assessment=samples.assessment(verdict, score, defects))


def repaired(number: int, of: int, attempt: Attempt) -> Attempt:
    return replace(attempt, number=number, kind=AttemptKind.REPAIR, repair_of=of)


@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.REJECT])
def test_a_clip_that_fails_only_in_delivery_is_mended_without_drawing(verdict: Verdict) -> None:
    good = clip_of(1, verdict, "delivery")
    history = samples.history(good, brief=samples.brief(max_attempts=1))
    assert next_step(history, never) == Open(2, good.request, (), repair_of=1)
    opened = repaired(2, 1, samples.attempt(2, AttemptState.QUEUED))
    assert next_step(samples.history(good, opened), never) == Render(2)
    whole = repaired(2, 1, clip_of(2, Verdict.PASS))
    assert next_step(samples.history(good, whole), never) == Review(2)


def test_a_clip_with_other_faults_is_drawn_again_not_mended() -> None:
    bad = clip_of(1, Verdict.REJECT, "flicker", "delivery", score=0.4)
    assert next_step(samples.history(bad), another) == Open(2, ANOTHER.request, ())


def test_mending_costs_no_attempt_and_is_done_once() -> None:
    tries = samples.brief(max_attempts=2)
    first, mended = clip_of(1, Verdict.PASS, "delivery"), clip_of(2, Verdict.REJECT, "delivery")
    history = samples.history(first, repaired(2, 1, mended), brief=tries)
    assert next_step(history, another) == Open(3, ANOTHER.request, ())


def test_a_good_clip_whose_file_can_not_be_mended_goes_to_a_person() -> None:
    broken = repaired(2, 1, samples.failed(2, FailureClass.CORRUPT_OUTPUT))
    step = next_step(samples.history(clip_of(1, Verdict.PASS, "delivery"), broken), never)
    assert isinstance(step, Conclude)
    assert (step.status, step.chosen) == (NEEDS_REVIEW, 1)
    rejected = samples.history(clip_of(1, Verdict.REJECT, "delivery"), broken)
    assert next_step(rejected, another) == Open(3, ANOTHER.request, ())


def test_a_still_off_its_projects_style_in_colours_alone_is_mended_once() -> None:
    off = samples.assessment(Verdict.REJECT, 0.5, (samples.defect("off_style", loss=1.0),))
    colours = replace(off, measurements={"style_hand": Measured(0.6)})
    still = samples.brief(max_attempts=1)
    first = samples.attempt(1, assessment=colours)
    assert next_step(samples.history(first, brief=still), never) == Open(
        2, first.request, (), repair_of=1
    )
    again = repaired(2, 1, samples.attempt(2, assessment=colours))
    step = next_step(samples.history(first, again, brief=still), never)
    assert isinstance(step, Conclude)
    assert step.status is GenerationStatus.REJECTED
    hand = replace(off, measurements={"style_hand": Measured(2.0)})
    drawn_so = samples.history(samples.attempt(1, assessment=hand), brief=samples.brief())
    assert next_step(drawn_so, another) == Open(2, ANOTHER.request, ())


def everything() -> list[History]:
    """Every combination of two attempts' states, verdicts, the director's word and the budget."""
    singles: list[Attempt] = []
    for state in AttemptState:
        attempt = samples.attempt(1, state)
        if state is AttemptState.FAILED:
            singles += [samples.failed(1, failure) for failure in FailureClass]
        elif state is AttemptState.PRODUCED:
            singles += [attempt, *(judged(1, verdict) for verdict in Verdict)]
        else:
            singles.append(attempt)
    pairs: list[tuple[Attempt, ...]] = [(first,) for first in singles]
    pairs += [(first, replace(second, number=2)) for first in singles for second in singles]
    directions = [None, *(word(decision, n) for decision in DirectorDecision for n in (1, 2))]
    generations = [
        samples.generation(
            status=status,
            profile=Profile(name="still", review=review),
            brief=samples.brief(max_attempts=budget),
        )
        for review, budget, status in itertools.product(
            ReviewBy, (1, 2, 4), (GenerationStatus.QUEUED, GenerationStatus.WORKING)
        )
    ]
    return [
        History(generation=generation, attempts=attempts, direction=direction)
        for attempts, direction, generation in itertools.product(pairs, directions, generations)
    ]


def test_whatever_happened_the_next_step_is_sound() -> None:
    for history in everything():
        for propose in (another, nothing):
            check(history, next_step(history, propose))


def check(history: History, step: Step) -> None:
    last = history.attempts[-1]
    budget = history.generation.brief.max_attempts
    if isinstance(step, Open):
        assert step.number == len(history.attempts) + 1
        assert step.repair_of or step.number <= budget
        assert last.state.over
    if isinstance(step, Conclude) and step.status is APPROVED:
        assert step.chosen is not None
        chosen = history.attempt(step.chosen)
        assert chosen.artifact is not None
        assert chosen.assessment is not None
        assert chosen.assessment.verdict is Verdict.PASS
    if isinstance(step, Conclude) and step.status in (REJECTED, NEEDS_REVIEW):
        assert step.chosen is not None
        assert history.attempt(step.chosen).artifact is not None
    if isinstance(step, Conclude) and step.status is FAILED:
        assert step.failure is not None
    assert not isinstance(step, Finished | Publish | Direct)


@pytest.mark.parametrize("decision", [DirectorDecision.APPROVE, DirectorDecision.UNREVIEWED])
def test_a_defect_that_the_profile_sends_to_review_is_looked_at(decision: DirectorDecision) -> None:
    passed = samples.attempt(
        1,
        assessment=replace(
            samples.assessment(Verdict.PASS), defects=(samples.defect("noise", severity=0.5),)
        ),
    )
    for severity, status in ((0.4, NEEDS_REVIEW), (0.6, APPROVED)):
        profile = Profile(
            name="mine", actions={"noise": Action.REVIEW}, severities={"noise": severity}
        )
        step = next_step(samples.history(passed, profile=profile, direction=word(decision)), never)
        assert isinstance(step, Conclude)
        assert step.status is status
        assert ("noise" in step.reason) == (status is NEEDS_REVIEW)
