"""Graphs beyond the recorded ones, run through the whole server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest

from tests.contract.sandbox_client import Client, client_of, sampler_graph
from tower_anime.sandbox.server import SandboxConfig, running


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with running(SandboxConfig()) as url, client_of(url) as client:
        yield client


def result(client: Client, graph: Any, node: str = "9") -> np.ndarray[Any, Any]:
    entry = client.finish(graph)
    assert entry["status"]["status_str"] == "success", entry["status"]["messages"][-1]
    image = entry["outputs"][node]["images"][0]
    data = client.http.get("/view", params=image).content
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert pixels is not None
    return pixels


def node(class_type: str, **inputs: Any) -> Any:
    return {"class_type": class_type, "inputs": inputs}


def image_graph(*nodes: Any) -> Any:
    """Chain nodes whose first input is an image or takes one under `image`."""
    graph = {"1": node("EmptyImage", width=40, height=20, batch_size=1, color=0xFF8000)}
    for number, (class_type, inputs) in enumerate(nodes, 2):
        graph[str(number)] = node(class_type, image=[str(number - 1), 0], **inputs)
    graph["9"] = node("SaveImage", images=[str(len(nodes) + 1), 0], filename_prefix="i")
    return graph


SCALE = {"upscale_method": "bicubic", "crop": "disabled"}


@pytest.mark.parametrize(
    ("chain", "size"),
    [
        ([], (40, 20)),
        ([("ImageScale", SCALE | {"width": 80, "height": 0})], (80, 40)),
        ([("ImageScale", SCALE | {"width": 0, "height": 0})], (40, 20)),
        ([("ImageScale", SCALE | {"width": 30, "height": 30, "crop": "center"})], (30, 30)),
        ([("ImageScaleBy", {"upscale_method": "area", "scale_by": 0.5})], (20, 10)),
        ([("ImageSharpen", {"sharpen_radius": 1, "sigma": 1.0, "alpha": 1.0})], (40, 20)),
    ],
)
def test_image_nodes_keep_the_colour_and_give_the_size(
    client: Client, chain: list[Any], size: tuple[int, int]
) -> None:
    picture = result(client, image_graph(*chain))
    assert picture.shape[1::-1] == size
    assert (picture.reshape(-1, 3) == (255, 128, 0)).all()


def test_invert_inverts(client: Client) -> None:
    assert (result(client, image_graph(("ImageInvert", {}))) == (0, 127, 255)).all()


def test_a_size_that_is_no_multiple_of_8_is_rounded_down(client: Client) -> None:
    graph = sampler_graph()
    graph["5"]["inputs"]["width"] = 70
    assert result(client, graph).shape == (64, 64, 3)


def test_an_upscaled_latent_without_a_sampler_is_a_soft_picture(client: Client) -> None:
    graph = sampler_graph(steps=30, size=128)
    graph["10"] = node("LatentUpscaleBy", samples=["3", 0], upscale_method="bicubic", scale_by=1.5)
    graph["8"]["inputs"]["samples"] = ["10", 0]
    assert result(client, graph).shape == (192, 192, 3)


def test_a_lora_changes_the_colours_by_its_strength(client: Client) -> None:
    graph = sampler_graph(steps=30, size=512)
    plain = result(client, graph).mean(axis=(0, 1))
    graph["2"] = node(
        "LoraLoaderModelOnly",
        model=["4", 0],
        lora_name="sandbox_warm_light.safetensors",
        strength_model=1.0,
    )
    graph["3"]["inputs"]["model"] = ["2", 0]
    warm = result(client, graph).mean(axis=(0, 1))
    assert warm[0] > plain[0]
    assert warm[2] < plain[2]


def test_image_to_image_starts_from_the_picture(client: Client) -> None:
    _, png = cv2.imencode(".png", np.full((512, 512, 3), (20, 200, 40), np.uint8))
    client.http.post("/upload/image", files={"image": ("start.png", png.tobytes())})
    graph = sampler_graph(steps=30) | {
        "10": node("LoadImage", image="start.png"),
        "5": node("VAEEncode", pixels=["10", 0], vae=["4", 2]),
    }
    graph["3"]["inputs"]["denoise"] = 0.2
    assert (result(client, graph)[..., 1] > 150).all()


def test_a_changed_input_file_is_not_taken_from_the_cache(client: Client) -> None:
    graph = {
        "1": node("LoadImage", image="c.png"),
        "9": node("SaveImage", images=["1", 0], filename_prefix="c"),
    }
    for value in (10, 200):
        _, png = cv2.imencode(".png", np.full((8, 8, 3), value, np.uint8))
        files = {"image": ("c.png", png.tobytes())}
        client.http.post("/upload/image", files=files, data={"overwrite": "true"})
        assert (result(client, graph) == value).all()


def test_a_file_that_is_no_image_fails_at_its_node(client: Client) -> None:
    client.http.post("/upload/image", files={"image": ("bad.png", b"no image")})
    graph = {"1": node("LoadImage", image="bad.png"), "2": node("PreviewImage", images=["1", 0])}
    kind, error = client.finish(graph)["status"]["messages"][-1]
    assert (kind, error["node_type"]) == ("execution_error", "LoadImage")
    assert "UnidentifiedImageError" in error["exception_type"]


def test_a_batch_beyond_memory_fails_as_out_of_memory(client: Client) -> None:
    graph = sampler_graph(size=16384)
    _, error = client.finish(graph)["status"]["messages"][-1]
    assert error["exception_type"] == "torch.OutOfMemoryError"


@pytest.mark.parametrize("guider", ["BasicGuider", "CFGGuider"])
def test_flux_like_graphs_run(client: Client, guider: str) -> None:
    graph = sampler_graph()
    sampler = graph["3"]["inputs"]
    graph["20"] = node("FluxGuidance", conditioning=["6", 0], guidance=3.5)
    graph["21"] = (
        node("BasicGuider", model=["4", 0], conditioning=["20", 0])
        if guider == "BasicGuider"
        else node("CFGGuider", model=["4", 0], positive=["20", 0], negative=["7", 0], cfg=1.0)
    )
    graph["22"] = node("RandomNoise", noise_seed=sampler["seed"])
    graph["23"] = node("KSamplerSelect", sampler_name="euler")
    graph["24"] = node("BasicScheduler", model=["4", 0], scheduler="beta", steps=4, denoise=1.0)
    graph["3"] = node(
        "SamplerCustomAdvanced",
        noise=["22", 0],
        guider=["21", 0],
        sampler=["23", 0],
        sigmas=["24", 0],
        latent_image=["5", 0],
    )
    assert result(client, graph).shape == (64, 64, 3)


def test_what_no_output_needs_may_be_nonsense(client: Client) -> None:
    graph = sampler_graph(seed=77) | {
        "20": node("ImageInvert", image=["21", 0]),
        "21": node("ImageInvert", image=["20", 0]),
        "22": {"class_type": "ImageInvert", "inputs": [1]},
        "23": {"class_type": "LoadImage", "inputs": {"image": "../../x"}},
    }
    assert result(client, graph).shape == (64, 64, 3)


def test_odd_extra_data_does_no_harm(client: Client) -> None:
    extra = {"extra_pnginfo": {"workflow": [1]}, "client_id": 5}
    prompt_id = client.post(sampler_graph(seed=78), extra_data=extra)["prompt_id"]
    end = time.monotonic() + 5
    while not client.http.get(f"/history/{prompt_id}").json():
        assert time.monotonic() < end
    assert client.http.get(f"/api/jobs/{prompt_id}").json()["status"] == "completed"
