"""The model files on offer and what they are like in world 0, by families.

Each family of `domain.families` has at least two, with sweet spots of their own around what the
family's authors recommend.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tower_anime.sandbox.surface import SCHEDULES, SPEED, Footage, Surface


def _surface(
    native_px: int,
    clean_steps: float,
    wash_below: float,
    burn_from: float,
    burn_full: float,
    *,
    footage: Footage | None = None,
    cast: float = 0.0,
    miscount: float = 0.0,
) -> Surface:
    return Surface(
        native_px=native_px,
        clean_steps=clean_steps,
        wash_below=wash_below,
        burn_from=burn_from,
        burn_full=burn_full,
        footage=footage,
        cast=cast,
        miscount=miscount,
    )


_HUNYUAN = Footage(rate=24.0, latent_frames=4, good_frames=129, stillness=0.12)
_PACED_24 = Footage(rate=24.0, latent_frames=4, good_frames=121, stillness=0.1)
_LTX2 = Footage(
    rate=24.0, latent_frames=8, good_frames=241, stillness=0.2, loudness_lufs=(-30.0, -14.0)
)
_WAN = Footage(rate=16.0, latent_frames=4, good_frames=97, stillness=0.15)
_WAN_5B = Footage(rate=24.0, latent_frames=4, good_frames=121, stillness=0.1)
_LTX = Footage(rate=25.0, latent_frames=8, good_frames=161, stillness=0.35)

CHECKPOINTS: Mapping[str, Surface] = {
    "sandbox_anime_xl.safetensors": Surface(native_px=1024),
    "sandbox_anime_15.safetensors": Surface(native_px=512),
    "sandbox_turbo_xl.safetensors": Surface(
        native_px=1024, clean_steps=6, burn_from=3.0, burn_full=9.0, wash_below=0.9
    ),
    "sandbox_slow_xl.safetensors": Surface(
        native_px=1024, clean_steps=36, burn_from=8.0, burn_full=18.0, wash_below=3.5, miscount=0.1
    ),
    "sandbox_warm_sd15.safetensors": Surface(
        native_px=512, clean_steps=20, burn_from=9.0, burn_full=22.0, wash_below=4.0, cast=0.7
    ),
    "sandbox_signed_sd15.safetensors": Surface(
        native_px=512, clean_steps=28, scribbles=True, miscount=0.1
    ),
    "sandbox_illustrious_xl.safetensors": Surface(
        native_px=1024, clean_steps=22, burn_from=8.5, burn_full=20.0, wash_below=3.0
    ),
    "sandbox_noobai_xl_vpred.safetensors": Surface(
        native_px=1024, clean_steps=26, burn_from=7.2, burn_full=16.0, wash_below=3.0
    ),
    "sandbox_pony_v6_xl.safetensors": Surface(
        native_px=1024, clean_steps=22, burn_from=9.5, burn_full=22.0, wash_below=3.5
    ),
    "sandbox_animagine_xl.safetensors": Surface(
        native_px=1024, clean_steps=24, burn_from=7.5, burn_full=18.0, wash_below=3.2
    ),
    "sandbox_sd3.5_medium.safetensors": Surface(
        native_px=1024, clean_steps=26, burn_from=7.5, burn_full=16.0, wash_below=2.5
    ),
    "sandbox_illustrious_vivid_xl.safetensors": Surface(
        native_px=1024, clean_steps=30, burn_from=6.0, burn_full=14.0, wash_below=2.2, cast=0.3
    ),
    "sandbox_noobai_swift_xl.safetensors": Surface(
        native_px=1024, clean_steps=14, burn_from=5.6, burn_full=13.0, wash_below=1.8
    ),
    "sandbox_pony_realm_xl.safetensors": Surface(
        native_px=1024,
        clean_steps=30,
        burn_from=7.0,
        burn_full=17.0,
        wash_below=4.2,
        miscount=0.1,
        blackout=0.04,
    ),
    "sandbox_animagine_cool_xl.safetensors": Surface(
        native_px=1024, clean_steps=18, burn_from=9.0, burn_full=21.0, wash_below=4.5, cast=-0.5
    ),
    "sandbox_sd3.5_large.safetensors": Surface(
        native_px=1024, clean_steps=32, burn_from=6.0, burn_full=14.0, wash_below=2.0
    ),
    "sandbox_netayume_lumina2.safetensors": Surface(
        native_px=1024, clean_steps=26, burn_from=7.5, burn_full=16.0, wash_below=2.4
    ),
    "sandbox_ltx_video_2b.safetensors": Surface(
        native_px=720,
        clean_steps=22,
        burn_from=5.5,
        burn_full=14.0,
        wash_below=1.8,
        footage=_LTX,
    ),
    "sandbox_ltx_video_13b.safetensors": Surface(
        native_px=720,
        clean_steps=30,
        burn_from=6.5,
        burn_full=15.0,
        wash_below=2.4,
        footage=replace(_LTX, stillness=0.2),
    ),
    "sandbox_ltx2_19b_distilled.safetensors": _surface(
        960, 8, 0.8, 2.5, 7.0, footage=replace(_LTX2, stillness=0.15, loudness_lufs=(-22.0, -8.0))
    ),
}
"""The checkpoints on offer and what they are like in world 0; the first is the default.

Twenty at most: of more choices than that ComfyUI's refusals tell only the number.
"""

DIFFUSION_MODELS: Mapping[str, Surface] = {
    "sandbox_flux1_dev.safetensors": Surface(
        native_px=1024, clean_steps=18, burn_from=10.5, burn_full=24.0, wash_below=2.6
    ),
    "sandbox_flux1_dev_drawn.safetensors": Surface(
        native_px=1024, clean_steps=26, burn_from=8.0, burn_full=18.0, wash_below=3.4
    ),
    "sandbox_flux1_schnell.safetensors": Surface(
        native_px=1024, clean_steps=4, burn_from=2.5, burn_full=8.0, wash_below=0.9
    ),
    "sandbox_flux1_schnell_drawn.safetensors": Surface(
        native_px=1024, clean_steps=6, burn_from=2.1, burn_full=6.0, wash_below=0.7, cast=0.25
    ),
    "sandbox_wan2.1_t2v_1.3B.safetensors": Surface(
        native_px=760, clean_steps=20, burn_from=8.0, burn_full=18.0, wash_below=2.5, footage=_WAN
    ),
    "sandbox_wan2.1_i2v_480p.safetensors": Surface(
        native_px=760, clean_steps=20, burn_from=8.0, burn_full=18.0, wash_below=2.5, footage=_WAN
    ),
    "sandbox_wan2.1_t2v_14B_drawn.safetensors": Surface(
        native_px=760,
        clean_steps=26,
        burn_from=6.8,
        burn_full=15.0,
        wash_below=2.0,
        footage=replace(_WAN, stillness=0.08),
    ),
    "sandbox_wan2.2_ti2v_5B.safetensors": Surface(
        native_px=1000,
        clean_steps=20,
        burn_from=7.5,
        burn_full=16.0,
        wash_below=2.5,
        footage=_WAN_5B,
    ),
    "sandbox_wan2.2_ti2v_5B_drawn.safetensors": Surface(
        native_px=1000,
        clean_steps=28,
        burn_from=6.0,
        burn_full=13.0,
        wash_below=2.0,
        footage=replace(_WAN_5B, stillness=0.05),
    ),
    "sandbox_flux2_dev.safetensors": _surface(1024, 18, 3.2, 12.0, 26.0),
    "sandbox_flux2_dev_drawn.safetensors": _surface(1024, 28, 4.0, 10.0, 20.0),
    "sandbox_flux2_klein_base_4B.safetensors": _surface(1024, 18, 2.2, 7.5, 16.0),
    "sandbox_flux2_klein_base_drawn.safetensors": _surface(1024, 26, 2.8, 6.4, 13.0),
    "sandbox_flux2_klein_4B.safetensors": _surface(1024, 4, 0.8, 2.5, 7.0),
    "sandbox_flux2_klein_drawn.safetensors": _surface(1024, 6, 0.7, 2.1, 6.0, cast=0.2),
    "sandbox_neta_lumina2.safetensors": _surface(1024, 34, 2.8, 6.2, 14.0),
    "sandbox_ltx2_19b.safetensors": _surface(960, 18, 1.8, 6.5, 14.0, footage=_LTX2),
    "sandbox_newbie_image.safetensors": _surface(1024, 22, 3.0, 8.5, 18.0),
    "sandbox_newbie_image_cool.safetensors": _surface(1024, 18, 3.6, 7.4, 15.0, cast=-0.3),
    "sandbox_anima_base.safetensors": _surface(1024, 28, 2.4, 7.0, 15.0),
    "sandbox_anima_vivid.safetensors": _surface(1024, 22, 2.8, 6.0, 13.0, cast=0.3),
    "sandbox_qwen_image.safetensors": _surface(1328, 18, 1.8, 7.0, 15.0),
    "sandbox_qwen_image_drawn.safetensors": _surface(1328, 26, 2.2, 6.0, 13.0),
    "sandbox_z_image.safetensors": _surface(1024, 24, 2.4, 6.5, 14.0),
    "sandbox_z_image_drawn.safetensors": _surface(1024, 30, 2.8, 5.8, 12.0),
    "sandbox_z_image_turbo.safetensors": _surface(1024, 8, 0.8, 2.5, 7.0),
    "sandbox_z_image_turbo_drawn.safetensors": _surface(1024, 6, 0.7, 2.1, 6.0),
    "sandbox_hunyuan_image_2.1.safetensors": _surface(2048, 36, 2.0, 6.5, 14.0),
    "sandbox_hunyuan_image_2.1_drawn.safetensors": _surface(2048, 28, 2.4, 5.6, 12.0),
    "sandbox_hidream_i1_full.safetensors": _surface(1024, 44, 2.4, 7.5, 16.0),
    "sandbox_hidream_i1_full_drawn.safetensors": _surface(1024, 36, 3.0, 6.6, 14.0),
    "sandbox_hidream_i1_dev.safetensors": _surface(1024, 26, 0.8, 2.5, 7.0),
    "sandbox_hidream_i1_fast.safetensors": _surface(1024, 16, 0.7, 2.1, 6.0),
    "sandbox_chroma1_hd.safetensors": _surface(1024, 24, 2.0, 6.5, 14.0),
    "sandbox_chroma1_drawn.safetensors": _surface(1024, 30, 2.4, 5.6, 12.0, miscount=0.1),
    "sandbox_ernie_image.safetensors": _surface(1024, 18, 2.4, 6.5, 14.0),
    "sandbox_ernie_image_drawn.safetensors": _surface(1024, 24, 2.8, 5.8, 12.0),
    "sandbox_ernie_image_turbo.safetensors": _surface(1024, 8, 0.8, 2.5, 7.0),
    "sandbox_ernie_image_turbo_drawn.safetensors": _surface(1024, 6, 0.7, 2.1, 6.0),
    "sandbox_ovis_image.safetensors": _surface(1024, 18, 2.8, 7.5, 16.0),
    "sandbox_ovis_image_drawn.safetensors": _surface(1024, 26, 3.4, 6.6, 14.0),
    "sandbox_kandinsky5_t2i.safetensors": _surface(1024, 40, 2.0, 6.5, 14.0),
    "sandbox_kandinsky5_t2i_drawn.safetensors": _surface(1024, 30, 2.4, 5.6, 12.0),
    "sandbox_hunyuan_video_t2v.safetensors": _surface(800, 18, 5.2, 20.0, 40.0, footage=_HUNYUAN),
    "sandbox_hunyuan_video_t2v_drawn.safetensors": _surface(
        800, 26, 6.4, 18.0, 34.0, footage=replace(_HUNYUAN, stillness=0.05)
    ),
    "sandbox_hunyuan_video_1.5_t2v.safetensors": _surface(
        960, 18, 3.0, 11.0, 22.0, footage=_PACED_24
    ),
    "sandbox_hunyuan_video_1.5_drawn_t2v.safetensors": _surface(
        960, 26, 3.6, 9.6, 20.0, footage=replace(_PACED_24, stillness=0.05)
    ),
    "sandbox_kandinsky5_t2v.safetensors": _surface(680, 40, 2.4, 7.5, 16.0, footage=_PACED_24),
    "sandbox_kandinsky5_t2v_drawn.safetensors": _surface(
        680, 30, 2.8, 6.6, 14.0, footage=replace(_PACED_24, stillness=0.05)
    ),
}
"""The models that are loaded without text encoder and VAE."""

MOTION_MODULE = Footage(rate=8.0, latent_frames=1, good_frames=16, stillness=0.1, most_frames=16)
"""AnimateDiff's: it sees sixteen frames at once, more only through a sliding window."""
MOTION_MODULE_PX = 512
"""The models that it was trained for."""


def surface_of(checkpoint: str, *, world: int = 0) -> Surface:
    """Return a checkpoint's surface; the same world always has the same.

    Sizes, tints and scribbles stay: they are properties of a file that everybody can see.
    """
    usual = CHECKPOINTS.get(checkpoint) or DIFFUSION_MODELS[checkpoint]
    if world == 0:
        return usual
    rng = np.random.default_rng([world, *checkpoint.encode()])
    burn_from = float(rng.uniform(5.0, 14.0))
    pace = {name: float(rng.uniform(0.6, 1.7)) for name in (*SPEED, *SCHEDULES)}
    return replace(
        usual,
        clean_steps=float(rng.uniform(12, 40)),
        burn_from=burn_from,
        burn_full=burn_from * float(rng.uniform(1.8, 3.0)),
        wash_below=burn_from * float(rng.uniform(0.15, 0.5)),
        drag=float(rng.uniform(0.0, 0.1)),
        lora_best=float(rng.uniform(0.4, 1.4)),
        pace=pace,
    )
