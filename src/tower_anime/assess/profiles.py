"""The built-in profiles: what a kind of work has to fulfil."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tower_anime.domain.quality import Action, Profile

_PIXELS = ("spread", "luma_mean", "luma_high", "blown", "chroma_mean")
_DETAIL = (*_PIXELS, "local_contrast", "noise_luma", "flat_share")

STILL = Profile(name="still", required=_DETAIL)

POSTER = Profile(
    name="poster",
    threshold=0.8,
    min_width=2048,
    min_height=2048,
    required=(*_DETAIL, "edge_width"),
    actions=MappingProxyType({"resolution": Action.REJECT}),
)

DRAFT = Profile(name="draft", threshold=0.5, min_width=256, min_height=256, required=_PIXELS)

CLIP = Profile(name="clip", min_width=640, min_height=360, required=_DETAIL)

PROFILES: Mapping[str, Profile] = MappingProxyType(
    {profile.name: profile for profile in (STILL, POSTER, DRAFT, CLIP)}
)
"""Name → profile. Sizes hold for any aspect of the same area; see `judge` on resolution."""
