"""Which model family a graph belongs to, from the names of its loaders and its structure."""

from __future__ import annotations

import re

from tower_anime.domain.family import SD15, SDXL, UNKNOWN, Family
from tower_anime.domain.graph import Graph
from tower_anime.graph.roles import find, value_at

# First match wins. The names are how authors mark their files; other architectures come first,
# since a "flux_15" or "sd3_xl" is neither SD 1.5 nor SDXL.
_NAMES: tuple[tuple[re.Pattern[str], Family], ...] = (
    (
        re.compile(r"flux|sd_?3|wan[_.-]?2|ltx|hunyuan|qwen|z[_-]image|lumina|cosmos|chroma"),
        UNKNOWN,
    ),
    (re.compile(r"xl|pony|illustrious|noob|animagine"), SDXL),
    (re.compile(r"(?<![0-9])(sd|v)?1[._-]?5(?![0-9b])"), SD15),
)
_CLASSES = {
    "CLIPTextEncodeSDXL": SDXL,
    "CLIPTextEncodeSDXLRefiner": SDXL,
    "EmptySD3LatentImage": UNKNOWN,
}


def family(source: Graph | str) -> Family:
    """Return the family of a graph or of a checkpoint's name; `UNKNOWN` has cautious limits."""
    if isinstance(source, str):
        return _by_name(source)
    slots = find(source).bound.get("checkpoint", ())
    by_name = (_by_name(str(value_at(source, slot))) for slot in slots)
    if named := [found for found in by_name if found is not UNKNOWN]:
        return named[0]
    return next(
        (
            _CLASSES[node["class_type"]]
            for node in source.values()
            if node["class_type"] in _CLASSES
        ),
        UNKNOWN,
    )


def _by_name(name: str) -> Family:
    base = name.replace("\\", "/").rsplit("/", 1)[-1].casefold()
    return next((found for pattern, found in _NAMES if pattern.search(base)), UNKNOWN)
