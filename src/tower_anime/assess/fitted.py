"""The numbers of the judgement of stills, written by `python -m calibration.fit`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

CURVES: Mapping[str, tuple[float, float, float]] = MappingProxyType(
    {
        "dull": (-1.57, 0.966, 0.05698),
        "grainy": (5.022, 4.056, 0.1),
        "undrawn": (0.02908, 0.1643, 0.04645),
        "soft": (0.5275, 1.314, 0.07687),
        "smeared": (0.6515, 1.922, 0.1046),
        "noise_luma": (0.809, 1.487, 0.1163),
        "noise_chroma": (1.09, 0.8706, 0.08745),
        "residue_luma": (1.094, 1, 0.09582),
        "residue_chroma": (-0.5121, 1.375, 0.19),
        "residue_coarse": (0.4351, 1.484, 0.105),
        "veiled": (0.7466, 1.34, 0.08064),
        "dark": (-4.429, 1.86, 0.1538),
        "unlit": (-5.222, 1.411, 0.07641),
        "dim": (-3.515, 0.8083, 0.0999),
        "crushed": (0.483, 0.6302, 0.1134),
        "lost_light": (0.1761, 0.3838, 0.1163),
        "burnt": (0.1269, 0.6243, 0.08404),
        "at_the_wall": (0.1377, 0.3505, 0.1087),
        "cast": (28.0, 20.0, 0.1),
        "missing_tones": (0.1899, 0.7202, 0.07868),
        "contours": (-4.277, 2.951, 0.1019),
        "grid": (0.06788, 0.7573, 0.1107),
        "blocks": (-0.6868, 1.263, 0.2338),
        "repeats": (-2.974, 2.79, 0.1765),
        "copied": (0.29, 1.742, 0.1002),
        "torn": (-5.767, 2.073, 0.0918),
        "shifted": (0.5728, 1.548, 0.07974),
        "shortfall": (0.05, 1.0, 0.01),
    }
)
"""Signal → where it begins to hurt, by how much more of it the amount grows by 1, softness."""

GATES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "unstructured": (-0.1989, 0.03136),
        "dull": (-2.254, 0.2511),
        "directional": (0.5955, 0.1087),
        "lattice": (1.492, 0.2755),
        "shifted": (0.8824, 0.2101),
        "repeats": (-2.263, 0.1243),
        "torn": (-5.841, 0.3302),
        "blocks": (0.07715, 0.2038),
        "flat_locally": (0.782, 0.2345),
        "dark": (-4.507, 0.2667),
        "swimming": (0.5507, 0.3395),
        "harsh": (2.418, 0.3076),
        "loud": (114.8, 27.12),
        "contours": (-6.426, 0.4986),
        "missing_tones": (0.606, 0.1362),
    }
)
"""Signal as a circumstance → where it holds by half, how steeply."""

WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        "constant": 1.475,
        "static": 1.479,
        "undrawn": 0.8822,
        "soft": 1.539,
        "enlarged": 1.634,
        "smeared": 0.8141,
        "soft_one_way": 0.4651,
        "noise": 0.825,
        "colour_noise": 1.004,
        "coarse_colour_noise": 1.434,
        "residue_luma": 0.7664,
        "residue_chroma": 0.7964,
        "residue_coarse": 0.4346,
        "veiled": 0.8319,
        "dark": 0.6502,
        "unlit": 0.726,
        "dim": 0.385,
        "crushed": 0.7106,
        "lost_light": 0.5933,
        "burnt": 0.3306,
        "at_the_wall": 0.9301,
        "cast": 0.5,
        "missing_tones": 0.5525,
        "contours": 0.3452,
        "grid": 0.3012,
        "blocks": 1.181,
        "repeats": 0.4194,
        "copied": 0.5739,
        "torn": 0.8856,
        "shifted": 0.7665,
        "resolution": 0.75,
    }
)
"""Check → what one unit of its amount takes from ln(score)."""
