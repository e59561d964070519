"""A renderer without a network, for tests of what calls one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import MappingProxyType

from tower_anime.domain.graph import Catalog
from tower_anime.domain.progress import Progress
from tower_anime.errors import Cancelled, ExecutionFailed, Interrupted, OutOfMemory
from tower_anime.ports import Rendered, RenderJob, ServerFacts

Script = Callable[[RenderJob, int], Rendered | Exception]
"""(job, number of the call of `render`, from 1) → what the server makes of it."""


class FakeRenderer:
    """A `Renderer` that plays a script and keeps to the one rule: a job runs once.

    `posts` holds the ids of the jobs in the order of their submission, `jobs` what was submitted.
    A second render of a job that ended on the server, well or not, gives its first outcome; any
    other error of the script (server down, lost, refused) leaves the job to be submitted again.
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
        self._outcomes: dict[str, Rendered | Exception] = {}
        self.posts: list[str] = []
        self.jobs: dict[str, RenderJob] = {}
        self.stopped: list[str] = []
        self.inputs: dict[str, bytes] = {}
        self.freed = 0
        self.calls = 0
        self.closed = False

    @property
    def url(self) -> str:
        """The server's address."""
        return self._url

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

    def version(self) -> str:
        """Return the version that `facts` tells."""
        return self.facts().version

    def backend(self) -> str:
        """Return what was given."""
        return self._backend

    def catalog(self, *, fresh: bool = False) -> Catalog:  # noqa: ARG002 - it never changes
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
        """Play the script for a new job, repeat the outcome of one that ended."""
        with self._lock:
            self.calls += 1
            call = self.calls
        outcome = self._outcomes.get(job.prompt_id)
        if outcome is None and cancelled():
            raise Cancelled("cancelled before it was submitted")
        if outcome is None:
            self.posts.append(job.prompt_id)
            self.jobs[job.prompt_id] = job
        on_submitted()
        for progress in self._progress if outcome is None else ():
            on_progress(progress)
            if cancelled():
                self.cancel(job.prompt_id)
                raise Cancelled("cancelled; the server let go of the job")
        outcome = outcome or self._script(job, call)
        if isinstance(outcome, Rendered | OutOfMemory | ExecutionFailed | Interrupted):
            self._outcomes[job.prompt_id] = outcome
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def cancel(self, prompt_id: str) -> bool:
        """Record whom somebody wants stopped."""
        self.stopped.append(prompt_id)
        return True

    def upload(self, data: bytes, name: str) -> str:
        """Keep an input; as on a real server, other bytes under a taken name get another one."""
        stem, dot, suffix = name.rpartition(".")
        free, number = name, 0
        while self.inputs.get(free, data) != data:
            number += 1
            free = f"{stem} ({number}){dot}{suffix}"
        self.inputs[free] = data
        return free

    def free(self) -> None:
        """Count how often memory was to be given back."""
        self.freed += 1

    def close(self) -> None:
        """Record that connections were given up."""
        self.closed = True
