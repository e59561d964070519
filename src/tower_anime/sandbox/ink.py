"""SVG primitives of the drawing: paths with ink, tapered limbs, clips, gradients."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

from tower_anime.sandbox.palette import INK

Point: TypeAlias = tuple[float, float]

LINE = 4.5


def shape(d: str, fill: str, *, line: float = LINE, extra: str = "") -> str:
    """Return a filled path with an ink outline; `line` 0 leaves the outline out."""
    ink = f' stroke="{INK}" stroke-width="{line:g}" stroke-linejoin="round"' if line else ""
    return f'<path d="{d}" fill="{fill}"{ink}{extra}/>'


def stroke(d: str, ink: str, width: float, *, opacity: float = 1.0) -> str:
    """Return an open line with round ends."""
    faint = f' stroke-opacity="{opacity:g}"' if opacity < 1 else ""
    return (
        f'<path d="{d}" fill="none" stroke="{ink}" stroke-width="{width:g}"{faint} '
        'stroke-linecap="round" stroke-linejoin="round"/>'
    )


def oval(x: float, y: float, rx: float, ry: float, fill: str, line: float = 0.0) -> str:
    """Return an ellipse."""
    ink = f' stroke="{INK}" stroke-width="{line:g}"' if line else ""
    return f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{rx:.1f}" ry="{ry:.1f}" fill="{fill}"{ink}/>'


def veil(d: str, fill: str, opacity: float) -> str:
    """Return a translucent patch without outline."""
    return f'<path d="{d}" fill="{fill}" fill-opacity="{opacity:.2f}"/>'


def clipped(name: str, outline: str, content: str) -> str:
    """Return `content` cut to an outline; `name` must be the only one in the picture."""
    return (
        f'<clipPath id="{name}"><path d="{outline}"/></clipPath>'
        f'<g clip-path="url(#{name})">{content}</g>'
    )


def moved(content: str, transform: str) -> str:
    """Return a group with an SVG transform."""
    return f'<g transform="{transform}">{content}</g>' if content else ""


def mirrored(part: str, side: int) -> str:
    """Return `part` as drawn for the right (1), or flipped to the left (−1)."""
    return part if side > 0 else moved(part, "scale(-1 1)")


def fade(name: str, stops: Sequence[tuple[float, str, float]], *, across: bool = False) -> str:
    """Return a linear gradient of (place, colour, opacity), downwards or `across`."""
    end = 'x2="1" y2="0"' if across else 'x2="0" y2="1"'
    return f'<linearGradient id="{name}" {end}>{_stops(stops)}</linearGradient>'


def halo(name: str, stops: Sequence[tuple[float, str, float]]) -> str:
    """Return a radial gradient of (place, colour, opacity)."""
    return f'<radialGradient id="{name}">{_stops(stops)}</radialGradient>'


def _stops(stops: Sequence[tuple[float, str, float]]) -> str:
    return "".join(
        f'<stop offset="{at:g}" stop-color="{paint}" stop-opacity="{opacity:g}"/>'
        for at, paint, opacity in stops
    )


def smooth(points: Sequence[Point], *, closed: bool = False) -> str:
    """Return a path that runs smoothly by the points (quadratic curves between the middles)."""
    if closed:
        middles = [_middle(a, b) for a, b in zip(points, [*points[1:], points[0]], strict=True)]
        start = middles[-1]
        turns = zip(points, middles, strict=True)
        return f"M{_at(start)}" + "".join(f"Q{_at(p)} {_at(m)}" for p, m in turns) + "Z"
    out = f"M{_at(points[0])}"
    for here, after in pairwise(points[1:]):
        out += f"Q{_at(here)} {_at(_middle(here, after) if after != points[-1] else after)}"
    return out if len(points) > 2 else f"{out}L{_at(points[-1])}"


def tube(
    joints: Sequence[Point],
    widths: Sequence[float],
    *,
    begin: float = 0.0,
    end: float = 1.0,
    round_begin: bool = False,
    round_end: bool = False,
) -> str:
    """Return a limb as a closed path along its joints, from share `begin` to `end` of its length.

    `widths` are spread evenly over the whole limb.
    """
    line = _bent(joints)
    first, last = round(begin * (len(line) - 1)), round(end * (len(line) - 1))
    left, right = [], []
    for i in range(first, last + 1):
        x, y = line[i]
        (ax, ay), (bx, by) = line[max(0, i - 1)], line[min(len(line) - 1, i + 1)]
        length = math.hypot(bx - ax, by - ay) or 1.0
        half = _along(widths, i / (len(line) - 1)) / 2 / length
        left.append((x - (by - ay) * half, y + (bx - ax) * half))
        right.append((x + (by - ay) * half, y - (bx - ax) * half))
    near, far = _along(widths, begin) / 2, _along(widths, end) / 2
    return (
        "M"
        + " L".join(_at(p) for p in left)
        + (f"A{far:.1f},{far:.1f} 0 0 0 {_at(right[-1])} L" if round_end else " L")
        + " L".join(_at(p) for p in right[::-1])
        + (f"A{near:.1f},{near:.1f} 0 0 0 {_at(left[0])}Z" if round_begin else "Z")
    )


def flank(
    joints: Sequence[Point],
    widths: Sequence[float],
    *,
    side: int,
    share: float,
    begin: float = 0.0,
    end: float = 1.0,
) -> str:
    """Return the strip along one side of a limb (−1 left, 1 right of one that hangs down).

    It takes `share` (0–1) of the limb's width, within the outline, and tapers at both ends.
    """
    line = _bent(joints)
    first, last = round(begin * (len(line) - 1)), round(end * (len(line) - 1))
    turned = side if joints[1][1] >= joints[0][1] else -side
    outer, inner = [], []
    for i in range(first, last + 1):
        x, y = line[i]
        (ax, ay), (bx, by) = line[max(0, i - 1)], line[min(len(line) - 1, i + 1)]
        length = math.hypot(bx - ax, by - ay) or 1.0
        half = max(0.0, _along(widths, i / (len(line) - 1)) / 2 - LINE / 2)
        deep = share * min(1.0, (i - first) / 3, (last - i) / 3)
        across = turned * (by - ay) / length, -turned * (bx - ax) / length
        outer.append((x + across[0] * half, y + across[1] * half))
        inner.append((x + across[0] * half * (1 - 2 * deep), y + across[1] * half * (1 - 2 * deep)))
    return "M" + " L".join(_at(p) for p in [*outer, *inner[::-1]]) + "Z"


def heading_deg(start: Point, end: Point) -> float:
    """Return the turn that takes straight down to the direction of the line (SVG degrees)."""
    return math.degrees(math.atan2(-(end[0] - start[0]), end[1] - start[1]))


def _bent(joints: Sequence[Point]) -> list[Point]:
    """Return some twenty points along the joints, inner ones rounded."""
    if len(joints) == 2:
        (ax, ay), (bx, by) = joints
        return [(ax + (bx - ax) * i / 8, ay + (by - ay) * i / 8) for i in range(9)]
    a, b, c = joints
    out: list[Point] = []
    for i in range(17):
        t = i / 16
        if t < 0.38:
            out.append(between(a, b, t / 0.5))
        elif t > 0.62:
            out.append(between(b, c, (t - 0.5) / 0.5))
        else:
            u = (t - 0.38) / 0.24
            p, q = between(a, b, 0.76), between(b, c, 0.24)
            out.append(between(between(p, b, u), between(b, q, u), u))
    return out


def _along(widths: Sequence[float], share: float) -> float:
    at = share * (len(widths) - 1)
    i = min(int(at), len(widths) - 2)
    return widths[i] + (widths[i + 1] - widths[i]) * (at - i)


def between(a: Point, b: Point, share: float) -> Point:
    """Return the point at a share of the way from one to the other."""
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share


def _middle(a: Point, b: Point) -> Point:
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2


def _at(point: Point) -> str:
    return f"{point[0]:.1f},{point[1]:.1f}"
