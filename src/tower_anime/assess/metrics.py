"""The metric table: every number that is taken from a still, what it means and where it is from.

`stills` fills exactly these names, `judge` reads them, and the reference page lists them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

MIN_STRUCTURE_PX = 64
"""Shorter sides than this hold too few windows and tiles for statistics of edges and noise."""


class Better(StrEnum):
    """Which way a measurement improves the picture."""

    LOWER = "lower"
    HIGHER = "higher"
    NEITHER = "neither"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One row. `low` and `high` bound the value; `needs` says what must be in the picture.

    `min_side_px` is the shorter side below which it is `Unmeasured`; `defect` the kind that it
    is evidence for (None: it only helps to read others); `source` the origin of the method.
    """

    unit: str
    low: float
    high: float
    better: Better
    needs: str
    defect: str | None
    source: str
    min_side_px: int = 1


_ANY = "any picture"
_FLAT = f"a shorter side of {MIN_STRUCTURE_PX} px"
_HISTOGRAM = "histogram of luma (BT.601) at quarter size"
_RESIDUAL = (
    "|x − median3×3(x)| on 16 px tiles, 5th percentile of the tiles, so that lines and texture "
    "do not count; × 1.17 = σ of white Gaussian noise (simulated)"
)
_REGION = "largest rectangle-like component of cells that are black or exact mid-grey"

METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        "spread": Metric(
            unit="levels",
            low=0,
            high=256,
            better=Better.HIGHER,
            needs=_ANY,
            defect="blank",
            source="root of the summed variances of Y, Cr and Cb at half size",
        ),
        "structure": Metric(
            unit="ratio",
            low=0,
            high=1,
            better=Better.HIGHER,
            needs=_FLAT + " and anything but one flat colour",
            min_side_px=MIN_STRUCTURE_PX,
            defect="blank",
            source="spread left in 32 px means over the whole spread: 1/32 for white noise",
        ),
        "edge_width": Metric(
            unit="px",
            low=0,
            high=2304,
            better=Better.LOWER,
            needs=_FLAT + " and edges",
            min_side_px=MIN_STRUCTURE_PX,
            defect="blur",
            source="local range over steepest slope in 9×9 windows, 10th percentile of windows "
            "with a strong edge, at the finest of three scales (1, 1/4, 1/16) that has such",
        ),
        "edge_share": Metric(
            unit="share",
            low=0,
            high=1,
            better=Better.NEITHER,
            needs=_FLAT,
            min_side_px=MIN_STRUCTURE_PX,
            defect=None,
            source="share of full-size windows with a strong edge",
        ),
        "local_contrast": Metric(
            unit="levels",
            low=0,
            high=255,
            better=Better.HIGHER,
            needs=_FLAT,
            min_side_px=MIN_STRUCTURE_PX,
            defect="low_contrast",
            source="range in 36 px windows of luma, 95th percentile",
        ),
        "contrast_most": Metric(
            unit="levels",
            low=0,
            high=255,
            better=Better.HIGHER,
            needs=_FLAT,
            min_side_px=MIN_STRUCTURE_PX,
            defect=None,
            source="range in 36 px windows of luma, 99.5th percentile",
        ),
        "anisotropy": Metric(
            unit="ln",
            low=0,
            high=10,
            better=Better.LOWER,
            needs=_FLAT,
            min_side_px=MIN_STRUCTURE_PX,
            defect="motion_blur",
            source="widest gap between four directions of ln D(l) / D(4 l), l = 1, 2, 4 px, where "
            "D(l) is the mean squared difference of luma l px apart (structure function)",
        ),
        "smear": Metric(
            unit="px",
            low=0,
            high=100,
            better=Better.LOWER,
            needs=_FLAT,
            min_side_px=MIN_STRUCTURE_PX,
            defect="motion_blur",
            source="D(l) / l D(1 px) of the direction and the lag l (16, 32, 64 px) where it is "
            "widest: the width of an edge, if lone",
        ),
        "roughness": Metric(
            unit="levels",
            low=0,
            high=255,
            better=Better.NEITHER,
            needs=_FLAT,
            min_side_px=MIN_STRUCTURE_PX,
            defect=None,
            source="root of D(1 px) along rows and columns: how harsh steps between neighbours are",
        ),
        "lattice": Metric(
            unit="ratio",
            low=0,
            high=1000,
            better=Better.LOWER,
            needs=_FLAT,
            min_side_px=MIN_STRUCTURE_PX,
            defect="upscaled",
            source="strongest wave common to both axes in the mean second difference per column "
            "and per row, over the median wave, less 5 (Gallagher 2005: interpolation "
            "repeats with its factor)",
        ),
        "noise_luma": Metric(
            unit="levels",
            low=0,
            high=150,
            better=Better.LOWER,
            needs=_FLAT,
            min_side_px=MIN_STRUCTURE_PX,
            defect="noise",
            source=_RESIDUAL + "; at most what half size confirms, which spares screen tone",
        ),
        "noise_chroma": Metric(
            unit="levels",
            low=0,
            high=150,
            better=Better.LOWER,
            needs=_FLAT,
            min_side_px=MIN_STRUCTURE_PX,
            defect="noise",
            source=_RESIDUAL + "; the noisier of Cr and Cb at half size",
        ),
        "residual_luma": Metric(
            unit="levels",
            low=0,
            high=150,
            better=Better.LOWER,
            needs=_FLAT,
            min_side_px=MIN_STRUCTURE_PX,
            defect="undersampled",
            source=_RESIDUAL + "; luma at quarter size, where blotches of 8 px show",
        ),
        "residual_chroma": Metric(
            unit="levels",
            low=0,
            high=150,
            better=Better.LOWER,
            needs=_FLAT,
            min_side_px=MIN_STRUCTURE_PX,
            defect="undersampled",
            source=_RESIDUAL + "; the worse of Cr and Cb at quarter size",
        ),
        "residual_coarse": Metric(
            unit="levels",
            low=0,
            high=150,
            better=Better.LOWER,
            needs=_FLAT,
            min_side_px=MIN_STRUCTURE_PX,
            defect="undersampled",
            source=_RESIDUAL + "; luma at an eighth of the size, where swimming shapes show",
        ),
        "mottle": Metric(
            unit="levels",
            low=0,
            high=150,
            better=Better.LOWER,
            needs=_FLAT + " and smooth areas",
            min_side_px=MIN_STRUCTURE_PX,
            defect="undersampled",
            source="as noise_chroma, 75th percentile of the tiles whose means (16 px) differ by "
            "less than 14 levels from their neighbours': noise in patches",
        ),
        "grid": Metric(
            unit="ratio",
            low=0,
            high=10,
            better=Better.LOWER,
            needs=_FLAT + " and calm areas",
            min_side_px=MIN_STRUCTURE_PX,
            defect="compression",
            source="spread of the mean step between neighbours over its place modulo 16 px, over "
            "its mean + 0.45 levels, on pixels whose surroundings have no step of 12 levels; less "
            "what modulo 13 and 17 px show by chance",
        ),
        "blocks": Metric(
            unit="ratio",
            low=0,
            high=1000,
            better=Better.LOWER,
            needs=_FLAT,
            min_side_px=MIN_STRUCTURE_PX,
            defect="compression",
            source="mean step (at most 24 levels) across the borders of 8×8 blocks less the median "
            "of the others, over that median + 1",
        ),
        "macroblocks": Metric(
            unit="ln",
            low=-10,
            high=10,
            better=Better.LOWER,
            needs=_FLAT,
            min_side_px=MIN_STRUCTURE_PX,
            defect="compression",
            source="how much oftener luma runs straight (no second difference, where one of 3 "
            "levels is within 16 px) across the middle of 16×16 blocks than across their borders, "
            "ln, and how much less it bends there, ln; WebP and video filter block borders; less "
            "what is so at their thirds as well (a JPEG at two thirds of its size)",
        ),
        "mosaic": Metric(
            unit="ratio",
            low=0,
            high=100,
            better=Better.LOWER,
            needs=_FLAT,
            min_side_px=MIN_STRUCTURE_PX,
            defect="upscaled",
            source="ln of the mean step between neighbours over that of the least of three places, "
            "times the peak of the autocorrelation of steps at a pitch of 2 to 40 px, both of the "
            "axis where it is less; for multiples of 8 px less 0.7, which codecs reach",
        ),
        "luma_mean": Metric(
            unit="levels",
            low=0,
            high=255,
            better=Better.NEITHER,
            needs=_ANY,
            defect="underexposed",
            source=_HISTOGRAM,
        ),
        "luma_low": Metric(
            unit="levels",
            low=0,
            high=255,
            better=Better.NEITHER,
            needs=_ANY,
            defect="low_contrast",
            source=_HISTOGRAM + ", 1st percentile",
        ),
        "luma_middle": Metric(
            unit="levels",
            low=0,
            high=255,
            better=Better.NEITHER,
            needs=_ANY,
            defect="underexposed",
            source=_HISTOGRAM + ", median",
        ),
        "luma_high": Metric(
            unit="levels",
            low=0,
            high=255,
            better=Better.NEITHER,
            needs=_ANY,
            defect="underexposed",
            source=_HISTOGRAM + ", 99th percentile",
        ),
        "light_mean": Metric(
            unit="levels",
            low=0,
            high=255,
            better=Better.NEITHER,
            needs=_ANY,
            defect="underexposed",
            source="mean of the largest channel (luma calls strong red and blue dark) of what is "
            "drawn: without the commonest tone (±4) where that fills a quarter, but not all",
        ),
        "light_middle": Metric(
            unit="levels",
            low=0,
            high=255,
            better=Better.NEITHER,
            needs=_ANY,
            defect="underexposed",
            source="median of the largest channel of what is drawn",
        ),
        "light_high": Metric(
            unit="levels",
            low=0,
            high=255,
            better=Better.NEITHER,
            needs=_ANY,
            defect="underexposed",
            source="99th percentile of the largest channel of the whole picture",
        ),
        "light_top": Metric(
            unit="levels",
            low=0,
            high=255,
            better=Better.NEITHER,
            needs=_ANY,
            defect="underexposed",
            source="99.9th percentile of the largest channel of the whole picture",
        ),
        "colour_span": Metric(
            unit="levels",
            low=0,
            high=255,
            better=Better.NEITHER,
            needs=_ANY,
            defect="low_contrast",
            source="from the 1st to the 99th percentile, of the channel where that is most",
        ),
        "crushed": Metric(
            unit="share",
            low=0,
            high=1,
            better=Better.LOWER,
            needs=_ANY,
            defect="underexposed",
            source="pixels with every channel ≤ 14",
        ),
        "blown": Metric(
            unit="share",
            low=0,
            high=1,
            better=Better.LOWER,
            needs=_ANY,
            defect="overexposed",
            source="pixels with every channel ≥ 250",
        ),
        "blown_rim": Metric(
            unit="ratio",
            low=0,
            high=1,
            better=Better.LOWER,
            needs=_ANY,
            defect="overexposed",
            source="part of the rim (4 px) of the blown areas whose largest channel is ≥ 225: "
            "lost highlights have soft rims, a white page has outlines",
        ),
        "pale": Metric(
            unit="share",
            low=0,
            high=1,
            better=Better.LOWER,
            needs=_ANY,
            defect="overexposed",
            source="pixels whose largest channel is ≥ 253 and whose least is from 80 to 235: "
            "one channel is lost, the others follow",
        ),
        "chroma_mean": Metric(
            unit="levels",
            low=0,
            high=255,
            better=Better.NEITHER,
            needs=_ANY,
            defect="oversaturated",
            source="mean of the largest minus the smallest channel",
        ),
        "chroma_high": Metric(
            unit="levels",
            low=0,
            high=255,
            better=Better.NEITHER,
            needs=_ANY,
            defect="oversaturated",
            source="95th percentile of the largest minus the smallest channel",
        ),
        "gamut_clipped": Metric(
            unit="share",
            low=0,
            high=1,
            better=Better.LOWER,
            needs=_ANY,
            defect="oversaturated",
            source="pixels with a channel ≥ 250 and chroma ≥ 120, or a channel ≤ 5 and chroma "
            "≥ 180: chroma has run into the wall of the gamut",
        ),
        "gamut_touched": Metric(
            unit="share",
            low=0,
            high=1,
            better=Better.LOWER,
            needs=_ANY,
            defect="oversaturated",
            source="pixels with a channel at 254 or more, or at 1 or less, that are neither white "
            "nor black",
        ),
        "gamut_graded": Metric(
            unit="share",
            low=0,
            high=1,
            better=Better.NEITHER,
            needs=_ANY,
            defect="oversaturated",
            source="pixels that count as clipped, as do those around them, with no channel at the "
            "other limit, where the channel between changes by 10 levels at most: a painted dusk; "
            "in frames of a clip they are not held against it",
        ),
        "cast": Metric(
            unit="levels",
            low=0,
            high=181,
            better=Better.LOWER,
            needs=_ANY,
            defect="color_cast",
            source="5th percentile of the distance from grey in Cr and Cb, times the squared share"
            " of it that points one way",
        ),
        "tone_gap": Metric(
            unit="levels",
            low=1,
            high=255,
            better=Better.LOWER,
            needs=_ANY + " of several tones",
            defect="banding",
            source="median gap between levels that occur, mean over R, G, B and luma of every "
            "fourth pixel",
        ),
        "tones_missing": Metric(
            unit="share",
            low=0,
            high=1,
            better=Better.LOWER,
            needs=_ANY,
            defect="overexposed",
            source="levels from the 1st to the 99th percentile that no pixel has, though those "
            "before and after it (at most 8 apart) have 4 or more, mean over R, G and B of every "
            "fourth pixel: stretched light leaves such a comb (Stamm and Liu 2010)",
        ),
        "contours": Metric(
            unit="share",
            low=0,
            high=1,
            better=Better.LOWER,
            needs=_ANY,
            defect="banding",
            source="share of every 24th line and column that lies in bands: flat runs of 4 to 160 "
            "px between lone steps of 2 to 72 levels in one direction",
        ),
        "repetition": Metric(
            unit="ratio",
            low=0,
            high=1,
            better=Better.LOWER,
            needs=_FLAT + " and anything but one flat colour",
            min_side_px=MIN_STRUCTURE_PX,
            defect="tiling",
            source="highest far peak of the circular autocorrelation of locally normalised luma at "
            "128×128, weighed by the root of its power spectrum, farther than a tenth of the "
            "picture from zero, above all opposite pairs of places 3 px from it",
        ),
        "copies": Metric(
            unit="peaks",
            low=0,
            high=1000,
            better=Better.LOWER,
            needs=_FLAT + " and anything but one flat colour",
            min_side_px=MIN_STRUCTURE_PX,
            defect="tiling",
            source="far peaks of that autocorrelation at least half as high as the highest, and "
            "0.04: the more copies, the more",
        ),
        "cloned": Metric(
            unit="share",
            low=0,
            high=1,
            better=Better.LOWER,
            needs=_FLAT + " and anything but one flat colour",
            min_side_px=MIN_STRUCTURE_PX,
            defect="tiling",
            source="share of the clearest corners (200 to 400, at half size) that lie in regions "
            "which stand elsewhere in the picture again: at least 5 corners and 40 % of all "
            "within their box look alike (correlation 0.93, same tones) at the same shift, and "
            "have at most 8 twins; corners of a region must differ among themselves",
        ),
        "torn_lines": Metric(
            unit="share",
            low=0,
            high=1,
            better=Better.LOWER,
            needs=_FLAT + " and anything but one flat colour",
            min_side_px=MIN_STRUCTURE_PX,
            defect="corrupt",
            source="lines that differ from both neighbours by over twice what these differ from "
            "each other, and strips across of up to 17 lines that hold detail of their own, differ "
            "from above and below more than these from each other, and end in steps both ways",
        ),
        "shifted_strips": Metric(
            unit="count",
            low=0,
            high=48,
            better=Better.LOWER,
            needs=_FLAT + " and anything but one flat colour",
            min_side_px=MIN_STRUCTURE_PX,
            defect="corrupt",
            source="lines across the picture below which it goes on shifted sideways (cross-"
            "correlation)",
        ),
        "flat_share": Metric(
            unit="share",
            low=0,
            high=1,
            better=Better.LOWER,
            needs=_FLAT,
            min_side_px=MIN_STRUCTURE_PX,
            defect="partial_blank",
            source=_REGION + ", share of the picture",
        ),
        **{
            f"flat_{part}": Metric(
                unit="px",
                low=0,
                high=100_000_000,
                better=Better.NEITHER,
                needs=_FLAT,
                min_side_px=MIN_STRUCTURE_PX,
                defect=None,
                source=_REGION + ", its box",
            )
            for part in ("x", "y", "width", "height")
        },
    }
)
"""Name → row, in the order of reports."""
