"""Photosensitive danger: flashes counted by the thresholds of ITU-R BT.1702-3 and WCAG 2.x.

On linear light of small blocks of all planes. A block makes a transition when its relative
luminance has changed by 0.10 from its last extreme and the darker of the two is below 0.80 (20 and
160 cd/m² of a screen with 200 cd/m²). Where a quarter of the picture makes the same transition at
once, that is a transition of the picture; two opposing ones are a flash, and more than three
flashes within any second fail. Saturated red, R / (R + G + B) ≥ 0.8, has the same rule on
320 · (R − G − B) with a threshold of 20.

It checks against these thresholds; it certifies nothing.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from tower_anime.domain.frame import Grid

Cells: TypeAlias = NDArray[np.float32]
Mask: TypeAlias = Any  # NDArray[np.uint8], 0 or 1; OpenCV's own types are wider

AREA = 0.25  # of the picture; BT.1702-3, annex 1
MAX_TRANSITIONS = 6  # in any second: three flashes
SEQUENCE_S, SEQUENCE_FROM = 5.0, 4  # transitions in a second from which flashes follow each other
_LUMINANCE_STEP, _BRIGHT = 0.10, 0.80
_RED_STEP, _RED_SHARE, _RED_SCALE = 20.0, 0.8, 320.0
_TOGETHER_S = 0.07  # cells that cross the threshold within this time do it at once
_DOMINANT = 2.0  # a picture turns brighter if twice as much of it does as turns darker
_DEFAULT_RATE = 24.0

_LEVELS = np.arange(256 * 16 + 1, dtype=np.float32) / (255 * 16)
_LINEAR = np.where(_LEVELS <= 0.04045, _LEVELS / 12.92, ((_LEVELS + 0.055) / 1.055) ** 2.4).astype(
    np.float32
)
"""Light by sixteenths of a level: the sRGB transfer undone (IEC 61966-2-1)."""
_FROM_LIGHT = np.array(
    [
        [0.2126, 0.7152, 0.0722],  # relative luminance
        [_RED_SCALE, -_RED_SCALE, -_RED_SCALE],  # 320 · (R − G − B)
        [1 - _RED_SHARE, -_RED_SHARE, -_RED_SHARE],  # not below 0 where red is saturated
    ],
    np.float32,
)


@dataclass(frozen=True)
class FlashTrack:
    """By frame: the most transitions that 25 % of the picture made in the second before it.

    `luminance` and `red` count transitions, `time_s` is the frame's; `light` its mean relative
    luminance (0–1).
    """

    time_s: NDArray[np.float64]
    luminance: NDArray[np.float64]
    red: NDArray[np.float64]
    light: NDArray[np.float64]


def linear(colour: Grid) -> Grid:
    """Return linear light 0–1 of colours in levels."""
    sixteenths = (colour * np.float32(16) + np.float32(0.5)).astype(np.int16)
    light: Grid = np.take(_LINEAR, sixteenths, mode="clip")
    return light


class FlashMeter:
    """Takes the colours of a clip's frames in order."""

    def __init__(self) -> None:
        self._luminance = _Transitions(step=_LUMINANCE_STEP, darker_below=_BRIGHT)
        self._red = _Transitions(step=_RED_STEP, darker_below=float("inf"))
        self._rows = array("d")
        self._count = 0

    def see(self, colours: Sequence[Grid], times_s: Sequence[float | None]) -> None:
        """Take the next frames' colours, all of one size; without a clock 24 come a second."""
        moments_s = [
            number / _DEFAULT_RATE if time_s is None else time_s
            for number, time_s in enumerate(times_s, self._count)
        ]
        self._count += len(colours)
        rows, columns = colours[0].shape[:2]
        light = cv2.transform(linear(np.concatenate(colours)), _FROM_LIGHT)
        light = np.asarray(light, np.float32).reshape(-1, rows, columns, 3)
        luminance = np.ascontiguousarray(light[..., 0])
        table = (
            moments_s,
            self._luminance.see(luminance, moments_s),
            self._red.see(_redness(light), moments_s),
            luminance.reshape(len(luminance), -1).mean(axis=1, dtype=np.float64),
        )
        self._rows.frombytes(np.column_stack(table).astype(np.float64).tobytes())

    def track(self) -> FlashTrack:
        """Return what was counted so far."""
        table = np.frombuffer(self._rows, np.float64).reshape(-1, 4)
        return FlashTrack(*(table[:, index].copy() for index in range(4)))


def _redness(light: Cells) -> Cells:
    """Return 320 · (R − G − B) of what is saturated red, 0 elsewhere."""
    saturated = light[..., 2] >= 0
    if not saturated.any():
        return np.zeros(light.shape[:-1], np.float32)
    return np.where(saturated, np.maximum(light[..., 1], 0), np.float32(0))


def _mask(where: NDArray[np.bool_]) -> Mask:
    return where.view(np.uint8)


@dataclass
class _Transitions:
    """Extremes of each cell, and who made which transition within the last second.

    `rose` and `fell` say which way a cell's last one went, neither before the first. `low` is what
    it rises from, its lowest since it went down; `high` what it falls from, its highest since it
    went up.
    """

    step: float
    darker_below: float
    low: Cells | None = None
    high: Cells | None = None
    rose: Mask = None
    fell: Mask = None
    counts: NDArray[np.int16] | None = None
    history: deque[tuple[float, NDArray[np.bool_]]] = field(default_factory=deque)
    recent: deque[tuple[float, Mask, Mask]] = field(default_factory=deque)
    events: deque[float] = field(default_factory=deque)
    went_up: bool | None = None

    def see(self, values: Cells, moments_s: Sequence[float]) -> list[int]:
        """Take the next frames; return by each the transitions of the worst quarter until then.

        That is within the last second.
        """
        if self.low is None or self.low.shape != values.shape[1:]:
            self._begin(values[0])
        if self._is_calm(values):
            return [0] * len(values)
        return [
            self._next(value, moment_s) for value, moment_s in zip(values, moments_s, strict=True)
        ]

    def _is_calm(self, values: Cells) -> bool:
        """Whether no cell goes so far that it could turn, and none did lately; takes them then."""
        assert self.low is not None
        assert self.high is not None
        if self.history or self.recent or self.events:
            return False
        low, high = (
            np.minimum(self.low, values.min(axis=0)),
            np.maximum(self.high, values.max(axis=0)),
        )
        if (high - low >= np.float32(self.step)).any():
            return False
        self.low, self.high = low, high
        return True

    def _next(self, value: Cells, moment_s: float) -> int:
        turned = self._turned(value)
        self._forget(moment_s)
        if turned is not None:
            self.recent.append((moment_s, *turned))
        if self.recent:
            self._note(moment_s)
        return max(len(self.events), self._by_cells())

    def _begin(self, value: Cells) -> None:
        self.low, self.high = value.copy(), value.copy()
        self.rose, self.fell = np.zeros(value.shape, np.uint8), np.zeros(value.shape, np.uint8)
        self.counts = np.zeros(value.shape, np.int16)
        for past in (self.history, self.recent, self.events):
            past.clear()

    def _turned(self, value: Cells) -> tuple[Mask, Mask] | None:
        """Return which cells have just made a transition upwards and downwards; None: none has."""
        assert self.low is not None
        assert self.high is not None
        cv2.min(self.low, value, self.low)
        cv2.max(self.high, value, self.high)
        up = _mask(value - self.low >= np.float32(self.step))
        down = _mask(self.high - value >= np.float32(self.step))
        up = cv2.subtract(up, self.rose)  # 1 − 1, and 0 − 1 as well: not twice in one direction
        down = cv2.subtract(down, self.fell)
        cv2.bitwise_and(up, _mask(self.low < self.darker_below), up)
        cv2.bitwise_and(down, _mask(value < self.darker_below), down)
        turned = cv2.bitwise_or(up, down)
        if not cv2.countNonZero(turned):
            return None
        for extreme in (self.low, self.high):  # of no account on the way that was just taken
            cv2.copyTo(value, turned, extreme)
        self.rose = cv2.bitwise_or(cv2.subtract(self.rose, turned), cv2.subtract(up, down))
        self.fell = cv2.bitwise_or(cv2.subtract(self.fell, turned), down)
        return up, down

    def _forget(self, moment_s: float) -> None:
        begins_s = moment_s - 1.0 + 1e-3  # exactly a second ago is outside
        while self.history and self.history[0][0] < begins_s:
            assert self.counts is not None
            self.counts -= self.history.popleft()[1]
        while self.events and self.events[0] < begins_s:
            self.events.popleft()
        while self.recent and self.recent[0][0] < moment_s - _TOGETHER_S:
            self.recent.popleft()

    def _note(self, moment_s: float) -> None:
        """Count transitions that a quarter of the picture makes at once.

        Cells that went ahead within the last moments count as soon as the quarter is full.
        """
        ups = reduce(cv2.bitwise_or, (up for _, up, _ in self.recent))
        downs = reduce(cv2.bitwise_or, (down for _, _, down in self.recent))
        up_share, down_share = (cv2.countNonZero(mask) / mask.size for mask in (ups, downs))
        self._note_picture(up_share, down_share, moment_s)
        many = [mask for mask, share in ((ups, up_share), (downs, down_share)) if share >= AREA]
        if many:
            assert self.counts is not None
            joined = reduce(cv2.bitwise_or, many) > 0
            self.counts += joined
            self.history.append((moment_s, joined))
            self.recent.clear()

    def _note_picture(self, up_share: float, down_share: float, moment_s: float) -> None:
        """Count the picture's own alternation, which also sees flashes that move about."""
        if up_share >= AREA and up_share >= _DOMINANT * down_share and self.went_up is not True:
            self.went_up = True
            self.events.append(moment_s)
        elif (
            down_share >= AREA and down_share >= _DOMINANT * up_share and self.went_up is not False
        ):
            self.went_up = False
            self.events.append(moment_s)

    def _by_cells(self) -> int:
        """Return how many transitions a quarter of the cells made at least, in the last second."""
        if not self.history or self.counts is None:
            return 0
        flat = self.counts.ravel()
        rank = int(np.ceil(flat.size * (1 - AREA))) - 1
        return int(np.partition(flat, max(rank, 0))[max(rank, 0)])
