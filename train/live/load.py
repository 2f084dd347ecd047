"""The load of this machine: processor, memory, disk and GPUs, read from what the system tells."""

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

GPU_SECONDS = 5.0
"""Between two questions to the GPU's driver."""
_GPU_QUERY = ("nvidia-smi", "--query-gpu=utilization.gpu,memory.used,memory.total", "--format=csv,noheader,nounits")


class LoadMeter:
    """Reads the machine's load; shares of the processor are since the last reading.

    Args:
        folder: on the disk whose room is told.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ticks = _processor_ticks()
        self._gpus: list[dict[str, float]] = []
        self._gpus_read_at = 0.0

    def read(self) -> dict[str, Any]:
        """Return shares from 0 to 1 and sizes in bytes; what cannot be read is None."""
        before, self._ticks = self._ticks, _processor_ticks()
        busy, total = (new - old for new, old in zip(self._ticks, before, strict=True))
        memory_used, memory_total = _memory()
        try:
            disk_free: int | None = shutil.disk_usage(self._folder).free
        except OSError:
            disk_free = None
        return {
            "cores": os.cpu_count(),
            "processor": busy / total if total > 0 else None,
            "memory_used": memory_used,
            "memory_total": memory_total,
            "disk_free": disk_free,
            "gpus": self._read_gpus(),
        }

    def _read_gpus(self) -> list[dict[str, float]]:
        now = time.monotonic()
        is_due = not self._gpus_read_at or now - self._gpus_read_at >= GPU_SECONDS
        if is_due and Path("/proc/driver/nvidia/version").exists():
            self._gpus_read_at = now
            self._gpus = _gpus()
        return self._gpus


def _processor_ticks() -> tuple[int, int]:
    """Return the busy and all ticks of all cores since the machine began; (0, 0) where they cannot be read."""
    try:
        fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    except OSError:
        return 0, 0
    ticks = [int(field) for field in fields]
    idle = sum(ticks[3:5])
    return sum(ticks) - idle, sum(ticks)


def _memory() -> tuple[int | None, int | None]:
    """Return used and total memory in bytes, of the container where it has a limit."""
    try:
        lines = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        total = 1024 * int(lines["MemTotal"].split()[0])
        used = total - 1024 * int(lines["MemAvailable"].split()[0])
    except (OSError, ValueError, KeyError):
        return None, None
    try:
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text())
        current = int(Path("/sys/fs/cgroup/memory.current").read_text())
    except (OSError, ValueError):
        return used, total
    return (current, limit) if limit < total else (used, total)


def _gpus() -> list[dict[str, float]]:
    try:
        answer = subprocess.run(_GPU_QUERY, capture_output=True, text=True, timeout=3, check=True).stdout
        rows = [[float(field) for field in line.split(",")] for line in answer.splitlines() if line.strip()]
    except (OSError, subprocess.SubprocessError, ValueError):
        return []
    return [
        {"busy": busy / 100, "memory_used": used * 2**20, "memory_total": total * 2**20} for busy, used, total in rows
    ]
