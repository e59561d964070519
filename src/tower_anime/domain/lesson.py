"""What was learned from words and from people, with how sure it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from tower_anime.domain.quality import Assessment


class Part(StrEnum):
    """What is learned, each part to be forgotten on its own."""

    PARAMETERS = "parameters"
    CORRECTIONS = "corrections"
    WORDS = "words"
    PEOPLE = "people"
    STYLE = "style"


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """What was made up to `at` teaches no more; None: of any part, family, project."""

    at: datetime
    part: Part | None = None
    family: str | None = None
    project: str | None = None

    @property
    def says(self) -> str:
        """What it is, in words."""
        what = str(self.part) if self.part else "all that was learned"
        family = f" of {self.family}" if self.family else ""
        return f"{what}{family}" + (f" in {self.project}" if self.project else "")

    def view(self) -> dict[str, str | None]:
        """Return it as JSON."""
        return {
            "part": self.part,
            "family": self.family,
            "project": self.project,
            "at": self.at.isoformat(),
            "says": self.says,
        }


@dataclass(frozen=True, kw_only=True)
class PersonsWord:
    """A person's decision on a measured result of a project."""

    project: str
    approved: bool
    assessment: Assessment


@dataclass(frozen=True, kw_only=True)
class WordLift:
    """What a word (or two together) does to the score of first attempts.

    `lift` is the difference of the score with and without, pulled towards 0 as far as chance
    explains it, `low` to `high` its interval, wide enough for all the words that were compared at
    once. `helps` is the chance that there is an effect at all. `passing` and `defects` are plain
    differences of shares. `by_lot`: told only by cases in which the word was drawn by lot.
    """

    words: tuple[str, ...]
    negative: bool
    present: int
    absent: int
    lift: float
    low: float
    high: float
    helps: float
    passing: float
    defects: Mapping[str, float] = field(default_factory=dict)
    by_lot: bool = False

    @property
    def sure(self) -> bool:
        """Whether it is shown to raise the score."""
        return self.low > 0


@dataclass(frozen=True, kw_only=True)
class PastPrompt:
    """A prompt that was asked before and what came of it at the first attempt.

    `generation_id` is the newest with it, `times` how many there are; `score` is their mean,
    `passed` the share that passed or was approved.
    """

    prompt: str
    generation_id: str
    times: int
    score: float
    passed: float


@dataclass(frozen=True, kw_only=True)
class WordChoice:
    """Words for one request: `drawn` says of each whether the lot put it in.

    What a lot left out is what the others are compared with. `reasons` says why each was chosen.
    """

    drawn: Mapping[str, bool] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)

    @property
    def added(self) -> tuple[str, ...]:
        """Return the words that go into the prompt."""
        return tuple(word for word, present in self.drawn.items() if present)


@dataclass(frozen=True)
class Decided:
    """A person's decision on a result of this score (0–1)."""

    score: float
    approved: bool


@dataclass(frozen=True, kw_only=True)
class ReliabilityBin:
    """Decisions on scores from `above` to `below`: how many approved, with the 95 % interval.

    `expected` is the share that the calibration expects.
    """

    above: float
    below: float
    decisions: int
    approved: int
    share: float
    low: float
    high: float
    expected: float


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """How the score relates to a person's decisions.

    `bar` is the score from which the person rather approves, `low` to `high` its 95 % interval;
    None where the decisions don't follow the score. `threshold` is what the profile says,
    `applied` what holds: results below it are rejected. `review_below` (None: nothing): a result
    that passes below it is a person's to decide, since rejecting it by machine would not be
    precise enough. `precision` is the share of the person's rejections among decisions below
    `bar`, `precision_low` its lower bound. Agreements are shares of decisions that a bar repeats.
    `says` is all of it in plain words.
    """

    decisions: int
    approved: int
    threshold: float
    applied: float
    bar: float | None = None
    low: float | None = None
    high: float | None = None
    review_below: float | None = None
    precision: float | None = None
    precision_low: float | None = None
    agreement_before: float | None = None
    agreement_after: float | None = None
    reliability: tuple[ReliabilityBin, ...] = ()
    says: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Shift:
    """Something that makes older evidence less telling, noticed at outcome `position`.

    `kind` is `checkpoint`, `server` or `results`; `weight` is what outcomes before it still count.
    """

    kind: str
    subject: str
    position: int
    says: str
    weight: float
