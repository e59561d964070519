"""Prints: copies are recognised, other pictures of the same prompt are not."""

from __future__ import annotations

import cv2
import numpy as np

from tests import drawn
from tower_anime.assess.twins import print_of


def test_copies_are_alike_whatever_was_done_to_the_file() -> None:
    frame = drawn.drawn("cel", seed=1, size=512)
    mark = print_of(frame)
    _, packed = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 60])
    for copy in (
        cv2.resize(frame, (300, 300), interpolation=cv2.INTER_AREA),
        cv2.imdecode(packed, cv2.IMREAD_COLOR),
        drawn.noisy(frame, sigma=8.0),
    ):
        assert mark.is_like(print_of(np.ascontiguousarray(copy, dtype=np.uint8)))


def test_other_pictures_and_other_colours_are_not() -> None:
    marks = [print_of(drawn.drawn("cel", seed=seed, size=512)) for seed in range(8)]
    alike = [a.is_like(b) for at, a in enumerate(marks) for b in marks[:at]]
    assert not any(alike)
    frame = drawn.drawn("cel", seed=1, size=512)
    assert not print_of(frame).is_like(print_of(np.ascontiguousarray(frame[..., ::-1])))
