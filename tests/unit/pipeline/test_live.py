"""The board of what runs."""

from __future__ import annotations

from tower_anime.domain.progress import Progress
from tower_anime.pipeline.live import Live


def test_the_last_preview_of_an_attempt_stays_until_there_is_another() -> None:
    live = Live()
    live.report("g", 1, Progress(phase="running", step=1, steps=9, preview=b"one"))
    live.report("g", 1, Progress(phase="running", step=2, steps=9))
    seen = live.of("g")
    assert seen is not None
    assert (seen.progress.step, seen.progress.preview) == (2, b"one")
    live.report("g", 2, Progress(phase="queued"))
    (other,) = live.running()
    assert other.progress.preview is None
    live.over("g")
    assert live.of("g") is None
