"""Which change to try next, given all that was tried before."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from tower_anime.correct.rate import Rate
from tower_anime.correct.rules import MOVES, Changes, Move, key_of, kind_of
from tower_anime.domain.attempt import Attempt, AttemptState
from tower_anime.domain.correction import Correction
from tower_anime.domain.direction import ADD_TO_NEGATIVE, ADD_TO_PROMPT, WISHABLE, Wish
from tower_anime.domain.family import Dialect, Family
from tower_anime.domain.knowledge import COMPARED_WITH, NOTHING, REROLL, Knowledge, move_of
from tower_anime.domain.quality import Assessment, Verdict
from tower_anime.domain.request import SEED_MASK, RenderRequest
from tower_anime.errors import FailureClass

_NEGLIGIBLE_LOSS = 0.1  # a defect with less of the loss is not worth a change; chosen by hand
_FOLLOWS = "off_style"
# The pipeline lets a server that ran out of memory free it before the same request comes again.
_SAME_AGAIN = (
    FailureClass.CORRUPT_OUTPUT,
    FailureClass.TIMEOUT,
    FailureClass.SERVER_LOST,
    FailureClass.OUT_OF_MEMORY,
)


@dataclass(frozen=True)
class Choice:
    """The next request and what was changed to reach it."""

    request: RenderRequest
    corrections: tuple[Correction, ...]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a choice must respect.

    `offered` maps sampler, scheduler… to what the server has; pictures stay below `area_px`
    pixels, for which memory did not suffice. `knowledge` says which moves helped so far.
    """

    family: Family
    locks: Collection[str] = ()
    offered: Mapping[str, Collection[str]] | None = None
    area_px: float | None = None
    knowledge: Knowledge = NOTHING

    def allows(self, changes: Changes) -> bool:
        """Whether no lock is touched and everything named is on offer."""
        offered = self.offered or {}
        return all(
            key not in self.locks and (key not in offered or value in offered[key])
            for key, value in changes.items()
        )

    def fits(self, request: RenderRequest, changes: Changes) -> bool:
        """Whether the changed request stays below the area that ran out of memory."""
        then = drawn_px(request.changed(**changes))
        return self.area_px is None or then <= drawn_px(request) or then < self.area_px


def best_attempt(attempts: Sequence[Attempt]) -> Attempt | None:
    """Return the attempt worth keeping: a passing one before others, then the highest score.

    The earliest wins a tie; None when no attempt has a score.
    """
    scored = [a for a in attempts if a.artifact and a.assessment and a.assessment.score is not None]
    return max(scored, key=_worth, default=None)


def _worth(attempt: Attempt) -> tuple[bool, float]:
    assessment = attempt.assessment
    assert assessment is not None
    return assessment.verdict is Verdict.PASS, assessment.score or 0.0


def choose(
    attempts: Sequence[Attempt],
    limits: Limits,
    *,
    wishes: Sequence[Wish] = (),
    by_lot: bool = False,
) -> Choice | None:
    """Return the next request after attempts of which none is good enough; None: nothing left.

    Starts from the best attempt so far, mends each defect that cost much with the first move
    that is allowed and new, and falls back to a new seed. `wishes` are a director's for the last
    attempt and come first. `by_lot`: a plain new seed is tried in the place
    of a correction, so that what corrections add can be told. Never returns a request that was
    tried, except once after a purely
    technical failure.
    """
    last = attempts[-1]
    limits = replace(limits, area_px=_too_large_px(attempts))
    if last.state is not AttemptState.PRODUCED and last.failure:
        return _after_failure(attempts, limits, FailureClass(last.failure.failure_class))
    granted = _grant(attempts, limits, wishes)
    if granted:
        return granted
    base = best_attempt(attempts) or last
    if base.assessment is None or base.assessment.score is None:
        return _new_seed(attempts, base.request, limits, reason="the result could not be measured")
    tried = {attempt.request.identity() for attempt in attempts}
    rate = Rate(limits.knowledge, base.request, limits.offered or {})
    mended = _mend(base.request, _without_followers(base.assessment), limits, tried)
    if mended is None:
        if rate.reroll_is_hopeless(_main_defect(attempts)):
            return None
        why = "no change of parameters is left to try"
        return _new_seed(attempts, base.request, limits, reason=why)
    first = mended.corrections[0]
    move = move_of(first.change)
    if by_lot:
        drawn = _new_seed(attempts, base.request, limits, reason=f"{COMPARED_WITH}{move}")
        return _answering(drawn, first.defect) or mended
    if rate.prefers_reroll(mended.corrections):
        known = limits.knowledge.effect(first.defect, REROLL)
        why = f"it mended this in {known.fixed} of {known.tries} cases, for less than {move}"
        drawn = _new_seed(attempts, base.request, limits, reason=why)
        return _answering(drawn, first.defect) or mended
    return mended


def _without_followers(assessment: Assessment) -> Assessment:
    """Leave out being off its style where other defects reject by themselves: it follows from them.

    A blurred picture is off the style of sharp ones; when it is sharp, its style can be told.
    """
    others = tuple(defect for defect in assessment.defects if defect.kind != _FOLLOWS)
    share = sum(defect.loss for defect in others)
    if share <= 0 or (assessment.score or 0.0) ** share >= assessment.threshold:
        return assessment
    return replace(assessment, defects=tuple(replace(d, loss=d.loss / share) for d in others))


def _answering(choice: Choice | None, defect: str) -> Choice | None:
    """Return a choice as the answer to a defect."""
    if choice is None:
        return None
    return Choice(choice.request, tuple(replace(c, defect=defect) for c in choice.corrections))


def _mend(
    request: RenderRequest, assessment: Assessment, limits: Limits, tried: set[tuple[object, ...]]
) -> Choice | None:
    """Mend the costly defects together; if that was tried, one move later for the worst one."""
    worst_first = sorted(assessment.defects, key=lambda d: (-d.loss, -d.severity, d.kind))
    costly = [key_of(d) for d in worst_first if d.loss >= _NEGLIGIBLE_LOSS] or [
        key_of(d) for d in worst_first[:1]
    ]
    for skip in range(max((len(MOVES.get(kind, ())) for kind in costly), default=0)):
        choice = _mend_from(request, costly, limits, skip)
        if choice is None or choice.request.identity() in tried:
            continue
        if not limits.knowledge.has_failed(choice.request):
            return choice
    return None


def _mend_from(
    request: RenderRequest, defects: Sequence[str], limits: Limits, skip: int
) -> Choice | None:
    """Answer each defect with one move; the worst one's first `skip` moves are passed over.

    A defect that an earlier one's move mends as well gets no change of its own.
    """
    result, made, corrections = request, list[Move](), list[Correction]()
    rate = Rate(limits.knowledge, request, limits.offered or {})
    for position, kind in enumerate(defects):
        moves = rate.ranked(kind, limits.family)
        if any(move in made for move in moves):
            continue
        found = _first_move(result, request, moves[0 if position else skip :], limits)
        if found:
            move, changes = found
            result = result.changed(**changes)
            made.append(move)
            corrections.append(_correction(request, changes, kind_of(kind), move.reason))
    return Choice(result, tuple(corrections)) if corrections else None


def _first_move(
    request: RenderRequest, original: RenderRequest, moves: Sequence[Move], limits: Limits
) -> tuple[Move, Changes] | None:
    """Return the first allowed move that fights no earlier one, with its changes."""
    for move in moves:
        changes = move.changes(request, limits.family, limits.offered or {})
        untouched = all(getattr(request, key) == getattr(original, key) for key in changes)
        allowed = bool(changes) and limits.allows(changes) and limits.fits(request, changes)
        if allowed and untouched:
            return move, changes
    return None


def _too_large_px(attempts: Sequence[Attempt]) -> float | None:
    """Return the smallest area that ran out of memory twice: once with the server freed."""
    ran_out = [
        drawn_px(attempt.request)
        for attempt in attempts
        if attempt.failure and attempt.failure.failure_class == FailureClass.OUT_OF_MEMORY
    ]
    return min((area for area in ran_out if ran_out.count(area) > 1), default=None)


def drawn_px(request: RenderRequest) -> float:
    """Return the pixels of the largest pass."""
    return request.width * request.height * (request.hires or 1.0) ** 2


def _grant(attempts: Sequence[Attempt], limits: Limits, wishes: Sequence[Wish]) -> Choice | None:
    """Make the director's changes together; if that was tried, the first alone that is new."""
    tried = {attempt.request.identity() for attempt in attempts}
    for chosen in (wishes, *((wish,) for wish in wishes)):
        result, corrections = attempts[-1].request, list[Correction]()
        for wish in chosen:
            changes = _wished(result, wish, limits.family)
            if changes and limits.allows(changes):
                corrections.append(_correction(result, changes, "director", wish.reason))
                result = result.changed(**changes)
        if corrections and result.identity() not in tried:
            return Choice(result, tuple(corrections))
    return None


def _wished(request: RenderRequest, wish: Wish, family: Family) -> Changes:
    """Return the changes a wish stands for; nothing for what no director may change."""
    if wish.parameter not in WISHABLE:
        return {}
    if wish.parameter == ADD_TO_PROMPT:
        joint = ", " if family.dialect is Dialect.TAGS else ". "
        return {"prompt": request.prompt.rstrip(" ,.") + joint + str(wish.value)}
    if wish.parameter == ADD_TO_NEGATIVE:
        added = str(wish.value)
        return {"negative": f"{request.negative}, {added}" if request.negative else added}
    ranges: Mapping[str, tuple[float, float, float]] = {"steps": family.steps, "cfg": family.cfg}
    value, span = wish.value, ranges.get(wish.parameter)
    if span and not (isinstance(value, int | float) and span[0] <= value <= span[2]):
        return {}
    return {wish.parameter: value} if value != getattr(request, wish.parameter) else {}


def _after_failure(
    attempts: Sequence[Attempt], limits: Limits, failure: FailureClass
) -> Choice | None:
    request = attempts[-1].request
    repeats = sum(a.request.identity() == request.identity() for a in attempts)
    interrupted = attempts[-1].state is AttemptState.CANCELLED  # by somebody at the server
    if repeats == 1 and (interrupted or failure in _SAME_AGAIN):
        return Choice(request, ())
    tried = {attempt.request.identity() for attempt in attempts}
    for move in MOVES.get(failure.value, ()):
        changes = move.changes(request, limits.family, limits.offered or {})
        if not changes or not limits.allows(changes):
            continue
        result = request.changed(**changes)
        if result.identity() not in tried:
            return Choice(result, (_correction(request, changes, failure.value, move.reason),))
    if failure is FailureClass.OUT_OF_MEMORY:
        return None
    return _new_seed(attempts, request, limits, reason=f"the last try failed ({failure})")


def _new_seed(
    attempts: Sequence[Attempt], request: RenderRequest, limits: Limits, *, reason: str
) -> Choice | None:
    changes = {"seed": _next_seed(attempts)}
    if not limits.allows(changes):
        return None
    defect = attempts[-1].failure.failure_class if attempts[-1].failure else _main_defect(attempts)
    return Choice(
        request.changed(**changes), (_correction(request, changes, defect, f"new seed: {reason}"),)
    )


def _main_defect(attempts: Sequence[Attempt]) -> str:
    assessment = attempts[-1].assessment
    if assessment is None or not assessment.defects:
        return "unmeasured"
    return max(_without_followers(assessment).defects, key=lambda defect: defect.loss).kind


def _next_seed(attempts: Sequence[Attempt]) -> int:
    """Return a seed that no attempt had, the same for the same history (Knuth's MMIX constants)."""
    seeds = {attempt.request.seed for attempt in attempts}
    seed = attempts[0].request.seed
    for _ in range(len(attempts) + 1):
        seed = (seed * 6364136223846793005 + 1442695040888963407) & SEED_MASK
        if seed not in seeds:
            break
    return seed


def _correction(request: RenderRequest, changes: Changes, defect: str, reason: str) -> Correction:
    return Correction(
        defect=defect,
        change={key: (getattr(request, key), value) for key, value in changes.items()},
        reason=reason,
    )
