"""Collars, ties, capes: what an outfit shows around the neck and over the chest."""

from __future__ import annotations

from collections.abc import Callable

from tower_anime.sandbox.head import skin_shade
from tower_anime.sandbox.ink import oval, shape, stroke, veil
from tower_anime.sandbox.outfit import WHITE, Dressed, red_tie, steel
from tower_anime.sandbox.palette import INK, mix


def collar(d: Dressed) -> str:
    """Return what lies over the torso, in front of the arms that hang."""
    if d.pose.back:
        return _seen_from_behind(d)
    return _COLLARS[d.cut.collar](d)


def cape(d: Dressed) -> str:
    """Return what hangs behind the whole body."""
    if d.look.outfit != "cloak" or d.pose.back:
        return ""
    end = min(900.0, d.pose.soles - 60)
    return shape(
        f"M-60,140 C-130,170 -150,400 -190,{end} Q-90,{end + 30} 0,{end - 10} Q90,{end + 30} 190,{end}"
        " C150,400 130,170 60,140Z",
        d.light.shade(d.look.cloth, 0.35),
    )


def _seen_from_behind(d: Dressed) -> str:
    if d.look.outfit == "sailor":
        return shape(
            "M-66,146 Q0,172 66,146 L62,250 L-62,250Z", d.light.css(d.look.cloth)
        ) + stroke("M-52,160 L-50,238 L50,238 L52,160", "#f6f3ee", 4)
    if d.look.outfit == "hoodie":
        return shape("M-64,150 C-60,260 60,260 64,150 Q0,190 -64,150Z", d.light.shade(d.top, 0.12))
    if d.look.outfit == "cloak":
        end = min(900.0, d.pose.soles - 60)
        return shape(
            f"M-60,142 C-150,170 -150,400 -190,{end} Q-90,{end + 30} 0,{end - 10} Q90,{end + 30} 190,{end}"
            " C150,400 150,170 60,142 Q0,170 -60,142Z",
            d.light.css(d.look.cloth),
        ) + stroke(
            f"M-50,240 L-86,{end - 20} M10,240 L16,{end - 30} M60,240 L96,{end - 20}",
            d.light.shade(d.look.cloth, 0.45),
            4,
        )
    return stroke("M0,190 L0,330", d.light.shade(d.top, 0.4), 3)


def _sailor(d: Dressed) -> str:
    flap, red = d.light.css(d.look.cloth), red_tie(d.light)
    open_neck = shape("M-26,132 L0,206 L26,132 Q0,156 -26,132Z", d.light.css(d.skin), line=0)
    return (
        open_neck
        + shape("M-28,128 L-76,156 L-58,214 L0,240 L-16,168Z", flap)
        + shape("M28,128 L76,156 L58,214 L0,240 L16,168Z", flap)
        + stroke("M-64,160 L-50,204 L-4,226 M64,160 L50,204 L4,226", "#f6f3ee", 4)
        + shape("M-4,232 L-30,312 L-8,300 L0,244 L8,300 L30,312 L4,232Z", red)
        + shape("M0,232 L-48,206 Q-58,236 -44,262 L0,242 L44,262 Q58,236 48,206Z", red)
        + oval(0, 236, 11, 12, red, 3.5)
    )


def _blazer(d: Dressed) -> str:
    shirt = shape("M-28,130 L0,300 L28,130 Q0,156 -28,130Z", d.light.css(WHITE))
    lapels = "".join(
        shape(
            f"M{s * 28},128 L{s * 62},158 L{s * 46},196 L{s * 58},206 L{s * 4},316 L{s * 2},296Z",
            d.light.shade(d.top, 0.14),
        )
        for s in (-1, 1)
    )
    tips = "".join(
        shape(f"M{s * 24},128 L{s * 34},166 L0,166Z", d.light.css(WHITE), line=3.5) for s in (-1, 1)
    )
    buttons = oval(0, 338, 7, 7, "#e8c86a", 3) + oval(0, 384, 7, 7, "#e8c86a", 3)
    if d.look.male or d.look.outfit == "suit":
        tie = shape("M-9,160 L9,160 L14,270 L0,298 L-14,270Z", red_tie(d.light)) + shape(
            "M-11,156 L11,156 L8,178 L-8,178Z", red_tie(d.light), line=3.5
        )
    else:
        tie = shape(
            "M0,172 L-40,150 Q-48,176 -38,200 L0,182 L38,200 Q48,176 40,150Z", red_tie(d.light)
        ) + oval(0, 175, 9, 10, red_tie(d.light), 3.5)
    crease = stroke("M0,316 L0,440", INK, 3)
    return shirt + crease + lapels + tips + tie + buttons


def _hood(d: Dressed) -> str:
    fold = shape(
        "M-30,122 C-84,140 -88,178 -56,196 C-30,176 -10,176 0,196 C10,176 30,176 56,196 C88,178 84,140 30,122 Q0,176 -30,122Z",
        d.light.shade(d.top, 0.1),
    )
    strings = stroke("M-18,186 L-22,262 M18,186 L24,250", "#f6f3ee", 5) + stroke(
        "M-22,256 l0,12 M24,244 l0,12", INK, 6
    )
    pocket = shape("M-46,336 L46,336 L62,398 L-62,398Z", d.light.shade(d.top, 0.1))
    zipper = stroke("M0,196 L0,336", d.light.shade(d.top, 0.45), 3)
    return zipper + pocket + fold + strings


def _cross(d: Dressed) -> str:
    edge = d.light.css(WHITE)
    return (
        shape("M-24,132 L2,208 L26,132 Q0,156 -24,132Z", d.light.css(d.skin), line=0)
        + shape("M-27,132 L-8,142 L46,316 L28,322Z", edge, line=3.5)
        + shape("M27,132 L8,142 L-44,316 L-26,322Z", edge, line=3.5)
    )


def _gorget(d: Dressed) -> str:
    neck = shape("M-34,112 Q0,140 34,112 L44,158 Q0,184 -44,158Z", d.light.css((0.72, 0.77, 0.84)))
    return steel(d) + neck


def _lapels(d: Dressed) -> str:
    return _turtle_roll(d, WHITE) + "".join(
        shape(
            f"M{s * 26},128 L{s * 74},156 L{s * 60},210 L{s * 4},252 L{s * 14},170Z",
            d.light.shade(d.top, 0.16),
        )
        for s in (-1, 1)
    )


def _open(d: Dressed) -> str:
    shirt = shape("M-30,130 L-26,446 L26,446 L30,130 Q0,160 -30,130Z", d.light.css(WHITE))
    edges = "".join(
        shape(
            f"M{s * 26},126 L{s * 58},150 L{s * 46},214 L{s * 24},170Z", d.light.shade(d.top, 0.15)
        )
        for s in (-1, 1)
    )
    return (
        shirt
        + stroke("M-10,250 q6,60 2,150 M12,270 q-4,60 2,120", d.light.shade(WHITE, 0.2), 3)
        + edges
    )


def _maid(d: Dressed) -> str:
    bib = shape("M-44,196 Q0,214 44,196 L50,360 L-50,360Z", d.light.css(WHITE))
    straps = "".join(
        stroke(f"M{s * 42},200 L{s * 62},160", INK, 24)
        + stroke(f"M{s * 42},200 L{s * 62},160", "#f8f6f2", 16)
        for s in (-1, 1)
    )
    bow = shape("M0,160 L-34,142 L-32,182 L0,166 L32,182 L34,142Z", red_tie(d.light))
    return (
        straps
        + bib
        + shape("M-26,130 L-40,166 L0,158 L40,166 L26,130 Q0,156 -26,130Z", d.light.css(WHITE))
        + bow
    )


def _turtle_roll(d: Dressed, paint: tuple[float, float, float]) -> str:
    roll = "M-29,104 Q0,132 29,104 L36,148 Q0,174 -36,148Z"
    return shape(roll, d.light.css(paint)) + stroke(
        "M-14,124 L-15,158 M2,128 L2,164 M17,122 L19,156", d.light.shade(paint, 0.25), 3
    )


def _turtle(d: Dressed) -> str:
    knit = "".join(f"M{x},200 L{x * 0.8:.0f},396" for x in (-44, -22, 0, 22, 44))
    return stroke(knit, d.light.shade(d.top, 0.16), 3) + _turtle_roll(d, d.top)


def _clasp(d: Dressed) -> str:
    drape = "".join(
        shape(
            f"M{s * 8},146 C{s * 60},136 {s * 124},168 {s * 132},300 Q{s * 140},400 {s * 150},470"
            f" Q{s * 112},440 {s * 96},330 C{s * 86},240 {s * 44},200 {s * 8},168Z",
            d.light.css(d.look.cloth),
        )
        for s in (-1, 1)
    )
    return drape + oval(0, 160, 16, 16, "#e8c86a", 4) + oval(0, 160, 7, 7, "#c8424a", 2)


def _bow(d: Dressed) -> str:
    trim = d.light.shine(d.look.cloth, 0.7)
    return (
        shape("M-26,132 Q-40,170 -62,178 Q0,224 62,178 Q40,170 26,132 Q0,156 -26,132Z", trim)
        + shape("M0,214 L-52,184 Q-62,222 -48,252 L0,226 L48,252 Q62,222 52,184Z", red_tie(d.light))
        + oval(0, 219, 12, 13, "#f4d06f", 3.5)
        + stroke("M-54,300 Q0,318 54,300", trim, 6)
    )


def _heart(d: Dressed) -> str:
    chest = shape(
        "M-24,134 C-38,146 -62,150 -76,168 C-84,182 -82,196 -78,214 Q-40,190 0,222 Q40,190 78,214"
        " C82,196 84,182 76,168 C62,150 38,146 24,134Z",
        d.light.css(d.skin),
    )
    bones = stroke("M-16,164 L-46,168 M16,164 L46,168", skin_shade(d.skin, d.light), 3.5)
    return (
        chest
        + bones
        + stroke("M-78,216 Q-40,192 0,224 Q40,192 78,216", d.light.shine(d.look.cloth, 0.7), 7)
    )


def _round(d: Dressed) -> str:
    trim = d.light.shine(d.look.cloth, 0.6)
    return (
        shape("M-30,130 C-34,178 34,178 30,130 Q0,156 -30,130Z", d.light.css(d.skin), line=3.5)
        + "".join(
            shape(
                f"M{s * 30},130 Q{s * 62},150 {s * 40},192 Q{s * 20},196 {s * 2},172 Q{s * 26},166 {s * 30},130Z",
                trim,
            )
            for s in (-1, 1)
        )
        + "".join(oval(0, y, 5.5, 5.5, trim, 2.5) for y in (226, 266, 306))
    )


def _shirt(d: Dressed) -> str:
    pale = mix(d.top, (1.0, 1.0, 1.0), 0.4)
    return (
        shape("M-22,134 L0,186 L22,134 Q0,154 -22,134Z", d.light.css(d.skin), line=3)
        + "".join(
            shape(f"M{s * 24},128 L{s * 48},150 L{s * 24},198 L0,180Z", d.light.css(pale))
            for s in (-1, 1)
        )
        + stroke("M0,184 L0,430", d.light.shade(d.top, 0.4), 3)
        + "".join(oval(0, y, 5, 5, d.light.css(pale), 2.5) for y in (222, 270, 318, 366))
    )


def _ring(d: Dressed) -> str:
    trim = d.light.css(d.look.cloth)
    return (
        shape("M-42,126 Q0,166 42,126 L48,152 Q0,196 -48,152Z", "#aab4c6")
        + shape("M-40,214 L40,214 L36,286 L-36,286Z", "#8d99b0")
        + oval(-18, 236, 8, 8, "#e85b5b", 2.5)
        + oval(6, 236, 8, 8, "#5bd08a", 2.5)
        + stroke("M-24,266 L24,266", "#dfe8f4", 6)
        + stroke("M-58,330 Q0,348 58,330", trim, 12)
        + veil("M-70,180 L-58,180 L-52,320 L-60,320Z", trim, 1)
        + veil("M70,180 L58,180 L52,320 L60,320Z", trim, 1)
    )


_COLLARS: dict[str, Callable[[Dressed], str]] = {
    "sailor": _sailor,
    "blazer": _blazer,
    "hood": _hood,
    "cross": _cross,
    "gorget": _gorget,
    "lapels": _lapels,
    "open": _open,
    "maid": _maid,
    "turtle": _turtle,
    "clasp": _clasp,
    "bow": _bow,
    "heart": _heart,
    "round": _round,
    "shirt": _shirt,
    "ring": _ring,
}
