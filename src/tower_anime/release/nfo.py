"""The words beside a film: NFO files of Jellyfin, Kodi and Emby.

Elements without a value are left out: an empty `<plot/>` would erase what the server knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from xml.sax.saxutils import escape, quoteattr

STUDIO = "Tower Anime"
SANDBOX_TAG = "sandbox"
ID_TYPE = "tower-anime"

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 can't carry (https://www.w3.org/TR/xml/#charsets)."""

_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, kw_only=True)
class Words:
    """What is said of one film or episode. `runtime_s` in seconds; `id` is the generation's."""

    id: str
    title: str
    plot: str
    aired: date
    runtime_s: float | None = None
    rating: str = ""
    tags: tuple[str, ...] = ()


def movie_nfo(words: Words) -> str:
    """Return `<movie file>.nfo`."""
    return _document(
        "movie",
        (
            ("title", one_line(words.title)),
            ("plot", words.plot),
            ("year", str(words.aired.year)),
            ("premiered", words.aired.isoformat()),
            *_common(words),
        ),
        unique_id=words.id,
    )


def episode_nfo(words: Words, *, series: str, season: int, number: int) -> str:
    """Return `<episode file>.nfo`."""
    return _document(
        "episodedetails",
        (
            ("title", one_line(words.title)),
            ("showtitle", one_line(series)),
            ("season", str(season)),
            ("episode", str(number)),
            ("plot", words.plot),
            ("aired", words.aired.isoformat()),
            *_common(words),
        ),
        unique_id=words.id,
    )


def series_nfo(
    title: str, *, plot: str, year: int, rating: str = "", tags: Sequence[str] = ()
) -> str:
    """Return `tvshow.nfo`."""
    return _document(
        "tvshow",
        (
            ("title", one_line(title)),
            ("plot", plot),
            ("year", str(year)),
            ("mpaa", rating),
            ("studio", STUDIO),
            ("genre", "Anime"),
            *(("tag", tag) for tag in tags),
        ),
    )


def season_nfo(number: int) -> str:
    """Return `season.nfo`."""
    title = f"Season {number}" if number else "Specials"
    return _document("season", (("title", title), ("seasonnumber", str(number))))


def one_line(text: str) -> str:
    """Return `text` on one line, without what XML can't carry."""
    return _SPACE.sub(" ", _ILLEGAL.sub("", text)).strip()


def _common(words: Words) -> tuple[tuple[str, str], ...]:
    minutes = max(1, round(words.runtime_s / 60)) if words.runtime_s else None
    return (
        ("runtime", str(minutes) if minutes else ""),
        ("mpaa", words.rating),
        ("studio", STUDIO),
        ("genre", "Anime"),
        *(("tag", tag) for tag in words.tags),
    )


def _document(
    root: str, elements: Iterable[tuple[str, str]], *, unique_id: str | None = None
) -> str:
    lines = ['<?xml version="1.0" encoding="UTF-8" standalone="yes"?>', f"<{root}>"]
    for name, value in elements:
        text = _ILLEGAL.sub("", value).strip()
        if text:
            lines.append(f"  <{name}>{escape(text)}</{name}>")
    if unique_id:
        kind = quoteattr(ID_TYPE)
        lines.append(f'  <uniqueid type={kind} default="true">{escape(unique_id)}</uniqueid>')
    return "\n".join([*lines, f"</{root}>", ""])
