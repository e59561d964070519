"""Memory that was freed goes back to the system: glibc keeps it for itself otherwise.

Pictures come and go by the megabyte in several threads; what lies between two small live blocks
stays with the process, and grew by a quarter over 4000 generations.
"""

from __future__ import annotations

import ctypes


def give_back() -> bool:
    """Return free memory to the system; takes milliseconds. False where the C library can't."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, TypeError, AttributeError):  # no glibc
        return False
    return bool(trim(0))
