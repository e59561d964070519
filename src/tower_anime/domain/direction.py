"""What a creative director says: words added to a prompt, wishes for the next attempt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SECTIONS = ("subject", "action", "setting", "light", "camera", "palette", "mood", "style")
"""The parts of a prompt, in the order in which they are written."""

SCORES = ("composition", "light", "likeness", "style_match", "prompt_match")
"""What a review scores, each 0 (useless) to 10 (nothing to wish for)."""

ISSUES = (
    "anatomy",
    "hands",
    "face",
    "wrong_subject",
    "missing_subject",
    "extra_subject",
    "composition",
    "perspective",
    "lighting",
    "colour",
    "style",
    "background",
    "text_or_watermark",
    "artifacts",
    "unsafe",
)
"""What a review may find wrong."""

ADD_TO_PROMPT, ADD_TO_NEGATIVE = "add_to_prompt", "add_to_negative"
WISHABLE = ("steps", "cfg", "sampler", "scheduler", "seed", ADD_TO_PROMPT, ADD_TO_NEGATIVE)
"""What a director may ask to change. Size and checkpoint are the user's choice, and the denoise of
a text-to-image request must stay 1."""


@dataclass(frozen=True, kw_only=True)
class Addition:
    """Words that were added to a prompt, and why. `negative` tells which prompt."""

    section: str
    words: str
    reason: str
    negative: bool = False


@dataclass(frozen=True, kw_only=True)
class Enhancement:
    """A brief's prompts as they are drawn. `source` is `none`, `rules` or a model (`ollama:…`).

    The user's own words stand unchanged before the additions; `notes` says what was refused.
    `drawn` says of learned words whether a lot put them in (those of the negative prompt begin
    with `-`): what it left out is what the others are compared with.
    """

    source: str
    prompt: str
    negative: str
    additions: tuple[Addition, ...] = ()
    notes: str = ""
    drawn: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A typed change that a director asks for: `parameter` is one of `WISHABLE`.

    `value` has the parameter's type; for the two prompts it is the words to add.
    """

    parameter: str
    value: str | int | float
    reason: str
