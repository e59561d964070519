"""The widgets of ComfyUI's own classes that say what is drawn, for files read without a server.

A workflow in UI format lists values by position; which is which only a catalog tells. Of the
classes here no more is needed than the names and types of their widgets, in order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from tower_anime.domain.graph import Catalog

# Read off `/object_info` of ComfyUI 0.33; `!` has a control after generate.
_WIDGETS: Mapping[str, str] = {
    "CLIPTextEncode": "text:STRING",
    "CLIPTextEncodeSDXL": (
        "width:INT height:INT crop_w:INT crop_h:INT target_width:INT target_height:INT "
        "text_g:STRING text_l:STRING"
    ),
    "CLIPTextEncodeSDXLRefiner": "ascore:FLOAT width:INT height:INT text:STRING",
    "CLIPTextEncodeFlux": "clip_l:STRING t5xxl:STRING guidance:FLOAT",
    "CLIPTextEncodeSD3": "clip_l:STRING clip_g:STRING t5xxl:STRING empty_padding:COMBO",
    "CLIPTextEncodeHunyuanDiT": "bert:STRING mt5xl:STRING",
    "CLIPTextEncodeLumina2": "system_prompt:COMBO user_prompt:STRING",
    "CLIPTextEncodeHiDream": "clip_l:STRING clip_g:STRING t5xxl:STRING llama:STRING",
    "CLIPTextEncodeKandinsky5": "clip_l:STRING qwen25_7b:STRING",
    "CLIPTextEncodePixArtAlpha": "width:INT height:INT text:STRING",
    "TextEncodeQwenImageEdit": "prompt:STRING",
    "TextEncodeQwenImageEditPlus": "prompt:STRING",
    "TextEncodeAceStepAudio": "tags:STRING lyrics:STRING lyrics_strength:FLOAT",
    "KSampler": "seed:INT! steps:INT cfg:FLOAT sampler_name:COMBO scheduler:COMBO denoise:FLOAT",
    "KSamplerAdvanced": (
        "add_noise:COMBO noise_seed:INT! steps:INT cfg:FLOAT sampler_name:COMBO "
        "scheduler:COMBO start_at_step:INT end_at_step:INT "
        "return_with_leftover_noise:COMBO"
    ),
    "SamplerCustom": "add_noise:BOOLEAN noise_seed:INT! cfg:FLOAT",
    "BasicScheduler": "scheduler:COMBO steps:INT denoise:FLOAT",
    "KSamplerSelect": "sampler_name:COMBO",
    "RandomNoise": "noise_seed:INT!",
    "CFGGuider": "cfg:FLOAT",
    "DualCFGGuider": "cfg_conds:FLOAT cfg_cond2_negative:FLOAT style:COMBO",
    "FluxGuidance": "guidance:FLOAT",
    "EmptyLatentImage": "width:INT height:INT batch_size:INT",
    "EmptySD3LatentImage": "width:INT height:INT batch_size:INT",
    "EmptyHunyuanLatentVideo": "width:INT height:INT length:INT batch_size:INT",
    "EmptyHunyuanVideo15Latent": "width:INT height:INT length:INT batch_size:INT",
    "EmptyHunyuanImageLatent": "width:INT height:INT batch_size:INT",
    "EmptyLTXVLatentVideo": "width:INT height:INT length:INT batch_size:INT",
    "EmptyMochiLatentVideo": "width:INT height:INT length:INT batch_size:INT",
    "EmptyCosmosLatentVideo": "width:INT height:INT length:INT batch_size:INT",
    "EmptyFlux2LatentImage": "width:INT height:INT batch_size:INT",
    "EmptyChromaRadianceLatentImage": "width:INT height:INT batch_size:INT",
    "WanImageToVideo": "width:INT height:INT length:INT batch_size:INT",
    "WanFirstLastFrameToVideo": "width:INT height:INT length:INT batch_size:INT",
    "Wan22ImageToVideoLatent": "width:INT height:INT length:INT batch_size:INT",
    "LTXVImgToVideo": "width:INT height:INT length:INT batch_size:INT strength:FLOAT",
    "LTXVConditioning": "frame_rate:FLOAT",
    "HunyuanImageToVideo": "width:INT height:INT length:INT batch_size:INT guidance_type:COMBO",
    "CreateVideo": "fps:FLOAT bit_depth:INT",
    "SaveAnimatedWEBP": (
        "filename_prefix:STRING fps:FLOAT lossless:BOOLEAN quality:INT method:COMBO"
    ),
    "SaveAnimatedPNG": "filename_prefix:STRING fps:FLOAT compress_level:INT",
    "SaveWEBM": "filename_prefix:STRING codec:COMBO fps:FLOAT crf:FLOAT",
    "PrimitiveString": "value:STRING",
    "PrimitiveStringMultiline": "value:STRING",
    "PrimitiveInt": "value:INT!",
    "PrimitiveFloat": "value:FLOAT",
    "StringConcatenate": "string_a:STRING string_b:STRING delimiter:STRING",
    "StringReplace": "string:STRING find:STRING replace:STRING",
    "LatentUpscale": "upscale_method:COMBO width:INT height:INT crop:COMBO",
    "LatentUpscaleBy": "upscale_method:COMBO scale_by:FLOAT",
    "ConditioningSetTimestepRange": "start:FLOAT end:FLOAT",
    "ConditioningSetArea": "width:INT height:INT x:INT y:INT strength:FLOAT",
    "ConditioningSetAreaPercentage": "width:FLOAT height:FLOAT x:FLOAT y:FLOAT strength:FLOAT",
    "ConditioningAverage": "conditioning_to_strength:FLOAT",
}


def _specs(widgets: str) -> Iterator[tuple[str, list[Any]]]:
    for word in widgets.split():
        name, _, kind = word.partition(":")
        controlled = kind.endswith("!")
        yield name, [kind.rstrip("!"), {"control_after_generate": True} if controlled else {}]


CORE: Catalog = MappingProxyType(
    {
        class_type: {"input": {"required": dict(_specs(widgets))}}
        for class_type, widgets in _WIDGETS.items()
    }
)
"""As much of `/object_info` as it takes to read prompts, sizes and lengths."""
