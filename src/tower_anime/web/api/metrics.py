"""`/metrics` for Prometheus, and the machine's state as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from tower_anime import __version__
from tower_anime.compose import App
from tower_anime.domain.figures import Slice
from tower_anime.domain.sample import Sample
from tower_anime.operations import COARSE_S, FINE_S, Operations
from tower_anime.web.broadcast import Broadcast
from tower_anime.web.exposition import Family, Point, exposition
from tower_anime.web.meter import Counts
from tower_anime.web.words import ERRORS, Json, Open, TheApp

metrics_router = APIRouter()
router = APIRouter(prefix="/system", tags=["operations"])

_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MOST_SAMPLES = 2000


class System(Open):
    """The newest sample, null until the first; and open alerts."""

    sample: dict[str, Any] | None
    alerts: list[dict[str, Any]]


class History(Open):
    """Samples, oldest first: numbers every 5 s, or mean, least and most of 5 minutes."""

    resolution_s: int
    items: list[dict[str, Any]]


@router.get("", responses={200: {"model": System}})
def system(request: Request, app: TheApp) -> Json:
    """Say what the machines are doing."""
    operations: Operations | None = request.app.state.operations
    latest = operations.latest if operations else None
    found = [
        {"kind": a.kind, "subject": a.subject, "severity": a.severity, "message": a.message}
        for a in app.store.open_alerts()
    ]
    return Json({"sample": asdict(latest) if latest else None, "alerts": found})


@router.get("/history", responses={200: {"model": History}, 422: ERRORS[422]})
def history(
    app: TheApp,
    resolution: Annotated[Literal["fine", "coarse"], Query()] = "fine",
    hours: Annotated[float, Query(gt=0, le=2160, allow_inf_nan=False)] = 1.0,
) -> Json:
    """Return what was sampled: a day finely, 90 days coarsely."""
    resolution_s = FINE_S if resolution == "fine" else COARSE_S
    since = datetime.now(UTC) - timedelta(hours=hours)
    found = app.store.samples(resolution_s, since=since, limit=MOST_SAMPLES)
    items = [{"at": at, **data} for at, data in found]
    return Json({"resolution_s": resolution_s, "items": items})


@metrics_router.get(
    "/metrics",
    tags=["service"],
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    response_class=Response,
)
def metrics(request: Request, app: TheApp) -> Response:
    """Return the service's numbers in Prometheus' text format."""
    state = request.app.state
    counts: Counts = state.counts
    broadcast: Broadcast = state.broadcast
    operations: Operations | None = state.operations
    latest = operations.latest if operations else None
    text = exposition(
        [
            *_work(app),
            *(_machine(latest) if latest else ()),
            *counts.families(),
            Family(
                "tower_http_streams", "gauge", "open event streams", [Point(broadcast.listeners)]
            ),
            Family(
                "tower_build_info", "gauge", "this program", [Point(1, {"version": __version__})]
            ),
        ]
    )
    return Response(text, media_type=_CONTENT_TYPE)


def _work(app: App) -> Iterator[Family]:
    counts = app.store.count_by_status()
    yield Family(
        "tower_generations",
        "gauge",
        "generations by status",
        [Point(number, {"status": status.value}) for status, number in counts.items()],
    )
    sums = app.store.figures(("attempts", "useful", "saved", "steps"), Slice(), by_day=False)
    tried = [one for one in sums if one.figure == "attempts"]
    yield Family(
        "tower_attempts",
        "gauge",
        "attempts by state, as rolled up last",
        [Point(one.n, {"state": one.name}) for one in tried],
    )
    seconds = {"spent": sum(one.total for one in tried)}
    seconds |= {one.figure: one.total for one in sums if one.figure in ("useful", "saved")}
    yield Family(
        "tower_server_seconds",
        "gauge",
        "seconds at the servers, as rolled up last",
        [Point(value, {"use": name}) for name, value in seconds.items()],
    )
    steps = sum(one.total for one in sums if one.figure == "steps")
    yield Family("tower_sampler_steps", "gauge", "sampler steps, likewise", [Point(steps)])
    open_alerts = app.store.open_alerts()
    yield Family(
        "tower_alerts_open",
        "gauge",
        "what is wrong at present",
        [
            Point(sum(a.severity == severity for a in open_alerts), {"severity": severity})
            for severity in ("warning", "critical")
        ],
    )


def _machine(sample: Sample) -> Iterator[Family]:
    host = sample.host
    for name, text, value in (
        ("tower_cpu_ratio", "load of all cores, 0 to 1", host.cpu01),
        ("tower_memory_used_bytes", "memory in use", host.memory_used_bytes),
        ("tower_memory_bytes", "memory there is", host.memory_total_bytes),
        ("tower_process_bytes", "memory of this process", host.process_bytes),
        ("tower_disk_free_bytes", "free for the data folder", host.disk_free_bytes),
        ("tower_queue_age_seconds", "age of what waits longest", sample.oldest_wait_s),
        ("tower_workers", "processes on this data folder", len(sample.workers)),
    ):
        yield Family(name, "gauge", text, [Point(value)])
    yield Family(
        "tower_server_up",
        "gauge",
        "whether a ComfyUI server answers",
        [Point(float(one.answers), {"server": one.url}) for one in sample.servers],
    )
    yield Family(
        "tower_server_queue",
        "gauge",
        "jobs at a ComfyUI server",
        [Point(one.queue, {"server": one.url}) for one in sample.servers if one.queue is not None],
    )
    for name, text, attribute in (
        ("tower_gpu_ratio", "load of a card, 0 to 1", "load01"),
        ("tower_gpu_memory_ratio", "memory of a card in use, 0 to 1", "memory01"),
        ("tower_gpu_celsius", "temperature of a card", "temperature_c"),
        ("tower_gpu_watts", "power of a card", "power_w"),
    ):
        known = [(gpu.name, getattr(gpu, attribute)) for gpu in sample.gpus]
        points = [Point(value, {"gpu": gpu}) for gpu, value in known if value is not None]
        yield Family(name, "gauge", text, points)
