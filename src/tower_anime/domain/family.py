"""What a model family can do: sizes, steps, guidance, dialect. Each figure with its source."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum


class Dialect(StrEnum):
    """How a family's prompts are written."""

    TAGS = "tags"
    SENTENCES = "sentences"


@dataclass(frozen=True, kw_only=True)
class Family:
    """Limits and habits of a model family.

    `native_px` is the side of the square it was trained on; `max_side_factor` how far a side
    may leave it before the subject doubles; steps and cfg as (low, good, high): below low the
    picture is unresolved, above high it gains nothing or burns. `source` says where from.
    """

    name: str
    native_px: int
    size_multiple_px: int
    max_side_factor: float
    steps: tuple[int, int, int]
    cfg: tuple[float, float, float]
    sampler: str
    scheduler: str
    other_samplers: tuple[tuple[str, str], ...]
    dialect: Dialect
    source: str

    def fit_size(self, width: int, height: int) -> tuple[int, int]:
        """Return the size nearest the family's own area, aspect kept, on its grid (pixels)."""
        scale = self.native_px / math.sqrt(width * height)
        return self.snap(width * scale), self.snap(height * scale)

    def snap(self, side: float) -> int:
        """Round a side to the family's grid (pixels), at least one cell."""
        cell = self.size_multiple_px
        return max(cell, round(side / cell) * cell)

    def size_is_native(self, width: int, height: int) -> bool:
        """Whether the size lies within the range that the family draws well."""
        side = math.sqrt(width * height)
        low, high = self.native_px / self.max_side_factor, self.native_px * self.max_side_factor
        return low <= side <= high


SDXL = Family(
    name="sdxl",
    native_px=1024,
    size_multiple_px=8,
    max_side_factor=1.35,
    steps=(20, 28, 50),
    cfg=(3.0, 6.0, 9.0),
    sampler="euler_ancestral",
    scheduler="normal",
    other_samplers=(("dpmpp_2m", "karras"), ("euler", "normal")),
    dialect=Dialect.TAGS,
    source="SDXL report (arXiv 2307.01952): trained at 1024² buckets; model cards of its anime "
    "children (Animagine, Illustrious, NoobAI): 25–30 steps, CFG 5–7, euler ancestral",
)

SD15 = Family(
    name="sd15",
    native_px=512,
    size_multiple_px=8,
    max_side_factor=1.6,
    steps=(18, 26, 50),
    cfg=(4.0, 7.0, 11.0),
    sampler="dpmpp_2m",
    scheduler="karras",
    other_samplers=(("euler_ancestral", "normal"), ("euler", "normal")),
    dialect=Dialect.TAGS,
    source="Stable Diffusion 1.5 model card: trained at 512²; its authors sample 50 PNDM steps "
    "at CFG 7.5, DPM++ 2M Karras converges by 20–30",
)

UNKNOWN = Family(
    name="unknown",
    native_px=1024,
    size_multiple_px=16,
    max_side_factor=1.3,
    steps=(20, 28, 40),
    cfg=(3.0, 5.0, 8.0),
    sampler="euler",
    scheduler="normal",
    other_samplers=(("dpmpp_2m", "karras"),),
    dialect=Dialect.TAGS,
    source="cautious limits chosen by hand: what all latent models above tolerate",
)

FAMILIES: dict[str, Family] = {family.name: family for family in (SDXL, SD15, UNKNOWN)}
