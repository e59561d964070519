"""Which frames of a clip are looked at closely: some from all over it, and the oddest ones."""

from __future__ import annotations

import heapq
from array import array
from collections import deque
from dataclasses import dataclass, field
from itertools import count
from typing import Generic, TypeVar

from tower_anime.assess.track import Blip

Held = TypeVar("Held")

SPREAD, ODD = 4, 3
_ODD_FROM = 0.25  # levels that a frame must stand out from both its neighbours
_LONGEST_BLIP = 12  # frames that may stand out together
_SHORT_BLIP = 3
_LASTING = 2  # of which squares are looked for
_FEW_FRAMES = 240  # ten seconds; the first frame of a shot often is not what the rest is
_MORE_THAN_USUAL = 1.5  # times what half of the frames stand out at most


@dataclass
class Sampler(Generic[Held]):
    """Chooses while the frames pass by, in constant memory: the clip's length is not known."""

    spread: int = SPREAD
    odd: int = ODD
    _stride: int = 1
    _even: list[tuple[int, Held]] = field(default_factory=list)
    _oddest: list[tuple[float, int, int, Held, tuple[Held, Held]]] = field(default_factory=list)
    _longest: list[tuple[float, int, int, Held, tuple[Held, Held]]] = field(default_factory=list)
    _last: deque[Held] = field(default_factory=lambda: deque(maxlen=_LONGEST_BLIP + 1))
    _before: tuple[int, Held] | None = None
    _stood_out: array[float] = field(default_factory=lambda: array("f"))
    _tick: count[int] = field(default_factory=count)

    def offer(self, index: int, frame: Held, *, before: Blip) -> None:
        """Offer the next frame; `before` says how odd the one before it was."""
        self._stood_out.append(before.short)
        if self._before is not None and before.short >= _ODD_FROM:
            self._keep(self._oddest, self.odd, before.short, frame, _SHORT_BLIP)
        if self._before is not None and before.lasting > 0:
            self._keep(self._longest, _LASTING, before.lasting, frame, before.frames)
        self._before = (index, frame)
        self._last.append(frame)
        if index % self._stride == 0:
            self._even.append((index, frame))
            if len(self._even) > 2 * self.spread:
                self._even = self._even[::2]
                self._stride *= 2

    def _keep(
        self,
        oddest: list[tuple[float, int, int, Held, tuple[Held, Held]]],
        most: int,
        oddness: float,
        after: Held,
        length: int,
    ) -> None:
        """Keep the frame before `after`, with that and with the one `length` earlier."""
        assert self._before is not None
        beside = (self._last[max(0, len(self._last) - 1 - length)], after)
        entry = (oddness, next(self._tick), *self._before, beside)
        if len(oddest) < most:
            heapq.heappush(oddest, entry)
        elif oddness > oddest[0][0]:
            heapq.heapreplace(oddest, entry)

    def odd_frames(self, *, at_least: float = 0.0) -> dict[int, Held]:
        """Return index → frame of what stood out from its neighbours most, by so many levels."""
        usual = sorted(self._stood_out)[len(self._stood_out) // 2] if self._stood_out else 0.0
        least = max(at_least, _MORE_THAN_USUAL * usual)
        return {index: frame for by, _, index, frame, _ in self._oddest if by >= least}

    def frames_beside(self) -> dict[int, tuple[Held, Held]]:
        """Return by index of an odd frame one from before what stood out there, and the next."""
        return {index: beside for _, _, index, _, beside in self._oddest}

    def lasting(self) -> dict[int, tuple[Held, tuple[Held, Held]]]:
        """Return index → frame of what stood out longer, with one before it and the next."""
        return {index: (frame, beside) for _, _, index, frame, beside in self._longest}

    def spread_frames(self) -> dict[int, Held]:
        """Return index → frame of those from all over the clip, at most `spread`."""
        step = -(-len(self._even) // self.spread) if self._even else 1
        offset = (len(self._even) - 1) % step // 2
        return dict(self._even[offset::step])

    def closely(self) -> dict[int, Held]:
        """Return index → frame of those of `spread_frames` that are judged: of few frames, few."""
        spread = self.spread_frames()
        if len(self._stood_out) > _FEW_FRAMES or len(spread) < 2:
            return spread
        return dict(list(spread.items())[1::2])

    def chosen(self) -> dict[int, Held]:
        """Return index → frame of both, in the order of showing."""
        return dict(sorted((self.spread_frames() | self.odd_frames()).items()))
