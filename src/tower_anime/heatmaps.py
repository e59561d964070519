"""Heat maps as pictures: where a defect shows, to be laid over the picture itself."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from tower_anime.adapters.media import OpenCvMedia
from tower_anime.assess.heat import MAPPED, heat
from tower_anime.errors import NotFound

__all__ = ["MAPPED", "heat_picture"]

_OPAQUE = 0.85  # at the hottest; what lies below must stay visible


def heat_picture(path: Path, kind: str) -> bytes:
    """Return a PNG of a defect's heat map, a pixel for 8×8 of the still, clear where it is cold.

    `NotFound` when the defect has no place or does not show; `Unreadable` for no still.
    """
    cells = heat(OpenCvMedia().decode_still(path).frame, kind)
    if cells is None:
        raise NotFound(f"{kind!r} has no place in this picture")
    colours = cv2.applyColorMap(cells, cv2.COLORMAP_INFERNO)
    alpha = (cells.astype(np.float32) * _OPAQUE).astype(np.uint8)
    done, data = cv2.imencode(".png", np.dstack((colours, alpha)))
    assert done  # it can't fail for 8-bit planes
    return data.tobytes()
