"""Things that a prompt can put into any place: each drawn around the middle of its foot, (0, 0).

They stand where the people leave room, some 300 units wide. Sizes were chosen by eye.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tower_anime.sandbox.ink import mirrored, moved, oval, shape, stroke
from tower_anime.sandbox.stage import Stage


@dataclass(frozen=True)
class _Thing:
    """How a thing is drawn and where its foot is: units from the top of the picture."""

    paint: Callable[[Stage], str]
    foot: float = 840.0
    size: float = 1.0


def things(stage: Stage) -> str:
    """Return everything that the words name, beside and between the people."""
    scene, out = stage.scene, ""
    named = [name for name in THINGS if name in scene.landmarks]
    for i, name in enumerate(named):
        thing, x = THINGS[name], _free(stage, i)
        inwards = mirrored(thing.paint(stage), -1 if x > 0.5 else 1)
        where = f"translate({x * stage.width:.0f} {thing.foot}) scale({thing.size})"
        out += moved(inwards, where)
    return out


def _free(stage: Stage, number: int) -> float:
    """Return where (0–1 of the width) nobody stands: in turn on one side and the other."""
    people = len(stage.scene.people)
    if people == 0:
        return (0.45, 0.8, 0.16)[number % 3]
    if people > 1:
        return (0.5, 1 / 3, 2 / 3, 0.04, 0.96)[number % 5 if people > 2 else (0, 3, 4)[number % 3]]
    leans = float(stage.scene.rng("person0").uniform(-1, 1))
    side = (-1 if leans > 0 else 1) * (-1 if number % 2 else 1)
    return 0.5 + side * (0.34 if number < 2 else 0.22)


# ---- out of doors ---------------------------------------------------------------------------


def _bench(stage: Stage) -> str:
    wood = "M-130,-124 h260 v20 h-260Z M-130,-92 h260 v18 h-260Z M-140,-48 h280 v22 h-280Z"
    return stroke("M-110,-130 V0 M110,-130 V0", stage.css("#3f4358"), 13) + shape(
        wood, stage.css("#b57f54"), line=4
    )


def _bridge(stage: Stage) -> str:
    red = stage.css("#c8473c")
    span = "M-330,0 Q0,-190 330,0 L330,44 Q0,-140 -330,44Z"
    posts = "".join(f"M{x},{-96 + x * x / 1140:.0f} v-64" for x in range(-300, 301, 75))
    rail = "M-330,-62 Q0,-256 330,-62"
    return shape(span, red) + stroke(posts, stage.dark("#c8473c", 0.3), 11) + stroke(rail, red, 13)


def _fountain(stage: Stage) -> str:
    stone, water = stage.css("#c9c6d2"), stage.css("#bfe6f7")
    jets = "M0,-210 q-60,-60 -96,120 M0,-210 q60,-60 96,120 M0,-210 q-26,-80 -46,110 M0,-210 q26,-80 46,110"
    return (
        shape("M-150,0 Q-160,-52 -150,-60 H150 Q160,-52 150,0 Q0,26 -150,0Z", stone)
        + f'<ellipse cx="0" cy="-60" rx="150" ry="24" fill="{water}" stroke="#241c2e" stroke-width="4"/>'
        + shape("M-18,-56 L-12,-150 H12 L18,-56Z", stone)
        + f'<ellipse cx="0" cy="-150" rx="74" ry="15" fill="{stone}" stroke="#241c2e" stroke-width="4"/>'
        + stroke(jets, stage.css("#8ecdf0"), 9)
        + stroke(jets, "#f4fbff", 4)
    )


def _slide(stage: Stage) -> str:
    ladder = "M-120,0 L-92,-230 M-70,0 L-48,-230 M-112,-50 h52 M-106,-100 h52 M-100,-150 h50 M-94,-200 h50"
    swing = "M110,0 L150,-230 L190,0 M270,0 L230,-230 M150,-230 H230 M172,-230 V-70 M214,-230 V-70"
    return (
        stroke(swing, stage.css("#5f88c9"), 10)
        + shape("M160,-76 h66 v12 h-66Z", stage.css("#d9b04a"), line=3.5)
        + stroke(ladder, stage.css("#e2b64a"), 10)
        + shape(
            "M-110,-236 H-20 C40,-180 40,-60 120,-34 V-6 C20,-30 10,-130 -40,-200 H-110Z",
            stage.css("#e0605f"),
        )
    )


def _windmill(stage: Stage) -> str:
    sails = "".join(
        moved(
            shape("M-8,0 L-8,-190 H44 L36,-40Z", stage.css("#f6efe0"), line=3.5)
            + stroke("M-8,-60 H38 M-8,-110 H40 M-8,-150 H42", stage.dark("#c9b48a", 0.3), 3),
            f"translate(0 -330) rotate({turn})",
        )
        for turn in (18, 108, 198, 288)
    )
    return (
        shape("M-76,0 L-48,-330 H48 L76,0Z", stage.css("#e6d2b0"))
        + shape("M-62,-330 Q0,-430 62,-330Z", stage.css("#b3563f"))
        + shape("M-22,0 V-70 Q0,-96 22,-70 V0Z", stage.css("#7d5338"))
        + sails
        + oval(0, -330, 13, 13, stage.css("#5f4a3a"), 4)
    )


def _snowman(stage: Stage) -> str:
    snow = stage.css("#f8fbff")
    return (
        oval(0, -78, 88, 82, snow, 4.5)
        + oval(0, -206, 64, 60, snow, 4.5)
        + stroke("M-80,-110 l-70,-50 M80,-110 l70,-60", stage.css("#6b4a38"), 8)
        + shape("M-58,-168 Q0,-140 58,-168 L54,-146 Q0,-118 -54,-146Z", stage.css("#d2574f"))
        + shape("M-46,-250 h92 v-16 h-20 l-6,-60 h-40 l-6,60 h-20Z", stage.css("#3a3548"))
        + oval(-20, -218, 7, 8, "#241c2e")
        + oval(20, -218, 7, 8, "#241c2e")
        + shape("M-4,-206 L56,-194 L-2,-188Z", stage.css("#f08a3c"), line=3)
    )


def _pumpkins(stage: Stage) -> str:
    def pumpkin(x: float, size: float) -> str:
        body = (
            oval(-44, -60, 52, 60, stage.css("#e8812f"), 4)
            + oval(44, -60, 52, 60, stage.css("#e8812f"), 4)
            + oval(0, -60, 52, 64, stage.css("#f0943c"), 4)
        )
        lit = "#ffe38a" if stage.night else "#3a2420"
        grin = "M-48,-84 l20,-22 l18,24Z M48,-84 l-20,-22 l-18,24Z M-56,-46 q56,44 112,0 l-16,10 l-10,-10 l-14,16 l-16,-14 l-16,14 l-14,-16 l-10,10Z"
        stalk = shape("M-8,-120 q-4,-30 20,-34 l6,12 q-14,4 -10,24Z", stage.css("#5f7f3f"), line=3)
        return moved(body + stalk + shape(grin, lit, line=3), f"translate({x} 0) scale({size})")

    return pumpkin(-70, 0.9) + pumpkin(96, 0.66)


def _tent(stage: Stage) -> str:
    return (
        shape("M-190,0 L-20,-220 L190,0Z", stage.css("#e2a23c"))
        + shape("M-190,0 L-20,-220 L60,0Z", stage.css("#f0bf5a"))
        + shape("M-110,0 L-20,-150 L10,0Z", stage.css("#5f4a3a"))
        + stroke("M-20,-220 V-250 M190,0 l44,14 M-190,0 l-40,14", stage.css("#6b4a38"), 6)
    )


def _campfire(stage: Stage) -> str:
    logs = "M-90,0 L60,-34 M90,0 L-60,-34"
    glow = oval(0, -70, 190, 170, "url(#lampglow)")
    return (
        glow
        + stroke(logs, "#241c2e", 34)
        + stroke(logs, stage.css("#8a5f43"), 26)
        + shape(
            "M-60,-24 C-84,-90 -30,-110 -40,-170 C0,-140 6,-110 10,-96 C30,-110 28,-140 22,-154 C70,-110 78,-60 56,-24Z",
            "#f27a3a",
            line=4,
        )
        + shape("M-32,-24 C-44,-66 -8,-80 -10,-112 C20,-84 44,-60 30,-24Z", "#ffd75a", line=0)
    )


def _ferris_wheel(stage: Stage) -> str:
    spokes, cabins = "", ""
    for i in range(8):
        x, y = ((0, 1), (0.71, 0.71), (1, 0), (0.71, -0.71))[i % 4]
        x, y = (x * 200, y * 200) if i < 4 else (-x * 200, -y * 200)
        spokes += f"M0,-290 L{x:.0f},{y - 290:.0f}"
        paint = stage.css(("#e0605f", "#e2b64a", "#5fa9d9", "#8fc47a")[i % 4])
        cabins += shape(f"M{x - 26:.0f},{y - 290:.0f} h52 v22 q-26,30 -52,0Z", paint, line=3.5)
    steel = stage.css("#8f9bc0")
    wheel = f'<circle cx="0" cy="-290" r="200" fill="none" stroke="{steel}" stroke-width="12"/>'
    return (
        stroke("M0,-290 L-110,0 M0,-290 L110,0", steel, 16)
        + stroke(spokes, steel, 5)
        + wheel
        + cabins
    )


def _car(stage: Stage) -> str:
    paint = stage.one(("#d8584f", "#4d7fb8", "#e2b64a", "#5e9b6b"))
    wheels = "".join(
        oval(x, -22, 38, 38, "#2c2a36", 4) + oval(x, -22, 17, 17, stage.css("#c9cfdc"), 3)
        for x in (-104, 104)
    )
    cabin = "M-110,-92 L-70,-170 H64 L112,-92Z"
    return (
        shape(cabin, stage.css(paint))
        + shape(
            "M-88,-96 L-58,-154 H-6 V-96Z M8,-96 V-154 H54 L88,-96Z", stage.css("#cfe7f2"), line=3.5
        )
        + shape("M-196,-30 Q-200,-88 -150,-92 H150 Q196,-88 200,-30Z", stage.css(paint))
        + oval(184, -62, 12, 14, "#fff3c0", 3)
        + wheels
    )


def _bicycle(stage: Stage) -> str:
    frame = "M-92,-56 L-30,-136 L70,-136 L92,-56 M-30,-136 L10,-56 L70,-136 M10,-56 H-92 M70,-136 L62,-172 q20,-12 34,4 M-30,-136 l-8,-22"
    wheels = "".join(
        f'<circle cx="{x}" cy="-56" r="56" fill="none" stroke="#2c2a36" stroke-width="9"/>'
        for x in (-92, 92)
    )
    return (
        wheels
        + stroke(frame, "#241c2e", 15)
        + stroke(frame, stage.css("#d8584f"), 9)
        + shape("M-62,-166 h46 q6,8 0,14 h-46Z", stage.css("#5f4a3a"), line=3.5)
    )


def _vending_machine(stage: Stage) -> str:
    cans = "".join(
        shape(
            f"M{x},{y} h22 v40 h-22Z",
            stage.css(("#e0605f", "#5fa9d9", "#e2b64a", "#8fc47a")[(x + y) % 4]),
            line=2.5,
        )
        for y in (-276, -214)
        for x in (-72, -40, -8, 24)
    )
    glow = oval(0, -200, 190, 190, "url(#lampglow)") if stage.night else ""
    return (
        glow
        + shape("M-94,0 V-310 H94 V0Z", stage.css("#d2474a"))
        + shape(
            "M-82,-292 H62 V-160 H-82Z",
            "#eef8ff" if stage.night else stage.css("#e6f2f8"),
            line=3.5,
        )
        + cans
        + shape(
            "M-82,-140 H62 V-100 H-82Z M-50,-70 H40 V-26 H-50Z M72,-240 h12 v60 h-12Z",
            stage.css("#4a3a44"),
            line=3,
        )
    )


def _palm_tree(stage: Stage) -> str:
    trunk = "M-16,0 Q10,-160 -4,-330 L18,-332 Q40,-160 24,0Z"
    fronds = "".join(
        moved(
            shape("M0,0 Q70,-64 170,6 Q90,-14 0,14Z", stage.css("#3f9a58")),
            f"translate(8 -330) rotate({turn})",
        )
        for turn in (16, -34, -84, 146, 196)
    )
    rings = "".join(f"M{-8 + i},{-40 - 46 * i} q14,8 30,0" for i in range(6))
    return (
        shape(trunk, stage.css("#a87f55")) + stroke(rings, stage.dark("#a87f55", 0.4), 4) + fronds
    )


def _boat(stage: Stage) -> str:
    return (
        stroke("M-10,-60 V-250", stage.css("#6b4a38"), 10)
        + shape("M6,-246 Q110,-150 120,-84 H6Z", stage.css("#fbf6ec"))
        + shape("M-22,-220 Q-90,-150 -98,-84 H-22Z", stage.css("#f2e6d2"))
        + shape("M-170,-66 H180 Q150,8 110,14 H-110 Q-150,4 -170,-66Z", stage.css("#8a5138"))
        + stroke("M-160,-40 H168", stage.css("#f4e2c4"), 7)
    )


def _fuji(stage: Stage) -> str:
    cone = "M-520,0 Q-180,-120 -60,-330 Q0,-350 60,-330 Q180,-120 520,0Z"
    cap = "M-60,-330 Q0,-350 60,-330 Q96,-262 140,-206 L96,-222 L64,-176 L24,-226 L-14,-168 L-52,-222 L-92,-182 L-140,-206 Q-96,-262 -60,-330Z"
    return shape(cone, stage.css("#7186b8", 0.25)) + shape(cap, stage.css("#fbfdff"), line=3.5)


def _dragon(stage: Stage) -> str:
    green, pale = stage.css("#4f9a6a"), stage.css("#e8dca8")
    coil = "M-250,60 C-200,-60 -110,-40 -70,20 C-30,80 50,70 70,-10 C84,-70 140,-90 180,-70"
    spines = "".join(
        f"M{x},{y} l14,-40 l20,32" for x, y in ((-190, -14), (-120, -8), (-20, 34), (50, 14))
    )
    head = shape("M160,-110 Q230,-130 290,-84 L300,-62 L236,-52 Q190,-40 166,-60Z", green) + shape(
        "M176,-112 l-26,-50 l40,30 l4,-40 l22,48Z", pale, line=3.5
    )
    eye = oval(236, -92, 8, 8, "#ffe38a", 3) + stroke(
        "M292,-64 q40,10 60,-14 M286,-58 q30,26 54,14", "#241c2e", 4
    )
    wing = shape(
        "M-60,10 Q-60,-150 60,-190 Q50,-120 90,-110 Q50,-80 66,-40 Q20,-30 -60,10Z",
        stage.css("#6fb884"),
    )
    return (
        wing
        + stroke(spines, pale, 8)
        + stroke(coil, "#241c2e", 62)
        + stroke(coil, green, 52)
        + stroke(coil, stage.css("#7cc48f"), 16)
        + head
        + eye
    )


def _airplane(stage: Stage) -> str:
    return moved(
        shape(
            "M-150,-14 Q-160,20 -110,24 H120 Q176,18 180,0 Q170,-26 110,-28 H-110Z",
            stage.css("#f4f6fa"),
        )
        + shape("M-150,-14 L-176,-84 H-140 L-96,-26Z", stage.css("#e0605f"))
        + shape("M-10,4 L-70,96 H-30 L60,8Z", stage.css("#c9d2e2"))
        + "".join(oval(x, -8, 8, 8, stage.css("#5f88c9"), 2.5) for x in range(-80, 121, 34)),
        "rotate(-10)",
    )


def _dog(stage: Stage) -> str:
    fur, dark = stage.css("#d9a866"), stage.dark("#d9a866", 0.3)
    return (
        stroke("M66,-60 q50,-20 44,-70", "#241c2e", 30)
        + stroke("M66,-60 q50,-20 44,-70", fur, 21)
        + shape("M-50,0 C-70,-90 -40,-140 0,-140 C50,-140 84,-70 76,0Z", fur)
        + shape("M-36,0 v-70 h26 v70Z M0,0 v-66 h26 v66Z", stage.css("#f2dfc0"), line=3.5)
        + shape("M-74,-170 C-80,-240 40,-240 36,-170 C34,-120 -64,-116 -74,-170Z", fur)
        + shape("M-66,-206 l-22,56 l30,-12Z M30,-206 l24,56 l-30,-12Z", dark)
        + oval(-42, -178, 7, 8, "#241c2e")
        + oval(2, -178, 7, 8, "#241c2e")
        + oval(-20, -158, 10, 8, "#241c2e")
        + stroke("M-20,-150 q-10,14 -20,6 M-20,-150 q10,14 20,6", "#241c2e", 3.5)
    )


# ---- indoors --------------------------------------------------------------------------------


def _bed(stage: Stage) -> str:
    return (
        shape("M-240,-40 V-210 Q-240,-236 -210,-236 H-190 V0 H-240Z", stage.css("#9a6b48"))
        + shape("M-190,-96 H230 V-16 H-190Z", stage.css("#f4efe6"))
        + shape("M-186,-104 Q-180,-150 -130,-148 Q-70,-150 -72,-98Z", stage.css("#fdfbf6"))
        + shape("M-90,-116 Q60,-146 236,-112 L240,-14 H-80Z", stage.css("#8fb3d9"))
        + stroke("M-60,-70 Q60,-96 220,-66", stage.dark("#8fb3d9", 0.3), 4)
        + shape("M-240,-16 H244 V16 H-240Z", stage.css("#8a5f43"))
    )


def _stove(stage: Stage) -> str:
    pot = shape("M-150,-196 h90 v-50 h-90Z", stage.css("#c8514a")) + shape(
        "M-156,-246 h102 v-12 h-102Z", stage.dark("#c8514a", 0.2), line=3.5
    )
    steam = stroke(
        "M-126,-266 q-12,-18 0,-34 q12,-16 0,-32 M-88,-266 q-10,-16 0,-30",
        "#ffffff",
        6,
        opacity=0.8,
    )
    fridge = shape("M70,0 V-340 H220 V0Z", stage.css("#e8eef2")) + stroke(
        "M70,-220 H220 M88,-260 v30 M88,-200 v60", "#241c2e", 5
    )
    oven = shape("M-200,0 V-180 H50 V0Z", stage.css("#f4efe6")) + shape(
        "M-170,-30 V-120 H-20 V-30Z", stage.css("#4a4450"), line=3.5
    )
    return (
        fridge
        + oven
        + shape("M-206,-196 H56 V-178 H-206Z", stage.css("#5c5866"), line=3.5)
        + pot
        + steam
    )


def _desk(stage: Stage) -> str:
    return (
        shape(
            "M-200,-150 H200 V-128 H-200Z M-180,-128 h24 V0 h-24Z M156,-128 h24 V0 h-24Z",
            stage.css("#b98a5a"),
        )
        + shape("M-100,-310 H90 V-180 H-100Z", stage.css("#3a3a46"))
        + shape("M-88,-298 H78 V-192 H-88Z", "#bfe6ff", line=3)
        + stroke("M-70,-276 h90 M-70,-254 h60 M-70,-232 h110", "#5f88c9", 6)
        + shape("M-20,-180 h12 v30 h-12Z M-60,-158 h90 v8 h-90Z", stage.css("#3a3a46"), line=3)
        + shape("M-140,-150 v-30 h-40 v30Z", stage.css("#f4efe6"), line=3.5)
    )


def _piano(stage: Stage) -> str:
    keys = "".join(f"M{x},-150 v26" for x in range(-130, 131, 20))
    return (
        shape("M-180,0 V-300 H180 V0Z", stage.css("#3a3040"))
        + shape("M-196,-156 H196 V-110 H-196Z", stage.css("#2c2432"))
        + shape("M-150,-152 H150 V-122 H-150Z", stage.css("#fbf8f2"), line=3)
        + stroke(keys, "#241c2e", 4)
        + shape("M-60,-210 h120 v-60 h-120Z", stage.css("#fdfaf0"), line=3)
        + stroke("M-46,-252 h92 M-46,-236 h92", "#241c2e", 3)
    )


def _christmas_tree(stage: Stage) -> str:
    tiers = "".join(
        shape(
            f"M0,{-420 + 90 * i} L{70 + 36 * i},{-250 + 90 * i} Q0,{-214 + 90 * i} {-70 - 36 * i},{-250 + 90 * i}Z",
            stage.css("#2f7f52"),
        )
        for i in (2, 1, 0)
    )
    balls = "".join(
        oval(x, y, 14, 14, paint, 3)
        for x, y, paint in (
            (-30, -270, "#e0605f"),
            (34, -290, "#ffd75a"),
            (-70, -180, "#5fa9d9"),
            (10, -200, "#e0605f"),
            (80, -170, "#ffd75a"),
            (-96, -80, "#e0605f"),
            (-20, -100, "#ffd75a"),
            (60, -90, "#5fa9d9"),
        )
    )
    star = shape(
        "M0,-470 l12,28 l30,2 l-24,20 l8,30 l-26,-16 l-26,16 l8,-30 l-24,-20 l30,-2Z", "#ffd75a"
    )
    return shape("M-20,10 V-50 H20 V10Z", stage.css("#76523c")) + tiers + balls + star


def _bottles(stage: Stage) -> str:
    out = shape(
        "M-210,-150 H210 V-134 H-210Z M-210,-290 H210 V-276 H-210Z", stage.css("#7d5338"), line=3.5
    )
    for i, x in enumerate(range(-190, 191, 42)):
        paint = stage.css(("#5e9b6b", "#b3563f", "#e2b64a", "#6f8fc9", "#9a6bb0")[i % 5])
        for y in (-150, -290):
            high = 60 + 14 * ((i + y) % 3)
            out += shape(
                f"M{x},{y} v-{high} q4,-10 8,-12 v-24 h10 v24 q4,2 8,12 v{high}Z", paint, line=3
            )
    return out


def _bread(stage: Stage) -> str:
    loaf = shape(
        "M-60,0 V-36 C-76,-70 -30,-84 0,-80 C34,-84 76,-70 60,-36 V0Z", stage.css("#d99a52")
    ) + stroke("M-30,-66 l10,24 M0,-70 l10,24 M30,-66 l10,24", stage.css("#f4d9a0"), 7)
    shelf = shape("M-220,0 H220 V20 H-220Z", stage.css("#8a5f43")) + shape(
        "M-220,-130 H220 V-112 H-220Z", stage.css("#8a5f43")
    )
    places = ((-140, 0), (0, 0), (140, 0), (-70, -130), (80, -130))
    return shelf + "".join(moved(loaf, f"translate({x} {y})") for x, y in places)


def _sunflowers(stage: Stage) -> str:
    def flower(x: float, high: float) -> str:
        petals = "".join(
            moved(
                shape("M-16,-36 Q0,-84 16,-36Z", stage.css("#ffd23f"), line=3),
                f"translate({x} {-high}) rotate({turn})",
            )
            for turn in range(0, 360, 36)
        )
        stem = stroke(f"M{x},0 V{-high}", stage.css("#4f8f42"), 13)
        leaf = shape(
            f"M{x},{-high * 0.4:.0f} q50,-50 80,-4 q-40,26 -80,4Z", stage.css("#5fa84f"), line=3.5
        )
        return stem + leaf + petals + oval(x, -high, 38, 38, stage.css("#7a4b2e"), 4)

    return "".join(flower(x, high) for x, high in ((-130, 220), (120, 250), (-10, 310)))


THINGS: dict[str, _Thing] = {
    "bench": _Thing(_bench, 860),
    "mount fuji": _Thing(_fuji, 640),
    "ferris wheel": _Thing(_ferris_wheel, 680),
    "windmill": _Thing(_windmill, 720),
    "dragon": _Thing(_dragon, 260),
    "airplane": _Thing(_airplane, 200),
    "palm tree": _Thing(_palm_tree, 800, 1.3),
    "bridge": _Thing(_bridge, 760),
    "boat": _Thing(_boat, 690),
    "stove": _Thing(_stove, 800),
    "desk": _Thing(_desk, 830),
    "piano": _Thing(_piano, 820),
    "bottles": _Thing(_bottles, 560),
    "bread": _Thing(_bread, 580),
    "bed": _Thing(_bed, 860),
    "christmas tree": _Thing(_christmas_tree, 830),
    "fountain": _Thing(_fountain, 830),
    "playground": _Thing(_slide, 810),
    "vending machine": _Thing(_vending_machine, 820),
    "tent": _Thing(_tent, 810),
    "car": _Thing(_car, 830),
    "bicycle": _Thing(_bicycle, 860, 1.15),
    "snowman": _Thing(_snowman, 860),
    "pumpkins": _Thing(_pumpkins, 900, 1.1),
    "campfire": _Thing(_campfire, 900),
    "dog": _Thing(_dog, 940),
    "sunflowers": _Thing(_sunflowers, 960),
}
"""By the names of `vocabulary.THINGS`; what is farther away comes first."""
