"""From signals to amounts of each defect: the curves fitted to them, the checks.

A signal (`signals`) rises with trouble. Its curve (`fitted`) says where it begins to hurt and how
fast; a gate says how far a circumstance holds, 0–1. A check multiplies them:

    amount = hurt(signal) · Π holds(when) · Π (1 − holds(unless))
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from string import Formatter

from tower_anime.assess.fitted import CURVES, GATES, WEIGHTS
from tower_anime.assess.signals import SIGNALS, Numbers

_STEEPEST = 60.0  # logistic gates beyond this are 0 or 1 in any arithmetic


@dataclass(frozen=True, kw_only=True)
class Check:
    """One way to a defect. `message` is a format string over the measurements."""

    name: str
    kind: str
    signal: str
    when: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    message: str

    @property
    def weight(self) -> float:
        """What one unit of amount takes from ln(score)."""
        return WEIGHTS[self.name]

    @cached_property
    def told(self) -> frozenset[str]:
        """The measurements that the message tells."""
        return frozenset(name for _, name, _, _ in Formatter().parse(self.message) if name)

    @property
    def evidence(self) -> str:
        """The measurement behind it."""
        return SIGNALS[self.signal].reads[0]


@dataclass(frozen=True)
class _Readable:
    """What can be told by measurements of certain names: signals, gates that can be had, checks.

    Each check, if its message can be told as well, with the gates that hold it up or down.
    """

    signals: tuple[tuple[str, Callable[[Numbers], float]], ...]
    gates: tuple[str, ...]
    checks: tuple[tuple[Check, tuple[str, ...], tuple[str, ...]], ...]


@lru_cache(maxsize=64)
def _readable(names: frozenset[str]) -> _Readable:
    signals = {name: it.of for name, it in SIGNALS.items() if names.issuperset(it.reads)}

    def known(gates: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(gate for gate in gates if gate in signals)

    checks = tuple(
        (check, known(check.when), known(check.unless))
        for check in CHECKS
        if check.signal in signals and names.issuperset(check.told)
    )
    gates = dict.fromkeys(gate for _, when, unless in checks for gate in (*when, *unless))
    return _Readable(tuple(signals.items()), tuple(gates), checks)


def signals_of(numbers: Numbers) -> dict[str, float]:
    """Return every signal whose measurements are there."""
    return {name: of(numbers) for name, of in _readable(frozenset(numbers)).signals}


def amounts(numbers: Numbers) -> Iterator[tuple[Check, float]]:
    """Yield each check that could be made with its amount, in the order of `CHECKS`.

    A circumstance that is not known neither gates nor forgives.
    """
    readable = _readable(frozenset(numbers))
    signals = {name: of(numbers) for name, of in readable.signals}
    held = {gate: holds(gate, signals[gate]) for gate in readable.gates}
    for check, when, unless in readable.checks:
        found = hurt(check.signal, signals[check.signal])
        for gate in when:
            found *= held[gate]
        for gate in unless:
            found *= 1.0 - held[gate]
        yield check, found


def hurt(signal: str, value: float) -> float:
    """Return how far `value` is beyond its onset, in scales, with a soft start (softplus)."""
    begins, scale, knee = CURVES[signal]
    x = (value - begins) / (scale * knee)
    return knee * (x + math.log1p(math.exp(-x)) if x > 0 else math.log1p(math.exp(x)))


def holds(gate: str, value: float) -> float:
    """Return how far a circumstance holds, 0–1 (logistic)."""
    middle, scale = GATES[gate]
    x = max(min((value - middle) / scale, _STEEPEST), -_STEEPEST)
    return 1.0 / (1.0 + math.exp(-x))


_SOFT = "soft: even its sharper edges are {edge_width:.1f} px wide"

CHECKS: tuple[Check, ...] = (
    Check(
        name="constant",
        kind="blank",
        signal="dull",
        message="nearly one colour: its pixels spread by {spread:.1f} of 255 levels",
    ),
    Check(
        name="static",
        kind="blank",
        signal="grainy",
        when=("unstructured",),
        message="nothing but noise of {noise_luma:.0f} levels: no shape in it",
    ),
    Check(
        name="undrawn",
        kind="partial_blank",
        signal="undrawn",
        unless=("dull",),
        message="an undrawn box of {flat_width:.0f}×{flat_height:.0f} px "
        "covers {flat_share:.0%} of the picture",
    ),
    Check(
        name="soft",
        kind="blur",
        signal="soft",
        unless=("directional", "lattice"),
        message=_SOFT,
    ),
    Check(
        name="enlarged",
        kind="upscaled",
        signal="soft",
        when=("lattice",),
        unless=("directional",),
        message="enlarged: edges {edge_width:.1f} px wide and the lattice of an interpolation: "
        "the real resolution is lower",
    ),
    Check(
        name="mosaic",
        kind="upscaled",
        signal="mosaic",
        message="pixelated: enlarged by repeating pixels, the real resolution is lower "
        "({mosaic:.1f})",
    ),
    Check(
        name="smeared",
        kind="motion_blur",
        signal="smeared",
        when=("dragged",),
        unless=("shifted", "torn", "blocks"),
        message="smeared along one direction, by some {smear:.0f} px",
    ),
    Check(
        name="soft_one_way",
        kind="motion_blur",
        signal="soft",
        when=("directional",),
        message="smeared along one direction: its edges are {edge_width:.1f} px wide",
    ),
    Check(
        name="noise",
        kind="noise",
        signal="noise_luma",
        unless=("swimming",),
        message="grainy: noise of {noise_luma:.1f} levels in its calmest areas",
    ),
    Check(
        name="colour_noise",
        kind="noise",
        signal="noise_chroma",
        unless=("swimming",),
        message="colour noise of {noise_chroma:.1f} levels in its calmest areas",
    ),
    Check(
        name="coarse_colour_noise",
        kind="noise",
        signal="residue_chroma",
        unless=("swimming",),
        message="colour noise: blotches of {residual_chroma:.1f} levels in its calmest areas",
    ),
    *(
        Check(
            name=name,
            kind="undersampled",
            signal=name,
            when=when,
            unless=("textured",) if name == "residue_luma" else (),
            message="unresolved: blotches of {residual_luma:.1f} levels (colour "
            "{residual_chroma:.1f}) where it should be calm, as from too few steps",
        )
        for name, when in (
            ("residue_luma", ()),
            ("residue_chroma", ("swimming",)),
            ("residue_coarse", ()),
        )
    ),
    Check(
        name="unsettled",
        kind="undersampled",
        signal="noise_chroma",
        when=("swimming",),
        message="unresolved: colour noise of {noise_chroma:.1f} levels among blotches of "
        "{residual_luma:.1f}, as from too few steps",
    ),
    Check(
        name="mottled",
        kind="undersampled",
        signal="mottled",
        message="unresolved: patches of colour noise of {mottle:.1f} levels where it should be "
        "smooth, as from too few steps",
    ),
    Check(
        name="veiled",
        kind="low_contrast",
        signal="veiled",
        when=("flat_locally",),
        unless=("whited", "contrasted"),
        message="flat: tones from {luma_low:.0f} to {luma_high:.0f} of 255, "
        "local contrast {local_contrast:.0f}",
    ),
    Check(
        name="dark",
        kind="underexposed",
        signal="dark",
        message="too dark: mean {light_mean:.0f} of 255, highlights at {light_high:.0f}",
    ),
    Check(
        name="crushed",
        kind="underexposed",
        signal="crushed",
        when=("dark",),
        message="too dark: {crushed:.0%} of it is black, mean {luma_mean:.0f} of 255",
    ),
    Check(
        name="unlit",
        kind="underexposed",
        signal="unlit",
        message="too dark: nothing in it is lighter than {light_top:.0f} of 255",
    ),
    Check(
        name="dim",
        kind="underexposed",
        signal="dim",
        when=("dark",),
        message="too dark: half of what is drawn is below {light_middle:.0f} of 255",
    ),
    Check(
        name="lost_light",
        kind="overexposed",
        signal="lost_light",
        message="washed out: {blown:.0%} of it is pure white, {pale:.0%} has lost a channel, "
        "shadows begin at {luma_low:.0f} of 255",
    ),
    Check(
        name="faded",
        kind="overexposed",
        signal="veiled",
        when=("flat_locally", "blown_out"),
        message="washed out: no tone is darker than {luma_low:.0f} of 255, {blown:.0%} is pure "
        "white",
    ),
    *(
        Check(
            name=name,
            kind=kind,
            signal="combed",
            when=when,
            unless=unless,
            message=told + ": {tones_missing:.0%} of its tones are missing, as light was stretched",
        )
        for name, kind, told, when, unless in (
            ("bent", "underexposed", "too dark", (), ("whitened",)),
            ("stretched", "overexposed", "washed out", ("whitened",), ()),
        )
    ),
    Check(
        name="burnt",
        kind="oversaturated",
        signal="burnt",
        message="burnt: {gamut_clipped:.0%} of it has lost its shades to a clipped colour "
        "(mean chroma {chroma_mean:.0f} of 255), as from a CFG too high",
    ),
    Check(
        name="at_the_wall",
        kind="oversaturated",
        signal="at_the_wall",
        when=("loud", "harsh"),
        message="burnt: {gamut_touched:.0%} of it touches the limits of colour "
        "(chroma up to {chroma_high:.0f} of 255), as from a CFG too high",
    ),
    Check(
        name="glaring",
        kind="oversaturated",
        signal="at_the_wall",
        when=("stark",),
        message="burnt: {gamut_touched:.0%} of it touches the limits of colour, with a local "
        "contrast of {local_contrast:.0f} of 255, as from a CFG too high",
    ),
    Check(
        name="speckled",
        kind="oversaturated",
        signal="speckled",
        when=("at_the_wall", "in_all_tones", "clumped"),
        unless=("speckled",),  # more than specks: noise, and what too few steps leave
        message="burnt: specks of {noise_luma:.1f} levels (colour {noise_chroma:.1f}) in its "
        "calmest areas, {gamut_touched:.0%} of it at the limits of colour, as from a CFG too high",
    ),
    Check(
        name="cast",
        kind="color_cast",
        signal="cast",
        message="tinted: even its most neutral pixels are {cast:.0f} levels off grey, one way",
    ),
    Check(
        name="missing_tones",
        kind="banding",
        signal="missing_tones",
        when=("contours",),
        unless=("lost_light",),
        message="posterised: only every {tone_gap:.0f}th tone occurs",
    ),
    Check(
        name="contours",
        kind="banding",
        signal="contours",
        when=("missing_tones",),
        message="banded: false contours on {contours:.1%} of its lines, "
        "tones {tone_gap:.0f} levels apart",
    ),
    Check(
        name="grid",
        kind="compression",
        signal="grid",
        message="coded too strongly: steps follow the blocks of a codec ({grid:.2f} of their mean)",
    ),
    Check(
        name="blocks",
        kind="compression",
        signal="blocks",
        message="blocky: steps at the borders of 8×8 blocks are {blocks:.1f} means higher",
    ),
    Check(
        name="macroblocks",
        kind="compression",
        signal="macroblocks",
        message="coded too strongly: detail is lost within the 16×16 blocks of a codec "
        "(by {macroblocks:.1f})",
    ),
    Check(
        name="coded",
        kind="compression",
        signal="coded",
        when=("grid",),
        message="coded too strongly: detail is lost within the 16×16 blocks of a codec "
        "(by {macroblocks:.1f}), and steps follow them ({grid:.2f} of their mean)",
    ),
    Check(
        name="cloned",
        kind="tiling",
        signal="cloned",
        unless=("repeats",),
        message="repeats itself: {cloned:.0%} of its landmarks lie in regions that stand there "
        "twice",
    ),
    Check(
        name="repeats",
        kind="tiling",
        signal="repeats",
        message="repeats itself: parts of it stand there twice to the pixel "
        "({repetition:.0%} of its detail)",
    ),
    Check(
        name="copied",
        kind="tiling",
        signal="copied",
        when=("repeats",),
        message="repeats itself: many parts of it stand there twice to the pixel "
        "({repetition:.0%} of its detail)",
    ),
    Check(
        name="torn",
        kind="corrupt",
        signal="torn",
        message="torn: {torn_lines:.1%} of its lines don't belong where they are",
    ),
    Check(
        name="shifted",
        kind="corrupt",
        signal="shifted",
        message="torn: it goes on shifted sideways below {shifted_strips:.0f} lines",
    ),
    Check(
        name="resolution",
        kind="resolution",
        signal="shortfall",
        message="{width:.0f}×{height:.0f} px is small: "
        "the profile asks for the area of {min_width:.0f}×{min_height:.0f} px",
    ),
)
"""All checks of a still, in the order of reports. A kind's amounts and losses add up."""
