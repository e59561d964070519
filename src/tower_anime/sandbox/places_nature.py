"""Places under the open sky without houses."""

from __future__ import annotations

from tower_anime.sandbox.ink import fade, oval, shape, stroke, veil
from tower_anime.sandbox.palette import LIGHTS, css, mix
from tower_anime.sandbox.palette import colour as rgb
from tower_anime.sandbox.stage import (
    DEEP,
    HIGH,
    Stage,
    blooms,
    dots,
    floor,
    hills,
    lamp,
    pine,
    row_of_trees,
    scatter,
    tree,
    tufts,
)


def forest(stage: Stage) -> str:
    """Three depths of trees with a path between them."""
    w = stage.width
    out = floor(stage, 560, stage.css("#a9cfa8", 0.35), line=0)
    if "bamboo" in stage.scene.landmarks:
        return out + _bamboo(stage)
    out += row_of_trees(stage, 610, 0.75, 0.2, count=7)
    out += floor(stage, 640, stage.light.css(mix(stage.grass(), (0.75, 0.85, 0.8), 0.3)), line=3)
    out += row_of_trees(stage, 700, 1.1, 0.6, count=4)
    middle = stage.between(0.4, 0.6) * w
    path = (
        f"M{middle - 20:.0f},660 C{middle + 60:.0f},740 {middle - 160:.0f},820 {middle - 220:.0f},{DEEP}"
        f" H{middle + 300:.0f} C{middle + 200:.0f},900 {middle + 120:.0f},760 {middle + 24:.0f},660Z"
    )
    out += floor(stage, 730, stage.light.css(stage.grass()))
    out += shape(path, stage.css("#f1f5fa" if stage.snowy else "#cfae80"), line=3.5)
    for x in (stage.between(-0.02, 0.14) * w, stage.between(0.86, 1.02) * w):
        out += tree(stage, x, 900, 1.9, 1.0)
    return out + ("" if stage.snowy else tufts(stage, 780))


def _bamboo(stage: Stage) -> str:
    out = ""
    for row, (count, thick, paint, far) in enumerate(
        ((16, 14, "#a9cf8f", 0.5), (10, 24, "#7fb864", 0.2), (6, 40, "#5f9e4f", 0.0))
    ):
        step = 1000 / count
        for i in range(int(stage.width / step) + 1):
            x = (i + stage.between(0, 1)) * step
            out += _cane(stage, x, 700 + 90 * row, thick * stage.between(0.75, 1.25), paint, far)
        out += floor(stage, 690 + 90 * row, stage.css("#9abf78", far), line=0)
    return out + tufts(stage, 860)


def _cane(stage: Stage, x: float, ground: float, thick: float, paint: str, far: float) -> str:
    """Return one bamboo: a little bent, its knots where they grew, a twig here and there."""
    lean, bend = stage.between(-70, 70), stage.between(-26, 26)
    top = thick * 0.8

    def at(y: float) -> float:
        share = (ground - y) / (ground - HIGH)
        return x + lean * share + 4 * bend * share * (1 - share)

    middle = 2 * at((ground + HIGH) / 2) - (x + lean + x) / 2
    half = (ground + HIGH) / 2
    out = shape(
        f"M{x:.0f},{ground:.0f} Q{middle:.0f},{half:.0f} {x + lean:.0f},{HIGH} h{top:.0f}"
        f" Q{middle + (thick + top) / 2:.0f},{half:.0f} {x + thick:.0f},{ground:.0f}Z",
        stage.css(paint, far),
        line=3,
    )
    y, knots, leaves = ground - stage.between(20, 150), "", ""
    while y > HIGH:
        knots += (
            f"M{at(y):.0f},{y:.0f} q{thick / 2:.0f},{stage.between(2, 7):.0f} {thick * 0.92:.0f},0"
        )
        if stage.rng.random() < 0.3:
            side = 1 if stage.rng.random() < 0.5 else -1
            for _ in range(3):
                long = stage.between(30, 70) * side
                drop = stage.between(-10, 34)
                leaves += f"M{at(y) + thick / 2:.0f},{y:.0f} q{long / 2:.0f},{drop - 18:.0f} {long:.0f},{drop:.0f} q{-long / 2:.0f},{6 - drop:.0f} {-long:.0f},{-drop:.0f}Z"
        y -= stage.between(90, 190)
    leaf = shape(leaves, stage.dark(paint, 0.1), line=2) if leaves else ""
    return out + stroke(knots, stage.dark(paint, 0.4), 4) + leaf


def field(stage: Stage) -> str:
    """Rolling meadows with some trees."""
    far = ("#c9d8ee", "#dfe9f7") if stage.snowy else ("#86a9c9", "#7fbf8e")
    out = hills(stage, 510, tuple(stage.css(p, 0.35) for p in far))
    near = stage.grass()
    out += row_of_trees(stage, 650, 0.35, 0.4, count=5)
    out += hills(
        stage,
        650,
        (
            stage.light.css(near),
            stage.light.css(mix(near, rgb("#3f7f4a"), 0.0 if stage.snowy else 0.16)),
        ),
    )
    for _ in range(int(stage.rng.integers(1, 3))):
        out += tree(
            stage,
            stage.between(0.03, 0.97) * stage.width,
            stage.between(720, 780),
            stage.between(0.8, 1.3),
            0.9,
        )
    if stage.snowy:
        return out
    return out + tufts(stage, 780) + blooms(stage, 790, count=34)


def park(stage: Stage) -> str:
    """Lawn, a path, lamps, a fountain or a bench, flower beds."""
    w = stage.width
    out = hills(stage, 560, (stage.css("#9cc7ae", 0.4),)) + row_of_trees(
        stage, 640, 0.8, 0.55, count=6
    )
    out += floor(stage, 640, stage.light.css(stage.grass()))
    middle = stage.between(0.35, 0.65) * w
    out += shape(
        f"M{middle - 30:.0f},642 L{middle - 260:.0f},{DEEP} H{middle + 320:.0f} L{middle + 34:.0f},642Z",
        stage.css("#e6d6b8"),
        line=3.5,
    )
    out += "".join(lamp(stage, x * w, y, s) for x, y, s in ((0.16, 760, 0.9), (0.88, 720, 0.75)))
    bench = stage.between(0.06, 0.2) * w if middle > w / 2 else stage.between(0.7, 0.8) * w
    wood = stage.css("#a9744c")
    out += shape(
        f"M{bench:.0f},720 h190 v16 h-190Z M{bench:.0f},748 h190 v14 h-190Z M{bench - 8:.0f},780 h206 v16 h-206Z",
        wood,
        line=3.5,
    )
    out += stroke(f"M{bench + 14:.0f},796 v50 M{bench + 176:.0f},796 v50", stage.css("#3f4358"), 10)
    out += tree(stage, stage.between(0.0, 1.0) * w, 770, 1.5, 1.0)
    return out + ("" if stage.snowy else tufts(stage, 820, count=14) + blooms(stage, 850))


def mountain(stage: Stage) -> str:
    """Peaks with snow over pine slopes."""
    w, out = stage.width, ""
    for depth, (count, base, paint) in enumerate(((3, 600, "#8aa4cf"), (3, 640, "#6f8bb5"))):
        for i in range(count):
            x = (i + stage.between(0.2, 0.8)) * w / count
            peak = base - stage.between(280, 420) + 60 * depth
            half = stage.between(230, 340) * max(1.0, w / 1400)
            out += shape(
                f"M{x - half:.0f},{base + 40} L{x:.0f},{peak:.0f} L{x + half:.0f},{base + 40}Z",
                stage.css(paint, 0.35 - 0.2 * depth),
                line=3.5,
            )
            out += veil(
                f"M{x:.0f},{peak:.0f} L{x + half:.0f},{base + 40} L{x + half * 0.2:.0f},{base + 40} L{x - half * 0.06:.0f},{peak + 150:.0f} L{x + half * 0.14:.0f},{peak + 80:.0f}Z",
                stage.dark(paint, 0.25),
                0.8,
            )
            k = 0.34
            y = peak + (base + 40 - peak) * k
            out += shape(
                f"M{x:.0f},{peak:.0f} L{x + half * k:.0f},{y:.0f} L{x + half * k * 0.5:.0f},{y - 16:.0f} L{x + half * 0.06:.0f},{y + 26:.0f}"
                f" L{x - half * k * 0.35:.0f},{y - 20:.0f} L{x - half * k:.0f},{y:.0f}Z",
                stage.css("#f6fafe"),
                line=3,
            )
    out += hills(stage, 660, (stage.css("#7fb08a", 0.2), stage.light.css(stage.grass())))
    for i in range(int(7 * w / 1000) + 2):
        out += pine(
            stage,
            (i + stage.between(0.1, 0.9)) * w / (int(7 * w / 1000) + 2),
            stage.between(740, 800),
            stage.between(0.5, 0.8),
            0.8,
        )
    rock = stage.css("#8d8a96")
    x = stage.between(0.0, 0.8) * w
    out += shape(f"M{x:.0f},900 l30,-70 l60,-20 l50,40 l34,60Z", rock)
    return out + ("" if stage.snowy else tufts(stage, 800, count=14))


def lake(stage: Stage) -> str:
    """Still water between hills, with what it mirrors."""
    w = stage.width
    out = hills(stage, 470, (stage.css("#86a9c9", 0.4), stage.css("#6fae86", 0.2)))
    if "waterfall" in stage.scene.landmarks:
        x = stage.between(0.3, 0.6) * w
        out += shape(
            f"M{x - 130:.0f},620 L{x - 90:.0f},240 H{x + 110:.0f} L{x + 150:.0f},620Z",
            stage.css("#7d8696"),
        )
        out += shape(f"M{x - 34:.0f},240 h80 l14,390 h-110Z", stage.css("#e9f6fc"), line=3)
        out += stroke(f"M{x - 10:.0f},260 v330 M{x + 20:.0f},250 v350", stage.css("#a9d3ea"), 6)
    out += row_of_trees(stage, 600, 0.5, 0.5, count=7)
    blue = "#9fb8d8" if stage.snowy else "#4f9fcb"
    out += floor(stage, 600, stage.css(blue), line=3)
    mirror = "".join(
        f"M{x - 60:.0f},606 Q{x:.0f},{680 + 90 * b:.0f} {x + 60:.0f},606Z"
        for x, _, b in scatter(stage.rng, 8, w)
    )
    out += veil(mirror, stage.dark("#4f9e6b", 0.2), 0.5)
    ripples = "".join(
        f"M{x:.0f},{620 + y * 0.3:.0f} h{30 + 90 * b:.0f}" for x, y, b in scatter(stage.rng, 26, w)
    )
    out += stroke(ripples, stage.css("#e6f5fb"), 4) + _moonway(stage, 612, 790)
    bank = stage.light.css(stage.grass())
    out += shape(
        f"M-60,{DEEP} V830 Q{w * 0.3:.0f},790 {w * 0.55:.0f},850 T{w + 60:.0f},830 V{DEEP}Z", bank
    )
    reeds = "".join(
        f"M{x:.0f},{880 + y * 0.05:.0f} q{8 * b:.0f},-60 {20 * b - 10:.0f},-{90 + 60 * b:.0f}"
        for x, y, b in scatter(stage.rng, 12, w)
    )
    out += stroke(reeds, stage.css("#4f8a4a"), 5)
    return out + ("" if stage.snowy else tufts(stage, 880, count=12) + blooms(stage, 890, count=10))


def _moonway(stage: Stage, top: float, low: float) -> str:
    """Return the moon's light on water, a column of glints that widens towards the front."""
    if not stage.night:
        return ""
    x, glints, y = stage.between(0.3, 0.7) * stage.width, "", top
    while y < low:
        half = stage.between(0.4, 1.0) * (14 + 0.5 * (y - top))
        glints += f"M{x - half + stage.between(-16, 16):.0f},{y:.0f} h{2 * half:.0f}"
        y += stage.between(9, 17)
    return stroke(glints, "#ffe9b0", 5)


def sea(stage: Stage) -> str:
    """Beach, surf, open water; a lighthouse or an island where named."""
    w = stage.width
    glare = mix(
        rgb("#2f86c4"),
        {"sunset": rgb("#f08a6a"), "morning": rgb("#f3c9a0")}.get(stage.scene.time, rgb("#2f86c4")),
        0.35,
    )
    out = ""
    if "lighthouse" in stage.scene.landmarks or "island" in stage.scene.landmarks:
        out += _headland(stage)
    out += floor(stage, 572, stage.light.css(glare), line=2.5)
    for i, paint in enumerate(("#3f9ad2", "#57b2dd", "#7fcde6")):
        wave, x = f"M-60,{630 + 66 * i}", -60.0
        while x < w + 60:
            wide = stage.between(0.5, 1.6) * 170 * (0.8 + 0.2 * i)
            rise = stage.between(8, 34)
            wave += f" q{wide * stage.between(0.3, 0.7):.0f},{-rise:.0f} {wide:.0f},{stage.between(-5, 5):.0f}"
            x += wide
        out += shape(f"{wave} V{DEEP} H-60Z", stage.css(paint), line=3)
    glints = "".join(
        f"M{x:.0f},{585 + y * 0.2:.0f} h{20 + 60 * big:.0f}"
        for x, y, big in scatter(stage.rng, 18, w)
    )
    out += stroke(glints, stage.css("#f2fbff"), 4) + _moonway(stage, 584, 810)
    foam = "".join(
        f"M{x:.0f},{648 + y * 0.17:.0f} q{20 + 40 * big:.0f},{-6 - 12 * big:.0f} {44 + 80 * big:.0f},{8 * big:.0f}"
        for x, y, big in scatter(stage.rng, 9, w)
    )
    out += stroke(foam, stage.css("#e9f7fc"), 5)
    curve = stage.between(-50, 50)
    for top, paint in ((840, stage.css("#f6fbfd")), (872, stage.css("#f0d7a4"))):
        shore = f"M-60,{top} Q{w * 0.3:.0f},{top - 22 + curve:.0f} {w * 0.6:.0f},{top + 8}"
        out += shape(f"{shore} T{w + 60:.0f},{top - 6} V{DEEP} H-60Z", paint, line=3.5)
    x = stage.between(0.1, 0.9) * w
    out += shape(
        f"M{x:.0f},556 V420 Q{x + 64:.0f},500 {x + 60:.0f},548Z M{x - 8:.0f},552 V450 Q{x - 44:.0f},500 {x - 46:.0f},550Z",
        stage.css("#fdfaf3"),
        line=3,
    )
    out += shape(
        f"M{x - 60:.0f},558 H{x + 70:.0f} Q{x + 60:.0f},588 {x + 30:.0f},590 H{x - 30:.0f} Q{x - 54:.0f},584 {x - 60:.0f},558Z",
        stage.css("#b3563f"),
        line=3,
    )
    shells = "".join(
        oval(px, 920 + py * 0.3, 8, 6, stage.css("#fbe3d6"), 2)
        for px, py, _ in scatter(stage.rng, 7, w)
    )
    star = stage.between(0.1, 0.9) * w
    return (
        out
        + shells
        + shape(
            f"M{star:.0f},930 l8,20 l22,0 l-18,14 l8,22 l-20,-14 l-20,14 l8,-22 l-18,-14 l22,0Z",
            stage.css("#ee8a6a"),
            line=3,
        )
    )


def _headland(stage: Stage) -> str:
    x = stage.between(0.15, 0.85) * stage.width
    rock = shape(
        f"M{x - 260:.0f},585 Q{x - 180:.0f},500 {x - 60:.0f},486 Q{x + 90:.0f},470 {x + 250:.0f},585Z",
        stage.css("#6f7f74", 0.15),
    )
    rock += shape(
        f"M{x - 230:.0f},560 Q{x - 160:.0f},500 {x - 60:.0f},488 Q{x + 90:.0f},470 {x + 200:.0f},556 Q{x:.0f},520 {x - 230:.0f},560Z",
        stage.light.css(stage.grass()),
        line=3,
    )
    if "lighthouse" not in stage.scene.landmarks:
        palm = stroke(f"M{x:.0f},490 q20,-70 10,-130", stage.css("#7a5a40"), 12)
        return (
            rock
            + palm
            + stroke(
                f"M{x + 10:.0f},360 q-50,-10 -80,34 M{x + 10:.0f},360 q50,-14 80,30 M{x + 10:.0f},360 q-30,-40 -70,-30 M{x + 10:.0f},360 q36,-36 70,-24",
                stage.css("#3f8f52"),
                14,
            )
        )
    body = shape(
        f"M{x - 34:.0f},490 L{x - 22:.0f},250 H{x + 22:.0f} L{x + 34:.0f},490Z",
        stage.css("#f7f3ee"),
    )
    bands = "".join(
        shape(
            f"M{x - 31 + i:.0f},{430 - 72 * i} L{x - 28 + i:.0f},{396 - 72 * i} H{x + 28 - i:.0f} L{x + 31 - i:.0f},{430 - 72 * i}Z",
            stage.css("#d0463f"),
            line=3,
        )
        for i in (0, 1, 2)
    )
    top = shape(
        f"M{x - 30:.0f},250 h60 v-10 h-60Z M{x - 20:.0f},240 v-40 h40 v40Z",
        stage.css("#fff0b8"),
        line=3.5,
    ) + shape(f"M{x - 28:.0f},200 L{x:.0f},166 L{x + 28:.0f},200Z", stage.css("#d0463f"))
    beam = (
        veil(
            f"M{x:.0f},220 L{x + 900:.0f},120 V330Z M{x:.0f},220 L{x - 900:.0f},130 V310Z",
            "#fff6cf",
            0.35,
        )
        if stage.night
        else ""
    )
    return rock + beam + body + bands + top


def sky(stage: Stage) -> str:
    """Nothing but clouds below."""
    out, w = "", stage.width
    for row, paint in enumerate(("#cfe2f3", "#e3eff9", "#ffffff")):
        y, bumps = 640 + 110 * row, int(4 + w / 220)
        step = w / bumps
        line = f"M{-step:.0f},{y}" + "".join(
            f" a{step * 0.55:.0f},{stage.rng.integers(50, 95)} 0 0 1 {step:.0f},0"
            for _ in range(bumps + 2)
        )
        out += shape(f"{line} V{DEEP} H{-step:.0f}Z", stage.css(paint), line=3)
        out += stroke(
            "".join(
                f"M{x:.0f},{y + 30 + 50 * b:.0f} q40,-36 84,-6"
                for x, _, b in scatter(stage.rng, 5, w)
            ),
            stage.css("#b9d2ea"),
            5,
        )
    island = stage.between(0.1, 0.9) * w
    rock = shape(
        f"M{island - 110:.0f},430 Q{island:.0f},400 {island + 110:.0f},430 Q{island + 50:.0f},470 {island + 10:.0f},540 Q{island - 60:.0f},480 {island - 110:.0f},430Z",
        stage.css("#9a8576", 0.2),
        line=3.5,
    )
    return (
        out
        + rock
        + shape(
            f"M{island - 116:.0f},432 Q{island:.0f},386 {island + 116:.0f},432 Q{island:.0f},452 {island - 116:.0f},432Z",
            stage.light.css(stage.grass()),
            line=3.5,
        )
        + tree(stage, island, 424, 0.35, 0.8)
    )


def space(stage: Stage) -> str:
    """Stars, a ringed planet and the ground of another."""
    w = stage.width
    sky_fill = fade("void", ((0, "#171a4a", 1), (0.55, "#54348c", 1), (1, "#c2578f", 1)))
    out = (
        sky_fill
        + f'<rect x="-60" y="{HIGH}" width="{w + 120:.0f}" height="1800" fill="url(#void)"/>'
    )
    out += dots([(x, y * 0.85, r * r) for x, y, r in scatter(stage.rng, 150, w)], 1.4, 4, "#fff6d8")
    nebula = "".join(
        f"M{x:.0f},{y * 0.7:.0f} q60,-50 140,-10 q90,30 30,80 q-90,50 -170,-10 q-40,-30 0,-60Z"
        for x, y, _ in scatter(stage.rng, 4, w)
    )
    out += veil(nebula, "#8f6bff", 0.28)
    x, y, r = stage.between(0.15, 0.85) * w, stage.between(180, 400), stage.between(100, 170)
    body = rgb(stage.one(("#f0a860", "#6fc3d8", "#d978a0", "#8fd08a")))
    ring = f'cx="{x:.0f}" cy="{y:.0f}" rx="{r * 1.75:.0f}" ry="{r * 0.32:.0f}" fill="none" transform="rotate(-16 {x:.0f} {y:.0f})"'
    out += f'<ellipse {ring} stroke="#241c2e" stroke-width="22"/><ellipse {ring} stroke="#f6e3b8" stroke-width="13"/>'
    out += shape(
        f"M{x - r:.0f},{y + 20:.0f} A{r:.0f},{r:.0f} 0 1 1 {x + r:.0f},{y - 20:.0f} Q{x:.0f},{y + 60:.0f} {x - r:.0f},{y + 20:.0f}Z",
        css(body),
        line=4,
    )
    out += veil(
        f"M{x:.0f},{y - r:.0f} A{r:.0f},{r:.0f} 0 0 1 {x + r:.0f},{y - 20:.0f} Q{x + r * 0.4:.0f},{y + 24:.0f} {x + r * 0.2:.0f},{y + 30:.0f} Q{x + r * 0.5:.0f},{y - r * 0.4:.0f} {x:.0f},{y - r:.0f}Z",
        css(mix(body, (0.1, 0.05, 0.3), 0.45)),
        1,
    )
    if stage.rng.random() < 0.8:
        out += _station(stage.between(0.1, 0.9) * w, stage.between(460, 600))
    moon = Stage(stage.scene, w, LIGHTS["day"], stage.rng)
    ground = hills(moon, 800, ("#6c5aa8", "#8a78c4"))
    craters = "".join(
        oval(px, 900 + py * 0.2, 26 + 30 * b, 8 + 8 * b, "#6f5cae", 3)
        for px, py, b in scatter(stage.rng, 6, w)
    )
    return out + ground + craters


def _station(x: float, y: float) -> str:
    panels = "".join(
        shape(f"M{s * 60},-40 h{s * 90} v80 h{s * -90}Z", "#3f6fc0", line=3)
        + stroke(f"M{s * 90},-40 v80 M{s * 120},-40 v80 M{s * 60},0 h{s * 90}", "#9fc4f4", 2.5)
        for s in (-1, 1)
    )
    hull = (
        shape("M-50,-22 h100 q16,22 0,44 h-100 q-16,-22 0,-44Z", "#dfe6f0", line=4)
        + oval(-16, 0, 9, 9, "#ffe39a", 2.5)
        + oval(16, 0, 9, 9, "#ffe39a", 2.5)
    )
    return f'<g transform="translate({x:.0f} {y:.0f}) rotate(-14)">{stroke("M-60,0 H60", "#8a94a8", 8)}{panels}{hull}</g>'
