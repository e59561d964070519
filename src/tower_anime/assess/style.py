"""How a picture is drawn, in numbers, whatever it shows; and whether it is drawn like others.

Palette, tone curve, saturation, line weight, edges, texture and grain of pictures that belong
together define a style: their mean and how they vary, together. Some of the numbers hardly depend
on what is shown, and tell a grade apart: how black the ink is and of which tint, how white the
whites, how finely tones pass into each other. A new picture is compared by its
distance (Mahalanobis) in that spread. What is far is set by the pictures themselves: each is held
against the others, and the distances found (log-normal, nearly) say how far a further one of the
same style may lie.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from tower_anime.domain.frame import Frame, Plane
from tower_anime.domain.quality import Action, Assessment, Defect, Measured, Profile, Verdict

RECIPE = "3"
"""Version of the numbers below; those of another recipe are not compared."""

ENOUGH = 20
"""Pictures from which on their own distances tell what is far."""

RECENT = 10
"""The newest pictures, held against those before them: has the style moved?"""

MOVED = 0.5
"""The share of them from which on it has; of one style some 4 % are off."""

HALF_LIFE = 100
"""Pictures after which one counts half; styles move on."""

KIND = "off_style"
NAMED_FROM = 0.33  # as for all defects: the severity of a picture just beyond its style

_SIDE_PX = 512
_TILE_PX = 16
_HUES = 6
_CHANNELS = ("red", "green", "blue")
_USUAL_FINE, _USUAL_MIDDLE = 0.6, 0.9  # shares of a picture without any line
_CLEAR = 12.0  # of L: how much darker than beside it a line is at least
_FINE = 3  # of 255: steps that the eye takes for a gradient
_SEEN = 2e-4  # share of the pixels from which on a tone counts
_MOST = 200  # the newest pictures of a style
_BEFORE = 0.25  # what pictures from before a move count; as outcomes before a change of results
_FAR = 2.0  # deviations of ln distance: some 3 % of a style's further pictures lie beyond
_DOUBTED = (
    0.05  # of the usual variance that is added to a style's own: few pictures vary too little
)
_PULL = 0.4  # how many rows a feature is worth, against correlations by chance
_NEAREST = 2.0  # distances below tell nothing: copies of one picture are no style
_STEEP = 0.6  # severity per relative distance beyond the bar; chosen by hand on drawn styles

_MEANT = re.compile(
    r"\b(flashback|dream sequence|daydream|imagination|(different|another|other) (art )?style|"
    r"style change|monochrome|gr[ae]yscale|black and white|pixel art|silhouette|sketch|"
    r"chibi|storyboard|rough sketch|concept sketch|eyecatch|opening sequence|"
    r"ending sequence|title card|in-universe (film|show|manga))\b",
    re.IGNORECASE,
)

_Vector = NDArray[np.float64]
_Plane = NDArray[Any]  # of floats

# Name → (what is more of it, what is less, usual deviation within one style). The deviations are
# pooled from pictures of one hand each: game portraits and backgrounds, and the sandbox's.
FEATURES: Mapping[str, tuple[str, str, float]] = {
    "lightness": ("brighter", "darker", 8.4),
    "green_red": ("redder", "greener", 7.3),
    "blue_yellow": ("yellower", "bluer", 10.4),
    "saturation": ("more saturated", "less saturated", 4.2),
    "saturation_high": ("stronger colours", "paler colours", 10.1),
    **{
        f"hue_{n}": (f"more {name}", f"less {name}", 0.17)
        for n, name in enumerate(("red", "yellow", "green", "cyan", "blue", "magenta"))
    },
    "shadows": ("lighter shadows", "deeper shadows", 7.3),
    "middle": ("lighter middle tones", "darker middle tones", 15.9),
    "highlights": ("brighter highlights", "duller highlights", 3.6),
    "contrast": ("more contrast", "less contrast", 3.1),
    "black_point": ("paler blacks", "deeper blacks", 1.5),
    "white_point": ("brighter whites", "duller whites", 2.0),
    "ink_red": ("redder darks", "greener darks", 1.5),
    "ink_yellow": ("yellower darks", "bluer darks", 2.0),
    "black_red": ("more red in the darkest parts", "less red in the darkest parts", 11.9),
    "black_green": ("more green in the darkest parts", "less green in the darkest parts", 10.4),
    "black_blue": ("more blue in the darkest parts", "less blue in the darkest parts", 11.0),
    "white_red": ("more red in the lightest parts", "less red in the lightest parts", 10.0),
    "white_green": ("more green in the lightest parts", "less green in the lightest parts", 16.3),
    "white_blue": ("more blue in the lightest parts", "less blue in the lightest parts", 17.6),
    "paper_red": ("redder whites", "greener whites", 3.5),
    "paper_yellow": ("yellower whites", "bluer whites", 7.3),
    "line_lightness": ("paler lines", "darker lines", 6.5),
    "line_red": ("redder lines", "greener lines", 4.7),
    "line_yellow": ("yellower lines", "bluer lines", 6.4),
    "gradients": ("more fine gradients", "fewer fine gradients", 0.25),
    "levels": ("more tones", "fewer tones", 0.15),
    "line_ink": ("more lines", "fewer lines", 0.32),
    "line_weight": ("heavier lines", "finer lines", 0.17),
    "strokes_fine": ("finer strokes", "broader strokes", 0.107),
    "strokes_middle": ("fewer broad strokes", "more broad strokes", 0.145),
    "edges": ("more edges", "fewer edges", 0.26),
    "edge_steepness": ("harder edges", "softer edges", 0.074),
    "flatness": ("flatter fills", "fewer flat fills", 0.088),
    "texture_fine": ("more fine texture", "less fine texture", 0.54),
    "texture_middle": ("more texture", "less texture", 0.47),
    "texture_coarse": ("more coarse texture", "less coarse texture", 0.58),
    "grain": ("more grain", "less grain", 0.1),
}


COLOURS = frozenset(
    (
        "lightness",
        "green_red",
        "blue_yellow",
        "saturation",
        "saturation_high",
        "shadows",
        "middle",
        "highlights",
        "contrast",
        "black_point",
        "white_point",
        "ink_red",
        "ink_yellow",
        "line_lightness",
        *(f"{end}_{channel}" for end in ("black", "white") for channel in _CHANNELS),
        *(f"{part}_{way}" for part in ("paper", "line") for way in ("red", "yellow")),
        *(f"hue_{number}" for number in range(_HUES)),
    )
)
"""What of a style a change of colours and tones can move; the others are the hand's."""

_OF_HAND = [at for at, name in enumerate(FEATURES) if name not in COLOURS]

DISTANCE = "style_distance"
"""Measurement: how far a picture is from its project's style; 1 is the bar of its own pictures."""

_OF_LIGHT = frozenset(
    ("underexposed", "overexposed", "oversaturated", "low_contrast", "color_cast")
)
"""Defects that a prompt forgives whose words ask for a light or for colours."""

HAND = "style_hand"
"""Measurement: how far lines, edges and texture are off by themselves; 1 is their bar."""


@dataclass(frozen=True)
class Style:
    """A measured style: `mean` and inverse covariance of `FEATURES`, and how far its own lie."""

    pictures: int
    mean: _Vector
    spread: _Vector
    inverse: _Plane
    bar: float


@dataclass(frozen=True)
class Likeness:
    """How far a picture is from a style: `distance` 1 is its bar; `differs` from most to least.

    Each difference is in deviations of the style's own pictures. `hand` is the distance of what
    no change of colours can move.
    """

    distance: float
    hand: float
    differs: tuple[tuple[str, float], ...]

    @property
    def off(self) -> bool:
        """Whether it is farther off than the style's own pictures are."""
        return self.distance > 1.0

    def words(self, most: int = 3) -> str:
        """Say what differs."""
        said = [_words(name, by) for name, by in self.differs if abs(by) >= 1]
        return ", ".join(said[:most]) or "the whole, in small things"


def _words(name: str, by: float) -> str:
    more, less, _ = FEATURES[name]
    return more if by > 0 else less


# ---- measuring ----------------------------------------------------------------------------------


def measure(frame: Frame) -> dict[str, float]:
    """Return the numbers of a picture's style, those of `FEATURES`; some 20 ms."""
    factor = _SIDE_PX / max(frame.shape[:2])
    sides = tuple(max(2 * _TILE_PX, round(side * factor)) for side in frame.shape[1::-1])
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    small = cast("Frame", cv2.resize(frame, sides, interpolation=way))
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    light = np.ascontiguousarray(lab[..., 0])
    return {
        **_colours(lab),
        **_tones(lab, light),
        **_ends(small, lab, light),
        **_lines(lab, light),
        **_texture(light),
        **_grain(frame),
    }


def _colours(lab: _Plane) -> dict[str, float]:
    a, b = lab[..., 1], lab[..., 2]
    chroma, angle = cv2.cartToPolar(a, b)
    hue = (angle * (_HUES / (2 * np.pi)) + 0.5).astype(np.int8) % _HUES
    weights = np.bincount(hue.ravel(), weights=chroma.ravel(), minlength=_HUES)[:_HUES]
    shares = np.sqrt(weights / (weights.sum() + 2.0 * chroma.size))
    return {
        "lightness": float(lab[..., 0].mean()),
        "green_red": float(a.mean()),
        "blue_yellow": float(b.mean()),
        "saturation": float(chroma.mean()),
        "saturation_high": float(np.percentile(chroma, 90)),
        **{f"hue_{number}": float(share) for number, share in enumerate(shares)},
    }


def _tones(lab: _Plane, light: _Plane) -> dict[str, float]:
    black, ink, low, middle, high, white = np.percentile(light, (1, 3, 5, 50, 95, 99.8))
    dark = lab[light <= ink]
    return {
        "shadows": float(low),
        "middle": float(middle),
        "highlights": float(high),
        "contrast": float(light.std()),
        "black_point": float(black),
        "white_point": float(white),
        "ink_red": float(dark[:, 1].mean()),
        "ink_yellow": float(dark[:, 2].mean()),
    }


def _ends(small: Frame, lab: _Plane, light: _Plane) -> dict[str, float]:
    """Where each channel begins and ends, which a grade moves at once; the tint of the whites."""
    found = dict[str, float]()
    for at, channel in enumerate(_CHANNELS):
        shares = np.cumsum(_shares(np.ascontiguousarray(small[..., at])))
        found[f"black_{channel}"] = float(np.searchsorted(shares, 0.005))
        found[f"white_{channel}"] = float(np.searchsorted(shares, 0.998))
    tint = lab[light >= _quantile(light, 0.995)][:, 1:].mean(axis=0)
    return {**found, "paper_red": float(tint[0]), "paper_yellow": float(tint[1])}


def _quantile(plane: _Plane, share: float) -> float:
    at = int(plane.size * share)
    return float(np.partition(plane.ravel(), at)[at])


def _lines(lab: _Plane, light: _Plane) -> dict[str, float]:
    """Dark strokes by closing (black hat) with three widths; edges by their steepest slope.

    The clearest strokes tell the colour of the ink, and how much of them fits into 3 and 5 px how
    broad they are.
    """
    fine, middle, broad = (_ink(light, width) for width in (3, 5, 9))
    thin, thick = float(fine.mean()), float(broad.mean())
    clear = broad >= _CLEAR
    ink = float(broad[clear].sum()) if clear.any() else 0.0
    strokes = lab[broad >= max(_quantile(broad, 0.99), 1e-3)]
    colour = np.median(strokes, axis=0) if len(strokes) else np.zeros(3)
    slope = _slope(light)
    soft = _slope(cv2.GaussianBlur(light, (0, 0), 2.0))
    strong = slope > 60.0  # of 8 per level of L: clear to the eye
    return {
        "line_lightness": float(colour[0]),
        "line_red": float(colour[1]),
        "line_yellow": float(colour[2]),
        "line_ink": math.log(thick + 0.1),
        "line_weight": math.log((thick + 0.1) / (thin + 0.1)),
        "strokes_fine": float(fine[clear].sum()) / ink if ink else _USUAL_FINE,
        "strokes_middle": float(middle[clear].sum()) / ink if ink else _USUAL_MIDDLE,
        "edges": math.log(float(strong.mean()) + 0.005),
        "edge_steepness": math.log((float(slope[strong].mean()) if strong.any() else 60.0) / 60.0)
        - 0.5 * math.log((float(soft[strong].mean()) if strong.any() else 30.0) / 30.0 + 0.1),
    }


def _slope(light: _Plane) -> _Plane:
    across = cv2.Sobel(light, cv2.CV_32F, 1, 0, ksize=3)
    down = cv2.Sobel(light, cv2.CV_32F, 0, 1, ksize=3)
    return cv2.magnitude(across, down)


def _ink(light: _Plane, width: int) -> _Plane:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    return cv2.morphologyEx(light, cv2.MORPH_BLACKHAT, kernel)


def _texture(light: _Plane) -> dict[str, float]:
    """Bands of detail in the calmer half of the tiles, where no outline is."""
    levels = [light, *(cv2.GaussianBlur(light, (0, 0), sigma) for sigma in (0.8, 1.6, 3.2))]
    bands = [_tiles(np.abs(a - b)) for a, b in pairwise(levels)]
    fine, middle, coarse = (float(np.percentile(band, 40)) for band in bands)
    return {
        "texture_fine": math.log(fine + 0.05),
        "texture_middle": math.log(middle + 0.05),
        "texture_coarse": math.log(coarse + 0.05),
        "flatness": float((bands[0] + bands[1] < 0.5).mean()),
    }


def _tiles(plane: _Plane) -> _Plane:
    height, width = (max(1, side // _TILE_PX) for side in plane.shape)
    tiles: _Plane = cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA)
    return tiles


def _grain(frame: Frame) -> dict[str, float]:
    """At full size: finest differences in the calmest tenth of the tiles; how tones pass."""
    luma = cast("Plane", cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY))
    fine = np.abs(luma.astype(np.float32) - cv2.blur(luma, (3, 3)).astype(np.float32))
    steps = _shares(cv2.absdiff(luma[:, 1:], luma[:, :-1]))
    return {
        "gradients": math.log(float(steps[1 : _FINE + 1].sum()) + 0.01),
        "levels": math.log(max(1, int((_shares(luma) > _SEEN).sum()))),
        "grain": math.log(float(np.percentile(_tiles(fine), 10)) + 0.05),
    }


def _shares(plane: _Plane) -> _Plane:
    """Return which share of the values is 0, 1 … 255."""
    return cv2.calcHist([plane], [0], None, [256], [0, 256]).ravel() / plane.size


# ---- comparing ----------------------------------------------------------------------------------


def style_of(measured: Sequence[Mapping[str, float]]) -> Style | None:
    """Return the style of pictures (newest last); None while they are too few to tell.

    Older pictures count less. Those from before the style moved count a quarter, and nothing once
    there are enough of the new style, so that it follows what people approve.
    """
    if len(measured) < ENOUGH:
        return None
    rows = np.array([_vector(one) for one in measured[-_MOST:]])
    counts = _by_age(len(rows))
    newer = _since_it_moved(rows, counts)
    if newer is None:
        return _style(rows, counts)
    if newer >= ENOUGH:
        return _style(rows[-newer:], counts[-newer:])
    counts[:-newer] *= _BEFORE
    return _style(rows, counts)


def _style(rows: _Vector, counts: _Vector) -> Style:
    mean, covariance = (one[0] for one in _spread(rows, counts, without=None))
    apart = np.log(np.maximum(_apart(rows, counts), _NEAREST))
    middle = float(np.average(apart, weights=counts))
    spread = math.sqrt(float(np.average((apart - middle) ** 2, weights=counts)) * _unbiased(counts))
    return Style(
        pictures=len(rows),
        mean=mean,
        spread=np.sqrt(np.diag(covariance)),
        inverse=np.linalg.inv(covariance),
        bar=math.exp(middle + _FAR * spread),
    )


def _by_age(number: int) -> _Vector:
    counts: _Vector = 0.5 ** (np.arange(number - 1, -1, -1) / HALF_LIFE)
    return counts


def _since_it_moved(rows: _Vector, counts: _Vector) -> int | None:
    """Return how many pictures there are since most of them left the style of those before.

    Looked at is the place where what is before and after differs most.
    """
    number = len(rows)
    if number < ENOUGH + RECENT:
        return None
    level = (rows - rows.mean(axis=0)) / (rows.std(axis=0) + 1e-9)
    places = np.arange(ENOUGH, number - RECENT + 1)
    sums = np.cumsum(level, axis=0)[places - 1]
    gain = (sums**2).sum(axis=1) * number / (places * (number - places))
    before = int(places[np.argmax(gain)])
    old = _style(rows[:before], counts[:before])
    off = float((_distances(rows[before:], old) > old.bar).mean())
    return number - before if off >= MOVED else None


def _distances(rows: _Vector, style: Style) -> _Vector:
    apart = rows - style.mean
    far: _Vector = np.sqrt(np.maximum(((apart @ style.inverse) * apart).sum(axis=1), 0.0))
    return far


def moved(measured: Sequence[Mapping[str, float]]) -> float | None:
    """Return which share of the newest pictures is off the style of those before them.

    None while they are too few to tell.
    """
    before = style_of(measured[:-RECENT])
    if before is None:
        return None
    return sum(compare(one, before).off for one in measured[-RECENT:]) / RECENT


def compare(measured: Mapping[str, float], style: Style) -> Likeness:
    """Return how far a picture is from a style."""
    apart = _vector(measured) - style.mean
    distance = math.sqrt(max(0.0, float(apart @ style.inverse @ apart)))
    by = apart / style.spread
    order = np.argsort(-np.abs(by), kind="stable")
    names = list(FEATURES)
    bar = max(style.bar, 1e-9)
    return Likeness(
        distance=distance / bar,
        hand=_by_hand(apart, style) / (bar * math.sqrt(len(_OF_HAND) / len(names))),
        differs=tuple((names[at], round(float(by[at]), 2)) for at in order),
    )


def _by_hand(apart: _Vector, style: Style) -> float:
    """Return the distance that is left with the colours wherever they fit best."""
    spread = np.linalg.inv(style.inverse)[np.ix_(_OF_HAND, _OF_HAND)]
    own = apart[_OF_HAND]
    return math.sqrt(max(0.0, float(own @ np.linalg.solve(spread, own))))


def judged(
    assessment: Assessment,
    likeness: Likeness,
    *,
    profile: Profile,
    counts: bool,
    meant: bool,
) -> Assessment:
    """Return an assessment that also says how far the picture is from its project's style.

    `counts`: being off it costs score where the profile says nothing else; `meant`: the request
    asks for another style, so that nothing is held against it. Where it asks for a light or for
    colours, as a night does, only the hand is compared: lines, edges, texture.
    """
    if _OF_LIGHT & assessment.relaxed.keys():
        differs = tuple(one for one in likeness.differs if one[0] not in COLOURS)
        likeness = replace(likeness, distance=likeness.hand, differs=differs or likeness.differs)
    measured = {
        **assessment.measurements,
        DISTANCE: Measured(round(likeness.distance, 3)),
        HAND: Measured(round(likeness.hand, 3)),
    }
    name, by = likeness.differs[0]
    return held_against(
        replace(assessment, measurements=measured),
        likeness.distance,
        message=f"not drawn like the project's approved pictures: {likeness.words()}",
        measurement=f"style {name}{'+' if by > 0 else '-'}",
        profile=profile,
        counts=counts,
        meant=meant,
    )


def held_against(
    assessment: Assessment,
    distance: float,
    *,
    message: str,
    measurement: str,
    profile: Profile,
    counts: bool,
    meant: bool,
) -> Assessment:
    """Return an assessment with what a distance means by a profile, as `judged` does.

    `message` and `measurement` tell what differs most.
    """
    forgiven = 1.0 if meant else min(max(profile.relax.get(KIND, 0.0), 0.0), 1.0)
    if forgiven:
        assessment = replace(assessment, relaxed={**assessment.relaxed, KIND: forgiven})
    action = profile.actions.get(KIND, None if counts else Action.OFF)
    if distance <= 1.0 or action is Action.OFF or assessment.score is None:
        return assessment
    amount = (_STEEP * (distance - 1.0) - math.log(1.0 - NAMED_FROM)) * (1.0 - forgiven)
    severity, acts_from = -math.expm1(-amount), profile.severities.get(KIND, NAMED_FROM)
    if severity < min(NAMED_FROM, acts_from):
        return assessment
    lost = amount if action in (None, Action.REJECT) else 0.0
    before = -math.log(max(assessment.score, 1e-9))
    share = lost / (lost + before) if lost else 0.0
    others = tuple(replace(one, loss=one.loss * (1 - share)) for one in assessment.defects)
    defect = Defect(
        kind=KIND,
        severity=round(severity, 4),
        message=message,
        measurement=measurement,
        loss=share if assessment.defects else float(lost > 0),
    )
    score = assessment.score * math.exp(-lost)
    forbidden = action is Action.REJECT and severity >= acts_from
    rejects = forbidden or score < assessment.threshold
    return replace(
        assessment,
        score=score,
        verdict=Verdict.REJECT if rejects and lost else assessment.verdict,
        defects=tuple(sorted((*others, defect), key=lambda one: -one.loss)),
    )


def is_meant_to_differ(prompt: str) -> bool:
    """Whether a prompt says that its scene is drawn differently on purpose."""
    return _MEANT.search(prompt.replace("_", " ")) is not None


def _vector(measured: Mapping[str, float]) -> _Vector:
    return np.array([measured[name] for name in FEATURES])


def _spread(rows: _Vector, counts: _Vector, *, without: slice | None) -> tuple[_Vector, _Vector]:
    """Return mean and covariance, the latter pulled towards independent features, stacked.

    `without` leaves each of these rows out in turn; None: all rows stay, in a stack of one. The
    fewer rows, the stronger the pull.
    """
    left = np.zeros((1, 1)) if without is None else counts[without, None]
    total, squares = counts.sum() - left, (counts**2).sum() - left**2
    middle = np.average(rows, axis=0, weights=counts)
    out = np.zeros((1, rows.shape[1])) if without is None else rows[without] - middle
    mean = middle - left / total * out
    scatter = ((rows - middle) * counts[:, None]).T @ (rows - middle)
    own = scatter - (left * counts.sum() / total * out)[:, :, None] * out[:, None, :]
    own = own / (total - squares / total)[:, :, None]
    believed = _PULL * len(FEATURES)
    pull = (believed / (believed + total**2 / squares))[:, :, None]
    usual = np.array([figures[2] for figures in FEATURES.values()]) ** 2
    variances = np.einsum("nii->ni", own)
    covariance = (1 - pull) * own
    at = np.arange(len(FEATURES))
    covariance[:, at, at] = variances + _DOUBTED * usual
    return mean, covariance


def _apart(rows: _Vector, counts: _Vector) -> _Vector:
    """Return how far each row is from the others."""
    mean, covariance = _spread(rows, counts, without=slice(None))
    apart = rows - mean
    solved = np.linalg.solve(covariance, apart[:, :, None])[:, :, 0]
    far: _Vector = np.sqrt(np.maximum((apart * solved).sum(axis=1), 0.0))
    return far


def _unbiased(counts: _Vector) -> float:
    """Return by how much a variance is larger than its rows show (Kish's number of cases)."""
    cases = float(counts.sum() ** 2 / (counts**2).sum())
    return cases / (cases - 1)
