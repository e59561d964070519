"""Mends a clip's file without the generator: a file that plays everywhere out of a good one."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from tower_anime.domain.attempt import Artifact
from tower_anime.ports import Blobs

MEDIA_TYPE = "video/mp4"


def deliverable(
    source: Path, blobs: Blobs, make_deliverable: Callable[[Path, Path], None]
) -> Artifact:
    """Return a new file of ours as the delivery profile asks; `source` stays as it is."""
    with tempfile.TemporaryDirectory(prefix="tower-mend-") as folder:
        target = Path(folder) / "mended.mp4"
        make_deliverable(source, target)
        return blobs.put(target.read_bytes(), media_type=MEDIA_TYPE)
