"""Colours as three floats 0–1, and what light does to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Colour: TypeAlias = tuple[float, float, float]

NAMED: dict[str, str] = {
    "black": "#2b2a33",
    "white": "#f4f2ee",
    "silver": "#cfd6e4",
    "grey": "#9298a6",
    "gray": "#9298a6",
    "blonde": "#f4d06f",
    "blond": "#f4d06f",
    "golden": "#f0b93a",
    "gold": "#f0b93a",
    "yellow": "#f6d13b",
    "brown": "#7a4b2e",
    "red": "#d23b3b",
    "orange": "#ee8432",
    "pink": "#f29bb8",
    "purple": "#8a5bc7",
    "violet": "#8a5bc7",
    "blue": "#3f74d1",
    "navy": "#2d3f74",
    "aqua": "#4fc4cf",
    "teal": "#2b9a98",
    "cyan": "#4fc4cf",
    "green": "#4aa35a",
    "turquoise": "#3ec1b0",
    "lavender": "#b9a4e6",
}
"""Colour words of prompts. The values were chosen by hand to look like cel paint."""


def colour(text: str) -> Colour:
    """Read `#rrggbb`."""
    red, green, blue = (int(text[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Blend; `share` 0 gives the first, 1 the second."""
    red, green, blue = (a + (b - a) * share for a, b in zip(first, second, strict=True))
    return red, green, blue


def css(value: Colour) -> str:
    """Write as `#rrggbb`, clipped to what a pixel holds."""
    return "#" + "".join(f"{round(max(0.0, min(1.0, part)) * 255):02x}" for part in value)


@dataclass(frozen=True)
class Light:
    """How a time of day tints paint: a factor per channel, a colour of the shadows and the rims."""

    tint: Colour
    dark: Colour = (0.16, 0.12, 0.30)
    edge: Colour = (1.0, 1.0, 1.0)

    def lit(self, paint: Colour) -> Colour:
        """Return the paint as this light shows it."""
        red, green, blue = (a * b for a, b in zip(paint, self.tint, strict=True))
        return red, green, blue

    def css(self, paint: Colour) -> str:
        """Return the lit paint for SVG."""
        return css(self.lit(paint))

    def shade(self, paint: Colour, depth: float = 0.3) -> str:
        """Return the paint's cel shadow: darker and a little cooler."""
        return css(mix(self.lit(paint), self.dark, depth))

    def shine(self, paint: Colour, share: float = 0.5) -> str:
        """Return the paint's highlight."""
        return css(mix(self.lit(paint), (1.0, 1.0, 1.0), share))

    def rim(self, paint: Colour) -> str:
        """Return the edge that the light behind or beside draws along a form."""
        return css(mix(self.lit(paint), self.edge, 0.6))


LIGHTS = {
    "day": Light((1.0, 1.0, 1.0)),
    "morning": Light((1.0, 0.96, 0.90), edge=(1.0, 0.96, 0.80)),
    "sunset": Light((1.0, 0.86, 0.76), (0.26, 0.10, 0.30), (1.0, 0.78, 0.45)),
    "night": Light((0.66, 0.70, 0.95), (0.08, 0.08, 0.26), (0.75, 0.85, 1.0)),
}

LIGHTS_ON_PEOPLE = {
    **LIGHTS,
    "night": Light((0.94, 0.91, 1.0), (0.12, 0.10, 0.32), (0.62, 0.78, 1.0)),
    "sunset": Light((1.0, 0.92, 0.85), (0.30, 0.12, 0.28), (1.0, 0.80, 0.45)),
}
"""Faces are lit a little better than the place, else skin turns grey."""

SKINS = ("#ffe6d6", "#f8d3b8", "#c98f6b")
"""From light to dark."""

INK = "#241c2e"
"""Outlines: a very dark violet, softer beside skin than black."""
