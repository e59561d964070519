"""Tower Anime: quality control of self-hosted anime production.

    from tower_anime import assess_file
    assess_file("picture.png").score

Importing the package loads nothing else; what is named here is loaded at its first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

__all__ = [
    "Assessment",
    "BadInput",
    "Defect",
    "Expectation",
    "Measured",
    "Profile",
    "Unmeasured",
    "Verdict",
    "assess_file",
]

_HOMES = {
    "assess_file": "tower_anime.files",
    "Expectation": "tower_anime.domain.expectation",
    "BadInput": "tower_anime.errors",
}
_USUAL_HOME = "tower_anime.domain.quality"


def __getattr__(name: str) -> Any:
    """Load what is named at its first use."""
    if name not in __all__:
        raise AttributeError(f"module 'tower_anime' has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, _USUAL_HOME)), name)


def __dir__() -> list[str]:
    """Return what is there and what can be loaded."""
    return sorted((*globals(), *__all__))
