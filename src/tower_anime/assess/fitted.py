"""The numbers of the judgement of stills, written by `python -m calibration.fit`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

CURVES: Mapping[str, tuple[float, float, float]] = MappingProxyType(
    {
        "dull": (-1.579, 0.9011, 0.05769),
        "grainy": (5.002, 4.007, 0.1),
        "undrawn": (0.02504, 0.1385, 0.04529),
        "soft": (0.4301, 1.021, 0.065),
        "smeared": (0.465, 1.483, 0.09124),
        "noise_luma": (0.9147, 1.077, 0.1015),
        "noise_chroma": (-0.6098, 1.934, 0.1685),
        "residue_luma": (1.201, 0.9689, 0.09558),
        "residue_chroma": (-0.3275, 1.38, 0.123),
        "residue_coarse": (1.243, 1.172, 0.1005),
        "veiled": (0.6869, 0.9, 0.08418),
        "dark": (-4.745, 1.369, 0.1095),
        "unlit": (-5.363, 1.188, 0.08242),
        "dim": (-3.596, 0.8003, 0.0991),
        "crushed": (0.4818, 0.6439, 0.1177),
        "lost_light": (0.1991, 0.3316, 0.1219),
        "burnt": (0.1359, 0.5666, 0.08102),
        "at_the_wall": (0.1354, 0.2988, 0.09507),
        "cast": (28.0, 20.0, 0.1),
        "missing_tones": (0.2963, 0.8826, 0.09208),
        "contours": (-4.219, 3.145, 0.1027),
        "grid": (0.02339, 0.393, 0.05915),
        "blocks": (-0.5481, 0.8128, 0.136),
        "repeats": (-3.428, 1.864, 0.1265),
        "copied": (0.24, 1.568, 0.09979),
        "torn": (-5.828, 2.099, 0.08998),
        "shifted": (0.6191, 1.542, 0.08096),
        "shortfall": (0.05, 1.0, 0.01),
    }
)
"""Signal → where it begins to hurt, by how much more of it the amount grows by 1, softness."""

GATES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "unstructured": (-0.1995, 0.02979),
        "dull": (-2.463, 0.2456),
        "directional": (0.5301, 0.1046),
        "lattice": (1.607, 0.25),
        "shifted": (0.8847, 0.2085),
        "repeats": (-2.282, 0.1212),
        "torn": (-5.836, 0.3265),
        "blocks": (0.1028, 0.2015),
        "flat_locally": (0.7789, 0.2096),
        "dark": (-4.491, 0.2553),
        "swimming": (0.4092, 0.3253),
        "harsh": (2.517, 0.318),
        "loud": (113.2, 25.18),
        "contours": (-6.386, 0.514),
        "missing_tones": (0.5883, 0.1442),
    }
)
"""Signal as a circumstance → where it holds by half, how steeply."""

WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        "constant": 1.6,
        "static": 1.497,
        "undrawn": 0.981,
        "soft": 1.261,
        "enlarged": 1.33,
        "smeared": 0.6159,
        "soft_one_way": 0.4146,
        "noise": 0.9429,
        "colour_noise": 0.914,
        "coarse_colour_noise": 1.066,
        "residue_luma": 0.7891,
        "residue_chroma": 0.6629,
        "residue_coarse": 0.4786,
        "veiled": 0.7817,
        "dark": 0.5798,
        "unlit": 0.4289,
        "dim": 0.3379,
        "crushed": 0.7229,
        "lost_light": 0.605,
        "burnt": 0.3549,
        "at_the_wall": 0.8624,
        "cast": 0.5,
        "missing_tones": 0.5212,
        "contours": 0.3266,
        "grid": 0.3012,
        "blocks": 1.167,
        "repeats": 0.3012,
        "copied": 0.6363,
        "torn": 0.8573,
        "shifted": 0.7816,
        "resolution": 0.75,
    }
)
"""Check → what one unit of its amount takes from ln(score)."""
