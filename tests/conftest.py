"""For all tests: no deadline on generated examples, since no test asserts a duration."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("tower", deadline=None)
settings.load_profile("tower")
