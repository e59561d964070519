"""What `serve` does beside its work: sampling, alerts, figures, telling others."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from tower_anime.adapters.notify import Apprise, Webhooks
from tower_anime.adapters.system import MachineProbe
from tower_anime.compose import App, open_renderers
from tower_anime.domain.alert import Alert
from tower_anime.domain.figures import Slice
from tower_anime.domain.generation import Event
from tower_anime.domain.notice import PAUSES, Notice, is_told
from tower_anime.domain.queue import PAUSED
from tower_anime.domain.sample import GpuSample, Sample, ServerSample
from tower_anime.errors import ServerDown, Unavailable
from tower_anime.monitor import alerts
from tower_anime.monitor.alerts import RULES, Reading, Watch
from tower_anime.monitor.reports import Figures, quality
from tower_anime.monitor.samples import Flat, coarse, flat
from tower_anime.monitor.trend import Trend
from tower_anime.ports import Notifier, Probe, Renderer
from tower_anime.settings import Settings
from tower_anime.teachings import moved_styles

log = logging.getLogger(__name__)

FINE_S, COARSE_S = 5, 300
KEEP_FINE, KEEP_COARSE = timedelta(days=1), timedelta(days=90)
WRITTEN_AT_ONCE = 3  # fine samples: a commit every 15 s costs the disk nothing
FIGURES_EVERY_S = 2.0
REST = 20.0  # figures are left alone this many times as long as they took
LOOKS_EVERY_S = 10.0
LOOKS_REST = 4.0  # pictures are compared in a fifth of the time, what is drawn goes first
TREND_EVERY_S = 600.0
TREND_DAYS = 30
NOTICES_EVERY_S = 1.0
GONE_FOR = timedelta(minutes=10)
_LASTING_ROLES = ("serve", "worker")
LEFT = "worker_left"


@dataclass
class Operations:
    """The newest sample, and the machinery that makes it. One per process."""

    app: App
    probe: Probe
    servers: Sequence[Renderer]
    latest: Sample | None = None
    _fine: list[tuple[datetime, Flat]] = field(default_factory=list)
    _window: list[Flat] = field(default_factory=list)
    _window_began: datetime | None = None
    _watches: dict[tuple[str, str], Watch] = field(default_factory=dict)
    _trend: Trend | None = None
    _trend_due_s: float = float("-inf")
    _styles: list[Reading] = field(default_factory=list)
    _styles_due_s: float = float("-inf")
    _workers: frozenset[str] = frozenset()
    _gone: dict[str, datetime] = field(default_factory=dict)
    _seq: int = 0

    def begin(self) -> None:
        """Take up the alerts that are open."""
        for alert in self.app.store.open_alerts():
            if alert.kind in RULES:
                self._watches[alert.kind, alert.subject] = Watch(is_raised=True)
        self._seq = self.app.store.last_event()

    def look(self, now: datetime) -> Sample:
        """Sample once, keep it, and raise and resolve alerts."""
        sample = self.latest = self._sample(now)
        self._keep(sample)
        readings = alerts.readings(
            sample,
            paused=bool(self.app.store.switch(PAUSED)),
            failures_in_a_row=alerts.failures_in_a_row(self.app.store.latest_states()),
            score=self._score_trend(),
        )
        readings += self._gone_workers(sample, now)
        readings += self._moved_styles()
        self._judge(readings, now)
        return sample

    def _judge(self, readings: Sequence[Reading], now: datetime) -> None:
        seen = {(reading.kind, reading.subject) for reading in readings}
        after, raised, over = alerts.look(self._watches, readings, now)
        gone = [key for key, watch in after.items() if key not in seen and watch.is_raised]
        for alert in raised:
            self._raise(alert)
        for kind, subject in (*over, *gone):
            self.app.store.resolve_alert(kind, subject)
        self._watches = {key: watch for key, watch in after.items() if key in seen}

    def _raise(self, alert: Alert) -> None:
        if self.app.store.raise_alert(alert):
            log.warning("%s: %s", alert.kind, alert.message)

    def _sample(self, now: datetime) -> Sample:
        servers, gpus = [], list(self.probe.gpus())
        for renderer in self.servers:
            server, cards = _server_sample(renderer)
            servers.append(server)
            gpus += cards
        queued, working = self.app.store.unfinished_counts()
        oldest = self.app.store.oldest_waiting() if queued else None
        return Sample(
            at=now,
            host=self.probe.host(),
            gpus=tuple(gpus),
            servers=tuple(servers),
            queued=queued,
            working=working,
            oldest_wait_s=max(0.0, (now - oldest).total_seconds()) if oldest else 0.0,
            workers=tuple(str(worker["name"]) for worker in self.app.workers()),
        )

    def _keep(self, sample: Sample) -> None:
        numbers = flat(sample)
        self._fine.append((sample.at, numbers))
        self._window.append(numbers)
        self._window_began = self._window_began or sample.at
        store = self.app.store
        if len(self._fine) >= WRITTEN_AT_ONCE:
            store.add_samples(FINE_S, self._fine, keep=KEEP_FINE)
            self._fine = []
        if sample.at - self._window_began >= timedelta(seconds=COARSE_S):
            row = (self._window_began, coarse(self._window))
            store.add_samples(COARSE_S, [row], keep=KEEP_COARSE)
            self._window, self._window_began = [], None

    def _score_trend(self) -> Trend | None:
        """Return how scores develop, looked at every ten minutes."""
        if time.monotonic() >= self._trend_due_s:
            self._trend_due_s = time.monotonic() + TREND_EVERY_S
            backend = "sandbox" if self.app.simulated else "comfyui"
            since = _today() - timedelta(days=TREND_DAYS)
            of = Slice(since=since, backend=backend)
            sums = self.app.store.figures(("score",), of)
            self._trend = quality(Figures(sums)).trends["score_mean"]
        return self._trend

    def _moved_styles(self) -> list[Reading]:
        """Return how far each project's style moved, looked at every ten minutes."""
        if time.monotonic() >= self._styles_due_s and self.app.settings.learning:
            self._styles_due_s = time.monotonic() + TREND_EVERY_S
            found = moved_styles(self.app.store, sandbox=self.app.simulated)
            self._styles = [
                Reading(kind="style_moved", subject=project, value=share)
                for project, share in found.items()
            ]
        return self._styles

    def _gone_workers(self, sample: Sample, now: datetime) -> list[Reading]:
        """Return which lasting processes ended without a word, for ten minutes."""
        living = frozenset(sample.workers)
        events = self.app.store.events_after(self._seq)
        self._seq = events[-1].seq if events else self._seq
        left = {event.data.get("name") for event in events if event.kind == LEFT}
        for name in self._workers - living - left:
            if any(f"-{role}-" in name for role in _LASTING_ROLES):
                self._gone[name] = now
        self._workers = living
        readings = [
            Reading(kind="worker_gone", subject=name, value=float(now - since < GONE_FOR))
            for name, since in self._gone.items()
        ]
        self._gone = {n: since for n, since in self._gone.items() if now - since < GONE_FOR}
        return readings


def _server_sample(renderer: Renderer) -> tuple[ServerSample, list[GpuSample]]:
    try:
        facts = renderer.facts()
        queue = renderer.queue_length()
    except ServerDown as error:
        return ServerSample(url=renderer.url, answers=False, reason=str(error)), []
    cards = []
    if facts.vram_total_bytes:
        free = facts.vram_free_bytes or 0
        name = f"{facts.devices[0] if facts.devices else 'card'} at {renderer.url}"
        cards.append(
            GpuSample(
                name=name,
                source=renderer.url,
                memory_used_bytes=facts.vram_total_bytes - free,
                memory_total_bytes=facts.vram_total_bytes,
            )
        )
    return ServerSample(url=renderer.url, answers=True, queue=queue), cards


def _today() -> date:
    return datetime.now(UTC).date()


# ---- telling others -----------------------------------------------------------------------------


def target_name(kind: str, url: str) -> str:
    """Return a name for an address that does not give its secrets away."""
    return f"{kind}:{hashlib.sha256(url.encode()).hexdigest()[:12]}"


def open_notifiers(settings: Settings) -> dict[str, Notifier]:
    """Return who is told, by a name that may be stored."""
    notify = settings.notify
    secret = notify.webhook_secret.get_secret_value() if notify.webhook_secret else None
    found: dict[str, Notifier] = {}
    for address in notify.webhook_urls:
        url = address.get_secret_value()
        found[target_name("webhook", url)] = Webhooks(url, secret=secret)
    for address in notify.urls:
        url = address.get_secret_value()
        found[target_name("apprise", url)] = Apprise(url)
    return found


@dataclass
class Herald:
    """Tells each target of each event at least once, and again after ever longer pauses.

    What is to be told is stored first; a target that is configured no longer is given up.
    """

    app: App
    notifiers: dict[str, Notifier]

    def round(self, now: datetime) -> int:
        """Store what is new, deliver what is due; returns how many were delivered."""
        store = self.app.store
        until = store.told_until()
        if until is None or not self.notifiers:
            if until is None or until < (newest := store.last_event()):
                store.queue_notices([], [], until=store.last_event() if until is None else newest)
            return 0
        events = store.events_after(until)
        if events:
            told = [event.seq for event in events if is_told(event)]
            store.queue_notices(told, list(self.notifiers), until=events[-1].seq)
        return sum(self._deliver(notice, now) for notice in store.due_notices())

    def _deliver(self, notice: Notice, now: datetime) -> bool:
        notifier = self.notifiers.get(notice.target)
        if notifier is None:
            self.app.store.note_delivery(notice, reason="no longer configured", due_at=None)
            return False
        try:
            notifier.tell(notice.event)
        except Unavailable as error:
            due_at = now + PAUSES[notice.tries] if notice.tries < len(PAUSES) else None
            level = logging.WARNING if notice.tries == 0 or due_at is None else logging.INFO
            log.log(level, "event %d: %s: %s", notice.event.seq, notice.target, error)
            self.app.store.note_delivery(notice, reason=str(error), due_at=due_at)
            return False
        self.app.store.note_delivery(notice, reason=None, due_at=None)
        return True


# ---- threads ------------------------------------------------------------------------------------


@contextmanager
def operating(app: App) -> Iterator[Operations]:
    """Sample, alert, roll up and tell others in threads, until the end."""
    with contextlib.ExitStack() as stack:
        probe = MachineProbe(
            data_dir=app.settings.data_dir, library_dir=app.settings.library_folder
        )
        stack.callback(probe.close)
        urls = [renderer.url for renderer in app.renderers]
        servers = open_renderers(app.settings, urls, down_after_s=1.0, read_timeout_s=3.0)
        for server in servers:
            stack.callback(server.close)
        notifiers = open_notifiers(app.settings)
        for notifier in notifiers.values():
            stack.callback(notifier.close)
        operations = Operations(app=app, probe=probe, servers=servers)
        operations.begin()
        herald = Herald(app=app, notifiers=notifiers)
        stopping = threading.Event()

        def roll_up() -> float:
            began_s = time.monotonic()
            app.figures.refresh(pause=lambda took_s: stopping.wait(min(took_s, 1.0)))
            return max(FIGURES_EVERY_S, REST * (time.monotonic() - began_s))

        def look_alike() -> float:
            app.looks.refresh(pause=lambda took_s: stopping.wait(LOOKS_REST * took_s))
            return LOOKS_EVERY_S

        def sample() -> float:
            operations.look(datetime.now(UTC))
            return float(FINE_S)

        def tell() -> float:
            herald.round(datetime.now(UTC))
            return NOTICES_EVERY_S

        threads = [
            threading.Thread(target=_repeat, args=(work, stopping, at_s), name=name, daemon=True)
            for name, work, at_s in (
                ("figures", roll_up, FIGURES_EVERY_S),
                ("looks", look_alike, LOOKS_EVERY_S),
                ("samples", sample, 0.0),
                ("notices", tell, 0.0),
            )
        ]
        for thread in threads:
            thread.start()
        try:
            yield operations
        finally:
            stopping.set()
            for thread in threads:
                thread.join(5.0)
            say_goodbye(app)


def _repeat(work: Callable[[], float], stopping: threading.Event, pause_s: float) -> None:
    """Do a piece of work, rest as long as it says, and try again later when it can't be done.

    `pause_s` is how long it waits at first: who looks at a page at the start goes first.
    """
    while not stopping.wait(pause_s):
        try:
            pause_s = work()
        except Unavailable as error:
            pause_s = float(FINE_S)
            log.warning("%s can't be done now: %s", threading.current_thread().name, error)


def say_goodbye(app: App) -> None:
    """Say that this process ends in order, so that nobody raises an alert."""
    mine = [worker for worker in app.workers() if worker["pid"] == os.getpid()]
    with contextlib.suppress(Unavailable):
        for worker in mine:
            event = Event(kind=LEFT, generation_id=None, data={"name": worker["name"]})
            app.store.add_event(event)
