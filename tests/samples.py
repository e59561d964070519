"""Domain values for tests, with everything that a test does not care about filled in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tower_anime.domain.attempt import Artifact, Attempt, AttemptState, Failure
from tower_anime.domain.brief import Brief, make_brief
from tower_anime.domain.generation import Generation, History, prompt_id_of
from tower_anime.domain.quality import (
    Assessment,
    Defect,
    FileError,
    Measured,
    Profile,
    Verdict,
)
from tower_anime.domain.request import RenderRequest

GENERATION_ID = "11111111-2222-4333-8444-555555555555"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def request(**changes: Any) -> RenderRequest:
    base = RenderRequest(
        prompt="1girl, umbrella",
        width=1024,
        height=1024,
        steps=28,
        cfg=6.0,
        sampler="euler_ancestral",
        scheduler="normal",
        seed=1,
        checkpoint="anime_xl.safetensors",
    )
    return replace(base, **changes)


def defect(kind: str = "noise", severity: float = 0.5, loss: float = 1.0) -> Defect:
    return Defect(
        kind=kind, severity=severity, message=f"{kind} found", measurement="noise", loss=loss
    )


def assessment(
    verdict: Verdict = Verdict.PASS,
    score: float | None = None,
    defects: tuple[Defect, ...] = (),
    error: FileError | None = None,
) -> Assessment:
    usual = {Verdict.PASS: 0.9, Verdict.REJECT: 0.3, Verdict.UNMEASURED: None}
    return Assessment(
        kind="image",
        width=1024,
        height=1024,
        score=usual[verdict] if score is None else score,
        verdict=verdict,
        threshold=0.7,
        defects=defects,
        measurements={"noise": Measured(1.0, "levels")},
        profile="still",
        assessor="test",
        seconds=0.01,
        error=error,
    )


def artifact(number: int = 1) -> Artifact:
    return Artifact(
        sha256=f"{number:064x}", path=f"/a/{number}.png", media_type="image/png", size_bytes=10
    )


def attempt(
    number: int = 1, state: AttemptState = AttemptState.PRODUCED, **changes: Any
) -> Attempt:
    base = Attempt(
        generation_id=GENERATION_ID,
        number=number,
        prompt_id=prompt_id_of(GENERATION_ID, number),
        request=request(seed=number),
        state=state,
        artifact=artifact(number) if state is AttemptState.PRODUCED else None,
        created_at=NOW,
    )
    return replace(base, **changes)


def failed(number: int, failure_class: str, message: str = "it failed") -> Attempt:
    return attempt(number, AttemptState.FAILED, failure=Failure(failure_class, message))


def brief(**changes: Any) -> Brief:
    return make_brief(prompt="1girl, umbrella", **changes)


def generation(**changes: Any) -> Generation:
    base = Generation(
        id=GENERATION_ID,
        brief=brief(),
        profile=Profile(name="still"),
        first_request=request(),
        created_at=NOW,
    )
    return replace(base, **changes)


def history(*attempts: Attempt, **changes: Any) -> History:
    facts = {
        key: changes.pop(key) for key in ("direction", "review", "publication") if key in changes
    }
    return History(generation=generation(**changes), attempts=attempts, **facts)
