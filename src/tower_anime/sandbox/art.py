"""Draws the picture of a scene: clean, anti-aliased, at any size."""

from __future__ import annotations

import cv2
import numpy as np
import resvg_py

from tower_anime.domain.frame import Frame
from tower_anime.sandbox.backdrop import backdrop, weather
from tower_anime.sandbox.figure import figure, pose_of
from tower_anime.sandbox.palette import LIGHTS_ON_PEOPLE
from tower_anime.sandbox.words import Scene


def draw(scene: Scene, *, width: int, height: int) -> Frame:
    """Return the clean picture of `scene`, `height`×`width`×3 RGB.

    The composition depends on the scene and the aspect alone, so a larger size shows the same.
    """
    png = resvg_py.svg_to_bytes(
        svg_string=svg(scene, aspect=width / height),
        width=width,
        height=height,
        skip_system_fonts=True,
    )
    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert pixels is not None
    if pixels.shape[:2] != (height, width):
        pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(pixels, dtype=np.uint8)


def svg(scene: Scene, *, aspect: float) -> str:
    """Return the drawing as SVG, 1000 units high."""
    wide = 1000 * aspect
    parts = "".join((backdrop(scene, wide), _people(scene, wide), weather(scene, wide)))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" preserveAspectRatio="none"'
        f' viewBox="0 0 {wide:.1f} 1000">{parts}</svg>'
    )


def _people(scene: Scene, wide: float) -> str:
    """Place everybody side by side; framing and height come from the scene's own lot."""
    if not scene.people:
        return ""
    rng = scene.rng("people")
    count = len(scene.people)
    scale = {"full": 0.78, "close": 1.75}.get(scene.framing or "", float(rng.uniform(1.0, 1.45)))
    scale *= (1.0, 0.88, 0.76)[count - 1]
    scale = min(scale, wide / count / 300)
    out = ""
    for i, look in enumerate(scene.people):
        own = scene.rng(f"person{i}")
        slot = wide / count
        x = slot * (i + 0.5) + slot * 0.14 * float(own.uniform(-1, 1))
        y = (
            150 * scale + float(own.uniform(30, 80))
            if scene.framing != "full"
            else 1000 - 925 * scale
        )
        y = max(y, 290 * scale) if scene.umbrella else y
        pose = pose_of(own, smiling=scene.smiling, holds=scene.umbrella is not None and i == 0)
        body = figure(
            look,
            pose,
            light=LIGHTS_ON_PEOPLE[scene.time],
            rng=own,
            name=str(i),
            umbrella=scene.umbrella if i == 0 else None,
        )
        out += f'<g transform="translate({x:.1f} {y:.1f}) scale({scale:.3f})">{body}</g>'
    return out
