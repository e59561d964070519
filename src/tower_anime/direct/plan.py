"""From a brief to the first request: prompt, size and parameters, by rules.

The rule-based director has no eyes: it prepares requests, it never approves a picture.
"""

from __future__ import annotations

from collections.abc import Mapping

from tower_anime.domain.brief import Brief, DirectorChoice
from tower_anime.domain.family import Dialect, Family
from tower_anime.domain.request import RenderRequest, check_request

_QUALITY_SENTENCE = "A finished, carefully drawn anime illustration."


def first_request(
    brief: Brief,
    *,
    family: Family,
    checkpoint: str | None,
    workflow: Mapping[str, object],
    seed: int,
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
    enhanced = brief.director is not DirectorChoice.OFF
    given_negative = brief.negative or str(workflow.get("negative") or "")
    prompt = enhance(brief.prompt, family) if enhanced else brief.prompt
    negative = enhance_negative(given_negative, family) if enhanced else given_negative
    return check_request(
        RenderRequest(
            kind=brief.kind,
            prompt=brief.prompt if "prompt" in brief.locks else prompt,
            negative=given_negative if "negative" in brief.locks else negative,
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


def enhance(prompt: str, family: Family) -> str:
    """Return the prompt with the family's quality words added after the user's own."""
    if family.dialect is Dialect.SENTENCES:
        return (
            prompt
            if _QUALITY_SENTENCE in prompt
            else f"{prompt.rstrip('. ')}. " + (_QUALITY_SENTENCE)
        )
    return _append_tags(prompt, family.quality_words)


def enhance_negative(negative: str, family: Family) -> str:
    """Return the negative prompt with the family's usual exclusions added."""
    return _append_tags(negative, family.avoid_words)


def _append_tags(text: str, tags: tuple[str, ...]) -> str:
    present = {tag.strip().lower() for tag in text.split(",")}
    missing = [tag for tag in tags if tag not in present]
    return ", ".join([text.rstrip(" ,"), *missing] if text.strip(" ,") else missing)
