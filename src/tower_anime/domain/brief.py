"""What a person asks for, before anything is decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from tower_anime.domain.request import (
    LOCKABLE,
    Kind,
    check_text_length,
    parse_parameter,
    parse_prompt,
)
from tower_anime.errors import BadInput


class Keep(StrEnum):
    """Of several results of one prompt, publish the best or all."""

    BEST = "best"
    ALL = "all"


class DirectorChoice(StrEnum):
    """Which creative director is asked."""

    AUTO = "auto"
    RULES = "rules"
    OLLAMA = "ollama"
    OPENAI = "openai"
    ECHO = "echo"
    OFF = "off"


MAX_ATTEMPTS = 20  # beyond that a person should look; chosen by hand
MAX_DURATION_S = 600.0  # no model comes near; a slip of the pen does
DEFAULT_PROJECT = "Default"


@dataclass(frozen=True, kw_only=True)
class Brief:
    """One wish, as given. `parameters` are the user's own settings (`--set`, size, seed).

    `workflow` is the name of one that comes along, or `name@sha256` of a kept file; `image` is
    the input picture, `name@sha256` once it is kept; `mask` (likewise) says where it is drawn
    anew, and is in the kept picture's alpha. `duration_s` is how long a clip shall be (seconds);
    None leaves it to the workflow. With `keep` best it is one `of` so many, of which one is
    published. `max_steps` and `max_seconds` bound what all attempts together may cost at the
    servers, besides `max_attempts`.

    Build with `make_brief`, which checks every value.
    """

    prompt: str
    negative: str = ""
    project: str = DEFAULT_PROJECT
    kind: Kind = Kind.STILL
    profile: str = "still"
    workflow: str | None = None
    image: str | None = None
    mask: str | None = None
    duration_s: float | None = None
    parameters: Mapping[str, object] = field(default_factory=dict)
    locks: tuple[str, ...] = ()
    max_attempts: int = 4
    director: DirectorChoice = DirectorChoice.AUTO
    keep: Keep = Keep.ALL
    of: int = 1
    max_steps: int | None = None
    max_seconds: float | None = None
    publish: bool = True

    def without_seed(self) -> Brief:
        """Return the wish that several pictures have in common."""
        parameters = {key: value for key, value in self.parameters.items() if key != "seed"}
        return replace(self, parameters=parameters)


def make_brief(
    *,
    prompt: str,
    negative: str = "",
    project: str = DEFAULT_PROJECT,
    kind: Kind = Kind.STILL,
    profile: str | None = None,
    workflow: str | None = None,
    image: str | None = None,
    mask: str | None = None,
    duration_s: float | None = None,
    parameters: Mapping[str, object] | None = None,
    locks: tuple[str, ...] = (),
    max_attempts: int = 4,
    director: DirectorChoice = DirectorChoice.AUTO,
    keep: Keep = Keep.ALL,
    of: int = 1,
    max_steps: int | None = None,
    max_seconds: float | None = None,
    publish: bool = True,
) -> Brief:
    """Return a checked brief; `BadInput` names what is allowed."""
    for lock in locks:
        if lock not in LOCKABLE:
            raise BadInput(f"unknown lock {lock!r}; allowed: {', '.join(LOCKABLE)}")
    if not 1 <= max_attempts <= MAX_ATTEMPTS:
        raise BadInput(f"max_attempts must be 1 to {MAX_ATTEMPTS}, not {max_attempts}")
    if max_steps is not None and max_steps < 1:
        raise BadInput(f"max_steps must be at least 1, not {max_steps}")
    if max_seconds is not None and not 0 < max_seconds < float("inf"):
        raise BadInput(f"max_seconds must be above 0, not {max_seconds:g}")
    if mask and not image:
        raise BadInput("a mask needs the picture that it lies on; name it as `image`")
    if not project.strip():
        raise BadInput("the project's name is empty")
    _check_motion(kind, duration_s, parameters or {})
    return Brief(
        prompt=parse_prompt(prompt),
        negative=check_text_length(negative.strip(), what="negative prompt"),
        project=check_text_length(project.strip(), what="project name"),
        kind=kind,
        profile=profile or kind.value,
        workflow=workflow,
        image=image,
        mask=mask,
        duration_s=duration_s,
        parameters={key: parse_parameter(key, value) for key, value in (parameters or {}).items()},
        locks=tuple(dict.fromkeys(part for lock in locks for part in _lock_parts(lock))),
        max_attempts=max_attempts,
        director=director,
        keep=keep,
        of=of,
        max_steps=max_steps,
        max_seconds=max_seconds,
        publish=publish,
    )


def _check_motion(kind: Kind, duration_s: float | None, parameters: Mapping[str, object]) -> None:
    """Refuse a length or a rate for a still, and an absurd length."""
    timed = [name for name in ("frames", "frame_rate") if parameters.get(name) is not None]
    if kind is Kind.STILL and (duration_s is not None or timed):
        name = "duration" if duration_s is not None else timed[0]
        raise BadInput(f"only a clip has a {name}; set `kind` to clip")
    if duration_s is not None and not 0 < duration_s <= MAX_DURATION_S:
        raise BadInput(
            f"duration must be above 0 and at most {MAX_DURATION_S:g} s, not {duration_s:g}"
        )


def _lock_parts(lock: str) -> tuple[str, ...]:
    return ("width", "height") if lock == "size" else (lock,)
