"""Which model does which work: each role's own, another role's when it is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tower_anime.domain.conversation import Role

_LOOKED_AT = 40  # models that are asked whether they see; servers list hundreds
_EYES = ("vl", "vision", "llava", "omni", "pixtral", "moondream", "minicpm", "gemma3", "4o")
"""Parts of the names of models that tend to see; those are asked first."""

_NO_TALKERS = ("embed", "bge-", "rerank", "whisper", "tts", "minilm")
"""Parts of the names of models that can't converse."""


@dataclass(frozen=True)
class Cast:
    """The model for a role. `note` says whose place it takes, if not its own."""

    model: str
    note: str = ""


def cast(role: Role, wanted: Mapping[Role, str], offered: Sequence[str]) -> Cast | None:
    """Return the model for `role`; None when the server has none that talks.

    An empty `offered` means that the server does not say or chooses by itself.
    """
    mine = wanted.get(role, "")
    if not offered:
        return Cast(mine)
    found = _offered_as(mine, offered)
    if found:
        return Cast(found)
    for other, model in wanted.items():
        found = _offered_as(model, offered)
        if found:
            return Cast(found, f"{mine or 'no model'} is not there: {found}, of {other}, speaks")
    talker = next((name for name in offered if _talks(name)), None)
    if talker is None:
        return None
    return Cast(talker, f"{mine or 'no model'} is not there, nor another role's: {talker} speaks")


def cast_with_eyes(
    wanted: Mapping[Role, str], offered: Sequence[str], sees: Callable[[str], bool]
) -> Cast | None:
    """Return the model for the review of pictures: the first that sees. None: all are blind."""
    mine = wanted.get(Role.VISION_REVIEW, "")
    others = (model for role, model in wanted.items() if role is not Role.VISION_REVIEW)
    named = [_offered_as(model, offered) if offered else model for model in (mine, *others)]
    first = [model for model in dict.fromkeys(named) if model and _talks(model)]
    rest = [model for model in dict.fromkeys(offered) if model not in first and _talks(model)]
    likely = sorted(rest, key=lambda model: not any(part in model.lower() for part in _EYES))
    found = next((model for model in (*first, *likely[:_LOOKED_AT]) if sees(model)), None)
    if found is None:
        return None
    known = not mine or found == _offered_as(mine, offered or (mine,))
    return Cast(found, "" if known else f"{mine} is not there or can't see: {found} looks")


def _offered_as(model: str, offered: Sequence[str]) -> str | None:
    """Return the server's name for a model: Ollama adds `:latest` to a name without a tag."""
    if not model:
        return None
    names = (model, f"{model}:latest")
    return next((name for name in offered if name in names), None)


def _talks(name: str) -> bool:
    return not any(part in name.lower() for part in _NO_TALKERS)
