"""Rooms."""

from __future__ import annotations

from tower_anime.sandbox.ink import oval, shape, stroke, veil
from tower_anime.sandbox.stage import DEEP, HIGH, Stage

_FLOOR = 760.0


def room(stage: Stage) -> str:
    """A living room or bedroom: window with curtains, shelf, bed or sofa, a picture, a plant."""
    w = stage.width
    wall = stage.one(("#f3e3cf", "#d9e4ee", "#efdce2", "#e0e9d6"))
    left = stage.between(0.08, 0.5) * w
    wide = max(280.0, w * 0.36)
    out = _wall_with_window(stage, wall, left, wide, 120, 500) + _curtains(stage, left, wide)
    out += _boards(stage)
    out += _rug(stage)
    side = left + wide + 110 if left + wide + 330 < w else left - 320
    if side > -40:
        out += _shelf(stage, side, 300, 480)
    out += _picture(stage, (left - 190) if left > 230 else left + wide + 330)
    sofa = stage.one(("#8f7fc0", "#d98a7a", "#6f9fb8"))
    x = -40.0 if side > left else w - 330.0
    out += shape(
        f"M{x:.0f},850 v-150 q0,-34 34,-34 h300 q34,0 34,34 v150Z", stage.css(sofa)
    ) + shape(
        f"M{x - 20:.0f},880 v-96 q0,-26 28,-26 q28,0 28,26 v20 h300 v-20 q0,-26 28,-26 q28,0 28,26 v96Z",
        stage.dark(sofa, 0.12),
    )
    return out + shape(f"M{x + 60:.0f},770 l70,-64 l60,66 l-64,40Z", stage.css("#f7d9a0"), line=4)


def classroom(stage: Stage) -> str:
    """Windows on one side, a blackboard, rows of desks."""
    w = stage.width
    out = _wall_with_window(stage, "#efe8d8", w * 0.02, w * 0.34, 130, 540)
    out += stroke(
        f"M{w * 0.19:.0f},130 V540 M{w * 0.02:.0f},330 H{w * 0.36:.0f}", stage.css("#c9bfae"), 14
    )
    board_x, board_w = w * 0.42, max(260.0, w * 0.54)
    out += shape(
        f"M{board_x:.0f},220 h{board_w:.0f} v260 h{-board_w:.0f}Z", stage.css("#a9774f")
    ) + shape(
        f"M{board_x + 16:.0f},236 h{board_w - 32:.0f} v228 h{32 - board_w:.0f}Z",
        stage.css("#2f5f4f"),
        line=3,
    )
    notes = "".join(
        f"M{board_x + 50:.0f},{y} h{stage.between(90, board_w * 0.5):.0f}"
        for y in (280, 320, 360, 400)
    )
    out += (
        stroke(notes, "#dfeee4", 4)
        + oval(board_x + board_w * 0.8, 330, 40, 40, "none")
        + stroke(f"M{board_x + board_w * 0.72:.0f},300 l60,70 l30,-80Z", "#f4d9a0", 4)
    )
    out += oval(board_x + board_w / 2, 160, 34, 34, stage.css("#fdfcf8"), 5) + stroke(
        f"M{board_x + board_w / 2:.0f},160 v-20 m0,20 l14,8", "#241c2e", 4
    )
    out += _boards(stage)
    for y, size in ((720, 0.62), (800, 0.85), (920, 1.2)):
        many = int(3 + w / 700)
        first = stage.between(0.3, 0.7)
        for i in range(many):
            x = (i + first + stage.between(-0.08, 0.08)) * w / many
            out += _desk(stage, x, y + stage.between(-10, 10), size * stage.between(0.93, 1.07))
    return out


def _desk(stage: Stage, x: float, y: float, size: float) -> str:
    """Return a desk with a chair behind it; no two stand alike or hold the same things."""
    text = stage.one(("#d6a878", "#cf9f6c", "#dcb186", "#c99a70"))
    wood, side, steel = stage.css(text), stage.dark(text, 0.25), stage.css("#7f88a0")
    lean = [stage.between(-7, 7) for _ in range(4)]
    chair = stage.between(-34, 34)
    back = shape(
        f"M{chair - 48:.0f},-44 V-{stage.between(92, 118):.0f} Q{chair:.0f},-{stage.between(118, 134):.0f}"
        f" {chair + 46:.0f},-{stage.between(92, 118):.0f} V-44Z",
        stage.dark(text, 0.14),
        line=3.5,
    )
    legs = (
        f"M-70,0 L{-70 + lean[0]:.0f},120 M70,0 L{70 + lean[1]:.0f},120"
        f" M-70,{90 + lean[2]:.0f} L70,{92 + lean[3]:.0f}"
    )
    top = f"M{-84 + lean[2]:.0f},-18 L-70,{-40 + lean[0] / 2:.0f} H70 L{84 + lean[3]:.0f},-18 V4 H-84Z"
    return (
        f'<g transform="translate({x:.0f} {y:.0f}) scale({size:.2f})">'
        + back
        + stroke(legs, steel, 8)
        + shape(top, wood, line=4)
        + shape(f"M-74,4 H74 V{stage.between(28, 42):.0f} H-74Z", side, line=3.5)
        + _left_on_desk(stage)
        + "</g>"
    )


def _left_on_desk(stage: Stage) -> str:
    """Return what somebody left there: books, a pencil case, a bag at the side, or nothing."""
    paint = stage.css(stage.one(("#d2574f", "#4d7fb8", "#e2b64a", "#5e9b6b", "#9a6bb0")))
    at, what = stage.between(-50, 6), stage.between(0, 4)
    if what < 1:
        many = 1 + int(stage.between(0, 3))
        return "".join(
            shape(f"M{at + 4 * i:.0f},{-34 - 12 * i} h58 v12 h-58Z", paint, line=3)
            for i in range(many)
        )
    if what < 2:
        open_book = (
            f"M{at:.0f},-24 l10,-14 q18,-8 28,2 q14,-10 30,-2 l8,14 q-20,-6 -36,2 q-18,-8 -40,-2Z"
        )
        return shape(open_book, stage.css("#fbf6ea"), line=3)
    if what < 3:
        hung = 1 if at > -22 else -1
        return shape(f"M{hung * 72:.0f},14 h{hung * 34} l4,58 h{-hung * 38}Z", paint, line=3.5)
    return ""


def library(stage: Stage) -> str:
    """Shelves to the ceiling, a tall window, a reading table."""
    w = stage.width
    left = stage.between(0.3, 0.5) * w
    wide = max(200.0, w * 0.22)
    out = _wall_with_window(stage, "#cdb79a", left, wide, 90, 560)
    out += stroke(
        f"M{left + wide / 2:.0f},90 V560 M{left:.0f},300 H{left + wide:.0f}",
        stage.css("#8a6748"),
        12,
    )
    x = left - 250
    while x > -260:
        out += _shelf(stage, x, 60, 720)
        x -= 226
    x = left + wide + 40
    while x < w + 20:
        out += _shelf(stage, x, 60, 720)
        x += 226
    out += _boards(stage, "#8f6444")
    table = stage.between(0.2, 0.8) * w
    out += shape(f"M{table - 230:.0f},800 h460 l26,40 h-512Z", stage.css("#a9744c")) + shape(
        f"M{table - 250:.0f},840 h40 V1000 h-40Z M{table + 210:.0f},840 h40 V1000 h-40Z",
        stage.dark("#a9744c", 0.3),
    )
    books = "".join(
        shape(f"M{table - 180 + i * 6:.0f},{792 - 22 * i} h120 v20 h-120Z", stage.css(c), line=3)
        for i, c in enumerate(("#d2574f", "#4d7fb8", "#e2b64a"))
    )
    lamp = stroke(f"M{table + 130:.0f},806 v-90", stage.css("#8a7a40"), 8) + shape(
        f"M{table + 80:.0f},720 q50,-60 100,0Z", stage.css("#3f8f6a")
    )
    return out + books + lamp


def cafe(stage: Stage) -> str:
    """A counter with shelves and a menu board, a big window, round tables, lamps."""
    w = stage.width
    left = stage.between(0.04, 0.12) * w
    wide = max(300.0, w * 0.45)
    out = _wall_with_window(stage, "#e6cfb0", left, wide, 140, 560)
    out += stroke(f"M{left + wide / 2:.0f},140 V560", stage.css("#6b4a38"), 14)
    out += shape(
        f"M{left - 30:.0f},90 H{left + wide + 30:.0f} L{left + wide + 10:.0f},170 H{left - 10:.0f}Z",
        stage.css("#c8514a"),
    )
    stripes, edge = "", left - 10
    while edge < left + wide:
        stripe = stage.between(0.8, 1.25) * wide / 16
        stripes += f"M{edge:.0f},92 h{stripe:.0f} v{stage.between(70, 84):.0f} h{-stripe:.0f}Z"
        edge += stripe + stage.between(0.8, 1.25) * wide / 16
    out += shape(stripes, stage.css("#f7f0e4"), line=0)
    board = left + wide + 60
    out += shape(f"M{board:.0f},200 h210 v150 h-210Z", stage.css("#3a3f46")) + stroke(
        f"M{board + 26:.0f},236 h110 M{board + 26:.0f},268 h150 M{board + 26:.0f},300 h90",
        "#f4ecd8",
        5,
    )
    out += shape(f"M{board - 10:.0f},420 h{w:.0f} v14 h{-w:.0f}Z", stage.css("#8a5f43"), line=3)
    out += _jars(stage, board) + _boards(stage, "#a87a54")
    out += shape(
        f"M{board - 60:.0f},560 H{w + 60:.0f} V800 H{board - 60:.0f}Z", stage.css("#8a5f43")
    ) + shape(f"M{board - 80:.0f},540 H{w + 60:.0f} V572 H{board - 80:.0f}Z", stage.css("#c99a6a"))
    for i in range(int(3 + w / 500)):
        x = (i + stage.between(0.3, 0.7)) * w / int(3 + w / 500)
        low, half = stage.between(-20, 50), stage.between(36, 54)
        out += (
            stroke(f"M{x:.0f},-400 V{low:.0f}", "#3a3548", 4)
            + shape(
                f"M{x - half:.0f},{low + 46:.0f} Q{x + stage.between(-8, 8):.0f},{low - 40:.0f}"
                f" {x + half:.0f},{low + 46:.0f}Z",
                stage.css(stage.one(("#4f6f6a", "#7a5a6a", "#8a6a3f", "#4f5f8a"))),
            )
            + oval(x, low + 48, half * 0.45, 10, "#fff0b8")
        )
    table = stage.between(0.05, 0.9) * w
    out += shape(f"M{table - 12:.0f},850 h24 V1010 h-24Z", stage.css("#4a3a34"))
    out += f'<ellipse cx="{table:.0f}" cy="850" rx="170" ry="34" fill="{stage.css("#d6a878")}" stroke="#241c2e" stroke-width="4.5"/>'
    cup = shape(f"M{table - 30:.0f},812 h60 l-8,36 q-22,10 -44,0Z", stage.css("#fbf8f2"), line=3.5)
    return (
        out
        + cup
        + stroke(
            f"M{table - 8:.0f},800 q-8,-14 0,-26 M{table + 10:.0f},800 q-8,-14 0,-24",
            "#ffffff",
            4,
            opacity=0.8,
        )
    )


def _jars(stage: Stage, x: float) -> str:
    """Return a shelf of jars, bottles, cups and plants from `x` on."""
    out, paints = "", ("#d98a5a", "#8fb07a", "#e2c14a", "#b0809a", "#6f9fb8")
    while x < stage.width + 40:
        wide, high, paint = (
            stage.between(26, 44),
            stage.between(30, 72),
            stage.css(stage.one(paints)),
        )
        kind = stage.one(("jar", "bottle", "cups", "plant"))
        if kind == "bottle":
            neck = wide * 0.3
            out += shape(
                f"M{x:.0f},420 v{-high:.0f} q4,-12 {wide / 2 - neck / 2:.0f},-14 v-16 h{neck:.0f} v16"
                f" q8,2 {wide / 2 - neck / 2:.0f},14 v{high:.0f}Z",
                paint,
                line=3,
            )
        elif kind == "cups":
            out += "".join(
                shape(
                    f"M{x + 2 * i:.0f},{420 - 18 * i} h{wide:.0f} l-4,-20 h{8 - wide:.0f}Z",
                    stage.css("#fbf8f2"),
                    line=3,
                )
                for i in range(1 + int(high / 30))
            )
        else:
            lid = f"q{wide / 2:.0f},{-stage.between(4, 18):.0f} {wide:.0f},0"
            low = high if kind == "jar" else high * 0.5
            out += shape(f"M{x:.0f},420 v{-low:.0f} {lid} v{low:.0f}Z", paint, line=3)
            if kind == "plant":
                leaves = "".join(
                    f"M{x + wide / 2:.0f},{420 - low:.0f} q{s * 8:.0f},-22 {s * stage.between(14, 30):.0f},-{stage.between(18, 44):.0f}"
                    for s in (-1, -0.3, 0.4, 1)
                )
                out += stroke(leaves, stage.css("#4f8f52"), 7)
        x += wide + stage.between(8, 34)
    return out


def _wall_with_window(
    stage: Stage, wall: str, left: float, wide: float, top: float, low: float
) -> str:
    w = stage.width
    right = left + wide
    frame = stage.css("#fbf7f0")
    hole = (
        f'<path d="M-60,{HIGH} H{w + 60:.0f} V{_FLOOR} H-60Z M{left:.0f},{top} V{low} H{right:.0f} V{top}Z"'
        f' fill="{stage.css(wall)}" fill-rule="evenodd" stroke="#241c2e" stroke-width="4"/>'
    )
    bars = f"M{left:.0f},{top} H{right:.0f} V{low} H{left:.0f}Z"
    panel = shape(f"M-60,640 H{w + 60:.0f} V{_FLOOR} H-60Z", stage.dark(wall, 0.14), line=3)
    slab = shape(f"M{left - 26:.0f},{low} h{wide + 52:.0f} v22 h{-wide - 52:.0f}Z", frame)
    return hole + panel + stroke(bars, "#241c2e", 22) + stroke(bars, frame, 14) + slab


def _curtains(stage: Stage, left: float, wide: float) -> str:
    paint = stage.one(("#e48f7c", "#8fb3d9", "#b9a4d9", "#e8b86a"))
    out = stroke(f"M{left - 70:.0f},96 H{left + wide + 70:.0f}", "#241c2e", 12)
    for s, edge in ((1, left - 50), (-1, left + wide + 50)):
        out += shape(
            f"M{edge:.0f},96 H{edge + s * 130:.0f} C{edge + s * 110:.0f},240 {edge + s * 90:.0f},330 {edge + s * 24:.0f},410"
            f" Q{edge + s * 60:.0f},520 {edge + s * 50:.0f},600 H{edge - s * 10:.0f}Z",
            stage.css(paint),
        ) + stroke(
            f"M{edge + s * 40:.0f},104 Q{edge + s * 50:.0f},300 {edge + s * 12:.0f},400 M{edge + s * 80:.0f},104 Q{edge + s * 80:.0f},280 {edge + s * 20:.0f},400",
            stage.dark(paint, 0.3),
            4,
        )
    return out


def _boards(stage: Stage, paint: str = "#c08f63") -> str:
    w = stage.width
    out = shape(f"M-60,{_FLOOR} H{w + 60:.0f} V{DEEP} H-60Z", stage.css(paint))
    lines = "".join(
        f"M{x:.0f},764 L{w / 2 + (x - w / 2) * 2.6:.0f},{DEEP}"
        for x in ((i + stage.between(-0.25, 0.25)) * w / 9 for i in range(10))
    )
    gloss = veil(
        f"M{w * 0.25:.0f},764 L{w * 0.1:.0f},1000 H{w * 0.4:.0f} L{w * 0.42:.0f},764Z",
        "#ffffff",
        0.16,
    )
    skirting = shape(f"M-60,744 H{w + 60:.0f} V764 H-60Z", stage.dark(paint, 0.2), line=3)
    return out + gloss + stroke(lines, stage.dark(paint, 0.35), 3) + skirting


def _rug(stage: Stage) -> str:
    x, paint = stage.between(0.35, 0.65) * stage.width, stage.one(("#d9a0a8", "#9fb8d9", "#b8d0a0"))
    return "".join(
        f'<ellipse cx="{x:.0f}" cy="915" rx="{r}" ry="{r * 0.23:.0f}" fill="{p}" stroke="#241c2e" stroke-width="{line}"/>'
        for r, p, line in (
            (330, stage.css(paint), 4),
            (270, stage.css("#f7efe4"), 2),
            (230, stage.css(paint), 2),
        )
    )


def _shelf(stage: Stage, x: float, top: float, tall: float) -> str:
    out = shape(f"M{x:.0f},{top} h210 v{tall - 10} h-210Z", stage.css("#8a5f43"))
    rows = int(tall // 128)
    books: dict[str, str] = {}
    for row in range(rows):
        y = top + 18 + row * 128
        out += shape(f"M{x + 14:.0f},{y} h182 v106 h-182Z", stage.css("#5c3c2c"), line=3)
        at = x + 18
        while at < x + 172:
            thick, high = stage.between(14, 28), stage.between(66, 98)
            paint = stage.one(("#d2574f", "#4d7fb8", "#e2b64a", "#5e9b6b", "#9a6bb0", "#e8e0d0"))
            books[paint] = (
                books.get(paint, "") + f"M{at:.0f},{y + 106} v-{high:.0f} h{thick:.0f} v{high:.0f}Z"
            )
            at += thick
    return out + "".join(shape(d, stage.css(paint), line=2.5) for paint, d in books.items())


def _picture(stage: Stage, x: float) -> str:
    return (
        shape(f"M{x:.0f},200 h150 v120 h-150Z", stage.css("#a9774f"))
        + shape(f"M{x + 14:.0f},214 h122 v92 h-122Z", stage.css("#bfe0ee"), line=3)
        + shape(f"M{x + 14:.0f},306 l40,-50 l30,30 l24,-20 l28,40Z", stage.css("#6fae86"), line=2.5)
    )
