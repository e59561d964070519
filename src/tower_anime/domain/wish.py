"""A request in the interface's words → briefs: for prompt files, the command line and HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import TypeVar

from tower_anime.domain.brief import DEFAULT_PROJECT, Brief, DirectorChoice, Keep, make_brief
from tower_anime.domain.request import Kind, parse_parameter, parse_size
from tower_anime.errors import BadInput

MAX_EXPANSION = 1000  # briefs from one line; a slip of the pen makes more
_Word = TypeVar("_Word", bound=StrEnum)

WISH_KEYS = (
    "prompt",
    "negative",
    "project",
    "profile",
    "kind",
    "workflow",
    "image",
    "mask",
    "size",
    "duration",
    "frame_rate",
    "seed",
    "set",
    "lock",
    "max_attempts",
    "max_steps",
    "max_seconds",
    "count",
    "keep",
    "director",
    "publish",
)
"""What a request may say, in a prompt file's JSON line and in the body of an HTTP call."""


def briefs_of(wish: Mapping[str, object]) -> tuple[Brief, ...]:
    """Return the briefs that a request in the interface's words asks for.

    `{a|b}` in the prompt makes one for each alternative, `count` repeats each of them with
    seeds that count up from `seed` when that is given; with `keep` best, one of those is
    published. `BadInput` names what is allowed.
    """
    unknown = [key for key in wish if key not in WISH_KEYS]
    if unknown:
        raise BadInput(f"unknown field {unknown[0]!r}; allowed: {', '.join(WISH_KEYS)}")
    parameters = dict(_mapping(wish.get("set"), name="set"))
    if wish.get("size") is not None:
        parameters["width"], parameters["height"] = parse_size(str(wish["size"]))
    if wish.get("frame_rate") is not None:
        parameters["frame_rate"] = wish["frame_rate"]
    count = _count(wish.get("count", 1))
    seed = wish.get("seed", parameters.pop("seed", None))
    first_seed = None if seed is None else int(parse_parameter("seed", seed))
    return tuple(
        make_brief(
            prompt=prompt,
            negative=_text(wish, "negative", ""),
            project=_text(wish, "project", DEFAULT_PROJECT),
            profile=_text(wish, "profile", "") or None,
            kind=_choice(Kind, wish.get("kind", Kind.STILL), name="kind"),
            workflow=_text(wish, "workflow", "") or None,
            image=_text(wish, "image", "") or None,
            mask=_text(wish, "mask", "") or None,
            duration_s=_seconds(wish.get("duration"), name="duration"),
            parameters={
                **parameters,
                **({} if first_seed is None else {"seed": first_seed + index}),
            },
            locks=_words(wish.get("lock"), name="lock"),
            max_attempts=_whole(wish.get("max_attempts", 4), name="max_attempts"),
            max_steps=_optional_whole(wish, "max_steps"),
            max_seconds=_seconds(wish.get("max_seconds"), name="max_seconds"),
            keep=_choice(Keep, wish.get("keep") or Keep.ALL, name="keep"),
            of=count if wish.get("keep") == Keep.BEST else 1,
            director=_choice(DirectorChoice, wish.get("director", "auto"), name="director"),
            publish=_flag(wish.get("publish", True), name="publish"),
        )
        for prompt in expand(_text(wish, "prompt", ""))
        for index in range(count)
    )


def expand(prompt: str) -> tuple[str, ...]:
    """Return the prompts that `{a|b|c}` stands for, in order; braces without `|` stay."""
    prompts = tuple(_expand(prompt))
    if len(prompts) >= MAX_EXPANSION:
        raise BadInput(f"the prompt expands to {MAX_EXPANSION} or more; use several requests")
    return prompts


def _expand(prompt: str) -> Iterator[str]:
    """Yield the expansions, at most `MAX_EXPANSION` of them."""
    pending, done = [prompt], 0
    while pending and done < MAX_EXPANSION:
        text = pending.pop()
        group = re.search(r"\{([^{}]*\|[^{}]*)\}", text)
        if group is None:
            done += 1
            yield text
            continue
        options = reversed(group[1].split("|"))
        pending += [text[: group.start()] + word.strip() + text[group.end() :] for word in options]


def _count(value: object) -> int:
    count = _whole(value, name="count")
    if not 1 <= count <= MAX_EXPANSION:
        raise BadInput(f"count must be 1 to {MAX_EXPANSION}, not {count}")
    return count


def _whole(value: object, *, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadInput(f"{name} must be a whole number, not {value!r}")
    return value


def _optional_whole(wish: Mapping[str, object], name: str) -> int | None:
    return None if wish.get(name) is None else _whole(wish[name], name=name)


def _seconds(value: object, *, name: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadInput(f"{name} must be a number of seconds, not {value!r}")
    return float(value)


def _flag(value: object, *, name: str) -> bool:
    if not isinstance(value, bool):
        raise BadInput(f"{name} must be true or false, not {value!r}")
    return value


def _text(wish: Mapping[str, object], name: str, default: str) -> str:
    value = wish.get(name)
    if value is None:
        return default
    if not isinstance(value, str):
        raise BadInput(f"{name} must be text, not {value!r}")
    return value


def _mapping(value: object, *, name: str) -> Mapping[str, object]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise BadInput(f"{name} must be an object of parameters, not {value!r}")
    return value


def _words(value: object, *, name: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str) or not isinstance(value, list | tuple):
        raise BadInput(f"{name} must be a list of parameter names, not {value!r}")
    return tuple(str(word) for word in value)


def _choice(kind: type[_Word], value: object, *, name: str) -> _Word:
    try:
        return kind(str(value))
    except ValueError:
        allowed = ", ".join(member.value for member in kind)
        raise BadInput(f"{name} must be one of {allowed}, not {value!r}") from None
