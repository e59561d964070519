"""Where each checkpoint is good: its own sweet spots, fixed in world 0 and drawn in the others.

World 0 copies common experience with SD 1.5 and SDXL: euler needs some 24 steps, a guidance
(CFG) above 11 burns, below 2.5 washes out. Other worlds move these marks and let settings
interact, so that a learner can be measured on many surfaces that it has never seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

_SPEED = {
    "euler": 1.0,
    "euler_ancestral": 1.0,
    "dpmpp_2m": 1.35,
    "dpmpp_3m_sde": 1.3,
    "dpmpp_2m_sde": 1.3,
    "dpmpp_sde": 1.6,
    "dpmpp_2s_ancestral": 1.5,
    "dpm_2": 1.7,
    "dpm_fast": 0.8,
    "dpm_adaptive": 2.0,
    "heun": 1.7,
    "uni_pc": 1.4,
    "deis": 1.25,
    "ipndm": 1.2,
    "res_multistep": 1.3,
    "er_sde": 1.2,
    "sa_solver": 1.25,
    "lms": 0.9,
    "ddim": 1.0,
    "lcm": 1.8,
    "ddpm": 0.6,
}
"""Euler steps that one step of a sampler is worth (two-evaluation samplers count nearly twice)."""

_SCHEDULES = {
    "karras": 1.12,
    "exponential": 1.1,
    "beta": 1.05,
    "kl_optimal": 1.1,
    "ddim_uniform": 0.95,
}


@dataclass(frozen=True, kw_only=True)
class Footage:
    """What the clips of a video model are like.

    `rate` is what it learnt, in frames per second. One latent holds `latent_frames`, so lengths
    are a multiple of it plus one. Beyond `good_frames` a clip turns back and drifts. `stillness`
    is how often (0–1) nothing moves when no word of the prompt asks for motion. More than
    `most_frames` are refused.
    """

    rate: float
    latent_frames: int
    good_frames: int
    stillness: float
    most_frames: int | None = None


@dataclass(frozen=True, kw_only=True)
class Surface:
    """One checkpoint's answer to settings.

    `clean_steps` are the euler steps from which no residual noise is left. Guidance burns from
    `burn_from` and is all burnt at `burn_full`; below `wash_below` it washes out. `drag` is the
    share of more steps that each CFG point away from the middle costs. `miscount` is how often
    (0–1) one person too many appears, `cast` a tint (−1 cold … 1 warm), `scribbles` a habit of
    writing into a corner. A LoRA serves up to `lora_best` and spoils from there. `footage` is
    None for a model of stills.
    """

    native_px: int
    clean_steps: float = 24.0
    burn_from: float = 11.0
    burn_full: float = 29.0
    wash_below: float = 2.5
    drag: float = 0.0
    miscount: float = 0.0
    cast: float = 0.0
    scribbles: bool = False
    lora_best: float = 1.2
    pace: Mapping[str, float] = field(default_factory=dict)
    footage: Footage | None = None

    def worth(self, steps: int, *, sampler: str, scheduler: str, cfg: float) -> float:
        """Return how many euler steps of the model this work is worth."""
        name = _known(sampler)
        speed = _SPEED.get(name, 1.0) * self.pace.get(name, 1.0)
        speed *= _SCHEDULES.get(scheduler, 1.0) * self.pace.get(scheduler, 1.0)
        middle = (self.wash_below + self.burn_from) / 2
        return steps * speed / (1 + self.drag * abs(cfg - middle))


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
        native_px=1024, clean_steps=30, burn_from=7.0, burn_full=17.0, wash_below=4.2, miscount=0.1
    ),
    "sandbox_animagine_cool_xl.safetensors": Surface(
        native_px=1024, clean_steps=18, burn_from=9.0, burn_full=21.0, wash_below=4.5, cast=-0.5
    ),
    "sandbox_sd3.5_large.safetensors": Surface(
        native_px=1024, clean_steps=32, burn_from=6.0, burn_full=14.0, wash_below=2.0
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
}
"""The checkpoints on offer and what they are like in world 0; the first is the default."""

_WAN = Footage(rate=16.0, latent_frames=4, good_frames=97, stillness=0.15)
_WAN_5B = Footage(rate=24.0, latent_frames=4, good_frames=121, stillness=0.1)

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
    pace = {name: float(rng.uniform(0.6, 1.7)) for name in (*_SPEED, *_SCHEDULES)}
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


def _known(sampler: str) -> str:
    """Return the longest name of the table that the sampler's name begins with."""
    names = (name for name in _SPEED if sampler.startswith(name))
    return max(names, key=len, default="euler")
