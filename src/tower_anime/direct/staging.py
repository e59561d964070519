"""A story without a model: what the logline tells, spread over the usual shape, shot by shot.

The shape (acts, beats, views, light) is the rules'; whatever happens in it is the logline's. Who
is in a scene, where it is and how it is lit stays the same within the scene.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeVar

from tower_anime.direct.logline import Deed, deeds, is_inside, is_person, is_place, sentence
from tower_anime.direct.story import Part, Take
from tower_anime.direct.vocabulary import SILENT_ON
from tower_anime.direct.words import content, tokens
from tower_anime.domain.production import CastMember, ProjectBrief, StyleGuide

T = TypeVar("T")


class View(Enum):
    """What a shot is there for: its camera words, with a second set for when it comes again."""

    PLACE = ("wide shot, establishing shot", "panorama, from above")
    ACT = ("medium shot", "full body, from side")
    FACE = ("close-up, portrait", "extreme close-up, focus on the eyes")
    DETAIL = ("close-up, depth of field", "macro, blurry background")
    BEHIND = ("wide shot, from behind", "over the shoulder view")
    FACING = ("over the shoulder view, facing each other", "profile, from side")
    LOW = ("from below, dynamic angle", "dutch angle, foreshortening")
    HIGH = ("very wide shot, from above", "bird's-eye view")


_ACTING = (View.ACT, View.LOW, View.HIGH)
"""Views that show what happens; the others show where, who, or with what."""


@dataclass(frozen=True)
class _Beat:
    title: str
    hint: str
    feeling: str
    views: tuple[View, ...]


_P, _A, _F, _D = View.PLACE, View.ACT, View.FACE, View.DETAIL
_B, _O, _L, _H = View.BEHIND, View.FACING, View.LOW, View.HIGH

_BEATS = (
    _Beat("Arrival", "Where we are and who is there", "curious look", (_P, _A, _F, _D, _B, _H)),
    _Beat("Sign", "A first sign that something is wrong", "wary look", (_D, _F, _A, _B, _P, _L)),
    _Beat(
        "Encounter",
        "Two wishes meet that can't both come true",
        "tense expression",
        (_A, _O, _F, _D, _L, _P),
    ),
    _Beat("Attempt", "It is tried, and it costs more", "determined look", (_L, _A, _D, _F, _H, _B)),
    _Beat(
        "Turn",
        "Something is said or seen that changes the aim",
        "wide eyes, surprised",
        (_B, _F, _L, _D, _A, _P),
    ),
    _Beat(
        "Consequence",
        "What follows from it, and a question left open",
        "thoughtful expression",
        (_H, _F, _A, _P, _D, _B),
    ),
)
_ACTS = (
    ("Opening", "The world as it is, and what is missing in it"),
    ("The call", "Something breaks the routine and asks for a decision"),
    ("The way", "First steps, first help, first resistance"),
    ("The turn", "What seemed certain is not; the price becomes clear"),
    ("The depth", "Everything seems lost"),
    ("The answer", "The decision is taken and paid for"),
    ("Afterwards", "The world as it is now"),
)
_HINTS = (*(hint for _, hint in _ACTS), *(beat.hint for beat in _BEATS))

_OUTSIDE = (
    "soft morning light",
    "bright daylight",
    "golden hour, long shadows",
    "blue hour, first lamps",
    "night, moonlight",
    "overcast, diffuse light",
)
_INSIDE = (
    "morning light through the windows",
    "warm lamplight",
    "late light through the windows",
    "dim light, deep shadows",
)
_UNDECIDED = (  # where the logline has its own word on the light, nothing may contradict it
    "soft diffuse light",
    "strong contrast, deep shadows",
    "pale rim light",
    "dim, low-key light",
)


def parts_by_rules(level: str, number: int, *, subject: str) -> tuple[Part, ...]:
    """Return `number` episodes or scenes of what `subject` tells, the same every time."""
    told = _told(subject)
    shape = _ACTS if level == "episodes" else [(beat.title, beat.hint) for beat in _BEATS]
    chosen = [_along(shape, index, number) for index in range(number)]
    titles = _numbered([title for title, _ in chosen])
    return tuple(
        Part(title=title, text=f"{hint}: {sentence(_share(told, index, number)) or subject}")
        for index, (title, (_, hint)) in enumerate(zip(titles, chosen, strict=True))
    )


def takes_by_rules(
    number: int,
    *,
    scene: Part,
    project: ProjectBrief,
    guide: StyleGuide,
    nth: int = 0,
) -> tuple[Take, ...]:
    """Return `number` shots of a scene, the `nth` of its story (from 0)."""
    told = _told(scene.text) or _told(project.logline)
    beat = next((one for one in _BEATS if scene.text.startswith(one.hint)), _BEATS[nth % 6])
    stage = _Stage(told, project, guide, nth)
    views = _views(beat, number, len(told))
    shown = dict(zip(_acts(views), _dealt(told, views), strict=True))
    found, seen = list[Take](), list[View]()
    for at, view in enumerate(views):
        here = shown.get(at) or _share(told, at, number)[:1]
        camera = view.value[seen.count(view) % 2]
        seen.append(view)
        found.append(Take(prompt=stage.prompt(view, here, beat.feeling, camera), duration_s=None))
    return tuple(found)


# ---- where, who, how lit --------------------------------------------------------------------


@dataclass(frozen=True)
class _Stage:
    """What stays the same in all shots of a scene."""

    told: Sequence[Deed]
    project: ProjectBrief
    guide: StyleGuide
    nth: int
    world: Sequence[Deed] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "world", deeds(self.project.logline) or self.told)

    def prompt(self, view: View, here: Sequence[Deed], feeling: str, camera: str) -> str:
        """Return a prompt: subject, action, setting, light, camera."""
        who, others = self._who(here)
        acts = [self._act(deed) for deed in here]
        setting, thing = self._setting(here), next((d.thing for d in here if d.thing), "")
        feeling = feeling if who else ""
        match view:
            case View.PLACE:
                parts = ["scenery", *(setting or [*who[:1], *acts])]
            case View.DETAIL:
                parts = [*([thing] if thing else ["hands", *who] if who else acts), *setting[:1]]
            case View.FACE:
                parts = [*who, feeling, *setting[:1]]
            case View.BEHIND:
                seen = thing or (setting[0] if setting else "")
                looks = f"looking at the {seen}" if seen and who else feeling
                parts = [*who, looks, *setting]
            case View.FACING:
                parts = [*who, *others, feeling, *acts, *setting]
            case _:
                parts = [*who, *acts, *setting]
        return self._joined([*parts, self._light(), camera])

    def _joined(self, parts: Iterable[str]) -> str:
        """Join what says something new and nothing that the project excludes."""
        found = list[str]()
        for part in parts:
            said = content(part)
            unwanted = any(content(words) and content(words) <= said for words in self.project.dont)
            again = said and said <= content(", ".join(found))
            if part.strip() and not unwanted and not again:
                found.append(part.strip())
        return ", ".join(found) or self.project.logline

    def _who(self, here: Sequence[Deed]) -> tuple[list[str], list[str]]:
        """Return who acts, and who else is there, each with the fixed look."""
        cast = self.project.characters
        named = [one for one in cast if any(_names(one, deed.text) for deed in here)]
        subject = next((deed.subject for deed in here if is_person(deed.subject)), "")
        hero = self._hero(here)
        if not named and cast and (not subject or subject == hero):
            named = [cast[0]]
        if named:
            calling = subject if (subject and _names(named[0], subject)) or subject == hero else ""
            who = [*(_looking(one) for one in named), _without(named[0], calling)]
            others = [_looking(one) for one in cast if one not in named][:1]
            return list(filter(None, who)), others
        anybody = here[0].subject if here and not is_place(here[0].subject) else ""
        return list(filter(None, [subject or hero or anybody])), []

    def _hero(self, here: Sequence[Deed]) -> str:
        """Return who acted last, up to this point of the story; else who acts first in it."""
        said = [deed.text.lower() for deed in here]
        at = next((n for n, one in enumerate(self.world) if one.text.lower() in said), 0)
        row = [*reversed(self.world[: at + 1]), *self.world[at + 1 :]]
        return next((one.subject for one in row if is_person(one.subject)), "")

    def _act(self, deed: Deed) -> str:
        somebody = is_person(deed.subject) or any(
            _names(one, deed.subject) for one in self.project.characters
        )
        said = deed.picture if somebody else f"{deed.subject} {deed.picture}"
        return deed.picture if deed.subject == deed.picture else said.strip()

    def _setting(self, here: Sequence[Deed]) -> list[str]:
        """Return where it is: the place of the deed or of the scene, and the story's world."""
        own = next((deed for deed in (*here, *self.told) if deed.place), None)
        world = next((deed.place for deed in self.world if deed.place), "")
        if own is None:
            return [world] if world else []
        belongs = re.search(rf"\b(its|their)\s+{re.escape(own.place)}", own.text, re.IGNORECASE)
        return [own.place, world] if belongs and world != own.place else [own.place]

    def _light(self) -> str:
        decided = any(SILENT_ON["light"].search(d.text) for d in (*self.world, *self.told))
        guessed = self.guide.source == "rules"
        if self.guide.light and not (decided and guessed):
            return self.guide.light[self.nth % len(self.guide.light)]
        place = (self._setting(()) or [""])[0]
        table = _UNDECIDED if decided else _INSIDE if is_inside(place) else _OUTSIDE
        return table[self.nth % len(table)]


def _names(member: CastMember, text: str) -> bool:
    name, said = tokens(member.name), tokens(text)
    return bool(name) and any(said[at : at + len(name)] == name for at in range(len(said)))


def _looking(member: CastMember) -> str:
    return f"{member.name}, {member.look}"


def _without(member: CastMember, subject: str) -> str:
    """Return what somebody is besides the name: `courier` of `courier named Aki`."""
    return re.sub(rf"\s*,?\s*(named\s+)?\b{re.escape(member.name)}\b,?\s*", " ", subject).strip()


# ---- shapes ---------------------------------------------------------------------------------


def _views(beat: _Beat, number: int, acts: int) -> list[View]:
    """Return the views of a scene: the beat's order, and room for what happens."""
    others = [view for view in View if view not in beat.views]
    order = [*beat.views, *others]
    views = [order[at % len(order)] for at in range(number)]
    for at in reversed(range(number)):
        if len(_acts(views)) >= min(max(1, acts), number):
            break
        if views[at] not in _ACTING:
            views[at] = _ACTING[at % len(_ACTING)]
    return views


def _acts(views: Sequence[View]) -> list[int]:
    return [at for at, view in enumerate(views) if view in _ACTING]


def _dealt(told: Sequence[Deed], views: Sequence[View]) -> list[Sequence[Deed]]:
    """Deal what happens to the shots that show it, in order."""
    number = len(_acts(views))
    return [_share(told, index, number) for index in range(number)]


def _share(found: Sequence[T], index: int, number: int) -> Sequence[T]:
    """Return the part of a row that falls to one of `number` places; at least one, if any."""
    if len(found) <= number:
        return found[index * len(found) // number :][:1]
    return found[index * len(found) // number : (index + 1) * len(found) // number]


def _along(shape: Sequence[T], index: int, number: int) -> T:
    """Return the part of the shape at this place: its ends at both ends, stretched between."""
    return shape[0 if number == 1 else round(index * (len(shape) - 1) / (number - 1))]


def _numbered(titles: Sequence[str]) -> list[str]:
    """Tell equal titles apart by a number."""
    found = list[str]()
    for at, title in enumerate(titles):
        place = titles[:at].count(title) + 1
        found.append(title if titles.count(title) == 1 else f"{title} {place}")
    return found


def _told(text: str) -> tuple[Deed, ...]:
    """Return what a text tells beside the hints of the shape."""
    while hint := next((one for one in _HINTS if text.startswith(f"{one}: ")), None):
        text = text[len(hint) + 2 :]
    return deeds(text)
