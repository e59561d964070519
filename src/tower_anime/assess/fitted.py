"""The numbers of the judgement of stills, written by `python -m calibration.fit`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

CURVES: Mapping[str, tuple[float, float, float]] = MappingProxyType(
    {
        "dull": (-1.775, 0.9979, 0.05622),
        "grainy": (5.001, 4.004, 0.1),
        "undrawn": (0.02962, 0.2131, 0.03834),
        "soft": (0.3787, 0.8268, 0.05999),
        "smeared": (1.098, 1.648, 0.1261),
        "noise_luma": (0.9719, 1.342, 0.116),
        "noise_chroma": (-0.9624, 1.492, 0.1454),
        "residue_luma": (0.7044, 1.391, 0.1211),
        "residue_chroma": (-0.3115, 1.063, 0.0998),
        "residue_coarse": (1.519, 0.9408, 0.08744),
        "veiled": (0.6615, 1.152, 0.07326),
        "dark": (-4.835, 1.344, 0.1135),
        "unlit": (-5.336, 1.546, 0.08164),
        "dim": (-3.523, 0.8303, 0.09713),
        "crushed": (0.4969, 0.6552, 0.1086),
        "lost_light": (0.2628, 0.3504, 0.1538),
        "burnt": (0.1175, 0.4371, 0.08033),
        "at_the_wall": (0.02478, 0.269, 0.07425),
        "cast": (28.0, 20.0, 0.1),
        "missing_tones": (0.4477, 0.9478, 0.1065),
        "contours": (-3.906, 3.564, 0.09855),
        "grid": (0.1569, 0.4975, 0.09763),
        "blocks": (-1.09, 0.6682, 0.1217),
        "macroblocks": (0.1339, 0.5281, 0.09231),
        "mosaic": (0.15, 0.4, 0.1),
        "cloned": (0.12, 0.08, 0.1),
        "repeats": (-2.314, 2.241, 0.09543),
        "copied": (0.24, 1.568, 0.09979),
        "torn": (-5.58, 2.491, 0.09268),
        "shifted": (0.741, 1.341, 0.07896),
        "shortfall": (0.05, 1.0, 0.01),
    }
)
"""Signal → where it begins to hurt, by how much more of it the amount grows by 1, softness."""

GATES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "unstructured": (-0.1997, 0.03005),
        "dull": (-2.265, 0.3196),
        "directional": (0.6902, 0.07454),
        "lattice": (1.601, 0.2757),
        "shifted": (0.9156, 0.2029),
        "repeats": (-2.03, 0.1153),
        "torn": (-5.827, 0.3228),
        "blocks": (-0.00209, 0.2022),
        "flat_locally": (0.2657, 0.1231),
        "dark": (-4.378, 0.314),
        "swimming": (0.9014, 0.3603),
        "harsh": (2.573, 0.4773),
        "loud": (99.33, 33.11),
        "contours": (-6.484, 1.087),
        "missing_tones": (0.5085, 0.1546),
    }
)
"""Signal as a circumstance → where it holds by half, how steeply."""

WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        "constant": 1.409,
        "static": 1.499,
        "undrawn": 0.9528,
        "soft": 0.8217,
        "enlarged": 0.8144,
        "smeared": 0.4828,
        "soft_one_way": 0.5941,
        "noise": 0.6338,
        "colour_noise": 0.8503,
        "coarse_colour_noise": 0.9609,
        "residue_luma": 1.457,
        "residue_chroma": 0.7922,
        "residue_coarse": 0.5259,
        "veiled": 1.102,
        "dark": 0.5936,
        "unlit": 0.546,
        "dim": 0.3134,
        "crushed": 0.6574,
        "lost_light": 0.6597,
        "burnt": 0.4935,
        "at_the_wall": 0.6016,
        "cast": 0.5,
        "missing_tones": 0.5507,
        "contours": 0.2765,
        "grid": 0.4255,
        "blocks": 1.069,
        "macroblocks": 0.4428,
        "mosaic": 1.0,
        "cloned": 0.8,
        "repeats": 0.4127,
        "copied": 0.6363,
        "torn": 0.7783,
        "shifted": 0.8836,
        "resolution": 0.75,
    }
)
"""Check → what one unit of its amount takes from ln(score)."""
