"""What a model family can do: sizes, steps, guidance, frames. Each figure with its source."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum


class Dialect(StrEnum):
    """How a family's prompts are written."""

    TAGS = "tags"
    SENTENCES = "sentences"


class Guidance(StrEnum):
    """How a family is made to follow its prompt.

    CFG weighs a conditioned against an unconditioned prediction; EMBEDDED is a number that a
    guidance-distilled model takes as an input (its sampler's cfg stays 1 and a negative prompt
    has no effect); NONE is a distilled model without either.
    """

    CFG = "cfg"
    EMBEDDED = "embedded"
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class FrameRule:
    """Which clip lengths a family can make: `step`·n + `offset` frames from `low` to `high`.

    `good` is the length it was trained on.
    """

    step: int
    offset: int
    low: int
    good: int
    high: int

    def allows(self, frames: int) -> bool:
        """Whether the family can make a clip of exactly so many frames."""
        return self.low <= frames <= self.high and (frames - self.offset) % self.step == 0

    def fit(self, frames: int) -> int:
        """Return the allowed length nearest to `frames`, the longer one when two are as near."""
        wanted = min(max(frames, self.low), self.high)
        cells = math.floor((wanted - self.offset) / self.step + 0.5)
        return min(max(cells * self.step + self.offset, self.low), self.high)

    def fit_above(self, frames: int) -> int:
        """Return the shortest allowed length that has so many frames, else the longest."""
        cells = math.ceil((frames - self.offset) / self.step)
        return min(max(cells * self.step + self.offset, self.low), self.high)


@dataclass(frozen=True, kw_only=True)
class Family:
    """Limits and habits of a model family.

    `native_px` is the side of the square of its own area, `buckets` the (width, height) it was
    trained or is recommended at; `max_side_factor` how far a side may leave it before the subject
    doubles; steps and cfg as (low, good, high): below low the picture is unresolved, above high
    it gains nothing or burns. What `cfg` means says `guidance`. `frames` and `frame_rate`
    (frames/s) are None for families of stills. `quality_words` and `avoid_words` are what its
    authors recommend for the prompt and the negative one. `source` says where from.
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
    buckets: tuple[tuple[int, int], ...] = ()
    guidance: Guidance = Guidance.CFG
    frames: FrameRule | None = None
    frame_rate: float | None = None
    quality_words: tuple[str, ...] = ()
    avoid_words: tuple[str, ...] = ()

    def fit_size(self, width: int, height: int) -> tuple[int, int]:
        """Return the size nearest the family's own area, aspect kept, on its grid (pixels)."""
        scale = self.native_px / math.sqrt(width * height)
        return self.snap(width * scale), self.snap(height * scale)

    def nearest_bucket(self, width: int, height: int) -> tuple[int, int]:
        """Return the bucket whose aspect is nearest; the fitted size for a family without any."""
        if not self.buckets:
            return self.fit_size(width, height)
        wanted = math.log(width / height)
        return min(self.buckets, key=lambda size: abs(math.log(size[0] / size[1]) - wanted))

    def snap(self, side: float) -> int:
        """Round a side to the family's grid (pixels), at least one cell."""
        cell = self.size_multiple_px
        return max(cell, round(side / cell) * cell)

    def size_is_native(self, width: int, height: int) -> bool:
        """Whether the size lies within the range that the family draws well."""
        side = math.sqrt(width * height)
        low, high = self.native_px / self.max_side_factor, self.native_px * self.max_side_factor
        return low <= side <= high


def both_ways(*sizes: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    """Return landscape sizes and their portrait twins, the first ones first."""
    turned = ((size, size[::-1]) for size in sizes)
    return tuple(dict.fromkeys(size for pair in turned for size in pair))


_QUALITY = ("masterpiece", "best quality")
_AVOID = ("lowres", "worst quality", "jpeg artifacts", "watermark", "signature")

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
    buckets=both_ways((1024, 1024), (1152, 896), (1216, 832), (1344, 768), (1536, 640)),
    quality_words=_QUALITY,
    avoid_words=_AVOID,
    source="SDXL report (arXiv 2307.01952, appendix I): trained at these 1024² buckets; model "
    "cards of its anime children (Animagine, Illustrious, NoobAI): 25–30 steps, CFG 5–7, euler "
    "ancestral",
)

ILLUSTRIOUS = replace(
    SDXL,
    name="illustrious",
    steps=(20, 28, 40),
    cfg=(4.0, 6.0, 8.0),
    avoid_words=("worst quality", "bad quality", "low quality", "lowres", "watermark", "signature"),
    source="Illustrious XL report (arXiv 2409.19946) and model card: 20–28 steps, CFG 5–7.5, "
    "euler ancestral; sizes as SDXL (0.1), up to 1536² (1.0)",
)

NOOBAI = replace(
    SDXL,
    name="noobai",
    steps=(24, 30, 40),
    cfg=(3.5, 5.0, 7.0),
    quality_words=("masterpiece", "best quality", "newest", "absurdres", "highres"),
    avoid_words=(
        "worst quality",
        "old",
        "early",
        "low quality",
        "lowres",
        "signature",
        "username",
        "logo",
    ),
    sampler="euler",
    other_samplers=(("euler_ancestral", "normal"), ("dpmpp_2m", "karras")),
    source="NoobAI-XL model cards (eps and v-prediction): 28–35 steps, CFG 5–6 (v-prediction 4–5); "
    "the v-prediction one asks for euler; sizes around 1024²",
)

PONY = replace(
    SDXL,
    name="pony",
    steps=(20, 25, 40),
    cfg=(4.0, 7.0, 9.0),
    quality_words=("score_9", "score_8_up", "score_7_up"),
    avoid_words=("score_6", "score_5", "score_4", "watermark", "signature"),
    source="Pony Diffusion V6 XL model card: score_9… words in front, euler ancestral, 25 steps, "
    "1024²; the CFG range is chosen by hand after its users' habits",
)

ANIMAGINE = replace(
    SDXL,
    name="animagine",
    steps=(20, 28, 40),
    cfg=(4.0, 5.0, 7.0),
    quality_words=("masterpiece", "high score", "great score", "absurdres"),
    avoid_words=(
        "lowres",
        "bad anatomy",
        "bad hands",
        "text",
        "worst quality",
        "low quality",
        "low score",
        "bad score",
        "signature",
        "watermark",
        "blurry",
    ),
    source="Animagine XL 4.0 model card: euler ancestral, 25–28 steps, CFG 4–7 (5 recommended), "
    "SDXL's sizes, its own quality words",
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
    buckets=both_ways((512, 512), (640, 448), (768, 512)),
    quality_words=_QUALITY,
    avoid_words=_AVOID,
    source="Stable Diffusion 1.5 model card: trained at 512²; its authors sample 50 PNDM steps "
    "at CFG 7.5, DPM++ 2M Karras converges by 20–30; the wider buckets are those of its anime "
    "fine-tunes",
)

SD3 = Family(
    name="sd3",
    native_px=1024,
    size_multiple_px=16,
    max_side_factor=1.4,
    steps=(20, 28, 40),
    cfg=(3.0, 4.5, 7.0),
    sampler="dpmpp_2m",
    scheduler="sgm_uniform",
    other_samplers=(("euler", "sgm_uniform"), ("euler", "simple")),
    dialect=Dialect.SENTENCES,
    buckets=SDXL.buckets,
    source="Stable Diffusion 3 report (arXiv 2403.03206) and the 3.5 model cards: 28–40 steps, "
    "guidance 3.5–4.5, one megapixel, sides in multiples of 16; ComfyUI's own examples sample "
    "with DPM++ 2M or Euler and SGM uniform",
)

FLUX = Family(
    name="flux",
    native_px=1024,
    size_multiple_px=16,
    max_side_factor=1.42,
    steps=(12, 20, 50),
    cfg=(1.5, 3.5, 5.0),
    sampler="euler",
    scheduler="simple",
    other_samplers=(("dpmpp_2m", "sgm_uniform"), ("euler", "beta")),
    dialect=Dialect.SENTENCES,
    buckets=both_ways((1024, 1024), (1152, 896), (1216, 832), (1344, 768)),
    guidance=Guidance.EMBEDDED,
    source="FLUX.1 [dev] model card: guidance 3.5 (embedded), 50 steps, up to 2 megapixels; "
    "ComfyUI's own example: 20 Euler steps, scheduler simple",
)

FLUX_SCHNELL = replace(
    FLUX,
    name="flux_schnell",
    steps=(2, 4, 8),
    cfg=(1.0, 1.0, 1.0),
    guidance=Guidance.NONE,
    source="FLUX.1 [schnell] model card: 1–4 steps, no guidance",
)

WAN = Family(
    name="wan",
    native_px=632,
    size_multiple_px=16,
    max_side_factor=1.55,
    steps=(15, 20, 40),
    cfg=(2.5, 4.0, 6.5),
    sampler="uni_pc",
    scheduler="simple",
    other_samplers=(("euler", "simple"), ("dpmpp_2m", "sgm_uniform")),
    dialect=Dialect.SENTENCES,
    buckets=both_ways((832, 480), (1280, 720), (624, 624), (960, 960)),
    frames=FrameRule(step=4, offset=1, low=5, good=81, high=121),
    frame_rate=16.0,
    source="Wan 2.1 and 2.2 A14B repositories: 480p and 720p buckets, 81 frames at 16/s, lengths "
    "4n+1 (causal VAE, 4 frames to one latent), guidance 5–6 (2.1), 3–4 (2.2), 40–50 steps; "
    "ComfyUI's own examples: 20–30 steps",
)

WAN_5B = replace(
    WAN,
    name="wan_5b",
    native_px=949,
    size_multiple_px=32,
    max_side_factor=1.4,
    steps=(15, 20, 50),
    cfg=(3.0, 5.0, 6.5),
    buckets=both_ways((1280, 704)),
    frames=FrameRule(step=4, offset=1, low=5, good=121, high=121),
    frame_rate=24.0,
    source="Wan 2.2 TI2V-5B repository: 1280×704, sides in multiples of 32 (VAE 16 × patch 2), "
    "121 frames at 24/s, guidance 5",
)

LTX = Family(
    name="ltx",
    native_px=627,
    size_multiple_px=32,
    max_side_factor=1.55,
    steps=(15, 30, 50),
    cfg=(2.0, 3.0, 5.0),
    sampler="euler",
    scheduler="normal",
    other_samplers=(("euler_ancestral", "normal"), ("res_multistep", "normal")),
    dialect=Dialect.SENTENCES,
    buckets=both_ways((768, 512), (704, 512), (1216, 704)),
    frames=FrameRule(step=8, offset=1, low=9, good=97, high=257),
    frame_rate=25.0,
    avoid_words=("worst quality", "inconsistent motion", "blurry", "jittery", "distorted"),
    source="LTX-Video repository and model card: sides in multiples of 32, lengths 8n+1 up to 257 "
    "frames, below 1280×720, guidance 3–3.5, 20–40 steps, its own negative prompt",
)

ANIMATEDIFF = replace(
    SD15,
    name="animatediff",
    max_side_factor=1.4,
    sampler="euler_ancestral",
    scheduler="normal",
    other_samplers=(("euler", "normal"), ("dpmpp_2m", "karras")),
    frames=FrameRule(step=16, offset=0, low=16, good=16, high=16),
    frame_rate=8.0,
    source="AnimateDiff (arXiv 2307.04725): motion modules over SD 1.5, trained on 16 frames at "
    "8/s; longer clips need context windows and drift",
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
    quality_words=_QUALITY,
    avoid_words=_AVOID,
    source="cautious limits chosen by hand: what all latent models above tolerate",
)
