"""Places with houses."""

from __future__ import annotations

from dataclasses import dataclass

from tower_anime.sandbox.ink import oval, shape, stroke, veil
from tower_anime.sandbox.palette import colour as rgb
from tower_anime.sandbox.palette import css, mix
from tower_anime.sandbox.stage import (
    DEEP,
    Stage,
    floor,
    hills,
    lamp,
    pine,
    row_of_trees,
    scatter,
    tree,
    tufts,
)

NEON = ("#ff4f9a", "#35e0e8", "#ffd23f", "#8f6bff", "#5dff9b")
_WALLS = ("#b9c0d6", "#d9b7a8", "#a9b3cc", "#cfc4d6", "#e3d3b8", "#9fb0c4")


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


def street(stage: Stage) -> str:
    """A road towards its vanishing point between houses, with shops, signs, lamps and wires."""
    width, horizon = stage.width, 600.0
    vanish = stage.between(0.35, 0.65) * width
    lit = stage.night or "neon" in stage.scene.weather
    out = skyline(stage, 606, "#8d99bd", 0.45) + floor(stage, horizon, stage.css("#8a8c9e"), line=0)
    for edge in (0.0, width):
        for depth in (0.78, 0.44, 0.0):
            out += _front(stage, edge, vanish, depth, lit=lit)
    road = stage.light.css(mix(rgb("#6d7086"), rgb("#20244c"), 0.4 if stage.night else 0.0))
    if stage.snowy:
        road = stage.css("#e3ebf5")
    out += shape(
        f"M-60,{DEEP} V{horizon + 175:.0f} L{vanish - 40:.0f},{horizon} L{vanish + 40:.0f},{horizon}"
        f" L{width + 60:.0f},{horizon + 175:.0f} V{DEEP}Z",
        road,
    )
    marks = "".join(
        f"M{vanish - 4 - 7 * i:.0f},{horizon + 30 + 26 * i * (i + 1):.0f} h{8 + 14 * i}"
        f" l{2 + 2 * i},{16 + 6 * i} h{-12 - 18 * i} Z"
        for i in range(5)
    )
    out += shape(marks, stage.css("#f2f0dc"), line=0)
    out += lamp(stage, vanish - width * 0.26, 720, 0.7) + lamp(
        stage, vanish + width * 0.24, 690, 0.6
    )
    wires = stroke(
        f"M-20,150 Q{vanish * 0.6:.0f},330 {vanish:.0f},520 M{width + 20:.0f},170 Q{vanish * 1.2:.0f},350 {vanish:.0f},520",
        stage.css("#3a3c55"),
        3,
    )
    wet = "rain" in stage.scene.weather or lit
    return out + wires + (_puddles(stage, horizon) if wet and not stage.snowy else "")


def _front(stage: Stage, edge: float, vanish: float, depth: float, *, lit: bool) -> str:
    tall = stage.between(560, 840)
    near, far = (edge + (vanish - edge) * d for d in (depth, min(0.94, depth + 0.34)))
    reach = max(vanish, stage.width - vanish)
    near_y, far_y = (
        (600 - tall * share, 600 + 175 * share)
        for share in (abs(x - vanish) / reach for x in (near, far))
    )
    facade = _Facade(near, far, near_y, far_y)
    out = _house(stage, facade, depth)
    if lit:
        x, y = facade.at(0.4, 0.4).split(",")
        out += sign(stage, float(x), float(y), 1.1 - depth)
    return out


def _house(stage: Stage, facade: _Facade, depth: float) -> str:
    wall = stage.one(_WALLS)
    night = stage.night
    paint = (
        stage.light.css(mix(rgb(wall), rgb("#1d2350"), 0.4))
        if night
        else stage.css(wall, depth * 0.35)
    )
    glass = (
        ("#ffe39a", "#ffd070", "#2b3158", "#3a4272")
        if night
        else ("#d8ecf7", "#b9d7ea", "#a4c4dc", "#cfe3ee")
    )
    panes = dict.fromkeys(glass, "")
    sills = ""
    for row in range(5):
        for column in range(3):
            across, down = (
                ((column + 0.2) / 3, (column + 0.78) / 3),
                ((row + 0.25) / 6.4, (row + 0.8) / 6.4),
            )
            panes[stage.one(glass)] += facade.pane(across, down)
            sills += facade.pane((across[0] - 0.02, across[1] + 0.02), (down[1], down[1] + 0.012))
    shop = stage.one(("#d8584f", "#3f8f8a", "#e0a23f", "#4f6fb8"))
    out = shape(facade.pane((0, 1), (0, 1)), paint)
    out += "".join(
        shape(d, pane if night else stage.css(pane), line=2.2) for pane, d in panes.items() if d
    )
    out += shape(sills, stage.dark(wall, 0.4), line=0)
    out += shape(facade.pane((0.06, 0.94), (0.8, 0.85)), stage.css(shop, depth * 0.3), line=3)
    out += shape(
        facade.pane((0.1, 0.55), (0.86, 0.99)),
        "#ffe7b0" if night else stage.css("#cfe3ee"),
        line=2.5,
    )
    out += shape(facade.pane((0.64, 0.88), (0.86, 1.0)), stage.css("#6b4a3c"), line=2.5)
    return out + shape(facade.pane((-0.03, 1.03), (-0.015, 0.02)), stage.dark(wall, 0.35), line=3)


def sign(stage: Stage, x: float, y: float, size: float = 1.0) -> str:
    """Return an upright shop sign of light."""
    glow = stage.one(NEON)
    tall = stage.between(90, 170)
    bars = "".join(
        f"M-14,{18 + 26 * i} h{stage.rng.integers(16, 29)}" for i in range(int(tall // 26) - 1)
    )
    box = (
        f'<rect x="-36" y="-12" width="72" height="{tall + 24:.0f}" rx="16" fill="{glow}" fill-opacity="0.35"/>'
        f'<rect x="-24" y="0" width="48" height="{tall:.0f}" rx="6"'
        f' fill="{css(mix(rgb(glow), (0.1, 0.05, 0.25), 0.55))}" stroke="{glow}" stroke-width="6"/>'
    )
    return f'<g transform="translate({x:.0f} {y:.0f}) scale({size:.2f})">{box}{stroke(bars, "#ffffff", 5)}</g>'


def _puddles(stage: Stage, horizon: float) -> str:
    out = ""
    for _ in range(9):
        x, y = stage.between(0, stage.width), stage.between(horizon + 190, 990)
        glow = stage.one(NEON) if stage.night or "neon" in stage.scene.weather else "#cfe0f0"
        wide = stage.between(40, 120) * (y - horizon) / 300
        out += f'<ellipse cx="{x:.0f}" cy="{y:.0f}" rx="{wide:.0f}" ry="{wide * 0.16:.0f}" fill="{glow}" fill-opacity="0.5"/>'
    return out


def skyline(
    stage: Stage, ground: float, paint: str, far: float, *, tall: tuple[float, float] = (90, 300)
) -> str:
    """Return distant towers as one silhouette, windows lit at night."""
    x, d, windows = -70.0, f"M-70,{ground}", ""
    while x < stage.width + 40:
        wide, top = stage.between(50, 120), ground - stage.between(*tall)
        d += f" L{x:.0f},{top:.0f} h{wide * 0.3:.0f} v-14 h{wide * 0.4:.0f} v14 h{wide * 0.3:.0f} V{ground}"
        for row in range(int((ground - top) // 34)):
            for column in range(int(wide // 26)):
                if stage.rng.random() < 0.55:
                    windows += f"M{x + 9 + 26 * column:.0f},{top + 14 + 34 * row:.0f} h11 v15 h-11Z"
        x += wide
    lights = "#ffdf96" if stage.night else stage.css("#eef6fb", far)
    return shape(f"{d}Z", stage.css(paint, far), line=2.5) + shape(windows, lights, line=0)


def city(stage: Stage) -> str:
    """A skyline beyond a river, from a promenade."""
    w = stage.width
    out = skyline(stage, 640, "#9fb0d0", 0.5, tall=(160, 420)) + skyline(
        stage, 660, "#7788b3", 0.2, tall=(80, 330)
    )
    x = stage.between(0.1, 0.9) * w
    tower = f"M{x - 60:.0f},660 L{x - 14:.0f},300 L{x:.0f},150 L{x + 14:.0f},300 L{x + 60:.0f},660 M{x - 30:.0f},430 H{x + 30:.0f} M{x - 44:.0f},540 H{x + 44:.0f}"
    out += stroke(tower, "#241c2e", 13) + stroke(tower, stage.css("#e0604a"), 7)
    out += floor(stage, 660, stage.css("#4f86b4"), line=3)
    streaks = "".join(
        f"M{px:.0f},{680 + py * 0.14:.0f} h{20 + 70 * b:.0f}"
        for px, py, b in scatter(stage.rng, 26, w)
    )
    out += stroke(streaks, "#ffdf96" if stage.night else stage.css("#e6f5fb"), 4)
    out += floor(stage, 830, stage.css("#eef2f7" if stage.snowy else "#b8aea6"))
    tiles = "".join(
        f"M{w / 2 + (i - 6) * w * 0.09:.0f},834 L{w / 2 + (i - 6) * w * 0.24:.0f},{DEEP}"
        for i in range(13)
    )
    out += stroke(
        tiles + f"M-60,890 H{w + 60:.0f} M-60,980 H{w + 60:.0f}", stage.dark("#b8aea6", 0.2), 3
    )
    rail = stage.css("#4a5270")
    posts = "".join(f"M{px:.0f},730 V840" for px in range(-40, int(w) + 80, 90))
    return (
        out
        + stroke(posts, rail, 8)
        + stroke(f"M-60,732 H{w + 60:.0f} M-60,784 H{w + 60:.0f}", rail, 10)
        + lamp(stage, stage.between(0.05, 0.2) * w, 840, 1.1)
    )


def rooftop(stage: Stage) -> str:
    """A flat roof with a fence, the town below."""
    w = stage.width
    out = skyline(stage, 660, "#8f9cc2", 0.4, tall=(40, 220))
    fence = "".join(f"M{x},400 V700" for x in range(-40, int(w) + 80, 120))
    mesh = "".join(
        f"M{x},420 L{x + 280},700 M{x + 280},420 L{x},700" for x in range(-280, int(w) + 40, 70)
    )
    out += stroke(mesh, stage.css("#8f9bb0"), 2.2) + stroke(fence, stage.css("#5f6a80"), 9)
    out += stroke(f"M-60,404 H{w + 60:.0f} M-60,560 H{w + 60:.0f}", stage.css("#5f6a80"), 8)
    out += shape(f"M-60,690 H{w + 60:.0f} V730 H-60Z", stage.css("#a7a3ad"))
    out += floor(stage, 730, stage.css("#e8eef6" if stage.snowy else "#c4bcb8"))
    seams = "".join(
        f"M{w / 2 + (i - 5) * w * 0.13:.0f},734 L{w / 2 + (i - 5) * w * 0.26:.0f},{DEEP}"
        for i in range(11)
    )
    out += stroke(
        seams + f"M-60,800 H{w + 60:.0f} M-60,900 H{w + 60:.0f}", stage.dark("#c4bcb8", 0.2), 3
    )
    x = stage.between(0.0, 0.2) * w if stage.rng.random() < 0.5 else stage.between(0.72, 0.85) * w
    house = shape(f"M{x:.0f},330 h220 v420 h-220Z", stage.css("#d3cdc8")) + veil(
        f"M{x + 150:.0f},330 h70 v420 h-70Z", stage.dark("#d3cdc8", 0.25), 1
    )
    return (
        out
        + house
        + shape(f"M{x + 30:.0f},520 h96 v230 h-96Z", stage.css("#6f86a0"))
        + oval(x + 110, 640, 7, 7, stage.css("#f0d890"), 2.5)
        + shape(f"M{x - 14:.0f},312 h248 v24 h-248Z", stage.css("#a7a3ad"))
    )


def station(stage: Stage) -> str:
    """A platform with a roof, a train, benches, a board."""
    w = stage.width
    out = skyline(stage, 600, "#9fb0d0", 0.5, tall=(30, 160)) + floor(
        stage, 600, stage.css("#8f8a88"), line=0
    )
    body = stage.css("#e9edf2")
    band = stage.one(("#3f8f5a", "#d8584f", "#3f6fc0", "#e08a2f"))
    out += shape(f"M-60,330 H{w + 60:.0f} V700 H-60Z", body)
    out += shape(f"M-60,560 H{w + 60:.0f} V612 H-60Z", stage.css(band), line=0)
    glass = "#ffe7a8" if stage.night else stage.css("#a9cfe4")
    x = stage.between(-180, -30)
    while x < w + 40:
        out += _car_window(stage, x, glass)
        x += stage.between(150, 190)
        if stage.rng.random() < 0.55:
            out += _car_door(stage, x, glass)
            x += stage.between(96, 120)
    out += shape(f"M-60,700 H{w + 60:.0f} V760 H-60Z", stage.css("#4a4a58"))
    out += floor(stage, 760, stage.css("#d0cac2"))
    out += shape(f"M-60,790 H{w + 60:.0f} V822 H-60Z", stage.css("#f2c83f"), line=3)
    tiles = "".join(
        f"M{x + stage.between(-7, 7):.0f},{806 + stage.between(-3, 3):.0f} h{stage.between(7, 20):.0f}"
        for x in range(-50, int(w) + 60, 30)
    )
    out += stroke(tiles, stage.dark("#f2c83f", 0.3), 7)
    seams = "".join(
        f"M{w / 2 + x * 0.8:.0f},822 L{w / 2 + x * 1.9:.0f},{DEEP}"
        for x in (stage.between(-0.7, 0.7) * w for _ in range(7))
    )
    out += stroke(
        f"{seams}M-60,{stage.between(870, 930):.0f} H{w + 60:.0f}", stage.dark("#d0cac2"), 2.5
    )
    out += shape(f"M-60,-400 H{w + 60:.0f} V150 L-60,190Z", stage.css("#6f7690"))
    beams = "".join(
        f"M{x:.0f},{190 - 40 * x / w:.0f} V{stage.between(225, 275):.0f}"
        for x in (at + stage.between(-60, 60) for at in range(40, int(w), 200))
    )
    out += stroke(beams, stage.css("#4a5270"), 14)
    for pillar in (stage.between(0.04, 0.16) * w, stage.between(0.84, 0.96) * w):
        out += shape(f"M{pillar - 16:.0f},160 h32 V770 h-32Z", stage.css("#7f88a4"))
    board = stage.between(0.25, 0.6) * w
    return (
        out
        + shape(f"M{board:.0f},206 h220 v86 h-220Z", stage.css("#f7f7f4"))
        + shape(f"M{board:.0f},262 h220 v20 h-220Z", stage.css(band), line=0)
        + stroke(f"M{board + 30:.0f},232 h70 M{board + 120:.0f},232 h60", "#3a3548", 8)
        + stroke(f"M{board + 30:.0f},206 v-40 M{board + 190:.0f},206 v-40", "#3a3548", 5)
    )


def _car_window(stage: Stage, x: float, glass: str) -> str:
    """Return a window of a train: somebody behind it, a blind half down, or the seats alone."""
    wide, top = stage.between(112, 142), stage.between(380, 396)
    low = top + stage.between(118, 136)
    out = shape(f"M{x:.0f},{top:.0f} h{wide:.0f} V{low:.0f} h{-wide:.0f}Z", glass, line=4)
    inside, lot = stage.dark("#8f7f90", 0.2), stage.rng.random()
    if lot < 0.4:
        head, big = x + stage.between(34, wide - 34), stage.between(17, 23)
        body = f"M{head - 1.7 * big:.0f},{low:.0f} q{0.5 * big:.0f},-{1.7 * big:.0f} {1.7 * big:.0f},-{1.7 * big:.0f} t{1.7 * big:.0f},{1.7 * big:.0f}Z"
        out += shape(body, inside, line=0) + oval(head, low - 2.5 * big, big, big * 1.15, inside)
    elif lot < 0.7:
        drop = stage.between(20, 70)
        out += shape(
            f"M{x + 4:.0f},{top + 3:.0f} h{wide - 8:.0f} v{drop:.0f} h{8 - wide:.0f}Z",
            stage.css("#efe3cc"),
            line=2.5,
        )
    seat = stage.between(0.2, 0.5) * wide
    out += shape(
        f"M{x + 6:.0f},{low - 3:.0f} v-24 q{seat / 2:.0f},-14 {seat:.0f},0 v24Z", inside, line=2
    )
    shine = f"M{x + wide * stage.between(0.5, 0.8):.0f},{top + 8:.0f} l-{stage.between(20, 40):.0f},{stage.between(40, 80):.0f}"
    return out + stroke(shine, "#ffffff", 5, opacity=0.6)


def _car_door(stage: Stage, x: float, glass: str) -> str:
    """Return a door of a train, with a notice on its glass now and then."""
    wide, top = stage.between(76, 88), stage.between(370, 382)
    pane = stage.between(106, 130)
    out = shape(f"M{x:.0f},{top:.0f} h{wide:.0f} V700 h{-wide:.0f}Z", stage.css("#d3dae4"), line=4)
    out += shape(
        f"M{x + 11:.0f},{top + 20:.0f} h{wide - 22:.0f} v{pane:.0f} h{22 - wide:.0f}Z",
        glass,
        line=3,
    )
    out += stroke(f"M{x + wide / 2:.0f},{top:.0f} V700", "#241c2e", 3)
    if stage.rng.random() < 0.6:
        note = stage.css(stage.one(("#e9d24f", "#d8584f", "#6fb48a")))
        at = stage.between(14, 44)
        out += shape(
            f"M{x + at:.0f},{top + stage.between(70, 100):.0f} h20 v24 h-20Z", note, line=2
        )
    return out


def shrine(stage: Stage) -> str:
    """A red gate before steps and a hall, stone lanterns, old trees."""
    w = stage.width
    out = row_of_trees(stage, 640, 1.0, 0.4, count=6) + floor(
        stage, 640, stage.light.css(stage.grass()), line=3
    )
    middle = stage.between(0.42, 0.58) * w
    roof, red = stage.css("#4f5670"), stage.css("#d8493a")
    out += shape(f"M{middle - 190:.0f},640 V470 H{middle + 190:.0f} V640Z", stage.css("#e9dcc4"))
    out += shape(
        f"M{middle - 40:.0f},640 v-120 h80 v120Z M{middle - 140:.0f},600 v-70 h60 v70Z M{middle + 80:.0f},600 v-70 h60 v70Z",
        stage.css("#6b4a3c"),
        line=3,
    )
    out += shape(
        f"M{middle - 270:.0f},480 Q{middle - 150:.0f},440 {middle - 110:.0f},350 H{middle + 110:.0f} Q{middle + 150:.0f},440 {middle + 270:.0f},480 Q{middle:.0f},456 {middle - 270:.0f},480Z",
        roof,
    )
    for i in range(4):
        half = 120 + 56 * i
        out += shape(
            f"M{middle - half:.0f},{636 + 26 * i} h{2 * half} v26 h{-2 * half}Z",
            stage.css("#c9c3bc"),
            line=3,
        )
    out += shape(
        f"M{middle - 160:.0f},740 L{middle - 420:.0f},{DEEP} H{middle + 460:.0f} L{middle + 160:.0f},740Z",
        stage.css("#f1f5fa" if stage.snowy else "#d6cfc4"),
        line=3.5,
    )
    s = 1.0
    gate = (
        shape(
            f"M{middle - 290:.0f},860 L{middle - 262:.0f},240 h40 L{middle - 236:.0f},860Z M{middle + 290:.0f},860 L{middle + 262:.0f},240 h-40 L{middle + 236:.0f},860Z",
            red,
        )
        + shape(f"M{middle - 330:.0f},330 h660 v42 h-660Z", red)
        + shape(f"M{middle - 34:.0f},240 h68 v100 h-68Z", stage.css("#3a3548"))
        + shape(
            f"M{middle - 400:.0f},168 Q{middle:.0f},226 {middle + 400:.0f},168 L{middle + 384:.0f},226 Q{middle:.0f},270 {middle - 384:.0f},226Z",
            red,
        )
        + shape(
            f"M{middle - 412:.0f},146 Q{middle:.0f},206 {middle + 412:.0f},146 L{middle + 402:.0f},176 Q{middle:.0f},232 {middle - 402:.0f},176Z",
            stage.css("#3a3548"),
        )
    )
    del s
    lanterns = "".join(_stone_lantern(stage, middle + k * 400) for k in (-1, 1))
    return (
        out
        + gate
        + lanterns
        + tree(stage, -20, 900, 1.7, 1.0)
        + ("" if stage.snowy else tufts(stage, 880, count=10))
    )


def _stone_lantern(stage: Stage, x: float) -> str:
    stone = stage.css("#a7a8a6")
    glow = "#ffe39a" if stage.night else stage.css("#5a5560")
    return (
        shape(
            f"M{x - 34:.0f},880 h68 v-26 h-68Z M{x - 14:.0f},854 h28 v-110 h-28Z M{x - 40:.0f},744 h80 v-20 h-80Z",
            stone,
            line=3.5,
        )
        + shape(f"M{x - 30:.0f},724 h60 v-56 h-60Z", stone, line=3.5)
        + shape(f"M{x - 16:.0f},714 h32 v-36 h-32Z", glow, line=2.5)
        + shape(
            f"M{x - 56:.0f},674 Q{x:.0f},640 {x:.0f},618 Q{x:.0f},640 {x + 56:.0f},674Z",
            stone,
            line=3.5,
        )
    )


def school(stage: Stage) -> str:
    """A school building behind its gate, a clock, cherry trees."""
    w = stage.width
    out = hills(stage, 540, (stage.css("#9cc7ae", 0.4),))
    wall = stage.css("#f0e6d6")
    left, right = w * 0.5 - max(360.0, w * 0.4), w * 0.5 + max(360.0, w * 0.4)
    out += shape(f"M{left:.0f},690 V300 H{right:.0f} V690Z", wall)
    middle = stage.between(0.4, 0.6) * w
    glass = "#ffe39a" if stage.night else stage.css("#a9cfe4")
    panes = "".join(
        f"M{x:.0f},{y} h62 v58 h-62Z"
        for y in (330, 430, 530)
        for x in range(int(left) + 24, int(right) - 70, 90)
    )
    out += shape(panes, glass, line=3) + stroke(
        f"M{left:.0f},408 H{right:.0f} M{left:.0f},508 H{right:.0f} M{left:.0f},608 H{right:.0f}",
        stage.dark("#f0e6d6", 0.25),
        5,
    )
    out += shape(
        f"M{middle - 100:.0f},690 V220 L{middle:.0f},160 L{middle + 100:.0f},220 V690Z",
        stage.css("#e3d3bc"),
    ) + oval(middle, 270, 44, 44, stage.css("#fdfcf8"), 5)
    out += stroke(f"M{middle:.0f},270 V242 M{middle:.0f},270 l20,10", "#241c2e", 5)
    out += shape(f"M{middle - 60:.0f},690 V590 h120 V690Z", stage.css("#7f99b0")) + stroke(
        f"M{middle:.0f},590 V690", "#241c2e", 4
    )
    out += floor(stage, 690, stage.css("#eef2f7" if stage.snowy else "#dcc9a6"))
    for x in (0.06, 0.94):
        out += tree(stage, x * w, 760, 1.25, 0.9)
    for x in (middle - 300, middle + 240):
        out += shape(f"M{x:.0f},880 V680 h60 V880Z", stage.css("#b08a78")) + shape(
            f"M{x - 8:.0f},680 h76 v-18 h-76Z", stage.css("#8f6c5c"), line=3.5
        )
    return out


def castle(stage: Stage) -> str:
    """Towers with blue roofs on a hill."""
    w = stage.width
    out = hills(stage, 520, (stage.css("#86a9c9", 0.4), stage.css("#7fb08a", 0.2)))
    x = stage.between(0.3, 0.7) * w
    stone, roof = stage.css("#d9d6de"), stage.css(stage.one(("#4f6fb8", "#a8465a", "#3f8f8a")))
    out += shape(
        f"M{x - 360:.0f},690 Q{x - 200:.0f},540 {x:.0f},520 Q{x + 200:.0f},540 {x + 380:.0f},690Z",
        stage.light.css(stage.grass()),
    )
    glow = "#ffe39a" if stage.night else stage.css("#5a6a90")
    for dx, half, top, base in (
        (-150, 40, 360, 600),
        (150, 40, 340, 600),
        (-70, 52, 270, 580),
        (80, 48, 300, 580),
        (0, 64, 180, 570),
    ):
        cx = x + dx
        out += shape(f"M{cx - half:.0f},{base} V{top} H{cx + half:.0f} V{base}Z", stone)
        out += veil(
            f"M{cx + half * 0.35:.0f},{base} V{top} H{cx + half:.0f} V{base}Z",
            stage.dark("#d9d6de", 0.25),
            1,
        )
        out += shape(
            f"M{cx - half - 14:.0f},{top} L{cx:.0f},{top - half * 2.5:.0f} L{cx + half + 14:.0f},{top}Z",
            roof,
        )
        out += shape(
            f"M{cx - 9:.0f},{top + 70} v-26 q9,-16 18,0 v26Z M{cx - 9:.0f},{top + 150} v-26 q9,-16 18,0 v26Z",
            glow,
            line=2.5,
        )
    out += shape(
        f"M{x - 210:.0f},620 V520 h24 v-20 h24 v20 h24 v-20 h24 v20 h24 v-20 h24 v20 H{x + 60:.0f} v-20 h24 v20 h24 v-20 h24 v20 h24 v-20 h24 v20 H{x + 210:.0f} V620Z",
        stone,
    )
    out += shape(f"M{x - 36:.0f},620 v-60 q36,-40 72,0 v60Z", stage.css("#6b4a3c"))
    out += hills(stage, 680, (stage.light.css(stage.grass()),))
    out += shape(
        f"M{x - 34:.0f},640 C{x + 60:.0f},720 {x - 120:.0f},800 {x - 160:.0f},{DEEP} H{x + 200:.0f} C{x + 60:.0f},840 {x + 130:.0f},720 {x + 34:.0f},640Z",
        stage.css("#f1f5fa" if stage.snowy else "#dcc9a6"),
        line=3.5,
    )
    return (
        out
        + tree(stage, stage.between(0.0, 0.1) * w, 820, 1.3, 1.0)
        + tree(stage, stage.between(0.9, 1.0) * w, 800, 1.1, 1.0)
    )


def village(stage: Stage) -> str:
    """Cottages along a lane before hills."""
    w = stage.width
    out = hills(stage, 480, (stage.css("#86a9c9", 0.4), stage.css("#8fc29a", 0.2)))
    out += row_of_trees(stage, 620, 0.5, 0.5, count=6) + floor(
        stage, 630, stage.light.css(stage.grass())
    )
    middle = stage.between(0.4, 0.6) * w
    lane = f"M{middle - 26:.0f},640 C{middle + 90:.0f},740 {middle - 170:.0f},820 {middle - 240:.0f},{DEEP} H{middle + 300:.0f} C{middle + 160:.0f},880 {middle + 180:.0f},740 {middle + 30:.0f},640Z"
    out += shape(lane, stage.css("#f4f7fb" if stage.snowy else "#dcc49a"), line=3.5)
    for side, size, y in ((-0.26, 0.7, 690), (0.28, 0.66, 680), (-0.5, 1.05, 780), (0.5, 1.1, 790)):
        out += cottage(stage, middle + side * max(w, 760.0), y, size)
    if stage.snowy:
        return out + pine(stage, 20, 860, 1.2, 1.0)
    return (
        out + tufts(stage, 830, count=14) + tree(stage, stage.between(0.9, 1.0) * w, 860, 1.2, 1.0)
    )


def cottage(stage: Stage, x: float, y: float, size: float) -> str:
    """Return a small house whose door stands at (x, y)."""
    wall = stage.one(("#f4e6cf", "#efe2e0", "#e3e6da"))
    roof = "#f4f8fc" if stage.snowy else stage.one(("#b3563f", "#7f5f86", "#4f7a8a", "#a8743f"))
    glow = "#ffe08a" if stage.night else stage.css("#b9d7ea")
    lantern = (
        oval(96, -110, 16, 20, "#ff8a4a" if stage.night else stage.css("#d8584f"), 3)
        if "lanterns" in stage.scene.weather
        else ""
    )
    body = (
        shape("M-120,0 V-150 H120 V0Z", stage.css(wall))
        + veil("M50,0 V-150 H120 V0Z", stage.dark(wall, 0.2), 1)
        + shape("M60,-230 h34 v-50 h-34Z", stage.css("#8f7a70"), line=3.5)
        + shape("M-150,-140 L-84,-262 H84 L150,-140Z", stage.css(roof))
        + veil("M40,-140 L50,-262 H84 L150,-140Z", stage.dark(roof, 0.25), 1)
        + stroke("M-124,-176 H-20 M-100,-214 H40", stage.dark(roof, 0.3), 4)
        + shape("M-92,-110 h62 v56 h-62Z", glow, line=4)
        + stroke("M-61,-110 v56 M-92,-82 h62", "#241c2e", 3)
        + shape("M10,0 v-96 q26,-20 52,0 V0Z", stage.css("#7a5038"))
        + oval(50, -46, 4, 4, "#f4d06f")
    )
    return f'<g transform="translate({x:.0f} {y:.0f}) scale({size:.2f})">{body}{lantern}</g>'
