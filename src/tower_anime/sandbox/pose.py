"""Where joints are: poses as numbers, and limbs and hands along them.

Units as in `head`: shoulders lie at y 180, hips at 440, soles at 1060. Every point was placed by
hand on a standing figure of five and a half heads.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tower_anime.sandbox.head import Bearing, skin_shade
from tower_anime.sandbox.ink import (
    LINE,
    Point,
    between,
    flank,
    heading_deg,
    moved,
    oval,
    shape,
    stroke,
    tube,
    veil,
)
from tower_anime.sandbox.palette import INK, Colour, Light
from tower_anime.sandbox.words import Look

SOLES = 1060.0
SEATED_SOLES = 800.0
KNEELING_SOLES = 640.0


@dataclass(frozen=True)
class Arm:
    """An arm on the right: mirrored for the left. `over` draws it in front of the body."""

    elbow: Point
    wrist: Point
    hand: str = "relaxed"
    over: bool = False


@dataclass(frozen=True)
class Leg:
    """A leg on the right. `behind` is a shin that points away and is seen foreshortened."""

    knee: Point
    ankle: Point
    behind: bool = False


@dataclass(frozen=True)
class Pose:
    """A whole body. `lean_deg` tilts it around the hips, `lift` raises it off the ground."""

    right: Arm
    left: Arm
    right_leg: Leg
    left_leg: Leg
    lean_deg: float = 0.0
    lift: float = 0.0
    soles: float = SOLES
    back: bool = False


_DOWN = Arm((103, 318), (108, 455))
_STRAIGHT = Leg((38, 742), (42, 1012))
_RELAXED = Leg((50, 740), (62, 1006))
_SEAT = Leg((66, 560), (60, 752))
_KNEEL = Leg((74, 600), (74, 606))
_STAND = Pose(_DOWN, _DOWN, _STRAIGHT, _RELAXED)
_HOLD = Arm((138, 305), (146, 178), "fist", over=True)
_CHEST = Arm((106, 318), (36, 300), "fist", over=True)

POSES: dict[str, Pose] = {
    "stand": _STAND,
    "behind": replace(_STAND, back=True),
    "sit": Pose(
        Arm((104, 318), (44, 436), over=True),
        Arm((104, 318), (44, 436), over=True),
        _SEAT,
        replace(_SEAT, ankle=(46, 758)),
        soles=SEATED_SOLES,
    ),
    "sit behind": Pose(
        Arm((104, 318), (92, 430)),
        Arm((104, 318), (92, 430)),
        _SEAT,
        replace(_SEAT, ankle=(46, 758)),
        soles=SEATED_SOLES,
        back=True,
    ),
    "kneel": Pose(
        Arm((102, 318), (40, 448), over=True),
        Arm((102, 318), (40, 448), over=True),
        _KNEEL,
        _KNEEL,
        soles=KNEELING_SOLES,
    ),
    "run": Pose(
        Arm((132, 292), (84, 196), "fist", over=True),
        Arm((146, 290), (172, 408), "fist"),
        Leg((84, 652), (46, 800), behind=True),
        Leg((46, 735), (92, 992)),
        lean_deg=7,
    ),
    "walk": Pose(
        Arm((110, 312), (132, 444)),
        Arm((100, 318), (84, 452)),
        Leg((52, 738), (64, 1000)),
        Leg((26, 735), (14, 968)),
        lean_deg=2,
    ),
    "jump": Pose(
        Arm((150, 120), (164, -30), "open", over=True),
        Arm((150, 130), (182, -10), "open", over=True),
        Leg((74, 660), (34, 800), behind=True),
        Leg((52, 740), (66, 985)),
        lean_deg=-5,
        lift=90,
    ),
    "wave": replace(_STAND, right=Arm((158, 282), (176, 132), "open", over=True)),
    "crossed": replace(
        _STAND,
        right=Arm((118, 316), (-46, 296), "tucked", over=True),
        left=Arm((118, 316), (-50, 268), "tucked", over=True),
    ),
    "hips": replace(
        _STAND,
        right=Arm((160, 300), (84, 396), "tucked", over=True),
        left=Arm((160, 300), (84, 396), "tucked", over=True),
    ),
    "peace": replace(_STAND, right=Arm((142, 298), (122, 148), "peace", over=True)),
    "cheer": replace(
        _STAND,
        right=Arm((146, 96), (128, -64), "open", over=True),
        left=Arm((146, 96), (128, -64), "open", over=True),
    ),
    "back": replace(_STAND, right=Arm((116, 306), (66, 420)), left=Arm((116, 306), (66, 420))),
    "clasp": replace(
        _STAND,
        right=Arm((108, 318), (14, 262), "fist", over=True),
        left=Arm((108, 318), (14, 270), "fist", over=True),
    ),
    "reach": replace(_STAND, right=Arm((156, 206), (272, 150), "open", over=True)),
}

STRIDES = frozenset({"walk", "run"})
"""Poses that are one drawing of a walk."""

_HELD: dict[str, dict[str, Arm]] = {
    "umbrella": {"right": _HOLD},
    "balloon": {"right": _HOLD},
    "sword": {"right": Arm((140, 300), (164, 250), "fist", over=True)},
    "staff": {"right": Arm((140, 300), (164, 250), "fist", over=True)},
    "broom": {"right": Arm((140, 300), (164, 250), "fist", over=True)},
    "spear": {"right": Arm((140, 300), (164, 250), "fist", over=True)},
    "microphone": {"right": Arm((112, 318), (40, 158), "fist", over=True)},
    "fan": {"right": Arm((136, 310), (122, 214), "fist", over=True)},
    "book": {"right": _CHEST, "left": _CHEST},
    "bouquet": {"right": _CHEST, "left": _CHEST},
    "cat": {"right": _CHEST, "left": _CHEST},
    "cup": {"right": Arm((110, 322), (34, 238), "fist", over=True)},
    "phone": {"right": Arm((130, 312), (96, 178), "fist", over=True)},
    "guitar": {
        "right": Arm((130, 300), (26, 352), "fist", over=True),
        "left": Arm((150, 300), (178, 262), "fist", over=True),
    },
}


_BESIDE = Arm((142, 300), (164, 292), "fist", over=True)
"""Holds beside the body what would be hidden before somebody seen from behind."""
_TWO_HANDED = frozenset({"crossed", "clasp", "cheer", "reach"})
"""Poses that make no sense, or hide what is held, with one hand full."""
_LIFTED = {
    "cup": 74.0,
    "phone": 46.0,
    "book": 96.0,
    "bouquet": 72.0,
    "cat": 84.0,
    "guitar": 60.0,
    "fan": 60.0,
    "microphone": 20.0,
}
"""How much higher something is held for a camera that sees no more than head and shoulders."""


def pose_of(look: Look, stride: float = 1.0, *, near: bool = False) -> Pose:
    """Return the joints of what somebody does and holds.

    `stride` 1…−1 is where a walk stands: the drawn step, both feet passing at 0, the other step.
    `near` holds things up to a camera that sees no more than head and shoulders.
    """
    pose = POSES[look.pose]
    if look.pose in STRIDES and stride < 1:
        pose = _striding(pose, stride)
    held = next((name for name in look.worn if name in _HELD), None)
    if held is None:
        return pose
    arms = _HELD[held]
    if look.pose in _TWO_HANDED:
        arms = {"left": _DOWN} | arms
    if pose.back and held in _LIFTED:
        arms = {"right": _BESIDE}
    if near:
        arms = {side: _held_up(arm, held) for side, arm in arms.items()}
    return replace(pose, right=arms.get("right", pose.right), left=arms.get("left", pose.left))


def _held_up(arm: Arm, held: str) -> Arm:
    x, y = arm.wrist
    if held in _LIFTED:
        return replace(arm, wrist=(x, y - _LIFTED[held]))
    return replace(arm, wrist=(min(x, 116), min(y, 168))) if arm.over else arm


def _striding(pose: Pose, stride: float) -> Pose:
    share = (1 - stride) / 2
    passing = 26 * (1 - stride * stride)  # the swinging foot is lifted
    swings_right = pose.right_leg.ankle[1] > pose.left_leg.ankle[1]

    def arm(own: Arm, other: Arm) -> Arm:
        near = own if share < 0.5 else other
        return replace(
            near,
            elbow=between(own.elbow, other.elbow, share),
            wrist=between(own.wrist, other.wrist, share),
        )

    def leg(own: Leg, other: Leg, *, swings: bool) -> Leg:
        near = own if share < 0.5 else other
        x, y = between(own.ankle, other.ankle, share)
        up = passing if swings else 0.0
        return replace(near, knee=between(own.knee, other.knee, share), ankle=(x, y - up))

    return replace(
        pose,
        right=arm(pose.right, pose.left),
        left=arm(pose.left, pose.right),
        right_leg=leg(pose.right_leg, pose.left_leg, swings=swings_right),
        left_leg=leg(pose.left_leg, pose.right_leg, swings=not swings_right),
    )


def shoulder_of(look: Look) -> Point:
    """Return the right shoulder."""
    return (94.0 if look.male else 72.0), 186.0


def arm_joints(look: Look, pose: Pose, side: int) -> tuple[Point, Point, Point]:
    """Return shoulder, elbow and wrist of one side."""
    arm = pose.right if side > 0 else pose.left
    x, y = shoulder_of(look)
    spread = (x - 72) * (0.9 if arm.elbow[0] > 0 else 0)
    near = 0.0 if arm.over and abs(arm.wrist[0]) < 60 else spread
    return (
        (side * x, y),
        (side * (arm.elbow[0] + spread), arm.elbow[1]),
        (side * (arm.wrist[0] + near), arm.wrist[1]),
    )


def leg_joints(pose: Pose, side: int) -> tuple[Point, Point, Point]:
    """Return hip, knee and ankle of one side."""
    leg = pose.right_leg if side > 0 else pose.left_leg
    return (
        (side * 38.0, 446.0),
        (side * leg.knee[0], leg.knee[1]),
        (side * leg.ankle[0], leg.ankle[1]),
    )


ARM_WIDTHS = (42, 38, 32, 26)
LEG_WIDTHS = (86, 78, 62, 50, 57, 48, 31)


def bare_arm(
    look: Look,
    skin: Colour,
    light: Light,
    pose: Pose,
    bearing: Bearing,
    *,
    side: int,
    covered: bool,
) -> str:
    """Return the skin of one arm with its hand; `covered` leaves the shoulder to a sleeve."""
    joints = arm_joints(look, pose, side)
    arm = pose.right if side > 0 else pose.left
    wide = [w * (1.14 if look.male else 1.0) for w in ARM_WIDTHS]
    d = tube(joints, wide, begin=0.12 if covered else 0.0, round_begin=True, round_end=True)
    inner = flank(joints, wide, side=-bearing.light_from, share=0.34)
    paint = light.css(skin)
    gloved = "gloves" in look.worn or look.outfit in {"armour", "spacesuit"}
    cover = look.worn.get("gloves", (0.9, 0.9, 0.93)) if gloved else skin
    turn = heading_deg(joints[1], joints[2])
    placed = moved(
        hand(arm.hand, light.css(cover), skin_shade(cover, light), side),
        f"translate({joints[2][0]:.1f} {joints[2][1]:.1f}) rotate({turn:.1f})",
    )
    glove = ""
    if "gloves" in look.worn:
        glove = shape(
            tube(joints, [w + 5 for w in wide], begin=0.68, round_end=True), light.css(cover)
        )
    return shape(d, paint) + veil(inner, skin_shade(skin, light), 0.9) + glove + placed


def hand(kind: str, paint: str, shade: str, side: int) -> str:
    """Return a right hand that points down from the wrist at (0, 0); mirrored for the left."""
    if kind == "relaxed":
        body = "M-13,-5 C-18,12 -17,30 -13,46 C-9,60 6,61 10,50 C15,36 15,12 13,-5Z"
        out = (
            shape("M-12,8 C-24,16 -25,32 -18,40 C-12,40 -10,30 -8,22Z", paint, line=3.6)
            + shape(body, paint, line=3.6)
            + stroke("M-4,36 L-4,54 M4,36 L3,55", INK, 2)
            + veil("M-14,-4 H14 L13,6 Q0,12 -15,6Z", shade, 0.8)
            + stroke("M-11,8 C-20,16 -21,28 -17,36", shade, 2)
        )
        return moved(out, f"scale({side} 1)")
    if kind in {"fist", "tucked"}:
        out = shape(
            "M-14,-6 C-22,4 -22,32 -12,38 C-2,43 14,42 18,34 C23,24 21,4 14,-6Z", paint, line=3.6
        )
        lines = "M-9,24 L-7,38 M1,25 L2,40 M10,24 L11,38"
        thumb = "M-17,12 C-8,10 4,14 8,20"
        return moved(out + stroke(lines, INK, 2) + stroke(thumb, INK, 2.4), f"scale({side} 1)")
    fingers: tuple[tuple[float, float, float, float], ...] = {
        "open": (
            (-13, 30, -22, 60),
            (-5, 34, -8, 71),
            (5, 34, 7, 71),
            (13, 30, 21, 62),
            (-16, 14, -34, 32),
        ),
        "peace": ((-7, 28, -17, 72), (5, 28, 14, 72)),
    }[kind]
    lines = "".join(f"M{a},{b} L{c},{d}" for a, b, c, d in fingers)
    palm = oval(0, 20, 21, 23, paint)
    ring = oval(0, 20, 21 + LINE * 0.4, 23 + LINE * 0.4, INK)
    crease = (
        stroke("M-8,34 q4,6 8,0 q4,6 8,0 M-16,18 C-6,14 2,18 4,26", INK, 2)
        if kind == "peace"
        else stroke("M-10,14 Q-2,28 -8,38 M-4,12 Q8,20 14,18", shade, 2.4)
    )
    wrist = shape("M-13,-8 L13,-8 L15,14 L-15,14Z", paint, line=0)
    out = ring + stroke(lines, INK, 17.5) + stroke(lines, paint, 11) + palm + wrist + crease
    return moved(out, f"scale({side} 1)")
