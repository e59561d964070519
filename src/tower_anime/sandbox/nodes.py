"""What each node class does here, in one table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np

from tower_anime.domain.frame import Frame
from tower_anime.sandbox import spoil
from tower_anime.sandbox.clips import sample_any
from tower_anime.sandbox.folders import load, png, texts_of
from tower_anime.sandbox.models import surface_of
from tower_anime.sandbox.nodes_clips import CLIP_NODES, developed
from tower_anime.sandbox.nodes_masks import MASK_NODES, blended, mask_of
from tower_anime.sandbox.nodes_newer import NEWER_NODES
from tower_anime.sandbox.nodes_sound import SOUND_NODES
from tower_anime.sandbox.sampling import (
    MAX_PIXELS,
    Sampling,
    check_memory,
    out_of_memory,
    resized,
)
from tower_anime.sandbox.saving import saved, saving
from tower_anime.sandbox.values import (
    ClipLatent,
    Conditioning,
    Guider,
    Latent,
    Model,
    NodeFailure,
    Result,
    Run,
    Saved,
    Sigmas,
)

COARSE_VAE = "sandbox_vae_8bit.safetensors"
"""A decoder that leaves steps on ramps."""


def _checkpoint(run: Run, *, ckpt_name: str) -> Result:
    model = Model(surface_of(ckpt_name, world=run.world))
    return model, model, model


def _lora(
    _: Run, *, model: Model, strength_model: float, clip: object = None, **_rest: object
) -> Result:
    changed = replace(model, warmth=model.warmth + strength_model)
    return changed, clip


def _sampler_node(
    run: Run,
    *,
    model: Model,
    seed: int,
    steps: int,
    cfg: float,
    sampler_name: str,
    scheduler: str,
    positive: Conditioning,
    latent_image: Latent | ClipLatent,
    denoise: float,
    **_: object,
) -> Result:
    settings = Sampling(
        model=model,
        positive=positive,
        seed=seed,
        steps=steps,
        cfg=cfg,
        sampler=sampler_name,
        scheduler=scheduler,
        denoise=denoise,
    )
    return (sample_any(run, settings, latent_image),)


def _sampler_advanced(
    run: Run,
    *,
    model: Model,
    noise_seed: int,
    steps: int,
    cfg: float,
    sampler_name: str,
    scheduler: str,
    positive: Conditioning,
    latent_image: Latent | ClipLatent,
    start_at_step: int,
    end_at_step: int,
    add_noise: str,
    return_with_leftover_noise: str,
    **_: object,
) -> Result:
    settings = Sampling(
        model=model,
        positive=positive,
        seed=noise_seed,
        steps=steps,
        cfg=cfg,
        sampler=sampler_name,
        scheduler=scheduler,
        first=start_at_step,
        last=end_at_step,
        adds_noise=add_noise == "enable",
        leaves_noise=return_with_leftover_noise == "enable",
    )
    return (sample_any(run, settings, latent_image),)


def _custom(
    run: Run,
    *,
    model: Model,
    add_noise: bool,
    noise_seed: int,
    cfg: float,
    positive: Conditioning,
    sampler: str,
    sigmas: Sigmas,
    latent_image: Latent | ClipLatent,
    **_: object,
) -> Result:
    settings = Sampling(
        model=model,
        positive=positive,
        seed=noise_seed,
        steps=sigmas.steps,
        cfg=cfg,
        sampler=sampler,
        scheduler=sigmas.scheduler,
        denoise=sigmas.denoise,
        adds_noise=add_noise,
    )
    result = sample_any(run, settings, latent_image)
    return result, result


def _custom_advanced(
    run: Run,
    *,
    noise: int,
    guider: Guider,
    sampler: str,
    sigmas: Sigmas,
    latent_image: Latent | ClipLatent,
) -> Result:
    return _custom(
        run,
        model=guider.model,
        add_noise=True,
        noise_seed=noise,
        cfg=guider.cfg,
        positive=guider.positive,
        sampler=sampler,
        sigmas=sigmas,
        latent_image=latent_image,
    )


def _decode(run: Run, *, samples: Latent | ClipLatent, vae: object = None, **_: object) -> Result:
    if isinstance(samples, ClipLatent):
        return developed(run, samples)
    check_memory(samples.width * samples.height * samples.batch, MAX_PIXELS)
    pictures = samples.pictures or (spoil.empty(samples.width, samples.height),) * samples.batch
    if samples.mask is not None and samples.below:
        pictures = tuple(
            blended(below, above, samples.mask)
            for below, above in zip(samples.below, pictures, strict=True)
        )
    if vae == COARSE_VAE:
        pictures = tuple(spoil.posterised(picture) for picture in pictures)
    if run.strikes("black"):
        pictures = tuple(np.zeros_like(picture) for picture in pictures)
    return (pictures,)


def _encode(_: Run, *, pixels: tuple[Frame, ...], **_rest: object) -> Result:
    height, width = (side - side % 8 for side in pixels[0].shape[:2])
    cropped = tuple(np.ascontiguousarray(picture[:height, :width]) for picture in pixels)
    return (Latent(width, height, len(pixels), cropped),)


def _empty_latent(_: Run, *, width: int, height: int, batch_size: int) -> Result:
    return (Latent(width // 8 * 8, height // 8 * 8, batch_size),)


def _save(run: Run, *, images: tuple[Frame, ...], filename_prefix: str) -> Result:
    return _write(run, images, "output", filename_prefix)


def _save_advanced(
    run: Run,
    *,
    images: tuple[Frame, ...],
    filename_prefix: str,
    format: str,  # noqa: A002 - ComfyUI's name
    **choices: object,
) -> Result:
    if format != "png" or choices.get("format.bit_depth", "8-bit") != "8-bit":
        raise NodeFailure("NotImplementedError", "the sandbox writes PNG with 8 bits alone")
    return _save(run, images=images, filename_prefix=filename_prefix)


def _preview(run: Run, *, images: tuple[Frame, ...]) -> Result:
    return _write(run, images, "temp", run.temp_prefix)


def _write(run: Run, images: tuple[Frame, ...], kind: str, prefix: str) -> Result:
    texts = texts_of(run.prompt, run.extra_pnginfo)
    with saving(run, kind):
        files = [
            saved(run, png(image, texts), kind=kind, prefix=prefix, number=number, of=image)
            for number, image in enumerate(images)
        ]
    return Saved(files, (images,))


def _load(run: Run, *, image: str) -> Result:
    picture = load(run.folders.annotated(image))
    if picture is None:
        raise NodeFailure("PIL.UnidentifiedImageError", f"cannot identify image file '{image}'\n")
    return (picture,), mask_of(run.folders.annotated(image))


def _empty_image(_: Run, *, width: int, height: int, batch_size: int, color: int) -> Result:
    if width * height * batch_size > MAX_PIXELS:
        raise out_of_memory()
    rgb = (color >> 16 & 0xFF, color >> 8 & 0xFF, color & 0xFF)
    return ((np.full((height, width, 3), rgb, np.uint8),) * batch_size,)


_METHODS = {
    "nearest-exact": cv2.INTER_NEAREST_EXACT,
    "bilinear": cv2.INTER_LINEAR,
    "area": cv2.INTER_AREA,
    "bicubic": cv2.INTER_CUBIC,
    "bislerp": cv2.INTER_CUBIC,
    "lanczos": cv2.INTER_LANCZOS4,
}


def _scaled(
    images: tuple[Frame, ...], method: str, width: int, height: int, crop: str
) -> tuple[Frame, ...]:
    """Resize; a side of 0 follows the other, crop `center` keeps the aspect."""
    old_height, old_width = images[0].shape[:2]
    width = width or max(1, round(old_width * height / old_height))
    height = height or max(1, round(old_height * width / old_width))
    if width * height * len(images) > MAX_PIXELS:
        raise out_of_memory()
    left = top = 0
    if crop == "center":
        left = max(0, round((old_width - old_height * width / height) / 2))
        top = max(0, round((old_height - old_width * height / width) / 2))
    return tuple(
        resized(
            image[top : old_height - top, left : old_width - left], width, height, _METHODS[method]
        )
        for image in images
    )


def _scale(
    _: Run, *, image: tuple[Frame, ...], upscale_method: str, width: int, height: int, crop: str
) -> Result:
    if width == height == 0:
        return (image,)
    return (_scaled(image, upscale_method, width, height, crop),)


def _scale_by(_: Run, *, image: tuple[Frame, ...], upscale_method: str, scale_by: float) -> Result:
    height, width = image[0].shape[:2]
    size = max(1, round(width * scale_by)), max(1, round(height * scale_by))
    return (_scaled(image, upscale_method, *size, "disabled"),)


def _latent_scale(
    _: Run, *, samples: Latent, upscale_method: str, width: int, height: int, crop: str
) -> Result:
    if width == height == 0:
        return (samples,)
    width = width or round(samples.width * height / samples.height)
    height = height or round(samples.height * width / samples.width)
    size = max(64, width // 8 * 8), max(64, height // 8 * 8)
    pictures = samples.pictures
    if pictures is not None:
        pictures = _scaled(pictures, upscale_method, *size, crop)
    return (replace(samples, width=size[0], height=size[1], pictures=pictures),)


def _latent_scale_by(run: Run, *, samples: Latent, upscale_method: str, scale_by: float) -> Result:
    return _latent_scale(
        run,
        samples=samples,
        upscale_method=upscale_method,
        crop="disabled",
        width=round(samples.width * scale_by),
        height=round(samples.height * scale_by),
    )


def _filtered(each: Callable[..., Frame]) -> Callable[..., Result]:
    def node(_: Run, *, image: tuple[Frame, ...], **settings: Any) -> Result:
        return (tuple(each(picture, **settings) for picture in image),)

    return node


def _blur(picture: Frame, *, blur_radius: int, sigma: float) -> Frame:
    side = 2 * blur_radius + 1
    return np.asarray(cv2.GaussianBlur(picture, (side, side), sigma), np.uint8)


def _sharpen(picture: Frame, *, sharpen_radius: int, sigma: float, alpha: float) -> Frame:
    blurred = _blur(picture, blur_radius=sharpen_radius, sigma=sigma)
    return np.asarray(cv2.addWeighted(picture, 1 + alpha, blurred, -alpha, 0), np.uint8)


NODES: dict[str, Callable[..., Result]] = (
    CLIP_NODES
    | MASK_NODES
    | NEWER_NODES
    | SOUND_NODES
    | {
        "CheckpointLoaderSimple": _checkpoint,
        "LoraLoader": _lora,
        "LoraLoaderModelOnly": _lora,
        "UNETLoader": lambda run, *, unet_name, **_rest: (
            Model(surface_of(unet_name, world=run.world)),
        ),
        "CLIPLoader": lambda _, *, clip_name, **_rest: (clip_name,),
        "DualCLIPLoader": lambda _, *, clip_name1, **_rest: (clip_name1,),
        "ModelSamplingSD3": lambda _, *, model, **_rest: (model,),
        "ModelSamplingFlux": lambda _, *, model, **_rest: (model,),
        "VAELoader": lambda _, *, vae_name: (vae_name,),
        "CLIPTextEncode": lambda _, *, text, **_rest: (Conditioning(text),),
        "CLIPSetLastLayer": lambda _, *, clip, **_rest: (clip,),
        "ConditioningZeroOut": lambda _, **_rest: (Conditioning(""),),
        "FluxGuidance": lambda _, *, conditioning, guidance: (
            replace(conditioning, guidance=guidance),
        ),
        "EmptyLatentImage": _empty_latent,
        "EmptySD3LatentImage": _empty_latent,
        "LatentUpscale": _latent_scale,
        "LatentUpscaleBy": _latent_scale_by,
        "KSampler": _sampler_node,
        "KSamplerAdvanced": _sampler_advanced,
        "SamplerCustom": _custom,
        "SamplerCustomAdvanced": _custom_advanced,
        "RandomNoise": lambda _, *, noise_seed: (noise_seed,),
        "KSamplerSelect": lambda _, *, sampler_name: (sampler_name,),
        "BasicScheduler": lambda _, *, scheduler, steps, denoise, **_rest: (
            Sigmas(scheduler, steps, denoise),
        ),
        "BasicGuider": lambda _, *, model, conditioning: (Guider(model, conditioning, 1.0),),
        "CFGGuider": lambda _, *, model, positive, cfg, **_rest: (Guider(model, positive, cfg),),
        "VAEDecode": _decode,
        "VAEDecodeTiled": _decode,
        "VAEEncode": _encode,
        "EmptyImage": _empty_image,
        "LoadImage": _load,
        "ImageFromBatch": lambda _, *, image, batch_index, length: (
            image[batch_index:][:length] or image[-1:],
        ),
        "ImageScale": _scale,
        "ImageScaleBy": _scale_by,
        "ImageBlur": _filtered(_blur),
        "ImageSharpen": _filtered(_sharpen),
        "ImageInvert": _filtered(lambda picture: 255 - picture),
        "SaveImage": _save,
        "SaveImageAdvanced": _save_advanced,
        "PreviewImage": _preview,
    }
)
"""The function of every class in the catalog, called with the node's inputs by name."""
