"""Signals of a still: figures that rise with trouble, made of measurements."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

Numbers: TypeAlias = Mapping[str, float]

_LUMA_LEAK, _CHROMA_LEAK = 0.27, 0.5  # σ of white noise that is left at quarter size, as measured
_COARSE_LEAK = 0.13
_EVEN = 1.3  # times the calmest tiles' noise: the noisier ones, where noise is even
_GRAIN_RUNS_FINER = 0.8  # ln; texture is coarse grain, noise is fine
_COLOURLESS = 6.0  # levels of chroma up to which what is left can't have colour
_SHARP = 1.2  # px; where no edge is
_DIRECTIONAL = 1.2  # ln; more says no more
_FEW_SPECKS, _COLOUR_RISES = 0.9, 0.6  # levels; with more colour in them, blotches are likelier
_LUMA_RUNS_FINER = 0.3  # specks of guidance: their luma has finer grain than their colour
_VEIL = 30.0  # levels of haze that do not make a dark picture flat
_COLOURED = 0.9  # of the widest channel's span: colours stand apart where tones don't
_REPEATED = 0.3  # higher peaks say no more: the copies are counted
_CLONED = 0.22  # more of it is a repetition of the whole picture, which is graded by its copies
_LITTLE = 1e-3  # share of a picture that is nothing
_HALF_GRADED, _FULLY_GRADED = 0.5, 0.25  # of what is clipped; skies 0.75 to 0.93, burnt 0 to 0.55
_INK = 65.0  # luma up to which the darkest hundredth of a page is ink; at twice it none is


@dataclass(frozen=True)
class Signal:
    """`reads` are the measurements it can't do without, the first of them its evidence."""

    reads: tuple[str, ...]
    of: Callable[[Numbers], float]


def _log(value: float) -> float:
    """Return ln, cut off far below every onset."""
    return math.log(max(value, 0.1))


def _ratio(value: float, other: float) -> float:
    """Return ln of a ratio of two levels, each with half a step of what can be told."""
    return math.log((value + 0.1) / (other + 0.1))


def _plain(name: str) -> Signal:
    return Signal((name,), lambda n: n[name])


def _logarithm(name: str) -> Signal:
    return Signal((name,), lambda n: _log(n[name]))


def _beyond_noise(name: str, noise: str, leak: float) -> Signal:
    return Signal((name, noise), lambda n: _log(n[name] - leak * n[noise] + 0.05))


def _veiled(n: Numbers) -> float:
    high, low = n["luma_high"] + _VEIL, n["luma_low"]
    span = max(n["luma_high"] - low, _COLOURED * n["colour_span"], 0)
    return -math.log((span + 0.5) / (high + low))


def _pale_ink(n: Numbers) -> float:
    return min(max(n["luma_low"] / _INK - 1, 0.0), 1.0)


def _lost_light(n: Numbers) -> float:
    """Return the share of lost highlights.

    White counts as lost where its rim is light or where no ink is dark: a page has neither.
    Burnt colours clip a channel as well, and are named by themselves.
    """
    pale = max(n["pale"] - n["gamut_clipped"] / 2, 0.0)
    return pale + n["blown"] * max(n["blown_rim"], _pale_ink(n))


def _coded(n: Numbers) -> float:
    """Return what a codec's macroblocks lost; every film is coded so, and seen in motion."""
    return 0.0 if n.get("moves") else n["macroblocks"]


def _combed(n: Numbers) -> float:
    """Return the missing tones; codecs of film leave no comb, and of a GIF the palette is one."""
    return 0.0 if n.get("moves") else n["tones_missing"]


def _not_painted(name: str) -> Signal:
    """Leave out, in frames of a clip, colours that are clipped as a painted dusk is: smoothly.

    Most of what is clipped has to be so: what is burnt has some smooth areas as well.
    """

    def of(n: Numbers) -> float:
        graded = n.get("gamut_graded", 0.0) if n.get("moves") else 0.0
        share = graded / max(n["gamut_clipped"], _LITTLE)
        painted = min(max((share - _HALF_GRADED) / _FULLY_GRADED, 0.0), 1.0)
        return max(n[name] - painted * graded, 0.0)

    return Signal((name, "gamut_clipped"), of)


def _dragged(n: Numbers) -> float:
    """Return how likely a smear is the camera's or the hand's, as logits of a regression.

    Alone, drawings of rain are as directional and soft art as wide; a smear is both, while its
    edges across stay sharper than those of a picture that is out of focus.
    """
    directional = min(n["anisotropy"], _DIRECTIONAL)
    narrower = _log(n["smear"] + 0.1) - _log(n.get("edge_width", _SHARP))
    return 9.2 * directional + 4.3 * narrower


def _textured(n: Numbers) -> float:
    """Return how far what is over in calm tiles has luma, and coarse, but no colour.

    Water, rocks and weaves leave no tile calm; what too few steps leave has colour as well.
    """
    if n["chroma_mean"] < _COLOURLESS:
        return 0.0
    return min(
        _ratio(n["residual_luma"], n["residual_chroma"]),
        _ratio(n["residual_luma"], n["noise_luma"]) + _GRAIN_RUNS_FINER,
    )


SIGNALS: Mapping[str, Signal] = MappingProxyType(
    {
        "dull": Signal(("spread",), lambda n: -math.log(n["spread"] + 0.3)),  # 0.3: rounding
        "unstructured": Signal(("structure",), lambda n: -n["structure"]),
        "grainy": Signal(
            ("noise_luma", "noise_chroma", "residual_luma"),
            lambda n: max(n["noise_luma"], n["noise_chroma"], 2 * n["residual_luma"]),
        ),
        "undrawn": Signal(
            ("flat_share", "flat_x", "flat_y", "flat_width", "flat_height"),
            lambda n: n["flat_share"],
        ),
        "soft": _logarithm("edge_width"),
        "smeared": _logarithm("smear"),
        "directional": _plain("anisotropy"),
        "dragged": Signal(("smear", "anisotropy"), _dragged),
        "lattice": Signal(("lattice",), lambda n: math.log(n["lattice"] + 1)),
        "noise_luma": _logarithm("noise_luma"),
        "noise_chroma": _logarithm("noise_chroma"),
        "residue_luma": _beyond_noise("residual_luma", "noise_luma", _LUMA_LEAK),
        "residue_chroma": _beyond_noise("residual_chroma", "noise_chroma", _CHROMA_LEAK),
        "residue_coarse": _beyond_noise("residual_coarse", "noise_luma", _COARSE_LEAK),
        "textured": Signal(
            ("residual_luma", "residual_chroma", "noise_luma", "chroma_mean"), _textured
        ),
        "mottled": _beyond_noise("mottle", "noise_chroma", _EVEN),
        "swimming": Signal(
            ("residual_luma", "residual_coarse", "noise_luma"),
            lambda n: _log(
                max(
                    n["residual_luma"] - _LUMA_LEAK * n["noise_luma"],
                    n["residual_coarse"] - _COARSE_LEAK * n["noise_luma"],
                )
            ),
        ),
        "veiled": Signal(("luma_low", "luma_high", "colour_span"), _veiled),
        "flat_locally": Signal(
            ("local_contrast", "luma_high"),
            lambda n: -math.log((n["local_contrast"] + 0.5) / (n["luma_high"] + _VEIL)),
        ),
        "contrasted": Signal(
            ("contrast_most", "luma_high"),
            lambda n: n["contrast_most"] / (n["luma_high"] + _VEIL),
        ),
        "dark": Signal(
            ("light_mean", "light_high"),
            lambda n: -math.log((n["light_mean"] + 0.5) * (n["light_high"] + 0.5)) / 2,
        ),
        "unlit": Signal(("light_top",), lambda n: -math.log(n["light_top"] + 1)),
        "dim": Signal(("light_middle",), lambda n: -math.log(n["light_middle"] + 4)),
        "crushed": _plain("crushed"),
        "lost_light": Signal(
            ("blown", "pale", "blown_rim", "luma_low", "gamut_clipped"), _lost_light
        ),
        "whitened": Signal(("blown", "pale"), lambda n: n["blown"] + n["pale"]),
        "whited": Signal(
            ("blown", "pale", "luma_low"), lambda n: (n["blown"] + n["pale"]) * _pale_ink(n)
        ),
        "blown_out": Signal(("blown", "luma_low"), lambda n: n["blown"] * _pale_ink(n)),
        "combed": Signal(("tones_missing",), _combed),
        "burnt": _not_painted("gamut_clipped"),
        "at_the_wall": _not_painted("gamut_touched"),
        "speckled": _logarithm("noise_chroma"),
        "in_all_tones": Signal(
            ("noise_luma", "noise_chroma"),
            lambda n: (
                _ratio(n["noise_luma"], n["noise_chroma"])
                - _COLOUR_RISES * max(0.0, math.log(max(n["noise_chroma"], 1e-3) / _FEW_SPECKS))
            ),
        ),
        "clumped": Signal(
            ("residual_chroma", "noise_chroma", "residual_luma", "noise_luma"),
            lambda n: min(
                _ratio(n["residual_chroma"], n["noise_chroma"]),
                _ratio(n["residual_luma"], n["noise_luma"]) + _LUMA_RUNS_FINER,
            ),
        ),
        "loud": _plain("chroma_high"),
        "stark": _plain("local_contrast"),
        "harsh": _logarithm("roughness"),
        "cast": _plain("cast"),
        "missing_tones": _logarithm("tone_gap"),
        "contours": Signal(("contours",), lambda n: math.log(n["contours"] + 0.001)),
        "grid": _plain("grid"),
        "blocks": Signal(("blocks",), lambda n: math.log(n["blocks"] + 0.1)),
        "macroblocks": _plain("macroblocks"),
        "coded": Signal(("macroblocks",), _coded),
        "mosaic": _plain("mosaic"),
        "cloned": Signal(("cloned",), lambda n: min(n["cloned"], _CLONED)),
        "repeats": Signal(("repetition",), lambda n: min(n["repetition"], _REPEATED)),
        "copied": Signal(("copies",), lambda n: math.log(n["copies"] + 1)),
        "torn": Signal(("torn_lines",), lambda n: math.log(n["torn_lines"] + 0.001)),
        "shifted": Signal(("shifted_strips",), lambda n: math.log(n["shifted_strips"] + 1)),
        "shortfall": Signal(
            ("width", "height", "min_width", "min_height", "shortfall"), lambda n: n["shortfall"]
        ),
    }
)
"""Name → figure that rises with trouble. ln: what the eye sees in ratios."""
