"""The numbers of the judgement of stills, written by `python -m calibration.fit`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

CURVES: Mapping[str, tuple[float, float, float]] = MappingProxyType(
    {
        "dull": (-1.93, 0.6125, 0.05537),
        "grainy": (4.71, 4.016, 0.1011),
        "undrawn": (0.02827, 0.2174, 0.03495),
        "soft": (0.2863, 1.126, 0.04752),
        "smeared": (0.8214, 2.128, 0.1457),
        "noise_luma": (1.155, 1.253, 0.1165),
        "noise_chroma": (-0.1243, 1.935, 0.2343),
        "residue_luma": (0.6582, 1.573, 0.1457),
        "residue_chroma": (-0.07895, 1.076, 0.1137),
        "residue_coarse": (1.577, 0.8317, 0.08368),
        "mottled": (0.04448, 2.385, 0.1124),
        "veiled": (0.4806, 0.2231, 0.07682),
        "dark": (-5.046, 1.446, 0.07087),
        "unlit": (-5.0, 1.0, 0.1),
        "dim": (-3.329, 1.492, 0.1028),
        "crushed": (0.3425, 0.5218, 0.1471),
        "lost_light": (0.1835, 0.5304, 0.1388),
        "burnt": (0.1407, 0.6366, 0.07527),
        "at_the_wall": (-0.001088, 0.272, 0.05666),
        "speckled": (-1.05, 0.5, 0.15),
        "cast": (28.0, 20.0, 0.1),
        "missing_tones": (0.1925, 0.8322, 0.07391),
        "contours": (-3.843, 3.461, 0.09387),
        "grid": (0.1658, 0.4614, 0.08076),
        "blocks": (-0.8304, 0.7061, 0.1549),
        "macroblocks": (0.1728, 0.4899, 0.09972),
        "coded": (0.15, 0.25, 0.1),
        "mosaic": (0.15, 0.4, 0.1),
        "cloned": (0.16, 0.06, 0.1),
        "repeats": (0.1166, 0.2403, 0.1194),
        "copied": (0.5318, 1.385, 0.098),
        "torn": (-4.978, 1.813, 0.09026),
        "shifted": (0.6352, 1.568, 0.07981),
        "shortfall": (0.05, 1.0, 0.01),
    }
)
"""Signal → where it begins to hurt, by how much more of it the amount grows by 1, softness."""

GATES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "unstructured": (-0.2031, 0.03226),
        "dull": (-1.943, 0.1879),
        "directional": (0.56, 0.09),
        "lattice": (1.712, 0.2789),
        "shifted": (0.878, 0.2106),
        "repeats": (0.15, 0.02),
        "torn": (-5.745, 0.3272),
        "blocks": (-0.08401, 0.2563),
        "grid": (0.055, 0.006),
        "flat_locally": (0.2359, 0.1087),
        "dark": (-4.598, 0.5437),
        "swimming": (0.8356, 0.4311),
        "at_the_wall": (0.01, 0.003),
        "in_all_tones": (0.1, 0.1),
        "clumped": (-0.25, 0.05),
        "speckled": (0.85, 0.1),
        "harsh": (2.474, 0.8015),
        "loud": (134.9, 49.11),
        "stark": (249.9, 8.712),
        "contours": (-6.358, 1.087),
        "missing_tones": (0.5413, 0.1576),
        "lost_light": (0.3959, 0.06004),
        "whited": (-0.04411, 0.03815),
        "blown_out": (0.15, 0.03),
    }
)
"""Signal as a circumstance → where it holds by half, how steeply."""

WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        "constant": 1.55,
        "static": 1.239,
        "undrawn": 0.7075,
        "soft": 0.8898,
        "enlarged": 0.8043,
        "smeared": 0.5317,
        "soft_one_way": 0.3732,
        "noise": 0.418,
        "colour_noise": 1.079,
        "coarse_colour_noise": 0.8026,
        "residue_luma": 0.8069,
        "residue_chroma": 0.5822,
        "residue_coarse": 0.4629,
        "unsettled": 0.5,
        "mottled": 0.401,
        "veiled": 0.513,
        "dark": 0.7067,
        "unlit": 0.41,
        "dim": 0.1572,
        "crushed": 0.613,
        "lost_light": 0.5043,
        "faded": 0.5,
        "burnt": 0.297,
        "at_the_wall": 0.4433,
        "glaring": 0.7573,
        "speckled": 0.9,
        "cast": 0.41,
        "missing_tones": 0.4138,
        "contours": 0.2224,
        "grid": 0.2979,
        "blocks": 0.9774,
        "macroblocks": 0.4494,
        "coded": 0.45,
        "mosaic": 1.0,
        "cloned": 0.8,
        "repeats": 0.7384,
        "copied": 0.3248,
        "torn": 0.8185,
        "shifted": 0.6182,
        "resolution": 0.75,
    }
)
"""Check → what one unit of its amount takes from ln(score)."""
