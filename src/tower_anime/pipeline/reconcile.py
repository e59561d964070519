"""Compare our rows with the engine's, again and again, so that nothing is left lying."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from tower_anime.domain.generation import NO_LONGER_APPROVED, Publication, PublicationState
from tower_anime.errors import Conflict, CorruptOutput, NotFound, Unavailable
from tower_anime.pipeline.turns import Turns
from tower_anime.ports import Engine, Store

log = logging.getLogger(__name__)

SURE_FOR_S = 30.0
"""A generation that the engine works on is not asked about again for so long."""

PUBLISH_EVERY_S = 5.0
PUBLISH_REST = 20.0
"""The store is left alone so many times as long as it took to say what is to be published."""

PUBLISH_BACK_OFF_S = (5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0)
"""Pauses between tries to complete one publication: a drive is soon back, or long away."""


class Work(Protocol):
    """What the pipeline does for what was found."""

    def complete_publication(self, generation_id: str) -> Publication:
        """Publish an approved generation, or look for what was published; idempotent."""
        ...

    def withdraw(self, generation_id: str, publication: Publication, *, reason: str) -> Publication:
        """Take a published file out of the library; idempotent."""
        ...

    def parked(self, generation_id: str, reason: str) -> None:
        """End a generation as failed, if it is not over."""
        ...


@dataclass
class _Patience:
    """How often a publication was tried, and when (monotonic, s) it is due again."""

    tries: int = 0
    due_s: float = 0.0


@dataclass(frozen=True)
class _OpenOne:
    """A generation that may be worked on: whether whatever else runs, and how old its wish is.

    What has begun may be between two runs, however old it is.
    """

    goes_on: bool
    waits_s: float = 0.0


@dataclass
class Reconciler:
    """Finds generations that nobody works on and approved ones that are not published.

    The store is right, whatever the engine says: it may be older (its own file was lost), newer
    (a backup of ours was restored) or may never have heard of a generation (its creator died, or
    left it for us). `grace_s` is how long a generation must have been unknown, or have waited for
    its begin, before it is submitted here: its creator may be about to do that. `turns` says what
    may begin and in which order; without it all of it, oldest first. `clock` is monotonic, in
    seconds.
    """

    store: Store
    engine: Engine
    work: Work
    grace_s: float
    turns: Turns | None = None
    clock: Callable[[], float] = time.monotonic
    _sure_until_s: dict[str, float] = field(default_factory=dict)
    _missing_since_s: dict[str, float] = field(default_factory=dict)
    _publications: dict[str, _Patience] = field(default_factory=dict)
    _publish_due_s: float = 0.0

    def submit_forgotten(self) -> tuple[str, ...]:
        """Submit unfinished generations that no run is open for; returns their ids.

        Cheap enough for twice a second: asks the engine only about what it was not sure of.
        """
        now_s = self.clock()
        open_ones = self._open_ones()
        unfinished = tuple(open_ones)
        _keep_only(self._sure_until_s, unfinished)
        _keep_only(self._missing_since_s, unfinished)
        unsure = [i for i in unfinished if self._sure_until_s.get(i, now_s) <= now_s]
        if not unsure:
            self._tell_backlog(left=0)
            return ()
        working = {run_id.rpartition(":")[0] for run_id in self.engine.open_runs()}
        room = self.turns.room() if self.turns else len(unsure)
        submitted: list[str] = []
        left = 0
        for generation_id in unsure:
            if generation_id in working:
                self._sure_until_s[generation_id] = now_s + SURE_FOR_S
                self._missing_since_s.pop(generation_id, None)
                continue
            missing_s = now_s - self._missing_since_s.setdefault(generation_id, now_s)
            is_young = max(missing_s, open_ones[generation_id].waits_s) < self.grace_s
            if is_young or (room <= len(submitted) and not open_ones[generation_id].goes_on):
                left += 1
                continue
            submitted.extend(self._mend(generation_id))
        self._tell_backlog(left=left)
        return tuple(submitted)

    def _open_ones(self) -> dict[str, _OpenOne]:
        """Return what may be worked on, in order."""
        if self.turns is None:
            return dict.fromkeys(self.store.unfinished(), _OpenOne(goes_on=True))
        now = self.turns.now()
        return {
            one.generation_id: _OpenOne(
                goes_on=one.has_begun or one.cancel_requested,
                waits_s=0.0 if one.has_begun else (now - one.created_at).total_seconds(),
            )
            for one in self.turns.allowed()
        }

    def _tell_backlog(self, *, left: int) -> None:
        if self.turns is not None:
            self.turns.backlog = left > 0

    def _mend(self, generation_id: str) -> Iterable[str]:
        """Bring the engine to work on a generation for which it has no open run."""
        runs = self.engine.known([generation_id])
        if "open" in runs.values() or self.store.history(generation_id).generation.status.over:
            return ()
        numbers = {int(run_id.rpartition(":")[2]): word for run_id, word in runs.items()}
        last = max(numbers, default=None)
        if last is not None and numbers[last] in ("failed", "parked"):
            self.work.parked(generation_id, f"the engine's run {numbers[last]}")
            return ()
        self.engine.submit(generation_id, run=0 if last is None else last + 1)
        if self.turns is not None:
            self.turns.note_submitted(generation_id)
        log.info("%s had no run: submitted", generation_id)
        return (generation_id,)

    def complete_publications(self) -> tuple[Publication, ...]:
        """Try to publish what is approved and not in the library; each one with back-off."""
        now_s = self.clock()
        if now_s < self._publish_due_s:
            return ()
        lacking = dict.fromkeys((*self.store.unpublished(), *self.store.unverified()))
        leftover = self.store.withdrawable()
        took_s = self.clock() - now_s  # a second for 100 000 generations
        self._publish_due_s = now_s + max(PUBLISH_EVERY_S, PUBLISH_REST * took_s)
        _keep_only(self._publications, [*lacking, *(_key(one) for one in leftover)])
        working = self._worked_on() if lacking or leftover else ()
        completed = (
            publication
            for generation_id in lacking
            if generation_id not in working and self._is_due(generation_id)
            for publication in self._complete(generation_id)
        )
        withdrawn = (
            self.work.withdraw(*one, reason=NO_LONGER_APPROVED)
            for one in leftover
            if one[0] not in working and self._is_due(_key(one))
        )
        return (*completed, *withdrawn)

    def _worked_on(self) -> Collection[str]:
        return {run_id.rpartition(":")[0] for run_id in self.engine.open_runs()}

    def _is_due(self, key: str) -> bool:
        """Whether a publication is to be tried now; if so the next try waits longer."""
        patience = self._publications.setdefault(key, _Patience())
        if self.clock() < patience.due_s:
            return False
        pause_s = PUBLISH_BACK_OFF_S[min(patience.tries, len(PUBLISH_BACK_OFF_S) - 1)]
        patience.tries += 1
        patience.due_s = self.clock() + pause_s
        return True

    def _complete(self, generation_id: str) -> Iterable[Publication]:
        try:
            publication = self.work.complete_publication(generation_id)
        except (Conflict, NotFound, CorruptOutput) as error:  # a person decided meanwhile
            log.info("%s is not published: %s", generation_id, error)
            return ()
        if publication.state in (PublicationState.PENDING, PublicationState.UNVERIFIED):
            level = (
                logging.DEBUG if self._publications[generation_id].tries > 1 else logging.WARNING
            )
            log.log(level, "%s waits for the library: %s", generation_id, publication.reason)
        return (publication,)

    def look_at_publications(self) -> None:
        """Do one round for the library alone, whose server may take its time."""
        try:
            self.complete_publications()
        except (Unavailable, Conflict) as error:
            log.warning("what is to be published can't be looked for at the moment: %s", error)

    def look(self, *, publish: bool) -> None:
        """Do one round; what is not ready now is looked at again in the next."""
        try:
            self.submit_forgotten()
            if publish:
                self.complete_publications()
        except (Unavailable, Conflict) as error:  # Conflict: the engine is being stopped
            log.warning("what was left can't be looked for at the moment: %s", error)


T = TypeVar("T")


def _key(leftover: tuple[str, Publication]) -> str:
    generation_id, publication = leftover
    return f"{generation_id}/{publication.artifact_sha256}/{publication.target}"


def _keep_only(memory: dict[str, T], ids: Collection[str]) -> None:
    for gone in memory.keys() - set(ids):
        del memory[gone]
