"""Series of black pictures from one server: when to leave it alone for a while.

A server whose VAE or memory went bad gives a black picture for everything until it is freed or
restarted; going on would spend every attempt of every generation on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

BLACK_LIMIT = 5
"""Blank results in a row that pause a server: more than one generation's usual budget of 4, so
that a single hopeless wish pauses nothing. Chosen by hand."""
PAUSE = timedelta(seconds=60)
"""How long a server is left alone: loading a model anew takes about so long. Chosen by hand."""


@dataclass(frozen=True)
class Streak:
    """The blank results in a row of one server, and until when it is paused."""

    blanks: int = 0
    paused_until: datetime | None = None

    def is_paused(self, now: datetime) -> bool:
        """Whether the server is to be left alone."""
        return self.paused_until is not None and now < self.paused_until

    def after(self, *, is_blank: bool, now: datetime) -> Streak:
        """Return the streak after one more result.

        After a pause a single blank result pauses again, and a good one ends the series.
        """
        if not is_blank:
            return Streak()
        if self.blanks + 1 < BLACK_LIMIT:
            return Streak(self.blanks + 1, self.paused_until)
        return Streak(BLACK_LIMIT - 1, now + PAUSE)
