from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests import drawn
from tower_anime.adapters import recent_media
from tower_anime.adapters.media import OpenCvMedia
from tower_anime.adapters.recent_media import RecentMedia
from tower_anime.ports import Picture


class Counting(OpenCvMedia):
    """Counts what is decoded."""

    def __init__(self) -> None:
        self.decoded = 0

    def decode_still(self, source: Path | bytes) -> Picture:
        """Decode and count."""
        self.decoded += 1
        return super().decode_still(source)


def write(path: Path, *, seed: int) -> Path:
    frame = drawn.drawn("cel", size=160, seed=seed)
    path.write_bytes(bytes(cv2.imencode(".png", frame[..., ::-1])[1]))
    return path


def test_what_was_measured_is_shown_without_decoding_it_again(tmp_path: Path) -> None:
    path = write(tmp_path / "a.png", seed=1)
    inner = Counting()
    media = RecentMedia(inner)
    media.decode_still(path)
    assert media.preview(path, longest_px=96) == OpenCvMedia().preview(path, longest_px=96)
    assert inner.decoded == 1
    media.preview(path, longest_px=96)  # it was given away
    assert inner.decoded == 2


def test_a_file_that_changed_since_is_shown_as_it_is(tmp_path: Path) -> None:
    path = write(tmp_path / "a.png", seed=1)
    media = RecentMedia(OpenCvMedia())
    media.decode_still(path)
    write(path, seed=2)
    os.utime(path, ns=(1, 1))
    assert media.preview(path, longest_px=96) == OpenCvMedia().preview(path, longest_px=96)


def test_only_so_much_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_media, "MOST_BYTES", 160 * 160 * 3)
    first, second = (write(tmp_path / f"{n}.png", seed=n) for n in (1, 2))
    inner = Counting()
    media = RecentMedia(inner)
    for path in (first, second):
        media.decode_still(path)
    media.preview(second, longest_px=96)
    assert inner.decoded == 2
    media.preview(first, longest_px=96)
    assert inner.decoded == 3


@pytest.mark.parametrize("longest_px", [90, 75, 40, 17])
def test_a_preview_is_a_faithful_smaller_picture(tmp_path: Path, longest_px: int) -> None:
    path = write(tmp_path / "a.png", seed=3)
    found = cv2.imdecode(
        np.frombuffer(OpenCvMedia().preview(path, longest_px=longest_px), np.uint8),
        cv2.IMREAD_COLOR_RGB,
    )
    whole = OpenCvMedia().decode_still(path).frame
    averaged = cv2.resize(whole, (longest_px, longest_px), interpolation=cv2.INTER_AREA)
    assert found is not None
    assert found.shape == averaged.shape
    assert np.abs(found.astype(float) - averaged).mean() < 6
