"""Graphs of the shapes that users have, for the tests of this folder."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path

from tower_anime.domain.graph import Catalog, Graph

CAPTURES = Path(__file__).parents[2] / "captures"


@cache
def full_catalog() -> Catalog:
    return json.loads(gzip.decompress((CAPTURES / "object_info_full.json.gz").read_bytes()))


def captured(scenario: str) -> Graph:
    data = json.loads((CAPTURES / f"scenario_{scenario}.json").read_text(encoding="utf-8"))
    return data["post_prompt"]["request"]["json"]["prompt"]


def node(class_type: str, **inputs: object) -> dict[str, object]:
    return {"class_type": class_type, "inputs": inputs}


def flux() -> Graph:
    """SamplerCustomAdvanced, BasicGuider without a negative side, primitives, a LoRA."""
    return {
        "unet": node("UNETLoader", unet_name="flux1-dev.safetensors", weight_dtype="default"),
        "lora": node("LoraLoaderModelOnly", model=["unet", 0], lora_name="x", strength_model=1.0),
        "clip": node("DualCLIPLoader", clip_name1="a", clip_name2="b", type="flux"),
        "steps": node("PrimitiveInt", value=20),
        "words": node("PrimitiveStringMultiline", value="a girl in the rain"),
        "text": node("CLIPTextEncode", text=["words", 0], clip=["clip", 0]),
        "strength": node("FluxGuidance", conditioning=["text", 0], guidance=3.5),
        "guide": node("BasicGuider", model=["lora", 0], conditioning=["strength", 0]),
        "noise": node("RandomNoise", noise_seed=7),
        "pick": node("KSamplerSelect", sampler_name="euler"),
        "plan": node(
            "BasicScheduler", model=["lora", 0], scheduler="simple", steps=["steps", 0], denoise=1.0
        ),
        "split": node("SplitSigmas", sigmas=["plan", 0], step=5),
        "latent": node("EmptySD3LatentImage", width=1024, height=768, batch_size=1),
        "draw": node(
            "SamplerCustomAdvanced",
            noise=["noise", 0],
            guider=["guide", 0],
            sampler=["pick", 0],
            sigmas=["split", 1],
            latent_image=["latent", 0],
        ),
        "vae": node("VAELoader", vae_name="ae.safetensors"),
        "decode": node("VAEDecode", samples=["draw", 0], vae=["vae", 0]),
        "save": node("SaveImage", images=["decode", 0], filename_prefix="flux"),
    }


def hires() -> Graph:
    """KSampler, latent upscale, second KSampler with values of its own; ControlNet between."""
    sampler = {
        "seed": 1,
        "cfg": 6.0,
        "sampler_name": "euler",
        "scheduler": "normal",
        "model": ["ckpt", 0],
        "positive": ["control", 0],
        "negative": ["control", 1],
    }
    return {
        "second": node("KSampler", **sampler, steps=12, denoise=0.5, latent_image=["up", 0]),
        "first": node("KSampler", **sampler, steps=28, denoise=1.0, latent_image=["empty", 0]),
        "ckpt": node("CheckpointLoaderSimple", ckpt_name="animagine-xl-4.0.safetensors"),
        "bad": node("CLIPTextEncode", text="lowres", clip=["ckpt", 1]),
        "good": node("CLIPTextEncode", text="1girl", clip=["ckpt", 1]),
        "control": node(
            "ControlNetApplyAdvanced", positive=["good", 0], negative=["bad", 0], strength=1.0
        ),
        "empty": node("EmptyLatentImage", width=832, height=1216, batch_size=1),
        "up": node("LatentUpscale", samples=["first", 0], width=1248, height=1824),
        "decode": node("VAEDecode", samples=["second", 0], vae=["ckpt", 2]),
        "look": node("PreviewImage", images=["decode", 0]),
        "save": node("SaveImage", images=["decode", 0], filename_prefix="hires"),
    }


def two_halves() -> Graph:
    """KSamplerAdvanced twice: high noise, then low noise, with two models (Wan 2.2)."""
    half = {
        "noise_seed": 3,
        "steps": 20,
        "cfg": 3.5,
        "sampler_name": "euler",
        "scheduler": "simple",
        "positive": ["good", 0],
        "negative": ["bad", 0],
    }
    return {
        "high": node("UNETLoader", unet_name="wan2.2_high.safetensors", weight_dtype="default"),
        "low": node("UNETLoader", unet_name="wan2.2_low.safetensors", weight_dtype="default"),
        "clip": node("CLIPLoader", clip_name="umt5", type="wan"),
        "good": node("CLIPTextEncode", text="she walks", clip=["clip", 0]),
        "bad": node("CLIPTextEncode", text="flicker", clip=["clip", 0]),
        "empty": node("EmptyHunyuanLatentVideo", width=832, height=480, length=81, batch_size=1),
        "a": node(
            "KSamplerAdvanced",
            **half,
            model=["high", 0],
            latent_image=["empty", 0],
            start_at_step=0,
            end_at_step=10,
        ),
        "b": node(
            "KSamplerAdvanced",
            **half,
            model=["low", 0],
            latent_image=["a", 0],
            start_at_step=10,
            end_at_step=10000,
        ),
        "decode": node("VAEDecode", samples=["b", 0], vae=["vae", 0]),
        "vae": node("VAELoader", vae_name="wan"),
        "video": node("CreateVideo", images=["decode", 0], fps=16.0),
        "save": node("SaveVideo", video=["video", 0], filename_prefix="v", format="auto"),
    }


def image_to_image() -> Graph:
    graph: Graph = hires()
    del graph["second"], graph["look"], graph["up"]
    graph["picture"] = node("LoadImage", image="in.png")
    graph["empty"] = node("VAEEncode", pixels=["picture", 0], vae=["ckpt", 2])
    graph["decode"]["inputs"]["samples"] = ["first", 0]
    return graph
