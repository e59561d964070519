"""Age ratings in the words of several countries, as the age they ask for."""

from __future__ import annotations

import re

from tower_anime.errors import BadInput

_AGES = {
    **dict.fromkeys(("g", "u", "tv-y", "tv-g", "all ages", "all", "general", "e", "everyone"), 0),
    "tv-y7": 7,
    "pg": 8,
    "tv-pg": 8,
    "pg-13": 13,
    "pg13": 13,
    "teen": 13,
    "t": 13,
    "tv-14": 14,
    "m": 17,
    "mature": 17,
    "r": 17,
    "tv-ma": 17,
    "r-17": 17,
    **dict.fromkeys(("r-18", "r18", "r18+", "nc-17", "x", "xxx", "adult", "adults only"), 18),
    **dict.fromkeys(("ao", "nsfw", "explicit", "hentai"), 18),
    "sfw": 0,
    "safe": 0,
}
"""MPA, TV Parental Guidelines, BBFC, ESRB, Eirin, and what people write."""

_NUMBER = re.compile(r"(?:fsk|pegi|usk|age|ages|r|ab)?[ -]?(\d{1,2})\s?\+?")
_OLDEST = 21

ALLOWED = "allowed: an age such as 12 or 16+, or G, PG, PG-13, R, NC-17, TV-Y … TV-MA, FSK 16"


def age_of(rating: str) -> int | None:
    """Return the age (years) that a rating asks for; None if it is none that we know."""
    word = " ".join(rating.casefold().split())
    if word in _AGES:
        return _AGES[word]
    number = _NUMBER.fullmatch(word)
    return int(number[1]) if number and int(number[1]) <= _OLDEST else None


def check_rating(rating: str) -> str:
    """Return a rating whose age is known; `BadInput` says what is allowed."""
    if age_of(rating) is None:
        raise BadInput(f"{rating!r} is no age rating; {ALLOWED}")
    return rating.strip()


def held_back(rating: str, limit: str | None) -> str | None:
    """Return why work of this rating stays out of a library with that limit; None: it may go in.

    What has no rating that is known does not pass a limit.
    """
    if limit is None:
        return None
    allowed, age = age_of(limit), age_of(rating)
    if allowed is None:
        return f"the library's limit {limit!r} is no age rating"
    if age is None:
        said = f"the rating {rating!r} is not known" if rating.strip() else "it has no rating"
        return f"{said}, and the library takes work up to {limit} only; {ALLOWED}"
    if age > allowed:
        return f"it is rated {rating}, and the library takes work up to {limit} only"
    return None
