"""What people hold in their hands."""

from __future__ import annotations

from collections.abc import Callable

from tower_anime.sandbox.ink import Point, moved, oval, shape, stroke, veil
from tower_anime.sandbox.palette import INK, Colour, Light, mix

Held = Callable[[Colour, Light, Point], str]


def _umbrella(paint: Colour, light: Light, hand: Point) -> str:
    x, y = hand
    lean = -11
    dome = "M-236,-292 C-226,-470 226,-470 236,-292"
    scallops = " Q177,-334 118,-292 Q59,-334 0,-292 Q-59,-334 -118,-292 Q-177,-334 -236,-292Z"
    dark = "M20,-424 C140,-420 226,-380 236,-292 Q177,-334 118,-292 C112,-360 70,-410 20,-424Z"
    ribs = (
        "M0,-424 C-60,-410 -110,-360 -118,-292 M0,-424 L0,-292 M0,-424 C60,-410 110,-360 118,-292"
    )
    pole = stroke("M0,-424 L0,70 q0,26 24,22", INK, 14) + stroke(
        "M0,-424 L0,70 q0,26 24,22", light.css((0.62, 0.46, 0.34)), 7
    )
    top = shape("M0,-452 l7,30 l-14,0Z", INK, line=2)
    under = shape("M-236,-292 Q0,-250 236,-292 Q0,-420 -236,-292Z", light.shade(paint, 0.45))
    out = (
        under
        + pole
        + shape(dome + scallops, light.css(paint))
        + veil(dark, light.shade(paint, 0.25), 1)
    )
    return moved(
        out + stroke(ribs, INK, 3) + shape(dome + scallops, "none") + top,
        f"translate({x:.0f} {y + 16:.0f}) rotate({lean})",
    )


def _balloon(paint: Colour, light: Light, hand: Point) -> str:
    x, y = hand
    string = stroke(
        f"M{x:.0f},{y + 20:.0f} C{x + 30:.0f},{y - 120:.0f} {x:.0f},{y - 200:.0f} {x + 34:.0f},{y - 300:.0f}",
        INK,
        3.5,
    )
    ball = shape(
        "M0,0 C-60,-50 -84,-110 -70,-150 C-50,-210 50,-210 70,-150 C84,-110 60,-50 0,0Z M-8,6 L8,6 L0,-4Z",
        light.css(paint),
    )
    gleam = veil(
        "M-46,-110 C-54,-150 -34,-176 -10,-180 C-30,-160 -38,-140 -36,-106Z", "#ffffff", 0.7
    )
    return string + moved(ball + gleam, f"translate({x + 34:.0f} {y - 300:.0f})")


def _sword(paint: Colour, light: Light, hand: Point) -> str:
    x, y = hand
    steel = mix(paint, (0.85, 0.9, 0.97), 0.5)
    blade = shape("M-13,-40 L-13,-330 L0,-372 L13,-330 L13,-40Z", light.css(steel)) + veil(
        "M0,-366 L11,-330 L11,-44 L0,-44Z", light.shade(steel, 0.25), 1
    )
    gleam = stroke("M-7,-80 L-7,-300", "#ffffff", 3.5)
    hilt = shape("M-52,-42 Q0,-58 52,-42 L52,-28 Q0,-42 -52,-28Z", light.css((0.86, 0.68, 0.3)))
    grip = shape("M-8,-32 L8,-32 L8,52 L-8,52Z", light.css((0.35, 0.2, 0.2))) + oval(
        0, 58, 12, 12, light.css((0.86, 0.68, 0.3)), 4
    )
    return moved(blade + gleam + grip + hilt, f"translate({x:.0f} {y + 12:.0f}) rotate(17)")


def _staff(paint: Colour, light: Light, hand: Point) -> str:
    x, y = hand
    rod = stroke("M0,-330 L0,620", INK, 20) + stroke("M0,-330 L0,620", light.css(paint), 12)
    orb = oval(0, -356, 40, 40, "#7fd6f0", 5) + oval(-12, -370, 12, 10, "#ffffff")
    claw = stroke("M-34,-316 Q-58,-360 -30,-400 M34,-316 Q58,-360 30,-400", INK, 16) + stroke(
        "M-34,-316 Q-58,-360 -30,-400 M34,-316 Q58,-360 30,-400", light.css((0.86, 0.68, 0.3)), 9
    )
    return moved(rod + orb + claw, f"translate({x + 4:.0f} {y + 14:.0f}) rotate(3)")


def _broom(paint: Colour, light: Light, hand: Point) -> str:
    x, y = hand
    rod = stroke("M0,-250 L0,520", INK, 18) + stroke("M0,-250 L0,520", light.css(paint), 10)
    straw = (0.88, 0.72, 0.38)
    brush = shape("M-16,-250 L-50,-400 Q0,-430 50,-400 L16,-250Z", light.css(straw))
    hairs = stroke("M-8,-262 L-26,-396 M0,-262 V-410 M8,-262 L26,-396", light.shade(straw, 0.4), 4)
    band = shape("M-20,-262 H20 V-238 H-20Z", light.css((0.75, 0.3, 0.3)), line=3.5)
    return moved(rod + brush + hairs + band, f"translate({x + 4:.0f} {y + 14:.0f}) rotate(9)")


def _spear(paint: Colour, light: Light, hand: Point) -> str:
    x, y = hand
    rod = stroke("M0,-300 L0,600", INK, 18) + stroke("M0,-300 L0,600", light.css(paint), 10)
    steel = (0.82, 0.87, 0.95)
    head = shape("M0,-420 L24,-340 L8,-290 H-8 L-24,-340Z", light.css(steel))
    tuft = shape("M-10,-290 H10 L18,-240 L0,-256 L-18,-240Z", light.css((0.8, 0.25, 0.25)), line=3)
    edge = veil("M0,-414 L20,-340 L6,-296 H0Z", light.shade(steel, 0.25), 1)
    return moved(rod + tuft + head + edge, f"translate({x + 4:.0f} {y + 14:.0f}) rotate(4)")


BEHIND: dict[str, Held] = {
    "umbrella": _umbrella,
    "balloon": _balloon,
    "sword": _sword,
    "staff": _staff,
    "broom": _broom,
    "spear": _spear,
}


def _book(paint: Colour, light: Light, hand: Point) -> str:
    cover = shape(
        "M-104,226 Q-50,208 0,232 Q50,208 104,226 L110,340 Q50,322 0,346 Q-50,322 -110,340Z",
        light.css(paint),
    )
    pages = shape(
        "M-94,224 Q-48,204 0,226 Q48,204 94,224 L96,232 Q48,214 0,238 Q-48,214 -96,232Z",
        light.css((0.98, 0.96, 0.9)),
        line=3,
    )
    lines = "M-70,268 Q-50,262 -30,268 M30,268 Q50,262 70,268"
    book = (
        cover + pages + stroke("M0,238 L0,344", INK, 4) + stroke(lines, light.shine(paint, 0.6), 5)
    )
    return _in_hand(book, hand)


def _in_hand(thing: str, hand: Point, usual: Point = (36.0, 300.0)) -> str:
    """Return what was drawn for a hand at the `usual` place, where the hand is."""
    return moved(thing, f"translate({hand[0] - usual[0]:.0f} {hand[1] - usual[1]:.0f})")


def _cup(paint: Colour, light: Light, hand: Point) -> str:
    x, y = hand[0] - 22, hand[1]
    steam = stroke(
        f"M{x - 8:.0f},{y - 44:.0f} q-10,-16 0,-30 q10,-14 0,-28 M{x + 14:.0f},{y - 44:.0f} q-8,-14 0,-26",
        "#ffffff",
        5,
        opacity=0.8,
    )
    return (
        stroke(f"M{x + 28:.0f},{y - 18:.0f} q26,2 20,26 q-6,14 -24,10", INK, 13)
        + stroke(f"M{x + 28:.0f},{y - 18:.0f} q26,2 20,26 q-6,14 -24,10", light.css(paint), 6)
        + shape(
            f"M{x - 32:.0f},{y - 30:.0f} L{x + 32:.0f},{y - 30:.0f} L{x + 24:.0f},{y + 36:.0f} Q{x:.0f},{y + 46:.0f} {x - 24:.0f},{y + 36:.0f}Z",
            light.css(paint),
        )
        + oval(x, y - 30, 32, 9, light.css((0.45, 0.28, 0.2)), 4)
        + steam
    )


def _phone(paint: Colour, light: Light, hand: Point) -> str:
    x, y = hand
    return moved(
        shape(
            "M-24,-62 h48 q8,0 8,8 v84 q0,8 -8,8 h-48 q-8,0 -8,-8 v-84 q0,-8 8,-8Z",
            light.css(paint),
        )
        + oval(14, -46, 8, 8, "#2a2632", 2),
        f"translate({x - 6:.0f} {y - 30:.0f}) rotate(-8)",
    )


def _bouquet(paint: Colour, light: Light, hand: Point) -> str:
    wrap = shape("M-62,236 L62,236 L20,372 L-20,372Z", light.css((0.97, 0.94, 0.9))) + stroke(
        "M-20,250 L-6,360 M22,250 L8,360", light.shade((0.97, 0.94, 0.9), 0.2), 3
    )
    flowers = ""
    for i, (x, y) in enumerate(
        ((-58, 212), (-20, 190), (24, 192), (60, 216), (-38, 236), (2, 226), (40, 240))
    ):
        tone = (paint, (1.0, 0.95, 0.9), mix(paint, (1, 0.8, 0.5), 0.5))[i % 3]
        flowers += oval(x, y, 25, 24, light.css(tone), 4) + stroke(
            f"M{x - 9},{y} q9,-14 16,0 q-4,12 -14,6", light.shade(tone, 0.4), 3
        )
    leaves = shape(
        "M-84,226 Q-104,186 -70,196Z M86,226 Q108,188 72,198Z", light.css((0.3, 0.6, 0.35))
    )
    return _in_hand(leaves + wrap + flowers, hand)


def _guitar(paint: Colour, light: Light, hand: Point) -> str:
    body = "M-20,300 C-70,292 -110,330 -96,378 C-90,400 -112,420 -100,452 C-80,492 -10,480 4,440 C12,420 40,424 56,396 C72,350 30,306 -20,300Z"
    neck = shape("M20,-20 L38,-20 L38,330 L20,330Z", light.css((0.5, 0.34, 0.24))) + shape(
        "M14,-66 L44,-66 L40,-16 L18,-16Z", light.css(paint)
    )
    out = (
        shape(body, light.css(paint))
        + oval(-20, 390, 28, 28, "#2a2632", 4)
        + shape("M-60,420 l40,14 l-4,12 l-40,-14Z", "#e8e4da", line=3)
    )
    along = "translate(150 165) rotate(52) translate(-30 -140)"
    return _in_hand(out + moved(neck, along), hand, (26.0, 352.0))


def _kitten(paint: Colour, light: Light, hand: Point) -> str:
    fur = light.css(mix(paint, (0.3, 0.3, 0.35), 0.2))
    kitten = (
        shape("M-58,340 C-76,270 -40,236 0,240 C44,236 74,280 58,344 Q0,372 -58,340Z", fur)
        + shape(
            "M-44,236 L-52,184 L-18,208 Q0,202 18,208 L52,184 L44,236 C50,276 20,286 0,286 C-20,286 -50,276 -44,236Z",
            fur,
        )
        + oval(-18, 240, 8, 10, "#f2d65a", 2)
        + oval(18, 240, 8, 10, "#f2d65a", 2)
        + oval(-18, 240, 3, 8, INK)
        + oval(18, 240, 3, 8, INK)
        + stroke("M0,256 l-6,8 M0,256 l6,8 M-30,258 l-28,-4 M30,258 l28,-4", "#f4efe8", 2.6)
    )
    return _in_hand(kitten, hand)


def _microphone(paint: Colour, light: Light, hand: Point) -> str:
    x, y = hand
    body = shape("M-9,-30 L-13,58 H13 L9,-30Z", light.css(mix(paint, (0.2, 0.2, 0.25), 0.7)))
    head = oval(0, -50, 24, 26, light.css((0.72, 0.75, 0.82)), 4)
    mesh = stroke("M-18,-62 L14,-34 M-20,-46 L2,-28 M-6,-72 L20,-50 M18,-62 L-14,-34", INK, 2)
    return moved(body + head + mesh, f"translate({x - 6:.0f} {y + 4:.0f}) rotate(-24)")


def _fan(paint: Colour, light: Light, hand: Point) -> str:
    x, y = hand
    leaf = shape("M0,10 L-78,-92 Q0,-150 78,-92Z", light.css(paint))
    ribs = stroke("M0,10 L-44,-112 M0,10 V-120 M0,10 L44,-112", light.shade(paint, 0.45), 3.5)
    rim = stroke("M-74,-88 Q0,-142 74,-88", light.shine(paint, 0.7), 6)
    return moved(leaf + ribs + rim, f"translate({x:.0f} {y - 4:.0f}) rotate(14)")


BEFORE: dict[str, Held] = {
    "book": _book,
    "cup": _cup,
    "phone": _phone,
    "bouquet": _bouquet,
    "guitar": _guitar,
    "cat": _kitten,
    "microphone": _microphone,
    "fan": _fan,
}
