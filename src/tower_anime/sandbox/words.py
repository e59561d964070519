"""From the words of a prompt, tags or sentences, to what the picture shows."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.random import Generator

from tower_anime.sandbox.palette import NAMED, Colour, colour
from tower_anime.sandbox.vocabulary import (
    CLIP_TABLES,
    CUTS,
    LANDMARKS,
    MALE,
    NUMBERS,
    PERSON,
    PLURALS,
    ROLES,
    TABLES,
    Table,
)

HAIR = ("black", "brown", "blonde", "silver", "pink", "blue", "red", "lavender", "teal", "orange")
CLOTH = ("navy", "red", "white", "teal", "purple", "blue", "yellow", "green", "pink", "grey")
EYES = ("blue", "green", "brown", "purple", "golden", "red", "teal", "pink")
MOST_PEOPLE = 3

_GARMENT = (
    r"dress|shirt|t-shirt|blouse|jacket|coat|hoodie|kimono|yukata|uniform|outfit|sweater|cloak"
    r"|raincoat|pajamas|pyjamas|armou?r|suit|robe|gown|cape|cardigan|blazer|serafuku|clothes"
)
_BOTTOM = r"jeans|pants|trousers|slacks|leggings|shorts|skirt|miniskirt"
_NOBODY = re.compile(r"\b(no humans?|no people|nobody|no one|without people|empty scenery)\b")
_SOMEBODY = re.compile(
    rf"\b(?:(\d)\s*\+?\s*)?(?:({'|'.join(NUMBERS)})\s+)?"
    rf"(?:(?!(?:with|and|of|in|at|the)\b)[a-z'-]+\s+){{0,3}}?({PERSON}|{ROLES})\b"
)
_STOPS = re.compile(r"[,.;\n]")


@dataclass(frozen=True)
class Look:
    """One character's design.

    `worn` maps accessories and things held to their paint. `skin` counts the skin tones.
    `bottom` and its paint are what the words put below the waist, None what the outfit has.
    """

    male: bool
    age: str
    skin: int
    hair: Colour
    cut: str
    fringe: str
    eyes: Colour
    face: str
    blush: bool
    outfit: str
    cloth: Colour
    pose: str
    worn: Mapping[str, Colour]
    bottom: str | None = None
    bottom_paint: Colour | None = None


@dataclass(frozen=True)
class Scene:
    """What a picture shows. The same words and seed always give the same scene.

    `landmarks` are the things that stand about. `lit` says whether the words asked for some
    light at all. `panel` counts the repetitions of a doubled subject: the same people, not quite in
    their place. `beyond` is a second place, at the horizon behind the first.
    """

    seed: int
    index: int
    place: str
    time: str
    weather: frozenset[str]
    season: str | None
    landmarks: frozenset[str]
    light: str | None
    lit: bool
    people: tuple[Look, ...]
    framing: str | None
    angle: str | None
    style: str
    chibi: bool
    mood: str | None
    panel: int = 0
    beyond: str | None = None

    def rng(self, part: str) -> Generator:
        """Return the part's own stream, so that one more word leaves the rest in its place."""
        return lot(self.seed, self.index, part)


def lot(seed: int, index: int, part: str) -> Generator:
    """Return the random numbers of one part of one picture."""
    return np.random.default_rng(
        [seed & 0xFFFF_FFFF, seed >> 32 & 0xFFFF_FFFF, index, *part.encode()]
    )


def scene_of(prompt: str, *, seed: int, index: int = 0) -> Scene:
    """Read a prompt. `index` is the position in a batch."""
    text = clean(prompt)
    if not _understood(text):
        seed ^= zlib.crc32(text.encode()) << 8
        text = "1girl" if lot(seed, index, "anything").random() < 0.7 else ""
    around = _without(_NO_PLACES.sub(" ", text), "outfit", "worn", "face")
    place, behind = _places(_without(around, "time", "light"), text, lot(seed, index, "scene"))
    seed = _mixed(seed, place, len(_everyone(text)))
    rng = lot(seed, index, "scene")
    weather = frozenset(found("weather", around))
    season = first("season", around)
    return Scene(
        seed=seed,
        index=index,
        place=place,
        time=first("time", text) or _default_time(text, weather, rng),
        weather=weather,
        season=season,
        landmarks=_landmarks(text),
        light=first("light", text),
        lit=bool(first("time", text) or first("light", text) or first("mood", text)),
        people=_people(text, seed=seed, index=index),
        framing=first("framing", text),
        angle=first("angle", text),
        style=first("style", text) or "plain",
        chibi=bool(re.search(r"\b(chibi|super deformed|nendoroid)\b", text)),
        mood=first("mood", text),
        beyond=behind,
    )


def _mixed(seed: int, place: str, people: int) -> int:
    """Return the seed of a subject: elsewhere, or of other people, it leads to other pictures.

    Whatever else the words name leaves it alone, so that a word changes what it names.
    """
    subject = zlib.crc32(f"{place}/{people}".encode())
    return (seed ^ subject << 20) & 0xFFFF_FFFF_FFFF_FFFF


def _understood(text: str) -> bool:
    """Whether any word says what to draw; to a model of anime nothing in particular is a girl."""
    return "nobody" in text or bool(_mentions(text)) or any(found(name, text) for name in TABLES)


_NO_PLACES = re.compile(r"\b(?:christmas|palm) trees?\b")


def with_one_more(scene: Scene) -> Scene:
    """Return the scene with one person too many (at most `MOST_PEOPLE`)."""
    twin = replace(scene.people[-1], face="neutral", pose="stand")
    return replace(scene, people=(*scene.people, twin)[:MOST_PEOPLE])


def clean(prompt: str) -> str:
    """Return the prompt as lower-case words: no weights, no brackets, no negated thing."""
    text = re.sub(r"<[^>]*>", " ", prompt.lower().replace("_", " "))
    text = re.sub(r"[()\[\]{}]|:[\d.]+", " ", text)
    text = _NOBODY.sub(" nobody ", text)
    text = re.sub(r"\b(?:no|without(?: an?)?|not)\s+(?!one\b)[a-z-]+", " ", text)
    return re.sub(r"[ \t]+", " ", text).strip()


def _without(text: str, *tables: str) -> str:
    """Return the text without what these tables name: a school uniform is no school."""
    for table in tables:
        text = _pattern(table).sub(" ", text)
    return text


def found(table: str, text: str) -> list[str]:
    """Return the table's entries that the text names, in the order of the text."""
    names = {phrase: name for name, phrases in _table(table).items() for phrase in phrases}
    return [names[match[1]] for match in _pattern(table).finditer(text)]


def first(table: str, text: str) -> str | None:
    """Return the entry that the text names first, None if it names none."""
    return next(iter(found(table, text)), None)


def _table(name: str) -> Table:
    return CLIP_TABLES.get(name) or TABLES[name]


@cache
def _pattern(table: str) -> re.Pattern[str]:
    phrases = sorted((p for many in _table(table).values() for p in many), key=len, reverse=True)
    return re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, phrases))})(?:e?s)?(?![\w-])")


def _landmarks(text: str) -> frozenset[str]:
    bound = [word for word in LANDMARKS if re.search(rf"\b{word}s?\b", text)]
    alone = re.sub(r"\b(flower beds?|dragon girls?)\b", " ", text)
    return frozenset([*bound, *found("thing", alone)])


_HINTS = (
    ("umbrella|rain(?:y|ing)?|storm|wet", ("street", "park", "city", "station")),
    ("neon|cyberpunk|car", ("street", "city")),
    ("lanterns?|festival|matsuri|kimono|yukata|miko", ("shrine", "village", "street")),
    ("stars|starry|milky way|meteor|fireworks?|moon", ("field", "mountain", "rooftop")),
    ("snow(?:y|ing|fall)?|blizzard|winter", ("village", "forest", "street")),
    ("armou?r|knight|sword|dragon", ("castle", "mountain", "forest")),
    ("astronaut|spacesuit|plugsuit", ("space",)),
)
"""What words that name no place make likely."""


def _places(text: str, whole: str, rng: Generator) -> tuple[str, str | None]:
    """Return where people are and what lies behind, if two places are named.

    A built place stands before the land that it is in, whichever is named first. Without any it is
    what the words suggest, else one by lot.
    """
    named = list(dict.fromkeys(found("place", text)))
    if not named:
        likely: tuple[str, ...] = (
            "field",
            "park",
            "street",
            "room",
            "school",
            "sea",
            "lake",
            "sky",
        )
        hints = (places for words, places in _HINTS if re.search(rf"\b({words})\b", whole))
        likely = next(hints, likely)
        return likely[rng.integers(len(likely))], None
    here = named[0]
    if here in _LAND:
        here = next((place for place in named[1:] if place in _BUILT), here)
    others = (place for place in named if place != here and place in BEHIND)
    return here, None if here in _CLOSED else next(others, None)


_LAND = frozenset({"forest", "mountain", "field", "lake", "sea"})
_BUILT = frozenset({"shrine", "castle", "village", "station", "school", "rooftop", "cafe"})
BEHIND = _LAND | {"city", "street", "village", "castle", "shrine"}
"""Places that can lie behind another."""
_CLOSED = frozenset({"space", "sky", "library", "classroom"})
"""Places behind which no other is to be seen."""


def _default_time(text: str, weather: frozenset[str], rng: Generator) -> str:
    if weather & {"neon", "fireworks", "fireflies", "moon", "stars"} or "halloween" in text:
        return "night"
    return "sunset" if rng.random() < 0.08 else "day"


@dataclass(frozen=True)
class _Mention:
    """Somebody named: how many, what sort, and the words about them."""

    number: int
    male: bool
    about: str


def _people(text: str, *, seed: int, index: int) -> tuple[Look, ...]:
    return tuple(
        _look(mention, text, _Lots(seed, index, f"look{number}"))
        for number, mention in enumerate(_everyone(text))
    )


def _everyone(text: str) -> list[_Mention]:
    """Return a mention for each person in the picture."""
    if re.search(r"\bnobody\b", text):
        return []
    mentions = _mentions(text)
    if len(mentions) == 1:  # all the words are about the only ones there
        mentions = [replace(mentions[0], about=text)]
    return [mention for mention in mentions for _ in range(mention.number)][:MOST_PEOPLE]


def _mentions(text: str) -> list[_Mention]:
    """Find who is in the picture: counted tags ("2girls") count, else sentences name them."""
    tags = [m for m in _SOMEBODY.finditer(text) if m[1]]
    named = tags or [m for m in _SOMEBODY.finditer(text) if m[3] not in {"she", "he"}]
    named = named or list(_SOMEBODY.finditer(text))
    out: list[_Mention] = []
    for i, here in enumerate(named):
        after = named[i + 1] if i + 1 < len(named) else None
        noun = here[3]
        number = int(here[1]) if here[1] else NUMBERS.get(here[2] or "", 0)
        about = text[here.start() : after.start() if after else len(text)]
        if not here[1] and PLURALS.get(noun, 1) < 2 and out and number == 0:
            # a role beside its noun ("a knight girl", "the girl …") is the same person
            out[-1] = replace(out[-1], about=out[-1].about + about)
            continue
        male = noun in MALE or noun in {"he", "samurai", "ninja", "wizard", "hero", "old man"}
        if "girl" in here[0] or "woman" in here[0]:
            male = False
        out.append(_Mention(number or PLURALS.get(noun, 1), male, about))
    return out


@dataclass(frozen=True)
class _Lots:
    """A lot of its own for every feature: naming one leaves the others as they were."""

    seed: int
    index: int
    who: str

    def pick(self, feature: str, choice: tuple[str, ...]) -> str:
        return choice[lot(self.seed, self.index, self.who + feature).integers(len(choice))]

    def share(self, feature: str) -> float:
        return float(lot(self.seed, self.index, self.who + feature).random())


def _look(mention: _Mention, text: str, lots: _Lots) -> Look:
    def named(table: str) -> str | None:
        return first(table, mention.about) or first(table, text)

    male = mention.male
    worn = _one_hat(found("worn", mention.about), mention.about)
    age = first("age", mention.about) or "teen"
    outfit = named("outfit") or _usual_outfit(text, lots, age, male=male)
    if male and outfit in _WOMENS and re.search(_WOMEN, text):
        outfit = "suit"  # "a boy and a girl in a wedding dress"
    hair = _paint(mention.about, text, "hair", lots, ("white", "grey") if age == "elder" else HAIR)
    return Look(
        male=male,
        age=age,
        skin=int(lots.pick("skin", ("0", "0", "0", "1", "1", "2"))),
        hair=hair,
        cut=named("cut") or _length(mention.about, text) or _usual_cut(lots, male=male),
        fringe=lots.pick("fringe", ("straight", "swept", "parted", "sides")),
        eyes=_paint(mention.about, text, "eyes?", lots, EYES),
        face=named("face") or lots.pick("face", ("smile", "smile", "neutral", "laugh", "neutral")),
        blush=bool(re.search(r"\bblush", text)) or lots.share("blush") < 0.35,
        outfit=outfit,
        cloth=_paint(mention.about, text, _GARMENT, lots, CLOTH),
        pose=_pose(mention.about, text) or _usual_pose(worn, lots),
        worn={name: _worn_paint(name, mention.about, text, lots, hair) for name in worn},
        bottom=named("bottom"),
        bottom_paint=_named_paint((mention.about, text), _BOTTOM),
    )


_HATS = frozenset({"straw hat", "hat", "cap"})


def _one_hat(worn: list[str], about: str) -> list[str]:
    """Return what is worn with one hat: the first named, before what a witch usually wears."""
    if _HATS & set(worn) and not re.search(r"\b(witch|wizard|pointed) hat\b", about):
        worn = [name for name in worn if name != "witch hat"]
    hats = [name for name in worn if name in _HATS or name == "witch hat"]
    return [name for name in worn if name not in hats[1:] or name == hats[0]]


_WOMENS = frozenset({"dress", "gown", "maid"})
_WOMEN = r"\b(\d*girls?|wom[ae]n|lady|princess|queen|bride)\b"


def _usual_outfit(text: str, lots: _Lots, age: str, *, male: bool) -> str:
    if re.search(r"\b(snow\w*|winter)\b", text):
        return lots.pick("outfit", ("coat", "sweater"))
    if age == "elder":
        return lots.pick("outfit", ("kimono", "sweater", "coat"))
    if male:
        return lots.pick("outfit", ("shirt", "hoodie", "uniform", "jacket", "sweater"))
    return lots.pick("outfit", ("sailor", "dress", "shirt", "uniform", "sweater", "hoodie"))


def _usual_cut(lots: _Lots, *, male: bool) -> str:
    if male:
        return lots.pick("cut", ("short", "messy", "short"))
    return lots.pick("cut", ("long", "medium", "bob", "long", "twintails", "ponytail", "short"))


def _pose(about: str, text: str) -> str | None:
    """Return the pose named first; a view from behind goes before what is done."""
    poses = found("pose", about) or found("pose", text)
    if "behind" in poses:
        return "sit behind" if "sit" in poses else "behind"
    return poses[0] if poses else None


def _usual_pose(worn: list[str], lots: _Lots) -> str:
    if {"book", "cup", "cat", "bouquet", "guitar"} & set(worn):
        return "stand"
    return lots.pick("pose", ("stand", "stand", "hips", "wave", "back", "walk", "clasp", "peace"))


def _length(about: str, text: str) -> str | None:
    """Read "long silver hair": the length stands some words before the noun."""
    for words in (about, text):
        match = re.search(
            r"\b(short|medium|long|messy|curly|wavy|spiky)\s+(?:[\w-]+\s+){1,2}hair", words
        )
        if match:
            return {"wavy": "curly", "spiky": "messy"}.get(match[1], match[1])
        match = re.search(r"\b(twintails?|ponytail|braids?|bob|bun)\b", words)
        if match:
            return first("cut", match[0])
    return None


def _named_paint(places: tuple[str, ...], nouns: str) -> Colour | None:
    """Return the colour that the words give to one of `nouns`, looked for in one text by one."""
    for words in places:
        match = re.search(
            rf"\b({'|'.join(NAMED)})(?:\s+(?!and\b)[\w-]+){{0,2}}?\s+(?:{nouns})\b", words
        )
        if match is None and nouns == "hair":
            match = re.search(rf"\b({'|'.join(NAMED)})\s+(?:[\w-]+\s+)?(?:{_CUT_NOUNS})\b", words)
        if match:
            return colour(NAMED[match[1]])
    return None


def _paint(about: str, text: str, nouns: str, lots: _Lots, choice: tuple[str, ...]) -> Colour:
    """Return the colour the words give to one of `nouns`, else one of `choice`."""
    if paint := _named_paint((about, text), nouns):
        return paint
    if nouns == "hair" and (blond := re.search(r"\b(blondes?|blonds?|redhead|brunette)\b", about)):
        return colour(NAMED[{"redhead": "red", "brunette": "brown"}.get(blond[1], "blonde")])
    return colour(NAMED[lots.pick(nouns[:5], choice)])


_CUT_NOUNS = "|".join(
    ["curls", "locks", *sorted((p for many in CUTS.values() for p in many), key=len, reverse=True)]
)

_OWN_PAINT = {
    "glasses": "black",
    "straw hat": "yellow",
    "book": "red",
    "sword": "silver",
    "staff": "brown",
    "broom": "brown",
    "spear": "brown",
    "microphone": "black",
    "bag": "brown",
    "crown": "gold",
    "halo": "gold",
    "wings": "white",
    "witch hat": "purple",
    "cup": "white",
    "horns": "red",
    "guitar": "red",
    "cat": "black",
}


def _worn_paint(name: str, about: str, text: str, lots: _Lots, hair: Colour) -> Colour:
    nouns = "|".join(map(re.escape, TABLES["worn"][name]))
    for words in (about, text):
        match = re.search(rf"\b({'|'.join(NAMED)})\s+(?:\w+\s+)?(?:{nouns})\b", words)
        if match:
            return colour(NAMED[match[1]])
    if name == "beard":
        return hair
    return colour(NAMED[_OWN_PAINT.get(name) or lots.pick(name, CLOTH)])
