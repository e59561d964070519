"""What of the freed memory is kept: enough for the next picture, not more.

Pictures come and go by the megabyte. What goes back to the system after each has to be mapped anew
for the next one, page by page: a sixth to a half of the time. What lies between two small live
blocks of dozens of threads stays with the process, and grew by a quarter over 4000 generations.
"""

from __future__ import annotations

import ctypes

_ARENA_MAX, _ARENAS = -8, 2  # mallopt(3): M_ARENA_MAX
_MMAP_THRESHOLD, _LARGE_BYTES = -3, 32 * 2**20  # M_MMAP_THRESHOLD: the most it takes
_TRIM_THRESHOLD, _KEPT_BYTES = -1, 64 * 2**20  # M_TRIM_THRESHOLD: a picture and all its planes


def few_arenas() -> bool:
    """Let threads share two heaps, before there are any, which keep what one picture needs.

    glibc gives each thread a heap of its own otherwise. False where the C library can't.
    """
    try:
        libc = ctypes.CDLL(None)
        return bool(
            libc.mallopt(_ARENA_MAX, _ARENAS)
            and libc.mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)
            and libc.mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
        )
    except (OSError, TypeError, AttributeError):  # no glibc
        return False


def give_back() -> bool:
    """Return free memory to the system; takes milliseconds. False where the C library can't."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, TypeError, AttributeError):  # no glibc
        return False
    return bool(trim(0))
