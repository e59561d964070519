"""From the words of a prompt to what the picture shows."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from tower_anime.sandbox.palette import NAMED, Colour, colour

PLACES: dict[str, tuple[str, ...]] = {
    "street": ("street", "city", "town", "alley", "neon", "tokyo", "urban", "shop", "crossing"),
    "forest": ("forest", "woods", "jungle", "tree", "grove", "bamboo"),
    "room": ("room", "school", "classroom", "indoors", "bedroom", "kitchen", "office", "library"),
    "sea": ("sea", "beach", "ocean", "shore", "coast", "harbor", "harbour", "lake", "river"),
    "space": ("space", "galaxy", "planet", "spaceship", "cosmos", "stars"),
    "sky": ("sky", "clouds", "cloud", "flying", "floating", "rooftop"),
    "field": (
        "field",
        "meadow",
        "garden",
        "park",
        "hill",
        "mountain",
        "village",
        "shrine",
        "castle",
    ),
}
HAIR = ("black", "brown", "blonde", "silver", "pink", "blue", "red", "lavender", "teal")
CLOTH = ("navy", "red", "white", "teal", "purple", "blue", "yellow", "green", "pink")
EYES = ("blue", "green", "brown", "purple", "golden", "red", "teal")
_GARMENT = (
    "dress|shirt|skirt|jacket|coat|hoodie|kimono|yukata|uniform|outfit|sweater|cloak|armor|scarf"
)
_PERSON = re.compile(r"\b(?:(\d)\s*)?(girls?|boys?|wom[ae]n|m[ae]n|lady|character|person|people)\b")
_HEROINES = {"heroine", "witch", "princess", "idol", "maid", "schoolgirl", "she"}


@dataclass(frozen=True)
class Look:
    """One character's design."""

    hair: Colour
    hair_length: str
    eyes: Colour
    cloth: Colour
    male: bool
    uniform: bool
    cat_ears: bool
    glasses: bool
    hat: bool


@dataclass(frozen=True)
class Scene:
    """What a picture shows. The same words and seed always give the same scene."""

    seed: int
    index: int
    place: str
    time: str
    weather: frozenset[str]
    people: tuple[Look, ...]
    umbrella: Colour | None
    smiling: bool | None
    framing: str | None

    def rng(self, part: str) -> Generator:
        """Return the part's own stream, so that one more word leaves the rest in its place."""
        return np.random.default_rng([*_limbs(self.seed), self.index, *part.encode()])


def scene_of(prompt: str, *, seed: int, index: int = 0) -> Scene:
    """Read a prompt. `index` is the position in a batch."""
    text = re.sub(r"[()\[\]{}]|:[\d.]+", " ", prompt.lower()).replace("_", " ")
    words = set(re.findall(r"[a-z0-9]+", text))
    rng = np.random.default_rng([*_limbs(seed), index])
    place = next((name for name, keys in PLACES.items() if words & set(keys)), "field")
    umbrella = {"umbrella", "parasol"} & words
    return Scene(
        seed=seed,
        index=index,
        place=place,
        time=_time(words),
        weather=frozenset(words & {"rain", "rainy", "snow", "snowy", "petals", "neon"})
        | ({"petals"} if words & {"sakura", "blossom", "blossoms", "cherry"} else set())
        | ({"flowers"} if words & {"flower", "flowers", "roses", "sunflower"} else set()),
        people=_people(text, words, rng),
        umbrella=_named(text, "umbrella|parasol", CLOTH, rng) if umbrella else None,
        smiling=True if words & {"smile", "smiling", "happy"} else None,
        framing=_framing(text, words),
    )


def _limbs(seed: int) -> tuple[int, int]:
    return seed & 0xFFFF_FFFF, seed >> 32 & 0xFFFF_FFFF


def _time(words: set[str]) -> str:
    if words & {"sunset", "dusk", "dawn", "sunrise", "evening", "twilight"}:
        return "sunset"
    return "night" if words & {"night", "midnight", "neon", "moon", "moonlight"} else "day"


def _framing(text: str, words: set[str]) -> str | None:
    if "full body" in text:
        return "full"
    return "close" if words & {"portrait", "closeup", "headshot", "face"} else None


def _people(text: str, words: set[str], rng: Generator) -> tuple[Look, ...]:
    looks: list[Look] = []
    for count, noun in _PERSON.findall(text):
        male = noun in {"boy", "boys", "man", "men"}
        number = int(count) if count else 2 if noun in {"girls", "boys", "people"} else 1
        looks += [_look(text, words, rng, male=male) for _ in range(number)]
        if not count and looks:
            break
    if not looks and words & _HEROINES:
        looks.append(_look(text, words, rng, male=False))
    return tuple(looks[:3])


def _look(text: str, words: set[str], rng: Generator, *, male: bool) -> Look:
    hair = _named(text, "hair", HAIR, rng)
    lengths = ("short",) if male else ("short", "medium", "long", "long", "twintails", "ponytail")
    length = lengths[rng.integers(len(lengths))]
    for name in ("short", "medium", "long"):
        if re.search(rf"\b{name}\s+(?:\w+\s+)?hair", text):
            length = name
    for name in ("twintails", "ponytail"):
        if name in words:
            length = name
    return Look(
        hair=hair,
        hair_length=length,
        eyes=_named(text, "eyes?", EYES, rng),
        cloth=_named(text, _GARMENT, CLOTH, rng),
        male=male,
        uniform=bool(words & {"uniform", "school", "serafuku", "sailor", "classroom"})
        or rng.random() < 0.3,
        cat_ears=bool(words & {"nekomimi", "catgirl"}) or "cat ears" in text,
        glasses="glasses" in words,
        hat="hat" in words,
    )


def _named(text: str, nouns: str, choice: tuple[str, ...], rng: Generator) -> Colour:
    """Return the colour the prompt gives to one of `nouns`, else one of `choice`."""
    fallback = choice[rng.integers(len(choice))]
    found = re.search(rf"\b({'|'.join(NAMED)})\s+(?:\w+\s+)?(?:{nouns})\b", text)
    return colour(NAMED[found.group(1) if found else fallback])
