"""Defects that follow a rule instead of a fitted curve.

Another size than was asked for, and what optional models find: text, faces, what is not safe for
work.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tower_anime.assess.asked import plain
from tower_anime.assess.metrics import Better, Metric
from tower_anime.domain.expectation import Expectation
from tower_anime.domain.quality import Action

Numbers = Mapping[str, float]

_FACT = 0.55  # amount of what is simply not what was asked: alone it costs the pass
_SIZE_SLACK = 0.01  # ln; models draw multiples of 8 or 64 px

NSFW_FROM = 0.8
"""Open NSFW's own advice: above 0.8 it most likely is."""

OPTIONAL: Mapping[str, Metric] = MappingProxyType(
    {
        "texts": Metric(
            unit="count",
            low=0,
            high=10_000,
            better=Better.LOWER,
            needs="the extra `text`",
            defect="text_artifact",
            source="texts that RapidOCR reads with a confidence above 0.8",
        ),
        "text_share": Metric(
            unit="share",
            low=0,
            high=1,
            better=Better.LOWER,
            needs="the extra `text`",
            defect="text_artifact",
            source="area of their boxes over the picture's",
        ),
        "nsfw": Metric(
            unit="probability",
            low=0,
            high=1,
            better=Better.LOWER,
            needs="the extra `nsfw`",
            defect="nsfw",
            source="Yahoo's Open NSFW",
        ),
        "faces": Metric(
            unit="count",
            low=0,
            high=1000,
            better=Better.NEITHER,
            needs="a model of drawn faces",
            defect="subject_count",
            source="faces found, against the people that the prompt asks for",
        ),
    }
)
"""Measurements of optional models: name → row."""

DEFAULT_ACTIONS: Mapping[str, Action] = MappingProxyType({"nsfw": Action.OFF})
"""What is done about a defect where the profile does not say; the others count."""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """An amount of a defect, as of `checks`."""

    kind: str
    amount: float
    measurement: str
    message: str


def facts(
    numbers: Numbers, width: int, height: int, *, expect: Expectation, prompt: str
) -> list[Fact]:
    """Return what is there of these defects."""
    found = (
        _size(width, height, expect),
        _text(numbers),
        _nsfw(numbers),
        _subjects(numbers, prompt),
    )
    return [fact for fact in found if fact is not None]


def _size(width: int, height: int, expect: Expectation) -> Fact | None:
    asked = (expect.width or width, expect.height or height)
    if not (width > 0 and height > 0):
        return None
    by = max(abs(math.log(width / asked[0])), abs(math.log(height / asked[1])))
    if by <= _SIZE_SLACK:
        return None
    return Fact(
        kind="resolution",
        amount=_FACT + by,
        measurement="width",
        message=f"{width}×{height} px instead of {asked[0]:g}×{asked[1]:g}",
    )


def _text(numbers: Numbers) -> Fact | None:
    texts, share = numbers.get("texts", 0.0), numbers.get("text_share", 0.0)
    if not texts:
        return None
    return Fact(
        kind="text_artifact",
        amount=_FACT + 2 * min(share, 0.5) + 0.05 * min(texts - 1, 10),
        measurement="texts",
        message=f"{texts:.0f} text{'s' if texts > 1 else ''} on {share:.1%} of it, a watermark or "
        "lettering that nobody asked for",
    )


def _nsfw(numbers: Numbers) -> Fact | None:
    probability = numbers.get("nsfw", 0.0)
    if probability < NSFW_FROM:
        return None
    return Fact(
        kind="nsfw",
        amount=-math.log(max(1.0 - probability, 1e-3)) / 2,
        measurement="nsfw",
        message=f"not safe for work with a probability of {probability:.0%}",
    )


def _subjects(numbers: Numbers, prompt: str) -> Fact | None:
    faces = numbers.get("faces")
    asked = people_in(prompt) if faces is not None else None
    if faces is None or asked is None or faces == asked:
        return None
    return Fact(
        kind="subject_count",
        amount=_FACT + abs(math.log((faces + 0.5) / (asked + 0.5))),
        measurement="faces",
        message=f"{faces:.0f} faces, and the prompt asks for {asked}",
    )


# ---- people in a prompt ---------------------------------------------------------------------

_TAG = re.compile(r"(?<![\w-])(\d)(\+?)\s?(girl|boy|other)s?(?![\w-])", re.IGNORECASE)
_NOBODY = re.compile(
    r"(?<![\w-])(?:no humans|no people|nobody|scenery only)(?![\w-])", re.IGNORECASE
)
_SOLO = re.compile(r"(?<![\w-])(?:solo|alone)(?![\w-])", re.IGNORECASE)
_UNSEEN = re.compile(  # people whose faces don't show
    r"(?<![\w-])(?:from behind|back view|facing away|faceless|head out of frame|silhouettes?|mask|"
    r"masked|helmet|crowd|multiple views|reflections?|mirror|hands only|feet|no face)(?![\w-])",
    re.IGNORECASE,
)


def people_in(prompt: str) -> int | None:
    """Return how many faces a prompt asks for; None where it does not say, or they may hide."""
    text = plain(prompt)
    if _UNSEEN.search(text):
        return None
    if _NOBODY.search(text):
        return 0
    tags = _TAG.findall(text)
    if any(more for _, more, _ in tags):
        return None
    if tags:
        return sum(int(number) for number, _, _ in tags)
    return 1 if _SOLO.search(text) else None
