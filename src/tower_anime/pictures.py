"""What is shown of a file beside its figures: a small picture, and where its defects are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tower_anime.assess import heat
from tower_anime.domain.frame import Frame, Plane
from tower_anime.domain.quality import Assessment
from tower_anime.errors import StorageFull

PREVIEW_PX = 320
_PREVIEW_QUALITY = 78  # of JPEG; a report of a thousand pictures stays below 20 MB
_MAP_PX = 160  # a map has a cell for 8 px; more of them show nothing more
_OVER = 0.55  # of the colour where a defect is worst; the picture stays readable below it
_UNSAFE = '/\\:*?"<>|'


def preview_of(frame: Frame) -> bytes:
    """Return a small JPEG of a picture."""
    small = _within(frame, PREVIEW_PX)
    bgr = cv2.cvtColor(small, cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".jpg", bgr, (cv2.IMWRITE_JPEG_QUALITY, _PREVIEW_QUALITY))
    assert done  # eight bits in three channels always encode
    return data.tobytes()


def heat_maps_of(frame: Frame, assessment: Assessment) -> dict[str, bytes]:
    """Return defect → see-through PNG to lay over the picture, for defects that have a place."""
    maps = {}
    for kind in dict.fromkeys(defect.kind for defect in assessment.defects):
        cells = heat.heat(frame, kind)
        if cells is not None:
            maps[kind] = _png(_coloured(_within(cells, _MAP_PX)))
    return maps


def write_heat_maps(frame: Frame, assessment: Assessment, path: Path, folder: Path) -> None:
    """Write each map, laid over the picture, as `<name>.<defect>.png`.

    Raises:
        StorageFull: the folder can't be written.
    """
    for kind in dict.fromkeys(defect.kind for defect in assessment.defects):
        cells = heat.heat(frame, kind)
        if cells is None:
            continue
        name = "".join("_" if sign in _UNSAFE else sign for sign in str(path))
        target = folder / f"{name.lstrip('._')}.{kind}.png"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            target.write_bytes(_png(_laid_over(frame, cells)))
        except OSError as error:
            raise StorageFull(f"{target} can't be written: {error.strerror}") from error


def _within(image: NDArray[Any], longest_px: int) -> Any:
    scale = longest_px / max(image.shape[:2])
    if scale >= 1:
        return image
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _coloured(cells: Plane) -> NDArray[np.uint8]:
    """Return BGRA: from nothing over red to yellow."""
    colours = cv2.applyColorMap(cells, cv2.COLORMAP_HOT)
    alpha = np.minimum(cells.astype(np.float32) * 1.5, 255 * 0.85).astype(np.uint8)
    return np.dstack([colours, alpha])


def _laid_over(frame: Frame, cells: Plane) -> Any:
    size = (frame.shape[1], frame.shape[0])
    share = cv2.resize(cells, size, interpolation=cv2.INTER_LINEAR)
    colours = cv2.applyColorMap(share, cv2.COLORMAP_HOT)
    weight = share[..., None].astype(np.float32) * (_OVER / 255)
    grey = cv2.cvtColor(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2BGR)
    return (grey * (1 - weight) + colours * weight).astype(np.uint8)


def _png(image: Any) -> bytes:
    done, data = cv2.imencode(".png", image)
    assert done
    return data.tobytes()
