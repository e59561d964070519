"""The table from a defect to the changes that can mend it.

Each move looks at the request and the family and names the parameters it would change, or
nothing when it has nothing to offer. Moves are tried in the table's order. None touches the
denoise of a text-to-image request: anything below 1 would leave grey noise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from tower_anime.domain.family import Dialect, Family
from tower_anime.domain.quality import Defect
from tower_anime.domain.request import Kind, RenderRequest

Changes = Mapping[str, object]
Offered = Mapping[str, Collection[str]]


@dataclass(frozen=True)
class Move:
    """A way to mend a defect. `reason` is shown to people beside the change.

    `among` proposes what depends on what the server offers, by parameter.
    """

    reason: str
    propose: Callable[[RenderRequest, Family], Changes]
    among: Callable[[RenderRequest, Family, Offered], Changes] | None = None

    def changes(self, request: RenderRequest, family: Family, offered: Offered) -> Changes:
        """Return the parameters that it would change, or nothing."""
        if self.among is not None:
            return self.among(request, family, offered)
        return self.propose(request, family)


def _steps_to_good(request: RenderRequest, family: Family) -> Changes:
    good = family.steps[1]
    return {"steps": good} if request.steps < good else {}


def _steps_to_high(request: RenderRequest, family: Family) -> Changes:
    high = family.steps[2]
    return {"steps": high} if request.steps < high else {}


def _cfg_down(request: RenderRequest, family: Family) -> Changes:
    low, good, _ = family.cfg
    if request.cfg > good:
        return {"cfg": good}
    lower = round(max(low, request.cfg * 0.75), 1)
    return {"cfg": lower} if lower < request.cfg else {}


def _cfg_up(request: RenderRequest, family: Family) -> Changes:
    _, good, high = family.cfg
    if request.cfg < good:
        return {"cfg": good}
    higher = round(min(high, request.cfg * 1.25), 1)
    return {"cfg": higher} if higher > request.cfg else {}


def _other_sampler(request: RenderRequest, family: Family) -> Changes:
    pairs = ((family.sampler, family.scheduler), *family.other_samplers)
    for sampler, scheduler in pairs:
        if sampler != request.sampler:
            return {"sampler": sampler, "scheduler": scheduler}
    return {}


def _native_size(request: RenderRequest, family: Family) -> Changes:
    if family.size_is_native(request.width, request.height):
        return {}
    width, height = family.fit_size(request.width, request.height)
    return {"width": width, "height": height}


def _full_native_size(request: RenderRequest, family: Family) -> Changes:
    """Enlarge to the family's own area; never beyond what the model can draw."""
    width, height = family.fit_size(request.width, request.height)
    return {"width": width, "height": height} if width * height > _area(request) else {}


def _smaller(request: RenderRequest, family: Family) -> Changes:
    width, height = family.snap(request.width * 0.75), family.snap(request.height * 0.75)
    return {"width": width, "height": height} if width * height < _area(request) else {}


def _area(request: RenderRequest) -> int:
    return request.width * request.height


def _words(tags: str, sentence: str, avoid: str) -> Callable[[RenderRequest, Family], Changes]:
    """Return a move that adds words to the prompt, and their opposite to the negative one."""

    def propose(request: RenderRequest, family: Family) -> Changes:
        wanted = tags if family.dialect is Dialect.TAGS else sentence
        if wanted in request.prompt:
            return {}
        joint = ", " if family.dialect is Dialect.TAGS else ". "
        changes: dict[str, object] = {"prompt": request.prompt.rstrip(" ,.") + joint + wanted}
        if avoid not in request.negative:
            changes["negative"] = f"{request.negative}, {avoid}" if request.negative else avoid
        return changes

    return propose


def _allowed_frames(request: RenderRequest, family: Family) -> Changes:
    """Take a length that the family can make; what lies in between comes out shorter."""
    rule = family.frames
    if rule is None or request.frames is None or rule.allows(request.frames):
        return {}
    return {"frames": rule.fit(request.frames)}


def _trained_frames(request: RenderRequest, family: Family) -> Changes:
    """Take no more frames than the family was trained on."""
    rule = family.frames
    if rule is None or request.frames is None or request.frames <= rule.good:
        return {}
    return {"frames": rule.good}


def _own_rate(request: RenderRequest, family: Family) -> Changes:
    """Take the rate that the family was trained on."""
    if family.frame_rate is None or request.frame_rate in (None, family.frame_rate):
        return {}
    return {"frame_rate": family.frame_rate}


def _second_pass(request: RenderRequest, family: Family) -> Changes:
    """Draw larger than the model can at once: what is larger starts from what it drew."""
    if family.frames is not None or (request.hires or 1.0) > 1.0 or request.kind is Kind.CLIP:
        return {}
    return {"hires": 2.0 if family.native_px < _LARGE_PX else 1.5}


def _nothing(_request: RenderRequest, _family: Family) -> Changes:
    return {}


def _other_vae(request: RenderRequest, family: Family, offered: Offered) -> Changes:
    """Take a VAE of the family that is known to hold in half precision; never another family's."""
    patterns = _VAES.get(family.name, ())
    for pattern in patterns:
        for name in sorted(offered.get("vae", ())):
            if re.search(pattern, name, re.IGNORECASE) and name != request.vae:
                return {"vae": name}
    return {}


def _full_precision(request: RenderRequest, _family: Family, offered: Offered) -> Changes:
    """Let the server keep the weights as precise as the file has them."""
    if "default" in offered.get("precision", ()) and request.precision != "default":
        return {"precision": "default"}
    return {}


def _lora(factor: float, *, most: float) -> Callable[[RenderRequest, Family], Changes]:
    def propose(request: RenderRequest, _family: Family) -> Changes:
        now = request.lora_strength
        if now is None or now <= 0:
            return {}
        then = round(min(most, now * factor), 2)
        return {"lora_strength": then} if then != now and then >= _LEAST_LORA else {}

    return propose


_LARGE_PX = 700  # families below draw half of today's standard
_LEAST_LORA = 0.2  # below that a LoRA is as good as off
_SDXL_VAES = (r"sdxl.*fp16.*fix", r"fp16.*fix", r"sdxl.*vae", r"xl.*vae")
_SD15_VAES = (r"vae-ft-mse", r"kl-f8-anime", r"vae-ft-ema")
# Chosen by their authors' word: the "fp16 fix" is SDXL's VAE retrained to stay finite in half
# precision, whose overflow gives black pictures; those of SD 1.5 are its authors' fine-tunes.
_VAES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("sdxl", "illustrious", "noobai", "pony", "animagine"), _SDXL_VAES),
    **dict.fromkeys(("sd15", "animatediff"), _SD15_VAES),
}

OTHER_VAE = Move("black pictures come of a VAE that overflows", _nothing, _other_vae)
FULL_PRECISION = Move("black pictures come of too coarse numbers", _nothing, _full_precision)
SECOND_PASS = Move("the model can't draw more pixels at once", _second_pass)
LESS_LORA = Move("a LoRA this strong burns the picture", _lora(0.75, most=1.0))
MORE_LORA = Move("a stronger LoRA holds the style", _lora(1.25, most=1.2))
OWN_RATE = Move("the model makes clips of another rate", _own_rate)
MORE_STEPS = Move("too few steps to resolve the picture", _steps_to_good)
MOST_STEPS = Move("the family's upper range of steps resolves more", _steps_to_high)
LESS_CFG = Move("guidance this strong burns colours", _cfg_down)
MORE_CFG = Move("guidance this weak washes the picture out", _cfg_up)
OTHER_SAMPLER = Move("another sampler converges differently", _other_sampler)
NATIVE_SIZE = Move("the model draws best near the size it was trained on", _native_size)
FULL_SIZE = Move("the picture is smaller than the standard", _full_native_size)
SMALLER = Move("a smaller picture needs less memory", _smaller)
BRIGHTER = Move(
    "the picture is too dark for its prompt",
    _words("bright lighting", "The scene is brightly lit", "too dark, underexposed"),
)
DARKER = Move(
    "the picture is too bright for its prompt",
    _words("soft lighting", "The light is soft and even", "overexposed, blown highlights"),
)
SHARPER = Move(
    "the subject is soft",
    _words("sharp focus", "The subject is in sharp focus", "blurry"),
)
SINGLE_PICTURE = Move(
    "the picture repeats itself",
    _words("single picture", "It is one single picture", "multiple views, collage"),
)

CALMER = Move(
    "the colours are stronger than the project's",
    _words("muted colors", "Its colours are muted", "oversaturated"),
)
LIVELIER_COLOURS = Move(
    "the colours are paler than the project's",
    _words("vivid colors", "Its colours are vivid", "faded colors"),
)
BOLD_LINES = Move(
    "the lines are finer than the project's",
    _words("bold lines", "It is drawn with bold lines", "thin lines"),
)
THIN_LINES = Move(
    "the lines are heavier than the project's",
    _words("thin lines, delicate lineart", "It is drawn with fine lines", "bold outlines"),
)
FLAT_FILLS = Move(
    "the fills are less flat than the project's",
    _words("flat color, cel shading", "It is cel shaded with flat fills", "painterly, texture"),
)
SOFT_SHADING = Move(
    "the fills are flatter than the project's",
    _words("soft shading, painterly", "It is softly shaded", "flat color"),
)

ALLOWED_FRAMES = Move("the model makes other lengths than this", _allowed_frames)
TRAINED_FRAMES = Move("beyond the length that it was trained on a clip drifts", _trained_frames)
IN_MOTION = Move(
    "nothing in the prompt moves",
    _words("moving, gentle motion", "There is gentle, natural motion", "static, still picture"),
)
LIVELIER = Move(
    "the clip hardly moves",
    _words("dynamic, lively movement", "The scene is full of lively movement", "frozen, slideshow"),
)
STEADY_LIGHT = Move(
    "the light is not steady",
    _words("steady lighting", "The lighting is steady", "flickering, strobe, flashing lights"),
)
ONE_SHOT = Move(
    "the clip jumps from one shot to another",
    _words("continuous shot", "It is one continuous shot", "scene change, cut, montage"),
)
SMOOTH = Move(
    "the motion is uneven",
    _words("fluid movement", "The movement is fluid and even", "jittery, stuttering"),
)

_BROADER, _FINER = (tuple(f"strokes_{which}{way}" for which in ("fine", "middle")) for way in "-+")
_FINER_TONES = ("gradients+", "levels+", "texture_middle+", "texture_coarse+", "edges+")
_FLATTER = (
    *("gradients-", "levels-", "texture_fine-", "texture_middle-", "texture_coarse-"),
    *("edges-", "flatness+", "grain-"),
)

MOVES: Mapping[str, tuple[Move, ...]] = {
    "blank": (OTHER_VAE, FULL_PRECISION, NATIVE_SIZE, MORE_STEPS, OTHER_SAMPLER),
    "partial_blank": (OTHER_VAE, FULL_PRECISION, MORE_STEPS, OTHER_SAMPLER),
    "blur": (MORE_STEPS, NATIVE_SIZE, MORE_CFG, SHARPER, OTHER_SAMPLER, MOST_STEPS),
    "motion_blur": (MORE_STEPS, SHARPER, OTHER_SAMPLER),
    "upscaled": (MORE_STEPS, NATIVE_SIZE, SECOND_PASS, SHARPER, OTHER_SAMPLER),
    "banding": (LESS_CFG, MORE_STEPS, OTHER_SAMPLER),
    "noise": (MORE_STEPS, OTHER_SAMPLER, MOST_STEPS),
    "undersampled": (MORE_STEPS, OTHER_SAMPLER, MOST_STEPS),
    "low_contrast": (MORE_STEPS, MORE_CFG),
    "underexposed": (BRIGHTER, LESS_CFG),
    "overexposed": (LESS_CFG, DARKER),
    "oversaturated": (LESS_CFG, LESS_LORA),
    "color_cast": (LESS_CFG, OTHER_SAMPLER),
    "tiling": (NATIVE_SIZE, SINGLE_PICTURE),
    "resolution": (FULL_SIZE, SECOND_PASS),
    "out_of_memory": (SMALLER,),
    "flicker": (MORE_STEPS, LESS_CFG, STEADY_LIGHT, OTHER_SAMPLER, MOST_STEPS),
    "drift": (TRAINED_FRAMES, LESS_CFG, MORE_STEPS),
    "dead": (IN_MOTION, LIVELIER),
    "frozen": (IN_MOTION, LIVELIER, MORE_STEPS),
    "stutter": (MORE_STEPS, SMOOTH),
    "scene_jump": (ONE_SHOT, TRAINED_FRAMES),
    "black_frames": (MORE_STEPS, OTHER_SAMPLER),
    "flash": (STEADY_LIGHT, MORE_STEPS, LESS_CFG),
    "frame_count": (ALLOWED_FRAMES,),
    "duration": (ALLOWED_FRAMES,),
    "frame_rate": (OWN_RATE,),
    "off_style": (MORE_LORA,),
    **dict.fromkeys(
        ("off_style saturation+", "off_style saturation_high+"), (LESS_CFG, CALMER, MORE_LORA)
    ),
    **dict.fromkeys(
        ("off_style saturation-", "off_style saturation_high-"), (LIVELIER_COLOURS, MORE_CFG)
    ),
    "off_style contrast+": (LESS_CFG, MORE_LORA),
    "off_style contrast-": (MORE_CFG, MORE_LORA),
    **dict.fromkeys(
        ("off_style lightness+", "off_style middle+", "off_style shadows+"), (DARKER, MORE_LORA)
    ),
    **dict.fromkeys(
        ("off_style lightness-", "off_style middle-", "off_style shadows-"), (BRIGHTER, MORE_LORA)
    ),
    **dict.fromkeys(
        (f"off_style {name}" for name in ("line_weight+", "line_ink+", *_BROADER)),
        (THIN_LINES, MORE_LORA),
    ),
    **dict.fromkeys(
        (f"off_style {name}" for name in ("line_weight-", "line_ink-", *_FINER)),
        (BOLD_LINES, MORE_LORA),
    ),
    **dict.fromkeys(
        (f"off_style {name}" for name in ("line_lightness+", "edge_steepness-")),
        (BOLD_LINES, SHARPER, MORE_LORA),
    ),
    **dict.fromkeys(
        (f"off_style {name}" for name in ("line_lightness-", "edge_steepness+")),
        (THIN_LINES, SOFT_SHADING, MORE_LORA),
    ),
    **dict.fromkeys(
        (f"off_style {name}" for name in ("grain+", "texture_fine+", "flatness-")),
        (MORE_STEPS, FLAT_FILLS, MORE_LORA),
    ),
    **dict.fromkeys((f"off_style {name}" for name in _FINER_TONES), (FLAT_FILLS, MORE_LORA)),
    **dict.fromkeys((f"off_style {name}" for name in _FLATTER), (SOFT_SHADING, MORE_LORA)),
}
"""Defect (or failure) → moves, the likeliest first. A new seed is always the last resort.

What is off a project's style is told by what differs most, as its measurement names it.
"""


def key_of(defect: Defect) -> str:
    """Return under which name the table has the moves for a defect."""
    exact = f"{defect.kind} {defect.measurement.removeprefix('style ')}"
    return exact if exact in MOVES else defect.kind


def kind_of(key: str) -> str:
    """Return the kind of defect that a name of the table stands for."""
    return key.partition(" ")[0]
