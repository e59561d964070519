"""Generations that are over, put into a store without drawing them: small pictures of our own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import cv2
import numpy as np

from tests import samples
from tower_anime.compose import App
from tower_anime.domain.generation import GenerationStatus, new_generation_id, prompt_id_of
from tower_anime.domain.quality import Defect, Region, Verdict

SIDE_PX = 160


def drawn(number: int) -> bytes:
    """Return a PNG that looks like no other number's."""
    lot = np.random.default_rng(number)
    coarse = lot.integers(0, 255, (5, 5, 3), dtype=np.uint8)
    picture = cv2.resize(coarse, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_CUBIC)
    cv2.putText(picture, str(number), (20, 100), cv2.FONT_HERSHEY_SIMPLEX, 2, (255, 255, 255), 5)
    return bytes(cv2.imencode(".png", picture)[1])


def put(
    app: App,
    number: int,
    *,
    status: GenerationStatus = GenerationStatus.NEEDS_REVIEW,
    score: float = 0.8,
    project: str = "Stock",
    defects: Sequence[str] = (),
    looks: int | None = None,
) -> str:
    """Store a generation with one attempt and return its id; `looks` as another number's."""
    generation_id = new_generation_id()
    file = app.blobs.put(drawn(number if looks is None else looks), media_type="image/png")
    found = tuple(
        Defect(
            kind=kind,
            severity=0.5,
            message=f"{kind} was found",
            measurement="noise",
            loss=1 / len(defects),
            where=Region(16, 16, 64, 48),
        )
        for kind in defects
    )
    judged = samples.assessment(Verdict.PASS if score >= 0.7 else Verdict.REJECT, score, found)
    brief = replace(samples.brief(project=project, publish=False), prompt=f"picture {number}")
    made = samples.generation(
        id=generation_id, brief=brief, created_at=samples.NOW + timedelta(minutes=number)
    )
    app.store.add_generation(made)
    app.store.save_attempt(
        samples.attempt(
            generation_id=generation_id,
            prompt_id=prompt_id_of(generation_id, 1),
            artifact=file,
            family="sdxl",
        )
    )
    app.store.save_assessment(generation_id, 1, replace(judged, width=SIDE_PX, height=SIDE_PX))
    app.store.save_generation(
        replace(made, status=status, chosen_attempt=1, finished_at=samples.NOW)
    )
    return generation_id
