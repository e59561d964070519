"""Mends a clip's file without the generator: a file that plays everywhere out of a good one."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tower_anime.domain.attempt import Artifact
from tower_anime.ports import Blobs, Clips

MEDIA_TYPE = "video/mp4"
STILL = "image/png"


def deliverable(source: Path, blobs: Blobs, clips: Clips, *, frames: int | None) -> Artifact:
    """Return a new file of ours as the delivery profile asks; `source` stays as it is.

    It has no more than `frames`. `Unreadable` when the source does not decode.
    """
    with tempfile.TemporaryDirectory(prefix="tower-mend-") as folder:
        target = Path(folder) / "mended.mp4"
        clips.make_deliverable(source, target, frames=frames)
        return blobs.put(target.read_bytes(), media_type=MEDIA_TYPE)
