"""What the sandbox draws, and what wrong settings do to it, judged by plain pixel arithmetic."""

from __future__ import annotations

import io
import json
import struct
import zlib
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest

from tests.bench.sandbox import verdict_of
from tests.contract.sandbox_client import client_of, sampler_graph
from tower_anime.domain.frame import Frame, check_frame
from tower_anime.sandbox import spoil
from tower_anime.sandbox.art import draw
from tower_anime.sandbox.execute import preview
from tower_anime.sandbox.sampling import Sampling, sample
from tower_anime.sandbox.server import SandboxConfig, running
from tower_anime.sandbox.surface import Surface
from tower_anime.sandbox.values import Conditioning, Latent, Model
from tower_anime.sandbox.vocabulary import PLACES
from tower_anime.sandbox.words import scene_of

BLANK = Latent(256, 256, 1)
PROMPT = "1girl, silver hair, blue eyes, rainy neon street, umbrella"


class Alone:
    """A `Run` without a server."""

    def __init__(self) -> None:
        self.steps: list[int] = []

    world = 0

    def strikes(self, fault: str) -> bool:
        return False

    def step(self, number: int, of: int, target: Frame | None) -> None:
        self.steps.append(number)


def sampled(
    *, size: int = 256, native: int = 256, latent: Latent | None = None, **more: Any
) -> Frame:
    base = Sampling(
        model=Model(Surface(native_px=native)),
        positive=Conditioning(PROMPT),
        seed=7,
        steps=30,
        cfg=7.0,
        sampler="euler",
        scheduler="normal",
    )
    result = sample(Alone(), replace(base, **more), latent or Latent(size, size, 1))
    assert result.pictures is not None
    return check_frame(result.pictures[0])


CLEAN = sampled()


def error(picture: Frame) -> float:
    """Return the mean distance from the clean picture in levels."""
    return float(np.abs(picture.astype(int) - CLEAN).mean())


def saturation(picture: Frame) -> float:
    return float(cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)[..., 1].mean())


def sharpness(picture: Frame) -> float:
    return float(cv2.Laplacian(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.CV_64F).var())


def test_the_same_words_and_seed_give_the_same_picture_another_seed_another() -> None:
    assert np.array_equal(sampled(), CLEAN)
    assert error(sampled(seed=8)) > 10
    assert error(sampled(positive=Conditioning("forest, 1boy"))) > 10


@pytest.mark.parametrize("size", [(64, 64), (513, 257), (300, 900)])
def test_a_picture_has_exactly_the_size_asked_for(size: tuple[int, int]) -> None:
    picture = draw(scene_of(PROMPT, seed=1), width=size[0], height=size[1])
    assert check_frame(picture).shape == (size[1], size[0], 3)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("time", ["day", "sunset", "night"])
def test_every_place_has_ink_colour_and_contrast(place: str, time: str) -> None:
    picture = draw(scene_of(f"1girl, {PLACES[place][0]}, {time}", seed=3), width=192, height=192)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    assert np.percentile(grey, 95) - np.percentile(grey, 5) > 80
    assert saturation(picture) > 30
    assert all(block.std() > 2 for row in np.split(grey, 2) for block in np.split(row, 2, axis=1))


def test_a_larger_size_shows_the_same_composition() -> None:
    small, large = (draw(scene_of(PROMPT, seed=4), width=n, height=n) for n in (128, 512))
    reduced = cv2.resize(large, (128, 128), interpolation=cv2.INTER_AREA)
    assert float(np.abs(reduced.astype(int) - small).mean()) < 6


def test_words_decide_what_is_seen() -> None:
    scene = scene_of("(2girls:1.2), long pink hair, green eyes, sunset beach, cat ears", seed=1)
    assert (scene.place, scene.time, len(scene.people)) == ("sea", "sunset", 2)
    assert {look.cut for look in scene.people} == {"long"}
    assert all("cat ears" in look.worn for look in scene.people)
    assert len({look.hair for look in scene.people}) == 1
    assert scene_of("a castle in the mountains", seed=1).people == ()
    assert scene_of("1boy", seed=1).people[0].male


def test_noise_falls_with_the_steps_and_is_gone_from_24() -> None:
    errors = [error(sampled(steps=steps)) for steps in (2, 4, 8, 12, 16, 20, 24)]
    assert errors == sorted(errors, reverse=True)
    assert errors[2] > 12
    assert 0 < errors[5] < 4
    assert errors[6] == 0


def test_a_better_sampler_needs_fewer_steps() -> None:
    euler = error(sampled(steps=12))
    assert error(sampled(steps=12, sampler="dpmpp_2m", scheduler="karras")) < 0.5 * euler
    assert error(sampled(steps=18, sampler="dpmpp_2m", scheduler="karras")) == 0


def test_some_models_give_black_pictures_now_and_then_others_never() -> None:
    model = Model(Surface(native_px=64, blackout=0.5))
    many = Latent(64, 64, 8)
    base = replace(sampling_of(steps=30), positive=Conditioning("1girl, park"))
    drawn = sample(Alone(), replace(base, model=model), many).pictures or ()
    black = sum(not picture.any() for picture in drawn)
    assert 0 < black < 8
    usual = sample(Alone(), replace(base, model=Model(Surface(native_px=64))), many).pictures or ()
    assert all(picture.any() for picture in usual)


def test_high_guidance_burns() -> None:
    assert error(sampled(cfg=11)) == error(sampled(cfg=3)) == 0
    clipped = [float(np.isin(sampled(cfg=cfg), (0, 255)).mean()) for cfg in (11, 15, 20, 29)]
    assert clipped == sorted(clipped)
    assert clipped[-1] > clipped[0] + 0.3
    assert saturation(sampled(cfg=15)) > saturation(CLEAN)


def test_low_guidance_washes_out_and_softens() -> None:
    faint = sampled(cfg=1.0)
    assert faint.std() < 0.6 * CLEAN.std()
    assert sharpness(faint) < 0.3 * sharpness(CLEAN)


def test_a_flux_guidance_takes_the_place_of_cfg() -> None:
    assert error(sampled(cfg=1.0, positive=Conditioning(PROMPT, guidance=3.5))) == 0


@pytest.mark.parametrize(
    ("size", "native", "panels"),
    [
        ((512, 512), 512, (1, 1)),
        ((640, 640), 512, (1, 1)),
        ((832, 1216), 1024, (1, 1)),
        ((1024, 1024), 512, (2, 2)),
        ((1024, 512), 512, (2, 1)),
        ((1024, 640), 512, (2, 1)),
        ((2048, 1024), 512, (4, 2)),
    ],
)
def test_far_above_its_own_size_a_model_repeats_the_subject(
    size: tuple[int, int], native: int, panels: tuple[int, int]
) -> None:
    assert spoil.size_of(*size, native=native)[:2] == panels


def test_panels_differ_and_a_size_far_below_is_soft() -> None:
    doubled = sampled(size=256, native=128)
    left, right = np.split(doubled, 2, axis=1)
    assert not np.array_equal(left, right)
    assert sharpness(sampled(native=512)) < 0.2 * sharpness(CLEAN)


def test_a_partial_denoise_of_nothing_stays_grey_noise() -> None:
    grey = sampled(denoise=0.5)
    assert saturation(grey) < saturation(CLEAN)
    assert abs(float(grey.mean()) - 124) < 25
    assert error(grey) > 25


def test_a_second_pass_keeps_the_composition_and_sharpens_it() -> None:
    first = sample(Alone(), sampling_of(steps=30), BLANK)
    assert first.pictures is not None
    upscaled = replace(
        first,
        width=384,
        height=384,
        pictures=tuple(cv2.resize(p, (384, 384)) for p in first.pictures),
    )
    second = sampled(latent=upscaled, denoise=0.5, seed=99)
    assert float(np.abs(second.astype(int) - upscaled.pictures[0]).mean()) < 8
    assert sharpness(second) > 1.5 * sharpness(upscaled.pictures[0])


def sampling_of(**more: Any) -> Sampling:
    return Sampling(
        model=Model(Surface(native_px=256)),
        positive=Conditioning(PROMPT),
        seed=7,
        cfg=7.0,
        sampler="euler",
        scheduler="normal",
        **more,
    )


def test_two_samplers_in_a_row_finish_what_the_first_left_noisy() -> None:
    half = sample(Alone(), sampling_of(steps=30, last=15, leaves_noise=True), BLANK)
    assert half.pictures is not None
    assert error(half.pictures[0]) > 8
    rest = sampled(latent=half, steps=30, first=15, adds_noise=False, seed=0)
    assert error(rest) == 0


def test_previews_converge_to_the_result() -> None:
    target = CLEAN
    distances = []
    for share in (0.1, 0.5, 1.0):
        jpeg = preview(target, share)
        shown = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR_RGB)
        assert shown is not None
        distances.append(float(np.abs(shown.astype(int) - target).mean()))
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < 6


def test_a_saved_file_opens_as_a_workflow_and_says_who_made_it() -> None:
    workflow = {"id": "w1", "nodes": []}
    with running(SandboxConfig()) as url, client_of(url) as client:
        prompt = sampler_graph()
        entry = client.finish(prompt, extra_data={"extra_pnginfo": {"workflow": workflow}})
        image = entry["outputs"]["9"]["images"][0]
        texts = chunks(client.http.get("/view", params=image).content)
        (job,) = client.http.get("/api/jobs").json()["jobs"]
    assert json.loads(texts["prompt"]) == prompt
    assert json.loads(texts["workflow"]) == workflow
    assert texts["generator"] == "Tower Anime sandbox"
    assert job["workflow_id"] == "w1"


def chunks(data: bytes) -> dict[str, str]:
    """Return the tEXt chunks of a PNG whose chunks are all intact."""
    stream, texts = io.BytesIO(data[8:]), {}
    while head := stream.read(8):
        length, kind = struct.unpack(">I4s", head)
        body = stream.read(length)
        assert zlib.crc32(kind + body) == struct.unpack(">I", stream.read(4))[0]
        if kind == b"tEXt":
            key, _, value = body.partition(b"\0")
            texts[key.decode("latin-1")] = value.decode("latin-1")
    return texts


@pytest.mark.parametrize("words", ["station, day", "classroom, night", "bamboo, sunset"])
def test_what_repeats_in_a_place_is_drawn_by_hand_and_never_twice_alike(words: str) -> None:
    prompt = f"no humans, {words}"
    picture = draw(scene_of(prompt, seed=100), width=1024, height=1024)
    assert verdict_of(picture, prompt)[0] == "pass"
