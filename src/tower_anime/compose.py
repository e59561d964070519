"""The only place where adapters meet the pipeline."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from urllib.parse import urlsplit

from tower_anime.adapters.blobs import FileBlobs
from tower_anime.adapters.clip_frame import jpeg_frame
from tower_anime.adapters.clips import AvClips
from tower_anime.adapters.comfy import ComfyRenderer
from tower_anime.adapters.engine_crew import CARRIER
from tower_anime.adapters.engine_workers import Workers
from tower_anime.adapters.folder_library import FolderLibrary
from tower_anime.adapters.jellyfin import JellyfinLibrary
from tower_anime.adapters.jellyfin_http import JellyfinServer
from tower_anime.adapters.media import OpenCvMedia
from tower_anime.adapters.memory import few_arenas, give_back
from tower_anime.adapters.recent_media import RecentMedia
from tower_anime.adapters.store import migrate
from tower_anime.adapters.store.store import SqlStore
from tower_anime.adapters.thumbnails import Thumbnails
from tower_anime.analytics import FigureKeeper
from tower_anime.directors import open_card, open_chats, open_director
from tower_anime.domain.brief import Brief
from tower_anime.domain.generation import (
    Generation,
    GenerationStatus,
    History,
    PersonDecision,
    PersonReview,
    new_generation_id,
)
from tower_anime.errors import BadInput, Conflict, NotFound
from tower_anime.graph import ready
from tower_anime.graph.source import Source, parse_source
from tower_anime.inspection import installed_models
from tower_anime.looks import LookKeeper
from tower_anime.own_sandbox import own_sandbox, prepare_folder
from tower_anime.pipeline.live import Live
from tower_anime.pipeline.memory import Teacher
from tower_anime.pipeline.people import calibrated
from tower_anime.pipeline.reconcile import Reconciler
from tower_anime.pipeline.steps import Pipeline
from tower_anime.pipeline.styling import MeasuredStyles, NoStyles
from tower_anime.pipeline.turns import Turns
from tower_anime.ports import Advance, Chat, Engine, Library, Renderer
from tower_anime.profiles import find_profile
from tower_anime.settings import Settings
from tower_anime.upkeep import every, sweep_orphans

log = logging.getLogger(__name__)

WORKFLOWS_KEPT = 64  # parsed; a large one costs a tenth of a second to read
LOOK_EVERY_S = 0.5  # detached work is seen at once; a look costs about a millisecond
WAKE_PAUSE_S = 0.1  # between looks when places become free faster
HOUSE_GRACE_S = 1.0
"""How long a generation may lack a run before `serve` takes it: its creator needs milliseconds."""

GUEST_GRACE_S = 5.0
"""The same beside a possible `serve`, which shall be faster."""

PUBLISH_LOOK_S = 1.0  # the reconciler itself looks every 5 s
TRIM_EVERY_S = 60.0  # freed memory goes back to the system; a few milliseconds
SWEEP_EVERY_S = 6 * 3600.0  # orphans need days to matter
DRAIN_S = 10.0  # what renders longer is left at its server, for the next start to collect
UPKEEP_END_S = 5.0
"""A cold start compiles and imports OpenCV; on a slow disk that takes seconds."""


@dataclass
class Pulse:
    """When the working loop last finished a round (monotonic, s)."""

    last_s: float = field(default_factory=time.monotonic)

    def beat(self) -> None:
        """Note that a round is done."""
        self.last_s = time.monotonic()

    @property
    def age_s(self) -> float:
        """How long ago the last round ended."""
        return time.monotonic() - self.last_s


@dataclass(frozen=True, kw_only=True)
class App:
    """A running product: what the command line and the server work with."""

    settings: Settings
    store: SqlStore
    blobs: FileBlobs
    engine: Engine
    renderers: Sequence[Renderer]
    live: Live
    reconciler: Reconciler
    turns: Turns
    thumbnails: Thumbnails
    figures: FigureKeeper
    looks: LookKeeper
    simulated: bool
    pulse: Pulse = field(default_factory=Pulse)

    def create(
        self,
        brief: Brief,
        *,
        key: str | None = None,
        batch_id: str | None = None,
        shot_id: str | None = None,
    ) -> Generation:
        """Store a generation and queue it; the same `key` returns the first one.

        `Conflict` when the key was used for another wish, or where nothing waits for tomorrow
        and the project's budget for today is spent.
        """
        if self.turns.limit is None and (reason := self.turns.why_wait(brief.project)):
            raise Conflict(reason)
        wanted = replace(
            generation_of(self.settings, brief, self.store), batch_id=batch_id, shot_id=shot_id
        )
        generation = self.store.add_generation(wanted, key=key)
        if key is not None and generation.brief != brief:
            raise Conflict(f"the key {key!r} was used for another request; take a new one")
        if not generation.status.over and self.turns.may_go_now(brief.project):
            self.engine.submit(generation.id)
            self.turns.note_submitted(generation.id)
        return generation

    def retry(self, generation_id: str) -> Generation:
        """Ask for the same again, as a new generation; `Conflict` while it is not over."""
        old = self.store.history(generation_id).generation
        if not old.status.over:
            raise Conflict(f"the generation is not over: {old.status}")
        return self.create(old.brief, batch_id=old.batch_id, shot_id=old.shot_id)

    def undo_review(self, generation_id: str) -> History:
        """Take a person's newest decision back; what was not over goes on."""
        status = self.store.undo_review(generation_id)
        if not status.over:
            self.engine.submit(generation_id, run=_moment())
        return self.store.history(generation_id)

    def cancel(self, generation_id: str) -> GenerationStatus:
        """Ask for cancellation; `Conflict` when it is over."""
        status = self.store.request_cancel(generation_id)
        if status.over:
            raise Conflict(f"the generation is over: {status}")
        return status

    def review(
        self, generation_id: str, decision: PersonDecision, *, reasons: Sequence[str], note: str
    ) -> History:
        """Record a person's decision and publish what was approved."""
        history = self.store.history(generation_id)
        review, status = review_of(history, decision, reasons=reasons, note=note)
        self.store.save_review(generation_id, review, status=status)
        self.engine.submit(generation_id, run=_moment())
        return self.store.history(generation_id)

    def artifact(self, sha256: str) -> Path:
        """Return the path of one of our files; `NotFound` for an unknown one."""
        return self.blobs.find(sha256)

    def thumbnail(self, sha256: str, size_px: int) -> Path:
        """Return a small WebP of one of our files, made once; `Unreadable` for no picture."""
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            raise NotFound(f"there is no file with the SHA-256 {sha256}")
        return self.thumbnails.of(sha256, size_px, lambda: self.blobs.find(sha256))

    def workers(self) -> tuple[dict[str, object], ...]:
        """Return the processes that work on this data folder, and what this one works on."""
        living = sorted(Workers(self.settings.data_dir / "workers").living())
        return tuple(_worker_view(name, self.engine.active()) for name in living)


@contextmanager
def open_app(
    settings: Settings,
    *,
    role: str,
    first_contact_s: float | None = None,
    keeps_house: bool = False,
    sandbox: Callable[[], str] | None = None,
) -> Iterator[App]:
    """Open store, servers and engine, and close them again.

    `role` names the process among others on the same data folder (`serve`, `generate`).
    `keeps_house`: take up detached work at once, complete publications, remove orphan files.
    Without a configured server the built-in sandbox is started and stopped along, unless one
    is running: `sandbox` is a wait for its address.
    """
    few_arenas()
    prepare_folder(settings.data_dir)
    with contextlib.ExitStack() as stack:
        sandbox = sandbox or stack.enter_context(own_sandbox(settings))
        upgrade_database(settings)
        from tower_anime.adapters.engine_dbos import DbosEngine  # importing dbos takes a second

        store = SqlStore(settings.store_url)
        stack.callback(store.close)
        renderers = open_renderers(settings, (sandbox(),) if sandbox else settings.comfy_urls)
        for renderer in renderers:
            stack.callback(renderer.close)
        chats = open_chats(settings)
        for chat in chats:
            stack.callback(chat.close)
        turns = Turns(store=store, limit=settings.concurrency * 4 if keeps_house else None)
        pipeline = pipeline_of(
            settings,
            store,
            renderers,
            turns=turns,
            chats=chats,
            first_contact_s=first_contact_s,
            connect=stack.enter_context(_other_servers(settings)),
        )
        wake = threading.Event()

        def advance(generation_id: str) -> Advance:
            done = pipeline.advance(generation_id)
            if done.done and turns.backlog:
                wake.set()
            return done

        engine = DbosEngine(
            advance=advance,
            url=_engine_url(settings),
            data_dir=settings.data_dir,
            role=role,
            concurrency=settings.concurrency,
            on_error=pipeline.broke,
            on_parked=pipeline.parked,
        )
        turns.engine = engine
        reconciler = Reconciler(
            store=store,
            engine=engine,
            work=pipeline,
            turns=turns if keeps_house else None,
            grace_s=HOUSE_GRACE_S if keeps_house else GUEST_GRACE_S,
        )
        blobs = open_blobs(settings)
        thumbnails = Thumbnails(
            settings.data_dir / "thumbnails", lambda path: OpenCvMedia().decode_still(path).frame
        )
        app = App(
            settings=settings,
            store=store,
            blobs=blobs,
            engine=engine,
            renderers=renderers,
            live=pipeline.live,
            reconciler=reconciler,
            turns=turns,
            thumbnails=thumbnails,
            figures=FigureKeeper(store),
            looks=LookKeeper(
                store, lambda name: thumbnails.print_of(name, lambda: blobs.find(name))
            ),
            simulated=sandbox is not None,
        )
        engine.start()
        stack.callback(engine.stop, drain_s=DRAIN_S)
        with _upkeep(app, wake, keeps_house=keeps_house):
            yield app


def _publish_until(stopping: threading.Event, reconciler: Reconciler) -> None:
    while not stopping.wait(PUBLISH_LOOK_S):
        reconciler.look_at_publications()


@contextmanager
def _upkeep(app: App, wake: threading.Event, *, keeps_house: bool) -> Iterator[None]:
    """Compare rows and files with what is worked on, in a thread, until the end.

    `wake` is set when a place became free for what waits.
    """
    stopping = threading.Event()
    if keeps_house:
        wake.set()  # what the dead left is looked for at once

    def keep() -> None:
        trims, sweeps = every(TRIM_EVERY_S), every(SWEEP_EVERY_S)
        while not stopping.wait(WAKE_PAUSE_S):
            wake.wait(LOOK_EVERY_S - WAKE_PAUSE_S)
            wake.clear()
            if stopping.is_set():
                return
            app.reconciler.look(publish=False)
            app.pulse.beat()
            if trims():
                give_back()
            if keeps_house and sweeps():
                sweep_orphans(app.settings)

    works = [keep]
    if keeps_house:  # apart from it: a library's server may take its time
        works.append(lambda: _publish_until(stopping, app.reconciler))
    threads = [threading.Thread(target=work, name="upkeep", daemon=True) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopping.set()
        wake.set()
        ends_at_s = time.monotonic() + UPKEEP_END_S
        for thread in threads:
            thread.join(max(0.0, ends_at_s - time.monotonic()))


@contextmanager
def _other_servers(settings: Settings) -> Iterator[Callable[[str], Renderer]]:
    """Yield what opens servers that dead processes used, each once."""
    opened: dict[str, ComfyRenderer] = {}
    lock = threading.Lock()

    def connect(url: str) -> Renderer:
        with lock:
            if url not in opened:
                near = urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")
                (opened[url],) = open_renderers(settings, (url,), down_after_s=0.0 if near else 5.0)
            return opened[url]

    try:
        yield connect
    finally:
        for renderer in opened.values():
            renderer.close()


def engine_hangs() -> bool:
    """Whether threads of a stopped engine still wait for a database that is gone.

    Python would wait for them at its exit, however long that takes.
    """
    waiting = [thread for thread in threading.enumerate() if thread.name == CARRIER]
    deadline_s = time.monotonic() + UPKEEP_END_S
    for thread in waiting:
        thread.join(max(0.0, deadline_s - time.monotonic()))
    return any(thread.is_alive() for thread in waiting)


def open_renderers(
    settings: Settings,
    urls: Sequence[str],
    *,
    down_after_s: float = 5.0,
    read_timeout_s: float = 30.0,
) -> tuple[ComfyRenderer, ...]:
    """Return a client for each server; nothing is contacted yet.

    `down_after_s` is how long a call tries a server that does not answer, `read_timeout_s` how
    long it waits for one answer.
    """
    token = settings.comfy_token.get_secret_value() if settings.comfy_token else None
    headers = {name: value.get_secret_value() for name, value in settings.comfy_headers.items()}
    return tuple(
        ComfyRenderer(
            url,
            token=token,
            headers=headers,
            silence_limit_s=settings.comfy_silence_limit_s,
            blind_limit_s=settings.comfy_blind_limit_s,
            down_after_s=down_after_s,
            read_timeout_s=read_timeout_s,
        )
        for url in urls
    )


def open_store(settings: Settings) -> SqlStore:
    """Open the database alone, upgraded; for commands that only look."""
    prepare_folder(settings.data_dir)
    upgrade_database(settings)
    return SqlStore(settings.store_url)


def upgrade_database(settings: Settings) -> list[str]:
    """Bring the database to this version's schema after a backup; returns what was applied."""
    prepare_folder(settings.data_dir)
    return migrate.upgrade(settings.store_url, backup_dir=settings.data_dir / "backups")


def review_of(
    history: History, decision: PersonDecision, *, reasons: Sequence[str], note: str
) -> tuple[PersonReview, GenerationStatus]:
    """Return a person's decision on what stands for a generation, and the status that follows."""
    attempt = history.generation.chosen_attempt or len(history.attempts)
    if not attempt:
        raise Conflict("there is nothing to review yet: no attempt was made")
    if decision is PersonDecision.APPROVE and history.attempt(attempt).artifact is None:
        raise Conflict(f"there is nothing to approve: attempt {attempt} has no file")
    review = PersonReview(
        decision=decision,
        attempt=attempt,
        reasons=tuple(reasons),
        note=note,
        decided_at=datetime.now(UTC),
    )
    approved = decision is PersonDecision.APPROVE
    return review, GenerationStatus.APPROVED if approved else GenerationStatus.REJECTED


def _worker_view(name: str, active: Sequence[str]) -> dict[str, object]:
    """Return what the name of a process's lock says: place, role, process id."""
    role, _, pid = name.rpartition("-")[0].partition("-")[2].rpartition("-")
    mine = int(pid) == os.getpid()
    running = [run_id.rpartition(":")[0] for run_id in active] if mine else None
    return {"name": name, "role": role, "pid": int(pid), "running": running}


def _moment() -> int:
    """Return the run number of what happens now: each decision has its own."""
    return int(datetime.now(UTC).timestamp() * 1000)


def generation_of(settings: Settings, brief: Brief, store: SqlStore) -> Generation:
    """Return a new generation of a brief, judged by its profile as it stands now."""
    profile = find_profile(settings, brief.profile, kind=brief.kind.value)
    if settings.learning:
        profile = calibrated(store, profile, sandbox=not settings.comfy_urls)
    return Generation(
        id=new_generation_id(),
        brief=brief,
        profile=profile,
        created_at=datetime.now(UTC),
    )


def open_blobs(settings: Settings) -> FileBlobs:
    """Return our own files."""
    return FileBlobs(settings.data_dir / "artifacts")


def open_library(settings: Settings) -> Library:
    """Return where approved work goes: the folder, and the Jellyfin that shows it if there is one.

    Nothing is contacted yet; `BadInput` when Jellyfin's key is missing.
    """
    return open_jellyfin(settings) or FolderLibrary(settings.library_folder)


def open_jellyfin(settings: Settings, *, ends_at_s: float | None = None) -> JellyfinLibrary | None:
    """Return the configured Jellyfin; None without one. `ends_at_s`: when calls are over."""
    if settings.jellyfin_url is None:
        return None
    if settings.jellyfin_api_key is None:
        raise BadInput(
            "TOWER_JELLYFIN_URL is set without TOWER_JELLYFIN_API_KEY; "
            "make a key in Jellyfin's dashboard under API keys"
        )
    return JellyfinLibrary(
        files=FolderLibrary(settings.library_folder),
        server=JellyfinServer(
            settings.jellyfin_url,
            settings.jellyfin_api_key.get_secret_value(),
            ends_at_s=ends_at_s,
        ),
        folder=settings.library_folder,
        seen_as=settings.jellyfin_library_dir or str(settings.library_folder),
    )


def pipeline_of(
    settings: Settings,
    store: SqlStore,
    renderers: Sequence[Renderer],
    *,
    turns: Turns | None = None,
    chats: Sequence[Chat] = (),
    first_contact_s: float | None = None,
    connect: Callable[[str], Renderer] | None = None,
    library: Library | None = None,
) -> Pipeline:
    """Return the pipeline over a store and servers; without servers it draws nothing."""
    blobs = open_blobs(settings)
    media = RecentMedia(OpenCvMedia()) if chats else OpenCvMedia()
    turns = turns or Turns(store=store, limit=None)
    return Pipeline(
        store=store,
        blobs=blobs,
        media=media,
        library=library or open_library(settings),
        director=open_director(settings, chats, media=media, productions=store),
        renderers=renderers,
        workflow=lru_cache(WORKFLOWS_KEPT)(partial(workflow_source, blobs)),
        families=settings.model_families,
        card=open_card(settings, chats, renderers),
        teacher=Teacher(store if settings.learning else None),
        styles=MeasuredStyles(store, blobs, media) if settings.learning else NoStyles(),
        vision=installed_models(),
        first_contact_s=first_contact_s,
        connect=connect,
        is_paused=turns.is_paused,
        why_wait=turns.why_wait,
        productions=store,
        frame=jpeg_frame,
        clips=AvClips(),
        max_rating=settings.library_max_rating,
    )


def _engine_url(settings: Settings) -> str:
    if settings.database_url and not settings.database_url.startswith("sqlite"):
        return settings.database_url
    return f"sqlite:///{settings.data_dir / 'engine.sqlite'}"


def workflow_source(blobs: FileBlobs, key: str | None) -> Source:
    """Return the workflow that a brief names: one that comes along, or a kept file."""
    if key is None or ready.find(key):
        return Source(graph=ready.template(key or ready.DEFAULT))
    return parse_source(blobs.find(key.rpartition("@")[2]).read_text(encoding="utf-8"))
