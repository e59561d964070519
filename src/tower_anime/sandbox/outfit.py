"""Clothes as SVG: torso, sleeves, skirts, trousers, collars, shoes; and the legs in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tower_anime.sandbox.head import Bearing, skin_shade
from tower_anime.sandbox.ink import (
    Point,
    clipped,
    flank,
    mirrored,
    moved,
    oval,
    shape,
    stroke,
    tube,
    veil,
)
from tower_anime.sandbox.palette import INK, Colour, Light, css, mix
from tower_anime.sandbox.pose import (
    ARM_WIDTHS,
    KNEELING_SOLES,
    LEG_WIDTHS,
    Pose,
    arm_joints,
    bare_arm,
    leg_joints,
)
from tower_anime.sandbox.words import Look

WHITE: Colour = (0.97, 0.96, 0.95)
_STEEL: Colour = (0.72, 0.77, 0.84)
_RED: Colour = (0.86, 0.25, 0.30)
_BLACK: Colour = (0.20, 0.19, 0.26)
_DENIM: Colour = (0.27, 0.37, 0.56)
_LEATHER: Colour = (0.38, 0.24, 0.20)


@dataclass(frozen=True)
class Cut:
    """How an outfit is made. `top` and `low` None take the colour that the prompt gives."""

    sleeves: str
    bottom: str
    collar: str
    legs: str = "socks"
    top: Colour | None = None
    low: Colour | None = None
    shoes: Colour = _LEATHER
    males: str = "pants"


CUTS: dict[str, Cut] = {
    "sailor": Cut("long", "skirt", "sailor", top=WHITE),
    "uniform": Cut("long", "skirt", "blazer", low=(0.45, 0.42, 0.50)),
    "hoodie": Cut("baggy", "shorts", "hood", low=_DENIM, shoes=(0.9, 0.3, 0.3)),
    "kimono": Cut("wide", "kimono", "cross", shoes=(0.6, 0.4, 0.3), males="kimono"),
    "armour": Cut("plate", "tasset", "gorget", "plate", top=_STEEL, shoes=_STEEL, males="tasset"),
    "coat": Cut("baggy", "coat", "lapels", "tights", males="coat"),
    "jacket": Cut("baggy", "pants", "open", low=_BLACK, shoes=WHITE),
    "maid": Cut("puff", "frill", "maid", "thighs", top=_BLACK, low=_BLACK, males="frill"),
    "suit": Cut("long", "pants", "blazer", shoes=_BLACK),
    "sweater": Cut("baggy", "skirt", "turtle", "tights", low=(0.42, 0.34, 0.36)),
    "cloak": Cut("long", "dress", "clasp", "boots", low=_BLACK),
    "idol": Cut("puff", "frill", "bow", "thighs", shoes=WHITE),
    "gown": Cut("none", "gown", "heart", "bare", shoes=WHITE, males="gown"),
    "dress": Cut("short", "dress", "round", "bare", shoes=WHITE, males="dress"),
    "shirt": Cut("short", "skirt", "shirt", low=_DENIM, shoes=WHITE),
    "pajamas": Cut("baggy", "pants", "shirt", shoes=(0.95, 0.7, 0.75)),
    "spacesuit": Cut("baggy", "pants", "ring", top=WHITE, low=WHITE, shoes=(0.5, 0.5, 0.6)),
}


_SEPARATES = frozenset({"skirt", "shorts", "pants"})
"""What may be worn below the waist with another top."""


@dataclass(frozen=True)
class Dressed:
    """Somebody with clothes on: everything that the parts below need."""

    look: Look
    skin: Colour
    light: Light
    pose: Pose
    bearing: Bearing
    name: str

    @property
    def cut(self) -> Cut:
        """How the outfit is made."""
        return CUTS[self.look.outfit]

    @property
    def top(self) -> Colour:
        """The upper part's paint."""
        return self.cut.top or self.look.cloth

    @property
    def low(self) -> Colour:
        """The lower part's paint."""
        if self._named_bottom:
            usual = _DENIM if self.look.bottom == "jeans" else self.cut.low or _BLACK
            return self.look.bottom_paint or usual
        if self.look.male and self.bottom == "pants" and self.cut.low is None:
            return mix(self.look.cloth, _BLACK, 0.6) if self.look.outfit != "suit" else self.top
        return self.cut.low or self.look.cloth

    @property
    def bottom(self) -> str:
        """What is worn below the waist."""
        if self._named_bottom:
            return "pants" if self.look.bottom == "jeans" else self.look.bottom or ""
        return self._usual_bottom

    @property
    def _usual_bottom(self) -> str:
        return self.cut.males if self.look.male else self.cut.bottom

    @property
    def _named_bottom(self) -> bool:
        return self.look.bottom is not None and self._usual_bottom in _SEPARATES


def torso_outline(look: Look) -> str:
    """Return neck base, shoulders, waist and hips as one closed path."""
    if look.male:
        half = "C44,148 82,154 102,174 C112,196 100,240 88,274 C82,306 76,330 74,356 L76,452"
        left = "L-76,452 L-74,356 C-76,330 -82,306 -88,274 C-100,240 -112,196 -102,174 C-82,154 -44,148 -27,134Z"
        return f"M27,134 {half} {left}"
    half = "C36,146 62,150 78,168 C90,186 80,228 68,260 C60,296 54,318 54,346 C56,380 66,404 74,446"
    left = "L-74,446 C-66,404 -56,380 -54,346 C-54,318 -60,296 -68,260 C-80,228 -90,186 -78,168 C-62,150 -36,146 -24,134Z"
    return f"M24,134 {half} {left}"


def neck(d: Dressed) -> str:
    """Return the neck with the shadow of the chin."""
    w = 28 if d.look.male else 22
    if d.pose.back:
        nape = f"M-{w},40 L-{w},112 Q-{w + 4},140 -{w + 18},150 H{w + 18} Q{w + 4},140 {w},112 L{w},40Z"
        return shape(nape, skin_shade(d.skin, d.light))
    return shape(
        f"M-{w},70 C-{w - 2},110 -{w},126 -{w + 12},142 Q0,190 {w + 12},142 C{w},126 {w - 2},110 {w},70Z",
        d.light.css(d.skin),
    ) + veil(f"M-{w},70 L-{w - 1},106 Q4,140 {w - 1},112 L{w},70Z", skin_shade(d.skin, d.light), 1)


def legs(d: Dressed) -> str:
    """Return both legs with what covers them, and shoes."""
    if d.pose.soles == KNEELING_SOLES:
        return _knees(d)
    order = (1, -1) if d.pose.right_leg.behind or not d.pose.left_leg.behind else (-1, 1)
    return "".join(_leg(d, side) for side in order)


def _knees(d: Dressed) -> str:
    trousers = d.bottom in {"pants", "coat"} or d.cut.legs == "tights"
    paint = d.light.css(d.low if trousers else d.skin)
    out = ""
    for s in (-1, 1):
        out += shape(
            f"M{s * 8},450 C{s * 6},560 {s * 20},636 {s * 70},638 C{s * 122},636 {s * 126},560 {s * 84},450Z",
            paint,
        )
        if d.bottom == "shorts":
            out += shape(
                f"M{s * 7},450 C{s * 7},520 {s * 9},550 {s * 12},566 Q{s * 64},586 {s * 114},562"
                f" C{s * 112},520 {s * 102},480 {s * 84},450Z",
                d.light.css(d.low),
            )
    return out


def _leg(d: Dressed, side: int) -> str:
    joints = leg_joints(d.pose, side)
    leg = d.pose.right_leg if side > 0 else d.pose.left_leg
    wide = [w * (1.1 if d.look.male else 1.0) for w in LEG_WIDTHS]
    if leg.behind:
        wide = [w * share for w, share in zip(wide, (1, 1, 1, 0.95, 0.85, 0.85, 0.9), strict=True)]
    trousers = d.bottom == "pants" or (d.look.male and d.bottom == "coat")
    skin = d.light.css(d.skin)
    out = _shoe(d, side, joints[2], behind=leg.behind)
    if trousers:
        loose = [w * s for w, s in zip(wide, (0.96, 1.06, 1.2, 1.36, 1.12, 1.2, 1.75), strict=True)]
        out += shape(tube(joints, loose, end=0.98), d.light.css(d.low))
        out += veil(_far_side(d, joints, loose, end=0.98), d.light.shade(d.low, 0.3), 1)
        return out
    bare = shape(tube(joints, wide), skin)
    bare += veil(_far_side(d, joints, wide), skin_shade(d.skin, d.light), 0.9)
    return out + bare + _legwear(d, joints, wide) + _shoe(d, side, joints[2], behind=leg.behind)


def _legwear(d: Dressed, joints: tuple[tuple[float, float], ...], wide: list[float]) -> str:
    kind, worn = d.cut.legs, d.look.worn
    if "thighhighs" in worn or kind == "thighs":
        begin, paint = 0.3, worn.get("thighhighs", _BLACK if d.top != _BLACK else WHITE)
    elif "boots" in worn or kind == "boots":
        begin, paint = 0.56, worn.get("boots", _LEATHER)
    elif kind == "tights":
        begin, paint = 0.0, (0.24, 0.22, 0.30)
    elif kind == "plate":
        begin, paint = 0.42, _STEEL
    elif kind == "socks":
        begin, paint = 0.66, (_BLACK if d.look.outfit in {"sailor", "uniform"} else WHITE)
    else:
        return ""
    over = [w + 3 for w in wide]
    return shape(tube(joints, over, begin=begin), d.light.css(paint)) + veil(
        _far_side(d, joints, over, begin=begin), d.light.shade(paint, 0.35), 1
    )


def _far_side(
    d: Dressed,
    joints: Sequence[Point],
    wide: Sequence[float],
    *,
    begin: float = 0.0,
    end: float = 1.0,
) -> str:
    """Return the side of a limb that the light doesn't reach."""
    return flank(joints, wide, side=-d.bearing.light_from, share=0.36, begin=begin, end=end)


def _shoe(d: Dressed, side: int, ankle: tuple[float, float], *, behind: bool) -> str:
    x, y = ankle
    paint = d.look.worn.get("boots", _LEATHER if d.cut.legs == "boots" else d.cut.shoes)
    if behind:
        return shape(
            f"M{x - 20:.0f},{y - 8:.0f} C{x - 28:.0f},{y + 20:.0f} {x - 22:.0f},{y + 52:.0f}"
            f" {x:.0f},{y + 54:.0f} C{x + 22:.0f},{y + 52:.0f} {x + 28:.0f},{y + 20:.0f}"
            f" {x + 20:.0f},{y - 8:.0f}Z",
            d.light.shade(paint, 0.2),
        )
    out = shape(
        "M-19,-14 L19,-14 C24,10 34,26 40,36 C44,46 38,50 28,50 L-16,50 C-24,50 -25,40 -22,26Z",
        d.light.css(paint),
    ) + stroke("M-22,42 L41,42", INK, 3)
    return moved(mirrored(out, side), f"translate({x:.0f} {y:.0f})")


def torso(d: Dressed) -> str:
    """Return the upper garment with collar and shading."""
    outline = torso_outline(d.look)
    far = -d.bearing.light_from
    shadow = veil(
        f"M{far * 44},120 C{far * 66},200 {far * 30},300 {far * 48},460 L{far * 220},460 L{far * 220},120Z",
        d.light.shade(d.top, 0.27),
        1,
    )
    bust = (
        ""
        if d.look.male or d.look.age == "child" or d.pose.back
        else stroke("M-50,262 Q-28,276 -8,264 M50,262 Q28,276 8,264", d.light.shade(d.top, 0.4), 3)
    )
    folds = stroke("M-46,318 Q-30,330 -12,330 M44,340 Q30,352 14,350", d.light.shade(d.top, 0.4), 3)
    rim = moved(
        f'<path d="{outline}" fill="none" stroke="{d.light.rim(d.top)}" stroke-width="9"/>',
        f"translate({d.bearing.light_from * -5} 4)",
    )
    body = shape(outline, d.light.css(d.top))
    return (
        body
        + clipped(f"body{d.name}", outline, shadow + rim + bust + folds)
        + shape(outline, "none")
    )


def lower(d: Dressed) -> str:
    """Return skirt, shorts, tails of coats: what hangs from the waist in front of the legs."""
    kind = d.bottom
    if kind == "pants":
        return _trunks(d)
    if kind == "shorts":
        return _trunks(d, shorts=d.pose.soles != KNEELING_SOLES)
    if kind == "tasset":
        return _tasset(d)
    waist, hem, flare = {
        "skirt": (376.0, 566.0, 132.0),
        "frill": (366.0, 590.0, 168.0),
        "dress": (356.0, 640.0, 160.0),
        "coat": (370.0, 690.0, 138.0),
        "gown": (356.0, 1030.0, 260.0),
        "kimono": (420.0, 985.0, 104.0),
    }[kind]
    if d.pose.soles < 1000:
        hem = min(
            hem, d.pose.soles - 60, 590.0 if kind in {"skirt", "dress", "frill", "coat"} else hem
        )
    if d.pose.soles < 1000 and kind in {"kimono", "gown"}:
        flare = max(flare, 130.0)
    return _skirt(d, waist, hem, flare)


def _trunks(d: Dressed, *, shorts: bool = False) -> str:
    """Return the seat of trousers, with short legs for shorts."""
    w, h = (74, 80) if d.look.male else (56, 76)
    end = (
        f"L{h + 12},578 L6,578 L0,520 L-6,578 L-{h + 12},578"
        if shorts
        else f"L{h + 4},480 L{h - 4},530 L4,530 L0,500 L-4,530 L-{h - 4},530 L-{h + 4},480"
    )
    return shape(
        f"M-{w},368 Q0,384 {w},368 C{w + 4},396 {h},420 {h},446 {end} L-{h},446 C-{h},420 -{w + 4},396 -{w},368Z",
        d.light.css(d.low),
        line=4.5 if shorts else 0,
    ) + stroke(
        f"M-{w},368 C-{w + 4},396 -{h},420 -{h},446 M{w},368 C{w + 4},396 {h},420 {h},446 M0,440 L0,500",
        INK,
        4,
    )


def _skirt(d: Dressed, waist: float, hem: float, flare: float) -> str:
    w = 64.0 if d.look.male else 56.0
    top = w + (waist - 346) * 0.18
    outline = (
        f"M-{top:.0f},{waist} C-{top + 22:.0f},{waist + (hem - waist) * 0.4:.0f} -{flare * 0.9:.0f},"
        f"{hem - (hem - waist) * 0.3:.0f} -{flare},{hem} Q0,{hem + 34} {flare},{hem}"
        f" C{flare * 0.9:.0f},{hem - (hem - waist) * 0.3:.0f} {top + 22:.0f},{waist + (hem - waist) * 0.4:.0f}"
        f" {top:.0f},{waist} Q0,{waist + 14} -{top:.0f},{waist}Z"
    )
    paint = d.look.cloth if d.bottom in {"coat", "kimono"} else d.low
    far = -d.bearing.light_from
    pleats = 7 if d.bottom in {"skirt", "frill"} else 4
    folds, darks = "", ""
    for i in range(1, pleats):
        share = 2 * i / pleats - 1
        x0, x1 = share * top, share * flare
        folds += f"M{x0:.0f},{waist + 18} Q{(x0 + x1) / 2 * 0.9:.0f},{(waist + hem) / 2:.0f} {x1:.0f},{hem + 20 * (1 - share * share):.0f}"
        if d.bottom in {"skirt", "frill", "gown", "dress"}:
            darks += f"M{x0:.0f},{waist + 18} L{x1:.0f},{hem + 26} L{x1 + far * flare * 0.12:.0f},{hem + 26}Z"
    side = (
        f"M{far * top * 0.5:.0f},{waist} Q{far * flare * 0.4:.0f},{(waist + hem) / 2:.0f}"
        f" {far * flare * 0.5:.0f},{hem + 40} L{far * 400},{hem + 40} L{far * 400},{waist}Z"
    )
    dark = d.light.shade(paint, 0.27)
    inside = veil(darks + side, dark, 1) + _hem_details(d, hem, flare)
    return (
        shape(outline, d.light.css(paint))
        + clipped(f"skirt{d.name}", outline, inside)
        + stroke(folds, d.light.shade(paint, 0.55), 3)
        + shape(outline, "none")
        + _over_skirt(d, waist, hem)
    )


def _hem_details(d: Dressed, hem: float, flare: float) -> str:
    wide = f"M{-flare - 20},{hem - 26} Q0,{hem + 8} {flare + 20},{hem - 26}"
    if d.bottom == "skirt" and d.look.outfit == "sailor":
        return stroke(wide, "#f4f1ec", 6)
    if d.bottom in {"frill", "gown", "dress"}:
        return stroke(wide, d.light.shine(d.low, 0.6), 10 if d.bottom == "dress" else 18)
    if d.bottom == "kimono":
        return "".join(
            oval(x + r, y + s, 13, 13, d.light.shine(d.look.cloth, 0.6))
            for x, y in ((-50, 640), (46, 720), (-30, 820), (60, 900), (-66, 930))
            for r, s in ((-9, 0), (9, 0), (0, -11), (0, 9))
        )
    return ""


def _over_skirt(d: Dressed, waist: float, hem: float) -> str:
    light = d.light
    if d.pose.back and d.bottom != "kimono":
        return ""
    if d.bottom == "kimono":
        sash = light.css(mix(d.look.cloth, (1.0, 0.92, 0.6), 0.75))
        opening = (
            ""
            if d.pose.back
            else stroke(f"M10,{waist} Q26,{(waist + hem) / 2:.0f} -8,{hem + 14}", INK, 4)
        )
        bow = (
            shape("M-60,330 C-110,290 -110,420 -40,384 L40,384 C110,420 110,290 60,330Z", sash)
            if d.pose.back
            else ""
        )
        band = shape("M-64,318 Q0,332 64,318 L70,418 Q0,432 -70,418Z", sash)
        return (
            opening
            + band
            + stroke("M-66,366 Q0,382 66,366", light.shade(d.look.cloth, 0.1), 9)
            + bow
        )
    if d.look.outfit == "maid":
        return shape(
            f"M-50,{waist} C-84,{waist + 80} -100,{hem - 90} -92,{hem - 40} Q0,{hem - 6} 92,{hem - 40}"
            f" C100,{hem - 90} 84,{waist + 80} 50,{waist}Z",
            light.css(WHITE),
        ) + stroke(
            f"M-30,{waist + 30} L-46,{hem - 50} M24,{waist + 30} L40,{hem - 50}",
            light.shade(WHITE, 0.25),
            4,
        )
    if d.bottom == "coat":
        buttons = "".join(
            oval(14, y, 7, 7, light.shade(d.look.cloth, 0.5), 2.5) for y in range(220, 560, 70)
        )
        belt = shape(
            "M-60,372 Q0,388 60,372 L62,402 Q0,418 -62,402Z", light.shade(d.look.cloth, 0.2)
        )
        return stroke(f"M0,180 L-4,{hem + 12}", INK, 3.5) + belt + buttons
    if d.look.outfit in {"dress", "gown", "idol"}:
        return shape(
            "M-56,350 Q0,366 56,350 L57,374 Q0,390 -57,374Z", light.shade(d.look.cloth, 0.18)
        )
    return ""


def band(d: Dressed) -> str:
    """Return the knitted hem of sweaters and hoodies."""
    if d.look.outfit in {"hoodie", "sweater"}:
        w = 78 if d.look.male else 74
        band = f"M-{w},424 Q0,440 {w},424 L{w - 2},456 Q0,472 -{w - 2},456Z"
        return shape(band, d.light.shade(d.top, 0.14))
    return ""


def _tasset(d: Dressed) -> str:
    out = ""
    for x in (-70, 70, -36, 36, 0):
        out += shape(
            f"M{x - 30},404 L{x + 30},404 L{x * 1.35 + 30:.0f},520 L{x * 1.35:.0f},548 L{x * 1.35 - 30:.0f},520Z",
            d.light.css(_STEEL),
        ) + stroke(f"M{x},412 L{x * 1.35:.0f},536", d.light.shine(_STEEL, 0.6), 5)
    return out + shape("M-66,386 Q0,402 66,386 L70,414 Q0,430 -70,414Z", d.light.css(_LEATHER))


def sleeve(d: Dressed, side: int) -> str:
    """Return one whole arm: skin, hand and sleeve."""
    kind = d.cut.sleeves
    arm = bare_arm(d.look, d.skin, d.light, d.pose, d.bearing, side=side, covered=kind != "none")
    if kind == "none":
        return arm
    joints = arm_joints(d.look, d.pose, side)
    loose = {"long": 1.16, "baggy": 1.42, "short": 1.3, "puff": 1.5, "plate": 1.3, "wide": 1.3}[
        kind
    ]
    wide = [w * loose * (1.12 if d.look.male else 1.0) for w in ARM_WIDTHS]
    end = {"short": 0.36, "puff": 0.3}.get(kind, 0.95)
    if kind == "puff":
        wide = [44, 78, 40, 30]
    if kind in {"baggy", "long"}:
        wide[-1] *= 1.12
    paint = d.light.css(d.top)
    out = shape(tube(joints, wide, end=end, round_begin=True, round_end=kind == "puff"), paint)
    out += veil(_far_side(d, joints, wide, end=end), d.light.shade(d.top, 0.27), 1)
    if kind == "wide":
        out += _wide_sleeve(d, joints)
    if kind in {"baggy", "long", "short"}:
        out += _cuff(d, joints, wide, end)
    if kind == "plate":
        out += _plates(d, joints, side)
    return arm + out


def _cuff(
    d: Dressed, joints: tuple[tuple[float, float], ...], wide: list[float], end: float
) -> str:
    trim = {"sailor": d.look.cloth, "uniform": WHITE, "suit": WHITE, "spacesuit": d.look.cloth}
    paint = trim.get(d.look.outfit, mix(d.top, (1.0, 1.0, 1.0), 0.35))
    return shape(
        tube(joints, [w + 4 for w in wide], begin=end - 0.09, end=end), d.light.css(paint), line=3.5
    )


def _wide_sleeve(d: Dressed, joints: tuple[tuple[float, float], ...]) -> str:
    (_, _), (ex, ey), (wx, wy) = joints
    if abs(wx - ex) < 50 and wy > ey:
        return _hanging_sleeve(d, joints)
    drop = 120.0
    bag = (
        f"M{ex:.0f},{ey - 26:.0f} L{wx:.0f},{wy - 30:.0f} L{wx + 4:.0f},{wy + 26:.0f}"
        f" Q{wx + 10:.0f},{max(ey, wy) + drop:.0f} {ex * 0.9 + wx * 0.1:.0f},{max(ey, wy) + drop:.0f}"
        f" Q{ex * 0.96:.0f},{ey + 60:.0f} {ex:.0f},{ey - 26:.0f}Z"
    )
    lining = stroke(f"M{wx:.0f},{wy - 28:.0f} L{wx + 4:.0f},{wy + 26:.0f}", d.light.css(WHITE), 6)
    return shape(bag, d.light.css(d.top)) + lining


def _hanging_sleeve(d: Dressed, joints: tuple[tuple[float, float], ...]) -> str:
    """Return the bag of a kimono's sleeve on an arm that hangs."""
    (sx, _), (ex, ey), (wx, wy) = joints
    s = 1 if sx > 0 else -1
    bag = (
        f"M{ex - s * 20:.0f},{ey - 40:.0f} L{ex + s * 24:.0f},{ey - 30:.0f}"
        f" Q{wx + s * 44:.0f},{ey + 40:.0f} {wx + s * 62:.0f},{wy + 34:.0f}"
        f" Q{wx + s * 20:.0f},{wy + 52:.0f} {wx - s * 18:.0f},{wy - 8:.0f}Z"
    )
    fold = f"M{ex + s * 6:.0f},{ey:.0f} Q{wx + s * 26:.0f},{wy - 40:.0f} {wx + s * 30:.0f},{wy + 26:.0f}"
    return shape(bag, d.light.css(d.top)) + stroke(fold, d.light.shade(d.top, 0.4), 3)


def _plates(d: Dressed, joints: tuple[tuple[float, float], ...], side: int) -> str:
    x, y = joints[0]
    pad = shape(
        f"M{x - 40:.0f},{y + 6:.0f} C{x - 44:.0f},{y - 50:.0f} {x + 44:.0f},{y - 50:.0f} {x + 42:.0f},{y + 8:.0f}"
        f" Q{x + side * 10:.0f},{y + 34:.0f} {x - 40:.0f},{y + 6:.0f}Z",
        d.light.css(_STEEL),
    )
    shine = stroke(
        f"M{x - 22:.0f},{y - 22:.0f} Q{x:.0f},{y - 36:.0f} {x + 20:.0f},{y - 22:.0f}", "#ffffff", 5
    )
    band = tube(joints, [64, 60, 52, 44], begin=0.5, end=0.6)
    return pad + shine + shape(band, d.light.css(d.look.cloth))


def steel(d: Dressed) -> str:
    """Return the trim of a breastplate."""
    gold = d.light.css((0.90, 0.74, 0.35))
    trim = stroke("M-60,176 C-50,262 -20,300 0,306 C20,300 50,262 60,176", INK, 12)
    trim += stroke("M-60,176 C-50,262 -20,300 0,306 C20,300 50,262 60,176", gold, 6)
    gleam = veil("M-52,190 Q-48,236 -30,262 Q-42,214 -40,188Z", "#ffffff", 0.7)
    gem = shape("M0,214 L14,232 L0,254 L-14,232Z", css(d.light.lit(d.look.cloth)), line=3.5)
    return trim + gleam + gem


def red_tie(light: Light) -> str:
    """Return the paint of school ribbons."""
    return light.css(_RED)
