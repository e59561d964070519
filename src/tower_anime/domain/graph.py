"""ComfyUI graphs and node catalogs as plain values, and how a catalog states its choices."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Graph: TypeAlias = dict[str, dict[str, Any]]
"""A ComfyUI graph in API format: node id → {"class_type", "inputs", "_meta"?}."""

Catalog: TypeAlias = Mapping[str, Mapping[str, Any]]
"""The node classes a server offers, as `/object_info` gives them."""

NAMED_AT_MOST = 12  # a message that lists more is not read; chosen by hand


def is_link(value: object) -> bool:
    """Whether an input's value is a link `[node id, output number]` and no literal."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str)
        and isinstance(value[1], int)
        and not isinstance(value[1], bool)
        and value[1] >= 0
    )


def input_spec(catalog: Catalog, class_type: str, name: str) -> Any:
    """Return what the catalog says of an input, such as `["INT", {…}]`; None if nothing."""
    inputs = catalog.get(class_type, {}).get("input", {})
    for section in ("required", "optional"):
        if name in inputs.get(section, {}):
            return inputs[section][name]
    return None


def stated_choices(spec: Any) -> tuple[str, ...] | None:
    """Return the choices that an input's specification states, None if it is no choice.

    The three ways: `[[…], {}]`, `["COMBO", {"options": […]}]` and `COMFY_DYNAMICCOMBO_V3`,
    whose options are `{"key": …, "inputs": …}`.
    """
    if not isinstance(spec, list) or not spec:
        return None
    kind, more = spec[0], spec[1] if len(spec) > 1 else None
    if isinstance(kind, list):
        return tuple(str(choice) for choice in kind)
    options = more.get("options") if isinstance(more, dict) else None
    if not isinstance(options, list):
        return None
    if kind == "COMBO":
        return tuple(str(choice) for choice in options)
    if kind == "COMFY_DYNAMICCOMBO_V3":
        return tuple(str(option["key"]) for option in options if "key" in option)
    return None


def nearest(word: str, choices: Sequence[str]) -> tuple[str, ...]:
    """Return up to three choices spelled most like `word`, case ignored."""
    folded = {choice.casefold(): choice for choice in choices}
    return tuple(folded[match] for match in difflib.get_close_matches(word.casefold(), folded))


def describe_choices(received: object, choices: Sequence[str]) -> str:
    """Say what is allowed instead of `received`: the nearest first, then the list, cut short."""
    if not choices:
        return "the server offers none"
    near = nearest(str(received), choices)
    listed = ", ".join(choices[:NAMED_AT_MOST])
    more = f" and {len(choices) - NAMED_AT_MOST} more" if len(choices) > NAMED_AT_MOST else ""
    hint = f"nearest: {', '.join(near)}; " if near else ""
    return f"{hint}allowed: {listed}{more}"
