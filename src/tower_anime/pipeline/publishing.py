"""From an approved attempt to a file in the library, and back out of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tower_anime.domain.attempt import Attempt
from tower_anime.domain.generation import (
    Generation,
    GenerationStatus,
    History,
    Publication,
    PublicationState,
)
from tower_anime.domain.rating import held_back
from tower_anime.domain.release import Art, EpisodePlace, Release
from tower_anime.domain.request import Kind
from tower_anime.errors import (
    CorruptOutput,
    LibraryUnavailable,
    NotFound,
    PlaceTaken,
    Unreadable,
)
from tower_anime.ports import Blobs, Library, Media, Productions, Store
from tower_anime.release.art import Approved, Pictures, best_pictures
from tower_anime.release.clips import clip_release, earlier_files, episode_place
from tower_anime.release.stills import still_release

log = logging.getLogger(__name__)

MAX_TAKES = 1000  # films of one name in a year; beyond that something is wrong
POSTER_PX, FANART_PX, THUMB_PX = 1500, 1920, 1280  # longer sides that servers ask for
ART_CANDIDATES = 60  # newest approved stills of the project that are considered


@dataclass(frozen=True, kw_only=True)
class Publisher:
    """Puts approved work into one library.

    `frame` makes a JPEG of a clip, given its file, a share of its length (0–1) and the longer
    side in pixels. Without `productions` no clip belongs to a series and nothing is rated.
    """

    library: Library
    store: Store
    blobs: Blobs
    media: Media
    productions: Productions | None = None
    frame: Callable[[Path, float, int], bytes] | None = None
    max_rating: str | None = None

    def publish(self, history: History, attempt: Attempt) -> Publication:
        """Write and verify; what can't be written now is pending with the reason."""
        artifact = attempt.artifact
        assert artifact is not None
        rating = self._rating(history.generation)
        if reason := held_back(rating, self.max_rating):
            return self._pending(artifact.sha256, f"not published: {reason}")
        try:
            written = self._write(history, attempt, rating)
            return self.library.verify(written, sha256=artifact.sha256)
        except (LibraryUnavailable, CorruptOutput) as error:
            return self._pending(artifact.sha256, str(error))

    def complete(self, history: History, attempt: Attempt) -> Publication:
        """Look whether what was published is there and seen; publish again what is not there."""
        known, artifact = history.publication, attempt.artifact
        assert artifact is not None
        if (
            known is not None
            and known.target == self.library.target
            and known.artifact_sha256 == artifact.sha256
            and known.state in (PublicationState.VERIFIED, PublicationState.UNVERIFIED)
        ):
            found = self.library.verify(known, sha256=artifact.sha256)
            if found.state is not PublicationState.PENDING:
                return found
        return self.publish(history, attempt)

    def withdraw(self, publication: Publication, *, reason: str) -> Publication:
        """Take a file out of the library; pending with the reason if that fails now."""
        try:
            gone = self.library.withdraw(publication)
        except LibraryUnavailable as error:
            text = f"it is to be withdrawn: {error}"
            return _with(publication, PublicationState.PENDING, text)
        if gone.reason:
            log.info("%s", gone.reason)
        return _with(gone, PublicationState.WITHDRAWN, reason)

    def _pending(self, sha256: str, reason: str) -> Publication:
        return Publication(
            artifact_sha256=sha256,
            target=self.library.target,
            state=PublicationState.PENDING,
            reason=reason,
        )

    def _write(self, history: History, attempt: Attempt, rating: str) -> Publication:
        """Publish at the first place that is not somebody else's."""
        assert attempt.artifact is not None
        source = self.blobs.path(attempt.artifact)
        release = self._releases(history, attempt, source, rating)
        for take in range(1, MAX_TAKES + 1):
            try:
                return self.library.publish(release(take), source)
            except PlaceTaken as taken:
                log.debug("%s", taken)
        raise LibraryUnavailable(f"{MAX_TAKES} places are taken by others")

    def _releases(
        self, history: History, attempt: Attempt, source: Path, rating: str
    ) -> Callable[[int], Release]:
        """Return the release by its take, counted from 1."""
        generation, replaces = history.generation, earlier_files(history, attempt)
        if generation.brief.kind is Kind.STILL:
            return lambda _take: still_release(generation, attempt, replaces=replaces)
        place = self._place(generation)
        pictures = self._pictures(history, attempt)
        of_clip = self._clip_art(source)
        of_project = Art(
            poster=self._jpeg(pictures.poster, POSTER_PX),
            fanart=self._jpeg(pictures.fanart, FANART_PX),
        )
        art = Art(
            thumb=of_clip.thumb,
            poster=of_project.poster or of_clip.poster,
            fanart=of_project.fanart or of_clip.fanart,
        )
        return lambda take: clip_release(
            generation,
            attempt,
            place=place,
            take=take,
            rating=rating,
            art=art,
            series_art=art,
            replaces=replaces,
        )

    # ---- What the project says ----------------------------------------------------------------

    def _rating(self, generation: Generation) -> str:
        if self.productions is None:
            return ""
        return self.productions.project_brief(generation.brief.project)[0].rating

    def _place(self, generation: Generation) -> EpisodePlace | None:
        if self.productions is None or generation.shot_id is None:
            return None
        assert generation.created_at is not None
        try:
            story = self.productions.story(generation.brief.project)
        except NotFound:
            return None  # the project was renamed or removed meanwhile
        return episode_place(story, generation.shot_id, last_year=generation.created_at.year)

    # ---- Art ----------------------------------------------------------------------------------

    def _pictures(self, history: History, attempt: Attempt) -> Pictures:
        """Choose among the project's approved stills that were made the same way."""
        page = self.store.histories(
            limit=ART_CANDIDATES,
            statuses=(GenerationStatus.APPROVED,),
            project=history.generation.brief.project,
        )
        return best_pictures(_approved_stills(page.items, backend=attempt.backend))

    def _jpeg(self, chosen: Approved | None, longest_px: int) -> bytes | None:
        if chosen is None:
            return None
        try:
            return self.media.preview(self.blobs.path(chosen.artifact), longest_px=longest_px)
        except (Unreadable, CorruptOutput) as error:  # it was damaged since: the clip has to do
            log.warning("no art from %s: %s", chosen.artifact.sha256, error)
            return None

    def _clip_art(self, source: Path) -> Art:
        """Return pictures of the clip itself: a third in, past a fade or a title."""
        if self.frame is None:
            return Art()
        try:
            thumb = self.frame(source, 1 / 3, THUMB_PX)
            return Art(thumb=thumb, poster=thumb, fanart=thumb)
        except Unreadable as error:
            log.warning("no thumb of %s: %s", source, error)
            return Art()


def _approved_stills(histories: Sequence[History], *, backend: str | None) -> list[Approved]:
    found = []
    for history in histories:
        chosen = history.generation.chosen_attempt
        if history.generation.brief.kind is not Kind.STILL or chosen is None:
            continue
        attempt = history.attempt(chosen)
        if attempt.backend == backend and attempt.artifact and attempt.assessment:
            found.append(
                Approved(
                    artifact=attempt.artifact,
                    width=attempt.assessment.width,
                    height=attempt.assessment.height,
                    score=attempt.assessment.score or 0.0,
                )
            )
    return found


def _with(publication: Publication, state: PublicationState, reason: str) -> Publication:
    return replace(publication, state=state, reason=reason)
