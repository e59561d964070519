"""OpenCV's threads come back when the last one has left, and not before."""

from __future__ import annotations

import cv2

from tower_anime.pipeline.unthreaded import unthreaded


def test_threads_are_away_until_everybody_has_left_and_then_as_many_as_before() -> None:
    before = cv2.getNumThreads()
    cv2.setNumThreads(3)
    try:
        first, second = unthreaded(), unthreaded()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert cv2.getNumThreads() == 1
        second.__exit__(None, None, None)
        assert cv2.getNumThreads() == 3
    finally:
        cv2.setNumThreads(before)
