"""What commands do by themselves, with the store and without the running product."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Sequence
from dataclasses import replace

from tower_anime.compose import generation_of, open_jellyfin, open_store, pipeline_of
from tower_anime.domain.brief import Brief
from tower_anime.domain.generation import (
    Generation,
    GenerationStatus,
    History,
    Publication,
    PublicationState,
    batch_ids,
)
from tower_anime.errors import BadInput, Conflict
from tower_anime.settings import Settings


def leave_in_queue(
    settings: Settings, briefs: Sequence[Brief], *, shot_ids: Sequence[str | None] = ()
) -> tuple[Generation, ...]:
    """Store generations for a running (or the next) `serve` to work on.

    `shot_ids` names the shot of a story that each of them draws.
    """
    shots = shot_ids or [None] * len(briefs)
    with contextlib.closing(open_store(settings)) as store:
        return tuple(
            store.add_generation(
                replace(generation_of(settings, brief, store), shot_id=shot_id, batch_id=batch_id)
            )
            for brief, shot_id, batch_id in zip(briefs, shots, batch_ids(briefs), strict=True)
        )


def listed(
    settings: Settings, *, limit: int, status: str | None, project: str | None
) -> tuple[History, ...]:
    """Return the newest generations; `BadInput` names the statuses there are."""
    if status is not None and status not in list(GenerationStatus):
        raise BadInput(f"unknown status {status!r}; there are: {', '.join(GenerationStatus)}")
    wanted = (GenerationStatus(status),) if status else ()
    with contextlib.closing(open_store(settings)) as store:
        return store.histories(limit=limit, statuses=wanted, project=project).items


def looked_up(settings: Settings, generation_id: str) -> History:
    """Return one generation; `NotFound` for an unknown id."""
    with contextlib.closing(open_store(settings)) as store:
        return store.history(generation_id)


def request_cancel(settings: Settings, generation_id: str) -> str:
    """Mark a generation as to be cancelled by the process that works on it."""
    with contextlib.closing(open_store(settings)) as store:
        status = store.request_cancel(generation_id)
    if status.over:
        raise Conflict(f"the generation is over: {status}")
    return "it will be cancelled by the process that works on it"


PUBLISH_WAIT_S = 195.0
"""How long `publish` waits for the library's word; Jellyfin looks a minute after it was told."""

_PUBLISH_PAUSES_S = (1.0, 2.0, 3.0, 5.0)


def publish_now(
    settings: Settings, generation_id: str, *, wait_s: float = PUBLISH_WAIT_S
) -> Publication:
    """Complete a publication without an engine or a server; waits until it is confirmed.

    What can't be written, or is refused by its server, is not waited for.
    """
    ends_at_s = time.monotonic() + wait_s
    with contextlib.closing(open_store(settings)) as store:
        jellyfin = open_jellyfin(settings, ends_at_s=ends_at_s)
        pipeline = pipeline_of(settings, store, (), library=jellyfin)
        for pause_s in itertools.chain(_PUBLISH_PAUSES_S, itertools.repeat(5.0)):
            publication = pipeline.complete_publication(generation_id)
            left_s = ends_at_s - time.monotonic()
            waits = publication.state is PublicationState.UNVERIFIED and left_s > pause_s
            if not waits or (jellyfin is not None and jellyfin.is_refused()):
                return publication
            time.sleep(pause_s)
    raise AssertionError("unreachable: the pauses have no end")


WITHDRAWN_BY_PERSON = "withdrawn by a person"


def withdraw_now(settings: Settings, generation_id: str) -> Publication:
    """Take a published file out of the library; `publish` brings it back."""
    with contextlib.closing(open_store(settings)) as store:
        publication = store.history(generation_id).publication
        if publication is None:
            raise Conflict("it was never published")
        pipeline = pipeline_of(settings, store, ())
        return pipeline.withdraw(generation_id, publication, reason=WITHDRAWN_BY_PERSON)


def run_sandbox(
    *, host: str, port: int, seconds_per_step: float, faults: str, world: int = 0
) -> None:
    """Serve the built-in generator until interrupted."""
    from tower_anime.sandbox.faults import parse_faults
    from tower_anime.sandbox.server import SandboxConfig, serve

    config = SandboxConfig(
        host=host,
        port=port,
        seconds_per_step=seconds_per_step,
        faults=parse_faults(faults),
        world=world,
    )
    serve(config)
