"""Judging files from Python: `from tower_anime import assess_file`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tower_anime.adapters.media import MAX_PIXELS, OpenCvMedia
from tower_anime.domain.expectation import Expectation
from tower_anime.domain.frame import Frame, check_frame
from tower_anime.domain.quality import Assessment, Profile
from tower_anime.errors import BadInput, Unreadable
from tower_anime.inspection import Wanted, inspect, installed_models
from tower_anime.pipeline.picture import assess_picture
from tower_anime.ports import Picture
from tower_anime.profiles import CLIP, STILL, find_profile
from tower_anime.settings import current_settings


def assess_file(
    source: str | Path | bytes | NDArray[Any],
    *,
    prompt: str | None = None,
    negative: str = "",
    profile: str | Profile | None = None,
    expect: Expectation | None = None,
) -> Assessment:
    """Measure and judge one picture or clip; the same as `tower-anime assess`.

    Args:
        source: a path to a picture or clip, the bytes of a picture's file, or an array of its
            pixels: H×W (grey), H×W×3 (RGB) or H×W×4 (RGBA, laid over white), uint8, or floats
            from 0 to 1.
        prompt: what it should show; it relaxes what it asks for. None: what the file itself says.
        negative: what it should not show.
        profile: a name, a TOML file or a `Profile`; None: `still`, for clips `clip`.
        expect: what else was asked for.

    Returns:
        An assessment; of a file that can't be read one with an `error` and no score.

    Raises:
        BadInput: the profile or the array is not one.
    """
    expected = expect or Expectation()
    if isinstance(source, str | Path):
        file = Wanted(
            path=Path(source), prompt=prompt, profile=None, negative=negative, expect=expected
        )
        return inspect(file, {(None, kind): _profile(profile, kind) for kind in (STILL, CLIP)})
    data = source if isinstance(source, bytes) else _pixels(source)
    return assess_picture(
        lambda: _picture(data),
        profile=_profile(profile, STILL),
        prompt=prompt,
        negative=negative,
        expect=expected,
        vision=installed_models(),
    )


def _profile(profile: str | Profile | None, kind: str) -> Profile:
    if isinstance(profile, Profile):
        return profile
    return find_profile(current_settings(), profile or kind, kind=kind)


def _picture(data: bytes | Frame) -> Picture:
    if isinstance(data, bytes):
        return OpenCvMedia().decode_still(data)
    if data.shape[0] * data.shape[1] > MAX_PIXELS:
        raise Unreadable(
            f"the array has {data.shape[1]}×{data.shape[0]} px; "
            f"up to {MAX_PIXELS / 1e6:.0f} million are assessed",
            kind="too_large",
        )
    return Picture(frame=data, format="array", bit_depth=8, has_alpha=False, texts={})


def _pixels(array: NDArray[Any]) -> Frame:
    if not isinstance(array, np.ndarray):
        raise BadInput(
            f"a path, bytes or an array of pixels is assessed, not {type(array).__name__}"
        )
    if array.ndim == 2:
        array = np.repeat(array[..., None], 3, axis=2)
    if np.issubdtype(array.dtype, np.floating):
        array = (np.clip(np.nan_to_num(array), 0, 1) * 255).round().astype(np.uint8)
    if array.ndim == 3 and array.shape[2] == 4 and array.dtype == np.uint8:
        share = array[..., 3:].astype(np.float32) / 255
        array = (array[..., :3] * share + 255 * (1 - share)).round().astype(np.uint8)
    return check_frame(array)
