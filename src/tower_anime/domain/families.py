"""The newer model families, and every family by its name. Each figure with its source."""

from __future__ import annotations

from dataclasses import replace

from tower_anime.domain.family import (
    ANIMAGINE,
    ANIMATEDIFF,
    FLUX,
    FLUX_SCHNELL,
    ILLUSTRIOUS,
    LTX,
    NOOBAI,
    PONY,
    SD3,
    SD15,
    SDXL,
    UNKNOWN,
    WAN,
    WAN_5B,
    Dialect,
    Family,
    FrameRule,
    Guidance,
    both_ways,
)

FLUX2 = replace(
    FLUX,
    name="flux2",
    steps=(16, 20, 50),
    cfg=(2.5, 4.0, 5.0),
    other_samplers=(("dpmpp_2m", "simple"),),
    source="FLUX.2 [dev] model card: guidance 4 (embedded), 50 steps, 28 a good trade-off, up to 4 "
    "megapixels, sides in multiples of 16; ComfyUI's template: 20 Euler steps",
)

FLUX2_KLEIN_BASE = replace(
    FLUX2,
    name="flux2_klein_base",
    cfg=(3.0, 5.0, 6.0),
    guidance=Guidance.CFG,
    source="FLUX.2 [klein] base model cards: 50 steps, guidance 4; ComfyUI's template: 20 Euler "
    "steps at CFG 5, 1024²",
)

FLUX2_KLEIN = replace(
    FLUX2,
    name="flux2_klein",
    steps=(3, 4, 8),
    cfg=(1.0, 1.0, 1.0),
    guidance=Guidance.NONE,
    source="FLUX.2 [klein] model cards and ComfyUI's template: distilled to 4 steps, no guidance",
)

LUMINA2 = Family(
    name="lumina2",
    native_px=1024,
    size_multiple_px=16,
    max_side_factor=1.35,
    steps=(20, 30, 50),
    cfg=(3.0, 4.0, 6.0),
    sampler="res_multistep",
    scheduler="simple",
    other_samplers=(("euler", "simple"), ("euler_ancestral", "linear_quadratic")),
    dialect=Dialect.TAGS,
    buckets=both_ways((1024, 1024), (1024, 1536), (1152, 896), (1344, 768)),
    quality_words=("best quality",),
    avoid_words=("worst quality", "low quality", "blurry"),
    source="Neta Lumina and NetaYume model cards: res_multistep, 30 steps, CFG 4–5.5, tags or "
    "sentences after a fixed prefix; ComfyUI's template and its note: best at 1024², higher like "
    "1024×1536, 30 steps at CFG 4, scheduler simple",
)

NEWBIE = replace(
    LUMINA2,
    name="newbie",
    steps=(16, 20, 30),
    cfg=(4.0, 5.5, 7.0),
    source="NewBie-image: a Lumina descendant for anime; ComfyUI's template: res_multistep, 20 "
    "steps at CFG 5.5, 1024×1536",
)

ANIMA = Family(
    name="anima",
    native_px=1024,
    size_multiple_px=16,
    max_side_factor=1.35,
    steps=(24, 30, 50),
    cfg=(3.0, 4.0, 5.5),
    sampler="er_sde",
    scheduler="simple",
    other_samplers=(("euler", "simple"), ("dpmpp_2m", "simple")),
    dialect=Dialect.TAGS,
    buckets=both_ways((1024, 1024), (896, 1152), (832, 1216)),
    quality_words=("masterpiece", "best quality", "score_7"),
    avoid_words=("worst quality", "low quality", "score_1", "score_2", "score_3"),
    source="Anima model card: about a megapixel, 30–50 steps, CFG 4–5, tags and sentences, its "
    "quality and score words; ComfyUI's templates: er_sde or Euler, simple, 30 steps at CFG 4",
)

QWEN_IMAGE = Family(
    name="qwen_image",
    native_px=1328,
    size_multiple_px=16,
    max_side_factor=1.4,
    steps=(16, 20, 50),
    cfg=(2.0, 4.0, 5.5),
    sampler="euler",
    scheduler="simple",
    other_samplers=(("res_multistep", "simple"), ("dpmpp_2m", "sgm_uniform")),
    dialect=Dialect.SENTENCES,
    buckets=both_ways((1328, 1328), (1664, 928), (1472, 1104), (1584, 1056)),
    source="Qwen-Image model card: 50 steps, CFG 4, these sizes (ComfyUI's template lists them); "
    "ComfyUI's templates: 20 Euler steps at CFG 2.5–4 (its Lightning LoRAs: 2–8 steps at CFG 1)",
)

Z_IMAGE = Family(
    name="z_image",
    native_px=1024,
    size_multiple_px=16,
    max_side_factor=1.9,
    steps=(20, 28, 50),
    cfg=(3.0, 4.0, 5.0),
    sampler="res_multistep",
    scheduler="simple",
    other_samplers=(("euler", "simple"), ("dpmpp_2m", "beta")),
    dialect=Dialect.SENTENCES,
    buckets=both_ways((1024, 1024), (1152, 896), (1216, 832), (1344, 768)),
    source="Z-Image model card: 28–50 steps, guidance 3–5, 512² to 2048²; ComfyUI's template: "
    "res_multistep, simple, 25 steps at CFG 4, its note: 30–50 steps, CFG 3–5",
)

Z_IMAGE_TURBO = replace(
    Z_IMAGE,
    name="z_image_turbo",
    steps=(6, 8, 12),
    cfg=(1.0, 1.0, 1.0),
    guidance=Guidance.NONE,
    source="Z-Image-Turbo model card and ComfyUI's template: distilled to 8 steps, no guidance",
)

HUNYUAN_IMAGE = Family(
    name="hunyuan_image",
    native_px=2048,
    size_multiple_px=32,
    max_side_factor=1.3,
    steps=(20, 50, 60),
    cfg=(2.5, 3.5, 5.0),
    sampler="euler",
    scheduler="simple",
    other_samplers=(("dpmpp_2m", "simple"),),
    dialect=Dialect.SENTENCES,
    buckets=both_ways((2048, 2048), (2304, 1792), (2560, 1536)),
    source="HunyuanImage 2.1 repository: 2K only (these sizes; 1K shows artefacts), 50 steps, "
    "guidance 3.5, a VAE that shrinks 32 times",
)

HUNYUAN_VIDEO = Family(
    name="hunyuan_video",
    native_px=638,
    size_multiple_px=16,
    max_side_factor=1.55,
    steps=(16, 20, 50),
    cfg=(4.0, 6.0, 9.0),
    sampler="euler",
    scheduler="simple",
    other_samplers=(("dpmpp_2m", "simple"),),
    dialect=Dialect.SENTENCES,
    buckets=both_ways((848, 480), (960, 544), (1280, 720), (720, 720)),
    guidance=Guidance.EMBEDDED,
    frames=FrameRule(step=4, offset=1, low=5, good=73, high=129),
    frame_rate=24.0,
    source="HunyuanVideo repository: 540p and 720p sizes, 129 frames at 24/s, lengths 4n+1, "
    "embedded guidance 6, 50 steps; ComfyUI's template: 848×480, 73 frames, 20 Euler steps",
)

HUNYUAN_VIDEO_15 = replace(
    HUNYUAN_VIDEO,
    name="hunyuan_video_15",
    native_px=960,
    buckets=both_ways((1280, 720), (848, 480)),
    guidance=Guidance.CFG,
    frames=FrameRule(step=4, offset=1, low=5, good=121, high=121),
    source="HunyuanVideo 1.5 repository: 480p and 720p, 121 frames at 24/s, CFG 6, 50 steps (its "
    "table stands in ComfyUI's template, which takes 20)",
)

LTX2 = replace(
    LTX,
    name="ltx2",
    native_px=960,
    steps=(8, 20, 40),
    cfg=(2.0, 4.0, 5.0),
    buckets=both_ways((1280, 704), (768, 512), (1216, 704)),
    frames=FrameRule(step=8, offset=1, low=9, good=121, high=481),
    frame_rate=24.0,
    source="LTX-2 repository: sides in multiples of 32, lengths 8n+1, up to 20 s, sound with the "
    "picture; ComfyUI's templates: 1280×720 in two stages, 20 steps at CFG 3–4, 121 frames at 24/s "
    "(distilled: 8 steps at CFG 1)",
)

KANDINSKY5_VIDEO = Family(
    name="kandinsky5_video",
    native_px=627,
    size_multiple_px=16,
    max_side_factor=1.3,
    steps=(16, 50, 60),
    cfg=(3.0, 5.0, 6.0),
    sampler="euler_ancestral",
    scheduler="beta",
    other_samplers=(("euler", "simple"),),
    dialect=Dialect.SENTENCES,
    buckets=both_ways((768, 512), (512, 512)),
    frames=FrameRule(step=4, offset=1, low=5, good=121, high=121),
    frame_rate=24.0,
    source="Kandinsky 5.0 Video Lite repository: 768×512 and 512², 5 s at 24/s, 50 steps, guidance "
    "5; ComfyUI's template: the same, euler_ancestral, beta",
)

KANDINSKY5_IMAGE = replace(
    FLUX,
    name="kandinsky5_image",
    steps=(20, 50, 60),
    cfg=(2.5, 3.5, 5.0),
    guidance=Guidance.CFG,
    source="Kandinsky 5.0 Image Lite repository: 50 steps, guidance 3.5, one megapixel; ComfyUI's "
    "template: the same, Euler, simple",
)

HIDREAM = replace(
    FLUX,
    name="hidream",
    steps=(30, 50, 60),
    cfg=(3.0, 5.0, 6.0),
    sampler="uni_pc",
    other_samplers=(("euler", "simple"),),
    guidance=Guidance.CFG,
    source="HiDream-I1 Full model card: 50 steps, guidance 5, one megapixel; ComfyUI's template: "
    "uni_pc, simple",
)

HIDREAM_DEV = replace(
    HIDREAM,
    name="hidream_dev",
    steps=(14, 28, 36),
    cfg=(1.0, 1.0, 1.0),
    sampler="lcm",
    scheduler="normal",
    other_samplers=(("euler", "normal"),),
    guidance=Guidance.NONE,
    source="HiDream-I1 Dev and Fast model cards and ComfyUI's templates: distilled, 28 and 16 "
    "steps, no guidance, LCM",
)

CHROMA = replace(
    FLUX,
    name="chroma",
    steps=(20, 26, 50),
    cfg=(2.5, 3.5, 5.0),
    scheduler="beta",
    other_samplers=(("res_multistep", "beta"), ("dpmpp_2m", "beta")),
    guidance=Guidance.CFG,
    avoid_words=("low quality", "blurry"),
    source="Chroma1-HD model card: 40 steps, CFG 3, a real negative prompt; ComfyUI's templates: "
    "26–30 Euler steps at CFG 3.5, beta",
)

ERNIE_IMAGE = replace(
    FLUX,
    name="ernie_image",
    steps=(16, 20, 50),
    cfg=(3.0, 4.0, 5.0),
    other_samplers=(("dpmpp_2m", "simple"),),
    guidance=Guidance.CFG,
    source="ComfyUI's template and its note: 20 Euler steps at CFG 4, 1024², 50 steps originally",
)

ERNIE_IMAGE_TURBO = replace(
    ERNIE_IMAGE,
    name="ernie_image_turbo",
    steps=(6, 8, 12),
    cfg=(1.0, 1.0, 1.0),
    guidance=Guidance.NONE,
    source="ComfyUI's template: distilled to 8 Euler steps, no guidance",
)

OVIS_IMAGE = replace(
    ERNIE_IMAGE,
    name="ovis_image",
    cfg=(3.5, 5.0, 6.0),
    source="Ovis-Image model card: 50 steps, guidance 5; ComfyUI's template: 20 Euler steps at CFG "
    "5, 1024²",
)

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        SDXL,
        ILLUSTRIOUS,
        NOOBAI,
        PONY,
        ANIMAGINE,
        SD15,
        SD3,
        FLUX,
        FLUX_SCHNELL,
        FLUX2,
        FLUX2_KLEIN,
        FLUX2_KLEIN_BASE,
        LUMINA2,
        NEWBIE,
        ANIMA,
        QWEN_IMAGE,
        Z_IMAGE,
        Z_IMAGE_TURBO,
        HUNYUAN_IMAGE,
        HIDREAM,
        HIDREAM_DEV,
        CHROMA,
        ERNIE_IMAGE,
        ERNIE_IMAGE_TURBO,
        OVIS_IMAGE,
        KANDINSKY5_IMAGE,
        WAN,
        WAN_5B,
        LTX,
        LTX2,
        HUNYUAN_VIDEO,
        HUNYUAN_VIDEO_15,
        KANDINSKY5_VIDEO,
        ANIMATEDIFF,
        UNKNOWN,
    )
}
"""Every family by its name."""
