"""From a brief to the first request: prompt, size and parameters.

The prompts come from an `Enhancement`; without one the rules make it. Neither the rules nor this
plan ever approves a picture.
"""

from __future__ import annotations

from collections.abc import Mapping

from tower_anime.direct.enhance import by_rules
from tower_anime.domain.brief import Brief
from tower_anime.domain.direction import Enhancement
from tower_anime.domain.family import Family
from tower_anime.domain.request import RenderRequest, check_request


def first_request(
    brief: Brief,
    *,
    family: Family,
    checkpoint: str | None,
    workflow: Mapping[str, object],
    seed: int,
    enhancement: Enhancement | None = None,
) -> RenderRequest:
    """Return the first request of a brief.

    The user's own parameters win, then `workflow` (values read from the user's graph), then the
    family's habits. `seed` is used when the user gave none. Raises `BadInput`.
    """
    defaults: dict[str, object] = {
        "width": family.native_px,
        "height": family.native_px,
        "steps": family.steps[1],
        "cfg": family.cfg[1],
        "sampler": family.sampler,
        "scheduler": family.scheduler,
        "seed": seed,
        "checkpoint": checkpoint,
    }
    own = {key: value for key, value in workflow.items() if key in _PARAMETERS}
    values = {**defaults, **own, "seed": seed, **brief.parameters}
    words = enhancement or by_rules(brief, family)
    return check_request(
        RenderRequest(
            kind=brief.kind,
            prompt=words.prompt,
            negative=words.negative,
            **values,  # type: ignore[arg-type]  # checked by check_request
        )
    )


_PARAMETERS = (
    "width",
    "height",
    "steps",
    "cfg",
    "sampler",
    "scheduler",
    "denoise",
    "checkpoint",
    "frames",
    "frame_rate",
)
