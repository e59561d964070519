"""Generations against a server with random faults: is anything lost, doubled or mixed up?

    python -m tests.bench.client_faults [GENERATIONS]

The whole pipeline runs, from brief to library, on a sandbox that drops and mutes sockets, forgets
jobs, restarts, runs out of memory, draws black, truncates files, is late with its history and
answers with status 500. Everything is counted from the stored rows and the files themselves.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from tower_anime.adapters.blobs import FileBlobs
from tower_anime.adapters.comfy import ComfyRenderer
from tower_anime.adapters.folder_library import FolderLibrary
from tower_anime.adapters.media import OpenCvMedia
from tower_anime.adapters.store import migrate
from tower_anime.adapters.store.store import SqlStore
from tower_anime.assess.profiles import DRAFT
from tower_anime.direct.rules import RulesDirector
from tower_anime.domain.attempt import Attempt
from tower_anime.domain.brief import make_brief
from tower_anime.domain.generation import Generation, GenerationStatus, History, new_generation_id
from tower_anime.errors import Unavailable
from tower_anime.graph.ready import template
from tower_anime.graph.source import Source
from tower_anime.pipeline.steps import Pipeline
from tower_anime.sandbox.jobs import Job, JobQueue
from tower_anime.sandbox.server import SandboxConfig, running

GENERATIONS = 1000
IN_FLIGHT = 8
LIMIT_S = 180.0  # a generation that takes longer counts as hanging: 6 attempts with all their waits
SILENCE_S = 10.0
FAULTS = {
    "drop_socket": 0.08,
    "silent_socket": 0.05,
    "slow_history": 0.06,
    "oom": 0.04,
    "black": 0.02,
    "truncate": 0.04,
    "lost": 0.03,
    "restart": 0.01,
    "http_500": 0.02,
}


@dataclass(frozen=True)
class Outcome:
    """What became of all of them; the last five must be zero."""

    statuses: Counter[str]
    states: Counter[str]
    failures: Counter[str]
    attempts: int
    seconds: float
    slowest_s: float
    lost: int
    duplicated: int
    wrong_file: int
    untrue: int
    hanging: int

    @property
    def is_clean(self) -> bool:
        """Whether nothing went wrong that must not."""
        return not (self.lost or self.duplicated or self.wrong_file or self.untrue or self.hanging)


def measure(generations: int, *, seed: int = 1) -> Outcome:
    """Run so many generations, 8 at a time, and count."""
    with (
        tempfile.TemporaryDirectory() as folder,
        counting_doubles() as doubles,
        running(SandboxConfig(faults=FAULTS, fault_seed=seed)) as url,
    ):
        root = Path(folder)
        migrate.upgrade(f"sqlite:///{root / 't.sqlite'}", backup_dir=None)
        store = SqlStore(f"sqlite:///{root / 't.sqlite'}")
        client = ComfyRenderer(url, silence_limit_s=SILENCE_S, down_after_s=5.0)
        pipeline = Pipeline(
            store=store,
            blobs=FileBlobs(root / "artifacts"),
            media=OpenCvMedia(),
            library=FolderLibrary(root / "library"),
            director=RulesDirector(),
            renderers=(client,),
            workflow=lambda _key: Source(graph=template()),
        )
        begun = time.monotonic()
        ids = [_add(store, number) for number in range(generations)]
        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            times_s = list(pool.map(lambda i: _bring_to_end(pipeline, i), ids))
        seconds = time.monotonic() - begun
        outcome = _judged([store.history(i) for i in ids], times_s, len(doubles), seconds)
        client.close()
        store.close()
    return outcome


@contextmanager
def counting_doubles() -> Iterator[list[str]]:
    """Yield the ids of jobs that were submitted while the server still knew them."""
    doubles: list[str] = []
    put, lock = JobQueue.put, threading.Lock()

    def counted(queue: JobQueue, job: Job) -> None:
        with lock:
            if queue.job(job.prompt_id) is not None:
                doubles.append(job.prompt_id)
            put(queue, job)

    JobQueue.put = counted  # type: ignore[method-assign]
    try:
        yield doubles
    finally:
        JobQueue.put = put  # type: ignore[method-assign]


def _add(store: SqlStore, number: int) -> str:
    brief = make_brief(
        prompt=f"1girl, umbrella, number {number}",
        profile="draft",
        parameters={"width": 256, "height": 256, "steps": 20, "seed": number},
        max_attempts=6,
    )
    profile = replace(DRAFT, min_width=64, min_height=64, threshold=0.3)
    generation = Generation(id=new_generation_id(), brief=brief, profile=profile)
    return store.add_generation(generation).id


def _bring_to_end(pipeline: Pipeline, generation_id: str) -> float:
    """Advance as an engine does; returns the seconds it took, over the limit when it hangs."""
    begun = time.monotonic()
    while time.monotonic() - begun < LIMIT_S:
        try:
            if pipeline.advance(generation_id).done:
                return time.monotonic() - begun
        except Unavailable:
            time.sleep(0.2)
    return LIMIT_S + 1


def _judged(
    histories: list[History], times_s: list[float], duplicated: int, seconds: float
) -> Outcome:
    attempts = [(h, a) for h in histories for a in h.attempts]
    return Outcome(
        statuses=Counter(h.generation.status.value for h in histories),
        states=Counter(a.state.value for _, a in attempts),
        failures=Counter(a.failure.failure_class for _, a in attempts if a.failure),
        attempts=len(attempts),
        seconds=round(seconds, 1),
        slowest_s=round(max(times_s), 1),
        lost=sum(not h.generation.status.over for h in histories),
        duplicated=duplicated,
        wrong_file=sum(_is_wrong(h, a) for h, a in attempts),
        untrue=sum(not _is_true(h) for h in histories),
        hanging=sum(time_s > LIMIT_S for time_s in times_s),
    )


def _is_wrong(history: History, attempt: Attempt) -> bool:
    """Whether an attempt's file was made for another one: the graph inside it says for which."""
    assessment = attempt.assessment
    if attempt.artifact is None or assessment is None or assessment.error:
        return False
    texts = OpenCvMedia().decode_still(Path(attempt.artifact.path)).texts
    nodes = json.loads(texts["prompt"]).values()
    prefix = next(n["inputs"]["filename_prefix"] for n in nodes if n["class_type"] == "SaveImage")
    return bool(prefix != f"tower/{history.generation.id[:8]}_{attempt.number:02d}")


def _is_true(history: History) -> bool:
    """Whether the status says what happened: approved has a passing, published file; failed none.

    A failed generation says why, and one that was measured is not failed.
    """
    generation = history.generation
    scored = [a for a in history.attempts if a.assessment and a.assessment.score is not None]
    if generation.status is GenerationStatus.APPROVED:
        chosen = history.attempt(generation.chosen_attempt or 0)
        publication = history.publication
        file = Path(str(publication.location)) if publication else None
        passed = chosen.assessment is not None and chosen.assessment.verdict == "pass"
        return bool(
            passed
            and chosen.artifact
            and file
            and file.read_bytes() == Path(chosen.artifact.path).read_bytes()
        )
    if generation.status is GenerationStatus.FAILED:
        return generation.failure is not None and not scored
    return generation.status.over and bool(scored)


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else GENERATIONS
    print(datetime.now().astimezone().isoformat(timespec="seconds"), measure(wanted))
