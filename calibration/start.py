"""Where the fit begins: numbers set by hand, by looking at clean and damaged pictures."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

CURVES: Mapping[str, tuple[float, float, float]] = MappingProxyType(
    {
        "dull": (-2.56, 1.0, 0.06),
        "grainy": (5.0, 4.0, 0.1),
        "undrawn": (0.02, 0.15, 0.06),
        "soft": (0.55, 0.6, 0.1),
        "smeared": (0.9, 0.8, 0.1),
        "noise_luma": (0.9, 1.0, 0.1),
        "noise_chroma": (0.7, 1.0, 0.1),
        "residue_luma": (0.3, 0.8, 0.1),
        "residue_chroma": (-0.3, 0.9, 0.1),
        "residue_coarse": (0.4, 0.8, 0.1),
        "mottled": (-0.3, 1.0, 0.1),
        "veiled": (0.87, 1.0, 0.1),
        "dark": (-4.2, 0.9, 0.1),
        "unlit": (-5.0, 1.0, 0.1),
        "dim": (-3.4, 1.0, 0.1),
        "crushed": (0.5, 0.5, 0.1),
        "lost_light": (0.25, 0.25, 0.1),
        "burnt": (0.09, 0.22, 0.1),
        "at_the_wall": (0.2, 0.4, 0.1),
        "speckled": (-1.05, 0.5, 0.15),
        "cast": (28.0, 20.0, 0.1),
        "missing_tones": (0.5, 1.0, 0.1),
        "contours": (-4.5, 2.0, 0.1),
        "grid": (0.15, 0.25, 0.1),
        "blocks": (-0.5, 1.0, 0.1),
        "macroblocks": (0.12, 0.3, 0.1),
        "coded": (0.15, 0.25, 0.1),
        "mosaic": (0.15, 0.4, 0.1),
        "cloned": (0.16, 0.06, 0.1),
        "repeats": (0.12, 0.2, 0.1),
        "copied": (0.5, 1.5, 0.1),
        "torn": (-6.0, 2.0, 0.1),
        "shifted": (0.3, 1.5, 0.1),
        "shortfall": (0.05, 1.0, 0.01),
    }
)
"""Signal → where it begins to hurt, by how much more of it the amount grows by 1, softness."""

GATES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "unstructured": (-0.2, 0.03),
        "dull": (-2.0, 0.3),
        "directional": (0.56, 0.09),
        "lattice": (1.6, 0.25),
        "shifted": (0.9, 0.2),
        "repeats": (0.15, 0.02),
        "torn": (-5.8, 0.3),
        "blocks": (0.0, 0.2),
        "grid": (0.055, 0.006),
        "flat_locally": (0.75, 0.15),
        "dark": (-4.0, 0.2),
        "swimming": (-0.3, 0.3),
        "at_the_wall": (0.01, 0.003),
        "in_all_tones": (0.1, 0.1),
        "clumped": (-0.25, 0.05),
        "speckled": (0.85, 0.1),
        "harsh": (2.3, 0.3),
        "loud": (120.0, 20.0),
        "stark": (210.0, 15.0),
        "contours": (-5.2, 0.4),
        "missing_tones": (0.6, 0.15),
        "lost_light": (0.35, 0.05),
        "whited": (0.05, 0.015),
        "blown_out": (0.15, 0.03),
    }
)
"""Signal as a circumstance → where it holds by half, how steeply."""

WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        "constant": 1.5,
        "static": 1.5,
        "undrawn": 1.2,
        "soft": 1.0,
        "enlarged": 1.0,
        "smeared": 1.0,
        "soft_one_way": 1.0,
        "noise": 1.0,
        "colour_noise": 1.0,
        "coarse_colour_noise": 1.0,
        "residue_luma": 1.0,
        "residue_chroma": 1.0,
        "residue_coarse": 0.7,
        "unsettled": 0.5,
        "mottled": 0.7,
        "veiled": 0.8,
        "dark": 0.8,
        "unlit": 0.5,
        "dim": 0.3,
        "crushed": 0.8,
        "lost_light": 1.0,
        "faded": 0.5,
        "burnt": 1.0,
        "at_the_wall": 1.0,
        "glaring": 0.7,
        "speckled": 0.9,
        "cast": 0.5,
        "missing_tones": 0.5,
        "contours": 0.5,
        "grid": 1.0,
        "blocks": 0.7,
        "macroblocks": 0.7,
        "coded": 0.45,
        "mosaic": 1.0,
        "cloned": 0.8,
        "repeats": 1.0,
        "copied": 0.4,
        "torn": 1.0,
        "shifted": 1.0,
        "resolution": 0.75,
    }
)
"""Check → what one unit of its amount takes from ln(score)."""
