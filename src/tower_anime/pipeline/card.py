"""One graphics card for two: the diffusion model and the language model take turns on it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

log = logging.getLogger(__name__)

RENDERING, DIRECTING = "rendering", "directing"


class Card(Protocol):
    """Whose turn it is on the graphics card."""

    def rendering(self) -> AbstractContextManager[None]:
        """Hold the card for a render."""
        ...

    def directing(self) -> AbstractContextManager[None]:
        """Hold the card for a director."""
        ...


class OwnCards:
    """Everybody has a card: nothing to wait for."""

    def rendering(self) -> AbstractContextManager[None]:
        """Begin at once."""
        return nullcontext()

    def directing(self) -> AbstractContextManager[None]:
        """Begin at once."""
        return nullcontext()


class SharedCard:
    """A card on which the two kinds of work exclude each other; each kind runs in batches.

    Many of one kind may hold it together. While somebody waits for the other kind of work,
    newcomers wait too: so a batch ends, and all who gathered meanwhile make up the next.
    `free_renderer` and `free_director` are called at each change and return whether the memory
    is free; what could not be freed is logged, and the work begins all the same.
    """

    def __init__(
        self, *, free_renderer: Callable[[], bool], free_director: Callable[[], bool]
    ) -> None:
        self._free = {RENDERING: free_director, DIRECTING: free_renderer}
        self._state = threading.Condition()
        self._holds: dict[str, int] = {RENDERING: 0, DIRECTING: 0}
        self._waits: dict[str, int] = {RENDERING: 0, DIRECTING: 0}
        self._owner: str | None = None
        self._batch = 0  # how many may still join although the other kind waits

    def rendering(self) -> AbstractContextManager[None]:
        """Hold the card for a render, the language model unloaded."""
        return self._turn(RENDERING, DIRECTING)

    def directing(self) -> AbstractContextManager[None]:
        """Hold the card for a director, the diffusion model unloaded."""
        return self._turn(DIRECTING, RENDERING)

    @contextmanager
    def _turn(self, kind: str, other: str) -> Iterator[None]:
        self._enter(kind, other)
        try:
            yield
        finally:
            with self._state:
                self._holds[kind] -= 1
                self._state.notify_all()

    def _enter(self, kind: str, other: str) -> None:
        with self._state:
            self._waits[kind] += 1
            self._state.wait_for(lambda: self._may_begin(kind, other))
            if not self._holds[kind]:
                self._batch = self._waits[kind]
            self._batch -= 1
            self._waits[kind] -= 1
            if self._owner != kind:
                self._owner = kind
                # Within the lock: who comes meanwhile must find the memory free.
                if not self._free[kind]():
                    log.warning("the graphics memory could not be freed before %s", kind)
            self._holds[kind] += 1
            self._state.notify_all()

    def _may_begin(self, kind: str, other: str) -> bool:
        if self._holds[other]:
            return False
        return not self._holds[kind] or not self._waits[other] or self._batch > 0
