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
    `checkpoint` None means "the workflow's or the server's first", as None means for `vae`,
    `lora_strength` and `precision` (of the model's weights). `hires` draws the picture a second
    time, so many times as large on each side, from the first one's latent (None or 1: once).
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
    vae: str | None = None
    lora_strength: float | None = None
    precision: str | None = None
    hires: float | None = None

    def changed(self, **changes: Any) -> RenderRequest:
        """Return a copy with `changes` applied and checked."""
        return check_request(replace(self, **changes))

    def identity(self) -> tuple[object, ...]:
        """Return a hashable value, equal for requests that would draw the same picture."""
        return tuple(getattr(self, field.name) for field in fields(self))


@dataclass(frozen=True)
class Numbers:
    """The numbers a parameter may be, both ends included."""

    kind: type[int] | type[float]
    low: float
    high: float
    unit: str = ""

    def describe(self) -> str:
        """Say in words what is allowed."""
        name = "a whole number" if self.kind is int else "a number"
        unit = f" {self.unit}" if self.unit else ""
        return f"{name} from {self.low:.10g} to {self.high:.10g}{unit}"


MAX_SEED = 2**64 - 1  # KSampler's own limit
SEED_MASK = 2**48 - 1  # seeds we choose: exact as a JavaScript number too
MAX_PROMPT_CHARS = 20_000  # CLIP reads 77 tokens a chunk; longer text is a mistake

PARAMETERS: dict[str, Numbers | None] = {
    "steps": Numbers(int, 1, 1000),
    "cfg": Numbers(float, 0.0, 100.0),
    "sampler": None,
    "scheduler": None,
    "denoise": Numbers(float, 0.0, 1.0),
    "seed": Numbers(int, 0, MAX_SEED),
    "checkpoint": None,
    "width": Numbers(int, 16, 16384, "px"),
    "height": Numbers(int, 16, 16384, "px"),
    "frames": Numbers(int, 1, 10_000),
    "frame_rate": Numbers(float, 0.1, 240.0, "frames/s"),
    "vae": None,
    "lora_strength": Numbers(float, -10.0, 10.0),
    "precision": None,
    "hires": Numbers(float, 1.0, 4.0),
}
"""The parameters that `--set` and `--lock` take; None stands for a word."""

LOCKABLE = (*PARAMETERS, "prompt", "negative", "size")


def parse_parameter(key: str, value: object) -> str | int | float:
    """Return `value` as the type `key` wants; `BadInput` names what is allowed."""
    if key not in PARAMETERS:
        raise BadInput(f"unknown parameter {key!r}; allowed: {', '.join(PARAMETERS)}")
    allowed = PARAMETERS[key]
    if allowed is None:
        text = str(value).strip()
        if not text:
            raise BadInput(f"{key} must not be empty")
        return text
    number = _number(value, allowed.kind)
    if number is None or not allowed.low <= number <= allowed.high:
        raise BadInput(f"{key} must be {allowed.describe()}, not {value!r}")
    return number


def _number(value: object, kind: type[int] | type[float]) -> int | float | None:
    """Return `value` as an exact number of `kind`, None if it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value) if kind is float else int(value)
    except (ValueError, OverflowError):
        return None
    return number if kind is float or isinstance(value, str) or number == value else None


def parse_size(text: str) -> tuple[int, int]:
    """Parse `WIDTHxHEIGHT` in pixels."""
    width, sep, height = text.lower().replace("×", "x").partition("x")
    if not sep or not width.strip() or not height.strip():
        raise BadInput(f"a size looks like 1024x1024 (width x height in pixels), not {text!r}")
    sides = (parse_parameter("width", width.strip()), parse_parameter("height", height.strip()))
    return int(sides[0]), int(sides[1])


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
