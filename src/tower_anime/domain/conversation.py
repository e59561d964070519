"""Questions to language models and their answers, whoever speaks them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

Schema = Mapping[str, Any]
"""A JSON schema of the small subset that `direct.reply` checks, without `$ref`."""


OPENED = "session_opened"
EXCHANGE = "exchange"
ENHANCED = "enhanced"
OPINION = "opinion"
"""Kinds of `DirectionEvent` that the program itself reads again."""


class Role(StrEnum):
    """What a model is asked for; each role may have a model of its own."""

    CREATIVE_DIRECTION = "creative_direction"
    PROMPT_ENHANCEMENT = "prompt_enhancement"
    QUALITY_ASSESSMENT = "quality_assessment"
    STORY_DEVELOPMENT = "story_development"
    VISION_REVIEW = "vision_review"


@dataclass(frozen=True, kw_only=True)
class Message:
    """One turn. `speaker` is `system`, `user` or `assistant`; `images` are whole JPEG files."""

    speaker: str
    text: str
    images: tuple[bytes, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a model is asked. `deadline_s` bounds the call in all, whatever the server does."""

    model: str
    messages: tuple[Message, ...]
    schema: Schema
    deadline_s: float


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A model's answer as it came. `truncated`: a limit of tokens cut question or answer.

    Tokens are None where the server does not count them.
    """

    text: str
    model: str
    truncated: bool = False
    prompt_tokens: int | None = None
    answer_tokens: int | None = None


@dataclass(frozen=True, kw_only=True)
class DirectionEvent:
    """One entry of a session. `kind` says what happened, `data` holds it, `seq` orders them.

    A generation's own session has the generation's id.
    """

    session_id: str
    kind: str
    data: Mapping[str, Any] = field(default_factory=dict)
    generation_id: str | None = None
    seq: int = 0
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """A model's decision on an attempt and a person's on the same one (True: approve)."""

    source: str
    role: str
    approved: bool
    person_approved: bool


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Agreement of one model in one role. Shares 0–1; `chance` is what its habits alone give.

    `low`, `high` are the 95 % interval of `share` (Wilson 1927). `votes` is False once the model
    is shown to agree no better than chance.
    """

    source: str
    role: str
    cases: int
    agreed: int
    share: float
    low: float
    high: float
    chance: float
    votes: bool

    def in_words(self) -> str:
        """Say it in a line."""
        return (
            f"agreed with people in {self.agreed} of {self.cases} cases "
            f"(95 % interval {self.low:.2f} to {self.high:.2f}, chance {self.chance:.2f})"
        )
