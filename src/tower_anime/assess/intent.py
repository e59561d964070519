"""What a prompt asks for is not held against the picture: words to defects and shares."""

from __future__ import annotations

import re
from collections.abc import Mapping

_FULL, _MOST, _HALF, _SOME = 1.0, 0.8, 0.5, 0.3

# Chosen by hand: the share of a defect's amount that the words explain. A defect that no word
# asks for (blank, tiling, resolution) is never relaxed.
_WORDS: tuple[tuple[str, Mapping[str, float]], ...] = (
    (
        "night|midnight|nighttime|night sky|starry sky|moonlight|moonlit",
        {"underexposed": _MOST, "low_contrast": _HALF},
    ),
    (
        "dark|darkness|dim|dimly lit|low key|low-key|shadowy|candlelight|cave|silhouette|noir",
        {"underexposed": _MOST, "low_contrast": _HALF, "partial_blank": _SOME},
    ),
    (
        "monochrome|greyscale|grayscale|black and white|black-and-white|manga|screentone",
        {"low_contrast": _SOME, "overexposed": _HALF, "noise": _SOME, "banding": _HALF},
    ),
    (
        "sketch|lineart|line art|line drawing|pencil|charcoal|unfinished",
        {"low_contrast": _MOST, "noise": _HALF, "overexposed": _HALF, "undersampled": _SOME},
    ),
    (
        "film grain|grain|grainy|noisy|vhs|retro film|analog film|35mm",
        {"noise": _MOST, "undersampled": _HALF},
    ),
    (
        "pixel art|pixelart|8-bit|8bit|16-bit|16bit|pixelated",
        {
            "noise": _HALF,
            "oversaturated": _MOST,
            "tiling": _HALF,
            "undersampled": _HALF,
            "upscaled": _FULL,
            "banding": _FULL,
            "compression": _HALF,
        },
    ),
    (
        "depth of field|bokeh|blurry background|blurred background|shallow focus|tilt-shift",
        {"blur": _HALF},
    ),
    ("blurry|blurred|soft focus|out of focus|dreamy", {"blur": _MOST}),
    (
        "motion blur|motion lines|speed lines|panning shot|long exposure|light trails",
        {"motion_blur": _MOST, "blur": _MOST},
    ),
    (
        "sepia|monochromatic|duotone|cyanotype|limited palette|blue theme|red theme|green theme",
        {"color_cast": _FULL},
    ),
    ("golden hour|sunset|sunrise|dusk|dawn|blue hour|underwater|firelight", {"color_cast": _FULL}),
    ("red light|blue light|green light|neon|neon lights|night vision", {"color_cast": _FULL}),
    (
        "posterized|posterised|flat color|flat colors|flat colour|cel shading|vector",
        {"banding": _MOST},
    ),
    ("kaleidoscope|multiple views|comic|4koma|character sheet|reference sheet", {"tiling": _HALF}),
    (
        "high key|high-key|white background|bloom|lens flare|backlit|backlighting|snow|snowy",
        {"overexposed": _MOST, "low_contrast": _SOME},
    ),
    ("pastel|pastel colors|muted|faded|desaturated|pale", {"low_contrast": _MOST}),
    ("fog|foggy|mist|misty|haze|hazy", {"low_contrast": _MOST, "blur": _HALF}),
    (
        "glitch|glitch art|datamosh|chromatic aberration|static",
        {
            "noise": _MOST,
            "oversaturated": _HALF,
            "undersampled": _HALF,
            "tiling": _HALF,
            "corrupt": _MOST,
            "compression": _MOST,
            "banding": _HALF,
        },
    ),
    ("neon|vivid|vibrant|saturated|psychedelic|pop art", {"oversaturated": _HALF}),
    ("seamless|pattern|tileable|tiled|wallpaper pattern|mosaic|kaleidoscope", {"tiling": _FULL}),
    ("painterly|oil painting|watercolor|watercolour|impressionism", {"undersampled": _HALF}),
    ("letterbox|letterboxed|black border|black background", {"partial_blank": _MOST}),
)

_PATTERNS = tuple(
    (re.compile(rf"(?<![\w-])(?:{words})(?![\w-])", re.IGNORECASE), shares)
    for words, shares in _WORDS
)


def relaxed_by(prompt: str) -> Mapping[str, float]:
    """Return defect kind → share (0–1) of it that the prompt asks for.

    Whole words only (`knight` is no night); of several words the one that forgives most counts.
    Underscores of booru tags read as spaces.
    """
    text = prompt.replace("_", " ")
    relaxed: dict[str, float] = {}
    for pattern, shares in _PATTERNS:
        if pattern.search(text):
            relaxed |= {kind: max(share, relaxed.get(kind, 0.0)) for kind, share in shares.items()}
    return relaxed
