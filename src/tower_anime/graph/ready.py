"""The workflows that come along: core nodes only, in API format.

Their loaders name the files of ComfyUI's own examples. A server that has another edition of the
same model (another precision, another folder) is served with that: see `fit`.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import cast

from tower_anime.domain.family import (
    ANIMAGINE,
    FLUX,
    ILLUSTRIOUS,
    LTX,
    NOOBAI,
    PONY,
    SD15,
    SDXL,
    WAN,
    Family,
)
from tower_anime.domain.graph import Catalog, Graph
from tower_anime.domain.request import Kind
from tower_anime.errors import BadInput
from tower_anime.graph import guess
from tower_anime.graph.catalog import choices


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A workflow that comes along. `needs_image`: it starts from a picture of the user's."""

    name: str
    title: str
    kind: Kind
    family: Family
    needs_image: bool = False


_ALL = (
    Ready(
        name="text_to_image",
        title="a still from words (SDXL and its anime children)",
        kind=Kind.STILL,
        family=SDXL,
    ),
    Ready(
        name="text_to_image_sd15",
        title="a still from words (SD 1.5)",
        kind=Kind.STILL,
        family=SD15,
    ),
    Ready(
        name="text_to_image_flux",
        title="a still from words (FLUX.1 dev)",
        kind=Kind.STILL,
        family=FLUX,
    ),
    Ready(
        name="image_to_image",
        title="a still redrawn after a picture (SDXL)",
        kind=Kind.STILL,
        family=SDXL,
        needs_image=True,
    ),
    Ready(
        name="inpaint",
        title="a still redrawn where its mask is white (SDXL)",
        kind=Kind.STILL,
        family=SDXL,
        needs_image=True,
    ),
    Ready(
        name="hires_fix",
        title="a still drawn, enlarged 1.5 times and drawn over (SDXL)",
        kind=Kind.STILL,
        family=SDXL,
    ),
    Ready(
        name="text_to_video_wan", title="a clip from words (Wan 2.1)", kind=Kind.CLIP, family=WAN
    ),
    Ready(
        name="image_to_video_wan",
        title="a clip that begins with a picture (Wan 2.1)",
        kind=Kind.CLIP,
        family=WAN,
        needs_image=True,
    ),
    Ready(
        name="text_to_video_ltx", title="a clip from words (LTX-Video)", kind=Kind.CLIP, family=LTX
    ),
    Ready(
        name="image_to_video_ltx",
        title="a clip that begins with a picture (LTX-Video)",
        kind=Kind.CLIP,
        family=LTX,
        needs_image=True,
    ),
)
READY: Mapping[str, Ready] = {ready.name: ready for ready in _ALL}
"""Every workflow that comes along, by its name."""

DEFAULT = "text_to_image"

_ALIKE = {SDXL.name: {f.name for f in (SDXL, ILLUSTRIOUS, NOOBAI, PONY, ANIMAGINE)}}

# The files of ComfyUI's examples, and how other editions of the same model are called.
_EDITIONS: Mapping[str, re.Pattern[str]] = {
    "flux1-dev.safetensors": re.compile(r"flux.?1?[-_.]?dev"),
    "t5xxl_fp16.safetensors": re.compile(r"(?<!m)t5[-_]?xxl"),
    "clip_l.safetensors": re.compile(r"clip[-_]?l(?![a-z])"),
    "ae.safetensors": re.compile(r"(^|[/\\])ae[._]|flux.*(vae|ae)[._]"),
    "wan2.1_t2v_1.3B_fp16.safetensors": re.compile(r"wan.*2[._]?1.*t2v|wan.*t2v"),
    "wan2.1_i2v_480p_14B_fp16.safetensors": re.compile(r"wan.*2[._]?1.*i2v"),
    "umt5_xxl_fp8_e4m3fn_scaled.safetensors": re.compile(r"umt5"),
    "wan_2.1_vae.safetensors": re.compile(r"wan.*(2[._]?1.*)?vae"),
    "clip_vision_h.safetensors": re.compile(r"clip[-_]?vision[-_]?h|clip.*vit[-_]?h"),
    "ltx-video-2b-v0.9.5.safetensors": re.compile(r"(?<![a-z])ltx"),
}


def find(name: str) -> Ready | None:
    """Return a workflow that comes along by its name (hyphens count as underscores), or None."""
    return READY.get(name.replace("-", "_"))


def template(name: str = DEFAULT) -> Graph:
    """Return a fresh copy of a workflow that comes along; `BadInput` lists them."""
    ready = find(name)
    if ready is None:
        raise BadInput(f"unknown workflow {name!r}; there are: {', '.join(READY)}")
    file = resources.files("tower_anime.graph") / "templates" / f"{ready.name}.json"
    return cast("Graph", json.loads(file.read_text(encoding="utf-8")))


def fit(graph: Graph, ready: Ready, catalog: Catalog) -> Graph:
    """Return the graph with the server's editions of the models that its loaders name.

    What the server has under the very name, or has no edition of, stays as it is: preflight
    then says what is missing.
    """
    result = copy.deepcopy(graph)
    for node in result.values():
        for name, value in node["inputs"].items():
            offered = choices(catalog, node["class_type"], name) or ()
            if isinstance(value, str) and value not in offered:
                edition = _edition(value, offered, ready, is_model=name in ("ckpt_name",))
                node["inputs"][name] = value if edition is None else edition
    return result


def suits(model: str, ready: Ready) -> bool:
    """Whether a model file's name says that it is of the workflow's family or a child of it."""
    family = guess.family(model)
    return family.name in _ALIKE.get(ready.family.name, {ready.family.name})


def _edition(value: str, offered: tuple[str, ...], ready: Ready, *, is_model: bool) -> str | None:
    if not value and is_model:
        return next((name for name in offered if suits(name, ready)), None)
    pattern = _EDITIONS.get(value)
    if pattern is None:
        return None
    return next((name for name in offered if pattern.search(name.casefold())), None)
