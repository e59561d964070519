"""What each node class does here: the values that flow along the links, and one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import cv2
import numpy as np

from tower_anime.domain.frame import Frame
from tower_anime.sandbox import spoil
from tower_anime.sandbox.art import draw
from tower_anime.sandbox.folders import Folders, Outside, load, texts_of
from tower_anime.sandbox.surface import Surface, surface_of
from tower_anime.sandbox.words import Scene, scene_of, with_one_more

MAX_PIXELS = 24_000_000
"""Of one batch. More is refused as a graphics card would: out of memory."""

COARSE_VAE = "sandbox_vae_8bit.safetensors"
"""A decoder that leaves steps on ramps."""

KEEPS_BELOW = 0.75
"""Denoise under which a second pass keeps the composition that it finds (by hand)."""


class NodeFailure(Exception):
    """A node failed the way ComfyUI reports it: an exception type and a message."""

    def __init__(self, exception_type: str, message: str) -> None:
        super().__init__(message)
        self.exception_type = exception_type


class Interrupted(Exception):
    """Somebody stopped the job."""


@dataclass(frozen=True)
class Model:
    """A checkpoint. `warmth` is the sum of the loaded LoRA's strengths."""

    surface: Surface
    warmth: float = 0.0


@dataclass(frozen=True)
class Conditioning:
    """Encoded words. `guidance` is FluxGuidance's, None without it."""

    text: str
    guidance: float | None = None


@dataclass(frozen=True)
class Latent:
    """Pictures in the making.

    `pictures` None means zeros. `scenes` is what they show, if it was drawn here. `euler_steps`
    were worked on them so far; `unfinished` is the share of the schedule still to be done.
    """

    width: int
    height: int
    batch: int
    pictures: tuple[Frame, ...] | None = None
    scenes: tuple[Scene, ...] | None = None
    euler_steps: float = 0.0
    unfinished: float = 0.0


@dataclass(frozen=True)
class Sigmas:
    """A noise schedule."""

    scheduler: str
    steps: int
    denoise: float


@dataclass(frozen=True)
class Guider:
    """A model with what guides it."""

    model: Model
    positive: Conditioning
    cfg: float


@dataclass(frozen=True)
class Saved:
    """The result of an output node: files for the history, beside its values."""

    images: list[dict[str, str]]
    values: tuple[Any, ...]


Result = tuple[Any, ...] | Saved


class Run(Protocol):
    """What a running node can ask of the server."""

    @property
    def folders(self) -> Folders:
        """The server's files."""
        ...

    @property
    def prompt(self) -> Mapping[str, Any]:
        """The whole graph, to embed."""
        ...

    @property
    def extra_pnginfo(self) -> Mapping[str, object] | None:
        """More texts to embed."""
        ...

    @property
    def temp_prefix(self) -> str:
        """The name of this process's temporary files."""
        ...

    @property
    def world(self) -> int:
        """Which surfaces the checkpoints have."""
        ...

    def strikes(self, fault: str) -> bool:
        """Whether an ordered fault happens now."""
        ...

    def step(self, number: int, of: int, target: Frame | None) -> None:
        """Report a sampler step, with the picture it works towards; may raise `Interrupted`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """The settings of one sampler run. Steps `first` to `last` of `steps` are done."""

    model: Model
    positive: Conditioning
    latent: Latent
    seed: int
    steps: int
    cfg: float
    sampler: str
    scheduler: str
    denoise: float = 1.0
    first: int = 0
    last: int = 10_000
    adds_noise: bool = True
    leaves_noise: bool = False


def sample(run: Run, s: Sampling) -> Latent:
    """Draw what the sampler would find, with the damage its settings do, step by step."""
    _check_memory(s.latent)
    last = min(s.last, s.steps)
    done = max(0, last - s.first)
    oom_at = (done + 1) // 2 if run.strikes("oom") else None
    result = _rendered(s, done, last)
    for number in range(1, done + 1):
        if number == oom_at:
            raise NodeFailure("torch.OutOfMemoryError", _OOM)
        run.step(number, done, result.pictures[0] if result.pictures else None)
    return result


_OOM = (
    "Allocation on device \nThis error means you ran out of memory on your GPU.\n\nTIPS: If the"
    " workflow worked before you might have accidentally set the batch_size to a large number."
)


def _check_memory(latent: Latent) -> None:
    if latent.width * latent.height * latent.batch > MAX_PIXELS:
        raise NodeFailure("torch.OutOfMemoryError", _OOM)


def _rendered(s: Sampling, done: int, last: int) -> Latent:
    latent = s.latent
    if done == 0:
        return latent
    continues = latent.unfinished > 0 and not s.adds_noise
    keeps = continues or (latent.scenes is not None and s.denoise < KEEPS_BELOW)
    scenes = (
        latent.scenes
        if keeps and latent.scenes
        else tuple(_imagined(s, index) for index in range(latent.batch))
    )
    unfinished = 1 - last / s.steps if s.leaves_noise else 0.0
    surface, over = s.model.surface, _overdose(s.model)
    cfg = s.cfg if s.positive.guidance is None else 2 * s.positive.guidance
    work = surface.worth(done, sampler=s.sampler, scheduler=s.scheduler, cfg=cfg)
    work /= max(s.denoise, 0.05)
    euler_steps = work + (latent.euler_steps if continues else 0.0)
    # leftover noise is what the missing steps would have removed
    settled = surface.clean_steps * (1 - unfinished)
    burn, wash = spoil.guidance_of(cfg, surface)
    columns, rows, soft = spoil.size_of(latent.width, latent.height, native=surface.native_px)
    blank = latent.pictures is None
    damage = spoil.Damage(
        residual=spoil.residual_of(min(euler_steps, settled), clean_steps=surface.clean_steps),
        burn=max(burn, over),
        wash=wash,
        soft=soft,
        grey=(1 - s.denoise if s.adds_noise else 0.9) if blank else 0.0,
        cast=surface.cast + s.model.warmth,
        scribbles=surface.scribbles and not keeps,
        columns=1 if keeps else columns,
        rows=1 if keeps else rows,
    )
    pictures = tuple(
        spoil.render(
            _painter(scene, _base(latent, i, s.denoise, keeps=keeps), s.denoise),
            width=latent.width,
            height=latent.height,
            damage=damage if scene.lit else replace(damage, flat=1.0),
            rng=scene.rng("noise"),
        )
        for i, scene in enumerate(scenes)
    )
    return replace(
        latent, pictures=pictures, scenes=scenes, euler_steps=euler_steps, unfinished=unfinished
    )


def _imagined(s: Sampling, index: int) -> Scene:
    """Return the scene that the words make, with one person too many now and then."""
    scene = scene_of(s.positive.text, seed=s.seed, index=index)
    if scene.people and scene.rng("count").random() < s.model.surface.miscount:
        return with_one_more(scene)
    return scene


def _overdose(model: Model) -> float:
    """Return how far (0–1) LoRA strengths lie beyond what the checkpoint bears."""
    return float(np.clip((abs(model.warmth) - model.surface.lora_best) / 1.2, 0, 1))


def _base(latent: Latent, index: int, denoise: float, *, keeps: bool) -> Frame | None:
    """Return the picture that image-to-image starts from and still shows, if any."""
    if keeps or latent.pictures is None or denoise >= KEEPS_BELOW:
        return None
    return latent.pictures[index % len(latent.pictures)]


def _painter(scene: Scene, base: Frame | None, denoise: float) -> Callable[[int, int, int], Frame]:
    """Return what draws panel `index` of the scene at a size."""

    def paint(index: int, width: int, height: int) -> Frame:
        panel = replace(scene, panel=index)
        if base is None:
            return draw(panel, width=width, height=height)
        share = float(np.clip((denoise - 0.3) / (KEEPS_BELOW - 0.3), 0, 1))
        original = _resize(base, width, height, cv2.INTER_AREA)
        if share == 0:
            return original
        fresh = draw(panel, width=width, height=height)
        return _rebuilt(original, fresh, share, scene)

    return paint


def _rebuilt(original: Frame, fresh: Frame, share: float, scene: Scene) -> Frame:
    """Return the original with a share of its regions drawn anew in its own colours."""
    height, width = original.shape[:2]
    regions = cv2.resize(
        scene.rng("regions").random((7, 7), np.float32),
        (width, height),
        interpolation=cv2.INTER_CUBIC,
    )
    mask = np.clip((share * 1.3 - 0.15 - regions) * 12, 0, 1).astype(np.float32)[..., None]
    sigma = 0.03 * float(np.sqrt(width * height))
    tint = cv2.GaussianBlur(original, (0, 0), sigma).astype(np.float32)
    tint -= cv2.GaussianBlur(fresh, (0, 0), sigma)
    anew = fresh + tint * (0.6 * (1 - share))
    pixels: Frame = np.clip(original + (anew - original) * mask + 0.5, 0, 255).astype(np.uint8)
    return pixels


def _resize(picture: Frame, width: int, height: int, method: int) -> Frame:
    if picture.shape[:2] == (height, width):
        return picture
    return np.asarray(cv2.resize(picture, (width, height), interpolation=method), np.uint8)


# ---- the nodes ------------------------------------------------------------------------------


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
    latent_image: Latent,
    denoise: float,
    **_: object,
) -> Result:
    settings = Sampling(
        model=model,
        positive=positive,
        latent=latent_image,
        seed=seed,
        steps=steps,
        cfg=cfg,
        sampler=sampler_name,
        scheduler=scheduler,
        denoise=denoise,
    )
    return (sample(run, settings),)


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
    latent_image: Latent,
    start_at_step: int,
    end_at_step: int,
    add_noise: str,
    return_with_leftover_noise: str,
    **_: object,
) -> Result:
    settings = Sampling(
        model=model,
        positive=positive,
        latent=latent_image,
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
    return (sample(run, settings),)


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
    latent_image: Latent,
    **_: object,
) -> Result:
    settings = Sampling(
        model=model,
        positive=positive,
        latent=latent_image,
        seed=noise_seed,
        steps=sigmas.steps,
        cfg=cfg,
        sampler=sampler,
        scheduler=sigmas.scheduler,
        denoise=sigmas.denoise,
        adds_noise=add_noise,
    )
    result = sample(run, settings)
    return result, result


def _custom_advanced(
    run: Run, *, noise: int, guider: Guider, sampler: str, sigmas: Sigmas, latent_image: Latent
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


def _decode(run: Run, *, samples: Latent, vae: object = None, **_: object) -> Result:
    _check_memory(samples)
    pictures = samples.pictures or (spoil.empty(samples.width, samples.height),) * samples.batch
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


def _preview(run: Run, *, images: tuple[Frame, ...]) -> Result:
    return _write(run, images, "temp", run.temp_prefix)


def _write(run: Run, images: tuple[Frame, ...], kind: str, prefix: str) -> Result:
    try:
        files = run.folders.save(
            images,
            kind=kind,
            prefix=prefix,
            texts=texts_of(run.prompt, run.extra_pnginfo),
            truncate=run.strikes("truncate"),
        )
    except Outside as outside:
        raise NodeFailure(
            "Exception",
            "**** ERROR: Saving image outside the output folder is not allowed.\n"
            f" full_output_folder: {outside.folder}\n"
            f"         output_dir: {run.folders.of(kind)}\n",
        ) from outside
    return Saved(files, (images,))


def _load(run: Run, *, image: str) -> Result:
    picture = load(run.folders.annotated(image))
    if picture is None:
        raise NodeFailure("PIL.UnidentifiedImageError", f"cannot identify image file '{image}'\n")
    return (picture,), np.zeros((64, 64), np.uint8)


def _empty_image(_: Run, *, width: int, height: int, batch_size: int, color: int) -> Result:
    if width * height * batch_size > MAX_PIXELS:
        raise NodeFailure("torch.OutOfMemoryError", _OOM)
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
        raise NodeFailure("torch.OutOfMemoryError", _OOM)
    left = top = 0
    if crop == "center":
        left = max(0, round((old_width - old_height * width / height) / 2))
        top = max(0, round((old_height - old_width * height / width) / 2))
    return tuple(
        _resize(
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


NODES: dict[str, Callable[..., Result]] = {
    "CheckpointLoaderSimple": _checkpoint,
    "LoraLoader": _lora,
    "LoraLoaderModelOnly": _lora,
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
    "VAEEncode": _encode,
    "EmptyImage": _empty_image,
    "LoadImage": _load,
    "ImageScale": _scale,
    "ImageScaleBy": _scale_by,
    "ImageBlur": _filtered(_blur),
    "ImageSharpen": _filtered(_sharpen),
    "ImageInvert": _filtered(lambda picture: 255 - picture),
    "SaveImage": _save,
    "PreviewImage": _preview,
}
"""The function of every class in the catalog, called with the node's inputs by name."""
