"""Generators drawn by lot: what a picture of theirs is like follows from its settings and seed.

Nothing in them is taken from a real model, so that nothing can be tuned to one. A judge that sees
perfectly names the defects.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

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
    words: Mapping[str, float] = field(default_factory=dict)
    plain: float = 0.0

    @property
    def said(self) -> tuple[str, ...]:
        """Return the words that prompts for it may hold."""
        return _SAID

    def judged(self, request: RenderRequest, *, blur: float) -> Assessment:
        """Return what a judge says whose score is off by luck, of deviation `blur`."""
        true = self.assess(request)
        if not blur:
            return true
        luck = random.Random(f"judge {self.number}/{request}")
        score = min(1.0, max(0.0, (true.score or 0.0) + luck.gauss(0, blur)))
        verdict = Verdict.PASS if score >= THRESHOLD else Verdict.REJECT
        return replace(true, score=score, verdict=verdict)

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
            ("blur", max(0.0, self.plain - self._spoken(request) + luck.gauss(0, 0.04))),
        ]
        return _assessment([(kind, min(1.0, loss)) for kind, loss in found if loss > 0.01])

    def _spoken(self, request: RenderRequest) -> float:
        """Return what the prompt's words take from what is lacking."""
        said = {part.strip() for part in request.prompt.split(",")}
        return sum(effect for word, effect in self.words.items() if word in said)

    def best(self, request: RenderRequest) -> RenderRequest:
        """Return the cheapest request that passes but for accidents."""
        sampler, scheduler = max(PAIRS, key=lambda pair: self.speed[pair])
        steps = math.ceil(self.steps / self.speed[sampler, scheduler] * 1.1)
        return request.changed(steps=steps, cfg=self.cfg, sampler=sampler, scheduler=scheduler)


_SAID = (
    *("masterpiece", "highly detailed", "sharp focus", "clean lineart", "intricate", "crisp"),
    *("soft light", "rim light", "backlighting", "bloom", "warm light", "dramatic lighting"),
    *("depth of field", "dynamic angle", "cinematic", "vivid colors", "muted colors", "colorful"),
    *("cel shading", "flat color", "soft shading", "lineart", "gouache", "retro"),
)


def draw(number: int, *, words: bool = False) -> World:
    """Return a world by its number; with `words` some of a prompt's words matter there."""
    lot = random.Random(number)
    world = _drawn(number, lot)
    if not words:
        return world
    helping = lot.sample(_SAID, 4)
    effects = {word: lot.uniform(0.08, 0.16) for word in helping}
    return replace(world, words=effects, plain=lot.uniform(0.3, 0.45))


def _drawn(number: int, lot: random.Random) -> World:
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
