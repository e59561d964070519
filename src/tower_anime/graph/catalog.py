"""Reading `/object_info`: choices, bounds and output nodes of the node classes on offer."""

from __future__ import annotations

from dataclasses import dataclass

from tower_anime.domain.graph import Catalog, input_spec, stated_choices


@dataclass(frozen=True)
class Bounds:
    """The numbers an input takes; None where the catalog sets no end."""

    low: float | None
    high: float | None


def choices(catalog: Catalog, class_type: str, name: str) -> tuple[str, ...] | None:
    """Return what an input may be chosen from; None if unknown or no choice."""
    return stated_choices(input_spec(catalog, class_type, name))


def bounds(catalog: Catalog, class_type: str, name: str) -> Bounds | None:
    """Return the ends of a numeric input; None if unknown or no number."""
    spec = input_spec(catalog, class_type, name)
    if not spec or spec[0] not in ("INT", "FLOAT"):
        return None
    options = spec[1] if len(spec) > 1 else {}
    return Bounds(options.get("min"), options.get("max"))


def is_output(catalog: Catalog, class_type: str) -> bool:
    """Whether the server runs a graph for the sake of this class."""
    return bool(catalog.get(class_type, {}).get("output_node"))
