"""Generators drawn by lot: what a picture of theirs is like follows from its settings and seed.

Nothing in them is taken from a real model, so that nothing can be tuned to one. A judge that sees
perfectly names the defects.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from tower_anime.domain.family import SDXL
from tower_anime.domain.quality import Assessment, Defect, Verdict
from tower_anime.domain.request import RenderRequest

PAIRS = ((SDXL.sampler, SDXL.scheduler), *SDXL.other_samplers)
THRESHOLD = 0.7


@dataclass(frozen=True)
class World:
    """One generator: what it needs, how wide its optimum is, and how often it fails by chance."""

    number: int
    steps: float
    cfg: float
    cfg_width: float
    speed: dict[tuple[str, str], float]
    slope: float
    accidents: float

    def assess(self, request: RenderRequest) -> Assessment:
        """Return what a perfect judge says of the picture."""
        luck = random.Random(f"{self.number}/{request.seed}/{request.prompt}")
        pace = self.speed.get((request.sampler, request.scheduler), 0.8)
        # stronger guidance needs more steps
        needed = self.steps * (request.cfg / self.cfg) ** self.slope
        short = math.log(needed / (request.steps * pace)) + luck.gauss(0, 0.06)
        off = math.log(request.cfg / self.cfg) / self.cfg_width + luck.gauss(0, 0.08)
        found = [
            ("undersampled", max(0.0, short) * 1.2),
            ("oversaturated", max(0.0, off - 1.0) * 0.8),
            ("low_contrast", max(0.0, -off - 1.0) * 0.8),
            ("tiling", 0.6 if luck.random() < self.accidents else 0.0),
        ]
        return _assessment([(kind, min(1.0, loss)) for kind, loss in found if loss > 0.01])

    def best(self, request: RenderRequest) -> RenderRequest:
        """Return the cheapest request that passes but for accidents."""
        sampler, scheduler = max(PAIRS, key=lambda pair: self.speed[pair])
        steps = math.ceil(self.steps / self.speed[sampler, scheduler] * 1.1)
        return request.changed(steps=steps, cfg=self.cfg, sampler=sampler, scheduler=scheduler)


def draw(number: int) -> World:
    """Return a world by its number."""
    lot = random.Random(number)
    return World(
        number=number,
        steps=math.exp(lot.uniform(math.log(12), math.log(30))),
        cfg=lot.uniform(3.5, 8.0),
        cfg_width=lot.uniform(0.18, 0.5),
        speed={pair: lot.uniform(0.7, 1.4) for pair in PAIRS},
        slope=lot.uniform(0.0, 0.5),
        accidents=lot.uniform(0.02, 0.15),
    )


def _assessment(found: list[tuple[str, float]]) -> Assessment:
    score = max(0.0, 1.0 - sum(loss for _, loss in found))
    defects = tuple(
        Defect(kind=kind, severity=loss, message=kind, measurement=kind, loss=loss)
        for kind, loss in found
    )
    return Assessment(
        kind="image",
        width=1024,
        height=1024,
        score=score,
        verdict=Verdict.PASS if score >= THRESHOLD else Verdict.REJECT,
        threshold=THRESHOLD,
        defects=defects,
        measurements={},
        profile="still",
        assessor="perfect",
        seconds=0.0,
    )
