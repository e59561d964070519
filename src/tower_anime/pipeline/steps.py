"""The steps of a generation: load what happened, call a core, store once.

Every step may run again after a crash. What reaches outside has a key: a prompt_id made of
generation and attempt, files named by their content, one publication per artifact and target.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from uuid import UUID

from tower_anime.correct.choose import Choice, Limits, choose
from tower_anime.direct.plan import first_request
from tower_anime.domain.alert import Alert
from tower_anime.domain.attempt import Attempt, AttemptKind, AttemptState
from tower_anime.domain.direction import Enhancement
from tower_anime.domain.family import Family
from tower_anime.domain.generation import (
    NO_LONGER_APPROVED,
    Generation,
    GenerationStatus,
    History,
    Publication,
    PublicationState,
    prompt_id_of,
)
from tower_anime.domain.quality import Assessment
from tower_anime.domain.request import SEED_MASK, Kind
from tower_anime.errors import (
    Conflict,
    CorruptOutput,
    Refused,
    ServerDown,
    TowerError,
)
from tower_anime.graph import build
from tower_anime.graph.source import Source
from tower_anime.logs import about
from tower_anime.pipeline import graphs, timing
from tower_anime.pipeline.best import Chooser, waits_for_others
from tower_anime.pipeline.card import Card, OwnCards
from tower_anime.pipeline.clip import assess_clip
from tower_anime.pipeline.flow import (
    Assess,
    Conclude,
    Direct,
    Finished,
    Open,
    Publish,
    Render,
    Review,
    Step,
    Withdraw,
    next_step,
)
from tower_anime.pipeline.live import Live
from tower_anime.pipeline.memory import (
    Teacher,
    drawn_by_lot,
    free_parameters,
    origins,
    words_of,
)
from tower_anime.pipeline.picture import assess_picture, damaged
from tower_anime.pipeline.producing import Producer, file_of
from tower_anime.pipeline.publishing import Publisher
from tower_anime.pipeline.records import Point, Records, event_of, failure_of, with_attempt
from tower_anime.pipeline.servers import Health, Turn
from tower_anime.pipeline.styling import NoStyles, Styles
from tower_anime.ports import (
    Advance,
    Blobs,
    Clips,
    Director,
    Library,
    Media,
    Productions,
    Renderer,
    Store,
    Vision,
)

log = logging.getLogger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


def _go_on(_point: Point) -> None:
    pass


def _without_pause() -> bool:
    return False


def _without_budget(_project: str) -> str | None:
    return None


PAUSE_S = 0.5  # between looks at a paused queue


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """The steps with all they need.

    `first_contact_s` is how long (seconds) a generation waits in this process for a server that
    was never reached before it fails; None: for ever. `silent_since_s` holds since when they
    wait. `workflow` gives what a brief's workflow is, `families` the families that a person
    stated for model files (pattern → name). `connect` opens a server that is none of ours, by its
    address: an attempt may have been posted there by a process that is dead now. `is_paused` says
    whether nothing new may begin, `why_wait` why a project may begin no further attempt.
    `productions`, `frame` and `max_rating` are the `Publisher`'s. `clips` reads
    and mends files of moving pictures; without it there are only stills.
    `crash_point` is told of each `Point`, for tests.
    """

    store: Store
    blobs: Blobs
    media: Media
    library: Library
    director: Director
    renderers: Sequence[Renderer]
    workflow: Callable[[str | None], Source]
    families: Mapping[str, str] = field(default_factory=dict)
    health: Health = field(default_factory=Health)
    card: Card = field(default_factory=OwnCards)
    live: Live = field(default_factory=Live)
    templates: graphs.Templates = field(default_factory=graphs.Templates)
    teacher: Teacher = field(default_factory=Teacher)
    styles: Styles = field(default_factory=NoStyles)
    vision: Vision | None = None
    first_contact_s: float | None = None
    now: Callable[[], datetime] = _now
    monotonic: Callable[[], float] = time.monotonic
    silent_since_s: dict[str, float] = field(default_factory=dict)
    connect: Callable[[str], Renderer] | None = None
    is_paused: Callable[[], bool] = _without_pause
    why_wait: Callable[[str], str | None] = _without_budget
    productions: Productions | None = None
    frame: Callable[[Path, float, int], bytes] | None = None
    max_rating: str | None = None
    clips: Clips | None = None
    crash_point: Callable[[Point], None] = _go_on

    def advance(self, generation_id: str) -> Advance:
        """Do the next steps of a generation, up to the end of one that took long.

        `Unavailable` means: wait and call again.
        """
        with about(generation_id):
            return self._advance(generation_id)

    def _advance(self, generation_id: str) -> Advance:
        history = self.store.history(generation_id)
        while not isinstance(step := self._next(history), Finished):
            if isinstance(step, Direct | Open) and self.is_paused():
                return Advance(done=False, wait_s=PAUSE_S)
            log.debug("%s: %s", generation_id, type(step).__name__)
            history = self._perform(history, step)
            if isinstance(step, Render):
                return Advance(done=False)
        if waits_for_others(history):
            self.chooser.settle(history)
        return Advance(done=True)

    def _next(self, history: History) -> Step:
        spent: list[str] = []

        def propose() -> Choice | None:
            reason = self.why_wait(history.generation.brief.project)
            spent.extend([reason] if reason else [])
            return None if reason else self._propose(history)

        step = next_step(history, propose)
        return replace(step, reason=spent[0]) if spent and isinstance(step, Conclude) else step

    def _perform(self, history: History, step: Step) -> History:
        """Do one step and return the history with its outcome, as the store has it now."""
        match step:
            case Direct():
                return self._direct(history)
            case Open():
                return self._open(history, step)
            case Render(number):
                return self.producer.produce(history, history.attempt(number))
            case Assess(number):
                return self._assess(history, history.attempt(number))
            case Review(number):
                return self._review(history, history.attempt(number))
            case Conclude():
                return self._conclude(history, step)
            case Publish(number):
                return self._publish(history, history.attempt(number))
            case Withdraw(publication):
                return self._withdraw(history, publication)
            case Finished():
                return history

    # ---- direct, open ---------------------------------------------------------------------

    def _direct(self, history: History) -> History:
        generation, brief = history.generation, history.generation.brief
        try:
            renderer = self.producer.least_busy()
            catalog = renderer.catalog()
            template = self.producer.template(generation, catalog)
            checkpoint = graphs.checkpoint_of(generation, catalog)
            family = graphs.family_of(checkpoint, template, self.families)
            own = (
                build.request_values(template)
                if self.producer.workflow_name(brief, catalog)
                else {}
            )
            brief = replace(brief, negative=brief.negative or str(own.get("negative") or ""))
            enhancement = self.teacher.worded(
                generation.id,
                brief,
                self._prepare(replace(generation, brief=brief), family),
                family,
                backend=renderer.backend(),
            )
            request = first_request(
                brief,
                family=family,
                checkpoint=checkpoint,
                workflow=own,
                seed=UUID(generation.id).int & SEED_MASK,
                enhancement=enhancement,
            )
            suggestion = self.teacher.suggestion(
                generation.id,
                request,
                family,
                free=free_parameters(brief, build.unplaced(request, template)),
                offered=graphs.offered(catalog),
                backend=renderer.backend(),
            )
            request = request.changed(**suggestion.values)
            graphs.check_fit(brief, request, template)
            graphs.check(self.producer.graph(generation, request, catalog), renderer)
        except ServerDown as error:
            self._check_patience(generation, error)
            return self._fail(history, error)
        except Refused as error:
            return self._fail(history, error)
        self.crash_point(Point.DIRECTED)
        self.silent_since_s.pop(generation.id, None)
        history = replace(history, enhancement=enhancement)
        planned = event_of(
            "planned",
            history,
            origins=origins(brief, own, suggestion),
            chance=suggestion.chance,
            explored=suggestion.explored,
            probability=suggestion.probability,
        )
        with self.store.together():
            self.store.save_enhancement(generation.id, enhancement)
            history = self.records.save(
                history, planned, status=GenerationStatus.WORKING, first_request=request
            )
            first = self._next(history)
            return self._open(history, first) if isinstance(first, Open) else history

    def _prepare(self, generation: Generation, family: Family) -> Enhancement:
        with self.card.directing():
            return self.director.prepare(
                generation.brief, family=family, generation_id=generation.id
            )

    def _check_patience(self, generation: Generation, error: ServerDown) -> None:
        """Let the engine wait and retry while there is patience with a silent server."""
        since_s = self.silent_since_s.setdefault(generation.id, self.monotonic())
        if self.first_contact_s is None or self.monotonic() - since_s < self.first_contact_s:
            raise error
        del self.silent_since_s[generation.id]

    def _open(self, history: History, step: Open) -> History:
        attempt = Attempt(
            generation_id=history.generation.id,
            number=step.number,
            prompt_id=prompt_id_of(history.generation.id, step.number),
            request=step.request,
            kind=AttemptKind.GENERATE if step.repair_of is None else AttemptKind.REPAIR,
            repair_of=step.repair_of,
            corrections=step.corrections,
            **words_of(history, step.number),
            created_at=self.now(),
        )
        self.crash_point(Point.CHOSEN)
        return self.records.keep(history, attempt)

    def _propose(self, history: History) -> Choice | None:
        generation, request = history.generation, history.attempts[-1].request
        catalog = self.producer.least_busy().catalog()
        template = self.producer.template(generation, catalog)
        family = graphs.family_of(request.checkpoint, template, self.families)
        fixed = timing.locks(generation.brief, request, family)
        knowledge = self.teacher.knowledge(family, backend=generation.backend)
        limits = Limits(
            family=family,
            knowledge=knowledge,
            locks=(
                *generation.brief.locks,
                *build.unplaced(request, template),
                *build.closed(template),
                *fixed,
            ),
            offered=graphs.offered(catalog),
        )
        direction = history.direction
        heard = direction is not None and direction.attempt == history.attempts[-1].number
        wishes = direction.wishes if direction and heard else ()
        by_lot = drawn_by_lot(history, knowledge)
        return choose(history.attempts, limits, wishes=wishes, by_lot=by_lot)

    # ---- render ---------------------------------------------------------------------------

    # ---- assess, review -------------------------------------------------------------------

    def _assess(self, history: History, attempt: Attempt) -> History:
        generation = history.generation
        if generation.brief.kind is Kind.CLIP:
            assessment = self._assess_clip(generation, attempt)
        else:
            assessment = assess_picture(
                lambda: self.media.decode_still(file_of(attempt, self.blobs)),
                profile=generation.profile,
                prompt=generation.brief.prompt,
                beside=partial(self.styles.judged, generation, attempt),
                negative=generation.brief.negative,
                vision=self.vision,
            )
        self.crash_point(Point.ASSESSED)
        return self._keep_assessment(history, attempt, assessment)

    def _assess_clip(self, generation: Generation, attempt: Attempt) -> Assessment:
        assert self.clips is not None
        try:
            return assess_clip(
                self.clips,
                file_of(attempt, self.blobs),
                profile=generation.profile,
                prompt=generation.brief.prompt,
                negative=generation.brief.negative,
                expect=timing.expectation(
                    generation, attempt, unplaced=self._unplaced(generation, attempt)
                ),
                vision=self.vision,
            )
        except CorruptOutput as error:
            return damaged(error, generation.profile)

    def _unplaced(self, generation: Generation, attempt: Attempt) -> tuple[str, ...]:
        """Return what the user's workflow has no place for: what came of it was nobody's wish."""
        if generation.brief.workflow is None:
            return ()
        template = self.producer.template(generation, self.producer.least_busy().catalog())
        return build.unplaced(attempt.request, template)

    def _keep_assessment(
        self, history: History, attempt: Attempt, assessment: Assessment
    ) -> History:
        event = event_of(
            "assessed",
            history,
            number=attempt.number,
            score=assessment.score,
            verdict=assessment.verdict.value,
        )
        self.store.save_assessment(attempt.generation_id, attempt.number, assessment, event=event)
        self._watch_server(history, attempt, is_blank=_is_blank(assessment))
        return with_attempt(history, replace(attempt, assessment=assessment))

    def _watch_server(self, history: History, attempt: Attempt, *, is_blank: bool) -> None:
        """Leave a server alone that gives one blank picture after the other; tell people."""
        if attempt.server is None:
            return
        turn = self.health.note(attempt.server, is_blank=is_blank, now=self.now())
        if turn is Turn.RECOVERED:
            self.store.resolve_alert("blank_series", attempt.server)
        if turn is not Turn.PAUSED:
            return
        message = f"{attempt.server} gives one blank picture after the other and is paused"
        log.warning("%s", message)
        self.store.raise_alert(
            Alert(kind="blank_series", subject=attempt.server, message=message),
            event=event_of("server_paused", history, server=attempt.server, reason="blank_series"),
        )
        for renderer in self.renderers:
            if renderer.url == attempt.server:
                self.producer.free(renderer)

    def _review(self, history: History, attempt: Attempt) -> History:
        generation = history.generation
        try:
            picture = file_of(attempt, self.blobs)
        except CorruptOutput as error:  # good when it was measured, and damaged since
            return self._keep_assessment(history, attempt, damaged(error, generation.profile))
        template = self.producer.template(generation, self.producer.least_busy().catalog())
        family = graphs.family_of(attempt.request.checkpoint, template, self.families)
        with self.card.directing():
            direction = self.director.review(generation.brief, attempt, picture, family=family)
        self.crash_point(Point.REVIEWED)
        history = replace(history, direction=direction)
        then = self._next(history)
        with self.store.together():
            self.store.save_direction(generation.id, direction)
            if not isinstance(then, Conclude):
                return history
            history = self._keep_end(history, then)
        self.crash_point(Point.CONCLUDED)
        return history

    # ---- conclude, publish ----------------------------------------------------------------

    def _conclude(self, history: History, step: Conclude) -> History:
        if step.status is GenerationStatus.CANCELLED:
            history = self._cancel_running(history)
        history = self._keep_end(history, step)
        self.crash_point(Point.CONCLUDED)
        return history

    def _keep_end(self, history: History, step: Conclude) -> History:
        self.crash_point(Point.CONCLUDING)
        return self.records.save(
            history,
            event_of("concluded", history, status=step.status.value, reason=step.reason),
            status=step.status,
            chosen_attempt=step.chosen,
            reason=step.reason,
            failure=step.failure,
            finished_at=self.now(),
        )

    def _cancel_running(self, history: History) -> History:
        """Stop what an earlier process of ours may have left at the server."""
        for attempt in history.attempts:
            if attempt.state.over:
                continue
            if attempt.server:
                self.producer.stop(attempt)
            history = self.records.end(history, attempt, AttemptState.CANCELLED)
        return history

    def _publish(self, history: History, attempt: Attempt) -> History:
        return self._record(history, self.publisher.publish(history, attempt))

    def _withdraw(self, history: History, publication: Publication) -> History:
        gone = self.publisher.withdraw(publication, reason=NO_LONGER_APPROVED)
        return self._record(history, gone)

    def _record(self, history: History, publication: Publication) -> History:
        withdrawn = publication.state is PublicationState.WITHDRAWN
        event = event_of(
            "withdrawn" if withdrawn else "published",
            history,
            state=publication.state.value,
            reason=publication.reason,
        )
        self.crash_point(Point.PUBLISHED)
        self.store.save_publication(history.generation.id, publication, event=event)
        self.crash_point(Point.PUBLICATION_RECORDED)
        return replace(history, publication=publication)

    @cached_property
    def records(self) -> Records:
        """What keeps outcomes."""
        return Records(self.store, self.crash_point)

    @cached_property
    def producer(self) -> Producer:
        """What makes an attempt's file."""
        return Producer(
            records=self.records,
            blobs=self.blobs,
            clips=self.clips,
            styles=self.styles,
            renderers=self.renderers,
            workflow=self.workflow,
            families=self.families,
            health=self.health,
            card=self.card,
            live=self.live,
            templates=self.templates,
            connect=self.connect,
            now=self.now,
            monotonic=self.monotonic,
        )

    @cached_property
    def chooser(self) -> Chooser:
        """What chooses the best of several results of one wish."""
        return Chooser(
            store=self.store,
            blobs=self.blobs,
            media=self.media,
            target=self.library.target,
            publish=self._publish,
        )

    @cached_property
    def publisher(self) -> Publisher:
        """What puts approved work into the library."""
        return Publisher(
            library=self.library,
            store=self.store,
            blobs=self.blobs,
            media=self.media,
            productions=self.productions,
            frame=self.frame,
            max_rating=self.max_rating,
        )

    def complete_publication(self, generation_id: str) -> Publication:
        """Publish an approved generation, or look for what was published; idempotent."""
        history = self.store.history(generation_id)
        chosen = history.generation.chosen_attempt
        if history.generation.status is not GenerationStatus.APPROVED or chosen is None:
            raise Conflict(
                f"only an approved generation can be published; this one is "
                f"{history.generation.status}"
            )
        if waits_for_others(history) and history.publication is None:
            self.chooser.settle(history)
            found = self.store.history(generation_id).publication
            if found is None:
                raise Conflict("only the best of its wish is published, and others are not over")
            return found
        publication = self.publisher.complete(history, history.attempt(chosen))
        if publication != history.publication:
            self._record(history, publication)
        return publication

    def withdraw(self, generation_id: str, publication: Publication, *, reason: str) -> Publication:
        """Take a published file out of the library and record it; may be repeated."""
        gone = self.publisher.withdraw(publication, reason=reason)
        if gone != publication:
            self._record(self.store.history(generation_id), gone)
        return gone

    # ---- what the engine reports ----------------------------------------------------------

    def broke(self, generation_id: str, error: BaseException) -> None:
        """Take the engine's word that a step raised what it must not: end as failed, visibly."""
        log.error("generation %s: %s", generation_id, error, exc_info=error)
        self._give_up(
            generation_id, f"internal error, please report it: {type(error).__name__}: {error}"
        )

    def parked(self, generation_id: str, reason: str) -> None:
        """Take the engine's word that it gave a generation up after repeated deaths."""
        self._give_up(generation_id, f"given up: {reason}")

    def _give_up(self, generation_id: str, reason: str) -> None:
        history = self.store.history(generation_id)
        if not history.generation.status.over:
            self._fail(history, TowerError(reason))

    # ---- records --------------------------------------------------------------------------

    def _fail(self, history: History, error: TowerError) -> History:
        return self.records.save(
            history,
            event_of("concluded", history, status=GenerationStatus.FAILED.value, reason=str(error)),
            status=GenerationStatus.FAILED,
            failure=failure_of(error),
            reason=str(error),
            finished_at=self.now(),
        )


def _is_blank(assessment: Assessment) -> bool:
    return any(defect.kind == "blank" for defect in assessment.defects)
