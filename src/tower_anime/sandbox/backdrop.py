"""Skies, places, weather and the light over everything, as SVG on `width` × 1000 units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from tower_anime.sandbox import landmarks, places_inside, places_nature, places_town
from tower_anime.sandbox.beyond import beyond
from tower_anime.sandbox.ink import fade, halo, moved, oval, shape, stroke, veil
from tower_anime.sandbox.palette import LIGHTS
from tower_anime.sandbox.stage import HIGH, Stage, dots, scatter
from tower_anime.sandbox.words import Scene

SKIES = {
    "day": ("#3f8fe0", "#8cc8f5", "#e8f6fb"),
    "morning": ("#7fb4e8", "#f6d0c4", "#fff0d4"),
    "sunset": ("#4a4a9c", "#e0708a", "#ffd08a"),
    "night": ("#12163c", "#2c3578", "#6a6fb8"),
}
_GREY = ("#7f8ba0", "#a9b3c4", "#d3d9e2")
_GREY_NIGHT = ("#15182f", "#2a3050", "#4a5074")

PLACES: dict[str, Callable[[Stage], str]] = {
    "classroom": places_inside.classroom,
    "library": places_inside.library,
    "cafe": places_inside.cafe,
    "room": places_inside.room,
    "rooftop": places_town.rooftop,
    "station": places_town.station,
    "shrine": places_town.shrine,
    "school": places_town.school,
    "castle": places_town.castle,
    "village": places_town.village,
    "street": places_town.street,
    "city": places_town.city,
    "space": places_nature.space,
    "sea": places_nature.sea,
    "lake": places_nature.lake,
    "forest": places_nature.forest,
    "mountain": places_nature.mountain,
    "park": places_nature.park,
    "sky": places_nature.sky,
    "field": places_nature.field,
}
INSIDE = frozenset({"classroom", "library", "cafe", "room", "station"})
_PETAL = ((0, -13), (14, -4), (0, 15), (-14, -4))


def place(scene: Scene, width: float, *, lift: float) -> str:
    """Return the place before its sky; `lift` moves the horizon down (camera looks up) in units."""
    stage = Stage(scene, width, LIGHTS[scene.time], scene.rng("place"))
    far = beyond(replace(stage, rng=scene.rng("beyond")))
    drawn = far + PLACES[scene.place](stage) + _scattered(stage)
    rng = scene.rng("pan")
    zoom, side = float(rng.uniform(1.0, 1.28)), int(rng.choice((-1, 1)))
    left = (
        -float(rng.uniform(0, (zoom - 1))) * width
        if side > 0
        else width + float(rng.uniform(0, zoom - 1)) * width
    )
    pan = f"translate({left:.0f} {lift - 640 * (zoom - 1):.0f}) scale({side * zoom:.3f} {zoom:.3f})"
    return moved(drawn, pan) + moved(landmarks.things(stage), f"translate(0 {lift:.0f})")


def lamplight() -> str:
    """Return the glow of lamps that all parts of a drawing refer to."""
    return halo("lampglow", ((0, "#fff0b0", 0.8), (1, "#fff0b0", 0)))


def _scattered(stage: Stage) -> str:
    """Return what words add to any place: flowers, lanterns, neon signs, benches."""
    weather, width, out = stage.scene.weather, stage.width, ""
    if "flowers" in weather and stage.scene.place not in {"sky", "space"}:
        from_y = 800
        for x, y, big in scatter(stage.scene.rng("flowers"), 16, width):
            r, py = 13 + 12 * big, from_y + y * 0.18
            paint = stage.css(("#f7809c", "#ffd95e", "#ffffff", "#b79af0")[int(big * 3.99)])
            stem = stroke(
                f"M{x:.0f},{py:.0f} q6,{40 + r:.0f} 0,{80 + r:.0f}", stage.css("#3f8f52"), 5
            )
            petals = "".join(
                oval(
                    x + r * float(np.cos(a)),
                    py + r * float(np.sin(a)),
                    r * 0.8,
                    r * 0.8,
                    paint,
                    2.5,
                )
                for a in (0.3, 1.56, 2.8, 4.07, 5.34)
            )
            out += stem + petals + oval(x, py, r * 0.55, r * 0.55, stage.css("#f5b93a"), 2)
    if "lanterns" in weather:
        cord = f"M-20,150 Q{width * 0.25:.0f},260 {width * 0.5:.0f},190 T{width + 20:.0f},150"
        out += stroke(cord, "#3a2c3a", 4)
        for i in range(int(6 * max(1.0, width / 1000))):
            x = (i + 0.5) * width / int(6 * max(1.0, width / 1000))
            y = 196 + 34 * float(np.sin(i * 1.7))
            glow = oval(x, y + 30, 70, 70, "url(#lampglow)") if stage.night else ""
            out += (
                glow
                + shape(
                    f"M{x - 26:.0f},{y:.0f} q26,-12 52,0 q12,32 0,64 q-26,12 -52,0 q-12,-32 0,-64Z",
                    "#ff7a4a",
                    line=4,
                )
                + stroke(
                    f"M{x - 30:.0f},{y + 22:.0f} h60 M{x - 30:.0f},{y + 44:.0f} h60", "#c8482f", 3
                )
            )
    if "neon" in weather and stage.scene.place != "street":
        out += "".join(
            places_town.sign(stage, x * width, y, 0.9)
            for x, y in ((0.08, 300), (0.93, 260), (0.2, 420))
        )
    if "train" in stage.scene.landmarks and stage.scene.place not in {"station", "space"}:
        out += _train(stage)
    return out


def _train(stage: Stage) -> str:
    w = stage.width
    out = shape(f"M-60,610 H{w + 60:.0f} V626 H-60Z", stage.css("#6b5f5a"), line=3)
    for i in range(int(w / 260) + 1):
        x = i * 260 + 20
        out += shape(f"M{x},540 h236 v66 h-236Z", stage.css("#d8584f"), line=3.5) + shape(
            "".join(f"M{x + 16 + k * 44},552 h32 v22 h-32Z" for k in range(5)),
            "#ffe7a8" if stage.night else stage.css("#cfe7f2"),
            line=2,
        )
    return out


def weather(scene: Scene, width: float) -> tuple[dict[str, str], dict[str, str]]:
    """Return what falls or floats, by its kind: in front of everything, and beyond the windows."""
    air = _weather(scene, width)
    outside = _STAYS_OUTSIDE if scene.place in INSIDE - {"station"} else frozenset()
    return (
        {kind: drawn for kind, drawn in air.items() if kind not in outside},
        {kind: drawn for kind, drawn in air.items() if kind in outside},
    )


_STAYS_OUTSIDE = frozenset({"rain", "snow", "leaves"})


def _weather(scene: Scene, width: float) -> dict[str, str]:
    rng, out = scene.rng("weather"), dict[str, str]()
    air = scene.weather
    if "rain" in air:
        slant = float(rng.uniform(-40, 40))
        drops = [
            f"M{x:.0f},{y:.0f} l{slant * (0.5 + long):.0f},{60 + 70 * long:.0f}"
            for x, y, long in scatter(rng, 60, width)
        ]
        out["rain"] = stroke("".join(drops[::2]), "#dbe9fb", 2.6)
        out["rain"] += stroke("".join(drops[1::2]), "#f3f9ff", 3.6)
    if "snow" in air:
        out["snow"] = dots(scatter(rng, 80, width), 4, 9, "#ffffff")
    if "petals" in air:
        out["petals"] = _leaves(rng, width, "#c96a92", "#ffc4d9")
    if "leaves" in air or (scene.season == "autumn" and scene.place not in INSIDE):
        out["leaves"] = _leaves(rng, width, "#9c3f24", "#e8803a", count=16)
    if "fireflies" in air:
        spots = scatter(rng, 30, width)
        glows = "".join(oval(x, y, 22, 22, "url(#lampglow)") for x, y, _ in spots)
        out["fireflies"] = glows + dots(spots, 4, 4, "#fffbd6")
    if "bubbles" in air:
        out["bubbles"] = ""
        for x, y, big in scatter(rng, 14, width):
            r = 18 + 36 * big
            out["bubbles"] += (
                f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{r:.0f}" fill="#dff3ff" fill-opacity="0.25" stroke="#ffffff" stroke-width="3"/>'
                + stroke(
                    f"M{x - r * 0.6:.0f},{y - r * 0.2:.0f} q{r * 0.1:.0f},{-r * 0.4:.0f} {r * 0.4:.0f},{-r * 0.5:.0f}",
                    "#ffffff",
                    4,
                )
            )
    if "wind" in air:
        gusts = "".join(
            f"M{x:.0f},{y:.0f} q{90 + 90 * b:.0f},-34 {190 + 160 * b:.0f},0 q20,20 -8,26"
            for x, y, b in scatter(rng, 7, width)
        )
        out["wind"] = stroke(gusts, "#ffffff", 4, opacity=0.75)
    return out


def _leaves(rng: Generator, width: float, edge: str, paint: str, *, count: int = 34) -> str:
    leaves = ""
    for x, y, turn in scatter(rng, count, width):
        c, s = float(np.cos(turn * 6.28)), float(np.sin(turn * 6.28))
        stem, left, tip, right = (
            f"{x + a * c - b * s:.0f},{y + a * s + b * c:.0f}" for a, b in _PETAL
        )
        leaves += f"M{stem}Q{left} {tip}Q{right} {stem}Z"
    return stroke(leaves, edge, 4) + shape(leaves, paint, line=0)


def light_over(scene: Scene, width: float) -> str:
    """Return the light that lies over the whole picture, without an edge anywhere."""
    out, side = _slant(scene, width), light_side(scene)
    sun_x = (0.5 + 0.42 * side) * width
    air = scene.weather
    if scene.time == "sunset" and scene.place not in INSIDE:
        out += _glow("dusk", sun_x, 470, 620, "#ffb45e", 0.42)
    if scene.time == "morning":
        out += _glow("dawn", sun_x, 120, 700, "#fff3d0", 0.42)
    if "fog" in air:
        mist = fade(
            "mist",
            (
                (0, "#eef2f6", 0.1),
                (0.45, "#eef2f6", 0.62),
                (0.75, "#eef2f6", 0.35),
                (1, "#eef2f6", 0.15),
            ),
        )
        out += mist + f'<rect width="{width:.0f}" height="1000" fill="url(#mist)"/>'
    return out + _named_light(scene, width, sun_x)


_SLANT = {
    "day": ("#fffbe8", 0.16, "#3a4a9a", 0.16),
    "morning": ("#fff0cc", 0.2, "#5a4a8a", 0.16),
    "sunset": ("#ffcf8a", 0.26, "#4a2468", 0.26),
    "night": ("#8fa4ff", 0.1, "#0a0a30", 0.3),
}
"""The light that falls in from one upper corner and the shade opposite: paint and opacity."""


def _slant(scene: Scene, width: float) -> str:
    lit, share, dark, depth = _SLANT[scene.time]
    near, far = (0.5 + 0.5 * light_side(scene)) * width, (0.5 - 0.5 * light_side(scene)) * width
    reach = 0.8 * float(np.hypot(width, 1000))
    return _glow("slant", near, 0, reach, lit, share) + _glow("dim", far, 1000, reach, dark, depth)


def _named_light(scene: Scene, width: float, sun_x: float) -> str:
    """Return what the words about light ask for."""
    light, side, out = scene.light, light_side(scene), ""
    if light == "rays":
        beams = "".join(
            f"M{sun_x + k * 60:.0f},-40 L{sun_x - side * (260 + 190 * k):.0f},1010 h{90 + 30 * k:.0f} L{sun_x + k * 60 + 30:.0f},-40Z"
            for k in range(-1, 4)
        )
        out += veil(beams, "#fff6d0", 0.26)
    if light == "spot":
        for k, paint in ((-1, "#ffd0f0"), (1, "#bfe4ff"), (0, "#fff6d0")):
            out += veil(
                f"M{width / 2 + k * width * 0.4:.0f},-20 L{width * 0.5 - 260 + k * 60:.0f},1010 h520Z",
                paint,
                0.2,
            )
    if light in {"glow", "candle"}:
        paint = "#ffc46a" if light == "candle" else "#fff2d0"
        out += _glow("bloom", sun_x, 300, 760, paint, 0.5)
    return out + _shade_over(scene, width, sun_x)


def candle(scene: Scene, width: float) -> str:
    """Return the candle that a word about light names."""
    if scene.light != "candle" or "campfire" in scene.landmarks:
        return ""
    x = (0.5 - 0.36 * light_side(scene)) * width
    return (
        shape(f"M{x - 20:.0f},1000 v-110 h40 v110Z", "#fbf3e4")
        + shape(f"M{x:.0f},884 q-22,-30 0,-62 q22,32 0,62Z", "#ffb84a", line=3)
        + oval(x, 850, 60, 60, "url(#lampglow)")
    )


def _shade_over(scene: Scene, width: float, sun_x: float) -> str:
    """Return darkness, light from behind, softness."""
    light, side, out = scene.light, light_side(scene), ""
    whole = f"M0,0 H{width:.0f} V1000 H0Z"
    if light == "dramatic" or scene.mood == "spooky":
        ring = halo("vignette", ((0.42, "#0c0820", 0), (1, "#0c0820", 0.5)))
        out += ring + veil(whole, "url(#vignette)", 1)
        out += veil(
            f"M{sun_x:.0f},-20 L{width * (0.5 - 0.5 * side):.0f},1020 H{width * (0.5 + 0.1 * side):.0f}Z",
            "#fff0c8",
            0.22,
        )
    if light == "backlight":
        out += _glow("behind", width / 2, 260, 560, "#fffbe8", 0.4)
    if light == "soft":
        out += veil(whole, "#fff4ea", 0.14)
    return out


def light_side(scene: Scene) -> int:
    """Return the side that the light comes from: −1 left, 1 right."""
    return int(scene.rng("side").choice((-1, 1)))


def _glow(name: str, x: float, y: float, r: float, paint: str, opacity: float) -> str:
    return halo(name, ((0, paint, opacity), (1, paint, 0))) + oval(x, y, r, r, f"url(#{name})")


# ---- sky ------------------------------------------------------------------------------------


def heaven(scene: Scene, width: float) -> str:
    """Return the colour of the sky and the glow of the sun in it: no edges."""
    top, middle, low = SKIES[scene.time]
    if _dull(scene) and scene.time in {"day", "morning"}:
        top, middle, low = _GREY
    elif _dull(scene) and scene.time == "night":
        top, middle, low = _GREY_NIGHT
    out = fade("sky", ((0.2, top, 1), (0.5, middle, 1), (0.72, low, 1)))
    out += f'<rect x="-60" y="{HIGH}" width="{width + 120:.0f}" height="1800" fill="url(#sky)"/>'
    if scene.time != "night" and not _dull(scene):
        x, y, r, _ = _sun(scene, width)
        out += _glow("sun", x, y, r * 2.6, "#fff3c0", 0.75)
    return out


def _dull(scene: Scene) -> bool:
    clouded = scene.weather & {"cloudy", "rain", "fog"}
    return bool(clouded) or (scene.mood == "muted" and scene.time == "day")


def _sun(scene: Scene, width: float) -> tuple[float, float, float, str]:
    """Return x, y and radius of the sun or the x of the moon, and the sun's paint."""
    x = (0.5 + light_side(scene) * float(scene.rng("sky").uniform(0.2, 0.4))) * width
    y, r, paint = {
        "sunset": (505.0, 120.0, "#fff0b8"),
        "morning": (330.0, 70.0, "#fffbe6"),
    }.get(scene.time, (120.0, 56.0, "#fffdf0"))
    return x, y, r, paint


def sky(scene: Scene, width: float) -> str:
    """Return what is in the sky: sun or moon, clouds and what flies."""
    air, rng, dull, out = scene.weather, scene.rng("clouds"), _dull(scene), ""
    x, y, r, paint = _sun(scene, width)
    if scene.time == "night":
        out += _night_sky(scene, width, rng, x, dull=dull)
    elif not dull:
        out += oval(x, y, r, r, paint)
    paints = {
        "sunset": ("#f7b1a5", "#d98ba6"),
        "night": ("#4a5296", "#39407e"),
        "morning": ("#fff3ec", "#f0cfc8"),
    }
    lit, under = paints.get(scene.time, ("#ffffff", "#c8dff0"))
    if dull:
        lit, under = ("#c3cad6", "#9aa4b6") if scene.time != "night" else ("#3a4066", "#2c3152")
    shown = x if "moon" in air and not dull else None
    out += _clouds(
        rng,
        width,
        lit,
        under,
        clear_of=shown,
        count=9 if "cloudy" in air else int(rng.integers(2, 5)),
    )
    if "rainbow" in air:
        for i, paint in enumerate(
            ("#f26d6d", "#f7b05b", "#f6e36b", "#7fd08a", "#6fb4ee", "#a88be0")
        ):
            r = width * 0.52 - 16 * i
            out += f'<circle cx="{width / 2:.0f}" cy="690" r="{r:.0f}" fill="none" stroke="{paint}" stroke-width="17" stroke-opacity="0.75"/>'
    if "fireworks" in air:
        out += _fireworks(rng, width)
    if "birds" in air:
        flock = "".join(
            f"M{px:.0f},{60 + py * 0.38:.0f} q{24 + 28 * b:.0f},-38 {42 + 40 * b:.0f},6 q{20 + 24 * b:.0f},-44 {48 + 40 * b:.0f},-8"
            for px, py, b in scatter(rng, 12, width)
        )
        out += stroke(flock, "#2c2a3c" if scene.time != "night" else "#cfd6f0", 8)
    return out


def _night_sky(scene: Scene, width: float, rng: Generator, x: float, *, dull: bool) -> str:
    if dull:
        return ""
    out = ""
    if "stars" in scene.weather:
        band = f"M{width * 0.1:.0f},-200 L{width * 0.35:.0f},-200 L{width * 0.95:.0f},700 L{width * 0.6:.0f},700Z"
        out += veil(band, "#9f8fe0", 0.3) + dots(
            [(px, py * 0.65, r * r) for px, py, r in scatter(rng, 120, width)], 1.2, 3, "#fff6ff"
        )
        trail = float(rng.uniform(0.2, 0.7)) * width
        out += stroke(f"M{trail:.0f},150 l150,90", "#ffffff", 5) + oval(
            trail + 150, 240, 8, 8, "#ffffff"
        )
    out += dots([(px, py * 0.62, r) for px, py, r in scatter(rng, 60, width)], 1.5, 3, "#fff6d8")
    big = 96.0 if "moon" in scene.weather else 60.0
    craters = oval(x - big * 0.3, 140, big * 0.2, big * 0.16, "#e8d79e") + oval(
        x + big * 0.25, 190, big * 0.15, big * 0.13, "#e8d79e"
    )
    return (
        out
        + _glow("moon", x, 165, big * 2.4, "#fff4c8", 0.5)
        + oval(x, 165, big, big, "#fff2c4", 2.5)
        + craters
    )


def _fireworks(rng: Generator, width: float) -> str:
    out = ""
    for _ in range(5):
        x, y, r = (
            float(rng.uniform(0.1, 0.9)) * width,
            float(rng.uniform(90, 380)),
            float(rng.uniform(80, 150)),
        )
        paint = ("#ff6f91", "#ffd23f", "#6fe0ff", "#b98bff", "#8fff9b")[int(rng.integers(5))]
        rays = "".join(
            f"M{x + r * 0.25 * np.cos(a):.0f},{y + r * 0.25 * np.sin(a):.0f} L{x + r * np.cos(a):.0f},{y + r * np.sin(a):.0f}"
            for a in np.arange(0, 6.28, 0.39)
        )
        out += stroke(rays, paint, 6) + "".join(
            oval(x + r * 1.12 * float(np.cos(a)), y + r * 1.12 * float(np.sin(a)), 5, 5, "#ffffff")
            for a in np.arange(0.2, 6.28, 0.39)
        )
    return out


def _clouds(
    rng: Generator, width: float, paint: str, under: str, *, clear_of: float | None, count: int
) -> str:
    """Return clouds; none before what is at `clear_of` in the upper sky, if anything is."""
    out = ""
    for _ in range(count):
        x, y = float(rng.uniform(-0.05, 1.0)) * width, float(rng.uniform(50, 430))
        size = float(rng.uniform(0.6, 1.4)) * (1.25 - y / 900)
        if clear_of is not None and abs(x - clear_of) < 110 + 190 * size:
            y = max(y, 270 + 110 * size)
        d = (
            "M-150,40 C-205,44 -206,-14 -152,-18 C-160,-66 -96,-92 -60,-62 C-40,-112 50,-118 66,-66"
            " C104,-92 150,-54 136,-18 C190,-20 192,42 140,40Z"
        )
        low = (
            "M-150,40 C-178,40 -188,26 -180,10 C-150,22 -120,0 -96,8 C-60,24 -20,-4 20,10 C60,22 96,2 120,12"
            " C146,16 164,8 170,10 C178,28 164,42 140,40Z"
        )
        out += f'<g transform="translate({x:.0f} {y:.0f}) scale({size:.2f})">{shape(d, paint, line=0)}{shape(low, under, line=0)}</g>'
    return out
