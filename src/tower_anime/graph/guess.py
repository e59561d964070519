"""Which model family a graph belongs to, from the names of its loaders and its structure."""

from __future__ import annotations

import re

from tower_anime.domain.family import (
    ANIMAGINE,
    ANIMATEDIFF,
    FAMILIES,
    FLUX,
    FLUX_SCHNELL,
    ILLUSTRIOUS,
    LTX,
    NOOBAI,
    PONY,
    SD3,
    SD15,
    SDXL,
    UNKNOWN,
    WAN,
    WAN_5B,
    Family,
)
from tower_anime.domain.graph import Graph
from tower_anime.errors import BadInput
from tower_anime.graph.links import upstream, value_at
from tower_anime.graph.roles import Roles, find, has_motion_module

# First match wins. The names are how authors mark their files; architectures that have no family
# here come before those that have, since a "hunyuan_xl" is no SDXL.
_NAMES: tuple[tuple[re.Pattern[str], Family], ...] = (
    (
        re.compile(
            r"hunyuan|qwen|z[_-]image|lumina|cosmos|chroma|auraflow|pixart|kolors|hidream|mochi"
            r"|flux[._-]?2|kontext|omnigen|svd|stable[_-]?cascade"
        ),
        UNKNOWN,
    ),
    (re.compile(r"schnell"), FLUX_SCHNELL),
    (re.compile(r"flux"), FLUX),
    (re.compile(r"wan[_.-]?2[_.-]?2.*5b"), WAN_5B),
    (re.compile(r"(?<![a-z])wan[_.-]?(?:video|2|[ti]2v|fun)|wan.*(?:t2v|i2v)"), WAN),
    (re.compile(r"(?<![a-z])ltx"), LTX),
    (re.compile(r"sd[_-]?v?3(?![0-9])|stable[_-]?diffusion[_-]?3"), SD3),
    (re.compile(r"pony(?!.*(?:sd15|1[._]5))|autismmix"), PONY),
    (re.compile(r"animagine"), ANIMAGINE),
    (re.compile(r"noob"), NOOBAI),
    (re.compile(r"illustrious|(?<![a-z])(?:wai|hassaku).*ill|ilxl"), ILLUSTRIOUS),
    (re.compile(r"xl"), SDXL),
    (re.compile(r"(?<![0-9])(sd|v)?1[._-]?5(?![0-9b])"), SD15),
)

# Structure, where the names say nothing. A class that several families use is not here.
_CLASSES: dict[str, Family] = {
    "CLIPTextEncodeSDXL": SDXL,
    "CLIPTextEncodeSDXLRefiner": SDXL,
    "CLIPTextEncodeSD3": SD3,
    "TripleCLIPLoader": SD3,
    "CLIPTextEncodeFlux": FLUX,
    "ModelSamplingFlux": FLUX,
    "Wan22ImageToVideoLatent": WAN_5B,
    "WanImageToVideo": WAN,
    "WanFirstLastFrameToVideo": WAN,
    "WanVaceToVideo": WAN,
    "EmptyLTXVLatentVideo": LTX,
    "LTXVImgToVideo": LTX,
    "LTXVConditioning": LTX,
    "LTXVScheduler": LTX,
}
# What a text encoder's loader is told the model is.
_CLIP_TYPES: dict[str, Family] = {"sdxl": SDXL, "sd3": SD3, "flux": FLUX, "wan": WAN, "ltxv": LTX}


def family(source: Graph | str, *, override: str | None = None) -> Family:
    """Return the family of a graph or of a model file's name; `UNKNOWN` has cautious limits.

    `override` is a family's name that a person stated; it wins. `BadInput` lists the families.
    """
    if override is not None:
        return named(override)
    return _by_name(source) if isinstance(source, str) else _of_graph(source)


def named(name: str) -> Family:
    """Return a family by its name; `BadInput` lists them."""
    if name not in FAMILIES:
        raise BadInput(f"unknown model family {name!r}; there are: {', '.join(FAMILIES)}")
    return FAMILIES[name]


def _of_graph(graph: Graph) -> Family:
    if has_motion_module(graph):
        return ANIMATEDIFF
    roles = find(graph)
    open_slots = (d.candidates for d in roles.ambiguous if d.parameter == "checkpoint")
    slots = (*roles.bound.get("checkpoint", ()), *(slot for each in open_slots for slot in each))
    by_name = (_by_name(str(value_at(graph, slot))) for slot in slots)
    return next((f for f in by_name if f is not UNKNOWN), None) or _by_structure(graph, roles)


def _by_structure(graph: Graph, roles: Roles) -> Family:
    nodes = [graph[node] for node in upstream(graph, roles.outputs)]
    classes = {node["class_type"] for node in nodes}
    found = {family.name: family for name, family in _CLASSES.items() if name in classes}
    if not found:
        types = [str(node["inputs"].get("type")) for node in nodes if "CLIP" in node["class_type"]]
        found = {_CLIP_TYPES[word].name: _CLIP_TYPES[word] for word in types if word in _CLIP_TYPES}
    return next(iter(found.values())) if len(found) == 1 else UNKNOWN


def _by_name(name: str) -> Family:
    base = name.replace("\\", "/").rsplit("/", 1)[-1].casefold()
    return next((found for pattern, found in _NAMES if pattern.search(base)), UNKNOWN)
