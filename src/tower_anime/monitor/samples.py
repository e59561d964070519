"""Rolling windows: from samples every few seconds to means and peaks over minutes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tower_anime.domain.sample import Sample

Flat = dict[str, float]


def flat(sample: Sample) -> Flat:
    """Return a sample as named numbers; what is unknown is left out."""
    host = sample.host
    numbers: dict[str, float | None] = {
        "cpu01": host.cpu01,
        "memory_used_bytes": host.memory_used_bytes,
        "memory_total_bytes": host.memory_total_bytes,
        "process_bytes": host.process_bytes,
        "disk_free_bytes": host.disk_free_bytes,
        "disk_total_bytes": host.disk_total_bytes,
        "library_free_bytes": host.library_free_bytes,
        "queued": sample.queued,
        "working": sample.working,
        "oldest_wait_s": sample.oldest_wait_s,
    }
    for index, gpu in enumerate(sample.gpus):
        for name in ("load01", "memory01", "temperature_c", "power_w"):
            numbers[f"gpu{index}_{name}"] = getattr(gpu, name)
    for index, server in enumerate(sample.servers):
        numbers[f"server{index}_answers"] = float(server.answers)
        numbers[f"server{index}_queue"] = server.queue
    return {name: round(value, 4) for name, value in numbers.items() if value is not None}


def coarse(window: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Return mean, least and most of each number of a window."""
    names = sorted({name for one in window for name in one})
    return {name: _spread([one[name] for one in window if name in one]) for name in names}


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {
        "mean": round(sum(values) / len(values), 4),
        "least": min(values),
        "most": max(values),
    }


def gpu_names(samples: Iterable[Sample]) -> dict[str, str]:
    """Return the names of the cards by the numbers that `flat` gives them."""
    return {f"gpu{index}": gpu.name for sample in samples for index, gpu in enumerate(sample.gpus)}
