"""Where each checkpoint is good: its own sweet spots, fixed in world 0 and drawn in the others.

World 0 copies common experience with SD 1.5 and SDXL: euler needs some 24 steps, a guidance
(CFG) above 11 burns, below 2.5 washes out. Other worlds move these marks and let settings
interact, so that a learner can be measured on many surfaces that it has never seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SPEED = {
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

SCHEDULES = {
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
    `most_frames` are refused. A model that makes sound gives it a loudness between the two of
    `loudness_lufs`.
    """

    rate: float
    latent_frames: int
    good_frames: int
    stillness: float
    most_frames: int | None = None
    loudness_lufs: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class Surface:
    """One checkpoint's answer to settings.

    `clean_steps` are the euler steps from which no residual noise is left. Guidance burns from
    `burn_from` and is all burnt at `burn_full`; below `wash_below` it washes out. `drag` is the
    share of more steps that each CFG point away from the middle costs. `miscount` is how often
    (0–1) one person too many appears, `blackout` how often a picture comes out black (numbers that
    overflowed in the decoder), `cast` a tint (−1 cold … 1 warm), `scribbles` a habit of
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
    blackout: float = 0.0
    cast: float = 0.0
    scribbles: bool = False
    lora_best: float = 1.2
    pace: Mapping[str, float] = field(default_factory=dict)
    footage: Footage | None = None

    def worth(self, steps: int, *, sampler: str, scheduler: str, cfg: float) -> float:
        """Return how many euler steps of the model this work is worth."""
        name = _known(sampler)
        speed = SPEED.get(name, 1.0) * self.pace.get(name, 1.0)
        speed *= SCHEDULES.get(scheduler, 1.0) * self.pace.get(scheduler, 1.0)
        middle = (self.wash_below + self.burn_from) / 2
        return steps * speed / (1 + self.drag * abs(cfg - middle))


def _known(sampler: str) -> str:
    """Return the longest name of the table that the sampler's name begins with."""
    names = (name for name in SPEED if sampler.startswith(name))
    return max(names, key=len, default="euler")
