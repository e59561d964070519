"""A character as SVG, put together from head, hair, clothes and what is carried."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.random import Generator

from tower_anime.sandbox import collar, hair, outfit, props
from tower_anime.sandbox.head import Bearing, face
from tower_anime.sandbox.ink import moved, oval, shape
from tower_anime.sandbox.outfit import Dressed
from tower_anime.sandbox.palette import SKINS, Light, colour
from tower_anime.sandbox.pose import POSES, arm_joints, pose_of
from tower_anime.sandbox.words import Look

CROWN = -130.0
_BUILD = {"child": (0.80, 0.68), "teen": (1.0, 0.93), "adult": (1.05, 1.03), "elder": (0.98, 0.90)}
"""Width and height of the body under a head of the same size."""
_CHIBI = (0.66, 0.44)
_NECK = 104.0
_HEM_OUTSIDE = frozenset({"hoodie", "sweater", "jacket", "suit", "uniform", "spacesuit"})


@dataclass(frozen=True)
class Setting:
    """What surroundings do to somebody: light, wind −1…1, the side of the light (−1 or 1).

    `crowded` keeps hair to its owner's side of the picture, `near` is a camera that sees no more
    than head and shoulders.
    """

    light: Light
    wind: float
    light_from: int
    chibi: bool
    crowded: bool
    near: bool = False


@dataclass(frozen=True)
class Moment:
    """Where everything about somebody is that moves.

    `sway` −1…1 carries the hair, `lids` 0–1 closes the eyes, `mouth` 0–1 opens a speaking mouth
    (None: not speaking), `breath` −1…1 lifts the chest, `stride` 1…−1 is where a walk stands,
    `look` −1…1 turns the head.
    """

    sway: float = 0.0
    lids: float = 0.0
    mouth: float | None = None
    breath: float = 0.0
    stride: float = 1.0
    look: float = 0.0


AT_REST = Moment()


def tall(look: Look, *, chibi: bool) -> float:
    """Return how far the soles are below the middle of the face, in units."""
    pose = POSES[look.pose]
    return _NECK + (pose.soles - _NECK) * _build(look, chibi=chibi)[1]


def figure(
    look: Look, setting: Setting, rng: Generator, name: str, moment: Moment = AT_REST
) -> str:
    """Return the SVG of one character; `name` keeps its ids apart from another's."""
    pose, light = pose_of(look, moment.stride, near=setting.near), setting.light
    shut = look.face == "closed" or (look.face == "laugh" and rng.random() < 0.4)
    bearing = Bearing(
        turn=max(-1.0, min(1.0, float(rng.uniform(-1, 1)) + moment.look)),
        tilt_deg=float(rng.uniform(-7, 7)) + (4 if look.face in {"sad", "sleepy"} else 0),
        light_from=setting.light_from,
        eyes_shut=shut,
        lids=moment.lids,
        mouth=moment.mouth,
        sway=moment.sway,
    )
    wind = max(-1.2, min(1.2, setting.wind + moment.sway))
    dressed = Dressed(look, colour(SKINS[look.skin]), light, pose, bearing, name)
    wide, high = _build(look, chibi=setting.chibi)
    build = f"translate(0 {_NECK * (1 - high):.1f}) scale({wide} {high})"
    lean = f"rotate({pose.lean_deg} 0 440)"
    tilt = f"rotate({bearing.tilt_deg:.1f} 0 100)"
    held = props.held_before(look, light, _hands(dressed), near=setting.near)
    if pose.back:
        tied = hair.back_view(look, light, rng, name, wind=wind) + props.on_head(look, light)
        below = held + _over(dressed) + _body(dressed) + props.on_back(look, light)
        return moved(below, build) + moved(tied, tilt)
    back_hair = hair.behind(look, light, rng, wind=wind, spread=0.66 if setting.crowded else 1.0)
    front_hair = hair.front(look, light, rng, bearing, name)
    head = face(look, dressed.skin, light, bearing, name)
    crown = front_hair + props.on_face(look, light) + props.on_head(look, light)
    behind = props.behind_body(look, light) + collar.cape(dressed)
    return moved(
        moved(behind, build)
        + moved(back_hair, tilt)
        + moved(held, build)
        + moved(_body(dressed), build)
        + moved(head, tilt)
        + moved(crown, tilt)
        + moved(hair.braids(look, light), build)
        + moved(_over(dressed), build),
        lean,
    )


def shadow_below(look: Look, *, chibi: bool) -> str:
    """Return the patch of shade on the ground below somebody's feet."""
    return oval(10, tall(look, chibi=chibi), 130, 20, "#1c1838").replace(
        "/>", ' fill-opacity="0.3"/>'
    )


def seat(look: Look, light: Light, *, chibi: bool) -> str:
    """Return what somebody who sits sits on."""
    if look.pose not in {"sit", "sit behind"}:
        return ""
    high = _build(look, chibi=chibi)[1]
    back, top, edge = (_NECK + (y - _NECK) * high for y in (250, 470, 566))
    low = tall(look, chibi=chibi)
    wood, dark, pad = (light.css(colour(text)) for text in ("#a9744c", "#7d5338", "#d98a7a"))
    legs = shape(
        f"M-132,{edge:.0f} h26 V{low:.0f} h-26Z M106,{edge:.0f} h26 V{low:.0f} h-26Z", dark
    )
    rest = shape(f"M-128,{top:.0f} V{back:.0f} Q0,{back - 40:.0f} 128,{back:.0f} V{top:.0f}Z", wood)
    rest += shape(
        f"M-104,{top:.0f} V{back + 20:.0f} Q0,{back - 10:.0f} 104,{back + 20:.0f} V{top:.0f}Z", pad
    )
    board = shape(f"M-128,{top:.0f} H128 L150,{edge:.0f} H-150Z", pad)
    return rest + legs + board + shape(f"M-150,{edge:.0f} H150 V{edge + 26:.0f} H-150Z", wood)


def _build(look: Look, *, chibi: bool) -> tuple[float, float]:
    wide, high = _BUILD[look.age]
    return (wide * _CHIBI[0], high * _CHIBI[1]) if chibi else (wide, high)


def _hands(d: Dressed) -> tuple[tuple[float, float], tuple[float, float]]:
    return arm_joints(d.look, d.pose, 1)[2], arm_joints(d.look, d.pose, -1)[2]


def _body(d: Dressed) -> str:
    """Return everything below the chin but the arms in front of it."""
    under = "".join(outfit.sleeve(d, s) for s in (-1, 1) if not _arm_over(d, s))
    low, top = outfit.lower(d), outfit.torso(d)
    top += outfit.band(d)
    trunk = low + top if d.look.outfit in _HEM_OUTSIDE else top + low
    neck = outfit.neck(d)
    worn = "" if d.pose.back else props.on_chest(d.look, d.light)
    return outfit.legs(d) + under + neck + trunk + collar.collar(d) + worn


def _over(d: Dressed) -> str:
    """Return what is held before the body, and the arms in front of it."""
    arms = "".join(outfit.sleeve(d, s) for s in (-1, 1) if _arm_over(d, s))
    return props.held_over(d.look, d.light, _hands(d)) + arms


def _arm_over(d: Dressed, side: int) -> bool:
    return (d.pose.right if side > 0 else d.pose.left).over
