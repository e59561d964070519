"""Which pictures of the whole history look alike, told by small fingerprints and kept.

A picture joins the nearest of those that were the first to look like something, or is such a first
one itself: groups neither grow into each other by small steps nor change later.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from tower_anime.adapters.store.store import SqlStore
from tower_anime.domain.card import Look
from tower_anime.errors import NotFound, Unreadable

BITS = 128
ALIKE_BITS = 18
"""Bits by which near-duplicates differ at most. On pictures of the sandbox: encoded again 0 to 5,
drawn again with more steps 8 to 13, other seeds and prompts 42 and more."""

_SWITCH = "looks"
_EVENTS_AT_ONCE = 300


class LookKeeper:
    """Looks at what is new. Thread-safe; of several processes each may do it.

    `fingerprint` gives the bits of a file by its SHA-256.
    """

    def __init__(self, store: SqlStore, fingerprint: Callable[[str], int]) -> None:
        self._store = store
        self._fingerprint = fingerprint
        self._looking = threading.Lock()
        self._names: list[str] = []
        self._bits: NDArray[np.uint64] = np.empty((0, 2), np.uint64)

    def refresh(self, *, pause: Callable[[float], bool] = lambda _took_s: False) -> int:
        """Look at what was kept since the last time; returns how many pictures.

        `pause` is called after each picture with how long it took; True: stop here.
        """
        number = 0
        seq = int((self._store.switch(_SWITCH) or {"seq": 0})["seq"])
        while True:
            found, newest = self._store.not_looked_at_after(seq, limit=_EVENTS_AT_ONCE)
            if newest == seq:
                return number
            for sha256 in found:
                began_s = time.monotonic()
                self.look_at((sha256,))
                number += 1
                if pause(time.monotonic() - began_s):
                    return number
            seq = newest
            self._store.set_switch(_SWITCH, {"seq": seq})

    def look_at(self, files: Sequence[str]) -> None:
        """Keep what these look like; a file that is gone or no picture is passed over."""
        prints = {sha256: bits for sha256 in files if (bits := self._print(sha256)) is not None}
        if not prints:
            return
        with self._looking:
            if self._store.number_of_first_looks() != len(self._names):
                self._read()
            self._store.add_looks([self._placed(name, bits) for name, bits in prints.items()])

    def _print(self, sha256: str) -> int | None:
        try:
            return self._fingerprint(sha256)
        except (NotFound, Unreadable):
            return None

    def _read(self) -> None:
        found = self._store.first_looks()
        self._names = [one.sha256 for one in found]
        rows = [_halves(int(one.bits, 16)) for one in found]
        self._bits = np.array(rows, np.uint64).reshape(-1, 2)

    def _placed(self, sha256: str, bits: int) -> Look:
        own = np.array(_halves(bits), np.uint64)
        leader = self._nearest(own)
        if leader is None:
            leader = sha256
            self._names.append(sha256)
            self._bits = np.vstack((self._bits, own))
        return Look(sha256=sha256, bits=f"{bits:0{BITS // 4}x}", leader=leader)

    def _nearest(self, own: NDArray[np.uint64]) -> str | None:
        if not self._names:
            return None
        apart = np.bitwise_count(self._bits ^ own).sum(axis=1)
        nearest = int(apart.argmin())
        return self._names[nearest] if apart[nearest] <= ALIKE_BITS else None


def _halves(bits: int) -> tuple[int, int]:
    return bits >> 64, bits & (2**64 - 1)
