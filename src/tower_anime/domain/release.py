"""What goes into a library: where, under which name, with which words and pictures beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SANDBOX_FOLDER = "Sandbox"
SHOWS, MOVIES, ART = "Shows", "Movies", "Art"


@dataclass(frozen=True, kw_only=True)
class Release:
    """One approved file as it shall stand in a library.

    `relative_path` is below the library folder, with forward slashes; `companions` maps a file
    name beside it to its text or bytes, written before the file itself. `shared` maps paths below
    the library folder to what belongs to more than this file (a series, a season): what is there
    already stays. `replaces` are SHA-256 of earlier files of the same generation, which this one
    takes the place of. `numbered`: where the place is somebody else's, the name gets ` (2)` and so
    on; otherwise the library says `PlaceTaken`, for the name means something.
    """

    generation_id: str
    artifact_sha256: str
    relative_path: str
    companions: Mapping[str, str | bytes]
    shared: Mapping[str, str | bytes] = field(default_factory=dict)
    replaces: tuple[str, ...] = ()
    numbered: bool = True


@dataclass(frozen=True, kw_only=True)
class EpisodePlace:
    """Where in a series a clip stands. `number` counts within the season, from 1.

    `year` is the series' first, the same for all of its episodes; season 0 holds the specials.
    """

    series: str
    year: int
    season: int
    number: int
    title: str
    plot: str = ""
    series_plot: str = ""


@dataclass(frozen=True, kw_only=True)
class Art:
    """Pictures (JPEG) to show a clip by: its own `thumb`, a `poster` and a wide `fanart`."""

    thumb: bytes | None = None
    poster: bytes | None = None
    fanart: bytes | None = None
