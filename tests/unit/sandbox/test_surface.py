from __future__ import annotations

import numpy as np
import pytest

from tower_anime.sandbox import spoil
from tower_anime.sandbox.catalog import Catalog
from tower_anime.sandbox.models import CHECKPOINTS, surface_of
from tower_anime.sandbox.surface import Surface

XL = "sandbox_anime_xl.safetensors"


def test_every_checkpoint_on_offer_has_a_surface_and_the_default_comes_first() -> None:
    assert Catalog().models("checkpoints") == list(CHECKPOINTS)
    assert next(iter(CHECKPOINTS)) == XL


def test_world_0_is_the_documented_one_and_others_are_drawn_by_lot() -> None:
    assert surface_of(XL) == surface_of(XL, world=0) == Surface(native_px=1024)
    assert surface_of(XL, world=3) == surface_of(XL, world=3)
    assert len({surface_of(XL, world=n).clean_steps for n in range(20)}) == 20
    assert {surface_of(XL, world=n).native_px for n in range(20)} == {1024}


@pytest.mark.parametrize("world", range(1, 30))
@pytest.mark.parametrize("checkpoint", CHECKPOINTS)
def test_every_world_leaves_a_sweet_spot(checkpoint: str, world: int) -> None:
    surface = surface_of(checkpoint, world=world)
    middle = (surface.wash_below + surface.burn_from) / 2
    assert spoil.guidance_of(middle, surface) == (0, 0)
    assert surface.worth(60, sampler="euler", scheduler="normal", cfg=middle) > 0
    assert max(surface.pace.values()) * 60 > surface.clean_steps


def test_samplers_have_their_own_pace_and_families_share_it() -> None:
    surface = Surface(native_px=512)

    def worth(sampler: str, scheduler: str = "normal") -> float:
        return surface.worth(10, sampler=sampler, scheduler=scheduler, cfg=6.0)

    assert worth("dpmpp_2m") > worth("euler") > worth("ddpm")
    assert worth("dpmpp_2m_sde_gpu") == worth("dpmpp_2m_sde")
    assert worth("euler", "karras") > worth("euler")
    assert worth("some_new_sampler") == worth("euler")


def test_drag_costs_steps_away_from_the_middle() -> None:
    surface = Surface(native_px=512, drag=0.1)
    middle = (surface.wash_below + surface.burn_from) / 2
    near, far = (
        surface.worth(20, sampler="euler", scheduler="normal", cfg=cfg)
        for cfg in (middle, middle + 4)
    )
    assert far < near


def ramp() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    line = np.linspace(20, 220, 512).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(line[None, :, None], (64, 512, 3)))


def test_a_coarse_decoder_leaves_steps_on_ramps() -> None:
    stepped = spoil.posterised(ramp())
    assert len(np.unique(stepped)) < 0.15 * len(np.unique(ramp()))


def test_scribbles_stay_in_a_corner() -> None:
    clean = np.full((256, 256, 3), 150, np.uint8)
    signed = spoil.render(
        lambda *_: clean,
        width=256,
        height=256,
        damage=spoil.Damage(scribbles=True),
        rng=np.random.default_rng(1),
    )
    changed = np.argwhere((signed != clean).any(axis=2))
    assert len(changed) > 20
    assert changed[:, 0].min() > 200


def test_a_tint_is_warm_or_cold() -> None:
    clean = np.full((8, 8, 3), 150, np.uint8)
    warm, cold = (spoil.tinted(clean, share)[0, 0] for share in (1.0, -1.0))
    assert warm[0] > 150 > warm[2]
    assert cold[0] < 150 < cold[2]
