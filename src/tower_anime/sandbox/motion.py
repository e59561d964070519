"""What moves in a clip, by the words of its prompt: people, the camera, what falls."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tower_anime.sandbox.figure import AT_REST, Moment
from tower_anime.sandbox.pose import STRIDES
from tower_anime.sandbox.words import Scene, clean, first, found

_SWING_S = {"calm": 2.0, "windy": 1.2}
_STRIDE_S = {"walk": 1.0, "run": 0.66}
_GAZE_S = 3.2
_SYLLABLES = (0.0, 0.5, 1.0, 0.5, 0.0, 1.0, 0.5, 0.0, 0.0, 1.0, 0.5, 1.0)
_BLINK = ((0.0, 0.5), (0.09, 1.0), (0.2, 0.5))
"""Seconds from the beginning of a blink, and how far the lids are closed from then on."""
_BLINK_S = 0.28

DRAWINGS_PER_S = (8.0, 12.0)
"""Drawing on 3s and on 2s at 24 frames/s."""


@dataclass(frozen=True, kw_only=True)
class Motion:
    """How a clip moves. `drawings_per_s` is how often people and weather are drawn anew.

    `alive` is False for a clip in which nothing moves at all.
    """

    camera: str
    talks: bool
    looks_around: bool
    swing: float
    drawings_per_s: float
    alive: bool = True


def asks_for_motion(prompt: str) -> bool:
    """Whether the words say that something moves; models answer silence with a still."""
    text = clean(prompt)
    named = found("action", text) or [name for name in found("camera", text) if name != "fixed"]
    return bool(named) or first("pose", text) in {"run", "walk", "jump", "wave", "cheer"}


def motion_of(prompt: str, scene: Scene, *, alive: bool = True) -> Motion:
    """Read what moves; the scene's own lot decides what the words leave open."""
    text = clean(prompt)
    actions = found("action", text)
    windy = "wind" in scene.weather or "sway" in actions
    rng = scene.rng("motion")
    lots = rng.random(3)
    return Motion(
        camera=first("camera", text) or _usual_camera(scene, float(lots[0])),
        talks="talk" in actions,
        looks_around="look around" in actions or ("move" in actions and lots[1] < 0.5),
        swing=0.75 if windy else 0.34,
        drawings_per_s=DRAWINGS_PER_S[int(lots[2] < 0.5)],
        alive=alive,
    )


def _usual_camera(scene: Scene, lot: float) -> str:
    if not scene.people:
        return ("pan left", "pan right", "zoom in")[int(lot * 3)]
    return "zoom in" if lot < 0.2 else "fixed"


def moments_at(scene: Scene, motion: Motion, drawing: int, *, per_s: float) -> tuple[Moment, ...]:
    """Return where everybody stands at a drawing, of so many in a second.

    Cycles are whole numbers of drawings, as animators repeat them, so that few are different.
    """
    if not motion.alive:
        return (AT_REST,) * len(scene.people)
    return tuple(_moment(scene, motion, i, drawing, per_s) for i in range(len(scene.people)))


def _moment(scene: Scene, motion: Motion, person: int, drawing: int, per_s: float) -> Moment:
    lots = scene.rng(f"motion{person}").random(3)
    pose = scene.people[person].pose
    swing = _cycle(_SWING_S["windy" if motion.swing > 0.5 else "calm"], per_s)
    stride = 1.0
    if pose in STRIDES:
        step = _cycle(_STRIDE_S[pose], per_s)
        stride, swing = -_wave(drawing / step - 0.25), 2 * step
    begins = 0 if pose in STRIDES else math.floor(lots[0] * swing)
    sway = _wave((drawing + begins) / swing)
    mouth = None
    if motion.talks:
        syllable = int(drawing * min(1.0, 8.0 / per_s) + 12 * lots[2])
        mouth = _SYLLABLES[syllable % len(_SYLLABLES)]
    return Moment(
        sway=_tidy(motion.swing * sway),
        lids=_lids(drawing / per_s, 0.4 + float(lots[1])),
        mouth=mouth,
        breath=0.0 if pose in STRIDES else _tidy(sway),
        stride=_tidy(stride),
        look=_tidy(0.8 * _wave(drawing / _cycle(_GAZE_S, per_s))) if motion.looks_around else 0.0,
    )


def _cycle(seconds: float, per_s: float) -> int:
    """Return how many drawings a cycle has: a multiple of four, so that it comes back the way."""
    return max(4, 4 * round(seconds * per_s / 4))


def _wave(turns: float) -> float:
    """Return where something is that swings evenly between −1 and 1, from the middle up."""
    share = (turns + 0.25) % 1.0
    return 4 * share - 1 if share < 0.5 else 3 - 4 * share


def _tidy(value: float) -> float:
    """Round, so that the same drawing of a cycle is the same value each time around."""
    return round(value, 3) + 0.0


def _lids(seconds: float, first_s: float) -> float:
    """Return how far the eyes are closed: a blink every 2.6 s, from `first_s` on."""
    since = (seconds - first_s) % 2.6 if seconds >= first_s else math.inf
    if since >= _BLINK_S:
        return 0.0
    return max(share for start, share in _BLINK if since >= start) if since < 0.2 else 0.5


@dataclass(frozen=True)
class View:
    """What the camera sees: 1/`zoom` of the canvas, around the point x, y (0–1)."""

    x: float
    y: float
    zoom: float


WHOLE = View(0.5, 0.5, 1.0)

_PAN_PER_S = 0.055
"""Share of the canvas that a pan passes each second: slow enough to look."""


def closest(motion: Motion, seconds: float) -> float:
    """Return the largest zoom of a clip that lasts `seconds`."""
    if not motion.alive or motion.camera == "fixed":
        return 1.0
    if motion.camera == "shake":
        return 1.03
    way = min(0.24, 0.05 + _PAN_PER_S * seconds)
    return 1 / (1 - way)


def view_at(
    motion: Motion, seconds: float, *, of: float, towards: tuple[float, float], jitter: float
) -> View:
    """Return the camera's window at a time of a clip that lasts `of` seconds.

    `towards` is where a zoom goes on the canvas (0–1), `jitter` the phase of a shake.
    """
    near = closest(motion, of)
    if near == 1.0:
        return WHOLE
    share = min(1.0, seconds / of) if of else 0.0
    eased = share * share * (3 - 2 * share)
    margin = (1 - 1 / near) / 2
    if motion.camera == "shake":
        wave = math.sin(seconds * 11 + jitter), math.sin(seconds * 15 + 2 * jitter)
        return View(0.5 + margin * wave[0], 0.5 + margin * wave[1], near)
    if motion.camera in {"zoom in", "zoom out"}:
        done = eased if motion.camera == "zoom in" else 1 - eased
        zoom = 1 + (near - 1) * done
        free = (1 - 1 / zoom) / 2
        x, y = (0.5 + max(-free, min(free, aim - 0.5)) for aim in towards)
        return View(x, y, zoom)
    along = (2 * eased - 1) * margin
    return {
        "pan left": View(0.5 - along, 0.5, near),
        "pan right": View(0.5 + along, 0.5, near),
        "tilt up": View(0.5, 0.5 - along, near),
        "tilt down": View(0.5, 0.5 + along, near),
    }[motion.camera]
