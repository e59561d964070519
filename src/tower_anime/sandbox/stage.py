"""What all places share: their light, their season, the ground, trees and other small things.

A place is drawn on `width` × 1000 units with the horizon at y = 600; the ground goes on to
y = 1400 and walls start at y = −400, so that the camera can look up or down.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from tower_anime.sandbox.ink import oval, shape, stroke, veil
from tower_anime.sandbox.palette import Colour, Light, colour, mix
from tower_anime.sandbox.words import Scene

HORIZON = 600.0
DEEP = 1400.0
HIGH = -400.0

HAZE = {
    "day": colour("#d3e9f6"),
    "morning": colour("#fbe6d3"),
    "sunset": colour("#f3a98c"),
    "night": colour("#3c4684"),
}
_LEAVES = {
    "spring": ("#a8d58b", "#6fbf73", "#f2a8c6"),
    "summer": ("#8fce7a", "#2f8f52", "#3fa45f"),
    "autumn": ("#f0b24c", "#d9622f", "#c2403a"),
    "winter": ("#dbe6f2", "#c4d4e6", "#eef4fb"),
    "": ("#9ccf8d", "#2f7a4b", "#4f9e5b"),
}
_GRASS = {
    "spring": "#9ad47c",
    "summer": "#7cc45c",
    "autumn": "#c9b25a",
    "winter": "#eaf1f9",
    "": "#86c56c",
}
BLOOMS = ("#f7a8c4", "#fff3f0", "#ffd95e", "#b79af0", "#ff8f70")


@dataclass(frozen=True)
class Stage:
    """A place about to be drawn."""

    scene: Scene
    width: float
    light: Light
    rng: Generator

    @property
    def night(self) -> bool:
        """Whether lamps are lit."""
        return self.scene.time == "night"

    @property
    def snowy(self) -> bool:
        """Whether snow lies on everything."""
        return "snow" in self.scene.weather or self.scene.season == "winter"

    @property
    def season(self) -> str:
        """The season by word or weather, empty when none is named."""
        if self.snowy:
            return "winter"
        if "petals" in self.scene.weather:
            return "spring"
        return "autumn" if "leaves" in self.scene.weather else self.scene.season or ""

    def css(self, text: str, far: float = 0.0) -> str:
        """Return a paint as this light shows it, `far` 0–1 towards the haze of the distance."""
        return self.light.css(mix(colour(text), HAZE[self.scene.time], far))

    def dark(self, text: str, depth: float = 0.3) -> str:
        """Return a paint's shadow."""
        return self.light.shade(colour(text), depth)

    def between(self, low: float, high: float) -> float:
        """Return a number by lot."""
        return float(self.rng.uniform(low, high))

    def one(self, choice: tuple[str, ...]) -> str:
        """Return one by lot."""
        return choice[int(self.rng.integers(len(choice)))]

    def leaf(self, depth: float) -> Colour:
        """Return the colour of foliage, `depth` 0 far … 1 near."""
        far, near, other = (colour(text) for text in _LEAVES[self.season])
        picked = other if self.rng.random() < 0.45 else near
        return mix(far, picked, depth)

    def grass(self) -> Colour:
        """Return the colour of the ground where something grows."""
        return colour(_GRASS[self.season])


def scatter(rng: Generator, count: int, width: float) -> list[tuple[float, float, float]]:
    """Return `count` points per 1000 units of width: x, y 0–1000, and a number 0–1."""
    many = int(count * max(1.0, width / 1000))
    return [(float(x) * width, float(y) * 1000, float(z)) for x, y, z in rng.random((many, 3))]


def dots(points: list[tuple[float, float, float]], least: float, more: float, paint: str) -> str:
    """Return all discs as one path: an SVG element each would cost ten times the time."""
    discs = ""
    for x, y, big in points:
        r = least + more * big
        arc = f"a{r:.1f},{r:.1f} 0 1 0"
        discs += f"M{x - r:.1f},{y:.1f}{arc} {2 * r:.1f},0{arc} {-2 * r:.1f},0Z"
    return shape(discs, paint, line=0)


def floor(stage: Stage, top: float, paint: str, *, line: float = 4) -> str:
    """Return flat ground from `top` down."""
    return shape(f"M-60,{top} H{stage.width + 60:.0f} V{DEEP} H-60Z", paint, line=line)


def hills(stage: Stage, top: float, paints: tuple[str, ...], *, step: float = 70) -> str:
    """Return ranges one before the other."""
    out, width = "", stage.width
    for i, paint in enumerate(paints):
        y = top + i * step
        a, b = stage.rng.uniform(-90, 60, 2)
        out += shape(
            f"M-60,{DEEP} L-60,{y:.0f} C{width * 0.25:.0f},{y + a:.0f} {width * 0.35:.0f},{y + b:.0f}"
            f" {width * 0.55:.0f},{y - 10:.0f} S{width * 0.9:.0f},{y + a:.0f} {width + 60:.0f},{y:.0f}"
            f" L{width + 60:.0f},{DEEP}Z",
            paint,
            line=3.5 if i else 2.5,
        )
    return out


def tree(stage: Stage, x: float, ground: float, size: float, depth: float) -> str:
    """Return a tree with three layers of leaves; bare in winter."""
    leaf = stage.leaf(depth)
    far = 0.5 * (1 - depth)
    lean = stage.between(-6, 6)
    trunk = shape(
        "M-18,12 Q-8,-120 -14,-230 L-60,-300 L-48,-306 L-6,-256 L0,-330 L12,-330 L12,-262 L52,-316"
        " L62,-308 L16,-226 Q8,-120 24,12Z",
        stage.css("#76523c", far),
        line=4,
    )
    lit, dark = stage.light.css(leaf), stage.light.shade(leaf, 0.3)
    crown = (
        "M-120,-196 C-176,-212 -178,-290 -120,-302 C-140,-372 -50,-424 4,-384 C50,-432 146,-384"
        " 124,-308 C180,-296 172,-210 112,-200 C76,-168 -74,-166 -120,-196Z"
    )
    under = (
        "M-120,-196 C-158,-208 -168,-244 -152,-272 C-128,-232 -84,-252 -60,-226 C-20,-250 30,-218 60,-236"
        " C96,-214 130,-250 152,-274 C166,-240 150,-206 112,-200 C76,-168 -74,-166 -120,-196Z"
    )
    tufts = "M-90,-318 q26,-30 52,-4 M-20,-360 q26,-26 50,2 M30,-300 q28,-24 52,4 M-70,-266 q24,-22 46,2"
    leaves = (
        shape(crown, lit, line=4)
        + veil(under, dark, 1)
        + stroke(tufts, stage.light.shine(leaf, 0.35), 6)
    )
    return (
        f'<g transform="translate({x:.0f} {ground:.0f}) scale({size:.2f}) rotate({lean:.1f})">'
        f"{trunk}{leaves}{shape(crown, 'none', line=4)}</g>"
    )


def pine(stage: Stage, x: float, ground: float, size: float, depth: float) -> str:
    """Return a conifer."""
    leaf = mix(colour("#8fb9a8"), colour("#1f5a45"), depth)
    if stage.snowy:
        leaf = mix(leaf, (0.93, 0.96, 1.0), 0.55)
    tiers = "".join(
        shape(
            f"M0,{-330 + 70 * i} L{46 + 26 * i},{-190 + 70 * i} Q0,{-164 + 70 * i} {-46 - 26 * i},{-190 + 70 * i}Z",
            stage.light.css(leaf),
            line=4,
        )
        + veil(
            f"M0,{-330 + 70 * i} L{46 + 26 * i},{-190 + 70 * i} Q20,{-168 + 70 * i} 8,{-172 + 70 * i}Z",
            stage.light.shade(leaf, 0.3),
            1,
        )
        for i in (2, 1, 0)
    )
    trunk = shape("M-12,10 L-10,-60 L10,-60 L12,10Z", stage.css("#6b4a38"), line=4)
    return f'<g transform="translate({x:.0f} {ground:.0f}) scale({size:.2f})">{trunk}{tiers}</g>'


def row_of_trees(stage: Stage, ground: float, size: float, depth: float, *, count: int) -> str:
    """Return trees side by side over the whole width."""
    many = max(2, int(count * stage.width / 1000))
    step = stage.width / many
    paint = pine if stage.snowy else tree
    return "".join(
        paint(
            stage,
            (i + stage.between(0.1, 0.9)) * step,
            ground + stage.between(-12, 12),
            size * stage.between(0.85, 1.15),
            depth,
        )
        for i in range(many)
    )


def tufts(stage: Stage, top: float, *, count: int = 24) -> str:
    """Return grass on the ground below `top`, larger towards the front."""
    d = ""
    for x, y, big in scatter(stage.rng, count, stage.width):
        s = (0.4 + big * 0.3) * (0.6 + y / 700)
        py = top + y * 0.42
        d += (
            f"M{x - 18 * s:.0f},{py:.0f} q{2 * s:.0f},{-22 * s:.0f} {-6 * s:.0f},{-34 * s:.0f}"
            f" q{18 * s:.0f},{10 * s:.0f} {20 * s:.0f},{28 * s:.0f} q{2 * s:.0f},{-24 * s:.0f} {10 * s:.0f},{-36 * s:.0f}"
            f" q{4 * s:.0f},{18 * s:.0f} {2 * s:.0f},{38 * s:.0f} q{8 * s:.0f},{-18 * s:.0f} {18 * s:.0f},{-24 * s:.0f}"
            f" q{-8 * s:.0f},{16 * s:.0f} {-8 * s:.0f},{28 * s:.0f}Z"
        )
    return shape(d, stage.light.shade(stage.grass(), 0.24), line=2)


def blooms(stage: Stage, top: float, *, count: int = 26) -> str:
    """Return flowers on the ground below `top`."""
    heads: dict[str, str] = {}
    hearts = []
    for x, y, big in scatter(stage.rng, count, stage.width):
        r, py = (5 + 6 * big) * (0.6 + y / 800), top + y * 0.42
        paint = stage.css(stage.one(BLOOMS))
        for a in (0.3, 1.56, 2.8, 4.07, 5.34):
            cx, cy, q = x + r * float(np.cos(a)), py + r * float(np.sin(a)), r * 0.8
            arc = f"a{q:.1f},{q:.1f} 0 1 0"
            heads[paint] = (
                heads.get(paint, "")
                + f"M{cx - q:.1f},{cy:.1f}{arc} {2 * q:.1f},0{arc} {-2 * q:.1f},0Z"
            )
        hearts.append((x, py, r))
    out = "".join(shape(d, paint, line=1.6) for paint, d in heads.items())
    return out + "".join(oval(x, y, r * 0.55, r * 0.55, stage.css("#f5b93a")) for x, y, r in hearts)


def lamp(stage: Stage, x: float, ground: float, size: float) -> str:
    """Return a street lamp, lit at night."""
    post = stroke("M0,0 V-330 q0,-40 44,-40", stage.css("#3f4358"), 11)
    head = shape("M30,-376 h44 l10,26 h-64Z", stage.css("#3f4358"), line=3)
    glow = (
        oval(52, -338, 60, 60, "url(#lampglow)") + oval(52, -342, 18, 12, "#fff3c4")
        if stage.night
        else oval(52, -344, 18, 8, stage.css("#f4f4ea"))
    )
    return (
        f'<g transform="translate({x:.0f} {ground:.0f}) scale({size:.2f})">{post}{head}{glow}</g>'
    )
