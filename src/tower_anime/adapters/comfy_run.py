"""What is known of one job while it is watched."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tower_anime.adapters.comfy_messages import (
    CONNECTION_LOST,
    Executing,
    ExecutionError,
    ExecutionInterrupted,
    ExecutionSuccess,
    Message,
    NodeProgress,
    Other,
    Preview,
    ProgressState,
)
from tower_anime.domain.progress import Progress
from tower_anime.ports import RenderJob

ASK_S = 0.1  # the caller's answer may cost a look into a database


@dataclass(frozen=True)
class Place:
    """A job in the queue; `position` counts those before it.

    `created_ms` is the server's own time (Unix, ms) of its submission, None where it says none.
    """

    server_id: str
    running: bool
    position: int
    created_ms: float | None = None


@dataclass
class Run:
    """What is known of one job while it is watched.

    `server_id` differs from the job's own id on servers that give ids themselves; `posted`: it
    may have reached the server; `posting`: a submission is on its way. `steps` holds the highest
    step seen of each sampler node: what the socket missed is not counted.
    """

    job: RenderJob
    report: Callable[[Progress], None]
    cancelled: Callable[[], bool]
    server_id: str
    samplers: frozenset[str]
    posted: bool = False
    posting: bool = False
    created_ms: float | None = None
    running: bool = False
    position: int | None = None
    succeeded: bool = False
    ended: bool = False
    steps: dict[str, int] = field(default_factory=dict)
    step: tuple[int, int] = (0, 0)
    node: str | None = None
    heard_at: float = field(default_factory=time.monotonic)
    asked_at: float = 0.0

    def must_stop(self) -> bool:
        """Ask the caller whether to go on, not more often than needed."""
        now = time.monotonic()
        if self.asked_at and now - self.asked_at < ASK_S:
            return False
        self.asked_at = now
        return self.cancelled()

    def tell(self, phase: str | None = None, preview: bytes | None = None) -> None:
        """Report the present state."""
        self.report(
            Progress(
                phase=phase or ("running" if self.running else "queued"),
                step=self.step[0],
                steps=self.step[1],
                node=self.node,
                queue_position=None if self.running else self.position,
                preview=preview,
            )
        )

    def see(self, place: Place) -> None:
        """Take what the queue says."""
        self.created_ms = place.created_ms or self.created_ms
        running = self.running or place.running
        if (running, place.position) == (self.running, self.position):
            return
        self.running, self.position = running, place.position
        self.heard_at = time.monotonic()
        self.tell()

    def hear(self, message: Message) -> bool:
        """Take what the socket says; whether HTTP should be asked at once.

        The end is told twice: as a success, an error or an interrupt, and when the history has
        it, as the end of executing. Only then is asking sure to be worth it; `ended` says that
        it will not take long.
        """
        if isinstance(message, Other):
            return message == CONNECTION_LOST
        if message.prompt_id not in (None, self.server_id):
            return False
        if message.prompt_id or isinstance(message, Preview):
            self.heard_at = time.monotonic()  # what is repeated after a reconnect has no id
        if isinstance(message, Executing) and message.node is None:
            return True
        if isinstance(message, ExecutionSuccess | ExecutionError | ExecutionInterrupted):
            self.succeeded, self.ended = isinstance(message, ExecutionSuccess), True
        else:
            self._go_on(message)
        return False

    def _go_on(self, message: Message) -> None:
        """Take what tells how far the job is."""
        if isinstance(message, Preview):
            self.running = True
            self.tell(preview=message.image)
        elif isinstance(message, NodeProgress):
            self._count(message)
        elif isinstance(message, ProgressState):
            self._catch_up(message)
        else:
            self._start(message.node if isinstance(message, Executing) else self.node)

    def _start(self, node: str | None) -> None:
        if not self.running or node != self.node:
            self.running, self.node = True, node
            self.tell()

    def _count(self, progress: NodeProgress) -> None:
        if progress.node in self.samplers:
            value = int(progress.value)
            self.steps[progress.node] = max(value, self.steps.get(progress.node, 0))
            self.running, self.node, self.step = True, progress.node, (value, int(progress.max))
            self.tell()

    def _catch_up(self, state: ProgressState) -> None:
        """Count what the socket missed; 1 of 1 is also what nodes without steps show there."""
        for progress in state.nodes:
            if progress.node in self.samplers and progress.max > 1:
                seen = self.steps.get(progress.node, 0)
                self.steps[progress.node] = max(int(progress.value), seen)
