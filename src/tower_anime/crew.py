"""Many files assessed by several processes, in the order in which they were named.

Processes are spawned, never forked: OpenCV's threads do not survive a fork. Each works on one file
at a time, so that a decoder that crashes or hangs costs that file alone; what else the process had
in hand is done by others. Large pictures are looked at one at a time, whatever the number of
processes: a single one takes half a gigabyte.
"""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import signal
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import product
from multiprocessing import connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, TypeAlias

import cv2

from tower_anime.adapters.clips import CLIP_SUFFIXES
from tower_anime.adapters.media import pixels_in
from tower_anime.adapters.memory import few_arenas, give_back
from tower_anime.assess import judge
from tower_anime.inspection import Look, Profiles, Showing, Wanted, look_at

AHEAD = 8
"""How many files for each process may be finished before their turn comes."""

_IN_HAND = 1  # files that each process has beside the one it works on, so that it never waits

ALONE_UP_TO = 8
"""So many files are assessed faster in this process than others start."""

LARGE_PIXELS = 8_000_000
"""From so many pixels on, one picture at a time."""

_MOST_WORDS = 16_384  # characters
_PATIENCE_S, _PATIENCE_S_PER_MB = 60.0, 20.0  # for one file; a slow machine needs a tenth of it
_LOOK_S = 1.0
_TURN_S, _TURN_LOOK_S = 30.0, 0.02  # shorter than the patience: waiting is no hanging

Task: TypeAlias = tuple[int, Wanted]


def jobs_for(asked: int | None, files: int) -> int:
    """Return how many processes to use: as asked, else one for few files and all cores for many."""
    if asked is not None:
        return max(1, min(asked, files))
    return 1 if files <= ALONE_UP_TO else max(1, min(os.cpu_count() or 1, files // 4))


def look_at_all(
    files: Sequence[Wanted], profiles: Profiles, *, jobs: int, showing: Showing
) -> Iterator[Look]:
    """Yield a look at each file, in order; with several jobs in processes of their own."""
    if jobs <= 1:
        few_arenas()
        for file in files:
            yield _look_at(file, profiles, showing)
        return
    with tempfile.NamedTemporaryFile(prefix="tower-anime-") as turn:
        crew = [_Worker(_portable(profiles), showing, Path(turn.name)) for _ in range(jobs)]
        try:
            yield from _in_order(files, crew, profiles)
        finally:
            for worker in crew:
                worker.stop()


def _in_order(files: Sequence[Wanted], crew: list[_Worker], profiles: Profiles) -> Iterator[Look]:
    done: dict[int, Look] = {}
    left: deque[Task] = deque()
    given = following = 0
    while following < len(files):
        for ahead, worker in product(range(1 + _IN_HAND), crew):
            if not left and given < min(len(files), following + AHEAD * len(crew)):
                left.append((given, files[given]))
                given += 1
            if left and len(worker.tasks) == ahead and worker.takes(left[0]):
                worker.give(left.popleft())
        for worker in _ready(crew):
            number, file = worker.tasks[0]
            found = worker.take()
            done[number] = found if isinstance(found, Look) else _failed(file, profiles, found)
            if worker.process is None:
                left.extendleft(reversed(worker.tasks))
                worker.tasks.clear()
        while following in done:
            yield done.pop(following)
            following += 1


def _ready(crew: list[_Worker]) -> list[_Worker]:
    """Return the workers that answered, died or are out of patience; waits for one of them."""
    busy = [worker for worker in crew if worker.tasks]
    answered = connection.wait([worker.channel for worker in busy], timeout=_LOOK_S)
    return [worker for worker in busy if worker.channel in answered or worker.is_late()]


def _failed(file: Wanted, profiles: Profiles, why: tuple[str, str]) -> Look:
    kind = "clip" if _is_clip(file.path) else "still"
    found = judge.unreadable(
        kind_of_error=why[0],
        message=why[1],
        kind="video" if kind == "clip" else "image",
        profile=profiles[file.profile, kind],
    )
    return Look(path=file.path, assessment=found)


@dataclass
class _Worker:
    """One process, the file it works on and what it has in hand; started when it gets a file."""

    profiles: Profiles
    showing: Showing
    turn: Path
    process: SpawnProcess | None = None
    channel: Any = None
    tasks: deque[Task] = field(default_factory=deque)
    until_s: float = 0.0

    def takes(self, task: Task) -> bool:
        """Whether a file may wait here: behind a picture, which is soon done, and no clip itself.

        Words that would fill the channel don't wait: a process that answers does not listen.
        """
        if not self.tasks:
            return True
        file = task[1]
        words = len(file.prompt or "") + len(file.negative)
        return words < _MOST_WORDS and not (_is_clip(self.tasks[0][1].path) or _is_clip(file.path))

    def give(self, task: Task) -> None:
        if self.process is None:
            self._start()
        self.tasks.append(task)
        if len(self.tasks) == 1:
            self._begin(task)
        with suppress(OSError):  # it has died: `take` finds that out
            self.channel.send(task[1])

    def _begin(self, task: Task) -> None:
        self.until_s = time.monotonic() + _patience_s(task[1].path)

    def is_late(self) -> bool:
        return time.monotonic() > self.until_s

    def take(self) -> Look | tuple[str, str]:
        """Return the answer for the first file, or the word and message of why there is none.

        Without an answer the process has ended, and the other files are still to be done.
        """
        self.tasks.popleft()
        late = self.is_late()
        try:
            if not late and self.channel.poll(0):
                look: Look = self.channel.recv()
                if self.tasks:
                    self._begin(self.tasks[0])
                return look
        except (EOFError, OSError):
            late = False
        self.stop()
        if late:
            return "timeout", "reading the file took too long and was given up"
        return "crashed", "a decoder crashed on this file"

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.channel, theirs = context.Pipe()
        arguments = (theirs, self.profiles, self.showing, self.turn)
        self.process = context.Process(target=_work, args=arguments, daemon=True)
        self.process.start()
        theirs.close()

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.kill()
        self.process.join()
        self.channel.close()
        self.process = self.channel = None


def _work(channel: Any, profiles: Profiles, showing: Showing, turn: Path) -> None:
    """Look at one file after the other; an interrupt is the parent's to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    few_arenas()
    cv2.setNumThreads(1)  # the other cores have files of their own
    while True:
        try:
            file: Wanted = channel.recv()
        except EOFError:
            return
        with _turn_for(file.path, turn):
            look = _look_at(file, profiles, showing)
        channel.send(look)


def _look_at(file: Wanted, profiles: Profiles, showing: Showing) -> Look:
    """Look at a file; what a large picture took goes back to the system before the next one."""
    look = look_at(file, profiles, showing)
    if look.assessment.width * look.assessment.height >= LARGE_PIXELS:
        give_back()
    return look


@contextmanager
def _turn_for(path: Path, turn: Path) -> Iterator[None]:
    """Wait while another process looks at a large picture, if this one is large too.

    The lock is the file's, so that a process which dies gives it back; who hangs holds up the
    others for a while only.
    """
    if _is_clip(path) or pixels_in(path) < LARGE_PIXELS:
        yield
        return
    with turn.open("rb") as lock:
        _wait_for(lock.fileno())
        yield


def _wait_for(lock: int) -> None:
    until_s = time.monotonic() + _TURN_S
    while time.monotonic() < until_s:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_TURN_LOOK_S)
        else:
            return


def _is_clip(path: Path) -> bool:
    return path.suffix.lower() in CLIP_SUFFIXES


def _portable(profiles: Profiles) -> Profiles:
    """Return the profiles as they can be sent to another process."""
    return {
        key: replace(
            profile,
            actions=dict(profile.actions),
            severities=dict(profile.severities),
            relax=dict(profile.relax),
        )
        for key, profile in profiles.items()
    }


def _patience_s(path: Path) -> float:
    try:
        size = path.stat().st_size
    except OSError:
        size = 0
    return _PATIENCE_S + _PATIENCE_S_PER_MB * size / 2**20
