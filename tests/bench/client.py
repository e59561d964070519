"""What the ComfyUI client costs over the server's own time, with 8 renders in flight.

The server's own time is what it states itself: from a job's creation to its end, waiting for its
turn included. The server is the sandbox in a process of its own, as small as it goes.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2

from tower_anime.adapters.comfy import ComfyRenderer
from tower_anime.domain.request import RenderRequest
from tower_anime.graph.build import build
from tower_anime.graph.own import template_of
from tower_anime.graph.ready import template
from tower_anime.ports import RenderJob

GENERATIONS = 120
WARM_UP = 16
IN_FLIGHT = 8
SECONDS_PER_STEP = 0.02
REQUEST = RenderRequest(
    prompt="1girl",
    width=128,
    height=128,
    steps=4,
    cfg=6.0,
    sampler="euler",
    scheduler="normal",
    seed=1,
    checkpoint="sandbox_anime_xl.safetensors",
)


def measure() -> dict[str, float]:
    """Return median and p99 of the client's overhead per generation, and of the server's time."""
    with tempfile.TemporaryDirectory() as folder:
        announce = Path(folder) / "sandbox.json"
        command = [sys.executable, "-m", "tower_anime.sandbox", "--port", "0"]
        command += ["--folder", folder, "--announce", str(announce), "--until-stdin-closes"]
        command += ["--seconds-per-step", str(SECONDS_PER_STEP)]
        server = subprocess.Popen(command, stdin=subprocess.PIPE)
        try:
            while not announce.exists():
                time.sleep(0.05)
            time.sleep(0.2)
            url = str(httpx2.Response(200, content=announce.read_bytes()).json()["url"])
            client = ComfyRenderer(url)
            with ThreadPoolExecutor(IN_FLIGHT) as pool:
                runs = list(pool.map(lambda n: _one(client, n), range(WARM_UP + GENERATIONS)))
            client.close()
            # Asked afterwards, so that the asking costs the renders nothing.
            with httpx2.Client(base_url=url, timeout=30.0) as http:
                times = [(_own_ms(http, prompt_id), total) for prompt_id, total in runs]
        finally:
            server.communicate()
    overhead = sorted(total - own for own, total in times[WARM_UP:])
    return {
        "server_ms": statistics.median(own for own, _ in times[WARM_UP:]),
        "overhead_median_ms": statistics.median(overhead),
        "overhead_p99_ms": overhead[int(len(overhead) * 0.99)],
        "overhead_max_ms": overhead[-1],
    }


def _one(client: ComfyRenderer, number: int) -> tuple[str, float]:
    """Render once; returns the job's id and the milliseconds it took."""
    request = REQUEST.changed(seed=1000 + number)
    graph = build(request, template=template_of(template()), filename_prefix=f"bench/{number}")
    job = RenderJob(prompt_id=str(uuid.uuid4()), graph=graph, extra_pnginfo={})
    begun = time.perf_counter()
    client.render(
        job, on_submitted=lambda: None, on_progress=lambda _: None, cancelled=lambda: False
    )
    return job.prompt_id, (time.perf_counter() - begun) * 1000


def _own_ms(http: httpx2.Client, prompt_id: str) -> float:
    """Return the server's own time from a job's creation to its end."""
    told: dict[str, Any] = http.get(f"/api/jobs/{prompt_id}").json()
    return float(told["execution_end_time"] - told["create_time"])


if __name__ == "__main__":
    started = datetime.now().astimezone().isoformat(timespec="seconds")
    print(started, {name: round(value, 1) for name, value in measure().items()})
