"""System: the machine, its servers and workers, what is wrong, and how it is set up."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from tower_anime import __version__
from tower_anime.compose import App
from tower_anime.doctor import diagnose
from tower_anime.domain.sample import GpuSample, HostSample
from tower_anime.operations import FINE_S, Operations
from tower_anime.settings import shown
from tower_anime.web.deps import the_app
from tower_anime.web.pages.shown import templates

router = APIRouter(include_in_schema=False, prefix="/system")
TheApp = Annotated[App, Depends(the_app)]

WINDOW = timedelta(minutes=30)
POINTS = 90
_PARTS = (
    ("dbos", "DBOS"),
    ("sqlalchemy", "SQLAlchemy"),
    ("opencv-python-headless", "OpenCV"),
    ("av", "PyAV (FFmpeg)"),
    ("numpy", "NumPy"),
    ("fastapi", "FastAPI"),
)
_PAST = 30


@router.get("", response_class=HTMLResponse)
def page(request: Request, app: TheApp) -> HTMLResponse:
    """Return the whole page."""
    context = {
        "page": "system",
        **_live(request, app),
        "versions": list(_versions(app)),
        "settings": shown(app.settings),
    }
    return templates.TemplateResponse(request, "system.html", context)


@router.get("/live", response_class=HTMLResponse)
def live(request: Request, app: TheApp) -> HTMLResponse:
    """Return the part that renews itself."""
    return templates.TemplateResponse(request, "system_live.html", _live(request, app))


@router.get("/doctor", response_class=HTMLResponse)
def doctor(request: Request, app: TheApp) -> HTMLResponse:
    """Look at everything, as `tower-anime doctor` does; servers that are silent take seconds."""
    order = ("problem", "note", "ok")
    found = sorted(diagnose(app.settings), key=lambda one: order.index(one.state))
    return templates.TemplateResponse(request, "system_doctor.html", {"findings": found})


def _live(request: Request, app: App) -> dict[str, Any]:
    operations: Operations | None = request.app.state.operations
    sample = operations.latest if operations else None
    alerts, _ = app.store.alerts(limit=_PAST)
    return {
        "sample": sample,
        "gauges": list(_gauges(sample.host, sample.gpus, _history(app))) if sample else [],
        "workers": app.workers(),
        "open_alerts": [one for one in alerts if one.resolved_at is None],
        "past_alerts": [one for one in alerts if one.resolved_at is not None],
        "simulated": app.simulated,
    }


def _history(app: App) -> Mapping[str, Sequence[float]]:
    """Return each number of the last half hour, evenly thinned, oldest first."""
    since = datetime.now(UTC) - WINDOW
    found = app.store.samples(FINE_S, since=since, limit=int(WINDOW.total_seconds() // FINE_S))
    step = max(1, len(found) // POINTS)
    told: dict[str, list[float]] = {}
    for _, numbers in found[::step]:
        for name, value in numbers.items():
            told.setdefault(name, []).append(float(value))
    return told


def _gauges(
    host: HostSample, gpus: Sequence[GpuSample], told: Mapping[str, Sequence[float]]
) -> Iterator[dict[str, Any]]:
    """Yield what is shown as a share with its course; from `doubt` on it is a worry."""
    memory01 = host.memory_used_bytes / host.memory_total_bytes
    disk01 = 1 - host.disk_free_bytes / host.disk_total_bytes
    memory = [value / host.memory_total_bytes for value in told.get("memory_used_bytes", ())]
    size = templates.env.filters["size"]
    of_memory = f"{size(host.memory_used_bytes)} of {size(host.memory_total_bytes)}"
    yield _gauge("Processor", host.cpu01, "", told.get("cpu01", ()))
    yield _gauge("Memory", memory01, f"{of_memory}; this server {size(host.process_bytes)}", memory)
    yield _gauge("Disk of the data", disk01, f"{size(host.disk_free_bytes)} free", ())
    for index, gpu in enumerate(gpus):
        words = [
            f"{gpu.temperature_c:.0f} °C" if gpu.temperature_c is not None else "",
            f"{gpu.power_w:.0f} W" if gpu.power_w is not None else "",
            f"{size(gpu.memory_used_bytes)} of {size(gpu.memory_total_bytes)}"
            if gpu.memory_total_bytes
            else "",
        ]
        said = " · ".join(word for word in words if word)
        if gpu.load01 is not None:
            yield _gauge(gpu.name, gpu.load01, said, told.get(f"gpu{index}_load01", ()))
        elif gpu.memory01 is not None:
            course = told.get(f"gpu{index}_memory01", ())
            yield _gauge(f"{gpu.name}, memory", gpu.memory01, said, course)


def _gauge(name: str, value01: float, words: str, course: Sequence[float]) -> dict[str, Any]:
    kind = "bad" if value01 >= 0.95 else "doubt" if value01 >= 0.85 else ""
    return {"name": name, "value": value01, "words": words, "kind": kind, "path": _path(course)}


def _path(values: Sequence[float]) -> str:
    """Return shares from 0 to 1 as a line in a box of 100 × 30."""
    if len(values) < 2:
        return ""
    step = 100 / (len(values) - 1)
    spots = (
        f"{index * step:.1f} {29 - 28 * min(1.0, max(0.0, value)):.1f}"
        for index, value in enumerate(values)
    )
    return "M" + "L".join(spots)


def _versions(app: App) -> Iterator[tuple[str, str]]:
    yield "Tower Anime", __version__
    yield "Python", platform.python_version()
    yield "Database", "PostgreSQL" if "postgresql" in app.settings.store_url else "SQLite"
    for package, name in _PARTS:
        try:
            yield name, version(package)
        except PackageNotFoundError:
            yield name, "not there"
    yield "Machine", f"{platform.system()} {platform.release()}, {platform.machine()}"
