"""Colours and tones of a picture pulled back to those of its project's style.

A tone curve, a factor for the colours' strength and tints of darks, of whites and of the whole.
What the project's own pictures have as well stays: a night scene keeps its blue. What is far off is
moved into their spread, only as much as is needed to count as one of them. Lines and shapes stay.
"""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from tower_anime.assess.style import DISTANCE, FEATURES, HAND, KIND, Style, compare, measure
from tower_anime.domain.frame import Frame
from tower_anime.domain.quality import Assessment, Measured, Verdict

# Beyond how many deviations a number is moved, and to where; tones, strength and tints pull at
# each other, so it takes rounds, the gentle ones first.
_ROUNDS = ((2.5, 1.0), (2.0, 1.0), (1.5, 0.8), (1.0, 0.6), (1.0, 0.5))
_SAME_HAND = 1.5  # a strong grade moves lines a little, with their contrast
_NEAR = 0.9  # a distance that is safely within the style; 1 is its edge
_TONES = ("black_point", "shadows", "middle", "highlights", "white_point")
_TINTS = (
    ("green_red", "ink_red", "paper_red"),
    ("blue_yellow", "ink_yellow", "paper_yellow"),
)  # of the whole, of the darks and of the whites, by plane
_STRENGTH = (0.4, 2.5)

_Plane = NDArray[Any]


def is_only_colour(assessment: Assessment) -> bool:
    """Whether a picture would pass but for colours that are not its project's, nor asked for."""
    off = next((one for one in assessment.defects if one.kind == KIND), None)
    if off is None or assessment.score is None or assessment.verdict is not Verdict.REJECT:
        return False
    hand, distance = (assessment.measurements.get(name) for name in (HAND, DISTANCE))
    if hand == distance:  # the request asks for its light or colours
        return False
    lost = -float(np.log(max(assessment.score, 1e-9)))
    without = float(np.exp(-lost * (1.0 - off.loss)))
    return (
        isinstance(hand, Measured) and hand.value <= _SAME_HAND and without >= assessment.threshold
    )


def recoloured(frame: Frame, style: Style) -> Frame:
    """Return the picture with its project's colours; as it is if that brings it no nearer."""
    best, found = compare(measure(frame), style).distance, frame
    lab: _Plane = cv2.cvtColor(frame.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    now = measure(frame)
    for beyond, to in _ROUNDS:
        lab = _nearer(lab, now, _wanted(now, style, beyond=beyond, to=to))
        tried = _rgb(lab)
        now = measure(tried)
        distance = compare(now, style).distance
        if distance < best:
            best, found = distance, tried
        if best < _NEAR:
            break
    return found


def _wanted(now: dict[str, float], style: Style, *, beyond: float, to: float) -> dict[str, float]:
    """Return each number, moved into the style's own spread if it is far outside."""
    wanted = dict(now)
    for name, mean, spread in zip(FEATURES, style.mean, style.spread, strict=True):
        if abs(now[name] - mean) > beyond * spread:
            wanted[name] = float(np.clip(now[name], mean - to * spread, mean + to * spread))
    return wanted


def _nearer(lab: _Plane, now: dict[str, float], wanted: dict[str, float]) -> _Plane:
    light = lab[..., 0]
    curved = np.interp(light, *_curve(now, wanted)).astype(np.float32)
    strength = (wanted["saturation"] + 1.0) / (now["saturation"] + 1.0)
    factor = float(np.clip(strength, *_STRENGTH))
    share = np.clip(light / 100.0, 0.0, 1.0)
    dark, pale = (1.0 - share) ** 2, share**4
    moved: list[_Plane] = [curved]
    for plane, (whole, ink, paper) in enumerate(_TINTS, start=1):
        in_all = wanted[whole] - now[whole] * factor if wanted[whole] != now[whole] else 0.0
        in_ink = wanted[ink] - now[ink] - in_all
        in_paper = wanted[paper] - now[paper] - in_all
        tint = dark * np.float32(in_ink) + pale * np.float32(in_paper) + np.float32(in_all)
        moved.append(lab[..., plane] * factor + tint)
    return np.dstack(moved)


def _curve(now: dict[str, float], wanted: dict[str, float]) -> tuple[list[float], list[float]]:
    """Return a rising tone curve through the picture's own points, from black to white."""
    xs, ys = [0.0], [max(0.0, wanted["black_point"] - now["black_point"])]
    for name in _TONES:
        if now[name] > xs[-1] + 1.0:
            xs.append(now[name])
            ys.append(max(wanted[name], ys[-1]))
    if xs[-1] < 100.0:
        xs.append(100.0)
        ys.append(max(ys[-1], min(100.0, 100.0 + wanted["white_point"] - now["white_point"])))
    return xs, ys


def _rgb(lab: _Plane) -> Frame:
    rgb = cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_LAB2RGB)
    return cast("Frame", np.clip(np.rint(rgb * 255), 0, 255).astype(np.uint8))
