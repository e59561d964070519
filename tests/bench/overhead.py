"""What the loop costs over the server's own time, per attempt (512×512, one at a time)."""

from __future__ import annotations

import statistics
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2

from tower_anime.compose import App, open_app
from tower_anime.domain.wish import briefs_of
from tower_anime.settings import Settings

GENERATIONS = 40
WARM_UP = 3


def measure() -> dict[str, float]:
    """Return medians in milliseconds: the server's own time and the loop's overhead."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), comfy_urls=(), concurrency=1)
        with open_app(settings, role="bench") as app:
            times = [_one(app, seed) for seed in range(WARM_UP + GENERATIONS)][WARM_UP:]
    return {
        "server_ms": statistics.median(server for server, _ in times),
        "overhead_ms": statistics.median(total - server for server, total in times),
    }


def _one(app: App, seed: int) -> tuple[float, float]:
    wish = {"prompt": "1girl", "profile": "draft", "size": "512x512", "seed": seed}
    (brief,) = briefs_of(
        {**wish, "set": {"steps": 28, "checkpoint": "sandbox_anime_15.safetensors"}}
    )
    started_s = time.perf_counter()
    generation = app.create(brief)
    assert app.engine.wait(generation.id, timeout_s=60)
    total_ms = (time.perf_counter() - started_s) * 1000
    attempts = app.store.history(generation.id).attempts
    server_ms = sum(_server_ms(str(a.server), a.prompt_id) for a in attempts)
    return server_ms / len(attempts), total_ms / len(attempts)


def _server_ms(url: str, prompt_id: str) -> float:
    """Return the time from the job's creation to its end, as the server states it."""
    job: dict[str, Any] = httpx2.get(f"{url}/api/jobs/{prompt_id}").json()
    return float(job["execution_end_time"] - job["create_time"])


if __name__ == "__main__":
    started = datetime.now().astimezone().isoformat(timespec="seconds")
    print(started, {name: round(value, 1) for name, value in measure().items()})
