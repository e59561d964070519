"""The words of the rule-based director: light, camera and palette where a prompt names none.

Chosen by hand to be modest: each row adds what an illustrator would assume anyway.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


def _words(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{text})(?![\w-])", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Row:
    """An addition to `section`, made when the prompt matches `when`."""

    section: str
    when: re.Pattern[str] | None
    tags: str
    sentence: str
    reason: str


SILENT_ON = {
    "light": _words(
        r"\w*light\w*|\w*lit|sunny|sun|sunset|sunrise|dusk|dawn|evening|twilight|golden hour|"
        r"dark\w*|night|midnight|moon\w*|neon|lamp\w*|lantern\w*|candle\w*|fire\w*|glow\w*|"
        r"shadow\w*|silhouette|noir|low[- ]key|high[- ]key|chiaroscuro|fog\w*|mist\w*|haz[ey]|"
        r"overcast|cloudy|storm\w*|rain\w*|snow\w*|bloom|monochrome|gr[ae]yscale|sketch|"
        r"line ?art|manga|white background|black background|simple background|space|cave"
    ),
    "camera": _words(
        r"\w*shot|close[- ]?up|portrait|headshot|full body|upper body|lower body|bust|from above|"
        r"from below|from behind|from side|angle|view\w*|perspective|pov|bokeh|depth of field|lens|"
        r"fisheye|panorama|aerial|bird'?s[- ]eye|icon|logo|pattern|sheet"
    ),
    "palette": _words(
        r"colou?r\w*|palette|monochrome|gr[ae]yscale|sepia|pastel|vivid|vibrant|muted|neon|"
        r"black and white|saturated|desaturated|sketch|line ?art|manga"
    ),
}
"""Section → words that say the user has decided on it: nothing is added then."""

PEOPLE = _words(
    r"\d*\s?(girl|boy|wom[ae]n|m[ae]n|lady|person|people|character|heroine|hero|child|kid|maid|"
    r"witch|princess|prince|knight|idol|samurai|ninja|student|schoolgirl|warrior|angel|demon|elf|"
    r"she|he|couple)s?|solo"
)

ROWS: tuple[Row, ...] = (
    Row(
        section="light",
        when=_words("rooftop|outdoors?|outside|sky|clouds?|garden|courtyard|schoolyard|balcony"),
        tags="natural light",
        sentence="The light is natural and clear.",
        reason="an open place without a word on its light",
    ),
    Row(
        section="light",
        when=_words(
            "room|bedroom|classroom|indoors?|kitchen|office|library|cafe|café|house|train|bus|"
            "school|shop|hallway|corridor"
        ),
        tags="window light",
        sentence="Light falls in through the windows.",
        reason="an interior without a word on its light",
    ),
    Row(
        section="light",
        when=None,
        tags="natural light",
        sentence="The light is natural and clear.",
        reason="no word on the light",
    ),
    Row(
        section="camera",
        when=_words(
            "landscape|scenery|city|cityscape|town|village|street|forest|mountains?|sea|ocean|"
            "beach|river|lake|valley|castle|temple|shrine|field|meadow|skyline|ruins|island"
        ),
        tags="wide shot",
        sentence="It is seen in a wide shot.",
        reason="a place without people is best shown whole",
    ),
    Row(
        section="palette",
        when=_words("autumn|fall leaves|maple|harvest"),
        tags="warm colors",
        sentence="Its colours are warm.",
        reason="the season's own palette",
    ),
    Row(
        section="palette",
        when=_words("winter|ice|icy|frozen|glacier|underwater"),
        tags="cool colors",
        sentence="Its colours are cool.",
        reason="the palette of cold",
    ),
)
"""Of each section the first row that matches counts."""
