"""A change to a request, made for a stated reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Correction:
    """One change to a request.

    `defect` is the kind it answers (or `failure` for a technical one); `change` maps a
    parameter to its (old, new) value.
    """

    defect: str
    change: Mapping[str, tuple[object, object]]
    reason: str
