"""What machine and which versions a table was made with."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("asyncua", "numpy", "orjson", "apsw", "uvloop")


def machine() -> str:
    """Give processor, cores and kernel."""
    info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    names = [line.split(":", 1)[1].strip() for line in info.splitlines() if "model name" in line]
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores, Linux"


def versions() -> dict[str, str]:
    """Give the versions of the packages on the path of a value, and of the peer."""
    return {**{name: version(name) for name in PACKAGES}, "Telegraf": "1.39.3"}
