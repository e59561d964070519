"""Places, skies and weather as SVG. The canvas is `width` × 1000 units, y points down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from tower_anime.sandbox.figure import oval, shape, stroke
from tower_anime.sandbox.palette import INK, LIGHTS, Light, colour, css, mix
from tower_anime.sandbox.words import Scene

SKIES = {
    "day": ("#3f8fe0", "#8cc8f5", "#e8f6fb"),
    "sunset": ("#4a4a9c", "#e0708a", "#ffd08a"),
    "night": ("#12163c", "#2c3578", "#6a6fb8"),
}
NEON = ("#ff4f9a", "#35e0e8", "#ffd23f", "#8f6bff", "#5dff9b")


_PETAL = ((0, -13), (14, -4), (0, 15), (-14, -4))


def backdrop(scene: Scene, width: float) -> str:
    """Return sky and place."""
    light = LIGHTS[scene.time]
    rng = scene.rng("place")
    draw = PLACES[scene.place]
    return _sky(scene, width, rng) + draw(scene, width, light, rng)


def weather(scene: Scene, width: float) -> str:
    """Return what falls in front of everything."""
    rng = scene.rng("weather")
    out = ""
    if scene.weather & {"rain", "rainy"}:
        slant = float(rng.uniform(-40, 40))
        drops = [
            f"M{x:.0f},{y:.0f} l{slant * (0.5 + long):.0f},{60 + 70 * long:.0f}"
            for x, y, long in _points(rng, 60, width)
        ]
        out += stroke("".join(drops[::2]), "#dbe9fb", 3) + stroke(
            "".join(drops[1::2]), "#f3f9ff", 4
        )
    if scene.weather & {"snow", "snowy"}:
        out += _dots(_points(rng, 80, width), 4, 9, "#ffffff")
    if "petals" in scene.weather:
        leaves = ""
        for x, y, turn in _points(rng, 34, width):
            c, s = float(np.cos(turn * 6.28)), float(np.sin(turn * 6.28))
            stem, left, tip, right = (
                f"{x + a * c - b * s:.0f},{y + a * s + b * c:.0f}" for a, b in _PETAL
            )
            leaves += f"M{stem}Q{left} {tip}Q{right} {stem}Z"
        out += stroke(leaves, "#c96a92", 4) + shape(leaves, "#ffc4d9", line=0)
    return out


def _points(rng: Generator, count: int, width: float) -> list[tuple[float, float, float]]:
    spread = max(1.0, width / 1000)
    return [
        (float(x) * width, float(y) * 1000, float(z))
        for x, y, z in rng.random((int(count * spread), 3))
    ]


def _dots(points: list[tuple[float, float, float]], least: float, more: float, paint: str) -> str:
    """Return all discs as one path: an SVG element each would cost ten times the time."""
    discs = ""
    for x, y, big in points:
        r = least + more * big
        arc = f"a{r:.1f},{r:.1f} 0 1 0"
        discs += f"M{x - r:.1f},{y:.1f}{arc} {2 * r:.1f},0{arc} {-2 * r:.1f},0Z"
    return shape(discs, paint, line=0)


def _sky(scene: Scene, width: float, rng: Generator) -> str:
    top, middle, low = SKIES[scene.time]
    out = (
        '<linearGradient id="sky" x2="0" y2="1">'
        f'<stop offset="0" stop-color="{top}"/><stop offset="0.45" stop-color="{middle}"/>'
        f'<stop offset="0.8" stop-color="{low}"/></linearGradient>'
        f'<rect width="{width:.0f}" height="1000" fill="url(#sky)"/>'
    )
    x = float(rng.uniform(0.12, 0.88)) * width
    if scene.time == "night":
        high = [(px, py * 0.6, r) for px, py, r in _points(rng, 60, width)]
        out += _dots(high, 1.5, 3, "#fff6d8")
        return out + oval(x, 150, 62, 62, "#fff2c4", 3)
    if scene.time == "sunset":
        return out + oval(x, 520, 120, 120, "#fff0b8") + _clouds(rng, width, "#f7b1a5", "#d98ba6")
    return out + _clouds(rng, width, "#ffffff", "#c8dff0")


def _clouds(rng: Generator, width: float, paint: str, under: str) -> str:
    out = ""
    for _ in range(int(rng.integers(2, 5))):
        x, y = float(rng.uniform(-0.05, 0.95)) * width, float(rng.uniform(60, 420))
        size = float(rng.uniform(0.6, 1.3))
        out += f'<g transform="translate({x:.0f} {y:.0f}) scale({size:.2f})">'
        d = (
            "M-140,40 C-190,40 -190,-20 -130,-20 C-130,-70 -50,-90 -20,-50 C20,-100 110,-70 100,-20"
            " C160,-30 170,40 120,40 Z"
        )
        out += shape(d, paint, line=0)
        out += shape(
            "M-140,40 C-165,38 -172,22 -160,8 C-90,26 40,26 150,10 C150,30 140,40 120,40 Z",
            under,
            line=0,
        )
        out += "</g>"
    return out


@dataclass(frozen=True)
class _Facade:
    """The front of a house in perspective: left and right edge, each from top to ground."""

    near_x: float
    far_x: float
    near_y: tuple[float, float]
    far_y: tuple[float, float]

    def at(self, across: float, down: float) -> str:
        """Return a point of the front; both arguments run from 0 to 1."""
        top, ground = (n + (f - n) * across for n, f in zip(self.near_y, self.far_y, strict=True))
        x = self.near_x + (self.far_x - self.near_x) * across
        return f"{x:.0f},{top + (ground - top) * down:.0f}"

    def pane(self, across: tuple[float, float], down: tuple[float, float]) -> str:
        """Return a rectangle of the front as a path."""
        corners = ((0, 0), (1, 0), (1, 1), (0, 1))
        return "M" + " L".join(self.at(across[i], down[j]) for i, j in corners) + "Z"


def _street(scene: Scene, width: float, light: Light, rng: Generator) -> str:
    horizon, vanish = 600.0, float(rng.uniform(0.35, 0.65)) * width
    night = scene.time == "night"
    out = shape(f"M0,{horizon} H{width:.0f} V1000 H0 Z", light.css(colour("#555a78")), line=0)
    for edge in (0.0, width):
        for depth in (0.78, 0.44, 0.0):
            tall = float(rng.uniform(560, 840))
            near, far = (edge + (vanish - edge) * d for d in (depth, min(0.94, depth + 0.32)))
            # both edges shrink towards the vanishing point
            near_y, far_y = (
                (horizon - tall * reach, horizon + 150 * reach)
                for reach in (abs(x - vanish) / max(vanish, width - vanish) for x in (near, far))
            )
            facade = _Facade(near, far, near_y, far_y)
            out += _house(facade, light, rng, night=night)
            if night or "neon" in scene.weather:
                x, y = facade.at(0.4, 0.45).split(",")
                out += _sign(float(x), float(y), rng)
    road = mix(colour("#6d7086"), colour("#20244c"), 0.5 if night else 0.0)
    out += shape(
        f"M0,1000 L0,{horizon + 150:.0f} L{vanish - 40:.0f},{horizon} L{vanish + 40:.0f},{horizon}"
        f" L{width:.0f},{horizon + 150:.0f} L{width:.0f},1000 Z",
        light.css(road),
    )
    marks = "".join(
        f"M{vanish - 4 - 7 * i:.0f},{horizon + 30 + 26 * i * (i + 1):.0f} h{8 + 14 * i}"
        f" l{2 + 2 * i},{16 + 6 * i} h{-12 - 18 * i} Z"
        for i in range(4)
    )
    out += shape(marks, light.css((0.95, 0.94, 0.85)), line=0)
    wet = scene.weather & {"rain", "rainy", "neon"}
    return out + _puddles(rng, width, horizon) if wet else out


def _house(facade: _Facade, light: Light, rng: Generator, *, night: bool) -> str:
    wall = colour(("#8d97b5", "#b08f87", "#7f86a0", "#a79cb2", "#6f7c9e")[rng.integers(5)])
    paint = mix(wall, colour("#1d2350"), 0.45) if night else wall
    glass = ("#ffe39a", "#ffd070", "#2b3158") if night else ("#d8ecf7", "#b9d7ea", "#cfe3ee")
    panes = dict.fromkeys(glass, "")
    for row in range(5):
        for column in range(3):
            panes[glass[rng.integers(3)]] += facade.pane(
                ((column + 0.2) / 3, (column + 0.75) / 3), ((row + 0.25) / 5.6, (row + 0.75) / 5.6)
            )
    front = shape(facade.pane((0, 1), (0, 1)), light.css(paint))
    return front + "".join(shape(d, pane, line=0) for pane, d in panes.items() if d)


def _sign(x: float, y: float, rng: Generator) -> str:
    glow = NEON[rng.integers(len(NEON))]
    tall = float(rng.uniform(90, 170))
    bars = "".join(
        f"M{x - 14:.0f},{y + 18 + 26 * i:.0f} h{rng.integers(16, 29)}"
        for i in range(int(tall // 26) - 1)
    )
    return (
        f'<rect x="{x - 34:.0f}" y="{y - 10:.0f}" width="68" height="{tall + 20:.0f}" rx="14"'
        f' fill="{glow}" fill-opacity="0.35"/>'
        f'<rect x="{x - 24:.0f}" y="{y:.0f}" width="48" height="{tall:.0f}" rx="6"'
        f' fill="{css(mix(colour(glow), (0.1, 0.05, 0.25), 0.55))}" stroke="{glow}"'
        f' stroke-width="6"/>' + stroke(bars, "#ffffff", 5)
    )


def _puddles(rng: Generator, width: float, horizon: float) -> str:
    out = ""
    for _ in range(9):
        x, y = float(rng.uniform(0, width)), float(rng.uniform(horizon + 190, 990))
        glow = NEON[rng.integers(len(NEON))]
        wide = float(rng.uniform(40, 120)) * (y - horizon) / 300
        out += (
            f'<ellipse cx="{x:.0f}" cy="{y:.0f}" rx="{wide:.0f}" ry="{wide * 0.16:.0f}"'
            f' fill="{glow}" fill-opacity="0.55"/>'
        )
    return out


def _forest(scene: Scene, width: float, light: Light, rng: Generator) -> str:
    out = _hills(width, 520, ("#7fb58a", "#5f9e74"), light, rng)
    for depth in (0.45, 0.7, 1.0):
        count = int((4 + width / 300) * (1.5 - depth) * 1.4)
        ground = 560 + 190 * depth
        leaf = mix(colour("#9ccf8d"), colour("#2f7a4b"), depth)
        for i in range(count):
            x = (i + float(rng.uniform(0.1, 0.9))) * width / count
            out += _tree(x, ground, 0.5 + depth * 0.9, leaf, light, rng)
    out += shape(
        f"M0,1000 L0,760 Q{width * 0.25:.0f},{rng.integers(715, 760)} {width * 0.5:.0f},750"
        f" T{width:.0f},740 L{width:.0f},1000 Z",
        light.css(colour("#6fae5c")),
    )
    return out + _tufts(scene, width, 790, light, rng)


def _tree(
    x: float,
    ground: float,
    size: float,
    leaf: tuple[float, float, float],
    light: Light,
    rng: Generator,
) -> str:
    lean = float(rng.uniform(-8, 8))
    trunk = shape(
        "M-16,10 Q-6,-120 -12,-230 L14,-230 Q8,-120 20,10 Z", light.css(colour("#76523c"))
    )
    crown = (
        "M-120,-200 C-170,-220 -160,-300 -110,-300 C-120,-380 -30,-420 10,-370 C60,-420 140,-370"
        " 115,-300 C165,-290 160,-210 110,-200 C70,-170 -70,-170 -120,-200 Z"
    )
    dark = (
        "M-120,-200 C-150,-212 -158,-240 -146,-262 C-80,-222 60,-222 146,-262"
        " C156,-240 150,-212 110,-200 C70,-170 -70,-170 -120,-200 Z"
    )
    return (
        f'<g transform="translate({x:.0f} {ground:.0f}) scale({size:.2f}) rotate({lean:.1f})">'
        + trunk
        + shape(crown, light.css(leaf))
        + shape(dark, light.shade(leaf, 0.3), line=0)
        + shape(crown, "none")
        + "</g>"
    )


def _hills(width: float, top: float, paints: tuple[str, ...], light: Light, rng: Generator) -> str:
    out = ""
    for i, paint in enumerate(paints):
        y = top + i * 70
        a, b = rng.uniform(-90, 60, 2)
        out += shape(
            f"M0,1000 L0,{y:.0f} C{width * 0.25:.0f},{y + a:.0f} {width * 0.35:.0f},{y + b:.0f}"
            f" {width * 0.55:.0f},{y - 10:.0f} S{width * 0.9:.0f},{y + a:.0f} {width:.0f},{y:.0f}"
            f" L{width:.0f},1000 Z",
            light.css(colour(paint)),
            line=4,
        )
    return out


def _tufts(scene: Scene, width: float, top: float, light: Light, rng: Generator) -> str:
    out = ""
    for x, y, big in _points(rng, 26, width):
        py = top + y * (1000 - top) / 1000
        size = 0.6 + big
        out += (
            f'<g transform="translate({x:.0f} {py:.0f}) scale({size:.2f})">'
            + shape(
                "M-18,0 Q-16,-22 -24,-34 Q-6,-24 -4,-6 Q-2,-30 6,-42 Q10,-24 8,-4 Q16,-22 26,-28"
                " Q18,-12 18,0 Z",
                light.css(colour("#4f9350")),
                line=2.5,
            )
            + "</g>"
        )
    if scene.weather & {"flowers", "petals"} or scene.place == "field":
        paints = ("#f7a8c4", "#fff3f0", "#ffd95e", "#b79af0")
        for x, y, big in _points(rng, 30, width):
            py, r = top + 10 + y * (990 - top) / 1000, 6 + 7 * big
            paint = paints[rng.integers(len(paints))]
            out += "".join(
                oval(
                    x + r * float(np.cos(a)), py + r * float(np.sin(a)), r * 0.8, r * 0.8, paint, 2
                )
                for a in (0.3, 1.56, 2.8, 4.07, 5.34)
            ) + oval(x, py, r * 0.55, r * 0.55, "#f5b93a")
    return out


_TUFT = (
    (2, -22, -6, -34),
    (18, 10, 20, 28),
    (2, -24, 10, -36),
    (4, 18, 2, 38),
    (8, -18, 18, -24),
    (-8, 16, -8, 28),
)


def _field(scene: Scene, width: float, light: Light, rng: Generator) -> str:
    snowy = bool(scene.weather & {"snow", "snowy"})
    far = ("#c9d8ee", "#dfe9f7") if snowy else ("#86a9c9", "#7fbf8e")
    near = ("#f3f7fc", "#e4edf8") if snowy else ("#8fce78", "#79bb62")
    out = _hills(width, 500, far, light, rng) + _hills(width, 640, near, light, rng)
    for _ in range(int(rng.integers(1, 4))):
        x = float(rng.uniform(0.05, 0.95)) * width
        leaf = colour("#e9f1fa" if snowy else "#f3a9c6" if "petals" in scene.weather else "#4f9e5b")
        out += _tree(
            x, float(rng.uniform(690, 760)), float(rng.uniform(0.6, 1.0)), leaf, light, rng
        )
    return out if snowy else out + _tufts(scene, width, 760, light, rng)


def _room(scene: Scene, width: float, light: Light, rng: Generator) -> str:
    del scene
    wall = ("#f0dcc4", "#d5e0ea", "#e8d3d8", "#d9e3cf")[rng.integers(4)]
    left = float(rng.uniform(0.06, 0.5)) * width
    wide = max(300.0, width * 0.42)
    out = (
        f'<path d="M0,0 H{width:.0f} V760 H0 Z M{left:.0f},110 V520 H{left + wide:.0f} V110 Z"'
        f' fill="{light.css(colour(wall))}" fill-rule="evenodd" stroke="{INK}" stroke-width="5"/>'
    )
    frame = light.css(colour("#fbf7f0"))
    for d in (
        f"M{left:.0f},110 H{left + wide:.0f} V520 H{left:.0f} Z",
        f"M{left + wide / 2:.0f},110 V520",
        f"M{left:.0f},300 H{left + wide:.0f}",
    ):
        out += stroke(d, INK, 22) + stroke(d, frame, 14)
    for s, edge in ((1, left - 40), (-1, left + wide + 40)):
        out += shape(
            f"M{edge:.0f},80 C{edge + s * 110:.0f},120 {edge + s * 100:.0f},300"
            f" {edge + s * 20:.0f},560 L{edge - s * 30:.0f},560 Z",
            light.css(colour("#e48f7c")),
        )
    floor = light.css(colour("#b98358"))
    out += shape(f"M0,760 H{width:.0f} V1000 H0 Z", floor)
    for i in range(1, 9):
        x = i * width / 9
        out += stroke(f"M{x:.0f},764 L{width / 2 + (x - width / 2) * 1.7:.0f},1000", INK, 3)
    shelf = (left + wide + 60) if left + wide + 260 < width else left - 250
    if shelf > 0:
        out += _shelf(shelf, light, rng)
    return out


def _shelf(x: float, light: Light, rng: Generator) -> str:
    out = shape(f"M{x:.0f},330 h190 v430 h-190 Z", light.css(colour("#8a5f43")))
    for row in range(3):
        y = 350 + row * 135
        out += shape(f"M{x + 14:.0f},{y} h162 v112 h-162 Z", light.css(colour("#5c3c2c")), line=3)
        at = x + 20
        while at < x + 150:
            thick = float(rng.uniform(14, 28))
            book = ("#d2574f", "#4d7fb8", "#e2b64a", "#5e9b6b", "#9a6bb0")[rng.integers(5)]
            tall = float(rng.uniform(74, 104))
            out += shape(
                f"M{at:.0f},{y + 112} v-{tall:.0f} h{thick:.0f} v{tall:.0f} Z",
                light.css(colour(book)),
                line=3,
            )
            at += thick
    return out


def _sea(scene: Scene, width: float, light: Light, rng: Generator) -> str:
    del scene
    out = shape(f"M0,560 H{width:.0f} V1000 H0 Z", light.css(colour("#2f86c4")))
    for i, paint in enumerate(("#3f9ad2", "#57b2dd", "#7fcde6")):
        bumps = int(4 + width / 200)
        wave = f"M0,{620 + 70 * i}" + "".join(
            f" q{width / bumps / 2:.0f},{rng.integers(-26, -10)} {width / bumps:.0f},0"
            for _ in range(bumps)
        )
        out += shape(f"{wave} V1000 H0 Z", light.css(colour(paint)), line=4)
    glints = "".join(
        f"M{x:.0f},{575 + y * 0.2:.0f} h{20 + 60 * big:.0f}"
        for x, y, big in _points(rng, 16, width)
    )
    out += stroke(glints, "#f2fbff", 4)
    curve = rng.integers(-50, 50)
    for top, paint in ((850, "#f6fbfd"), (880, light.css(colour("#f0d7a4")))):
        shore = f"M0,{top} Q{width * 0.3:.0f},{top - 22 + curve} {width * 0.6:.0f},{top + 8}"
        out += shape(f"{shore} T{width:.0f},{top - 6} V1000 H0 Z", paint, line=4)
    x = float(rng.uniform(0.1, 0.9)) * width
    return out + shape(f"M{x:.0f},560 l-34,-10 q-4,-60 30,-130 q46,60 44,130 Z", "#fdfaf3", line=4)


def _cloudscape(scene: Scene, width: float, light: Light, rng: Generator) -> str:
    del scene
    out = ""
    for row, paint in enumerate(("#d3e6f5", "#e7f2fa", "#ffffff")):
        y = 640 + 110 * row
        bumps = int(4 + width / 220)
        step = width / bumps
        line = f"M{-step / 2:.0f},{y}" + "".join(
            f" a{step * 0.55:.0f},{rng.integers(50, 95)} 0 0 1 {step:.0f},0"
            for _ in range(bumps + 1)
        )
        out += shape(f"{line} V1000 H{-step / 2:.0f} Z", light.css(colour(paint)), line=4)
    return out


def _space(scene: Scene, width: float, light: Light, rng: Generator) -> str:
    del scene, light
    out = (
        '<linearGradient id="void" x2="1" y2="1"><stop offset="0" stop-color="#171a4a"/>'
        '<stop offset="0.55" stop-color="#54348c"/><stop offset="1" stop-color="#c2578f"/>'
        f'</linearGradient><rect width="{width:.0f}" height="1000" fill="url(#void)"/>'
    )
    out += "".join(
        oval(x, y, 1.5 + 4 * r * r, 1.5 + 4 * r * r, "#fff6d8")
        for x, y, r in _points(rng, 130, width)
    )
    x, y, r = float(rng.uniform(0.15, 0.85)) * width, float(rng.uniform(180, 420)), 150.0
    body = colour(("#f0a860", "#6fc3d8", "#d978a0")[rng.integers(3)])
    out += oval(x, y, r, r, css(body), 5)
    out += shape(
        f"M{x},{y - r} A{r},{r} 0 0 1 {x},{y + r} A{r * 0.6:.0f},{r} 0 0 0 {x},{y - r} Z",
        css(mix(body, (0.1, 0.05, 0.3), 0.45)),
        line=0,
    )
    out += (
        f'<ellipse cx="{x:.0f}" cy="{y:.0f}" rx="{r * 1.7:.0f}" ry="{r * 0.32:.0f}" fill="none"'
        f' stroke="{INK}" stroke-width="22" transform="rotate(-16 {x:.0f} {y:.0f})"/>'
        f'<ellipse cx="{x:.0f}" cy="{y:.0f}" rx="{r * 1.7:.0f}" ry="{r * 0.32:.0f}" fill="none"'
        f' stroke="#f6e3b8" stroke-width="13" transform="rotate(-16 {x:.0f} {y:.0f})"/>'
    )
    ground = _hills(width, 800, ("#6c5aa8", "#8a78c4"), LIGHTS["day"], rng)
    return out + ground


PLACES: dict[str, Callable[[Scene, float, Light, Generator], str]] = {
    "street": _street,
    "forest": _forest,
    "room": _room,
    "sea": _sea,
    "sky": _cloudscape,
    "space": _space,
    "field": _field,
}
