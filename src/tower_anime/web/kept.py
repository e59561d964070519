"""What was answered before, kept in memory up to a size."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

_Key = TypeVar("_Key", bound=Hashable)


class Kept(Generic[_Key]):
    """Bytes by key, each of one version, up to a size in all. Thread-safe.

    The least recently used go first.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[_Key, tuple[Hashable, bytes]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    @property
    def size_bytes(self) -> int:
        """How much is kept."""
        return self._bytes

    def find(self, key: _Key, version: Hashable) -> bytes | None:
        """Return what is kept of this version, None if it is another or nothing."""
        with self._lock:
            found = self._kept.get(key)
            if found is None or found[0] != version:
                return None
            self._kept.move_to_end(key)
            return found[1]

    def keep(self, key: _Key, version: Hashable, data: bytes) -> None:
        """Keep it in the place of any other version."""
        with self._lock:
            before = self._kept.pop(key, None)
            self._bytes += len(data) - (len(before[1]) if before else 0)
            self._kept[key] = (version, data)
            while self._bytes > self._most_bytes:
                _, (_, gone) = self._kept.popitem(last=False)
                self._bytes -= len(gone)
