"""What stands behind a place: the second one that a prompt names, small at the horizon."""

from __future__ import annotations

from collections.abc import Callable

from tower_anime.sandbox import places_town
from tower_anime.sandbox.ink import shape, stroke, veil
from tower_anime.sandbox.stage import HORIZON, Stage, floor, hills, row_of_trees, scatter


def beyond(stage: Stage) -> str:
    """Return the far place, if the scene has one."""
    return FAR[stage.scene.beyond](stage) if stage.scene.beyond else ""


def _trees(stage: Stage) -> str:
    ground = stage.css("#a9cfa8", 0.35)
    back = row_of_trees(stage, 570, 1.05, 0.2, count=9)
    return back + floor(stage, 575, ground, line=0) + row_of_trees(stage, 610, 0.9, 0.4, count=8)


def _peaks(stage: Stage) -> str:
    out, w = "", stage.width
    for i in range(4):
        x, top = (i + stage.between(0.15, 0.85)) * w / 4, HORIZON - stage.between(270, 410)
        half, low = stage.between(190, 280) * max(1.0, w / 1400), HORIZON + 50
        paint = "#7f9bc8"
        out += shape(
            f"M{x - half:.0f},{low} L{x:.0f},{top:.0f} L{x + half:.0f},{low}Z",
            stage.css(paint, 0.25),
            line=3,
        )
        out += veil(
            f"M{x:.0f},{top:.0f} L{x + half:.0f},{low} L{x + half * 0.15:.0f},{low}Z",
            stage.dark(paint, 0.2),
            0.7,
        )
        y = top + 0.3 * (low - top)
        out += shape(
            f"M{x:.0f},{top:.0f} L{x + half * 0.3:.0f},{y:.0f} L{x + half * 0.1:.0f},{y - 14:.0f}"
            f" L{x - half * 0.06:.0f},{y + 22:.0f} L{x - half * 0.3:.0f},{y:.0f}Z",
            stage.css("#f6fafe"),
            line=2.5,
        )
    return out


def _water(stage: Stage) -> str:
    blue = stage.css("#2f86c4")
    glints = "".join(
        f"M{x:.0f},{460 + y * 0.16:.0f} h{14 + 50 * big:.0f}"
        for x, y, big in scatter(stage.rng, 24, stage.width)
    )
    return floor(stage, 445, blue, line=2.5) + stroke(glints, stage.css("#d8f0fb"), 3.5)


def _town(stage: Stage) -> str:
    return places_town.skyline(stage, 620, "#9fb0d0", 0.45, tall=(150, 330)) + places_town.skyline(
        stage, 630, "#7788b3", 0.2, tall=(90, 230)
    )


def _houses(stage: Stage) -> str:
    out = hills(stage, 520, (stage.css("#8fc29a", 0.3),))
    count = max(4, int(5 * stage.width / 1000))
    for i in range(count):
        x = (i + stage.between(0.2, 0.8)) * stage.width / count
        out += places_town.cottage(stage, x, 600 + stage.between(-20, 14), 0.5)
    return out


def _fortress(stage: Stage) -> str:
    x, stone = stage.between(0.25, 0.75) * stage.width, stage.css("#d9d6de", 0.15)
    roof, glow = stage.css("#4f6fb8", 0.1), "#ffe39a" if stage.night else stage.css("#5a6a90")
    hill = (
        f"M{x - 380:.0f},640 Q{x - 150:.0f},470 {x:.0f},460 Q{x + 150:.0f},470 {x + 380:.0f},640Z"
    )
    out = shape(hill, stage.light.css(stage.grass()), line=3)
    for dx, half, top in (
        (-105, 26, 330),
        (105, 26, 320),
        (-52, 32, 270),
        (54, 32, 290),
        (0, 40, 220),
    ):
        cx = x + dx
        out += shape(f"M{cx - half:.0f},540 V{top} H{cx + half:.0f} V540Z", stone, line=3)
        out += shape(
            f"M{cx - half - 8:.0f},{top} L{cx:.0f},{top - 2.4 * half:.0f}"
            f" L{cx + half + 8:.0f},{top}Z",
            roof,
            line=3,
        )
        out += shape(f"M{cx - 6:.0f},{top + 50} v-18 q6,-10 12,0 v18Z", glow, line=2)
    return out + shape(f"M{x - 140:.0f},550 V480 H{x + 140:.0f} V550Z", stone, line=3)


def _gate(stage: Stage) -> str:
    x, red, dark = stage.between(0.2, 0.8) * stage.width, stage.css("#d8493a"), stage.css("#3a3548")
    bars = f"M{x - 74:.0f},680 L{x - 66:.0f},440 M{x + 74:.0f},680 L{x + 66:.0f},440"
    bars += f" M{x - 92:.0f},484 H{x + 92:.0f}"
    top = f"M{x - 112:.0f},420 Q{x:.0f},440 {x + 112:.0f},420 L{x + 106:.0f},446"
    top += f" Q{x:.0f},460 {x - 106:.0f},446Z"
    return (
        _trees(stage)
        + stroke(bars, "#241c2e", 24)
        + stroke(bars, red, 16)
        + shape(top, dark, line=3)
    )


def _meadow(stage: Stage) -> str:
    return hills(stage, 500, (stage.css("#8fc29a", 0.3), stage.light.css(stage.grass())), step=50)


FAR: dict[str, Callable[[Stage], str]] = {
    "forest": _trees,
    "mountain": _peaks,
    "sea": _water,
    "lake": _water,
    "city": _town,
    "street": _town,
    "village": _houses,
    "castle": _fortress,
    "shrine": _gate,
    "field": _meadow,
}
