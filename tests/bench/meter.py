"""CPU seconds and memory of a process, read from the kernel."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Give user + system time of a process and all its threads, without its children."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def rss_mb(pid: int) -> float:
    """Give the resident memory of a process in MB (10^6 bytes)."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


@dataclass(frozen=True, slots=True)
class Span:
    """What a process used over a span of wall time."""

    seconds: float
    cpu_s: float
    rss_mb: float


class Meter:
    """Measures one process from now on."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._cpu = cpu_seconds(pid)
        self._wall = time.monotonic()

    def span(self) -> Span:
        """Give what was used since the start of this meter."""
        return Span(
            time.monotonic() - self._wall, cpu_seconds(self.pid) - self._cpu, rss_mb(self.pid)
        )
