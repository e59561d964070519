"""Draws the picture of a scene: clean, anti-aliased, at any size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import cv2
import numpy as np

from tower_anime.domain.frame import Frame
from tower_anime.sandbox import backdrop
from tower_anime.sandbox.backdrop import INSIDE, light_side
from tower_anime.sandbox.figure import (
    AT_REST,
    CROWN,
    Moment,
    Setting,
    figure,
    seat,
    shadow_below,
    tall,
)
from tower_anime.sandbox.ink import moved
from tower_anime.sandbox.layers import Picture, by_hand, glow, layer, over
from tower_anime.sandbox.palette import LIGHTS_ON_PEOPLE
from tower_anime.sandbox.props import headroom
from tower_anime.sandbox.style import finished, inked
from tower_anime.sandbox.words import Look, Scene

Window: TypeAlias = tuple[float, float, float, float]

_LIFT = {"low": 210.0, "high": -240.0}
"""How far the horizon moves when the camera looks up or down, in units."""


def draw(scene: Scene, *, width: int, height: int) -> Frame:
    """Return the clean picture of `scene`, `height`×`width`×3 RGB.

    The composition depends on the scene and the aspect alone, so a larger size shows the same.
    """
    wide = 1000 * width / height

    def painted(parts: str, how: Callable[..., Picture] = layer) -> Picture:
        return how(page(parts, scene, wide), width=width, height=height)

    air, outside = ("".join(some.values()) for some in backdrop.weather(scene, wide))
    things = backdrop.sky(scene, wide) + outside + place(scene, wide) + people(scene, wide) + air
    picture = over(painted(backdrop.heaven(scene, wide), glow), painted(things))
    picture = by_hand(picture, scene.rng("hand"), _with_care(scene, wide))
    if scene.style != "cel":  # flat paint
        picture = over(picture, painted(backdrop.light_over(scene, wide), glow))
    if candle := backdrop.candle(scene, wide):
        picture = over(picture, painted(candle))
    return finished(np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGBA2RGB), np.uint8), scene)


def _with_care(scene: Scene, wide: float) -> list[tuple[float, float, float]]:
    """Return where the people are, in heights of the picture: left, right, top."""
    if not scene.people:
        return []
    camera, slot = _camera(scene, wide), wide / len(scene.people)
    half, top = 170 * camera.scale, camera.face_y - 190 * camera.scale
    middles = (slot * (i + 0.5) for i in range(len(scene.people)))
    return [((x - half) / 1000, (x + half) / 1000, top / 1000) for x in middles]


def place(scene: Scene, wide: float) -> str:
    """Return the place alone."""
    return backdrop.place(scene, wide, lift=_LIFT.get(scene.angle or "", 0.0))


def page(parts: str, scene: Scene, wide: float, *, window: Window | None = None) -> str:
    """Return parts of a drawing as an SVG page, inked in the scene's style.

    `window` (left, top, width, height in units) shows no more than that.
    """
    if scene.angle == "dutch":
        turn = f"rotate(-8 {wide / 2:.0f} 500) translate({-wide * 0.05:.0f} -50) scale(1.1)"
        parts = moved(parts, turn)
    box = " ".join(f"{side:.4f}" for side in window or (0, 0, wide, 1000))
    return inked(
        '<svg xmlns="http://www.w3.org/2000/svg" preserveAspectRatio="none"'
        f' viewBox="{box}">{backdrop.lamplight()}{parts}</svg>',
        scene,
    )


@dataclass(frozen=True)
class _Camera:
    """How large people are, and where the middle of their faces lies (units from the top)."""

    scale: float
    face_y: float
    standing: bool
    near: bool


_NEAR = frozenset({"close", "portrait"})
"""Framings that see no more than head and shoulders."""


def _camera(scene: Scene, wide: float) -> _Camera:
    """Return where the people are seen; a tilted camera stands a little farther away."""
    camera = _upright(scene, wide)
    if scene.angle != "dutch":
        return camera
    return replace(camera, scale=0.84 * camera.scale, face_y=540 + 0.84 * (camera.face_y - 500))


def _upright(scene: Scene, wide: float) -> _Camera:
    """Choose size and height of the people by the framing's word, else by lot."""
    count = len(scene.people)
    rng = scene.rng("camera")
    framing = scene.framing or _usual_framing(scene, float(rng.random()))
    slot = wide / count
    ends = max(tall(look, chibi=scene.chibi) for look in scene.people)
    near = framing in _NEAR
    room = max(headroom(look, near=near) for look in scene.people)
    whole = 930 / (ends - CROWN + max(room, 40.0))  # tufts stand off the crown
    if framing in {"full", "wide"}:
        share = 0.52 if framing == "wide" else 0.97
        scale = min(whole * share, slot / 330)
        ground = 955.0 if framing == "full" else 900.0
        return _Camera(scale, ground - ends * scale, standing=True, near=False)
    scale = {"close": 2.75, "portrait": 1.85, "upper": 1.3}[framing] * float(
        rng.uniform(0.94, 1.06)
    )
    scale = min(scale, slot / {"close": 270, "portrait": 300, "upper": 320}[framing])
    if scene.chibi:
        scale *= 0.9
    top = {"close": 0.50, "portrait": 0.41, "upper": 0.33}[framing] * 1000
    lowest = {"close": 560.0, "portrait": 520.0, "upper": 500.0}[framing]
    scale = min(scale, max(0.72 * scale, lowest / (150 + room * 0.9)))
    face_y = max(top - 20 * (count - 1), min(lowest, (150 + room * 0.9) * scale))
    return _Camera(scale, face_y + float(rng.uniform(-20, 30)), standing=False, near=near)


def _breathing(body: str, soles: float, moment: Moment) -> str:
    """Return somebody a little taller or smaller above the soles, and lifted by a step."""
    if moment == AT_REST:
        return body
    high = 1 + 0.005 * moment.breath
    step = 14 * (1 - abs(moment.stride))
    return moved(body, f"translate(0 {soles * (1 - high) - step:.2f}) scale(1 {high:.5f})")


def _usual_framing(scene: Scene, lot: float) -> str:
    whole = {"sit", "sit behind", "kneel", "run", "jump", "walk"} & {
        look.pose for look in scene.people
    }
    if scene.chibi or whole or any(look.outfit == "gown" for look in scene.people):
        return "full"
    if scene.angle == "high":
        return "full" if lot < 0.5 else "upper"
    return "upper" if lot < 0.62 else "portrait" if lot < 0.74 else "full"


def people(scene: Scene, wide: float, moments: Sequence[Moment] = ()) -> str:
    """Place everybody side by side; framing and height come from the scene's own lot.

    `moments` is where each of them stands in their motion.
    """
    if not scene.people:
        return ""
    camera = _camera(scene, wide)
    light = LIGHTS_ON_PEOPLE[
        "day" if scene.place in INSIDE and scene.time == "night" else scene.time
    ]
    wind = float(scene.rng("wind").uniform(-0.35, 0.35)) * (3 if "wind" in scene.weather else 1)
    setting = Setting(
        light,
        max(-1.0, min(1.0, wind)),
        light_side(scene),
        scene.chibi,
        len(scene.people) > 1,
        camera.near,
    )
    slot = wide / len(scene.people)
    out = ""
    for i, look in enumerate(scene.people):
        own = scene.rng(f"person{i}")
        x = slot * (i + 0.5) + slot * (0.2 if len(scene.people) == 1 else 0.1) * float(
            own.uniform(-1, 1)
        )
        moment = moments[i] if moments else AT_REST
        body = figure(look, setting, own, str(i), moment)
        if scene.panel:  # the same again, not quite as it was
            shift, lean, size = scene.rng(f"again{i}/{scene.panel}").uniform(-1, 1, 3)
            x += 0.06 * slot * float(shift)
            body = moved(body, f"rotate({lean:.2f} 0 440) scale({1 + 0.015 * size:.3f})")
        out += _placed(scene, look, camera, setting, x, body, moment)
    return out


def _placed(
    scene: Scene,
    look: Look,
    camera: _Camera,
    setting: Setting,
    x: float,
    body: str,
    moment: Moment,
) -> str:
    scale, y = camera.scale, camera.face_y
    own_end = tall(look, chibi=scene.chibi)
    if camera.standing:
        everyone = max(tall(other, chibi=scene.chibi) for other in scene.people)
        y += (everyone - own_end) * scale
    if look.pose == "jump":
        y -= 60 * scale
    body = _breathing(body, own_end, moment)
    squeeze = {"low": "scale(0.96 1.05)", "high": "scale(1.04 0.93)"}.get(scene.angle or "", "")
    ground = (
        shadow_below(look, chibi=scene.chibi)
        if camera.standing and scene.place not in {"sky", "space"}
        else ""
    )
    stool = seat(look, setting.light, chibi=scene.chibi)
    body = body + stool if look.pose == "sit behind" else stool + body
    place = f"translate({x:.1f} {y:.1f}) scale({scale:.3f}) {squeeze}"
    return moved(ground + body, place)
