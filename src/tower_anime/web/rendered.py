"""Generations as JSON text, kept while they do not change.

A list of 50 with all their attempts takes 30 ms to load and to write. What is over hardly ever
changes, so its text is kept under its version, packed, up to a fixed size in memory; and so are
whole pages as they were sent, under the versions of all that is on them.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from pydantic_core import to_json

from tower_anime.compose import App
from tower_anime.domain.queue import Listed
from tower_anime.domain.views import generation_view
from tower_anime.web.kept import Kept

MOST_BYTES = 32 * 2**20
"""About 16 000 generations of three attempts."""

MOST_PAGE_BYTES = 48 * 2**20
"""About 150 pages of 50: what somebody who leafs back and forth looks at."""

_PACKING = 1  # three times smaller in 75 µs, back in 30


class Rendered:
    """Thread-safe."""

    def __init__(
        self, app: App, *, most_bytes: int = MOST_BYTES, most_page_bytes: int = MOST_PAGE_BYTES
    ) -> None:
        self._app = app
        self._texts: Kept[str] = Kept(most_bytes)
        self._pages: Kept[tuple[str, int]] = Kept(most_page_bytes)

    @property
    def size_bytes(self) -> int:
        """How much is kept of single generations."""
        return self._texts.size_bytes

    def page(self, listed: Sequence[Listed], next_cursor: str | None) -> bytes:
        """Return the JSON of a list."""
        if not listed:
            return _envelope((), next_cursor)
        key = (listed[0].generation_id, len(listed))
        version = (next_cursor, tuple((one.generation_id, one.version) for one in listed))
        found = self._pages.find(key, version)
        if found is not None:
            return found
        text = _envelope(self.texts(listed), next_cursor)
        if all(one.status.over for one in listed):
            self._pages.keep(key, version, text)
        return text

    def texts(self, listed: Sequence[Listed]) -> list[bytes]:
        """Return the JSON of each generation that is still there, in the order given."""
        packed = {
            one.generation_id: self._texts.find(one.generation_id, one.version) for one in listed
        }
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
                packed = zlib.compress(texts[one.generation_id], _PACKING)
                self._texts.keep(one.generation_id, one.version, packed)
        return texts


def _envelope(items: Sequence[bytes], next_cursor: str | None) -> bytes:
    return b'{"items":[' + b",".join(items) + b'],"next_cursor":' + to_json(next_cursor) + b"}"
