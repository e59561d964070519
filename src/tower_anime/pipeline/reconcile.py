"""Compare our rows with the engine's, so that nothing is left lying."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from tower_anime.ports import Engine, Store

GRACE = timedelta(seconds=10)  # younger ones may be about to be submitted by their creator


def submit_forgotten(
    store: Store, engine: Engine, *, known: Collection[str], now: datetime
) -> tuple[str, ...]:
    """Submit unfinished generations that the engine does not know; returns their ids.

    They exist when a process died between writing the row and submitting it.
    """
    forgotten = []
    for generation_id in store.unfinished():
        if generation_id in known:
            continue
        created_at = store.history(generation_id).generation.created_at
        if created_at is None or now - created_at >= GRACE:
            engine.submit(generation_id)
            forgotten.append(generation_id)
    return tuple(forgotten)
