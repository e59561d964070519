"""The numbers of the judgement of stills, written by `python -m calibration.fit`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

CURVES: Mapping[str, tuple[float, float, float]] = MappingProxyType(
    {
        "dull": (-1.369, 0.8823, 0.05562),
        "grainy": (5.003, 4.017, 0.1),
        "undrawn": (0.02837, 0.2171, 0.03726),
        "soft": (0.2764, 1.155, 0.04501),
        "smeared": (0.8663, 1.945, 0.1228),
        "noise_luma": (1.052, 1.265, 0.115),
        "noise_chroma": (-0.2898, 2.264, 0.2017),
        "residue_luma": (0.6896, 1.49, 0.1545),
        "residue_chroma": (-0.1854, 1.129, 0.1122),
        "residue_coarse": (1.603, 0.9, 0.08793),
        "mottled": (-0.06625, 2.621, 0.09761),
        "veiled": (0.6654, 1.236, 0.05606),
        "dark": (-4.683, 2.364, 0.119),
        "unlit": (-5.402, 2.979, 0.03679),
        "dim": (-3.424, 2.02, 0.09844),
        "crushed": (0.4469, 1.004, 0.1887),
        "lost_light": (0.1811, 0.5302, 0.1342),
        "burnt": (0.1478, 0.6556, 0.07546),
        "at_the_wall": (-0.01676, 0.2711, 0.0627),
        "cast": (28.0, 20.0, 0.1),
        "missing_tones": (0.1721, 0.8824, 0.06484),
        "contours": (-3.725, 3.74, 0.09338),
        "grid": (0.1859, 0.5137, 0.07491),
        "blocks": (-0.9594, 0.7328, 0.1185),
        "macroblocks": (0.1692, 0.5003, 0.09784),
        "mosaic": (0.15, 0.4, 0.1),
        "cloned": (0.12, 0.08, 0.1),
        "repeats": (-2.589, 2.476, 0.1565),
        "copied": (0.24, 1.568, 0.09979),
        "torn": (-5.082, 2.018, 0.09367),
        "shifted": (0.6847, 1.571, 0.08009),
        "shortfall": (0.05, 1.0, 0.01),
    }
)
"""Signal → where it begins to hurt, by how much more of it the amount grows by 1, softness."""

GATES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "unstructured": (-0.1986, 0.02964),
        "dull": (-2.352, 0.1523),
        "directional": (0.56, 0.09),
        "lattice": (1.704, 0.2796),
        "shifted": (0.8885, 0.2094),
        "repeats": (-2.03, 0.1153),
        "torn": (-5.786, 0.3311),
        "blocks": (-0.04969, 0.2321),
        "flat_locally": (0.238, 0.1001),
        "dark": (-4.226, 0.2977),
        "swimming": (0.8514, 0.4044),
        "harsh": (2.532, 0.805),
        "loud": (161.2, 47.03),
        "stark": (248.8, 9.941),
        "contours": (-6.427, 1.087),
        "missing_tones": (0.5695, 0.1528),
    }
)
"""Signal as a circumstance → where it holds by half, how steeply."""

WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        "constant": 1.34,
        "static": 1.27,
        "undrawn": 0.6204,
        "soft": 0.9095,
        "enlarged": 0.8209,
        "smeared": 0.4948,
        "soft_one_way": 0.4274,
        "noise": 0.4621,
        "colour_noise": 1.125,
        "coarse_colour_noise": 0.7576,
        "residue_luma": 1.021,
        "residue_chroma": 0.6461,
        "residue_coarse": 0.4639,
        "mottled": 0.4135,
        "veiled": 0.8202,
        "dark": 0.3978,
        "unlit": 0.7664,
        "dim": 0.2917,
        "crushed": 0.5915,
        "lost_light": 0.4866,
        "burnt": 0.3366,
        "at_the_wall": 0.4271,
        "glaring": 0.6505,
        "cast": 0.425,
        "missing_tones": 0.4417,
        "contours": 0.2122,
        "grid": 0.2781,
        "blocks": 0.8221,
        "macroblocks": 0.537,
        "mosaic": 1.0,
        "cloned": 0.8,
        "repeats": 0.4029,
        "copied": 0.6363,
        "torn": 0.787,
        "shifted": 0.6373,
        "resolution": 0.75,
    }
)
"""Check → what one unit of its amount takes from ln(score)."""
