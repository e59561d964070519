"""The node classes on offer, as `/object_info` lists them, and the model files behind them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from importlib.resources import files
from typing import Any

_FOLDERS = [
    "checkpoints",
    "configs",
    "loras",
    "vae",
    "text_encoders",
    "diffusion_models",
    "clip_vision",
    "style_models",
    "embeddings",
    "diffusers",
    "vae_approx",
    "controlnet",
    "gligen",
    "upscale_models",
    "latent_upscale_models",
    "custom_nodes",
    "datasets",
    "hypernetworks",
    "photomaker",
    "classifiers",
    "model_patches",
    "audio_encoders",
    "background_removal",
    "frame_interpolation",
    "geometry_estimation",
    "optical_flow",
    "detection",
]
READS_FILES = {"LoadImage": "image", "LoadAudio": "audio"}
"""Classes with an input of their kind's name that is a file of the input folder."""

_LISTED = {
    "checkpoints": ("CheckpointLoaderSimple", "ckpt_name"),
    "loras": ("LoraLoader", "lora_name"),
    "vae": ("VAELoader", "vae_name"),
    "diffusion_models": ("UNETLoader", "unet_name"),
    "text_encoders": ("CLIPLoader", "clip_name"),
    "clip_vision": ("CLIPVisionLoader", "clip_name"),
}


class Catalog:
    """All node classes. The entries come from ComfyUI 0.33, the model lists are the sandbox's."""

    def __init__(self) -> None:
        text = files("tower_anime.sandbox").joinpath("catalog.json").read_text("utf-8")
        self._nodes: dict[str, dict[str, Any]] = json.loads(text)

    def __contains__(self, class_type: object) -> bool:
        return class_type in self._nodes

    def node(self, class_type: str) -> Mapping[str, Any]:
        """Return one entry; `KeyError` for an unknown class, as ComfyUI's own table has it."""
        return self._nodes[class_type]

    def is_output(self, class_type: str) -> bool:
        """Whether nodes of this class have results to keep (save, preview)."""
        return bool(self._nodes[class_type]["output_node"])

    def inputs(self, class_type: str) -> list[tuple[str, str, Any, dict[str, Any]]]:
        """Return (name, required or optional, type or list of choices, options) in order."""
        rows = []
        for category in ("required", "optional"):
            for name, spec in self._nodes[class_type]["input"].get(category, {}).items():
                rows.append((name, category, spec[0], spec[1] if len(spec) > 1 else {}))
        return rows

    def listing(self, images: list[str], sounds: Sequence[str] = ()) -> dict[str, Any]:
        """Return `/object_info` with the uploaded files as the choices of the nodes that load."""
        nodes = dict(self._nodes)
        for class_type in READS_FILES:
            nodes[class_type] = deepcopy(nodes[class_type])
        nodes["LoadImage"]["input"]["required"]["image"][0] = images
        nodes["LoadAudio"]["input"]["required"]["audio"][1]["options"] = list(sounds)
        return nodes

    def model_folders(self) -> list[str]:
        """Return the kinds of model files, as `/models` does."""
        return list(_FOLDERS)

    def models(self, folder: str) -> list[str] | None:
        """Return the files of one kind, None for an unknown kind."""
        if folder not in _FOLDERS:
            return None
        if folder not in _LISTED:
            return []
        class_type, name = _LISTED[folder]
        choices: list[str] = self._nodes[class_type]["input"]["required"][name][0]
        return [choice for choice in choices if choice.endswith(".safetensors")]
