"""Hair as SVG: what hangs behind the body, what frames the face, what is tied."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from numpy.random import Generator

from tower_anime.sandbox.head import Bearing
from tower_anime.sandbox.ink import Point, clipped, moved, oval, shape, stroke, tube, veil
from tower_anime.sandbox.palette import Light
from tower_anime.sandbox.words import Look

_LENGTH = {
    "short": 84.0,
    "messy": 88.0,
    "bob": 118.0,
    "medium": 205.0,
    "curly": 300.0,
    "long": 470.0,
}
"""How far hair hangs behind, in units below the middle of the face."""
_TIED = 70.0

_HATS = frozenset({"cap", "hat", "straw hat", "witch hat"})
"""What leaves no room for tufts."""

_CAP = "M-90,26 C-106,-66 -74,-128 0,-129 C74,-128 106,-66 90,26"


def behind(look: Look, light: Light, rng: Generator, *, wind: float, spread: float) -> str:
    """Return the hair behind the body. `wind` −1…1 carries it sideways, `spread` 0–1 lets it."""
    paint = light.shade(look.hair, 0.26)
    length = _LENGTH.get(look.cut, _TIED)
    hem = shape(_curtain(length, rng, wind=wind, curly=look.cut == "curly"), paint)
    deep = light.shade(look.hair, 0.45)
    strands = "".join(
        f"M{x},{10} C{x * 1.3:.0f},{length * 0.4:.0f} {x * 1.2 + 30 * wind:.0f},{length * 0.6:.0f}"
        f" {x * 1.25 + 60 * wind * length / 470:.0f},{length * 0.86:.0f}"
        for x in (-66, -30, 28, 70)
    )
    lines = stroke(strands, deep, 3) if length > 150 else ""
    return _tails(look, light, rng, wind=wind, spread=spread) + hem + lines


def front(look: Look, light: Light, rng: Generator, bearing: Bearing, name: str) -> str:
    """Return fringe, side locks and crown, in front of the face."""
    outline = _CAP + _fringe(look, rng, bearing) + "Z"
    inner = _shades(light, look, bearing)
    locks = _locks(look, light, rng, bearing.sway)
    return (
        locks
        + shape(outline, light.css(look.hair))
        + clipped(f"hair{name}", outline, inner)
        + stroke(_parting(look, rng), light.shade(look.hair, 0.5), 3)
        + shape(outline, "none")
        + _crown(look, light, rng)
    )


def back_view(look: Look, light: Light, rng: Generator, name: str, *, wind: float) -> str:
    """Return a head seen from behind: hair all over, and what hangs down the back."""
    length = max(_LENGTH.get(look.cut, _TIED), 96.0)
    outline = _curtain(length, rng, wind=wind, curly=look.cut == "curly", top=True)
    inner = _locks_behind(look, light, length, wind) + _ring(light, look, -1)
    crown = "M0,-128 Q-10,-108 2,-86 M0,-128 Q20,-112 16,-92 M0,-128 Q-30,-114 -28,-94"
    return (
        shape(outline, light.css(look.hair))
        + clipped(f"hair{name}", outline, inner)
        + stroke(crown, light.shade(look.hair, 0.5), 3)
        + shape(outline, "none")
        + _tails(look, light, rng, wind=wind)
        + _crown(look, light, rng)
    )


def _locks_behind(look: Look, light: Light, length: float, wind: float) -> str:
    """Return the locks of the hair down a back: dark between them, light along some."""
    drift, spread = 70 * wind * length / 470, 1.0 + min(0.5, length / 900)
    dark, deep = "", ""
    for i, x in enumerate((-78, -50, -24, 4, 30, 56, 82)):
        low = length * (0.8, 0.96, 0.7, 0.92, 0.76, 0.98, 0.84)[i]
        start = 20 + 0.1 * length * (i % 3)
        end = x * spread + drift
        dark += (
            f"M{x * 0.8:.0f},{start - 60:.0f} Q{x * 1.02 - 8:.0f},{low * 0.5:.0f} {end:.0f},{low:.0f}"
            f" Q{x * 1.02 + 16:.0f},{low * 0.5:.0f} {x * 0.8:.0f},{start - 60:.0f}Z"
        )
        deep += f"M{end - 10:.0f},{low * 0.74:.0f} Q{end - 2:.0f},{low * 0.9:.0f} {end:.0f},{length:.0f}"
    under = (
        f"M-190,{length * 0.78:.0f} Q{-60 + drift:.0f},{length * 0.9:.0f} {drift:.0f},{length * 0.8:.0f}"
        f" Q{70 + drift:.0f},{length * 0.92:.0f} 190,{length * 0.76:.0f} V{length + 60:.0f} H-190Z"
    )
    gleam = "".join(
        f"M{x},{40 + 0.08 * length:.0f} Q{x * 1.1:.0f},{length * 0.4:.0f} {x * 1.14 + drift * 0.5:.0f},{length * 0.62:.0f}"
        for x in (-38, 42)
    )
    return (
        veil(under, light.shade(look.hair, 0.3), 1)
        + veil(dark, light.shade(look.hair, 0.24), 1)
        + stroke(deep, light.shade(look.hair, 0.5), 3)
        + (stroke(gleam, light.shine(look.hair, 0.3), 5) if length > 180 else "")
    )


def braids(look: Look, light: Light) -> str:
    """Return plaits over the shoulders, in front of the body; nothing for other cuts."""
    if look.cut != "braids":
        return ""
    out = ""
    for side in (-1, 1):
        for i in range(7):
            x, y, r = side * (82 + 4 * i), 74 + 38 * i, 27 - 1.6 * i
            leaf = f"M0,-26 C{r},-22 {r},18 0,28 C{-r},18 {-r},-22 0,-26Z"
            turn = (24 if i % 2 else -24) * side
            out += moved(
                shape(leaf, light.css(look.hair))
                + veil(
                    f"M0,-20 C{r * 0.2:.0f},0 {r * 0.2:.0f},14 0,26 C{-r},16 {-r},-18 0,-20Z",
                    light.shade(look.hair, 0.25),
                    1,
                )
                + shape(leaf, "none"),
                f"translate({x:.0f} {y}) rotate({turn})",
            )
        x = side * 110
        out += shape(
            f"M{x - 12},330 Q{x},318 {x + 12},330 L{x + 9},344 L{x - 9},344Z", "#e0565f", line=3
        )
        out += shape(
            f"M{x - 10},344 Q{x - 20},372 {x - 4},392 Q{x},374 {x + 6},390 Q{x + 20},368 {x + 10},344Z",
            light.css(look.hair),
        )
    return out


def ties(look: Look) -> frozenset[str]:
    """Return the cuts that a ribbon may tie (so that it sits there and not on the crown)."""
    return frozenset({look.cut} & {"twintails", "ponytail", "braids"})


def _curtain(length: float, rng: Generator, *, wind: float, curly: bool, top: bool = False) -> str:
    """Return the hair behind the head as a closed path with pointed tips."""
    drift = 70 * wind * length / 470
    flare = min(62.0, 8 + length * 0.13)
    count = 5 if length < 130 else 7
    wide = 94 + flare * (0.5 if top else 1)
    tips: list[Point] = []
    for i in range(count + 1):
        share = i / count
        edge = 1 - abs(2 * share - 1)
        tips.append(
            (
                wide * (1 - 2 * share) + drift + float(rng.uniform(-7, 7)),
                length * (0.9 + 0.1 * edge) + float(rng.uniform(-0.04, 0.04)) * length,
            )
        )
    head = "M-92,-20 C-104,-92 -66,-129 0,-129 C66,-129 104,-92 92,-20" if top else "M92,-20"
    sides = f" C{100 + flare * 0.5:.0f},{length * 0.3:.0f} {wide + 12:.0f},{length * 0.6:.0f} {_xy(tips[0])}"
    hem = ""
    for (x0, y0), (x1, y1) in pairwise(tips):
        dip = min(y0, y1) - (46 if length > 150 else 20)
        if curly:
            hem += f" C{x0 - 4:.0f},{y0 + 30:.0f} {x1 + 4:.0f},{y1 + 30:.0f} {x1:.0f},{y1:.0f}"
        else:
            hem += f" Q{(x0 * 2 + x1) / 3:.0f},{dip + 12:.0f} {(x0 + x1) / 2:.0f},{dip:.0f}"
            hem += f" Q{(x0 + x1 * 2) / 3:.0f},{dip + 10:.0f} {x1:.0f},{y1:.0f}"
    back = (
        f" C{-wide - 12 + drift:.0f},{length * 0.6:.0f} {-100 - flare * 0.5:.0f},{length * 0.3:.0f}"
        " -92,-20"
    )
    close = "" if top else " C-60,-60 60,-60 92,-20"
    return head + sides + hem + back + close + "Z"


def _fringe(look: Look, rng: Generator, bearing: Bearing) -> str:
    """Return the lower edge of the front hair, from right to left."""
    kind = "sides" if look.cut == "messy" and look.fringe == "straight" else look.fringe
    slide = bearing.turn * 10
    part = {"parted": slide * 0.5, "swept": 44.0 * bearing.light_from, "sides": slide}.get(kind)
    tips: Sequence[float]
    if kind == "straight":
        tips = (64, 42, 20, -2, -24, -46, -66)
    else:
        tips = (66, 46, 22, -4, -30, -52, -68)
    out = " Q86,0 80,-12"
    for i, x in enumerate(tips):
        jitter = float(rng.uniform(-4, 4))
        after = tips[i + 1] if i + 1 < len(tips) else -80.0
        if part is None:
            tip, valley = 3 + jitter, -14.0
        else:
            away = min(1.0, abs(x - part) / 60)
            tip = -44 + 56 * away + jitter
            valley = -80 + 52 * away
        lean = 0.0 if part is None else (6.0 if x > part else -6.0)
        if look.male or look.cut in {"short", "messy"}:
            tip -= 6
        middle = (x + after) / 2
        out += (
            f" Q{x + 9 + lean:.0f},{(tip + valley) / 2:.0f} {x + lean + slide * 0.4:.0f},{tip:.0f}"
        )
        out += f" Q{x - 5 + lean * 0.4:.0f},{(tip + valley) / 2 - 4:.0f} {middle:.0f},{valley:.0f}"
    return out + " Q-84,4 -90,26"


def _parting(look: Look, rng: Generator) -> str:
    lines = ""
    for x in (-58, -34, -10, 16, 40, 62):
        jitter = float(rng.uniform(-6, 6))
        lines += f"M{x * 0.5 + jitter * 0.3:.0f},-112 Q{x:.0f},-84 {x + jitter:.0f},{-50 + abs(x) * 0.3:.0f}"
    return lines if look.cut != "bun" else lines[: len(lines) // 2]


def _shades(light: Light, look: Look, bearing: Bearing) -> str:
    far = -bearing.light_from
    dark = veil(
        f"M{far * 46},-140 C{far * 84},-96 {far * 66},-44 {far * 70},40 L{far * 130},40"
        f" L{far * 130},-140Z M-96,-20 Q-50,-36 0,-26 Q50,-36 96,-20 L96,40 L-96,40Z",
        light.shade(look.hair, 0.22),
        1,
    )
    rim = moved(
        f'<path d="{_CAP}" fill="none" stroke="{light.rim(look.hair)}" stroke-width="9"/>',
        f"translate({bearing.light_from * -5} 4)",
    )
    return dark + _ring(light, look, bearing.light_from) + rim


def _ring(light: Light, look: Look, side: int) -> str:
    """Return the band of light around the crown."""
    lean = side * 10
    upper = [(lean + x, -86 + (abs(x) / 70) ** 2 * 26) for x in (-78, -52, -26, 0, 26, 52, 78)]
    lower = [
        (lean + x, -60 + (abs(x) / 70) ** 2 * 24 + (12 if i % 2 else -9))
        for i, x in enumerate(range(78, -79, -13))
    ]
    band = "M" + " L".join(f"{x:.0f},{y:.0f}" for x, y in [*upper, *lower]) + "Z"
    gleam = f"M{lean - 44},-76 Q{lean - 12},-90 {lean + 16},-80 Q{lean - 12},-84 {lean - 44},-76Z"
    return veil(band, light.shine(look.hair, 0.36), 0.85) + veil(gleam, "#ffffff", 0.75)


def _locks(look: Look, light: Light, rng: Generator, sway: float) -> str:
    ends = {"short": 58, "messy": 56, "bob": 112, "medium": 180, "long": 262, "curly": 210}
    end = ends.get(look.cut, 128) - (24 if look.male else 0)
    out = ""
    for s in (-1, 1):
        tip = end + float(rng.uniform(-12, 12))
        out_x = 96 if look.cut == "curly" else 88
        swing = sway * tip * 0.09
        d = (
            f"M{s * 62},-70 C{s * 92},-40 {s * (out_x + 8) + swing * 0.4:.0f},{tip * 0.45:.0f}"
            f" {s * (out_x - 14) + swing:.0f},{tip:.0f} C{s * 70 + swing * 0.7:.0f},{tip * 0.75:.0f}"
            f" {s * 66 + swing * 0.3:.0f},{tip * 0.4:.0f} {s * 60},4 Q{s * 62},-30 {s * 50},-50Z"
        )
        out += shape(d, light.css(look.hair)) + stroke(
            f"M{s * 78},-20 C{s * 86},20 {s * 88 + swing * 0.4:.0f},{tip * 0.5:.0f} {s * 78 + swing * 0.8:.0f},{tip * 0.8:.0f}",
            light.shade(look.hair, 0.4),
            2.8,
        )
    return out


def _crown(look: Look, light: Light, rng: Generator) -> str:
    paint = light.css(look.hair)
    if _HATS & look.worn.keys() and look.cut != "bun":
        return ""
    if look.cut == "messy" or (look.cut == "short" and look.male):
        return _spikes(look, light, rng)
    if look.cut == "bun":
        return "".join(
            moved(
                oval(0, 0, 40, 37, paint, 4.5)
                + veil("M-36,12 A40,37 0 0 0 38,8 Q10,26 -36,12Z", light.shade(look.hair, 0.28), 1)
                + stroke(
                    "M-20,-14 Q4,-26 22,-6 M-24,4 Q2,-8 16,14", light.shade(look.hair, 0.5), 3
                ),
                f"translate({s * 76} -112)",
            )
            for s in (-1, 1)
        )
    if rng.random() < 0.4:
        curl = "M4,-126 C-10,-168 26,-184 46,-160 C24,-170 10,-152 16,-124Z"
        return shape(curl, paint, line=3.5)
    return ""


def _spikes(look: Look, light: Light, rng: Generator) -> str:
    """Return tufts that stand off the crown."""
    d = ""
    wild = look.cut == "messy"
    for angle in (-64, -38, -12, 14, 40, 66) if wild else (-58, -24, 6, 34, 62):
        turn = math.radians(angle + float(rng.uniform(-6, 6)))
        reach = float(rng.uniform(144, 166)) if wild else float(rng.uniform(116, 132))
        base = [(96 * math.sin(turn + w), -26 - 96 * math.cos(turn + w)) for w in (-0.26, 0.26)]
        lean = turn + float(rng.uniform(-0.05, 0.25)) * (1 if angle > 0 else -1)
        tip = (reach * math.sin(lean), -26 - reach * math.cos(lean))
        d += f"M{_xy(base[0])} Q{base[0][0] * 1.15:.0f},{base[0][1] * 1.12:.0f} {_xy(tip)}"
        d += f" Q{base[1][0] * 1.1:.0f},{base[1][1] * 1.05:.0f} {_xy(base[1])}"
    return shape(d, light.css(look.hair))


def _tails(look: Look, light: Light, rng: Generator, *, wind: float, spread: float = 1.0) -> str:
    if look.cut not in {"twintails", "ponytail"}:
        return ""
    paint, dark = light.css(look.hair), light.shade(look.hair, 0.26)
    sides = (-1, 1) if look.cut == "twintails" else (int(rng.choice((-1, 1))),)
    out = ""
    for s in sides:
        high = s if look.cut == "twintails" else s * 0.5
        sway = 40 * wind + float(rng.uniform(-8, 8))
        joints = [
            (high * 88, -82.0),
            (s * 178 * spread + sway * 0.5, 60.0),
            (s * 150 * spread + sway, 330.0),
        ]
        tail = tube(joints, (26, 66, 78, 64, 8))
        inner = tube([(x - s * 12, y + 8) for x, y in joints], (6, 26, 30, 24, 2), end=0.94)
        wisp = tube(
            [
                (s * 150 * spread, 90.0),
                (s * 186 * spread + sway, 200.0),
                (s * 172 * spread + sway, 318.0),
            ],
            (20, 17, 12, 2),
        )
        out += shape(wisp, paint, line=3.5)
        out += shape(tail, paint) + veil(inner, dark, 1) + shape(tail, "none")
        out += oval(high * 90, -80, 17, 19, "#e0565f", 4)
    return out


def _xy(point: Point) -> str:
    return f"{point[0]:.0f},{point[1]:.0f}"
