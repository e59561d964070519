"""What happened → what next. One pure function; the only loop of the system runs on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from tower_anime.assess import clip_judge, judge
from tower_anime.assess.recolour import is_only_colour
from tower_anime.correct.choose import Choice, best_attempt
from tower_anime.domain.attempt import Attempt, AttemptKind, AttemptState, Failure
from tower_anime.domain.brief import Brief
from tower_anime.domain.correction import Correction
from tower_anime.domain.generation import (
    NO_LONGER_APPROVED,
    DirectorDecision,
    GenerationStatus,
    History,
    PersonDecision,
    Publication,
    PublicationState,
)
from tower_anime.domain.quality import Action, Profile, ReviewBy, Verdict
from tower_anime.domain.request import RenderRequest
from tower_anime.errors import FailureClass
from tower_anime.pipeline.best import waits_for_others
from tower_anime.pipeline.timing import surplus

IN_THE_FILE = frozenset({"delivery", "loudness"})
"""Defects of how a clip's file is made: mended without drawing anything."""

_KEPT = PublicationState.KEPT

HOPELESS = frozenset(
    {FailureClass.MISSING_MODEL, FailureClass.MISSING_NODE, FailureClass.INVALID_GRAPH}
)
"""Failures that another try can't mend."""


@dataclass(frozen=True)
class Direct:
    """Make the first request of the brief."""


@dataclass(frozen=True)
class Open:
    """Begin attempt `number` with this request; `repair_of`: mend the file of that attempt."""

    number: int
    request: RenderRequest
    corrections: tuple[Correction, ...]
    repair_of: int | None = None


@dataclass(frozen=True)
class Render:
    """Bring attempt `number` to its end: at the server, or by mending another's file."""

    number: int


@dataclass(frozen=True)
class Assess:
    """Measure and judge what attempt `number` made."""

    number: int


@dataclass(frozen=True)
class Review:
    """Ask the director about attempt `number`."""

    number: int


@dataclass(frozen=True)
class Conclude:
    """Set the final status. `chosen` is the attempt that stands for the generation."""

    status: GenerationStatus
    chosen: int | None
    reason: str
    failure: Failure | None = None


@dataclass(frozen=True)
class Publish:
    """Write the chosen attempt into the library."""

    number: int


@dataclass(frozen=True)
class Withdraw:
    """Take the published file out of the library: it is no longer approved."""

    publication: Publication


@dataclass(frozen=True)
class Finished:
    """Nothing more to do."""


Step: TypeAlias = (
    Direct | Open | Render | Assess | Review | Conclude | Publish | Withdraw | Finished
)
Propose: TypeAlias = Callable[[], Choice | None]


def next_step(history: History, propose: Propose) -> Step:
    """Return what to do next. `propose` gives the next corrected request; asked only if needed."""
    generation = history.generation
    if generation.status.over:
        return _after_the_end(history)
    if generation.cancel_requested:
        return Conclude(GenerationStatus.CANCELLED, None, "cancelled on request")
    if history.review:
        return _person_decided(history)
    if generation.first_request is None:
        return Direct()
    if not history.attempts:
        return Open(1, generation.first_request, ())
    last = history.attempts[-1]
    if not last.state.over:
        return Render(last.number)
    if last.state is not AttemptState.PRODUCED:
        return _after_failure(history, last, propose)
    if last.assessment is None:
        return Assess(last.number)
    return _after_verdict(history, last, propose)


def _after_the_end(history: History) -> Step:
    generation = history.generation
    published = history.publication
    if generation.status is not GenerationStatus.APPROVED:
        in_library = (PublicationState.VERIFIED, PublicationState.UNVERIFIED)
        if published is not None and published.state in in_library:
            return Withdraw(published)
        return Finished()
    if waits_for_others(history) and (published is None or published.state is _KEPT):
        return Finished()
    lacking = (
        published is None
        or published.state is _KEPT
        or (
            published.state is PublicationState.WITHDRAWN and published.reason == NO_LONGER_APPROVED
        )
    )
    if lacking and generation.brief.publish and generation.chosen_attempt:
        return Publish(generation.chosen_attempt)
    return Finished()


def _person_decided(history: History) -> Step:
    review = history.review
    assert review is not None
    approved = review.decision is PersonDecision.APPROVE
    status = GenerationStatus.APPROVED if approved else GenerationStatus.REJECTED
    return Conclude(status, review.attempt, f"a person decided: {review.decision}")


def _after_failure(history: History, last: Attempt, propose: Propose) -> Step:
    if last.kind is AttemptKind.REPAIR and last.repair_of and last.state is AttemptState.FAILED:
        whole = history.attempt(last.repair_of).assessment
        if whole and whole.verdict is Verdict.PASS:
            text = "the file could not be mended"
            return Conclude(GenerationStatus.NEEDS_REVIEW, last.repair_of, text)
    failure = last.failure or Failure(FailureClass.INTERNAL, f"the attempt ended {last.state}")
    if failure.failure_class in HOPELESS:
        return Conclude(GenerationStatus.FAILED, None, failure.message, failure)
    return _try_again(history, propose) or _exhausted(history)


def _after_verdict(history: History, last: Attempt, propose: Propose) -> Step:
    assessment = last.assessment
    assert assessment is not None
    if mends(history.generation.brief, last):
        return Open(len(history.attempts) + 1, last.request, (), repair_of=last.number)
    if assessment.verdict is Verdict.PASS:
        return _after_pass(history, last, propose)
    if assessment.verdict is Verdict.REJECT or assessment.error:
        return _try_again(history, propose) or _exhausted(history)
    return Conclude(
        GenerationStatus.NEEDS_REVIEW, last.number, "a check that the profile requires did not run"
    )


def _after_pass(history: History, last: Attempt, propose: Propose) -> Step:
    """Follow the table "who decides"; the measured verdict is pass."""
    direction = history.direction
    if direction is None or direction.attempt != last.number:
        return Review(last.number)
    profile = history.generation.profile
    review = profile.review
    looked_at = _to_be_looked_at(last, profile)
    match direction.decision:
        case DirectorDecision.REJECT:
            return Conclude(GenerationStatus.NEEDS_REVIEW, last.number, "the director rejects it")
        case DirectorDecision.REVISE:
            return _try_again(history, propose) or Conclude(
                GenerationStatus.NEEDS_REVIEW, last.number, "the director wants changes"
            )
        case _ if _is_doubtful(history, last):
            bar = history.generation.profile.review_below
            text = f"passed, but people reject much of what scores below {bar:.2f}"
            return Conclude(GenerationStatus.NEEDS_REVIEW, last.number, text)
        case _ if looked_at:
            return Conclude(GenerationStatus.NEEDS_REVIEW, last.number, looked_at)
        case DirectorDecision.APPROVE if review is not ReviewBy.PERSON:
            return Conclude(
                GenerationStatus.APPROVED, last.number, "passed, and the director approves"
            )
    if review is ReviewBy.MEASURED:
        return Conclude(GenerationStatus.APPROVED, last.number, "passed every check")
    return Conclude(
        GenerationStatus.NEEDS_REVIEW, last.number, f"the profile asks for a {review}'s approval"
    )


def _is_doubtful(history: History, last: Attempt) -> bool:
    bar = history.generation.profile.review_below
    score = last.assessment.score if last.assessment else None
    return bar is not None and score is not None and score < bar


def _to_be_looked_at(last: Attempt, profile: Profile) -> str | None:
    """Return why a person must look at what passed: defects that the profile sends to review."""
    assessment = last.assessment
    assert assessment is not None
    acts = clip_judge.acts if assessment.kind == "video" else judge.acts
    kinds = [it.kind for it in assessment.defects if acts(it, profile, Action.REVIEW)]
    if not kinds:
        return None
    return f"the profile asks for a person's look at {', '.join(dict.fromkeys(kinds))}"


def _try_again(history: History, propose: Propose) -> Open | None:
    if _is_spent(history):
        return None
    choice = propose()
    if choice is None:
        return None
    return Open(len(history.attempts) + 1, choice.request, choice.corrections)


def _is_spent(history: History) -> bool:
    """Whether the budget is used up; mending a file costs none of it.

    Another attempt must fit into what is left, taken that it costs what the last one did.
    """
    brief = history.generation.brief
    drawn = [one for one in history.attempts if one.kind is AttemptKind.GENERATE]
    if len(drawn) >= brief.max_attempts:
        return True
    if not drawn:
        return False
    steps = sum(one.sampler_steps for one in drawn) + drawn[-1].request.steps
    seconds = sum(one.seconds for one in drawn) + drawn[-1].seconds
    return (brief.max_steps is not None and steps > brief.max_steps) or (
        brief.max_seconds is not None and seconds > brief.max_seconds
    )


def mends(brief: Brief, attempt: Attempt) -> bool:
    """Whether an attempt is good but for what is mended without drawing anew.

    That is how a clip's file is made, a clip that was made longer than asked, for want of a length
    in between, and a still's colours that are not its project's. What was mended already is not
    mended again.
    """
    assessment = attempt.assessment
    if assessment is None or assessment.score is None or attempt.kind is AttemptKind.REPAIR:
        return False
    if is_only_colour(assessment):
        return True
    defects = {defect.kind for defect in assessment.defects}
    if not defects & IN_THE_FILE and not surplus(brief, attempt.request):
        return False
    return assessment.verdict is Verdict.PASS or (
        assessment.verdict is Verdict.REJECT and assessment.score >= assessment.threshold
    )


def _exhausted(history: History) -> Conclude:
    """Keep the best attempt; without any that was measured the generation failed."""
    drawn = sum(attempt.kind is AttemptKind.GENERATE for attempt in history.attempts)
    reason = "no change is left to try"
    if _is_spent(history):
        all_tried = drawn >= history.generation.brief.max_attempts
        reason = "the attempts are used up" if all_tried else "the budget is used up"
    best = best_attempt(history.attempts)
    if best:
        if best.assessment and best.assessment.verdict is Verdict.PASS:
            return Conclude(
                GenerationStatus.NEEDS_REVIEW, best.number, f"{reason}; the director wants changes"
            )
        return Conclude(GenerationStatus.REJECTED, best.number, reason)
    failures = (_failure_of(attempt) for attempt in reversed(history.attempts))
    failure = next((found for found in failures if found), None)
    return Conclude(
        GenerationStatus.FAILED,
        None,
        reason,
        failure or Failure(FailureClass.CORRUPT_OUTPUT, "no attempt gave a readable picture"),
    )


def _failure_of(attempt: Attempt) -> Failure | None:
    """Return why the attempt gave nothing to judge: at the server, or here for want of memory."""
    error = attempt.assessment.error if attempt.assessment else None
    if error and error.type == FailureClass.OUT_OF_MEMORY:
        return Failure(FailureClass.OUT_OF_MEMORY, error.message)
    return attempt.failure
