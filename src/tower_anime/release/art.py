"""Which approved pictures stand for a series or a film."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tower_anime.domain.attempt import Artifact

POSTER_RATIO = 2 / 3  # width to height that servers show posters in
FANART_RATIO = 16 / 9


@dataclass(frozen=True, kw_only=True)
class Approved:
    """An approved still: its file, its size in pixels, its score (0–1)."""

    artifact: Artifact
    width: int
    height: int
    score: float


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """What was chosen; None where there is nothing to choose from."""

    poster: Approved | None = None
    fanart: Approved | None = None


def best_pictures(stills: Sequence[Approved]) -> Pictures:
    """Return the pictures nearest in shape to a poster and to a fanart; of equals the better."""
    usable = [still for still in stills if still.width and still.height]
    return Pictures(
        poster=max(usable, key=lambda still: _fit(still, POSTER_RATIO), default=None),
        fanart=max(usable, key=lambda still: _fit(still, FANART_RATIO), default=None),
    )


def _fit(still: Approved, ratio: float) -> tuple[float, float]:
    """Return the share of the wanted shape that stays when cropped to it, then the score."""
    own = still.width / still.height
    return min(own / ratio, ratio / own), still.score
