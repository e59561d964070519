"""What a prompt asks for is not held against the picture: words to defects and shares."""

from __future__ import annotations

from collections.abc import Mapping

from tower_anime.assess.asked import Relaxation, Rule, read, rule

_FULL, _MOST, _HALF, _SOME = 1.0, 0.8, 0.5, 0.3

# Nouns that a word describes without saying anything of the picture: "dark hair", "pale skin".
_THINGS = (
    r"(?:\w+[\s-]+)?(?:hair|haired|skin|skinned|eyes?|eyed|lips|lipstick|nails|elf|elves|mage|"
    r"magic|magician|lord|souls|knight|wizard|witch|prince|princess|queen|king|angel|hero|"
    r"chocolate|circles|dress|suit|coat|jacket|cloak|cape|shirt|skirt|pants|jeans|uniform|"
    r"clothes|clothing|outfit|armou?r|robes?|hoodie|sweater|scarf|ribbon|bow|tie|hat|boots|"
    r"shoes|gloves|stockings|thighhighs|kimono|wings?|horns?|fur|feathers?|tail|wood|academia|"
    r"fantasy|humou?r|comedy|secret|past|beer|coffee|tea|theme park|blonde|brown|red|green|blue|"
    r"purple|gr[ae]y|pink|orange|yellow|teal|colou?red|complexion|face|girl|boy|woman|man)"
)
_HELD = "reading|holding|reads|holds|read|hold|buying|drawing|a|of|her|his|the"

# Chosen by hand: the share of a defect's amount that the words explain. A defect that no word
# asks for (blank, tiling of a size, resolution) is never relaxed.
_RULES: tuple[Rule, ...] = (
    rule(
        "night|nights|midnight|night ?time|night sky|night scene|starry sky|moonlight|"
        "moonlit|nocturnal|nightscape|night view|late night|pitch[ -]black|starry night",
        {"underexposed": _MOST, "low_contrast": _HALF},
        unless="gown|dress|owl|vision goggles|elf|elves|light lamp|stand|club sign",
    ),
    rule(
        "dark|darker|darkness|darkened|dimly[ -]lit|dim light|dim lighting|dim|unlit|low[ -]key|"
        "low light|low[ -]light|shadowy|gloomy|murky|candle ?light|candlelit|lamplight|lamplit|"
        "torch ?light|lantern[ -]light|lantern[ -]lit|cave|cavern|dungeon|crypt|silhouettes?|noir|"
        "deep shadows?|in the shadows|underexposed|lit (?:only )?by|only light|single light source|"
        "abyss|deep sea|blackout|power outage",
        {"underexposed": _MOST, "low_contrast": _HALF, "partial_blank": _SOME},
        unless=_THINGS,
    ),
    rule(
        "outer space|deep space|starfield|galaxy|nebula|full moon|moon light|eclipse|twilight|"
        "dusk|evening|nightfall|campfire|bonfire|fireflies|fireworks|thunderstorm|stormy|"
        "bioluminescen(?:t|ce)|glow(?:s|ing)? in the dark|black background|dark background",
        {"underexposed": _HALF, "low_contrast": _SOME},
        unless="gown|dress",
    ),
    rule(
        "monochrome|monochromatic|gr[ea]yscale|black and white|black-and-white|black & white|b&w|"
        "manga(?: style| page| panels?)?|screen ?tones?|halftone|ink drawing|ink wash|sumi-e",
        {
            "low_contrast": _SOME,
            "overexposed": _HALF,
            "noise": _SOME,
            "banding": _HALF,
            "color_cast": _HALF,
        },
        unless="hair|dress|uniform|outfit|cat|shirt|skirt|stockings|books?|shop|store|artist|cafe",
        after=_HELD,
    ),
    rule(
        "sketch|sketchy|rough sketch|line ?art|line drawing|pencil(?: drawing| sketch)?|charcoal|"
        "unfinished|white page|coloring page|blueprint|doodle",
        {"low_contrast": _MOST, "noise": _HALF, "overexposed": _HALF, "undersampled": _SOME},
        unless="skirt|case|box|book|pad",
        after="holding|reading|with|with a|holding a",
    ),
    rule(
        "film grain|grainy|heavy grain|light grain|grain effect|grain texture|vhs|retro film|"
        "analogu?e film|analogu?e photo|35mm|16mm|super 8|old film|vintage film|iso ?\\d{4,}|"
        "noisy (?:image|picture|photo|footage|texture|film)|film noise|noise texture|dithering|"
        "polaroid|crt|scanlines",
        {"noise": _MOST, "undersampled": _HALF},
    ),
    rule(
        "pixel ?art|8-bit|8bit|8 bit|16-bit|16bit|16 bit|pixelated|pixel style|pixels|voxel|"
        "low[ -]res game|game ?boy style|pc-?98",
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
    rule(
        "depth of field|dof|bokeh|blurry (?:background|foreground)|blurred (?:background|"
        "foreground)|background blur|foreground blur|shallow focus|shallow depth|tilt[ -]shift|"
        "macro(?: photo| photography| shot)?|lens blur|f/1\\.\\d|f/2(?:\\.\\d)?",
        {"blur": _HALF},
    ),
    rule(
        "blurry|blurred|blur|soft[ -]focus|out[ -]of[ -]focus|defocused|unfocused|dreamy|"
        "gaussian blur|hazy focus|myopic|ethereal blur",
        {"blur": _MOST},
        unless="background|foreground",
        after="motion|background|foreground|lens",
    ),
    rule(
        "motion[ -]blur(?:red)?|motion lines|speed ?lines|panning shot|long exposure|light trails|"
        "blurred motion|radial blur|fast motion|whip pan",
        {"motion_blur": _MOST, "blur": _MOST},
    ),
    rule(
        "sepia|monochromatic|duotone|cyanotype|limited palette|"
        "(?:red|blue|green|purple|orange|pink|yellow|teal|cyan) (?:theme|tint|tinted|hue|tone|"
        "toned|monochrome|filter|palette|glow|haze|mist|fog)",
        {"color_cast": _FULL},
    ),
    rule(
        "golden hour|sunset|sunrise|dusk|dawn|blue hour|underwater|under water|deep sea|"
        "fire ?light|candle ?light|warm light(?:ing)?|cold light(?:ing)?|cool light(?:ing)?|"
        "warm tones?|cool tones?|night vision|infrared|blood moon|autumn leaves|lava|aurora",
        {"color_cast": _FULL},
    ),
    rule(
        "(?:red|blue|green|purple|pink|orange|yellow) light(?:s|ing)?|neon|neon lights?|"
        "neon signs?|cyberpunk|colou?red light(?:s|ing)?|stage lights?",
        {"color_cast": _FULL},
        unless="hair|saber|bulb",
    ),
    rule(
        "posteri[sz]ed|flat colou?rs?|cel[ -]shad(?:ing|ed)|vector (?:art|illustration|graphics)|"
        "flat (?:shading|design)|minimalis(?:t|m|tic)|screen ?print|pop art|paper cut(?:out)?",
        {"banding": _MOST},
    ),
    rule(
        "kaleidoscope|multiple views|comic(?: page| strip| panels?)?|4koma|collage|split screen|"
        "character sheet|reference sheet|model sheet|expression sheet|turnaround|photo strip|"
        "triptych|diptych|side by side|clones?|twins|identical|mirror(?:ed)? image|reflections?",
        {"tiling": _HALF},
        unless="books?|shop|store",
        after="reading|reading a|holding|holding a",
    ),
    rule(
        "high[ -]key|white background|light background|simple background|blank background|"
        "bloom effect|light bloom|lens flare|sun flare|backlit|back ?lighting|snow|snowy|"
        "snowstorm|blizzard|white ?out|overexposed|bright light|blinding(?: light)?|light rays|"
        "sun ?rays|god rays|glowing|radiant|brightly lit|bright sunlight|divine light|heavenly|"
        "white room|ice|glacier|explosion",
        {"overexposed": _MOST, "low_contrast": _SOME},
        unless="white and the|white \\w+ dwarfs|leopard|rabbit|cream|skate|skating|skates|eyes?",
    ),
    rule(
        "pastel|pastel colou?rs?|muted(?: colou?rs?| tones?)?|faded(?: colou?rs?)?|desaturated|"
        "pale(?: colou?rs?)?|washed[ -]out|low[ -]contrast|soft colou?rs?|subdued|watercolou?r|"
        "overcast|gr[ae]y sky|rainy day|drab",
        {"low_contrast": _MOST},
        unless=_THINGS,
    ),
    rule(
        "fog|foggy|mist|misty|haze|hazy|smog|smoky|smoke-filled|steamy|dust storm|sand ?storm|"
        "cloudy|in the clouds|heavy rain|downpour",
        {"low_contrast": _MOST, "blur": _HALF},
    ),
    rule(
        "glitch|glitches|glitchy|glitch art|glitched|datamosh(?:ing)?|chromatic aberration|"
        "tv static|white noise|static noise|vhs|corrupted(?: file| data| image)?|"
        "distorted signal|signal loss|databending",
        {
            "noise": _MOST,
            "oversaturated": _HALF,
            "undersampled": _HALF,
            "tiling": _HALF,
            "corrupt": _MOST,
            "compression": _MOST,
            "banding": _HALF,
            "color_cast": _HALF,
        },
    ),
    rule(
        "jpeg artifacts?|compression artifacts?|low quality jpeg|deep[ -]fried|webcam|cctv|"
        "surveillance footage|security camera|low bitrate",
        {"compression": _MOST, "noise": _HALF},
    ),
    rule(
        "neon|vivid|vivid colou?rs?|vibrant|vibrant colou?rs?|saturated|oversaturated|colou?rful|"
        "rainbow|psychedelic|pop art|fluorescent|bright colou?rs?|high saturation|technicolou?r|"
        "deep[ -]fried|acid colou?rs?|high[ -]contrast",
        {"oversaturated": _HALF},
        unless="hair|eyes?|skirt|dress|hoodie|scarf|ribbon",
    ),
    rule(
        "seamless|seamless pattern|repeating pattern|pattern background|patterned background|"
        "tileable|tiled|tessellation|wallpaper pattern|mosaic|kaleidoscope|grid of|textile design|"
        "endless rows|crowd of identical",
        {"tiling": _FULL},
    ),
    rule(
        "painterly|oil painting|oil paint|impasto|watercolou?r|impressionis[mt]|impressionist|"
        "gouache|acrylic|brush ?strokes|textured canvas|crayon|pastel drawing|chalk",
        {"undersampled": _HALF, "noise": _SOME},
    ),
    rule(
        "letterbox|letterboxed|black borders?|black background|pillarbox|cinematic bars|"
        "white borders?|polaroid|picture frame|framed|empty room|void|spotlight|vignette",
        {"partial_blank": _MOST},
    ),
    rule(
        "text|english text|japanese text|speech bubbles?|thought bubbles?|captions?|"
        "subtitles?|subtitled|signs?|signage|signboards?|neon signs?|billboards?|logos?|"
        "title cards?|posters?|magazine cover|album cover|book cover|cover page|"
        "newspapers?|letters|lettering|calligraphy|typography|graffiti|comic(?: page| strip)?|"
        "manga(?: page| panels?)?|4koma|watermarks?|signature|user interface|hud|visual novel|"
        "chalkboard|blackboard|t-shirt print|storefronts?|shop front|times square|"
        "shopping street|akihabara|written|titled|jersey number",
        {"text_artifact": _FULL},
        after="peace|victory|hand|v|ok|heart|no|without",
    ),
    rule(
        "nude|naked|nsfw|topless|explicit|erotic|lingerie|bikini|swimsuit|underwear|suggestive|"
        "cleavage|onsen|bathing|sensual|pin-?up|rating:? ?(?:explicit|questionable)|hentai|ecchi",
        {"nsfw": _FULL},
    ),
)


def read_intent(prompt: str, negative: str = "") -> Relaxation:
    """Return what a picture's prompt asks for, with the words that ask."""
    return read(prompt, negative, _RULES)


def relaxed_by(prompt: str, negative: str = "") -> Mapping[str, float]:
    """Return defect kind → share (0–1) of it that the prompt asks for."""
    return read_intent(prompt, negative).shares
