"""The best of several pictures of one wish: all are ranked, one is published, the others kept."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tower_anime.assess.twins import Print, print_of
from tower_anime.domain.attempt import Artifact, Attempt
from tower_anime.domain.brief import Keep
from tower_anime.domain.generation import (
    Generation,
    GenerationStatus,
    History,
    PersonDecision,
    Publication,
    PublicationState,
)
from tower_anime.errors import CorruptOutput, Unreadable
from tower_anime.pipeline.records import event_of
from tower_anime.ports import Blobs, Media, Store

log = logging.getLogger(__name__)

_PAGE = 500
_Marked: TypeAlias = tuple[History, Attempt, str | None]  # and whose twin it is


@dataclass(frozen=True)
class Ranked:
    """One of several results: its place among the approved ones, and whose twin it is."""

    history: History
    attempt: Attempt
    place: int
    twin_of: str | None = None


def waits_for_others(history: History) -> bool:
    """Whether a result is published only if it is the best of its wish's.

    What a person approved is published whatever the others are.
    """
    brief, review = history.generation.brief, history.review
    by_person = review is not None and review.decision is PersonDecision.APPROVE
    return brief.keep is Keep.BEST and brief.of > 1 and not by_person


@dataclass(frozen=True, kw_only=True)
class Chooser:
    """Chooses the best of a wish's results once all of them are over.

    When a person takes the best one's approval away, the next one follows.

    `publish` writes one into the library and records it; `target` is that library's name.
    """

    store: Store
    blobs: Blobs
    media: Media
    target: str
    publish: Callable[[History, Attempt], History]

    def settle(self, history: History) -> None:
        """Rank and publish if this was the last of its wish; may be repeated."""
        generation = history.generation
        if generation.batch_id is None or not self._is_over(generation.batch_id):
            return
        others = self._siblings(generation)
        if len(others) < generation.brief.of:
            return  # more are about to be asked for
        ranked = self._ranked(others)
        if not ranked or not generation.brief.publish or any(map(_is_public, ranked)):
            return
        best = ranked[0]
        for one in ranked[1:]:
            if one.history.publication is None:
                self._keep(one, best=best)
        self.publish(best.history, best.attempt)

    def _is_over(self, batch_id: str) -> bool:
        return all(status.over for status in self.store.batch(batch_id))

    def _siblings(self, generation: Generation) -> list[History]:
        found, cursor = list[History](), None
        while True:
            page = self.store.histories(limit=_PAGE, cursor=cursor, batch=generation.batch_id)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
        wish = generation.brief.without_seed()
        mine = [one for one in found if one.generation.brief.without_seed() == wish]
        return sorted(mine, key=lambda one: one.generation.id)

    def _ranked(self, histories: Sequence[History]) -> list[Ranked]:
        """Return the approved ones, the best first and twins of better ones last."""
        approved = [
            (history, history.attempt(history.generation.chosen_attempt))
            for history in histories
            if history.generation.status is GenerationStatus.APPROVED
            and history.generation.chosen_attempt
        ]
        best_first = sorted(approved, key=lambda pair: -_score(pair[1]))
        kept, twins = list[_Marked](), list[_Marked]()
        prints: list[tuple[str, Print]] = []
        for history, attempt in best_first:
            mark = self._print(attempt.artifact)
            like = next((id_ for id_, other in prints if mark and mark.is_like(other)), None)
            (twins if like else kept).append((history, attempt, like))
            if mark and not like:
                prints.append((history.generation.id, mark))
        return [
            Ranked(history, attempt, place, twin)
            for place, (history, attempt, twin) in enumerate((*kept, *twins), start=1)
        ]

    def _print(self, artifact: Artifact | None) -> Print | None:
        """Return the print of a still; clips are told apart by nothing here."""
        if artifact is None or not artifact.media_type.startswith("image/"):
            return None
        try:
            return print_of(self.media.decode_still(self.blobs.path(artifact)).frame)
        except (CorruptOutput, Unreadable) as error:
            log.info("%s is compared with nothing: %s", artifact.sha256, error)
            return None

    def _keep(self, one: Ranked, *, best: Ranked) -> None:
        artifact = one.attempt.artifact
        assert artifact is not None
        reason = f"place {one.place}: {_score(one.attempt):.2f}, the best has "
        reason += f"{_score(best.attempt):.2f}"
        if one.twin_of:
            reason = "nearly the same picture as a better one of its wish"
        publication = Publication(
            artifact_sha256=artifact.sha256,
            target=self.target,
            state=PublicationState.KEPT,
            reason=f"kept, not published: {reason}",
        )
        event = event_of("ranked", one.history, place=one.place, twin_of=one.twin_of)
        self.store.save_publication(one.history.generation.id, publication, event=event)


def _is_public(one: Ranked) -> bool:
    """Whether a result is, or is to be, in the library."""
    published = one.history.publication
    return published is not None and published.state not in (
        PublicationState.KEPT,
        PublicationState.WITHDRAWN,
    )


def _score(attempt: Attempt) -> float:
    score = attempt.assessment.score if attempt.assessment else None
    return score or 0.0
