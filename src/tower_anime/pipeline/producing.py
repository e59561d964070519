"""From an attempt to its file: drawn on a server, or mended from another attempt's."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from tower_anime.domain.attempt import Artifact, Attempt, AttemptKind, AttemptState
from tower_anime.domain.brief import Brief
from tower_anime.domain.generation import Generation, History
from tower_anime.domain.graph import Catalog, Graph
from tower_anime.domain.progress import Progress
from tower_anime.domain.request import Kind, RenderRequest
from tower_anime.errors import (
    Cancelled,
    Conflict,
    CorruptOutput,
    Interrupted,
    OutOfMemory,
    Refused,
    ServerDown,
    ServerLost,
    TowerError,
    Unavailable,
    Unreadable,
)
from tower_anime.graph.own import Template
from tower_anime.graph.source import Source
from tower_anime.pipeline import graphs, mending, timing
from tower_anime.pipeline.card import Card
from tower_anime.pipeline.live import Live
from tower_anime.pipeline.records import Point, Records, event_of, failure_of
from tower_anime.pipeline.servers import Health, least_busy
from tower_anime.pipeline.styling import Styles
from tower_anime.ports import Blobs, Clips, Rendered, RenderedFile, Renderer, RenderJob

log = logging.getLogger(__name__)

MAX_SUBMISSIONS = 3  # a server that forgets one job three times will not keep it


@dataclass(frozen=True, kw_only=True)
class Producer:
    """Knows the servers, and what a brief's workflow is on each. The fields are `Pipeline`'s."""

    records: Records
    blobs: Blobs
    clips: Clips | None
    styles: Styles
    renderers: Sequence[Renderer]
    workflow: Callable[[str | None], Source]
    families: Mapping[str, str]
    health: Health
    card: Card
    live: Live
    templates: graphs.Templates
    connect: Callable[[str], Renderer] | None
    now: Callable[[], datetime]
    monotonic: Callable[[], float]

    def least_busy(self) -> Renderer:
        """Return the server for the next job; `Unavailable` when none is to be had."""
        return least_busy(self.renderers, self.health, self.now())

    def workflow_name(self, brief: Brief, catalog: Catalog) -> str | None:
        """Return which workflow a brief takes on a server."""
        return self.templates.name_of(brief, catalog)

    def template(self, generation: Generation, catalog: Catalog) -> Template:
        """Return a generation's workflow on a server."""
        name = self.workflow_name(generation.brief, catalog)
        return self.templates.on(self.workflow(name), name, catalog)

    def graph(
        self,
        generation: Generation,
        request: RenderRequest,
        catalog: Catalog,
        *,
        number: int = 1,
        image: str | None = None,
    ) -> Graph:
        """Return the graph of an attempt; `image` is the name of its uploaded input."""
        template = self.template(generation, catalog)
        return graphs.graph_of(
            request, template, generation_id=generation.id, number=number, image=image
        )

    def _family(self, generation: Generation, attempt: Attempt, renderer: Renderer) -> str:
        template = self.template(generation, renderer.catalog())
        return graphs.family_of(attempt.request.checkpoint, template, self.families).name

    def _server_of(self, attempt: Attempt) -> Renderer:
        """Return the server that may have the attempt, else the least busy of ours."""
        mine = (renderer for renderer in self.renderers if renderer.url == attempt.server)
        return next(mine, None) or self._elsewhere(attempt) or self.least_busy()

    def _elsewhere(self, attempt: Attempt) -> Renderer | None:
        """Return a server that is not ours but was given the attempt, if it still answers.

        One that does not has forgotten its queue, as every ComfyUI does when it ends: the sandbox
        of a dead process above all.
        """
        if attempt.server is None or attempt.state is AttemptState.QUEUED or self.connect is None:
            return None
        try:
            renderer = self.connect(attempt.server)
            renderer.facts()
        except (Unavailable, Refused) as error:
            log.info("attempt %d goes to another server: %s", attempt.number, error)
            return None
        return renderer

    def produce(self, history: History, attempt: Attempt) -> History:
        """Make the attempt's file and keep how that ended; `Unavailable`: wait and call again."""
        if attempt.kind is AttemptKind.REPAIR:
            return self._mend(history, attempt)
        return self._render(history, attempt)

    def _render(self, history: History, attempt: Attempt) -> History:
        renderer = self._server_of(attempt)
        backend = renderer.backend()
        attempt = replace(
            attempt,
            state=AttemptState.SUBMITTED,
            server=renderer.url,
            backend=backend,
            server_version=renderer.version(),
        )
        # The server is recorded before the job reaches it: after a crash we ask the right one.
        with self.records.store.together():
            if history.generation.backend != backend:
                history = self.records.save(history, backend=backend)
            history = self.records.keep(history, attempt)
        self.records.crash_point(Point.SERVER_RECORDED)
        posted: list[bool] = []

        def note_posted() -> None:
            posted.append(True)
            self.records.crash_point(Point.POSTED)

        started_s = self.monotonic()

        def spent_s() -> float:
            return self.monotonic() - started_s

        try:
            job = self._job(history.generation, attempt, renderer)
            attempt = replace(attempt, family=self._family(history.generation, attempt, renderer))
            with self.card.rendering():
                rendered = renderer.render(
                    job,
                    on_submitted=note_posted,
                    on_progress=lambda progress: self._report(attempt, progress),
                    cancelled=lambda: self.records.store.cancel_requested(attempt.generation_id),
                )
            self.records.crash_point(Point.COLLECTED)
            artifact = self._keep_file(rendered.files, job.graph)
            self.records.crash_point(Point.STORED)
        except Cancelled:
            return self.records.end(history, attempt, AttemptState.CANCELLED, seconds=spent_s())
        except Interrupted as error:
            failure = failure_of(error)
            return self.records.end(
                history, attempt, AttemptState.CANCELLED, failure=failure, seconds=spent_s()
            )
        except ServerLost as error:
            return self._lost(history, replace(attempt, submissions=attempt.submissions + 1), error)
        except Unavailable:
            raise
        except TowerError as error:
            if isinstance(error, OutOfMemory):
                self.free(renderer)
            failure = failure_of(error)
            return self.records.end(
                history, attempt, AttemptState.FAILED, failure=failure, seconds=spent_s()
            )
        finally:
            self.live.over(attempt.generation_id)
        return self.records.end(
            history,
            attempt,
            AttemptState.PRODUCED,
            artifact=artifact,
            submissions=attempt.submissions + len(posted),
            sampler_steps=_steps_run(rendered, attempt.request),
            seconds=spent_s(),
        )

    def _job(self, generation: Generation, attempt: Attempt, renderer: Renderer) -> RenderJob:
        """Return the job with its input uploaded; refuses what the server would refuse."""
        image = self._upload(generation.brief.image, renderer)
        graph = self.graph(
            generation, attempt.request, renderer.catalog(), number=attempt.number, image=image
        )
        source = self.workflow(self.workflow_name(generation.brief, renderer.catalog()))
        graph, shown = graphs.with_sheet(source, graph, renderer.catalog())
        if not attempt.submissions:
            graphs.check(graph, renderer)
        return RenderJob(prompt_id=attempt.prompt_id, graph=graph, extra_pnginfo=shown)

    def _upload(self, image: str | None, renderer: Renderer) -> str | None:
        """Put a brief's input picture (`name@sha256`) on the server; returns its name there."""
        if image is None:
            return None
        name, _, sha256 = image.rpartition("@")
        name = f"tower_{sha256[:16]}{Path(name).suffix}"
        return renderer.upload(self.blobs.find(sha256).read_bytes(), name)

    def free(self, renderer: Renderer) -> None:
        """Let a server give memory back before the next try; when it can't, the try will tell."""
        try:
            renderer.free()
        except ServerDown as error:
            log.warning("memory was not freed: %s", error)

    def _report(self, attempt: Attempt, progress: Progress) -> None:
        self.live.report(attempt.generation_id, attempt.number, progress)

    def _keep_file(self, files: Sequence[RenderedFile], graph: Graph) -> Artifact:
        file = graphs.main_file(files, graph)
        if file is None:
            raise CorruptOutput("the server reports success but names no output file")
        return self.blobs.put(file.data, media_type=file.media_type)

    def _lost(self, history: History, attempt: Attempt, error: ServerLost) -> History:
        """Leave a forgotten job to be submitted again under its key, but not for ever."""
        self.records.crash_point(Point.LOST)
        if attempt.submissions >= MAX_SUBMISSIONS:
            return self.records.end(history, attempt, AttemptState.LOST, failure=failure_of(error))
        event = event_of("attempt_lost", history, number=attempt.number)
        return self.records.keep(history, replace(attempt, state=AttemptState.QUEUED), event)

    def _mend(self, history: History, attempt: Attempt) -> History:
        """Make a better file out of a good attempt's; the original stays."""
        assert attempt.repair_of is not None
        brief = history.generation.brief
        mended = history.attempt(attempt.repair_of)
        attempt = replace(attempt, server=mended.server, backend=mended.backend)
        started_s = self.monotonic()
        try:
            source = file_of(mended, self.blobs)
            if brief.kind is Kind.STILL:
                data = self.styles.recoloured(history.generation, mended, source)
                artifact = self.blobs.put(data, media_type=mending.STILL)
            else:
                assert self.clips is not None
                frames = timing.wanted_frames(brief, attempt.request)
                artifact = mending.deliverable(source, self.blobs, self.clips, frames=frames)
        except (Conflict, CorruptOutput, Unreadable) as error:
            return self.records.end(
                history, attempt, AttemptState.FAILED, failure=failure_of(error)
            )
        self.records.crash_point(Point.STORED)
        return self.records.end(
            history,
            attempt,
            AttemptState.PRODUCED,
            artifact=artifact,
            seconds=self.monotonic() - started_s,
        )

    def stop(self, attempt: Attempt) -> None:
        """Stop a job that nobody will collect; a server that is away does not keep us waiting."""
        try:
            self._server_of(attempt).cancel(attempt.prompt_id)
        except ServerDown as error:
            log.warning("%s may still run: %s", attempt.prompt_id, error)


def file_of(attempt: Attempt, blobs: Blobs) -> Path:
    """Return where an attempt's file is; `CorruptOutput` when it has none or is damaged."""
    if attempt.artifact is None:
        raise CorruptOutput(f"attempt {attempt.number} has no file")
    return blobs.path(attempt.artifact)


def _steps_run(rendered: Rendered, request: RenderRequest) -> int:
    """Return the steps seen, or the request's when the socket missed an uncached run."""
    return rendered.sampler_steps or (0 if rendered.cached else request.steps)
