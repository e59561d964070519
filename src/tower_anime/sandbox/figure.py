"""A character as SVG: cel shading, ink outlines.

Local units: the middle of the face is (0, 0), y points down, a head is 230 high and a whole
figure about 1150. The proportions were drawn by hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from numpy.random import Generator

from tower_anime.sandbox.palette import INK, Colour, Light, colour, css, mix
from tower_anime.sandbox.words import Look

SKINS = tuple(colour(text) for text in ("#ffe3d1", "#fbd8c0", "#f3c7a6"))
LINE = 5.0
_ARM = 40.0


@dataclass(frozen=True)
class Pose:
    """How somebody stands. `turn` −1…1 is where the face looks, `tilt_deg` the head's lean."""

    turn: float
    tilt_deg: float
    smile: bool
    eyes_closed: bool
    raised: int
    swing: float
    light_from: int


def pose_of(rng: Generator, *, smiling: bool | None, holds: bool) -> Pose:
    """Draw a pose by lot; `raised` is −1 or 1 for a lifted arm, 0 for none."""
    side = int(rng.choice((-1, 1)))
    return Pose(
        turn=float(rng.uniform(-1, 1)),
        tilt_deg=float(rng.uniform(-9, 9)),
        smile=bool(rng.random() < 0.6) if smiling is None else smiling,
        eyes_closed=bool(rng.random() < 0.08),
        raised=side if holds or rng.random() < 0.35 else 0,
        swing=float(rng.uniform(-1, 1)),
        light_from=int(rng.choice((-1, 1))),
    )


def figure(
    look: Look, pose: Pose, *, light: Light, rng: Generator, name: str, umbrella: Colour | None
) -> str:
    """Return the SVG of one character; `name` keeps its ids apart from another's."""
    skin = SKINS[rng.integers(len(SKINS))]
    tilt = f'<g transform="rotate({pose.tilt_deg:.1f} 0 110)">'
    hand = _hand(pose)
    return "".join(
        (
            tilt + _back_hair(look, light, rng) + "</g>",
            _umbrella(umbrella, hand, light) if umbrella else "",
            _legs(look, skin, light),
            _arm(look, skin, light, -pose.raised or 1, None, pose),
            _torso(look, skin, light, pose, name),
            _arm(look, skin, light, pose.raised or -1, hand if pose.raised else None, pose),
            tilt,
            _head(look, skin, light, pose, name),
            _front_hair(look, light, rng, pose, name),
            "</g>",
        )
    )


def shape(d: str, fill: str, *, line: float = LINE, extra: str = "") -> str:
    """Return a filled path with an ink outline; `line` 0 leaves the outline out."""
    ink = f' stroke="{INK}" stroke-width="{line:g}" stroke-linejoin="round"' if line else ""
    return f'<path d="{d}" fill="{fill}"{ink}{extra}/>'


def stroke(d: str, ink: str, width: float) -> str:
    """Return an open line with round ends."""
    return (
        f'<path d="{d}" fill="none" stroke="{ink}" stroke-width="{width:g}" '
        'stroke-linecap="round" stroke-linejoin="round"/>'
    )


def limb(d: str, fill: str, width: float) -> str:
    """Return a tube: the same line twice, ink below and paint above."""
    return stroke(d, INK, width + 2 * LINE) + stroke(d, fill, width)


def oval(x: float, y: float, rx: float, ry: float, fill: str, line: float = 0.0) -> str:
    """Return an ellipse."""
    ink = f' stroke="{INK}" stroke-width="{line:g}"' if line else ""
    return f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{rx:.1f}" ry="{ry:.1f}" fill="{fill}"{ink}/>'


def mirrored(part: str, side: int) -> str:
    """Return `part` as drawn for the right (1), or flipped to the left (−1)."""
    return f'<g transform="scale({side} 1)">{part}</g>'


def _hand(pose: Pose) -> tuple[float, float]:
    return pose.raised * (150 + 10 * pose.swing), 120 - 20 * pose.swing


def _umbrella(paint: Colour, hand: tuple[float, float], light: Light) -> str:
    x, y = hand
    top = -250.0
    ribs = [-230, -115, 0, 115, 230]
    dome = (
        f"M{x - 230},{top + 150} C{x - 225},{top - 60} {x + 225},{top - 60} {x + 230},{top + 150}"
    )
    scallops = "".join(
        f" Q{x + (a + b) / 2:.0f},{top + 108} {x + b:.0f},{top + 150}"
        for a, b in zip(ribs[::-1], ribs[::-1][1:], strict=False)
    )
    inner = shape(dome + scallops + " Z", light.css(paint))
    dark = shape(
        f"M{x + 20},{top - 8} C{x + 150},{top - 5} {x + 222},{top + 40} {x + 230},{top + 150}"
        f" Q{x + 172},{top + 108} {x + 115},{top + 150} C{x + 110},{top + 70} {x + 70},{top + 10}"
        f" {x + 20},{top - 8} Z",
        light.shade(paint, 0.28),
        line=0,
    )
    ribs_ink = "".join(
        stroke(f"M{x},{top - 8} Q{x + r * 0.9:.0f},{top + 20} {x + r},{top + 150}", INK, 3)
        for r in ribs[1:-1]
    )
    pole = stroke(f"M{x},{top - 30} L{x},{y + 60}", INK, 13) + stroke(
        f"M{x},{top - 30} L{x},{y + 60}", light.css((0.62, 0.46, 0.34)), 6
    )
    return pole + inner + dark + ribs_ink + shape(dome + scallops + " Z", "none")


def _legs(look: Look, skin: Colour, light: Light) -> str:
    trousers = mix(look.cloth, (0.15, 0.16, 0.25), 0.6)
    paint = trousers if look.male else mix(skin, (1.0, 1.0, 1.0), 0.1)
    socks = light.css((0.2, 0.2, 0.3) if look.uniform else (0.95, 0.95, 0.97))
    out = ""
    for side in (-1, 1):
        x = side * 40
        out += limb(
            f"M{x},480 C{x},600 {x + side * 6},700 {x + side * 4},860", light.css(paint), 56
        )
        if not look.male:
            out += limb(f"M{x + side * 4},760 L{x + side * 4},860", socks, 54)
        out += shape(
            f"M{x - 34},855 L{x + 36},855 C{x + 44},890 {x + 40 + side * 14},905 {x},905"
            f" C{x - 44 + side * 6},905 {x - 40},885 {x - 34},855 Z",
            light.css((0.36, 0.22, 0.18)),
        )
    return out


def _torso(look: Look, skin: Colour, light: Light, pose: Pose, name: str) -> str:
    cloth = look.cloth
    wide = 118 if look.male else 100
    top = (0.97, 0.96, 0.95) if look.uniform else cloth
    body = (
        f"M-34,118 C-60,132 -{wide},136 -{wide},176 C-{wide},240 -74,270 -72,330 L-80,440 L80,440"
        f" L72,330 C74,270 {wide},240 {wide},176 C{wide},136 60,132 34,118 Z"
    )
    clip = f'<clipPath id="body{name}"><path d="{body}"/></clipPath>'
    far = -pose.light_from
    shadow = shape(
        f"M{far * 30},110 C{far * 52},200 {far * 22},300 {far * 40},450 L{far * 200},450"
        f" L{far * 200},110 Z",
        light.shade(top, 0.25),
        line=0,
        extra=f' clip-path="url(#body{name})"',
    )
    neck = shape("M-24,80 L-26,128 Q0,160 26,128 L24,80 Z", light.css(skin)) + shape(
        "M-22,92 Q0,128 22,92 L23,112 Q0,134 -23,112 Z", light.shade(skin, 0.28), line=0
    )
    lower = _lower(look, light, far)
    return clip + shape(body, light.css(top)) + shadow + lower + neck + _collar(look, light)


def _lower(look: Look, light: Light, far: int) -> str:
    if look.male:
        trousers = mix(look.cloth, (0.15, 0.16, 0.25), 0.6)
        return shape("M-80,420 L80,420 L74,540 L0,520 L-74,540 Z", light.css(trousers))
    skirt = look.cloth if look.uniform else mix(look.cloth, (0.2, 0.15, 0.3), 0.2)
    out = shape(
        "M-78,400 C-90,470 -128,540 -146,600 Q0,650 146,600 C128,540 90,470 78,400 Q0,420 "
        "-78,400 Z",
        light.css(skirt),
    )
    out += shape(
        f"M{far * 10},412 L{far * 78},400 C{far * 90},470 {far * 128},540 {far * 143},598"
        f" Q{far * 90},622 {far * 36},624 C{far * 30},540 {far * 22},470 {far * 10},412 Z",
        light.shade(skirt, 0.26),
        line=0,
    )
    pleats = "".join(
        f"M{x * 0.8:.0f},440 L{x * 1.6:.0f},{612 - abs(x) * 0.1:.0f}" for x in (-60, -22, 22, 60)
    )
    return out + stroke(pleats, INK, 3)


def _collar(look: Look, light: Light) -> str:
    if look.uniform and not look.male:
        flap = light.css(look.cloth)
        ribbon = light.css((0.86, 0.25, 0.28))
        return (
            shape("M-34,116 L-78,150 L-56,206 L0,236 L-18,160 Z", flap)
            + shape("M34,116 L78,150 L56,206 L0,236 L18,160 Z", flap)
            + stroke("M-66,152 L-48,196 L-4,222", "#f6f3ee", 4)
            + stroke("M66,152 L48,196 L4,222", "#f6f3ee", 4)
            + shape("M0,222 L-44,200 L-40,254 L0,234 L40,254 L44,200 Z", ribbon)
            + shape("M-6,236 L-26,306 L-2,290 L0,240 L2,290 L26,306 L6,236 Z", ribbon)
        )
    trim = light.shine(look.cloth, 0.55)
    return (
        shape("M-36,116 L-62,134 L-30,190 L0,164 L30,190 L62,134 L36,116 Q0,170 -36,116 Z", trim)
        + stroke("M0,172 L0,396", INK, 3)
        + "".join(oval(12, y, 6, 6, trim, 2.5) for y in (220, 280, 340))
    )


def _arm(
    look: Look,
    skin: Colour,
    light: Light,
    side: int,
    hand: tuple[float, float] | None,
    pose: Pose,
) -> str:
    shoulder = side * (92 if look.male else 78)
    if hand is None:
        x = side * (128 + 16 * pose.swing)
        elbow, hand = (x, 290.0), (x - side * 8, 420.0)
    else:
        elbow = (side * 150.0, 300.0)
    sleeve = (0.97, 0.96, 0.95) if look.uniform else look.cloth
    middle = elbow[0] + (hand[0] - elbow[0]) * 0.4, elbow[1] + (hand[1] - elbow[1]) * 0.4
    fore = f"M{elbow[0]:.0f},{elbow[1]:.0f} L{hand[0]:.0f},{hand[1]:.0f}"
    upper = (
        f"M{shoulder},172 Q{elbow[0] * 0.98:.0f},{elbow[1] * 0.75:.0f}"
        f" {elbow[0]:.0f},{elbow[1]:.0f}"
        f" L{middle[0]:.0f},{middle[1]:.0f}"
    )
    return (
        limb(fore, light.css(skin), _ARM * 0.72)
        + oval(hand[0], hand[1], 21, 24, light.css(skin), LINE)
        + limb(upper, light.css(sleeve), _ARM)
        + stroke(upper.split(" L")[0], light.shade(sleeve, 0.22), _ARM * 0.36)
    )


def _head(look: Look, skin: Colour, light: Light, pose: Pose, name: str) -> str:
    face = (
        "M-79,-52 C-82,8 -72,52 -40,84 C-22,102 -9,110 0,110 C9,110 22,102 40,84"
        " C72,52 82,8 79,-52 Z"
    )
    far = -pose.light_from
    shift = pose.turn * 13
    clip = f'<clipPath id="face{name}"><path d="{face}"/></clipPath>'
    shadow = shape(
        f"M{far * 60},-60 C{far * 62},20 {far * 52},60 {far * 8},112 L{far * 100},112"
        f" L{far * 100},-60 Z M-90,-60 L90,-60 L90,-22 Q0,2 -90,-22 Z",
        light.shade(skin, 0.2),
        line=0,
        extra=f' clip-path="url(#face{name})"',
    )
    ears = "".join(
        shape(f"M{s * 76},0 C{s * 98},-18 {s * 98},34 {s * 72},40 Z", light.css(skin))
        for s in (-1, 1)
    )
    blush = "".join(
        f'<ellipse cx="{s * 50 + shift:.0f}" cy="56" rx="15" ry="8" fill="#f2837f"'
        ' fill-opacity="0.4"/>'
        for s in (-1, 1)
    )
    eyes = "".join(_eye(look, light, pose, s, shift, name) for s in (-1, 1))
    nose = stroke(f"M{shift * 1.5:.0f},52 l{3 + pose.turn * 3:.0f},8", light.shade(skin, 0.55), 3.5)
    mouth = (
        shape(
            f"M{shift - 17:.0f},74 Q{shift:.0f},80 {shift + 17:.0f},74 Q{shift + 8:.0f},94"
            f" {shift:.0f},94 Q{shift - 8:.0f},94 {shift - 17:.0f},74 Z",
            "#c2454d",
            line=3.5,
        )
        if pose.smile
        else stroke(
            f"M{shift - 10:.0f},79 Q{shift:.0f},{82 + 4 * pose.swing:.0f} {shift + 10:.0f},78",
            INK,
            4,
        )
    )
    return clip + ears + shape(face, light.css(skin)) + shadow + blush + nose + mouth + eyes


def _eye(look: Look, light: Light, pose: Pose, side: int, shift: float, name: str) -> str:
    x = side * 37 + shift
    narrow = 1 - 0.16 * max(0.0, side * pose.turn)
    w, h = 21 * narrow, 25 if look.male else 30
    brow = stroke(
        f"M{x - side * 20:.0f},-30 Q{x:.0f},-40 {x + side * 22:.0f},-28",
        light.shade(look.hair, 0.5),
        5,
    )
    if pose.eyes_closed:
        return brow + stroke(f"M{x - w:.0f},16 Q{x:.0f},34 {x + w:.0f},16", INK, 7)
    ident = f"eye{name}{'l' if side < 0 else 'r'}"
    left, right, inset = x - w, x + w, w * 0.9
    white = (
        f"M{left:.1f},10 Q{left:.1f},-14 {x:.1f},-15 Q{right:.1f},-14 {right:.1f},10"
        f" Q{x + inset:.1f},{h + 8} {x:.1f},{h + 10} Q{x - inset:.1f},{h + 8} {left:.1f},10 Z"
    )
    dark, glow = css(mix(look.eyes, (0.05, 0.03, 0.15), 0.6)), css(mix(look.eyes, (1, 1, 1), 0.35))
    look_x = x + pose.turn * 3
    return (
        f'<clipPath id="{ident}"><path d="{white}"/></clipPath>'
        f'<linearGradient id="g{ident}" x2="0" y2="1"><stop offset="0.1" stop-color="{dark}"/>'
        f'<stop offset="0.55" stop-color="{css(look.eyes)}"/>'
        f'<stop offset="1" stop-color="{glow}"/></linearGradient>'
        + shape(white, "#fdfcfb", line=0)
        + f'<g clip-path="url(#{ident})">'
        + oval(look_x, 12, w * 0.78, h * 0.86, f"url(#g{ident})", 3.5)
        + oval(look_x, 10, w * 0.33, h * 0.4, css(mix(look.eyes, (0.04, 0.02, 0.1), 0.8)))
        + oval(x, -13, w * 1.1, 9, light.shade(look.eyes, 0.7))
        + "</g>"
        + oval(look_x - 7, 2, 6.5, 8.5, "#ffffff")
        + oval(look_x + 7, 25, 3.5, 4.5, "#ffffff")
        + stroke(
            f"M{x - w - 2:.1f},8 Q{x - w * 0.8:.1f},-16 {x:.1f},-16 Q{x + w * 0.8:.1f},-16"
            f" {x + w + 2:.1f},8",
            INK,
            8,
        )
        + stroke(f"M{x + side * w:.1f},2 l{side * 9},-6", INK, 6)
        + stroke(f"M{x - w * 0.5:.1f},{h + 9} Q{x:.1f},{h + 12} {x + w * 0.6:.1f},{h + 8}", INK, 3)
        + brow
    )


def _back_hair(look: Look, light: Light, rng: Generator) -> str:
    paint = light.shade(look.hair, 0.3)
    if look.hair_length == "long":
        tips = [(-118, 330), (-84, 372), (-40, 345), (0, 380), (44, 348), (86, 375), (120, 330)]
        out = "M-96,-20 C-128,90 -150,220 -118,330"
        for (_, y0), (x1, y1) in pairwise(tips):
            out += f" Q{x1 - 26},{min(y0, y1) - 40} {x1 + rng.integers(-6, 7)},{y1}"
        return shape(out + " C150,220 128,90 96,-20 Z", paint)
    if look.hair_length == "medium":
        return shape(
            "M-94,-20 C-118,60 -128,120 -104,176 Q-84,150 -70,168 Q-30,130 0,150 Q30,130 70,168"
            " Q84,150 104,176 C128,120 118,60 94,-20 Z",
            paint,
        )
    base = shape("M-92,-20 C-106,40 -104,90 -72,116 L72,116 C104,90 106,40 92,-20 Z", paint)
    if look.hair_length == "twintails":
        tail = shape(
            "M84,-70 C190,-90 220,60 176,230 Q168,290 196,330 Q130,300 126,210"
            " C130,110 120,40 84,-30 Z",
            light.css(look.hair),
        ) + oval(92, -52, 15, 19, "#d8434e", LINE)
        return base + mirrored(tail, -1) + mirrored(tail, 1)
    if look.hair_length == "ponytail":
        tail = shape(
            "M40,-116 C190,-150 230,40 170,240 Q166,280 190,310 Q110,290 120,180"
            " C130,60 110,0 50,-70 Z",
            light.css(look.hair),
        )
        return base + mirrored(tail, int(rng.choice((-1, 1))))
    return base


def _front_hair(look: Look, light: Light, rng: Generator, pose: Pose, name: str) -> str:
    paint = light.css(look.hair)
    spikes = int(rng.integers(4, 7))
    outline = "M-94,30 C-112,-84 -60,-134 0,-134 C60,-134 112,-84 94,30 Q88,0 80,-18"
    step = 160 / spikes
    for i in range(spikes):
        x = 80 - step * (i + 1)
        tip_x = x + step * (0.35 + 0.3 * rng.random())
        tip_y = -4 + 26 * rng.random() - (12 if look.male else 0)
        outline += f" Q{tip_x + step * 0.45:.0f},-14 {tip_x:.0f},{tip_y:.0f}"
        outline += f" Q{tip_x - step * 0.3:.0f},-24 {x:.0f},{-34 if i < spikes - 1 else -18}"
    outline += " Q-88,0 -94,30 Z"
    clip = f'<clipPath id="hair{name}"><path d="{outline}"/></clipPath>'
    lean = pose.light_from * -14
    shine = shape(
        f"M{lean - 66},-64 Q{lean},-112 {lean + 66},-64 L{lean + 50},-70 L{lean + 40},-54"
        f" L{lean + 24},-84 L{lean + 8},-64 L{lean - 10},-88 L{lean - 24},-62 L{lean - 40},-80"
        f" L{lean - 50},-58 Z",
        light.shine(look.hair, 0.45),
        line=0,
        extra=f' clip-path="url(#hair{name})"',
    )
    far = -pose.light_from
    dark = shape(
        f"M{far * 40},-140 C{far * 80},-90 {far * 70},-40 {far * 76},40 L{far * 130},40"
        f" L{far * 130},-140 Z",
        light.shade(look.hair, 0.25),
        line=0,
        extra=f' clip-path="url(#hair{name})"',
    )
    locks = "" if look.male else _locks(look, light)
    ahoge = stroke("M2,-132 C-6,-168 30,-178 44,-158", INK, 12) + stroke(
        "M2,-132 C-6,-168 30,-178 44,-158", paint, 5
    )
    return (
        clip
        + locks
        + ahoge
        + _ears(look, light)
        + shape(outline, paint)
        + dark
        + shine
        + shape(outline, "none")
        + _worn(look, light)
    )


def _locks(look: Look, light: Light) -> str:
    end = {"short": 96, "medium": 150, "long": 240}.get(look.hair_length, 130)
    return "".join(
        shape(
            f"M{s * 70},-60 C{s * 98},-10 {s * 104},{end * 0.5:.0f} {s * 84},{end}"
            f" C{s * 76},{end * 0.7:.0f} {s * 70},{end * 0.35:.0f} {s * 66},0 Z",
            light.css(look.hair),
        )
        for s in (-1, 1)
    )


def _ears(look: Look, light: Light) -> str:
    if not look.cat_ears:
        return ""
    return "".join(
        shape(f"M{s * 30},-118 L{s * 84},-196 L{s * 98},-72 Z", light.css(look.hair))
        + shape(f"M{s * 52},-120 L{s * 80},-168 L{s * 88},-92 Z", "#f0a3a8", line=0)
        for s in (-1, 1)
    )


def _worn(look: Look, light: Light) -> str:
    out = ""
    if look.glasses:
        out += "".join(
            f'<rect x="{x}" y="-12" width="52" height="46" rx="14" fill="#ffffff"'
            f' fill-opacity="0.14" stroke="{INK}" stroke-width="5"/>'
            for x in (-63, 11)
        ) + stroke("M-11,8 L11,8", INK, 5)
    if look.hat:
        out += shape(
            "M-150,-66 Q0,-120 150,-66 Q120,-44 0,-62 Q-120,-44 -150,-66 Z", light.css(look.cloth)
        ) + shape(
            "M-84,-84 Q-76,-178 0,-182 Q76,-178 84,-84 Q0,-112 -84,-84 Z", light.css(look.cloth)
        )
    return out
