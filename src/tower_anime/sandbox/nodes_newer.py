"""The node classes that newer families need: their latents, schedules, loaders, and primitives."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2

from tower_anime.domain.frame import Frame
from tower_anime.sandbox.sampling import resized
from tower_anime.sandbox.values import (
    ClipLatent,
    Conditioning,
    Latent,
    NodeFailure,
    Result,
    Run,
    Saved,
    Sigmas,
)

_SHIFT = 20.0
"""How far LTX-2 shifts its noise levels: turns a level of `ManualSigmas` into a denoise."""


def _same(name: str) -> Callable[..., Result]:
    """Return the node that passes one of its inputs on."""

    def node(_: Run, **inputs: Any) -> Result:
        return (inputs[name],)

    return node


def _empty(multiple: int) -> Callable[..., Result]:
    """Return the node of an empty latent whose sides are multiples of so many pixels."""

    def node(_: Run, *, width: int, height: int, batch_size: int) -> Result:
        return (Latent(width // multiple * multiple, height // multiple * multiple, batch_size),)

    return node


def _switch(_: Run, *, switch: bool, on_false: Any, on_true: Any) -> Result:
    return (on_true if switch else on_false,)


def _resolution(_: Run, *, aspect_ratio: str, megapixels: float, multiple: int) -> Result:
    wide, high = (int(side) for side in aspect_ratio.split(" ")[0].split(":"))
    unit = math.sqrt(megapixels * 1024 * 1024 / (wide * high))
    return tuple(max(multiple, round(unit * side / multiple) * multiple) for side in (wide, high))


def _to_megapixels(
    _: Run, *, image: tuple[Frame, ...], megapixels: float, resolution_steps: int = 1, **_rest: Any
) -> Result:
    height, width = image[0].shape[:2]
    scale = math.sqrt(megapixels * 1024 * 1024 / (width * height))
    size = tuple(
        max(1, round(side * scale / resolution_steps)) * resolution_steps
        for side in (width, height)
    )
    return (tuple(resized(picture, size[0], size[1], cv2.INTER_AREA) for picture in image),)


def _referring(
    _: Run, *, conditioning: Conditioning, latent: Latent | None = None
) -> Result:  # pictures to refer to change nothing here
    del latent
    return (conditioning,)


def _manual_sigmas(_: Run, *, sigmas: str) -> Result:
    levels = [float(level) for level in sigmas.replace(";", ",").split(",") if level.strip()]
    if len(levels) < 2:
        raise NodeFailure("ValueError", f"a schedule needs two levels of noise or more: {sigmas}")
    first = levels[0]
    whole = first >= 0.99
    denoise = 1.0 if whole else first / (first + _SHIFT * (1 - first))
    return (Sigmas("normal", len(levels) - 1, denoise),)


def _clip(step: int, outputs: int) -> Callable[..., Result]:
    """Return the node that begins a clip, with a picture if there is one."""

    def node(_: Run, *, width: int, height: int, length: int, **rest: Any) -> Result:
        start = rest.get("start_image")
        latent = ClipLatent(
            width=width // 16 * 16,
            height=height // 16 * 16,
            frames=(length - 1) // step * step + 1,
            start=start[0] if start else None,
        )
        before = (rest["positive"], rest["negative"]) if outputs > 1 else ()
        return (*before, latent, *((latent,) if outputs > 3 else ()))

    return node


def _upsampled(_: Run, *, samples: ClipLatent, **_rest: object) -> Result:
    return (replace(samples, width=2 * samples.width, height=2 * samples.height),)


def _begun_with(
    _: Run, *, image: tuple[Frame, ...], latent: ClipLatent, bypass: bool = False, **_rest: object
) -> Result:
    return (latent if bypass else replace(latent, start=image[0]),)


NEWER_NODES: dict[str, Callable[..., Result]] = {
    "ComfySwitchNode": _switch,
    "PrimitiveInt": _same("value"),
    "PrimitiveFloat": _same("value"),
    "PrimitiveBoolean": _same("value"),
    "PrimitiveString": _same("value"),
    "PrimitiveStringMultiline": _same("value"),
    "StringConcatenate": lambda _, *, string_a, string_b, delimiter: (
        string_a + delimiter + string_b,
    ),
    "StringReplace": lambda _, *, string, find, replace: (string.replace(find, replace),),
    "TextGenerate": _same("prompt"),  # no language model here: the words come back as they are
    "PreviewAny": lambda _, *, source: Saved([str(source)], (str(source),), media="text"),
    "ResolutionSelector": _resolution,
    "ImageScaleToTotalPixels": _to_megapixels,
    "EmptyFlux2LatentImage": _empty(16),
    "EmptyHunyuanImageLatent": _empty(32),
    "Flux2Scheduler": lambda _, *, steps, **_size: (Sigmas("simple", steps, 1.0),),
    "ManualSigmas": _manual_sigmas,
    "ReferenceLatent": _referring,
    "ModelSamplingAuraFlow": _same("model"),
    "TripleCLIPLoader": _same("clip_name1"),
    "QuadrupleCLIPLoader": _same("clip_name1"),
    "T5TokenizerOptions": _same("clip"),
    "EmptyHunyuanVideo15Latent": _clip(4, 1),
    "Kandinsky5ImageToVideo": _clip(4, 4),
    "LTXAVTextEncoderLoader": _same("text_encoder"),
    "LTXVAudioVAELoader": _same("ckpt_name"),
    "LatentUpscaleModelLoader": _same("model_name"),
    "LTXVLatentUpsampler": _upsampled,
    "LTXVCropGuides": lambda _, *, positive, negative, latent: (positive, negative, latent),
    "LTXVImgToVideoInplace": _begun_with,
}
"""The function of every class here, called with the node's inputs by name."""
