"""Habits of camera and light by the kind of story, for a style guide without a model.

Chosen by hand: what illustrators and films of a kind do so often that nobody would call it a taste.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tower_anime.domain.production import ProjectBrief


@dataclass(frozen=True)
class Habits:
    """What a kind of story, known by its words, does with camera and light."""

    when: re.Pattern[str]
    camera: tuple[str, ...]
    light: tuple[str, ...]


def _words(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{text})(?![\w-])", re.IGNORECASE)


KINDS = (
    Habits(
        _words(r"noir|detective\w*|crime\w*|murder\w*|gangster\w*|heist|thriller|spy|spies"),
        ("from below", "dutch angle", "silhouette in a doorway"),
        ("low-key light, hard shadows", "single lamp, deep shadows", "backlight through smoke"),
    ),
    Habits(
        _words(r"cyber\w*|neon|android\w*|hacker\w*|dystopia\w*|megacity"),
        ("wide shot, from below", "over the shoulder view", "close-up, reflections"),
        ("neon light, wet reflections", "cold screen light", "backlight through haze"),
    ),
    Habits(
        _words(r"horror|ghost\w*|haunt\w*|curse\w*|zombie\w*|eerie|nightmare\w*"),
        ("from above, small in the frame", "close-up, off centre", "long corridor view"),
        ("dim, low-key light", "pale moonlight", "single candle, deep shadows"),
    ),
    Habits(
        _words(r"mecha|war|battle\w*|fight\w*|samurai|ninja\w*|shonen|race\w*|racing|action"),
        ("from below, dynamic angle", "wide shot, foreshortening", "close-up, motion lines"),
        ("strong backlight, dust", "hard sunlight", "sparks and rim light"),
    ),
    Habits(
        _words(r"space\w*|moon|star\w*|planet\w*|galaxy|astronaut\w*|sci-fi|science fiction"),
        ("very wide shot", "from behind, before a window", "close-up, reflections in glass"),
        ("hard sunlight, black shadows", "cool instrument light", "starlight, rim light"),
    ),
    Habits(
        _words(r"fantasy|dragon\w*|witch\w*|magic\w*|kingdom\w*|elf|elves|knight\w*|fairy\w*"),
        ("wide shot, landscape", "from below, towering", "medium shot, eye level"),
        ("golden hour", "light rays through leaves", "glow of magic, dusk"),
    ),
    Habits(
        _words(r"romance|romantic|love\w*|shoujo|shojo|wedding"),
        ("close-up, shallow focus", "two shot, profile", "from behind, walking"),
        ("golden hour, soft backlight", "soft window light", "evening light, bloom"),
    ),
    Habits(
        _words(
            r"slice of life|school\w*|bakery|cafe|café|family|cozy|cosy|village|everyday|comedy|"
            r"iyashikei|kitchen|friends?|friendship"
        ),
        ("medium shot, eye level", "wide shot of the room", "close-up of hands at work"),
        ("soft morning light", "warm window light", "late afternoon light"),
    ),
    Habits(
        _words(r"ink wash|sumi-?e|watercolou?r|historical|edo|folk ?tales?|ghibli|pastoral"),
        ("wide shot, much empty space", "medium shot, eye level", "detail of nature"),
        ("soft diffuse light", "mist, pale light", "quiet evening light"),
    ),
)
MOST = 3  # of each, in the order in which the kinds apply


def habits_of(project: ProjectBrief) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the habits of camera and light that fit a brief; nothing it excludes."""
    text = " ".join((project.style, project.logline, *project.do, *project.references))
    found = [kind for kind in KINDS if kind.when.search(text)]

    def chosen(rows: list[tuple[str, ...]]) -> Iterator[str]:
        for at in range(MOST):
            yield from (row[at] for row in rows if not _excluded(row[at], project))

    camera, light = (
        tuple(dict.fromkeys(chosen(rows)))[:MOST]
        for rows in ([kind.camera for kind in found], [kind.light for kind in found])
    )
    return camera, light


def _excluded(words: str, project: ProjectBrief) -> bool:
    said = set(re.findall(r"\w+", words.lower()))
    unwanted = (set(re.findall(r"\w+", phrase.lower())) for phrase in project.dont)
    return any(phrase and phrase <= said for phrase in unwanted)
