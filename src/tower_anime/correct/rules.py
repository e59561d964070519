"""The table from a defect to the changes that can mend it.

Each move looks at the request and the family and names the parameters it would change, or
nothing when it has nothing to offer. Moves are tried in the table's order. None touches the
denoise of a text-to-image request: anything below 1 would leave grey noise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tower_anime.domain.family import Dialect, Family
from tower_anime.domain.request import RenderRequest

Changes = Mapping[str, object]


@dataclass(frozen=True)
class Move:
    """A way to mend a defect. `reason` is shown to people beside the change."""

    reason: str
    propose: Callable[[RenderRequest, Family], Changes]


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

MOVES: Mapping[str, tuple[Move, ...]] = {
    "blank": (NATIVE_SIZE, MORE_STEPS, OTHER_SAMPLER),
    "partial_blank": (MORE_STEPS, OTHER_SAMPLER),
    "blur": (MORE_STEPS, NATIVE_SIZE, MORE_CFG, SHARPER, OTHER_SAMPLER, MOST_STEPS),
    "motion_blur": (MORE_STEPS, SHARPER, OTHER_SAMPLER),
    "upscaled": (MORE_STEPS, NATIVE_SIZE, SHARPER, OTHER_SAMPLER),
    "banding": (LESS_CFG, MORE_STEPS, OTHER_SAMPLER),
    "noise": (MORE_STEPS, OTHER_SAMPLER, MOST_STEPS),
    "undersampled": (MORE_STEPS, OTHER_SAMPLER, MOST_STEPS),
    "low_contrast": (MORE_STEPS, MORE_CFG),
    "underexposed": (BRIGHTER, LESS_CFG),
    "overexposed": (LESS_CFG, DARKER),
    "oversaturated": (LESS_CFG,),
    "color_cast": (LESS_CFG, OTHER_SAMPLER),
    "tiling": (NATIVE_SIZE, SINGLE_PICTURE),
    "resolution": (FULL_SIZE,),
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
}
"""Defect (or failure) → moves, the likeliest first. A new seed is always the last resort."""
