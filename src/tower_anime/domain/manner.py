"""Words that say how a picture is drawn, not what it shows: only such may be learned and added."""

from __future__ import annotations

from collections.abc import Collection, Mapping

QUALITY, LIGHT, CAMERA, PALETTE, STYLE = "quality", "light", "camera", "palette", "style"

# Chosen by hand from tags that anime models were trained on and words that people write.
_WORDS: Mapping[str, str] = {
    QUALITY: "masterpiece|best quality|high quality|amazing quality|great quality|absurdres|"
    "highres|very aesthetic|aesthetic|high score|"
    "great score|score 9|score 8 up|score 7 up|detailed|highly detailed|extremely detailed|"
    "very detailed|intricate details|intricate|fine details|detailed background|detailed eyes|"
    "sharp focus|sharp|crisp|clean lines|polished|finely drawn|beautifully drawn|"
    "professional|award winning|4k|8k|ultra detailed|best illustration|good anatomy|"
    "consistent lines",
    LIGHT: "natural light|soft light|soft lighting|bright lighting|bright light|dramatic lighting|"
    "cinematic lighting|volumetric lighting|rim light|rim lighting|backlighting|backlight|"
    "window light|diffused light|ambient light|studio lighting|warm light|cool light|"
    "golden light|light particles|light rays|god rays|bloom|lens flare|global illumination|"
    "ray tracing|steady lighting|even lighting|high contrast lighting|chiaroscuro",
    CAMERA: "wide shot|close-up|medium shot|cowboy shot|portrait|upper body|full body|from above|"
    "from below|from side|dutch angle|dynamic angle|depth of field|bokeh|blurry background|"
    "shallow focus|wide angle|fisheye|telephoto|cinematic|cinematic composition|"
    "rule of thirds|dynamic composition|panorama",
    PALETTE: "warm colors|cool colors|pastel colors|vivid colors|vibrant colors|vibrant|"
    "muted colors|limited palette|colorful|harmonious colors|rich colors|soft colors|"
    "natural colors|high saturation|low saturation|monochrome|greyscale|sepia|"
    "complementary colors|color grading",
    STYLE: "anime style|anime coloring|anime screencap|cel shading|flat color|flat colors|"
    "newest|recent|official art|key visual|smooth shading|clean lineart|"
    "lineart|bold lines|thick lines|thin lines|watercolor|watercolor \\(medium\\)|oil painting|"
    "painterly|gouache|ink|sketch|pencil|digital painting|concept art|illustration|"
    "pixel art|retro|1990s style|1980s style|screentone|manga style|soft shading|"
    "hard shading|film grain|storybook|ukiyo-e|gradient|texture|matte painting",
}

SECTIONS: Mapping[str, str] = {
    word.replace("\\", "").replace("(", "").replace(")", "").strip(): section
    for section, words in _WORDS.items()
    for word in words.split("|")
}
"""Word → what it decides on: quality, light, camera, palette or style."""

_OF_THINGS = ("detailed background", "detailed eyes")  # not every picture has them

TRIED = tuple(
    word
    for word in _WORDS[QUALITY].split("|")
    if not word.startswith("score") and word not in _OF_THINGS
)
"""Words that may be tried on any prompt: they ask for care, neither for things nor for a style."""


def manner_of(words: Collection[str]) -> frozenset[str]:
    """Return those words that say how."""
    return frozenset(word for word in words if word in SECTIONS)
