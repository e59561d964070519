"""What outcomes teach: how often a change mended a defect, and what a plain new seed did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tower_anime.domain.correction import Correction
from tower_anime.domain.request import RenderRequest

REROLL = "seed"
"""The move that changes nothing but the seed."""

COMPARED_WITH = "to compare with "
"""How the reason of a new seed begins that was drawn by lot instead of a move; the move follows."""

_SIZES = ("width", "height")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One assessed attempt. `passed` is a person's decision where there is one.

    `losses` maps kinds of defects to what they cost the score; `cost_px` is sampler steps times
    pixels. `corrections` lead from the generation's attempts before to this one. `added` are
    phrases that the system put into the prompts by rule, `drawn` says of others whether a lot put
    them in (those of the negative prompt begin with `-`). `person` is what a person decided.
    `version` is the server's, `at` when it was made (ISO 8601), as far as they are known.
    """

    generation_id: str
    number: int
    backend: str
    family: str
    checkpoint: str | None
    request: RenderRequest
    score: float
    passed: bool
    losses: Mapping[str, float] = field(default_factory=dict)
    corrections: tuple[Correction, ...] = ()
    cost_px: float = 0.0
    added: tuple[str, ...] = ()
    drawn: Mapping[str, bool] = field(default_factory=dict)
    person: bool | None = None
    project: str = ""
    profile: str = ""
    version: str = ""
    at: str = ""


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What became of attempts with one move against one defect. `cost_px` of each, on average.

    `compared`, `compared_fixed`: new seeds drawn by lot in the place of this move. `uplift` is
    the difference of the shares among those drawn by lot, `low` to `high` its 95 % interval; all
    None without a comparison. A move whose interval lies below zero is `retired`.
    """

    tries: int = 0
    fixed: int = 0
    cost_px: float = 0.0
    compared: int = 0
    compared_fixed: int = 0
    uplift: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def retired(self) -> bool:
        """Whether a plain new seed is shown to do better."""
        return self.high is not None and self.high < 0


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """What is known of one family on one kind of server: (defect, move) → effect.

    `attempts` counts the assessed attempts behind it. `failed` are combinations of parameters
    (`combination_of`) that were tried for several wishes and never passed.
    """

    attempts: int = 0
    effects: Mapping[tuple[str, str], Effect] = field(default_factory=dict)
    failed: frozenset[tuple[object, ...]] = frozenset()

    def has_failed(self, request: RenderRequest) -> bool:
        """Whether these parameters were tried often enough and never gave a good picture."""
        return combination_of(request) in self.failed

    def effect(self, defect: str, move: str) -> Effect:
        """Return what is known of a move; nothing tried is an empty effect."""
        return self.effects.get((defect, move), Effect())


NOTHING = Knowledge()


def combination_of(request: RenderRequest) -> tuple[object, ...]:
    """Return all of a request that a new seed and other words leave as they are."""
    return (
        request.kind,
        request.checkpoint,
        request.width,
        request.height,
        request.steps,
        round(request.cfg, 1),
        request.sampler,
        request.scheduler,
        request.frames,
        request.vae,
        request.lora_strength,
        request.precision,
        request.hires,
    )


def move_of(change: Mapping[str, tuple[object, object]]) -> str:
    """Return what a change does in a word: `cfg-`, `steps+`, `size+`, `sampler` and so on.

    The same word for the same kind of change, whatever its figures.
    """
    words = {_word(name, old, new) for name, (old, new) in change.items()}
    if "sampler" in words:
        words.discard("scheduler")
    if "prompt" in words:
        words.discard("negative")
    if len(words) > 1:
        words.discard(REROLL)
    return " ".join(sorted(words))


def _word(name: str, old: object, new: object) -> str:
    numbers = isinstance(old, int | float) and isinstance(new, int | float)
    name = "size" if name in _SIZES else name
    if name == REROLL or not numbers:
        return name
    return f"{name}{'+' if float(new) > float(old) else '-'}"  # type: ignore[arg-type]  # numbers


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """Parameters for a first attempt, each with where it comes from, and what is expected of them.

    `chance` is the expected share that passes (None without evidence). `explored`: tried to find
    something out, as happens with `probability`.
    """

    values: Mapping[str, object] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    chance: float | None = None
    explored: bool = False
    probability: float = 1.0
