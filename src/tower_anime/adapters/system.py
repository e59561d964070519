"""What this machine and its graphics cards are doing."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from tower_anime.domain.sample import GpuSample, HostSample

log = logging.getLogger(__name__)


class MachineProbe:
    """`ports.Probe` by psutil, and NVIDIA's library where the extra `gpu` is installed."""

    def __init__(self, *, data_dir: Path, library_dir: Path) -> None:
        self._data_dir = data_dir
        self._library_dir = library_dir
        self._process = psutil.Process()
        self._nvml = _open_nvml()
        psutil.cpu_percent(None)  # the first call only sets the beginning

    def host(self) -> HostSample:
        """Return this machine's state; the load is that since the call before."""
        memory = psutil.virtual_memory()
        disk = psutil.disk_usage(str(self._data_dir))
        return HostSample(
            cpu01=psutil.cpu_percent(None) / 100.0,
            memory_used_bytes=memory.total - memory.available,
            memory_total_bytes=memory.total,
            process_bytes=self._process.memory_info().rss,
            disk_free_bytes=disk.free,
            disk_total_bytes=disk.total,
            library_free_bytes=self._library_free(),
        )

    def gpus(self) -> tuple[GpuSample, ...]:
        """Return the cards of this machine; none without the library or a card."""
        if self._nvml is None:
            return ()
        try:
            return tuple(_cards(self._nvml))
        except self._nvml.NVMLError as error:
            log.warning("the graphics cards can't be asked: %s", error)
            return ()

    def close(self) -> None:
        """Give the library back."""
        if self._nvml is not None:
            with contextlib.suppress(self._nvml.NVMLError):
                self._nvml.nvmlShutdown()

    def _library_free(self) -> int | None:
        """Return the free bytes where the library is, None where it is not mounted."""
        try:
            return int(psutil.disk_usage(str(self._library_dir)).free)
        except OSError:
            return None


def _open_nvml() -> Any:
    """Return NVIDIA's library, ready; None where there is none or no card."""
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        log.info("no NVIDIA card is watched: %s", error)
        return None
    return pynvml


def _cards(nvml: Any) -> Iterator[GpuSample]:
    for index in range(nvml.nvmlDeviceGetCount()):
        card = nvml.nvmlDeviceGetHandleByIndex(index)
        memory = nvml.nvmlDeviceGetMemoryInfo(card)
        name = nvml.nvmlDeviceGetName(card)
        yield GpuSample(
            name=f"{name.decode() if isinstance(name, bytes) else name} #{index}",
            source="nvml",
            load01=_asked(nvml, lambda c=card: nvml.nvmlDeviceGetUtilizationRates(c).gpu / 100.0),
            memory_used_bytes=memory.used,
            memory_total_bytes=memory.total,
            temperature_c=_asked(nvml, lambda c=card: float(nvml.nvmlDeviceGetTemperature(c, 0))),
            power_w=_asked(nvml, lambda c=card: nvml.nvmlDeviceGetPowerUsage(c) / 1000.0),
        )


def _asked(nvml: Any, question: Any) -> float | None:
    """Return an answer that not every card gives."""
    try:
        return float(question())
    except nvml.NVMLError:
        return None
