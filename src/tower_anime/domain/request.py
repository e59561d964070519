"""What one attempt asks of a generator: a value that holds all a render needs."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

from tower_anime.errors import BadInput


class Kind(StrEnum):
    """A still picture or a clip."""

    STILL = "still"
    CLIP = "clip"


@dataclass(frozen=True, kw_only=True)
class RenderRequest:
    """All parameters of one attempt, in the words of the interface.

    `width`, `height` in pixels, `frame_rate` in frames per second, `frames` None for a still.
    `checkpoint` None means "the workflow's or the server's first".
    """

    kind: Kind = Kind.STILL
    prompt: str
    negative: str = ""
    width: int
    height: int
    steps: int
    cfg: float
    sampler: str
    scheduler: str
    seed: int
    denoise: float = 1.0
    checkpoint: str | None = None
    frames: int | None = None
    frame_rate: float | None = None

    def changed(self, **changes: Any) -> RenderRequest:
        """Return a copy with `changes` applied and checked."""
        return check_request(replace(self, **changes))

    def identity(self) -> tuple[object, ...]:
        """Return a hashable value, equal for requests that would draw the same picture."""
        return tuple(getattr(self, field.name) for field in fields(self))


@dataclass(frozen=True)
class Range:
    """What a settable parameter may be. `low` and `high` are inclusive."""

    kind: type
    low: float | None = None
    high: float | None = None
    unit: str = ""

    def describe(self) -> str:
        """Say in words what is allowed."""
        if self.kind is str:
            return "a word"
        name = "a whole number" if self.kind is int else "a number"
        unit = f" {self.unit}" if self.unit else ""
        return f"{name} from {self.low:g} to {self.high:g}{unit}"


MAX_SEED = 2**64 - 1  # KSampler's own limit
MAX_PROMPT_CHARS = 20_000  # CLIP reads 77 tokens a chunk; longer text is a mistake

PARAMETERS: dict[str, Range] = {
    "steps": Range(int, 1, 1000),
    "cfg": Range(float, 0.0, 100.0),
    "sampler": Range(str),
    "scheduler": Range(str),
    "denoise": Range(float, 0.0, 1.0),
    "seed": Range(int, 0, MAX_SEED),
    "checkpoint": Range(str),
    "width": Range(int, 16, 16384, "px"),
    "height": Range(int, 16, 16384, "px"),
    "frames": Range(int, 1, 10_000),
    "frame_rate": Range(float, 0.1, 240.0, "frames/s"),
}
"""The parameters that `--set` and `--lock` take."""

LOCKABLE = (*PARAMETERS, "prompt", "negative", "size")


def parse_parameter(key: str, value: object) -> object:
    """Return `value` as the type `key` wants; `BadInput` names what is allowed."""
    if key not in PARAMETERS:
        raise BadInput(f"unknown parameter {key!r}; allowed: {', '.join(PARAMETERS)}")
    allowed = PARAMETERS[key]
    if allowed.kind is str:
        text = str(value).strip()
        if not text:
            raise BadInput(f"{key} must not be empty")
        return text
    try:
        if isinstance(value, bool):
            raise ValueError
        number = float(value) if allowed.kind is float else _whole(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise BadInput(f"{key} must be {allowed.describe()}, not {value!r}") from None
    assert allowed.low is not None and allowed.high is not None
    if not allowed.low <= number <= allowed.high:
        raise BadInput(f"{key} must be {allowed.describe()}, not {value!r}")
    return number


def _whole(value: object) -> int:
    if isinstance(value, float):
        if not value.is_integer():
            raise ValueError
        return int(value)
    return int(value)  # type: ignore[call-overload, no-any-return]


def parse_size(text: str) -> tuple[int, int]:
    """Parse `WIDTHxHEIGHT` in pixels."""
    width, sep, height = text.lower().replace("×", "x").partition("x")
    if not sep or not width.strip() or not height.strip():
        raise BadInput(f"a size looks like 1024x1024 (width x height in pixels), not {text!r}")
    parsed = parse_parameter("width", width.strip()), parse_parameter("height", height.strip())
    return parsed  # type: ignore[return-value]


def parse_prompt(text: str) -> str:
    """Return the prompt without outer white space; refuse empty and absurdly long ones."""
    prompt = text.strip()
    if not prompt:
        raise BadInput("the prompt is empty; say what the picture should show")
    return check_text_length(prompt, what="prompt")


def check_text_length(text: str, *, what: str) -> str:
    """Return `text`, or refuse one that no text encoder would read to its end."""
    if len(text) > MAX_PROMPT_CHARS:
        raise BadInput(
            f"the {what} has {len(text):,} characters; at most {MAX_PROMPT_CHARS:,} are allowed"
        )
    return text


def check_request(request: RenderRequest) -> RenderRequest:
    """Return `request` if every parameter is allowed, else raise `BadInput`."""
    parse_prompt(request.prompt)
    check_text_length(request.negative, what="negative prompt")
    for key in PARAMETERS:
        value = getattr(request, key)
        if value is not None:
            parse_parameter(key, value)
    return request
