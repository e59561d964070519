"""The node classes of clips: empty latents, first pictures, files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from tower_anime.domain.frame import Frame
from tower_anime.sandbox import spoil
from tower_anime.sandbox.folders import png, texts_of, with_texts
from tower_anime.sandbox.models import MOTION_MODULE, MOTION_MODULE_PX
from tower_anime.sandbox.saving import saved, saving
from tower_anime.sandbox.sound import Sound
from tower_anime.sandbox.values import (
    ClipLatent,
    Conditioning,
    Model,
    NodeFailure,
    Result,
    Run,
    Saved,
    Sigmas,
    Video,
)
from tower_anime.sandbox.video import encoded, webp_with_texts


def developed(run: Run, samples: ClipLatent) -> Result:
    """Decode a clip's latent to its frames."""
    if samples.shot is None:
        frames = (spoil.empty(samples.width, samples.height),) * samples.frames
    else:
        frames = tuple(samples.shot.frames())
    if run.strikes("black"):
        frames = (np.zeros_like(frames[0]),) * len(frames)
    return (frames,)


def _latent(step: int) -> Callable[..., Result]:
    """Return the node of an empty latent, `step` frames to each."""

    def node(_: Run, *, width: int, height: int, length: int, **_rest: object) -> Result:
        return (_empty(width, height, length, step),)

    return node


def _empty(
    width: int, height: int, length: int, step: int, start: tuple[Frame, ...] | None = None
) -> ClipLatent:
    return ClipLatent(
        width=width // 16 * 16,
        height=height // 16 * 16,
        frames=(length - 1) // step * step + 1,
        start=start[0] if start else None,
    )


def _image_to_video(step: int, image: str) -> Callable[..., Result]:
    """Return a node that begins a clip with a picture and passes on what guides it."""

    def node(
        _: Run,
        *,
        positive: Conditioning,
        negative: Conditioning,
        width: int,
        height: int,
        length: int,
        **rest: Any,
    ) -> Result:
        return positive, negative, _empty(width, height, length, step, rest.get(image))

    return node


def _wan_5b(_: Run, *, width: int, height: int, length: int, **rest: Any) -> Result:
    return (_empty(width, height, length, 4, rest.get("start_image")),)


def _ltx_rate(
    _: Run, *, positive: Conditioning, negative: Conditioning, frame_rate: float
) -> Result:
    return tuple(replace(words, frame_rate=frame_rate) for words in (positive, negative))


def _motion_module(
    _: Run, *, model: Model, model_name: str, context_options: object = None, **_rest: object
) -> Result:
    """Load AnimateDiff's module; a sliding window lets it go beyond its sixteen frames."""
    if model.surface.native_px != MOTION_MODULE_PX:
        raise NodeFailure(
            "ValueError",
            f"Motion module '{model_name}' is intended for SD1.5 models, but the provided model is"
            " type SDXL.",
        )
    module = MOTION_MODULE if context_options is None else replace(MOTION_MODULE, most_frames=None)
    return (replace(model, motion=module),)


def _create(
    _: Run, *, images: tuple[Frame, ...], fps: float, audio: Sound | None = None, **_rest: object
) -> Result:
    return (Video(images, fps, audio),)


def _save_video(
    run: Run,
    *,
    video: Video,
    filename_prefix: str,
    format: str = "auto",  # noqa: A002 - ComfyUI's name
    codec: str = "auto",
    **_: object,
) -> Result:
    container = {"auto": "mp4", "mkv": "matroska"}.get(format, format)
    suffix = {"auto": ".mp4"}.get(format, f".{format}")
    coder = "av1" if codec == "av1" or format == "webm" else "mp4"
    data = encoded(
        video.images,
        rate=video.rate,
        container=container,
        codec=coder,
        texts=_texts(run),
        sound=video.sound,
    )
    return _kept(run, data, video.images, filename_prefix, suffix, values=(video,))


def _save_webm(
    run: Run, *, images: tuple[Frame, ...], filename_prefix: str, codec: str, fps: float, crf: float
) -> Result:
    settings = {"crf": f"{crf:g}", "b": "0"}
    data = encoded(
        images, rate=fps, container="webm", codec=codec, texts=_texts(run), settings=settings
    )
    return _kept(run, data, images, filename_prefix, ".webm", values=(images,))


def _save_webp(
    run: Run,
    *,
    images: tuple[Frame, ...],
    filename_prefix: str,
    fps: float,
    lossless: bool,
    quality: int,
    **_: object,
) -> Result:
    settings = {"lossless": str(int(lossless)), "quality": str(quality)}
    data = encoded(images, rate=fps, container="webp", codec="webp", texts={}, settings=settings)
    data = webp_with_texts(data, _texts(run))
    return _kept(run, data, images, filename_prefix, ".webp", values=(images,))


def _save_apng(
    run: Run, *, images: tuple[Frame, ...], filename_prefix: str, fps: float, **_: object
) -> Result:
    data = with_texts(
        encoded(images, rate=fps, container="apng", codec="png", texts={}), _texts(run)
    )
    return _kept(run, data, images, filename_prefix, ".png", values=(images,))


def _kept(
    run: Run,
    data: bytes,
    images: tuple[Frame, ...],
    prefix: str,
    suffix: str,
    *,
    values: tuple[Any, ...],
) -> Saved:
    with saving(run, "output"):
        file = saved(run, data, kind="output", prefix=prefix, of=images[0], suffix=suffix)
    return Saved([file], values, animated=True)


_VHS: dict[str, tuple[str, str, str]] = {
    "video/h264-mp4": ("mp4", "mp4", ".mp4"),
    "video/webm": ("webm", "vp9", ".webm"),
    "image/gif": ("gif", "gif", ".gif"),
    "image/webp": ("webp", "webp", ".webp"),
}


def _vhs_combine(
    run: Run,
    *,
    images: tuple[Frame, ...],
    frame_rate: float,
    filename_prefix: str,
    format: str,  # noqa: A002 - the node's name
    pingpong: bool,
    save_output: bool,
    audio: Sound | None = None,
    **_: object,
) -> Result:
    """Write what the Video Helper Suite does: the clip, and a still that holds the workflow."""
    container, codec, suffix = _VHS[format]
    kind = "output" if save_output else "temp"
    frames = images + images[-2:0:-1] if pingpong else images
    texts = _texts(run)
    data = encoded(
        frames,
        rate=frame_rate,
        container=container,
        codec=codec,
        texts=texts,
        sound=audio if format.startswith("video/") else None,
    )
    with saving(run, kind):
        file = saved(run, data, kind=kind, prefix=filename_prefix, of=images[0], suffix=suffix)
    folder = run.folders.inside(kind, file["subfolder"])
    still = file["filename"].removesuffix(suffix) + ".png"
    (folder / still).write_bytes(png(images[0], texts))
    about = {
        "format": format,
        "frame_rate": frame_rate,
        "workflow": still,
        "fullpath": str(folder / file["filename"]),
    }
    return Saved([file | about], ((save_output, [str(folder / still)]),), media="gifs")


def _texts(run: Run) -> dict[str, str]:
    return texts_of(run.prompt, run.extra_pnginfo)


CLIP_NODES: dict[str, Callable[..., Result]] = {
    "ADE_AnimateDiffLoaderGen1": _motion_module,
    "ADE_StandardUniformContextOptions": lambda _, **window: (window,),
    "CLIPVisionLoader": lambda _, *, clip_name: (clip_name,),
    "CLIPVisionEncode": lambda _, *, image, **_rest: (image,),
    "EmptyHunyuanLatentVideo": _latent(4),
    "EmptyLTXVLatentVideo": _latent(8),
    "WanImageToVideo": _image_to_video(4, "start_image"),
    "Wan22ImageToVideoLatent": _wan_5b,
    "LTXVImgToVideo": _image_to_video(8, "image"),
    "LTXVConditioning": _ltx_rate,
    "LTXVScheduler": lambda _, *, steps, **_rest: (Sigmas("normal", steps, 1.0),),
    "LTXVPreprocess": lambda _, *, image, **_rest: (image,),
    "CreateVideo": _create,
    "SaveVideo": _save_video,
    "SaveAnimatedWEBP": _save_webp,
    "SaveAnimatedPNG": _save_apng,
    "SaveWEBM": _save_webm,
    "VHS_VideoCombine": _vhs_combine,
}
"""The function of every class of clips, called with the node's inputs by name."""
