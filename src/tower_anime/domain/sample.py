"""The state of the machines at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class GpuSample:
    """One graphics card. None: this source does not say. `source` is `nvml` or a server."""

    name: str
    source: str
    load01: float | None = None
    memory_used_bytes: int | None = None
    memory_total_bytes: int | None = None
    temperature_c: float | None = None
    power_w: float | None = None

    @property
    def memory01(self) -> float | None:
        """The share of its memory that is used."""
        if self.memory_used_bytes is None or not self.memory_total_bytes:
            return None
        return self.memory_used_bytes / self.memory_total_bytes


@dataclass(frozen=True, kw_only=True)
class HostSample:
    """This machine. Loads as shares from 0 to 1; disks are those of data and library."""

    cpu01: float
    memory_used_bytes: int
    memory_total_bytes: int
    process_bytes: int
    disk_free_bytes: int
    disk_total_bytes: int
    library_free_bytes: int | None


@dataclass(frozen=True, kw_only=True)
class ServerSample:
    """A ComfyUI server: whether it answers, and how much it has to do."""

    url: str
    answers: bool
    queue: int | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Sample:
    """All of it. `oldest_wait_s` is the age of what waits longest and may begin."""

    at: datetime
    host: HostSample
    gpus: tuple[GpuSample, ...] = ()
    servers: tuple[ServerSample, ...] = ()
    queued: int = 0
    working: int = 0
    oldest_wait_s: float = 0.0
    workers: tuple[str, ...] = ()
