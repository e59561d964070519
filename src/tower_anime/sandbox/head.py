"""Faces: skull, eyes, brows, nose and mouth as SVG.

Local units: the middle of the face is (0, 0), y points down, crown at −126, chin at 95. The
proportions were drawn by hand.
"""

from __future__ import annotations

from dataclasses import dataclass

from tower_anime.sandbox.ink import clipped, fade, halo, mirrored, moved, oval, shape, stroke, veil
from tower_anime.sandbox.palette import INK, Colour, Light, css, mix
from tower_anime.sandbox.words import Look

SHUT = frozenset({"closed", "laugh"})
"""Faces whose eyes may be shut; "laugh" by lot."""


@dataclass(frozen=True)
class Bearing:
    """How a head is held. `turn` −1…1 is where it looks, `light_from` the side of the light.

    `lids` is how far the eyes are closed, `mouth` how far a speaking mouth is open (both 0–1;
    None leaves the mouth to the expression), `sway` −1…1 where the locks swing.
    """

    turn: float
    tilt_deg: float
    light_from: int
    eyes_shut: bool
    lids: float = 0.0
    mouth: float | None = None
    sway: float = 0.0


def skin_shade(skin: Colour, light: Light) -> str:
    """Return the shadow on skin: warm, never grey."""
    return light.css((skin[0] * 0.95, skin[1] * 0.80, skin[2] * 0.79))


def face(look: Look, skin: Colour, light: Light, bearing: Bearing, name: str) -> str:
    """Return skull, ears and all features, without hair."""
    slide, far = bearing.turn * 12, -bearing.light_from
    outline = _outline(look, bearing)
    shade = skin_shade(skin, light)
    shadows = veil(
        "M-90,-90 L90,-90 L90,-6 C60,10 44,-12 20,4 C0,14 -14,-8 -36,6 C-54,14 -70,-4 -90,4Z"
        f"M{far * 62},-40 C{far * 66},20 {far * 50},62 {far * 10},98 L{far * 100},98"
        f" L{far * 100},-60Z",
        shade,
        1,
    )
    ears = "".join(
        shape(f"M{s * 66},4 C{s * 90},-16 {s * 92},34 {s * 62},44Z", light.css(skin))
        + stroke(f"M{s * 70},10 C{s * 80},6 {s * 80},26 {s * 70},30", shade, 3.5)
        for s in (-1, 1)
    )
    features = "".join(_eye(look, light, bearing, s, name) for s in (-1, 1))
    return (
        ears
        + shape(outline, light.css(skin))
        + clipped(f"face{name}", outline, shadows + _cheeks(look, slide, name))
        + shape(outline, "none")
        + _nose(look, slide, shade)
        + moved(_mouth(look, light, bearing.mouth), f"translate({slide * 0.9:.1f} 0)")
        + features
        + _age_lines(look, slide, shade)
    )


def _outline(look: Look, bearing: Bearing) -> str:
    chin_x = bearing.turn * 6
    child = look.age == "child"
    jaw, chin = (62, 103) if look.male and not child else (57, 90 if child else 96)
    return (
        f"M-71,-50 C-76,-8 -75,32 -{jaw},58 C-46,76 {chin_x - 17:.0f},{chin - 2}"
        f" {chin_x:.0f},{chin} C{chin_x + 17:.0f},{chin - 2} 46,76 {jaw},58 C75,32 76,-8 71,-50 C60,-116 -60,-116 -71,-50Z"
    )


def _cheeks(look: Look, slide: float, name: str) -> str:
    if look.face in {"angry", "serious"} and not look.blush:
        return ""
    strong = look.blush or look.face in {"shy", "crying"}
    glow = halo(f"blush{name}", ((0, "#ff6b6b", 0.75 if strong else 0.3), (1, "#ff8080", 0)))
    spots = "".join(
        oval(s * 45 + slide, 54, 25 if strong else 19, 13, f"url(#blush{name})") for s in (-1, 1)
    )
    if not strong:
        return glow + spots
    marks = "".join(f"M{s * 45 + slide + x:.0f},50 l-5,9" for s in (-1, 1) for x in (-9, 1, 11))
    return glow + spots + stroke(marks, "#e0605f", 2.6)


def _nose(look: Look, slide: float, shade: str) -> str:
    x = slide * 1.5
    side = 1 if slide >= 0 else -1
    freckles = ""
    if "freckles" in look.worn:
        spots = "".join(
            oval(s * 36 + slide + dx, 48 + dy, 4.6, 4.0, "#9c4a30")
            for s in (-1, 1)
            for dx, dy in ((-14, 3), (-6, -4), (2, 4), (10, -3), (17, 4), (-3, 11), (9, 12))
        )
        freckles = spots
    nose = stroke(f"M{x:.1f},50 q{side * 5},6 {side * 1},9", INK, 2.6)
    return freckles + veil(f"M{x - 4:.1f},58 l9,0 l-4,5Z", shade, 1) + nose


def _mouth(look: Look, light: Light, spoken: float | None) -> str:
    """Return the mouth of an expression or of a sound, centred on the face's axis."""
    inside, tongue = light.css((0.55, 0.14, 0.18)), light.css((0.95, 0.50, 0.50))
    if spoken is not None and spoken > 0:
        wide, low = 11 + 4 * spoken, 74 + 16 * spoken
        opening = (
            f"M-{wide},70 Q0,66 {wide},70 Q{wide - 2},{low} 0,{low} Q-{wide - 2},{low} -{wide},70Z"
        )
        inner = oval(0, low - 4, 7, 3.5, tongue) if spoken > 0.6 else ""
        return shape(opening, inside, line=3.2) + inner
    kind = "smile" if spoken is not None and look.face in {"laugh", "wink"} else look.face
    if kind in {"laugh", "wink"}:
        opening = "M-21,67 Q0,73 21,67 Q17,91 0,92 Q-17,91 -21,67Z"
        teeth = veil("M-20,66 Q0,74 20,66 L18,75 Q0,79 -18,75Z", "#ffffff", 1)
        return (
            shape(opening, inside, line=3.2)
            + oval(0, 87, 9, 5, tongue)
            + teeth
            + stroke("M-22,66 Q0,73 22,66", INK, 3.2)
        )
    if kind == "surprised":
        return shape("M-8,74 C-8,64 8,64 8,74 C8,86 -8,86 -8,74Z", inside, line=3.2)
    if kind == "angry":
        return shape("M-15,80 Q0,66 15,80 Q0,76 -15,80Z", "#ffffff", line=3.4)
    if kind == "crying":
        return shape("M-15,82 Q0,64 15,82 Q0,88 -15,82Z", inside, line=3.2)
    curve = {
        "smile": "M-21,68 Q0,90 21,68",
        "closed": "M-11,73 Q0,80 11,73",
        "shy": "M-11,75 q5,-5 10,0 t11,0",
        "sad": "M-12,80 Q0,70 12,80",
        "sleepy": "M-8,76 Q0,73 8,76",
        "serious": "M-12,76 L12,76",
    }.get(kind, "M-9,76 Q0,78 9,76")
    return stroke(curve, INK, 3.4) + stroke("M-5,85 L5,85", "#c98a7c", 2, opacity=0.7)


def _age_lines(look: Look, slide: float, shade: str) -> str:
    out = ""
    if look.age == "elder":
        out += stroke(
            "".join(f"M{s * 24 + slide:.0f},58 q{s * 8},8 {s * 6},18" for s in (-1, 1))
            + "".join(f"M{s * 26 + slide:.0f},48 q{s * 12},6 {s * 22},-1" for s in (-1, 1)),
            shade,
            3.5,
        )
    if "beard" in look.worn:
        paint = css(look.worn["beard"])
        out += shape(
            "M-58,40 C-50,60 -24,58 -18,62 Q0,54 18,62 C24,58 50,60 58,40 C66,90 34,150 0,168"
            " C-34,150 -66,90 -58,40Z M-14,74 Q0,82 14,74 Q0,70 -14,74Z",
            paint,
            extra=' fill-rule="evenodd"',
        )
    return out


# ---- eyes -----------------------------------------------------------------------------------
# drawn for the right eye around its own middle, mirrored for the left one

_LID = {
    "sad": (5, -7),
    "crying": (5, -7),
    "shy": (3, -5),
    "angry": (-6, 7),
    "serious": (-2, 4),
    "sleepy": (12, 12),
}
"""How far the upper lid sinks, in units: outer corner (or inner, if negative), and its middle."""

_BROW = {
    "sad": (-13, 5),
    "crying": (-15, 7),
    "shy": (-10, 3),
    "angry": (15, -9),
    "serious": (7, -3),
    "surprised": (-12, -13),
    "laugh": (-6, -8),
    "sleepy": (-2, 2),
}
"""Height of the inner and the outer end of a brow against its usual place, in units."""


def _eye(look: Look, light: Light, bearing: Bearing, side: int, name: str) -> str:
    x = side * 35 + bearing.turn * 12
    narrow = 1 - 0.17 * max(0.0, -side * bearing.turn * -1)
    brow = _brow(look, light)
    if "eyepatch" in look.worn and side == bearing.light_from:
        patch = shape("M-25,-16 Q0,-28 25,-16 L20,20 Q0,34 -20,20Z", "#2a2632") + stroke(
            "M24,-14 L52,-46 M-24,-14 L-60,-40", INK, 5
        )
        eye = patch
    elif bearing.lids > 0.8 and not bearing.eyes_shut:
        eye = _shut_lash(happy=False)
    elif bearing.eyes_shut or (look.face == "wink" and side == bearing.light_from):
        eye = _shut_lash(happy=look.face in {"laugh", "wink", "smile"})
    else:
        eye = _open(look, light, side, f"{name}{'l' if side < 0 else 'r'}", bearing)
    drops = _tear() if look.face == "crying" else ""
    both = brow + moved(eye, f"scale({narrow:.3f} 1)") + drops
    return moved(mirrored(both, side), f"translate({x:.1f} 18)")


def _shut_lash(*, happy: bool) -> str:
    lash = "M-21,8 Q0,-20 23,6" if happy else "M-21,0 Q0,22 23,-1"
    wings = "M22,5 l7,4" if happy else "M22,0 l8,-1 M15,8 l6,5"
    return stroke(lash, INK, 6.5) + stroke(wings, INK, 4)


def _open(look: Look, light: Light, side: int, name: str, bearing: Bearing) -> str:
    wide = 1.1 if look.face == "surprised" else 1.0
    height = (0.74 if look.male else 1.0) * (1.1 if look.age == "child" else 1.0) * wide
    outer, middle = _LID.get(look.face, (0, 0))
    if 0 < bearing.lids <= 0.8:
        outer, middle = max(outer, 0) + round(14 * bearing.lids), middle + round(44 * bearing.lids)
    inner = -min(outer, 0) * 1.6
    outer = max(outer, 0)
    top = -27 * height + middle
    low = 27 * height
    white = (
        f"M-22,{2 + inner} C-20,{top * 0.72 + inner:.1f} -9,{top:.1f} 2,{top:.1f}"
        f" C14,{top:.1f} 22,{top * 0.6 + outer:.1f} 24,{-3 + outer}"
        f" C23,{low * 0.5:.1f} 14,{low:.1f} 0,{low:.1f} C-12,{low:.1f} -21,{low * 0.5:.1f}"
        f" -22,{2 + inner}Z"
    )
    lash = (
        f"M-24,{4 + inner} C-22,{top * 0.82 + inner:.1f} -10,{top - 6:.1f} 2,{top - 6.5:.1f}"
        f" C15,{top - 6:.1f} 25,{top * 0.62 + outer - 4:.1f} 27,{-6 + outer} L35,{-13 + outer}"
        f" L29,{1 + outer} L33,{3 + outer} L24,{3 + outer} C22,{top * 0.5 + outer:.1f}"
        f" 13,{top + 2:.1f} 2,{top + 1.5:.1f}"
        f" C-9,{top + 2:.1f} -18,{top * 0.6 + inner:.1f} -24,{4 + inner}Z"
    )
    gaze = bearing.turn * 3.5 * side
    small = 0.72 if look.face == "surprised" else 1.0
    iris = _iris(look, light, name, gaze=gaze, height=height * small, small=small)
    shade = f"M-30,{top - 4:.1f} H34 V{top + 12:.1f} Q2,{top + 7:.1f} -30,{top + 16:.1f}Z"
    return (
        veil(white, css(light.lit((0.99, 0.985, 0.98))), 1)
        + clipped(f"eye{name}", white, iris + veil(shade, "#3a3050", 0.32))
        + (moved(_glints(look, height * small), f"translate({gaze:.1f} 0)") if side > 0 else "")
        + (
            moved(_glints(look, height * small), f"translate({gaze:.1f} 0) scale(-1 1)")
            if side < 0
            else ""
        )
        + f'<path d="{lash}" fill="{INK}"/>'
        + stroke(f"M-16,{top - 11:.1f} Q4,{top - 19:.1f} 22,{top * 0.6 + outer - 10:.1f}", INK, 2.2)
        + stroke(f"M-7,{low + 1:.1f} Q6,{low + 3:.1f} 16,{low * 0.66:.1f}", INK, 2.8)
    )


def _iris(look: Look, light: Light, name: str, *, gaze: float, height: float, small: float) -> str:
    paint = light.lit(look.eyes)
    dark, deep = css(mix(paint, (0.06, 0.03, 0.16), 0.62)), css(mix(paint, (0.04, 0.02, 0.1), 0.85))
    bright = css(mix(paint, (1.0, 1.0, 0.94), 0.55))
    rx, ry = 16.5 * small, 24.5 * height
    glow = fade(f"iris{name}", ((0.08, dark, 1), (0.5, css(paint), 1), (0.95, bright, 1)))
    return (
        glow
        + oval(gaze, 1, rx + 1.8, ry + 1.8, deep)
        + oval(gaze, 1, rx, ry, f"url(#iris{name})")
        + oval(gaze, 0, 6.8 * small, 11.5 * height, deep)
        + oval(gaze, ry * 0.62, rx * 0.58, ry * 0.24, bright)
    )


def _glints(look: Look, height: float) -> str:
    wet = oval(-2, 17 * height, 7, 3.4, "#ffffff") if look.face in {"crying", "sad"} else ""
    return (
        oval(-6.5, -10 * height, 6.6, 8 * height, "#ffffff")
        + oval(7.5, 11 * height, 3.4, 4 * height, "#ffffff")
        + wet
    )


def _tear() -> str:
    stream = "M4,26 C-3,44 0,56 8,66 C18,60 18,42 14,25Z"
    return (
        f'<path d="{stream}" fill="#bfe4ff" fill-opacity="0.85" stroke="#6fa9d8" stroke-width="2"/>'
    )


def _brow(look: Look, light: Light) -> str:
    inner, outer = _BROW.get(look.face, (0, 0))
    base = -44 if not look.male else -38
    thick = 5.5 if look.male else 3.2
    d = (
        f"M-19,{base + inner} Q2,{base - 9 + (inner + outer) * 0.5:.0f} 24,{base + 2 + outer}"
        f" Q2,{base - 9 + thick + (inner + outer) * 0.5:.0f} -20,{base + thick + inner}Z"
    )
    return f'<path d="{d}" fill="{light.shade(look.hair, 0.6)}" stroke="{INK}" stroke-width="1.4"/>'
