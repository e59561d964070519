"""OpenCV on the calling thread alone, for as long as somebody wants it so.

Its threads gain nothing on small pictures and wait for work by spinning: half of the processor
time of a clip. How many there are is a setting of the process.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

import cv2


@dataclass
class _Within:
    """Who wants it now, and what it was before the first came."""

    lock: Lock = field(default_factory=Lock)
    count: int = 0
    threads: int = 1


_WITHIN = _Within()


@contextmanager
def unthreaded() -> Iterator[None]:
    """Keep OpenCV's threads away until everybody within has left."""
    with _WITHIN.lock:
        if not _WITHIN.count:
            _WITHIN.threads = cv2.getNumThreads()
            cv2.setNumThreads(1)
        _WITHIN.count += 1
    try:
        yield
    finally:
        with _WITHIN.lock:
            _WITHIN.count -= 1
            if not _WITHIN.count:
                cv2.setNumThreads(_WITHIN.threads)
