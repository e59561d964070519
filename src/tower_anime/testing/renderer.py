"""A renderer without a network, for tests of what calls one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from types import MappingProxyType

from tower_anime.domain.graph import Catalog
from tower_anime.domain.progress import Progress
from tower_anime.errors import Cancelled
from tower_anime.ports import Rendered, RenderJob, ServerFacts

Script = Callable[[RenderJob, int], Rendered | Exception]
"""(job, number of the call of `render`, from 1) → what the server makes of it."""


class FakeRenderer:
    """A `Renderer` that plays a script and keeps to the one rule: a job runs once.

    `posts` holds the ids of the jobs in the order of their submission, `jobs` what was submitted.
    A second render of a job that ended well gives its first result; one that ended in an error
    is submitted again.
    """

    def __init__(
        self,
        script: Script,
        *,
        url: str = "http://fake.invalid",
        backend: str = "comfyui",
        catalog: Catalog = MappingProxyType({}),
        progress: tuple[Progress, ...] = (Progress(phase="running"),),
    ) -> None:
        self._script = script
        self._url = url
        self._backend = backend
        self._catalog = catalog
        self._progress = progress
        self._lock = threading.Lock()
        self._results: dict[str, Rendered] = {}
        self.posts: list[str] = []
        self.jobs: dict[str, RenderJob] = {}
        self.stopped: list[str] = []
        self.calls = 0
        self.closed = False

    @property
    def url(self) -> str:
        """The server's address."""
        return self._url

    @property
    def results(self) -> Mapping[str, Rendered]:
        """What each job came to."""
        return self._results

    def facts(self) -> ServerFacts:
        """Say what the server is."""
        return ServerFacts(
            url=self._url,
            version="0.33.0",
            backend=self._backend,
            has_jobs_api=True,
            previews="none",
            devices=(),
            vram_total_bytes=None,
            vram_free_bytes=None,
        )

    def catalog(self) -> Catalog:
        """Return the node classes on offer."""
        return self._catalog

    def queue_length(self) -> int:
        """Return 0: a job ends before its call returns."""
        return 0

    def render(
        self,
        job: RenderJob,
        *,
        on_submitted: Callable[[], None],
        on_progress: Callable[[Progress], None],
        cancelled: Callable[[], bool],
    ) -> Rendered:
        """Play the script for a new job, return the first result for one that ended well."""
        with self._lock:
            self.calls += 1
            call = self.calls
            known = self._results.get(job.prompt_id)
            if known is None and not cancelled():
                self.posts.append(job.prompt_id)
                self.jobs[job.prompt_id] = job
        if known is not None:
            on_submitted()
            return known
        if job.prompt_id not in self.jobs:
            raise Cancelled("cancelled before it was submitted")
        on_submitted()
        for progress in self._progress:
            on_progress(progress)
            if cancelled():
                self.cancel(job.prompt_id)
                raise Cancelled("cancelled; the server let go of the job")
        result = self._script(job, call)
        if isinstance(result, Exception):
            raise result
        return self._results.setdefault(job.prompt_id, result)

    def cancel(self, prompt_id: str) -> bool:
        """Record whom somebody wants stopped."""
        self.stopped.append(prompt_id)
        return True

    def close(self) -> None:
        """Record that connections were given up."""
        self.closed = True
