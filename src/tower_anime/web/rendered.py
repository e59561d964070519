"""Generations as JSON text, kept while they do not change.

A list of 50 with all their attempts takes 30 ms to load and to write. What is over hardly ever
changes, so its text is kept under its version, packed, up to a fixed size in memory.
"""

from __future__ import annotations

import threading
import zlib
from collections import OrderedDict
from collections.abc import Sequence

from pydantic_core import to_json

from tower_anime.compose import App
from tower_anime.domain.queue import Listed
from tower_anime.domain.views import generation_view

MOST_BYTES = 32 * 2**20
"""About 16 000 generations of three attempts."""

_PACKING = 1  # three times smaller in 75 µs, back in 30


class Rendered:
    """Thread-safe. The least recently used go first."""

    def __init__(self, app: App, *, most_bytes: int = MOST_BYTES) -> None:
        self._app = app
        self._most_bytes = most_bytes
        self._kept: OrderedDict[str, tuple[tuple[int, str], bytes]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    @property
    def size_bytes(self) -> int:
        """How much is kept."""
        return self._bytes

    def page(self, listed: Sequence[Listed], next_cursor: str | None) -> bytes:
        """Return the JSON of a list."""
        items = b",".join(self.texts(listed))
        return b'{"items":[' + items + b'],"next_cursor":' + to_json(next_cursor) + b"}"

    def texts(self, listed: Sequence[Listed]) -> list[bytes]:
        """Return the JSON of each generation that is still there, in the order given."""
        packed = {one.generation_id: self._find(one) for one in listed}
        lacking = [one for one in listed if packed[one.generation_id] is None]
        texts = {name: zlib.decompress(found) for name, found in packed.items() if found}
        if lacking:
            texts.update(self._render(lacking))
        return [texts[one.generation_id] for one in listed if one.generation_id in texts]

    def _render(self, lacking: Sequence[Listed]) -> dict[str, bytes]:
        histories = self._app.store.histories_of([one.generation_id for one in lacking])
        texts = {
            history.generation.id: to_json(generation_view(history), inf_nan_mode="null")
            for history in histories
        }
        for one in lacking:
            if one.status.over and one.generation_id in texts:
                self._keep(one, zlib.compress(texts[one.generation_id], _PACKING))
        return texts

    def _find(self, one: Listed) -> bytes | None:
        with self._lock:
            found = self._kept.get(one.generation_id)
            if found is None or found[0] != one.version:
                return None
            self._kept.move_to_end(one.generation_id)
            return found[1]

    def _keep(self, one: Listed, text: bytes) -> None:
        with self._lock:
            before = self._kept.pop(one.generation_id, None)
            self._bytes += len(text) - (len(before[1]) if before else 0)
            self._kept[one.generation_id] = (one.version, text)
            while self._bytes > self._most_bytes:
                _, (_, gone) = self._kept.popitem(last=False)
                self._bytes -= len(gone)
