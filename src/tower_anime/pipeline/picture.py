"""One still from file to assessment: the same way for the pipeline and for `assess`."""

from __future__ import annotations

import time
from collections.abc import Callable

from tower_anime.assess import intent, judge, stills
from tower_anime.domain.quality import Assessment, Profile
from tower_anime.errors import CorruptOutput, Unreadable
from tower_anime.ports import Picture


def assess_picture(
    decode: Callable[[], Picture], *, profile: Profile, prompt: str | None
) -> Assessment:
    """Decode, measure and judge one still; what can't be read gets an error and no score."""
    started_s = time.perf_counter()
    try:
        picture = decode()
    except (Unreadable, CorruptOutput) as error:
        kind = error.kind if isinstance(error, Unreadable) else "corrupt"
        return judge.unreadable(
            kind_of_error=kind, message=str(error), kind="image", profile=profile
        )
    height, width = picture.frame.shape[:2]
    measurements = stills.measure(picture.frame)
    return judge.judge(
        measurements,
        kind="image",
        width=width,
        height=height,
        profile=profile,
        relaxed=intent.relaxed_by(prompt or ""),
        seconds=time.perf_counter() - started_s,
    )
