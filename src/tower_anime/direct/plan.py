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
from tower_anime.domain.request import Kind, RenderRequest, check_request
from tower_anime.errors import InvalidGraph


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
    if brief.kind is Kind.CLIP:
        values |= _timing(brief, family, values)
    words = enhancement or by_rules(brief, family)
    return check_request(
        RenderRequest(
            kind=brief.kind,
            prompt=words.prompt,
            negative=words.negative,
            **values,  # type: ignore[arg-type]  # checked by check_request
        )
    )


def _timing(brief: Brief, family: Family, values: Mapping[str, object]) -> Mapping[str, object]:
    """Return frames and rate of a clip: a duration in the lengths that the family can make.

    Where none is close it is a longer one, which is cut to length later. Frames that the user
    set stay as they are. `InvalidGraph` for a duration beyond the family's.
    """
    rate = float(str(values.get("frame_rate") or family.frame_rate or USUAL_RATE))
    if brief.duration_s is None or "frames" in brief.parameters:
        frames = values.get("frames") or (family.frames.good if family.frames else None)
        return {"frame_rate": rate, "frames": frames}
    wanted = max(1, round(brief.duration_s * rate))
    rule = family.frames
    if rule is None:
        return {"frame_rate": rate, "frames": wanted}
    near = rule.fit(wanted)
    frames = near if abs(near - wanted) <= CLOSE_FRAMES else rule.fit_above(wanted)
    if wanted - frames > CLOSE_FRAMES:
        raise InvalidGraph(
            f"{brief.duration_s:g} s at {rate:g} frames/s are {wanted} frames; {family.name} makes "
            f"at most {rule.high}: ask for at most {rule.high / rate:.2f} s, or for fewer frames a "
            "second"
        )
    return {"frame_rate": rate, "frames": frames}


CLOSE_FRAMES = 2  # what the judgement of clips lets pass
USUAL_RATE = 24.0  # of anime, for a model of which nothing is known

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
    "vae",
    "lora_strength",
)
