"""Ways of working on a request in a world: the product's, its rivals', and the best possible."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from tests import samples
from tests.bench.loop.worlds import PAIRS, THRESHOLD, World
from tower_anime.correct.choose import Limits, choose
from tower_anime.domain.attempt import Attempt
from tower_anime.domain.family import SDXL
from tower_anime.domain.knowledge import Outcome
from tower_anime.domain.quality import Verdict
from tower_anime.domain.request import RenderRequest
from tower_anime.learn.effects import knowledge_of

BUDGET = 4
OFFERED = {"sampler": {p[0] for p in PAIRS}, "scheduler": {p[1] for p in PAIRS}}


@dataclass
class Memory:
    """What a way of working has seen in one world."""

    told: list[Outcome] = field(default_factory=list)


Next = Callable[[Sequence[Attempt], Memory], RenderRequest | None]


def starts(world: World, number: int) -> RenderRequest:
    """Return a request whose start is good, burnt or undersampled in turn."""
    lot = random.Random(f"{world.number}:{number}")
    good = world.best(samples.request(prompt=f"1girl, {number}", seed=lot.getrandbits(40)))
    burnt = good.changed(cfg=round(min(20.0, good.cfg * lot.uniform(1.8, 2.8)), 1))
    short = good.changed(steps=max(2, round(good.steps * lot.uniform(0.25, 0.6))))
    return (good, burnt, short)[number % 3]


def run(
    world: World, start: RenderRequest, following: Next, memory: Memory, *, blur: float = 0.0
) -> list[Attempt]:
    """Try until the judge passes a picture or the budget is spent; the memory learns of it.

    `blur` is the deviation of the judge's score from the truth.
    """
    attempts: list[Attempt] = []
    request: RenderRequest | None = start
    id_ = str(uuid.UUID(int=random.Random(start.prompt).getrandbits(128), version=4))
    corrections: tuple[object, ...] = ()
    while request is not None and len(attempts) < BUDGET:
        made = samples.attempt(
            len(attempts) + 1, request=request, assessment=world.judged(request, blur=blur)
        )
        attempts.append(replace(made, generation_id=id_))
        memory.told.append(_outcome(attempts[-1], corrections))
        if passes(attempts[-1]):
            break
        request = following(attempts, memory)
        corrections = _CORRECTIONS.get(request, ()) if request is not None else ()
    return attempts


def product(attempts: Sequence[Attempt], memory: Memory) -> RenderRequest | None:
    """Return what the product would try next."""
    limits = Limits(family=SDXL, offered=OFFERED, knowledge=knowledge_of(memory.told[-600:]))
    choice = choose(attempts, limits)
    if choice is None:
        return None
    _CORRECTIONS[choice.request] = choice.corrections
    return choice.request


_CORRECTIONS: dict[RenderRequest, tuple[object, ...]] = {}


def accept_first(_attempts: Sequence[Attempt], _memory: Memory) -> RenderRequest | None:
    """Try nothing more."""
    return None


def reroll(attempts: Sequence[Attempt], _memory: Memory) -> RenderRequest | None:
    """Take another seed."""
    return attempts[-1].request.changed(seed=attempts[-1].request.seed + 1)


def earlier_rules(attempts: Sequence[Attempt], _memory: Memory) -> RenderRequest | None:
    """Return what the earlier system did, whatever the trouble."""
    now = attempts[-1].request
    changes: dict[str, object] = {"seed": now.seed + 1}
    if now.steps < 30:
        changes["steps"] = now.steps + 10
    if now.cfg < 8:
        changes["cfg"] = now.cfg + 1.5
    if now.sampler == "euler":
        changes |= {"sampler": "dpmpp_2m", "scheduler": "karras"}
    return now.changed(**changes)


def knowing(world: World) -> Next:
    """Return the way of somebody who knows the world: the right settings after a bad start."""

    def best(attempts: Sequence[Attempt], _memory: Memory) -> RenderRequest:
        now = attempts[-1].request
        right = world.best(now)
        return right if right != now else now.changed(seed=now.seed + 1)

    return best


RIVALS: dict[str, Next] = {
    "accept first": accept_first,
    "re-roll": reroll,
    "earlier rules": earlier_rules,
    "product": product,
}


def passes(attempt: Attempt) -> bool:
    """Whether the judge lets it pass."""
    return attempt.assessment is not None and attempt.assessment.verdict is Verdict.PASS


def is_good(world: World, attempt: Attempt) -> bool:
    """Whether the picture is truly good."""
    return (world.assess(attempt.request).score or 0.0) >= THRESHOLD


def _outcome(attempt: Attempt, corrections: tuple[object, ...]) -> Outcome:
    assessment = attempt.assessment
    assert assessment is not None
    return Outcome(
        generation_id=attempt.generation_id,
        number=attempt.number,
        backend="comfyui",
        family=SDXL.name,
        checkpoint=attempt.request.checkpoint,
        request=attempt.request,
        score=assessment.score or 0.0,
        passed=passes(attempt),
        losses={defect.kind: defect.loss for defect in assessment.defects},
        corrections=corrections,  # type: ignore[arg-type]
        cost_px=float(attempt.request.steps) * 1024 * 1024,
    )
