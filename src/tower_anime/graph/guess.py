"""Which model family a graph belongs to, from the names of its loaders and its structure."""

from __future__ import annotations

import re

from tower_anime.domain import families
from tower_anime.domain import family as classic
from tower_anime.domain.family import ANIMATEDIFF, UNKNOWN, Family
from tower_anime.domain.graph import Graph
from tower_anime.errors import BadInput
from tower_anime.graph.links import upstream, value_at
from tower_anime.graph.roles import Roles, find, has_motion_module

# First match wins. The names are how authors mark their files; architectures that have no family
# here come before those that have, since a "hunyuan_3d" is no film and an "ace_step_xl" no SDXL.
_NAMES: tuple[tuple[re.Pattern[str], Family], ...] = tuple(
    (re.compile(pattern), found)
    for pattern, found in (
        (
            (
                r"hunyuan.?3d|ace[_-]?step|stable[_-]?audio|cosmos|auraflow|pixart|kolors|mochi"
                r"|flux[._-]?[3-9]|kontext|omnigen|svd|stable[_-]?cascade|hidream[._-]?(?:e1|o1)"
                r"|hunyuan[_-]?(?:dit|xl)|qwen_image_layered|z[_-]image[_-]?edit|ming_image|krea[_-]?2"
            ),
            UNKNOWN,
        ),
        (r"flux[._-]?2.*klein.*base", families.FLUX2_KLEIN_BASE),
        (r"flux[._-]?2.*klein", families.FLUX2_KLEIN),
        (r"flux[._-]?2", families.FLUX2),
        (r"schnell", classic.FLUX_SCHNELL),
        (r"(?<![a-z])chroma(?!t)", families.CHROMA),
        (r"flux", classic.FLUX),
        (r"qwen[._-]?image", families.QWEN_IMAGE),
        (r"(?<![a-z])z[._-]?image.*turbo", families.Z_IMAGE_TURBO),
        (r"(?<![a-z])z[._-]?image", families.Z_IMAGE),
        (r"new[._-]?bie", families.NEWBIE),
        (r"lumina|neta[._-]?(?:yume|lumina)", families.LUMINA2),
        (r"(?<![a-z])anima(?![a-z])", families.ANIMA),
        (r"hunyuan[._-]?video[._-]?1[._]5", families.HUNYUAN_VIDEO_15),
        (r"hunyuan[._-]?video", families.HUNYUAN_VIDEO),
        (r"hunyuan[._-]?image", families.HUNYUAN_IMAGE),
        (r"hunyuan", UNKNOWN),
        (r"hidream.*(?:dev|fast)", families.HIDREAM_DEV),
        (r"hidream", families.HIDREAM),
        (r"ernie[._-]?image.*turbo", families.ERNIE_IMAGE_TURBO),
        (r"ernie[._-]?image", families.ERNIE_IMAGE),
        (r"ovis[._-]?image", families.OVIS_IMAGE),
        (r"kandinsky[._-]?5.*t2i", families.KANDINSKY5_IMAGE),
        (r"kandinsky[._-]?5.*[ti]2v", families.KANDINSKY5_VIDEO),
        (r"wan[_.-]?2[_.-]?2.*5b", classic.WAN_5B),
        (r"(?<![a-z])wan[_.-]?(?:video|2|[ti]2v|fun)|wan.*(?:t2v|i2v)", classic.WAN),
        (r"(?<![a-z])ltx[a-z]*[._-]?2(?![0-9]|b)", families.LTX2),
        (r"(?<![a-z])ltx", classic.LTX),
        (r"sd[_-]?v?3(?![0-9])|stable[_-]?diffusion[_-]?3", classic.SD3),
        (r"pony(?!.*(?:sd15|1[._]5))|autismmix", classic.PONY),
        (r"animagine", classic.ANIMAGINE),
        (r"noob", classic.NOOBAI),
        (r"illustrious|(?<![a-z])(?:wai|hassaku).*ill|ilxl", classic.ILLUSTRIOUS),
        (r"xl", classic.SDXL),
        (r"(?<![0-9])(sd|v)?1[._-]?5(?![0-9b])", classic.SD15),
    )
)

# Structure, where the names say nothing. A class that several families use is not here.
_CLASSES: dict[str, Family] = {
    "CLIPTextEncodeSDXL": classic.SDXL,
    "CLIPTextEncodeSDXLRefiner": classic.SDXL,
    "CLIPTextEncodeSD3": classic.SD3,
    "TripleCLIPLoader": classic.SD3,
    "CLIPTextEncodeFlux": classic.FLUX,
    "CLIPTextEncodeLumina2": families.LUMINA2,
    "TextEncodeQwenImageEdit": families.QWEN_IMAGE,
    "TextEncodeQwenImageEditPlus": families.QWEN_IMAGE,
    "EmptyHunyuanImageLatent": families.HUNYUAN_IMAGE,
    "TextEncodeHunyuanVideo_ImageToVideo": families.HUNYUAN_VIDEO,
    "HunyuanVideo15ImageToVideo": families.HUNYUAN_VIDEO_15,
    "EmptyHunyuanVideo15Latent": families.HUNYUAN_VIDEO_15,
    "Wan22ImageToVideoLatent": classic.WAN_5B,
    "WanImageToVideo": classic.WAN,
    "WanFirstLastFrameToVideo": classic.WAN,
    "WanVaceToVideo": classic.WAN,
    "EmptyLTXVLatentVideo": classic.LTX,
    "LTXVImgToVideo": classic.LTX,
    "LTXVConditioning": classic.LTX,
    "LTXVScheduler": classic.LTX,
}
# What a text encoder's loader is told the model is. Not "stable_diffusion" and "flux2", which
# loaders of other models are told as well.
_CLIP_TYPES: dict[str, Family] = {
    "sdxl": classic.SDXL,
    "sd3": classic.SD3,
    "flux": classic.FLUX,
    "wan": classic.WAN,
    "ltxv": classic.LTX,
    "lumina2": families.LUMINA2,
    "qwen_image": families.QWEN_IMAGE,
    "hunyuan_image": families.HUNYUAN_IMAGE,
    "hunyuan_video": families.HUNYUAN_VIDEO,
    "hunyuan_video_15": families.HUNYUAN_VIDEO_15,
    "chroma": families.CHROMA,
    "hidream": families.HIDREAM,
    "newbie": families.NEWBIE,
}


def family(source: Graph | str, *, override: str | None = None) -> Family:
    """Return the family of a graph or of a model file's name; `UNKNOWN` has cautious limits.

    `override` is a family's name that a person stated; it wins. `BadInput` lists the families.
    """
    if override is not None:
        return named(override)
    return _by_name(source) if isinstance(source, str) else _of_graph(source)


def named(name: str) -> Family:
    """Return a family by its name; `BadInput` lists them."""
    if name not in families.FAMILIES:
        raise BadInput(f"unknown model family {name!r}; there are: {', '.join(families.FAMILIES)}")
    return families.FAMILIES[name]


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
