"""How clips move, and what settings do to them over time."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import numpy as np
import pytest

from tower_anime.domain.frame import Frame
from tower_anime.sandbox.clips import sample_any
from tower_anime.sandbox.film import Film, frames_of
from tower_anime.sandbox.models import surface_of
from tower_anime.sandbox.motion import moments_at, motion_of
from tower_anime.sandbox.nodes_clips import CLIP_NODES
from tower_anime.sandbox.sampling import Sampling
from tower_anime.sandbox.shot import Shot
from tower_anime.sandbox.values import ClipLatent, Conditioning, Latent, Model, NodeFailure
from tower_anime.sandbox.vocabulary import CLIP_TABLES
from tower_anime.sandbox.words import clean, found, scene_of

WAN = "sandbox_wan2.1_t2v_1.3B.safetensors"
LTX = "sandbox_ltx_video_2b.safetensors"
PROMPT = "1girl, portrait, long hair, park, static camera"


def film(prompt: str, *, seed: int = 3, frames: int = 49, rate: float = 24.0) -> Film:
    scene = scene_of(prompt, seed=seed)
    motion = motion_of(prompt, scene)
    return Film(scene=scene, motion=motion, width=208, height=120, frames=frames, rate=rate)


def runs(frames: list[Frame]) -> list[int]:
    """How long each drawing is held, in frames."""
    return [len(list(same)) for _, same in groupby(frames, key=id)]


class Alone:
    """A `Run` without a server."""

    world = 0

    def strikes(self, fault: str) -> bool:
        return False

    def step(self, number: int, of: int, target: Frame | None) -> None:
        pass


def shot(prompt: str = PROMPT, *, model: str = WAN, frames: int = 33, **more: Any) -> Shot:
    settings = {"steps": 30, "cfg": 5.0, "seed": 4, "sampler": "euler", "scheduler": "simple"}
    words = Conditioning(prompt, frame_rate=more.pop("frame_rate", None))
    sampling = Sampling(model=Model(surface_of(model)), positive=words, **(settings | more))
    latent = ClipLatent(width=208, height=128, frames=frames)
    result = sample_any(Alone(), sampling, latent)  # type: ignore[arg-type]
    assert isinstance(result, ClipLatent)
    assert result.shot is not None
    return result.shot


def levels(frames: list[Frame]) -> np.ndarray[Any, Any]:
    return np.array([frame.mean() for frame in frames])


@pytest.mark.parametrize("rate", [8.0, 16.0, 24.0, 25.0, 30.0])
def test_drawings_are_held_evenly_at_every_rate(rate: float) -> None:
    drawn = film(PROMPT, rate=rate)
    held = runs(list(frames_of(drawn)))
    assert set(held[:-1]) == {drawn.held}
    assert 6 <= rate / drawn.held <= 16
    assert len(list(frames_of(drawn))) == 49


@pytest.mark.parametrize("table", CLIP_TABLES)
def test_every_phrase_about_motion_means_its_entry(table: str) -> None:
    for name, phrases in CLIP_TABLES[table].items():
        for phrase in phrases:
            assert name in found(table, clean(f"a girl in a park, {phrase}, and more")), phrase


def test_every_camera_word_moves_the_picture_in_its_own_way() -> None:
    ends = {
        name: list(frames_of(film(f"mountain, no humans, {words[0]}", frames=33)))
        for name, words in CLIP_TABLES["camera"].items()
    }
    assert len(runs(ends["fixed"])) == 1 or np.array_equal(ends["fixed"][0], ends["fixed"][-1])
    for name, frames in ends.items():
        if name != "fixed":
            assert np.abs(frames[0].astype(int) - frames[16]).mean() > 1, name
            assert set(runs(frames)) == {1}, name  # cameras move on every frame
    lasts = [frames[-1].astype(int) for frames in ends.values()]
    assert min(np.abs(a - b).mean() for i, a in enumerate(lasts) for b in lasts[:i]) > 0.2


def test_eyes_blink_mouths_speak_hair_sways_and_feet_step() -> None:
    drawn = film("1girl, talking, walking, park")
    moments = [moments_at(drawn.scene, drawn.motion, n, per_s=8)[0] for n in range(24)]
    assert {moment.lids for moment in moments} == {0.0, 0.5, 1.0}
    assert {moment.mouth for moment in moments} == {0.0, 0.5, 1.0}
    assert len({moment.sway for moment in moments}) > 4
    assert {moment.stride for moment in moments} >= {-1.0, 0.0, 1.0}
    calm = film("1girl, standing, park")
    assert {
        m[0].mouth for m in (moments_at(calm.scene, calm.motion, n, per_s=8) for n in range(9))
    } == {None}


def test_cycles_come_back_so_that_few_drawings_are_made() -> None:
    drawn = film("1girl, running, beach")
    moments = {moments_at(drawn.scene, drawn.motion, n, per_s=12) for n in range(120)}
    assert len(moments) <= 40


@pytest.mark.parametrize("word", ["rain", "snow", "petals", "falling leaves", "wind", "bubbles"])
def test_what_is_in_the_air_moves(word: str) -> None:
    frames = list(frames_of(film(f"no humans, field, {word}, static camera", frames=25)))
    assert len(runs(frames)) > 6
    assert np.abs(frames[0].astype(int) - frames[-1]).mean() > 0.2


def test_a_seed_and_a_word_change_the_clip() -> None:
    first, again, other = (shot(seed=seed).frame(9) for seed in (4, 4, 5))
    assert np.array_equal(first, again)
    assert np.abs(first.astype(int) - other).mean() > 5


def test_few_steps_flicker_with_the_latents_and_enough_do_not() -> None:
    def pumping(steps: int) -> float:
        return float(np.abs(np.diff(levels(list(shot(steps=steps).frames())))).max())

    assert pumping(30) < 0.4
    assert pumping(30) < pumping(12) < pumping(6)
    changes = np.abs(np.diff(levels(list(shot(steps=6).frames()))))
    assert changes[[0, 4, 8, 12]].min() > changes[[1, 2, 5, 6]].max()


def test_clips_beyond_the_models_reach_turn_back_and_drift() -> None:
    long = list(shot(frames=193).frames())
    warm = [frame[..., 0].mean() - frame[..., 2].mean() for frame in long]
    assert warm[-1] - warm[0] > 8
    short = list(shot(frames=81).frames())
    assert levels(short)[-1] == pytest.approx(levels(short)[0], abs=1.5)


def test_without_a_word_of_motion_some_clips_are_dead_and_words_wake_them() -> None:
    def dead(prompt: str) -> int:
        return sum(not shot(prompt, model=LTX, seed=seed).film.motion.alive for seed in range(24))

    silent, asked = dead("1girl, park"), dead("1girl, park, hair swaying, moving")
    assert 3 <= silent <= 15
    assert asked <= silent // 3
    still = next(
        s
        for seed in range(24)
        if not (s := shot("1girl, park", model=LTX, seed=seed)).film.motion.alive
    )
    frames = list(still.frames())
    assert all(np.array_equal(frames[0], frame) for frame in frames)


def test_the_rate_that_ltx_is_told_sets_the_pace() -> None:
    assert shot(model=LTX).film.rate == 25
    slow = shot(model=LTX, frame_rate=12.0)
    assert slow.film.rate == 12
    assert slow.film.held < shot(model=LTX, frame_rate=50.0).film.held


def test_a_model_of_stills_makes_no_clip() -> None:
    with pytest.raises(NodeFailure, match="stills"):
        shot(model="sandbox_anime_xl.safetensors")


def test_animatediff_makes_sixteen_frames_of_a_batch_and_more_through_a_window_only() -> None:
    model = Model(surface_of("sandbox_anime_15.safetensors"))

    def sampled(frames: int, **window: object) -> Shot:
        load = CLIP_NODES["ADE_AnimateDiffLoaderGen1"]
        (moving,) = load(Alone(), model=model, model_name="sandbox_mm_sd15.safetensors", **window)  # type: ignore[arg-type]
        sampling = Sampling(
            model=moving,
            positive=Conditioning(PROMPT),
            steps=30,
            cfg=6.0,
            seed=4,
            sampler="euler",
            scheduler="normal",
        )
        result = sample_any(Alone(), sampling, Latent(width=208, height=128, batch=frames))  # type: ignore[arg-type]
        assert isinstance(result, ClipLatent)
        assert result.shot is not None
        return result.shot

    clip = sampled(16)
    assert (clip.film.frames, clip.film.rate, clip.drift) == (16, 8, 0)
    with pytest.raises(NodeFailure, match="upper limit of 16 frames"):
        sampled(24)
    assert sampled(24, context_options={"context_length": 16}).drift > 0
    with pytest.raises(NodeFailure, match="intended for SD1"):
        CLIP_NODES["ADE_AnimateDiffLoaderGen1"](
            Alone(),  # type: ignore[arg-type]
            model=Model(surface_of("sandbox_anime_xl.safetensors")),
            model_name="sandbox_mm_sd15.safetensors",
        )
