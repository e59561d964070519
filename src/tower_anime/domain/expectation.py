"""What was asked of a file, beside its prompt."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """What was asked of a clip; None: nothing. `duration_s` in seconds, `frame_rate` in frames/s.

    `may_cut` holds where the shot plan has cuts, `loops` where the end must meet the beginning.
    """

    duration_s: float | None = None
    frame_rate: float | None = None
    frames: int | None = None
    width: int | None = None
    height: int | None = None
    may_cut: bool = False
    loops: bool = False

    @property
    def moves(self) -> bool:
        """Whether a clip was asked for: a file with one picture is a dead clip, then."""
        return self.duration_s is not None or self.frame_rate is not None or (self.frames or 0) > 1
