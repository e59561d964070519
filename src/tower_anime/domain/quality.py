"""What was measured in a picture or clip, what is wrong with it, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from tower_anime.domain.expectation import Expectation


class Verdict(StrEnum):
    """The outcome of judging measurements against a profile."""

    PASS = "pass"
    REJECT = "reject"
    UNMEASURED = "unmeasured"


@dataclass(frozen=True)
class Measured:
    """A number taken from the pixels."""

    value: float
    unit: str = ""


@dataclass(frozen=True)
class Unmeasured:
    """A check that could not run, and why. Never a number, never a pass."""

    reason: str


Measurement = Measured | Unmeasured
Measurements = Mapping[str, Measurement]


@dataclass(frozen=True)
class Region:
    """A box in pixels of the assessed picture."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class FrameRange:
    """Frames `first` to `last` of a clip, both included, counted from 0."""

    first: int
    last: int


@dataclass(frozen=True, kw_only=True)
class Defect:
    """Something wrong, with its evidence.

    `severity` 0–1; `measurement` names the figure behind it; `loss` is its share of what the
    score lost (0–1, all shares of one assessment sum to 1 or to 0 when nothing was lost).
    """

    kind: str
    severity: float
    message: str
    measurement: str
    where: Region | FrameRange | None = None
    loss: float = 0.0


@dataclass(frozen=True)
class FileError:
    """Why a file could not be read. `type` is a stable word for programs."""

    type: str
    message: str


class Action(StrEnum):
    """What a profile does about a defect."""

    OFF = "off"
    WARN = "warn"
    REJECT = "reject"
    REVIEW = "review"


class ReviewBy(StrEnum):
    """Who must agree before a passing result is approved."""

    MEASURED = "measured"
    DIRECTOR = "director"
    PERSON = "person"


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What a kind of work has to fulfil. Sizes in pixels; `threshold` 0–1 on the score.

    `actions` overrides what is done about a defect kind (default: it counts in the score), from
    the severity (0–1) that `severities` names for it. `required` names measurements without which
    a picture can't pass. `relax` forgives a share (0–1) of a defect, whatever the prompt says.
    What passes below `review_below` is left to a person: most of it was rejected by people, but
    not nearly all.
    """

    name: str
    version: str = ""
    threshold: float = 0.7
    min_width: int = 1024
    min_height: int = 1024
    actions: Mapping[str, Action] = field(default_factory=lambda: MappingProxyType({}))
    severities: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    relax: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    required: tuple[str, ...] = ()
    review: ReviewBy = ReviewBy.MEASURED
    review_below: float | None = None

    @property
    def label(self) -> str:
        """Name and version, as a report states them."""
        return f"{self.name} {self.version}".rstrip()


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a file was meant to be, as far as the judgement was told.

    `source` says who told it: `given` by the caller or read in the `file`. `words` maps a defect
    kind to the words of the prompt that ask for it, `shares` to the share (0–1) that they forgive.
    """

    prompt: str = ""
    negative: str = ""
    source: str = "given"
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)
    expect: Expectation = field(default_factory=Expectation)


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """The judgement of one file. `score` is None exactly when nothing could be measured.

    `width`, `height` in pixels (0 when unreadable); `seconds` the time it took; `relaxed` maps
    a defect kind to the share (0–1) by which prompt and profile forgive it.
    """

    kind: str
    width: int
    height: int
    score: float | None
    verdict: Verdict
    threshold: float
    defects: tuple[Defect, ...]
    measurements: Measurements
    profile: str
    assessor: str
    seconds: float
    relaxed: Mapping[str, float] = field(default_factory=dict)
    error: FileError | None = None
    asked: Asked | None = None
